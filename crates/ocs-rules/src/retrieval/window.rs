//! Daily windows in a zone's own time (records.md, section 4).
//!
//! A window is open from its begin up to, not including, its end, by the clock on the
//! wall of its zone. So a window inside an hour that a change to summer time leaves out
//! does not open that day, and one inside an hour that comes twice opens twice. A
//! window whose end is before its begin goes over midnight; one whose end *is* its begin
//! lasts the whole day (our choice: an empty window would make a record that nobody can
//! ever call).

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::calling_list::{CallingList, DailyWindow};
use crate::legal_hours::territory::Territory;
use crate::objects::Objects;
use crate::record::Record;
use crate::zone::ZoneId;

const DAY: i64 = 86_400;

/// How far openings and closings are looked for where legal hours hold: longer than any
/// row of holidays.
const FAR: i64 = 31 * DAY;

/// How many edges and changes of the clock are looked at for the next change of a
/// window: some two weeks.
const EDGES: usize = 32;

/// When a record may be called: its daily window, with the zone it is meant in, and within
/// that the legal hours of where its phone is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Window {
    /// The zone.
    pub zone: ZoneId,
    /// Begin, in seconds since midnight.
    pub from: u32,
    /// End, in seconds since midnight.
    pub till: u32,
    /// Where the phone is, whose legal hours hold.
    pub territory: Territory,
}

impl Window {
    /// The window of a record of a calling list: its own, or the whole day for a callback
    /// outside it, which its moment and `callback-timeout` bound; in legal hours.
    #[must_use]
    pub fn of(record: &Record, list: &CallingList, objects: &Objects) -> Self {
        Self::in_territory(record, objects.territory(list, &record.contact.phone))
    }

    /// The same, where it is known where the phone is.
    #[must_use]
    pub fn in_territory(record: &Record, territory: Territory) -> Self {
        let zone = record.contact.zone;
        let (from, till) = if record.outside_window {
            (0, 0)
        } else {
            (record.contact.window.from, record.contact.window.till)
        };
        Self {
            zone,
            from,
            till,
            territory,
        }
    }

    /// The daily window alone, whatever the law says.
    #[must_use]
    pub const fn alone(self) -> Self {
        Self {
            territory: Territory::Anywhere,
            ..self
        }
    }

    /// The hours alone.
    #[must_use]
    pub const fn daily(self) -> DailyWindow {
        DailyWindow {
            from: self.from,
            till: self.till,
        }
    }

    /// Whether the daily window is the whole day.
    #[must_use]
    pub const fn is_whole_day(self) -> bool {
        self.from == self.till
    }

    /// Whether it is always open.
    #[must_use]
    pub fn is_always_open(self) -> bool {
        self.is_whole_day() && self.territory == Territory::Anywhere
    }

    /// Whether it is open at a moment, and a moment before which that is not otherwise, in
    /// UTC seconds (`i64::MAX`: as far as is known). In a zone that no object names only
    /// what is always open is open: whoever does not know the hour does not call.
    #[must_use]
    pub fn state(self, objects: &Objects, now: i64) -> (bool, i64) {
        if self.is_always_open() {
            return (true, i64::MAX);
        }
        let Some(zone) = objects.zone(self.zone) else {
            return (false, i64::MAX);
        };
        (
            self.is_open_in(&zone.zone, objects, now),
            self.next_edge(&zone.zone, objects, now).unwrap_or(i64::MAX),
        )
    }

    /// Whether it is open at a moment, in UTC seconds; see [`Window::state`].
    #[must_use]
    pub fn is_open(self, objects: &Objects, now: i64) -> bool {
        self.is_always_open()
            || objects
                .zone(self.zone)
                .is_some_and(|zone| self.is_open_in(&zone.zone, objects, now))
    }

    /// The first moment from `moment` on at which it is open, in UTC seconds; `None` when
    /// none is near.
    #[must_use]
    pub fn next_opening(self, objects: &Objects, moment: i64) -> Option<i64> {
        if self.is_always_open() {
            return Some(moment);
        }
        let zone = &objects.zone(self.zone)?.zone;
        let legal = objects.legal_hours();
        let mut at = moment;
        while at - moment <= FAR {
            at = next_opening(self.daily(), zone, at)?;
            let lawful = legal.next_opening(self.territory, zone, at)?;
            if lawful == at {
                return Some(at);
            }
            at = lawful;
        }
        None
    }

