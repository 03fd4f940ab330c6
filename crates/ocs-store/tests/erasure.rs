//! A person's data removed from a real store: nothing of it is left in any table or file,
//! whatever was done with it before; others keep theirs; a step that was cut short is done
//! again; and the Do Not Call list keeps an erased person out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use jiff::Timestamp;
use ocs_protocol::attribute::{GSW_CUSTOMER_ID, GSW_PHONE, GSW_RECORD_HANDLE};
use ocs_protocol::enumeration::{CallResult, ContactType, DialingMode, RecordStatus, RecordType};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;
use ocs_rules::calling_list::{CallingList, DailyWindow, Field, FieldKind, ListId};
use ocs_rules::campaign::{Campaign, CampaignGroup, WeightedList};
use ocs_rules::change::{
    AddRecord, ChainChoice, Change, Completion, Given, GroupRequest, OnRecord, Outcome, Preview,
};
use ocs_rules::do_not_call::{Compared, Entry, Keys, Subject};
use ocs_rules::erasure::Erased;
use ocs_rules::fields::{FieldValue, Fields};
use ocs_rules::filter::Filter;
use ocs_rules::group_state::{GroupCommand, Settings};
use ocs_rules::objects::ObjectChange;
use ocs_rules::options::Options;
use ocs_rules::policy::Policy;
use ocs_rules::record::{Contact, Handle, Record};
use ocs_rules::zone::UTC;

use ocs_store::{AuditHead as Head, Keep, Once, OnceKey, Open, Outcomes, Part, Request, Store};
use proptest::prelude::*;
use prost::Message as _;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tempfile::TempDir;

const LISTS: [ListId; 2] = [101, 102];
const GROUP: u32 = 301;
/// Wednesday, noon.
const NOON: i64 = 1_795_608_000;

/// Who is called: each has several spellings of a phone, a customer id and a name.
const PEOPLE: usize = 4;

fn phone(person: usize, spelled: usize) -> String {
    match spelled % 3 {
        0 => format!("+1650555017{person}"),
        1 => format!("(650) 555-017{person}"),
        _ => format!("001 650 555017{person}"),
    }
}

/// A second phone of the same person.
fn other_phone(person: usize) -> String {
    format!("+1212555018{person}")
}

fn customer(person: usize) -> String {
    format!("CUSTOMER-{person}-{}", name(person))
}

fn name(person: usize) -> &'static str {
    ["Adelheid", "Balthasar", "Cunigunde", "Dietlinde"][person]
}

struct World {
    folder: TempDir,
    clock: Arc<AtomicI64>,
    store: Store,
    guids: AtomicU64,
    runtime: tokio::runtime::Runtime,
}

