//! User events as lines of JSON, in their own order; as over HTTP, a number with a
//! fraction is a string.

use ocs_protocol::event::Value;
use ocs_protocol::outbound::UserEvent;
use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// An event as one line of JSON.
pub(super) fn shown(event: &UserEvent) -> String {
    // Texts and integers can all be written.
    serde_json::to_string(&List(event)).unwrap_or_default()
}

struct List<'a>(&'a UserEvent);

struct Shown<'a>(Option<&'a Value>);

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs = &self.0.pairs;
        if self.0.array {
            return serializer.collect_seq(pairs.iter().map(|pair| Shown(pair.value.as_ref())));
        }
        let mut map = serializer.serialize_map(Some(pairs.len()))?;
        for pair in pairs {
            map.serialize_entry(&pair.key, &Shown(pair.value.as_ref()))?;
        }
        map.end()
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(Value::Text(text) | Value::Decimal(text)) => serializer.serialize_str(text),
            Some(Value::Integer(integer)) => serializer.serialize_i64(*integer),
            Some(Value::List(list)) => List(list).serialize(serializer),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events() {
        let mut event = UserEvent::event("Record");
        event.push("b", i64::MIN.into());
        event.push("a", Value::Decimal("0.50".to_owned()));
        event.push("text", "ä\n\"".into());
        event.push(
            "array",
            UserEvent::array_of([1_i64.into(), "x".into()]).into(),
        );
        event.push("none", UserEvent::default().into());
        let line = r#"{"GSW_USER_EVENT":"Record","b":-9223372036854775808,"a":"0.50","text":"ä\n\"","array":[1,"x"],"none":{}}"#;
        assert_eq!(shown(&event), line);
    }
}
