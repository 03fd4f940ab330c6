//! What real HTTP clients send by themselves, or when told to, is understood.

use serde_json::{Map, Value, json};

use crate::program::{self, Asked, Body, Client};
use crate::server::Server;

/// A way of sending a record, and what is then in the store.
struct Way {
    name: &'static str,
    list: &'static str,
    content_type: Option<&'static str>,
    accept: Option<&'static str>,
    send: Sent,
    stored: Value,
}

enum Sent {
    Json(Value),
    /// JSON with every character beyond ASCII escaped.
    Escaped(Value),
    Form(Value),
}

const SPRING: &str = "Spring";
/// The calling list "Frühling 2026".
const ENCODED: &str = "Fr%C3%BChling%202026";

fn ways() -> Vec<Way> {
    let way = |name, content_type, send, stored| Way {
        name,
        list: SPRING,
        content_type,
        accept: None,
        send,
        stored,
    };
    let integers = json!({
        "GSW_PHONE": "+16505550123", "GSW_PHONE_TYPE": 4, "GSW_RECORD_TYPE": 2,
        "GSW_FROM": 28_800, "GSW_UNTIL": 36_000, "GSW_ATTEMPTS": 2, "GSW_TZ_NAME": "PST",
        "visits": 7,
    });
    let strings = json!({
        "GSW_PHONE": "+16505550123", "GSW_PHONE_TYPE": "4", "GSW_RECORD_TYPE": "2",
        "GSW_FROM": "28800", "GSW_UNTIL": "36000", "GSW_ATTEMPTS": "2", "GSW_TZ_NAME": "PST",
        "visits": "7",
    });
    let understood = json!({
        "GSW_PHONE": "+16505550123", "GSW_PHONE_TYPE": "Mobile", "GSW_RECORD_TYPE": "General",
        "GSW_FROM": 28_800, "GSW_UNTIL": 36_000, "GSW_ATTEMPTS": 2, "GSW_TZ_NAME": "PST",
        "visits": 7,
    });
    let with_nulls = json!({
        "GSW_PHONE": "+16505550123", "GSW_FROM": null, "GSW_TZ_NAME": null, "visits": null,
        "GSW_CUSTOMER_ID": "C-1", "GSW_CHAIN_ID": null, "GSW_AGENT_ID": null,
    });
    let fields = json!({
        "GSW_PHONE": "+16505550123", "client-id": "c 17/§", "VAR_005": "Å=&%+",
        "CONTACT_LAST_NAME": "Nguyễn", "Balance": "12.5", "language": "日本",
    });
    let plain = json!({ "GSW_PHONE": "1", "CONTACT_LAST_NAME": "Müller-Lüdenscheidt 👋" });
    let mut ways = vec![
        way(
            "integers",
            Some("application/json"),
            Sent::Json(integers.clone()),
            understood.clone(),
        ),
        way(
            "strings",
            Some("application/json"),
            Sent::Json(strings.clone()),
            understood.clone(),
        ),
        way(
            "nulls",
            Some("application/json"),
            Sent::Json(with_nulls),
            json!({
                "GSW_PHONE": "+16505550123", "GSW_CUSTOMER_ID": "C-1", "GSW_FROM": 28_800,
                "GSW_TZ_NAME": "America/New_York",
            }),
        ),
        way(
            "text/plain",
            Some("text/plain"),
            Sent::Json(integers.clone()),
            understood.clone(),
        ),
        way(
            "no type",
            Some(""),
            Sent::Json(integers.clone()),
            understood.clone(),
        ),
        // curl and urllib then say that it is a form, fetch that it is plain text.
        way(
            "the client's own label",
            None,
            Sent::Json(strings),
            understood.clone(),
        ),
        way(
            "a charset",
            Some("application/json; charset=\"UTF-8\""),
            Sent::Json(plain.clone()),
            plain.clone(),
        ),
        way(
            "escaped",
            Some("text/json"),
            Sent::Escaped(plain.clone()),
            plain,
        ),
        way("fields", None, Sent::Json(fields.clone()), fields.clone()),
        way("a form", None, Sent::Form(fields.clone()), fields),
        way(
            "a form with numbers",
            Some("application/x-www-form-urlencoded; charset=UTF-8"),
            Sent::Form(json!({
                "GSW_PHONE": "+16505550123", "GSW_PHONE_TYPE": "mobile", "visits": "7",
                "GSW_RECORD_TYPE": "General", "GSW_FROM": "28800", "GSW_UNTIL": "36000",
                "GSW_ATTEMPTS": "2", "GSW_TZ_NAME": "PST",
            })),
            understood.clone(),
        ),
    ];
    ways.push(Way {
        accept: Some("text/plain"),
        ..way(
            "accepts text/plain",
            Some("text/plain"),
            Sent::Json(integers),
            understood,
        )
    });
    let letters = json!({ "GSW_PHONE": "+4930901820", "client-id": "é", "VAR_005": "v" });
    ways.push(Way {
        list: ENCODED,
        ..way(
            "a list to decode",
            None,
            Sent::Json(letters.clone()),
            letters.clone(),
        )
    });
    ways.push(Way {
        list: ENCODED,
        ..way(
            "a form for a list to decode",
            None,
            Sent::Form(letters.clone()),
            letters,
        )
    });
    ways
}

