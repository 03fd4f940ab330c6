//! A changed configuration: what takes effect at once, what waits, and what is wrong.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::{home, port, starts, wait_for_log, write};
use crate::home::Home;
use crate::http::{Connection, Reply};
use crate::process::{signal, until};
use crate::server::{ADD, Server};

const UNCHANGED: &str = "the configuration is read again: no key has changed";

/// What an http port without options has, and these options.
fn options(options: &str) -> String {
    format!("{}[options.OCServer]\n{options}", port("http", 0))
}

/// Connections that are open work by other limits too, whatever they are doing.
#[test]
fn limits_of_open_connections() {
    let server = home("1s", &options("")).start();
    let mut silent = server.connect();
    let mut asking = server.connect();
    let mut answered = server.connect();
    let asks = |connection: &mut Connection, headers: &[(&str, &str)]| {
        let reply = connection.ask("GET", "/lists/Spring", headers, b"");
        reply.map(|reply| reply.status).ok()
    };
    assert_eq!(asks(&mut asking, &[]), Some(200));
    assert_eq!(asks(&mut answered, &[]), Some(200));
    let long = "x".repeat(2_000);
    let long = [("X-Long", long.as_str())];
    assert_eq!(asks(&mut asking, &long), Some(200));
    let limits = options("http-header-bytes = \"1KiB\"\nhttp-idle-timeout = \"1s\"\n");
    write(&server.home, "1s", &limits);
    wait_for_log(
        &server,
        "http-idle-timeout is changed: it takes effect at once",
        1,
    );
    // They waited under a limit of a minute.
    let began = Instant::now();
    let is_gone = |connection: &mut Connection| {
        until("its end", || {
            let there = connection.is_silent_for(Duration::from_millis(1));
            !there.expect("a time-out can be set")
        });
    };
    is_gone(&mut silent);
    is_gone(&mut answered);
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    // One that goes on is told too; its first limits would have let it pass.
    let mut asking = server.connect();
    assert_eq!(asks(&mut asking, &[]), Some(200));
    let raised = options("http-header-bytes = \"64KiB\"\nhttp-header-lines = 300\n");
    write(&server.home, "1s", &raised);
    wait_for_log(
        &server,
        "http-header-lines is changed: it takes effect at once",
        1,
    );
    let many: Vec<_> = (0..200).map(|_| ("X-Many", "x")).collect();
    until("raised limits hold on a connection that was open", || {
        // Who is refused is to connect anew; who waits a moment is not refused.
        std::thread::sleep(Duration::from_millis(20));
        match asks(&mut asking, &many) {
            Some(200) => true,
            _ => {
                asking = server.connect();
                false
            }
        }
    });
    server.stop();
}

