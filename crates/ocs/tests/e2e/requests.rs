//! Every request about records: its event, and what it does to the record, its chain,
//! the Do Not Call list and the counts (records.md, section 3).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::campaigns::{CALLING, DIALER, counts_agree, home, running};
use crate::http::Connection;
use crate::replies::has;
use crate::server::Server;

/// How a record comes to be asked about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// Ready, in nobody's hands.
    Ready,
    /// In the hands of the agent a1.
    Out,
    /// A CampaignCallBack in the hands of the agent a1.
    CallBackOut,
}

/// A record of this phone that stands so, and the GUID of its attempt.
#[track_caller]
fn record(server: &Server, phone: &str, stands: Stands) -> (Value, Value) {
    let record_type = if stands == Stands::CallBackOut { 6 } else { 2 };
    let attributes = json!({ "GSW_PHONE": phone, "GSW_RECORD_TYPE": record_type });
    let handle = server.add_to("Calls", &attributes);
    if stands == Stands::Ready {
        return (handle, Value::Null);
    }
    let taken = server.preview(CALLING, "a1");
    assert_eq!(taken["GSW_RECORD_HANDLE"], handle, "{taken}");
    (handle, taken["GSW_CALL_ATTEMPT_GUID"].clone())
}

/// A request, how the record stands, what is sent; the event, the record afterwards,
/// and whether its phone may still be called.
type Row = (&'static str, Stands, Value, Value, Value, u32);

fn table() -> Vec<Row> {
    use Stands::{CallBackOut, Out, Ready};
    let event = |name: &str| json!({ "GSW_USER_EVENT": name });
    let updated = || {
        json!({
            "GSW_USER_EVENT": "UpdateCallCompletionStatsAcknowledge", "GSW_CALL_RESULT": 33,
            "visits": 3, "Balance": "1.5",
        })
    };
    let answer = || json!({ "GSW_CALL_RESULT": "Answer", "visits": 3, "Balance": "1.5" });
    let soon = "01/01/2038 09:30";
    let campaign = || json!({ "GSW_DATE_TIME": soon, "GSW_CALLBACK_TYPE": "Campaign" });
    let personal = || json!({ "GSW_DATE_TIME": soon, "GSW_CALLBACK_TYPE": "personal" });
    let callback = |record_type: &str, agent: Value| {
        json!({
            "GSW_RECORD_STATUS": "Ready", "GSW_RECORD_TYPE": record_type, "GSW_AGENT_ID": agent,
            "GSW_DATE_TIME": soon, "GSW_ATTEMPTS": 0,
        })
    };
    let cancelled = || {
        json!({
            "GSW_RECORD_STATUS": "Cancelled", "GSW_CALL_RESULT": 52, "GSW_ATTEMPTS": 0,
            "GSW_CALL_ATTEMPT_GUID": null,
        })
    };
    let mut rows = vec![
        (
            "UpdateCallCompletionStats",
            Out,
            answer(),
            updated(),
            json!({
                "GSW_RECORD_STATUS": "Retrieved", "GSW_CALL_RESULT": 33, "visits": 3,
                "Balance": "1.5", "GSW_ATTEMPTS": 0, "GSW_CALL_TIME": null,
            }),
            0,
        ),
        (
            "UpdateCallCompletionStats",
            Ready,
            answer(),
            updated(),
            json!({ "GSW_RECORD_STATUS": "Ready", "GSW_CALL_RESULT": 33, "GSW_ATTEMPTS": 0 }),
            0,
        ),
        (
            "RecordProcessed",
            Out,
            answer(),
            json!({
                "GSW_USER_EVENT": "RecordProcessedAcknowledge", "GSW_CALL_RESULT": 33, "visits": 3,
            }),
            json!({
                "GSW_RECORD_STATUS": "Updated", "GSW_CALL_RESULT": 33, "visits": 3,
                "GSW_ATTEMPTS": 1, "GSW_CALL_ATTEMPT_GUID": null,
            }),
            0,
        ),
        (
            "RecordProcessed",
            Out,
            json!({ "GSW_TREATMENT": "RecordTreatCampaign" }),
            event("RecordProcessedAcknowledge"),
            json!({ "GSW_RECORD_STATUS": "Updated", "GSW_CALL_RESULT": 28, "GSW_ATTEMPTS": 1 }),
            0,
        ),
        (
            "RecordProcessed",
            Ready,
            json!({ "GSW_TREATMENT": "recordtreatpersonal" }),
            event("RecordProcessedAcknowledge"),
            json!({ "GSW_RECORD_STATUS": "Updated", "GSW_CALL_RESULT": 28, "GSW_ATTEMPTS": 0 }),
            0,
        ),
        (
            "RecordReject",
            Out,
            json!({}),
            event("RecordRejectAcknowledge"),
            json!({
                "GSW_RECORD_STATUS": "Ready", "GSW_ATTEMPTS": 0, "GSW_CALL_ATTEMPT_GUID": null,
                "attempts": [],
            }),
            0,
        ),
        (
            "DoNotCall",
            Out,
            json!({}),
            json!({ "GSW_USER_EVENT": "DoNotCallAcknowledge", "records": 1 }),
            json!({
                "GSW_RECORD_STATUS": "Updated", "GSW_RECORD_TYPE": "NoCall",
                "GSW_CALL_RESULT": 51, "GSW_ATTEMPTS": 0,
            }),
            1,
        ),
        (
            "DoNotCall",
            Ready,
            json!({ "GSW_CHAIN_ATTR": "RecordOnly" }),
            json!({
                "GSW_USER_EVENT": "DoNotCallAcknowledge", "records": 1,
                "GSW_CHAIN_ATTR": "RecordOnly",
            }),
            json!({ "GSW_RECORD_STATUS": "Updated", "GSW_RECORD_TYPE": "NoCall" }),
            1,
        ),
    ];
    for req in ["RequestRecordCancel", "RecordCancel", "CancelRecord"] {
        for stands in [Ready, Out] {
            let right = json!({ "GSW_USER_EVENT": "RecordCancelAcknowledge", "records": 1 });
            rows.push((req, stands, json!({}), right, cancelled(), 0));
        }
    }
    for (req, stands) in [
        ("RecordReschedule", Ready),
        ("RecordReschedule", Out),
        ("RecordReschedule", CallBackOut),
        ("ScheduledRecordReschedule", CallBackOut),
    ] {
        let right = event(&format!("{req}Acknowledge"));
        let whole = callback("CampaignCallBack", Value::Null);
        let mut named = personal();
        named["GSW_AGENT_ID"] = "a7".into();
        let theirs = callback("PersonalCallBack", "a7".into());
        rows.push((req, stands, campaign(), right.clone(), whole.clone(), 0));
        // Without a type it is the campaign's.
        let bare = json!({ "GSW_DATE_TIME": "2038-01-01T10:30:00+01:00" });
        rows.push((req, stands, bare, right.clone(), whole, 0));
        rows.push((req, stands, named, right.clone(), theirs, 0));
        if stands != Ready {
            // Whoever has it in hand, where nobody is named.
            let mine = callback("PersonalCallBack", "a1".into());
            rows.push((req, stands, personal(), right, mine, 0));
        }
    }
    rows
}

#[test]
fn about_a_record() {
    let server = running(&[CALLING]);
    for (number, (req, stands, mut sent, right, after, restricted)) in
        table().into_iter().enumerate()
    {
        let phone = format!("+1650555{number:04}");
        let (handle, guid) = record(&server, &phone, stands);
        sent["GSW_REFERENCE_ID"] = json!(number);
        sent["GSW_CALLING_LIST"] = "Calls".into();
        sent["GSW_CAMPAIGN_NAME"] = "Calling".into();
        sent["GSW_CALL_ATTEMPT_GUID"] = guid;
        sent["GSW_RECORD_HANDLE"] = handle.to_string().into();
        sent["shoe-size"] = json!(42);
        let event = server.on(&handle, req, &sent).expect(200);
        has(&event, &right);
        has(
            &event,
            &json!({
                "GSW_RECORD_HANDLE": handle, "GSW_REFERENCE_ID": number,
                "GSW_CALLING_LIST": "Calls", "GSW_AGENT_REQ_TYPE": null,
                "GSW_IGNORED": "shoe-size", "shoe-size": null,
            }),
        );
        let record = server.record(&handle);
        has(&record, &after);
        let in_attempt = stands != Stands::Ready && req != "RecordReject";
        let attempts = record["attempts"].as_array().expect("attempts");
        assert_eq!(attempts.len(), usize::from(in_attempt), "{req}: {record}");
        // The attempt is over when the record is; a callback's goes on until Processed.
        let is_over = record["GSW_CALL_ATTEMPT_GUID"].is_null();
        for attempt in attempts {
            assert_eq!(attempt["ended"].is_number(), is_over, "{req}: {record}");
        }
        if req == "RecordProcessed" {
            assert!(record["GSW_CALL_TIME"].as_i64() > Some(1_700_000_000));
            for attempt in attempts {
                has(
                    attempt,
                    &json!({ "GSW_CALL_RESULT": record["GSW_CALL_RESULT"] }),
                );
            }
        }
        let phone = server.get(&format!("/phones/{phone}"));
        assert_eq!(phone["do_not_call"], restricted, "{req}");
        counts_agree(&server, "Calls");
        // What is still open must not come before the next row's record.
        server.on(&handle, "RequestRecordCancel", &json!({}));
    }
    server.stop();
}

/// By number, by numeric string, by name in any case: every value that is documented.
#[test]
fn enumerations() {
    let server = home().start();
    let results = "Ok Transferred Conferenced GeneralError SystemError RemoteRelease Busy NoAnswer \
        SITDetected AnsweringMachine AllTrunksBusy SITInvalidNum SITVacant SITIntercept SITUnknown \
        SITNoCircuit SITReorder FaxDetected QueueFull Cleared Overflowed Abandoned Redirected \
        Forwarded Consult PickedUp Dropped DroppedNoAnswer Unknown Covered ConverseOn Bridged \
        Silence Answer NuTone NoDialTone NoProgress NoRingBack NoEstablished PagerDetected \
        WrongParty DialError CallDropError SwitchError NoFreePort TransferError Stale \
        AgentCallBackError GroupCallBackError Deafened Held DoNotCall CancelRecord WrongNumber";
    let types = "NoRecordType Unknown General CampaignRescheduled PersonalRescheduled \
        PersonalCallBack CampaignCallBack NoCall";
    let phones = "NoContactType HomePhone DirectBusinessPhone BusinessWithExt Mobile VacationPhone \
        Pager Modem VoiceMail PinPager EmailAddress InstantMessaging";
    let modes = "Predictive Progressive Preview EngagedProgressive EngagedPredictive Power \
        EngagedPower PushPreview ProgressiveGVP PredictiveGVP PowerGVP";
    let optimize = "None BusyFactor OverdialRate WaitTime DistributionTime MaximumGain";
    server.group(DIALER, "LoadCampaign", &json!({})).expect(200);
    let add = "/lists/Calls?req=AddRecord";
    let set = format!("/campaigngroups/{DIALER}?req=SetDialingMode");
    let handle = server.add_to("Calls", &json!({ "GSW_PHONE": "1" }));
    let update = format!("/records/{handle}?req=UpdateCallCompletionStats");
    let mut connection = server.connect();
    // Whether events have it as a number; the number of the first name; what else is sent.
    for (key, target, names, numbered, first, beside) in [
        (
            "GSW_CALL_RESULT",
            update.as_str(),
            results,
            true,
            0,
            json!({}),
        ),
        (
            "GSW_CALL_RESULT",
            add,
            "NoAnswer",
            true,
            7,
            json!({ "GSW_PHONE": "1" }),
        ),
        (
            "GSW_RECORD_TYPE",
            add,
            types,
            false,
            0,
            json!({ "GSW_PHONE": "1", "GSW_AGENT_ID": "a" }),
        ),
        (
            "GSW_RECORD_STATUS",
            add,
            "Ready",
            false,
            1,
            json!({ "GSW_PHONE": "1" }),
        ),
        (
            "GSW_RECORD_STATUS",
            add,
            "Updated",
            false,
            3,
            json!({ "GSW_PHONE": "1" }),
        ),
        (
            "GSW_PHONE_TYPE",
            add,
            phones,
            false,
            0,
            json!({ "GSW_PHONE": "1" }),
        ),
        ("GSW_DIAL_MODE", &set, modes, true, 1, json!({})),
        (
            "GSW_OPTIMIZE_BY",
            &set,
            optimize,
            true,
            0,
            json!({ "GSW_DIAL_MODE": 1 }),
        ),
    ] {
        for (number, name) in (first..).zip(names.split_whitespace()) {
            let right = if numbered { json!(number) } else { json!(name) };
            for written in [
                json!(number),
                json!(number.to_string()),
                json!(name),
                json!(name.to_uppercase()),
                json!(name.to_lowercase()),
            ] {
                let mut sent = beside.clone();
                sent[key] = written.clone();
                let event = post(&mut connection, target, &sent);
                assert_eq!(event[key], right, "{key} {written}: {event}");
            }
            let read = match key {
                "GSW_DIAL_MODE" | "GSW_OPTIMIZE_BY" => format!("/campaigngroups/{DIALER}"),
                _ if target == update => format!("/records/{handle}"),
                _ => {
                    let latest = server.get("/lists/Calls/records?limit=1000");
                    let records = latest["records"].as_array().expect("records");
                    let last = records.last().expect("a record");
                    assert_eq!(last[key], right, "{key} {name}");
                    continue;
                }
            };
            assert_eq!(server.get(&read)[key], right, "{key} {name}");
        }
    }
    counts_agree(&server, "Calls");
    server.stop();
}

#[track_caller]
fn post(connection: &mut Connection, target: &str, sent: &Value) -> Value {
    let body = sent.to_string();
    let reply = connection.ask("POST", target, &[], body.as_bytes());
    reply.expect("a reply").expect(200)
}

/// How far a request reaches: the record, its chain, a phone or a customer id in all
/// calling lists or in the one that is named.
#[test]
fn how_far_it_reaches() {
    // Two chains of two records in "Calls", a record in "More". `b` is the customer's
    // second record, `c` another person's, `d` the phone of `a` again.
    let people = [
        ("a", "Calls", "+16505550101", Some("C-1"), None),
        ("b", "Calls", "+16505550102", None, Some("a")),
        ("c", "Calls", "+16505550103", None, None),
        ("d", "More", "1 (650) 555-0101", None, None),
        ("e", "More", "+16505550105", Some("C-1"), None),
        ("f", "More", "+16505550106", None, Some("e")),
    ];
    let fresh = || home().start();
    // The target, where {a} is a handle; what is sent; which records it finishes, and
    // whose phones may then not be called.
    for (target, sent, records, phones) in [
        ("/records/{a}", json!({}), "a", "ad"),
        (
            "/records/{a}",
            json!({ "GSW_CHAIN_ATTR": "AllChain" }),
            "ab",
            "abd",
        ),
        (
            "/records/{b}",
            json!({ "GSW_CHAIN_ATTR": "allchain" }),
            "ab",
            "abd",
        ),
        // A record handle before contact information before a customer id.
        (
            "/records/{c}",
            json!({ "GSW_PHONE": "+16505550101", "GSW_CUSTOMER_ID": "C-1" }),
            "c",
            "c",
        ),
        (
            "/phones/+16505550103",
            json!({ "GSW_CUSTOMER_ID": "C-1" }),
            "c",
            "c",
        ),
        (
            "/customer_ids/C-1",
            json!({ "GSW_PHONE": "+16505550103" }),
            "c",
            "c",
        ),
        (
            "/phones/%2B16505550103",
            json!({ "GSW_RECORD_HANDLE": "{a}" }),
            "a",
            "ad",
        ),
        ("/phones/+16505550101", json!({}), "ad", "ad"),
        (
            "/phones/1%20650%20555%200101",
            json!({ "GSW_CALLING_LIST": "Calls" }),
            "a",
            "ad",
        ),
        (
            "/phones/%2B16505550101",
            json!({ "GSW_CHAIN_ATTR": "AllChain" }),
            "abd",
            "abd",
        ),
    ] {
        for req in ["RequestRecordCancel", "DoNotCall"] {
            let reach = Reach {
                target,
                req,
                sent: &sent,
                records,
                phones,
                customer: false,
            };
            reach.check(&fresh(), &people);
        }
    }
    for (target, sent, cancelled, restricted) in [
        ("/customer_ids/C-1", json!({}), "ae", "abef"),
        (
            "/customerids/C-1",
            json!({ "GSW_CALLING_LIST": "More" }),
            "e",
            "ef",
        ),
        (
            "/customer_ids/C-1",
            json!({ "GSW_CHAIN_ATTR": "AllChain" }),
            "abef",
            "abef",
        ),
    ] {
        for (req, records) in [("CancelRecord", cancelled), ("DoNotCall", restricted)] {
            let reach = Reach {
                target,
                req,
                sent: &sent,
                records,
                phones: "",
                customer: true,
            };
            reach.check(&fresh(), &people);
        }
    }
}

/// Name, calling list, phone, customer id, and whose chain it continues.
type Person = (
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
);

/// A request and whom it reaches.
struct Reach<'a> {
    target: &'a str,
    req: &'a str,
    sent: &'a Value,
    /// The records that it finishes.
    records: &'a str,
    /// Whose phones are on the Do Not Call list then, where it is DoNotCall.
    phones: &'a str,
    /// Whether the customer is.
    customer: bool,
}

