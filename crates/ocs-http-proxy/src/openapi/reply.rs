//! What is answered: events, and refusals by status.

use std::collections::BTreeMap;

use hyper::StatusCode;
use ocs_encoding::Encoding;
use ocs_protocol::attribute::{
    self, GSW_CHAIN_ID, GSW_CHAIN_N, GSW_ERROR, GSW_ERROR_ATTRIBUTE, GSW_ERROR_NUMBER, GSW_IGNORED,
    GSW_RECORD_HANDLE, GSW_RECORD_URI, GSW_REFERENCE_ID, GSW_USER_EVENT,
};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{ERROR_MESSAGE, Refusal};
use ocs_protocol::request::RequestName;
use serde_json::{Map, Value, json};

use super::schema;
use crate::reply::status;
use crate::route::{Ask, Route};

/// The replies of an operation that carries out one of these requests.
pub(super) fn of(routes: &[&Route]) -> Value {
    let mut replies = Map::new();
    let reads = routes.iter().all(|route| route.is_read());
    let whole = routes.iter().filter(|route| route.ask != Ask::AddRecords);
    let schemas: Vec<_> = whole.map(|route| answer(route)).collect();
    let schema = match &schemas[..] {
        [one] => one.clone(),
        _ => json!({ "anyOf": schemas }),
    };
    let mut done = json!({
        "description": if reads { "What was asked for." } else { "Done, and in the store." },
        "content": { "application/json": { "schema": schema } },
    });
    if routes.iter().any(|route| route.ask == Ask::AddRecords) {
        // One line an item, each an AddRecordAcknowledge or an ErrorMessage.
        done["content"]["application/x-ndjson"] = json!({ "schema": { "type": "string" } });
    }
    if routes
        .iter()
        .any(|route| route.ask == Ask::Ocs(RequestName::AddRecord))
    {
        done["links"] = record_links();
    }
    replies.insert("200".to_owned(), done);
    for status in numbers_by_status().keys() {
        if !(reads && only_for_changes(*status)) {
            let reference = format!("#/components/responses/{}", component(*status));
            replies.insert(status.as_str().to_owned(), json!({ "$ref": reference }));
        }
    }
    replies.into()
}

/// Where a record that was added is found.
fn record_links() -> Value {
    let link = |operation: &str| {
        json!({
            "operationId": operation,
            "parameters": {
                "path.record_handle": format!("$response.body#/{GSW_RECORD_HANDLE}"),
            },
        })
    };
    json!({ "ReadRecord": link("ReadRecord"), "ActOnRecord": link("ActOnRecord") })
}

fn only_for_changes(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::CONFLICT | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY
    )
}

/// The schema of what answers a request.
fn answer(route: &Route) -> Value {
    use RequestName as Name;
    let Ask::Ocs(request) = route.ask else {
        return json!({ "type": "object", "required": ["openapi", "paths"] });
    };
    let name = request.answer();
    match request {
        Name::AddRecord => event(
            &[name],
            &[GSW_RECORD_HANDLE, GSW_CHAIN_ID, GSW_CHAIN_N],
            &[GSW_RECORD_URI, GSW_IGNORED],
        ),
        Name::ReadRecord => event(
            &[name],
            &[GSW_RECORD_HANDLE, GSW_CHAIN_ID, GSW_CHAIN_N],
            &[
                GSW_RECORD_URI,
                attribute::GSW_CALLING_LIST,
                attribute::GSW_PHONE,
                attribute::GSW_PHONE_TYPE,
                attribute::GSW_RECORD_TYPE,
                attribute::GSW_RECORD_STATUS,
                attribute::GSW_CALL_RESULT,
                attribute::GSW_ATTEMPTS,
                attribute::GSW_FROM,
                attribute::GSW_UNTIL,
                attribute::GSW_TZ_NAME,
                attribute::GSW_TZ_OFFSET,
            ],
        ),
        Name::Consent | Name::RevokeConsent => event(
            &[name],
            &[
                attribute::GSW_CONSENT_ID,
                attribute::GSW_CONSENT_TIME,
                attribute::GSW_CONSENT_SCOPE,
                attribute::GSW_CONSENT_STANDING,
            ],
            &[GSW_IGNORED],
        ),
        Name::PreviewRecordRequest => event(
            &[name, "PreviewRecordEmpty"],
            &[],
            &[GSW_RECORD_HANDLE, GSW_RECORD_URI],
        ),
        // The one answer of several events.
        Name::ChainedRecordRequest => json!({
            "type": "array",
            "minItems": 1,
            "items": event(
                &["ChainedRecord", name],
                &[],
                &[GSW_RECORD_HANDLE, GSW_RECORD_URI],
            ),
        }),
        _ => event(&[name], &[], &[]),
    }
}

