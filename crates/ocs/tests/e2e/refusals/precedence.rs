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
