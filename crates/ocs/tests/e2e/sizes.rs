//! Bodies that are too large, too short, or just within the limit.

use std::fs::File;
use std::process::Command;

use crate::home::CUSTOM_HEADERS;
use crate::http::request;
use crate::process::{peak_memory, run};
use crate::program::python;
use crate::server::{ADD, Server};

const HUGE: u64 = 200 << 20;

/// Programs that send all of a body before they read can read why it was refused;
/// HTTP Proxy never holds it.
#[test]
fn huge_bodies() {
    let server = Server::start();
    let path = server.home.path().join("huge");
    File::create(&path)
        .and_then(|file| file.set_len(HUGE))
        .expect("a file with a hole");
    let url = server.url(ADD);
    let curl = |arguments: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--max-time",
            "30",
            "--request",
            "POST",
        ])
        .args(["--write-out", "\n%{http_code}", "--upload-file"])
        .arg(&path)
        .args(arguments)
        .arg(&url);
        curl
    };
    let requests = |body: &str| {
        python(&format!(
            "import requests, sys\n\
             def pieces():\n    for _ in range({pieces}): yield b' ' * 65536\n\
             reply = requests.post('{url}', data={body}, timeout=30)\n\
             print(reply.text, reply.status_code, sep='\\n')",
            pieces = HUGE / 65_536,
        ))
    };
    for (what, mut command) in [
        ("curl, with Expect", curl(&[])),
        ("curl, without", curl(&["--header", "Expect:"])),
        (
            "curl, in chunks",
            curl(&[
                "--header",
                "Transfer-Encoding: chunked",
                "--header",
                "Expect:",
            ]),
        ),
        ("requests, in chunks", requests("pieces()")),
        (
            "requests, with its length",
            requests(&format!("open('{}', 'rb')", path.display())),
        ),
    ] {
        let ended = run(&mut command);
        assert_eq!(ended.status, Some(0), "{what}: {ended:?}");
        let (body, status) = ended.stdout.trim_end().rsplit_once('\n').expect("a status");
        assert_eq!(status, "413", "{what}: {body}");
        let event: serde_json::Value = serde_json::from_str(body).expect("an event");
        assert_eq!(event["GSW_ERROR_NUMBER"], 1017, "{what}: {event}");
        let memory = peak_memory(server.proxy_id());
        assert!(memory < 100 << 20, "{what}: HTTP Proxy held {memory} bytes");
    }
    server.request("GET", "/lists", &[], b"").expect(200);
    server.stop();
}

/// Just within and just over the limit of 1 MiB.
#[test]
fn the_limit_itself() {
    let server = Server::start();
    for (over, status) in [(0, 200), (1, 413)] {
        let mut body = b"{\"GSW_PHONE\":\"1\"}".to_vec();
        body.resize((1 << 20) + over, b' ');
        let reply = server.request("POST", ADD, &[], &body);
        assert_eq!(reply.status, status, "{over} bytes over");
        for (name, value) in CUSTOM_HEADERS {
            assert_eq!(reply.header(name), Some(value), "{over} bytes over");
        }
    }
}

/// A body that ends before it is whole adds nothing.
#[test]
fn cut_bodies() {
    let server = Server::start();
    let body = b"{\"GSW_PHONE\":\"12345678901234567890123456789012345\"}";
    assert_eq!(body.len(), 0x33);
    for (what, headers, sent) in [
        (
            "a length that is not kept",
            ("Content-Length", "100"),
            body.to_vec(),
        ),
        (
            "chunks without an end",
            ("Transfer-Encoding", "chunked"),
            [b"33\r\n", &body[..], b"\r\n"].concat(),
        ),
        (
            "half a chunk",
            ("Transfer-Encoding", "chunked"),
            [b"64\r\n", &body[..]].concat(),
        ),
    ] {
        let mut connection = server.connect();
        connection
            .send(&request("POST", ADD, &[headers], &sent))
            .expect("it is sent");
        connection.end_sending().expect("it is ended");
        let event = connection.reply("POST").expect("a reply").expect(400);
        assert_eq!(event["GSW_ERROR_NUMBER"], 1013, "{what}: {event}");
    }
    assert_eq!(server.get("/lists/Spring")["records"], 0);
}
