//! Legal hours at the hand-out, through the real store, with a clock that goes wherever the
//! test wants: nothing goes out when it is not lawful, and nothing is lost.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use ocs_protocol::enumeration::{
    CallResult, CallbackType, ContactType, DialingMode, RecordStatus, RecordType,
};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;
use ocs_rules::calling_list::{CallingList, DailyWindow, ListId};
use ocs_rules::campaign::{Campaign, CampaignGroup, CampaignGroupId, WeightedList};
use ocs_rules::change::{
    AddRecord, ChainChoice, Chained, Change, Given, GroupRequest, OnRecord, Outcome, Preview,
    Reschedule, UnknownKeys,
};
use ocs_rules::counters::take;
use ocs_rules::fields::Fields;
use ocs_rules::frequency_cap::{FrequencyCap, Per, Scope, Span};
use ocs_rules::group_state::{GroupCommand, Settings};
use ocs_rules::legal_hours::rule::Rule;
use ocs_rules::objects::ObjectChange;
use ocs_rules::options::Options;
use ocs_rules::policy::Policy;
use ocs_rules::record::{ChainId, Contact, Handle};
use ocs_store::{AuditHead, Open, Store};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

/// DBID of EST, New York.
const EASTERN: u32 = 1;

/// Florida: 08:00 to 20:00.
const MIAMI: &str = "+13055550123";

/// A store with one calling list and its running campaign group.
struct World {
    folder: TempDir,
    clock: Arc<AtomicI64>,
    store: Store,
    list: ListId,
    group: CampaignGroupId,
    asked: u32,
}

