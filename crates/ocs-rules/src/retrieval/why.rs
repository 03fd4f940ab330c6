//! Why a record cannot be called now, and when it can (http-interface.md, the read of
//! `/records/<handle>`).

use std::fmt;

use jiff::Timestamp;
use ocs_protocol::enumeration::RecordStatus;

use super::placement::may_be_handed_out;
use super::waits::Waits;
use super::window::Window;
use crate::calling_list::CallingList;
use crate::campaign::CampaignGroupId;
use crate::consent::standing::{Verdict, Withheld};
use crate::frequency_cap::Capped;
use crate::legal_hours::Closed;
use crate::objects::Objects;
use crate::record::{Handle, Record};

/// What a record and its chain do not say themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Its phone or its customer is on the Do Not Call list.
    pub do_not_call: bool,
    /// What its phone and its customer said of being called.
    pub consent: Verdict,
    /// A frequency cap that holds it back.
    pub capped: Option<Capped>,
    /// A record with the same phone or customer is out.
    pub contact_out: bool,
    /// No filter of a campaign that uses its calling list takes it.
    pub filtered_out: bool,
    /// A filter that takes it is still being made ready.
    pub filter_not_ready: bool,
    /// What every campaign group that would hand it out waits for.
    pub waits: Option<Waits>,
    /// No running campaign group hands it out: none uses its calling list, or the one that
    /// it is assigned to does not run.
    pub no_running_group: bool,
}

/// One reason why a record cannot be called now. Moments are in UTC seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is finished.
    Final(RecordStatus),
    /// Somebody has it.
    Retrieved,
    /// It is neither Ready nor Retrieved nor finished.
    Status(RecordStatus),
    /// As many attempts were made as its calling list allows.
    MaxAttempts {
        /// Attempts made.
        attempts: u32,
        /// Attempts allowed.
        most: u32,
    },
    /// Its time has not come.
    ScheduledLater(i64),
    /// Its daily window is closed.
    OutsideWindow {
        /// When it opens.
        opens: Option<i64>,
    },
    /// It is not lawful now.
    OutsideLegalHours {
        /// By which rule or holiday.
        closed: Closed,
        /// When it is lawful again.
        opens: Option<i64>,
    },
    /// Nobody knows what time it is there.
    UnknownZone(u32),
    /// Somebody has another record of its chain.
    ChainRetrieved(Handle),
    /// An earlier record of its chain is Ready and within its window.
    ChainEarlierOpen(Handle),
    /// An earlier record of its chain waits for its time.
    ChainEarlierWaits(Handle, i64),
    /// An earlier record of its chain is neither Ready nor finished.
    ChainEarlierNotFinal(Handle, RecordStatus),
    /// Its phone or its customer is on the Do Not Call list.
    DoNotCall,
    /// It is called only with consent, and there is none.
    NoConsent,
    /// Its phone or its customer revoked consent.
    ConsentRevoked,
    /// As many attempts were made at its phone or its customer as a cap allows.
    Capped(Capped),
    /// A record with the same phone or customer is out.
    ContactOut,
    /// No filter takes it.
    FilteredOut,
    /// A filter takes it, and nothing is handed out by that yet.
    FilterNotReady,
    /// Whoever would hand it out waits for a web server.
    Waits(Waits),
    /// No running campaign group uses its calling list.
    NotInRunningCampaignGroup,
    /// A treatment assigned it to a campaign group, which is not running.
    AssignedGroupNotRunning(CampaignGroupId),
}

