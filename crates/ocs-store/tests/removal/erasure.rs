//! A person's data removed from a real store: nothing of it is left in any table or file,
//! whatever was done with it before; others keep theirs; a step that was cut short is done
//! again; and the Do Not Call list keeps an erased person out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ocs_protocol::attribute::{GSW_CUSTOMER_ID, GSW_PHONE, GSW_RECORD_HANDLE};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;
use ocs_rules::change::{ChainChoice, Change, Completion, OnRecord, Outcome};
use ocs_rules::consent::{Says, Scope, Statement, Stating};
use ocs_rules::do_not_call::{Compared, Entry, Keys, Subject};
use ocs_rules::record::{Handle, Record};
use ocs_store::{Keep, Once, OnceKey, Part, Request};
use proptest::prelude::*;
use prost::Message as _;

use crate::world::{
    Adding, LISTS, NOON, PEOPLE, World, add_record, contact, customer, keys, name, other_phone,
    phone,
};

#[derive(Debug, Clone)]
enum Step {
    Add(Adding),
    Preview,
    Processed(usize),
    DoNotCall(usize, bool),
    /// A consent or a revocation.
    State(usize, bool, bool),
    Erase(usize, bool),
    Tidy,
    Pass(i64),
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    let adding = (
        (0..2_usize, 0..PEOPLE, 0..4_usize),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |((list, person, spelled), with_customer, in_chain, imported, once)| {
                Step::Add(Adding {
                    list,
                    person,
                    spelled,
                    with_customer,
                    in_chain,
                    imported,
                    once,
                })
            },
        );
    prop_oneof![
        8 => adding,
        4 => Just(Step::Preview),
        2 => any::<usize>().prop_map(Step::Processed),
        1 => (0..PEOPLE, any::<bool>()).prop_map(|(person, phone)| Step::DoNotCall(person, phone)),
        2 => (0..PEOPLE, any::<bool>(), any::<bool>())
            .prop_map(|(person, phone, revokes)| Step::State(person, phone, revokes)),
        1 => (0..PEOPLE, any::<bool>()).prop_map(|(person, phone)| Step::Erase(person, phone)),
        1 => Just(Step::Tidy),
        1 => (1..4_000_i64).prop_map(Step::Pass),
        1 => Just(Step::Kill),
    ]
}

impl World {
    fn add(&self, adding: Adding, number: usize) -> Result<Outcome, Refusal> {
        let contact = contact(adding);
        let last = self.records().into_iter().rev().find(|record| {
            record.list == LISTS[adding.list] && of(record, adding.person).is_some()
        });
        let label = format!("{} of {}", name(adding.person), contact.phone);
        let chain = match last {
            Some(last) if adding.in_chain => ChainChoice::Existing(last.chain.into()),
            _ if adding.imported => ChainChoice::Labelled(label.clone()),
            _ => ChainChoice::New,
        };
        let key = adding.imported.then(|| format!("{number} {label}"));
        let mut request = Request::from(add_record(adding, chain, key));
        if adding.once {
            let key = OnceKey::new("the test".to_owned(), format!("key {number}"), vec![1]);
            let event = move |outcome: &Result<Outcome, Refusal>| {
                let mut event = UserEvent::event("AddRecordAcknowledge");
                event.push(GSW_PHONE, contact.phone.as_str().into());
                if let Some(customer) = &contact.customer_id {
                    event.push(GSW_CUSTOMER_ID, customer.as_str().into());
                }
                event.push("first-name", name(adding.person).into());
                if let Ok(Outcome::Added { handle, .. }) = outcome {
                    event.push(GSW_RECORD_HANDLE, (*handle).into());
                }
                event.encode_to_vec()
            };
            request.once = Some(Once {
                key: Arc::new(key),
                part: match number % 2 {
                    0 => Part::Whole(Box::new(event)),
                    _ => Part::Item {
                        place: 0,
                        fingerprint: vec![1],
                        encode: Box::new(event),
                    },
                },
            });
        }
        let begun = self.wait(self.store.begin_bulk(vec![request], Keep::Each, None));
        let answer = self.wait(begun.expect("it is open"));
        let mut outcomes = answer.expect("it is answered").expect("it is written");
        outcomes.remove(0)
    }
}

/// Whose record it is, as far as it names one.
fn of(record: &Record, person: usize) -> Option<()> {
    let phone_of = Compared::of(&record.contact.phone, Some("US"));
    let phones = [phone(person, 0), other_phone(person)];
    let has_phone = phones
        .iter()
        .any(|phone| Compared::of(phone, Some("US")).matches(phone_of));
    let has_customer = record.contact.customer_id == Some(customer(person));
    (has_phone || has_customer).then_some(())
}

