//! Campaign groups: what each request does in each state, what its event says, and
//! that the state goes on (outbound-protocols.md, section 4).

use serde_json::{Value, json};

use crate::campaigns::{BOTH, CALLING, DIALER, home, running};
use crate::process::until;
use crate::replies::has;
use crate::server::Server;

/// GSW_GROUP_CAMPAIGN_STATUS.
const NOT_LOADED: u32 = 0;
const ACTIVE: u32 = 4;
const RUNNING: u32 = 5;

#[track_caller]
fn status(server: &Server, dbid: u32) -> Value {
    server.get(&format!("/campaigngroups/{dbid}"))["GSW_GROUP_CAMPAIGN_STATUS"].clone()
}

/// Brings a campaign group into a state.
#[track_caller]
fn bring(server: &Server, dbid: u32, to: u32) {
    server.group(dbid, "UnloadCampaign", &json!({}));
    if to != NOT_LOADED {
        server.group(dbid, "LoadCampaign", &json!({})).expect(200);
    }
    if to == RUNNING {
        server.group(dbid, "StartDialing", &json!({})).expect(200);
    }
    assert_eq!(status(server, dbid), to);
}

#[test]
fn every_request_in_every_state() {
    let server = home().start();
    let no_body = json!({});
    let mode = json!({ "GSW_DIAL_MODE": "Preview" });
    // The state after it, or the number of the refusal, in each state.
    for (req, body, event, not_loaded, active, run) in [
        (
            "LoadCampaign",
            &no_body,
            "CampaignLoaded",
            Ok(ACTIVE),
            Err(5),
            Err(5),
        ),
        (
            "UnloadCampaign",
            &no_body,
            "CampaignUnloaded",
            Err(4),
            Ok(NOT_LOADED),
            Ok(NOT_LOADED),
        ),
        (
            "ForceUnloadCampaign",
            &no_body,
            "CampaignUnloaded",
            Err(4),
            Ok(NOT_LOADED),
            Ok(NOT_LOADED),
        ),
        (
            "StartDialing",
            &no_body,
            "DialingStarted",
            Err(4),
            Ok(RUNNING),
            Err(7),
        ),
        (
            "StopDialing",
            &no_body,
            "DialingStopped",
            Err(4),
            Err(6),
            Ok(ACTIVE),
        ),
        (
            "SetDialingMode",
            &mode,
            "DialingModeChanged",
            Err(4),
            Ok(ACTIVE),
            Ok(RUNNING),
        ),
        (
            "GetCampaignStatus",
            &no_body,
            "CampaignStatus",
            Ok(NOT_LOADED),
            Ok(ACTIVE),
            Ok(RUNNING),
        ),
    ] {
        for (before, after) in [(NOT_LOADED, not_loaded), (ACTIVE, active), (RUNNING, run)] {
            bring(&server, CALLING, before);
            let mut sent = body.clone();
            sent["GSW_REFERENCE_ID"] = json!(9);
            let reply = server.group(CALLING, req, &sent);
            match after {
                Ok(after) => {
                    has(
                        &reply.expect(200),
                        &json!({
                            "GSW_USER_EVENT": event, "GSW_REFERENCE_ID": 9,
                            "GSW_APPLICATION_ID": 101, "GSW_CAMPAIGN_NAME": "Calling",
                            "GSW_CAMPAIGN_DESCRIPTION": "Calls only",
                            "GSW_CAMPAIGN_GROUP_NAME": "Calling@Agents",
                            "GSW_CAMPAIGN_GROUP_DBID": 401,
                            "GSW_CAMPAIGN_GROUP_DESCRIPTION": "on the second floor",
                            "GSW_CAMPAIGN_MODE": "Preview", "GSW_DIAL_MODE": 3,
                            "GSW_OPTIMIZE_BY": 0, "GSW_OPTIMIZE_GOAL": 0,
                            "GSW_AUTO_COMPLETION": 0, "GSW_GROUP_CAMPAIGN_STATUS": after,
                        }),
                    );
                    assert_eq!(status(&server, CALLING), after);
                }
                Err(number) => {
                    has(
                        &reply.expect(409),
                        &json!({ "GSW_ERROR_NUMBER": number, "GSW_REFERENCE_ID": 9 }),
                    );
                    assert_eq!(status(&server, CALLING), before, "{req}");
                }
            }
        }
    }
    // Nobody touched the others.
    assert_eq!(status(&server, BOTH), NOT_LOADED);
    server.stop();
}

