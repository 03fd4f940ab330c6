//! What the URI, the method or the headers say.

use serde_json::{Value, json};

use super::{JSON, Wrong, report, wrong};
use crate::server::ADD;

/// What the URI says: `open` and `closed` are a record that is Ready and one that
/// is final.
pub(super) fn uris(open: &Value, closed: &Value) -> Vec<Wrong> {
    let mut all = vec![
        wrong(
            "no such list",
            "POST",
            "/lists/Sprong?req=AddRecord",
            404,
            1002,
            "\"Sprong\"",
        )
        .body(JSON),
        wrong(
            "no such list to read",
            "GET",
            "/lists/spring",
            404,
            1002,
            "\"spring\"",
        ),
        wrong("no such chain", "POST", ADD, 404, 1004, "no chain 999999")
            .body("{\"GSW_PHONE\":\"1\",\"GSW_CHAIN_ID\":999999}")
            .attribute("GSW_CHAIN_ID"),
        wrong(
            "no chain has this number",
            "POST",
            ADD,
            404,
            1004,
            "no chain -1",
        )
        .body("{\"GSW_PHONE\":\"1\",\"GSW_CHAIN_ID\":\"-1\"}")
        .attribute("GSW_CHAIN_ID"),
        wrong(
            "a chain of another list",
            "POST",
            "/lists/Autumn?req=AddRecord",
            404,
            1004,
            "no chain",
        )
        .body(json!({ "GSW_PHONE": "1", "GSW_CHAIN_ID": open }).to_string())
        .attribute("GSW_CHAIN_ID"),
        wrong(
            "another list than the URI's",
            "POST",
            ADD,
            400,
            1015,
            "\"Autumn\"",
        )
        .body("{\"GSW_PHONE\":\"1\",\"GSW_CALLING_LIST\":\"Autumn\"}")
        .attribute("GSW_CALLING_LIST"),
        wrong(
            "another request than the URI's",
            "POST",
            ADD,
            400,
            1015,
            "RecordProcessed",
        )
        .body("{\"GSW_PHONE\":\"1\",\"GSW_AGENT_REQ_TYPE\":\"RecordProcessed\"}")
        .attribute("GSW_AGENT_REQ_TYPE"),
        report(
            "another handle than the URI's",
            open,
            "RecordProcessed",
            400,
            1015,
        )
        .body("{\"GSW_RECORD_HANDLE\":4711}")
        .attribute("GSW_RECORD_HANDLE"),
        report(
            "a record of another list",
            open,
            "RecordProcessed",
            400,
            1015,
        )
        .body("{\"GSW_CALLING_LIST\":\"Autumn\"}")
        .attribute("GSW_CALLING_LIST"),
        report("a record of no list", open, "RecordProcessed", 404, 1002)
            .body("{\"GSW_CALLING_LIST\":\"Winter\"}"),
        report(
            "a campaign that is not there",
            open,
            "RecordProcessed",
            400,
            3,
        )
        .body("{\"GSW_CAMPAIGN_NAME\":\"Winter\"}"),
        report(
            "nothing to update",
            open,
            "UpdateCallCompletionStats",
            400,
            10,
        )
        .attribute("GSW_CALL_RESULT"),
        report("no such result", open, "UpdateCallCompletionStats", 400, 10)
            .body("{\"GSW_CALL_RESULT\":\"Nope\"}")
            .attribute("GSW_CALL_RESULT"),
        report("no such treatment", open, "RecordProcessed", 400, 10)
            .body("{\"GSW_TREATMENT\":\"Nope\"}")
            .attribute("GSW_TREATMENT"),
        report(
            "a field's value",
            open,
            "UpdateCallCompletionStats",
            400,
            10,
        )
        .body("{\"visits\":\"seven\"}")
        .attribute("visits"),
        report(
            "a final record",
            closed,
            "UpdateCallCompletionStats",
            409,
            1030,
        )
        .body("{\"GSW_CALL_RESULT\":0}"),
        report("a final record again", closed, "RecordProcessed", 409, 1030),
        report("another attempt", open, "RecordProcessed", 409, 1032)
            .body("{\"GSW_CALL_ATTEMPT_GUID\":\"0123456789abcdef0123456789abcdef\"}"),
        wrong(
            "no such request",
            "POST",
            "/lists/Spring?req=Add",
            400,
            1011,
            "AddRecord",
        )
        .body(JSON),
        wrong(
            "no request",
            "POST",
            "/lists/Spring",
            400,
            1011,
            "AddRecord",
        )
        .body(JSON),
        wrong(
            "its case",
            "POST",
            "/lists/Spring?req=addrecord",
            400,
            1011,
            "case",
        )
        .body(JSON),
        wrong(
            "twice",
            "POST",
            "/lists/Spring?req=AddRecord&req=AddRecord",
            400,
            1012,
            "twice",
        )
        .body(JSON),
        wrong(
            "another resource's",
            "POST",
            "/lists/Spring?req=RecordProcessed",
            400,
            1011,
            "AddRecord",
        ),
        report("a list's", open, "AddRecord", 400, 1011).body(JSON),
        wrong(
            "another tenant",
            "POST",
            "/lists/Spring?req=AddRecord&tenant=Other",
            400,
            1012,
            "Environment",
        )
        .body(JSON),
        wrong(
            "no UTF-8 in the path",
            "GET",
            "/lists/%ff",
            400,
            1012,
            "UTF-8",
        ),
        wrong(
            "PUT",
            "PUT",
            "/lists/Spring?req=AddRecord",
            405,
            1010,
            "GET, HEAD, POST",
        )
        .body(JSON),
        wrong(
            "DELETE",
            "DELETE",
            "/records/1",
            405,
            1010,
            "GET, HEAD, POST",
        ),
        wrong(
            "a POST to the lists",
            "POST",
            "/lists?req=AddRecord",
            405,
            1010,
            "GET, HEAD",
        )
        .body(JSON),
        wrong(
            "a method of nobody's",
            "BREW",
            "/lists/Spring",
            405,
            1010,
            "\"BREW\"",
        ),
        wrong(
            "a page of another origin",
            "POST",
            ADD,
            403,
            1020,
            "https://evil.example",
        )
        .body(JSON)
        .header("Origin", "https://evil.example"),
        wrong("a page of no origin", "POST", ADD, 403, 1020, "\"null\"")
            .body(JSON)
            .header("Origin", "null"),
        wrong(
            "a page of another site",
            "GET",
            "/lists",
            403,
            1020,
            "another site",
        )
        .header("Sec-Fetch-Site", "cross-site"),
        wrong(
            "a long target",
            "GET",
            &format!("/lists/{}", "a".repeat(9_000)),
            414,
            1018,
            "8192",
        ),
        wrong("long headers", "GET", "/lists", 431, 1019, "16384")
            .header("X-Long", "a".repeat(20 << 10)),
        wrong("very long headers", "GET", "/lists", 431, 1019, "")
            .header("X-Long", "a".repeat(200 << 10)),
        wrong("many headers", "GET", "/lists", 431, 1019, ""),
    ];
    for _ in 0..150 {
        let many = all.last_mut().expect("the last one");
        many.headers.push(("X-Many", String::new()));
    }
    for target in [
        "/",
        "/nothing",
        "/Lists",
        "/lists/",
        "/lists/a/b",
        "/records",
        "/records/",
    ] {
        all.push(wrong("no resource", "GET", target, 404, 1001, "/lists"));
    }
    for handle in [
        "999999",
        "0",
        "-1",
        "abc",
        "+1",
        "1.0",
        "2147483648",
        "99999999999999999999",
    ] {
        for target in [
            format!("/records/{handle}"),
            format!("/records/{handle}?req=RecordProcessed"),
        ] {
            let method = if target.contains('?') { "POST" } else { "GET" };
            let shown = format!("\"{handle}\"");
            let mut wrong = wrong("no record", method, &target, 404, 1003, &shown);
            wrong.attribute = Some("GSW_RECORD_HANDLE");
            all.push(wrong);
        }
    }
    // Named by the path, where the sentence calls them by another word.
    for wrong in &mut all {
        wrong.attribute = wrong.attribute.or(match wrong.number {
            1002 => Some("GSW_CALLING_LIST"),
            1030 => Some("GSW_RECORD_HANDLE"),
            1032 => Some("GSW_CALL_ATTEMPT_GUID"),
            3 => Some("GSW_CAMPAIGN_NAME"),
            _ => None,
        });
    }
    all
}
