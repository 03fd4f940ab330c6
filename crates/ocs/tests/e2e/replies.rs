//! What OCS answers to what is right.

use serde_json::{Value, json};

use crate::home::OBJECTS;
use crate::server::{ADD, Server};

/// Asserts that an event has these attributes; `null` for those that it has not.
#[track_caller]
pub(crate) fn has(event: &Value, attributes: &Value) {
    for (key, right) in attributes.as_object().expect("attributes") {
        assert_eq!(event[key], *right, "{key} in {event}");
    }
}

#[test]
fn a_new_record() {
    let server = Server::start();
    // What is sent, what the acknowledgement has, what the record has.
    let table = [
        (
            json!({}),
            json!({ "GSW_CHAIN_N": 0, "GSW_CALLING_LIST": "Spring", "GSW_PHONE": "555" }),
            json!({
                "GSW_USER_EVENT": "Record", "GSW_RECORD_TYPE": "General",
                "GSW_RECORD_STATUS": "Ready", "GSW_CALL_RESULT": 28, "GSW_ATTEMPTS": 0,
                "GSW_FROM": 28_800, "GSW_UNTIL": 64_800, "GSW_TZ_NAME": "America/New_York",
                "GSW_PHONE_TYPE": "NoContactType", "GSW_CALLING_LIST_DBID": 201,
                "GSW_CHAIN_N": 0, "GSW_DATE_TIME": null, "GSW_CALL_TIME": null,
                "GSW_CUSTOMER_ID": null, "GSW_AGENT_ID": null, "GSW_CAMPAIGN_NAME": null,
            }),
        ),
        // Enumerations by number, by numeric string, by name in any case.
        (
            json!({ "GSW_PHONE_TYPE": 4, "GSW_RECORD_TYPE": "6", "GSW_CALL_RESULT": "nOaNsWeR" }),
            json!({
                "GSW_PHONE_TYPE": "Mobile", "GSW_RECORD_TYPE": "CampaignCallBack",
                "GSW_CALL_RESULT": 7,
            }),
            json!({
                "GSW_PHONE_TYPE": "Mobile", "GSW_RECORD_TYPE": "CampaignCallBack",
                "GSW_CALL_RESULT": 7,
            }),
        ),
        (
            json!({ "GSW_RECORD_STATUS": "updated", "GSW_PHONE_TYPE": " directBusinessPhone " }),
            json!({ "GSW_RECORD_STATUS": "Updated", "GSW_PHONE_TYPE": "DirectBusinessPhone" }),
            json!({ "GSW_RECORD_STATUS": "Updated", "GSW_PHONE_TYPE": "DirectBusinessPhone" }),
        ),
        (
            json!({ "GSW_RECORD_STATUS": 1, "GSW_CALL_RESULT": 0, "GSW_ATTEMPTS": "3" }),
            json!({ "GSW_RECORD_STATUS": "Ready", "GSW_CALL_RESULT": 0, "GSW_ATTEMPTS": 3 }),
            json!({ "GSW_RECORD_STATUS": "Ready", "GSW_CALL_RESULT": 0, "GSW_ATTEMPTS": 3 }),
        ),
        // The client's number is only echoed.
        (
            json!({ "GSW_REFERENCE_ID": 9_007_199_254_740_993_i64 }),
            json!({ "GSW_REFERENCE_ID": 9_007_199_254_740_993_i64 }),
            json!({ "GSW_REFERENCE_ID": null }),
        ),
        (
            json!({ "GSW_REFERENCE_ID": "-5" }),
            json!({ "GSW_REFERENCE_ID": -5 }),
            json!({}),
        ),
        // A date in the record's zone, and one that brings its own.
        (
            json!({ "GSW_DATE_TIME": "11/22/2031 09:30" }),
            json!({ "GSW_DATE_TIME": "11/22/2031 09:30" }),
            json!({ "GSW_DATE_TIME": "11/22/2031 09:30", "GSW_TZ_NAME": "America/New_York" }),
        ),
        (
            json!({ "GSW_DATE_TIME": "2031-11-22T18:30:00+01:00", "GSW_TZ_NAME": "PST" }),
            json!({}),
            json!({ "GSW_DATE_TIME": "11/22/2031 09:30", "GSW_TZ_NAME": "PST" }),
        ),
        (
            json!({ "GSW_DATE_TIME": "2031-07-22T17:30:00Z", "GSW_TZ_NAME": "AKT" }),
            json!({}),
            json!({ "GSW_DATE_TIME": "07/22/2031 09:30", "GSW_TZ_NAME": "AKT" }),
        ),
        (
            json!({ "GSW_TZ_NAME": "Asia/Kolkata" }),
            json!({ "GSW_TZ_NAME": "Asia/Kolkata" }),
            json!({ "GSW_TZ_NAME": "Asia/Kolkata", "GSW_TZ_OFFSET": 19_800 }),
        ),
        (
            json!({
                "GSW_CUSTOMER_ID": 17, "GSW_AGENT_ID": "a1", "GSW_CAMPAIGN_NAME": "SpringCampaign",
                "GSW_RECORD_TYPE": "PersonalCallBack", "GSW_CALL_TIME": "1700000000",
                "GSW_FROM": 79_200, "GSW_UNTIL": "21600",
            }),
            json!({ "GSW_CALL_TIME": 1_700_000_000, "GSW_UNTIL": 21_600 }),
            json!({
                "GSW_CUSTOMER_ID": "17", "GSW_AGENT_ID": "a1",
                "GSW_CAMPAIGN_NAME": "SpringCampaign", "GSW_RECORD_TYPE": "PersonalCallBack",
                "GSW_CALL_TIME": 1_700_000_000, "GSW_FROM": 79_200, "GSW_UNTIL": 21_600,
            }),
        ),
        // Every type of field; what is no field is named and not stored.
        (
            json!({
                "visits": "-7", "balance": 12.50, "language": "de", "client-id": 17,
                "last-visit": "07/01/2026 09:00", "Shoe-Size": 42, "GSW_SHOE": "x",
            }),
            json!({ "Shoe-Size": null, "visits": "-7" }),
            json!({
                "visits": -7, "Balance": "12.5", "language": "de", "client-id": "17",
                "last-visit": "2026-07-01T13:00:00Z", "Shoe-Size": null, "balance": null,
            }),
        ),
        (
            json!({ "visits": i64::MIN, "Balance": "1e3" }),
            json!({}),
            json!({ "visits": i64::MIN, "Balance": 1000 }),
        ),
    ];
    for (mut sent, acknowledged, stored) in table {
        sent["GSW_PHONE"] = "555".into();
        let event = server.add(&sent);
        has(
            &event,
            &json!({ "GSW_USER_EVENT": "AddRecordAcknowledge", "GSW_AGENT_REQ_TYPE": null }),
        );
        has(&event, &acknowledged);
        let ignored = event["GSW_IGNORED"].as_str().unwrap_or_default();
        let named = |key: &str| ignored.split(", ").any(|ignored| ignored == key);
        assert_eq!(
            named("Shoe-Size"),
            sent.get("Shoe-Size").is_some(),
            "{event}"
        );
        has(&server.record(&event["GSW_RECORD_HANDLE"]), &stored);
    }
    server.stop();
}

