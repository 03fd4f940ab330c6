//! Chains that reached their processed state.

use serde_json::{Value, json};

use super::receiver::{Act, Receiver};
use super::{call, home};
use crate::campaigns::{CALLING, running_of};
use crate::process::until;

fn processed_to(uri: &str) -> String {
    format!("contact-processed-notification = true\ncontact-processed-notification-uri = \"{uri}\"")
}

#[test]
fn once_a_chain() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = running_of(home(&processed_to(&receiver.uri("/done"))), &[CALLING]);
    let first = server.add_to(
        "Calls",
        &json!({ "GSW_PHONE": "+16505550100", "balance": "12.5", "visits": 3 }),
    );
    let second = server.add_to(
        "Calls",
        &json!({ "GSW_PHONE": "+16505550101", "GSW_CHAIN_ID": first }),
    );
    assert_eq!(server.next(CALLING, "ann"), first);
    // It is told of when all of the chain is final, and by the record that ended it.
    let result = json!({ "GSW_CALL_RESULT": "Answer", "visits": 4 });
    server.on(&first, "RecordProcessed", &result).expect(200);
    let message = receiver.wait(1)[0].json();
    let chain = message["GSW_CHAIN_RECORDS"].as_array().expect("the chain");
    let statuses: Vec<_> = chain.iter().map(|one| &one["GSW_RECORD_STATUS"]).collect();
    assert_eq!(statuses, ["Updated", "ChainUpdated"]);
    assert_eq!(chain[1]["GSW_RECORD_HANDLE"], second);
    for (key, right) in [
        ("GSW_USER_EVENT", json!("ContactProcessed")),
        ("GSW_TENANT_NAME", json!("Environment")),
        ("GSW_CAMPAIGN_GROUP_NAME", json!("Calling@Agents")),
        ("GSW_CALLING_LIST", json!("Calls")),
        ("GSW_RECORD_HANDLE", first.clone()),
        ("GSW_CHAIN_ID", first),
        ("GSW_CALL_RESULT", json!(33)),
        ("GSW_ATTEMPTS", json!(1)),
        ("Balance", json!("12.5")),
        ("visits", json!(4)),
    ] {
        assert_eq!(message[key], right, "{key}");
    }
    // A chain that a cancelled record ends, and one that stays open by a treatment-less retry.
    let cancelled = server.add_to("Calls", &json!({ "GSW_PHONE": "+16505550102" }));
    let other = server.add_to(
        "Calls",
        &json!({ "GSW_PHONE": "+16505550103", "GSW_CHAIN_ID": cancelled }),
    );
    server
        .on(&other, "RequestRecordCancel", &json!({}))
        .expect(200);
    server
        .on(&cancelled, "RequestRecordCancel", &json!({}))
        .expect(200);
    let message = receiver.wait(2)[1].json();
    assert_eq!(message["GSW_RECORD_HANDLE"], cancelled);
    assert_eq!(message["GSW_CALL_RESULT"], 52);
    assert_eq!(message["GSW_CAMPAIGN_GROUP_NAME"], Value::Null);
    assert_eq!(receiver.heard().len(), 2);
}

/// It is sent again so many times, then given up, and the log says so.
#[test]
fn given_up_after_the_last_retry() {
    let receiver = Receiver::start(|_, _| Act::status(500));
    let options = format!(
        "http-retry-max-attempts = 1\n{}",
        processed_to(&receiver.uri("/"))
    );
    let server = running_of(home(&options), &[CALLING]);
    call(&server, "+16505550100", "Answer");
    until("it is given up", || {
        server
            .log()
            .contains("a message (contact processed) is given up after 2 times")
    });
    assert_eq!(receiver.heard().len(), 2);
    let shown = || server.home.ocs(&["outbox"]).stdout;
    until("nothing waits", || shown().contains("nothing waits"));
}
