//! Clients that are bound to calling lists or campaign groups: what is another's is 403,
//! not shown, and stays as it was.

use serde_json::{Value, json};

use super::{came, guarded, token};
use crate::campaigns::{BOTH, CALLING};
use crate::process::until;
use crate::server::Server;

/// Everything, in one calling list.
const ALL: &[&str] = &["add", "update", "preview", "control", "read"];

fn start() -> Server {
    let rules = [
        token("calls", ALL, "calling-lists = [\"Calls\"]"),
        token("group", ALL, "campaign-groups = [\"Calling@Agents\"]"),
        token("all", &["admin"], ""),
    ];
    guarded(&rules.concat()).start()
}

fn add(server: &Server, list: &str, attributes: &Value) -> Value {
    let target = format!("/lists/{list}?req=AddRecord");
    let reply = server.ask_as("all", "POST", &target, &attributes.to_string());
    reply.expect(200)["GSW_RECORD_HANDLE"].clone()
}

#[test]
fn records_of_other_calling_lists() {
    let server = start();
    let person = json!({ "GSW_PHONE": "+16505550123", "GSW_CUSTOMER_ID": "C1" });
    let own = add(&server, "Calls", &person);
    let other = add(&server, "More", &person);
    add(
        &server,
        "More",
        &json!({ "GSW_PHONE": "+16505550124", "GSW_CUSTOMER_ID": "C2" }),
    );
    let record = |name: &str, handle: &Value| {
        let reply = server.ask_as(name, "GET", &format!("/records/{handle}"), "");
        let mut record = reply.expect(200);
        // What goes on with the time is no change.
        record
            .as_object_mut()
            .expect("a record")
            .remove("next_callable");
        record
    };
    let before = record("all", &other);
    let at = |handle: &Value, req: &str| format!("/records/{handle}?req={req}");
    let handle = Some("GSW_RECORD_HANDLE");
    let list = Some("GSW_CALLING_LIST");
    let date = "{\"GSW_DATE_TIME\":\"2099-01-01T00:00:00Z\"}";
    for (method, target, body, right) in [
        (
            "GET",
            format!("/records/{other}"),
            "",
            (403, Some(1112), handle),
        ),
        (
            "POST",
            at(&other, "UpdateCallCompletionStats"),
            "{\"GSW_CALL_RESULT\":\"Busy\"}",
            (403, Some(1112), handle),
        ),
        // Before what is wrong with the record, or with a field of its calling list.
        (
            "POST",
            at(&other, "UpdateCallCompletionStats"),
            "{\"visits\":\"x\"}",
            (403, Some(1112), handle),
        ),
        (
            "POST",
            at(&other, "RecordProcessed"),
            "",
            (403, Some(1112), handle),
        ),
        (
            "POST",
            at(&other, "RecordReject"),
            "",
            (403, Some(1112), handle),
        ),
        (
            "POST",
            at(&other, "RequestRecordCancel"),
            "",
            (403, Some(1112), handle),
        ),
        (
            "POST",
            at(&other, "DoNotCall"),
            "",
            (403, Some(1112), handle),
        ),
        (
            "POST",
            at(&other, "RecordReschedule"),
            date,
            (403, Some(1112), handle),
        ),
        (
            "POST",
            at(&other, "ScheduledRecordReschedule"),
            date,
            (403, Some(1112), handle),
        ),
        (
            "POST",
            at(&other, "ChainedRecordRequest"),
            "",
            (403, Some(1112), handle),
        ),
        (
            "POST",
            at(&other, "RecordProcessed"),
            "{\"GSW_CALLING_LIST\":\"More\"}",
            (403, Some(1112), list),
        ),
        (
            "POST",
            at(&own, "RecordProcessed"),
            "{\"GSW_CALLING_LIST\":\"More\"}",
            (403, Some(1112), list),
        ),
        (
            "POST",
            at(&json!(999), "RecordProcessed"),
            "",
            (404, Some(1003), handle),
        ),
        ("GET", "/lists/More".to_owned(), "", (403, Some(1112), list)),
        (
            "GET",
            "/lists/More/records".to_owned(),
            "",
            (403, Some(1112), list),
        ),
        (
            "POST",
            "/lists/More?req=AddRecord".to_owned(),
            "{\"GSW_PHONE\":\"1\"}",
            (403, Some(1112), list),
        ),
        (
            "POST",
            "/phones/+16505550123?req=RequestRecordCancel".to_owned(),
            "{\"GSW_CALLING_LIST\":\"More\"}",
            (403, Some(1112), list),
        ),
        // A phone where the name of a calling list belongs.
        (
            "POST",
            "/phones/+16505550123?req=RequestRecordCancel".to_owned(),
            "{\"GSW_CALLING_LIST\":\"+16505550177\"}",
            (403, Some(1112), list),
        ),
        // Somebody who is in none of its calling lists.
        (
            "POST",
            "/phones/+16505550124?req=RequestRecordCancel".to_owned(),
            "",
            (404, Some(1003), Some("GSW_PHONE")),
        ),
        (
            "POST",
            "/phones/+16505550124?req=DoNotCall".to_owned(),
            "",
            (403, Some(1112), Some("GSW_PHONE")),
        ),
        (
            "POST",
            "/phones/+16505550199?req=DoNotCall".to_owned(),
            "",
            (403, Some(1112), Some("GSW_PHONE")),
        ),
        (
            "POST",
            "/customer_ids/C2?req=DoNotCall".to_owned(),
            "",
            (403, Some(1112), Some("GSW_CUSTOMER_ID")),
        ),
        (
            "POST",
            "/customer_ids/C2?req=RequestRecordCancel".to_owned(),
            "",
            (404, Some(1003), Some("GSW_CUSTOMER_ID")),
        ),
    ] {
        let reply = server.ask_as("calls", method, &target, body);
        let right = (right.0, right.1, right.2.map(str::to_owned));
        assert_eq!(came(&reply), right, "{method} {target} {body}");
    }
    assert_eq!(record("all", &other), before);
    let restricted = server
        .ask_as("all", "GET", "/phones/+16505550124", "")
        .expect(200);
    assert_eq!(restricted["do_not_call"], 0);
    // The log says who was refused what, and nobody's phone or customer id.
    for what in [
        r#"has GSW_PHONE "…0124"#,
        r#"has GSW_CUSTOMER_ID "…"#,
        r#"calling list "…0177"#,
        r#"calling list "More"#,
    ] {
        until(what, || {
            let log = server.proxy_log();
            let mut lines = log.lines().filter(|line| line.contains("refused: "));
            lines.any(|line| line.contains("by=token:calls") && line.contains(what))
        });
    }
    let log = server.proxy_log();
    for contact in ["6505550124", "6505550177", "\"C2"] {
        assert!(!log.contains(contact), "{contact}: {log}");
    }

    // What is its own it may read and change; of what reaches many, its own are reached.
    let shown = |target: &str, key: &str| {
        let answer = server.ask_as("calls", "GET", target, "").expect(200);
        answer[key].as_array().expect("an array").clone()
    };
    let lists = shown("/lists", "lists");
    assert_eq!(lists.len(), 1, "{lists:?}");
    assert_eq!(lists[0]["GSW_CALLING_LIST"], "Calls");
    for target in [
        "/phones/+16505550123",
        "/customer_ids/C1",
        "/lists/Calls/records",
    ] {
        let records = shown(target, "records");
        assert_eq!(records.len(), 1, "{target}: {records:?}");
        assert_eq!(records[0]["GSW_RECORD_HANDLE"], own);
    }
    let cancelled = server.ask_as(
        "calls",
        "POST",
        "/phones/+16505550123?req=RequestRecordCancel",
        "",
    );
    assert_eq!(cancelled.expect(200)["records"], 1);
    assert_eq!(record("calls", &own)["GSW_RECORD_STATUS"], "Cancelled");
    assert_eq!(record("all", &other), before);

    // Do Not Call is what the person says, and holds for everybody; another's record is
    // not finished by it now.
    let again = add(&server, "Calls", &person);
    let done = server.ask_as("calls", "POST", "/customer_ids/C1?req=DoNotCall", "");
    assert_eq!(done.expect(200)["records"], 1);
    assert_eq!(record("calls", &again)["GSW_RECORD_STATUS"], "Updated");
    assert_eq!(record("all", &other)["GSW_RECORD_STATUS"], "Ready");

    let many = server.ask_as(
        "calls",
        "POST",
        "/lists/Calls?req=AddRecords",
        "[{\"GSW_PHONE\":\"7\"}]",
    );
    assert_eq!(many.status, 200, "{many:?}");
    let log = server
        .home
        .ocs(&["requests", "--client", "calls", "--format", "json"]);
    assert!(log.stdout.contains("\"calls\""), "{log:?}");
    server.stop();
}

