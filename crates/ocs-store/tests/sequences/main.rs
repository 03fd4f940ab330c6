//! Random sequences of requests through the real store: what must hold after each of
//! them, and that a batch comes to what its requests come to one after another.

mod invariants;
mod restricted;
mod steps;
mod world;

use proptest::prelude::*;
use steps::{Batch, sequence};
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
        let first = together.submit(changes.clone());
        let second: Vec<_> = changes
            .into_iter()
            .flat_map(|change| one_by_one.submit(vec![change]))
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

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        max_shrink_time: 60_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_is_asked_in_whatever_order(batches in sequence()) {
        run(&batches);
    }
}