fn open(path: &Path, clock: &Arc<AtomicI64>) -> Store {
    let clock = Arc::clone(clock);
    let open = Open {
        path: path.join("ocs.db"),
        holder: "the test".to_owned(),
        clock: Arc::new(move || {
            Timestamp::from_second(clock.load(Ordering::Relaxed)).expect("a moment")
        }),
        policy: Policy {
            region: Some("US".to_owned()),
            ..Policy::default()
        },
    };
    Store::open(open).expect("it opens").0
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(AtomicI64::new(NOON));
        let world = Self {
            store: open(folder.path(), &clock),
            folder,
            clock,
            guids: AtomicU64::new(1),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
        };
        let mut changes: Vec<_> = LISTS
            .map(|dbid| {
                ObjectChange::PutList(CallingList {
                    dbid,
                    name: format!("list {dbid}"),
                    window: DailyWindow {
                        from: 0,
                        till: 86_399,
                    },
                    zone: UTC,
                    max_attempts: 10,
                    region: None,
                    fields: vec![Field {
                        name: "first-name".to_owned(),
                        kind: FieldKind::Varchar(64),
                        send_attribute: None,
                    }],
                    treatments: Vec::new(),
                    options: Options::default(),
                })
            })
            .into();
        changes.push(ObjectChange::PutFilter(Filter {
            dbid: 1,
            name: "by name".to_owned(),
            condition: String::new(),
            order: "\"first-name\"".to_owned(),
        }));
        changes.push(ObjectChange::PutCampaign(Campaign {
            dbid: 201,
            name: "campaign".to_owned(),
            description: String::new(),
            lists: vec![
                WeightedList {
                    list: 101,
                    weight: 10,
                    filter: Some(1),
                },
                WeightedList {
                    list: 102,
                    weight: 10,
                    filter: None,
                },
            ],
            treatments: Vec::new(),
            options: Options::default(),
        }));
        changes.push(ObjectChange::PutGroup(CampaignGroup {
            dbid: GROUP,
            campaign: 201,
            group: "agents".to_owned(),
            description: String::new(),
            mode: DialingMode::Preview,
            schedule: None,
            sequence: None,
            options: Options::default(),
        }));
        world
            .wait(
                world
                    .store
                    .change_objects(Box::new(move |view| Ok((changes, view.counters)))),
            )
            .expect("they are written")
            .expect("they are planned");
        let none = Settings::default();
        for command in [GroupCommand::Load(none), GroupCommand::Start(none)] {
            let request = GroupRequest {
                group: GROUP,
                command,
            };
            world
                .one(Change::Group(Box::new(request)))
                .expect("the campaign group runs");
        }
        world
    }

    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    fn all(&self, changes: Vec<Change>) -> Outcomes {
        self.wait(self.store.submit_bulk(changes, true))
            .expect("it is written")
    }

    fn one(&self, change: Change) -> Result<Outcome, Refusal> {
        self.all(vec![change]).remove(0)
    }

    fn erase(&self, subject: Subject) -> Erased {
        match self.one(Change::Erase(subject, "the test".to_owned())) {
            Ok(Outcome::Erased(erased)) => *erased,
            other => panic!("{other:?}"),
        }
    }

    /// A step of housekeeping; whether there is more.
    fn tidy(&self) -> bool {
        match self.one(Change::Tidy) {
            Ok(Outcome::Tidied(tidied)) => tidied.more,
            other => panic!("{other:?}"),
        }
    }

    /// Until the erasures are done, and their bytes.
    fn tidy_all(&self) {
        for _ in 0..10_000 {
            if !self.tidy() && !self.wait(self.store.reader().scrubbing()).expect("read") {
                return;
            }
        }
        panic!("erasures do not end");
    }

    fn records(&self) -> Vec<Record> {
        let of = |list| {
            self.wait(self.store.reader().records_after(list, 0, 10_000))
                .expect("they are read")
        };
        LISTS.into_iter().flat_map(of).collect()
    }

    fn preview(&self) -> Option<Handle> {
        let guid = self.guids.fetch_add(1, Ordering::Relaxed);
        let preview = Preview {
            group: GROUP,
            agent: Some("ann".to_owned()),
            attempt_guid: format!("{guid:032x}"),
            callback_only: false,
        };
        match self.one(Change::Preview(Box::new(preview))) {
            Ok(Outcome::Delivered(delivery)) => Some(delivery.record.handle),
            _ => None,
        }
    }

    /// As a kill would leave it: another store, opened from the files as they are.
    fn after_a_kill(self) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for file in ["ocs.db", "ocs.db-wal"] {
            let _ = std::fs::copy(self.folder.path().join(file), folder.path().join(file));
        }
        self.store.close();
        Self {
            store: open(folder.path(), &self.clock),
            folder,
            clock: self.clock,
            guids: self.guids,
            runtime: self.runtime,
        }
    }

    fn connection(&self) -> Connection {
        Connection::open(self.folder.path().join("ocs.db")).expect("the store")
    }

    /// Every column of every row that has one of these texts or numbers in it.
    fn rows_with(&self, texts: &[String], numbers: &[i64]) -> Vec<String> {
        let connection = self.connection();
        let tables: Vec<String> = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .and_then(|mut statement| {
                let names = statement.query_map([], |row| row.get(0))?;
                names.collect()
            })
            .expect("tables");
        let mut found = Vec::new();
        for table in tables {
            let mut statement = connection
                .prepare(&format!("SELECT * FROM \"{table}\""))
                .expect("a table");
            let columns: Vec<String> = statement
                .column_names()
                .into_iter()
                .map(str::to_owned)
                .collect();
            let mut rows = statement.query([]).expect("rows");
            while let Some(row) = rows.next().expect("a row") {
                for (at, column) in columns.iter().enumerate() {
                    let has = |bytes: &[u8]| texts.iter().any(|text| is_in(text, bytes));
                    let hit = match row.get_ref(at).expect("a value") {
                        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => has(bytes),
                        ValueRef::Integer(number) => numbers.contains(&number),
                        _ => false,
                    };
                    if hit {
                        found.push(format!("{table}.{column}"));
                    }
                }
            }
        }
        found
    }

    /// Files of the store that have one of these texts in them.
    fn files_with(&self, texts: &[String]) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path()).expect("the folder");
        let mut found = Vec::new();
        for file in files {
            let path = file.expect("a file").path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            for text in texts.iter().filter(|text| is_in(text, &bytes)) {
                found.push(format!("{} has {text}", path.display()));
            }
        }
        found
    }

    /// What stands in the index of contacts is a record.
    fn check_index(&self) {
        let connection = self.connection();
        let records: BTreeSet<Handle> = self.records().iter().map(|record| record.handle).collect();
        for table in ["record_phone", "record_customer"] {
            let pages: Vec<Vec<u8>> = connection
                .prepare(&format!("SELECT entries FROM {table}"))
                .and_then(|mut statement| {
                    let pages = statement.query_map([], |row| row.get(0))?;
                    pages.collect()
                })
                .expect("pages");
            for entry in pages.iter().flat_map(|page| page.as_chunks::<12>().0) {
                let handle = Handle::from_le_bytes([entry[8], entry[9], entry[10], entry[11]]);
                let is_none = *entry == [0; 12];
                assert!(is_none || records.contains(&handle), "{handle} in {table}");
            }
        }
    }

    /// The audit's chain holds from its beginning.
    fn check_audit(&self) {
        let rows = self.wait(self.store.reader().audit_after(0, 100_000));
        let mut head = Head::default();
        for row in rows.expect("they are read") {
            head.check(&row).expect("the chain holds");
        }
    }

    /// What the Do Not Call list says of a phone or customer id.
    fn entries_of(&self, subject: &Subject) -> Vec<Entry> {
        let entries = self.wait(self.store.reader().do_not_call_after(0, 1_000));
        let wanted = keys(subject);
        let is_meant = |entry: &Entry| {
            std::mem::discriminant(&entry.subject) == std::mem::discriminant(subject)
                && keys(&entry.subject).iter().any(|key| wanted.contains(key))
        };
        let entries = entries.expect("they are read").into_iter();
        entries.map(|(_, entry)| entry).filter(is_meant).collect()
    }

    fn is_restricted(&self, subject: &Subject) -> bool {
        !self.entries_of(subject).is_empty()
    }

    fn check_counts(&self) {
        for list in LISTS {
            let counts = self.wait(self.store.reader().counts(list));
            let mut right: BTreeMap<RecordStatus, u64> = BTreeMap::new();
            for record in self.records().iter().filter(|record| record.list == list) {
                *right.entry(record.status).or_default() += 1;
            }
            let mut counts = counts.expect("they are read");
            counts.retain(|_, records| *records > 0);
            assert_eq!(counts, right, "of {list}");
        }
    }
}

