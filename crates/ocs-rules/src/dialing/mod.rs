//! Calls that a campaign group dials by itself: its options, what a platform says when it is
//! handed a call, and what it reports of one (notifications.md, last section).

mod progress;

use ocs_protocol::enumeration::{CallProgress, CallResult};

use crate::campaign::CampaignGroupId;
use crate::change::OnRecord;
use crate::objects::Objects;
use crate::policy::Levels;
use crate::record::Handle;

pub use progress::{Report, report};

/// The application's own word for how campaign groups dial; a campaign group and a campaign
/// may have theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialingOptions {
    /// `dialer-uri`: the platform that calls are posted to.
    pub uri: Option<String>,
    /// `channels`: calls of a campaign group that may be out at once.
    pub channels: u32,
    /// `dialing-rate`: calls that it posts a second at most.
    pub rate: u32,
    /// `call-timeout`: seconds after which a call that nobody reported is freed.
    pub call_timeout: i64,
    /// `abandoned-limit`: how many percent of the answers of 30 days may be abandoned.
    pub abandoned_limit: u32,
}

impl Default for DialingOptions {
    fn default() -> Self {
        Self {
            uri: None,
            channels: 10,
            rate: 10,
            call_timeout: 10 * 60,
            abandoned_limit: 3,
        }
    }
}

/// How a campaign group dials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialing {
    /// The platform that calls are posted to; `None` where nobody says which.
    pub uri: Option<String>,
    /// Calls that may be out at once.
    pub channels: u32,
    /// Calls that may be posted a second.
    pub rate: u32,
    /// Seconds after which a call that nobody reported is freed.
    pub call_timeout: i64,
    /// How many percent of the answers of 30 days may be abandoned.
    pub abandoned_limit: u32,
}

impl Dialing {
    /// The share of the answers that may be abandoned.
    #[must_use]
    pub fn abandoned_share(&self) -> f64 {
        f64::from(self.abandoned_limit) / 100.0
    }
}

impl DialingOptions {
    /// How a campaign group dials, by its own word, its campaign's and the application's. A
    /// calling list has no word in it: what is counted is the campaign group's.
    #[must_use]
    pub fn of(&self, group: CampaignGroupId, objects: &Objects) -> Dialing {
        let levels = Levels::of_group(group, objects);
        let count = |name: &str, own: u32| {
            let set = levels.first(|options| options.integer(name));
            set.and_then(|set| u32::try_from(set).ok()).unwrap_or(own)
        };
        let timeout = levels.first(|options| options.seconds("call-timeout"));
        Dialing {
            uri: levels
                .text("dialer-uri")
                .map(ToOwned::to_owned)
                .or_else(|| self.uri.clone()),
            channels: count("channels", self.channels),
            rate: count("dialing-rate", self.rate),
            call_timeout: timeout.unwrap_or(self.call_timeout).max(1),
            abandoned_limit: count("abandoned-limit", self.abandoned_limit),
        }
    }
}

/// What a platform made of a call that was handed to it, where the call is not simply out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialed {
    /// The record.
    pub handle: Handle,
    /// The attempt.
    pub attempt_guid: String,
    /// What became of the call.
    pub fate: Fate,
}

/// What becomes of a call that the platform does not make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It will not call: with this call result, where it says one.
    Refused(Option<CallResult>),
    /// It did not get the call, or cannot take one now: as if it had not been handed out.
    NotTaken,
}

/// CallProgress.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The record, in an attempt that is named.
    pub on: OnRecord,
    /// What has become of the call.
    pub progress: CallProgress,
    /// The agent who has it.
    pub agent: Option<String>,
}

/// Something that has become of a call that is out, once it is committed: for whoever dials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallStep {
    /// The campaign group that dials it.
    pub group: CampaignGroupId,
    /// The record; it is out once at a time.
    pub call: Handle,
    /// What has become of it.
    pub step: Step,
}

/// What has become of a call that is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It takes a channel from now on.
    Begun,
    /// The platform reported this of it.
    Reported(CallProgress),
    /// Its record was cancelled, or may not be called any more: the platform is to be told.
    Cancelled,
    /// Its channel is free again.
    Freed,
}

#[cfg(test)]
mod tests {
    use ocs_protocol::enumeration::DialingMode;
    use serde_json::json;

    use super::*;
    use crate::campaign::CampaignGroup;
    use crate::options::Options;
    use crate::retrieval::agreement::objects;

    #[test]
    fn the_nearest_word_counts_but_a_calling_lists() {
        let own = DialingOptions {
            uri: Some("http://own/".to_owned()),
            ..DialingOptions::default()
        };
        let mut objects = objects();
        let group = CampaignGroup {
            dbid: 301,
            campaign: 1,
            group: "Platform".to_owned(),
            description: String::new(),
            mode: DialingMode::Power,
            schedule: None,
            sequence: None,
            options: Options::default(),
        };
        objects.put_group(group.clone());
        let known = own.of(group.dbid, &objects);
        assert_eq!(
            (known.channels, known.rate, known.call_timeout),
            (10, 10, 600)
        );
        assert_eq!(known.uri.as_deref(), Some("http://own/"));
        let set = json!({ "channels": 30, "dialer-uri": "http://group/", "call-timeout": "1min" });
        let serde_json::Value::Object(set) = set else {
            panic!("an object");
        };
        objects.put_group(CampaignGroup {
            options: Options::new(set),
            ..group.clone()
        });
        let known = own.of(group.dbid, &objects);
        assert_eq!(
            (known.channels, known.rate, known.call_timeout),
            (30, 10, 60)
        );
        assert_eq!(known.uri.as_deref(), Some("http://group/"));
    }
}
