//! Requests that read: answered from what is committed, beside the writer.

use ocs_protocol::attribute::{GSW_CALLING_LIST, GSW_CUSTOMER_ID, GSW_PHONE};
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;
use ocs_rules::access::Binding;
use ocs_rules::calling_list::CallingList;
use ocs_rules::consent::Scope;
use ocs_rules::do_not_call::{Compared, Keys, Subject};
use ocs_rules::objects::Objects;
use ocs_store::{Page, StoreError, store_refusal};

use crate::core::Core;
use crate::decision::{self, regions};
use crate::{answer, request};

/// Records of a phone or a customer that one answer shows at most.
const SHOWN: u32 = 1_000;

/// Statements of consent that one answer shows at most, the newest.
const STATEMENTS: u32 = 100;

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
            let mut event = answer::group(group, &states, &objects, (core.clock)());
            if let Some(state) = states.get(&group) {
                core.push_dialing(&mut event, group, state);
            }
            answer::push_waits(&mut event, &core.waits(group));
            answer::push_agents(&mut event, &core.agents.counts(group));
            Ok(event)
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
    let found = decision::surroundings(core, handle, now.as_second())
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
        (known.why, known.next_callable) =
            decision::of(core, &found, list, &objects, now.as_second())
                .await
                .map_err(|error| refused(&error))?;
    }
    Ok(answer::record(&known, uri(handle), &objects, now))
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
    let last = reader.said(keys).await.map_err(|error| refused(&error))?;
    let statements = reader.statements_of(keys, STATEMENTS).await;
    let mut said = answer::Said {
        last,
        statements: statements.map_err(|error| refused(&error))?,
    };
    let objects = core.store.objects();
    if let Some(bound) = bound {
        found.retain(|record| bound.has_list(record.list, &objects));
        // What is said over all concerns its calling lists too.
        let shown = |scope: Scope| scope == Scope::All || scope.is_within(bound, &objects);
        said.last.retain(|last| shown(last.scope));
        said.statements
            .retain(|(_, statement)| shown(statement.scope));
    }
    let known = answer::OfContact {
        do_not_call: restricted,
        said,
        records: found,
    };
    Ok(answer::contact(name, named, &known, uri, &objects, now))
}

fn named_list<'a>(event: &UserEvent, objects: &'a Objects) -> Result<&'a CallingList, Refusal> {
    let name = event.text(GSW_CALLING_LIST).unwrap_or_default();
    objects
        .list_named(name)
        .map(AsRef::as_ref)
        .ok_or_else(|| request::no_such_list(name))
}

fn refused(error: &StoreError) -> Refusal {
    tracing::error!(%error, "the store could not be read");
    store_refusal(error)
}