/// The running HTTP Proxy works by what can change while it runs.
#[test]
fn at_once() {
    let server = home("1s", &options("")).start();
    let proxy = server.proxy_id();
    let long = format!("{{\"GSW_PHONE\":\"{}\"}}", "1".repeat(2_000));
    let post = |headers: &[(&str, &str)], body: &str| -> Reply {
        server.request("POST", ADD, headers, body.as_bytes())
    };
    let no_header = |reply: &Reply, name: &str| reply.header(name).is_none();

    // Custom headers, on replies, errors and refusals of what is no request.
    assert!(no_header(&post(&[], "{}"), "x-frame-options"));
    write(
        &server.home,
        "1s",
        &options("http-custom-headers = [\"X-Frame-Options: DENY\"]\n"),
    );
    let framed = |reply: &Reply| reply.header("x-frame-options") == Some("DENY");
    until("the header is there", || {
        framed(&server.request("GET", "/lists/Spring", &[], b""))
    });
    assert!(framed(&server.request("GET", "/nothing", &[], b"")));
    assert!(framed(&post(&[("Content-Length", "x")], "")));
    write(
        &server.home,
        "1s",
        &options("http-custom-headers = [\"Content-Security-Policy: default-src 'none'\"]\n"),
    );
    until("another one is there", || {
        let reply = server.request("GET", "/lists/Spring", &[], b"");
        reply.header("content-security-policy") == Some("default-src 'none'")
            && no_header(&reply, "x-frame-options")
    });

    // Limits.
    assert_ne!(post(&[], &long).status, 413);
    write(&server.home, "1s", &options("http-body-bytes = \"1KiB\"\n"));
    until("the limit holds", || post(&[], &long).status == 413);
    let mut held: Vec<_> = (0..3).map(|_| server.connect()).collect();
    write(&server.home, "1s", &options("http-connections = 2\n"));
    wait_for_log(
        &server,
        "http-connections is changed: it takes effect at once",
        1,
    );
    // A new one is answered, and those that are longest there make room for it.
    until("the limit of connections holds", || {
        let asked = server.connect().ask("GET", "/lists/Spring", &[], b"");
        assert!(asked.is_ok_and(|reply| reply.status == 200));
        let there = |held: &mut Connection| {
            held.is_silent_for(Duration::from_millis(1))
                .expect("a time-out can be set")
        };
        // Of two places it has one.
        held.iter_mut().map(there).filter(|there| *there).count() == 1
    });

    // Access.
    let page = [("Origin", "http://crm.example")];
    let access = "[access]\nallowed-origins = [\"http://crm.example\"]\n";
    post(&page, "{\"GSW_PHONE\":\"1\"}").expect(403);
    write(&server.home, "1s", &(options("") + access));
    until("the page is allowed", || {
        post(&page, "{\"GSW_PHONE\":\"1\"}").status == 200
    });

    // The level of both logs; the header says when it has changed.
    let header = "http-custom-headers = [\"X-Frame-Options: DENY\"]\n";
    let quiet = options(header) + "[log]\nlevel = \"warn\"\n";
    write(&server.home, "1s", &quiet);
    until("it is quiet", || framed(&post(&[], "{}")));
    server.request("GET", "/quiet", &[], b"").expect(404);
    signal(server.id(), Signal::HUP);
    write(
        &server.home,
        "1s",
        &(options("") + "[log]\nlevel = \"debug\"\n"),
    );
    until("it is loud", || !framed(&post(&[], "{}")));
    server.request("GET", "/loud", &[], b"").expect(404);
    until("requests leave lines", || {
        server.proxy_log().contains("/loud")
    });
    assert!(!server.proxy_log().contains("/quiet"));
    assert!(!server.log().contains(UNCHANGED));
    wait_for_log(&server, "log.level is changed: it takes effect at once", 1);

    assert_eq!(server.proxy_id(), proxy, "all of it without a restart");
    assert_eq!(starts(&server.stop().read("logs/ocs.log")), 1);
}

/// It is waited no longer than it says now, by whoever waits already.
#[test]
fn the_reconnect_timeout() {
    let server = home("1h", &port("http", 0)).start();
    signal(server.proxy_id(), Signal::KILL);
    wait_for_log(&server, "is started again in 3600s", 1);
    let changed = Instant::now();
    write(&server.home, "500ms", &port("http", 0));
    server.wait_for_proxy(2);
    assert!(changed.elapsed() < Duration::from_secs(30));
    signal(server.proxy_id(), Signal::KILL);
    server.wait_for_proxy(3);
    assert!(server.log().contains("is started again in 500ms"));
    server.stop();
}

/// What waits for a restart is said, and holds nothing else back.
#[test]
fn after_restart() {
    let server = home("1s", &options("")).start();
    let changed = options(
        "duplicates = \"refuse\"\nstale_clean_timeout = 1\nhttp-custom-headers = [\"X-Frame-Options: \
         DENY\"]\n[application]\ntenant = \"Other\"\n[store]\nurl = \"sqlite:other.db\"\n\
         [log]\nfile = \"other/other.log\"\n",
    );
    write(&server.home, "1s", &changed);
    for key in [
        "options.OCServer.duplicates",
        "options.OCServer.stale_clean_timeout",
        "application.tenant",
        "store.url",
        "log.file",
    ] {
        wait_for_log(
            &server,
            &format!("{key} is changed: it takes effect when OCS is started again"),
            1,
        );
    }
    until("the header is there", || {
        let reply = server.request("GET", "/lists/Spring", &[], b"");
        reply.header("x-frame-options") == Some("DENY")
    });
    // None of it reaches the next HTTP Proxy either.
    signal(server.proxy_id(), Signal::KILL);
    server.wait_for_proxy(2);
    for _ in 0..2 {
        server.add(&json!({ "GSW_PHONE": "1" }));
    }
    let tenant =
        |name: &str| server.request("GET", &format!("/lists/Spring?tenant={name}"), &[], b"");
    tenant("Environment").expect(200);
    tenant("Other").expect(400);
    // It is said as long as it waits.
    signal(server.id(), Signal::HUP);
    wait_for_log(&server, "store.url is changed", 2);
    let home = server.stop();
    for path in ["other.db", "other"] {
        assert!(!home.path().join(path).exists(), "{path}");
    }
    assert_eq!(
        home.start()
            .stop()
            .read("other/other.log")
            .matches("OCS starts")
            .count(),
        1
    );
}

