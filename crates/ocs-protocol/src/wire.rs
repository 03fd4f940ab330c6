//! User events as they came over the wire, read in place: HTTP Proxy makes JSON of
//! them as they pass, without taking them apart first.
//!
//! The bytes are those of the generated `UserEvent`; tests hold the two readings
//! against each other.

use bytes::{Buf as _, Bytes};
use prost::Message as _;
use prost::encoding::{WireType, decode_key, decode_varint};

use crate::attribute::GSW_USER_EVENT;
use crate::outbound::{Heartbeat, Hello, ProxySettings, Stop, UserEvent};

/// A `ServerMessage` whose event is left as it came.
#[derive(Clone, PartialEq, prost::Message)]
pub struct WireServerMessage {
    /// The number of the request that it answers.
    #[prost(uint64, tag = "1")]
    pub number: u64,
    /// What it says.
    #[prost(oneof = "WireBody", tags = "2, 3, 4, 5, 6")]
    pub body: Option<WireBody>,
}

/// The body of a [`WireServerMessage`].
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum WireBody {
    /// The first message.
    #[prost(message, tag = "2")]
    Hello(Hello),
    /// An answer.
    #[prost(bytes = "bytes", tag = "3")]
    Event(Bytes),
    /// What HTTP Proxy works by.
    #[prost(message, boxed, tag = "4")]
    Settings(Box<ProxySettings>),
    /// Finish and end.
    #[prost(message, tag = "5")]
    Stop(Stop),
    /// OCS lives.
    #[prost(message, tag = "6")]
    Heartbeat(Heartbeat),
}

/// A `BulkOutcome` whose events are left as they came.
#[derive(Clone, PartialEq, prost::Message)]
pub struct WireBulkOutcome {
    /// So many more messages with items may be sent.
    #[prost(uint32, tag = "1")]
    pub credits: u32,
    /// Why nothing of it is done.
    #[prost(bytes = "bytes", optional, tag = "2")]
    pub refused: Option<Bytes>,
    /// What came of the items.
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub events: Vec<Bytes>,
}

/// A user event as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireEvent(Bytes);

/// A list of pairs in a user event, or the event itself.
#[derive(Debug, Clone, Copy)]
pub struct WireList<'a>(&'a [u8]);

/// A value in a user event.
#[derive(Debug, Clone, Copy)]
pub enum WireValue<'a> {
    /// No value at all.
    None,
    /// A text.
    Text(&'a str),
    /// A 64-bit integer.
    Integer(i64),
    /// A nested list.
    List(WireList<'a>),
    /// A number with a fraction.
    Decimal(&'a str),
}

/// The bytes are no user event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no user event")]
pub struct NoEvent;

impl WireEvent {
    /// Takes bytes for a user event; what they hold shows when it is read.
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The event's pairs.
    #[must_use]
    pub fn list(&self) -> WireList<'_> {
        WireList(&self.0)
    }

    /// The event's name, which is in its first pair (GSW_USER_EVENT); `None` where
    /// it is not.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self.list().pairs().next() {
            Some(Ok((GSW_USER_EVENT, WireValue::Text(name)))) => Some(name),
            _ => None,
        }
    }

    /// The text under a key; `None` when it is absent or no text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.list()
            .pairs()
            .flatten()
            .find_map(|(found, value)| match value {
                WireValue::Text(text) if found == key => Some(text),
                _ => None,
            })
    }

    /// The integer under a key; `None` when it is absent or no integer.
    #[must_use]
    pub fn integer(&self, key: &str) -> Option<i64> {
        self.list()
            .pairs()
            .flatten()
            .find_map(|(found, value)| match value {
                WireValue::Integer(integer) if found == key => Some(integer),
                _ => None,
            })
    }
}

impl From<&UserEvent> for WireEvent {
    fn from(event: &UserEvent) -> Self {
        Self(event.encode_to_vec().into())
    }
}

impl<'a> WireList<'a> {
    /// Whether the list is an array, whose pairs have no keys.
    #[must_use]
    pub fn is_array(&self) -> bool {
        Fields(self.0)
            .flatten()
            .any(|field| matches!(field, (2, Raw::Varint(1))))
    }

