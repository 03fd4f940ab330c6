//! User events as JSON, as web servers get them.

use ocs_protocol::event::Value;
use ocs_protocol::outbound::UserEvent;
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

/// An event as a JSON object, its keys in its order.
pub(crate) fn write(event: &UserEvent) -> String {
    // Keys are texts, and every value has a JSON form.
    serde_json::to_string(&List(event)).unwrap_or_default()
}

struct List<'a>(&'a UserEvent);

struct One<'a>(Option<&'a Value>);

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.array {
            let mut array = serializer.serialize_seq(Some(self.0.pairs.len()))?;
            for pair in &self.0.pairs {
                array.serialize_element(&One(pair.value.as_ref()))?;
            }
            return array.end();
        }
        let mut object = serializer.serialize_map(Some(self.0.pairs.len()))?;
        for pair in &self.0.pairs {
            object.serialize_entry(&pair.key, &One(pair.value.as_ref()))?;
        }
        object.end()
    }
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            None => serializer.serialize_unit(),
            Some(Value::Text(text) | Value::Decimal(text)) => serializer.serialize_str(text),
            Some(Value::Integer(integer)) => serializer.serialize_i64(*integer),
            Some(Value::List(list)) => List(list).serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use ocs_protocol::outbound::Pair;

    use super::*;

    #[test]
    fn events() {
        let mut event = UserEvent::event("PreviewRecord");
        event.push("text", "a\"ä".into());
        event.push("n", i64::MIN.into());
        event.push("f", Value::Decimal("12.5".to_owned()));
        let mut entry = UserEvent::default();
        entry.push("x", 1_i64.into());
        event.push("lists", UserEvent::array_of([entry.into()]).into());
        event.push("counts", UserEvent::default().into());
        event.pairs.push(Pair {
            key: "none".to_owned(),
            value: None,
        });
        assert_eq!(
            write(&event),
            r#"{"GSW_USER_EVENT":"PreviewRecord","text":"a\"ä","n":-9223372036854775808,"f":"12.5","lists":[{"x":1}],"counts":{},"none":null}"#
        );
    }
}
