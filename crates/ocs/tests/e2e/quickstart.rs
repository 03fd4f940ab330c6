//! `ocs quickstart` shows OCS to somebody who has nothing yet.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use crate::home::Home;
use crate::process::run;
use crate::server::Server;

/// Starts it, runs each line that it shows as it stands, and ends it by Ctrl-C.
/// Returns its address.
#[track_caller]
fn try_out(home: Home, records: &mut Vec<u64>) -> (Home, String) {
    let server = Server::by(home, &["quickstart"]);
    if server.stdout.wait("Ctrl-C", 1).is_none() {
        panic!("it did not start: {:#?}", server.stderr.lines());
    }
    let lines = server.stdout.lines();
    let ready = lines
        .iter()
        .find_map(|line| line.strip_prefix("OCS is ready on "));
    let address = ready
        .and_then(|rest| rest.split(';').next())
        .expect("its address");
    let curls: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("curl "))
        .collect();
    assert_eq!(curls.len(), 3, "{lines:#?}");
    let events = curls.iter().map(|line| {
        let ended = run(Command::new("sh").args(["-c", line]));
        ended.expect(0, &[]);
        serde_json::from_str::<Value>(&ended.stdout).expect("an event")
    });
    let events: Vec<_> = events.collect();
    for (event, name) in events.iter().zip([
        "AddRecordAcknowledge",
        "UpdateCallCompletionStatsAcknowledge",
        "CallingList",
    ]) {
        assert_eq!(event["GSW_USER_EVENT"], name, "{event}");
        // A first try that something of it was ignored in would be no good one.
        assert_eq!(event.get("GSW_IGNORED"), None, "{event}");
    }
    records.push(events[2]["records"].as_u64().expect("a count"));
    let address = address.to_owned();
    (server.stop_by(Signal::INT), address)
}

/// In one test: port 8080 is one for all of them.
#[test]
fn quickstart() {
    let mut records = Vec::new();
    let (home, _) = try_out(Home::empty(), &mut records);
    let entries: BTreeSet<_> = std::fs::read_dir(home.path())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(entries, BTreeSet::from(["ocs-quickstart".into()]));
    // What was stored stays, what a person changed too, and nobody is doubled.
    let people = home.read("ocs-quickstart/people.csv").lines().count() as u64 - 1;
    assert_eq!(records, [people + 1]);
    let (home, _) = try_out(home, &mut records);
    assert_eq!(records, [people + 1, people + 2]);
    // Whoever has the port, somebody has it now.
    let taken = TcpListener::bind(("127.0.0.1", 8080));
    let (home, address) = try_out(home, &mut records);
    assert!(!address.ends_with(":8080"), "{address}");
    drop(taken);
    assert_eq!(records.last(), Some(&(people + 3)));
    drop(home);
    // The files are whole for the other commands as well.
    let home = Home::empty();
    let server = Server::by(home, &["quickstart", "--folder", "ä b/c"]);
    server.stdout.wait("Ctrl-C", 1).expect("it starts");
    let config = ["--config", "ä b/c/ocs.toml"];
    let run = |arguments: &[&str]| server.home.ocs(&[&config, arguments].concat());
    run(&["check-config"]).expect(0, &["good"]);
    run(&["apply", "ä b/c/objects.toml"]).expect(0, &["unchanged"]);
    run(&["export", "--list", "Spring"]).expect(0, &[&format!("{people} records")]);
    server.stop_by(Signal::INT);
}
