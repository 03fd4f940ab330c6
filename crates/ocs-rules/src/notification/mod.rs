//! What web servers are asked and told, and by whose word (notifications.md): the options,
//! which have levels, the messages of attempts and chains, and what is asked before a call.

mod message;
mod validation;

use crate::campaign::CampaignGroupId;
use crate::dialing::DialingOptions;
use crate::objects::Objects;
use crate::options::Options;
use crate::policy::Levels;

pub use message::{CallReport, End, GSW_TENANT_NAME, Processed};
pub use validation::{Asked, FailMode, Validated, Validation, ValidationOptions, Verdict};

/// DBID of a web server that messages of one kind are sent to, in the store.
pub type DestinationId = i64;

/// What a message reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An attempt's begin or end: a call report record.
    CallReport,
    /// A chain that reached its processed state.
    ContactProcessed,
}

impl Kind {
    /// Its number in the store.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::CallReport => 1,
            Self::ContactProcessed => 2,
        }
    }

    /// The kind of a number.
    #[must_use]
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::CallReport),
            2 => Some(Self::ContactProcessed),
            _ => None,
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CallReport => "call reports",
            Self::ContactProcessed => "contact processed",
        }
    }
}

/// Whether a kind of message is sent, and where to: one level's word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Whether it is sent.
    pub on: bool,
    /// The web server's address.
    pub uri: Option<String>,
}

/// The application's own word for what web servers are told; a calling list, a campaign
/// group and a campaign may have theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notifications {
    /// The tenant's name, which messages carry.
    pub tenant: String,
    /// DBID of the OCS application, which they carry too.
    pub application: u32,
    /// Call report records: `send-history`, `history-uri`.
    pub call_reports: Told,
    /// Unsent call report records that keep records from being handed out; 0 for no limit.
    pub wait_threshold: u32,
    /// Seconds until it is then looked again.
    pub wait_recovery: i64,
    /// `contact-processed-notification` and its address.
    pub contact_processed: Told,
    /// How often such a message is sent again until it is given up.
    pub retries: u32,
    /// `send-campaigngroup-states` and its address.
    pub group_states: Told,
    /// Seconds between two messages of a loaded campaign group's state.
    pub group_states_interval: i64,
    /// Whether records are validated before they are dialed or previewed.
    pub validation: ValidationOptions,
    /// How calls are handed to platforms.
    pub dialing: DialingOptions,
}

/// What any level asks for: where none does, nothing is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Anywhere {
    /// Call report records.
    pub call_reports: bool,
    /// Chains that reached their processed state.
    pub contact_processed: bool,
    /// Validation of records before they are dialed or previewed.
    pub validation: bool,
}

/// When unsent call reports keep records from being handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitCondition<'a> {
    /// The web server that they wait for.
    pub uri: &'a str,
    /// So many of them do.
    pub threshold: u32,
    /// Seconds until it is then looked again.
    pub recovery: i64,
}

impl Notifications {
    /// Where call report records go; `None` where none are sent.
    #[must_use]
    pub fn call_reports<'a>(&'a self, levels: Levels<'a>) -> Option<&'a str> {
        told(&self.call_reports, levels, "send-history", "history-uri")
    }

    /// When unsent call report records keep records from being handed out; `None` for
    /// never.
    #[must_use]
    pub fn wait_condition<'a>(&'a self, levels: Levels<'a>) -> Option<WaitCondition<'a>> {
        let uri = self.call_reports(levels)?;
        let threshold = levels.first(|options| options.integer("history-wait-condition-threshold"));
        let threshold = threshold
            .and_then(|threshold| u32::try_from(threshold).ok())
            .unwrap_or(self.wait_threshold);
        let recovery = levels.first(|options| options.seconds("history-wait-recovery-timeout"));
        (threshold > 0).then_some(WaitCondition {
            uri,
            threshold,
            recovery: recovery.unwrap_or(self.wait_recovery),
        })
    }

    /// Where chains that reached their processed state are told of, and how often such a
    /// message is sent again; `None` where none is sent.
    #[must_use]
    pub fn contact_processed<'a>(&'a self, levels: Levels<'a>) -> Option<(&'a str, u32)> {
        let uri = told(
            &self.contact_processed,
            levels,
            "contact-processed-notification",
            "contact-processed-notification-uri",
        )?;
        let retries = levels.first(|options| options.integer("http-retry-max-attempts"));
        let retries = retries.and_then(|retries| u32::try_from(retries).ok());
        Some((uri, retries.unwrap_or(self.retries)))
    }

    /// Where a campaign group's states are told, and after how many seconds again; `None`
    /// where they are not.
    #[must_use]
    pub fn group_states<'a>(
        &'a self,
        group: CampaignGroupId,
        objects: &'a Objects,
    ) -> Option<(&'a str, i64)> {
        let levels = Levels::of_group(group, objects);
        let uri = told(
            &self.group_states,
            levels,
            "send-campaigngroup-states",
            "campaigngroup-states-uri",
        )?;
        let interval = levels.first(|options| options.seconds("campaigngroup-states-interval"));
        Some((uri, interval.unwrap_or(self.group_states_interval).max(1)))
    }

    /// Which kinds of messages any level asks for.
    #[must_use]
    pub fn anywhere(&self, objects: &Objects) -> Anywhere {
        let any = |own: &Told, name: &str| {
            let sets = |options: &Options| options.flag(name) == Some(true);
            own.on
                || objects.lists().iter().any(|list| sets(&list.options))
                || objects.groups().iter().any(|group| sets(&group.options))
                || objects.campaigns().iter().any(|one| sets(&one.options))
        };
        Anywhere {
            call_reports: any(&self.call_reports, "send-history"),
            contact_processed: any(&self.contact_processed, "contact-processed-notification"),
            validation: any(&self.validation.told, "pre-dial-validation"),
        }
    }
}

/// Where a kind of message is sent to; `None` where it is off, or nobody says where to.
fn told<'a>(own: &'a Told, levels: Levels<'a>, flag: &str, address: &str) -> Option<&'a str> {
    let on = levels.first(|options| options.flag(flag));
    if !on.unwrap_or(own.on) {
        return None;
    }
    levels.text(address).or(own.uri.as_deref())
}

/// What has become of messages that were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// The message's number.
    pub message: i64,
    /// Where it was to go.
    pub destination: DestinationId,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was taken.
    Taken,
    /// It was refused, or not answered, as often as it is sent.
    GivenUp,
    /// It is sent again at a moment, UTC seconds.
    Again(i64),
}

/// Seconds until a message is sent again that was sent in vain so many times already,
/// from 1: twice as long each time.
#[must_use]
pub fn pause(tries: u32) -> i64 {
    let doubled = 1_i64
        .checked_shl(tries.saturating_sub(1))
        .unwrap_or(i64::MAX);
    doubled.clamp(1, LONGEST_PAUSE)
}

/// Seconds that a message waits at most until it is sent again.
pub const LONGEST_PAUSE: i64 = 300;

#[cfg(test)]
mod tests;
