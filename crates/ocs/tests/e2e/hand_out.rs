//! Records go out to agents and come back (records.md, sections 4 and 5).

use std::collections::BTreeSet;
use std::sync::Barrier;

use serde_json::{Value, json};

use crate::campaigns::{BOTH, CALLING, DIALER, LATENESS, counts_agree, home, running};
use crate::process::until;
use crate::replies::has;
use crate::server::Server;

/// What a preview carries (outbound-protocols.md, section 3).
#[test]
fn a_preview() {
    let server = running(&[CALLING]);
    let handle = &server.add_to(
        "Calls",
        &json!({
            "GSW_PHONE": "+16505550123", "GSW_PHONE_TYPE": "Mobile", "GSW_CUSTOMER_ID": "C-1",
            "GSW_TZ_NAME": "Asia/Tokyo", "GSW_CALL_RESULT": "NoAnswer", "GSW_ATTEMPTS": 1,
            "visits": 7, "Balance": "12.5", "client-id": "ä",
        }),
    );
    for req in ["PreviewRecordRequest", "GetRecord"] {
        let sent = json!({ "GSW_AGENT_ID": "a1", "GSW_REFERENCE_ID": "7" });
        let event = server.group(CALLING, req, &sent).expect(200);
        has(
            &event,
            &json!({
                "GSW_USER_EVENT": "PreviewRecord", "GSW_REFERENCE_ID": 7,
                "GSW_APPLICATION_ID": 101, "GSW_CAMPAIGN_NAME": "Calling",
                "GSW_CAMPAIGN_DESCRIPTION": "Calls only",
                "GSW_CAMPAIGN_GROUP_NAME": "Calling@Agents",
                "GSW_CAMPAIGN_GROUP_DESCRIPTION": "on the second floor",
                "GSW_CAMPAIGN_GROUP_DBID": 401, "GSW_CALLING_LIST": "Calls",
                "GSW_CALLING_LIST_DBID": 301, "GSW_RECORD_HANDLE": handle,
                "GSW_RECORD_URI": server.url(&format!("/records/{handle}")),
                "GSW_PHONE": "+16505550123", "GSW_PHONE_TYPE": "Mobile",
                "GSW_CUSTOMER_ID": "C-1", "GSW_CHAIN_ID": handle, "GSW_CHAIN_N": 0,
                "GSW_TZ_NAME": "Asia/Tokyo", "GSW_TZ_OFFSET": 32_400, "GSW_CALL_RESULT": 7,
                "GSW_ATTEMPTS": 1, "InteractionType": "Outbound",
                "InteractionSubtype": "OutboundNew", "visits": 7, "Balance": "12.5",
                "client-id": "ä", "GSW_ERROR": null,
            }),
        );
        let guid = event["GSW_CALL_ATTEMPT_GUID"].as_str().expect("a GUID");
        assert_eq!(guid.len(), 32, "{guid}");
        let record = server.record(handle);
        has(
            &record,
            &json!({
                "GSW_RECORD_STATUS": "Retrieved", "GSW_CALL_ATTEMPT_GUID": guid, "GSW_ATTEMPTS": 1,
            }),
        );
        assert_eq!(record["why"][0]["reason"], "retrieved", "{record}");
        has(
            &record["attempts"][0],
            &json!({
                "GSW_CALL_ATTEMPT_GUID": guid, "GSW_AGENT_ID": "a1",
                "GSW_CAMPAIGN_GROUP_DBID": 401, "ended": null,
            }),
        );
        counts_agree(&server, "Calls");
        // Nothing else is due: 200 all the same.
        let event = server.group(CALLING, req, &sent).expect(200);
        has(
            &event,
            &json!({
                "GSW_USER_EVENT": "PreviewRecordEmpty", "GSW_REFERENCE_ID": 7,
                "GSW_APPLICATION_ID": 101, "GSW_CAMPAIGN_NAME": "Calling",
                "GSW_CAMPAIGN_GROUP_NAME": "Calling@Agents", "GSW_CAMPAIGN_GROUP_DBID": 401,
                "GSW_RECORD_HANDLE": null,
            }),
        );
        server.on(handle, "RecordReject", &json!({})).expect(200);
    }
    server.stop();
}

