//! Nothing that was acknowledged is lost, and nothing is there twice, however
//! processes end.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::http::{Connection, request};
use crate::load::{Acknowledged, Load};
use crate::process::{children, lives, signal, until};
use crate::server::{ADD, Server};

const CLIENTS: usize = 4;

#[test]
fn http_proxy_is_killed() {
    let server = Server::start();
    let load = Load::start(&server, "p", CLIENTS);
    for round in 1..=2 {
        load.wait_for(100);
        let proxy = server.proxy_id();
        signal(proxy, Signal::KILL);
        let killed = Instant::now();
        until("HTTP Proxy is gone", || !lives(proxy));
        server.wait_for_proxy(round + 1);
        // The Reconnect Timeout is a second; OCS works on meanwhile.
        assert!(
            killed.elapsed() > Duration::from_millis(900),
            "{:?}",
            killed.elapsed()
        );
        assert_ne!(server.proxy_id(), proxy);
        let export = server.home.export("Spring");
        assert!(export.len() >= 100 * round);
    }
    load.wait_for(100);
    let acknowledged = load.stop();
    acknowledged.check(&server.home.export("Spring"));
    assert!(server.log().contains("is started again in 1s"));
    let home = server.stop();
    acknowledged.check(&home.export("Spring"));
}

#[test]
fn ocs_is_killed() {
    let mut server = Server::start();
    let mut all = Acknowledged::default();
    let mut restarts = Vec::new();
    for name in ["a", "b", "c"] {
        let load = Load::start(&server, name, CLIENTS);
        load.wait_for(100);
        let proxy = server.proxy_id();
        let home = server.kill_9();
        // Everything that was acknowledged came before this end.
        let acknowledged = load.stop();
        assert!(!lives(proxy), "HTTP Proxy outlived OCS");
        let restarted = Instant::now();
        server = home.start();
        let next = server.add(&json!({ "GSW_PHONE": format!("after {name}") }));
        restarts.push(restarted.elapsed());
        let next = next["GSW_RECORD_HANDLE"].as_u64();
        assert!(next > Some(acknowledged.last_handle()), "{next:?}");
        all.merge(acknowledged);
        all.check(&server.home.export("Spring"));
    }
    // At once: a killed OCS leaves no lease to wait for. The machine may be busy,
    // so that the best of the restarts counts.
    let fastest = restarts.iter().min().expect("three restarts");
    assert!(*fastest < Duration::from_secs(2), "{restarts:?}");
    server.stop();
}

#[test]
fn ocs_is_ended_under_load() {
    let server = Server::start();
    let load = Load::start(&server, "t", CLIENTS);
    load.wait_for(100);
    let children = children(server.id());
    let home = server.stop();
    let acknowledged = load.stop();
    assert!(children.iter().all(|child| !lives(*child)));
    acknowledged.check(&home.export("Spring"));
    // In order: what was open while the store was closed would be left beside it.
    assert!(!home.path().join("data/ocs.db-control").exists());
}

/// A request that is on its way when OCS is told to end is answered; new connections
/// are not taken.
#[test]
fn a_request_in_flight() {
    let mut server = Server::start();
    let body = b"{\"GSW_PHONE\":\"in flight\"}";
    let length = body.len().to_string();
    let headers = [
        ("Expect", "100-continue"),
        ("Content-Length", length.as_str()),
    ];
    let mut connection = server.connect();
    connection
        .send(&request("POST", ADD, &headers, b""))
        .expect("it is sent");
    connection.interim().expect("HTTP Proxy wants the body");
    let base = server.base();
    signal(server.id(), Signal::TERM);
    until("no new connection is taken", || {
        Connection::open(&base).is_err()
    });
    connection.send(body).expect("it is sent");
    let reply = connection.reply("POST").expect("a reply");
    assert_eq!(reply.header("connection"), Some("close"));
    let handle = reply.expect(200)["GSW_RECORD_HANDLE"].clone();
    assert_eq!(server.wait().code(), Some(0));
    let home = server.stop();
    let export = home.export("Spring");
    assert_eq!(export.len(), 1);
    assert_eq!(export[0]["GSW_RECORD_HANDLE"], handle.to_string());
}
