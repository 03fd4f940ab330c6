//! A web server is asked before each record is previewed: what it is asked, what its answer
//! makes of the record, and what becomes of one where there is none.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::home;
use super::receiver::{Act, Heard, Receiver};
use crate::campaigns::{CALLING, running_of};
use crate::process::until;
use crate::server::Server;

fn asks(uri: &str) -> String {
    format!("pre-dial-validation = true\nvalidation-uri = \"{uri}\"")
}

/// OCS whose campaign group asks this web server, with these options more.
fn server(receiver: &Receiver, options: &str) -> Server {
    let options = format!("{}\n{options}", asks(&receiver.uri("/validate")));
    running_of(home(&options), &[CALLING])
}

fn record(server: &Server, phone: &str) -> Value {
    let sent = json!({ "GSW_PHONE": phone, "visits": 3, "balance": "1.5" });
    server.add_to("Calls", &sent)
}

/// Status, call result and attempts of a record.
fn stands(server: &Server, handle: &Value) -> (Value, Value, Value) {
    let record = server.record(handle);
    let of = |key: &str| record[key].clone();
    (
        of("GSW_RECORD_STATUS"),
        of("GSW_CALL_RESULT"),
        of("GSW_ATTEMPTS"),
    )
}

fn out_of_the_way(server: &Server, handle: &Value) {
    if server.record(handle)["GSW_RECORD_STATUS"] != "Updated" {
        server
            .on(handle, "RequestRecordCancel", &json!({}))
            .expect(200);
    }
}

#[test]
fn what_is_asked() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = server(&receiver, "");
    let handle = record(&server, "+16505550100");
    let preview = server.preview(CALLING, "ann");
    assert_eq!(preview["GSW_RECORD_HANDLE"], handle);
    let heard = receiver.wait(1).remove(0);
    assert_eq!(heard.line, "POST /validate");
    let mut asked = heard.json();
    // The very attributes of the PreviewRecord that follows.
    asked["GSW_REFERENCE_ID"] = preview["GSW_REFERENCE_ID"].clone();
    let mut right = preview.clone();
    right["GSW_REFERENCE_ID"] = preview["GSW_REFERENCE_ID"].clone();
    assert_eq!(asked, right);
    assert_eq!(asked["visits"], 3);
    assert_eq!(asked["GSW_USER_EVENT"], "PreviewRecord");
    let audit = server.home.ocs(&["audit", "export"]);
    audit.expect(0, &["reserved", "handed-out", "validation"]);
    let requests = server.home.ocs(&["requests"]).stdout;
    assert_eq!(
        requests.matches("PreviewRecordRequest").count(),
        1,
        "{requests}"
    );
    let processed = json!({ "GSW_CALL_RESULT": "Answer" });
    server
        .on(&handle, "RecordProcessed", &processed)
        .expect(200);
}

