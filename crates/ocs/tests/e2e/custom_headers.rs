//! The option `http-custom-headers` (configuration.md, section 4): on every reply,
//! whoever makes it.

use rustix::process::Signal;

use crate::home::{HTTP_PORT, Home};
use crate::http::{Connection, Reply, request};
use crate::process::{pause, signal};
use crate::server::{ADD, Server};

/// All that are supported.
const HEADERS: [(&str, &str); 5] = [
    ("X-Frame-Options", "SAMEORIGIN"),
    ("X-XSS-Protection", "1; mode=block"),
    ("X-Content-Type-Options", "nosniff"),
    (
        "Content-Security-Policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (
        "Strict-Transport-Security",
        "max-age=63072000; includeSubDomains",
    ),
];

fn server() -> Server {
    let home = Home::new();
    let headers = HEADERS.map(|(name, value)| format!("\"{name}: {value}\""));
    home.write(
        "ocs.toml",
        format!(
            "[options.OCServer]\nhttp-custom-headers = [{}]\nhttp-header-timeout = 1\n\
             http-body-bytes = \"1KiB\"\nhttp-reply-timeout = 5\n{HTTP_PORT}",
            headers.join(", ")
        ),
    );
    home.start()
}

#[track_caller]
fn check(what: &str, reply: &Reply) {
    for (name, value) in HEADERS {
        let found: Vec<_> = reply
            .headers
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(found, [value], "{what}: {name} in {:?}", reply.headers);
    }
}

#[test]
fn on_every_reply() {
    let server = server();
    let added = server
        .request("POST", ADD, &[], b"{\"GSW_PHONE\":\"1\"}")
        .expect(200);
    let record = format!("/records/{}", added["GSW_RECORD_HANDLE"]);
    let processed = format!("{record}?req=RecordProcessed");
    let key = ("Idempotency-Key", "k");
    let post =
        |target: &str, headers: &[_], body: &str| request("POST", target, headers, body.as_bytes());
    let get = |target: &str| request("GET", target, &[], b"");
    let long = "x".repeat(9_000);
    let phone = "{\"GSW_PHONE\":\"1\"}";
    for (what, method, sent, status) in [
        ("a record is added", "POST", post(ADD, &[key], phone), 200),
        (
            "the same key, something else",
            "POST",
            post(ADD, &[key], "{\"GSW_PHONE\":\"2\"}"),
            422,
        ),
        ("a read", "GET", get("/lists"), 200),
        ("a head", "HEAD", request("HEAD", &record, &[], b""), 200),
        ("the description", "GET", get("/openapi.json"), 200),
        (
            "many records",
            "POST",
            post("/lists/Spring?req=AddRecords", &[], &format!("[{phone},1]")),
            200,
        ),
        (
            "many records, refused",
            "POST",
            post("/lists/Winter?req=AddRecords", &[], "[]"),
            404,
        ),
        ("an action", "POST", post(&processed, &[], ""), 200),
        (
            "in a state that forbids it",
            "POST",
            post(&processed, &[], ""),
            409,
        ),
        ("no JSON", "POST", post(ADD, &[], "x"), 400),
        (
            "an unknown request",
            "POST",
            post("/lists/Spring?req=Add", &[], "{}"),
            400,
        ),
        (
            "a web page",
            "GET",
            request("GET", "/lists", &[("Origin", "http://x")], b""),
            403,
        ),
        ("nothing there", "GET", get("/nothing"), 404),
        ("no such record", "GET", get("/records/77"), 404),
        (
            "another method",
            "PUT",
            request("PUT", "/lists", &[], b""),
            405,
        ),
        (
            "a head of nothing",
            "HEAD",
            request("HEAD", "/nothing", &[], b""),
            404,
        ),
        ("a long body", "POST", post(ADD, &[], &long), 413),
        ("a long target", "GET", get(&format!("/{long}")), 414),
        (
            "long headers",
            "GET",
            request("GET", "/lists", &[("X", &long), ("Y", &long)], b""),
            431,
        ),
        (
            "very long headers",
            "GET",
            request("GET", "/lists", &[("X", &"x".repeat(100_000))], b""),
            431,
        ),
        ("no request", "GET", b"nonsense\r\n\r\n".to_vec(), 400),
        (
            "no header line",
            "GET",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n".to_vec(),
            400,
        ),
        (
            "a late head",
            "GET",
            b"GET /lists HTTP/1.1\r\n".to_vec(),
            408,
        ),
        (
            "a late body",
            "POST",
            post(ADD, &[("Content-Length", "9")], "{"),
            408,
        ),
    ] {
        let mut connection = Connection::open(&server.base()).expect(what);
        // What is refused before it was sent whole may not be taken to its end.
        let _ = connection.send(&sent);
        let reply = connection.reply(method).expect(what);
        assert_eq!(reply.status, status, "{what}");
        check(what, &reply);
    }
    // OCS does not answer.
    pause(server.id());
    let reply = server.request("GET", "/lists", &[], b"");
    signal(server.id(), Signal::CONT);
    assert!([503, 504].contains(&reply.status), "{}", reply.status);
    check("no answer", &reply);
    server.stop();
}
