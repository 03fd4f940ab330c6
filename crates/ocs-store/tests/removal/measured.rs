//! How long the steps of erasure and of retention take: a measurement, to be run alone and
//! optimized (`cargo test --release -p ocs-store --test removal -- --ignored --nocapture
//! measured`). OCS_MEASURED says how many records the store has.

use std::time::{Duration, Instant};

use ocs_rules::change::{ChainChoice, Change, Outcome};
use ocs_rules::do_not_call::Subject;

use crate::world::{Adding, World, add_record, customer};

/// Says the greatest of times, and what people read beside it.
fn say(case: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let share = |share: usize| times[(times.len() - 1) * share / 100];
    println!("figure {case}-ms {:.3}", share(100).as_secs_f64() * 1e3);
    println!(
        "{} steps; p50 {:?}, p99 {:?}",
        times.len(),
        share(50),
        share(99)
    );
}

/// A store with many records, 300 of them of the fourth person.
fn filled() -> World {
    let many = std::env::var("OCS_MEASURED").ok();
    let many: usize = many.and_then(|text| text.parse().ok()).unwrap_or(200_000);
    let world = World::new();
    let adds = |number: usize, person| {
        let adding = Adding {
            list: 0,
            person,
            spelled: number % 3,
            with_customer: true,
            in_chain: false,
            imported: true,
            once: false,
        };
        let key = Some(format!("key {number} of {person}"));
        add_record(adding, ChainChoice::New, key)
    };
    for thousand in 0..many / 1_000 {
        let numbers = thousand * 1_000..(thousand + 1) * 1_000;
        world.all(numbers.map(|number| adds(number, number % 3)).collect());
    }
    world.all((0..300).map(|number| adds(number, 3)).collect());
    world
}

#[test]
#[ignore = "a measurement"]
fn steps_of_an_erasure() {
    let world = filled();
    let subject = Subject::CustomerId(customer(3));
    let begun = Instant::now();
    world.erase(subject);
    let mut times = vec![begun.elapsed()];
    let mut rest = Vec::new();
    loop {
        let begun = Instant::now();
        match world.one(Change::Tidy) {
            Ok(Outcome::Tidied(tidied)) if !tidied.erased.is_empty() => {
                times.push(begun.elapsed());
            }
            Ok(Outcome::Tidied(tidied)) => {
                rest.push(begun.elapsed());
                if !tidied.more && !world.wait(world.store.reader().scrubbing()).expect("read") {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    say("erasure", times);
    say("bytes-of-the-erased", rest);
    world.store.close();
}

#[test]
#[ignore = "a measurement"]
fn steps_of_retention() {
    let world = filled();
    for handle in 1..=5_000 {
        world.finish(handle);
    }
    world.pass_days(40);
    let mut times = Vec::new();
    let mut after = 0;
    loop {
        let look = world.look(after);
        let begun = Instant::now();
        world.remove(&look);
        times.push(begun.elapsed());
        match look.next {
            Some(next) => after = next,
            None => break,
        }
    }
    say("retention", times);
    world.store.close();
}
