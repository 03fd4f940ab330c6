//! Heartbeats: a process that is there and does nothing is found out.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::{stop_process, wait_for_log};
use crate::http::request;
use crate::process::{lives, signal, until};
use crate::server::{ADD, Server};

const BODY: &[u8] = b"{\"GSW_PHONE\":\"1\"}";

#[test]
fn http_proxy_is_stopped() {
    let server = Server::start();
    let proxy = server.proxy_id();
    let stopped = Instant::now();
    stop_process(proxy);
    // OCS's own work goes on.
    assert_eq!(server.home.export("Spring").len(), 0);
    until("it is killed", || !lives(proxy));
    let took = stopped.elapsed();
    assert!(took > Duration::from_secs(9), "{took:?}");
    wait_for_log(&server, "was silent for 10s and is killed", 1);
    server.wait_for_proxy(2);
    assert_ne!(server.proxy_id(), proxy);
    server.add(&json!({ "GSW_PHONE": "1" }));
    server.stop();
}

/// The answer to what was asked just before comes when OCS goes on; what is asked
/// meanwhile is not taken.
#[test]
fn ocs_pauses() {
    let server = Server::start();
    let proxy = server.proxy_id();
    stop_process(server.id());
    let mut waits = server.connect();
    waits
        .send(&request("POST", ADD, &[], BODY))
        .expect("it is sent");
    until("OCS is missed", || {
        server.proxy_log().contains("OCS has not been heard")
    });
    for (method, target, body) in [
        ("POST", ADD, BODY),
        ("GET", "/lists/Spring", b"" as &[u8]),
        ("POST", "/lists/Spring?req=AddRecords", b"[]"),
    ] {
        let refused = server.request(method, target, &[], body);
        assert_eq!(refused.header("retry-after"), Some("1"), "{target}");
        let event = refused.expect(503);
        assert_eq!(event["GSW_ERROR_NUMBER"], 1043, "{event}");
        let said = event["GSW_ERROR"].as_str().unwrap_or_default();
        assert!(said.contains("not been heard for 2s"), "{said}");
    }
    signal(server.id(), Signal::CONT);
    waits.reply("POST").expect("a reply").expect(200);
    until("OCS is heard again", || {
        server.proxy_log().contains("OCS is heard again")
    });
    server.add(&json!({ "GSW_PHONE": "2" }));
    assert_eq!(server.proxy_id(), proxy);
    assert_eq!(server.home.export("Spring").len(), 2);
    server.stop();
}

#[test]
fn ocs_is_stopped() {
    let server = Server::start();
    let proxy = server.proxy_id();
    stop_process(server.id());
    let stopped = Instant::now();
    let mut waits = server.connect();
    waits
        .send(&request("POST", ADD, &[], BODY))
        .expect("it is sent");
    // What came of it is not known.
    let event = waits.reply("POST").expect("a reply").expect(504);
    assert_eq!(event["GSW_ERROR_NUMBER"], 1045, "{event}");
    until("HTTP Proxy ends", || !lives(proxy));
    let took = stopped.elapsed();
    assert!(took > Duration::from_secs(9), "{took:?}");
    assert!(server.proxy_log().contains("OCS was silent for 10s"));
    signal(server.id(), Signal::CONT);
    server.wait_for_proxy(2);
    server.add(&json!({ "GSW_PHONE": "2" }));
    // It was OCS that was silent, not HTTP Proxy.
    assert!(!server.log().contains("is killed"));
    wait_for_log(&server, "is started again in 1s", 1);
    server.stop();
}

/// A stopped process cannot obey, and ends with OCS nevertheless.
#[test]
fn ocs_is_killed_beside_a_stopped_http_proxy() {
    let server = Server::start();
    let proxy = server.proxy_id();
    stop_process(proxy);
    server.kill_9();
    assert!(!lives(proxy));
}

/// Its own silence: OCS, told to end, does not wait for a stopped HTTP Proxy for ever.
#[test]
fn ocs_ends_beside_a_stopped_http_proxy() {
    let home = super::home(
        "1s",
        &format!(
            "{}[options.OCServer]\nshutdown-timeout = 1\n",
            super::port("http", 0)
        ),
    );
    let server = home.start();
    stop_process(server.proxy_id());
    let told = Instant::now();
    server.stop();
    let took = told.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
}
