//! Attributes and fields whose values are wrong.

use serde_json::{Value, json};

use super::{Wrong, wrong};
use crate::server::ADD;

/// An attribute that is wrong in an otherwise good AddRecord.
fn value(key: &'static str, value: Value, right: &str) -> Wrong {
    let shown = match &value {
        Value::String(text) if text.chars().count() > 100 => {
            format!("\"{}…\"", text.chars().take(100).collect::<String>())
        }
        Value::String(text) => format!("\"{}\"", text.escape_debug()),
        other => format!("\"{other}\""),
    };
    let mut body = json!({ "GSW_PHONE": "+16505550123" });
    body[key] = value;
    let mut wrong = wrong(key, "POST", ADD, 400, 10, right)
        .body(body.to_string())
        .attribute(key);
    wrong.parts.push(shown);
    wrong
}

pub(super) fn values() -> Vec<Wrong> {
    let many = |letter: &str, times| Value::from(letter.repeat(times));
    let seconds = "an integer from 0 to 86399";
    let dates = "\"MM/dd/yyyy HH:mm\"";
    let mut all = vec![
        wrong("no phone", "POST", ADD, 400, 10, "missing")
            .body("{}")
            .attribute("GSW_PHONE"),
        wrong("no body", "POST", ADD, 400, 10, "missing").attribute("GSW_PHONE"),
        wrong("a phone that is null", "POST", ADD, 400, 10, "missing")
            .body("{\"GSW_PHONE\":null}")
            .attribute("GSW_PHONE"),
        wrong(
            "a callback of nobody",
            "POST",
            ADD,
            400,
            10,
            "PersonalCallBack",
        )
        .body("{\"GSW_PHONE\":\"1\",\"GSW_RECORD_TYPE\":\"PersonalCallBack\"}")
        .attribute("GSW_AGENT_ID"),
        wrong(
            "a campaign that is not there",
            "POST",
            ADD,
            400,
            3,
            "no campaign \"Winter\"",
        )
        .body("{\"GSW_PHONE\":\"1\",\"GSW_CAMPAIGN_NAME\":\"Winter\"}"),
        wrong(
            "a campaign of another list",
            "POST",
            ADD,
            400,
            3,
            "does not use",
        )
        .body("{\"GSW_PHONE\":\"1\",\"GSW_CAMPAIGN_NAME\":\"AutumnCampaign\"}"),
        wrong(
            "an unknown key where that matters",
            "POST",
            "/lists/Strict?req=AddRecord",
            400,
            1014,
            "",
        )
        .body("{\"GSW_PHONE\":\"1\",\"shoe-size\":\"42\"}")
        .attribute("shoe-size"),
        wrong(
            "a field under both names",
            "POST",
            ADD,
            400,
            1015,
            "balance",
        )
        .body("{\"GSW_PHONE\":\"1\",\"balance\":1,\"Balance\":2}")
        .attribute("Balance"),
    ];
    // The campaign's key is at fault, also where the sentence does not repeat it.
    for wrong in all.iter_mut().filter(|wrong| wrong.number == 3) {
        wrong.attribute = Some("GSW_CAMPAIGN_NAME");
    }
    all.extend([
        value("GSW_PHONE", json!(""), "1 to 128 characters"),
        value("GSW_PHONE", many("5", 129), "1 to 128 characters"),
        value("GSW_PHONE", json!("1\n2"), "control characters"),
        value("GSW_PHONE", json!(1.5), "a string"),
        value("GSW_CUSTOMER_ID", many("ä", 65), "1 to 64 characters"),
        value("GSW_CUSTOMER_ID", json!(""), "1 to 64 characters"),
        value("GSW_AGENT_ID", many("a", 33), "1 to 32 characters"),
        value("GSW_FROM", json!(86_400), seconds),
        value("GSW_FROM", json!(-1), seconds),
        value("GSW_FROM", json!("08:00"), seconds),
        value("GSW_FROM", json!(1.5), seconds),
        value("GSW_UNTIL", json!("86400"), seconds),
        value("GSW_UNTIL", json!(""), seconds),
        value("GSW_ATTEMPTS", json!(-1), "an integer from 0"),
        value("GSW_CALL_TIME", json!(-1), "an integer from 0"),
        value("GSW_PHONE_TYPE", json!("Mobil"), "HomePhone"),
        value("GSW_PHONE_TYPE", json!(12), "Mobile"),
        value("GSW_RECORD_TYPE", json!("Private"), "General"),
        value("GSW_RECORD_TYPE", json!("8"), "PersonalCallBack"),
        value("GSW_CALL_RESULT", json!("Nope"), "NoAnswer"),
        value("GSW_CALL_RESULT", json!(54), "WrongNumber"),
        value("GSW_RECORD_STATUS", json!("Gone"), "Ready"),
        value("GSW_RECORD_STATUS", json!(11), "Ready"),
        value("GSW_TZ_NAME", json!("Mars/Olympus"), "PST"),
        value("GSW_TZ_NAME", many("z", 128), "America/New_York"),
        value("GSW_DATE_TIME", json!("13/01/2026 09:30"), dates),
        value("GSW_DATE_TIME", json!("02/30/2026 09:30"), dates),
        value("GSW_DATE_TIME", json!("2026-02-30T09:30:00Z"), "RFC 3339"),
        value("GSW_DATE_TIME", json!("2026-11-22T09:30:00"), "RFC 3339"),
        value("GSW_DATE_TIME", json!("tomorrow"), "RFC 3339"),
        value("GSW_DATE_TIME", json!(5), dates),
        value("GSW_CHAIN_ID", json!("the first"), "an integer"),
        value("GSW_REFERENCE_ID", json!("x"), "integer"),
        value("visits", json!(1.5), "64-bit integer"),
        value("visits", json!("seven"), "64-bit integer"),
        value("visits", json!("9223372036854775808"), "64-bit integer"),
        value("client-id", json!(1.5), "as a string"),
        value("client-id", many("ß", 65), "at most 64"),
        value("language", json!("eng"), "at most 2"),
        value("Balance", json!("inf"), "12.5"),
        value("last-visit", json!(20_261_122), dates),
        value("last-visit", json!("yesterday"), "RFC 3339"),
    ]);
    let mut retrieved = value("GSW_RECORD_STATUS", json!("Retrieved"), "Ready or Updated");
    // Named as OCS understood it.
    retrieved.parts = vec!["Retrieved (2)".to_owned(), "Ready or Updated".to_owned()];
    all.push(retrieved);
    all
}