/// What Load, Start and SetDialingMode set, and that it stays.
#[test]
fn settings() {
    let server = home().start();
    let mut state = json!({
        "GSW_CAMPAIGN_MODE": "Predictive", "GSW_DIAL_MODE": 1, "GSW_OPTIMIZE_BY": 0,
        "GSW_OPTIMIZE_GOAL": 0, "GSW_AUTO_COMPLETION": 0, "GSW_GROUP_CAMPAIGN_STATUS": 0,
    });
    // What is sent, and what is another then.
    for (req, sent, after) in [
        (
            "LoadCampaign",
            json!({ "GSW_AUTO_COMPLETION": "1" }),
            json!({ "GSW_AUTO_COMPLETION": 1, "GSW_GROUP_CAMPAIGN_STATUS": 4 }),
        ),
        (
            "SetDialingMode",
            json!({ "GSW_DIAL_MODE": "Power", "GSW_OPTIMIZE_BY": "overdialrate", "GSW_OPTIMIZE_GOAL": "3" }),
            json!({
                "GSW_CAMPAIGN_MODE": "Power", "GSW_DIAL_MODE": 6, "GSW_OPTIMIZE_BY": 2,
                "GSW_OPTIMIZE_GOAL": 3,
            }),
        ),
        (
            "SetDialingMode",
            json!({ "GSW_DIAL_MODE": 4, "GSW_AUTO_COMPLETION": 0 }),
            json!({
                "GSW_CAMPAIGN_MODE": "EngagedProgressive", "GSW_DIAL_MODE": 4,
                "GSW_AUTO_COMPLETION": 0,
            }),
        ),
        (
            "StartDialing",
            json!({ "GSW_DIAL_MODE": 3, "GSW_OPTIMIZE_BY": 1, "GSW_OPTIMIZE_GOAL": 80 }),
            json!({
                "GSW_CAMPAIGN_MODE": "Preview", "GSW_DIAL_MODE": 3, "GSW_OPTIMIZE_BY": 1,
                "GSW_OPTIMIZE_GOAL": 80, "GSW_GROUP_CAMPAIGN_STATUS": 5,
            }),
        ),
        (
            "StopDialing",
            json!({}),
            json!({ "GSW_GROUP_CAMPAIGN_STATUS": 4 }),
        ),
        (
            "UnloadCampaign",
            json!({}),
            json!({ "GSW_GROUP_CAMPAIGN_STATUS": 0 }),
        ),
        ("GetCampaignStatus", json!({}), json!({})),
    ] {
        for (key, value) in after.as_object().expect("attributes") {
            state[key] = value.clone();
        }
        has(&server.group(DIALER, req, &sent).expect(200), &state);
        has(&server.get(&format!("/campaigngroups/{DIALER}")), &state);
    }
    let server = server.kill_9().start();
    has(&server.get(&format!("/campaigngroups/{DIALER}")), &state);
    server.stop();
}

/// A mode that this version cannot run is refused before it seems to work.
#[test]
fn modes_that_hand_nothing_out() {
    let server = home().start();
    server.group(DIALER, "LoadCampaign", &json!({})).expect(200);
    for (dbid, req, sent) in [
        (
            DIALER,
            "StartDialing",
            json!({ "GSW_DIAL_MODE": "EngagedProgressive" }),
        ),
        (DIALER, "StartDialing", json!({ "GSW_DIAL_MODE": 5 })),
        (DIALER, "StartDialing", json!({ "GSW_DIAL_MODE": "7" })),
    ] {
        let event = server.group(dbid, req, &sent).expect(400);
        has(
            &event,
            &json!({ "GSW_ERROR_NUMBER": 11, "GSW_ERROR_ATTRIBUTE": "GSW_DIAL_MODE" }),
        );
        assert_eq!(status(&server, dbid), ACTIVE);
    }
    let preview = json!({ "GSW_DIAL_MODE": "Preview" });
    server.group(DIALER, "StartDialing", &preview).expect(200);
    let event = server.group(
        DIALER,
        "SetDialingMode",
        &json!({ "GSW_DIAL_MODE": "EngagedPower" }),
    );
    assert_eq!(event.expect(400)["GSW_ERROR_NUMBER"], 11);
    assert_eq!(status(&server, DIALER), RUNNING);
    server.stop();
}

