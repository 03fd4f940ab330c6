//! Reading the values of user-defined fields (http-interface.md, section 3).

use jiff::tz::TimeZone;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::event::Value;
use ocs_protocol::outbound::Pair;
use ocs_protocol::refusal::{Refusal, quoted};

use crate::calling_list::{CallingList, Field, FieldKind};
use crate::date_time;
use crate::fields::{FieldValue, Fields};

/// Reads the keys that are no attributes against a calling list: the values of
/// its fields, and the keys it has no field for.
///
/// # Errors
/// A value that is not of its field's type; a key without a field when
/// `refuse_unknown` is set. The refusal names the key.
pub fn read<'a>(
    list: &CallingList,
    zone: &TimeZone,
    pairs: impl IntoIterator<Item = &'a Pair>,
    refuse_unknown: bool,
) -> Result<(Fields, Vec<String>), Refusal> {
    let mut values: Vec<(&str, FieldValue)> = Vec::new();
    let mut ignored = Vec::new();
    for pair in pairs {
        let Some(field) = list.field(&pair.key) else {
            if refuse_unknown {
                return Err(unknown(list, &pair.key));
            }
            ignored.push(pair.key.clone());
            continue;
        };
        if values.iter().any(|(name, _)| *name == field.name) {
            return Err(Refusal::new(
                ErrorNumber::Contradiction,
                format!(
                    "the field {} is given twice, as {} and under its other name; send it once",
                    quoted(&field.name),
                    quoted(&pair.key)
                ),
            )
            .at(pair.key.clone()));
        }
        if let Some(value) = &pair.value {
            values.push((&field.name, read_one(field, zone, &pair.key, value)?));
        }
    }
    Ok((Fields::of(values), ignored))
}

/// The refusal of a key that is no field of a calling list.
pub(crate) fn unknown(list: &CallingList, key: &str) -> Refusal {
    Refusal::new(
        ErrorNumber::UnknownAttribute,
        format!(
            "{} is neither an attribute nor a field of the calling list {}",
            quoted(key),
            quoted(&list.name)
        ),
    )
    .at(key.to_owned())
}

