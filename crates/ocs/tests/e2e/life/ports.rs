//! Ports that are changed, removed and added while OCS runs.

use std::net::TcpListener;

use rustix::process::Signal;
use serde_json::json;

use super::{home, port, starts, wait_for_log, write};
use crate::home::free_port;
use crate::http::{Connection, request};
use crate::process::{children, lives, signal, until};
use crate::server::{ADD, Server};

const PATIENT: &str = "200ms";

fn serves(number: u16) -> bool {
    Connection::open(&format!("http://127.0.0.1:{number}"))
        .and_then(|mut connection| connection.ask("GET", "/lists/Spring", &[], b""))
        .is_ok_and(|reply| reply.status == 200)
}

fn is_closed(number: u16) -> bool {
    Connection::open(&format!("http://127.0.0.1:{number}")).is_err()
}

/// Kills HTTP Proxy, and waits until another one runs.
fn restart(server: &Server) {
    let before = server.proxy_id();
    signal(before, Signal::KILL);
    until("it is started again", || {
        server.find_proxy().is_some_and(|proxy| proxy != before)
    });
}

#[test]
fn a_number_is_changed() {
    let (old, new) = (free_port(), free_port());
    let server = home(PATIENT, &port("http", old)).start();
    write(&server.home, PATIENT, &port("http", new));
    wait_for_log(
        &server,
        "server-info.port[http].port is changed: a running HTTP Proxy keeps what it has until \
         its next start",
        1,
    );
    assert!(serves(old), "the running one keeps its port");
    assert!(is_closed(new));
    restart(&server);
    until("the next one is on the new port", || serves(new));
    assert!(is_closed(old));
    let uri = server.add(&json!({ "GSW_PHONE": "1" }))["GSW_RECORD_URI"].clone();
    assert_eq!(uri, format!("http://127.0.0.1:{new}/records/1"));
    server.stop();
}

/// HTTP Proxy cannot open its port, again and again, until another one is configured.
#[test]
fn a_number_that_is_taken_is_changed() {
    let (taken, free) = (free_port(), free_port());
    let _other = TcpListener::bind(("127.0.0.1", taken)).expect("a free port");
    let server = Server::of(home(PATIENT, &port("http", taken)));
    server.wait_for_complaint(2);
    write(&server.home, PATIENT, &port("http", free));
    until("it serves", || serves(free));
    server.stop();
}

#[test]
fn the_port_is_removed_and_added() {
    let number = free_port();
    let server = home(PATIENT, &port("http", number)).start();
    let proxy = server.proxy_id();
    let body = b"{\"GSW_PHONE\":\"1\"}";
    let length = body.len().to_string();
    let headers = [("Expect", "100-continue"), ("Content-Length", &*length)];
    let mut in_flight = server.connect();
    let head = request("POST", ADD, &headers, b"");
    in_flight.send(&head).expect("it is sent");
    in_flight.interim().expect("the body is wanted");
    write(&server.home, PATIENT, "");
    wait_for_log(
        &server,
        "server-info.port[http] is removed: it takes effect at once",
        1,
    );
    until("no new connection is taken", || is_closed(number));
    assert!(lives(proxy), "a request is in flight");
    in_flight.send(body).expect("it is sent");
    in_flight.reply("POST").expect("a reply").expect(200);
    until("HTTP Proxy ends", || !lives(proxy));
    wait_for_log(&server, "HTTP Proxy has ended", 1);
    // The rest of OCS works on.
    assert_eq!(server.home.export("Spring").len(), 1);
    assert!(children(server.id()).is_empty());

    write(&server.home, PATIENT, &port("http", number));
    until("it serves", || serves(number));
    let log = server.stop().read("logs/ocs.log");
    assert_eq!(starts(&log), 2, "not once without a port: {log}");
    assert!(!log.contains("is started again"), "its end was no accident");
}

#[test]
fn the_first_port_is_added() {
    let number = free_port();
    let server = home(PATIENT, "").start();
    assert!(children(server.id()).is_empty());
    write(&server.home, PATIENT, &port("http", number));
    wait_for_log(
        &server,
        "server-info.port[http] is added: it takes effect at once",
        1,
    );
    until("it serves", || serves(number));
    server.wait_for_proxy(1);
    server.add(&json!({ "GSW_PHONE": "1" }));
    server.stop();
}

/// Removed while HTTP Proxy waits for its next start: it does not come.
#[test]
fn removed_during_the_reconnect_timeout() {
    let number = free_port();
    let server = home("1h", &port("http", number)).start();
    signal(server.proxy_id(), Signal::KILL);
    wait_for_log(&server, "is started again in 3600s", 1);
    write(&server.home, "1h", "");
    wait_for_log(&server, "there is no http port any more", 1);
    // Added again, it comes at once: nothing has ended.
    write(&server.home, "1h", &port("http", number));
    until("it serves", || serves(number));
    assert_eq!(starts(&server.stop().read("logs/ocs.log")), 2);
}

/// One of several: as with a number, the next HTTP Proxy has the change.
#[test]
fn one_of_several() {
    let [one, two, three] = [(); 3].map(|()| free_port());
    let server = home(PATIENT, &(port("one", one) + &port("two", two))).start();
    assert!(serves(one) && serves(two));
    write(
        &server.home,
        PATIENT,
        &(port("three", three) + &port("two", two)),
    );
    for said in [
        "port[one] is removed: a running",
        "port[three] is added: a running",
    ] {
        wait_for_log(&server, said, 1);
    }
    assert!(serves(one) && serves(two) && is_closed(three));
    restart(&server);
    until("the new one", || serves(three));
    assert!(serves(two) && is_closed(one));
    // The address of a record is that of the port that was asked.
    for number in [two, three] {
        let mut connection = Connection::open(&format!("http://127.0.0.1:{number}")).expect("it");
        let reply = connection.ask("POST", ADD, &[], b"{\"GSW_PHONE\":\"1\"}");
        let event = reply.expect("a reply").expect(200);
        let uri = event["GSW_RECORD_URI"].as_str().unwrap_or_default();
        assert!(
            uri.starts_with(&format!("http://127.0.0.1:{number}/")),
            "{uri}"
        );
    }
    server.stop();
}
