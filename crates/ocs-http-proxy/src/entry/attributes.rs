//! The attributes of a user event as the log shows them at debug level.

use std::fmt::Write as _;

use ocs_log::ContactInfo;
use ocs_protocol::attribute::{
    GSW_CONSENT_PROOF, GSW_CONSENT_SOURCE, GSW_CUSTOMER_ID, GSW_ERROR, GSW_ERROR_ATTRIBUTE,
    GSW_IGNORED, GSW_PHONE, Kind, attribute, is_attribute,
};
use ocs_protocol::wire::{WireEvent, WireList, WireValue};

/// The attributes of an event, in its order; what is no attribute is a user field.
pub(crate) fn attributes(event: &WireEvent, contact_info: ContactInfo) -> String {
    let mut shown = String::with_capacity(256);
    push(event.list(), contact_info, &mut shown);
    shown
}

fn push(list: WireList<'_>, contact_info: ContactInfo, shown: &mut String) {
    // What cannot be read is seen where it is needed.
    for (place, (key, value)) in list.pairs().flatten().enumerate() {
        if place > 0 {
            shown.push_str("; ");
        }
        if !key.is_empty() {
            shown.push_str(&contact_info.name(key));
            shown.push('=');
        }
        match value {
            WireValue::None => {}
            WireValue::List(list) => {
                shown.push('[');
                push(list, contact_info, shown);
                shown.push(']');
            }
            WireValue::Text(text) | WireValue::Decimal(text) => {
                shown.push_str(&text_of(key, text, contact_info));
            }
            WireValue::Integer(integer) if shows(key) => {
                let _ = write!(shown, "{integer}");
            }
            WireValue::Integer(integer) => {
                shown.push_str(&contact_info.value(&integer.to_string()));
            }
        }
    }
}

fn text_of<'a>(key: &str, text: &'a str, contact_info: ContactInfo) -> std::borrow::Cow<'a, str> {
    match key {
        GSW_ERROR => contact_info.sentence(text),
        GSW_ERROR_ATTRIBUTE | GSW_IGNORED => contact_info.name(text),
        key if shows(key) && fits(key, text) => text.into(),
        _ => contact_info.value(text),
    }
}

/// Whether the value under a key is nobody's contact.
fn shows(key: &str) -> bool {
    is_attribute(key)
        && !matches!(
            key,
            // A proof or a source may name a person.
            GSW_PHONE | GSW_CUSTOMER_ID | GSW_CONSENT_PROOF | GSW_CONSENT_SOURCE
        )
}

/// Whether a text is what its attribute may have: another one may be a contact that
/// stands in the wrong place.
fn fits(key: &str, text: &str) -> bool {
    match attribute(key).map(|attribute| attribute.kind) {
        Some(Kind::Integer(least, most)) => {
            let number = text.parse::<i64>();
            !text.starts_with('+') && number.is_ok_and(|number| (least..=most).contains(&number))
        }
        Some(Kind::Enumeration(choice)) => {
            let value = |(number, name): &(i64, &str)| {
                name.eq_ignore_ascii_case(text) || number.to_string() == text
            };
            choice.values().iter().any(value)
        }
        Some(Kind::Moment | Kind::Instant) => text.contains([':', '/']),
        Some(Kind::Text(_)) | None => true,
    }
}

#[cfg(test)]
mod tests {
    use ocs_protocol::outbound::UserEvent;

    use super::*;

    #[test]
    fn events() {
        let mut event = UserEvent::event("ErrorMessage");
        event.push("GSW_PHONE", "+16505550100".into());
        event.push("GSW_CUSTOMER_ID", 123_456_i64.into());
        event.push("GSW_ATTEMPTS", 123_456_i64.into());
        event.push("GSW_AGENT_ID", "agent 1".into());
        event.push("GSW_CONSENT_TIME", "2026-07-01T12:00:00Z".into());
        event.push("GSW_CONSENT_PROOF", "signed by Ada".into());
        event.push("balance", "1234567".into());
        event.push("name", "Meier".into());
        event.push(
            "GSW_ERROR",
            "GSW_FROM is \"+16505550100\"; it must be".into(),
        );
        event.push("GSW_IGNORED", "+16505550100".into());
        let mut record = UserEvent::default();
        record.push("GSW_PHONE", "+16505550101".into());
        event.push("records", UserEvent::array_of([record.into()]).into());
        event.push("+16505550100", "x".into());
        let event = WireEvent::from(&event);
        assert_eq!(
            attributes(&event, ContactInfo::Masked),
            "GSW_USER_EVENT=ErrorMessage; GSW_PHONE=…0100; GSW_CUSTOMER_ID=…3456; \
             GSW_ATTEMPTS=123456; GSW_AGENT_ID=agent 1; \
             GSW_CONSENT_TIME=2026-07-01T12:00:00Z; GSW_CONSENT_PROOF=… Ada; balance=…4567; name=…eier; \
             GSW_ERROR=GSW_FROM is \"…0100\"; it must be; GSW_IGNORED=…0100; \
             records=[[GSW_PHONE=…0101]]; …0100=…"
        );
        let full = attributes(&event, ContactInfo::Full);
        assert!(full.contains("GSW_PHONE=+16505550100; "), "{full}");
    }
}
