//! What a treatment makes of its record, and of the rest of the chain.

use jiff::tz::TimeZone;
use ocs_protocol::enumeration::{CallResult, RecordStatus, RecordTreatment, RecordType};

use super::Treatment;
use super::choice::{Case, Course, Level, campaign_of, choose, of};
use crate::life_cycle::finish_with_chain;
use crate::objects::Objects;
use crate::record::{InHand, Record};

/// What becomes of the other records of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the other records of the chain have to hear of it"]
pub enum Rest {
    /// They stay as they are; whether one goes on now, its place in the chain says.
    Stays,
    /// The open ones are finished, with a call result where there is one.
    Finishes(Option<CallResult>),
    /// The next one that is Ready is not called before a moment.
    Waits {
        /// The place in the chain that it comes after.
        after: u32,
        /// The moment, in UTC seconds.
        until: i64,
        /// The agent, where it is rescheduled for one.
        personal: Option<String>,
    },
}

impl Rest {
    /// What it makes of another record of the chain; to be asked of one after another, in
    /// the chain's order. Returns whether the record has changed.
    pub fn reaches(&mut self, other: &mut Record) -> bool {
        match self {
            Self::Stays => false,
            Self::Finishes(result) => {
                let finished = finish_with_chain(other);
                if finished && let Some(result) = result {
                    other.result = *result;
                }
                finished
            }
            Self::Waits { after, .. } if other.chain_n <= *after || other.is_final() => false,
            Self::Waits {
                until, personal, ..
            } => {
                let ready = other.status == RecordStatus::Ready;
                if ready {
                    let contact = &mut other.contact;
                    contact.scheduled = contact.scheduled.max(Some(*until));
                    // A callback was promised, and stays one.
                    if !is_callback(contact.record_type) {
                        reschedule(other, personal.take());
                    }
                }
                *self = Self::Stays;
                ready
            }
        }
    }
}

/// Carries out the treatment for a record's call result, once its attempt is over and
/// counted: the record is in nobody's hands any more. `had` is who had it, and `meant`
/// what the client said of the kind of treatment. Gives what becomes of the rest of the
/// chain; `None` where no treatment applies, and the record is as it was. `now` is in UTC
/// seconds.
pub fn treat(
    record: &mut Record,
    had: Option<&InHand>,
    meant: Option<RecordTreatment>,
    objects: &Objects,
    now: i64,
) -> Option<Rest> {
    let (.., course) = chosen(record, had, objects, now)?;
    let holder = || had.and_then(|had| had.agent.clone());
    let own = || record.contact.agent.clone();
    let personal = match meant {
        Some(RecordTreatment::RecordTreatCampaign) => None,
        Some(RecordTreatment::RecordTreatPersonal) => holder().or_else(own),
        None if is_personal(record.contact.record_type) => own().or_else(holder),
        None => None,
    };
    record.outside_window = false;
    let again = |record: &mut Record| record.status = RecordStatus::Ready;
    let finished = |record: &mut Record| record.status = RecordStatus::Updated;
    Some(match course {
        Course::Cycled(at) => {
            again(record);
            record.contact.scheduled = Some(at);
            // What was promised was kept: a callback is none any more.
            if is_callback(record.contact.record_type) || meant.is_some() {
                reschedule(record, personal);
            }
            Rest::Stays
        }
        Course::Rescheduled(at) => {
            again(record);
            record.contact.scheduled = Some(at);
            reschedule(record, personal);
            Rest::Stays
        }
        Course::Assigned(group) => {
            again(record);
            record.assigned = Some(group);
            if is_callback(record.contact.record_type) {
                reschedule(record, None);
            }
            Rest::Stays
        }
        Course::Next(until) => {
            finished(record);
            until.map_or(Rest::Stays, |until| Rest::Waits {
                after: record.chain_n,
                until,
                personal,
            })
        }
        Course::AllMarked => {
            finished(record);
            Rest::Finishes(Some(record.result))
        }
        Course::Finished => {
            finished(record);
            Rest::Finishes(None)
        }
    })
}

/// The treatment that [`treat`] carries out, with what it comes to.
#[must_use]
pub fn chosen<'o>(
    record: &Record,
    had: Option<&InHand>,
    objects: &'o Objects,
    now: i64,
) -> Option<(Level, &'o Treatment, Course)> {
    let group = had.map(|had| had.group).or(record.assigned);
    let list = objects.list(record.list)?;
    let zone = objects.zone(record.contact.zone).map(|zone| &zone.zone);
    let utc = TimeZone::UTC;
    let case = Case {
        result: record.result,
        attempts: record.attempts,
        most: list.max_attempts,
        zone: zone.unwrap_or(&utc),
        group,
        now,
    };
    choose(of(list, campaign_of(record, group, objects)), case, objects)
}

/// The record is rescheduled, for an agent or for the campaign.
fn reschedule(record: &mut Record, agent: Option<String>) {
    let contact = &mut record.contact;
    let was_personal = is_personal(contact.record_type);
    if agent.is_some() {
        contact.record_type = RecordType::PersonalRescheduled;
        contact.agent = agent;
    } else {
        contact.record_type = RecordType::CampaignRescheduled;
        contact.agent = contact.agent.take().filter(|_| !was_personal);
    }
}

fn is_personal(record_type: RecordType) -> bool {
    matches!(
        record_type,
        RecordType::PersonalCallBack | RecordType::PersonalRescheduled
    )
}

fn is_callback(record_type: RecordType) -> bool {
    matches!(
        record_type,
        RecordType::PersonalCallBack | RecordType::CampaignCallBack
    )
}
