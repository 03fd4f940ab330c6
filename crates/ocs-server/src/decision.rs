//! What decides whether a record is called: the record and its chain, and what OCS knows
//! beside them. Reads show it, and `ocs explain` prints it.

use std::sync::Arc;

use ocs_protocol::enumeration::RecordStatus;
use ocs_rules::calling_list::{CallingList, ListId};
use ocs_rules::campaign::{Campaign, CampaignGroup, CampaignGroupId};
use ocs_rules::consent::Call;
use ocs_rules::consent::standing::Verdict;
use ocs_rules::do_not_call::Compared;
use ocs_rules::filter::FilterId;
use ocs_rules::frequency_cap::Capped;
use ocs_rules::group_state::GroupState;
use ocs_rules::objects::Objects;
use ocs_rules::policy::Levels;
use ocs_rules::record::{Handle, Record};
use ocs_rules::retrieval::view::View;
use ocs_rules::retrieval::waits::Waits;
use ocs_rules::retrieval::why::{self, Facts, Reason};
use ocs_store::{StoreError, Surroundings};

use crate::core::Core;

/// A record with what is around it, where there is one; `now` is in UTC seconds.
pub(crate) async fn surroundings(
    core: &Core,
    handle: Handle,
    now: i64,
) -> Result<Option<Surroundings>, StoreError> {
    let reader = core.store.reader();
    reader.surroundings(handle, regions(core), now).await
}

/// Why a record cannot be called now, and when it can, in UTC seconds.
pub(crate) async fn of(
    core: &Core,
    found: &Surroundings,
    list: &CallingList,
    objects: &Objects,
    now: i64,
) -> Result<(Vec<Reason>, Option<i64>), StoreError> {
    let chain: Vec<_> = found.chain.iter().collect();
    let facts = facts(core, found, list, objects, now).await?;
    Ok((
        why::why(&found.record, &chain, list, objects, now, facts.clone()),
        why::next_callable(&found.record, &chain, list, objects, now, facts),
    ))
}

/// What the record and its chain do not say themselves.
async fn facts(
    core: &Core,
    found: &Surroundings,
    list: &CallingList,
    objects: &Objects,
    now: i64,
) -> Result<Facts, StoreError> {
    let filtered = filtered(core, objects, list, &found.record);
    Ok(Facts {
        do_not_call: found.do_not_call,
        consent: consent(core, found, objects, now),
        contact_out: core.policy.one_at_once
            && found.contact_out
            && found.record.status != RecordStatus::Retrieved,
        filtered_out: filtered == Filtered::Out,
        filter_not_ready: filtered == Filtered::NotReady,
        capped: capped(core, &found.record, list, objects, now).await?,
        waits: waits(core, objects, &found.record, now),
        no_running_group: !in_running_group(core, objects, &found.record),
    })
}

/// Whether a record may be called, as far as consent goes, by one of the campaign groups that
/// hand it out; where there is none, by whoever is to come.
fn consent(core: &Core, found: &Surroundings, objects: &Objects, now: i64) -> Verdict {
    let record = &found.record;
    let verdict = |group: Option<&CampaignGroup>| {
        let levels = Levels::of(objects, record.list, group.map(|group| group.dbid));
        let call = Call {
            list: Some(record.list),
            campaign: group.map(|group| group.campaign),
        };
        let required = core.policy.consent_required(levels);
        found.consent.verdict(call, required, now)
    };
    let groups = objects.groups_of(record);
    let verdicts = groups.iter().map(|group| verdict(Some(group)));
    verdicts
        .reduce(|one, other| match (one, other) {
            (Verdict::Allowed { until: Some(until) }, Verdict::Allowed { until: Some(other) }) => {
                Verdict::Allowed {
                    until: Some(until.max(other)),
                }
            }
            (Verdict::Allowed { .. }, Verdict::Allowed { .. }) => Verdict::default(),
            (Verdict::Withheld(_), Verdict::Allowed { .. }) => other,
            _ => one,
        })
        .unwrap_or_else(|| verdict(None))
}