/// A chain from its first record to its end, and the counts that follow it.
#[test]
fn a_chain() {
    let server = Server::start();
    let counts = |right: Value| {
        let list = server.get("/lists/Spring");
        has(
            &list,
            &json!({ "GSW_USER_EVENT": "CallingList", "GSW_CALLING_LIST_DBID": 201 }),
        );
        has(&list["counts"], &right);
        let all = list["counts"].as_object().expect("counts").values();
        let total: i64 = all.map(|count| count.as_i64().expect("a count")).sum();
        assert_eq!(list["records"], total);
        let lists = server.get("/lists");
        let of_all = lists["lists"].as_array().expect("lists").iter();
        let listed = of_all
            .clone()
            .find(|entry| entry["GSW_CALLING_LIST"] == "Spring");
        assert_eq!(listed.expect("it is listed")["records"], total);
        assert_eq!(of_all.count(), 4);
    };
    counts(json!({ "Ready": 0, "Updated": 0, "ChainUpdated": 0 }));
    let first = server.add(&json!({ "GSW_PHONE": "1" }));
    let chain = &first["GSW_CHAIN_ID"];
    let mut chained = Vec::new();
    for (place, number) in [(1, chain.clone()), (2, json!(chain.to_string()))] {
        let phone = format!("{place}");
        let event = server.add(&json!({ "GSW_PHONE": phone, "GSW_CHAIN_ID": number }));
        has(
            &event,
            &json!({ "GSW_CHAIN_ID": chain, "GSW_CHAIN_N": place }),
        );
        chained.push(event["GSW_RECORD_HANDLE"].clone());
    }
    let other = server.add(&json!({ "GSW_PHONE": "9" }));
    assert_ne!(other["GSW_CHAIN_ID"], *chain);
    // One of the chain is final already, and stays what it is.
    let done = json!({ "GSW_PHONE": "3", "GSW_CHAIN_ID": chain, "GSW_RECORD_STATUS": "Updated" });
    let done = &server.add(&done)["GSW_RECORD_HANDLE"];
    counts(json!({ "Ready": 4, "Updated": 1, "ChainUpdated": 0 }));

    let handle = &chained[0];
    let update = format!("/records/{handle}?req=UpdateCallCompletionStats");
    let sent = json!({
        "GSW_CALL_RESULT": "Answer", "visits": 3, "shoe-size": "42", "GSW_REFERENCE_ID": 7,
        "GSW_RECORD_HANDLE": handle.to_string(), "GSW_CALLING_LIST": "Spring",
    });
    let event = server.post(&update, &sent).expect(200);
    has(
        &event,
        &json!({
            "GSW_USER_EVENT": "UpdateCallCompletionStatsAcknowledge", "GSW_RECORD_HANDLE": handle,
            "GSW_CALL_RESULT": 33, "GSW_REFERENCE_ID": 7, "GSW_IGNORED": "shoe-size", "visits": 3,
            "shoe-size": null,
        }),
    );
    has(
        &server.record(handle),
        &json!({
            "GSW_RECORD_STATUS": "Ready", "GSW_CALL_RESULT": 33, "visits": 3, "GSW_CALL_TIME": null,
        }),
    );
    counts(json!({ "Ready": 4, "Updated": 1, "ChainUpdated": 0 }));

    let processed = format!("/records/{handle}?req=RecordProcessed");
    let event = server.request("POST", &processed, &[], b"").expect(200);
    has(
        &event,
        &json!({ "GSW_USER_EVENT": "RecordProcessedAcknowledge", "GSW_RECORD_HANDLE": handle }),
    );
    let record = server.record(handle);
    has(
        &record,
        &json!({
            "GSW_RECORD_STATUS": "Updated", "GSW_CALL_RESULT": 33, "visits": 3, "GSW_ATTEMPTS": 0,
        }),
    );
    assert!(
        record["GSW_CALL_TIME"].as_i64() > Some(1_700_000_000),
        "{record}"
    );
    for (handle, status) in [
        (&first["GSW_RECORD_HANDLE"], "ChainUpdated"),
        (&chained[1], "ChainUpdated"),
        (done, "Updated"),
        (&other["GSW_RECORD_HANDLE"], "Ready"),
    ] {
        has(
            &server.record(handle),
            &json!({ "GSW_RECORD_STATUS": status }),
        );
    }
    counts(json!({ "Ready": 1, "Updated": 2, "ChainUpdated": 2 }));
    server.stop();
}

