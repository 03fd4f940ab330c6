//! HTTP Proxy ends, in whichever way, and is started again, each time.

use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant};

use rustix::net::Shutdown;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, Signal, pidfd_getfd, pidfd_open};
use serde_json::json;

use super::{home, port, wait_for_log};
use crate::home::free_port;
use crate::http::{Connection, request};
use crate::process::{children, lives, signal, until};
use crate::server::{ADD, Server};

/// OCS goes on with its work, and HTTP Proxy is started every time.
#[test]
fn crashing_at_once_in_a_loop() {
    let server = home("200ms", &port("http", 0)).start();
    let begun = Instant::now();
    for _ in 0..5 {
        let proxy = server.proxy_id();
        signal(proxy, Signal::KILL);
        until("the next one", || {
            server.find_proxy().is_some_and(|next| next != proxy)
        });
    }
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(5 * 200), "{took:?}");
    server
        .home
        .apply(crate::home::OBJECTS)
        .expect(0, &["unchanged"]);
    until("it serves", || {
        Connection::open(&server.base()).is_ok_and(|mut connection| {
            let asked = connection.ask("POST", ADD, &[], b"{\"GSW_PHONE\":\"1\"}");
            asked.is_ok_and(|reply| reply.status == 200)
        })
    });
    assert_eq!(server.home.export("Spring").len(), 1);
    server.stop();
}