impl Reason {
    /// A word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Final(_) => "final",
            Self::Retrieved => "retrieved",
            Self::Status(_) => "status",
            Self::MaxAttempts { .. } => "max-attempts",
            Self::ScheduledLater(_) => "scheduled-later",
            Self::OutsideWindow { .. } => "outside-window",
            Self::OutsideLegalHours { closed, .. } => match closed {
                Closed::Rule(..) => "outside-legal-hours",
                Closed::Holiday(..) => "holiday",
                Closed::NoRule(_) => "no-legal-hours",
            },
            Self::UnknownZone(_) => "unknown-zone",
            Self::ChainRetrieved(_) => "chain-retrieved",
            Self::ChainEarlierOpen(_) => "chain-earlier-open",
            Self::ChainEarlierWaits(..) => "chain-earlier-waits",
            Self::ChainEarlierNotFinal(..) => "chain-earlier-not-final",
            Self::DoNotCall => "do-not-call",
            Self::NoConsent => "no-consent",
            Self::ConsentRevoked => "consent-revoked",
            Self::Capped(_) => "capped",
            Self::ContactOut => "contact-out",
            Self::FilteredOut => "filtered-out",
            Self::FilterNotReady => "filter-not-ready",
            Self::Waits(waits) => waits.code(),
            Self::NotInRunningCampaignGroup => "not-in-running-campaign-group",
            Self::AssignedGroupNotRunning(_) => "assigned-group-not-running",
        }
    }
}

/// A sentence for people.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Final(status) => write!(
                f,
                "the record is final ({}): it takes no more changes and is called no more",
                status.name()
            ),
            Self::Retrieved => f.write_str("the record is in somebody's hands"),
            Self::Status(status) => write!(
                f,
                "the record is {}; only a Ready record is handed out",
                status.name()
            ),
            Self::MaxAttempts { attempts, most } => write!(
                f,
                "{attempts} attempts were made, and the calling list allows {most}"
            ),
            Self::ScheduledLater(at) => {
                write!(f, "the record is not to be called before {}", Moment(*at))
            }
            Self::OutsideWindow { opens: Some(at) } => write!(
                f,
                "it is outside the record's daily window, which opens at {}",
                Moment(*at)
            ),
            Self::OutsideWindow { opens: None } => {
                f.write_str("it is outside the record's daily window")
            }
            Self::OutsideLegalHours {
                closed,
                opens: Some(at),
            } => write!(f, "{closed}; calls are lawful again at {}", Moment(*at)),
            Self::OutsideLegalHours {
                closed,
                opens: None,
            } => closed.fmt(f),
            Self::UnknownZone(zone) => write!(
                f,
                "the record's time zone {zone} is not configured, so nobody knows what time it \
                 is there; add a time zone of this DBID to the configuration"
            ),
            Self::ChainRetrieved(handle) => write!(
                f,
                "the record {handle} of the same chain is in somebody's hands"
            ),
            Self::ChainEarlierOpen(handle) => write!(
                f,
                "the record {handle} comes before it in the chain, is Ready, and is within its \
                 daily window"
            ),
            Self::ChainEarlierWaits(handle, at) => write!(
                f,
                "the record {handle} comes before it in the chain and waits until {}",
                Moment(*at)
            ),
            Self::ChainEarlierNotFinal(handle, status) => write!(
                f,
                "the record {handle} comes before it in the chain and is {}, which is neither \
                 Ready nor final",
                status.name()
            ),
            Self::DoNotCall => {
                f.write_str("its phone or its customer id is on the Do Not Call list")
            }
            Self::NoConsent => f.write_str(
                "it is called only with consent, and neither its phone nor its customer id gave \
                 one that holds now",
            ),
            Self::ConsentRevoked => {
                f.write_str("its phone or its customer id revoked consent to be called")
            }
            Self::Capped(Capped { cap, until }) => write!(
                f,
                "its phone or its customer was attempted as often as the frequency cap \"{cap}\" \
                 allows, until {}",
                Moment(*until)
            ),
            Self::ContactOut => {
                f.write_str("another record with the same phone or customer id is out")
            }
            Self::FilteredOut => f.write_str("no campaign's filter takes it"),
            Self::FilterNotReady => f.write_str(
                "its campaign's filter is new or was changed, and is being made ready: nothing is \
                 handed out by it until every record was looked at",
            ),
            Self::Waits(waits) => waits.fmt(f),
            Self::NotInRunningCampaignGroup => {
                f.write_str("no campaign group that uses its calling list is running")
            }
            Self::AssignedGroupNotRunning(group) => write!(
                f,
                "a treatment assigned it to the campaign group {group}, which is not running"
            ),
        }
    }
}

