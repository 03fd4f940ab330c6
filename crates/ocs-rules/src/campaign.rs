//! Campaigns and campaign groups (records.md, section 1).

use ocs_protocol::enumeration::DialingMode;

use crate::calling_list::ListId;
use crate::filter::FilterId;
use crate::options::Options;
use crate::schedule::ScheduleId;
use crate::treatment::Treatment;

/// DBID of a campaign.
pub type CampaignId = u32;

/// DBID of a campaign group.
pub type CampaignGroupId = u32;

/// A campaign: which calling lists are called, and in which proportion.
#[derive(Debug, Clone, PartialEq)]
pub struct Campaign {
    /// DBID; never changes.
    pub dbid: CampaignId,
    /// The name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// The calling lists it uses, in the order of the configuration.
    pub lists: Vec<WeightedList>,
    /// What is done after call results, in order, where the calling list says nothing.
    pub treatments: Vec<Treatment>,
    /// Options set at this campaign.
    pub options: Options,
}

impl Campaign {
    /// Whether the campaign uses a calling list.
    #[must_use]
    pub fn uses(&self, list: ListId) -> bool {
        self.lists.iter().any(|weighted| weighted.list == list)
    }
}

/// A calling list in a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightedList {
    /// The calling list.
    pub list: ListId,
    /// Its share of the campaign's records, against the other lists' weights.
    pub weight: u32,
    /// Which of its records are taken, and in which order; none for all.
    pub filter: Option<FilterId>,
}

/// A campaign with a group of agents or places: what is loaded and started.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignGroup {
    /// DBID; never changes. The session's own number.
    pub dbid: CampaignGroupId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The name of the agent or place group.
    pub group: String,
    /// Free text.
    pub description: String,
    /// How it dials.
    pub mode: DialingMode,
    /// The schedule that it runs by.
    pub schedule: Option<ScheduleId>,
    /// Its place among the campaign groups of the schedule that run one after another.
    pub sequence: Option<u32>,
    /// Options set at this campaign group.
    pub options: Options,
}
