//! How long hand-outs take behind very many records that may not be called: a measurement,
//! to be run alone and optimized (`cargo test --release -p ocs-store --test sequences --
//! --ignored --nocapture measured`). OCS_MEASURED says how many records.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use ocs_rules::calling_list::DailyWindow;
use ocs_rules::change::{Change, Outcome};
use ocs_rules::consent::{Says, Statement, Stating};
use ocs_rules::do_not_call::Subject;
use ocs_rules::frequency_cap::{FrequencyCap, Per, Scope, Span};
use ocs_store::{Outcomes, Store};

use crate::steps::{self, Adding, PLAIN, Reached, Step};
use crate::world::World;

/// Records that may be called, behind all others.
const CALLABLE: usize = 10;

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

/// The previews' times behind records of one customer, by what blocks them.
fn measure(case: &str, block: impl Fn(&mut World, &Store)) {
    let many = std::env::var("OCS_MEASURED").ok();
    let many: usize = many.and_then(|text| text.parse().ok()).unwrap_or(20_000);
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
    let greatest = |times: &[Duration], share: usize| times[(times.len() - 1) * share / 100];
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
        world.require_consent(0);
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
