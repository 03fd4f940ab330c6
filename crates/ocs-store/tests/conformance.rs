//! What every store must do, whichever engine is behind it.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ocs_protocol::enumeration::{CallResult, ContactType, RecordStatus, RecordType};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;
use ocs_rules::calling_list::{CallingList, DailyWindow, Field, FieldKind};
use ocs_rules::change::{AddRecord, ChainChoice, Change, Completion, Given, OnRecord, Outcome};
use ocs_rules::counters::take;
use ocs_rules::fields::{FieldValue, Fields};
use ocs_rules::objects::ObjectChange;
use ocs_rules::options::Options;
use ocs_rules::policy::Policy;
use ocs_rules::record::{Contact, Handle};
use ocs_rules::zone::UTC;
use ocs_store::{Clock, Open, Outcomes, Store, StoreError};

const NOW: &str = "2026-11-22T10:00:00Z";

fn open(folder: &Path) -> Result<Store, StoreError> {
    let clock: Clock = Arc::new(|| NOW.parse::<Timestamp>().expect("a moment"));
    let open = Open {
        path: folder.join("data/ocs.db"),
        holder: "the test".to_owned(),
        clock,
        policy: Policy::default(),
    };
    Store::open(open).map(|(store, _)| store)
}

/// A store with one calling list, and the list's DBID.
async fn with_list(folder: &Path) -> (Store, u32) {
    let store = open(folder).expect("it opens");
    if let Some(list) = store.objects().list_named("Spring") {
        return (store.clone(), list.dbid);
    }
    let plan = |view: &ocs_store::ObjectsView<'_>| {
        let mut counters = view.counters;
        let list = CallingList {
            dbid: take(&mut counters.list),
            name: "Spring".to_owned(),
            window: DailyWindow::default(),
            zone: UTC,
            max_attempts: 10,
            region: Some("US".to_owned()),
            fields: vec![Field {
                name: "balance".to_owned(),
                kind: FieldKind::Float,
                send_attribute: Some("Balance".to_owned()),
            }],
            treatments: Vec::new(),
            options: Options::default(),
        };
        Ok((vec![ObjectChange::PutList(list)], counters))
    };
    store
        .change_objects(Box::new(plan))
        .await
        .expect("it is written")
        .expect("it is planned");
    let dbid = store.objects().list_named("Spring").expect("the list").dbid;
    (store, dbid)
}

fn add(list: u32, phone: &str, chain: ChainChoice) -> AddRecord {
    AddRecord {
        list,
        chain,
        contact: Contact {
            phone: phone.to_owned(),
            phone_type: ContactType::Mobile,
            customer_id: Some("C'1\";--".to_owned()),
            record_type: RecordType::General,
            scheduled: Some(1_800_000_000),
            call_time: None,
            window: DailyWindow {
                from: 1,
                till: 86_399,
            },
            zone: UTC,
            campaign: None,
            agent: Some("Ägent".to_owned()),
            fields: Fields::of([("balance", FieldValue::Float(12.5))]),
        },
        new_zone: None,
        status: RecordStatus::Ready,
        result: CallResult::Unknown,
        attempts: 3,
        given: Given::default(),
        import_key: None,
    }
}

/// Submits changes, the first alone and the others together, so that they may
/// share a transaction.
fn submit(store: &Store, mut changes: Vec<Change>) -> Outcomes {
    let others = changes.split_off(1);
    let received = [changes, others].map(|changes| {
        let (outcomes, received) = channel();
        let reply = Box::new(move |came| outcomes.send(came).expect("it is heard"));
        assert!(
            store
                .submit(
                    changes.into_iter().map(Into::into).collect(),
                    Vec::new(),
                    reply
                )
                .is_ok(),
            "the queue has room"
        );
        received
    });
    received
        .into_iter()
        .flat_map(|received| received.recv().expect("they are answered"))
        .collect()
}

fn adding(list: u32, phone: &str, chain: ChainChoice) -> Change {
    Change::AddRecord(Box::new(add(list, phone, chain)))
}

fn completion(handle: Handle) -> Box<Completion> {
    Box::new(Completion {
        on: OnRecord {
            handle,
            ..OnRecord::default()
        },
        result: Some(CallResult::Answer),
        ..Completion::default()
    })
}