/// A refusal echoes the client's number too; so does one that its body cannot explain.
#[test]
fn the_reference_in_refusals() {
    let server = Server::start();
    for (target, body, status, reference) in [
        (ADD, json!({ "GSW_REFERENCE_ID": 5 }), 400, json!(5)),
        (
            ADD,
            json!({ "GSW_PHONE": "1", "GSW_FROM": -1, "GSW_REFERENCE_ID": "6" }),
            400,
            json!(6),
        ),
        (
            "/lists/Winter?req=AddRecord",
            json!({ "GSW_PHONE": "1", "GSW_REFERENCE_ID": 7 }),
            404,
            json!(7),
        ),
        (
            "/records/99?req=RecordProcessed",
            json!({ "GSW_REFERENCE_ID": 8 }),
            404,
            json!(8),
        ),
        (
            ADD,
            json!({ "GSW_PHONE": "1", "GSW_CALLING_LIST": "x", "GSW_REFERENCE_ID": 9 }),
            400,
            json!(9),
        ),
        (
            ADD,
            json!({ "GSW_PHONE": "", "GSW_REFERENCE_ID": 1.5 }),
            400,
            Value::Null,
        ),
    ] {
        let event = server.post(target, &body).expect(status);
        assert_eq!(event["GSW_REFERENCE_ID"], reference, "{event}");
        assert_eq!(event["GSW_USER_EVENT"], "ErrorMessage");
    }
}

