//! Requests that read: answered from what is committed, beside the writer.

use std::sync::Arc;

use ocs_protocol::attribute::{GSW_CALLING_LIST, GSW_CUSTOMER_ID, GSW_PHONE};
use ocs_protocol::enumeration::RecordStatus;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;
use ocs_rules::access::Binding;
use ocs_rules::calling_list::{CallingList, ListId};
use ocs_rules::campaign::Campaign;
use ocs_rules::do_not_call::{Compared, Keys, Subject};
use ocs_rules::filter::FilterId;
use ocs_rules::frequency_cap::Capped;
use ocs_rules::objects::Objects;
use ocs_rules::record::Record;
use ocs_rules::retrieval::why::{self, Facts};
use ocs_store::{Page, StoreError, store_refusal};

use crate::core::Core;
use crate::{answer, request};

/// Records of a phone or a customer that one answer shows at most.
const SHOWN: u32 = 1_000;

/// Where a request comes from.
#[derive(Clone, Copy)]
pub(super) struct From<'a> {
    /// The port that it came in by.
    pub(super) listener: u32,
    /// The calling lists and campaign groups that its client is bound to: others are not
    /// shown.
    pub(super) bound: Option<&'a Binding>,
}

/// Answers a request that reads.
pub(super) async fn read(
    core: &Core,
    name: RequestName,
    event: &UserEvent,
    from: From<'_>,
) -> Result<UserEvent, Refusal> {
    let bound = from.bound;
    let uri = |handle| core.record_uri(from.listener as usize, handle);
    match name {
        RequestName::ReadRecord => record(core, event, bound, uri).await,
        RequestName::ReadCallingList => calling_list(core, event).await,
        RequestName::ReadRecords => records(core, event, uri).await,
        RequestName::ReadPhone => phone(core, event, bound, uri).await,
        RequestName::ReadCustomerId => customer_id(core, event, bound, uri).await,
        RequestName::ReadCampaignGroup => {
            let objects = core.store.objects();
            let group = request::group(event, &objects)?;
            let states = core.store.group_states();
            Ok(answer::group(group, &states, &objects, (core.clock)()))
        }
        RequestName::ReadCampaignGroups => {
            let objects = core.store.objects();
            let states = core.store.group_states();
            let shown = |group| bound.is_none_or(|bound| bound.has_group(group, &objects));
            Ok(answer::groups(&states, shown, &objects))
        }
        _ => calling_lists(core, bound).await,
    }
}

async fn record(
    core: &Core,
    event: &UserEvent,
    bound: Option<&Binding>,
    uri: impl Fn(u32) -> Option<String>,
) -> Result<UserEvent, Refusal> {
    let handle = request::handle(event)?;
    let now = (core.clock)();
    let found = core
        .store
        .reader()
        .surroundings(handle, regions(core), now.as_second())
        .await
        .map_err(|error| refused(&error))?
        .ok_or_else(|| ocs_rules::life_cycle::no_such_record(&handle.to_string()))?;
    let objects = core.store.objects();
    if let Some(bound) = bound {
        bound.check_record(&found.record, &objects)?;
    }
    let mut known = answer::Known {
        surroundings: &found,
        why: Vec::new(),
        next_callable: None,
    };
    if let Some(list) = objects.list(found.record.list) {
        let chain: Vec<_> = found.chain.iter().collect();
        let filtered = filtered(core, &objects, list, &found.record);
        let facts = Facts {
            filtered_out: filtered == Filtered::Out,
            filter_not_ready: filtered == Filtered::NotReady,
            do_not_call: found.do_not_call,
            capped: capped(core, &found.record, list, &objects, now.as_second()).await?,
            contact_out: core.policy.one_at_once
                && found.contact_out
                && found.record.status != RecordStatus::Retrieved,
            no_running_group: campaigns(core, &objects, list, true).is_empty(),
        };
        let now = now.as_second();
        known.why = why::why(&found.record, &chain, list, &objects, now, facts.clone());
        known.next_callable = why::next_callable(&found.record, &chain, list, &objects, now, facts);
    }
    Ok(answer::record(&known, uri(handle), &objects, now))
}

