//! Many records at once: AddRecords (http-interface.md, section 6).

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::http::{Reply, request};
use crate::load::Load;
use crate::process::{lives, signal, until};
use crate::server::Server;

/// The target of an AddRecords to the calling list "Spring".
pub(crate) const ADD: &str = "/lists/Spring?req=AddRecords";
/// The same, all or none.
pub(crate) const ATOMIC: &str = "/lists/Spring?req=AddRecords&atomic=true";
pub(crate) const NDJSON: (&str, &str) = ("Content-Type", "application/x-ndjson");
pub(crate) const GZIP: (&str, &str) = ("Content-Encoding", "gzip");

pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(body).expect("memory");
    gzip.finish().expect("memory")
}

/// Lines of items with distinct phones.
pub(crate) fn items(name: &str, count: usize) -> String {
    let mut lines = String::new();
    for number in 0..count {
        let _ = writeln!(
            lines,
            "{{\"GSW_PHONE\":\"{name}-{number}\",\"visits\":{number}}}"
        );
    }
    lines
}

/// The lines of a reply.
#[track_caller]
pub(crate) fn lines(reply: &Reply) -> Vec<Value> {
    let text = std::str::from_utf8(&reply.body).expect("UTF-8");
    assert_eq!(reply.status, 200, "{text}");
    let kind = reply.header("content-type");
    assert_eq!(kind, Some("application/x-ndjson; charset=utf-8"));
    assert!(text.is_empty() || text.ends_with('\n'));
    let line = |line| serde_json::from_str(line).expect("a line of JSON");
    text.lines().map(line).collect()
}

/// What a line comes to: the record's phone, or the number of the error.
pub(crate) fn outcome(line: &Value) -> String {
    match line["GSW_USER_EVENT"].as_str() {
        Some("AddRecordAcknowledge") => {
            assert!(line["GSW_RECORD_HANDLE"].is_u64(), "{line}");
            assert!(line["GSW_RECORD_URI"].is_string(), "{line}");
            line["GSW_PHONE"].as_str().unwrap_or("?").to_owned()
        }
        Some("ErrorMessage") => line["GSW_ERROR_NUMBER"].to_string(),
        _ => panic!("{line}"),
    }
}

fn outcomes(reply: &Reply) -> Vec<String> {
    lines(reply).iter().map(outcome).collect()
}

/// Bodies whose items are answered line by line.
#[test]
fn items_are_answered_in_order() {
    let server = Server::start();
    let long = format!("{{\"GSW_PHONE\":\"{}\"}}", "x".repeat(1 << 20));
    let mut stored = 0;
    for (what, target, headers, body, right) in [
        ("array", ADD, &[][..], "[{\"GSW_PHONE\":\"a1\"},\n {\"GSW_PHONE\":\"a2\"}]".to_owned(), &["a1", "a2"][..]),
        ("lines", ADD, &[NDJSON], "{\"GSW_PHONE\":\"l1\"}\r\n\n{\"GSW_PHONE\":\"l2\"}".to_owned(), &["l1", "l2"]),
        ("lines by their look", ADD, &[], "{\"GSW_PHONE\":\"l3\"}\n{\"GSW_PHONE\":\"l4\"}\n".to_owned(), &["l3", "l4"]),
        ("empty array", ADD, &[], "[]".to_owned(), &[]),
        ("no lines", ADD, &[NDJSON], String::new(), &[]),
        (
            "bad items in the middle of an array",
            ADD,
            &[],
            "[{\"GSW_PHONE\":\"b1\"},{},5,nonsense,{\"GSW_PHONE\":true},{\"GSW_PHONE\":\"b2\",\"GSW_FROM\":\"x\"},\
              {\"GSW_PHONE\":\"b3\",\"GSW_CALLING_LIST\":\"Other\"},,{\"GSW_PHONE\":\"b4\"}]"
                .to_owned(),
            &["b1", "10", "1013", "1013", "1013", "10", "1015", "1013", "b4"],
        ),
        (
            "bad lines in the middle",
            ADD,
            &[NDJSON],
            "nonsense\n{\"GSW_PHONE\":\"c1\"}\n{\"GSW_PHONE\":\n[]\n{\"GSW_PHONE\":\"c2\"}\n".to_owned(),
            &["1013", "c1", "1013", "1013", "c2"],
        ),
        (
            "an item over the limit",
            ADD,
            &[],
            format!("[{{\"GSW_PHONE\":\"d1\"}},{long},{{\"GSW_PHONE\":\"d2\"}}]"),
            &["d1", "1013", "d2"],
        ),
        // The last line says why there are no more.
        ("an array without an end", ADD, &[], "[{\"GSW_PHONE\":\"e1\"},{\"GSW_PHO".to_owned(), &["e1", "1013"]),
        ("something behind it", ADD, &[], "[{\"GSW_PHONE\":\"f1\"}] {}".to_owned(), &["f1", "1013"]),
        ("atomic and good", ATOMIC, &[], "[{\"GSW_PHONE\":\"g1\"},{\"GSW_PHONE\":\"g2\"}]".to_owned(), &["g1", "g2"]),
        ("atomic and bad", ATOMIC, &[], "[{\"GSW_PHONE\":\"h1\"},{},{\"GSW_PHONE\":\"h2\"}]".to_owned(), &["10", "10", "10"]),
        (
            "atomic and refused by the store",
            ATOMIC,
            &[],
            "[{\"GSW_PHONE\":\"i1\"},{\"GSW_PHONE\":\"i2\",\"GSW_CHAIN_ID\":99999}]".to_owned(),
            &["1004", "1004"],
        ),
        ("atomic without items", ATOMIC, &[], "[]".to_owned(), &[]),
    ] {
        stored += right.iter().filter(|one| one.parse::<i64>().is_err()).count();
        for compressed in [false, true] {
            let mut headers = headers.to_vec();
            let mut bytes = body.clone().into_bytes();
            if compressed {
                headers.push(GZIP);
                bytes = gzip(&bytes);
            }
            let reply = server.request("POST", target, &headers, &bytes);
            assert_eq!(outcomes(&reply), right, "{what}, compressed: {compressed}");
            for (name, value) in crate::home::CUSTOM_HEADERS {
                assert_eq!(reply.header(name), Some(value), "{what}");
            }
        }
    }
    assert_eq!(server.get("/lists/Spring")["records"], 2 * stored);
    let export = server.home.export("Spring");
    assert_eq!(export.len(), 2 * stored);
    server.stop();
}

