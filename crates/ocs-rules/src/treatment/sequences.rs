//! Whatever treatments there are and whatever results come, in whatever order.

use ocs_protocol::enumeration::{CallResult, RecordStatus, RecordType};
use proptest::prelude::*;

use super::forecast::{Supposed, forecast};
use super::table::{AGENTS, LIST, MOST, NOW, objects, record};
use super::{Action, Interval, Treatment};
use crate::objects::Objects;
use crate::record::{Handle, Record};
use crate::retrieval::why::{Facts, next_callable};

const RESULTS: [CallResult; 6] = [
    CallResult::NoAnswer,
    CallResult::Busy,
    CallResult::Answer,
    CallResult::Stale,
    CallResult::AgentCallBackError,
    CallResult::GroupCallBackError,
];

/// Records of a chain.
const CHAIN: u32 = 3;

fn any_treatment() -> impl Strategy<Value = Treatment> {
    let interval =
        || (1..300_u32, 0..60_u32).prop_map(|(minutes, increment)| Interval { minutes, increment });
    let moment = || {
        prop::sample::select(vec![
            "11/20/2026 12:00".to_owned(),
            "11/23/2026 12:00".to_owned(),
            "2026-11-22T10:05:00Z".to_owned(),
        ])
    };
    let group = prop::sample::select(vec![
        "C@agents".to_owned(),
        "C@specialists".to_owned(),
        "D@agents".to_owned(),
        "D@nobody".to_owned(),
    ]);
    let action = prop_oneof![
        interval().prop_map(Action::Cycle),
        interval().prop_map(Action::RetryIn),
        moment().prop_map(Action::RetryAtDate),
        Just(Action::NextInChain),
        interval().prop_map(Action::NextInChainAfter),
        moment().prop_map(Action::NextInChainAtDate),
        Just(Action::MarkAllChain),
        Just(Action::MarkDb),
        group.prop_map(Action::AssignToGroup),
    ];
    (
        prop::sample::select(RESULTS.to_vec()),
        action,
        prop::option::of(1..=MOST + 1),
        prop::option::of(1..=MOST + 1),
    )
        .prop_map(|(result, action, attempt, cycles)| Treatment {
            result,
            action,
            attempt,
            cycles,
        })
}

fn with(of_list: Vec<Treatment>, of_campaign: Vec<Treatment>) -> Objects {
    let mut objects = objects(&[], &[]);
    let mut list = (**objects.list(LIST).expect("it is there")).clone();
    list.treatments = of_list;
    objects.put_list(list);
    let mut campaign = (**objects.campaign(201).expect("it is there")).clone();
    campaign.treatments = of_campaign;
    objects.put_campaign(campaign);
    objects
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_sequence_of_results_ends(
        of_list in prop::collection::vec(any_treatment(), 0..8),
        of_campaign in prop::collection::vec(any_treatment(), 0..8),
        types in prop::collection::vec(prop::sample::select(vec![
            RecordType::General, RecordType::PersonalCallBack, RecordType::CampaignCallBack,
        ]), CHAIN as usize),
        results in prop::collection::vec(prop::sample::select(RESULTS.to_vec()), 64),
    ) {
        let objects = with(of_list, of_campaign);
        let list = objects.list(LIST).expect("it is there");
        let chain: Vec<Record> = (0..).zip(&types).map(|(n, record_type)| {
            let mut record = record(n + 1, n);
            record.contact.record_type = *record_type;
            record.contact.agent = Some("ann".to_owned());
            record.contact.scheduled = Some(NOW);
            record
        }).collect();
        let supposed = Supposed { objects: &objects, group: AGENTS, stale_after: 1_800, missed_after: 1_800 };
        let callable = |record: &Record, chain: &[&Record], at, _: &[(Handle, i64)]| {
            next_callable(record, chain, list, &objects, at, Facts::default())
        };
        let steps = forecast(chain.clone(), 1, &results, supposed, NOW, callable).expect("results are taken");
        let mut known = chain;
        let mut now = NOW;
        for step in &steps {
            let (is, at) = (&step.record, step.record.chain_n as usize);
            let was = &known[at];
            // Time goes on; a record is called when it may be, and its place stays.
            prop_assert!(step.at >= now);
            now = step.at;
            prop_assert!(!was.is_final(), "a final record was called: {was:?}");
            prop_assert_eq!((is.handle, is.list, is.chain, is.chain_n), (was.handle, was.list, was.chain, was.chain_n));
            prop_assert!(was.attempts < MOST && is.attempts <= MOST, "beyond the maximum: {is:?}");
            let again = is.status == RecordStatus::Ready;
            prop_assert!(!again || is.attempts < MOST, "called again at the maximum: {is:?}");
            // Whoever is called again at once was assigned to another campaign group.
            let waits = is.contact.scheduled.is_some_and(|at| at > step.at);
            let stale = step.result == CallResult::Stale && step.treatment.is_none();
            prop_assert!(!again || waits || stale || is.assigned != was.assigned, "{is:?}");
            // What stays final stays so.
            known[at] = is.clone();
            for (handle, status) in &step.reached {
                let other = known.iter_mut().find(|other| other.handle == *handle).expect("of the chain");
                prop_assert!(!other.is_final(), "a final record was revived");
                other.status = *status;
            }
            if let Some((next, at)) = step.next {
                let next: Handle = next;
                prop_assert!(at >= step.at);
                prop_assert!(!known[next as usize - 1].is_final());
            }
        }
        // Each record has its attempts, and each callback is missed once at most.
        let most = CHAIN * (MOST + 1);
        prop_assert!(steps.len() <= most as usize, "{} steps", steps.len());
        let ended = steps.last().is_some_and(|last| last.next.is_none());
        prop_assert!(ended, "it goes on after {} steps", steps.len());
    }
}
