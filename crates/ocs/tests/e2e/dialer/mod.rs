//! The dialer behind HTTP (notifications.md, last section): OCS against platforms that do as
//! they should, and as they should not.

mod agents;
mod answers;
mod campaign;
mod cancels;
mod crash;
mod limits;
mod progress;

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::campaigns;
use crate::home::Home;
use crate::notify::receiver::{Act, Heard, Receiver};
use crate::server::Server;

/// A campaign group in Power that dials the calling list "Calls".
const POWER: u32 = 451;

/// A folder whose campaign group dials at this address, with these options more.
fn home(uri: &str, options: &str) -> Home {
    home_in("Power", uri, options)
}

/// The same, in another dialing mode.
fn home_in(mode: &str, uri: &str, options: &str) -> Home {
    let home = campaigns::home();
    home.write(
        "ocs.toml",
        home.read("ocs.toml")
            .replace("[server-info]", "http-response-timeout = 1\n[server-info]"),
    );
    group_in(&home, mode, uri, options);
    home
}

fn group(home: &Home, uri: &str, options: &str) {
    group_in(home, "Power", uri, options);
}

fn group_in(home: &Home, mode: &str, uri: &str, options: &str) {
    home.apply(&format!(
        "[[campaign-group]]\ndbid = {POWER}\ncampaign = \"Calling\"\ngroup = \"Power\"\n\
         dialing-mode = \"{mode}\"\noptions = {{ dialer-uri = \"{uri}\"{options} }}\n"
    ));
}

/// OCS whose campaign group dials at this platform.
#[track_caller]
fn dials(receiver: &Receiver, options: &str) -> Server {
    campaigns::running_of(home(&receiver.uri("/dial"), options), &[POWER])
}

/// Adds the `number`th record; its handle.
#[track_caller]
fn add(server: &Server, number: usize) -> Value {
    server.add_to("Calls", &json!({ "GSW_PHONE": phone(number) }))
}

fn phone(number: usize) -> String {
    format!("+1650555{:04}", 100 + number)
}

/// What a platform does with the first calls to each phone; with all others it says 200.
fn by_phone(acts: Vec<(String, Vec<Act>)>) -> impl Fn(&Heard, usize) -> Act + Send + Sync {
    let left = Mutex::new(acts);
    move |heard, _| {
        let call = heard.json();
        if call["GSW_USER_EVENT"] == "RecordCancel" {
            return Act::ok();
        }
        let mut left = left.lock().expect("whole");
        let of_phone = left
            .iter_mut()
            .find(|(phone, _)| call["GSW_PHONE"] == *phone);
        match of_phone.filter(|(_, acts)| !acts.is_empty()) {
            Some((_, acts)) => acts.remove(0),
            None => Act::ok(),
        }
    }
}

/// The calls to a phone that a platform was told of.
fn calls_to(receiver: &Receiver, phone: &str) -> Vec<Value> {
    let heard = receiver.heard();
    let calls = heard.iter().map(Heard::json);
    calls
        .filter(|call| call["GSW_PHONE"] == phone && call["GSW_USER_EVENT"] == "PreviewRecord")
        .collect()
}

/// Waits for the `nth` call to a phone, from 1.
#[track_caller]
fn call_to(receiver: &Receiver, phone: &str, nth: usize) -> Value {
    receiver.wait_until(&format!("the call {nth} to {phone}"), |heard| {
        let to_phone = heard
            .iter()
            .map(Heard::json)
            .filter(|call| call["GSW_PHONE"] == phone && call["GSW_USER_EVENT"] == "PreviewRecord");
        to_phone.count() >= nth
    });
    calls_to(receiver, phone).remove(nth - 1)
}

/// Reports something of a call.
#[track_caller]
fn report(server: &Server, call: &Value, req: &str, mut body: Value) -> crate::http::Reply {
    body["GSW_CALL_ATTEMPT_GUID"] = call["GSW_CALL_ATTEMPT_GUID"].clone();
    server.on(&call["GSW_RECORD_HANDLE"], req, &body)
}

/// The call is over, with this result.
#[track_caller]
fn processed(server: &Server, call: &Value, result: &str) {
    let sent = json!({ "GSW_CALL_RESULT": result });
    report(server, call, "RecordProcessed", sent).expect(200);
}

/// Calls that are out.
#[track_caller]
fn calls_out(server: &Server) -> Value {
    let status = server.group(POWER, "GetCampaignStatus", &json!({}));
    status.expect(200)["dialer"]["calls_out"].clone()
}

/// Status, call result and attempts of a record.
#[track_caller]
fn stands(server: &Server, handle: &Value) -> (Value, Value, Value) {
    let record = server.record(handle);
    let of = |key: &str| record[key].clone();
    (
        of("GSW_RECORD_STATUS"),
        of("GSW_CALL_RESULT"),
        of("GSW_ATTEMPTS"),
    )
}