/// What is answered; whether the record goes out; then its status, call result and attempts,
/// and the values of its fields.
#[test]
fn what_answers_come_to() {
    let answer = |status, kind, body: &str| Act::Answer(status, kind, body.to_owned());
    let json_type = Some("application/json");
    let kept = json!({ "visits": 3, "client-id": null });
    let rows = [
        (Act::ok(), true, "Retrieved", 28, 0, kept.clone()),
        (
            answer(200, None, "{}"),
            true,
            "Retrieved",
            28,
            0,
            kept.clone(),
        ),
        (
            answer(
                200,
                None,
                r#"{"client-id":"c-9","visits":"4","balance":"none","x":1}"#,
            ),
            true,
            "Retrieved",
            28,
            0,
            json!({ "visits": 4, "client-id": "c-9", "Balance": "1.5" }),
        ),
        (Act::status(409), false, "Updated", 28, 1, kept.clone()),
        (
            answer(409, json_type, r#"{"GSW_CALL_RESULT":9}"#),
            false,
            "Updated",
            9,
            1,
            kept.clone(),
        ),
        (
            answer(
                409,
                json_type,
                r#"{"GSW_CALL_RESULT":"WrongNumber","client-id":"c-7"}"#,
            ),
            false,
            "Updated",
            53,
            1,
            json!({ "client-id": "c-7" }),
        ),
        // The treatment for Busy.
        (
            answer(409, None, r#"{"GSW_CALL_RESULT":"6"}"#),
            false,
            "Ready",
            6,
            1,
            kept.clone(),
        ),
        (Act::status(500), false, "Ready", 3, 1, kept.clone()),
        (Act::status(204), false, "Ready", 3, 1, kept.clone()),
        (Act::Redirect, false, "Ready", 3, 1, kept.clone()),
        (Act::Close, false, "Ready", 3, 1, kept.clone()),
        (Act::Reset, false, "Ready", 3, 1, kept.clone()),
        (Act::Noise, false, "Ready", 3, 1, kept.clone()),
        (Act::Short, false, "Ready", 3, 1, kept.clone()),
        (Act::Flood(1 << 30), false, "Ready", 3, 1, kept.clone()),
        (Act::Hang, false, "Ready", 3, 1, kept),
    ];
    let receiver = Receiver::start(|_, _| Act::ok());
    let options = format!("{}\nhttp-response-timeout = 1", asks(&receiver.uri("/")));
    let home = home(&options);
    let busy = "\n[[calling-list.treatment]]\ncall-result = \"Busy\"\naction = \"RetryIn\"\n\
                interval = 30\n\n[[calling-list]]\nname = \"More\"";
    let objects = home.read("objects.toml");
    home.apply(&objects.replace("\n[[calling-list]]\nname = \"More\"", busy));
    let server = running_of(home, &[CALLING]);
    for (number, (act, goes_out, status, result, attempts, fields)) in rows.into_iter().enumerate()
    {
        let case = format!("{act:?}");
        receiver.script(move |_, _| act.clone());
        let handle = record(&server, &format!("+165055501{number:02}"));
        let preview = server.preview(CALLING, "ann");
        if goes_out {
            assert_eq!(preview["GSW_RECORD_HANDLE"], handle, "{case}");
            for (key, value) in fields.as_object().expect("fields") {
                assert_eq!(&preview[key], value, "{case}: {key}");
            }
        } else {
            assert_eq!(preview["GSW_USER_EVENT"], "PreviewRecordEmpty", "{case}");
        }
        let right = (json!(status), json!(result), json!(attempts));
        assert_eq!(stands(&server, &handle), right, "{case}");
        let record = server.record(&handle);
        for (key, value) in fields.as_object().expect("fields") {
            assert_eq!(&record[key], value, "{case}: {key}");
        }
        if !goes_out && result == 3 {
            let why = preview["why"].as_str().expect("why");
            assert!(why.contains("validates records"), "{case}: {why}");
        }
        out_of_the_way(&server, &handle);
    }
}

/// The first record is refused: whoever asked gets the next one.
#[test]
fn the_next_one_is_asked_for() {
    let receiver = Receiver::start(
        |heard: &Heard, _| match heard.json()["GSW_PHONE"].as_str() {
            Some("+16505550102") => Act::ok(),
            _ => Act::status(409),
        },
    );
    let server = server(&receiver, "");
    let handles: Vec<_> = (0..4)
        .map(|number| record(&server, &format!("+1650555010{number}")))
        .collect();
    assert_eq!(server.next(CALLING, "ann"), handles[2]);
    let statuses: Vec<_> = handles
        .iter()
        .map(|handle| stands(&server, handle).0)
        .collect();
    assert_eq!(statuses, ["Updated", "Updated", "Retrieved", "Ready"]);
    assert_eq!(receiver.heard().len(), 3);
}

/// `validation-fail-mode`: dialed all the same, or as if it had not been taken.
#[test]
fn fail_modes() {
    for (mode, goes_out) in [("open", true), ("closed", false)] {
        let receiver = Receiver::start(|_, _| Act::status(500));
        let server = server(&receiver, &format!("validation-fail-mode = \"{mode}\""));
        let handle = record(&server, "+16505550100");
        let preview = server.preview(CALLING, "ann");
        assert_eq!(preview["GSW_RECORD_HANDLE"] == handle, goes_out, "{mode}");
        let status = if goes_out { "Retrieved" } else { "Ready" };
        assert_eq!(
            stands(&server, &handle),
            (json!(status), json!(28), json!(0))
        );
    }
}

/// A web server that keeps failing is left alone, and an outage never burns a list: no record
/// is taken, and everybody is told why.
#[test]
fn an_outage() {
    let receiver = Receiver::start(|_, _| Act::status(500));
    let server = server(&receiver, "validation-fail-mode = \"closed\"");
    let handle = record(&server, "+16505550100");
    for _ in 0..20 {
        assert_eq!(server.next(CALLING, "ann"), Value::Null);
    }
    let failed = Instant::now();
    let empty = server.preview(CALLING, "ann");
    let why = empty["why"].as_str().expect("why");
    assert!(why.ends_with("before they are handed out, fails"), "{why}");
    assert_eq!(receiver.heard().len(), 20, "it is left alone");
    assert_eq!(
        stands(&server, &handle),
        (json!("Ready"), json!(28), json!(0))
    );
    let reason = server.record(&handle)["why"][0].clone();
    assert_eq!(reason["reason"], "validation-fails", "{reason}");
    let group = server.get(&format!("/campaigngroups/{CALLING}"));
    assert_eq!(group["waits"][0], why);
    server
        .home
        .ocs(&["outbox"])
        .expect(0, &["20 failures in a row", "left alone for"]);
    receiver.script(|_, _| Act::ok());
    until("it is asked again", || {
        server.next(CALLING, "ann") == handle
    });
    assert!(failed.elapsed() > Duration::from_secs(4));
}

/// Whoever asks waits five seconds; what is answered later is carried out all the same, but
/// that nobody gets the record.
#[test]
fn an_answer_that_comes_late() {
    let late = Duration::from_secs(7);
    let receiver = Receiver::start(move |_, number| match number {
        0 => Act::Late(late),
        _ => Act::ok(),
    });
    let server = server(&receiver, "");
    let handle = record(&server, "+16505550100");
    let asked = Instant::now();
    let empty = server.preview(CALLING, "ann");
    let waited = asked.elapsed();
    assert!(
        (Duration::from_secs(5)..late).contains(&waited),
        "{waited:?}"
    );
    let why = empty["why"].as_str().expect("why");
    assert!(why.contains("has not answered in time"), "{why}");
    assert_eq!(stands(&server, &handle).0, "Retrieved");
    until("it goes back", || stands(&server, &handle).0 == "Ready");
    assert_eq!(
        stands(&server, &handle),
        (json!("Ready"), json!(28), json!(0))
    );
    assert_eq!(server.next(CALLING, "ann"), handle);
}

/// OCS is killed while a web server is asked: the record was never delivered, and goes back.
#[test]
fn ocs_is_killed_in_between() {
    let receiver = Receiver::start(|_, number| match number {
        0 => Act::Hang,
        _ => Act::ok(),
    });
    let server = server(&receiver, "");
    let handle = record(&server, "+16505550100");
    let mut connection = server.connect();
    let target = format!("/campaigngroups/{CALLING}?req=PreviewRecordRequest");
    let request = crate::http::request("POST", &target, &[], b"{\"GSW_AGENT_ID\":\"ann\"}");
    connection.send(&request).expect("it is sent");
    receiver.wait(1);
    assert_eq!(stands(&server, &handle).0, "Retrieved");
    let server = server.kill_9().start();
    until("it goes back", || stands(&server, &handle).0 == "Ready");
    let record = server.record(&handle);
    assert_eq!(record["GSW_ATTEMPTS"], 0);
    assert_eq!(record["attempts"], json!([]), "it was none");
    assert_eq!(server.next(CALLING, "ann"), handle);
    // What was delivered stays with its agent over a restart.
    let server = server.kill_9().start();
    assert_eq!(stands(&server, &handle).0, "Retrieved");
    assert_eq!(server.next(CALLING, "ann"), Value::Null);
}

/// The same Idempotency-Key gets the same record, and the web server is asked once.
#[test]
fn once_by_its_key() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = server(&receiver, "");
    for number in 0..2 {
        record(&server, &format!("+1650555010{number}"));
    }
    let target = format!("/campaigngroups/{CALLING}?req=PreviewRecordRequest");
    let ask = || {
        let key = [("Idempotency-Key", "k-1")];
        let body = b"{\"GSW_AGENT_ID\":\"ann\"}";
        server.request("POST", &target, &key, body).expect(200)
    };
    assert_eq!(ask(), ask());
    assert_eq!(receiver.heard().len(), 1);
    assert_ne!(server.next(CALLING, "ann"), ask()["GSW_RECORD_HANDLE"]);
}

/// Records are to be validated, and nobody says by whom: none is handed out.
#[test]
fn without_an_address() {
    let server = running_of(home("pre-dial-validation = true"), &[CALLING]);
    let handle = record(&server, "+16505550100");
    let why = server.preview(CALLING, "ann")["why"].clone();
    let why = why.as_str().expect("why");
    assert!(why.contains("no validation-uri says by whom"), "{why}");
    assert_eq!(
        server.record(&handle)["why"][0]["reason"],
        "validation-without-uri"
    );
    assert!(
        server
            .log()
            .contains("there is no validation-uri beside it")
    );
}
