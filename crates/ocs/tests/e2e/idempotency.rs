//! A request with an Idempotency-Key is carried out once, however often it comes and
//! whoever is killed meanwhile (http-interface.md, section 3).

use std::sync::Barrier;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::campaigns::{CALLING, running};
use crate::http::Reply;
use crate::process::{lives, signal, until};
use crate::replies::has;
use crate::server::Server;

const ADD: &str = "/lists/Calls?req=AddRecord";

#[track_caller]
fn keyed(server: &Server, key: &str, target: &str, body: &Value) -> Reply {
    let headers = [("Idempotency-Key", key)];
    server.request("POST", target, &headers, body.to_string().as_bytes())
}

/// How many records the calling list has.
#[track_caller]
fn records(server: &Server) -> Value {
    server.get("/lists/Calls")["records"].clone()
}

/// Every kind of request: the first answer again, byte by byte, and nothing changes.
#[test]
fn the_same_again() {
    let server = running(&[CALLING]);
    let add = |phone: &str| server.add_to("Calls", &json!({ "GSW_PHONE": phone }));
    let handle = add("in hand");
    assert_eq!(server.next(CALLING, "a1"), handle);
    let other = add("rejected");
    assert_eq!(server.next(CALLING, "a2"), other);
    let cancelled = add("cancelled");
    let on = |handle: &Value, req: &str| format!("/records/{handle}?req={req}");
    let group = |req: &str| format!("/campaigngroups/{CALLING}?req={req}");
    for (number, (target, body)) in [
        (
            ADD.to_owned(),
            json!({ "GSW_PHONE": "added", "GSW_REFERENCE_ID": 5 }),
        ),
        (
            on(&handle, "UpdateCallCompletionStats"),
            json!({ "GSW_CALL_RESULT": 6 }),
        ),
        (on(&handle, "ChainedRecordRequest"), json!({})),
        (
            on(&handle, "RecordReschedule"),
            json!({ "GSW_DATE_TIME": "01/01/2038 00:00" }),
        ),
        (
            on(&handle, "RecordProcessed"),
            json!({ "GSW_CALL_RESULT": 33 }),
        ),
        (on(&other, "RecordReject"), json!({})),
        (
            on(&cancelled, "RequestRecordCancel"),
            json!({ "GSW_CHAIN_ATTR": "AllChain" }),
        ),
        (group("GetRecord"), json!({ "GSW_AGENT_ID": "a3" })),
        (
            group("AgentState"),
            json!({ "GSW_AGENT_ID": "a3", "GSW_AGENT_STATE": "Ready" }),
        ),
        ("/phones/555?req=DoNotCall".to_owned(), json!({})),
        ("/customer_ids/C-1?req=DoNotCall".to_owned(), json!({})),
        (group("StopDialing"), json!({})),
        (group("UnloadCampaign"), json!({})),
        (group("LoadCampaign"), json!({})),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("again-{number}");
        let first = keyed(&server, &key, &target, &body);
        first.expect(200);
        let before = (
            server.get("/lists/Calls/records"),
            server.get("/campaigngroups"),
        );
        for _ in 0..2 {
            let again = keyed(&server, &key, &target, &body);
            assert_eq!(again.status, 200, "{target}");
            assert_eq!(again.body, first.body, "{target}");
        }
        let after = (
            server.get("/lists/Calls/records"),
            server.get("/campaigngroups"),
        );
        assert_eq!(after, before, "{target}");
    }
    server.stop();
}

/// A key belongs to one request: its URI and its body.
#[test]
fn another_request_with_the_key() {
    let server = running(&[]);
    let first = keyed(&server, "one", ADD, &json!({ "GSW_PHONE": "1" })).expect(200);
    let handle = &first["GSW_RECORD_HANDLE"];
    for (target, body) in [
        (ADD, json!({ "GSW_PHONE": "2" })),
        (ADD, json!({ "GSW_PHONE": "1", "GSW_REFERENCE_ID": 1 })),
        ("/lists/More?req=AddRecord", json!({ "GSW_PHONE": "1" })),
        (
            "/lists/Calls?req=AddRecord&tenant=Environment",
            json!({ "GSW_PHONE": "1" }),
        ),
        ("/phones/1?req=DoNotCall", json!({ "GSW_PHONE": "1" })),
        (&format!("/records/{handle}?req=RecordProcessed"), json!({})),
    ] {
        let event = keyed(&server, "one", target, &body).expect(422);
        has(
            &event,
            &json!({ "GSW_USER_EVENT": "ErrorMessage", "GSW_ERROR_NUMBER": 1021 }),
        );
        assert!(
            event["GSW_ERROR"]
                .as_str()
                .is_some_and(|said| said.contains("\"one\""))
        );
    }
    assert_eq!(records(&server), 1);
    assert_eq!(server.get("/lists/More")["records"], 0);
    assert_eq!(server.get("/phones/1")["do_not_call"], 0);
    // Another key is another request.
    let second = keyed(&server, "two", ADD, &json!({ "GSW_PHONE": "1" })).expect(200);
    assert_ne!(second["GSW_RECORD_HANDLE"], *handle);
    server.stop();
}

