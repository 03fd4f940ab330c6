//! What the options of calling lists, campaign groups and campaigns come to, with
//! those of the application behind them (configuration.md, section 1): the calling
//! list's word first, then the campaign group's, the campaign's, the application's.

use crate::calling_list::{CallingList, ListId};
use crate::campaign::{Campaign, CampaignGroup, CampaignGroupId};
use crate::legal_hours::{Defaults, WithoutRule};
use crate::objects::Objects;
use crate::options::Options;
use crate::retrieval::order::Priorities;

/// What AddRecord does with a second open record of the same phone or customer id in
/// a calling list (records.md, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// It is inserted.
    Allow,
    /// It is refused.
    Refuse,
    /// The record that is there takes its attributes.
    Update,
}

impl Duplicates {
    /// The value of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "allow" => Self::Allow,
            "refuse" => Self::Refuse,
            "update" => Self::Update,
            _ => return None,
        })
    }
}

/// The application's own word for options that have levels.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What AddRecord does with duplicates.
    pub duplicates: Duplicates,
    /// Seconds without a request that names it, after which a delivered record is
    /// stale; 0 for never.
    pub stale_after: i64,
    /// Seconds after its moment, after which a callback that nobody took is missed;
    /// 0 for never.
    pub missed_after: i64,
    /// Whether two records of the same phone or customer id may not be out at once.
    pub one_at_once: bool,
    /// The ranks of the types of records.
    pub priorities: Priorities,
    /// Seconds between two looks for rows of the Do Not Call list that others wrote.
    pub reread_every: i64,
    /// Days that lines of the request log are kept.
    pub request_log_days: u32,
    /// Days that finished records are kept; 0 for ever.
    pub retention_days: u32,
    /// The region of phones without a country code, two letters.
    pub region: Option<String>,
    /// Whether phones are called in legal hours only, where calling lists do not say.
    pub guards: bool,
    /// Whether phones that no rule of legal hours holds for are called.
    pub without_rule: WithoutRule,
    /// Whether a record is called only with consent.
    pub consent_required: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            duplicates: Duplicates::Allow,
            stale_after: 30 * 60,
            missed_after: 30 * 60,
            one_at_once: true,
            priorities: Priorities::default(),
            reread_every: 300,
            request_log_days: 30,
            retention_days: 0,
            region: None,
            guards: true,
            without_rule: WithoutRule::Allow,
            consent_required: false,
        }
    }
}

impl Policy {
    /// What a calling list does with duplicates.
    #[must_use]
    pub fn duplicates(&self, list: &CallingList) -> Duplicates {
        let own = list.options.text("duplicates");
        own.and_then(Duplicates::from_name)
            .unwrap_or(self.duplicates)
    }

    /// Seconds that finished records of a calling list are kept; `None` for ever.
    #[must_use]
    pub fn kept(&self, list: &CallingList) -> Option<i64> {
        let own = list.options.integer("retention-days");
        let days = own.unwrap_or(self.retention_days.into());
        (days > 0).then(|| days.saturating_mul(24 * 60 * 60))
    }

    /// The region that a calling list's phones are read in.
    #[must_use]
    pub fn region<'a>(&'a self, list: Option<&'a CallingList>) -> Option<&'a str> {
        let own = list.and_then(|list| list.region.as_deref());
        own.or(self.region.as_deref())
    }

    /// What the application says of legal hours.
    #[must_use]
    pub fn legal_hours(&self) -> Defaults {
        Defaults {
            guards: self.guards,
            region: self.region.clone(),
            unknown: self.without_rule,
        }
    }

    /// The ranks of the types of records.
    #[must_use]
    pub fn priorities(&self, levels: Levels<'_>) -> Priorities {
        let rank = |name: &str, own: u32| {
            let set = levels.first(|options| options.integer(name));
            set.and_then(|rank| u32::try_from(rank).ok()).unwrap_or(own)
        };
        let own = self.priorities;
        Priorities {
            personal_callback: rank("priority-personal-callback", own.personal_callback),
            campaign_callback: rank("priority-campaign-callback", own.campaign_callback),
            personal_rescheduled: rank("priority-personal-rescheduled", own.personal_rescheduled),
            campaign_rescheduled: rank("priority-campaign-rescheduled", own.campaign_rescheduled),
            general: rank("priority-general", own.general),
        }
    }

    /// Whether a record is called only with consent.
    #[must_use]
    pub fn consent_required(&self, levels: Levels<'_>) -> bool {
        let own = levels.first(|options| options.boolean("consent-required"));
        own.unwrap_or(self.consent_required)
    }

    /// Seconds after which a delivered record is stale; `None` for never.
    #[must_use]
    pub fn stale_after(&self, levels: Levels<'_>) -> Option<i64> {
        let seconds = levels.seconds("stale_clean_timeout");
        Some(seconds.unwrap_or(self.stale_after)).filter(|seconds| *seconds > 0)
    }

    /// Seconds after which a callback that nobody took is missed; `None` for never.
    #[must_use]
    pub fn missed_after(&self, levels: Levels<'_>) -> Option<i64> {
        let seconds = levels.seconds("callback-timeout");
        Some(seconds.unwrap_or(self.missed_after)).filter(|seconds| *seconds > 0)
    }
}

/// The objects whose options count for a record, the nearest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Levels<'a> {
    /// The calling list.
    pub list: Option<&'a CallingList>,
    /// The campaign group.
    pub group: Option<&'a CampaignGroup>,
    /// The campaign.
    pub campaign: Option<&'a Campaign>,
}

impl<'a> Levels<'a> {
    /// Those of a campaign group and its campaign, whatever the calling list.
    #[must_use]
    pub fn of_group(group: CampaignGroupId, objects: &'a Objects) -> Self {
        let group = objects.group(group);
        let campaign = group.and_then(|group| objects.campaign(group.campaign));
        Self {
            list: None,
            group: group.map(AsRef::as_ref),
            campaign: campaign.map(AsRef::as_ref),
        }
    }

    /// Those of a record of a calling list, for a campaign group where one is known.
    #[must_use]
    pub fn of(objects: &'a Objects, list: ListId, group: Option<CampaignGroupId>) -> Self {
        let group = group.and_then(|group| objects.group(group));
        let campaign = group.and_then(|group| objects.campaign(group.campaign));
        Self {
            list: objects.list(list).map(AsRef::as_ref),
            group: group.map(AsRef::as_ref),
            campaign: campaign.map(AsRef::as_ref),
        }
    }

    /// The nearest text of an option.
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        let list = self.list.map(|list| &list.options);
        let group = self.group.map(|group| &group.options);
        let campaign = self.campaign.map(|campaign| &campaign.options);
        let mut levels = [list, group, campaign].into_iter().flatten();
        levels.find_map(|options| options.text(name))
    }

    fn seconds(self, name: &str) -> Option<i64> {
        self.first(|options| options.seconds(name))
    }

    pub(crate) fn first<T>(self, option: impl Fn(&Options) -> Option<T>) -> Option<T> {
        self.list
            .and_then(|list| option(&list.options))
            .or_else(|| self.group.and_then(|group| option(&group.options)))
            .or_else(|| self.campaign.and_then(|campaign| option(&campaign.options)))
    }
}
