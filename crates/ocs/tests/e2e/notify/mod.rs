//! What web servers are asked and told (notifications.md), by real web servers.

mod campaign_states;
mod contact_processed;
mod failures;
mod outbox;
pub(crate) mod receiver;
mod validation;
mod validators;
pub(crate) mod ways;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::campaigns;
use crate::home::{Home, NIGHT_TOO};
use crate::server::Server;
use receiver::Heard;

/// A folder with the usual campaign groups, and these lines behind `[options.OCServer]`.
fn home(options: &str) -> Home {
    let home = campaigns::home();
    configure(&home, options);
    home
}

fn configure(home: &Home, options: &str) {
    let text = home.read("ocs.toml");
    let (before, after) = text
        .split_once("http-custom-headers")
        .expect("a configuration of the tests");
    // Once more behind a change: what is said anew takes the place of what was.
    let after = after
        .split_once("\n[server-info]")
        .expect("a configuration of the tests");
    let headers = after.0.lines().next().unwrap_or_default();
    let text = format!(
        "{before}http-custom-headers{headers}\n{NIGHT_TOO}{options}\n[server-info]{}",
        after.1
    );
    home.write("ocs.toml", text);
}

/// Call reports go to this address.
fn reports_to(uri: &str) -> String {
    format!("send-history = true\nhistory-uri = \"{uri}\"")
}

/// Adds a record to "Calls", has it taken by an agent, and reports a call result; its
/// handle.
#[track_caller]
fn call(server: &Server, phone: &str, result: &str) -> Value {
    let handle = server.add_to("Calls", &json!({ "GSW_PHONE": phone }));
    assert_eq!(server.next(campaigns::CALLING, "ann"), handle);
    let processed = json!({ "GSW_CALL_RESULT": result });
    server
        .on(&handle, "RecordProcessed", &processed)
        .expect(200);
    handle
}

/// The messages of each attempt, in the order in which they came first; a message that came
/// again is one.
fn by_attempt(heard: &[Heard]) -> BTreeMap<String, Vec<Value>> {
    let mut attempts: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for message in heard.iter().map(Heard::json) {
        let guid = message["GSW_CALL_ATTEMPT_GUID"].as_str().expect("a GUID");
        let known = attempts.entry(guid.to_owned()).or_default();
        if !known.contains(&message) {
            known.push(message);
        }
    }
    attempts
}

/// Asserts that of each attempt both reports came, the begin first.
#[track_caller]
fn whole_and_in_order(heard: &[Heard], attempts: usize) {
    let by_attempt = by_attempt(heard);
    assert_eq!(by_attempt.len(), attempts, "{by_attempt:#?}");
    for reports in by_attempt.values() {
        let sequence: Vec<_> = reports
            .iter()
            .map(|report| report["GSW_HIST_SEQUENCE_NUM"].clone())
            .collect();
        assert_eq!(sequence, [0, 1], "{reports:#?}");
    }
}