/// The Reconnect Timeout, and hardly a moment more: 100 ms at most.
#[test]
fn a_restart_takes_the_reconnect_timeout() {
    let number = free_port();
    let server = home("500ms", &port("http", number)).start();
    let mut lasted = Vec::new();
    for _ in 0..5 {
        let killed = Instant::now();
        signal(server.proxy_id(), Signal::KILL);
        until("it is gone", || Connection::open(&server.base()).is_err());
        let reply = loop {
            let asked = Connection::open(&server.base())
                .and_then(|mut connection| connection.ask("GET", "/lists/Spring", &[], b""));
            match asked {
                Ok(reply) => break reply,
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        reply.expect(200);
        lasted.push(killed.elapsed());
    }
    // The machine may be busy, so that the best counts.
    let best = lasted.iter().min().expect("five");
    assert!(*best >= Duration::from_millis(500), "{lasted:?}");
    assert!(*best < Duration::from_millis(600), "{lasted:?}");
    println!("served again after {lasted:?}");
    server.stop();
}

/// The connection to OCS is lost: HTTP Proxy says that it does not know what came of
/// what it had, and ends.
#[test]
fn the_connection_is_cut() {
    let server = Server::start();
    let proxy = server.proxy_id();
    let Some(connection) = connection_of(proxy) else {
        return;
    };
    rustix::net::shutdown(&connection, Shutdown::Both).expect("it is cut");
    until("HTTP Proxy ends", || !lives(proxy));
    assert!(
        server
            .proxy_log()
            .contains("the connection to OCS was lost")
    );
    wait_for_log(&server, "is started again in 1s", 1);
    server.wait_for_proxy(2);
    server.add(&json!({ "GSW_PHONE": "1" }));
    server.stop();
}

/// HTTP Proxy's end of its connection, which is its standard input; `None` where the
/// system does not permit a look into it.
fn connection_of(proxy: u32) -> Option<OwnedFd> {
    let id = i32::try_from(proxy).ok().and_then(Pid::from_raw)?;
    let process = pidfd_open(id, PidfdFlags::empty()).expect("it lives");
    match pidfd_getfd(process.as_fd(), 0, PidfdGetfdFlags::empty()) {
        Ok(connection) => Some(connection),
        Err(error) => {
            eprintln!("skipped, no process can be looked into here: {error}");
            None
        }
    }
}

/// Everybody is told to end at once, as service managers do it; every request that is
/// on its way is answered.
#[test]
fn shutdown_with_requests_in_flight() {
    const CLIENTS: usize = 20;
    let mut server = Server::start();
    let bodies: Vec<_> = (0..CLIENTS)
        .map(|number| format!("{{\"GSW_PHONE\":\"{number}\"}}"))
        .collect();
    let mut clients: Vec<_> = bodies
        .iter()
        .map(|body| {
            let length = body.len().to_string();
            let headers = [("Expect", "100-continue"), ("Content-Length", &length)];
            let mut connection = server.connect();
            let head = request("POST", ADD, &headers, b"");
            connection.send(&head).expect("it is sent");
            connection.interim().expect("the body is wanted");
            connection
        })
        .collect();
    let (base, proxy) = (server.base(), server.proxy_id());
    for id in [proxy, server.id()] {
        signal(id, Signal::TERM);
    }
    until("no new connection is taken", || {
        Connection::open(&base).is_err()
    });
    for (client, body) in clients.iter_mut().zip(&bodies) {
        client.send(body.as_bytes()).expect("it is sent");
        let reply = client.reply("POST").expect("a reply");
        assert_eq!(reply.header("connection"), Some("close"));
        reply.expect(200);
    }
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(server.stop().export("Spring").len(), CLIENTS);
}

/// A connection that is kept is not closed under a request: who asks on it while HTTP Proxy
/// ends is answered, and told that it was the last time.
#[test]
fn shutdown_while_a_client_asks_again_and_again() {
    // A client that the machine keeps from asking for so long may find it closed.
    const SOON: Duration = Duration::from_millis(100);
    for _ in 0..10 {
        let server = Server::start();
        let (proxy, mut connection) = (server.proxy_id(), server.connect());
        let mut asked = 0;
        let mut last = Instant::now();
        let ended = loop {
            if asked == 20 {
                signal(proxy, Signal::TERM);
            }
            let silent = last.elapsed();
            let reply = match connection.ask("GET", "/lists/Spring", &[], b"") {
                Ok(reply) => reply,
                Err(_) if silent > SOON => break false,
                Err(error) => panic!("request {asked}, after {silent:?}: {error}"),
            };
            asked += 1;
            last = Instant::now();
            reply.expect(200);
            if reply.header("connection") == Some("close") {
                break true;
            }
        };
        server.stop();
        if ended {
            return;
        }
    }
    panic!("the client was never quick enough");
}

/// A request that never ends is waited for until the `shutdown-timeout`.
#[test]
fn shutdown_with_an_endless_request() {
    let options = "[options.OCServer]\nshutdown-timeout = 1\n";
    let server = home("1s", &(port("http", 0) + options)).start();
    let mut connection = server.connect();
    let headers = [("Expect", "100-continue"), ("Content-Length", "100")];
    let head = request("POST", ADD, &headers, b"");
    connection.send(&head).expect("it is sent");
    connection.interim().expect("the body is wanted");
    let told = Instant::now();
    let home = server.stop();
    let took = told.elapsed();
    assert!(took > Duration::from_millis(900), "{took:?}");
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert!(
        home.read("logs/ocs_HTTPPRX.log")
            .contains("did not end in 1s")
    );
}

/// What an operator sends to `ocs` by its name reaches HTTP Proxy too, and Ctrl-C is
/// not for it. Told to end by itself, it finishes what it has, and is started again.
#[test]
fn signals_to_http_proxy() {
    let server = Server::start();
    let proxy = server.proxy_id();
    for deaf_to in [Signal::HUP, Signal::INT] {
        signal(proxy, deaf_to);
    }
    server.add(&json!({ "GSW_PHONE": "1" }));
    assert_eq!(server.proxy_id(), proxy);
    signal(proxy, Signal::TERM);
    until("it ends", || !lives(proxy));
    server.wait_for_proxy(2);
    server.add(&json!({ "GSW_PHONE": "2" }));
    assert_eq!(children(server.id()).len(), 1);
    server.stop();
}

/// It is a child of OCS, in a process group of its own, and nothing that is secret
/// stands among its arguments.
#[test]
fn the_process() {
    let server = Server::start();
    let proxy = server.proxy_id();
    let read = |name: &str| std::fs::read(format!("/proc/{proxy}/{name}")).expect("it lives");
    let arguments = format!("/proc/self/exe\0http-proxy\0{}\0", server.id());
    assert_eq!(String::from_utf8_lossy(&read("cmdline")), arguments);
    let group = rustix::process::getpgid(Pid::from_raw(i32::try_from(proxy).expect("an id")));
    let group = group.expect("its group").as_raw_nonzero().get();
    assert_eq!(u32::try_from(group), Ok(proxy));
    let ours = File::open(format!("/proc/{}/exe", server.id())).and_then(|file| file.metadata());
    let its = File::open(format!("/proc/{proxy}/exe")).and_then(|file| file.metadata());
    let (ours, its) = (ours.expect("OCS"), its.expect("HTTP Proxy"));
    assert_eq!((ours.dev(), ours.ino()), (its.dev(), its.ino()));
    server.stop();
}