/// By type, then by the moment they are scheduled for, then by chain.
#[test]
fn the_order() {
    let server = running(&[CALLING]);
    let callback = |agent: &str| json!({ "GSW_RECORD_TYPE": 5, "GSW_AGENT_ID": agent });
    let of_type = |record_type: &str| json!({ "GSW_RECORD_TYPE": record_type });
    // Each record with the place in which the agent a1 gets it; `None` for never.
    let mut expected = Vec::new();
    for (number, (mut attributes, place)) in [
        (json!({ "GSW_DATE_TIME": "01/02/2020 00:00" }), Some(9)),
        (json!({ "GSW_DATE_TIME": "01/01/2020 00:00" }), Some(8)),
        (of_type("General"), Some(7)),
        (of_type("CampaignRescheduled"), Some(6)),
        (of_type("PersonalRescheduled"), Some(5)),
        (callback("a2"), None),
        (of_type("CampaignCallBack"), Some(4)),
        (callback("a1"), Some(1)),
        (of_type("NoCall"), None),
        (json!({ "GSW_DATE_TIME": "01/01/2038 00:00" }), None),
        (json!({ "GSW_ATTEMPTS": 3 }), None),
        (json!({ "GSW_RECORD_STATUS": "Updated" }), None),
        (
            json!({ "GSW_RECORD_TYPE": 5, "GSW_AGENT_ID": "a1", "GSW_DATE_TIME": "01/01/2038 00:00" }),
            None,
        ),
        (callback("a1"), Some(2)),
        (of_type("General"), Some(7)),
    ]
    .into_iter()
    .enumerate()
    {
        attributes["GSW_PHONE"] = format!("order {number}").into();
        let handle = server.add_to("Calls", &attributes);
        expected.extend(place.map(|place| (place, handle)));
    }
    // Those of one place in the order of their chains.
    expected.sort_by_key(|(place, handle)| (*place, handle.as_u64()));
    let expected: Vec<_> = expected.into_iter().map(|(_, handle)| handle).collect();
    let mut taken = Vec::new();
    loop {
        let event = server.preview(CALLING, "a1");
        if event["GSW_USER_EVENT"] == "PreviewRecordEmpty" {
            break;
        }
        taken.push(event["GSW_RECORD_HANDLE"].clone());
    }
    assert_eq!(taken, expected);
    // The other agent's callback is there still, for that agent.
    let theirs = server.preview(CALLING, "a2");
    has(
        &theirs,
        &json!({ "GSW_RECORD_TYPE": "PersonalCallBack", "GSW_PHONE": "order 5" }),
    );
    // Without an agent, nobody's callback comes.
    server
        .on(&theirs["GSW_RECORD_HANDLE"], "RecordReject", &json!({}))
        .expect(200);
    let event = server
        .group(CALLING, "PreviewRecordRequest", &json!({}))
        .expect(200);
    assert_eq!(event["GSW_USER_EVENT"], "PreviewRecordEmpty");
    counts_agree(&server, "Calls");
    server.stop();
}

/// Why a record cannot be called now, as the read says, and that it is not.
#[test]
fn why_not() {
    let server = running(&[CALLING]);
    let at = |hours| server.time_of_day(hours);
    let closed = json!({ "GSW_FROM": at(6), "GSW_UNTIL": at(8) });
    let open = json!({ "GSW_FROM": at(22), "GSW_UNTIL": at(2) });
    let phone = |name: &str| json!({ "GSW_PHONE": name });
    let with = |mut one: Value, other: &Value| {
        for (key, value) in other.as_object().expect("attributes") {
            one[key] = value.clone();
        }
        one
    };
    server
        .post("/phones/restricted?req=DoNotCall", &json!({}))
        .expect(200);
    server
        .post("/customer_ids/C-9?req=DoNotCall", &json!({}))
        .expect(200);
    for (name, attributes, reason) in [
        ("closed", closed, Some("outside-window")),
        ("open", open, None),
        // The same hour is another one elsewhere.
        (
            "elsewhere",
            json!({ "GSW_FROM": at(22), "GSW_UNTIL": at(2), "GSW_TZ_NAME": "Asia/Tokyo" }),
            Some("outside-window"),
        ),
        (
            "later",
            json!({ "GSW_DATE_TIME": "01/01/2038 00:00" }),
            Some("scheduled-later"),
        ),
        ("often", json!({ "GSW_ATTEMPTS": 3 }), Some("max-attempts")),
        (
            "done",
            json!({ "GSW_RECORD_STATUS": "Updated" }),
            Some("final"),
        ),
        ("restricted", json!({}), Some("do-not-call")),
        (
            "customer",
            json!({ "GSW_CUSTOMER_ID": "C-9" }),
            Some("do-not-call"),
        ),
    ] {
        let handle = server.add_to("Calls", &with(phone(name), &attributes));
        let record = server.record(&handle);
        let reasons: Vec<_> = record["why"].as_array().expect("reasons").iter().collect();
        match reason {
            Some(reason) => {
                assert!(
                    reasons.iter().any(|why| why["reason"] == reason),
                    "{name}: {record}"
                );
                assert!(reasons[0]["sentence"].is_string(), "{record}");
            }
            None => assert!(reasons.is_empty(), "{name}: {record}"),
        }
        let event = server.preview(CALLING, "a1");
        let right = if reason.is_some() {
            Value::Null
        } else {
            handle
        };
        assert_eq!(event["GSW_RECORD_HANDLE"], right, "{name}: {event}");
    }
    // What the Do Not Call list stopped is finished by it.
    let found = server.get("/lists/Calls/records?phone=restricted");
    has(
        &found["records"][0],
        &json!({
            "GSW_RECORD_STATUS": "Updated", "GSW_RECORD_TYPE": "NoCall", "GSW_CALL_RESULT": 51,
            "GSW_ATTEMPTS": 0,
        }),
    );
    counts_agree(&server, "Calls");
    // A calling list that no running campaign group uses.
    let idle = server.add_to("More", &phone("idle"));
    let record = server.record(&idle);
    assert_eq!(
        record["why"][0]["reason"], "not-in-running-campaign-group",
        "{record}"
    );
    server.stop();
}

