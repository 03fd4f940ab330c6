//! Outcomes of items under an Idempotency-Key count for a day, and are removed a day
//! later (http-interface.md, section 3).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;
use ocs_rules::change::{Change, Outcome};
use ocs_rules::policy::Policy;
use ocs_store::{Keep, Once, OnceKey, Open, Outcomes, Part, Request, Store};

const DAY: i64 = 24 * 60 * 60;
const ITEMS: u32 = 5_000;

/// The part of an AddRecords that a change is.
fn part(key: &Arc<OnceKey>, change: Change, part: Part) -> Request {
    Request {
        change,
        asked: None,
        once: Some(Once {
            key: Arc::clone(key),
            part,
        }),
        bound: None,
    }
}

/// An item that was refused, which needs no calling list; `said` is what is kept of it.
fn item(key: &Arc<OnceKey>, place: u32, said: &str) -> Request {
    let refusal = Refusal::new(ErrorNumber::InvalidParameter, said);
    let said = said.as_bytes().to_vec();
    let kept = Part::Item {
        place,
        fingerprint: vec![1],
        encode: Box::new(|_| said),
    };
    part(key, Change::Refused(Box::new(refusal)), kept)
}

async fn carried_out(store: &Store, requests: Vec<Request>) -> Outcomes {
    let begun = store.begin_bulk(requests, Keep::Each, None).await;
    let answer = begun.expect("it is open").await;
    answer.expect("it is answered").expect("it is written")
}

#[tokio::test]
async fn a_day_and_no_longer() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Arc::new(AtomicI64::new(1_800_000_000));
    let clock = Arc::clone(&now);
    let path = folder.path().join("ocs.db");
    let (store, _) = Store::open(Open {
        path: path.clone(),
        holder: "the test".to_owned(),
        clock: Arc::new(move || {
            Timestamp::from_second(clock.load(Ordering::Relaxed)).expect("a moment")
        }),
        policy: Policy::default(),
    })
    .expect("it opens");
    let rows = |table: &str| -> i64 {
        let connection = rusqlite::Connection::open(&path).expect("the store");
        let sql = format!("SELECT count(*) FROM {table}");
        connection
            .query_row(&sql, [], |row| row.get(0))
            .expect("a count")
    };
    let key = |uri: u8| Arc::new(OnceKey::new("anonymous".into(), "k".into(), vec![uri]));
    let (first, other) = (key(1), key(2));
    let mut all: Vec<_> = (0..ITEMS)
        .map(|place| item(&first, place, "first"))
        .collect();
    all.push(part(&first, Change::End, Part::End(ITEMS)));
    carried_out(&store, all).await;

    let again = |said: &str| {
        Ok(Outcome::Again {
            answer: said.as_bytes().to_vec(),
            record: None,
        })
    };
    now.fetch_add(DAY - 1, Ordering::Relaxed);
    let known = carried_out(&store, vec![item(&first, 3, "later")]).await;
    assert_eq!(known, [again("first")]);
    let refused = carried_out(&store, vec![item(&other, 0, "other")]).await;
    let number = refused[0].as_ref().map_err(|refusal| refusal.number);
    assert_eq!(number, Err(ErrorNumber::KeyUsedOtherwise));

    now.fetch_add(1, Ordering::Relaxed);
    let other = key(2);
    let new = carried_out(&store, vec![item(&other, 0, "other")]).await;
    assert!(new[0].is_err(), "it is judged: {new:?}");
    let known = carried_out(&store, vec![item(&other, 0, "later")]).await;
    assert_eq!(known, [again("other")]);

    // What no longer counts stays for a day more, and then goes in steps.
    let mut steps = 0;
    for (later, items, runs) in [(0, ITEMS + 1, 2), (DAY, 1, 1), (DAY, 0, 0)] {
        now.fetch_add(later + 1, Ordering::Relaxed);
        loop {
            let done = store.submit_bulk(vec![Change::Tidy], true).await;
            let Ok(Outcome::Tidied(tidied)) = done.expect("it is done").remove(0) else {
                panic!("it tells what it did");
            };
            steps += 1;
            if !tidied.more {
                break;
            }
        }
        let left = (rows("answered_item"), rows("answered_run"));
        assert_eq!(left, (i64::from(items), runs));
    }
    assert!(steps > 5, "{steps}");
    store.close();
}
