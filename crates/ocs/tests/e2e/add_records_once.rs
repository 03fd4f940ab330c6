//! AddRecords with an Idempotency-Key: each item is carried out once, however often the
//! request comes and wherever it was cut short (http-interface.md, section 3).

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::add_records::{ADD, ATOMIC, GZIP, NDJSON, gzip, items, lines, outcome};
use crate::http::{Connection, Reply, request};
use crate::process::{lives, signal, until};
use crate::server::Server;

fn keyed(server: &Server, key: &str, target: &str, body: &str) -> Reply {
    let headers = [("Idempotency-Key", key)];
    server.request("POST", target, &headers, body.as_bytes())
}

fn array(phones: &[&str]) -> String {
    let items = phones.iter().map(|phone| json!({ "GSW_PHONE": phone }));
    Value::Array(items.collect()).to_string()
}

/// How many records the calling list has.
fn records(server: &Server) -> Value {
    server.get("/lists/Spring")["records"].clone()
}

/// The same reply again, byte by byte, items that were refused included, and nothing
/// more in the store; after a restart and after a `kill -9` too.
#[test]
fn the_same_again() {
    let mut server = Server::start();
    let bad = "[{\"GSW_PHONE\":\"b1\",\"GSW_REFERENCE_ID\":7},{},nonsense,\
               {\"GSW_PHONE\":\"b2\",\"GSW_CHAIN_ID\":99999},{\"GSW_PHONE\":\"b1\"}]";
    let mut first = Vec::new();
    for (key, target, body, stored) in [
        ("array", ADD, array(&["a1", "a2"]), 2),
        ("lines", ADD, items("l", 3), 3),
        ("bad items", ADD, bad.to_owned(), 2),
        ("nothing", ADD, "[]".to_owned(), 0),
        ("atomic", ATOMIC, array(&["c1", "c2"]), 2),
        ("many", ADD, items("m", 5_000), 5_000),
        ("all refused", ADD, "[{},{}]".to_owned(), 0),
    ] {
        let key = key.replace(' ', "-");
        let before = records(&server).as_u64().expect("a number");
        let reply = keyed(&server, &key, target, &body);
        lines(&reply);
        assert_eq!(records(&server), before + stored, "{key}");
        first.push((key, target, body, reply.body));
    }
    let before = records(&server);
    for killed in ["nobody", "OCS in order", "OCS", "HTTP Proxy"] {
        match killed {
            "OCS in order" => server = server.stop().start(),
            "OCS" => server = server.kill_9().start(),
            "HTTP Proxy" => {
                let proxy = server.proxy_id();
                signal(proxy, Signal::KILL);
                until("HTTP Proxy is gone", || !lives(proxy));
                server.wait_for_proxy(2);
            }
            _ => {}
        }
        for (key, target, body, right) in &first {
            let again = keyed(&server, key, target, body);
            assert_eq!(again.status, 200, "{key}, killed: {killed}");
            assert!(again.body == *right, "{key}, killed: {killed}");
        }
        assert_eq!(records(&server), before, "killed: {killed}");
    }
    // What the body says counts, not how it comes.
    let (_, _, body, right) = &first[1];
    let headers = [("Idempotency-Key", "lines"), GZIP, NDJSON];
    let again = server.request("POST", ADD, &headers, &gzip(body.as_bytes()));
    assert_eq!(again.body, *right);
    server.stop();
}

/// Another request under the key is refused as a whole, wherever it differs.
#[test]
fn another_request_with_the_key() {
    let server = Server::start();
    let add = "/lists/Spring?req=AddRecord";
    let single = r#"{"GSW_PHONE":"single"}"#;
    keyed(&server, "single", add, single).expect(200);
    lines(&keyed(&server, "many", ADD, &array(&["1", "2", "3"])));
    lines(&keyed(&server, "all", ATOMIC, &array(&["4", "5"])));
    lines(&keyed(&server, "none", ADD, "[]"));
    let before = records(&server);
    let long = items("x", 2_000);
    for (what, key, target, body) in [
        ("first", "many", ADD, array(&["x", "2", "3"])),
        ("last", "many", ADD, array(&["1", "2", "x"])),
        ("order", "many", ADD, array(&["2", "1", "3"])),
        ("shorter", "many", ADD, array(&["1", "2"])),
        ("longer", "many", ADD, array(&["1", "2", "3", "4"])),
        ("much longer", "many", ADD, long),
        ("nothing", "many", ADD, "[]".to_owned()),
        ("something", "none", ADD, array(&["1"])),
        (
            "calling list",
            "many",
            "/lists/Autumn?req=AddRecords",
            array(&["1", "2", "3"]),
        ),
        ("atomic", "many", ATOMIC, array(&["1", "2", "3"])),
        ("not atomic", "all", ADD, array(&["4", "5"])),
        ("atomic and other", "all", ATOMIC, array(&["4", "6"])),
        ("atomic and shorter", "all", ATOMIC, array(&["4"])),
        ("a single one", "many", add, single.to_owned()),
        ("many for a single one", "single", ADD, array(&["single"])),
    ] {
        let reply = keyed(&server, key, target, &body);
        let event = reply.expect(422);
        assert_eq!(event["GSW_ERROR_NUMBER"], 1021, "{what}: {event}");
        let said = event["GSW_ERROR"].as_str().unwrap_or_default();
        assert!(said.contains(&format!("{key:?}")), "{what}: {said}");
        assert_eq!(records(&server), before, "{what}");
    }
    // One that differs late is refused where it differs.
    lines(&keyed(&server, "late", ADD, &items("late", 5_000)));
    let other = items("late", 4_999) + &items("other", 1);
    let reply = keyed(&server, "late", ADD, &other);
    let last = lines(&reply).pop().expect("a line");
    assert_eq!(last["GSW_ERROR_NUMBER"], 1021);
    assert_eq!(records(&server), before.as_u64().expect("a number") + 5_000);
    let log = server.home.ocs(&["requests", "--failed"]);
    let failed = log.stdout.lines().filter(|line| line.contains("1021"));
    assert!(failed.count() >= 14, "{}", log.stdout);
    server.stop();
}

