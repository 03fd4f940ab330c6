//! Connections, the framing of requests, and the headers of replies.

use serde_json::json;

use crate::home::{CUSTOM_HEADERS, Home, OBJECTS};
use crate::http::{Connection, request};
use crate::said::address;
use crate::server::{ADD, Server};

#[test]
fn heads_and_headers() {
    let server = Server::start();
    server.add(&json!({ "GSW_PHONE": "1" }));
    for (target, status) in [
        ("/lists", 200),
        ("/lists/Spring", 200),
        ("/records/1", 200),
        ("/records/2", 404),
        ("/nothing", 404),
        ("http://localhost:1/lists/Spring", 200),
    ] {
        let get = server.request("GET", target, &[], b"");
        let head = server.request("HEAD", target, &[], b"");
        for reply in [&get, &head] {
            assert_eq!(reply.status, status, "{target}");
            for (name, value) in CUSTOM_HEADERS {
                assert_eq!(reply.header(name), Some(value), "{target}");
            }
            assert_eq!(
                reply.header("content-type"),
                Some("application/json; charset=utf-8")
            );
            assert!(reply.header("date").is_some(), "{target}");
            let length = reply
                .header("content-length")
                .and_then(|length| length.parse().ok());
            assert_eq!(length, Some(get.body.len()), "{target}");
        }
    }
}

/// One connection carries request after request; two sent at once are answered in
/// order, although the second needs no commit.
#[test]
fn one_connection() {
    let server = Server::start();
    let mut connection = server.connect();
    let mut handles = Vec::new();
    for phone in 0..20 {
        let body = json!({ "GSW_PHONE": phone }).to_string();
        let event = connection
            .ask("POST", ADD, &[], body.as_bytes())
            .expect("a reply")
            .expect(200);
        handles.push(event["GSW_RECORD_HANDLE"].as_u64().expect("a handle"));
        // Refusals that read the whole body do not end the connection.
        connection
            .ask("POST", ADD, &[], b"{")
            .expect("a reply")
            .expect(400);
    }
    assert!(
        handles.windows(2).all(|pair| pair[0] < pair[1]),
        "{handles:?}"
    );
    let body = json!({ "GSW_PHONE": "last", "GSW_REFERENCE_ID": 1 }).to_string();
    let mut both = request("POST", ADD, &[], body.as_bytes());
    both.extend(request("GET", "/nothing", &[], b""));
    both.extend(request("GET", "/records/1", &[], b""));
    connection.send(&both).expect("it is sent");
    assert_eq!(
        connection.reply("POST").expect("a reply").expect(200)["GSW_REFERENCE_ID"],
        1
    );
    connection.reply("GET").expect("a reply").expect(404);
    assert_eq!(
        connection.reply("GET").expect("a reply").expect(200)["GSW_PHONE"],
        "0"
    );
    let closing = [("Connection", "close")];
    let reply = connection
        .ask("GET", "/lists", &closing, b"")
        .expect("a reply");
    assert_eq!(reply.status, 200);
    assert!(
        connection.ask("GET", "/lists", &[], b"").is_err(),
        "it was to be closed"
    );
}

/// Bodies in chunks, announced ones, and none at all.
#[test]
fn ways_of_framing() {
    let server = Server::start();
    let mut connection = server.connect();
    let chunks = b"a\r\n{\"GSW_PHON\r\n6\r\nE\":1}\n\r\n0\r\n\r\n";
    let chunked = [("Transfer-Encoding", "chunked")];
    connection
        .ask("POST", ADD, &chunked, chunks)
        .expect("a reply")
        .expect(200);
    let expecting = [("Expect", "100-continue")];
    connection
        .ask("POST", ADD, &expecting, b"{\"GSW_PHONE\":\"2\"}")
        .expect("a reply")
        .expect(200);
    let nothing = [("Content-Length", "0")];
    connection
        .ask("POST", "/records/1?req=RecordProcessed", &nothing, b"")
        .expect("a reply")
        .expect(200);
    // A client may end its sending and still wait for the reply.
    connection
        .send(&request("GET", "/records/2", &[], b""))
        .expect("it is sent");
    connection.end_sending().expect("it is ended");
    connection.reply("GET").expect("a reply").expect(200);
}

/// The address that a record is told to have is one that reaches it.
#[test]
fn record_addresses() {
    let ports = "
[[server-info.port]]
id = \"one\"
port = 0

[[server-info.port]]
id = \"two\"
host = \"localhost\"
port = 0
public-url = \"https://ocs.example.com\"
";
    let server = Home::with(ports, OBJECTS).start();
    let lines = server.stdout.lines();
    let address = |id| {
        let mut addresses = lines.iter().filter_map(|line| address(line, id));
        addresses.next().expect("a port")
    };
    for (id, begins) in [
        ("one", address("one")),
        ("two", "https://ocs.example.com".to_owned()),
    ] {
        let mut connection = Connection::open(&address(id)).expect("it is open");
        let reply = connection
            .ask("POST", ADD, &[], b"{\"GSW_PHONE\":\"1\"}")
            .expect("a reply");
        let event = reply.expect(200);
        let handle = &event["GSW_RECORD_HANDLE"];
        assert_eq!(
            event["GSW_RECORD_URI"],
            format!("{begins}/records/{handle}")
        );
        let target = format!("/records/{handle}");
        let record = connection
            .ask("GET", &target, &[], b"")
            .expect("a reply")
            .expect(200);
        assert_eq!(record["GSW_RECORD_URI"], event["GSW_RECORD_URI"]);
    }
}
