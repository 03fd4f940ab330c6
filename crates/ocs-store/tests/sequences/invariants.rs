//! What must hold after every batch, whatever was asked (records.md).

use std::collections::{BTreeMap, BTreeSet};

use ocs_protocol::enumeration::{CallResult, RecordStatus, RecordType};
use ocs_rules::calling_list::ListId;
use ocs_rules::change::{Change, Outcome, Preview, Whom};
use ocs_rules::do_not_call::Compared;
use ocs_rules::objects::Objects;
use ocs_rules::record::{ChainId, Handle, Record};
use ocs_rules::retrieval::why;
use ocs_store::{Counts, GroupStates, Outcomes};

use crate::restricted::Restricted;
use crate::world::REGION;

/// What a store holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) records: BTreeMap<Handle, Record>,
    pub(crate) counts: BTreeMap<ListId, Counts>,
    pub(crate) groups: GroupStates,
    /// The GUIDs of each record's attempts that have no end.
    pub(crate) open_attempts: BTreeMap<Handle, Vec<String>>,
}

/// A batch, and what came of it.
pub(crate) struct Asked<'a> {
    pub(crate) changes: &'a [Change],
    pub(crate) outcomes: &'a Outcomes,
    pub(crate) objects: &'a Objects,
    pub(crate) now: i64,
    pub(crate) consents: bool,
}

pub(crate) fn check(before: &Seen, after: &Seen, asked: &Asked<'_>, restricted: &mut Restricted) {
    none_is_lost(before, after, asked.outcomes);
    final_ones_stay(before, after);
    for record in after.records.values() {
        in_hand_while_retrieved(record);
        let current: Vec<_> = record.attempt_guid.iter().cloned().collect();
        let open = &after.open_attempts[&record.handle];
        assert_eq!(*open, current, "attempts without an end: {record:?}");
    }
    chains_are_dense(after);
    counts_are_right(after);
    step_by_step(before, after, asked, restricted);
    if let ([change], [outcome]) = (asked.changes, asked.outcomes.as_slice()) {
        match outcome {
            Err(refusal) => assert_eq!(before, after, "refused, and yet changed: {refusal:?}"),
            Ok(outcome) => alone(before, after, change, outcome, asked),
        }
    }
}

/// Every acknowledged handle is there, and nothing else.
fn none_is_lost(before: &Seen, after: &Seen, outcomes: &Outcomes) {
    let mut handles: BTreeSet<_> = before.records.keys().copied().collect();
    for outcome in outcomes.iter().flatten() {
        if let Outcome::Added { handle, .. } = outcome {
            handles.insert(*handle);
        }
    }
    let there: BTreeSet<_> = after.records.keys().copied().collect();
    assert_eq!(there, handles, "the acknowledged records are there");
}

fn final_ones_stay(before: &Seen, after: &Seen) {
    for (handle, was) in &before.records {
        let is = &after.records[handle];
        if was.is_final() {
            assert_eq!(was, is, "a final record changed");
        }
        assert!(is.attempts >= was.attempts, "attempts fell: {was:?} {is:?}");
        assert_eq!(
            (is.list, is.chain, is.chain_n),
            (was.list, was.chain, was.chain_n),
            "a record moved"
        );
    }
}

fn in_hand_while_retrieved(record: &Record) {
    let retrieved = record.status == RecordStatus::Retrieved;
    assert_eq!(retrieved, record.in_hand.is_some(), "{record:?}");
    assert!(!retrieved || record.attempt_guid.is_some(), "{record:?}");
    assert!(
        !(record.is_final() && record.attempt_guid.is_some()),
        "a final record is in an attempt: {record:?}"
    );
}

/// `(chain_id, chain_n)` is unique in a calling list, and counts up from 0.
fn chains_are_dense(after: &Seen) {
    let mut chains: BTreeMap<(ListId, ChainId), Vec<u32>> = BTreeMap::new();
    for record in after.records.values() {
        let places = chains.entry((record.list, record.chain)).or_default();
        places.push(record.chain_n);
    }
    for (chain, mut places) in chains {
        places.sort_unstable();
        assert!(
            (0..).zip(&places).all(|(n, place)| n == *place),
            "{chain:?}: {places:?}"
        );
    }
}

fn counts_are_right(after: &Seen) {
    for (list, counts) in &after.counts {
        let mut counted = Counts::new();
        for record in after.records.values().filter(|record| record.list == *list) {
            *counted.entry(record.status).or_default() += 1;
        }
        assert_eq!(*counts, counted, "the calling list {list}");
    }
}

