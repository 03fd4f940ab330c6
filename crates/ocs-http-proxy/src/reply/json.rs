//! User events as JSON.

use ocs_encoding::Encoding;
use ocs_protocol::wire::{WireEvent, WireList, WireValue};
use serde::ser::{Error as _, SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

/// Writes an event as a JSON object, and an array of events as an array; `None` when
/// it is neither.
pub(crate) fn write(event: &WireEvent, encoding: Encoding) -> Option<Vec<u8>> {
    let mut body = Vec::with_capacity(512);
    append(event, encoding, &mut body)?;
    Some(body)
}

/// The same, behind what is in `body`; on `None`, part of it may be there.
pub(crate) fn append(event: &WireEvent, encoding: Encoding, body: &mut Vec<u8>) -> Option<()> {
    if encoding.is_utf_8() {
        return append_utf_8(event, body);
    }
    let mut json = Vec::with_capacity(512);
    append_utf_8(event, &mut json)?;
    encoding.encode_json(std::str::from_utf8(&json).ok()?, body);
    Some(())
}

fn append_utf_8(event: &WireEvent, body: &mut Vec<u8>) -> Option<()> {
    let mut json = serde_json::Serializer::new(body);
    let list = event.list();
    // Nearly every event begins with its name, and is then not looked through.
    let keyless = matches!(list.pairs().next(), Some(Ok(("", _))));
    if keyless && list.is_array() {
        write_array(list, &mut json).ok()?;
    } else {
        write_object(list, &mut json).ok()?;
    }
    Some(())
}

struct Json<'a>(WireValue<'a>);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            WireValue::None => serializer.serialize_unit(),
            WireValue::Text(text) | WireValue::Decimal(text) => serializer.serialize_str(text),
            WireValue::Integer(integer) => serializer.serialize_i64(integer),
            WireValue::List(list) if list.is_array() => write_array(list, serializer),
            WireValue::List(list) => write_object(list, serializer),
        }
    }
}

fn write_object<S: Serializer>(list: WireList<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut object = serializer.serialize_map(None)?;
    for pair in list.pairs() {
        let (key, value) = pair.map_err(S::Error::custom)?;
        object.serialize_entry(key, &Json(value))?;
    }
    object.end()
}

fn write_array<S: Serializer>(list: WireList<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut array = serializer.serialize_seq(None)?;
    for pair in list.pairs() {
        let (_, value) = pair.map_err(S::Error::custom)?;
        array.serialize_element(&Json(value))?;
    }
    array.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocs_protocol::event::Value;
    use ocs_protocol::outbound::UserEvent;

    #[test]
    fn arrays_of_events() {
        let mut record = UserEvent::event("ChainedRecord");
        record.push("GSW_PHONE", "1".into());
        let end = UserEvent::event("ChainedRecordsDataEnd");
        let mut odd = UserEvent::default();
        odd.push("", "x".into());
        for (event, right) in [
            (
                UserEvent::array_of([record.into(), end.into()]),
                r#"[{"GSW_USER_EVENT":"ChainedRecord","GSW_PHONE":"1"},{"GSW_USER_EVENT":"ChainedRecordsDataEnd"}]"#,
            ),
            (odd, r#"{"":"x"}"#),
        ] {
            let json = write(&WireEvent::from(&event), Encoding::UTF_8).expect("it can be written");
            assert_eq!(String::from_utf8_lossy(&json), right);
        }
    }

    #[test]
    fn events() {
        let mut event = UserEvent::event("CallingLists");
        event.push("text", "a\"\u{1}ä".into());
        event.push("n", i64::MIN.into());
        event.push("f", Value::Decimal("12.5".to_owned()));
        let mut entry = UserEvent::default();
        entry.push("x", 1_i64.into());
        event.push("lists", UserEvent::array_of([entry.into()]).into());
        event.push("none", UserEvent::array_of([]).into());
        event.push("counts", UserEvent::default().into());
        let json = write(&WireEvent::from(&event), Encoding::UTF_8).expect("it is an event");
        assert_eq!(
            String::from_utf8_lossy(&json),
            r#"{"GSW_USER_EVENT":"CallingLists","text":"a\"\u0001ä","n":-9223372036854775808,"f":"12.5","lists":[{"x":1}],"none":[],"counts":{}}"#
        );
        assert_eq!(
            write(
                &WireEvent::new(bytes::Bytes::from_static(b"\x0a\x05x")),
                Encoding::UTF_8
            ),
            None
        );
    }
}
