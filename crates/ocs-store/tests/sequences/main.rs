//! Random sequences of requests through the real store: what must hold after each of
//! them, and that a batch comes to what its requests come to one after another.

mod blocked;
mod capped;
mod consenting;
mod invariants;
mod measured;
mod restricted;
mod steps;
mod world;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use steps::{Adding, Attempt, Batch, On, PLAIN, Pick, Reached, Step, sequence};
use world::World;

/// One after another and all together, closed and opened again in between or not: the
/// answers, the records and the campaign groups are the same.
fn run(batches: &[Batch]) {
    let mut together = World::new();
    let mut one_by_one = World::new();
    for (number, batch) in batches.iter().enumerate() {
        together.pass(batch.seconds);
        one_by_one.pass(batch.seconds);
        if batch.reopens {
            one_by_one.reopen();
        }
        let changes: Vec<_> = batch
            .steps
            .iter()
            .map(|step| steps::change(step, &together))
            .collect();
        let first = together.submit(&changes);
        let second: Vec<_> = changes
            .into_iter()
            .flat_map(|change| one_by_one.submit(&[change]))
            .collect();
        for ((step, first), second) in batch.steps.iter().zip(&first).zip(&second) {
            assert_eq!(
                first, second,
                "batch {number}, {step:?}: in the batch, and alone"
            );
        }
        assert_eq!(
            together.seen, one_by_one.seen,
            "batch {number}: the store after it, and after its requests one by one"
        );
    }
    together.reopen();
}

/// Sequences that are tried where PROPTEST_CASES says nothing else.
const CASES: u32 = 40;

/// PROPTEST_CASES and PROPTEST_RNG_SEED count here too. The seed is said, and shown
/// where the test fails, so that it can be run again.
fn config() -> ProptestConfig {
    let set = ProptestConfig::default();
    let seed = match set.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(0),
    };
    println!("PROPTEST_RNG_SEED={seed}");
    ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").map_or(CASES, |_| set.cases),
        failure_persistence: None,
        max_shrink_iters: 4_096,
        max_shrink_time: 60_000,
        rng_seed: RngSeed::Fixed(seed),
        ..set
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_is_asked_in_whatever_order(batches in sequence()) {
        run(&batches);
    }
}

/// Sequences that were found, and came to something else.
#[test]
fn what_was_found() {
    let add = |adding| Step::Add(adding);
    let preview = |group| Step::Preview {
        group,
        agent: None,
        callback_only: false,
        empty_handed: false,
        guid: 1,
    };
    let phone = Reached::Phone(0, None);
    let put_off = Step::Reschedule {
        on: On {
            pick: Pick::Retrieved(0),
            attempt: Attempt::Current,
            list: None,
        },
        seconds: 0,
        personal: false,
        agent: None,
        again: false,
    };
    for batches in [
        // A record was finished by an entry that was taken off in the same batch.
        vec![
            vec![add(PLAIN), Step::PutDoNotCall(phone, None)],
            vec![Step::RemoveDoNotCall(phone), preview(0)],
        ],
        // So it was by an entry that was put on and taken off again.
        vec![
            vec![add(PLAIN)],
            vec![
                Step::PutDoNotCall(phone, None),
                Step::RemoveDoNotCall(phone),
                preview(0),
            ],
        ],
        // A second AddRecord that changes the campaign only did not change it.
        vec![vec![
            add(Adding { list: 1, ..PLAIN }),
            add(Adding {
                list: 1,
                campaign: true,
                ..PLAIN
            }),
            preview(2),
        ]],
        // Nothing was due where the first of a chain was on the Do Not Call list.
        vec![
            vec![add(PLAIN), Step::PutDoNotCall(phone, None)],
            vec![add(Adding {
                chain: Some(Pick::Any(0)),
                phone: 2,
                ..PLAIN
            })],
            vec![preview(0)],
        ],
        // The attempt that a record was put off in had no end once it went out again.
        vec![
            vec![add(PLAIN), preview(0)],
            vec![put_off],
            vec![Step::Preview {
                group: 0,
                agent: None,
                callback_only: false,
                empty_handed: false,
                guid: 2,
            }],
        ],
    ] {
        let batches: Vec<_> = batches
            .into_iter()
            .map(|steps| Batch {
                seconds: 0,
                reopens: false,
                steps,
            })
            .collect();
        run(&batches);
    }
}