    /// The first moment from `moment` on at which it is closed, in UTC seconds; `None` when
    /// none is near.
    #[must_use]
    pub fn next_closing(self, objects: &Objects, moment: i64) -> Option<i64> {
        if self.is_always_open() {
            return None;
        }
        let Some(zone) = objects.zone(self.zone) else {
            return Some(moment);
        };
        let mut at = moment;
        while at - moment <= FAR {
            if !self.is_open_in(&zone.zone, objects, at) {
                return Some(at);
            }
            at = self.next_edge(&zone.zone, objects, at)?;
        }
        None
    }

    fn is_open_in(self, zone: &TimeZone, objects: &Objects, now: i64) -> bool {
        let legal = objects.legal_hours();
        is_open(self.daily(), zone, now) && legal.closed(self.territory, zone, now).is_none()
    }

    /// The first moment after `moment` at which it may open or close.
    fn next_edge(self, zone: &TimeZone, objects: &Objects, moment: i64) -> Option<i64> {
        let own = next_change(self.daily(), zone, moment);
        let legal = objects
            .legal_hours()
            .next_edge(self.territory, zone, moment);
        own.into_iter().chain(legal).min()
    }
}

/// Whether a window is open at a moment, in UTC seconds.
#[must_use]
pub fn is_open(window: DailyWindow, zone: &TimeZone, now: i64) -> bool {
    let DailyWindow { from, till } = window;
    if from == till {
        return true;
    }
    let Some(local) = second_of_day(zone, now) else {
        return false;
    };
    let (from, till) = (i64::from(from), i64::from(till));
    if from < till {
        from <= local && local < till
    } else {
        from <= local || local < till
    }
}

/// The first moment after `moment` at which the window opens or closes, in UTC
/// seconds; `None` when it is open the whole day.
#[must_use]
pub fn next_change(window: DailyWindow, zone: &TimeZone, moment: i64) -> Option<i64> {
    if window.from == window.till {
        return None;
    }
    let open = is_open(window, zone, moment);
    let mut at = moment;
    for _ in 0..EDGES {
        let local = second_of_day(zone, at)?;
        let until = |edge: u32| match (i64::from(edge) - local).rem_euclid(DAY) {
            0 => DAY,
            seconds => seconds,
        };
        let edge = at + until(window.from).min(until(window.till));
        // The clock may be changed before that, and the edge then comes sooner, later
        // or not at all.
        let changed = zone
            .following(Timestamp::from_second(at).ok()?)
            .next()
            .map(|change| change.timestamp().as_second());
        at = changed.map_or(edge, |changed| changed.min(edge));
        if is_open(window, zone, at) != open {
            return Some(at);
        }
    }
    None
}

/// The first moment from `moment` on at which the window is open, in UTC seconds;
/// `None` when it does not open within two weeks.
#[must_use]
pub fn next_opening(window: DailyWindow, zone: &TimeZone, moment: i64) -> Option<i64> {
    if is_open(window, zone, moment) {
        return Some(moment);
    }
    next_change(window, zone, moment)
}