/// The records of a chain in their order, and only one of them at a time.
#[test]
fn chains() {
    let server = running(&[CALLING]);
    let at = |hours| server.time_of_day(hours);
    let closed = (at(6), at(8));
    let whole = server.any_hour();
    let mut number = 0;
    // The windows and moments of a chain's records, and which of them is handed out.
    for (records, right) in [
        (vec![(whole, None), (whole, None)], Some(0)),
        (vec![(closed, None), (whole, None)], Some(1)),
        (vec![(closed, None), (closed, None), (whole, None)], Some(2)),
        // One that waits for its time holds the later ones back.
        (vec![(whole, Some("01/01/2038 00:00")), (whole, None)], None),
        (vec![(closed, None)], None),
    ] {
        let mut handles: Vec<Value> = Vec::new();
        for ((from, until), date) in &records {
            number += 1;
            handles.push(server.add_to(
                "Calls",
                &json!({
                    "GSW_PHONE": format!("chain {number}"), "GSW_FROM": from, "GSW_UNTIL": until,
                    "GSW_DATE_TIME": date, "GSW_CHAIN_ID": handles.first(),
                }),
            ));
        }
        let taken = server.next(CALLING, "a1");
        assert_eq!(
            taken,
            right.map_or(Value::Null, |right: usize| handles[right].clone())
        );
        // While it is out, no other of its chain is.
        assert_eq!(server.next(CALLING, "a2"), Value::Null);
        if let Some(right) = right {
            // Given back, it is the next again, for another agent too.
            server.on(&taken, "RecordReject", &json!({})).expect(200);
            assert_eq!(server.next(CALLING, "a2"), handles[right]);
            has(&server.record(&taken), &json!({ "GSW_ATTEMPTS": 0 }));
            // Cancelled, it lets the following one go out.
            server
                .on(&taken, "RequestRecordCancel", &json!({}))
                .expect(200);
            let following = handles.get(right + 1).cloned().unwrap_or_default();
            assert_eq!(server.next(CALLING, "a1"), following);
            if following.is_number() {
                server
                    .on(&following, "RecordProcessed", &json!({}))
                    .expect(200);
            }
        }
        let all = json!({ "GSW_CHAIN_ATTR": "AllChain" });
        for handle in &handles {
            // Whatever is left of it.
            server.on(handle, "RequestRecordCancel", &all);
        }
    }
    counts_agree(&server, "Calls");
    server.stop();
}

