//! What is refused: with which status, number and key, with a sentence that says
//! what was wrong and what would be right, and without any change.

mod bodies;
mod precedence;
mod reads;
mod requests;
mod states;
mod store;
mod uris;
mod values;

use serde_json::{Value, json};

use crate::campaigns::{BOTH, LATENESS, home};
use crate::home::CUSTOM_HEADERS;
use crate::http::Reply;

/// A wrong request, and how it is refused.
struct Wrong {
    what: &'static str,
    method: &'static str,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    status: u16,
    number: i64,
    attribute: Option<&'static str>,
    /// What the sentence holds.
    parts: Vec<String>,
}

impl Wrong {
    fn attribute(mut self, attribute: &'static str) -> Self {
        self.attribute = Some(attribute);
        // The sentence names the key as well as the machine-readable attribute.
        self.parts.push(attribute.to_owned());
        self
    }

    /// The attribute at fault, where the sentence calls it by another word.
    fn at(mut self, attribute: &'static str) -> Self {
        self.attribute = Some(attribute);
        self
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        body.as_ref().clone_into(&mut self.body);
        self
    }
}

/// A body that would be right.
const JSON: &str = "{\"GSW_PHONE\":\"+16505550123\"}";

/// Any request: what, method, target, status, number, a part of the sentence.
fn wrong(
    what: &'static str,
    method: &'static str,
    target: &str,
    status: u16,
    number: i64,
    part: &str,
) -> Wrong {
    Wrong {
        what,
        method,
        target: target.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        status,
        number,
        attribute: None,
        parts: vec![part.to_owned()],
    }
}

/// A body that goes to the record `handle`.
fn report(what: &'static str, handle: &Value, req: &str, status: u16, number: i64) -> Wrong {
    let target = format!("/records/{handle}?req={req}");
    wrong(what, "POST", &target, status, number, "")
}

/// What every refusal has, whatever it is about.
fn faults(wrong: &Wrong, reply: &Reply) -> Vec<String> {
    let mut faults = Vec::new();
    let mut same = |what: &str, is: String, right: String| {
        if is != right {
            faults.push(format!("{what} is {is}, not {right}"));
        }
    };
    same("status", reply.status.to_string(), wrong.status.to_string());
    for (name, value) in CUSTOM_HEADERS {
        same(
            name,
            format!("{:?}", reply.header(name)),
            format!("{:?}", Some(value)),
        );
    }
    let content_type = reply.header("content-type").unwrap_or_default();
    same(
        "Content-Type",
        content_type.to_owned(),
        "application/json; charset=utf-8".to_owned(),
    );
    if wrong.status == 405 {
        let allow = reply.header("allow").unwrap_or_default().to_owned();
        let path = wrong.target.split('?').next().unwrap_or_default();
        let only_read = path.matches('/').count() == 1 || path.ends_with("/records");
        let right = if only_read {
            "GET, HEAD"
        } else {
            "GET, HEAD, POST"
        };
        same("Allow", allow, right.to_owned());
    }
    let event: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    same(
        "the event",
        event["GSW_USER_EVENT"].to_string(),
        "\"ErrorMessage\"".to_owned(),
    );
    same(
        "the number",
        event["GSW_ERROR_NUMBER"].to_string(),
        wrong.number.to_string(),
    );
    let attribute = wrong.attribute.map_or(Value::Null, Value::from);
    same(
        "the attribute",
        event["GSW_ERROR_ATTRIBUTE"].to_string(),
        attribute.to_string(),
    );
    let sentence = event["GSW_ERROR"].as_str().unwrap_or_default();
    for part in wrong.parts.iter().filter(|part| !sentence.contains(*part)) {
        faults.push(format!("{part:?} is missing in {sentence:?}"));
    }
    faults
}

/// Sends every wrong request; the store is then as it was before.
#[track_caller]
fn check(table: impl FnOnce(&Value, &Value) -> Vec<Wrong>) {
    let server = home().start();
    let open = &server.add(&json!({ "GSW_PHONE": "1", "visits": 1 }))["GSW_RECORD_HANDLE"];
    let closed = &server.add(&json!({ "GSW_PHONE": "2" }))["GSW_RECORD_HANDLE"];
    server.on(closed, "RecordProcessed", &json!({})).expect(200);
    server
        .post("/phones/3?req=DoNotCall", &json!({}))
        .expect(200);
    for (dbid, req) in [
        (BOTH, "LoadCampaign"),
        (LATENESS, "LoadCampaign"),
        (LATENESS, "StartDialing"),
    ] {
        server.group(dbid, req, &json!({})).expect(200);
    }
    let before = store::rows(&server);
    let mut all = Vec::new();
    for wrong in table(open, closed) {
        let headers: Vec<_> = wrong
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let asked = server
            .connect()
            .ask(wrong.method, &wrong.target, &headers, &wrong.body);
        let faults = match asked {
            Ok(reply) => faults(&wrong, &reply),
            Err(error) => vec![format!("no reply: {error}")],
        };
        if !faults.is_empty() {
            let target: String = wrong.target.chars().take(60).collect();
            let (what, body) = (wrong.what, String::from_utf8_lossy(&wrong.body));
            let body: String = body.chars().take(80).collect();
            all.push(format!(
                "{what} ({} {target} {body}): {faults:#?}",
                wrong.method
            ));
        }
    }
    assert_eq!(
        store::rows(&server),
        before,
        "a refused request changed something"
    );
    assert!(all.is_empty(), "{}", all.join("\n"));
    server.stop();
}

#[test]
fn wrong_bodies() {
    check(|_, _| bodies::bodies());
}

#[test]
fn wrong_values() {
    check(|_, _| values::values());
}

#[test]
fn wrong_uris() {
    check(uris::uris);
}

#[test]
fn the_first_fault_is_named() {
    check(|_, closed| precedence::precedence(closed));
}

/// Each request of each resource, in each way that any request can be wrong in.
#[test]
fn every_request_wrong_in_every_way() {
    check(|open, _| requests::in_every_way(open));
}

#[test]
fn wrong_attributes_of_requests() {
    check(|open, _| requests::attributes(open));
}

#[test]
fn states_that_forbid_it() {
    check(states::states);
}

#[test]
fn wrong_reads() {
    check(|_, _| reads::reads());
}

/// So many requests are refused by these tables.
#[test]
fn the_tables_are_long() {
    let (open, closed) = (&json!(1), &json!(2));
    let rows = [
        bodies::bodies().len(),
        values::values().len(),
        uris::uris(open, closed).len(),
        precedence::precedence(closed).len(),
        requests::in_every_way(open).len(),
        requests::attributes(open).len(),
        states::states(open, closed).len(),
        reads::reads().len(),
    ];
    assert!(rows.iter().sum::<usize>() >= 200, "{rows:?}");
}