/// What the clock on the wall shows, in seconds since midnight.
fn second_of_day(zone: &TimeZone, moment: i64) -> Option<i64> {
    let offset = zone.to_offset(Timestamp::from_second(moment).ok()?);
    Some((moment + i64::from(offset.seconds())).rem_euclid(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a moment").as_second()
    }

    fn hours(from: &str, till: &str) -> DailyWindow {
        let second = |text: &str| {
            let time: jiff::civil::Time = text.parse().expect("a time");
            u32::try_from(time.duration_since(jiff::civil::Time::midnight()).as_secs())
                .expect("a time")
        };
        DailyWindow {
            from: second(from),
            till: second(till),
        }
    }

    #[test]
    fn open_and_next_change() {
        // In Berlin, 02:00 to 03:00 is left out on 29 March 2026, and comes twice on
        // 25 October.
        for (zone, from, till, now, open, next) in [
            (
                "Europe/Berlin",
                "08:00",
                "18:00",
                "2026-11-22T06:59:59Z",
                false,
                Some("2026-11-22T07:00:00Z"),
            ),
            (
                "Europe/Berlin",
                "08:00",
                "18:00",
                "2026-11-22T07:00:00Z",
                true,
                Some("2026-11-22T17:00:00Z"),
            ),
            (
                "Europe/Berlin",
                "08:00",
                "18:00",
                "2026-11-22T17:00:00Z",
                false,
                Some("2026-11-23T07:00:00Z"),
            ),
            // The night before summer time and before winter time.
            (
                "Europe/Berlin",
                "08:00",
                "18:00",
                "2026-03-28T20:00:00Z",
                false,
                Some("2026-03-29T06:00:00Z"),
            ),
            (
                "Europe/Berlin",
                "08:00",
                "18:00",
                "2026-10-24T20:00:00Z",
                false,
                Some("2026-10-25T07:00:00Z"),
            ),
            // Over midnight, and over the change.
            (
                "Europe/Berlin",
                "22:00",
                "06:00",
                "2026-03-28T21:00:00Z",
                true,
                Some("2026-03-29T04:00:00Z"),
            ),
            (
                "Europe/Berlin",
                "22:00",
                "06:00",
                "2026-03-28T20:59:59Z",
                false,
                Some("2026-03-28T21:00:00Z"),
            ),
            (
                "Europe/Berlin",
                "22:00",
                "06:00",
                "2026-10-25T04:59:59Z",
                true,
                Some("2026-10-25T05:00:00Z"),
            ),
            // Inside the hour that is left out: not open that day.
            (
                "Europe/Berlin",
                "02:10",
                "02:50",
                "2026-03-29T00:59:59Z",
                false,
                Some("2026-03-30T00:10:00Z"),
            ),
            // Begins or ends inside it: cut off by the change.
            (
                "Europe/Berlin",
                "02:30",
                "04:00",
                "2026-03-29T00:30:00Z",
                false,
                Some("2026-03-29T01:00:00Z"),
            ),
            (
                "Europe/Berlin",
                "01:00",
                "02:30",
                "2026-03-29T00:30:00Z",
                true,
                Some("2026-03-29T01:00:00Z"),
            ),
            // Inside the hour that comes twice: open twice.
            (
                "Europe/Berlin",
                "02:10",
                "02:50",
                "2026-10-25T00:10:00Z",
                true,
                Some("2026-10-25T00:50:00Z"),
            ),
            (
                "Europe/Berlin",
                "02:10",
                "02:50",
                "2026-10-25T00:50:00Z",
                false,
                Some("2026-10-25T01:10:00Z"),
            ),
            (
                "Europe/Berlin",
                "02:10",
                "02:50",
                "2026-10-25T01:49:59Z",
                true,
                Some("2026-10-25T01:50:00Z"),
            ),
            // Put back out of the window, and into it again.
            (
                "Europe/Berlin",
                "02:30",
                "03:00",
                "2026-10-25T00:45:00Z",
                true,
                Some("2026-10-25T01:00:00Z"),
            ),
            (
                "Europe/Berlin",
                "02:30",
                "03:00",
                "2026-10-25T01:00:00Z",
                false,
                Some("2026-10-25T01:30:00Z"),
            ),
            // Half an hour of summer time, and a day that was left out.
            (
                "Australia/Lord_Howe",
                "02:00",
                "02:30",
                "2026-10-03T15:00:00Z",
                false,
                Some("2026-10-04T15:00:00Z"),
            ),
            (
                "Pacific/Apia",
                "08:00",
                "18:00",
                "2011-12-30T06:00:00Z",
                false,
                Some("2011-12-30T18:00:00Z"),
            ),
            (
                "Etc/UTC",
                "09:00",
                "09:00",
                "2026-11-22T03:00:00Z",
                true,
                None,
            ),
            (
                "Etc/UTC",
                "00:00",
                "00:00",
                "2026-11-22T00:00:00Z",
                true,
                None,
            ),
            (
                "Etc/UTC",
                "00:00",
                "23:59:59",
                "2026-11-22T23:59:59Z",
                false,
                Some("2026-11-23T00:00:00Z"),
            ),
        ] {
            let tz = TimeZone::get(zone).expect("a zone");
            let window = hours(from, till);
            let case = format!("{from}-{till} in {zone} at {now}");
            assert_eq!(is_open(window, &tz, moment(now)), open, "{case}");
            assert_eq!(
                next_change(window, &tz, moment(now)),
                next.map(moment),
                "{case}"
            );
            let opening = if open {
                Some(moment(now))
            } else {
                next.map(moment)
            };
            assert_eq!(next_opening(window, &tz, moment(now)), opening, "{case}");
        }
    }
}
