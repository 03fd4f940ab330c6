//! What values may be, as JSON Schema.

use ocs_protocol::attribute::{
    self, Attribute, Choice, GSW_AGENT_ID, GSW_CALL_RESULT, GSW_CALL_TIME, GSW_CALLING_LIST,
    GSW_CONSENT_PROOF, GSW_CONSENT_SOURCE, GSW_CONSENT_TIME, GSW_CUSTOMER_ID, GSW_FROM, GSW_PHONE,
    GSW_TZ_NAME, GSW_UNTIL, Kind,
};
use serde_json::{Value, json};

/// No control characters.
const PRINTABLE: &str = "^[^\\u0000-\\u001F\\u007F-\\u009F]*$";
/// An integer in a text.
const DIGITS: &str = "^\\s*[+-]?[0-9]+\\s*$";
/// `MM/dd/yyyy HH:mm`, or RFC 3339.
const MOMENT: &str = "^([0-9]{2}/[0-9]{2}/[0-9]{4} [0-9]{2}:[0-9]{2}\
     |[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?\
     ([Zz]|[+-][0-9]{2}:[0-9]{2}))$";

/// RFC 3339.
const INSTANT: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?\
     ([Zz]|[+-][0-9]{2}:[0-9]{2})$";

/// A value of an attribute as a body may have it: `null` leaves it out.
pub(super) fn taken(attribute: &Attribute) -> Value {
    let mut schema = match attribute.kind {
        Kind::Text(longest) => json!({
            "type": ["string", "integer", "null"],
            "minLength": 1, "maxLength": longest, "pattern": PRINTABLE,
            "minimum": i64::MIN, "maximum": i64::MAX,
        }),
        Kind::Moment => json!({ "type": ["string", "null"], "pattern": MOMENT }),
        Kind::Instant => json!({ "type": ["string", "null"], "pattern": INSTANT }),
        Kind::Integer(least, most) => json!({
            "type": ["integer", "string", "null"],
            "minimum": least, "maximum": most, "pattern": DIGITS,
        }),
        Kind::Enumeration(choice) => {
            let (numbers, names): (Vec<_>, Vec<_>) = choice.values().into_iter().unzip();
            json!({ "anyOf": [
                { "type": "string", "enum": names },
                { "type": "integer", "enum": numbers },
                { "type": "string", "pattern": DIGITS },
                { "type": "null" },
            ] })
        }
    };
    schema["description"] = meaning(attribute).into();
    schema["examples"] = json!([example(attribute)]);
    schema
}

/// A value in a path or in a query.
pub(super) fn written(kind: Kind) -> Value {
    match kind {
        Kind::Text(longest) => json!({
            "type": "string", "minLength": 1, "maxLength": longest, "pattern": PRINTABLE,
        }),
        Kind::Moment => json!({ "type": "string", "pattern": MOMENT }),
        Kind::Instant => json!({ "type": "string", "pattern": INSTANT }),
        Kind::Integer(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Kind::Enumeration(choice) => {
            let (numbers, names): (Vec<_>, Vec<_>) = choice.values().into_iter().unzip();
            json!({ "anyOf": [
                { "type": "string", "enum": names },
                { "type": "integer", "enum": numbers },
            ] })
        }
    }
}

/// A value of an attribute in an answer: names of enumerations, but the number of a
/// call result.
pub(super) fn answered(attribute: &Attribute) -> Value {
    let mut schema = match attribute.kind {
        Kind::Text(_) | Kind::Moment | Kind::Instant => json!({ "type": "string" }),
        Kind::Enumeration(_) if attribute.name == GSW_CALL_RESULT => json!({ "type": "integer" }),
        Kind::Integer(..) => json!({ "type": "integer" }),
        Kind::Enumeration(choice) => json!({ "type": "string", "enum": names(choice) }),
    };
    schema["description"] = meaning(attribute).into();
    schema
}

/// A value under a key that is no attribute.
pub(super) fn field() -> Value {
    json!({
        "description": "A user-defined field, under its own name. A key that the calling \
            list has no field for is named in GSW_IGNORED, or refused.",
        "type": ["string", "number", "null"],
        "minimum": i64::MIN,
        "maximum": i64::MAX,
    })
}

/// A value that an attribute might have.
pub(super) fn example(attribute: &Attribute) -> Value {
    match (attribute.name, attribute.kind) {
        (GSW_PHONE, _) => json!("+16505550123"),
        (GSW_CALLING_LIST, _) => json!("Spring"),
        (GSW_CUSTOMER_ID, _) => json!("C-1001"),
        (GSW_TZ_NAME, _) => json!("America/New_York"),
        (GSW_AGENT_ID, _) => json!("Ada"),
        (GSW_FROM, _) => json!(32_400),
        (GSW_UNTIL, _) => json!(61_200),
        (GSW_CALL_TIME, _) => json!(1_795_341_600),
        (GSW_CONSENT_TIME, _) => json!("2026-11-02T09:30:00Z"),
        (GSW_CONSENT_SOURCE, _) => json!("web form"),
        (GSW_CONSENT_PROOF, _) => json!("https://crm.example.com/forms/4711"),
        (_, Kind::Moment | Kind::Instant) => json!("2030-06-03T09:30:00Z"),
        (_, Kind::Text(_)) => json!("SpringCampaign"),
        (_, Kind::Integer(least, most)) => json!(1.clamp(least, most)),
        (_, Kind::Enumeration(choice)) => json!(names(choice).last()),
    }
}

/// A value of the attribute under this key.
pub(super) fn example_of(key: &str) -> Value {
    attribute::attribute(key).map_or(Value::Null, example)
}

fn names(choice: Choice) -> Vec<&'static str> {
    choice.values().into_iter().map(|(_, name)| name).collect()
}

fn meaning(attribute: &Attribute) -> String {
    let meaning = attribute.meaning.trim();
    match attribute.kind {
        Kind::Enumeration(choice) => {
            let values = choice.values().into_iter();
            let values: Vec<_> = values.map(|(n, name)| format!("{n} {name}")).collect();
            format!(
                "{meaning} By name, in any case, or by number: {}.",
                values.join(", ")
            )
        }
        _ => meaning.to_owned(),
    }
}
