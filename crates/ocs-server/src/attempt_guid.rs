//! GUIDs of attempts: 32 hexadecimal digits that nobody can guess (records.md,
//! section 2).

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;

/// What GUIDs are counted up from.
pub(crate) fn seed() -> Result<u128, Refusal> {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(u128::from_be_bytes(bytes)),
        Err(error) => {
            tracing::error!(%error, "the system gave no random number for an attempt's GUID");
            Err(Refusal::new(
                ErrorNumber::InternalFault,
                "a fault of OCS; its log has more",
            ))
        }
    }
}

/// A new one.
pub(crate) fn new() -> Result<String, Refusal> {
    Ok(format!("{:032x}", seed()?))
}