impl Reach<'_> {
    fn check(&self, server: &Server, people: &[Person]) {
        let case = format!("{} {} {}", self.req, self.target, self.sent);
        let mut handles: BTreeMap<&str, Value> = BTreeMap::new();
        for (name, list, phone, customer, chain) in people {
            let chain = chain.map(|chain| handles[chain].clone());
            let handle = server.add_to(
                list,
                &json!({ "GSW_PHONE": phone, "GSW_CUSTOMER_ID": customer, "GSW_CHAIN_ID": chain }),
            );
            handles.insert(name, handle);
        }
        let named = |text: &str| {
            handles
                .iter()
                .fold(text.to_owned(), |text, (name, handle)| {
                    text.replace(&format!("{{{name}}}"), &handle.to_string())
                })
        };
        let sent = serde_json::from_str(&named(&self.sent.to_string())).expect("JSON");
        let target = format!("{}?req={}", named(self.target), self.req);
        let event = server.post(&target, &sent).expect(200);
        assert_eq!(event["records"], self.records.len(), "{case}: {event}");
        let restricts = self.req == "DoNotCall";
        for (name, _, phone, ..) in people {
            let right = match (self.records.contains(name), restricts) {
                (true, true) => ["Updated", "51", "NoCall"],
                (true, false) => ["Cancelled", "52", "General"],
                (false, _) => ["Ready", "28", "General"],
            };
            let record = server.record(&handles[name]);
            let keys = ["GSW_RECORD_STATUS", "GSW_CALL_RESULT", "GSW_RECORD_TYPE"];
            let is = keys.map(|key| record[key].to_string().replace('"', ""));
            assert_eq!(is, right, "{case}: {name}: {record}");
            let read = server.get(&format!("/phones/{}", phone.replace(' ', "%20")));
            let right = u32::from(restricts && self.phones.contains(name));
            assert_eq!(read["do_not_call"], right, "{case}: {name}");
        }
        let right = u32::from(restricts && self.customer);
        assert_eq!(
            server.get("/customer_ids/C-1")["do_not_call"],
            right,
            "{case}"
        );
        for list in ["Calls", "More"] {
            counts_agree(server, list);
        }
    }
}