/// A moment in UTC seconds, in RFC 3339.
struct Moment(i64);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0) {
            Ok(moment) => moment.fmt(f),
            Err(_) => write!(f, "second {}", self.0),
        }
    }
}

/// Every reason why a record cannot be called at `now`, in UTC seconds; none when it
/// can. `chain` is its whole chain, sorted by `chain_n`, itself included.
#[must_use]
pub fn why(
    record: &Record,
    chain: &[&Record],
    list: &CallingList,
    objects: &Objects,
    now: i64,
    facts: Facts,
) -> Vec<Reason> {
    if record.is_final() {
        return vec![Reason::Final(record.status)];
    }
    let mut reasons = Vec::new();
    match record.status {
        RecordStatus::Ready => {}
        RecordStatus::Retrieved => reasons.push(Reason::Retrieved),
        status => reasons.push(Reason::Status(status)),
    }
    if record.attempts >= list.max_attempts {
        reasons.push(Reason::MaxAttempts {
            attempts: record.attempts,
            most: list.max_attempts,
        });
    }
    reasons.extend(waits_until(record, now).map(Reason::ScheduledLater));
    let window = Window::of(record, list, objects);
    if !window.is_open(objects, now) {
        match objects.zone(window.zone) {
            None => reasons.push(Reason::UnknownZone(window.zone)),
            Some(zone) => {
                if !window.alone().is_open(objects, now) {
                    let opens = window.alone().next_opening(objects, now);
                    reasons.push(Reason::OutsideWindow { opens });
                }
                let legal = objects.legal_hours();
                let closed = legal.closed(window.territory, &zone.zone, now);
                reasons.extend(closed.map(|closed| Reason::OutsideLegalHours {
                    closed,
                    opens: legal.next_opening(window.territory, &zone.zone, now),
                }));
            }
        }
    }
    reasons.extend(
        chain
            .iter()
            .filter(|other| other.handle != record.handle)
            .filter_map(|other| {
                let retrieved = other.status == RecordStatus::Retrieved;
                if retrieved {
                    return Some(Reason::ChainRetrieved(other.handle));
                }
                (other.chain_n < record.chain_n)
                    .then(|| held_back_by(other, list, objects, now))
                    .flatten()
            }),
    );
    reasons.extend(match facts.consent {
        Verdict::Allowed { .. } => None,
        Verdict::Withheld(Withheld::NoConsent) => Some(Reason::NoConsent),
        Verdict::Withheld(Withheld::Revoked) => Some(Reason::ConsentRevoked),
    });
    reasons.extend(facts.capped.map(Reason::Capped));
    reasons.extend(facts.waits.map(Reason::Waits));
    for (holds, reason) in [
        (facts.do_not_call, Reason::DoNotCall),
        (facts.contact_out, Reason::ContactOut),
        (facts.filtered_out, Reason::FilteredOut),
        (facts.filter_not_ready, Reason::FilterNotReady),
        (facts.no_running_group, not_running(record, objects)),
    ] {
        if holds {
            reasons.push(reason);
        }
    }
    reasons
}

/// That no campaign group hands it out, or the one that it is assigned to does not.
fn not_running(record: &Record, objects: &Objects) -> Reason {
    match objects.assigned_group(record) {
        Some(group) => Reason::AssignedGroupNotRunning(group.dbid),
        None => Reason::NotInRunningCampaignGroup,
    }
}