#[test]
fn campaign_groups_of_others() {
    let server = start();
    for group in [CALLING, BOTH] {
        for req in ["LoadCampaign", "StartDialing"] {
            let target = format!("/campaigngroups/{group}?req={req}");
            server.ask_as("all", "POST", &target, "").expect(200);
        }
    }
    let (from, until) = server.any_hour();
    let person = |phone: &str| json!({ "GSW_PHONE": phone, "GSW_FROM": from, "GSW_UNTIL": until });
    add(&server, "More", &person("+16505550131"));
    let taken = server.ask_as(
        "all",
        "POST",
        &format!("/campaigngroups/{BOTH}?req=GetRecord"),
        "",
    );
    let taken = taken.expect(200)["GSW_RECORD_HANDLE"].clone();
    let group = Some("GSW_CAMPAIGN_GROUP_DBID");
    let state = || {
        let group = server.ask_as("all", "GET", &format!("/campaigngroups/{BOTH}"), "");
        group.expect(200)
    };
    let before = state();
    // Who is bound to "Calls" may not use a group that also takes records from "More".
    for name in ["calls", "group"] {
        for (method, target, body, right) in [
            (
                "POST",
                format!("/campaigngroups/{BOTH}?req=GetRecord"),
                "",
                (403, Some(1112), group),
            ),
            (
                "POST",
                format!("/campaigngroups/{BOTH}?req=AgentState"),
                "{\"GSW_AGENT_ID\":\"a\",\"GSW_AGENT_STATE\":1}",
                (403, Some(1112), group),
            ),
            (
                "POST",
                format!("/campaigngroups/{CALLING}?req=AgentState"),
                "{\"GSW_AGENT_ID\":\"a\",\"GSW_AGENT_STATE\":1}",
                (200, None, None),
            ),
            (
                "POST",
                format!("/campaigngroups/{BOTH}?req=StopDialing"),
                "",
                (403, Some(1112), group),
            ),
            (
                "POST",
                format!("/campaigngroups/{BOTH}?req=UnloadCampaign"),
                "",
                (403, Some(1112), group),
            ),
            (
                "POST",
                format!("/campaigngroups/{BOTH}?req=GetCampaignStatus"),
                "",
                (403, Some(1112), group),
            ),
            (
                "GET",
                format!("/campaigngroups/{BOTH}"),
                "",
                (403, Some(1112), group),
            ),
            (
                "GET",
                format!("/campaigngroups/{CALLING}"),
                "",
                (200, None, None),
            ),
            (
                "POST",
                format!("/campaigngroups/{CALLING}?req=GetRecord"),
                "",
                (200, None, None),
            ),
            (
                "POST",
                format!("/campaigngroups/{CALLING}?req=GetCampaignStatus"),
                "",
                (200, None, None),
            ),
        ] {
            let reply = server.ask_as(name, method, &target, body);
            let right = (right.0, right.1, right.2.map(str::to_owned));
            assert_eq!(came(&reply), right, "{name}: {method} {target}");
        }
        let groups = server
            .ask_as(name, "GET", "/campaigngroups", "")
            .expect(200);
        let groups = groups["groups"].as_array().expect("an array").clone();
        assert_eq!(groups.len(), 1, "{name}: {groups:?}");
        assert_eq!(groups[0]["GSW_CAMPAIGN_GROUP_DBID"], CALLING);
    }
    // The rest of a chain goes out for the group that has the record in hand.
    let chained = format!("/records/{taken}?req=ChainedRecordRequest");
    let reply = server.ask_as("group", "POST", &chained, "");
    let right = (403, Some(1112), group.map(str::to_owned));
    assert_eq!(came(&reply), right);
    assert_eq!(state(), before);
    server.stop();
}