fn body(send: &Sent) -> Body {
    match send {
        Sent::Json(json) => Body::Text(json.to_string()),
        Sent::Escaped(json) => Body::Text(escaped(&json.to_string())),
        Sent::Form(pairs) => {
            let pairs = pairs.as_object().expect("pairs").iter();
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            Body::Form(
                pairs
                    .map(|(key, value)| (key.clone(), text(value)))
                    .collect(),
            )
        }
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(ascii) if ascii.is_ascii() => escaped.push(ascii.into()),
            _ => escaped.push_str(&format!("\\u{unit:04x}")),
        }
    }
    escaped
}

/// Every way of sending, by one client; afterwards the store holds what was meant.
fn check(client: Client) {
    let server = Server::start();
    let ways = ways();
    let asked: Vec<Asked> = ways
        .iter()
        .map(|way| Asked {
            url: server.url(&format!("/lists/{}?req=AddRecord", way.list)),
            content_type: way.content_type,
            accept: way.accept,
            body: body(&way.send),
        })
        .collect();
    let heard = client(&asked);
    assert_eq!(heard.len(), ways.len());
    for (way, heard) in ways.iter().zip(heard) {
        let name = way.name;
        assert_eq!(heard.status, 200, "{name}: {}", heard.body);
        let event: Value = serde_json::from_str(&heard.body).expect("an event");
        assert_eq!(event["GSW_USER_EVENT"], "AddRecordAcknowledge", "{name}");
        assert!(event["GSW_CHAIN_ID"].as_u64() > Some(0), "{name}: {event}");
        assert_eq!(event["GSW_CHAIN_N"], 0, "{name}");
        let handle = handle_in_uri(&event);
        assert_eq!(event["GSW_RECORD_HANDLE"].to_string(), handle, "{name}");
        assert_eq!(event["GSW_IGNORED"], Value::Null, "{name}");
        let uri = event["GSW_RECORD_URI"].as_str().expect("a URI");
        assert_eq!(uri, server.url(&format!("/records/{handle}")), "{name}");
        let record = server.get(&format!("/records/{handle}"));
        let mut stored = Map::new();
        for (key, value) in way.stored.as_object().expect("pairs") {
            stored.insert(key.clone(), record[key].clone());
            assert_eq!(record[key], *value, "{name}: {key} in {record}");
        }
        let list = if way.list == SPRING {
            SPRING
        } else {
            "Frühling 2026"
        };
        assert_eq!(record["GSW_CALLING_LIST"], list, "{name}");
        // What was null is not there.
        assert!(
            name != "nulls" || record.get("visits").is_none(),
            "{record}"
        );
    }
    server.stop();
}

/// The handle, as real consumers take it out of the URI: they match
/// `(https?://[^/]*)`, then require `<that>/records/`, and the rest is the handle.
fn handle_in_uri(event: &Value) -> String {
    let uri = event["GSW_RECORD_URI"].as_str().expect("a URI");
    let after_scheme = ["http://", "https://"]
        .iter()
        .find_map(|scheme| uri.strip_prefix(scheme))
        .expect("a scheme");
    let path = after_scheme.find('/').expect("a path");
    let handle = after_scheme[path..].strip_prefix("/records/");
    handle.expect("a record").to_owned()
}

#[test]
fn curl() {
    check(program::curl);
}

#[test]
fn python_requests() {
    check(program::requests);
}

#[test]
fn python_urllib() {
    check(program::urllib);
}

#[test]
fn node_fetch() {
    check(program::fetch);
}