fn handle_of(outcome: &Result<Outcome, Refusal>) -> Handle {
    match outcome {
        Ok(Outcome::Added { handle, .. }) => *handle,
        other => panic!("no record was added: {other:?}"),
    }
}

#[tokio::test]
async fn a_record_comes_back_as_it_was_added_also_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, list) = with_list(folder.path()).await;
    let outcomes = submit(
        &store,
        vec![adding(list, "+1650\u{1F4DE}", ChainChoice::New)],
    );
    let handle = handle_of(&outcomes[0]);
    let before = store
        .reader()
        .record(handle)
        .await
        .expect("it is read")
        .expect("it is there");
    let wanted = add(list, "+1650\u{1F4DE}", ChainChoice::New);
    assert_eq!(before.contact, wanted.contact);
    assert_eq!(
        (before.status, before.result, before.attempts),
        (wanted.status, wanted.result, 3)
    );
    assert_eq!((before.chain, before.chain_n), (handle, 0));
    store.close();
    drop(store);
    let (store, again) = with_list(folder.path()).await;
    assert_eq!(again, list);
    assert_eq!(
        store.reader().record(handle).await.expect("it is read"),
        Some(before)
    );
    let next = submit(&store, vec![adding(list, "2", ChainChoice::New)]);
    assert_eq!(
        handle_of(&next[0]),
        handle + 1,
        "handles go on, none is given out twice"
    );
}

#[tokio::test]
async fn a_refused_change_spoils_no_other_and_takes_no_handle() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, list) = with_list(folder.path()).await;
    let outcomes = submit(
        &store,
        vec![
            adding(list, "1", ChainChoice::New),
            adding(list, "2", ChainChoice::Existing(4711)),
            adding(999, "3", ChainChoice::New),
            Change::RecordProcessed(completion(4711)),
            adding(list, "4", ChainChoice::New),
        ],
    );
    let numbers: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.as_ref().err().map(|r| r.number))
        .collect();
    assert_eq!(
        numbers,
        [
            None,
            Some(ErrorNumber::ChainNotFound),
            Some(ErrorNumber::CallingListNotFound),
            Some(ErrorNumber::RecordNotFound),
            None
        ]
    );
    assert_eq!(handle_of(&outcomes[4]), handle_of(&outcomes[0]) + 1);
}

#[tokio::test]
async fn changes_of_one_batch_see_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, list) = with_list(folder.path()).await;
    let first = handle_of(&submit(&store, vec![adding(list, "1", ChainChoice::New)])[0]);
    let chain = ChainChoice::Existing(first.into());
    // In bulk, so that they certainly share a transaction.
    let outcomes = store
        .submit_bulk(
            vec![
                adding(list, "2", chain.clone()),
                adding(list, "3", chain),
                Change::UpdateCallCompletionStats(completion(first)),
                Change::RecordProcessed(completion(first)),
                Change::RecordProcessed(completion(first)),
            ],
            true,
        )
        .await
        .expect("it is committed");
    let places: Vec<_> = outcomes[..2]
        .iter()
        .map(|outcome| match outcome {
            Ok(Outcome::Added { chain, chain_n, .. }) => (*chain, *chain_n),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(places, [(first, 1), (first, 2)]);
    assert!(outcomes[3].is_ok());
    let refusal = outcomes[4]
        .as_ref()
        .expect_err("the record is final by then");
    assert_eq!(refusal.number, ErrorNumber::RecordFinal);
    for (outcome, status) in outcomes[..2].iter().zip([RecordStatus::ChainUpdated; 2]) {
        let record = store
            .reader()
            .record(handle_of(outcome))
            .await
            .expect("it is read");
        assert_eq!(record.map(|record| record.status), Some(status));
    }
    let counts = store.reader().counts(list).await.expect("they are read");
    assert_eq!(
        counts.into_iter().collect::<Vec<_>>(),
        [(RecordStatus::Updated, 1), (RecordStatus::ChainUpdated, 2)]
    );
}

#[tokio::test]
async fn imports_know_their_lines_and_chains_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, list) = with_list(folder.path()).await;
    let line = |key: &str, label: &str| {
        let mut add = add(list, key, ChainChoice::Labelled(label.to_owned()));
        add.import_key = Some(key.to_owned());
        Change::AddRecord(Box::new(add))
    };
    let lines = || {
        vec![
            line("a", "x"),
            line("b", "y"),
            line("c", "x"),
            line("a", "x"),
        ]
    };
    let added = |outcomes: &[Result<Outcome, Refusal>]| {
        outcomes
            .iter()
            .map(|outcome| matches!(outcome, Ok(Outcome::Added { .. })))
            .collect()
    };
    let dry = store
        .submit_bulk(lines(), false)
        .await
        .expect("it is looked at");
    let first = store
        .submit_bulk(lines(), true)
        .await
        .expect("it is committed");
    assert_eq!(
        dry, first,
        "a dry run says what would come of it, and keeps nothing"
    );
    let all: Vec<bool> = added(&first);
    assert_eq!(all, [true, true, true, false]);
    let second = store
        .submit_bulk(lines(), true)
        .await
        .expect("it is committed");
    assert!(
        second.iter().all(|outcome| *outcome == Ok(Outcome::Known)),
        "{second:?}"
    );
    let third = store
        .submit_bulk(vec![line("d", "x")], true)
        .await
        .expect("it is committed");
    let Ok(Outcome::Added { chain, chain_n, .. }) = third[0] else {
        panic!("{third:?}")
    };
    assert_eq!(
        (chain, chain_n),
        (handle_of(&first[0]), 2),
        "the chain goes on"
    );
}