/// An entry of the Do Not Call list is made also where no record exists; a cancel that
/// reaches nobody is refused.
#[test]
fn nobody_is_reached() {
    let server = home().start();
    for (target, done) in [
        ("/phones/777", "/phones/777"),
        ("/customer_ids/C-7", "/customerids/C-7"),
    ] {
        for req in ["RequestRecordCancel", "RecordCancel", "CancelRecord"] {
            let event = server
                .post(&format!("{target}?req={req}"), &json!({}))
                .expect(404);
            assert_eq!(event["GSW_ERROR_NUMBER"], 1003, "{event}");
        }
        for _ in 0..2 {
            let event = server
                .post(&format!("{target}?req=DoNotCall"), &json!({}))
                .expect(200);
            has(
                &event,
                &json!({ "GSW_USER_EVENT": "DoNotCallAcknowledge", "records": 0 }),
            );
            assert_eq!(server.get(done)["do_not_call"], 1);
        }
    }
    // A record for one who may not be called is taken; the check is at the hand-out.
    server.add_to("Calls", &json!({ "GSW_PHONE": "777" }));
    has(
        &server.get("/lists/Calls")["counts"],
        &json!({ "Ready": 1 }),
    );
    server.stop();
}

/// A late report of one attempt cannot spoil the next.
#[test]
fn the_attempt_of_a_report() {
    let server = running(&[CALLING]);
    let (handle, over) = record(&server, "1", Stands::Out);
    server.on(&handle, "RecordReject", &json!({})).expect(200);
    let current = server.preview(CALLING, "a2")["GSW_CALL_ATTEMPT_GUID"].clone();
    assert_ne!(current, over);
    let before = server.record(&handle);
    for guid in [over, "0123456789abcdef0123456789abcdef".into(), json!(5)] {
        for (req, mut sent) in [
            (
                "UpdateCallCompletionStats",
                json!({ "GSW_CALL_RESULT": 33, "visits": 1 }),
            ),
            ("RecordProcessed", json!({ "GSW_CALL_RESULT": 33 })),
            ("RecordReject", json!({})),
            (
                "RecordReschedule",
                json!({ "GSW_DATE_TIME": "01/01/2038 00:00" }),
            ),
            ("RequestRecordCancel", json!({})),
            ("DoNotCall", json!({})),
            ("ChainedRecordRequest", json!({})),
        ] {
            sent["GSW_CALL_ATTEMPT_GUID"] = guid.clone();
            let event = server.on(&handle, req, &sent).expect(409);
            has(
                &event,
                &json!({ "GSW_ERROR_NUMBER": 1032, "GSW_ERROR_ATTRIBUTE": "GSW_CALL_ATTEMPT_GUID" }),
            );
            assert_eq!(server.record(&handle), before, "{req}");
        }
    }
    let sent = json!({ "GSW_CALL_ATTEMPT_GUID": current });
    server.on(&handle, "RecordProcessed", &sent).expect(200);
    server.stop();
}