    /// The pairs, in order; after an error there are no more.
    pub fn pairs(self) -> impl Iterator<Item = Result<(&'a str, WireValue<'a>), NoEvent>> {
        Fields(self.0).filter_map(|field| match field {
            Ok((1, Raw::Bytes(pair))) => Some(read_pair(pair)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
    }
}

fn read_pair(pair: &[u8]) -> Result<(&str, WireValue<'_>), NoEvent> {
    let mut key = "";
    let mut value = WireValue::None;
    for field in Fields(pair) {
        match field? {
            (1, Raw::Bytes(bytes)) => key = text(bytes)?,
            (2, Raw::Bytes(bytes)) => value = WireValue::Text(text(bytes)?),
            (3, Raw::Varint(number)) => value = WireValue::Integer(number.cast_signed()),
            (4, Raw::Bytes(bytes)) => value = WireValue::List(WireList(bytes)),
            (5, Raw::Bytes(bytes)) => value = WireValue::Decimal(text(bytes)?),
            // A field of a later version.
            _ => {}
        }
    }
    Ok((key, value))
}

fn text(bytes: &[u8]) -> Result<&str, NoEvent> {
    std::str::from_utf8(bytes).map_err(|_| NoEvent)
}

/// The fields of a message, by number.
struct Fields<'a>(&'a [u8]);

enum Raw<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Of a wire type that user events do not use.
    Other,
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Result<(u32, Raw<'a>), NoEvent> {
        let (number, wire_type) = match self.0 {
            // Those of user events are one byte.
            [key @ (0x0A | 0x12 | 0x22 | 0x2A), rest @ ..] => {
                self.0 = rest;
                (u32::from(key >> 3), WireType::LengthDelimited)
            }
            _ => decode_key(&mut self.0).map_err(|_| NoEvent)?,
        };
        let raw = match wire_type {
            WireType::Varint => Raw::Varint(self.varint()?),
            WireType::LengthDelimited => {
                let length = self.varint()?;
                let length = usize::try_from(length).map_err(|_| NoEvent)?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or(NoEvent)?;
                self.0 = rest;
                Raw::Bytes(bytes)
            }
            WireType::SixtyFourBit => self.skip(8)?,
            WireType::ThirtyTwoBit => self.skip(4)?,
            WireType::StartGroup | WireType::EndGroup => return Err(NoEvent),
        };
        Ok((number, raw))
    }

    /// A number; nearly all are one byte.
    #[inline]
    fn varint(&mut self) -> Result<u64, NoEvent> {
        if let [byte @ ..0x80, rest @ ..] = self.0 {
            self.0 = rest;
            return Ok(u64::from(*byte));
        }
        decode_varint(&mut self.0).map_err(|_| NoEvent)
    }

    fn skip(&mut self, bytes: usize) -> Result<Raw<'a>, NoEvent> {
        if self.0.len() < bytes {
            return Err(NoEvent);
        }
        self.0.advance(bytes);
        Ok(Raw::Other)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Raw<'a>), NoEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.0 = &[];
        }
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Value;
    use crate::outbound::Pair;

    /// Reads in place, into what the generated code would have read.
    fn read(list: WireList<'_>) -> Result<UserEvent, NoEvent> {
        let mut pairs = Vec::new();
        for pair in list.pairs() {
            let (key, value) = pair?;
            let value = match value {
                WireValue::None => None,
                WireValue::Text(text) => Some(Value::Text(text.to_owned())),
                WireValue::Integer(integer) => Some(Value::Integer(integer)),
                WireValue::Decimal(text) => Some(Value::Decimal(text.to_owned())),
                WireValue::List(list) => Some(Value::List(read(list)?)),
            };
            pairs.push(Pair {
                key: key.to_owned(),
                value,
            });
        }
        Ok(UserEvent {
            pairs,
            array: list.is_array(),
        })
    }

    #[test]
    fn read_in_place_as_the_generated_code_reads() {
        let mut event = UserEvent::event("Record");
        event.push("text", "ä\u{1F4DE}".into());
        event.push("least", i64::MIN.into());
        event.push("zero", 0_i64.into());
        event.push("decimal", Value::Decimal("-0.5".to_owned()));
        event.push("empty", UserEvent::default().into());
        event.push(
            "array",
            UserEvent::array_of(["a".into(), 2_i64.into()]).into(),
        );
        event.push("none", UserEvent::array_of([]).into());
        event.pairs.push(Pair {
            key: "nothing".to_owned(),
            value: None,
        });
        let wire = WireEvent::from(&event);
        assert_eq!(read(wire.list()), Ok(event.clone()));
        assert_eq!(wire.integer("least"), Some(i64::MIN));
        assert_eq!(wire.integer("text"), None);
        assert_eq!(wire.name(), Some("Record"));
        // Cut anywhere, both readings agree on whether it is an event.
        let bytes = event.encode_to_vec();
        for end in 0..bytes.len() {
            let cut = &bytes[..end];
            assert_eq!(
                read(WireList(cut)).ok(),
                UserEvent::decode(cut).ok(),
                "{end}"
            );
        }
    }

    #[test]
    fn the_message_around_it() {
        use crate::outbound::ServerMessage;
        use crate::outbound::server_message::Body;
        let event = UserEvent::event("Record");
        let message = ServerMessage {
            number: 7,
            body: Some(Body::Event(event.clone())),
        };
        let wire = WireServerMessage::decode(&message.encode_to_vec()[..]).expect("it is read");
        assert_eq!(wire.number, 7);
        let Some(WireBody::Event(bytes)) = wire.body else {
            panic!("it is an event")
        };
        assert_eq!(WireEvent::new(bytes), WireEvent::from(&event));
    }
}
