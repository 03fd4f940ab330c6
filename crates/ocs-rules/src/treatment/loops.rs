//! Treatments that would send a record to and fro: between campaign groups at once, with
//! no waiting in between.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use ocs_protocol::enumeration::CallResult;

use super::choice::{Case, Course, Level, choose, of};
use super::{Action, Treatment};
use crate::calling_list::CallingList;
use crate::campaign::{Campaign, CampaignGroup, CampaignGroupId};
use crate::objects::Objects;

/// How often a record may come back to one campaign group without waiting.
const RETURNS: usize = 2;

/// What is wrong with the treatments that assign records to campaign groups, a sentence
/// each: a campaign group is not there or does not use the calling list, or a record would
/// be sent to and fro.
#[must_use]
pub fn problems(objects: &Objects) -> Vec<String> {
    let mut problems = BTreeSet::new();
    for list in objects.lists() {
        for treatment in &list.treatments {
            let of = format!("the calling list \"{}\"", list.name);
            problems.extend(check_group(treatment, &of, &list, objects));
        }
    }
    for campaign in objects.campaigns() {
        let of = format!("the campaign \"{}\"", campaign.name);
        let lists = campaign.lists.iter();
        for list in lists.filter_map(|weighted| objects.list(weighted.list)) {
            for treatment in &campaign.treatments {
                problems.extend(check_group(treatment, &of, list, objects));
            }
        }
    }
    for group in objects.groups() {
        let Some(campaign) = objects.campaign(group.campaign) else {
            continue;
        };
        let lists = campaign.lists.iter();
        for list in lists.filter_map(|weighted| objects.list(weighted.list)) {
            for result in assigning(list, campaign) {
                problems.extend(check_loop(list, &group, result, objects));
            }
        }
    }
    problems.into_iter().collect()
}

fn check_group(
    treatment: &Treatment,
    of: &str,
    list: &CallingList,
    objects: &Objects,
) -> Option<String> {
    let name = treatment.action.group()?;
    let Some(group) = objects.group_of_full_name(name) else {
        return Some(format!(
            "{of}: the treatment \"{treatment}\" names a campaign group that there is not"
        ));
    };
    let campaign = objects.campaign(group.campaign);
    let uses = campaign.is_some_and(|campaign| campaign.uses(list.dbid));
    (!uses).then(|| {
        format!(
            "{of}: the treatment \"{treatment}\" assigns records of the calling list \"{}\" to a \
             campaign group whose campaign does not use it, so nobody would call them",
            list.name
        )
    })
}

/// The call results for which records of a calling list are assigned to campaign groups.
fn assigning(list: &CallingList, campaign: &Campaign) -> BTreeSet<CallResult> {
    of(list, Some(campaign))
        .filter(|(_, treatment)| matches!(treatment.action, Action::AssignToGroup(_)))
        .map(|(_, treatment)| treatment.result)
        .collect()
}

/// Follows a record that gets the same call result again and again.
fn check_loop(
    list: &CallingList,
    first: &CampaignGroup,
    result: CallResult,
    objects: &Objects,
) -> Option<String> {
    let mut at = first.dbid;
    let mut came: Vec<CampaignGroupId> = vec![at];
    for attempts in 1..list.max_attempts {
        let group = objects.group(at)?;
        let campaign = objects.campaign(group.campaign).map(AsRef::as_ref);
        let case = Case {
            result,
            attempts,
            most: list.max_attempts,
            zone: &TimeZone::UTC,
            group: Some(at),
            now: 0,
        };
        let chosen: Option<(Level, &Treatment, Course)> = choose(of(list, campaign), case, objects);
        match chosen {
            Some((_, treatment, Course::Assigned(next))) => {
                at = next;
                came.push(next);
                if came.iter().filter(|known| **known == next).count() > RETURNS {
                    return Some(format!(
                        "the calling list \"{}\": the treatment \"{treatment}\" loops: records \
                         with this result would go to and fro between campaign groups at once, \
                         attempt after attempt; give the treatments different attempts, or wait \
                         in between",
                        list.name
                    ));
                }
            }
            Some((.., course)) if course.calls_again() => came = vec![at],
            _ => return None,
        }
    }
    None
}