/// Processed after Reschedule in the same attempt ends the attempt and leaves the
/// callback standing, with its chain.
#[test]
fn processed_after_reschedule() {
    let server = running(&[CALLING]);
    let (handle, guid) = record(&server, "1", Stands::Out);
    let next = json!({ "GSW_PHONE": "2", "GSW_CHAIN_ID": handle });
    let next = server.add_to("Calls", &next);
    let at = json!({
        "GSW_DATE_TIME": "01/01/2038 09:30", "GSW_CALLBACK_TYPE": "Personal",
        "GSW_CALL_ATTEMPT_GUID": guid,
    });
    server.on(&handle, "RecordReschedule", &at).expect(200);
    let sent = json!({ "GSW_CALL_RESULT": 33, "visits": 4, "GSW_CALL_ATTEMPT_GUID": guid });
    server.on(&handle, "RecordProcessed", &sent).expect(200);
    let record = server.record(&handle);
    has(
        &record,
        &json!({
            "GSW_RECORD_STATUS": "Ready", "GSW_RECORD_TYPE": "PersonalCallBack",
            "GSW_AGENT_ID": "a1", "GSW_DATE_TIME": "01/01/2038 09:30", "GSW_ATTEMPTS": 1,
            "GSW_CALL_RESULT": 33, "visits": 4, "GSW_CALL_ATTEMPT_GUID": null,
        }),
    );
    has(&record["attempts"][0], &json!({ "GSW_CALL_RESULT": 33 }));
    has(
        &server.record(&next),
        &json!({ "GSW_RECORD_STATUS": "Ready" }),
    );
    // The attempt is over, and its GUID with it.
    server.on(&handle, "RecordProcessed", &sent).expect(409);
    // Processed without an attempt, it is finished, and its chain with it.
    server
        .on(&handle, "RecordProcessed", &json!({}))
        .expect(200);
    has(
        &server.record(&handle),
        &json!({ "GSW_RECORD_STATUS": "Updated", "GSW_ATTEMPTS": 1 }),
    );
    has(
        &server.record(&next),
        &json!({ "GSW_RECORD_STATUS": "ChainUpdated" }),
    );
    counts_agree(&server, "Calls");
    server.stop();
}

