//! The counters that numbers are given out from. A number given out once is never
//! given out again, whatever is removed.

use crate::calling_list::ListId;
use crate::campaign::{CampaignGroupId, CampaignId};
use crate::filter::FilterId;
use crate::record::{Handle, LAST_HANDLE};
use crate::schedule::ScheduleId;
use crate::zone::{FIRST_FREE, ZoneId};

/// The next number of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// The next record handle; past [`LAST_HANDLE`] when none is left.
    pub handle: Handle,
    /// The next calling list's DBID.
    pub list: ListId,
    /// The next campaign's DBID.
    pub campaign: CampaignId,
    /// The next campaign group's DBID.
    pub group: CampaignGroupId,
    /// The next time zone's DBID.
    pub zone: ZoneId,
    /// The next filter's DBID.
    pub filter: FilterId,
    /// The next schedule's DBID.
    pub schedule: ScheduleId,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            handle: 1,
            list: 101,
            campaign: 101,
            group: 101,
            zone: FIRST_FREE,
            filter: 101,
            schedule: 101,
        }
    }
}

impl Counters {
    /// Takes the next record handle; `None` when none is left (records.md, section 2).
    pub fn take_handle(&mut self) -> Option<Handle> {
        (self.handle <= LAST_HANDLE).then(|| take(&mut self.handle))
    }
}

/// Takes the next number of a counter.
pub fn take(counter: &mut u32) -> u32 {
    let number = *counter;
    *counter = number.saturating_add(1);
    number
}
