//! User events as JSON.

use ocs_protocol::event::Value;
use ocs_protocol::outbound::UserEvent;
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

/// Writes an event as a JSON object.
pub(super) fn write(event: &UserEvent) -> Vec<u8> {
    let mut body = Vec::with_capacity(512);
    // Writing to memory cannot fail, and every key is a string.
    let _ = serde_json::to_writer(&mut body, &List(event));
    body
}

struct List<'a>(&'a UserEvent);

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs = &self.0.pairs;
        if self.0.array {
            let mut array = serializer.serialize_seq(Some(pairs.len()))?;
            for pair in pairs {
                array.serialize_element(&One(pair.value.as_ref()))?;
            }
            return array.end();
        }
        let mut object = serializer.serialize_map(Some(pairs.len()))?;
        for pair in pairs {
            object.serialize_entry(&pair.key, &One(pair.value.as_ref()))?;
        }
        object.end()
    }
}

struct One<'a>(Option<&'a Value>);

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