impl World {
    fn new(region: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(AtomicI64::new(second("2026-11-24T17:00:00Z")));
        let store = open(folder.path(), &clock);
        let mut world = Self {
            folder,
            clock,
            store,
            list: 0,
            group: 0,
            asked: 0,
        };
        world.put_list(region, "{}");
        let campaign = |view: &ocs_store::ObjectsView<'_>| {
            let mut counters = view.counters;
            let list = view.objects.lists()[0].dbid;
            let campaign = take(&mut counters.campaign);
            let group = take(&mut counters.group);
            let changes = vec![
                ObjectChange::PutCampaign(Campaign {
                    dbid: campaign,
                    name: "C".to_owned(),
                    description: String::new(),
                    lists: vec![WeightedList {
                        list,
                        weight: 10,
                        filter: None,
                    }],
                    treatments: Vec::new(),
                    options: Options::default(),
                }),
                ObjectChange::PutGroup(CampaignGroup {
                    dbid: group,
                    campaign,
                    group: "agents".to_owned(),
                    description: String::new(),
                    mode: DialingMode::Preview,
                    schedule: None,
                    sequence: None,
                    options: Options::default(),
                }),
            ];
            Ok((changes, counters))
        };
        wait(world.store.change_objects(Box::new(campaign)))
            .expect("written")
            .expect("planned");
        world.group = world.store.objects().groups()[0].dbid;
        let none = Settings::default();
        for command in [GroupCommand::Load(none), GroupCommand::Start(none)] {
            let group = world.group;
            let request = GroupRequest { group, command };
            world
                .ask(Change::Group(Box::new(request)))
                .expect("it runs");
        }
        world
    }

    /// The calling list, new or changed.
    fn put_list(&mut self, region: Option<&str>, options: &str) {
        let (region, options) = (region.map(str::to_owned), Options::from_stored(options));
        let plan = move |view: &ocs_store::ObjectsView<'_>| {
            let mut counters = view.counters;
            let known = view.objects.lists().first().map(|list| list.dbid);
            let list = CallingList {
                dbid: known.unwrap_or_else(|| take(&mut counters.list)),
                name: "Spring".to_owned(),
                window: DailyWindow::default(),
                zone: EASTERN,
                max_attempts: 10,
                region,
                fields: Vec::new(),
                treatments: Vec::new(),
                options,
            };
            Ok((vec![ObjectChange::PutList(list)], counters))
        };
        wait(self.store.change_objects(Box::new(plan)))
            .expect("written")
            .expect("planned");
        self.list = self.store.objects().lists()[0].dbid;
    }

    fn put_rule(&self, change: impl FnOnce(&mut Rule)) {
        let legal = self.store.objects();
        let rules = legal.legal_hours().rules();
        let florida = rules.iter().find(|rule| rule.name == "us-florida");
        let mut rule = Rule::clone(florida.expect("it is built in"));
        change(&mut rule);
        self.apply(ObjectChange::PutRule(rule));
    }

    fn apply(&self, change: ObjectChange) {
        let plan = move |view: &ocs_store::ObjectsView<'_>| Ok((vec![change], view.counters));
        wait(self.store.change_objects(Box::new(plan)))
            .expect("written")
            .expect("planned");
    }

    fn ask(&mut self, change: Change) -> Result<Outcome, Refusal> {
        let mut outcomes = wait(self.store.submit_bulk(vec![change], true)).expect("answered");
        outcomes.pop().expect("an outcome")
    }

    /// A record that its own window lets be called at any time.
    fn add(&mut self, phone: &str, chain: ChainChoice) -> Handle {
        self.add_within(phone, chain, DailyWindow { from: 0, till: 0 })
    }

    fn add_within(&mut self, phone: &str, chain: ChainChoice, window: DailyWindow) -> Handle {
        let request = AddRecord {
            list: self.list,
            chain,
            contact: Contact {
                phone: phone.to_owned(),
                phone_type: ContactType::Mobile,
                customer_id: None,
                record_type: RecordType::General,
                scheduled: None,
                call_time: None,
                window,
                zone: EASTERN,
                campaign: None,
                agent: None,
                fields: Fields::default(),
            },
            new_zone: None,
            status: RecordStatus::Ready,
            result: CallResult::Unknown,
            attempts: 0,
            given: Given::default(),
            import_key: None,
        };
        match self.ask(Change::AddRecord(Box::new(request))) {
            Ok(Outcome::Added { handle, .. }) => handle,
            other => panic!("{other:?}"),
        }
    }

    /// The next record at a moment; `None` when none is due.
    fn next_at(&mut self, moment: &str) -> Option<Handle> {
        self.clock.store(second(moment), Ordering::SeqCst);
        self.asked += 1;
        let preview = Preview {
            group: self.group,
            agent: Some("ann".to_owned()),
            attempt_guid: format!("{:032x}", self.asked),
            callback_only: false,
            empty_handed: false,
        };
        match self.ask(Change::Preview(Box::new(preview))) {
            Ok(Outcome::Delivered(delivery)) => Some(delivery.record.handle),
            Ok(Outcome::NothingDue | Outcome::StillLooking) => None,
            other => panic!("{other:?}"),
        }
    }

    fn reject(&mut self, handle: Handle) {
        let on = on(handle);
        self.ask(Change::RecordReject(Box::new(on)))
            .expect("it goes back");
    }

    /// Does one step of what the time makes due; whether there is more.
    fn tidy(&mut self) -> bool {
        match self.ask(Change::Tidy) {
            Ok(Outcome::Tidied(tidied)) => tidied.more,
            other => panic!("{other:?}"),
        }
    }

    fn reopen(&mut self) {
        self.store.close();
        self.store = open(self.folder.path(), &self.clock);
    }

    /// Where each record's class says that its phone is.
    fn territories(&self) -> Vec<String> {
        let file = Connection::open(file(self.folder.path())).expect("the database");
        file.prepare(
            "SELECT territory FROM record JOIN ready_class ON ready_class.id = ready_class \
             ORDER BY record_id",
        )
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .expect("the classes")
    }
}

/// The lines of the audit about records, which holds.
fn audit(world: &World) -> Vec<Value> {
    let rows = wait(world.store.reader().audit_after(0, 1_000)).expect("the audit");
    let mut head = AuditHead::default();
    for row in &rows {
        head.check(row).expect("the chain holds");
    }
    rows.iter()
        .flat_map(|row| serde_json::from_str::<Vec<Value>>(&row.lines).expect("an array"))
        .collect()
}

