//! The next record of a real store, against section 4 of records.md read literally over
//! all that the store holds: two calling lists, each taken by a filter or without, which
//! is changed on the way, over zones, changes of the clock, and legal hours that are changed
//! as well.

use std::cmp::Reverse;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::channel;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ocs_protocol::enumeration::{
    CallResult, CallbackType, ContactType, DialingMode, RecordStatus, RecordType,
};
use ocs_protocol::outbound::Pair;
use ocs_rules::calling_list::{CallingList, DailyWindow, Field, FieldKind, ListId};
use ocs_rules::campaign::{Campaign, CampaignGroup, WeightedList};
use ocs_rules::change::{
    AddRecord, ChainChoice, Chained, Change, Completion, Given, GroupRequest, OnRecord, Outcome,
    Preview, Reschedule,
};
use ocs_rules::fields::{FieldValue, Fields};
use ocs_rules::filter::Filter;
use ocs_rules::group_state::{GroupCommand, Settings};
use ocs_rules::legal_hours::rule::{Origin, Rule};
use ocs_rules::objects::{ObjectChange, Objects};
use ocs_rules::options::Options;
use ocs_rules::policy::Policy;
use ocs_rules::record::{Contact, Handle, Record};
use ocs_store::{Open, Outcomes, Store};
use proptest::prelude::*;
use tempfile::TempDir;

const HOUR: i64 = 3_600;
const LISTS: [ListId; 2] = [101, 102];
const CAMPAIGN: u32 = 201;
const GROUP: u32 = 301;

/// Noon before a change of the clock in Berlin, in New York, and in Berlin again.
const NOONS: [i64; 3] = [1_774_699_200, 1_772_884_800, 1_792_843_200];

/// A filter as it is written, and what it means: by which key a record that it takes is
/// sorted.
struct Taken {
    condition: &'static str,
    order: &'static str,
    key: fn(&Record, Option<i64>) -> Option<Vec<i64>>,
}

const FILTERS: [Taken; 4] = [
    Taken {
        condition: "",
        order: "score",
        key: |_, score| Some(vec![score.unwrap_or(i64::MAX)]),
    },
    Taken {
        condition: "score > 1",
        order: "score desc",
        key: |_, score| score.filter(|score| *score > 1).map(|score| vec![-score]),
    },
    Taken {
        condition: "score is null or contact_info_type = Pager or call_result = Busy",
        order: "",
        key: |record, score| {
            let pager = record.contact.phone_type == ContactType::Pager;
            (score.is_none() || pager || record.result == CallResult::Busy).then(Vec::new)
        },
    },
    Taken {
        condition: "not (attempt between 1 and 9) and agent_id is null",
        order: "tz_dbid, score desc",
        key: |record, score| {
            let score = score.map_or(i64::MAX, |score| -score);
            (!(1..=9).contains(&record.attempts) && record.contact.agent.is_none())
                .then(|| vec![record.contact.zone.into(), score])
        },
    },
];

