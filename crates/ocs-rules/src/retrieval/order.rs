//! In which order due records are handed out (records.md, section 4): by the rank of
//! their type, then by the order of a filter where there is one, then by the time they
//! are scheduled for, then by chain.

use ocs_protocol::enumeration::RecordType;

use crate::filter::order::Place;
use crate::record::{ChainId, Record};

/// The types of records that may be handed out, in the documented order. Records of
/// no or unknown type are handed out as General ones (our choice: else nobody would
/// ever call them).
pub const TYPES: [RecordType; 7] = [
    RecordType::PersonalCallBack,
    RecordType::CampaignCallBack,
    RecordType::PersonalRescheduled,
    RecordType::CampaignRescheduled,
    RecordType::General,
    RecordType::Unknown,
    RecordType::NoRecordType,
];

/// The ranks of the types: the greatest comes first, equal ranks mix. The options
/// `priority-…` of a calling list, campaign group or campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Priorities {
    /// `priority-personal-callback`.
    pub personal_callback: u32,
    /// `priority-campaign-callback`.
    pub campaign_callback: u32,
    /// `priority-personal-rescheduled`.
    pub personal_rescheduled: u32,
    /// `priority-campaign-rescheduled`.
    pub campaign_rescheduled: u32,
    /// `priority-general`.
    pub general: u32,
}

impl Default for Priorities {
    fn default() -> Self {
        Self {
            personal_callback: 50,
            campaign_callback: 40,
            personal_rescheduled: 30,
            campaign_rescheduled: 20,
            general: 10,
        }
    }
}

impl Priorities {
    /// The rank of a type; `None` for what is never handed out.
    #[must_use]
    pub const fn rank(&self, record_type: RecordType) -> Option<u32> {
        Some(match record_type {
            RecordType::PersonalCallBack => self.personal_callback,
            RecordType::CampaignCallBack => self.campaign_callback,
            RecordType::PersonalRescheduled => self.personal_rescheduled,
            RecordType::CampaignRescheduled => self.campaign_rescheduled,
            RecordType::General | RecordType::Unknown | RecordType::NoRecordType => self.general,
            RecordType::NoCall => return None,
        })
    }
}

/// Where a record stands among those of its calling list and rank. One that is
/// scheduled for no time comes before all that are. Unique in a calling list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// By the order of the filter that the calling list is taken by.
    pub place: Place,
    /// Not before this moment, in UTC seconds.
    pub scheduled: Option<i64>,
    /// The chain.
    pub chain: ChainId,
    /// The place in the chain.
    pub chain_n: u32,
}

impl Position {
    /// Before every record, or that of the first.
    pub const FIRST: Self = Self {
        place: Place::FIRST,
        scheduled: None,
        chain: 0,
        chain_n: 0,
    };

    /// The position of a record without a filter.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self {
            place: Place::FIRST,
            scheduled: record.contact.scheduled,
            chain: record.chain,
            chain_n: record.chain_n,
        }
    }

    /// Whether its time is still to come.
    #[must_use]
    pub fn is_after(&self, now: i64) -> bool {
        self.scheduled.is_some_and(|at| at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions() {
        let at = |scheduled, chain, chain_n| Position {
            place: Place::FIRST,
            scheduled,
            chain,
            chain_n,
        };
        let sorted = [
            Position::FIRST,
            at(None, 7, 0),
            at(None, 7, 1),
            at(Some(-1), 9, 0),
            at(Some(100), 3, 0),
            at(Some(100), 4, 0),
            at(Some(101), 1, 0),
        ];
        assert!(sorted.is_sorted());
        for (scheduled, after) in [(None, false), (Some(100), false), (Some(101), true)] {
            assert_eq!(at(scheduled, 1, 0).is_after(100), after, "{scheduled:?}");
        }
    }

    #[test]
    fn default_ranks_are_the_documented_order() {
        let ranks: Vec<_> = TYPES[..5]
            .iter()
            .map(|known| Priorities::default().rank(*known))
            .collect();
        assert!(ranks.is_sorted_by(|a, b| a > b), "{ranks:?}");
        assert_eq!(Priorities::default().rank(RecordType::NoCall), None);
    }
}
