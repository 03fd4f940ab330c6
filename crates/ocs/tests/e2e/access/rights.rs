//! Rights, of each request of each resource; and in which order things are refused.

use super::{bearer, came, guarded, token};
use crate::http::Connection;

const RIGHTS: [&str; 6] = ["add", "update", "preview", "control", "read", "admin"];

/// Every request of every resource, and the rights of which one is enough.
const REQUESTS: &[(&str, &str, &[&str])] = &[
    ("POST", "/lists/Calls?req=AddRecord", &["add"]),
    ("POST", "/lists/Calls?req=AddRecords", &["add"]),
    (
        "POST",
        "/records/1?req=UpdateCallCompletionStats",
        &["update"],
    ),
    ("POST", "/records/1?req=RecordProcessed", &["update"]),
    ("POST", "/records/1?req=RecordReject", &["update"]),
    ("POST", "/records/1?req=RequestRecordCancel", &["update"]),
    ("POST", "/records/1?req=CancelRecord", &["update"]),
    ("POST", "/records/1?req=DoNotCall", &["update"]),
    ("POST", "/records/1?req=RecordReschedule", &["update"]),
    (
        "POST",
        "/records/1?req=ScheduledRecordReschedule",
        &["update"],
    ),
    ("POST", "/records/1?req=ChainedRecordRequest", &["preview"]),
    ("POST", "/phones/1?req=DoNotCall", &["update"]),
    ("POST", "/phones/1?req=RequestRecordCancel", &["update"]),
    ("POST", "/phones/1?req=Erase", &["admin"]),
    ("POST", "/customer_ids/1?req=Erase", &["admin"]),
    ("POST", "/customer_ids/1?req=DoNotCall", &["update"]),
    (
        "POST",
        "/customerids/1?req=RequestRecordCancel",
        &["update"],
    ),
    (
        "POST",
        "/campaigngroups/401?req=PreviewRecordRequest",
        &["preview"],
    ),
    ("POST", "/campaigngroups/401?req=GetRecord", &["preview"]),
    (
        "POST",
        "/campaigngroups/401?req=AgentState",
        &["update", "preview"],
    ),
    ("POST", "/campaigngroups/401?req=LoadCampaign", &["control"]),
    ("POST", "/campaigngroups/401?req=StartDialing", &["control"]),
    (
        "POST",
        "/campaigngroups/401?req=SetDialingMode",
        &["control"],
    ),
    ("POST", "/campaigngroups/401?req=StopDialing", &["control"]),
    (
        "POST",
        "/campaigngroups/401?req=UnloadCampaign",
        &["control"],
    ),
    (
        "POST",
        "/campaigngroups/401?req=ForceUnloadCampaign",
        &["control"],
    ),
    (
        "POST",
        "/campaigngroups/401?req=GetCampaignStatus",
        &["control", "read"],
    ),
    ("GET", "/records/1", &["read"]),
    ("GET", "/lists", &["read"]),
    ("HEAD", "/lists", &["read"]),
    ("GET", "/lists/Calls", &["read"]),
    ("GET", "/lists/Calls/records?limit=5", &["read"]),
    ("GET", "/campaigngroups", &["read"]),
    ("GET", "/campaigngroups/401", &["read"]),
    ("GET", "/phones/1", &["read"]),
    ("GET", "/customer_ids/1", &["read"]),
    ("GET", "/openapi.json", &RIGHTS),
];

