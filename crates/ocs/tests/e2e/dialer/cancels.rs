//! A record is cancelled, or comes on the Do Not Call list, while its call is out.

use serde_json::{Value, json};

use super::{add, call_to, calls_out, dials, phone, report, stands};
use crate::notify::receiver::{Act, Heard, Receiver};
use crate::process::until;
use crate::replies::has;

fn cancels(receiver: &Receiver) -> Vec<Value> {
    let heard = receiver.heard();
    let all = heard.iter().map(Heard::json);
    all.filter(|one| one["GSW_USER_EVENT"] == "RecordCancel")
        .collect()
}

#[test]
fn the_platform_is_told() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = dials(&receiver, "");
    for (number, (way, body, status, result)) in [
        ("record", json!({}), "Cancelled", 52),
        ("phone", json!({}), "Cancelled", 52),
        ("do not call", json!({}), "Updated", 51),
    ]
    .into_iter()
    .enumerate()
    {
        let handle = add(&server, number);
        let call = call_to(&receiver, &phone(number), 1);
        let reply = match way {
            "record" => server.on(&handle, "RequestRecordCancel", &body),
            "phone" => {
                let target = format!("/phones/{}?req=RequestRecordCancel", phone(number));
                server.post(&target, &body)
            }
            _ => server.post(&format!("/phones/{}?req=DoNotCall", phone(number)), &body),
        };
        reply.expect(200);
        let heard = receiver.wait(2 * number + 2);
        let told = heard[2 * number + 1].json();
        has(
            &told,
            &json!({
                "GSW_USER_EVENT": "RecordCancel", "GSW_RECORD_HANDLE": handle,
                "GSW_RECORD_URI": call["GSW_RECORD_URI"],
                "GSW_CALL_ATTEMPT_GUID": call["GSW_CALL_ATTEMPT_GUID"],
                "GSW_CAMPAIGN_GROUP_DBID": super::POWER,
            }),
        );
        until("its channel is free", || calls_out(&server) == 0);
        assert_eq!(
            stands(&server, &handle),
            (json!(status), json!(result), json!(1)),
            "{way}"
        );
        let late = json!({ "GSW_CALL_RESULT": "Answer" });
        report(&server, &call, "RecordProcessed", late).expect(409);
    }
    assert_eq!(cancels(&receiver).len(), 3, "each once");
}

/// A platform that does not hear it is told again, over a crash too; until then the call takes
/// its channel.
#[test]
fn until_it_is_heard() {
    let receiver = Receiver::start(|heard, _| match heard.json()["GSW_USER_EVENT"].as_str() {
        Some("RecordCancel") => Act::status(500),
        _ => Act::ok(),
    });
    let server = dials(&receiver, ", channels = 1");
    let handle = add(&server, 0);
    let call = call_to(&receiver, &phone(0), 1);
    server
        .on(&handle, "RequestRecordCancel", &json!({}))
        .expect(200);
    receiver.wait_until("it is told twice", |heard| heard.len() >= 3);
    assert_eq!(calls_out(&server), 1);
    let home = server.kill_9();
    receiver.script(|_, _| Act::ok());
    let before = receiver.heard().len();
    let server = home.start();
    let heard = receiver.wait(before + 1);
    let told = heard[before].json();
    assert_eq!(told["GSW_USER_EVENT"], "RecordCancel");
    assert_eq!(told["GSW_CALL_ATTEMPT_GUID"], call["GSW_CALL_ATTEMPT_GUID"]);
    until("its channel is free", || calls_out(&server) == 0);
    add(&server, 1);
    call_to(&receiver, &phone(1), 1);
}

/// A call that ends before the platform could be told of its cancel.
#[test]
fn over_before_it_is_heard() {
    let receiver = Receiver::start(|heard, _| match heard.json()["GSW_USER_EVENT"].as_str() {
        Some("RecordCancel") => Act::status(503),
        _ => Act::ok(),
    });
    let server = dials(&receiver, "");
    let handle = add(&server, 0);
    let call = call_to(&receiver, &phone(0), 1);
    server
        .on(&handle, "RequestRecordCancel", &json!({}))
        .expect(200);
    let ended = json!({ "GSW_CALL_PROGRESS": "Released" });
    report(&server, &call, "CallProgress", ended).expect(200);
    assert_eq!(calls_out(&server), 0);
    assert_eq!(stands(&server, &handle).0, "Cancelled");
}

/// A record is cancelled while the platform is being told of its call: it hears of the cancel
/// behind the call, never before.
#[test]
fn while_the_call_is_on_its_way() {
    let late = std::time::Duration::from_millis(700);
    let receiver = Receiver::start(
        move |heard, _| match heard.json()["GSW_USER_EVENT"].as_str() {
            Some("RecordCancel") => Act::ok(),
            _ => Act::Late(late),
        },
    );
    let server = dials(&receiver, "");
    let handle = add(&server, 0);
    let call = call_to(&receiver, &phone(0), 1);
    server
        .on(&handle, "RequestRecordCancel", &json!({}))
        .expect(200);
    let heard = receiver.wait(2);
    let pause = heard[1].at - heard[0].at;
    assert!(pause >= late, "{pause:?}");
    assert_eq!(
        heard[1].json()["GSW_CALL_ATTEMPT_GUID"],
        call["GSW_CALL_ATTEMPT_GUID"]
    );
    until("its channel is free", || calls_out(&server) == 0);
}

/// A person is erased whose call is out.
#[test]
fn erased_in_the_call() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = dials(&receiver, "");
    let handle = add(&server, 0);
    let call = call_to(&receiver, &phone(0), 1);
    server
        .home
        .ocs(&["erase", "--phone", &phone(0)])
        .expect(0, &[]);
    let heard = receiver.wait(2);
    let told = heard[1].json();
    assert_eq!(told["GSW_USER_EVENT"], "RecordCancel");
    assert_eq!(told["GSW_RECORD_HANDLE"], handle);
    assert_eq!(told["GSW_CALL_ATTEMPT_GUID"], call["GSW_CALL_ATTEMPT_GUID"]);
    until("its channel is free", || calls_out(&server) == 0);
}