/// A second record of the same phone or customer id, by the calling list's option.
#[test]
fn duplicates() {
    let server = home().start();
    let first = json!({
        "GSW_PHONE": "+16505550101", "GSW_CUSTOMER_ID": "C-1", "visits": 1, "client-id": "kept",
        "GSW_RECORD_TYPE": "General",
    });
    // The same phone as it may be written, the same customer, and somebody else.
    let phone = json!({ "GSW_PHONE": "1 (650) 555-0101", "visits": 2 });
    let customer = json!({ "GSW_PHONE": "+16505550102", "GSW_CUSTOMER_ID": "C-1", "visits": 3 });
    let other = json!({ "GSW_PHONE": "+16505550109", "GSW_CUSTOMER_ID": "c-1", "visits": 4 });
    for (list, outcomes) in [
        ("Spring", [Ok(2), Ok(3), Ok(4)]),
        (
            "Refusing",
            [Err("GSW_PHONE"), Err("GSW_CUSTOMER_ID"), Ok(2)],
        ),
        ("Updating", [Ok(1), Ok(1), Ok(2)]),
    ] {
        let handle = &server.add_to(list, &first);
        let target = format!("/lists/{list}?req=AddRecord");
        let mut added = Vec::new();
        for (sent, outcome) in [&phone, &customer, &other].into_iter().zip(outcomes) {
            let records = || server.get(&format!("/lists/{list}"))["records"].clone();
            let before = records();
            let reply = server.post(&target, sent);
            match outcome {
                Ok(count) => {
                    added.push(reply.expect(200)["GSW_RECORD_HANDLE"].clone());
                    assert_eq!(records(), count, "{list} {sent}");
                }
                Err(attribute) => {
                    has(
                        &reply.expect(409),
                        &json!({ "GSW_ERROR_NUMBER": 1033, "GSW_ERROR_ATTRIBUTE": attribute }),
                    );
                    assert_eq!(records(), before, "{list} {sent}");
                }
            }
        }
        if list == "Updating" {
            assert_eq!(&added[..2], [handle.clone(), handle.clone()]);
            let right = json!({
                "GSW_PHONE": "+16505550101", "GSW_CUSTOMER_ID": "C-1", "visits": 3,
                "client-id": "kept", "GSW_CHAIN_ID": handle, "GSW_CHAIN_N": 0,
            });
            has(&server.record(handle), &right);
        }
        // What is final is no duplicate.
        server
            .on(handle, "RequestRecordCancel", &json!({}))
            .expect(200);
        for handle in &added {
            server.on(handle, "RequestRecordCancel", &json!({}));
        }
        let again = server.post(&target, &first).expect(200);
        assert_ne!(again["GSW_RECORD_HANDLE"], *handle);
        counts_agree(&server, list);
    }
    server.stop();
}

