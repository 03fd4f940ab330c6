//! Which treatment applies to an attempt.

use jiff::tz::TimeZone;
use ocs_protocol::enumeration::CallResult;

use super::{Action, Treatment};
use crate::calling_list::CallingList;
use crate::campaign::{Campaign, CampaignGroupId};
use crate::date_time;
use crate::objects::Objects;
use crate::record::Record;

/// An attempt that is over.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What came of it.
    pub result: CallResult,
    /// The record's attempts, this one among them.
    pub attempts: u32,
    /// The most that its calling list allows.
    pub most: u32,
    /// The record's time zone.
    pub zone: &'a TimeZone,
    /// The campaign group that it was made for, else the one that the record is
    /// assigned to.
    pub group: Option<CampaignGroupId>,
    /// When it ended, in UTC seconds.
    pub now: i64,
}

/// What a treatment comes to. Moments are in UTC seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// The record is Ready again, with the type that it has.
    Cycled(i64),
    /// The record is Ready again, rescheduled.
    Rescheduled(i64),
    /// The record is Ready again at once, for this campaign group alone.
    Assigned(CampaignGroupId),
    /// The record is finished. The next of its chain goes on, not before this moment
    /// where there is one.
    Next(Option<i64>),
    /// The record and its chain are finished, and all have the record's call result.
    AllMarked,
    /// The record and its chain are finished.
    Finished,
}

impl Course {
    /// Whether the record is called again.
    #[must_use]
    pub const fn calls_again(self) -> bool {
        matches!(
            self,
            Self::Cycled(_) | Self::Rescheduled(_) | Self::Assigned(_)
        )
    }
}

/// Where a treatment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// At the calling list.
    CallingList,
    /// At the campaign.
    Campaign,
}

/// The treatments that count for a record, in order: those of its calling list, then
/// those of the campaign that it is called for (configuration.md, section 1: the calling
/// list's word comes first).
pub fn of<'a>(
    list: &'a CallingList,
    campaign: Option<&'a Campaign>,
) -> impl Iterator<Item = (Level, &'a Treatment)> + Clone {
    let own = list.treatments.iter();
    let campaigns = campaign.into_iter().flat_map(|c| &c.treatments);
    own.map(|treatment| (Level::CallingList, treatment))
        .chain(campaigns.map(|treatment| (Level::Campaign, treatment)))
}

/// The campaign whose treatments count for a record: that of the campaign group it was
/// called for or is assigned to, else its own, else the one that uses its calling list, where there is but
/// one.
#[must_use]
pub fn campaign_of<'a>(
    record: &Record,
    group: Option<CampaignGroupId>,
    objects: &'a Objects,
) -> Option<&'a Campaign> {
    let group = group.and_then(|dbid| objects.group(dbid));
    let known = group
        .map(|group| group.campaign)
        .or(record.contact.campaign)
        .and_then(|dbid| objects.campaign(dbid));
    known
        .or_else(|| objects.only_campaign_of(record.list))
        .map(AsRef::as_ref)
}

/// The first treatment that applies to an attempt, with what it comes to. One that would
/// call the record again does not apply once the maximum of attempts is reached; nor does
/// one for a moment that has passed, and none assigns a record to the campaign group that
/// has it.
pub fn choose<'t>(
    treatments: impl Iterator<Item = (Level, &'t Treatment)>,
    case: Case<'_>,
    objects: &Objects,
) -> Option<(Level, &'t Treatment, Course)> {
    treatments
        .filter(|(_, treatment)| treatment.result == case.result)
        .filter(|(_, treatment)| treatment.applies_to(case.attempts))
        .filter_map(|(level, treatment)| {
            Some((level, treatment, course(treatment, case, objects)?))
        })
        .find(|(.., course)| !course.calls_again() || case.attempts < case.most)
}

fn course(treatment: &Treatment, case: Case<'_>, objects: &Objects) -> Option<Course> {
    let after = |interval| {
        let seconds = treatment.seconds(interval, case.attempts);
        case.now.saturating_add(seconds)
    };
    let at = |text: &str| date_time::parse(text, case.zone).map(jiff::Timestamp::as_second);
    let to_come = |moment: &i64| *moment > case.now;
    Some(match &treatment.action {
        Action::Cycle(interval) => Course::Cycled(after(*interval)),
        Action::RetryIn(interval) => Course::Rescheduled(after(*interval)),
        Action::RetryAtDate(text) => Course::Rescheduled(at(text).filter(to_come)?),
        Action::NextInChain => Course::Next(None),
        Action::NextInChainAfter(interval) => Course::Next(Some(after(*interval))),
        // The person waits for nothing that is over.
        Action::NextInChainAtDate(text) => Course::Next(at(text).filter(to_come)),
        Action::MarkAllChain => Course::AllMarked,
        Action::MarkDb => Course::Finished,
        Action::AssignToGroup(name) => {
            let group = objects.group_of_full_name(name)?.dbid;
            Course::Assigned(Some(group).filter(|group| case.group != Some(*group))?)
        }
    })
}
