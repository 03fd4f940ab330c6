//! CallProgress, and the other reports of a call: for this attempt, for another, twice, late,
//! and never.

use serde_json::{Value, json};

use super::{add, call_to, calls_out, dials, phone, processed, report, stands};
use crate::notify::receiver::{Act, Receiver};
use crate::process::until;
use crate::replies::has;
use crate::server::Server;

fn progress(server: &Server, call: &Value, progress: &str) -> crate::http::Reply {
    report(
        server,
        call,
        "CallProgress",
        json!({ "GSW_CALL_PROGRESS": progress }),
    )
}

#[test]
fn from_dialing_to_its_end() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = dials(&receiver, "");
    let handle = add(&server, 0);
    let call = call_to(&receiver, &phone(0), 1);
    // What is reported, its answer, and the calls that are out then.
    for (reported, status, out) in [
        ("Dialing", 200, 1),
        ("Dialing", 200, 1),
        ("answered", 200, 1),
        ("2", 200, 1),
        ("Dialing", 200, 1),
        ("AgentConnected", 200, 1),
        ("Abandoned", 409, 1),
        ("Released", 200, 0),
        ("Released", 200, 0),
        ("Answered", 200, 0),
        ("Abandoned", 409, 0),
    ] {
        let reply = progress(&server, &call, reported);
        let event = reply.expect(status);
        match status {
            200 => has(
                &event,
                &json!({
                    "GSW_USER_EVENT": "CallProgressAcknowledge", "GSW_RECORD_HANDLE": handle,
                    "GSW_CALL_ATTEMPT_GUID": call["GSW_CALL_ATTEMPT_GUID"],
                }),
            ),
            _ => has(
                &event,
                &json!({
                    "GSW_ERROR_NUMBER": 1210, "GSW_ERROR_ATTRIBUTE": "GSW_CALL_PROGRESS",
                }),
            ),
        }
        assert_eq!(calls_out(&server), out, "{reported}");
        assert_eq!(stands(&server, &handle).0, "Retrieved", "{reported}");
    }
    processed(&server, &call, "Answer");
    assert_eq!(
        stands(&server, &handle),
        (json!("Updated"), json!(33), json!(1))
    );
    let late = progress(&server, &call, "Released").expect(409);
    assert_eq!(late["GSW_ERROR_NUMBER"], 1030, "the record is final");
    let requests = server.home.ocs(&["requests"]).stdout;
    assert!(requests.contains("CallProgress"), "{requests}");
}

#[test]
fn what_is_refused() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = dials(&receiver, "");
    let handle = add(&server, 0);
    let call = call_to(&receiver, &phone(0), 1);
    let guid = &call["GSW_CALL_ATTEMPT_GUID"];
    let other = "0".repeat(32);
    for (body, status, number, attribute) in [
        (
            json!({ "GSW_CALL_PROGRESS": "Answered" }),
            400,
            10,
            "GSW_CALL_ATTEMPT_GUID",
        ),
        (
            json!({ "GSW_CALL_ATTEMPT_GUID": guid }),
            400,
            10,
            "GSW_CALL_PROGRESS",
        ),
        (
            json!({ "GSW_CALL_PROGRESS": "Gone", "GSW_CALL_ATTEMPT_GUID": guid }),
            400,
            10,
            "GSW_CALL_PROGRESS",
        ),
        (
            json!({ "GSW_CALL_PROGRESS": "Answered", "GSW_CALL_ATTEMPT_GUID": other }),
            409,
            1032,
            "GSW_CALL_ATTEMPT_GUID",
        ),
    ] {
        let event = server.on(&handle, "CallProgress", &body).expect(status);
        has(
            &event,
            &json!({ "GSW_ERROR_NUMBER": number, "GSW_ERROR_ATTRIBUTE": attribute }),
        );
    }
    let sent = json!({ "GSW_CALL_RESULT": "Busy", "GSW_CALL_ATTEMPT_GUID": other });
    for req in ["UpdateCallCompletionStats", "RecordProcessed"] {
        let event = server.on(&handle, req, &sent).expect(409);
        assert_eq!(event["GSW_ERROR_NUMBER"], 1032, "{req}");
    }
    // Nothing of it counts.
    assert_eq!(calls_out(&server), 1);
    assert_eq!(
        stands(&server, &handle),
        (json!("Retrieved"), json!(28), json!(1))
    );
    let unknown = json!({ "GSW_CALL_PROGRESS": "Answered", "GSW_CALL_ATTEMPT_GUID": guid });
    let event = server
        .on(&json!(2_000_000), "CallProgress", &unknown)
        .expect(404);
    assert_eq!(event["GSW_ERROR_NUMBER"], 1003);
}

