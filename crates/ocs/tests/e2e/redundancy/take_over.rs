//! A primary is lost, in whatever way.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::clients::Clients;
use super::{beside, home, pair, status_of, until_status, waits};
use crate::do_not_call::by_another;
use crate::process::{children, lives, pause, signal, until};
use crate::server::Server;

/// What a client that asks again may see of a primary that is killed: of its HTTP Proxy, which
/// ends a moment later, 503 and, of what was on its way, 504; connections that break, and ports
/// that nobody has.
const KILLED: &[&str] = &[
    "status 503",
    "status 504",
    "ConnectionRefused",
    "ConnectionReset",
    "UnexpectedEof",
    "BrokenPipe",
];

/// What a backup is while it waits, and that it writes nothing.
#[test]
fn a_backup_is_warm() {
    let (primary, backup) = pair();
    assert!(children(backup.id()).is_empty(), "no HTTP Proxy");
    let home = &backup.home;
    let said = home.ocs(&["status"]);
    said.expect(0, &["primary", "backup", "HTTP Proxy on http://127.0.0.1:"]);
    let of_primary = status_of(home, primary.id());
    assert_eq!(of_primary["role"], "primary");
    assert_eq!(of_primary["ready"], true);
    assert_eq!(of_primary["ports"][0]["uri"], primary.base());
    let group = json!([{ "name": "Calling@Agents", "status": "Running" }]);
    let of_backup = until_status(home, backup.id(), "it follows the store", |status| {
        status["do_not_call"] == 0 && status["campaign_groups"] == group
    });
    assert_eq!(of_backup["role"], "backup");
    assert_eq!(of_backup["holder"]["process"], primary.id());
    assert_eq!(of_backup["epoch"], of_primary["epoch"]);
    assert_eq!(of_backup["calling_lists"], of_primary["calling_lists"]);
    // Commands go to the primary, by whichever configuration.
    home.write("list.csv", "phone\n+16505550100\n+16505550101\n");
    home.ocs(&["dnc", "import", "list.csv"]).expect(0, &["2"]);
    until_status(home, backup.id(), "it follows the list", |status| {
        status["do_not_call"] == 2
    });
    home.ocs(&["dnc", "remove", "+16505550100"]).expect(0, &[]);
    until_status(home, backup.id(), "it follows the list", |status| {
        status["do_not_call"] == 1
    });
    // What comes in the last moment is there too, and it all counts at once.
    home.write("list.csv", "phone\n+16505550102\n");
    home.ocs(&["dnc", "import", "list.csv"]).expect(0, &["1"]);
    let first = primary.kill_9();
    let backup = backup.ready();
    let status = status_of(&first, backup.id());
    assert_eq!(status["role"], "primary");
    assert_eq!(status["do_not_call"], 2);
    assert_eq!(status["campaign_groups"], group);
    let epoch = of_primary["epoch"].as_i64().expect("an epoch");
    assert_eq!(status["epoch"], epoch + 1);
    for phone in ["+16505550101", "+16505550102"] {
        backup.add_to("Calls", &json!({ "GSW_PHONE": phone }));
    }
    let open = backup.add_to("Calls", &json!({ "GSW_PHONE": "+16505550100" }));
    let next = backup.next(crate::campaigns::CALLING, "a1");
    assert_eq!(next, open, "those of the list are not called");
    backup.stop();
}

/// The backup serves within three seconds, and nothing that was acknowledged is lost.
#[test]
fn the_primary_is_killed() {
    let (primary, backup) = pair();
    let clients = Clients::start(&[&primary, &backup], 4, 2);
    clients.wait_for(200);
    let proxy = primary.proxy_id();
    let killed = Instant::now();
    signal(primary.id(), Signal::KILL);
    until("the backup serves", || {
        backup
            .stdout
            .lines()
            .iter()
            .any(|line| line == "OCS is ready")
    });
    let ready = killed.elapsed();
    clients.wait_for(200);
    let heard = clients.stop();
    let longest = heard.longest;
    println!("ready after {ready:?}, the longest request {longest:?}");
    assert!(ready < Duration::from_secs(3), "{ready:?}");
    assert!(longest < Duration::from_secs(4), "{longest:?}");
    assert!(!lives(proxy), "HTTP Proxy outlived OCS");
    heard.check(&backup);
    heard.nothing_but(KILLED);
    // Who comes back is a backup.
    let first = primary.kill_9();
    let again = Server::of(first);
    waits(&again, 1);
    backup.stop();
    let again = again.ready();
    heard.check(&again);
    again.stop();
}