/// ChainedRecordRequest: the other open records of the chain, for the same agent.
#[test]
fn the_rest_of_a_chain() {
    let server = running(&[CALLING]);
    for req in ["ChainedRecordRequest", "ChainedRecordsRequest"] {
        let first = &server.add_to("Calls", &json!({ "GSW_PHONE": format!("{req} 0") }));
        let others: Vec<_> = (1..4)
            .map(|place| {
                let status = if place == 2 { "Updated" } else { "Ready" };
                server.add_to(
                    "Calls",
                    &json!({
                        "GSW_PHONE": format!("{req} {place}"), "GSW_CHAIN_ID": first,
                        "GSW_RECORD_STATUS": status, "visits": place,
                    }),
                )
            })
            .collect();
        // Only of a record that is out.
        let refused = server.on(first, req, &json!({})).expect(409);
        assert_eq!(refused["GSW_ERROR_NUMBER"], 1031);
        let taken = server.preview(CALLING, "a1");
        assert_eq!(taken["GSW_RECORD_HANDLE"], *first);
        let sent = json!({ "GSW_REFERENCE_ID": 3 });
        let events = server.on(first, req, &sent).expect(200);
        let events = events.as_array().expect("an array");
        let mut guids = BTreeSet::from([taken["GSW_CALL_ATTEMPT_GUID"].to_string()]);
        for (event, (place, handle)) in events.iter().zip([(1, &others[0]), (3, &others[2])]) {
            has(
                event,
                &json!({
                    "GSW_USER_EVENT": "ChainedRecord", "GSW_RECORD_HANDLE": handle,
                    "GSW_CHAIN_ID": first, "GSW_CHAIN_N": place, "GSW_REFERENCE_ID": 3,
                    "GSW_CALLING_LIST": "Calls", "GSW_CAMPAIGN_GROUP_DBID": 401, "visits": place,
                    "GSW_RECORD_URI": server.url(&format!("/records/{handle}")),
                    "InteractionType": "Outbound",
                }),
            );
            let record = server.record(handle);
            has(&record, &json!({ "GSW_RECORD_STATUS": "Retrieved" }));
            has(&record["attempts"][0], &json!({ "GSW_AGENT_ID": "a1" }));
            assert!(
                guids.insert(event["GSW_CALL_ATTEMPT_GUID"].to_string()),
                "{event}"
            );
        }
        has(
            &events[2],
            &json!({ "GSW_USER_EVENT": "ChainedRecordsDataEnd", "GSW_REFERENCE_ID": 3 }),
        );
        assert_eq!(events.len(), 3);
        // A second time there is nothing left but the end.
        let events = server.on(first, req, &json!({})).expect(200);
        assert_eq!(events.as_array().map(Vec::len), Some(1), "{events}");
        // The one that is processed finishes those that are out too.
        server
            .on(&others[0], "RecordProcessed", &json!({}))
            .expect(200);
        for (handle, status) in [
            (first, "ChainUpdated"),
            (&others[0], "Updated"),
            (&others[1], "Updated"),
            (&others[2], "ChainUpdated"),
        ] {
            has(
                &server.record(handle),
                &json!({ "GSW_RECORD_STATUS": status }),
            );
        }
        counts_agree(&server, "Calls");
    }
    server.stop();
}

/// No two records of one phone or customer are out at once, over all calling lists.
#[test]
fn one_person_at_once() {
    let server = running(&[BOTH]);
    for (one, other) in [
        (
            json!({ "GSW_PHONE": "+16505550101" }),
            json!({ "GSW_PHONE": "+1 (650) 555-0101" }),
        ),
        (
            json!({ "GSW_PHONE": "1", "GSW_CUSTOMER_ID": "C-1" }),
            json!({ "GSW_PHONE": "2", "GSW_CUSTOMER_ID": "C-1" }),
        ),
    ] {
        let handles = [server.add_to("Calls", &one), server.add_to("More", &other)];
        let first = server.next(BOTH, "a1");
        assert!(handles.contains(&first), "{first}");
        assert_eq!(server.next(BOTH, "a2"), Value::Null);
        server.on(&first, "RecordProcessed", &json!({})).expect(200);
        let second = server.next(BOTH, "a2");
        assert!(handles.contains(&second) && second != first, "{second}");
        server
            .on(&second, "RecordProcessed", &json!({}))
            .expect(200);
    }
    server.stop();
}

