//! How long hand-outs take behind very many records that may not be called: a measurement,
//! to be run alone and optimized (`cargo test --release -p ocs-store --test sequences --
//! --ignored --nocapture measured`). OCS_MEASURED says how many records.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use ocs_protocol::enumeration::RecordType;
use ocs_rules::calling_list::DailyWindow;
use ocs_rules::change::{AddRecord, ChainChoice, Change, Outcome};
use ocs_rules::consent::{Says, Statement, Stating};
use ocs_rules::do_not_call::Subject;
use ocs_rules::frequency_cap::{FrequencyCap, Per, Scope, Span};
use ocs_store::{Outcomes, Store};

use crate::steps::{self, Adding, PLAIN, Reached, Step};
use crate::world::World;

/// Records that may be called, behind all others.
const CALLABLE: usize = 10;

/// Of sorted times, the one that so many in a hundred are not above.
fn greatest(times: &[Duration], share: usize) -> Duration {
    times[(times.len() - 1) * share / 100]
}

fn submit(store: &Store, changes: Vec<Change>) -> (Outcomes, Duration) {
    let (outcomes, received) = channel();
    let reply = Box::new(move |came| outcomes.send(came).expect("it is heard"));
    let requests = changes.into_iter().map(Into::into).collect();
    let begun = Instant::now();
    assert!(
        store.submit(requests, Vec::new(), reply).is_ok(),
        "the queue has room"
    );
    let outcomes = received.recv().expect("they are answered");
    (outcomes, begun.elapsed())
}