fn is_in(text: &str, bytes: &[u8]) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

#[derive(Debug, Clone, Copy)]
struct Adding {
    list: usize,
    person: usize,
    /// A spelling of the phone, or the second phone.
    spelled: usize,
    with_customer: bool,
    /// The chain of the person's last record.
    in_chain: bool,
    imported: bool,
    once: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Add(Adding),
    Preview,
    Processed(usize),
    DoNotCall(usize, bool),
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
        1 => (0..PEOPLE, any::<bool>()).prop_map(|(person, phone)| Step::Erase(person, phone)),
        1 => Just(Step::Tidy),
        1 => (1..4_000_i64).prop_map(Step::Pass),
        1 => Just(Step::Kill),
    ]
}

fn contact(adding: Adding) -> Contact {
    let person = adding.person;
    let name = FieldValue::Text(format!("{} {}", name(person), adding.spelled));
    Contact {
        phone: match adding.spelled {
            3 => other_phone(person),
            spelled => phone(person, spelled),
        },
        phone_type: ContactType::HomePhone,
        customer_id: adding.with_customer.then(|| customer(person)),
        record_type: RecordType::General,
        scheduled: None,
        call_time: None,
        window: DailyWindow {
            from: 0,
            till: 86_399,
        },
        zone: UTC,
        campaign: None,
        agent: None,
        fields: Fields::of([("first-name", name)]),
    }
}

fn add_record(adding: Adding, chain: ChainChoice, import_key: Option<String>) -> Change {
    Change::AddRecord(Box::new(AddRecord {
        list: LISTS[adding.list],
        chain,
        contact: contact(adding),
        new_zone: None,
        status: RecordStatus::Ready,
        result: CallResult::Unknown,
        attempts: 0,
        given: Given::default(),
        import_key,
    }))
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

fn keys(subject: &Subject) -> Vec<i64> {
    match Keys::of(subject, Some("US")) {
        Keys::Phone(compared) => compared.keys().map(u64::cast_signed).collect(),
        Keys::CustomerId(key) => vec![key.cast_signed()],
    }
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
    if !world.is_restricted(&subject) {
        assert_eq!(world.files_with(&texts), [""; 0], "{subject:?}");
    }
    if !after.iter().any(|record| of(record, person).is_some()) {
        let mut rows = world.rows_with(&[name(person).to_owned()], &[]);
        rows.retain(|row| !of_list(row));
        assert_eq!(rows, [""; 0]);
    }
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
    assert_eq!(world.files_with(&texts), [""; 0]);
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