/// What is refused as a whole, and stores nothing.
#[test]
fn refused_as_a_whole() {
    let server = Server::start();
    let good = "[{\"GSW_PHONE\":\"1\"}]";
    let many = items("m", 10_001);
    let bomb = gzip(&vec![b' '; 70 << 20]);
    assert!(bomb.len() < 100_000);
    let bomb_item = gzip(format!("[{{\"GSW_PHONE\":\"{}\"}}]", "1".repeat(70 << 20)).as_bytes());
    let half = &gzip(good.as_bytes())[..20];
    let unknown = "/lists/Nobody?req=AddRecords";
    for (what, target, headers, body, status, number) in [
        ("unknown list", unknown, &[][..], good.as_bytes(), 404, 1002),
        (
            "unknown list before the body",
            unknown,
            &[],
            b"nonsense",
            404,
            1002,
        ),
        ("not JSON", ADD, &[], b"nonsense", 400, 1013),
        ("a text", ADD, &[], b"\"x\"", 400, 1013),
        ("nothing", ADD, &[], b"", 400, 1013),
        (
            "JSON that is no array",
            ADD,
            &[("Content-Type", "application/json; charset=utf-8")],
            b"{\"GSW_PHONE\":\"1\"}",
            400,
            1013,
        ),
        ("no gzip", ADD, &[GZIP], good.as_bytes(), 400, 1013),
        ("half of gzip", ADD, &[GZIP], half, 400, 1013),
        (
            "another coding",
            ADD,
            &[("Content-Encoding", "br")],
            good.as_bytes(),
            400,
            1013,
        ),
        (
            "no word of atomic",
            "/lists/Spring?req=AddRecords&atomic=yes",
            &[],
            good.as_bytes(),
            400,
            1012,
        ),
        ("a bomb", ADD, &[GZIP], &bomb, 413, 1017),
        ("a bomb in an item", ADD, &[GZIP], &bomb_item, 413, 1017),
        (
            "an atomic array without an end",
            ATOMIC,
            &[],
            b"[{\"GSW_PHONE\":\"1\"}",
            400,
            1013,
        ),
        (
            "too many for atomic",
            ATOMIC,
            &[],
            many.as_bytes(),
            413,
            1017,
        ),
        (
            "over the limit",
            ADD,
            &[("Content-Length", "70000000"), ("Expect", "100-continue")],
            b"",
            413,
            1017,
        ),
    ] {
        let reply = server.request("POST", target, headers, body);
        assert_eq!(reply.status, status, "{what}: {}", reply.json());
        assert_eq!(
            reply.json()["GSW_ERROR_NUMBER"],
            number,
            "{what}: {}",
            reply.json()
        );
        assert_eq!(reply.header("connection"), Some("close"), "{what}");
    }
    assert_eq!(server.get("/lists/Spring")["records"], 0);
    server.stop();
}

/// A body that is cut short: what came is done, and the last line says why there is
/// no more; of an atomic request nothing is done.
#[test]
fn a_truncated_body() {
    let server = Server::start();
    for (target, stored) in [(ADD, 300), (ATOMIC, 300)] {
        let mut connection = server.connect();
        let length = [("Content-Length", "100000"), NDJSON];
        let sent = connection.send(&request(
            "POST",
            target,
            &length,
            items("t", 300).as_bytes(),
        ));
        sent.expect("it is sent");
        connection.end_sending().expect("it ends");
        let reply = connection.reply("POST");
        if target == ADD {
            let outcomes = outcomes(&reply.expect("a reply"));
            assert_eq!(outcomes.len(), 301);
            assert_eq!(outcomes.last().map(String::as_str), Some("1013"));
        } else if let Ok(reply) = reply {
            reply.expect(400);
        }
        assert_eq!(server.get("/lists/Spring")["records"], stored, "{target}");
    }
    server.stop();
}

