//! The HTTP status of each error number (http-interface.md, section 4).

use hyper::StatusCode;
use ocs_protocol::error::ErrorNumber;

/// The status that a refusal with this number is sent with.
pub(super) fn of(number: ErrorNumber) -> StatusCode {
    match number {
        ErrorNumber::CampaignNotFound
        | ErrorNumber::InvalidParameter
        | ErrorNumber::InvalidCampaignMode
        | ErrorNumber::UnknownRequest
        | ErrorNumber::MalformedRequest
        | ErrorNumber::MalformedBody
        | ErrorNumber::UnknownAttribute
        | ErrorNumber::Contradiction => StatusCode::BAD_REQUEST,
        ErrorNumber::ForeignOrigin => StatusCode::FORBIDDEN,
        ErrorNumber::ResourceNotFound
        | ErrorNumber::CallingListNotFound
        | ErrorNumber::RecordNotFound
        | ErrorNumber::ChainNotFound
        | ErrorNumber::CampaignGroupNotFound => StatusCode::NOT_FOUND,
        ErrorNumber::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorNumber::TooSlow => StatusCode::REQUEST_TIMEOUT,
        ErrorNumber::RecordFinal
        | ErrorNumber::RecordState
        | ErrorNumber::OtherAttempt
        | ErrorNumber::DuplicateRecord
        | ErrorNumber::CampaignNotLoaded
        | ErrorNumber::CampaignAlreadyLoaded
        | ErrorNumber::CampaignNotStarted
        | ErrorNumber::CampaignAlreadyStarted => StatusCode::CONFLICT,
        ErrorNumber::KeyUsedOtherwise => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorNumber::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorNumber::TargetTooLong => StatusCode::URI_TOO_LONG,
        ErrorNumber::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        ErrorNumber::InternalFault => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorNumber::StoreUnavailable
        | ErrorNumber::StoreFull
        | ErrorNumber::Overloaded
        | ErrorNumber::NotServing
        | ErrorNumber::HandlesExhausted => StatusCode::SERVICE_UNAVAILABLE,
        ErrorNumber::NoAnswer => StatusCode::GATEWAY_TIMEOUT,
    }
}
