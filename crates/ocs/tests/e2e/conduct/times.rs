//! How long a client may take (http-interface.md, section 5): with its headers, with
//! its body, and between two requests.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use crate::home::{CUSTOM_HEADERS, Home};
use crate::http::{Connection, request};
use crate::server::{ADD, Server};

/// The least that the options take, and more than any test waits for.
const SHORT: &str = "1s";
const LONG: &str = "10min";

/// OCS with these limits.
fn server(header_timeout: &str, idle_timeout: &str) -> Server {
    let home = Home::new();
    let options = format!(
        "[options.OCServer]\nhttp-header-timeout = \"{header_timeout}\"\n\
         http-idle-timeout = \"{idle_timeout}\""
    );
    let config = home.read("ocs.toml");
    home.write("ocs.toml", config.replace("[options.OCServer]", &options));
    home.start()
}

/// Asserts that nothing more comes.
#[track_caller]
fn ends(connection: &mut Connection, what: &str) {
    let error = connection.reply("GET").expect_err(what).kind();
    // What a client sent on is unread, which the system says by a reset.
    let ended = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
    assert!(ended.contains(&error), "{what}: {error}");
}

#[test]
fn late_requests() {
    let server = server(SHORT, LONG);
    let line = b"GET /lists HTTP/1.1\r\n".to_vec();
    let post = |headers: &[(&str, &str)], body: &[u8]| request("POST", ADD, headers, body);
    let announced = ("Content-Length", "1000000");
    let chunked = ("Transfer-Encoding", "chunked");
    let expecting = ("Expect", "100-continue");
    let head = "the request's headers did not arrive in time";
    let body = "the body did not arrive within 1s";
    // What is sent at first, and then again and again until there is a reply.
    let cases = [
        ("a byte", b"G".to_vec(), "", head),
        ("a line", line.clone(), "", head),
        ("half a name", [&line[..], b"Hos"].concat(), "", head),
        ("half a value", [&line[..], b"Host: oc"].concat(), "", head),
        ("a line that grows", line[..5].to_vec(), "x", head),
        (
            "a value that grows",
            [&line[..], b"X: "].concat(),
            "x",
            head,
        ),
        ("more and more lines", line.clone(), "X: x\r\n", head),
        ("no body", post(&[announced], b""), "", body),
        (
            "no body in spite of 100",
            post(&[announced, expecting], b""),
            "",
            body,
        ),
        ("half a body", post(&[announced], b"{\"GSW"), "", body),
        ("a body that grows", post(&[announced], b"{"), " ", body),
        ("half a chunk", post(&[chunked], b"8\r\n{\"GSW"), "", body),
        (
            "more and more chunks",
            post(&[chunked], b""),
            "1\r\n \r\n",
            body,
        ),
    ];
    let ask = |what: &str, first: &[u8], again: &str, sentence: &str| {
        let mut connection = server.connect();
        let began = Instant::now();
        connection.send(first).expect(what);
        while !again.is_empty()
            && connection
                .is_silent_for(Duration::from_millis(20))
                .expect(what)
        {
            // The connection may end while this is on its way.
            if connection.send(again.as_bytes()).is_err() {
                break;
            }
        }
        let reply = connection.reply("POST").expect(what);
        let took = began.elapsed();
        // Milliseconds are cut off on the way.
        assert!(took > Duration::from_millis(990), "{what}: {took:?}");
        let event = reply.expect(408);
        assert_eq!(event["GSW_ERROR_NUMBER"], 1016, "{what}: {event}");
        let said = event["GSW_ERROR"].as_str().unwrap_or_default();
        assert!(said.contains(sentence), "{what}: {event}");
        for (name, value) in CUSTOM_HEADERS {
            assert_eq!(reply.header(name), Some(value), "{what}");
        }
        assert_eq!(reply.header("connection"), Some("close"), "{what}");
        ends(&mut connection, what);
    };
    // All at once: each of them takes its second.
    std::thread::scope(|scope| {
        for (what, first, again, sentence) in &cases {
            scope.spawn(|| ask(what, first, again, sentence));
        }
    });
    let home = server.stop();
    let log = home.read("logs/ocs_HTTPPRX.log");
    let late = log.lines().filter(|line| line.contains(" status=408 "));
    assert_eq!(late.count(), cases.len(), "{log}");
}

/// However long a connection was idle before, its next request has the time of any
/// other.
#[test]
fn a_late_request_after_others() {
    let server = server(SHORT, LONG);
    let mut connection = server.connect();
    let first = connection.ask("GET", "/lists", &[], b"");
    first.expect("a reply").expect(200);
    // A whole time of headers passes while the connection is idle.
    let mut other = server.connect();
    other.send(b"G").expect("it is sent");
    other.reply("GET").expect("a reply").expect(408);
    connection.send(b"GET /lists").expect("it is sent");
    connection.reply("GET").expect("a reply").expect(408);
    ends(&mut connection, "the late one");
    server.stop();
}

/// An idle connection ends without a word, which a client could take for the reply
/// to the request that it is about to send.
#[test]
fn idle_connections() {
    let server = server(LONG, SHORT);
    for (what, requests) in [("never used", 0), ("used once", 1), ("used again", 2)] {
        let mut began = Instant::now();
        let mut connection = server.connect();
        for _ in 0..requests {
            began = Instant::now();
            let reply = connection.ask("GET", "/lists", &[], b"").expect(what);
            reply.expect(200);
        }
        let error = connection.reply("GET").expect_err(what).kind();
        let took = began.elapsed();
        assert_eq!(error, ErrorKind::UnexpectedEof, "{what}");
        assert!(took > Duration::from_millis(990), "{what}: {took:?}");
        // Far less than the time that headers have.
        assert!(took < Duration::from_secs(30), "{what}: {took:?}");
    }
    let log = server.stop().read("logs/ocs_HTTPPRX.log");
    assert!(!log.contains(" status=408 "), "{log}");
}

/// A connection that was idle for some seconds holds no buffers, and goes on as if
/// nothing had been, whatever had come of its next request.
#[test]
fn rested_connections() {
    let server = server(LONG, LONG);
    let next = request("POST", ADD, &[], b"{\"GSW_PHONE\":\"1\"}");
    let mut connections: Vec<Connection> = Vec::new();
    for come in [0, 1, 20, next.len() - 1] {
        let mut connection = server.connect();
        let first = connection.ask("GET", "/lists", &[], b"");
        first.expect("a reply").expect(200);
        connection.send(&next[..come]).expect("it is sent");
        connections.push(connection);
    }
    // HTTP Proxy lets go after 5 s, and says nothing of it.
    let mut last = server.connect();
    assert!(
        last.is_silent_for(Duration::from_secs(6))
            .expect("it is open")
    );
    for (connection, come) in connections.iter_mut().zip([0, 1, 20, next.len() - 1]) {
        connection.send(&next[come..]).expect("it is sent");
        connection.reply("POST").expect("a reply").expect(200);
        let again = connection.ask("GET", "/lists", &[], b"");
        again.expect("a reply").expect(200);
    }
    server.stop();
}