/// Agents who ask at the same moment never get the same record, through whichever
/// campaign group they ask.
#[test]
fn many_agents_at_once() {
    const AGENTS: usize = 8;
    const EACH: usize = 5;
    let server = running(&[CALLING, BOTH]);
    for number in 0..AGENTS * EACH {
        server.add_to("Calls", &json!({ "GSW_PHONE": format!("many {number}") }));
    }
    let begin = Barrier::new(AGENTS);
    let taken: Vec<Value> = std::thread::scope(|scope| {
        let agents: Vec<_> = (0..AGENTS)
            .map(|number| {
                let (server, begin) = (&server, &begin);
                scope.spawn(move || {
                    let group = if number % 2 == 0 { CALLING } else { BOTH };
                    begin.wait();
                    let next = || server.next(group, &format!("a{number}"));
                    (0..EACH).map(|_| next()).collect::<Vec<_>>()
                })
            })
            .collect();
        agents
            .into_iter()
            .flat_map(|agent| agent.join().expect("an agent"))
            .collect()
    });
    let different: BTreeSet<_> = taken.iter().filter_map(Value::as_u64).collect();
    assert_eq!(different.len(), AGENTS * EACH, "{taken:?}");
    assert_eq!(server.next(BOTH, "late"), Value::Null);
    has(
        &server.get("/lists/Calls")["counts"],
        &json!({ "Ready": 0, "Retrieved": AGENTS * EACH }),
    );
    server.stop();
}

/// A campaign group hands out while it runs, and then only.
#[test]
fn only_while_it_runs() {
    let server = home().start();
    server.add_to("Calls", &json!({ "GSW_PHONE": "1" }));
    // What is done, and how a preview is then answered.
    for (req, status, number) in [
        ("GetCampaignStatus", 409, 4),
        ("LoadCampaign", 409, 6),
        ("StartDialing", 200, 0),
        ("StopDialing", 409, 6),
        ("StartDialing", 200, 0),
        ("UnloadCampaign", 409, 4),
        ("LoadCampaign", 409, 6),
        ("ForceUnloadCampaign", 409, 4),
    ] {
        server.group(CALLING, req, &json!({})).expect(200);
        let sent = json!({ "GSW_AGENT_ID": "a1" });
        let reply = server.group(CALLING, "GetRecord", &sent);
        let event = reply.expect(status);
        if status == 200 {
            let handle = &event["GSW_RECORD_HANDLE"];
            server.on(handle, "RecordReject", &json!({})).expect(200);
        } else {
            assert_eq!(event["GSW_ERROR_NUMBER"], number, "{req}");
        }
    }
    has(
        &server.get("/lists/Calls")["counts"],
        &json!({ "Ready": 1, "Retrieved": 0 }),
    );
    let event = server.group(DIALER, "GetRecord", &json!({ "GSW_AGENT_ID": "a1" }));
    assert_eq!(event.expect(409)["GSW_ERROR_NUMBER"], 4);
    server.stop();
}

/// Records in hand stay in hand when OCS ends, however it ends, and their campaign
/// group goes on as it was; unloaded, their agents may finish them too.
#[test]
fn over_a_restart() {
    let mut server = running(&[CALLING]);
    let add = |server: &Server, name: &str| server.add_to("Calls", &json!({ "GSW_PHONE": name }));
    for (name, killed) in [("in order", false), ("kill -9", true)] {
        let handles: Vec<_> = (0..3)
            .map(|n| add(&server, &format!("{name} {n}")))
            .collect();
        let taken = [server.preview(CALLING, "a1"), server.preview(CALLING, "a2")];
        let held = |server: &Server| {
            let mut all: Vec<_> = handles.iter().map(|handle| server.record(handle)).collect();
            for record in &mut all {
                // The port is another one, and time goes on.
                record["GSW_RECORD_URI"].take();
                record["next_callable"].take();
            }
            (all, server.get(&format!("/campaigngroups/{CALLING}")))
        };
        let before = held(&server);
        let home = if killed {
            server.kill_9()
        } else {
            server.stop()
        };
        server = home.start();
        assert_eq!(held(&server), before, "{name}");
        has(&before.1, &json!({ "GSW_GROUP_CAMPAIGN_STATUS": 5 }));
        // Nobody gets what is out; the third goes out now.
        assert_eq!(server.next(CALLING, "a3"), handles[2]);
        assert_eq!(server.next(CALLING, "a3"), Value::Null);
        server
            .group(CALLING, "UnloadCampaign", &json!({}))
            .expect(200);
        has(
            &server.record(&handles[2]),
            &json!({ "GSW_RECORD_STATUS": "Retrieved" }),
        );
        for event in &taken {
            let sent = json!({
                "GSW_CALL_ATTEMPT_GUID": event["GSW_CALL_ATTEMPT_GUID"], "GSW_CALL_RESULT": 33,
            });
            let handle = &event["GSW_RECORD_HANDLE"];
            server.on(handle, "RecordProcessed", &sent).expect(200);
            let right = json!({
                "GSW_RECORD_STATUS": "Updated", "GSW_ATTEMPTS": 1, "GSW_CALL_RESULT": 33,
            });
            has(&server.record(handle), &right);
        }
        server
            .on(&handles[2], "RecordReject", &json!({}))
            .expect(200);
        server
            .on(&handles[2], "RequestRecordCancel", &json!({}))
            .expect(200);
        server
            .group(CALLING, "LoadCampaign", &json!({}))
            .expect(200);
        server
            .group(CALLING, "StartDialing", &json!({}))
            .expect(200);
        counts_agree(&server, "Calls");
    }
    server.stop();
}

