//! Erasure: what a person leaves in the store is removed on request, by phone or customer
//! id. Records go with their whole chains, which are one person's, and with all that stands
//! beside them; an entry of the Do Not Call list stays, as it is what keeps the person from
//! being called again.

use ocs_protocol::attribute::{
    GSW_CALLING_LIST, GSW_CHAIN_ID, GSW_CHAIN_N, GSW_CUSTOMER_ID, GSW_ERROR_NUMBER, GSW_PHONE,
    GSW_RECORD_HANDLE, GSW_REFERENCE_ID, GSW_USER_EVENT,
};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::event::Value;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;

use crate::do_not_call::{Compared, Subject};
use crate::record::Handle;

/// How many rows an erasure removed or emptied, and where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Records, with their fields.
    pub records: u32,
    /// Attempts of these records.
    pub attempts: u32,
    /// What imports knew these records and their chains by.
    pub import_keys: u32,
    /// Answers kept under Idempotency-Keys that were reduced to names and numbers.
    pub answers: u32,
    /// Statements of consent and its revocation.
    pub statements: u32,
    /// Entries of the Do Not Call list whose message was emptied.
    pub do_not_call_messages: u32,
    /// Whether a phone or customer id of the person is on the Do Not Call list, which keeps it
    /// out of every calling list from now on.
    pub kept_out: bool,
    /// Whether all rows are gone; else the rest follows in steps.
    pub complete: bool,
}

/// What a step of an erasure did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// Which erasure it belongs to.
    pub erasure: i64,
    /// What was removed so far.
    pub receipt: Receipt,
    /// Records of this step that were in an agent's hand: who is to be told.
    pub taken: Vec<(String, Handle)>,
}

/// What an answer keeps when its person is erased: names and numbers of OCS's own.
const KEPT: [&str; 7] = [
    GSW_USER_EVENT,
    GSW_REFERENCE_ID,
    GSW_CALLING_LIST,
    GSW_RECORD_HANDLE,
    GSW_CHAIN_ID,
    GSW_CHAIN_N,
    GSW_ERROR_NUMBER,
];

/// A text shorter than this stands in too many others to tell whom they speak of.
const TELLING: usize = 5;

/// The records that an answer speaks of.
#[must_use]
pub fn handles(answer: &UserEvent) -> Vec<Handle> {
    let mut handles = Vec::new();
    walk(answer, &mut |key, value| {
        if key == GSW_RECORD_HANDLE
            && let Value::Integer(handle) = value
        {
            handles.extend(Handle::try_from(*handle));
        }
    });
    handles
}

/// Whether an answer names a person. `region` is that of phones without a country code.
#[must_use]
pub fn speaks_of(answer: &UserEvent, subject: &Subject, region: Option<&str>) -> bool {
    let (Subject::Phone(named) | Subject::CustomerId(named)) = subject;
    let mut speaks = false;
    walk(answer, &mut |key, value| {
        let Value::Text(text) = value else { return };
        speaks |= match subject {
            Subject::Phone(phone) if key == GSW_PHONE => {
                Compared::of(text, region).matches(Compared::of(phone, region))
            }
            Subject::CustomerId(id) if key == GSW_CUSTOMER_ID => text == id,
            _ => named.len() >= TELLING && text.contains(named.as_str()),
        };
    });
    speaks
}

fn walk(event: &UserEvent, each: &mut impl FnMut(&str, &Value)) {
    for pair in &event.pairs {
        match &pair.value {
            Some(Value::List(list)) => walk(list, each),
            Some(value) => each(&pair.key, value),
            None => {}
        }
    }
}

/// An answer without anything that is a person's own.
#[must_use]
pub fn reduced(mut answer: UserEvent) -> UserEvent {
    answer.pairs.retain_mut(|pair| match pair.value.take() {
        Some(Value::List(list)) => {
            pair.value = Some(Value::List(reduced(list)));
            true
        }
        value => {
            pair.value = value;
            KEPT.contains(&pair.key.as_str())
        }
    });
    answer
}

/// The refusal of a record whose person was erased and may not be called.
#[must_use]
pub fn kept_out(attribute: &'static str) -> Refusal {
    Refusal::new(
        ErrorNumber::ContactErased,
        format!(
            "the person of this {attribute} was erased and is on the Do Not Call list, so no \
             record is added; take the entry off that list if the person has agreed to be called"
        ),
    )
    .at(attribute)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> UserEvent {
        let mut inner = UserEvent::event("ChainedRecord");
        inner.push(GSW_RECORD_HANDLE, 8_u32.into());
        inner.push(GSW_PHONE, "+16505550101".into());
        let mut answer = UserEvent::event("AddRecordAcknowledge");
        answer.push(GSW_RECORD_HANDLE, 7_u32.into());
        answer.push(GSW_PHONE, "(650) 555-0100".into());
        answer.push(GSW_CUSTOMER_ID, "C-1".into());
        answer.push("first-name", "Ada".into());
        answer.push("note", "call C-12345 instead".into());
        answer.push("records", UserEvent::array_of([inner.into()]).into());
        answer
    }

    #[test]
    fn whom_an_answer_speaks_of() {
        let phone = |text: &str| Subject::Phone(text.to_owned());
        let customer = |text: &str| Subject::CustomerId(text.to_owned());
        for (subject, speaks) in [
            (phone("+16505550100"), true),
            (phone("6505550100"), true),
            (phone("+16505550101"), true),
            (phone("+16505550102"), false),
            (phone("650"), false),
            (customer("C-1"), true),
            (customer("C-2"), false),
            (customer("C-12345"), true),
            (customer("Ada"), false),
        ] {
            assert_eq!(
                speaks_of(&answer(), &subject, Some("US")),
                speaks,
                "{subject:?}"
            );
        }
        assert_eq!(handles(&answer()), [7, 8]);
    }

    #[test]
    fn what_is_left_of_an_answer() {
        let reduced = reduced(answer());
        let keys = |event: &UserEvent| -> Vec<String> {
            event.pairs.iter().map(|pair| pair.key.clone()).collect()
        };
        assert_eq!(
            keys(&reduced),
            [GSW_USER_EVENT, GSW_RECORD_HANDLE, "records"]
        );
        let Some(Value::List(records)) = reduced.get("records") else {
            panic!("{reduced:?}");
        };
        let Some(Value::List(inner)) = &records.pairs[0].value else {
            panic!("{records:?}");
        };
        assert_eq!(keys(inner), [GSW_USER_EVENT, GSW_RECORD_HANDLE]);
    }
}