fn many() -> usize {
    let many = std::env::var("OCS_MEASURED").ok();
    many.and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

/// The previews' times behind records of one customer, by what blocks them.
fn measure(case: &str, block: impl Fn(&mut World, &Store)) {
    let many = many();
    let mut world = World::new();
    let store = world.store();
    let adding = |phone, customer| Adding {
        phone,
        customer: Some(customer),
        window: DailyWindow { from: 0, till: 0 },
        ..PLAIN
    };
    let blocked = steps::change(&Step::Add(adding(0, 0)), &world);
    for _ in 0..many / 1_000 {
        submit(&store, vec![blocked.clone(); 1_000]);
    }
    block(&mut world, &store);
    for number in 1..=CALLABLE {
        let phone = u8::try_from(number * 2).expect("few");
        let other = steps::change(&Step::Add(adding(phone, 1)), &world);
        let Change::AddRecord(mut other) = other else {
            continue;
        };
        other.contact.customer_id = None;
        submit(&store, vec![Change::AddRecord(other)]);
    }
    let preview = |guid| Step::Preview {
        group: 0,
        agent: None,
        callback_only: false,
        empty_handed: false,
        guid,
    };
    // While they are taken out of the way, other requests wait for one step at most.
    let begun = Instant::now();
    let mut steps_taken = Vec::new();
    let mut found = 0;
    let mut previews = Vec::new();
    for guid in 100.. {
        let (outcomes, took) = submit(&store, vec![steps::change(&preview(guid), &world)]);
        previews.push(took);
        match outcomes.first() {
            Some(Ok(Outcome::Delivered(_))) => found += 1,
            Some(Ok(Outcome::StillLooking)) => {}
            other => {
                println!("{case}: {other:?}");
                break;
            }
        }
        if found == CALLABLE {
            break;
        }
        for _ in 0..50 {
            let (outcomes, took) = submit(&store, vec![Change::Tidy]);
            steps_taken.push(took);
            let more = matches!(outcomes.first(), Some(Ok(Outcome::Tidied(tidied))) if tidied.more);
            if !more {
                break;
            }
        }
    }
    let took = begun.elapsed();
    steps_taken.sort_unstable();
    previews.sort_unstable();
    println!(
        "{case}: {many} records out of the way in {took:?}; a step: p50 {:?}, p99 {:?}, most {:?}; \
         a preview: p50 {:?}, most {:?}",
        greatest(&steps_taken, 50),
        greatest(&steps_taken, 99),
        greatest(&steps_taken, 100),
        greatest(&previews, 50),
        greatest(&previews, 100),
    );
    assert_eq!(found, CALLABLE, "{case}");
}

#[test]
#[ignore = "a measurement"]
fn behind_very_many() {
    measure("Do Not Call", |world, store| {
        let entry = Step::PutDoNotCall(Reached::Customer(0, None), None);
        submit(store, vec![steps::change(&entry, world)]);
    });
    measure("without consent", |world, store| {
        world.consents = true;
        world.require_consent(0, true);
        for number in 1..=CALLABLE {
            let phone = u8::try_from(number * 2).expect("few");
            let consent = Stating {
                statement: Statement {
                    subject: Subject::Phone(steps::phone_text(phone)),
                    says: Says::Consent,
                    scope: ocs_rules::consent::Scope::All,
                    at: 0,
                    expires: None,
                    source: None,
                    proof: None,
                    by: "the test".to_owned(),
                },
                told: None,
            };
            submit(store, vec![Change::State(Box::new(consent))]);
        }
    });
    measure("capped", |world, store| {
        world.put_caps(vec![FrequencyCap {
            name: "day".to_owned(),
            attempts: 1,
            span: Span::Days(1),
            per: Per::Customer,
            scope: Scope::All,
            lists: Vec::new(),
        }]);
        let preview = Step::Preview {
            group: 0,
            agent: None,
            callback_only: false,
            empty_handed: false,
            guid: 1,
        };
        let (outcomes, _) = submit(store, vec![steps::change(&preview, world)]);
        let Some(Ok(Outcome::Delivered(delivery))) = outcomes.first() else {
            panic!("{outcomes:?}");
        };
        let processed = ocs_rules::change::Completion {
            on: ocs_rules::change::OnRecord {
                handle: delivery.record.handle,
                ..Default::default()
            },
            ..Default::default()
        };
        submit(store, vec![Change::RecordProcessed(Box::new(processed))]);
    });
}

/// The times of steps of housekeeping until nothing is left to do.
fn tidied(case: &str, store: &Store) {
    let mut times = Vec::new();
    loop {
        let (outcomes, took) = submit(store, vec![Change::Tidy]);
        times.push(took);
        let more = matches!(outcomes.first(), Some(Ok(Outcome::Tidied(tidied))) if tidied.more);
        if !more {
            break;
        }
    }
    times.sort_unstable();
    println!(
        "figure {case}-ms {:.3}",
        greatest(&times, 100).as_secs_f64() * 1e3
    );
    println!(
        "{} steps; p50 {:?}, p99 {:?}",
        times.len(),
        greatest(&times, 50),
        greatest(&times, 99)
    );
}

/// Many records that all wait for the same moment, and the steps in which housekeeping takes
/// them up.
#[test]
#[ignore = "a measurement"]
fn steps_of_housekeeping() {
    let many = many();
    let adding = Adding {
        window: DailyWindow { from: 0, till: 0 },
        ..PLAIN
    };
    let add = |world: &World, change: &dyn Fn(usize, &mut AddRecord)| {
        let Change::AddRecord(plain) = steps::change(&Step::Add(adding), world) else {
            panic!("it adds a record");
        };
        let all = (0..many).map(|number| {
            let mut one = plain.clone();
            one.contact.phone = format!("+1650{number:07}");
            one.contact.customer_id = None;
            change(number, &mut one);
            Change::AddRecord(one)
        });
        let all: Vec<_> = all.collect();
        for some in all.chunks(1_000) {
            submit(&world.store(), some.to_vec());
        }
    };
    let preview = |guid| Step::Preview {
        group: 0,
        agent: None,
        callback_only: false,
        empty_handed: false,
        guid,
    };

    let world = World::new();
    add(&world, &|_, _| {});
    for guid in 0..many {
        submit(
            &world.store(),
            vec![steps::change(&preview(guid as u128 + 1), &world)],
        );
    }
    world.pass(-3_600);
    tidied("put-back", &world.store());
    world.pass(7_200);
    tidied("stale", &world.store());

    let world = World::new();
    let now = world.now();
    add(&world, &|_, one| {
        one.contact.record_type = RecordType::CampaignCallBack;
        one.contact.scheduled = Some(now + 60);
    });
    world.pass(7_200);
    tidied("missed", &world.store());

    let world = World::new();
    add(&world, &|number, one| {
        one.contact.scheduled = Some(now + 60);
        if !number.is_multiple_of(2) {
            let chain = u32::try_from(number).expect("few");
            one.chain = ChainChoice::Existing(chain.into());
        }
    });
    world.pass(61);
    tidied("woken", &world.store());

    world.require_consent(0, true);
    for _ in 0..many {
        submit(&world.store(), vec![steps::change(&preview(1), &world)]);
        let (outcomes, _) = submit(&world.store(), vec![Change::Tidy]);
        if !matches!(outcomes.first(), Some(Ok(Outcome::Tidied(tidied))) if tidied.more) {
            break;
        }
    }
    world.require_consent(0, false);
    tidied("released", &world.store());
}