/// Whether a record may be handed out at `now`, as far as it and its chain say. What
/// a class says of its records is checked by this: a coarse class says too little,
/// and attempts may have been forbidden since it was placed.
#[must_use]
pub fn is_callable(
    record: &Record,
    chain: &[&Record],
    list: &CallingList,
    objects: &Objects,
    now: i64,
) -> bool {
    why(record, chain, list, objects, now, Facts::default()).is_empty()
}

/// How an earlier record of a chain that nobody has holds the later ones back.
fn held_back_by(
    earlier: &Record,
    list: &CallingList,
    objects: &Objects,
    now: i64,
) -> Option<Reason> {
    if earlier.is_final() {
        None
    } else if earlier.status != RecordStatus::Ready {
        Some(Reason::ChainEarlierNotFinal(earlier.handle, earlier.status))
    } else if let Some(at) = waits_until(earlier, now) {
        Some(Reason::ChainEarlierWaits(earlier.handle, at))
    } else {
        Window::of(earlier, list, objects)
            .is_open(objects, now)
            .then_some(Reason::ChainEarlierOpen(earlier.handle))
    }
}

fn waits_until(record: &Record, now: i64) -> Option<i64> {
    record.contact.scheduled.filter(|at| *at > now)
}

/// How many openings and closings are followed for the next moment of a call.
const STEPS: usize = 256;

/// The first moment from `now` on, in UTC seconds, at which the record can be called
/// if nothing changes; `None` when there is none, or none is known. Filters, and
/// whether a campaign group runs, are for people to change, and not looked at.
#[must_use]
pub fn next_callable(
    record: &Record,
    chain: &[&Record],
    list: &CallingList,
    objects: &Objects,
    now: i64,
    facts: Facts,
) -> Option<i64> {
    let held_back = chain.iter().any(|other| {
        other.status == RecordStatus::Retrieved
            || other.chain_n < record.chain_n
                && !other.is_final()
                && other.status != RecordStatus::Ready
    });
    let Verdict::Allowed {
        until: consent_ends,
    } = facts.consent
    else {
        return None;
    };
    if held_back || facts.do_not_call || !may_be_handed_out(record, list) {
        return None;
    }
    let earlier = || {
        chain
            .iter()
            .filter(|other| other.chain_n < record.chain_n && !other.is_final())
    };
    let mut at = earlier()
        .chain(std::iter::once(&record))
        .filter_map(|waiting| waiting.contact.scheduled)
        .chain(facts.capped.map(|capped| capped.until))
        .fold(now, i64::max);
    for _ in 0..STEPS {
        let opens = Window::of(record, list, objects).next_opening(objects, at)?;
        let mut closed = opens;
        for other in earlier() {
            closed = Window::of(other, list, objects).next_closing(objects, closed)?;
        }
        if consent_ends.is_some_and(|end| end <= closed) {
            return None;
        }
        if closed == at {
            return Some(at);
        }
        at = closed;
    }
    None
}

#[cfg(test)]
mod tests {
    use ocs_protocol::enumeration::RecordType;

    use super::*;
    use crate::retrieval::agreement::{DAY, HOUR, list, objects, record};

    /// 22 November 2026, 12:00 UTC: 13:00 in Berlin (zone 6), 07:00 in New York (1).
    const NOON: i64 = 1_795_348_800;

