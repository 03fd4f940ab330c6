//! The Do Not Call list as the test keeps it: from what was asked and answered.

use ocs_protocol::enumeration::ChainAttr;
use ocs_rules::change::{Change, Outcome, Reaching, Whom};
use ocs_rules::do_not_call::{Compared, Subject};
use ocs_rules::record::Record;

use crate::invariants::Seen;
use crate::world::REGION;

#[derive(Debug, Default)]
pub(crate) struct Restricted {
    entries: Vec<(Subject, Option<i64>)>,
}

impl Restricted {
    /// Takes up a request that was carried out; `after` is the store after its batch.
    pub(crate) fn take_up(&mut self, change: &Change, outcome: &Outcome, after: &Seen) {
        match (change, outcome) {
            (Change::PutDoNotCall(entry), _) => self.put(entry.subject.clone(), entry.expires),
            (Change::RemoveDoNotCall(subject, _), _) => {
                self.entries.retain(|(known, _)| known != subject);
            }
            (Change::DoNotCall(request), Outcome::Reached { records, .. }) => {
                match &request.whom {
                    Whom::Phone(phone) => self.put(Subject::Phone(phone.clone()), None),
                    Whom::CustomerId(customer) => {
                        self.put(Subject::CustomerId(customer.clone()), None);
                    }
                    Whom::Record(..) => {}
                }
                // Records reached are final from then on: their phones stay. Of the
                // chain, that is of all.
                if phones_too(request) {
                    for named in records {
                        let phone = after.records[&named.handle].contact.phone.clone();
                        self.put(Subject::Phone(phone), None);
                    }
                }
            }
            _ => {}
        }
    }

    fn put(&mut self, subject: Subject, expires: Option<i64>) {
        self.entries.retain(|(known, _)| *known != subject);
        self.entries.push((subject, expires));
    }

    /// Whether a record may not be called at `now`.
    pub(crate) fn has(&self, record: &Record, now: i64) -> bool {
        let phone = Compared::of(&record.contact.phone, Some(REGION));
        self.entries.iter().any(|(subject, expires)| {
            expires.is_none_or(|expires| expires > now)
                && match subject {
                    Subject::Phone(known) => Compared::of(known, Some(REGION)).matches(phone),
                    Subject::CustomerId(known) => {
                        record.contact.customer_id.as_ref() == Some(known)
                    }
                }
        })
    }
}

/// Whether the phones of the records reached are put on the list.
fn phones_too(request: &Reaching) -> bool {
    match request.whom {
        Whom::Record(..) => true,
        Whom::Phone(_) => request.chain == ChainAttr::AllChain,
        Whom::CustomerId(_) => false,
    }
}
