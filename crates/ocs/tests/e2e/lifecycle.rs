//! How OCS and HTTP Proxy start, fail to start, and end (configuration.md, sections
//! 1, 2, 5 and 6).

use std::net::TcpListener;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::home::{Home, OBJECTS, free_port};
use crate::http::Connection;
use crate::process::{children, lives, until};
use crate::server::{ADD, Server};

#[test]
fn a_port_that_is_taken() {
    let number = free_port();
    let other = TcpListener::bind(("127.0.0.1", number)).expect("a free port");
    let port = format!("[[server-info.port]]\nid = \"http\"\nport = {number}\n");
    let server = Server::of(Home::with(&port, OBJECTS));
    // Said again and again, with what is wrong and what happens next.
    for time in 1..=2 {
        let said = server.wait_for_complaint(time);
        for part in [
            &format!("127.0.0.1:{number}"),
            "\"http\"",
            "in use",
            "again in 1s",
        ] {
            assert!(said.contains(part), "{part:?} is missing in {said:?}");
        }
    }
    assert!(server.log().contains("cannot be opened"));
    assert!(server.proxy_log().contains("cannot be opened"));
    assert!(lives(server.id()));
    assert!(server.stdout.lines().is_empty());
    // The rest of OCS works meanwhile.
    server
        .home
        .ocs(&["export", "--list", "Spring"])
        .expect(0, &["0 records"]);
    drop(other);
    server.stdout.wait("OCS is ready", 1).expect("it serves");
    assert_eq!(server.base(), format!("http://127.0.0.1:{number}"));
    server.add(&json!({ "GSW_PHONE": "1" }));
    server.stop();
}

/// An HTTP Proxy that cannot open its port ends at once: what is waited for is the
/// Reconnect Timeout, and nothing beside it.
#[test]
fn a_port_that_is_taken_ends_http_proxy() {
    let number = free_port();
    let _other = TcpListener::bind(("127.0.0.1", number)).expect("a free port");
    let port = format!("[[server-info.port]]\nid = \"http\"\nport = {number}\n");
    let server = Server::of(Home::with(&port, OBJECTS));
    let lingered = [1, 2].map(|time| {
        server.wait_for_complaint(time);
        let complained = Instant::now();
        until("HTTP Proxy ends", || server.find_proxy().is_none());
        complained.elapsed()
    });
    // The machine may be busy, so that the better of the two counts.
    let shortest = lingered.iter().min().expect("two of them");
    assert!(*shortest < Duration::from_millis(700), "{lingered:?}");
    server.stop();
}

#[test]
fn commands_that_are_refused() {
    let server = Server::start();
    let id = server.id().to_string();
    let own_id = std::process::id().to_string();
    for (arguments, status, parts) in [
        (
            &["http-proxy", "1"][..],
            2,
            &["started by OCS, never by hand", "ocs run"][..],
        ),
        (&["http-proxy", &own_id], 2, &["never by hand"]),
        (&["http-proxy"], 2, &["PARENT"]),
        (
            &["run"],
            1,
            &[
                "data/ocs.db is in use by ocs run \"OCS\"",
                &format!("process {id}"),
                "end that one first",
            ],
        ),
        (
            &["--config", "nothing.toml", "run"],
            2,
            &["nothing.toml", "cannot be read"],
        ),
        (&["rum"], 2, &["run"]),
        (
            &["export", "--list", "Winter"],
            1,
            &["no calling list \"Winter\""],
        ),
        (
            &["apply", "nothing.toml"],
            1,
            &["nothing.toml cannot be read"],
        ),
    ] {
        server.home.ocs(arguments).expect(status, parts);
    }
    // Nobody was harmed.
    server.add(&json!({ "GSW_PHONE": "1" }));
    server.stop();
}

#[test]
fn wrong_configurations() {
    for (text, parts) in [
        (
            "[server-info]\n\nreconnect-timeot = 1\n",
            &[
                "ocs.toml, line 3",
                "reconnect-timeot",
                "did you mean",
                "reconnect-timeout",
            ][..],
        ),
        (
            "[server-info]\nreconnect-timeout = \"soon\"\n",
            &["ocs.toml, line 2", "\"soon\"", "500ms"],
        ),
        (
            "[[server-info.port]]\nid = \"http\"\nport = 65536\n",
            &["line 3", "port", "65536", "65535"],
        ),
        ("[sever-info]\n", &["line 1", "sever-info", "server-info"]),
        ("[server-info\n", &["ocs.toml, line 1"]),
        (
            "[options.OCServer]\nhttp-custom-headers = [\"X-Powered-By: OCS\"]\n",
            &["line 2", "X-Powered-By", "X-Frame-Options"],
        ),
        (
            "[[server-info.port]]\nid = \"http\"\nhost = \"0.0.0.0\"\nport = 0\n",
            &["line 3", "0.0.0.0", "allow-anonymous"],
        ),
    ] {
        let home = Home::empty();
        home.write("ocs.toml", text);
        for command in [
            &["run"][..],
            &["check-config"],
            &["export", "--list", "Spring"],
        ] {
            home.ocs(command).expect(2, parts);
        }
        let left: Vec<_> = std::fs::read_dir(home.path())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        assert_eq!(left, ["ocs.toml"], "something was opened");
    }
    let home = Home::with("[[server-info.port]]\nid = \"http\"\nport = 0\n", "");
    home.ocs(&["check-config"])
        .expect(0, &["the configuration is good"]);
    for arguments in [&["config-schema"][..], &["config-schema", "--objects"]] {
        let schema = home.ocs(arguments);
        schema.expect(0, &["$schema"]);
        serde_json::from_str::<serde_json::Value>(&schema.stdout).expect("JSON");
    }
    assert!(!home.path().join("data").exists());
}