/// 100,000 records, from a client that reads nothing before it has written everything,
/// in chunks and compressed; single requests go on meanwhile.
#[test]
fn very_many() {
    const MANY: usize = 100_000;
    let server = Server::start();
    let load = Load::start(&server, "single", 2);
    let mut connection = server.connect();
    let reply = connection.ask("POST", ADD, &[NDJSON], items("many", MANY).as_bytes());
    let outcomes = outcomes(&reply.expect("a reply"));
    assert_eq!(outcomes.len(), MANY);
    for (number, outcome) in outcomes.iter().enumerate() {
        assert_eq!(*outcome, format!("many-{number}"));
    }
    // The connection goes on.
    let compressed = gzip(items("gzip", MANY).as_bytes());
    let reply = connection.ask("POST", ADD, &[NDJSON, GZIP], &compressed);
    assert_eq!(self::outcomes(&reply.expect("a reply")).len(), MANY);
    let singles = load.stop();
    assert!(singles.took.len() > 20, "{}", singles.took.len());
    assert!(
        singles.percentile_99() < Duration::from_secs(1),
        "{:?}",
        singles.percentile_99()
    );
    let export = server.home.export("Spring");
    singles.check(&export);
    assert_eq!(export.len(), 2 * MANY + singles.handles.len());
    let log = server.stop().read("logs/ocs_HTTPPRX.log");
    assert!(
        log.contains(&format!("items={MANY}")),
        "each leaves its line"
    );
}

/// Lines come while the body is still on its way.
#[test]
fn lines_come_as_they_go() {
    let server = Server::start();
    let mut connection = server.connect();
    let chunked = [("Transfer-Encoding", "chunked"), NDJSON];
    connection
        .send(&request("POST", ADD, &chunked, b""))
        .expect("it is sent");
    for number in 0..3 {
        let item = format!("{{\"GSW_PHONE\":\"{number}\"}}\n");
        connection
            .send(format!("{:x}\r\n{item}\r\n", item.len()).as_bytes())
            .expect("it is sent");
        if number == 0 {
            assert_eq!(connection.head().expect("a head"), 200);
        }
        let chunk = connection.chunk().expect("a line").expect("not the last");
        let line: Value = serde_json::from_slice(&chunk).expect("JSON");
        assert_eq!(outcome(&line), number.to_string());
        // It is durable before its line.
        assert_eq!(
            server.record(&line["GSW_RECORD_HANDLE"])["GSW_PHONE"],
            number.to_string()
        );
    }
    connection.send(b"0\r\n\r\n").expect("it is sent");
    assert!(connection.chunk().expect("an end").is_none());
    server.stop();
}

/// A client that goes away in the middle, and HTTP Proxy that is killed: what was
/// acknowledged is there, once.
#[test]
fn ended_in_the_middle() {
    let server = Server::start();
    let mut acknowledged: BTreeSet<String> = BTreeSet::new();
    for (round, kills) in [("client", false), ("proxy", true)] {
        let mut connection = server.connect();
        let chunked = [("Transfer-Encoding", "chunked"), NDJSON];
        connection
            .send(&request("POST", ADD, &chunked, b""))
            .expect("it is sent");
        let part = items(round, 5_000);
        connection
            .send(format!("{:x}\r\n{part}\r\n", part.len()).as_bytes())
            .expect("it is sent");
        assert_eq!(connection.head().expect("a head"), 200);
        let chunk = connection.chunk().expect("lines").expect("not the last");
        let text = String::from_utf8(chunk).expect("UTF-8");
        for line in text.lines() {
            acknowledged.insert(outcome(&serde_json::from_str(line).expect("JSON")));
        }
        if kills {
            let proxy = server.proxy_id();
            signal(proxy, Signal::KILL);
            until("HTTP Proxy is gone", || !lives(proxy));
            server.wait_for_proxy(2);
        }
        drop(connection);
    }
    assert!(!acknowledged.is_empty());
    // OCS is there for others, and the places of the lost ones are free again.
    for number in 0..10 {
        let reply = server.post(ADD, &json!([{ "GSW_PHONE": format!("after {number}") }]));
        acknowledged.extend(outcomes(&reply));
    }
    let home = server.kill_9();
    let export = home.export("Spring");
    let phones: Vec<_> = export
        .iter()
        .filter_map(|row| row["GSW_PHONE"].as_str())
        .collect();
    let distinct: BTreeSet<_> = phones.iter().copied().collect();
    assert_eq!(distinct.len(), phones.len(), "nothing is there twice");
    for phone in &acknowledged {
        assert!(
            distinct.contains(phone.as_str()),
            "{phone} was acknowledged"
        );
    }
}

/// As many as an atomic request may have.
#[test]
fn all_of_many() {
    let server = Server::start();
    let reply = server.request("POST", ATOMIC, &[], items("a", 10_000).as_bytes());
    assert_eq!(outcomes(&reply).len(), 10_000);
    assert_eq!(server.get("/lists/Spring")["records"], 10_000);
    server.stop();
}