/// Refusals are not kept: the same key is judged again, and may carry another body.
#[test]
fn refusals_are_judged_again() {
    let server = running(&[]);
    let load = format!("/campaigngroups/{CALLING}?req=StartDialing");
    for _ in 0..2 {
        let event = keyed(&server, "start", &load, &json!({})).expect(409);
        assert_eq!(event["GSW_ERROR_NUMBER"], 4);
    }
    server
        .group(CALLING, "LoadCampaign", &json!({}))
        .expect(200);
    keyed(&server, "start", &load, &json!({})).expect(200);
    keyed(&server, "start", &load, &json!({})).expect(200);
    let event = server
        .group(CALLING, "StartDialing", &json!({}))
        .expect(409);
    assert_eq!(event["GSW_ERROR_NUMBER"], 7);
    keyed(&server, "add", ADD, &json!({})).expect(400);
    keyed(&server, "add", ADD, &json!({ "GSW_PHONE": "" })).expect(400);
    keyed(&server, "add", ADD, &json!({ "GSW_PHONE": "1" })).expect(200);
    assert_eq!(records(&server), 1);
    server.stop();
}

/// Whoever is killed, the answer is there again, and the record once.
#[test]
fn over_kill_9() {
    let mut server = running(&[CALLING]);
    let mut first = Vec::new();
    let (from, till) = server.any_hour();
    let sent = |number: usize| {
        let phone = format!("kept {number}");
        json!({ "GSW_PHONE": phone, "GSW_FROM": from, "GSW_UNTIL": till })
    };
    let preview = format!("/campaigngroups/{CALLING}?req=GetRecord");
    let agent = json!({ "GSW_AGENT_ID": "a1" });
    for number in 0..3 {
        first.push(keyed(&server, &format!("add-{number}"), ADD, &sent(number)));
    }
    let taken = keyed(&server, "preview", &preview, &agent);
    taken.expect(200);
    for killed in ["HTTP Proxy", "OCS", "OCS in order"] {
        match killed {
            "HTTP Proxy" => {
                let proxy = server.proxy_id();
                signal(proxy, Signal::KILL);
                until("HTTP Proxy is gone", || !lives(proxy));
                server.wait_for_proxy(2);
            }
            "OCS" => server = server.kill_9().start(),
            _ => server = server.stop().start(),
        }
        for (number, first) in first.iter().enumerate() {
            let again = keyed(&server, &format!("add-{number}"), ADD, &sent(number));
            assert_eq!(again.expect(200), first.expect(200), "{killed}");
            let other = sent(number + 100);
            keyed(&server, &format!("add-{number}"), ADD, &other).expect(422);
        }
        let again = keyed(&server, "preview", &preview, &agent);
        assert_eq!(again.expect(200), taken.expect(200), "{killed}");
        has(
            &server.get("/lists/Calls")["counts"],
            &json!({ "Ready": 2, "Retrieved": 1 }),
        );
    }
    server.stop();
}

/// The same request several times at the same moment: one is carried out, and all
/// hear of that one.
#[test]
fn at_the_same_moment() {
    const CLIENTS: usize = 8;
    let server = running(&[]);
    for round in 0..10 {
        let begin = Barrier::new(CLIENTS);
        let key = format!("moment-{round}");
        let sent = json!({ "GSW_PHONE": key });
        let heard: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| {
                    scope.spawn(|| {
                        let mut connection = server.connect();
                        let body = sent.to_string();
                        begin.wait();
                        let headers = [("Idempotency-Key", key.as_str())];
                        let reply = connection.ask("POST", ADD, &headers, body.as_bytes());
                        let reply = reply.expect("a reply");
                        reply.expect(200);
                        reply.body
                    })
                })
                .collect();
            clients
                .into_iter()
                .map(|client| client.join().expect("a client"))
                .collect()
        });
        assert!(heard.iter().all(|body| *body == heard[0]), "{heard:?}");
        assert_eq!(records(&server), round + 1);
    }
    // Two that differ: one of them is carried out, the other is refused.
    let begin = Barrier::new(2);
    let mut heard: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = ["a", "b"]
            .map(|phone| {
                let (server, begin) = (&server, &begin);
                scope.spawn(move || {
                    begin.wait();
                    keyed(server, "differ", ADD, &json!({ "GSW_PHONE": phone })).status
                })
            })
            .into_iter()
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().expect("a client"))
            .collect()
    });
    heard.sort_unstable();
    assert_eq!(heard, [200, 422]);
    assert_eq!(records(&server), 11);
    server.stop();
}