#[test]
fn without_a_port() {
    let server = Home::with("", OBJECTS).start();
    let said = server.stdout.lines().concat();
    assert!(said.contains("no http port"), "{said}");
    assert!(children(server.id()).is_empty());
    server.home.apply(OBJECTS).expect(0, &["unchanged"]);
    let home = server.stop_by(Signal::INT);
    assert!(!home.path().join("logs/ocs_HTTPPRX.log").exists());
}

#[test]
fn two_ports() {
    let port = |id: &str| format!("[[server-info.port]]\nid = \"{id}\"\nport = 0\n");
    let server = Home::with(&(port("one") + &port("two")), OBJECTS).start();
    let lines = server.stdout.lines();
    let mut addresses: Vec<_> = ["one", "two"]
        .iter()
        .filter_map(|id| lines.iter().find_map(|line| crate::said::address(line, id)))
        .collect();
    addresses.dedup();
    assert_eq!(addresses.len(), 2, "{lines:?}");
    assert_eq!(
        children(server.id()).len(),
        1,
        "one HTTP Proxy serves them all"
    );
    for (count, address) in addresses.iter().enumerate() {
        let mut connection = Connection::open(address).expect("it is open");
        connection
            .ask("POST", ADD, &[], b"{\"GSW_PHONE\":\"1\"}")
            .expect("a reply")
            .expect(200);
        let list = connection
            .ask("GET", "/lists/Spring", &[], b"")
            .expect("a reply");
        assert_eq!(list.expect(200)["records"], count + 1);
    }
    server.stop_by(Signal::INT);
}

/// A socket's path may have 107 bytes only; a data folder may be deeper.
#[test]
fn a_deep_folder() {
    let below = ["a".repeat(60), "ü".repeat(60), "c d".repeat(20)].join("/");
    let port = "[[server-info.port]]\nid = \"http\"\nport = 0\n";
    let server = Home::at(&below, port, OBJECTS).start();
    assert!(server.home.path().as_os_str().len() > 240);
    server.home.apply(OBJECTS).expect(0, &["unchanged"]);
    server.add(&json!({ "GSW_PHONE": "1" }));
    assert_eq!(server.home.export("Spring").len(), 1);
    server.stop();
}

/// HTTP Proxy's log has a line for every request, and nothing that a client sends
/// can make it two.
#[test]
fn the_log_of_requests() {
    let server = Server::start();
    let forged = "x%0d%0a2026-01-01T00:00:00.000000Z  INFO request forged%1b[31m";
    let mut seen = Vec::new();
    for (method, target, body, request) in [
        (
            "POST",
            ADD,
            "{\"GSW_PHONE\":\"1\",\"GSW_REFERENCE_ID\":77}",
            Some("AddRecord"),
        ),
        ("POST", ADD, "{}", Some("AddRecord")),
        (
            "POST",
            ADD,
            "{\"GSW_PHONE\":\"1\",\"x\\r\\nforged\":1}",
            Some("AddRecord"),
        ),
        (
            "POST",
            "/records/1?req=RecordProcessed",
            "",
            Some("RecordProcessed"),
        ),
        ("GET", "/records/1", "", Some("ReadRecord")),
        ("GET", "/nothing", "", None),
        ("PUT", "/lists/Spring", "", None),
        (
            "GET",
            &format!("/lists/{}", forged.replace(' ', "%20")),
            "",
            Some("ReadCallingList"),
        ),
    ] {
        let reply = server.request(method, target, &[], body.as_bytes());
        let mut parts = vec![
            format!(" method={method} "),
            format!(" status={} ", reply.status),
            format!(" received={} ", body.len()),
            format!(" sent={} ", reply.body.len()),
            format!("target={target}"),
            " client=127.0.0.1:".to_owned(),
            " us=".to_owned(),
        ];
        parts.extend(request.map(|name| format!(" request={name}")));
        if reply.status != 200 {
            parts.push(format!(" error={}", reply.json()["GSW_ERROR_NUMBER"]));
        }
        seen.push(parts);
    }
    let of_requests = |log: &str| {
        log.lines()
            .filter(|line| line.contains(" request client="))
            .count()
    };
    until("every request is in the log", || {
        of_requests(&server.proxy_log()) >= seen.len()
    });
    let log = server.proxy_log();
    assert_eq!(of_requests(&log), seen.len(), "{log}");
    for parts in &seen {
        let line = log
            .lines()
            .find(|line| parts.iter().all(|part| line.contains(part)));
        assert!(line.is_some(), "no line has {parts:?}: {log}");
    }
    assert!(log.contains(" reference=77"), "{log}");
    let home = server.stop();
    for log in ["logs/ocs.log", "logs/ocs_HTTPPRX.log"] {
        let text = home.read(log);
        for line in text.lines() {
            let begins = line.get(..28).unwrap_or_default();
            assert!(
                begins.starts_with("20") && begins.contains("Z "),
                "{log}: {line:?}"
            );
            assert!(!line.contains('\u{1b}'), "{line:?}");
        }
        assert!(
            !text.lines().any(|line| line.starts_with("2026-01-01")),
            "{text}"
        );
    }
    let log = home.read("logs/ocs.log");
    assert!(
        log.contains("forged"),
        "the key that was not stored is in the log: {log}"
    );
}
