//! The index against a plain scan of the records.

use std::collections::HashSet;

use proptest::prelude::*;

use super::entry::Page;
use super::*;

mod speed;

/// Small enough that a few records make several pages, runs and merges.
const SMALL: Sizes = Sizes {
    tail: 7,
    page: 3,
    step: 2,
    remove: 2,
    fan: 3,
    sweep: 2,
};

const LISTS: [ListId; 2] = [1, 2];

/// What the index knows of a record.
#[derive(Clone)]
struct Record {
    handle: Handle,
    list: ListId,
    phone: String,
    customer: Option<String>,
}

fn record(handle: Handle, list: ListId, phone: &str, customer: Option<&str>) -> Record {
    Record {
        handle,
        list,
        phone: phone.to_owned(),
        customer: customer.map(ToOwned::to_owned),
    }
}

fn insert(connection: &Connection, records: &[Record]) {
    let mut statement = connection
        .prepare_cached(
            "INSERT INTO record (record_id, list_dbid, chain_id, chain_n, contact_info, \
             contact_info_type, customer_id, record_type, record_status, call_result, attempt, \
             daily_from, daily_till, tz_dbid) \
             VALUES (?1, ?2, ?1, 0, ?3, 1, ?4, 2, 1, 28, 0, 28800, 64800, 8)",
        )
        .expect("a statement");
    for record in records {
        let row = params![record.handle, record.list, record.phone, record.customer];
        statement.execute(row).expect("inserted");
    }
}

/// A store, its index, and what must be found in it.
struct World {
    connection: Connection,
    index: ContactIndex,
    records: Vec<Record>,
    removed: HashSet<Handle>,
    regions: HashMap<ListId, Option<String>>,
}

impl World {
    fn new() -> Self {
        let mut connection = Connection::open_in_memory().expect("a database");
        crate::sqlite::schema::migrate(&mut connection).expect("the schema");
        for list in LISTS {
            connection
                .execute(
                    "INSERT INTO calling_list VALUES (?1, 'list ' || ?1, 0, 0, 1, 10, NULL, '{}')",
                    [list],
                )
                .expect("a calling list");
        }
        let regions: HashMap<_, _> = LISTS.map(|list| (list, Some("DE".to_owned()))).into();
        Self {
            index: reopened(&connection, &regions),
            connection,
            records: Vec::new(),
            removed: HashSet::new(),
            regions,
        }
    }

    /// Adds records in one transaction; without `keep` it is rolled back.
    fn add(&mut self, contacts: &[(ListId, &str, Option<&str>)], keep: bool) {
        let transaction = self.connection.unchecked_transaction().expect("begun");
        let first = self.records.len() as Handle + 1;
        let added: Vec<Record> = (first..)
            .zip(contacts)
            .map(|(handle, (list, phone, customer))| record(handle, *list, phone, *customer))
            .collect();
        insert(&transaction, &added);
        for record in &added {
            transaction
                .execute(
                    "INSERT INTO list_count VALUES (?1, 1, 1) ON CONFLICT DO UPDATE \
                     SET records = records + 1",
                    [record.list],
                )
                .expect("counted");
        }
        if !keep {
            return;
        }
        transaction.commit().expect("committed");
        self.index.added(added.iter().map(|record| {
            let region = self.regions[&record.list].as_deref();
            let phone = Compared::of(&record.phone, region);
            (record.handle, phone, record.customer.as_deref())
        }));
        self.records.extend(added);
    }

    /// Removes every so many-th record.
    fn remove(&mut self, every: usize, from: usize) {
        for record in self.records.iter().skip(from).step_by(every) {
            if !self.removed.insert(record.handle) {
                continue;
            }
            for sql in [
                "DELETE FROM record WHERE record_id = ?1",
                "INSERT INTO removed_record (record_id) VALUES (?1)",
            ] {
                self.connection
                    .execute(sql, [record.handle])
                    .expect("removed");
            }
        }
        self.index.sweep();
    }

