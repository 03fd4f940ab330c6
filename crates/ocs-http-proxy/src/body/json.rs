//! JSON bodies: one flat object of strings and integers.

use std::fmt;

use ocs_protocol::event::Value;
use ocs_protocol::outbound::Pair;
use ocs_protocol::refusal::{Refusal, quoted};
use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

/// Reads an object into pairs, in its order; a `null` is left out.
pub(super) fn read(text: &str) -> Result<Vec<Pair>, Refusal> {
    read_of("the body", text)
}

/// The same; `what` is read, for sentences.
pub(super) fn read_of(what: &str, text: &str) -> Result<Vec<Pair>, Refusal> {
    let mut reading = Reading {
        pairs: Vec::with_capacity(16),
        key: String::new(),
        refusal: None,
    };
    let mut json = serde_json::Deserializer::from_str(text);
    let read = json.deserialize_map(&mut reading).and_then(|()| json.end());
    if let Some(refusal) = reading.refusal {
        return Err(refusal);
    }
    match read {
        Ok(()) => Ok(reading.pairs),
        Err(error) if error.is_syntax() && is_beyond_floats(text, &error) => {
            Err(wrong(reading.key, BEYOND))
        }
        Err(error) => Err(super::malformed(format!(
            "{what} is not JSON: {error}; it must be one object of attributes"
        ))),
    }
}

/// Whether serde stopped at a number that is greater than any float, and so beyond
/// 64 bits too. It says so in a sentence only, and that sentence is not ours to rely
/// on: the number ends where it stopped.
fn is_beyond_floats(text: &str, error: &serde_json::Error) -> bool {
    let lines = text.as_bytes().split(|byte| *byte == b'\n');
    let line = lines.take(error.line()).last().unwrap_or_default();
    let read = &line[..error.column().min(line.len())];
    let of_number = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    let digits = read.iter().rev().take_while(of_number).count();
    let number = std::str::from_utf8(&read[read.len() - digits..]);
    number.is_ok_and(|number| number.parse().is_ok_and(f64::is_infinite))
}

fn wrong(key: String, what: &str) -> Refusal {
    super::malformed(format!("{} is {what}", quoted(&key))).at(key)
}

/// The object so far. A refusal of ours goes beside serde's error, which could
/// not carry the key.
struct Reading {
    pairs: Vec<Pair>,
    /// The key whose value is being read.
    key: String,
    refusal: Option<Refusal>,
}