/// A record without a customer id takes the one that an AddRecord of the same phone
/// brings, and is found by it from then on; one that has a customer id keeps it.
#[test]
fn a_duplicate_brings_a_customer_id() {
    let mut server = running(&[]);
    let target = "/lists/Updating?req=AddRecord";
    let phone = json!({ "GSW_PHONE": "+16505550111" });
    let handle = server.add_to("Updating", &phone);
    let brings = |customer: &str| {
        let sent = json!({ "GSW_PHONE": "+16505550111", "GSW_CUSTOMER_ID": customer });
        server.post(target, &sent).expect(200)["GSW_RECORD_HANDLE"].clone()
    };
    assert_eq!(brings("C-9"), handle);
    assert_eq!(brings("C-10"), handle);
    for restarted in [false, true] {
        if restarted {
            server = server.stop().start();
        }
        assert_eq!(server.record(&handle)["GSW_CUSTOMER_ID"], "C-9");
        let found = server.get("/customer_ids/C-9");
        assert_eq!(found["records"][0]["GSW_RECORD_HANDLE"], handle, "{found}");
        let page = server.get("/lists/Updating/records?customer_id=C-9");
        assert_eq!(page["records"][0]["GSW_RECORD_HANDLE"], handle, "{page}");
        let of_nobody = server.get("/customer_ids/C-10");
        assert_eq!(of_nobody["records"], json!([]), "{of_nobody}");
    }
    let again = json!({ "GSW_PHONE": "+16505550112", "GSW_CUSTOMER_ID": "C-9" });
    let again = server.post(target, &again).expect(200);
    assert_eq!(again["GSW_RECORD_HANDLE"], handle);
    let cancel = "/customer_ids/C-9?req=RequestRecordCancel";
    let cancelled = server.post(cancel, &json!({})).expect(200);
    assert_eq!(cancelled["records"], 1);
    assert_eq!(server.record(&handle)["GSW_RECORD_STATUS"], "Cancelled");
    server.stop();
}
