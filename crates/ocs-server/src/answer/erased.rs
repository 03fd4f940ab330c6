//! The receipt of an erasure: how many rows were removed, and where.

use ocs_protocol::attribute::GSW_REFERENCE_ID;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::request::RequestName;
use ocs_rules::erasure::Erased;

use super::record::push_some;

/// EraseAcknowledge.
pub(crate) fn erased(erased: &Erased, reference: Option<i64>) -> UserEvent {
    let mut event = UserEvent::event(RequestName::Erase.answer());
    push_some(&mut event, GSW_REFERENCE_ID, reference);
    event.push("erasure", erased.erasure.into());
    let receipt = &erased.receipt;
    for (key, rows) in [
        ("records", receipt.records),
        ("attempts", receipt.attempts),
        ("import_keys", receipt.import_keys),
        ("answers", receipt.answers),
        ("consent_statements", receipt.statements),
        ("do_not_call_messages", receipt.do_not_call_messages),
    ] {
        event.push(key, rows.into());
    }
    event.push("kept_out", i64::from(receipt.kept_out).into());
    event.push("complete", i64::from(receipt.complete).into());
    event
}
