//! Every request that changes something, and what is wrong with it.

use serde_json::{Value, json};

use super::{Wrong, wrong};

/// A resource with the requests it takes.
struct Resource {
    target: String,
    /// One that is not there, with its error number.
    missing: Option<(&'static str, i64)>,
    /// The attribute that the path is, and another value of it.
    key: &'static str,
    other: Value,
    reqs: &'static [&'static str],
    /// A body that would be right.
    right: Value,
}

fn resources(open: &Value) -> Vec<Resource> {
    let contact = &["DoNotCall", "RequestRecordCancel"];
    vec![
        Resource {
            target: "/lists/Spring".to_owned(),
            missing: Some(("/lists/Winter", 1002)),
            key: "GSW_CALLING_LIST",
            other: json!("Autumn"),
            reqs: &["AddRecord"],
            right: json!({ "GSW_PHONE": "1" }),
        },
        Resource {
            target: format!("/records/{open}"),
            missing: Some(("/records/999999", 1003)),
            key: "GSW_RECORD_HANDLE",
            other: json!(4711),
            reqs: &[
                "UpdateCallCompletionStats",
                "RecordProcessed",
                "RecordReject",
                "RequestRecordCancel",
                "DoNotCall",
                "RecordReschedule",
                "ScheduledRecordReschedule",
                "ChainedRecordRequest",
            ],
            right: json!({ "GSW_CALL_RESULT": 33, "GSW_DATE_TIME": "01/01/2038 00:00" }),
        },
        Resource {
            target: "/phones/1".to_owned(),
            missing: None,
            key: "GSW_PHONE",
            other: json!("2"),
            reqs: contact,
            right: json!({}),
        },
        Resource {
            target: "/customer_ids/1".to_owned(),
            missing: None,
            key: "GSW_CUSTOMER_ID",
            other: json!("2"),
            reqs: contact,
            right: json!({}),
        },
        Resource {
            target: "/campaigngroups/401".to_owned(),
            missing: Some(("/campaigngroups/499", 9)),
            key: "GSW_CAMPAIGN_GROUP_DBID",
            other: json!(402),
            reqs: &[
                "PreviewRecordRequest",
                "LoadCampaign",
                "UnloadCampaign",
                "ForceUnloadCampaign",
                "StartDialing",
                "StopDialing",
                "SetDialingMode",
                "GetCampaignStatus",
                "AgentState",
            ],
            right: json!({ "GSW_DIAL_MODE": 3, "GSW_AGENT_ID": "a", "GSW_AGENT_STATE": 1 }),
        },
    ]
}

/// Each request in each way that any request can be wrong in.
pub(super) fn in_every_way(open: &Value) -> Vec<Wrong> {
    let mut all = Vec::new();
    for resource in resources(open) {
        for req in resource.reqs {
            let target = format!("{}?req={req}", resource.target);
            let other_case = format!("{}?req={}", resource.target, req.to_lowercase());
            let with = |key: &str, value: &Value| {
                let mut body = resource.right.clone();
                body[key] = value.clone();
                body.to_string()
            };
            let at = |what, target: &str, status, number, part: &str| {
                wrong(what, "POST", target, status, number, part).body(resource.right.to_string())
            };
            let post = |what, status, number, part: &str| at(what, &target, status, number, part);
            all.extend([
                post("words", 400, 1013, "no JSON object").body("hello"),
                post("an array", 400, 1013, "JSON object").body("[{}]"),
                post("cut short", 400, 1013, "not JSON").body("{\"a\":1"),
                post("a key twice", 400, 1013, "twice")
                    .body("{\"a\":1,\"a\":1}")
                    .attribute("a"),
                post("a nested value", 400, 1013, "an object")
                    .body(with("a", &json!({ "b": 1 })))
                    .attribute("a"),
                post("true", 400, 1013, "is true")
                    .body(with("a", &json!(true)))
                    .attribute("a"),
                post("another than the URI's", 400, 1015, "in the URI")
                    .body(with(resource.key, &resource.other))
                    .attribute(resource.key),
                post("another request than the URI's", 400, 1015, "LogOut")
                    .body(with("GSW_AGENT_REQ_TYPE", &json!("LogOut")))
                    .attribute("GSW_AGENT_REQ_TYPE"),
                post("no reference", 400, 10, "64-bit integer")
                    .body(with("GSW_REFERENCE_ID", &json!("first")))
                    .attribute("GSW_REFERENCE_ID"),
                post("no campaign", 400, 3, "\"Winter\"")
                    .body(with("GSW_CAMPAIGN_NAME", &json!("Winter")))
                    .at("GSW_CAMPAIGN_NAME"),
                post("a foreign page", 403, 1020, "evil").header("Origin", "https://evil.example"),
                post("a key with a blank", 400, 10, "visible")
                    .header("Idempotency-Key", "a b")
                    .attribute("Idempotency-Key"),
                at(
                    "another tenant",
                    &format!("{target}&tenant=Other"),
                    400,
                    1012,
                    "Environment",
                ),
                at("twice", &format!("{target}&req={req}"), 400, 1012, "twice"),
                at("its case", &other_case, 400, 1011, "case"),
                wrong("no POST", "PUT", &target, 405, 1010, "PUT"),
            ]);
            if let Some((missing, number)) = resource.missing {
                let target = format!("{missing}?req={req}");
                all.push(at("not there", &target, 404, number, "there is no").at(resource.key));
            }
        }
    }
    all
}