    #[test]
    fn reasons_and_the_next_moment() {
        type Make = fn(&mut Record);
        let table: &[(&str, Make, &[&str], Option<i64>)] = &[
            ("as added", |_| {}, &[], Some(0)),
            (
                "ends in a moment",
                |r| r.contact.window.till = 13 * 3_600 + 1,
                &[],
                Some(0),
            ),
            (
                "has ended",
                |r| r.contact.window.till = 13 * 3_600,
                &["outside-window"],
                Some(19 * HOUR),
            ),
            (
                "another zone",
                |r| r.contact.zone = 1,
                &["outside-window"],
                Some(HOUR),
            ),
            (
                "an unknown zone",
                |r| r.contact.zone = 77,
                &["unknown-zone"],
                None,
            ),
            ("due", |r| r.contact.scheduled = Some(NOON), &[], Some(0)),
            (
                "scheduled",
                |r| r.contact.scheduled = Some(NOON + 60),
                &["scheduled-later"],
                Some(60),
            ),
            (
                "scheduled at night",
                |r| r.contact.scheduled = Some(NOON + 12 * HOUR),
                &["scheduled-later"],
                Some(19 * HOUR),
            ),
            ("attempts", |r| r.attempts = 10, &["max-attempts"], None),
            (
                "out",
                |r| r.status = RecordStatus::Retrieved,
                &["retrieved"],
                None,
            ),
            (
                "stale",
                |r| r.status = RecordStatus::Stale,
                &["status"],
                None,
            ),
            (
                "cancelled",
                |r| r.status = RecordStatus::Cancelled,
                &["final"],
                None,
            ),
            (
                "no call",
                |r| r.contact.record_type = RecordType::NoCall,
                &["final"],
                None,
            ),
        ];
        for (case, make, codes, next) in table {
            let mut record = record(1, 1, 0);
            make(&mut record);
            let chain = [&record];
            let reasons = why(
                &record,
                &chain,
                &list(101),
                &objects(),
                NOON,
                Facts::default(),
            );
            let found: Vec<_> = reasons.iter().map(Reason::code).collect();
            assert_eq!(found, *codes, "{case}: {reasons:?}");
            let at = next_callable(
                &record,
                &chain,
                &list(101),
                &objects(),
                NOON,
                Facts::default(),
            );
            assert_eq!(at.map(|at| at - NOON), *next, "{case}");
        }
    }

    #[test]
    fn the_chain_has_a_word() {
        type Make = fn(&mut Record);
        let table: &[(&str, Make, &[&str], Option<i64>)] = &[
            ("the same window", |_| {}, &["chain-earlier-open"], None),
            (
                "final",
                |r| r.status = RecordStatus::ChainUpdated,
                &[],
                Some(0),
            ),
            (
                "outside",
                |r| r.contact.window.from = 14 * 3_600,
                &[],
                Some(0),
            ),
            (
                "until 14:00",
                |r| r.contact.window.till = 14 * 3_600,
                &["chain-earlier-open"],
                Some(HOUR),
            ),
            (
                "waits",
                |r| {
                    r.contact.scheduled = Some(NOON + DAY);
                    r.contact.window.till = 9 * 3_600;
                },
                &["chain-earlier-waits"],
                Some(DAY),
            ),
            (
                "all day",
                |r| r.contact.window.till = r.contact.window.from,
                &["chain-earlier-open"],
                None,
            ),
            (
                "out",
                |r| r.status = RecordStatus::Retrieved,
                &["chain-retrieved"],
                None,
            ),
            (
                "missed",
                |r| r.status = RecordStatus::MissedCallBack,
                &["chain-earlier-not-final"],
                None,
            ),
        ];
        for (case, make, codes, next) in table {
            let mut first = record(1, 1, 0);
            make(&mut first);
            let second = record(2, 1, 1);
            let chain = [&first, &second];
            let reasons = why(
                &second,
                &chain,
                &list(101),
                &objects(),
                NOON,
                Facts::default(),
            );
            let found: Vec<_> = reasons.iter().map(Reason::code).collect();
            assert_eq!(found, *codes, "{case}: {reasons:?}");
            let at = next_callable(
                &second,
                &chain,
                &list(101),
                &objects(),
                NOON,
                Facts::default(),
            );
            assert_eq!(at.map(|at| at - NOON), *next, "{case}");
        }
    }