/// How phones begin, the zones that they may be in, and the hours from and till that the law
/// lets them be called on Sundays, and on other days.
type Law = (&'static str, &'static [&'static str], [(i8, i8); 2]);

const LAWS: [Law; 3] = [
    ("+1650", &["America/Los_Angeles"], [(8, 21), (8, 21)]),
    (
        "+1850",
        &["America/Chicago", "America/New_York"],
        [(8, 20), (8, 20)],
    ),
    ("+1915", &["America/Denver"], [(12, 21), (9, 21)]),
];

/// Whose law is the nation's alone, and a phone that there is no rule for.
const CALIFORNIA: &str = LAWS[0].0;
const TOKYO: &str = "+8135";

/// Where legal hours hold.
#[derive(Debug, Clone, Copy)]
struct Guarded {
    lists: [bool; 2],
    /// Whether the nation's rule does.
    nation: bool,
}

/// Legal hours, read literally.
fn lawful(record: &Record, own: &TimeZone, guarded: Guarded, now: i64) -> bool {
    let phone = &record.contact.phone;
    let law = LAWS.iter().find(|(begin, ..)| phone.starts_with(begin));
    let list = LISTS.iter().position(|list| *list == record.list);
    let nation = guarded.nation || !phone.starts_with(CALIFORNIA);
    let Some((_, zones, [sunday, other])) =
        law.filter(|_| nation && list.is_some_and(|list| guarded.lists[list]))
    else {
        return true;
    };
    let moment = Timestamp::from_second(now).expect("a moment");
    let zones = zones
        .iter()
        .map(|name| TimeZone::get(name).expect("a zone"));
    zones.chain([own.clone()]).all(|zone| {
        let local = moment.to_zoned(zone);
        let (from, till) = match local.weekday() {
            jiff::civil::Weekday::Sunday => *sunday,
            _ => *other,
        };
        from <= local.hour() && local.hour() < till
    })
}

struct World {
    folder: TempDir,
    clock: Arc<AtomicI64>,
    store: Store,
    filters: [Option<usize>; 2],
    guarded: Guarded,
    agents: u128,
}

#[derive(Debug, Clone)]
struct Adding {
    list: usize,
    phone: &'static str,
    chain: Option<usize>,
    window: DailyWindow,
    zone: u32,
    record_type: RecordType,
    scheduled: Option<i64>,
    attempts: u32,
    score: Option<i64>,
    pager: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Add(Adding),
    /// Takes a record, for an agent or none.
    Preview(bool),
    Processed(usize),
    Rejected(usize),
    Scored(usize, i64, bool),
    Rescheduled(usize, i64, bool),
    Chained(usize),
    Pass(i64),
    Tidy,
    /// Another filter for a calling list, or none.
    Filter(usize, Option<usize>),
    /// Whether legal hours hold for a calling list.
    Guard(usize, bool),
    /// Whether the nation's rule holds.
    Nation(bool),
    /// Closed and opened again.
    Reopen,
}

impl World {
    fn new(noon: i64, filters: [Option<usize>; 2]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(AtomicI64::new(noon));
        let store = open(&folder, &clock);
        let mut world = Self {
            folder,
            clock,
            store,
            filters,
            guarded: Guarded {
                lists: [true; 2],
                nation: true,
            },
            agents: 0,
        };
        let mut changes: Vec<_> = LISTS.map(|dbid| calling_list(dbid, true)).into();
        for (dbid, taken) in (1..).zip(FILTERS) {
            changes.push(ObjectChange::PutFilter(Filter {
                dbid,
                name: format!("filter {dbid}"),
                condition: taken.condition.to_owned(),
                order: taken.order.to_owned(),
            }));
        }
        changes.push(world.campaign());
        changes.push(ObjectChange::PutGroup(CampaignGroup {
            schedule: None,
            sequence: None,
            dbid: GROUP,
            campaign: CAMPAIGN,
            group: "agents".to_owned(),
            description: String::new(),
            mode: DialingMode::Preview,
            options: Options::default(),
        }));
        world.apply(changes);
        let none = Settings::default();
        for command in [GroupCommand::Load(none), GroupCommand::Start(none)] {
            let request = GroupRequest {
                group: GROUP,
                command,
            };
            let outcomes = world.submit(Change::Group(Box::new(request)));
            assert!(outcomes[0].is_ok(), "{outcomes:?}");
        }
        world
    }

    fn campaign(&self) -> ObjectChange {
        let used = LISTS.iter().zip(self.filters);
        let lists = used.map(|(list, filter)| WeightedList {
            list: *list,
            weight: 50,
            filter: filter.map(|filter| u32::try_from(filter + 1).expect("small")),
        });
        ObjectChange::PutCampaign(Campaign {
            dbid: CAMPAIGN,
            name: "campaign".to_owned(),
            description: String::new(),
            lists: lists.collect(),
            treatments: Vec::new(),
            options: Options::default(),
        })
    }

    fn apply(&self, changes: Vec<ObjectChange>) {
        wait(
            self.store
                .change_objects(Box::new(move |view| Ok((changes, view.counters)))),
        )
        .expect("they are written")
        .expect("they are planned");
    }

    fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    fn submit(&mut self, change: Change) -> Outcomes {
        let (outcomes, received) = channel();
        let reply = Box::new(move |came| outcomes.send(came).expect("it is heard"));
        let taken = self.store.submit(vec![change.into()], Vec::new(), reply);
        assert!(taken.is_ok(), "the queue has room");
        received.recv().expect("it is answered")
    }

    fn records(&self) -> Vec<Record> {
        let of_list = |list| wait(self.store.reader().records_after(list, 0, 10_000));
        LISTS
            .into_iter()
            .flat_map(|list| of_list(list).expect("they are read"))
            .collect()
    }

    fn preview(&mut self, agent: Option<&str>) -> Option<Handle> {
        self.agents += 1;
        let preview = Preview {
            group: GROUP,
            agent: agent.map(str::to_owned),
            attempt_guid: format!("{:032x}", self.agents),
            callback_only: false,
            empty_handed: false,
        };
        match self.submit(Change::Preview(Box::new(preview))).remove(0) {
            Ok(Outcome::Delivered(delivery)) => Some(delivery.record.handle),
            Ok(Outcome::NothingDue) => None,
            other => panic!("{other:?}"),
        }
    }

    /// What is handed out must be the first of its calling list, and of a rank that no
    /// other calling list has a greater one of.
    fn check_preview(&mut self, agent: Option<&str>) {
        let records = self.records();
        let objects = self.store.objects();
        let (guarded, now) = (self.guarded, self.now());
        let first = |list: usize| {
            let of_list = records.iter().filter(|record| record.list == LISTS[list]);
            of_list
                .filter(|record| due(record, &records, &objects, guarded, now))
                .filter(|record| {
                    record.contact.record_type != RecordType::PersonalCallBack
                        || agent.is_some() && record.contact.agent.as_deref() == agent
                })
                .filter_map(|record| {
                    let fields = record.contact.fields.map();
                    let score = fields.get("score").and_then(serde_json::Value::as_i64);
                    let mut key = match self.filters[list] {
                        Some(filter) => (FILTERS[filter].key)(record, score)?,
                        None => Vec::new(),
                    };
                    if record.contact.record_type == RecordType::PersonalCallBack {
                        key.clear();
                    }
                    let Contact { scheduled, .. } = record.contact;
                    let rank = Reverse(rank(record.contact.record_type));
                    Some((
                        rank,
                        key,
                        scheduled,
                        record.chain,
                        record.chain_n,
                        record.handle,
                    ))
                })
                .min()
        };
        let firsts = [first(0), first(1)];
        let best = firsts.iter().flatten().map(|(rank, ..)| *rank).min();
        let right: Vec<_> = firsts
            .iter()
            .flatten()
            .filter(|(rank, ..)| Some(*rank) == best)
            .map(|(.., handle)| *handle)
            .collect();
        let found = self.preview(agent);
        assert_eq!(found.is_some(), !right.is_empty(), "{found:?} of {right:?}");
        if let Some(found) = found {
            assert!(right.contains(&found), "{found} of {right:?}");
        }
    }

    fn step(&mut self, step: Step) {
        let records = self.records();
        let picked = |at: usize| records.get(at.checked_rem(records.len())?);
        let on = |record: &Record| OnRecord {
            handle: record.handle,
            ..OnRecord::default()
        };
        let change = match step {
            Step::Add(adding) => add(&adding, &records, self.now()),
            Step::Preview(with_agent) => {
                self.check_preview(with_agent.then_some("ann"));
                return;
            }
            Step::Processed(at) => {
                let Some(record) = picked(at) else { return };
                Change::RecordProcessed(Box::new(Completion {
                    on: on(record),
                    ..Completion::default()
                }))
            }
            Step::Rejected(at) => {
                let mut out = records
                    .iter()
                    .filter(|r| r.status == RecordStatus::Retrieved);
                let Some(record) = out.nth(at % 3) else {
                    return;
                };
                Change::RecordReject(Box::new(on(record)))
            }
            Step::Scored(at, score, busy) => {
                let Some(record) = picked(at) else { return };
                Change::UpdateCallCompletionStats(Box::new(Completion {
                    on: on(record),
                    result: busy.then_some(CallResult::Busy),
                    fields: vec![Pair::text("score", score.to_string())],
                    refuse_unknown: true,
                    treatment: None,
                }))
            }
            Step::Rescheduled(at, seconds, personal) => {
                let Some(record) = picked(at) else { return };
                let moment = Timestamp::from_second(self.now() + seconds).expect("a moment");
                Change::Reschedule(Box::new(Reschedule {
                    on: on(record),
                    at: moment.to_string(),
                    callback: if personal {
                        CallbackType::Personal
                    } else {
                        CallbackType::Campaign
                    },
                    agent: personal.then(|| "ann".to_owned()),
                    again: false,
                }))
            }
            Step::Chained(at) => {
                let Some(record) = picked(at) else { return };
                Change::Chained(Box::new(Chained {
                    on: on(record),
                    guid_seed: 1_000_000 * (self.agents + 1),
                }))
            }
            Step::Pass(seconds) => {
                self.clock.fetch_add(seconds, Ordering::SeqCst);
                return;
            }
            Step::Tidy => Change::Tidy,
            Step::Filter(list, filter) => {
                self.filters[list] = filter;
                self.apply(vec![self.campaign()]);
                return;
            }
            Step::Guard(list, holds) => {
                self.guarded.lists[list] = holds;
                self.apply(vec![calling_list(LISTS[list], holds)]);
                // Who may be called more than before is found once he is placed.
                while let Ok(Outcome::Tidied(tidied)) = &self.submit(Change::Tidy)[0]
                    && tidied.more
                {}
                return;
            }
            Step::Nation(holds) => {
                self.guarded.nation = holds;
                let objects = self.store.objects();
                let mut rules = objects.legal_hours().rules().iter();
                let rule = rules.find(|rule| rule.name == "us-federal");
                let rule = Rule {
                    off: !holds,
                    // As an objects file puts it: what is built in comes back at a start.
                    origin: Origin::Configured,
                    ..Rule::clone(rule.expect("it is built in"))
                };
                self.apply(vec![ObjectChange::PutRule(rule)]);
                return;
            }
            Step::Reopen => {
                self.store.close();
                self.store = open(&self.folder, &self.clock);
                return;
            }
        };
        self.submit(change);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.store.close();
    }
}

fn calling_list(dbid: ListId, guarded: bool) -> ObjectChange {
    ObjectChange::PutList(CallingList {
        dbid,
        name: format!("list {dbid}"),
        window: DailyWindow::default(),
        zone: 8,
        max_attempts: 10,
        region: None,
        fields: vec![Field {
            name: "score".to_owned(),
            kind: FieldKind::Int,
            send_attribute: None,
        }],
        treatments: Vec::new(),
        options: Options::from_stored(if guarded {
            "{}"
        } else {
            r#"{"legal-hours":false}"#
        }),
    })
}

fn open(folder: &TempDir, clock: &Arc<AtomicI64>) -> Store {
    let clock = Arc::clone(clock);
    let now = move || Timestamp::from_second(clock.load(Ordering::SeqCst)).expect("a moment");
    let open = Open {
        path: folder.path().join("ocs.db"),
        holder: "the test".to_owned(),
        clock: Arc::new(now),
        policy: Policy::default(),
    };
    Store::open(open).expect("it opens").0
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}

const fn rank(record_type: RecordType) -> u32 {
    match record_type {
        RecordType::PersonalCallBack => 5,
        RecordType::CampaignCallBack => 4,
        RecordType::PersonalRescheduled => 3,
        RecordType::CampaignRescheduled => 2,
        _ => 1,
    }
}

/// Section 4, read literally, but for filters and personal callbacks.
fn due(record: &Record, records: &[Record], objects: &Objects, guarded: Guarded, now: i64) -> bool {
    let in_window = |record: &Record| {
        let zone = objects.zone(record.contact.zone).expect("a zone");
        if !lawful(record, &zone.zone, guarded, now) {
            return false;
        }
        if record.outside_window {
            return true;
        }
        let moment = Timestamp::from_second(now).expect("a moment");
        let time = moment.to_zoned(zone.zone.clone()).time();
        let second = u32::try_from(
            i64::from(time.hour()) * HOUR
                + i64::from(time.minute()) * 60
                + i64::from(time.second()),
        )
        .expect("a second of the day");
        let DailyWindow { from, till } = record.contact.window;
        match from.cmp(&till) {
            std::cmp::Ordering::Less => (from..till).contains(&second),
            std::cmp::Ordering::Equal => true,
            std::cmp::Ordering::Greater => !(till..from).contains(&second),
        }
    };
    let waits = |record: &Record| record.contact.scheduled.is_some_and(|at| at > now);
    let chain = || {
        let same = |other: &&Record| (other.list, other.chain) == (record.list, record.chain);
        records.iter().filter(same)
    };
    let earlier = |other: &&Record| other.chain_n < record.chain_n;
    !record.is_final()
        && record.status == RecordStatus::Ready
        && !waits(record)
        && in_window(record)
        && record.attempts < 10
        && chain().all(|other| other.status != RecordStatus::Retrieved)
        && chain().filter(earlier).all(|earlier| {
            earlier.is_final()
                || earlier.status == RecordStatus::Ready && !waits(earlier) && !in_window(earlier)
        })
}

fn add(adding: &Adding, records: &[Record], now: i64) -> Change {
    let list = LISTS[adding.list];
    let chains: Vec<_> = records
        .iter()
        .filter(|record| record.list == list)
        .collect();
    let chain = adding
        .chain
        .and_then(|at| chains.get(at.checked_rem(chains.len())?))
        .map_or(ChainChoice::New, |record| {
            ChainChoice::Existing(record.chain.into())
        });
    let personal = matches!(
        adding.record_type,
        RecordType::PersonalCallBack | RecordType::PersonalRescheduled
    );
    let score = adding.score.map(|score| ("score", FieldValue::Int(score)));
    Change::AddRecord(Box::new(AddRecord {
        list,
        chain,
        contact: Contact {
            phone: format!("{}555{:04}", adding.phone, records.len()),
            phone_type: if adding.pager {
                ContactType::Pager
            } else {
                ContactType::Mobile
            },
            customer_id: None,
            record_type: adding.record_type,
            scheduled: adding.scheduled.map(|seconds| now + seconds),
            call_time: None,
            window: adding.window,
            zone: adding.zone,
            campaign: None,
            agent: personal.then(|| "ann".to_owned()),
            fields: Fields::of(score),
        },
        new_zone: None,
        status: RecordStatus::Ready,
        result: CallResult::Unknown,
        attempts: adding.attempts,
        given: Given::default(),
        import_key: None,
    }))
}

fn any_adding() -> impl Strategy<Value = Adding> {
    let edge = prop::sample::select(vec![0, 3_600, 7_200, 10_800, 28_800, 64_800, 79_200]);
    let types = vec![
        RecordType::General,
        RecordType::General,
        RecordType::PersonalCallBack,
        RecordType::CampaignCallBack,
        RecordType::PersonalRescheduled,
        RecordType::CampaignRescheduled,
    ];
    (
        (
            0..2_usize,
            prop::option::weighted(0.3, 0..9_usize),
            prop::sample::select(vec![TOKYO, LAWS[0].0, LAWS[1].0, LAWS[2].0]),
        ),
        (edge.clone(), edge),
        prop::sample::select(vec![1, 6, 8]),
        prop::sample::select(types),
        prop::option::weighted(0.4, -HOUR..12 * HOUR),
        prop_oneof![5 => Just(0), 1 => 8..=10_u32],
        prop::option::weighted(0.8, 0..4_i64),
        any::<bool>(),
    )
        .prop_map(
            |(
                (list, chain, phone),
                (from, till),
                zone,
                record_type,
                scheduled,
                attempts,
                score,
                pager,
            )| {
                Adding {
                    list,
                    phone,
                    chain,
                    window: DailyWindow { from, till },
                    zone,
                    record_type,
                    scheduled,
                    attempts,
                    score,
                    pager,
                }
            },
        )
}

fn any_step() -> impl Strategy<Value = Step> {
    let filter = || prop::option::of(0..FILTERS.len());
    let at = || 0..40_usize;
    prop_oneof![
        10 => any_adding().prop_map(Step::Add),
        12 => any::<bool>().prop_map(Step::Preview),
        2 => at().prop_map(Step::Processed),
        4 => at().prop_map(Step::Rejected),
        4 => (at(), 0..4_i64, any::<bool>()).prop_map(|(at, score, busy)| Step::Scored(at, score, busy)),
        3 => (at(), 0..12 * HOUR, any::<bool>()).prop_map(|(at, seconds, personal)| Step::Rescheduled(at, seconds, personal)),
        1 => at().prop_map(Step::Chained),
        4 => (0..6 * HOUR).prop_map(Step::Pass),
        1 => (-26 * HOUR..0).prop_map(Step::Pass),
        1 => Just(Step::Tidy),
        1 => (0..2_usize, filter()).prop_map(|(list, filter)| Step::Filter(list, filter)),
        1 => (0..2_usize, any::<bool>()).prop_map(|(list, holds)| Step::Guard(list, holds)),
        1 => any::<bool>().prop_map(Step::Nation),
        1 => Just(Step::Reopen),
    ]
}

/// Sequences that are tried where PROPTEST_CASES says nothing else.
const CASES: u32 = 24;

fn config() -> ProptestConfig {
    let set = ProptestConfig::default();
    ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").map_or(CASES, |_| set.cases),
        failure_persistence: None,
        max_shrink_iters: 2_048,
        ..set
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_next_record_is_the_one_that_a_scan_finds(
        noon in prop::sample::select(NOONS.to_vec()),
        filters in [prop::option::of(0..FILTERS.len()), prop::option::weighted(0.8, 0..FILTERS.len())],
        steps in prop::collection::vec(any_step(), 1..60),
    ) {
        let mut world = World::new(noon, filters);
        for step in steps {
            world.step(step);
        }
        for _ in 0..5 {
            world.check_preview(Some("ann"));
        }
    }
}