/// What the answers of a batch say, in their order.
fn step_by_step(before: &Seen, after: &Seen, asked: &Asked<'_>, restricted: &mut Restricted) {
    let mut out: BTreeSet<Handle> = before
        .records
        .values()
        .filter(|record| record.status == RecordStatus::Retrieved)
        .map(|record| record.handle)
        .collect();
    let mut finished: BTreeSet<Handle> = BTreeSet::new();
    for (change, outcome) in asked.changes.iter().zip(asked.outcomes) {
        let Ok(outcome) = outcome else { continue };
        let mut deliver = |record: &Record, finished: &BTreeSet<Handle>| {
            assert!(out.insert(record.handle), "handed out twice: {record:?}");
            assert!(
                !restricted.has(record, asked.now),
                "Do Not Call: {record:?}"
            );
            assert!(!finished.contains(&record.handle), "finished: {record:?}");
        };
        match outcome {
            Outcome::Delivered(delivery) => deliver(&delivery.record, &finished),
            Outcome::Chained(chain) => {
                for delivery in chain {
                    deliver(&delivery.record, &finished);
                }
            }
            Outcome::Changed { record, .. } => {
                assert!(
                    !finished.contains(&record.handle),
                    "it was finished: {change:?}"
                );
                if !matches!(change, Change::UpdateCallCompletionStats(_)) {
                    out.remove(&record.handle);
                }
            }
            Outcome::Reached { records, .. } => {
                for named in records {
                    assert!(finished.insert(named.handle), "finished twice: {change:?}");
                    out.remove(&named.handle);
                    reached_as_asked(change, &after.records[&named.handle]);
                }
            }
            Outcome::Tidied(tidied) => {
                for named in &tidied.stale {
                    assert!(out.remove(&named.handle), "stale, and not out: {named:?}");
                }
            }
            _ => {}
        }
        restricted.take_up(change, outcome, after);
    }
}

fn reached_as_asked(change: &Change, record: &Record) {
    let is = (record.status, record.result, record.contact.record_type);
    match change {
        Change::DoNotCall(_) => {
            let no_call = (
                RecordStatus::Updated,
                CallResult::DoNotCall,
                RecordType::NoCall,
            );
            assert_eq!(is, no_call, "{record:?}");
        }
        _ => assert_eq!(
            (is.0, is.1),
            (RecordStatus::Cancelled, CallResult::CancelRecord),
            "{record:?}"
        ),
    }
}

/// What a request that was alone in its batch says of the store.
fn alone(before: &Seen, after: &Seen, change: &Change, outcome: &Outcome, asked: &Asked<'_>) {
    match (change, outcome) {
        (Change::Preview(request), Outcome::Delivered(delivery)) => {
            let handle = delivery.record.handle;
            assert_eq!(delivery.record, after.records[&handle]);
            // Those before it that are on the Do Not Call list were finished on the way.
            let mut found = after.clone();
            found
                .records
                .insert(handle, before.records[&handle].clone());
            let due = is_due(&before.records[&handle], &found, request, asked);
            assert!(due, "it was not due: {:?}", delivery.record);
            assert!(!request.empty_handed || !has_in_hand(before, request));
        }
        (Change::Preview(request), Outcome::HandsFull) => {
            assert!(request.empty_handed && has_in_hand(before, request));
        }
        // What caps hold back is counted elsewhere.
        (Change::Preview(request), Outcome::NothingDue)
            if asked.objects.caps().is_empty() && !asked.consents =>
        {
            let group = asked.objects.group(request.group).expect("it is there");
            let campaign = asked.objects.campaign(group.campaign).expect("it is there");
            for record in after.records.values().filter(|r| campaign.uses(r.list)) {
                let due = is_due(record, after, request, asked);
                assert!(!due, "nothing is due, but {record:?}");
            }
        }
        (Change::DoNotCall(request) | Change::Cancel(request), Outcome::Reached { .. }) => {
            let meant = |record: &&Record| match &request.whom {
                Whom::Record(handle, _) => record.handle == *handle,
                Whom::Phone(phone) => compared(phone).matches(of(record)),
                Whom::CustomerId(id) => record.contact.customer_id.as_ref() == Some(id),
            };
            let listed = |record: &&Record| request.list.is_none_or(|list| list == record.list);
            for record in after.records.values().filter(meant).filter(listed) {
                assert!(record.is_final(), "{change:?} did not reach {record:?}");
            }
        }
        _ => {}
    }
}

/// Whether the agent of a preview has a record in hand already.
fn has_in_hand(seen: &Seen, request: &Preview) -> bool {
    let holders = seen
        .records
        .values()
        .filter_map(|record| record.in_hand.as_ref());
    let mut agents = holders.filter_map(|in_hand| in_hand.agent.as_ref());
    agents.any(|agent| Some(agent) == request.agent.as_ref())
}

/// Whether a preview may give a record out to an agent (records.md, section 4), Do Not
/// Call aside.
fn is_due(record: &Record, seen: &Seen, request: &Preview, asked: &Asked<'_>) -> bool {
    let list = asked.objects.list(record.list).expect("it is there");
    let mut chain: Vec<_> = seen
        .records
        .values()
        .filter(|other| (other.list, other.chain) == (record.list, record.chain))
        .collect();
    chain.sort_unstable_by_key(|other| other.chain_n);
    let contact_out = seen
        .records
        .values()
        .filter(|other| other.status == RecordStatus::Retrieved)
        .any(|other| {
            let customer = other.contact.customer_id.as_ref();
            of(other).matches(of(record))
                || customer.is_some() && customer == record.contact.customer_id.as_ref()
        });
    let personal = record.contact.record_type == RecordType::PersonalCallBack;
    let assigned = asked.objects.assigned_group(record);
    why::is_callable(record, &chain, list, asked.objects, asked.now)
        && assigned.is_none_or(|group| group.dbid == request.group)
        && !contact_out
        && (!personal || request.agent.is_some() && record.contact.agent == request.agent)
        && (personal || !request.callback_only)
}

fn of(record: &Record) -> Compared {
    compared(&record.contact.phone)
}

fn compared(phone: &str) -> Compared {
    Compared::of(phone, Some(REGION))
}