/// A stopped process keeps SQLite's lock, and may go on at any time: it is ended first.
#[test]
fn the_primary_is_stopped() {
    let (mut primary, backup) = pair();
    let clients = Clients::start(&[&primary, &backup], 4, 2);
    clients.wait_for(100);
    pause(primary.id());
    let stopped = Instant::now();
    // It is gone, and not only silent: nothing of it can go on.
    let ended = primary.wait();
    let ended_after = stopped.elapsed();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&ended),
        Some(9)
    );
    // Twice the lease later it would be continued.
    signal(primary.id(), Signal::CONT);
    until("the backup serves", || {
        backup
            .stdout
            .lines()
            .iter()
            .any(|line| line == "OCS is ready")
    });
    let ready = stopped.elapsed();
    println!("ended after {ended_after:?}, ready after {ready:?}");
    assert!(
        ended_after > Duration::from_millis(1_400),
        "{ended_after:?}"
    );
    clients.wait_for(100);
    let heard = clients.stop();
    heard.check(&backup);
    assert!(
        backup.log().contains("gave no sign of life"),
        "{}",
        backup.log()
    );
    backup.stop();
}

/// Hands on the lease: whoever they were laid on by, nobody is ended who does not have it,
/// and nothing is written by two.
#[test]
fn the_lease_is_edited() {
    for sql in [
        "UPDATE lease SET epoch = epoch + 1",
        "UPDATE lease SET epoch = 9223372036854775807",
        "DELETE FROM lease",
    ] {
        let (mut primary, backup) = pair();
        let handle = primary.add_to("Calls", &json!({ "GSW_PHONE": "before" }));
        by_another(&primary.home, sql);
        // In order: HTTP Proxy is ended too, and the status says that something was wrong.
        let ended = primary.wait();
        assert_eq!(ended.code(), Some(1), "{sql}");
        let said = primary.stderr.wait_for_end();
        let sentence = "the lease of the store was taken by another OCS, or its row";
        assert!(said.iter().any(|line| line.contains(sentence)), "{said:?}");
        let backup = backup.ready();
        assert_eq!(backup.record(&handle)["GSW_PHONE"], "before", "{sql}");
        backup.add_to("Calls", &json!({ "GSW_PHONE": "after" }));
        backup.stop();
    }
}

/// The lease's file names somebody else: he is left alone, also when the holder is silent.
#[test]
fn the_lease_names_another() {
    let (primary, backup) = pair();
    let mut bystander = std::process::Command::new("sleep")
        .arg("600")
        .spawn()
        .expect("a process");
    let file = primary.home.path().join("data/ocs.db-lease");
    pause(primary.id());
    let text = std::fs::read_to_string(&file).expect("the file");
    let own = format!("\"pid\":{}", primary.id());
    assert!(text.contains(&own), "{text}");
    let edited = text.replace(&own, &format!("\"pid\":{}", bystander.id()));
    std::fs::write(&file, edited).expect("it is edited");
    until("the backup says so", || {
        backup
            .log()
            .contains("the process that it names does not have it")
    });
    assert!(bystander.try_wait().expect("it is asked").is_none());
    assert!(lives(primary.id()));
    signal(primary.id(), Signal::CONT);
    // Its HTTP Proxy has to hear it again first.
    until("it goes on", || {
        let reply = primary.request("GET", "/lists/Calls", &[], b"");
        reply.status == 200
    });
    primary.add_to("Calls", &json!({ "GSW_PHONE": "it goes on" }));
    let _first = primary.stop();
    let backup = backup.ready();
    bystander.kill().expect("it is ended");
    bystander.wait().expect("it is gone");
    backup.stop();
}

/// Several backups: one takes over, the others wait on.
#[test]
fn two_backups() {
    let (primary, second) = pair();
    let third = Server::of(beside(&primary.home, ""));
    waits(&third, 1);
    let first = primary.kill_9();
    until("one of them serves", || {
        [&second, &third].iter().any(|ocs| {
            let lines = ocs.stdout.lines();
            lines.iter().any(|line| line == "OCS is ready")
        })
    });
    let roles = [&second, &third].map(|ocs| status_of(&first, ocs.id())["role"].clone());
    assert!(
        roles.contains(&json!("primary")) && roles.contains(&json!("backup")),
        "{roles:?}"
    );
    let (next, last) = match roles[0] == "primary" {
        true => (second, third),
        false => (third, second),
    };
    next.stop();
    last.ready().stop();
}

/// A backup that is told to end ends, and the primary does not notice.
#[test]
fn a_backup_ends() {
    let primary = home().start();
    let backup = Server::of(beside(&primary.home, ""));
    waits(&backup, 1);
    let process = backup.id();
    backup.stop();
    assert!(status_of(&primary.home, process).is_null());
    primary.stop();
}