#[tokio::test]
async fn a_new_iana_zone_gets_one_dbid() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, list) = with_list(folder.path()).await;
    let zoned = || {
        let mut add = add(list, "1", ChainChoice::New);
        let zone = TimeZone::get("Asia/Tokyo").expect("a zone");
        add.new_zone = Some(("Asia/Tokyo".to_owned(), zone));
        Change::AddRecord(Box::new(add))
    };
    let outcomes = store
        .submit_bulk(vec![zoned(), zoned()], true)
        .await
        .expect("it is committed");
    let zone = store
        .objects()
        .zone_named("Asia/Tokyo")
        .expect("it is known now")
        .dbid;
    for outcome in &outcomes {
        let record = store
            .reader()
            .record(handle_of(outcome))
            .await
            .expect("it is read");
        assert_eq!(record.map(|record| record.contact.zone), Some(zone));
    }
    store.close();
    drop(store);
    let store = open(folder.path()).expect("it opens");
    assert_eq!(
        store
            .objects()
            .zone_named("Asia/Tokyo")
            .map(|zone| zone.dbid),
        Some(zone)
    );
}

#[tokio::test]
async fn one_process_holds_the_lease() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = with_list(folder.path()).await;
    let refused = open(folder.path()).err().expect("the lease is held");
    let sentence = refused.to_string();
    assert!(matches!(refused, StoreError::Held { .. }), "{sentence}");
    assert!(sentence.contains("the test (process "), "{sentence}");
    store.close();
    open(folder.path()).expect("the lease was given up");
}

#[tokio::test]
async fn a_closed_store_refuses_and_a_taken_lease_ends_writing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, list) = with_list(folder.path()).await;
    // Somebody raises the epoch behind this holder's back.
    let path = folder.path().join("data/ocs.db");
    let other = rusqlite::Connection::open(path).expect("it opens");
    other
        .execute("UPDATE lease SET epoch = epoch + 1", [])
        .expect("it is written");
    let outcomes = submit(&store, vec![adding(list, "1", ChainChoice::New)]);
    let refusal = outcomes[0].as_ref().expect_err("the lease is another's");
    assert_eq!(refusal.number, ErrorNumber::NotServing);
    let counts = store.reader().counts(list).await.expect("they are read");
    assert!(counts.is_empty(), "nothing was written: {counts:?}");
    store.close();
    let full = store.submit(
        vec![adding(list, "2", ChainChoice::New).into()],
        Vec::new(),
        Box::new(|_| {}),
    );
    assert!(full.expect_err("it is closed").closed);
}

#[tokio::test]
async fn a_later_schema_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = with_list(folder.path()).await;
    store.close();
    drop(store);
    let path = folder.path().join("data/ocs.db");
    let other = rusqlite::Connection::open(&path).expect("it opens");
    other
        .pragma_update(None, "user_version", 99)
        .expect("it is written");
    drop(other);
    let refused = open(folder.path()).err().expect("it is refused");
    assert!(
        matches!(refused, StoreError::SchemaTooNew { found: 99, .. }),
        "{refused}"
    );
}
