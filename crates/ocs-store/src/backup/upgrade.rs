//! A pair that is upgraded one by one: the primary is of a version whose schema is an earlier
//! one, and goes on until it hands over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ocs_rules::policy::Policy;
use rusqlite::Connection;

use super::{Backup, LeaseIs, Standing};
use crate::sqlite::lease::{self, Terms};
use crate::sqlite::schema::{self, early};
use crate::store::{Clock, Open, Store};

/// Waits until the store was looked at, and something is so.
fn until(backup: &Backup, so: impl Fn(&Standing) -> bool) {
    let begun = Instant::now();
    while !so(&backup.standing()) {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{:?}",
            backup.standing()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn one_by_one() {
    let clock: Clock = Arc::new(|| Timestamp::UNIX_EPOCH);
    let every = Duration::from_millis(50);
    for version in [1, 5, 12, schema::known() - 1] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = early(folder.path(), version);
        let terms = Terms::default();
        let lock = lease::lock(&path, "of an earlier version", &terms).expect("it is free");
        let old = Connection::open(&path).expect("it opens");
        let mut backup =
            Backup::of(&path, "of this version", terms, Arc::clone(&clock)).expect("it watches");
        assert!(matches!(backup.look(every), Ok(LeaseIs::Held)));
        backup.follow().expect("a thread");
        until(&backup, |standing| standing.too_old);
        assert!(!backup.standing().too_new);
        // Until it has the lease, the schema is its holder's, who writes on.
        assert_eq!(schema::found(&old), Ok(version));
        old.execute_batch(
            "INSERT INTO record (record_id, list_dbid, chain_id, chain_n, contact_info, \
             contact_info_type, record_type, record_status, call_result, attempt, daily_from, \
             daily_till, tz_dbid) VALUES (2, 101, 2, 0, '5552', 0, 2, 1, 28, 0, 28800, 64800, 122)",
        )
        .expect("it is written");
        drop(old);
        drop(lock);
        let Ok(LeaseIs::Taken(taken)) = backup.look(every) else {
            panic!("it is free, of version {version}");
        };
        let open = Open {
            path: path.clone(),
            holder: "of this version".to_owned(),
            clock: Arc::clone(&clock),
            policy: Policy::default(),
        };
        let (store, _) = Store::take_over(open, taken).expect("it is brought up to date");
        assert_eq!(store.epoch(), 8);
        store.close();
        let new = Connection::open(&path).expect("it opens");
        assert_eq!(schema::found(&new), Ok(schema::known()));
        let records = "SELECT group_concat(contact_info) FROM record";
        let records = new.query_row(records, [], |row| row.get(0));
        assert_eq!(records, Ok("5551,5552".to_owned()), "of version {version}");
    }
}