    /// No entry is left of what was removed.
    fn check_removed(&self) {
        for table in ["record_phone", "record_customer"] {
            let sql = format!("SELECT entries FROM {table}");
            let mut pages = self.connection.prepare(&sql).expect("pages");
            let mut rows = pages.query([]).expect("pages");
            while let Some(row) = rows.next().expect("a page") {
                let page = Page::of(row.get_ref(0).expect("a page").as_blob().expect("bytes"));
                for entry in page.expect("a page").entries() {
                    assert!(!self.removed.contains(&entry.handle), "{entry:?}");
                }
            }
        }
        let tail = self.index.view.read();
        for generation in tail.moving.as_deref().into_iter().chain([&tail.newest]) {
            for kind in [Kind::Phone, Kind::Customer] {
                for entry in generation.sorted(kind) {
                    assert!(!self.removed.contains(&entry.handle), "{entry:?}");
                }
            }
        }
        let left = "SELECT count(*) FROM removed_record";
        let left: i64 = self
            .connection
            .query_row(left, [], |row| row.get(0))
            .expect("counted");
        assert_eq!(left, 0);
    }

    /// Makes steps; those that are not kept are rolled back. Returns whether there
    /// was something to do.
    fn step(&mut self, keep: bool) -> bool {
        let transaction = self.connection.unchecked_transaction().expect("begun");
        let step = self.index.step(&transaction).expect("written");
        let done = step.is_some();
        if keep {
            transaction.commit().expect("committed");
            step.into_iter().for_each(|step| self.index.stepped(step));
        }
        done
    }

    fn settle(&mut self) {
        let mut steps = 0;
        while self.index.wants_step() {
            self.step(true);
            steps += 1;
            assert!(steps < 100_000, "the steps come to no end");
        }
    }

    /// Ends without a word and starts again.
    fn crash(&mut self) {
        self.index = reopened(&self.connection, &self.regions);
    }

    fn move_list(&mut self, list: ListId, region: Option<&str>, at_rest: bool) {
        self.regions.insert(list, region.map(ToOwned::to_owned));
        if at_rest {
            self.crash();
            return;
        }
        let regions = &self.regions;
        self.index
            .regions_changed(&self.connection, |list| regions[&list].clone())
            .expect("made anew");
    }

    fn compared(&self, record: &Record) -> Compared {
        Compared::of(&record.phone, self.regions[&record.list].as_deref())
    }

    /// Compares with a plain scan: candidates are in order and each once, and
    /// among them is everything that matches; by parts just as at once.
    fn check(&self, phones: &[&str], customers: &[&str]) {
        let exact = |candidates: Vec<Handle>, matches: &dyn Fn(&Record) -> bool, whom: &str| {
            assert!(
                candidates.windows(2).all(|two| two[0] < two[1]),
                "{whom}: {candidates:?}"
            );
            let found: Vec<Handle> = candidates
                .into_iter()
                .filter(|handle| !self.removed.contains(handle))
                .filter(|handle| matches(&self.records[*handle as usize - 1]))
                .collect();
            let scanned: Vec<Handle> = self
                .records
                .iter()
                .filter(|record| matches(record) && !self.removed.contains(&record.handle))
                .map(|record| record.handle)
                .collect();
            assert_eq!(found, scanned, "{whom}");
        };
        for phone in phones {
            for region in [None, Some("DE"), Some("US")] {
                let wanted = Compared::of(phone, region);
                let look = |part| {
                    self.index
                        .view()
                        .by_phone(&self.connection, wanted, part)
                        .expect("read")
                };
                let all = look(Part::ALL);
                assert_eq!(in_parts(&look), all, "{phone} in parts");
                exact(all, &|record| self.compared(record).matches(wanted), phone);
            }
        }
        for customer in customers {
            let look = |part| {
                self.index
                    .view()
                    .by_customer(&self.connection, customer, part)
                    .expect("read")
            };
            let all = look(Part::ALL);
            assert_eq!(in_parts(&look), all, "{customer} in parts");
            exact(
                all,
                &|record| record.customer.as_deref() == Some(*customer),
                customer,
            );
        }
    }

