//! Files of many lines: an import that is interrupted, and one that is not alone.

use std::fmt::Write as _;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

use crate::files::import;
use crate::home::Home;
use crate::load::Load;
use crate::process::{ocs, signal, until};
use crate::server::Server;

/// A file of so many people, each with a number of its own.
fn crowd(people: usize) -> String {
    let mut csv = String::from("GSW_PHONE,GSW_TZ_NAME,visits,client-id\n");
    for number in 1..=people {
        let _ = writeln!(csv, "+1650{number:07},PST,{number},c{number}");
    }
    csv
}

/// The values of one column of an export of many.
fn column(csv: &str, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns = reader.headers().expect("a first line");
    let at = columns
        .iter()
        .position(|column| column == name)
        .expect("the column");
    reader
        .records()
        .map(|row| row.expect("a whole row")[at].to_owned())
        .collect()
}

/// An import that was killed is run again, and every line is there exactly once.
#[track_caller]
fn interrupt(home: &Home, people: usize, midway: impl FnMut() -> bool) {
    home.write("crowd.csv", crowd(people));
    let arguments = [
        "import",
        "crowd.csv",
        "--list",
        "Spring",
        "--key",
        "client-id",
    ];
    let mut killed = ocs(home.path(), &arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("ocs starts");
    until("the import is midway", midway);
    signal(killed.id(), Signal::KILL);
    let status = killed.wait().expect("its end");
    assert_eq!(status.code(), None, "it ended before it was killed");
    let again = home.ocs(&arguments);
    again.expect(0, &["lines were there already"]);
    let added: usize = again
        .stdout
        .split(' ')
        .next()
        .and_then(|count| count.parse().ok())
        .expect("a count");
    assert!((1..people).contains(&added), "{again:?}");
    let exported = home.ocs(&["export", "--list", "Spring"]);
    exported.expect(0, &[]);
    let mut visits: Vec<usize> = column(&exported.stdout, "visits")
        .iter()
        .map(|visits| visits.parse().expect("a number"))
        .collect();
    visits.sort_unstable();
    assert!(
        visits.into_iter().eq(1..=people),
        "a line is missing, or there twice"
    );
}

#[test]
fn interrupted_alone() {
    let home = Home::new();
    let wal = home.path().join("data/ocs.db-wal");
    // Nobody else can look into the store meanwhile: its size tells.
    let begun = || fs::metadata(&wal).is_ok_and(|wal| wal.len() > 1 << 20);
    interrupt(&home, 50_000, begun);
}

#[test]
fn interrupted_beside_a_running_ocs() {
    let server = Server::start();
    let begun = || server.get("/lists/Spring")["records"].as_u64() > Some(2_000);
    interrupt(&server.home, 30_000, begun);
    assert_eq!(server.get("/lists/Spring")["records"], 30_000);
    server.stop();
}

/// While a file goes in, single adds are still quick, and neither loses anything.
#[test]
fn imports_beside_single_adds() {
    let server = Server::start();
    let people = 30_000;
    server.home.write("crowd.csv", crowd(people));
    let load = Load::start(&server, "s", 2);
    load.wait_for(10);
    import(
        &server.home,
        &["crowd.csv", "--list", "Spring", "--key", "GSW_PHONE"],
        0,
        &["30000 records were added"],
    );
    let acknowledged = load.stop();
    assert_eq!(acknowledged.unanswered, 0);
    let slow = acknowledged.percentile_99();
    assert!(slow < Duration::from_millis(500), "{slow:?}");
    let rows = server.home.export("Spring");
    assert_eq!(rows.len(), people + acknowledged.handles.len());
    acknowledged.check(&rows);
    server.stop();
}
