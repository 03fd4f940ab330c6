//! What would become of a record, call result after call result: the same functions that
//! serve requests, on a copy.

use ocs_protocol::enumeration::{CallResult, RecordStatus, RecordType};
use ocs_protocol::refusal::Refusal;

use super::{Level, Rest, Treatment, chosen};
use crate::campaign::CampaignGroupId;
use crate::change::{Completion, OnRecord};
use crate::life_cycle;
use crate::objects::Objects;
use crate::record::{Handle, InHand, Record};

/// What is supposed. Times are in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Supposed<'a> {
    /// The campaign objects.
    pub objects: &'a Objects,
    /// The campaign group that calls, where nobody has the record yet.
    pub group: CampaignGroupId,
    /// After how long nobody's record is stale.
    pub stale_after: i64,
    /// After how long a callback is missed.
    pub missed_after: i64,
}

/// One call result, and what came of it. Moments are in UTC seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The record as the result left it.
    pub record: Record,
    /// The call result.
    pub result: CallResult,
    /// When it came.
    pub at: i64,
    /// The treatment that was carried out.
    pub treatment: Option<(Level, Treatment)>,
    /// Other records of the chain that it changed.
    pub reached: Vec<(Handle, RecordStatus)>,
    /// Which record of the chain is called next, and when.
    pub next: Option<(Handle, i64)>,
}

/// Follows a record of a chain, which is sorted by `chain_n`, and those of the chain that
/// are called after it, through call results. It ends before them where no record is called
/// any more. `callable` says when a record can be called, from a moment on, after calls of these
/// records at these moments.
///
/// # Errors
/// A result cannot be reported of a record that was called: a fault of the rules.
pub fn forecast(
    mut chain: Vec<Record>,
    first: Handle,
    results: &[CallResult],
    supposed: Supposed<'_>,
    now: i64,
    callable: impl Fn(&Record, &[&Record], i64, &[(Handle, i64)]) -> Option<i64>,
) -> Result<Vec<Step>, Refusal> {
    let (mut steps, mut calls) = (Vec::new(), Vec::new());
    let mut next = chain
        .iter()
        .find(|record| record.handle == first)
        .and_then(|record| {
            let is_out = record.status == RecordStatus::Retrieved;
            let others: Vec<_> = chain.iter().collect();
            let at = is_out.then_some(now);
            Some((first, at.or_else(|| callable(record, &others, now, &[]))?))
        });
    for result in results {
        let Some((handle, called)) = next else { break };
        let Some(at) = chain.iter().position(|record| record.handle == handle) else {
            break;
        };
        let mut record = chain[at].clone();
        // What is out was called already; a callback that is missed is not.
        let is_out = record.status == RecordStatus::Retrieved;
        let step = end(&mut record, *result, called, supposed)?;
        if step.called && !is_out {
            calls.push((handle, called));
        }
        let mut reached = Vec::new();
        let mut rest = step.rest;
        for other in chain.iter_mut().filter(|other| other.handle != handle) {
            if rest.reaches(other) {
                reached.push((other.handle, other.status));
            }
        }
        chain[at] = record.clone();
        let others: Vec<_> = chain.iter().collect();
        next = chain
            .iter()
            .filter_map(|record| {
                let at = callable(record, &others, step.at, &calls)?;
                Some((at, record.chain_n, record.handle))
            })
            .min()
            .map(|(at, _, handle)| (handle, at));
        steps.push(Step {
            record,
            result: *result,
            at: step.at,
            treatment: step.treatment,
            reached,
            next,
        });
    }
    Ok(steps)
}

/// How an attempt ended.
struct Ended {
    at: i64,
    /// Whether the record was called.
    called: bool,
    treatment: Option<(Level, Treatment)>,
    rest: Rest,
}

/// A record is called at a moment, and a result comes of it.
fn end(
    record: &mut Record,
    result: CallResult,
    called: i64,
    supposed: Supposed<'_>,
) -> Result<Ended, Refusal> {
    let Supposed {
        objects,
        group,
        stale_after,
        missed_after,
    } = supposed;
    let missed = matches!(
        (result, record.contact.record_type),
        (CallResult::AgentCallBackError, RecordType::PersonalCallBack)
            | (CallResult::GroupCallBackError, RecordType::CampaignCallBack)
    );
    if missed && record.status == RecordStatus::Ready {
        let due = record.contact.scheduled.unwrap_or(called);
        let at = due.saturating_add(missed_after).max(called);
        let treatment = known(&counted(record, result, 0), None, objects, at);
        let rest = life_cycle::missed(record, objects, at);
        return Ok(Ended {
            at,
            called: false,
            treatment,
            rest,
        });
    }
    if record.status != RecordStatus::Retrieved {
        let in_hand = InHand {
            // Nobody else hands out what is assigned.
            group: record.assigned.unwrap_or(group),
            agent: record.contact.agent.clone(),
            touched: called,
        };
        life_cycle::hand_out(record, in_hand, String::new());
    }
    let had = record.in_hand.clone();
    let after = counted(record, result, 1);
    if result == CallResult::Stale {
        let at = called.saturating_add(stale_after);
        let treatment = known(&after, had.as_ref(), objects, at);
        let rest = life_cycle::stale(record, objects, at);
        return Ok(Ended {
            at,
            called: true,
            treatment,
            rest,
        });
    }
    let treatment = known(&after, had.as_ref(), objects, called);
    let completion = Completion {
        on: OnRecord {
            handle: record.handle,
            ..OnRecord::default()
        },
        result: Some(result),
        ..Completion::default()
    };
    let (_, rest) = life_cycle::processed(record, &completion, objects, called)?;
    Ok(Ended {
        at: called,
        called: true,
        treatment,
        rest,
    })
}

/// The record as its treatment finds it.
fn counted(record: &Record, result: CallResult, attempts: u32) -> Record {
    Record {
        result,
        attempts: record.attempts.saturating_add(attempts),
        ..record.clone()
    }
}

fn known(
    record: &Record,
    had: Option<&InHand>,
    objects: &Objects,
    at: i64,
) -> Option<(Level, Treatment)> {
    let (level, treatment, _) = chosen(record, had, objects, at)?;
    Some((level, treatment.clone()))
}
