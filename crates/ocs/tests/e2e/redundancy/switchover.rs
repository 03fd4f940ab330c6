//! `ocs switchover`: in order, and there and back again.

use std::time::Duration;

use super::clients::Clients;
use super::{home, pair, status_of, waits};
use crate::home::{HTTP_PORT, Home, OBJECTS};

/// Under load: whoever asks again sees 503 or a connection that nobody takes, and is served
/// soon. No connection ends under a request.
#[test]
fn under_load() {
    let (one, other) = pair();
    let clients = Clients::start(&[&one, &other], 4, 2);
    let mut took = Vec::new();
    for round in 1..=2 {
        clients.wait_for(100);
        let (primary, backup) = if round % 2 == 1 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        let switched = backup.home.ocs(&["switchover"]);
        let next = format!("process {} is primary now", backup.id());
        switched.expect(0, &[&next]);
        let ms = switched.stdout.rsplit_once("after ").expect("a time").1;
        let ms = ms.trim().strip_suffix(" ms").expect("in ms");
        took.push(Duration::from_millis(ms.parse().expect("a number")));
        // The same process, and nothing of a primary.
        waits(primary, if round == 1 { 1 } else { 2 });
        assert_eq!(status_of(&backup.home, primary.id())["role"], "backup");
        assert_eq!(primary.find_proxy(), None);
        clients.wait_for(100);
    }
    let heard = clients.stop();
    println!(
        "took {took:?}, the longest request {:?}, {:?}",
        heard.longest, heard.instead
    );
    heard.nothing_but(&["status 503", "ConnectionRefused"]);
    assert!(
        took.iter().all(|took| *took < Duration::from_secs(5)),
        "{took:?}"
    );
    heard.check(&one);
    // What the former primary had not written into the database file is there.
    let log = one.log();
    assert!(log.contains("OCS hands over to a backup"), "{log}");
    let _first = one.stop();
    other.ready().stop();
}

#[test]
fn without_a_backup() {
    let server = home().start();
    server
        .home
        .ocs(&["switchover"])
        .expect(1, &["no backup is there that could take over"]);
    assert_eq!(status_of(&server.home, server.id())["role"], "primary");
    server.get("/lists/Calls");
    let home = server.stop();
    home.ocs(&["switchover"])
        .expect(1, &["no OCS of this store is primary"]);
    home.ocs(&["status"])
        .expect(1, &["no OCS of this store runs"]);
}

/// A primary whose own configuration says no would not come back as a backup.
#[test]
fn a_primary_without_redundancy() {
    let primary = Home::with(HTTP_PORT, OBJECTS).start();
    let backup = crate::server::Server::of(super::beside(&primary.home, ""));
    waits(&backup, 1);
    primary
        .home
        .ocs(&["switchover"])
        .expect(1, &["redundancy.enabled is false in its configuration"]);
    primary.get("/lists/Spring");
    let _first = primary.stop();
    backup.ready().stop();
}