#[test]
fn each_request_needs_its_right() {
    let rules: Vec<_> = RIGHTS
        .iter()
        .map(|right| token(right, &[right], ""))
        .collect();
    let server = guarded(&rules.concat()).start();
    let mut connection = server.connect();
    let mut wrong = Vec::new();
    for (method, target, needed) in REQUESTS {
        for right in RIGHTS {
            let shown = bearer(right);
            let headers = [("Authorization", shown.as_str())];
            let reply = connection.ask(method, target, &headers, b"");
            let reply = reply.unwrap_or_else(|error| panic!("{method} {target}: {error}"));
            let may = right == "admin" || needed.contains(&right);
            let found = came(&reply);
            let is_right = match (may, *method) {
                (true, _) => !matches!(found.0, 401 | 403 | 429),
                (false, "HEAD") => found.0 == 403,
                (false, _) => found == (403, Some(1111), None),
            };
            if !is_right {
                wrong.push(format!("{right}: {method} {target}: {found:?}"));
            }
            if reply.header("connection") == Some("close") {
                connection = server.connect();
            }
        }
        let reply = server.request(method, target, &[], b"");
        let right = match *method {
            "HEAD" => (401, None, None),
            _ => (401, Some(1110), Some("Authorization".to_owned())),
        };
        if came(&reply) != right || reply.header("www-authenticate") != Some("Bearer") {
            wrong.push(format!("nobody: {method} {target}: {reply:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let log = server.stop().read("logs/ocs_HTTPPRX.log");
    assert!(!log.contains("secret-of"), "a token is in the log");
    assert!(log.contains("by=token:read"), "{log}");
    assert!(log.contains("WARN"), "{log}");
}

#[test]
fn the_first_fault_is_named() {
    let rules = [
        token("adds", &["add"], "calling-lists = [\"Calls\"]"),
        token("reads", &["read"], ""),
        token(
            "controls",
            &["control"],
            "campaign-groups = [\"Calling@Agents\"]",
        ),
    ];
    let server = guarded(&rules.concat()).start();
    let adds = bearer("adds");
    let (reads, controls) = (bearer("reads"), bearer("controls"));
    let add = "/lists/Calls?req=AddRecord";
    let from = |token: &str| vec![("Authorization", token.to_owned())];
    let evil = ("Origin", "https://evil.example".to_owned());
    let host = ("Host", "evil.example".to_owned());
    for (what, method, target, headers, body, right) in [
        (
            "resource before credential",
            "POST",
            "/nothing",
            vec![],
            "{",
            (404, Some(1001), None),
        ),
        (
            "method before credential",
            "PUT",
            add,
            vec![],
            "{",
            (405, Some(1010), None),
        ),
        (
            "credential before req",
            "POST",
            "/lists/Calls?req=Add",
            vec![],
            "{",
            (401, Some(1110), Some("Authorization")),
        ),
        (
            "credential before body",
            "POST",
            add,
            vec![],
            "{",
            (401, Some(1110), Some("Authorization")),
        ),
        (
            "credential before object",
            "GET",
            "/records/99",
            vec![],
            "",
            (401, Some(1110), Some("Authorization")),
        ),
        (
            "host before credential",
            "POST",
            add,
            vec![host.clone()],
            "{",
            (403, Some(1113), Some("Host")),
        ),
        (
            "method before host",
            "PUT",
            add,
            vec![host],
            "{",
            (405, Some(1010), None),
        ),
        (
            "origin before credential",
            "POST",
            add,
            vec![evil],
            "{",
            (403, Some(1020), None),
        ),
        (
            "right before req",
            "POST",
            "/lists/Calls?req=Add",
            from(&reads),
            "{",
            (403, Some(1111), None),
        ),
        (
            "right before a doubled req",
            "POST",
            "/lists/Calls?req=a&req=b",
            from(&reads),
            "{",
            (403, Some(1111), None),
        ),
        (
            "right before body",
            "POST",
            add,
            from(&reads),
            "{",
            (403, Some(1111), None),
        ),
        (
            "right before object",
            "POST",
            "/records/99?req=DoNotCall",
            from(&reads),
            "",
            (403, Some(1111), None),
        ),
        (
            "list before req",
            "POST",
            "/lists/More?req=Add",
            from(&adds),
            "{",
            (403, Some(1112), Some("GSW_CALLING_LIST")),
        ),
        (
            "list before body",
            "POST",
            "/lists/More?req=AddRecord",
            from(&adds),
            "{",
            (403, Some(1112), Some("GSW_CALLING_LIST")),
        ),
        (
            "list before object",
            "POST",
            "/lists/None?req=AddRecord",
            from(&adds),
            "{}",
            (403, Some(1112), Some("GSW_CALLING_LIST")),
        ),
        (
            "list of AddRecords",
            "POST",
            "/lists/More?req=AddRecords",
            from(&adds),
            "[",
            (403, Some(1112), Some("GSW_CALLING_LIST")),
        ),
        (
            "group before value",
            "POST",
            "/campaigngroups/402?req=StartDialing",
            from(&controls),
            "{\"GSW_DIAL_MODE\":\"x\"}",
            (403, Some(1112), Some("GSW_CAMPAIGN_GROUP_DBID")),
        ),
        (
            "group before state",
            "POST",
            "/campaigngroups/402?req=StopDialing",
            from(&controls),
            "",
            (403, Some(1112), Some("GSW_CAMPAIGN_GROUP_DBID")),
        ),
        (
            "state",
            "POST",
            "/campaigngroups/401?req=StopDialing",
            from(&controls),
            "",
            (409, Some(4), None),
        ),
        (
            "no group",
            "POST",
            "/campaigngroups/499?req=StopDialing",
            from(&controls),
            "",
            (404, Some(9), Some("GSW_CAMPAIGN_GROUP_DBID")),
        ),
        (
            "req",
            "POST",
            "/lists/Calls?req=Add",
            from(&adds),
            "{",
            (400, Some(1011), None),
        ),
        (
            "body",
            "POST",
            add,
            from(&adds),
            "{",
            (400, Some(1013), None),
        ),
        (
            "a token in the URI",
            "POST",
            "/lists/Calls?req=AddRecord&access_token=secret-of-adds",
            vec![],
            "{}",
            (401, Some(1110), Some("Authorization")),
        ),
        (
            "another scheme",
            "POST",
            add,
            vec![("Authorization", "Basic YTpi".to_owned())],
            "{",
            (401, Some(1110), Some("Authorization")),
        ),
        (
            "two tokens",
            "POST",
            add,
            [from(&adds), from(&adds)].concat(),
            "{",
            (401, Some(1110), Some("Authorization")),
        ),
        (
            "a wrong token",
            "POST",
            add,
            from("Bearer x"),
            "{",
            (401, Some(1110), Some("Authorization")),
        ),
    ] {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let reply = server.request(method, target, &headers, body.as_bytes());
        let right = (right.0, right.1, right.2.map(str::to_owned));
        assert_eq!(
            came(&reply),
            right,
            "{what}: {}",
            String::from_utf8_lossy(&reply.body)
        );
    }
    // A body that would be refused is not asked for.
    let mut connection: Connection = server.connect();
    let expecting = [("Expect", "100-continue"), ("Content-Length", "2")];
    let reply = connection
        .ask("POST", add, &expecting, b"")
        .expect("a reply");
    assert_eq!(reply.status, 401);
    server.stop();
}