impl Drop for World {
    fn drop(&mut self) {
        self.store.close();
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("ocs.db")
}

fn open(folder: &Path, clock: &Arc<AtomicI64>) -> Store {
    let clock = Arc::clone(clock);
    let open = Open {
        path: file(folder),
        holder: "the test".to_owned(),
        clock: Arc::new(move || {
            Timestamp::from_second(clock.load(Ordering::SeqCst)).expect("a moment")
        }),
        policy: Policy::default(),
    };
    Store::open(open).expect("it opens").0
}

fn on(handle: Handle) -> OnRecord {
    OnRecord {
        handle,
        list: None,
        attempt_guid: None,
        unknown: UnknownKeys::default(),
    }
}

fn second(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("a moment").as_second()
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}

/// A clock that jumps: to and fro by an hour, back by a day, over both changes of the clock
/// in Florida (8 March and 1 November 2026).
#[test]
fn whatever_the_clock_does() {
    let mut world = World::new(None);
    let handle = world.add(MIAMI, ChainChoice::New);
    for (moment, lawful) in [
        ("2026-11-25T00:59:59Z", true),
        ("2026-11-25T01:00:00Z", false),
        // An hour back, and on again.
        ("2026-11-25T00:30:00Z", true),
        ("2026-11-25T01:30:00Z", false),
        ("2026-11-25T12:59:59Z", false),
        ("2026-11-25T13:00:00Z", true),
        // A day back, into the night, and into the day before that.
        ("2026-11-24T12:59:59Z", false),
        ("2026-11-23T23:59:59Z", true),
        ("2026-11-24T01:00:00Z", false),
        // Summer time begins, and ends.
        ("2026-03-07T12:30:00Z", false),
        ("2026-03-08T11:59:59Z", false),
        ("2026-03-08T12:00:00Z", true),
        ("2026-03-08T23:59:59Z", true),
        ("2026-03-09T00:00:00Z", false),
        ("2026-10-31T12:30:00Z", true),
        ("2026-11-01T12:30:00Z", false),
        ("2026-11-01T13:00:00Z", true),
        ("2026-11-02T00:59:59Z", true),
        ("2026-11-02T01:00:00Z", false),
        ("2026-11-01T20:00:00Z", true),
    ] {
        let next = world.next_at(moment);
        assert_eq!(next, lawful.then_some(handle), "at {moment}");
        if let Some(handle) = next {
            world.reject(handle);
        }
    }
}

/// A changed rule counts at once, and moves no record.
#[test]
fn rules_change_under_records() {
    let mut world = World::new(None);
    let handle = world.add(MIAMI, ChainChoice::New);
    let evening = "2026-11-25T01:30:00Z";
    let placed = world.territories();
    assert_eq!(placed, ["US-FL.E"]);
    assert_eq!(world.next_at(evening), None);
    world.put_rule(|rule| rule.off = true);
    assert_eq!(
        world.next_at(evening),
        Some(handle),
        "21:00 is the nation's"
    );
    world.reject(handle);
    world.put_rule(|rule| rule.off = false);
    assert_eq!(world.next_at(evening), None);
    world.reopen();
    assert_eq!(world.next_at(evening), None, "it is in the store");
    assert_eq!(world.territories(), placed);
    // A calling list whose option says that it does not matter.
    world.put_list(None, r#"{"legal-hours":false}"#);
    while world.tidy() {}
    assert_eq!(world.next_at(evening), Some(handle));
    world.reject(handle);
    world.put_list(None, "{}");
    assert_eq!(
        world.next_at(evening),
        None,
        "at once, before it is placed again"
    );
}

/// Records that were placed before anybody asked for legal hours, as a migration finds
/// them.
#[test]
fn records_of_an_earlier_version() {
    let mut world = World::new(None);
    let count = 450;
    let handles: Vec<_> = (0..count)
        .map(|number| world.add(&format!("+1305555{number:04}"), ChainChoice::New))
        .collect();
    let forget = |world: &mut World| {
        world.store.close();
        let file = Connection::open(file(world.folder.path())).expect("the database");
        file.execute_batch(
            "DELETE FROM ready_class WHERE id > 1; \
             UPDATE ready_class SET territory = ''; \
             UPDATE record SET ready_class = 1 WHERE ready_class IS NOT NULL; \
             UPDATE placed_list SET guarded = 0, region = NULL, up_to = NULL;",
        )
        .expect("forgotten");
        world.store = open(world.folder.path(), &world.clock);
        assert!(world.territories().iter().all(String::is_empty));
    };
    let night = "2026-11-25T03:00:00Z";
    let day = "2026-11-25T15:00:00Z";

    // By hand-out alone: 64 and the one that a preview looks past at a request, and never one
    // that is not lawful.
    forget(&mut world);
    for placed in [65, 130, 195, 260, 325, 390, 450, 450] {
        assert_eq!(world.next_at(night), None);
        let told = world.territories();
        let found = told.iter().filter(|place| *place == "US-FL.E").count();
        assert_eq!(found, placed);
    }
    assert_eq!(world.next_at(day), Some(handles[0]));
    world.reject(handles[0]);

    // In steps beside, over a restart.
    forget(&mut world);
    assert!(world.tidy(), "there is more");
    world.reopen();
    let mut steps = 1;
    while world.tidy() {
        steps += 1;
        world.reopen();
    }
    assert!(steps <= 6, "{steps} steps: it goes on where it was");
    assert!(world.territories().iter().all(|place| place == "US-FL.E"));
    assert_eq!(world.next_at(night), None);
    let mut taken = Vec::new();
    while let Some(handle) = world.next_at(day) {
        taken.push(handle);
    }
    assert_eq!(taken, handles, "each once, and none is missing");
}

/// A phone without its country code is where its calling list's region says.
#[test]
fn a_region_that_changes() {
    let mut world = World::new(None);
    let handle = world.add("3055550123", ChainChoice::New);
    let night = "2026-11-25T03:00:00Z";
    assert_eq!(world.territories(), ["?"]);
    assert_eq!(
        world.next_at(night),
        Some(handle),
        "nobody knows where it is"
    );
    world.reject(handle);
    world.put_list(Some("US"), "{}");
    assert_eq!(world.next_at(night), None);
    while world.tidy() {}
    assert_eq!(world.territories(), ["US-FL.E"]);
    assert_eq!(world.next_at(night), None);
    assert_eq!(world.next_at("2026-11-25T15:00:00Z"), Some(handle));
}

/// The other records of a chain are asked for whatever their own windows say; the law holds
/// all the same.
#[test]
fn the_rest_of_a_chain() {
    let mut world = World::new(None);
    let first = world.add("+81312345678", ChainChoice::New);
    let chain = ChainChoice::Existing(ChainId::from(first).into());
    let miami = world.add(MIAMI, chain.clone());
    let tokyo = world.add("+81312345679", chain);
    let night = "2026-11-25T03:00:00Z";
    assert_eq!(world.next_at(night), Some(first));
    let mut rest = |moment: &str| {
        world.clock.store(second(moment), Ordering::SeqCst);
        world.asked += 1;
        let chained = Chained {
            on: on(first),
            guid_seed: u128::from(world.asked) << 64,
        };
        match world.ask(Change::Chained(Box::new(chained))) {
            Ok(Outcome::Chained(chain)) => chain
                .iter()
                .map(|one| one.record.handle)
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(rest(night), [tokyo]);
    assert_eq!(rest("2026-11-25T15:00:00Z"), [miami]);
}

/// An earlier record that may not be called by law is as one outside its window: the later
/// ones are not held back.
#[test]
fn a_chain_over_the_ocean() {
    let mut world = World::new(None);
    let miami = world.add(MIAMI, ChainChoice::New);
    let tokyo = world.add("+81312345678", ChainChoice::Existing(miami.into()));
    for (moment, next) in [
        ("2026-11-25T03:00:00Z", tokyo),
        ("2026-11-25T15:00:00Z", miami),
        ("2026-11-26T03:00:00Z", tokyo),
    ] {
        assert_eq!(world.next_at(moment), Some(next), "{moment}");
        world.reject(next);
    }
}

/// A callback may be outside the record's own window, and never outside legal hours.
#[test]
fn callbacks() {
    let mut world = World::new(None);
    let handle = world.add(MIAMI, ChainChoice::New);
    world.put_rule(|_| {});
    for (at, sentence) in [
        ("11/25/2026 19:59", None),
        (
            "11/25/2026 20:00",
            Some("us-florida (Fla. Stat. 501.616(6)(a): 08:00-20:00)"),
        ),
        (
            "2026-11-26T12:30:00Z",
            Some("calls are lawful again at 2026-11-26T13:00:00Z"),
        ),
        ("2026-11-26T13:00:00Z", None),
    ] {
        let request = Reschedule {
            on: on(handle),
            at: at.to_owned(),
            callback: CallbackType::Campaign,
            agent: None,
            again: false,
        };
        let came = world.ask(Change::Reschedule(Box::new(request)));
        match (came, sentence) {
            (Ok(_), None) => {}
            (Err(refusal), Some(sentence)) => {
                assert_eq!(refusal.number, ErrorNumber::OutsideLegalHours);
                assert!(refusal.sentence.contains(sentence), "{refusal}");
            }
            (came, _) => panic!("{at}: {came:?}"),
        }
    }
    assert_eq!(world.next_at("2026-11-26T12:59:59Z"), None);
    assert_eq!(world.next_at("2026-11-26T13:00:00Z"), Some(handle));
}

/// What is not lawful is said in the audit before any cap is asked, and takes no cap's room.
#[test]
fn blocks_in_the_audit() {
    let mut world = World::new(None);
    world.apply(ObjectChange::PutCap(FrequencyCap {
        name: "once".to_owned(),
        attempts: 1,
        span: Span::Days(1),
        per: Per::Phone,
        scope: Scope::All,
        lists: Vec::new(),
    }));
    while world.tidy() {}
    let first = world.add("6505550123", ChainChoice::New);
    let second = world.add("3055550123", ChainChoice::Existing(first.into()));
    let tokyo = world.add("+81312345678", ChainChoice::New);
    // Placed when nobody knew where they are.
    world.put_list(Some("US"), "{}");
    let night = "2026-11-25T03:00:00Z";
    assert_eq!(world.next_at(night), Some(tokyo));
    assert_eq!(world.next_at(night), None);
    let evening = "2026-11-26T01:30:00Z";
    let federal = "it is outside the legal hours of the rule us-federal \
                   (47 CFR 64.1200(c)(1): 08:00-21:00) in America/New_York";
    let florida = "it is outside the legal hours of the rule us-florida \
                   (Fla. Stat. 501.616(6)(a): 08:00-20:00) in America/New_York";
    // Asked for by who has the first one; 20:30 in Florida.
    let day = "2026-11-25T17:00:00Z";
    assert_eq!(world.next_at(day), Some(first));
    let chained = Chained {
        on: on(first),
        guid_seed: 1 << 100,
    };
    world.clock.store(self::second(evening), Ordering::SeqCst);
    let came = world.ask(Change::Chained(Box::new(chained)));
    assert!(
        matches!(&came, Ok(Outcome::Chained(chain)) if chain.is_empty()),
        "{came:?}"
    );
    let told: Vec<_> = audit(&world)
        .into_iter()
        .map(|line| {
            (
                line["what"].clone(),
                line["record"].clone(),
                line["rules"].clone(),
            )
        })
        .collect();
    let passed = |rule: &str| json!({ "legal-hours": rule, "do-not-call": "passed", "frequency-cap once": "0 of 1" });
    assert_eq!(
        told,
        [
            (
                json!("blocked"),
                json!(first),
                json!({ "legal-hours": federal })
            ),
            (
                json!("handed-out"),
                json!(tokyo),
                passed("passed: no rule holds for such phones")
            ),
            (json!("handed-out"), json!(first), passed("passed")),
            (
                json!("blocked"),
                json!(second),
                json!({ "legal-hours": florida })
            ),
        ]
    );
}

/// A class that tells too many windows apart is coarse and says nothing of the law: who is
/// looked at in vain sleeps until it is lawful, or until the rules are others.
#[test]
fn in_a_coarse_class() {
    let mut world = World::new(None);
    // Nine earlier ones of the chain, which are called at dawn alone.
    let dawn = |second: u32| DailyWindow {
        from: 3_600 + second,
        till: 7_200,
    };
    let first = world.add_within("+81312345600", ChainChoice::New, dawn(0));
    let chain = ChainChoice::Existing(first.into());
    for at in 1..9 {
        world.add_within(&format!("+8131234560{at}"), chain.clone(), dawn(at));
    }
    let last = world.add(MIAMI, chain);
    let evening = "2026-11-25T01:30:00Z";
    let asleep = |world: &World| {
        let file = Connection::open(file(world.folder.path())).expect("the database");
        let class: Option<u32> = file
            .query_row(
                "SELECT ready_class FROM record WHERE record_id = ?1",
                [last],
                |row| row.get(0),
            )
            .expect("the record");
        class.is_none()
    };
    assert!(!asleep(&world));
    assert_eq!(world.next_at(evening), None);
    assert!(asleep(&world), "and is looked at no more");
    assert_eq!(world.next_at(evening), None);
    assert_eq!(audit(&world).len(), 1);
    // Until it is lawful.
    assert_eq!(world.next_at("2026-11-25T12:59:59Z"), None);
    assert_eq!(world.next_at("2026-11-25T13:00:00Z"), Some(last));
    world.reject(last);
    // Until the rule is another.
    let evening = "2026-11-26T01:30:00Z";
    assert_eq!(world.next_at(evening), None);
    assert!(asleep(&world));
    world.put_rule(|rule| rule.off = true);
    assert_eq!(world.next_at(evening), Some(last));
}
