//! A store that records are removed from, and what is looked at afterwards: every column of
//! every table, the files, the index of contacts, the audit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use jiff::Timestamp;
use ocs_protocol::enumeration::{CallResult, ContactType, DialingMode, RecordStatus, RecordType};
use ocs_protocol::refusal::Refusal;
use ocs_rules::calling_list::{CallingList, DailyWindow, Field, FieldKind, ListId};
use ocs_rules::campaign::{Campaign, CampaignGroup, WeightedList};
use ocs_rules::change::{AddRecord, ChainChoice, Change, Given, GroupRequest, Outcome, Preview};
use ocs_rules::do_not_call::{Entry, Keys, Subject};
use ocs_rules::erasure::Erased;
use ocs_rules::fields::{FieldValue, Fields};
use ocs_rules::filter::Filter;
use ocs_rules::group_state::{GroupCommand, Settings};
use ocs_rules::objects::ObjectChange;
use ocs_rules::options::Options;
use ocs_rules::policy::Policy;
use ocs_rules::record::{Contact, Handle, Record};
use ocs_rules::zone::UTC;

use ocs_store::{AuditHead as Head, Open, Outcomes, Store};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tempfile::TempDir;

pub(crate) const LISTS: [ListId; 2] = [101, 102];
pub(crate) const GROUP: u32 = 301;
/// Wednesday, noon in New York: phones there may be called.
pub(crate) const NOON: i64 = 1_795_626_000;

/// Who is called: each has several spellings of a phone, a customer id and a name.
pub(crate) const PEOPLE: usize = 4;

pub(crate) fn phone(person: usize, spelled: usize) -> String {
    match spelled % 3 {
        0 => format!("+1650555017{person}"),
        1 => format!("(650) 555-017{person}"),
        _ => format!("001 650 555017{person}"),
    }
}

/// A second phone of the same person.
pub(crate) fn other_phone(person: usize) -> String {
    format!("+1212555018{person}")
}

pub(crate) fn customer(person: usize) -> String {
    format!("CUSTOMER-{person}-{}", name(person))
}

pub(crate) fn name(person: usize) -> &'static str {
    ["Adelheid", "Balthasar", "Cunigunde", "Dietlinde"][person]
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) store: Store,
    pub(crate) guids: AtomicU64,
    pub(crate) runtime: tokio::runtime::Runtime,
}

pub(crate) fn open(path: &Path, clock: &Arc<AtomicI64>) -> Store {
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
    pub(crate) fn new() -> Self {
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

    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub(crate) fn all(&self, changes: Vec<Change>) -> Outcomes {
        self.wait(self.store.submit_bulk(changes, true))
            .expect("it is written")
    }

    pub(crate) fn one(&self, change: Change) -> Result<Outcome, Refusal> {
        self.all(vec![change]).remove(0)
    }

    pub(crate) fn erase(&self, subject: Subject) -> Erased {
        match self.one(Change::Erase(subject, "the test".to_owned())) {
            Ok(Outcome::Erased(erased)) => *erased,
            other => panic!("{other:?}"),
        }
    }

    /// A step of housekeeping; whether there is more.
    pub(crate) fn tidy(&self) -> bool {
        match self.one(Change::Tidy) {
            Ok(Outcome::Tidied(tidied)) => tidied.more,
            other => panic!("{other:?}"),
        }
    }

    /// Until the erasures are done, and their bytes.
    pub(crate) fn tidy_all(&self) {
        for _ in 0..10_000 {
            if !self.tidy() && !self.wait(self.store.reader().scrubbing()).expect("read") {
                return;
            }
        }
        panic!("erasures do not end");
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        let of = |list| {
            self.wait(self.store.reader().records_after(list, 0, 10_000))
                .expect("they are read")
        };
        LISTS.into_iter().flat_map(of).collect()
    }

    pub(crate) fn preview(&self) -> Option<Handle> {
        let guid = self.guids.fetch_add(1, Ordering::Relaxed);
        let preview = Preview {
            group: GROUP,
            agent: Some("ann".to_owned()),
            attempt_guid: format!("{guid:032x}"),
            callback_only: false,
            empty_handed: false,
        };
        match self.one(Change::Preview(Box::new(preview))) {
            Ok(Outcome::Delivered(delivery)) => Some(delivery.record.handle),
            _ => None,
        }
    }

    /// As a kill would leave it: another store, opened from the files as they are.
    pub(crate) fn after_a_kill(self) -> Self {
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

    pub(crate) fn connection(&self) -> Connection {
        Connection::open(self.folder.path().join("ocs.db")).expect("the store")
    }

    /// Every column of every row that has one of these texts or numbers in it.
    pub(crate) fn rows_with(&self, texts: &[String], numbers: &[i64]) -> Vec<String> {
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
            let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
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
    pub(crate) fn files_with(&self, texts: &[String]) -> Vec<String> {
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
    pub(crate) fn check_index(&self) {
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
    pub(crate) fn check_audit(&self) {
        let rows = self.wait(self.store.reader().audit_after(0, 100_000));
        let mut head = Head::default();
        for row in rows.expect("they are read") {
            head.check(&row).expect("the chain holds");
        }
    }

    /// What the Do Not Call list says of a phone or customer id.
    pub(crate) fn entries_of(&self, subject: &Subject) -> Vec<Entry> {
        let entries = self.wait(self.store.reader().do_not_call_after(0, 1_000));
        let wanted = keys(subject);
        let is_meant = |entry: &Entry| {
            std::mem::discriminant(&entry.subject) == std::mem::discriminant(subject)
                && keys(&entry.subject).iter().any(|key| wanted.contains(key))
        };
        let entries = entries.expect("they are read").into_iter();
        entries.map(|(_, entry)| entry).filter(is_meant).collect()
    }

    pub(crate) fn is_restricted(&self, subject: &Subject) -> bool {
        !self.entries_of(subject).is_empty()
    }

    pub(crate) fn check_counts(&self) {
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

pub(crate) fn is_in(text: &str, bytes: &[u8]) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Adding {
    pub(crate) list: usize,
    pub(crate) person: usize,
    /// A spelling of the phone, or the second phone.
    pub(crate) spelled: usize,
    pub(crate) with_customer: bool,
    /// The chain of the person's last record.
    pub(crate) in_chain: bool,
    pub(crate) imported: bool,
    pub(crate) once: bool,
}

pub(crate) fn contact(adding: Adding) -> Contact {
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

pub(crate) fn add_record(adding: Adding, chain: ChainChoice, import_key: Option<String>) -> Change {
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

pub(crate) fn keys(subject: &Subject) -> Vec<i64> {
    match Keys::of(subject, Some("US")) {
        Keys::Phone(compared) => compared.keys().map(u64::cast_signed).collect(),
        Keys::CustomerId(key) => vec![key.cast_signed()],
    }
}
