//! The bytes of the protocol are pinned: the `.proto` only grows (ARCHITECTURE.md,
//! invariant 5). A program of an earlier version must read what this one writes.

use ocs_protocol::event::Value;
use ocs_protocol::outbound::client_message::Body;
use ocs_protocol::outbound::{ClientMessage, Hello, Role, UserEvent};
use prost::Message as _;

#[test]
fn the_hello() {
    let hello = Hello::in_role(Role::HttpProxy, "HTTP Proxy");
    let message = ClientMessage {
        number: 0,
        body: Some(Body::Hello(hello)),
        ..ClientMessage::default()
    };
    let bytes = b"\x12\x10\x08\x01\x10\x01\x1a\x0aHTTP Proxy";
    assert_eq!(message.encode_to_vec(), bytes);
    assert_eq!(ClientMessage::decode(&bytes[..]), Ok(message));
}

#[test]
fn a_request() {
    let mut event = UserEvent::request("AddRecord");
    event.push("GSW_PHONE", "+1650".into());
    event.push("GSW_FROM", 28_800_i64.into());
    event.push("balance", Value::Decimal("12.5".to_owned()));
    event.push("list", UserEvent::array_of(["a".into()]).into());
    let message = ClientMessage {
        number: 300,
        body: Some(Body::Request(event)),
        listener: 1,
        ..ClientMessage::default()
    };
    let bytes: &[u8] = b"\x08\xac\x02\x1a\x67\
        \x0a\x1f\x0a\x12GSW_AGENT_REQ_TYPE\x12\x09AddRecord\
        \x0a\x12\x0a\x09GSW_PHONE\x12\x05+1650\
        \x0a\x0e\x0a\x08GSW_FROM\x18\x80\xe1\x01\
        \x0a\x0f\x0a\x07balance\x2a\x0412.5\
        \x0a\x0f\x0a\x04list\x22\x07\x0a\x03\x12\x01a\x10\x01\
        \x28\x01";
    assert_eq!(message.encode_to_vec(), bytes);
    assert_eq!(ClientMessage::decode(bytes), Ok(message));
}

#[test]
fn a_request_that_may_be_repeated() {
    let message = ClientMessage {
        number: 1,
        body: Some(Body::Request(UserEvent::default())),
        client: "::1".to_owned(),
        idempotency_key: "k-1".to_owned(),
        fingerprint: vec![0, 255],
        ..ClientMessage::default()
    };
    let bytes = b"\x08\x01\x1a\x00\x3a\x03::1\x42\x03k-1\x4a\x02\x00\xff";
    assert_eq!(message.encode_to_vec(), bytes);
    assert_eq!(ClientMessage::decode(&bytes[..]), Ok(message));
}

/// A message of a later version may carry more; what is known is still read.
#[test]
fn unknown_fields_are_passed_over() {
    let bytes: &[u8] = b"\x08\x05\xfa\x3f\x03new\x28\x01";
    let message = ClientMessage::decode(bytes).expect("it is read");
    assert_eq!((message.number, message.listener), (5, 1));
}

/// What comes from a socket is never trusted to be whole.
#[test]
fn broken_bytes_are_refused() {
    for bytes in [
        &b"\x12\x10\x08"[..],
        b"\x1a\xff\xff\xff\xff\x0f",
        b"\x1a\x04\x0a\x02\x0a\x05",
        b"\xff",
    ] {
        assert!(ClientMessage::decode(bytes).is_err(), "{bytes:?}");
    }
}