/// What is wrong changes nothing, and is said in the words of `ocs check-config`.
#[test]
fn a_bad_file() {
    let good = options("http-custom-headers = [\"X-Frame-Options: DENY\"]\n");
    let server = home("1s", &good).start();
    let proxy = server.proxy_id();
    for (rest, part) in [
        (
            "http-custom-headers = [\"X-Powered-By: OCS\"]\n",
            "X-Powered-By",
        ),
        ("http-body-byte = \"1KiB\"\n", "did you mean"),
        (
            "http-body-bytes = \"1KiB\"\n[log]\nlevel = \"loud\"\n",
            "\"loud\"",
        ),
        (
            "[store]\nurl = \"postgres://ocs@db/ocs\"\n",
            "store.url: this version does not",
        ),
        ("encoding = \n", "not valid TOML"),
    ] {
        let before = server.log().matches("nothing of it is taken up").count();
        write(&server.home, "1s", &options(rest));
        wait_for_log(&server, "nothing of it is taken up", before + 1);
        let checked = server.home.ocs(&["check-config"]);
        checked.expect(2, &[part]);
        for sentence in checked.stderr.lines() {
            assert!(
                server.log().contains(sentence),
                "{sentence:?}: {}",
                server.log()
            );
            server.stderr.wait(sentence, 1).expect("it is said");
        }
        signal(server.id(), Signal::HUP);
        wait_for_log(&server, "nothing of it is taken up", before + 2);
        let reply = server.request("GET", "/lists/Spring", &[], b"");
        assert_eq!(reply.header("x-frame-options"), Some("DENY"));
        reply.expect(200);
    }
    // Without a file nothing changes either.
    fs::remove_file(server.home.path().join("ocs.toml")).expect("it goes");
    signal(server.id(), Signal::HUP);
    wait_for_log(&server, "ocs.toml: cannot be read", 1);
    assert_eq!(server.proxy_id(), proxy);
    write(&server.home, "1s", &good);
    wait_for_log(&server, UNCHANGED, 1);
    server.stop();
}

/// However a file is written, that is noticed once it is whole.
#[test]
fn ways_of_writing() {
    let server = home("1s", &port("http", 0)).start();
    let path = |name: &str| server.home.path().join(name);
    let text = |seconds: u32| {
        format!(
            "[server-info]\nreconnect-timeout = {seconds}\n{}",
            port("http", 0)
        )
    };
    let taken_up = |server: &Server, nth: usize| {
        wait_for_log(server, "server-info.reconnect-timeout is changed", nth);
    };
    // In place.
    server.home.write("ocs.toml", text(2));
    taken_up(&server, 1);
    // Moved away and written anew, as some editors do.
    fs::rename(path("ocs.toml"), path("ocs.toml.bak")).expect("a backup");
    server.home.write("ocs.toml", text(3));
    taken_up(&server, 2);
    // A link that is moved to another file, as orchestrators do.
    for (folder, seconds) in [("one", 4), ("two", 5)] {
        fs::create_dir(path(folder)).expect("a folder");
        fs::write(path(folder).join("ocs.toml"), text(seconds)).expect("a file");
    }
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, path("new")).expect("a link");
        fs::rename(path("new"), path(name)).expect("it is moved");
    };
    link("one", "..data");
    link("..data/ocs.toml", "ocs.toml");
    taken_up(&server, 3);
    link("two", "..data");
    taken_up(&server, 4);
    // The signal alone.
    fs::write(path("two").join("ocs.toml"), text(6)).expect("a file");
    signal(server.id(), Signal::HUP);
    taken_up(&server, 5);
    // Other files are none of its business.
    let read_again = server
        .log()
        .matches("the configuration is read again")
        .count();
    server.home.write("other.toml", "x");
    signal(server.id(), Signal::HUP);
    wait_for_log(&server, UNCHANGED, read_again + 1);
    server.stop();
}

/// A file that comes later counts; it did not when OCS was started.
#[test]
fn without_a_file_at_first() {
    let home = Home::empty();
    // The built-in defaults, on a port that is free.
    let server = Server::with_environment(home, &[("OCS_SERVER_INFO__PORT__0__PORT", "0")]).ready();
    server.home.write(
        "ocs.toml",
        options("http-custom-headers = [\"X-Frame-Options: DENY\"]\n"),
    );
    until("the header is there", || {
        let reply = server.request("GET", "/lists/Spring", &[], b"");
        reply.header("x-frame-options") == Some("DENY")
    });
    server.stop();
}
