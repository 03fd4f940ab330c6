//! What a schedule says of a moment.
//!
//! Times are those of the clock on the wall of the schedule's zone: hours begin and end at
//! the first moment at which it shows their time, or a later one. So what begins inside an
//! hour that a change to summer time leaves out begins with the change, what lies in it
//! whole does not take place, and what lies in an hour that comes twice takes place the
//! first time.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use ocs_protocol::enumeration::{DialingMode, GroupStatus};

use super::{DAY, Hours, Schedule, Slot};

/// How many days around a moment are looked at, the fewest first: most often the next
/// change is a day away, behind a long holiday a month.
const LOOKS: [i32; 4] = [3, 10, 40, 400];

/// Days at the ends of what is looked at whose hours are not whole.
const MARGIN: i64 = 2 * DAY as i64;

/// One stretch of hours in UTC seconds, from its begin to before its end.
#[derive(Debug, Clone, Copy)]
struct Span {
    begin: i64,
    end: i64,
    mode: Option<DialingMode>,
}

impl Schedule {
    /// What it says of a moment, UTC seconds.
    #[must_use]
    pub fn at(&self, zone: &TimeZone, now: i64) -> Slot {
        let mut slot = Slot {
            status: GroupStatus::NotLoaded,
            mode: None,
            since: None,
            until: None,
        };
        for days in LOOKS {
            let Some(spans) = self.spans(zone, now, days) else {
                break;
            };
            slot = self.slot(&spans, now, i64::from(days) * i64::from(DAY) - MARGIN);
            if slot.since.is_some() && slot.until.is_some() {
                break;
            }
        }
        slot
    }

    /// The hours of so many days before and after a moment, in order; none overlap.
    fn spans(&self, zone: &TimeZone, now: i64, days: i32) -> Option<Vec<Span>> {
        let today = zone.to_datetime(Timestamp::from_second(now).ok()?).date();
        let mut spans: Vec<Span> = (-days..=days)
            .filter_map(|offset| today.checked_add(jiff::Span::new().days(offset)).ok())
            .flat_map(|date| self.hours_of(date).map(move |hours| (date, hours)))
            .filter_map(|(date, hours)| span(date, hours, zone))
            .collect();
        spans.sort_by_key(|span| span.begin);
        let mut whole: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            match whole.last_mut() {
                Some(last) if last.end >= span.begin && last.mode == span.mode => {
                    last.end = last.end.max(span.end);
                    continue;
                }
                // Of two that overlap, the one that began later counts.
                Some(last) => last.end = last.end.min(span.begin),
                None => {}
            }
            whole.push(span);
        }
        whole.retain(|span| span.begin < span.end);
        Some(whole)
    }

    /// The hours that begin on a date.
    pub(super) fn hours_of(&self, date: Date) -> impl Iterator<Item = Hours> {
        let is_exception = self.exceptions.iter().any(|other| other.date == date);
        let weekly = self
            .hours
            .iter()
            .filter(move |weekly| !is_exception && weekly.days.has(date.weekday()))
            .map(|weekly| weekly.hours);
        let other = self
            .exceptions
            .iter()
            .filter(move |other| other.date == date);
        weekly.chain(other.filter_map(|other| other.hours))
    }

    /// What spans say of a moment; changes farther away than `reach` are not known.
    fn slot(&self, spans: &[Span], now: i64, reach: i64) -> Slot {
        let here = self.state(spans, now);
        let mut edges: Vec<i64> = spans
            .iter()
            .flat_map(|span| {
                let before = span.begin - i64::from(self.load_before);
                let after = span.end + i64::from(self.unload_after);
                [before, span.begin, span.end, after]
            })
            .filter(|edge| (now - reach..=now + reach).contains(edge))
            .collect();
        edges.sort_unstable();
        edges.dedup();
        let ahead = edges.partition_point(|edge| *edge <= now);
        let (past, coming) = edges.split_at(ahead);
        Slot {
            status: here.0,
            mode: here.1,
            since: past
                .iter()
                .rev()
                .copied()
                .find(|edge| self.state(spans, edge - 1) != here),
            until: coming
                .iter()
                .copied()
                .find(|edge| self.state(spans, *edge) != here),
        }
    }

    fn state(&self, spans: &[Span], moment: i64) -> (GroupStatus, Option<DialingMode>) {
        let next = spans.partition_point(|span| span.begin <= moment);
        let last = next.checked_sub(1).map(|last| spans[last]);
        if let Some(span) = last.filter(|span| moment < span.end) {
            return (GroupStatus::Running, span.mode);
        }
        let still = last.is_some_and(|span| moment < span.end + i64::from(self.unload_after));
        let load_before = i64::from(self.load_before);
        let already = spans
            .get(next)
            .is_some_and(|span| span.begin - load_before <= moment);
        match still || already {
            true => (GroupStatus::Active, None),
            false => (GroupStatus::NotLoaded, None),
        }
    }
}

/// The hours of a date as moments; `None` where they lie in an hour that is left out.
fn span(date: Date, hours: Hours, zone: &TimeZone) -> Option<Span> {
    let ends = match hours.until > hours.from {
        true => date,
        false => date.tomorrow().ok()?,
    };
    let (begin, end) = (
        moment(date, hours.from, zone)?,
        moment(ends, hours.until, zone)?,
    );
    (begin < end).then_some(Span {
        begin,
        end,
        mode: hours.mode,
    })
}

/// The first moment at which the clock shows a time of a date or a later one.
fn moment(date: Date, second: u32, zone: &TimeZone) -> Option<i64> {
    let second = i32::try_from(second).ok()?;
    let time = Time::midnight().wrapping_add(jiff::Span::new().seconds(second));
    let shown = DateTime::from_parts(date, time);
    let second = |offset: jiff::tz::Offset| {
        let moment = offset.to_timestamp(shown).ok()?;
        Some(moment.as_second())
    };
    match zone.to_ambiguous_zoned(shown).offset() {
        AmbiguousOffset::Unambiguous { offset } => second(offset),
        AmbiguousOffset::Fold { before, .. } => second(before),
        // The change is the first moment of which a later time is true.
        AmbiguousOffset::Gap { after, .. } => {
            let before_it = Timestamp::from_second(second(after)?).ok()?;
            let change = zone.following(before_it).next()?;
            Some(change.timestamp().as_second())
        }
    }
}
