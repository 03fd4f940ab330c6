//! Frequency caps: so many attempts in so many days, per phone or per customer id.
//!
//! An attempt counts from its hand-out on, whatever comes of it, unless the record was
//! given back uncalled. Days are those of the calendar in the called party's zone, which is
//! the record's, the day of the hand-out among them; hours go back from the hand-out. An
//! attempt that the clock says is still to come (it was set back) counts as well: so in no
//! window of so many days there are ever more attempts than the cap allows.

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::calling_list::ListId;
use crate::campaign::CampaignId;

/// The most attempts that a cap may allow.
pub const MOST_ATTEMPTS: u32 = 1_000;

/// The most days that a cap may look back; attempts are kept for so long.
pub const MOST_DAYS: u32 = 366;

/// So many attempts in so much time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrequencyCap {
    /// Its name.
    pub name: String,
    /// The most attempts, from 1.
    pub attempts: u32,
    /// In how much time.
    pub span: Span,
    /// Of whom.
    pub per: Per,
    /// Which attempts count.
    pub scope: Scope,
    /// The calling lists whose records it holds back; all where there are none.
    pub lists: Vec<ListId>,
}

/// In how much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Days of the calendar, today among them; from 1.
    Days(u32),
    /// Hours, back from now; from 1.
    Hours(u32),
}

/// Whose attempts are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// Those at one phone, as the Do Not Call list compares phones.
    Phone,
    /// Those at one customer id.
    Customer,
}

/// Which attempts count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those for all campaigns together.
    All,
    /// Those for the campaign that a record would be handed out for.
    Campaign,
}

/// A record that a cap holds back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capped {
    /// The cap's name.
    pub cap: String,
    /// When there is room for another attempt, UTC seconds.
    pub until: i64,
}

impl FrequencyCap {
    /// Whether it holds back records of a calling list.
    #[must_use]
    pub fn is_for(&self, list: ListId) -> bool {
        self.lists.is_empty() || self.lists.contains(&list)
    }

    /// The campaign whose attempts alone count; `None` for all.
    #[must_use]
    pub fn counts(&self, campaign: CampaignId) -> Option<CampaignId> {
        (self.scope == Scope::Campaign).then_some(campaign)
    }

    /// Attempts at this moment or later count for a hand-out at `now`, both in UTC seconds.
    #[must_use]
    pub fn since(&self, zone: &TimeZone, now: i64) -> i64 {
        match self.span {
            Span::Days(days) => day_of(now, zone)
                .and_then(|day| day.checked_sub((i64::from(days) - 1).days()).ok())
                .and_then(|day| begin(day, zone))
                .unwrap_or(i64::MIN),
            Span::Hours(hours) => now - i64::from(hours) * HOUR + 1,
        }
    }

    /// When there is room for another attempt: `oldest` is the one that has to be out of
    /// the span for that, the oldest of as many of the newest as the cap allows. In UTC
    /// seconds.
    #[must_use]
    pub fn room_after(&self, oldest: i64, zone: &TimeZone) -> i64 {
        match self.span {
            Span::Days(days) => day_of(oldest, zone)
                .and_then(|day| day.checked_add(i64::from(days).days()).ok())
                .and_then(|day| begin(day, zone))
                .unwrap_or(i64::MAX),
            Span::Hours(hours) => oldest + i64::from(hours) * HOUR,
        }
    }

    /// Until when it holds back at `now`, after attempts that began at these moments; `None`
    /// where there is room. In UTC seconds.
    #[must_use]
    pub fn held_until(
        &self,
        made: impl IntoIterator<Item = i64>,
        zone: &TimeZone,
        now: i64,
    ) -> Option<i64> {
        let since = self.since(zone, now);
        let mut counted: Vec<_> = made.into_iter().filter(|at| *at >= since).collect();
        counted.sort_unstable();
        let oldest = counted.len().checked_sub(self.attempts as usize)?;
        Some(self.room_after(counted[oldest], zone).max(now + 1))
    }

    /// How many seconds back an attempt may lie and still count, in any zone.
    #[must_use]
    pub fn reach(&self) -> i64 {
        match self.span {
            // A day may be longer than others, and zones change.
            Span::Days(days) => (i64::from(days) + 2) * 24 * HOUR,
            Span::Hours(hours) => i64::from(hours) * HOUR,
        }
    }
}

/// "3 attempts in 7 days per phone".
impl fmt::Display for FrequencyCap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self.span {
            Span::Days(days) => (days, "day"),
            Span::Hours(hours) => (hours, "hour"),
        };
        let s = |number| if number == 1 { "" } else { "s" };
        write!(
            f,
            "{} attempt{} in {number} {unit}{} per {}{}",
            self.attempts,
            s(self.attempts),
            s(number),
            match self.per {
                Per::Phone => "phone",
                Per::Customer => "customer",
            },
            match self.scope {
                Scope::All => "",
                Scope::Campaign => " and campaign",
            }
        )
    }
}

const HOUR: i64 = 3_600;

fn day_of(moment: i64, zone: &TimeZone) -> Option<jiff::civil::Date> {
    let moment = Timestamp::from_second(moment).ok()?;
    Some(zone.to_datetime(moment).date())
}