/// The schema of an event by one of these names, with attributes that it always has
/// and others that it may have.
fn event(names: &[&str], always: &[&str], sometimes: &[&str]) -> Value {
    let mut properties = Map::new();
    for key in always.iter().chain(sometimes).chain([&GSW_REFERENCE_ID]) {
        let schema = attribute::attribute(key).map(schema::answered);
        properties.insert((*key).to_owned(), schema.unwrap_or_default());
    }
    properties.insert(GSW_USER_EVENT.to_owned(), json!({ "enum": names }));
    let required: Vec<_> = [GSW_USER_EVENT].iter().chain(always).copied().collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

/// The schema of every refusal.
pub(super) fn error_message() -> Value {
    let mut schema = event(
        &[ERROR_MESSAGE],
        &[GSW_ERROR, GSW_ERROR_NUMBER],
        &[GSW_ERROR_ATTRIBUTE],
    );
    let names = ErrorNumber::ALL.iter();
    let names = names.map(|number| format!("{} {}", number.number(), number.name()));
    let names = names.collect::<Vec<_>>().join(", ");
    schema["description"] = format!("Why a request was refused: {names}.").into();
    schema
}

/// The replies that refuse, by status.
pub(super) fn refusals() -> Map<String, Value> {
    let of_status = |(status, numbers): (StatusCode, Vec<ErrorNumber>)| {
        let named = numbers.iter().map(|number| number.page());
        let named = named.collect::<Vec<_>>().join(", ");
        let reason = status.canonical_reason().unwrap_or_default();
        let in_number: Vec<_> = numbers.iter().map(|number| number.number()).collect();
        let example = Refusal::new(numbers[0], "what was wrong; what would be right");
        let mut reply = json!({
            "description": format!("{reason}. docs/errors has a page for each: {named}."),
            "content": { "application/json": {
                "schema": {
                    "$ref": "#/components/schemas/ErrorMessage",
                    "properties": { GSW_ERROR_NUMBER: { "enum": in_number } },
                },
                "example": as_json(example),
            } },
        });
        let header = match status {
            StatusCode::METHOD_NOT_ALLOWED => Some(("Allow", "The methods that are taken.")),
            StatusCode::UNAUTHORIZED => Some(("WWW-Authenticate", "How to show a credential.")),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                Some(("Retry-After", "Seconds after which it may be tried again."))
            }
            _ => None,
        };
        if let Some((name, meaning)) = header {
            reply["headers"] = json!({ name: {
                "description": meaning, "required": true, "schema": { "type": "string" },
            } });
        }
        (component(status), reply)
    };
    numbers_by_status().into_iter().map(of_status).collect()
}

fn as_json(refusal: Refusal) -> Value {
    let event = ocs_protocol::wire::WireEvent::from(&refusal.into_event(None));
    let json = crate::reply::json(&event, Encoding::UTF_8).unwrap_or_default();
    serde_json::from_slice(&json).unwrap_or_default()
}

fn component(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    reason.replace(' ', "")
}

fn numbers_by_status() -> BTreeMap<StatusCode, Vec<ErrorNumber>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for number in ErrorNumber::ALL {
        all.entry(status(*number)).or_default().push(*number);
    }
    all
}