/// Attributes that are wrong in the requests that read them.
pub(super) fn attributes(open: &Value) -> Vec<Wrong> {
    let long = |letter: &str, times: usize| Value::from(letter.repeat(times));
    let soon = json!("01/01/2038 00:00");
    let record = format!("/records/{open}");
    let group = "/campaigngroups/402";
    let mut all = Vec::new();
    // The target, the request, what else is sent, and the attribute with its value;
    // `null` where it is left out.
    let mut rows: Vec<(&str, &str, Value, &'static str, Value, &str)> = Vec::new();
    for req in ["RecordReschedule", "ScheduledRecordReschedule"] {
        let date = json!({ "GSW_DATE_TIME": soon });
        for (value, part) in [
            (Value::Null, "missing"),
            (json!(""), "1 to 64"),
            (json!("soon"), "RFC 3339"),
            (json!("13/01/2038 00:00"), "MM/dd/yyyy"),
            (json!("2038-01-01 00:00"), "RFC 3339"),
            (json!(2_145_916_800), "RFC 3339"),
            (json!("01/01/2020 00:00"), "in the past"),
            (json!("2020-01-01T00:00:00Z"), "in the past"),
        ] {
            rows.push((&record, req, json!({}), "GSW_DATE_TIME", value, part));
        }
        rows.push((
            &record,
            req,
            date.clone(),
            "GSW_CALLBACK_TYPE",
            json!("Nobody"),
            "Personal",
        ));
        rows.push((
            &record,
            req,
            date.clone(),
            "GSW_CALLBACK_TYPE",
            json!(2),
            "Campaign",
        ));
        rows.push((
            &record,
            req,
            date.clone(),
            "GSW_AGENT_ID",
            long("a", 33),
            "1 to 32",
        ));
        rows.push((&record, req, date, "GSW_AGENT_ID", json!(""), "1 to 32"));
    }
    let personal = json!({ "GSW_DATE_TIME": soon, "GSW_CALLBACK_TYPE": "Personal" });
    rows.push((
        &record,
        "RecordReschedule",
        personal,
        "GSW_AGENT_ID",
        Value::Null,
        "agent",
    ));
    for req in ["UpdateCallCompletionStats", "RecordProcessed"] {
        for (key, value, part) in [
            ("GSW_CALL_RESULT", json!(54), "WrongNumber"),
            ("GSW_CALL_RESULT", json!(-1), "Answer"),
            ("GSW_CALL_RESULT", json!("Nope"), "Answer"),
            ("GSW_CALL_RESULT", json!(1.5), "Answer"),
            ("GSW_TREATMENT", json!("Nope"), "RecordTreatPersonal"),
            ("visits", json!("seven"), "64-bit integer"),
            ("language", json!("eng"), "at most 2"),
            ("Balance", json!("much"), "12.5"),
            ("last-visit", json!("yesterday"), "RFC 3339"),
        ] {
            rows.push((&record, req, json!({ "client-id": "1" }), key, value, part));
        }
    }
    for req in [
        "RecordProcessed",
        "RecordReject",
        "DoNotCall",
        "ChainedRecordRequest",
    ] {
        let guid = "GSW_CALL_ATTEMPT_GUID";
        rows.push((&record, req, json!({}), guid, json!(""), "1 to 64"));
        rows.push((&record, req, json!({}), guid, long("0", 65), "1 to 64"));
    }
    for target in [record.as_str(), "/phones/1", "/customer_ids/1"] {
        for req in ["DoNotCall", "CancelRecord"] {
            let chain = "GSW_CHAIN_ATTR";
            rows.push((target, req, json!({}), chain, json!("Most"), "AllChain"));
            rows.push((target, req, json!({}), chain, json!(2), "RecordOnly"));
        }
    }
    for req in ["DoNotCall", "CancelRecord"] {
        rows.push((
            &record,
            req,
            json!({}),
            "GSW_PHONE",
            long("5", 129),
            "1 to 128",
        ));
        rows.push((
            &record,
            req,
            json!({}),
            "GSW_CUSTOMER_ID",
            long("c", 65),
            "1 to 64",
        ));
        rows.push((
            "/phones/1",
            req,
            json!({}),
            "GSW_CUSTOMER_ID",
            json!(""),
            "1 to 64",
        ));
    }
    rows.push((
        group,
        "GetRecord",
        json!({}),
        "GSW_AGENT_ID",
        long("a", 33),
        "1 to 32",
    ));
    rows.push((
        group,
        "GetRecord",
        json!({}),
        "GSW_AGENT_ID",
        json!(""),
        "1 to 32",
    ));
    let ready = json!({ "GSW_AGENT_ID": "a", "GSW_AGENT_STATE": "Ready" });
    for (key, value, part) in [
        ("GSW_AGENT_ID", Value::Null, "missing"),
        ("GSW_AGENT_ID", json!(""), "1 to 32"),
        ("GSW_AGENT_ID", json!(" "), "blank"),
        ("GSW_AGENT_ID", long("a", 33), "1 to 32"),
        ("GSW_AGENT_STATE", Value::Null, "missing"),
        ("GSW_AGENT_STATE", json!("Away"), "AfterCall"),
        ("GSW_AGENT_STATE", json!(""), "AfterCall"),
        ("GSW_AGENT_STATE", json!(0), "LoggedOut"),
        ("GSW_AGENT_STATE", json!("6"), "LoggedOut"),
    ] {
        rows.push((group, "AgentState", ready.clone(), key, value, part));
    }
    for req in ["StartDialing", "SetDialingMode"] {
        for (key, value, part) in [
            ("GSW_DIAL_MODE", json!(0), "Preview"),
            ("GSW_DIAL_MODE", json!(12), "Preview"),
            ("GSW_DIAL_MODE", json!("Fast"), "Preview"),
            ("GSW_OPTIMIZE_BY", json!(6), "BusyFactor"),
            ("GSW_OPTIMIZE_BY", json!("Luck"), "BusyFactor"),
            ("GSW_OPTIMIZE_GOAL", json!(-1), "an integer from 0"),
            ("GSW_OPTIMIZE_GOAL", json!("much"), "an integer from 0"),
            ("GSW_AUTO_COMPLETION", json!(2), "from 0 to 1"),
            ("GSW_AUTO_COMPLETION", json!("yes"), "from 0 to 1"),
        ] {
            rows.push((group, req, json!({ "GSW_DIAL_MODE": 3 }), key, value, part));
        }
    }
    let load = "/campaigngroups/401";
    rows.push((
        load,
        "LoadCampaign",
        json!({}),
        "GSW_AUTO_COMPLETION",
        json!(-1),
        "from 0 to 1",
    ));
    rows.push((
        group,
        "SetDialingMode",
        json!({}),
        "GSW_DIAL_MODE",
        Value::Null,
        "missing",
    ));
    for (target, req, mut body, key, value, part) in rows {
        body[key] = value;
        let target = format!("{target}?req={req}");
        let wrong = wrong("an attribute", "POST", &target, 400, 10, part);
        all.push(wrong.body(body.to_string()).attribute(key));
    }
    // A name beside the campaign group's DBID that is another's.
    for req in [
        "GetRecord",
        "UnloadCampaign",
        "StartDialing",
        "GetCampaignStatus",
    ] {
        for (key, name) in [
            ("GSW_CAMPAIGN_NAME", "Calling"),
            ("GSW_CAMPAIGN_GROUP_NAME", "Both@Dialer"),
            ("GSW_CAMPAIGN_GROUP_NAME", "Agents"),
        ] {
            let target = format!("{group}?req={req}");
            let wrong = wrong("another name", "POST", &target, 400, 1015, "Both@Agents");
            let body = json!({ key: name }).to_string();
            all.push(wrong.body(body).attribute(key));
        }
    }
    // A calling list that is named beside the record or contact.
    for req in [
        "RecordProcessed",
        "DoNotCall",
        "RecordReject",
        "CancelRecord",
    ] {
        for (list, status, number) in [("Winter", 404, 1002), ("Autumn", 400, 1015)] {
            let target = format!("{record}?req={req}");
            let body = json!({ "GSW_CALLING_LIST": list }).to_string();
            let wrong = wrong(
                "another list",
                "POST",
                &target,
                status,
                number,
                "calling list",
            );
            all.push(wrong.body(body).at("GSW_CALLING_LIST"));
        }
    }
    for (target, part) in [("/phones/1", "Winter"), ("/customerids/1", "Winter")] {
        for req in ["DoNotCall", "CancelRecord"] {
            let target = format!("{target}?req={req}");
            let wrong = wrong("no such list", "POST", &target, 404, 1002, part);
            let body = "{\"GSW_CALLING_LIST\":\"Winter\"}";
            all.push(wrong.body(body).at("GSW_CALLING_LIST"));
        }
    }
    all
}