/// The first moment of a day: not always midnight.
fn begin(day: jiff::civil::Date, zone: &TimeZone) -> Option<i64> {
    let begin = day.to_zoned(zone.clone()).ok()?;
    Some(begin.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cap(attempts: u32, span: Span) -> FrequencyCap {
        FrequencyCap {
            name: "cap".to_owned(),
            attempts,
            span,
            per: Per::Phone,
            scope: Scope::All,
            lists: Vec::new(),
        }
    }

    fn held_until(cap: &FrequencyCap, made: &[i64], zone: &TimeZone, now: i64) -> Option<i64> {
        cap.held_until(made.iter().copied(), zone, now)
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone")
    }

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a moment").as_second()
    }

    /// The case, the cap, where the record is, the attempts, now, and until when it is held
    /// back.
    type Row = (
        &'static str,
        u32,
        Span,
        &'static str,
        &'static [&'static str],
        &'static str,
        Option<&'static str>,
    );

    #[test]
    fn days_are_those_of_the_called_party() {
        let table: &[Row] = &[
            (
                "none yet",
                1,
                Span::Days(1),
                "UTC",
                &[],
                "2026-11-25T12:00:00Z",
                None,
            ),
            (
                "today",
                1,
                Span::Days(1),
                "UTC",
                &["2026-11-25T00:00:00Z"],
                "2026-11-25T23:59:59Z",
                Some("2026-11-26T00:00:00Z"),
            ),
            (
                "yesterday",
                1,
                Span::Days(1),
                "UTC",
                &["2026-11-24T23:59:59Z"],
                "2026-11-25T00:00:00Z",
                None,
            ),
            (
                "today there",
                1,
                Span::Days(1),
                "Asia/Tokyo",
                &["2026-11-24T15:00:00Z"],
                "2026-11-25T14:59:59Z",
                Some("2026-11-25T15:00:00Z"),
            ),
            (
                "the third of a week",
                3,
                Span::Days(7),
                "America/New_York",
                &[
                    "2026-11-19T15:00:00Z",
                    "2026-11-19T16:00:00Z",
                    "2026-11-24T15:00:00Z",
                ],
                "2026-11-25T15:00:00Z",
                Some("2026-11-26T05:00:00Z"),
            ),
            (
                "a day of 25 hours",
                1,
                Span::Days(1),
                "Europe/Berlin",
                &["2026-10-24T22:00:00Z"],
                "2026-10-25T22:59:59Z",
                Some("2026-10-25T23:00:00Z"),
            ),
            (
                "a day that begins at one",
                1,
                Span::Days(1),
                "America/Havana",
                &["2026-03-07T12:00:00Z"],
                "2026-03-08T04:59:59Z",
                Some("2026-03-08T05:00:00Z"),
            ),
            (
                "hours",
                1,
                Span::Hours(24),
                "UTC",
                &["2026-11-24T12:00:00Z"],
                "2026-11-25T11:59:59Z",
                Some("2026-11-25T12:00:00Z"),
            ),
            (
                "hours that are over",
                1,
                Span::Hours(24),
                "UTC",
                &["2026-11-24T12:00:00Z"],
                "2026-11-25T12:00:00Z",
                None,
            ),
            (
                "after the clock was set back",
                1,
                Span::Days(1),
                "UTC",
                &["2026-11-26T09:00:00Z"],
                "2026-11-25T12:00:00Z",
                Some("2026-11-27T00:00:00Z"),
            ),
        ];
        for (case, attempts, span, place, made, now, until) in table {
            let made: Vec<_> = made.iter().map(|text| at(text)).collect();
            let found = held_until(&cap(*attempts, *span), &made, &zone(place), at(now));
            assert_eq!(found, until.map(at), "{case}");
        }
    }

    #[test]
    fn it_says_what_it_is() {
        let mut of_campaign = cap(1, Span::Hours(1));
        of_campaign.scope = Scope::Campaign;
        of_campaign.per = Per::Customer;
        for (cap, said) in [
            (cap(3, Span::Days(7)), "3 attempts in 7 days per phone"),
            (of_campaign, "1 attempt in 1 hour per customer and campaign"),
        ] {
            assert_eq!(cap.to_string(), said);
        }
    }

    const ZONES: [&str; 6] = [
        "UTC",
        "America/New_York",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "America/Havana",
        "Pacific/Apia",
    ];

    proptest! {
        /// Whatever the clock does, no window has more than the cap allows; and nobody is
        /// held back for longer than the cap says.
        #[test]
        fn never_exceeded(
            place in 0..ZONES.len(),
            attempts in 1..4_u32,
            span in prop_oneof![(1..9_u32).prop_map(Span::Days), (1..60_u32).prop_map(Span::Hours)],
            // Over the changes of the clock of autumn 2026, now and then set back.
            steps in prop::collection::vec(
                prop_oneof![9 => 0..20_i64 * HOUR, 1 => -30 * HOUR..0], 1..120),
        ) {
            let (zone, cap) = (zone(ZONES[place]), cap(attempts, span));
            let mut now = at("2026-10-20T00:00:00Z");
            let mut made = Vec::new();
            for step in steps {
                now += step;
                match held_until(&cap, &made, &zone, now) {
                    None => made.push(now),
                    Some(until) => {
                        prop_assert!(until > now);
                        let before = held_until(&cap, &made, &zone, until - 1);
                        prop_assert!(before.is_some(), "held back for too long");
                        prop_assert_eq!(held_until(&cap, &made, &zone, until), None);
                    }
                }
            }
            // Every window that begins or ends with an attempt, counted plainly.
            for first in &made {
                let inside = made.iter().filter(|other| match cap.span {
                    Span::Hours(hours) => {
                        **other >= *first && **other < first + i64::from(hours) * HOUR
                    }
                    Span::Days(days) => {
                        let day = |moment| day_of(moment, &zone).expect("a day");
                        let days_between = day(*first).until(day(**other)).expect("a span");
                        (0..i64::from(days)).contains(&i64::from(days_between.get_days()))
                    }
                });
                prop_assert!(inside.count() <= attempts as usize);
            }
        }
    }
}