#[test]
fn unknown_keys_by_configuration() {
    let server = Server::start();
    let unknown = json!({ "GSW_PHONE": "1", "shoe-size": "42" });
    server.add(&unknown);
    let home = server.stop();
    // The option of the whole server; a calling list may say otherwise.
    let text = home.read("ocs.toml").replace(
        "[options.OCServer]",
        "[options.OCServer]\nunknown-attributes = \"refuse\"",
    );
    home.write("ocs.toml", text);
    home.apply(&OBJECTS.replace("\"refuse\"", "\"ignore\""));
    let server = home.start();
    let event = server.post(ADD, &unknown).expect(400);
    has(
        &event,
        &json!({ "GSW_ERROR_NUMBER": 1014, "GSW_ERROR_ATTRIBUTE": "shoe-size" }),
    );
    let update = json!({ "shoe-size": "42" });
    let event = server
        .post("/records/1?req=UpdateCallCompletionStats", &update)
        .expect(400);
    has(
        &event,
        &json!({ "GSW_ERROR_NUMBER": 1014, "GSW_ERROR_ATTRIBUTE": "shoe-size" }),
    );
    let event = server
        .post("/lists/Strict?req=AddRecord", &unknown)
        .expect(200);
    has(&event, &json!({ "GSW_IGNORED": "shoe-size" }));
    // Requests that store no fields are judged alike, but a calling list's field is known.
    let strict = &event["GSW_RECORD_HANDLE"];
    let one = &server.add(&json!({ "GSW_PHONE": "2" }))["GSW_RECORD_HANDLE"];
    let on = |handle: &Value, req: &str| format!("/records/{handle}?req={req}");
    for (target, known) in [
        (on(one, "RecordReject"), 409),
        (on(one, "ChainedRecordRequest"), 409),
        (on(one, "RecordReschedule"), 200),
        (on(one, "ScheduledRecordReschedule"), 200),
        (on(one, "RequestRecordCancel"), 200),
        (on(&json!(1), "DoNotCall"), 200),
        ("/phones/3?req=DoNotCall".to_owned(), 200),
        ("/customer_ids/3?req=RequestRecordCancel".to_owned(), 404),
        ("/campaigngroups/999?req=LoadCampaign".to_owned(), 404),
        ("/campaigngroups/999?req=GetRecord".to_owned(), 404),
    ] {
        let sent = |key: &str| json!({ "GSW_DATE_TIME": "01/01/2038 00:00", key: "42" });
        let event = server.post(&target, &sent("shoe-size")).expect(400);
        has(
            &event,
            &json!({ "GSW_ERROR_NUMBER": 1014, "GSW_ERROR_ATTRIBUTE": "shoe-size" }),
        );
        server.post(&target, &sent("client-id")).expect(known);
    }
    let event = server
        .post(&on(strict, "RequestRecordCancel"), &update)
        .expect(200);
    has(&event, &json!({ "GSW_IGNORED": "shoe-size" }));
    server.stop();
}

/// Everything is there after a restart, and no handle is given out twice.
#[test]
fn after_a_restart() {
    let server = Server::start();
    let added = server.add(&json!({ "GSW_PHONE": "1", "client-id": "ä", "Balance": 1.5 }));
    let other = server.add(&json!({ "GSW_PHONE": "2", "GSW_TZ_NAME": "Asia/Tokyo" }));
    let chain = json!({ "GSW_PHONE": "3", "GSW_CHAIN_ID": added["GSW_CHAIN_ID"] });
    let last = server.add(&chain);
    let handles = [&added, &other, &last].map(|event| event["GSW_RECORD_HANDLE"].clone());
    let seen = |server: &Server| {
        let mut seen = vec![server.get("/lists"), server.get("/lists/Spring")];
        for handle in &handles {
            let mut record = server.record(handle);
            // The port is another one, and who can be called at once is called at that moment.
            record["GSW_RECORD_URI"].take();
            record["next_callable"].take();
            seen.push(record);
        }
        seen
    };
    let before = seen(&server);
    let server = server.stop().start();
    assert_eq!(seen(&server), before);
    let next = server.add(&json!({ "GSW_PHONE": "4", "GSW_CHAIN_ID": added["GSW_CHAIN_ID"] }));
    assert_eq!(next["GSW_CHAIN_N"], 2);
    assert!(
        next["GSW_RECORD_HANDLE"].as_u64() > last["GSW_RECORD_HANDLE"].as_u64(),
        "{next}"
    );
    // The records of before go on under their handles.
    let processed = format!("/records/{}?req=RecordProcessed", handles[0]);
    server.post(&processed, &json!({})).expect(200);
    has(
        &server.record(&handles[2]),
        &json!({ "GSW_RECORD_STATUS": "ChainUpdated" }),
    );
    server.stop();
}