fn read_one(
    field: &Field,
    zone: &TimeZone,
    key: &str,
    value: &Value,
) -> Result<FieldValue, Refusal> {
    let wrong = |right: &str| Refusal::invalid(key.to_owned(), &value.shown(), right);
    match field.kind {
        FieldKind::Int => {
            let number = match value {
                Value::Integer(number) => Some(*number),
                Value::Text(text) => text.trim().parse().ok(),
                Value::Decimal(_) | Value::List(_) => None,
            };
            number
                .map(FieldValue::Int)
                .ok_or_else(|| wrong("the field takes a 64-bit integer"))
        }
        FieldKind::Float => {
            let number = match value {
                #[expect(clippy::cast_precision_loss, reason = "a float field holds floats")]
                Value::Integer(number) => Some(*number as f64),
                Value::Text(text) | Value::Decimal(text) => text.trim().parse::<f64>().ok(),
                Value::List(_) => None,
            };
            number
                .filter(|number| number.is_finite())
                .map(FieldValue::Float)
                .ok_or_else(|| wrong("the field takes a number such as 12.5"))
        }
        FieldKind::Char(length) | FieldKind::Varchar(length) => {
            let text = match value {
                Value::Text(text) => text.clone(),
                Value::Integer(number) => number.to_string(),
                Value::Decimal(_) => {
                    return Err(wrong(
                        "only a float field takes a number with a fraction; send it as a string",
                    ));
                }
                Value::List(_) => return Err(wrong("the field takes a string")),
            };
            let characters = text.chars().count();
            if characters > length as usize {
                return Err(wrong(&format!(
                    "it has {characters} characters, and the field takes at most {length}"
                )));
            }
            Ok(FieldValue::Text(text))
        }
        FieldKind::DateTime => match value {
            Value::Text(text) => date_time::parse(text, zone)
                .map(|moment| FieldValue::DateTime(moment.to_string()))
                .ok_or_else(|| wrong(date_time::FORMS)),
            _ => Err(wrong(date_time::FORMS)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calling_list::DailyWindow;

    fn list() -> CallingList {
        let field = |name: &str, kind, send: Option<&str>| Field {
            name: name.to_owned(),
            kind,
            send_attribute: send.map(str::to_owned),
        };
        CallingList {
            dbid: 1,
            name: "Spring".to_owned(),
            window: DailyWindow::default(),
            zone: crate::zone::UTC,
            max_attempts: 10,
            region: None,
            fields: vec![
                field("n", FieldKind::Int, None),
                field("balance", FieldKind::Float, Some("Balance")),
                field("client-id", FieldKind::Varchar(5), None),
                field("due", FieldKind::DateTime, None),
            ],
            treatments: Vec::new(),
            options: crate::options::Options::default(),
        }
    }

    #[test]
    fn values() {
        let (text, integer, decimal) = (
            |text: &str| Value::Text(text.to_owned()),
            Value::Integer,
            |text: &str| Value::Decimal(text.to_owned()),
        );
        for (key, value, kept) in [
            ("n", integer(-5), Ok(r#"{"n":-5}"#)),
            (
                "n",
                text("9223372036854775807"),
                Ok(r#"{"n":9223372036854775807}"#),
            ),
            ("n", text("9223372036854775808"), Err("64-bit integer")),
            ("n", text(""), Err("64-bit integer")),
            ("n", decimal("1.5"), Err("64-bit integer")),
            ("balance", decimal("12.50"), Ok(r#"{"balance":12.5}"#)),
            ("Balance", integer(12), Ok(r#"{"balance":12}"#)),
            ("balance", text("1e3"), Ok(r#"{"balance":1000}"#)),
            ("balance", text("inf"), Err("a number such as")),
            ("balance", text("NaN"), Err("a number such as")),
            ("client-id", text("äöüßé"), Ok(r#"{"client-id":"äöüßé"}"#)),
            (
                "client-id",
                text("123456"),
                Err("6 characters, and the field takes at most 5"),
            ),
            ("client-id", integer(12345), Ok(r#"{"client-id":"12345"}"#)),
            ("client-id", decimal("1.5"), Err("only a float field")),
            (
                "due",
                text("11/22/2026 10:00"),
                Ok(r#"{"due":"2026-11-22T10:00:00Z"}"#),
            ),
            ("due", integer(5), Err("MM/dd/yyyy")),
        ] {
            let pair = Pair {
                key: key.to_owned(),
                value: Some(value),
            };
            let got = read(&list(), &TimeZone::UTC, [&pair], false);
            match (got, kept) {
                (Ok((fields, ignored)), Ok(kept)) => {
                    assert_eq!(fields.stored(), Some(kept), "{pair:?}");
                    assert!(ignored.is_empty());
                }
                (Err(refusal), Err(part)) => {
                    assert!(refusal.sentence.contains(part), "{}", refusal.sentence);
                    assert_eq!(refusal.attribute.as_deref(), Some(key));
                }
                (got, _) => panic!("{pair:?}: {got:?}"),
            }
        }
    }

    #[test]
    fn unknown_and_doubled_keys() {
        let unknown = Pair::text("shoe-size", "42");
        let (_, ignored) =
            read(&list(), &TimeZone::UTC, [&unknown], false).expect("it is only ignored");
        assert_eq!(ignored, ["shoe-size"]);
        let refusal = read(&list(), &TimeZone::UTC, [&unknown], true).expect_err("refused");
        assert_eq!(refusal.number, ErrorNumber::UnknownAttribute);
        let twice = [Pair::text("balance", "1"), Pair::text("Balance", "2")];
        let refusal = read(&list(), &TimeZone::UTC, &twice, false).expect_err("refused");
        assert_eq!(refusal.number, ErrorNumber::Contradiction);
    }
}
