//! OCS ends while calls are out: in order, and not.

use serde_json::json;

use super::{add, call_to, calls_out, calls_to, dials, phone, processed, stands};
use crate::notify::receiver::{Act, Receiver};
use crate::process::until;

/// Killed while a platform is being told of a call: nobody knows whether it has it. It is out,
/// is never told of again, and takes its channel.
#[test]
fn killed_before_the_answer() {
    let receiver = Receiver::start(|_, number| match number {
        0 => Act::Hang,
        _ => Act::ok(),
    });
    let server = dials(&receiver, ", channels = 2, dialing-rate = 100");
    let handle = add(&server, 0);
    let call = call_to(&receiver, &phone(0), 1);
    let server = server.kill_9().start();
    assert_eq!(
        stands(&server, &handle),
        (json!("Retrieved"), json!(28), json!(1))
    );
    assert_eq!(calls_out(&server), 1);
    // The other channel goes on.
    for number in 1..4 {
        add(&server, number);
        let other = call_to(&receiver, &phone(number), 1);
        processed(&server, &other, "Answer");
    }
    assert_eq!(calls_to(&receiver, &phone(0)).len(), 1, "never again");
    processed(&server, &call, "Answer");
    assert_eq!(
        stands(&server, &handle),
        (json!("Updated"), json!(33), json!(1))
    );
    assert_eq!(calls_out(&server), 0);
}

/// What is out stays out over restarts of either kind, and channels are counted as before.
#[test]
fn calls_outlive_ocs() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = dials(&receiver, ", channels = 2, dialing-rate = 100");
    for number in 0..3 {
        add(&server, number);
    }
    receiver.wait(2);
    let server = server.stop().start();
    assert_eq!(calls_out(&server), 2);
    let server = server.kill_9().start();
    assert_eq!(calls_out(&server), 2);
    let call = call_to(&receiver, &phone(0), 1);
    processed(&server, &call, "Answer");
    call_to(&receiver, &phone(2), 1);
    assert_eq!(calls_out(&server), 2);
    assert_eq!(receiver.heard().len(), 3);
}

/// Stopped while a platform is being told of a call: its answer is waited for.
#[test]
fn stopped_in_order() {
    let receiver = Receiver::start(|_, number| match number {
        0 => Act::Answer(409, None, r#"{"GSW_CALL_RESULT":53}"#.to_owned()),
        _ => Act::ok(),
    });
    let server = dials(&receiver, "");
    let handle = add(&server, 0);
    call_to(&receiver, &phone(0), 1);
    let server = server.stop().start();
    until("it was written", || {
        stands(&server, &handle) == (json!("Updated"), json!(53), json!(1))
    });
    assert_eq!(calls_out(&server), 0);
}
