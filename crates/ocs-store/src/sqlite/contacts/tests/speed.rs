//! What the index costs, for people: `cargo test --release -p ocs-store --lib \
//! contacts::tests::speed -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use super::*;

/// Records in one transaction, as an import brings them.
const BATCH: usize = 1_000;

/// Random numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scattered(self.0)
    }
}

fn at(sorted: &[Duration], part: f64) -> f64 {
    let place = (sorted.len() as f64 * part) as usize;
    sorted
        .get(place.min(sorted.len().saturating_sub(1)))
        .map_or(0.0, |pause| pause.as_secs_f64() * 1e3)
}

/// Imports records with random phones and customer ids, each batch synchronised.
fn import(count: usize, indexed: bool) {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR").to_owned() + "/../../target")
        .expect("a folder");
    let path = folder.path().join("ocs.db");
    let mut connection = Connection::open(&path).expect("a database");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
             PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32768",
        )
        .expect("as the store is opened");
    crate::sqlite::schema::migrate(&mut connection).expect("the schema");
    let mut index = ContactIndex::open(&connection, |_| None).expect("it opens");
    let mut random = Random(1);
    let (mut pauses, mut adding) = (Vec::new(), Vec::new());
    let mut spent = Duration::ZERO;
    for first in (1..=count).step_by(BATCH) {
        let batch: Vec<Record> = (first..first + BATCH)
            .map(|handle| {
                let phone = format!("+1{:010}", random.next() % 10_000_000_000);
                let customer = format!("C-{:08}", random.next() % 100_000_000);
                record(handle as Handle, 1, &phone, Some(&customer))
            })
            .collect();
        let begun = Instant::now();
        let transaction = connection.unchecked_transaction().expect("begun");
        insert(&transaction, &batch);
        transaction.commit().expect("committed");
        if indexed {
            let added = Instant::now();
            let compared: Vec<Added<'_>> = batch
                .iter()
                .map(|record| {
                    let phone = Compared::of(&record.phone, None);
                    (record.handle, phone, record.customer.as_deref())
                })
                .collect();
            index.added(compared);
            adding.push(added.elapsed());
            if index.wants_step() {
                let paused = Instant::now();
                let transaction = connection.unchecked_transaction().expect("begun");
                let step = index.step(&transaction).expect("written");
                transaction.commit().expect("committed");
                step.into_iter().for_each(|step| index.stepped(step));
                pauses.push(paused.elapsed());
            }
        }
        spent += begun.elapsed();
        if (first / BATCH).is_multiple_of(20) {
            // As the checkpointer does, off the writer's way.
            let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
    }
    let records = count as f64 / spent.as_secs_f64();
    println!("{count} records, indexed: {indexed}: {records:.0} records/s");
    if !indexed {
        return;
    }
    for (what, times) in [
        ("steps", &mut pauses),
        ("taking up 1,000 records", &mut adding),
    ] {
        times.sort_unstable();
        println!(
            "  {} {what}: p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms, together {:.2} s",
            times.len(),
            at(times, 0.5),
            at(times, 0.99),
            at(times, 1.0),
            times.iter().sum::<Duration>().as_secs_f64()
        );
    }
    let looks = |view: &ContactView, runs: &str| {
        let mut random = Random(1);
        let begun = Instant::now();
        const LOOKS: usize = 10_000;
        for handle in 1..=LOOKS {
            let phone = format!("+1{:010}", random.next() % 10_000_000_000);
            let customer = format!("C-{:08}", random.next() % 100_000_000);
            let phone = Compared::of(&phone, None);
            let found = view.by_phone(&connection, phone, Part::ALL).expect("read");
            assert!(found.contains(&(handle as Handle)));
            let found = view
                .by_customer(&connection, &customer, Part::ALL)
                .expect("read");
            assert!(found.contains(&(handle as Handle)));
        }
        let each = begun.elapsed().as_secs_f64() * 1e6 / (2 * LOOKS) as f64;
        println!("  {each:.1} µs a look, {runs}");
    };
    looks(&index.view(), "right after the import");
    let begun = Instant::now();
    let mut steps = 0;
    while index.wants_step() {
        let transaction = connection.unchecked_transaction().expect("begun");
        let step = index.step(&transaction).expect("written");
        transaction.commit().expect("committed");
        step.into_iter().for_each(|step| index.stepped(step));
        steps += 1;
    }
    let rest = begun.elapsed().as_secs_f64();
    looks(
        &index.view(),
        &format!("after {steps} more steps of together {rest:.2} s"),
    );
    let begun = Instant::now();
    ContactIndex::open(&connection, |_| None).expect("it opens");
    println!("  {:.1} ms to open", begun.elapsed().as_secs_f64() * 1e3);
    connection
        .execute_batch("UPDATE contact_index_end SET keys = 0")
        .expect("changed");
    let begun = Instant::now();
    ContactIndex::open(&connection, |_| None).expect("it opens");
    println!("  {:.2} s to make all anew", begun.elapsed().as_secs_f64());
}

#[test]
#[ignore = "it measures, and says what for people"]
fn speed() {
    let count = std::env::var("RECORDS").map_or(1_000_000, |records| {
        records.parse().expect("RECORDS is a number")
    });
    for indexed in [false, true, false, true] {
        import(count, indexed);
    }
}
