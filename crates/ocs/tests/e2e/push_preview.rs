//! PushPreview: records go to the desktops that are ready (outbound-protocols.md, section 3;
//! records.md, section 5).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::agents::until_agents;
use crate::native::{Client, OUTBOUND_PORT, desk, home};
use crate::native_events::Agent;
use crate::notify::receiver::{Act, Receiver};
use crate::process::until;
use crate::server::Server;

/// A calling list that may be called at any time, whose records soon go stale, and two
/// campaign groups that push. The events of one are long.
fn objects() -> String {
    format!(
        "
[[calling-list]]
name = \"Spring\"
time-from = \"00:00\"
time-until = \"23:59\"
time-zone = \"UTC\"
options = {{ callback-timeout = \"1h\" }}

[[calling-list]]
name = \"Short\"
time-from = \"00:00\"
time-until = \"23:59\"
time-zone = \"UTC\"
options = {{ stale_clean_timeout = \"2s\" }}

[[campaign]]
name = \"SpringCampaign\"
description = \"{long}\"
calling-lists = [{{ name = \"Spring\", weight = 100 }}]

[[campaign]]
name = \"ShortCampaign\"
calling-lists = [{{ name = \"Short\", weight = 100 }}]

[[campaign-group]]
dbid = 301
campaign = \"SpringCampaign\"
group = \"Agents\"
description = \"{long}\"
dialing-mode = \"PushPreview\"

[[campaign-group]]
dbid = 302
campaign = \"ShortCampaign\"
group = \"Agents\"
dialing-mode = \"PushPreview\"
",
        long = "\u{1f550}".repeat(255)
    )
}

/// OCS, with these campaign groups running.
fn running(groups: &[u32]) -> Server {
    running_with(groups, &[])
}

/// The same, with these variables in its environment.
fn running_with(groups: &[u32], variables: &[(&str, &str)]) -> Server {
    let home = home(OUTBOUND_PORT);
    home.apply(&objects());
    let server = Server::with_environment(home, variables).ready();
    for group in groups {
        for req in ["LoadCampaign", "StartDialing"] {
            server.group(*group, req, &json!({})).expect(200);
        }
    }
    server
}

/// A desktop whose agent is ready.
fn ready(server: &Server, name: &str, group: u32) -> Agent {
    let mut agent = Agent::sits_down(server, name);
    agent.types(&format!("ready 0 {group}"));
    agent.hears("ReadyTimeAcknowledge", 1);
    agent
}

/// Adds so many records, and returns their handles.
fn add(server: &Server, list: &str, records: u32) -> Vec<Value> {
    let target = format!("/lists/{list}?req=AddRecord");
    let phone = |number| json!({ "GSW_PHONE": format!("+1650555{:04}", number) });
    let added = (0..records).map(|number| server.post(&target, &phone(number)).expect(200));
    added
        .map(|event| event["GSW_RECORD_HANDLE"].clone())
        .collect()
}

/// The records of a calling list by status, where there are any.
#[track_caller]
fn counts(server: &Server, list: &str) -> Value {
    let mut counts = server.get(&format!("/lists/{list}"))["counts"].clone();
    let by_status = counts.as_object_mut().expect("counts");
    by_status.retain(|_, count| *count != 0);
    counts
}

#[test]
fn who_has_been_ready_for_the_longest_is_first() {
    let server = running(&[301]);
    let mut ann = ready(&server, "ann", 301);
    let mut bob = ready(&server, "bob", 301);
    let handles = add(&server, "Spring", 3);
    let pushed = ann.hears("PreviewRecord", 1);
    assert_eq!(pushed["GSW_RECORD_HANDLE"], handles[0], "{pushed}");
    for (key, value) in [
        ("GSW_AGENT_ID", json!("ann")),
        ("GSW_PHONE", json!("+16505550000")),
        ("GSW_CALLING_LIST", json!("Spring")),
        ("GSW_CAMPAIGN_NAME", json!("SpringCampaign")),
        ("GSW_CAMPAIGN_GROUP_DBID", json!(301)),
        ("GSW_ATTEMPTS", json!(0)),
        ("InteractionType", json!("Outbound")),
    ] {
        assert_eq!(pushed[key], value, "{key} in {pushed}");
    }
    assert!(pushed["GSW_CALL_ATTEMPT_GUID"].is_string(), "{pushed}");
    assert_eq!(
        bob.hears("PreviewRecord", 1)["GSW_RECORD_HANDLE"],
        handles[1]
    );
    until_agents(&server, 301, [0, 0, 2, 0]);
    // The third waits until one of them is done with his, and ready again: he says so before.
    bob.types("ready 0");
    bob.hears("ReadyTimeAcknowledge", 2);
    assert_eq!(
        counts(&server, "Spring"),
        json!({ "Ready": 1, "Retrieved": 2 })
    );
    ann.types(&format!("complete {} Answer", handles[0]));
    ann.hears("RecordProcessedAcknowledge", 1);
    until_agents(&server, 301, [0, 0, 1, 1]);
    bob.types(&format!("complete {} Answer", handles[1]));
    assert_eq!(
        bob.hears("PreviewRecord", 2)["GSW_RECORD_HANDLE"],
        handles[2]
    );
    assert_eq!(
        ann.heard("PreviewRecord"),
        1,
        "she did not say that she is ready"
    );
    let record = server.record(&handles[2]);
    assert_eq!(record["attempts"][0]["GSW_AGENT_ID"], "bob", "{record}");
    drop((ann, bob));
    server.stop();
}

/// No agent is ready, no desktop is there, the mode is another one, the group does not run:
/// nothing is taken.
#[test]
fn what_is_not_pushed() {
    let server = running(&[301, 302]);
    add(&server, "Spring", 1);
    let mut ann = Agent::sits_down(&server, "ann");
    ann.types("request PreviewDialingModeStart GSW_CAMPAIGN_GROUP_DBID=301");
    ann.hears("PreviewDialingModeStartAcknowledge", 1);
    let of_phone = json!({ "GSW_AGENT_ID": "phone", "GSW_AGENT_STATE": "Ready" });
    server.group(301, "AgentState", &of_phone).expect(200);
    // Another group pushes meanwhile, more than once.
    let mut bob = ready(&server, "bob", 302);
    for nth in 1..=2 {
        add(&server, "Short", 1);
        let handle = bob.hears("PreviewRecord", nth)["GSW_RECORD_HANDLE"].clone();
        bob.types(&format!("complete {handle} Answer"));
        bob.types("ready 0");
    }
    assert_eq!(counts(&server, "Spring"), json!({ "Ready": 1 }));
    let mode = |mode: &str| {
        let set = json!({ "GSW_DIAL_MODE": mode });
        server.group(301, "SetDialingMode", &set).expect(200);
    };
    mode("Preview");
    ann.types("ready 0");
    ann.hears("ReadyTimeAcknowledge", 1);
    add(&server, "Short", 1);
    bob.hears("PreviewRecord", 3);
    assert_eq!(counts(&server, "Spring"), json!({ "Ready": 1 }));
    // As soon as it pushes again, she is served; and who has no desktop is not.
    mode("PushPreview");
    ann.hears("PreviewRecord", 1);
    server.group(301, "StopDialing", &json!({})).expect(200);
    assert_eq!(ann.heard("PreviewRecord"), 1);
    drop((ann, bob));
    server.stop();
}

/// It goes to the next who is ready, and no attempt was made.
#[test]
fn a_record_that_is_rejected() {
    let server = running(&[301]);
    let mut ann = ready(&server, "ann", 301);
    let handle = add(&server, "Spring", 1).remove(0);
    ann.hears("PreviewRecord", 1);
    let bob = ready(&server, "bob", 301);
    ann.types(&format!("reject {handle}"));
    ann.hears("RecordRejectAcknowledge", 1);
    assert_eq!(bob.hears("PreviewRecord", 1)["GSW_RECORD_HANDLE"], handle);
    let record = server.record(&handle);
    assert_eq!(record["GSW_ATTEMPTS"], 0, "{record}");
    assert_eq!(
        record["attempts"].as_array().map(Vec::len),
        Some(1),
        "{record}"
    );
    until_agents(&server, 301, [0, 0, 1, 1]);
    drop((ann, bob));
    server.stop();
}

/// Agents who leave with a record in hand, in order or not: the record stays theirs until it
/// goes stale, one attempt is counted, and the next agent gets it.
#[test]
fn agents_who_are_gone_with_a_record_in_hand() {
    let server = running(&[302]);
    for (attempts, vanishes) in [(1, true), (2, false)] {
        let mut ann = ready(&server, "ann", 302);
        if attempts == 1 {
            add(&server, "Short", 1);
        }
        let handle = ann.hears("PreviewRecord", 1)["GSW_RECORD_HANDLE"].clone();
        if vanishes {
            ann.vanishes();
        } else {
            ann.types("logout");
            ann.hears("LogOutAcknowledge", 2);
            drop(ann);
        }
        until_agents(&server, 302, [0; 4]);
        assert_eq!(server.record(&handle)["GSW_RECORD_STATUS"], "Retrieved");
        until("it goes stale, and is Ready again", || {
            server.record(&handle)["GSW_RECORD_STATUS"] == "Ready"
        });
        let record = server.record(&handle);
        assert_eq!(record["GSW_ATTEMPTS"], attempts, "{record}");
        assert_eq!(record["GSW_CALL_RESULT"], 46, "{record}");
    }
    let bob = ready(&server, "bob", 302);
    let pushed = bob.hears("PreviewRecord", 1);
    assert_eq!(pushed["GSW_ATTEMPTS"], 2, "{pushed}");
    drop(bob);
    server.stop();
}

/// Who comes back may finish what he had; until then he gets no other one, whatever he says,
/// over a restart of OCS too.
#[test]
fn an_agent_who_comes_back() {
    let server = running(&[301]);
    let ann = ready(&server, "ann", 301);
    let handles = add(&server, "Spring", 2);
    ann.hears("PreviewRecord", 1);
    ann.vanishes();
    until_agents(&server, 301, [0; 4]);
    let server = server.kill_9().start();
    let mut ann = ready(&server, "ann", 301);
    until_agents(&server, 301, [0, 0, 1, 0]);
    ann.types("request AgentState GSW_CAMPAIGN_GROUP_DBID=301 GSW_AGENT_STATE=Ready");
    ann.hears("AgentStateAcknowledge", 1);
    // Another agent is served, so it was looked.
    let bob = ready(&server, "bob", 301);
    assert_eq!(
        bob.hears("PreviewRecord", 1)["GSW_RECORD_HANDLE"],
        handles[1]
    );
    assert_eq!(ann.heard("PreviewRecord"), 0);
    let more = add(&server, "Spring", 1).remove(0);
    ann.types(&format!("complete {} Answer", handles[0]));
    assert_eq!(ann.hears("PreviewRecord", 1)["GSW_RECORD_HANDLE"], more);
    drop((ann, bob));
    server.stop();
}

/// A web server is asked before a record is pushed; who leaves meanwhile does not get it.
#[test]
fn records_that_a_web_server_validates() {
    let receiver = Receiver::start(|_, number| match number {
        0 => Act::status(409),
        1 => Act::Late(Duration::from_secs(1)),
        _ => Act::ok(),
    });
    let uri = receiver.uri("/validate");
    let validated = [
        ("OCS_OPTIONS__OCSERVER__PRE_DIAL_VALIDATION", "true"),
        ("OCS_OPTIONS__OCSERVER__VALIDATION_URI", &uri),
    ];
    let server = running_with(&[301], &validated);
    let handles = add(&server, "Spring", 2);
    let mut ann = ready(&server, "ann", 301);
    receiver.wait(2);
    assert_eq!(server.record(&handles[0])["GSW_RECORD_STATUS"], "Updated");
    assert_eq!(server.record(&handles[1])["GSW_RECORD_STATUS"], "Retrieved");
    ann.types("logout");
    ann.hears("LogOutAcknowledge", 2);
    until("it goes back", || {
        server.record(&handles[1])["GSW_RECORD_STATUS"] == "Ready"
    });
    let record = server.record(&handles[1]);
    assert_eq!(
        (&record["GSW_ATTEMPTS"], &record["attempts"]),
        (&json!(0), &json!([]))
    );
    assert_eq!(ann.heard("PreviewRecord"), 0);
    let bob = ready(&server, "bob", 301);
    assert_eq!(
        bob.hears("PreviewRecord", 1)["GSW_RECORD_HANDLE"],
        handles[1]
    );
    assert_eq!(receiver.heard().len(), 3);
    drop((ann, bob));
    server.stop();
}

/// Twenty desktops and thirty records: each gets one, and no record goes to two.
#[test]
fn many_desktops() {
    let server = running(&[301]);
    add(&server, "Spring", 30);
    let session = |number: u32| {
        json!({
            "hello": desk(), "stay": true,
            "requests": [{
                "GSW_AGENT_REQ_TYPE": "ReadyTime", "GSW_CAMPAIGN_GROUP_DBID": 301,
                "GSW_READY_TIME": 0, "GSW_AGENT_ID": format!("agent {number}"),
            }],
        })
    };
    let client = Client::start(&server, &(0..20).map(session).collect());
    until_agents(&server, 301, [0, 0, 20, 0]);
    assert_eq!(
        counts(&server, "Spring"),
        json!({ "Ready": 10, "Retrieved": 20 })
    );
    server.stop();
    let mut handles = BTreeSet::new();
    for (number, ended) in client.ended().iter().enumerate() {
        let heard = ended["heard"].as_array().expect("events").iter();
        let records: Vec<_> = heard
            .filter(|event| event[1]["GSW_USER_EVENT"] == "PreviewRecord")
            .collect();
        assert_eq!(records.len(), 1, "{ended}");
        // Nobody asked for it.
        assert_eq!(records[0][0], 0, "{ended}");
        assert_eq!(records[0][1]["GSW_AGENT_ID"], format!("agent {number}"));
        handles.insert(records[0][1]["GSW_RECORD_HANDLE"].to_string());
    }
    assert_eq!(handles.len(), 20);
}

/// A callback of her own goes before, under its own name; and not beside another record.
#[test]
fn a_personal_callback_among_records_that_are_pushed() {
    let server = running(&[301]);
    let callback = |phone: &str| {
        let added = server.post(
            "/lists/Spring?req=AddRecord",
            &json!({
                "GSW_PHONE": phone, "GSW_RECORD_TYPE": "PersonalCallBack",
                "GSW_AGENT_ID": "ann", "GSW_DATE_TIME": "2026-01-01T00:00:00Z",
            }),
        );
        added.expect(200)["GSW_RECORD_HANDLE"].clone()
    };
    let general = add(&server, "Spring", 1).remove(0);
    let (first, second) = (callback("+16505550201"), callback("+16505550202"));
    let mut ann = ready(&server, "ann", 301);
    let call = ann.hears("ScheduledCall", 1);
    assert_eq!(call["GSW_RECORD_HANDLE"], first, "{call}");
    assert_eq!(call["GSW_AGENT_ID"], "ann", "{call}");
    let mut bob = ready(&server, "bob", 301);
    assert_eq!(bob.hears("PreviewRecord", 1)["GSW_RECORD_HANDLE"], general);
    bob.types(&format!("complete {general} Answer"));
    bob.hears("RecordProcessedAcknowledge", 1);
    assert_eq!(ann.heard("ScheduledCall"), 1, "she has one");
    ann.types(&format!("complete {first} Answer"));
    assert_eq!(ann.hears("ScheduledCall", 2)["GSW_RECORD_HANDLE"], second);
    drop((ann, bob));
    server.stop();
}

/// `ocs desktop` by a script: it waits for what is pushed.
#[test]
fn a_script_that_waits_for_a_record() {
    let server = running(&[301]);
    let handle = add(&server, "Spring", 1).remove(0);
    let lines = format!(
        "ready 0 301\nwait PreviewRecord\ncomplete {handle} Answer\nlogout\nwait\nlogout\n"
    );
    let ended = crate::native::desktop(&server, &["--agent", "ann"], &lines);
    ended.expect(3, &["one EVENT", "1 of 6 commands were refused"]);
    let events = crate::native::events(&ended);
    let names: Vec<_> = events
        .iter()
        .map(|event| event["GSW_USER_EVENT"].as_str().unwrap_or_default())
        .collect();
    for name in [
        "ReadyTimeAcknowledge",
        "PreviewRecord",
        "RecordProcessedAcknowledge",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert_eq!(server.record(&handle)["GSW_RECORD_STATUS"], "Updated");
    server.stop();
}
