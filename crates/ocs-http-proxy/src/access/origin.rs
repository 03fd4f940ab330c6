//! Web pages: one in somebody's browser must not reach OCS behind his back.

use hyper::header::{HeaderMap, ORIGIN};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};

/// A request comes from no web page, or from one that may send requests.
///
/// # Errors
/// It comes from another.
pub(super) fn check(headers: &HeaderMap, origins: &[String]) -> Result<(), Refusal> {
    let refused = |what: String| {
        Err(Refusal::new(
            ErrorNumber::ForeignOrigin,
            format!("{what}; only origins named in access.allowed-origins may send requests"),
        ))
    };
    let allowed = |origin: &str| origins.iter().any(|known| known == origin);
    if let Some(origin) = headers.get(ORIGIN) {
        let origin = String::from_utf8_lossy(origin.as_bytes());
        return if allowed(&origin) {
            Ok(())
        } else {
            refused(format!(
                "the request comes from a web page of {}",
                quoted(&origin)
            ))
        };
    }
    match headers.get("sec-fetch-site") {
        Some(site) if site == "cross-site" => {
            refused("the request comes from a web page of another site".to_owned())
        }
        _ => Ok(()),
    }
}
