//! Schedules: when a campaign group is loaded, started, stopped and unloaded by itself
//! (records.md, section 1; the errors of outbound-protocols.md, section 4).
//!
//! A schedule has hours on days of the week, and exceptions by date, which take the place
//! of all hours that begin on that date. During its hours a campaign group runs; for a
//! while before and after them it is loaded; else it is not.

mod check;
mod request;
#[cfg(test)]
mod tests;
mod timeline;

use jiff::civil::Date;
use ocs_protocol::enumeration::{DialingMode, GroupStatus};

use crate::days::Days;
use crate::zone::ZoneId;

pub use check::Contradiction;
pub use request::{ScheduledGroup, check_request, slot_of};

/// DBID of a schedule.
pub type ScheduleId = u32;

/// Seconds of a day.
const DAY: u32 = 86_400;

/// When campaign groups are loaded, started, stopped and unloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// DBID; never changes.
    pub dbid: ScheduleId,
    /// The name.
    pub name: String,
    /// The zone that its times are meant in.
    pub zone: ZoneId,
    /// For how many seconds before its hours a campaign group is loaded already.
    pub load_before: u32,
    /// For how many seconds after its hours a campaign group is still loaded.
    pub unload_after: u32,
    /// The hours of each week.
    pub hours: Vec<WeeklyHours>,
    /// Dates with other hours, or none.
    pub exceptions: Vec<Exception>,
}

/// Hours on days of every week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeeklyHours {
    /// The days that they begin on.
    pub days: Days,
    /// Which hours.
    pub hours: Hours,
}

/// A date that is not as others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception {
    /// The date, in the schedule's zone.
    pub date: Date,
    /// The hours that begin on it; `None` where it is closed.
    pub hours: Option<Hours>,
}

/// From one time of day until another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Begin, in seconds since midnight.
    pub from: u32,
    /// End, in seconds since midnight; where it is not after the begin, on the next day.
    pub until: u32,
    /// The dialing mode; `None` for the campaign group's own.
    pub mode: Option<DialingMode>,
}

impl Schedule {
    /// The dialing modes that its hours name.
    pub fn modes(&self) -> impl Iterator<Item = DialingMode> {
        self.all_hours().filter_map(|hours| hours.mode)
    }

    /// Whether in some of its hours campaign groups dial in their own mode.
    #[must_use]
    pub fn has_own_mode(&self) -> bool {
        self.all_hours().any(|hours| hours.mode.is_none())
    }

    fn all_hours(&self) -> impl Iterator<Item = Hours> {
        let weekly = self.hours.iter().map(|weekly| weekly.hours);
        weekly.chain(self.exceptions.iter().filter_map(|other| other.hours))
    }
}

impl Hours {
    /// How long they last by the clock on the wall, in seconds.
    fn length(self) -> u32 {
        match self.until > self.from {
            true => self.until - self.from,
            false => self.until + DAY - self.from,
        }
    }
}

/// What a schedule says of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Whether a campaign group is NotLoaded, Active (loaded) or Running.
    pub status: GroupStatus,
    /// The mode that it dials in then; `None` for its own.
    pub mode: Option<DialingMode>,
    /// Since when that is so, UTC seconds; `None` for longer than is looked back.
    pub since: Option<i64>,
    /// Until when that is so, UTC seconds; `None` for longer than is looked ahead.
    pub until: Option<i64>,
}