/// Records that nobody names for too long, and callbacks that nobody takes.
#[test]
fn left_lying() {
    let server = running(&[LATENESS]);
    let stale = &server.add_to("Late", &json!({ "GSW_PHONE": "stale" }));
    assert_eq!(server.next(LATENESS, "a1"), *stale);
    let past = |record_type: u32, agent: Value| {
        let phone = format!("type {record_type}");
        server.add_to(
            "Late",
            &json!({
                "GSW_PHONE": phone, "GSW_RECORD_TYPE": record_type, "GSW_AGENT_ID": agent,
                "GSW_DATE_TIME": "2020-01-01T00:00:00Z",
            }),
        )
    };
    let (personal, campaign) = (&past(5, json!("a1")), &past(6, Value::Null));
    for (handle, status, result, attempts) in [
        (stale, "Stale", 46, 1),
        (personal, "MissedCallBack", 47, 0),
        (campaign, "MissedCallBack", 48, 0),
    ] {
        let of = || server.record(handle);
        until(status, || of()["GSW_RECORD_STATUS"] == status);
        has(
            &of(),
            &json!({ "GSW_CALL_RESULT": result, "GSW_ATTEMPTS": attempts }),
        );
        for req in ["RecordReject", "ChainedRecordRequest"] {
            let refused = server.on(handle, req, &json!({})).expect(409);
            assert_eq!(refused["GSW_ERROR_NUMBER"], 1031, "{req} of {status}");
        }
        let result = json!({ "GSW_CALL_RESULT": "Answer" });
        server
            .on(handle, "UpdateCallCompletionStats", &result)
            .expect(200);
        server.on(handle, "RecordProcessed", &json!({})).expect(200);
        has(
            &of(),
            &json!({ "GSW_RECORD_STATUS": "Updated", "GSW_CALL_RESULT": 33 }),
        );
    }
    counts_agree(&server, "Late");
    server.stop();
}

/// What is due is not kept waiting by more than a thousand others that are longer in
/// hand, or older, and not due.
#[test]
fn behind_very_many() {
    const MANY: usize = 1_050;
    let server = running(&[CALLING, LATENESS]);
    let (from, until_then) = server.any_hour();
    let many = |kind: &str| {
        let items = (0..MANY).map(|number| {
            json!({
                "GSW_PHONE": format!("{kind} {number}"), "GSW_RECORD_TYPE": kind,
                "GSW_FROM": from, "GSW_UNTIL": until_then,
            })
        });
        let reply = server.post(
            "/lists/Calls?req=AddRecords",
            &Value::Array(items.collect()),
        );
        assert_eq!(reply.status, 200);
    };
    many("General");
    let mut connection = server.connect();
    let preview = format!("/campaigngroups/{CALLING}?req=GetRecord");
    for _ in 0..MANY {
        let reply = connection.ask("POST", &preview, &[], b"{\"GSW_AGENT_ID\":\"a1\"}");
        let record = reply.expect("a reply").expect(200);
        assert_eq!(record["GSW_USER_EVENT"], "PreviewRecord");
    }
    many("CampaignCallBack");
    let stale = server.add_to("Late", &json!({ "GSW_PHONE": "stale" }));
    assert_eq!(server.next(LATENESS, "a2"), stale);
    let missed = server.add_to(
        "Late",
        &json!({ "GSW_PHONE": "missed", "GSW_RECORD_TYPE": "CampaignCallBack" }),
    );
    until("it is found that nobody named it", || {
        server.record(&stale)["GSW_CALL_RESULT"] == 46
    });
    until("it is found that nobody took it", || {
        server.record(&missed)["GSW_RECORD_STATUS"] == "MissedCallBack"
    });
    let counts = server.get("/lists/Calls")["counts"].clone();
    has(&counts, &json!({ "Ready": MANY, "Retrieved": MANY }));
    server.stop();
}