fn subject(person: usize, by_phone: bool) -> Subject {
    match by_phone {
        true => Subject::Phone(phone(person, 0)),
        false => Subject::CustomerId(customer(person)),
    }
}

/// The records that an erasure takes: the whole chains of those that name its subject.
fn taken(records: &[Record], subject: &Subject) -> BTreeSet<Handle> {
    let names = |record: &&Record| match subject {
        Subject::Phone(phone) => {
            Compared::of(phone, Some("US")).matches(Compared::of(&record.contact.phone, Some("US")))
        }
        Subject::CustomerId(id) => record.contact.customer_id.as_ref() == Some(id),
    };
    let chains: BTreeSet<_> = records
        .iter()
        .filter(names)
        .map(|record| (record.list, record.chain))
        .collect();
    records
        .iter()
        .filter(|record| chains.contains(&(record.list, record.chain)))
        .map(|record| record.handle)
        .collect()
}

fn check_erasure(world: &World, person: usize, by_phone: bool) {
    let subject = subject(person, by_phone);
    // What the time has made due is none of the erasure's doing.
    world.tidy_all();
    let before = world.records();
    let gone = taken(&before, &subject);
    let erased = world.erase(subject.clone());
    assert!(
        !erased
            .taken
            .iter()
            .any(|(_, handle)| !gone.contains(handle))
    );
    world.tidy_all();
    let receipt = world.wait(world.store.reader().erasure(erased.erasure));
    let receipt = receipt.expect("it is read").expect("it is there");
    assert!(receipt.complete);
    assert_eq!(receipt.records as usize, gone.len());
    let left: Vec<_> = before
        .iter()
        .filter(|record| !gone.contains(&record.handle))
        .collect();
    let after = world.records();
    assert_eq!(after.iter().collect::<Vec<_>>(), left, "others stay");
    world.check_counts();
    world.check_index();
    world.check_audit();
    // Where nothing else of the person is left to be called, nothing is left at all, but for
    // the entry of the Do Not Call list.
    let texts: Vec<String> = match &subject {
        Subject::Phone(_) => (0..3).map(|spelled| phone(person, spelled)).collect(),
        Subject::CustomerId(id) => vec![id.clone()],
    };
    let of_list =
        |row: &String| row.starts_with("do_not_call.") || row.starts_with("do_not_call_removed.");
    let mut rows = world.rows_with(&texts, &keys(&subject));
    rows.retain(|row| !of_list(row));
    assert_eq!(rows, [""; 0], "{subject:?}");
    if !after.iter().any(|record| of(record, person).is_some()) {
        let mut rows = world.rows_with(&[name(person).to_owned()], &[]);
        // What the person's other contact said, which no record ties to this one, stays.
        rows.retain(|row| !of_list(row) && !row.starts_with("consent_statement."));
        assert_eq!(rows, [""; 0]);
    }
    let said = Keys::of(&subject, Some("US"));
    let said = world.wait(world.store.reader().statements_of(said, 10));
    assert_eq!(said.expect("they are read"), [], "{subject:?}");
    for entry in world.entries_of(&subject) {
        assert_eq!(entry.message, None, "{subject:?}");
    }
    // Nobody of theirs whom the Do Not Call list has is added again.
    let again = Adding {
        list: 0,
        person,
        spelled: 1,
        with_customer: !by_phone,
        in_chain: false,
        imported: false,
        once: false,
    };
    let was_restricted = world.is_restricted(&subject);
    let added = world.one(add_record(again, ChainChoice::New, None));
    match added {
        Err(refusal) => assert_eq!(refusal.number, ErrorNumber::ContactErased),
        Ok(Outcome::Added { handle, .. }) => {
            assert!(!was_restricted, "{subject:?} is kept out");
            assert!(before.iter().all(|known| known.handle < handle));
        }
        other => panic!("{other:?}"),
    }
}