    #[test]
    fn legal_hours_and_holidays() {
        // Sunday, 07:00 in New York; a day later it is a holiday in Spain.
        for (phone, zone, now, codes, next) in [
            ("+13055550123", 1, NOON, &["outside-legal-hours"][..], HOUR),
            ("+13055550123", 1, NOON + HOUR, &[], HOUR),
            ("+34612345678", 6, NOON, &["outside-legal-hours"], 45 * HOUR),
            ("+34612345678", 6, NOON + DAY, &["holiday"], 45 * HOUR),
            // Nobody knows what time it is there.
            ("+13055550123", 99, NOON + HOUR, &["unknown-zone"], -1),
            ("5555550123", 1, NOON, &[], 0),
        ] {
            let mut record = record(1, 1, 0);
            record.contact.phone = phone.to_owned();
            record.contact.zone = zone;
            record.contact.window.till = record.contact.window.from;
            let (list, objects) = (list(101), objects());
            let reasons = why(&record, &[&record], &list, &objects, now, Facts::default());
            let found: Vec<_> = reasons.iter().map(Reason::code).collect();
            assert_eq!(found, codes, "{phone} at {now}: {reasons:?}");
            let at = next_callable(&record, &[&record], &list, &objects, now, Facts::default());
            let next = (next >= 0).then_some(next);
            assert_eq!(at.map(|at| at - NOON), next, "{phone} at {now}");
        }
    }

    #[test]
    fn facts_and_sentences() {
        let record = record(1, 1, 0);
        let facts = Facts {
            do_not_call: true,
            consent: Verdict::Withheld(Withheld::NoConsent),
            capped: Some(Capped {
                cap: "week".to_owned(),
                until: NOON + DAY,
            }),
            contact_out: true,
            filtered_out: true,
            filter_not_ready: true,
            waits: Some(Waits::CallReports {
                uri: "http://crm/".to_owned(),
                unsent: 7,
                threshold: 5,
            }),
            no_running_group: true,
        };
        let reasons = why(
            &record,
            &[&record],
            &list(101),
            &objects(),
            NOON,
            facts.clone(),
        );
        let codes: Vec<_> = reasons.iter().map(Reason::code).collect();
        assert_eq!(
            codes,
            [
                "no-consent",
                "capped",
                "history-wait",
                "do-not-call",
                "contact-out",
                "filtered-out",
                "filter-not-ready",
                "not-in-running-campaign-group"
            ]
        );
        assert_eq!(
            next_callable(&record, &[&record], &list(101), &objects(), NOON, facts),
            None
        );
        // Consent that ends before the window opens is none, and so is a revocation.
        let mut later = record;
        later.contact.scheduled = Some(NOON + 2 * HOUR);
        for (consent, codes, next) in [
            (
                Verdict::Allowed { until: None },
                &["scheduled-later"][..],
                Some(2 * HOUR),
            ),
            (
                Verdict::Allowed {
                    until: Some(NOON + 2 * HOUR + 1),
                },
                &["scheduled-later"],
                Some(2 * HOUR),
            ),
            (
                Verdict::Allowed {
                    until: Some(NOON + 2 * HOUR),
                },
                &["scheduled-later"],
                None,
            ),
            (
                Verdict::Withheld(Withheld::Revoked),
                &["scheduled-later", "consent-revoked"],
                None,
            ),
        ] {
            let facts = || Facts {
                consent,
                ..Facts::default()
            };
            let reasons = why(&later, &[&later], &list(101), &objects(), NOON, facts());
            let found: Vec<_> = reasons.iter().map(Reason::code).collect();
            assert_eq!(found, codes, "{consent:?}");
            let at = next_callable(&later, &[&later], &list(101), &objects(), NOON, facts());
            assert_eq!(at.map(|at| at - NOON), next, "{consent:?}");
        }
        for (reason, sentence) in [
            (
                Reason::ScheduledLater(NOON),
                "the record is not to be called before 2026-11-22T12:00:00Z",
            ),
            (
                Reason::MaxAttempts {
                    attempts: 10,
                    most: 10,
                },
                "10 attempts were made, and the calling list allows 10",
            ),
        ] {
            assert_eq!(reason.to_string(), sentence);
        }
    }
}
