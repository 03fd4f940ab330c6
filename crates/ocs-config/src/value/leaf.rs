//! The kinds of values by name, for the check against the schema: a kind's rule
//! stands in one place, its reader.

use serde::de::DeserializeOwned;
use toml::Value;

use crate::access::{Network, TokenHash};
use crate::objects::{CalendarDate, CallResult, DialingMode, IanaZone, TimeOfDay};
use crate::store::StoreUrl;
use crate::value::address::{HostName, WebOrigin, WebUri};
use crate::value::byte_size::ByteSize;
use crate::value::custom_header::CustomHeader;
use crate::value::encoding::EncodingName;
use crate::value::secret::Secret;
use crate::value::time_span::TimeSpan;

/// A kind of value with a rule of its own.
pub(crate) struct Leaf {
    read: fn(&Value) -> Result<Read, String>,
    /// What to write, for a person.
    pub(crate) form: &'static str,
    /// Whether the value must never be shown.
    pub(crate) masked: bool,
}

/// What bounds are compared with: milliseconds or bytes.
struct Read(Option<u64>);

impl Leaf {
    /// Whether `value` is legal, within the bounds when there are any.
    pub(crate) fn check(
        &self,
        value: &Value,
        at_least: Option<&str>,
        at_most: Option<&str>,
    ) -> Result<(), String> {
        let Read(Some(measure)) = (self.read)(value)? else {
            return Ok(());
        };
        let bound = |text: &str| {
            let read = (self.read)(&Value::String(text.to_owned()));
            read.ok().and_then(|Read(measure)| measure)
        };
        let below = at_least
            .and_then(bound)
            .is_some_and(|least| measure < least);
        let above = at_most.and_then(bound).is_some_and(|most| measure > most);
        if below || above {
            let range = [at_least, at_most].into_iter().flatten();
            return Err(format!(
                "allowed: {}",
                range.collect::<Vec<_>>().join(" to ")
            ));
        }
        Ok(())
    }
}

fn plain<T: DeserializeOwned>(value: &Value) -> Result<Read, String> {
    read::<T>(value).map(|_| Read(None))
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    T::deserialize(value.clone()).map_err(|error| error.message().to_owned())
}

fn time_span(value: &Value) -> Result<Read, String> {
    let span = read::<TimeSpan>(value)?;
    Ok(Read(Some(span.as_millis())))
}

fn byte_size(value: &Value) -> Result<Read, String> {
    let size = read::<ByteSize>(value)?;
    Ok(Read(Some(size.as_bytes())))
}

/// The kind of this name; none for what the schema alone describes.
pub(crate) fn by_name(definition: &str) -> Option<Leaf> {
    let leaf = |read, form| {
        Some(Leaf {
            read,
            form,
            masked: false,
        })
    };
    let masked = |read, form| {
        Some(Leaf {
            read,
            form,
            masked: true,
        })
    };
    match definition {
        "ByteSize" => leaf(byte_size, ByteSize::FORM),
        "CallResult" => leaf(plain::<CallResult>, CallResult::FORM),
        "CustomHeader" => leaf(plain::<CustomHeader>, CustomHeader::FORM),
        "DialingMode" => leaf(plain::<DialingMode>, DialingMode::FORM),
        "EncodingName" => leaf(plain::<EncodingName>, EncodingName::FORM),
        "HostName" => leaf(plain::<HostName>, HostName::FORM),
        "IanaZone" => leaf(plain::<IanaZone>, IanaZone::FORM),
        "Network" => leaf(plain::<Network>, Network::FORM),
        "Secret" => masked(plain::<Secret>, Secret::FORM),
        "StoreUrl" => masked(plain::<StoreUrl>, StoreUrl::FORM),
        "CalendarDate" => leaf(plain::<CalendarDate>, CalendarDate::FORM),
        "TimeOfDay" => leaf(plain::<TimeOfDay>, TimeOfDay::FORM),
        "TimeSpan" => leaf(time_span, TimeSpan::FORM),
        "TokenHash" => masked(plain::<TokenHash>, TokenHash::FORM),
        "WebOrigin" => leaf(plain::<WebOrigin>, WebOrigin::FORM),
        "WebUri" => leaf(plain::<WebUri>, WebUri::FORM),
        _ => None,
    }
}