    /// Every page belongs to a whole run, once the steps have come to their end.
    fn tidy(&self) {
        let count = |sql: &str| -> i64 {
            self.connection
                .query_row(sql, [], |row| row.get(0))
                .expect("counted")
        };
        let pages = count("SELECT coalesce(sum(pages), 0) FROM contact_run");
        let rows = count(
            "SELECT (SELECT count(*) FROM record_phone) + (SELECT count(*) FROM record_customer)",
        );
        assert_eq!(pages, rows, "pages without a run, or a run without pages");
        assert_eq!(
            count("SELECT count(*) FROM contact_run WHERE state <> 2"),
            0
        );
        let most = "SELECT coalesce(max(n), 0) FROM \
                    (SELECT count(*) AS n FROM contact_run GROUP BY kind, level)";
        assert!(count(most) < SMALL.fan, "runs are left to be merged");
    }
}

fn reopened(connection: &Connection, regions: &HashMap<ListId, Option<String>>) -> ContactIndex {
    ContactIndex::open_sized(connection, |list| regions[&list].clone(), SMALL).expect("it opens")
}

fn in_parts(look: &dyn Fn(Part) -> Vec<Handle>) -> Vec<Handle> {
    let mut all = Vec::new();
    loop {
        let part = look(Part {
            after: all.last().copied().unwrap_or(0),
            limit: 2,
        });
        assert!(part.len() <= 2, "{part:?} is more than was wanted");
        if part.is_empty() {
            return all;
        }
        all.extend(part);
    }
}

const PHONES: [&str; 8] = [
    "030 123456",
    "+49 30 123456",
    "0049-30-123456",
    "(650) 253-0000",
    "+16502530000",
    "6502530000",
    "info@example.com",
    "1",
];
const CUSTOMERS: [&str; 3] = ["C-1", "c-1", "Müller"];

#[test]
fn found_wherever_they_stand() {
    let one = [(1, PHONES[1], Some(CUSTOMERS[0]))];
    // What happens between, by name, after each ten records.
    type Between = fn(&mut World);
    let cases: [(&str, Between); 6] = [
        ("all in the tail", |_| {}),
        ("one step", |world| {
            world.step(true);
        }),
        ("a step that is not committed", |world| {
            world.step(false);
        }),
        ("everything moved and merged", World::settle),
        ("a crash", World::crash),
        ("a crash in the middle of a move", |world| {
            world.step(true);
            world.step(true);
            world.crash();
        }),
    ];
    for (case, between) in cases {
        let mut world = World::new();
        for round in 0..30 {
            for at in 0..10 {
                let phone = PHONES[(round + at * 3) % PHONES.len()];
                let customer = CUSTOMERS.get(at).copied();
                world.add(&[(LISTS[at % 2], phone, customer)], true);
            }
            world.add(&one, false);
            between(&mut world);
        }
        world.check(&PHONES, &CUSTOMERS);
        world.settle();
        world.check(&PHONES, &CUSTOMERS);
        world.tidy();
        println!("{case}: {} records", world.records.len());
    }
}

#[test]
fn one_phone_of_very_many_records() {
    let mut world = World::new();
    for at in 0..600 {
        let phone = if at % 7 == 0 { PHONES[7] } else { PHONES[0] };
        world.add(&[(1, phone, Some(CUSTOMERS[2]))], true);
        world.step(true);
    }
    world.check(&[PHONES[0], PHONES[7], "2"], &CUSTOMERS);
    world.settle();
    world.check(&[PHONES[0], PHONES[7], "2"], &CUSTOMERS);
}

#[test]
fn a_region_that_changes_makes_keys_anew() {
    for at_rest in [false, true] {
        let mut world = World::new();
        for at in 0..40 {
            let phone = PHONES[at % PHONES.len()];
            let list = LISTS[at / PHONES.len() % 2];
            world.add(&[(list, phone, None)], true);
            world.step(true);
        }
        for region in [Some("US"), None, Some("DE")] {
            world.move_list(1, region, at_rest);
            world.check(&PHONES, &CUSTOMERS);
        }
        world.settle();
        world.check(&PHONES, &CUSTOMERS);
        world.tidy();
    }
}