impl<'de> Visitor<'de> for &mut Reading {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of attributes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            self.key = key;
            let found = map.next_value_seed(OneValue)?;
            let key = std::mem::take(&mut self.key);
            let refused = match found {
                Ok(Some(value)) => super::push(
                    &mut self.pairs,
                    Pair {
                        key,
                        value: Some(value),
                    },
                )
                .err(),
                Ok(None) => None,
                Err(what) => Some(wrong(key, what)),
            };
            if refused.is_some() {
                self.refusal = refused;
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

/// One value: what it is, nothing for `null`, or what is wrong with it.
struct OneValue;

type Found = Result<Option<Value>, &'static str>;

impl<'de> DeserializeSeed<'de> for OneValue {
    type Value = Found;

    fn deserialize<D: serde::Deserializer<'de>>(self, value: D) -> Result<Found, D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OneValue {
    type Value = Found;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string or an integer")
    }

    fn visit_str<E>(self, text: &str) -> Result<Found, E> {
        Ok(Ok(Some(Value::Text(text.to_owned()))))
    }

    fn visit_string<E>(self, text: String) -> Result<Found, E> {
        Ok(Ok(Some(Value::Text(text))))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Found, E> {
        Ok(Ok(Some(Value::Integer(integer))))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Found, E> {
        Ok(i64::try_from(integer)
            .map(|integer| Some(Value::Integer(integer)))
            .map_err(|_| BEYOND))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Found, E> {
        // An integer that no 64 bits hold comes here too.
        if number.abs() >= 9_223_372_036_854_775_808.0 {
            return Ok(Err(BEYOND));
        }
        Ok(Ok(Some(Value::Decimal(number.to_string()))))
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Ok(None))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Found, E> {
        Ok(Err(if value { TRUE } else { FALSE }))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        while map
            .next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?
            .is_some()
        {}
        Ok(Err(
            "an object; attributes are strings and integers, and nothing is nested",
        ))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found, A::Error> {
        while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(Err("an array; attributes are strings and integers"))
    }
}

const BEYOND: &str = "a number beyond 64 bits; send it as a string if it is an identifier";
const TRUE: &str = "true; attributes are strings and integers, so send 1 or \"true\"";
const FALSE: &str = "false; attributes are strings and integers, so send 0 or \"false\"";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (json, pairs) in [
            ("{}", vec![]),
            (
                r#"{"a":"1","b":2,"c":null}"#,
                vec![("a", text("1")), ("b", Value::Integer(2))],
            ),
            (
                r#"{"client-id":"x\u00e4\n"}"#,
                vec![("client-id", text("xä\n"))],
            ),
            (
                r#"{"n":-9223372036854775808}"#,
                vec![("n", Value::Integer(i64::MIN))],
            ),
            (
                r#"{"f":12.50}"#,
                vec![("f", Value::Decimal("12.5".to_owned()))],
            ),
            (
                r#"{"f":1e-7}"#,
                vec![("f", Value::Decimal("0.0000001".to_owned()))],
            ),
        ] {
            let right: Vec<Pair> = pairs
                .into_iter()
                .map(|(key, value)| Pair {
                    key: key.to_owned(),
                    value: Some(value),
                })
                .collect();
            assert_eq!(read(json).expect(json), right, "{json}");
        }
    }

    #[test]
    fn refusals() {
        let long = "9".repeat(400);
        for (json, part, key) in [
            (r#"{"a":"#, "not JSON", None),
            (r#"{"a":1} x"#, "not JSON", None),
            (r#"{"a":1,}"#, "not JSON", None),
            (r#"{a:1}"#, "not JSON", None),
            (r#"{"a":01}"#, "not JSON", None),
            (r#"{"a":NaN}"#, "not JSON", None),
            ("{\"a\":\"\u{1}\"}", "not JSON", None),
            (r#"{"a":"\ud800"}"#, "not JSON", None),
            (r#"{"a":true}"#, "is true", Some("a")),
            (r#"{"b":false}"#, "is false", Some("b")),
            (r#"{"a":{"b":1}}"#, "is an object", Some("a")),
            (r#"{"a":[1]}"#, "is an array", Some("a")),
            (r#"{"a":1,"a":2}"#, "there twice", Some("a")),
            (r#"{"a":9223372036854775808}"#, "beyond 64 bits", Some("a")),
            (
                r#"{"a":123456789012345678901234567890}"#,
                "beyond 64 bits",
                Some("a"),
            ),
            (r#"{"b":2,"a":1e400}"#, "beyond 64 bits", Some("a")),
            (r#"{"a":-1.5E+400,"b":2}"#, "beyond 64 bits", Some("a")),
            (
                r#"{"a":1e99999999999999999999}"#,
                "beyond 64 bits",
                Some("a"),
            ),
            (
                "{\n\"b\": 2,\r\n\"a\": 1e400\n}",
                "beyond 64 bits",
                Some("a"),
            ),
            (&format!("{{\"a\":{long}}}"), "beyond 64 bits", Some("a")),
            // Such a number in a text is no reason.
            (r#"{"a":"1e400\ud800"}"#, "not JSON", None),
            (r#"{"a":"1e400\x"}"#, "not JSON", None),
            ("{\"a\":\"1e400\u{1}\"}", "not JSON", None),
            (r#"{"a":"1e400" 1}"#, "not JSON", None),
            (r#"{"a":"1e400"#, "not JSON", None),
            (r#"{"a":1e400e}"#, "beyond 64 bits", Some("a")),
        ] {
            let refusal = read(json).expect_err(json);
            assert!(
                refusal.sentence.contains(part),
                "{json}: {}",
                refusal.sentence
            );
            assert_eq!(refusal.attribute.as_deref(), key, "{json}");
        }
        // Depth is bounded, so that no body can exhaust the stack.
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(
            read(&deep)
                .expect_err("too deep")
                .sentence
                .contains("not JSON")
        );
    }
}