/// The frequency cap that holds a record back, in every campaign that uses its calling
/// list.
async fn capped(
    core: &Core,
    record: &Record,
    list: &CallingList,
    objects: &Objects,
    now: i64,
) -> Result<Option<Capped>, Refusal> {
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
        .map_err(|error| refused(&error))
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
        let says = objects.filter(dbid).map(|filter| filter.for_list(list));
        match (says, views.with(list.dbid, dbid)) {
            (Some(Ok(says)), Some(view)) if says.takes(record) => {
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

async fn calling_list(core: &Core, event: &UserEvent) -> Result<UserEvent, Refusal> {
    let objects = core.store.objects();
    let list = named_list(event, &objects)?;
    let counts = core.store.reader().counts(list.dbid).await;
    let counts = counts.map_err(|error| refused(&error))?;
    Ok(answer::calling_list(list, &counts, &objects))
}

async fn calling_lists(core: &Core, bound: Option<&Binding>) -> Result<UserEvent, Refusal> {
    let objects = core.store.objects();
    let mut lists = objects.lists();
    lists.retain(|list| bound.is_none_or(|bound| bound.has_list(list.dbid, &objects)));
    let mut counted = Vec::with_capacity(lists.len());
    for list in &lists {
        let counts = core.store.reader().counts(list.dbid).await;
        counted.push((list.as_ref(), counts.map_err(|error| refused(&error))?));
    }
    Ok(answer::calling_lists(&counted))
}

async fn records(
    core: &Core,
    event: &UserEvent,
    uri: impl Fn(u32) -> Option<String>,
) -> Result<UserEvent, Refusal> {
    let objects = core.store.objects();
    // In the order of http-interface.md, section 4: the query, then the object.
    let region = named_list(event, &objects)
        .ok()
        .and_then(|list| core.policy.region(Some(list)).map(ToOwned::to_owned));
    let page = request::page(event, region.as_deref())?;
    let list = named_list(event, &objects)?;
    let limit = page.limit;
    let found = core.store.reader().page(list.dbid, page, region).await;
    let found = found.map_err(|error| refused(&error))?;
    let whole = u32::try_from(found.len()).is_ok_and(|found| found >= limit);
    let next = found.last().filter(|_| whole).map(|record| record.handle);
    Ok(answer::records(&found, uri, next, &objects, (core.clock)()))
}

async fn phone(
    core: &Core,
    event: &UserEvent,
    bound: Option<&Binding>,
    uri: impl Fn(u32) -> Option<String>,
) -> Result<UserEvent, Refusal> {
    let phone = request::phone(event)?;
    let compared = Compared::of(&phone, core.policy.region(None));
    let page = Page {
        phone: Some(compared),
        limit: SHOWN,
        ..Page::default()
    };
    let keys = Keys::Phone(compared);
    contact(
        core,
        RequestName::ReadPhone,
        (GSW_PHONE, &phone),
        (keys, page),
        bound,
        uri,
    )
    .await
}

async fn customer_id(
    core: &Core,
    event: &UserEvent,
    bound: Option<&Binding>,
    uri: impl Fn(u32) -> Option<String>,
) -> Result<UserEvent, Refusal> {
    let customer = request::customer_id(event)?;
    let page = Page {
        customer_id: Some(customer.clone()),
        limit: SHOWN,
        ..Page::default()
    };
    let keys = Keys::of(&Subject::CustomerId(customer.clone()), None);
    let named = (GSW_CUSTOMER_ID, customer.as_str());
    let asked = (keys, page);
    contact(core, RequestName::ReadCustomerId, named, asked, bound, uri).await
}

async fn contact(
    core: &Core,
    name: RequestName,
    named: (&str, &str),
    (keys, page): (Keys, Page),
    bound: Option<&Binding>,
    uri: impl Fn(u32) -> Option<String>,
) -> Result<UserEvent, Refusal> {
    let now = (core.clock)();
    let reader = core.store.reader();
    let restricted = reader
        .do_not_call(keys, now.as_second())
        .await
        .map_err(|error| refused(&error))?;
    let mut found = reader
        .records_of(page, regions(core))
        .await
        .map_err(|error| refused(&error))?;
    let objects = core.store.objects();
    found.retain(|record| bound.is_none_or(|bound| bound.has_list(record.list, &objects)));
    Ok(answer::contact(
        name, named, restricted, &found, uri, &objects, now,
    ))
}

fn named_list<'a>(event: &UserEvent, objects: &'a Objects) -> Result<&'a CallingList, Refusal> {
    let name = event.text(GSW_CALLING_LIST).unwrap_or_default();
    objects
        .list_named(name)
        .map(AsRef::as_ref)
        .ok_or_else(|| request::no_such_list(name))
}

/// In which region the phones of each calling list are read.
fn regions(core: &Core) -> impl Fn(ListId) -> Option<String> + Send + 'static {
    let (objects, policy) = (core.store.objects(), core.policy.clone());
    move |list| {
        let list = objects.list(list).map(AsRef::as_ref);
        policy.region(list).map(ToOwned::to_owned)
    }
}

fn refused(error: &StoreError) -> Refusal {
    tracing::error!(%error, "the store could not be read");
    store_refusal(error)
}
