//! Rates, and clients that try tokens.

use std::time::{Duration, Instant};

use super::{bearer, came, guarded, token};
use crate::http::{Connection, request};

/// Requests that are sent in one piece, on a connection.
fn pipelined(connection: &mut Connection, name: &str, count: usize) -> Vec<(u16, Option<String>)> {
    let shown = bearer(name);
    let headers = [("Authorization", shown.as_str())];
    let one = request("GET", "/lists/Calls", &headers, b"");
    connection.send(&one.repeat(count)).expect("they are sent");
    let replies = (0..count).map(|_| {
        let reply = connection.reply("GET").expect("a reply");
        let after = reply.header("retry-after").map(str::to_owned);
        (reply.status, after)
    });
    replies.collect()
}

#[test]
fn who_sends_too_many_is_told_when_to_go_on() {
    let rules = [
        token("slow", &["read"], "rate = 2"),
        token("free", &["read"], ""),
    ];
    let server = guarded(&rules.concat()).start();
    let mut connection = server.connect();
    let replies = pipelined(&mut connection, "slow", 50);
    let taken = replies.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!(replies[..2], [(200, None), (200, None)], "{replies:?}");
    assert!(taken < 50, "none was one too many");
    for (status, after) in &replies {
        let right = if *status == 200 { None } else { Some("1") };
        assert_eq!(after.as_deref(), right, "{status}");
    }
    // Others have rates of their own, or none.
    let others = pipelined(&mut connection, "free", 50);
    assert!(
        others.iter().all(|(status, _)| *status == 200),
        "{others:?}"
    );
    // After so long as was said, the next one is taken.
    std::thread::sleep(Duration::from_secs(1));
    let reply = server.ask_as("slow", "GET", "/lists/Calls", "");
    assert_eq!(reply.status, 200);
    let log = server.stop().read("logs/ocs_HTTPPRX.log");
    assert!(
        log.contains("token:slow may send 2 requests per second"),
        "{log}"
    );
}

#[test]
fn wrong_tokens_are_slowed_and_good_ones_are_not() {
    let server = guarded(&token("good", &["read"], "")).start();
    let wrong = request(
        "GET",
        "/lists/Calls",
        &[("Authorization", "Bearer wrong")],
        b"",
    );
    let mut waited = Vec::new();
    for _ in 0..6 {
        let began = Instant::now();
        let mut connection = server.connect();
        connection.send(&wrong).expect("it is sent");
        let reply = connection.reply("GET").expect("a reply");
        assert_eq!(came(&reply).1, Some(1110));
        waited.push(began.elapsed());
    }
    for (index, waited) in waited.iter().enumerate() {
        let least = Duration::from_millis((50 << index).min(1000));
        assert!(*waited >= least, "{index}: {waited:?}");
    }
    // While wrong ones of the same address wait, a good one does not.
    let overtook = (0..10).any(|_| {
        let mut trying: Vec<_> = (0..20).map(|_| server.connect()).collect();
        for connection in &mut trying {
            connection.send(&wrong).expect("it is sent");
        }
        server.ask_as("good", "GET", "/lists/Calls", "").expect(200);
        let silent = |connection: &mut Connection| {
            let silent = connection.is_silent_for(Duration::from_millis(1));
            silent.expect("it is open")
        };
        trying.iter_mut().all(silent)
    });
    assert!(overtook, "a good token waited for wrong ones");
    server.stop();
}