/// With GSW_AUTO_COMPLETION 1 a campaign group unloads itself once nothing is open.
#[test]
fn auto_completion() {
    let server = running(&[BOTH]);
    let handle = &server.add_to("Calls", &json!({ "GSW_PHONE": "1" }));
    server
        .group(CALLING, "LoadCampaign", &json!({}))
        .expect(200);
    let complete = json!({ "GSW_AUTO_COMPLETION": 1 });
    server.group(CALLING, "StartDialing", &complete).expect(200);
    assert_eq!(server.next(CALLING, "a1"), *handle);
    assert_eq!(server.next(CALLING, "a1"), Value::Null);
    assert_eq!(status(&server, CALLING), RUNNING);
    server.on(handle, "RecordProcessed", &json!({})).expect(200);
    until("it unloads itself", || {
        status(&server, CALLING) == NOT_LOADED
    });
    // The other was not told to.
    assert_eq!(status(&server, BOTH), RUNNING);
    server.stop();
}

/// Each state goes on when OCS ends, in order or not.
#[test]
fn over_a_restart() {
    let mut server = home().start();
    bring(&server, BOTH, ACTIVE);
    for (round, state) in [ACTIVE, RUNNING, NOT_LOADED, RUNNING]
        .into_iter()
        .enumerate()
    {
        bring(&server, CALLING, state);
        let all = server.get("/campaigngroups");
        let home = if round % 2 == 0 {
            server.kill_9()
        } else {
            server.stop()
        };
        server = home.start();
        assert_eq!(server.get("/campaigngroups"), all);
        assert_eq!(status(&server, CALLING), state);
        assert_eq!(status(&server, BOTH), ACTIVE);
    }
    server.stop();
}

#[test]
fn reading_them() {
    let server = running(&[BOTH]);
    let all = server.get("/campaigngroups");
    has(&all, &json!({ "GSW_USER_EVENT": "CampaignGroups" }));
    let groups = all["groups"].as_array().expect("groups");
    assert_eq!(groups.len(), 4);
    for group in groups {
        let dbid = &group["GSW_CAMPAIGN_GROUP_DBID"];
        let mut one = server.get(&format!("/campaigngroups/{dbid}"));
        has(&one, &json!({ "GSW_USER_EVENT": "CampaignGroup" }));
        let lists = one["lists"].take();
        has(&one, group);
        if *dbid == BOTH {
            let right = json!([
                { "GSW_CALLING_LIST": "Calls", "weight": 100 },
                { "GSW_CALLING_LIST": "More", "weight": 100 },
            ]);
            assert_eq!(lists, right);
            has(&one, &json!({ "GSW_GROUP_CAMPAIGN_STATUS": RUNNING }));
        }
    }
    server.stop();
}

/// Keys that nobody knows are named in the answers that repeat nothing of the request.
#[test]
fn unknown_keys_are_named() {
    let server = running(&[CALLING]);
    let handle = server.add_to("Calls", &json!({ "GSW_PHONE": "1" }));
    let sent = json!({ "GSW_AGENT_ID": "a1", "shoe-size": 42, "hat": "x" });
    let ignored = json!({ "GSW_IGNORED": "hat, shoe-size", "shoe-size": null });
    for (req, event) in [
        ("PreviewRecordRequest", "PreviewRecord"),
        ("PreviewRecordRequest", "PreviewRecordEmpty"),
        ("GetCampaignStatus", "CampaignStatus"),
        ("StopDialing", "DialingStopped"),
    ] {
        let answer = server.group(CALLING, req, &sent).expect(200);
        assert_eq!(answer["GSW_USER_EVENT"], event, "{req}: {answer}");
        has(&answer, &ignored);
    }
    let chain = server
        .on(&handle, "ChainedRecordRequest", &sent)
        .expect(200);
    has(
        &chain[0],
        &json!({ "GSW_USER_EVENT": "ChainedRecordsDataEnd" }),
    );
    has(&chain[0], &ignored);
    server.stop();
}