fn run(steps: Vec<Step>) {
    let mut world = World::new();
    for (number, step) in steps.into_iter().enumerate() {
        let records = world.records();
        match step {
            Step::Add(adding) => drop(world.add(adding, number)),
            Step::Preview => drop(world.preview()),
            Step::Processed(at) => {
                let Some(record) = at.checked_rem(records.len()).map(|at| &records[at]) else {
                    continue;
                };
                let _ = world.one(Change::RecordProcessed(Box::new(Completion {
                    on: OnRecord {
                        handle: record.handle,
                        ..OnRecord::default()
                    },
                    ..Completion::default()
                })));
            }
            Step::DoNotCall(person, by_phone) => {
                let entry = Entry {
                    subject: subject(person, by_phone),
                    message: Some(format!("{} asked for it", name(person))),
                    campaign: None,
                    list: None,
                    internal: true,
                    time_stamp: NOON,
                    expires: None,
                    source: Some("the test".to_owned()),
                };
                world
                    .one(Change::PutDoNotCall(Box::new(entry)))
                    .expect("it is put");
            }
            Step::State(person, by_phone, revokes) => {
                let statement = Statement {
                    subject: subject(person, by_phone),
                    says: match revokes {
                        true => Says::Revocation,
                        false => Says::Consent,
                    },
                    scope: Scope::All,
                    at: 0,
                    expires: None,
                    source: Some(format!("a call with {}", name(person))),
                    proof: Some(format!("a letter of {}", name(person))),
                    by: "the test".to_owned(),
                };
                let told = None;
                let stating = Stating { statement, told };
                world
                    .one(Change::State(Box::new(stating)))
                    .expect("it is kept");
            }
            Step::Erase(person, by_phone) => check_erasure(&world, person, by_phone),
            Step::Tidy => drop(world.tidy()),
            Step::Pass(seconds) => {
                world.clock.fetch_add(seconds, Ordering::Relaxed);
            }
            Step::Kill => world = world.after_a_kill(),
        }
    }
    check_erasure(&world, 0, true);
    check_erasure(&world, 1, false);
    world.store.close();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_the_person_and_all_of_others(steps in prop::collection::vec(step(), 1..40)) {
        run(steps);
    }
}

/// Very many records go in steps, each of which may be the last before a kill; and no step
/// takes long.
#[test]
fn a_kill_between_any_two_steps() {
    let mut world = World::new();
    let adding = |person| Adding {
        list: 0,
        person,
        spelled: 0,
        with_customer: true,
        in_chain: false,
        imported: false,
        once: false,
    };
    let people = (0..600).map(|at| add_record(adding(at % 3), ChainChoice::New, None));
    world.all(people.collect());
    let last = world.records().last().expect("a record").handle;
    let erased = world.erase(subject(1, false));
    assert!(!erased.receipt.complete);
    // Of the rows, ten steps; the others are those of the bytes.
    for _ in 0..15 {
        world = world.after_a_kill();
        world.tidy();
    }
    world.tidy_all();
    let left = world.records();
    assert_eq!(left.len(), 400);
    assert!(left.iter().all(|record| of(record, 1).is_none()));
    let receipt = world.wait(world.store.reader().erasure(erased.erasure));
    assert_eq!(
        receipt.expect("read").map(|receipt| receipt.records),
        Some(200)
    );
    let texts = [phone(1, 0), customer(1)];
    assert_eq!(world.rows_with(&texts, &keys(&subject(1, true))), [""; 0]);
    world.check_index();
    world.check_counts();
    world.check_audit();
    let Ok(Outcome::Added { handle, .. }) =
        world.one(add_record(adding(1), ChainChoice::New, None))
    else {
        panic!("it is added");
    };
    assert!(handle > last, "{handle} after {last}");
    world.store.close();
}

/// The bytes go too, where SQLite did not move them about: docs/erasure.md has what is promised.
#[test]
fn no_bytes_of_one_among_few() {
    let mut world = World::new();
    let adding = |person, number| Adding {
        list: 0,
        person,
        spelled: number,
        with_customer: true,
        in_chain: false,
        imported: true,
        once: true,
    };
    for number in 0..3 {
        for person in 0..3 {
            world
                .add(adding(person, number), number * 3 + person)
                .expect("it is added");
        }
    }
    let texts: Vec<String> = (0..3)
        .map(|spelled| phone(1, spelled))
        .chain([customer(1), name(1).to_owned()])
        .collect();
    assert!(!world.files_with(&texts).is_empty());
    // In the log, and in the database.
    for kill in [false, true] {
        world.erase(subject(1, false));
        if kill {
            world = world.after_a_kill();
        }
        world.tidy_all();
        assert_eq!(world.files_with(&texts), [""; 0]);
        assert!(!world.files_with(&[customer(2)]).is_empty(), "others stay");
        world
            .add(adding(1, 0), 20 + usize::from(kill))
            .expect("it is added");
    }
    world.store.close();
}
