//! Record handles, as a URI or an attribute carries them.

use ocs_protocol::attribute::GSW_RECORD_HANDLE;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;
use ocs_rules::life_cycle::no_such_record;
use ocs_rules::record::{Handle, LAST_HANDLE};

/// Reads the record handle of a request.
///
/// # Errors
/// What is no positive integer names no record: 404 over HTTP (http-interface.md,
/// section 4). A handle that is missing is an error of the request.
pub(crate) fn read(event: &UserEvent) -> Result<Handle, Refusal> {
    let Some(value) = event.get(GSW_RECORD_HANDLE) else {
        return Err(Refusal::missing(GSW_RECORD_HANDLE, "it names the record"));
    };
    let text = value.shown();
    let digits = text.trim();
    // Only digits: "+5" and "5.0" are no handles.
    let number = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok());
    match number.flatten() {
        Some(handle @ 1..=LAST_HANDLE) => Ok(handle),
        _ => Err(no_such_record(&text)),
    }
}
