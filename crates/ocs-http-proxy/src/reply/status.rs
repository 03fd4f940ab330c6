//! The HTTP status of each error number (http-interface.md, section 4).

use hyper::StatusCode;
use ocs_protocol::error::ErrorNumber;

/// The status that a refusal with this number is sent with.
pub(crate) fn of(number: ErrorNumber) -> StatusCode {
    match number {
        ErrorNumber::CampaignNotFound
        | ErrorNumber::InvalidParameter
        | ErrorNumber::InvalidCampaignMode
        | ErrorNumber::UnknownRequest
        | ErrorNumber::MalformedRequest
        | ErrorNumber::MalformedBody
        | ErrorNumber::UnknownAttribute
        | ErrorNumber::Contradiction
        | ErrorNumber::OutsideLegalHours => StatusCode::BAD_REQUEST,
        ErrorNumber::NotAuthenticated => StatusCode::UNAUTHORIZED,
        ErrorNumber::ForeignOrigin
        | ErrorNumber::ForeignHost
        | ErrorNumber::RightMissing
        | ErrorNumber::BoundElsewhere
        | ErrorNumber::NotInRole => StatusCode::FORBIDDEN,
        ErrorNumber::ResourceNotFound
        | ErrorNumber::CallingListNotFound
        | ErrorNumber::RecordNotFound
        | ErrorNumber::ChainNotFound
        | ErrorNumber::CampaignGroupNotFound
        | ErrorNumber::CampaignScheduleNotFound => StatusCode::NOT_FOUND,
        ErrorNumber::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorNumber::TooSlow => StatusCode::REQUEST_TIMEOUT,
        ErrorNumber::RecordFinal
        | ErrorNumber::RecordState
        | ErrorNumber::OtherAttempt
        | ErrorNumber::DuplicateRecord
        | ErrorNumber::CampaignNotLoaded
        | ErrorNumber::CampaignAlreadyLoaded
        | ErrorNumber::CampaignNotStarted
        | ErrorNumber::CampaignAlreadyStarted
        | ErrorNumber::InvalidCampaignSchedule
        | ErrorNumber::InvalidCampaignScheduleMode
        | ErrorNumber::PartOfSequence
        | ErrorNumber::ContactErased
        | ErrorNumber::CallContradicted => StatusCode::CONFLICT,
        ErrorNumber::KeyUsedOtherwise => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorNumber::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorNumber::TargetTooLong => StatusCode::URI_TOO_LONG,
        ErrorNumber::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        ErrorNumber::RateExceeded => StatusCode::TOO_MANY_REQUESTS,
        ErrorNumber::InternalFault => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorNumber::StoreUnavailable
        | ErrorNumber::StoreFull
        | ErrorNumber::Overloaded
        | ErrorNumber::NotServing
        | ErrorNumber::HandlesExhausted => StatusCode::SERVICE_UNAVAILABLE,
        ErrorNumber::NoAnswer => StatusCode::GATEWAY_TIMEOUT,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_pages_name_the_status() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
        let list = std::fs::read_to_string(folder.join("README.md")).expect("the list");
        for number in ErrorNumber::ALL {
            let (name, status) = (number.page(), of(*number).as_u16());
            let page = std::fs::read_to_string(folder.join(format!("{name}.md")));
            let page = page.unwrap_or_else(|error| panic!("docs/errors/{name}.md: {error}"));
            let line = format!("\nHTTP status {status}.\n");
            assert!(page.contains(&line), "{name} is sent with {status}");
            let row = format!("({name}.md) | {status} |");
            assert!(list.contains(&row), "{name} is sent with {status}");
        }
    }
}