/// Who is bound to calling lists speaks for those alone, and reads what concerns them.
#[test]
fn consent_of_own_calling_lists() {
    let server = start();
    let scope = Some("GSW_CONSENT_SCOPE");
    let of = |list: &str| {
        json!({ "GSW_CONSENT_SCOPE": "CallingList", "GSW_CALLING_LIST": list }).to_string()
    };
    let campaign = json!({ "GSW_CONSENT_SCOPE": "Campaign", "GSW_CAMPAIGN_NAME": "Calling" });
    for (body, right) in [
        ("{}".to_owned(), (403, Some(1112), scope)),
        (campaign.to_string(), (403, Some(1112), scope)),
        (of("More"), (403, Some(1112), Some("GSW_CALLING_LIST"))),
        (of("Calls"), (200, None, None)),
    ] {
        for req in ["Consent", "RevokeConsent"] {
            let target = format!("/phones/+16505550100?req={req}");
            let reply = server.ask_as("calls", "POST", &target, &body);
            let right = (right.0, right.1, right.2.map(str::to_owned));
            assert_eq!(came(&reply), right, "{req} {body}");
        }
    }
    for body in ["{}", &of("More"), &campaign.to_string()] {
        let target = "/phones/+16505550100?req=Consent";
        server.ask_as("all", "POST", target, body).expect(200);
    }
    for (name, scopes, statements) in [("all", 4, 5), ("calls", 2, 3)] {
        let reply = server.ask_as(name, "GET", "/phones/+16505550100", "");
        let phone = reply.expect(200);
        let count = |key: &str| phone[key].as_array().map(Vec::len);
        assert_eq!(count("consent"), Some(scopes), "{name}: {phone}");
        assert_eq!(
            count("consent_statements"),
            Some(statements),
            "{name}: {phone}"
        );
    }
    server.stop();
}

/// An Idempotency-Key is its client's own.
#[test]
fn keys_of_different_clients() {
    let rules = [token("one", &["add"], ""), token("other", &["add"], "")];
    let server = guarded(&rules.concat()).start();
    let ask = |name: &str| {
        let shown = super::bearer(name);
        let headers = [("Authorization", shown.as_str()), ("Idempotency-Key", "k")];
        let body = b"{\"GSW_PHONE\":\"1\"}";
        let reply = server.request("POST", "/lists/Calls?req=AddRecord", &headers, body);
        reply.expect(200)["GSW_RECORD_HANDLE"].clone()
    };
    let (first, other) = (ask("one"), ask("other"));
    assert_ne!(first, other);
    assert_eq!((ask("one"), ask("other")), (first, other));
    server.stop();
}