/// What was refused as a whole is judged again, and leaves the key free.
#[test]
fn refusals_are_judged_again() {
    let server = Server::start();
    for (target, body, status) in [
        (ADD, "nonsense", 400),
        ("/lists/Nobody?req=AddRecords", "[{}]", 404),
        (ADD, "nonsense", 400),
    ] {
        keyed(&server, "k", target, body).expect(status);
    }
    let refused = keyed(&server, "k", ATOMIC, r#"[{"GSW_PHONE":"1"},{}]"#);
    assert_eq!(
        lines(&refused).iter().map(outcome).collect::<Vec<_>>(),
        ["10", "10"]
    );
    assert_eq!(records(&server), 0);
    let good = keyed(&server, "k", ATOMIC, &array(&["1", "2"]));
    assert_eq!(
        lines(&good).iter().map(outcome).collect::<Vec<_>>(),
        ["1", "2"]
    );
    server.stop();
}

/// Sends the beginning of a body in chunks, and reads what is answered of it first.
fn begin(server: &Server, key: &str, part: &str) -> (Connection, Vec<Value>) {
    let mut connection = server.connect();
    let headers = [
        ("Transfer-Encoding", "chunked"),
        ("Idempotency-Key", key),
        NDJSON,
    ];
    let sent = connection.send(&request("POST", ADD, &headers, b""));
    sent.expect("it is sent");
    let chunk = format!("{:x}\r\n{part}\r\n", part.len());
    connection.send(chunk.as_bytes()).expect("it is sent");
    assert_eq!(connection.head().expect("a head"), 200);
    let chunk = connection.chunk().expect("lines").expect("not the last");
    let text = String::from_utf8(chunk).expect("UTF-8");
    let line = |line| serde_json::from_str(line).expect("JSON");
    (connection, text.lines().map(line).collect())
}

/// The client goes away in the middle, HTTP Proxy or OCS is killed there: the same
/// request again says what was said, does the rest, and nothing is there twice.
#[test]
fn ended_in_the_middle() {
    const MANY: usize = 6_000;
    let mut server = Server::start();
    let mut stored = 0;
    for round in ["client", "proxy", "OCS", "OCS again"] {
        let body = items(round, MANY);
        let part: String = body.split_inclusive('\n').take(4_000).collect();
        let key = round.replace(' ', "-");
        let (connection, heard) = begin(&server, &key, &part);
        match round {
            "client" => {}
            "proxy" => {
                let proxy = server.proxy_id();
                signal(proxy, Signal::KILL);
                until("HTTP Proxy is gone", || !lives(proxy));
                server.wait_for_proxy(2);
            }
            _ => server = server.kill_9().start(),
        }
        drop(connection);
        let first = keyed(&server, &key, ADD, &body);
        let answers = lines(&first);
        assert_eq!(answers.len(), MANY, "{round}");
        for (number, answer) in answers.iter().enumerate() {
            assert_eq!(outcome(answer), format!("{round}-{number}"), "{round}");
        }
        assert_eq!(answers[..heard.len()], heard, "{round}");
        assert!(
            keyed(&server, &key, ADD, &body).body == first.body,
            "{round}"
        );
        stored += MANY;
        assert_eq!(records(&server), stored, "{round}");
    }
    let export = server.stop().export("Spring");
    let phones: BTreeSet<_> = export
        .iter()
        .map(|row| row["GSW_PHONE"].to_string())
        .collect();
    assert_eq!((phones.len(), export.len()), (stored, stored));
}

/// A second one waits for the first, and hears the same.
#[test]
fn at_the_same_moment() {
    let server = Server::start();
    let body = items("moment", 3);
    let part: String = body.split_inclusive('\n').take(2).collect();
    let rest = body.split_inclusive('\n').next_back().expect("a line");
    let (mut first, mut heard) = begin(&server, "moment", &part);
    let mut second = server.connect();
    let headers = [("Idempotency-Key", "moment"), NDJSON];
    let sent = second.send(&request("POST", ADD, &headers, body.as_bytes()));
    sent.expect("it is sent");
    let silent = second.is_silent_for(Duration::from_millis(300));
    assert!(silent.expect("it is open"), "the first is not at its end");
    let chunk = format!("{:x}\r\n{rest}\r\n0\r\n\r\n", rest.len());
    first.send(chunk.as_bytes()).expect("it is sent");
    while let Some(chunk) = first.chunk().expect("lines") {
        heard.push(serde_json::from_slice(&chunk).expect("a line"));
    }
    let answered = lines(&second.reply("POST").expect("a reply"));
    assert_eq!(answered, heard);
    assert_eq!(records(&server), 3);
    server.stop();
}
