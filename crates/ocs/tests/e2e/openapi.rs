//! The interface as it describes itself, and that it routes what it describes.

use serde_json::Value;

use crate::home::CUSTOM_HEADERS;
use crate::server::Server;

/// The description that is committed.
const COMMITTED: &str = include_str!("../../../../docs/openapi.json");

#[test]
fn the_description_is_served() {
    let server = Server::start();
    let reply = server.request("GET", "/openapi.json", &[], b"");
    let committed: Value = serde_json::from_str(COMMITTED).expect("JSON");
    let served = reply.expect(200);
    assert!(served == committed, "`cargo xtask openapi` writes it anew");
    assert_eq!(
        reply.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    for (name, value) in CUSTOM_HEADERS {
        assert_eq!(reply.header(name), Some(value));
    }
    let length = reply.header("content-length");
    let head = server.request("HEAD", "/openapi.json", &[], b"");
    assert_eq!((head.status, head.header("content-length")), (200, length));
    let wrong = server.request("POST", "/openapi.json", &[], b"{}");
    wrong.expect(405);
    assert_eq!(wrong.header("allow"), Some("GET, HEAD"));
    let log = server.stop().read("logs/ocs_HTTPPRX.log");
    assert!(log.contains("target=/openapi.json status=200"), "{log}");
}

/// Every path and every `req` of the description is known: whatever such a request
/// hears, it is never that there is no such resource, method or `req`.
#[test]
fn what_is_described_is_routed() {
    let server = Server::start();
    let document = server.get("/openapi.json");
    let paths = document["paths"].as_object().expect("paths");
    for (path, item) in paths {
        let mut target = path.clone();
        for parameter in item["parameters"].as_array().expect("parameters") {
            if let Some(name) = parameter["name"].as_str() {
                let example = &parameter["example"];
                let written = example
                    .as_str()
                    .map_or_else(|| example.to_string(), str::to_owned);
                target = target.replace(&format!("{{{name}}}"), &written);
            }
        }
        let check = |method: &str, target: &str| {
            let reply = server.request(method, target, &[], b"");
            let event: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let sentence = event["GSW_ERROR"].as_str().unwrap_or_default();
            let number = event["GSW_ERROR_NUMBER"].as_i64();
            // OCS itself says of a request that it does not carry out that it is none.
            let unknown = [1001, 1010].map(Some).contains(&number)
                || (number == Some(1011) && event["GSW_ERROR_ATTRIBUTE"] == Value::Null);
            assert!(!unknown, "{method} {target}: {sentence}");
        };
        if item.get("get").is_some() {
            check("GET", &target);
            check("HEAD", &target);
        }
        let reqs = item.pointer("/post/parameters/0/schema/enum");
        for req in reqs.and_then(Value::as_array).into_iter().flatten() {
            let req = req.as_str().expect("a name");
            check("POST", &format!("{target}?req={req}"));
        }
    }
    server.stop();
}

/// What HTTP Proxy refuses by itself on the paths that other tests do not ask.
#[test]
fn refusals_of_identifiers_and_keys() {
    let server = Server::start();
    let long = "x".repeat(201);
    let group = "/campaigngroups/0?req=StartDialing";
    let add = "/lists/Spring?req=AddRecord";
    let json = "{\"GSW_PHONE\":\"1\"}";
    // Method, target, Idempotency-Key, body; status, number, attribute.
    for (method, target, key, body, status, number, attribute) in [
        (
            "GET",
            "/campaigngroups/abc",
            None,
            "",
            404,
            9,
            "GSW_CAMPAIGN_GROUP_DBID",
        ),
        (
            "GET",
            "/campaigngroups/-1",
            None,
            "",
            404,
            9,
            "GSW_CAMPAIGN_GROUP_DBID",
        ),
        ("POST", group, None, "", 404, 9, "GSW_CAMPAIGN_GROUP_DBID"),
        // A body that is wrong comes first.
        (
            "POST",
            group,
            None,
            "{\"GSW_CAMPAIGN_GROUP_DBID\":1}",
            400,
            1015,
            "GSW_CAMPAIGN_GROUP_DBID",
        ),
        (
            "POST",
            "/phones/+1?req=DoNotCall",
            None,
            "{\"GSW_PHONE\":\"2\"}",
            400,
            1015,
            "GSW_PHONE",
        ),
        (
            "POST",
            "/customerids/C?req=DoNotCall",
            None,
            "{\"GSW_CUSTOMER_ID\":\"c\"}",
            400,
            1015,
            "GSW_CUSTOMER_ID",
        ),
        ("POST", add, Some(""), json, 400, 10, "Idempotency-Key"),
        ("POST", add, Some("a b"), json, 400, 10, "Idempotency-Key"),
        ("POST", add, Some(&*long), json, 400, 10, "Idempotency-Key"),
    ] {
        let headers: Vec<_> = key
            .map(|key| ("Idempotency-Key", key))
            .into_iter()
            .collect();
        let reply = server.request(method, target, &headers, body.as_bytes());
        let event = reply.expect(status);
        assert_eq!(event["GSW_ERROR_NUMBER"], number, "{target}: {event}");
        assert_eq!(event["GSW_ERROR_ATTRIBUTE"], attribute, "{target}: {event}");
        let page = format!(" (see errors/{number})");
        let sentence = event["GSW_ERROR"].as_str().expect("a sentence");
        assert!(sentence.ends_with(&page), "{sentence}");
    }
    // A key that is right is no reason to refuse; on a read it is not looked at.
    let key = [("Idempotency-Key", "k-1")];
    server
        .request("POST", add, &key, json.as_bytes())
        .expect(200);
    let key = [("Idempotency-Key", "a b")];
    server.request("GET", "/lists", &key, b"").expect(200);
    assert_eq!(server.get("/lists/Spring")["records"], 1);
    server.stop();
}