#[test]
fn keys_of_another_version_are_made_anew() {
    let mut world = World::new();
    for phone in PHONES.iter().cycle().take(50) {
        world.add(&[(1, phone, None)], true);
    }
    world.settle();
    world
        .connection
        .execute_batch(
            "UPDATE contact_index_end SET keys = keys + 1; \
             UPDATE record_phone SET entries = zeroblob(12)",
        )
        .expect("changed");
    world.crash();
    world.check(&PHONES, &CUSTOMERS);
    world.settle();
    world.tidy();
}

#[test]
fn a_reader_finds_what_moves() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ocs.db");
    let mut writer = Connection::open(&path).expect("a database");
    writer
        .pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
        .expect("a log");
    crate::sqlite::schema::migrate(&mut writer).expect("the schema");
    let mut index = ContactIndex::open_sized(&writer, |_| None, SMALL).expect("it opens");
    let view = index.view();
    let (told, news) = std::sync::mpsc::sync_channel::<Handle>(0);
    let same = Compared::of(PHONES[7], None);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let reader = crate::sqlite::open_for_reading(&path).expect("it opens");
            for last in news {
                let found = view.by_phone(&reader, same, Part::ALL).expect("read");
                // Those of later commits may be there too, but none before is missing.
                assert!(found.len() >= last as usize, "{} of {last}", found.len());
                assert!(found.iter().copied().eq(1..=found.len() as Handle));
            }
        });
        for handle in 1..=300 {
            insert(&writer, &[record(handle, 1, PHONES[7], None)]);
            index.added([(handle, same, None)]);
            told.send(handle).expect("the reader lives");
            while index.wants_step() {
                let transaction = writer.unchecked_transaction().expect("begun");
                let step = index.step(&transaction).expect("written");
                transaction.commit().expect("committed");
                step.into_iter().for_each(|step| index.stepped(step));
            }
        }
        drop(told);
    });
}

/// What may happen to a store.
#[derive(Debug, Clone)]
enum Event {
    Add(Vec<(usize, usize, usize)>, bool),
    Step(bool),
    Settle,
    Crash,
    Region(usize, usize, bool),
    Remove(usize, usize),
}

fn event() -> impl Strategy<Value = Event> {
    let contact = (0..LISTS.len(), 0..PHONES.len(), 0..CUSTOMERS.len() + 2);
    prop_oneof![
        4 => (prop::collection::vec(contact, 1..20), prop::bool::weighted(0.8))
            .prop_map(|(contacts, keep)| Event::Add(contacts, keep)),
        8 => prop::bool::weighted(0.7).prop_map(Event::Step),
        1 => Just(Event::Settle),
        2 => Just(Event::Crash),
        1 => (0..LISTS.len(), 0..3_usize, any::<bool>())
            .prop_map(|(list, region, at_rest)| Event::Region(list, region, at_rest)),
        1 => (1..8_usize, 0..8_usize).prop_map(|(every, from)| Event::Remove(every, from)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn always_what_a_scan_finds(events in prop::collection::vec(event(), 1..60)) {
        let mut world = World::new();
        for event in events {
            match event {
                Event::Add(contacts, keep) => {
                    let contacts: Vec<_> = contacts
                        .into_iter()
                        .map(|(list, phone, customer)| {
                            (LISTS[list], PHONES[phone], CUSTOMERS.get(customer).copied())
                        })
                        .collect();
                    world.add(&contacts, keep);
                }
                Event::Step(keep) => {
                    world.step(keep);
                }
                Event::Settle => world.settle(),
                Event::Crash => world.crash(),
                Event::Region(list, region, at_rest) => {
                    let region = [None, Some("DE"), Some("US")][region];
                    world.move_list(LISTS[list], region, at_rest);
                }
                Event::Remove(every, from) => world.remove(every, from),
            }
            world.check(&[PHONES[0], PHONES[3], PHONES[7]], &CUSTOMERS[..1]);
        }
        world.check(&PHONES, &CUSTOMERS);
        world.settle();
        world.check(&PHONES, &CUSTOMERS);
        world.tidy();
        world.check_removed();
    }
}
