//! Channels, the dialing rate, and who gets records of a campaign group that dials by itself.

use std::time::Duration;

use serde_json::{Value, json};

use super::{add, call_to, calls_out, dials, phone, processed};
use crate::campaigns::CALLING;
use crate::notify::receiver::{Act, Receiver};
use crate::process::until;

#[test]
fn no_more_than_there_are_channels() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = dials(&receiver, ", channels = 3, dialing-rate = 1000");
    for number in 0..12 {
        add(&server, number);
    }
    for over in 0..9 {
        let heard = receiver.wait(over + 3);
        assert_eq!(heard.len(), over + 3, "three are out at a time");
        assert_eq!(calls_out(&server), 3);
        processed(&server, &heard[over].json(), "NoAnswer");
    }
    let heard = receiver.wait(12);
    let mut called: Vec<_> = heard
        .iter()
        .map(|heard| heard.json()["GSW_RECORD_HANDLE"].as_u64())
        .collect();
    called.sort_unstable();
    called.dedup();
    assert_eq!(called.len(), 12, "each record once");
}

#[test]
fn no_more_in_a_second_than_the_rate_says() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = dials(&receiver, ", channels = 100, dialing-rate = 4");
    for number in 0..10 {
        add(&server, number);
    }
    let heard = receiver.wait(10);
    for (first, fifth) in heard.iter().zip(&heard[4..]) {
        let took = fifth.at - first.at;
        assert!(took > Duration::from_millis(900), "five within {took:?}");
    }
}

/// Stopped, it begins no more calls; those that are out go on and are reported.
#[test]
fn stopped_and_unloaded() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = dials(&receiver, ", channels = 1");
    add(&server, 0);
    let call = call_to(&receiver, &phone(0), 1);
    server
        .group(super::POWER, "StopDialing", &json!({}))
        .expect(200);
    add(&server, 1);
    processed(&server, &call, "Answer");
    assert_eq!(calls_out(&server), 0);
    server
        .group(super::POWER, "UnloadCampaign", &json!({}))
        .expect(200);
    // Another campaign group of the same campaign takes what is left.
    server
        .group(CALLING, "LoadCampaign", &json!({}))
        .expect(200);
    server
        .group(CALLING, "StartDialing", &json!({}))
        .expect(200);
    assert!(server.next(CALLING, "ann").is_u64());
    assert_eq!(receiver.heard().len(), 1);
}

/// Agents get their own callbacks from it, and nothing else; those it never dials.
#[test]
fn agents_and_a_campaign_group_that_dials() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = dials(&receiver, ", channels = 1");
    let out = add(&server, 0);
    call_to(&receiver, &phone(0), 1);
    add(&server, 1);
    let personal = json!({
        "GSW_PHONE": phone(2), "GSW_RECORD_TYPE": "PersonalCallBack", "GSW_AGENT_ID": "ann",
    });
    let callback = server.add_to("Calls", &personal);
    assert_eq!(server.next(super::POWER, "bob"), Value::Null);
    assert_eq!(server.next(super::POWER, "ann"), callback);
    assert_eq!(server.next(super::POWER, "ann"), Value::Null);
    assert_eq!(calls_out(&server), 1, "the callback takes no channel");
    let sent = json!({ "GSW_CALL_RESULT": "Answer" });
    server.on(&callback, "RecordProcessed", &sent).expect(200);
    server.on(&out, "RecordProcessed", &sent).expect(200);
    call_to(&receiver, &phone(1), 1);
    assert!(super::calls_to(&receiver, &phone(2)).is_empty());
}

/// Validation holds here too: asked before, and what it forbids is not dialed.
#[test]
fn what_is_validated() {
    let validator = Receiver::start(|heard, _| match heard.json()["GSW_PHONE"].as_str() {
        Some("+16505550100") => Act::Answer(409, None, r#"{"GSW_CALL_RESULT":53}"#.to_owned()),
        _ => Act::Answer(200, None, r#"{"visits":7}"#.to_owned()),
    });
    let receiver = Receiver::start(|_, _| Act::ok());
    let options = format!(
        ", pre-dial-validation = true, validation-uri = \"{}\"",
        validator.uri("/")
    );
    let server = dials(&receiver, &options);
    let refused = add(&server, 0);
    let allowed = add(&server, 1);
    let call = call_to(&receiver, &phone(1), 1);
    assert_eq!(call["visits"], 7);
    assert_eq!(call["GSW_ATTEMPTS"], 1);
    until("the other is over", || {
        super::stands(&server, &refused).0 == "Updated"
    });
    assert_eq!(
        super::stands(&server, &refused),
        (json!("Updated"), json!(53), json!(1))
    );
    assert_eq!(
        super::stands(&server, &allowed),
        (json!("Retrieved"), json!(28), json!(1))
    );
    assert_eq!(calls_out(&server), 1);
    assert_eq!(receiver.heard().len(), 1);
}
