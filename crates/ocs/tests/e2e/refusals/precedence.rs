//! Requests that are wrong in several ways.

use serde_json::Value;

use super::{Wrong, report, wrong};

/// Several things are wrong at once: the first of resource type, method, origin,
/// `req`, body, object and state is what the reply is about.
pub(super) fn precedence(closed: &Value) -> Vec<Wrong> {
    let list = "/lists/Winter?req=AddRecord";
    let foreign = |wrong: Wrong| wrong.header("Origin", "https://evil.example");
    vec![
        wrong("body before object", "POST", list, 400, 1013, "not JSON").body("{"),
        wrong("value before object", "POST", list, 400, 10, "86399")
            .body("{\"GSW_PHONE\":\"1\",\"GSW_FROM\":-1}")
            .attribute("GSW_FROM"),
        wrong("date before object", "POST", list, 400, 10, "RFC 3339")
            .body("{\"GSW_PHONE\":\"1\",\"GSW_DATE_TIME\":\"x\"}")
            .attribute("GSW_DATE_TIME"),
        wrong(
            "req before body",
            "POST",
            "/lists/Winter?req=Add",
            400,
            1011,
            "Add",
        )
        .body("{"),
        wrong(
            "method before req",
            "PUT",
            "/lists/Winter?req=Add",
            405,
            1010,
            "PUT",
        )
        .body("{"),
        wrong(
            "resource before method",
            "PUT",
            "/nothing",
            404,
            1001,
            "/nothing",
        ),
        foreign(wrong("method before origin", "PUT", list, 405, 1010, "PUT")),
        foreign(wrong("origin before body", "POST", list, 403, 1020, "evil").body("{")),
        foreign(wrong(
            "origin before req",
            "POST",
            "/lists/Winter?req=Add",
            403,
            1020,
            "evil",
        )),
        wrong(
            "resource before a doubled req",
            "GET",
            "/nothing?req=a&req=b",
            404,
            1001,
            "/nothing",
        ),
        wrong(
            "method before a doubled req",
            "PUT",
            "/lists/Spring?req=a&req=b",
            405,
            1010,
            "PUT",
        ),
        wrong(
            "value before object",
            "POST",
            "/campaigngroups/499?req=StartDialing",
            400,
            10,
            "Preview",
        )
        .body("{\"GSW_DIAL_MODE\":\"Fast\"}")
        .attribute("GSW_DIAL_MODE"),
        wrong(
            "campaign before object",
            "POST",
            "/campaigngroups/499?req=LoadCampaign",
            400,
            3,
            "Winter",
        )
        .body("{\"GSW_CAMPAIGN_NAME\":\"Winter\"}")
        .at("GSW_CAMPAIGN_NAME"),
        wrong(
            "value before state",
            "POST",
            "/campaigngroups/401?req=StartDialing",
            400,
            10,
            "BusyFactor",
        )
        .body("{\"GSW_OPTIMIZE_BY\":9}")
        .attribute("GSW_OPTIMIZE_BY"),
        wrong(
            "date before object",
            "POST",
            "/records/abc?req=RecordReschedule",
            400,
            10,
            "RFC 3339",
        )
        .body("{\"GSW_DATE_TIME\":\"soon\"}")
        .attribute("GSW_DATE_TIME"),
        wrong(
            "chain attribute before object",
            "POST",
            "/records/999999?req=DoNotCall",
            400,
            10,
            "AllChain",
        )
        .body("{\"GSW_CHAIN_ATTR\":\"Most\"}")
        .attribute("GSW_CHAIN_ATTR"),
        report("date before state", closed, "RecordReschedule", 400, 10)
            .body("{\"GSW_DATE_TIME\":\"01/01/2020 00:00\"}")
            .attribute("GSW_DATE_TIME"),
        report("list before state", closed, "RecordProcessed", 400, 1015)
            .body("{\"GSW_CALLING_LIST\":\"Autumn\"}")
            .attribute("GSW_CALLING_LIST"),
        report("state before attempt", closed, "RecordProcessed", 409, 1030)
            .body("{\"GSW_CALL_ATTEMPT_GUID\":\"0123456789abcdef0123456789abcdef\"}")
            .at("GSW_RECORD_HANDLE"),
        report(
            "value before state",
            closed,
            "UpdateCallCompletionStats",
            400,
            10,
        )
        .body("{\"GSW_CALL_RESULT\":99}")
        .attribute("GSW_CALL_RESULT"),
    ]
}
