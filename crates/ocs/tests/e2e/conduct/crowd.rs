//! More connections than are taken, and clients that are refused while they send
//! (http-interface.md, section 5).

use std::time::{Duration, Instant};

use serde_json::json;

use crate::home::Home;
use crate::http::{Connection, request};
use crate::process::until;
use crate::server::{ADD, Server};

/// OCS that takes so many connections.
fn server(connections: usize) -> Server {
    let home = Home::new();
    let option = format!("[options.OCServer]\nhttp-connections = {connections}");
    let config = home.read("ocs.toml");
    home.write("ocs.toml", config.replace("[options.OCServer]", &option));
    home.start()
}

#[track_caller]
fn ask(connection: &mut Connection) {
    let reply = connection.ask("GET", "/lists", &[], b"");
    reply.expect("a reply").expect(200);
}

/// Whether the other end has closed it.
fn is_closed(connection: &mut Connection) -> bool {
    !connection
        .is_silent_for(Duration::from_millis(1))
        .unwrap_or(false)
}

/// The connection that is longest without a complete request makes room, whatever it
/// has sent of one; who was answered meanwhile stays.
#[test]
fn who_makes_room() {
    let server = server(4);
    let silent = server.connect();
    let mut half = server.connect();
    half.send(b"GET /lists HTTP/1.1\r\nHost: ")
        .expect("it is sent");
    let mut busy = server.connect();
    let mut body = server.connect();
    let announced = [("Content-Length", "100")];
    body.send(&request("POST", ADD, &announced, b"{"))
        .expect("it is sent");
    ask(&mut busy);
    let mut waiting = [
        ("nothing", silent),
        ("half a head", half),
        ("half a body", body),
    ];
    let mut new = Vec::new();
    for at in 0..waiting.len() {
        new.push(server.connect());
        new.iter_mut().for_each(ask);
        ask(&mut busy);
        // Who waits longest is gone, and nobody else.
        let (what, gone) = &mut waiting[at];
        until(what, || is_closed(gone));
        for (what, later) in &mut waiting[at + 1..] {
            assert!(!is_closed(later), "{what}");
        }
    }
    // All that are left were answered: the oldest answer is that of the first new one.
    let mut last = server.connect();
    ask(&mut last);
    until("the first new one", || is_closed(&mut new[0]));
    ask(&mut busy);
    server.stop();
}

/// A flood of connections from one address closes nothing to a client that works, and
/// writes no line for each.
#[test]
fn a_flood() {
    let server = server(50);
    let mut client = server.connect();
    let mut flood = Vec::new();
    for round in 0..60 {
        flood.extend((0..20).map(|_| server.connect()));
        ask(&mut client);
        let phone = json!({ "GSW_PHONE": round }).to_string();
        let reply = client.ask("POST", ADD, &[], phone.as_bytes());
        reply.expect("a reply").expect(200);
    }
    drop(flood);
    ask(&mut client);
    let log = server.stop().read("logs/ocs_HTTPPRX.log");
    let told = log.lines().filter(|line| line.contains("http-connections"));
    let told = told.count();
    assert!((1..=10).contains(&told), "{told} lines: {log}");
}

/// Bodies that come in and do not end hold so much together and no more: whoever sends
/// another one hears so, and small ones go on.
#[test]
fn bodies_that_do_not_end() {
    let server = server(200);
    let length = [("Content-Length", "1048576")];
    let most = request("POST", ADD, &length, &vec![b' '; 1_000_000]);
    let mut waiting: Vec<_> = (0..90).map(|_| server.connect()).collect();
    for connection in &mut waiting {
        // Who is refused may be cut off while he sends.
        drop(connection.send(&most));
    }
    // What has come of one that is not silent is a refusal.
    until("some are refused", || {
        let heard = waiting.iter_mut().map(is_closed);
        heard.filter(|heard| *heard).count() >= 15
    });
    let mut replies = Vec::new();
    for connection in &mut waiting {
        if is_closed(connection) {
            replies.extend(connection.reply("POST"));
        }
    }
    for reply in &replies {
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert_eq!(reply.header("connection"), Some("close"));
        reply.expect(503);
    }
    assert!((15..60).contains(&replies.len()), "{}", replies.len());
    let mut client = server.connect();
    let small = client.ask("POST", ADD, &[], b"{\"GSW_PHONE\":\"1\"}");
    small.expect("a reply").expect(200);
    drop(waiting);
    // There is room again.
    let large = [&b"{\"GSW_PHONE\":\"1\"}"[..], &vec![b' '; 900_000]].concat();
    until("there is room again", || {
        let reply = server.request("POST", ADD, &[], &large);
        reply.status == 200
    });
    server.stop();
}

/// Who sends all of his body before he reads can read why it was refused, and one who
/// goes on for ever is not heard for ever.
#[test]
fn refused_while_sending() {
    let server = server(50);
    let mut patient = server.connect();
    let length = [("Content-Length", "33554432")];
    let body = vec![b' '; 32 << 20];
    patient
        .send(&request("POST", ADD, &length, &body))
        .expect("all of it is taken");
    let reply = patient.reply("POST").expect("a reply");
    assert_eq!(reply.header("connection"), Some("close"));
    reply.expect(413);

    let mut endless = server.connect();
    let began = Instant::now();
    let chunked = [("Transfer-Encoding", "chunked")];
    let chunk = [&b"100000\r\n"[..], &vec![b' '; 1 << 20], b"\r\n"].concat();
    endless
        .send(&request("POST", ADD, &chunked, b""))
        .expect("it is sent");
    while endless.send(&chunk).is_ok() {
        // It is slow, so that its bytes alone do not end it.
        std::thread::sleep(Duration::from_millis(50));
        assert!(began.elapsed() < Duration::from_secs(30), "it is heard on");
    }
    server.stop();
}