/// What ends a call's hold of its channel.
#[test]
fn what_frees_a_channel() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = dials(&receiver, ", channels = 1, dialing-rate = 100");
    let handles: Vec<_> = (0..6).map(|number| add(&server, number)).collect();
    let ends: [(&str, Value); 5] = [
        ("CallProgress", json!({ "GSW_CALL_PROGRESS": "Released" })),
        ("CallProgress", json!({ "GSW_CALL_PROGRESS": "Abandoned" })),
        (
            "UpdateCallCompletionStats",
            json!({ "GSW_CALL_RESULT": "NoAnswer" }),
        ),
        ("RecordProcessed", json!({ "GSW_CALL_RESULT": "NoAnswer" })),
        ("RecordReject", json!({})),
    ];
    let mut called = Vec::new();
    for (req, body) in &ends {
        let heard = receiver.wait(called.len() + 1);
        assert_eq!(heard.len(), called.len() + 1, "one at a time");
        let call = heard[called.len()].json();
        called.push(call["GSW_RECORD_HANDLE"].clone());
        report(&server, &call, req, body.clone()).expect(200);
    }
    assert_eq!(called, handles[..5], "each once, in order");
    // The record that was given back counts no attempt; it is the next but one.
    let heard = receiver.wait(6);
    let given_back = heard[5].json();
    assert_eq!(given_back["GSW_RECORD_HANDLE"], handles[4]);
    assert_eq!(given_back["GSW_ATTEMPTS"], 1);
    assert_eq!(
        stands(&server, &handles[0]),
        (json!("Retrieved"), json!(28), json!(1))
    );
    assert_eq!(
        stands(&server, &handles[1]),
        (json!("Retrieved"), json!(21), json!(1))
    );
    assert_eq!(
        stands(&server, &handles[2]),
        (json!("Retrieved"), json!(7), json!(1))
    );
    assert_eq!(
        stands(&server, &handles[3]),
        (json!("Updated"), json!(7), json!(1))
    );
}

/// An abandoned call counts when it is reported, and once; one that somebody answered is a
/// hit, whatever is said of it, or never.
#[test]
fn statistics_hear_of_it() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = dials(&receiver, ", dialing-rate = 100");
    let status = || {
        let status = server.group(super::POWER, "GetCampaignStatus", &json!({}));
        status.expect(200)
    };
    let call = |number| {
        add(&server, number);
        call_to(&receiver, &phone(number), 1)
    };
    let abandoned = call(0);
    progress(&server, &abandoned, "Answered").expect(200);
    progress(&server, &abandoned, "Abandoned").expect(200);
    progress(&server, &abandoned, "Abandoned").expect(200);
    has(
        &status(),
        &json!({
            "GSW_STAT_ATTEMPTS": 1, "GSW_STAT_ANSWERED": 1, "GSW_STAT_ABANDONED": 1,
            "GSW_STAT_ABANDONED_RATE_US": "100.00",
        }),
    );
    processed(&server, &abandoned, "NoAnswer");
    let unsaid = call(1);
    progress(&server, &unsaid, "Answered").expect(200);
    progress(&server, &unsaid, "Released").expect(200);
    processed(&server, &unsaid, "Unknown");
    processed(&server, &call(2), "Busy");
    processed(&server, &call(3), "Answer");
    has(
        &status(),
        &json!({
            "GSW_STAT_ATTEMPTS": 4, "GSW_STAT_ANSWERED": 3, "GSW_STAT_ABANDONED": 1,
            "GSW_STAT_HIT_RATIO": "75.00", "GSW_STAT_OVERDIAL_RATE": "33.33",
        }),
    );
}

/// A call that nobody reports: its channel is free after `call-timeout`, its record is Stale,
/// and what is reported then is of another attempt. One that was answered has the record's own
/// time.
#[test]
fn never() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = dials(&receiver, ", channels = 2, call-timeout = \"1s\"");
    let handles = [add(&server, 0), add(&server, 1)];
    let answered = call_to(&receiver, &phone(1), 1);
    progress(&server, &answered, "Answered").expect(200);
    let unreported = call_to(&receiver, &phone(0), 1);
    let again = call_to(&receiver, &phone(0), 2);
    assert_eq!(again["GSW_ATTEMPTS"], 2);
    assert_ne!(
        again["GSW_CALL_ATTEMPT_GUID"],
        unreported["GSW_CALL_ATTEMPT_GUID"]
    );
    let attempts = server.record(&handles[0])["attempts"].clone();
    assert_eq!(attempts[0]["GSW_CALL_RESULT"], 46, "{attempts}");
    let late = json!({ "GSW_CALL_RESULT": "Answer" });
    let event = report(&server, &unreported, "RecordProcessed", late).expect(409);
    assert_eq!(event["GSW_ERROR_NUMBER"], 1032);
    until("the log says so", || {
        server
            .log()
            .contains("nobody reported a call within its call-timeout")
    });
    // Its last attempt, 3 of 3, is over too: nothing dials it any more.
    until("it is given up", || {
        stands(&server, &handles[0]) == (json!("Stale"), json!(46), json!(3))
    });
    assert_eq!(super::calls_to(&receiver, &phone(0)).len(), 3);
    assert_eq!(stands(&server, &handles[1]).0, "Retrieved");
    assert_eq!(calls_out(&server), 1);
    processed(&server, &answered, "Answer");
    assert_eq!(calls_out(&server), 0);
}

/// A callback that is agreed on while the call goes on: the call takes its channel until it is
/// over, and its attempt counts once.
#[test]
fn put_off_in_the_call() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = dials(&receiver, "");
    let handle = add(&server, 0);
    let call = call_to(&receiver, &phone(0), 1);
    let at = json!({ "GSW_DATE_TIME": "2099-01-01T10:00:00Z" });
    report(&server, &call, "RecordReschedule", at).expect(200);
    assert_eq!(calls_out(&server), 1);
    progress(&server, &call, "Released").expect(200);
    assert_eq!(calls_out(&server), 0);
    processed(&server, &call, "Answer");
    assert_eq!(
        stands(&server, &handle),
        (json!("Ready"), json!(33), json!(1))
    );
}