/// The frequency cap that holds a record back, in every campaign that uses its calling
/// list.
async fn capped(
    core: &Core,
    record: &Record,
    list: &CallingList,
    objects: &Objects,
    now: i64,
) -> Result<Option<Capped>, StoreError> {
    let zone = objects.zone(record.contact.zone);
    let Some(zone) = zone.filter(|_| !objects.caps().is_empty() && record.is_open()) else {
        return Ok(None);
    };
    let campaigns = objects.campaigns().into_iter();
    let campaigns = campaigns.filter(|campaign| campaign.uses(list.dbid));
    let campaigns = campaigns.map(|campaign| campaign.dbid).collect();
    let phone = Compared::of(&record.contact.phone, core.policy.region(Some(list)));
    let reader = core.store.reader();
    let caps = objects.caps().to_vec();
    reader
        .capped(
            record.clone(),
            phone,
            caps,
            campaigns,
            (zone.zone.clone(), now),
        )
        .await
}

/// The campaigns of campaign groups that use a calling list; of those that run, or of all.
fn campaigns(
    core: &Core,
    objects: &Objects,
    list: &CallingList,
    running: bool,
) -> Vec<Arc<Campaign>> {
    let states = core.store.group_states();
    let runs = |dbid| states.get(&dbid).is_some_and(|state| state.is_running());
    let groups = objects.groups();
    let groups = groups.iter().filter(|group| !running || runs(group.dbid));
    groups
        .filter_map(|group| objects.campaign(group.campaign))
        .filter(|campaign| campaign.uses(list.dbid))
        .map(Arc::clone)
        .collect()
}

/// What the filters say of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filtered {
    /// A campaign takes it, with a filter or without.
    Taken,
    /// None takes it.
    Out,
    /// Those that take it do so by filters that are not in use yet.
    NotReady,
}

/// What the filters of the campaigns that run, or where none runs of all, say of a record.
fn filtered(core: &Core, objects: &Objects, list: &CallingList, record: &Record) -> Filtered {
    let mut campaigns_of = campaigns(core, objects, list, true);
    if campaigns_of.is_empty() {
        campaigns_of = campaigns(core, objects, list, false);
    }
    let views = core.store.views();
    let one = |filter: Option<FilterId>| {
        let Some(dbid) = filter else {
            return Filtered::Taken;
        };
        let takes = |view: &View| view.says.as_ref().is_some_and(|says| says.takes(record));
        match views.with(list.dbid, dbid) {
            Some(view) if takes(view) => {
                if view.whole {
                    Filtered::Taken
                } else {
                    Filtered::NotReady
                }
            }
            _ => Filtered::Out,
        }
    };
    let of_list = |campaign: &Arc<Campaign>| {
        let used = campaign.lists.iter().find(|used| used.list == list.dbid);
        used.map(|used| one(used.filter))
    };
    let all: Vec<_> = campaigns_of.iter().filter_map(of_list).collect();
    if all.is_empty() || all.contains(&Filtered::Taken) {
        Filtered::Taken
    } else if all.contains(&Filtered::NotReady) {
        Filtered::NotReady
    } else {
        Filtered::Out
    }
}

/// Whether a running campaign group hands out a record.
fn in_running_group(core: &Core, objects: &Objects, record: &Record) -> bool {
    running_groups(core, objects, record).next().is_some()
}

/// The running campaign groups that hand out a record.
fn running_groups(
    core: &Core,
    objects: &Objects,
    record: &Record,
) -> impl Iterator<Item = CampaignGroupId> {
    let states = core.store.group_states();
    let groups = objects.groups_of(record).into_iter();
    let runs = move |group: &CampaignGroupId| states.get(group).is_some_and(GroupState::is_running);
    groups.map(|group| group.dbid).filter(runs)
}

/// What all running campaign groups that would hand out a record wait for.
fn waits(core: &Core, objects: &Objects, record: &Record, now: i64) -> Option<Waits> {
    let mut first = None;
    for group in running_groups(core, objects, record) {
        let waits = core.store.waits(record.list, group, now);
        first = Some(waits.or_else(|| core.dialers.waits(group))?);
    }
    first
}

/// In which region the phones of each calling list are read.
pub(crate) fn regions(core: &Core) -> impl Fn(ListId) -> Option<String> + Send + 'static {
    let (objects, policy) = (core.store.objects(), core.policy.clone());
    move |list| {
        let list = objects.list(list).map(AsRef::as_ref);
        policy.region(list).map(ToOwned::to_owned)
    }
}
