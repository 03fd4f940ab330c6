//! Placing, classes and the walk against section 4 of records.md read literally: a
//! scan of all records at every moment.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ocs_protocol::enumeration::{CallResult, ContactType, DialingMode, RecordStatus, RecordType};
use proptest::prelude::*;

use super::Retrieval;
use super::class::ClassId;
use super::fronts::Slot;
use super::next::{Candidate, Found, Seek, Source, Walk};
use super::order::{Position, Priorities, TYPES};
use super::placement::{Placement, place, place_alone, wake};
use super::shares::Shares;
use super::view::{Standing, View, ViewId};
use super::why::{Facts, is_callable, next_callable, why};
use crate::calling_list::{CallingList, DailyWindow, Field, FieldKind, ListId};
use crate::campaign::{Campaign, CampaignGroup, CampaignGroupId, WeightedList};
use crate::fields::{FieldValue, Fields};
use crate::filter::Filter;
use crate::legal_hours::built_in;
use crate::legal_hours::holiday::{Holiday, HolidayDate};
use crate::legal_hours::rule::{Origin, Rule};
use crate::legal_hours::territory::Code;
use crate::objects::{ObjectChange, Objects};
use crate::options::Options;
use crate::record::{ChainId, Contact, Handle, Record};
use crate::zone::{BUILT_IN, UTC, Zone, ZoneOrigin, iana};

pub(super) const HOUR: i64 = 3_600;
pub(super) const DAY: i64 = 24 * HOUR;

/// The campaign group that records are handed out for, another that uses the same calling
/// lists, one that uses the first alone, and one that there is not.
const OURS: CampaignGroupId = 401;
const OTHER: CampaignGroupId = 402;
const FIRST_ALONE: CampaignGroupId = 403;
const GONE: CampaignGroupId = 404;

/// Noon before a change of the clock in Berlin, in New York, and in Berlin again, and
/// before an ordinary day.
const NOONS: [i64; 4] = [1_774_699_200, 1_772_884_800, 1_792_843_200, 1_795_348_800];

pub(crate) fn objects() -> Objects {
    let mut objects = Objects::default();
    for (dbid, name, iana_name) in BUILT_IN {
        objects.put_zone(Zone {
            dbid: *dbid,
            name: (*name).to_owned(),
            zone: iana(iana_name).expect("a zone").1,
            origin: ZoneOrigin::BuiltIn,
        });
    }
    for rule in built_in::rules() {
        objects.change(ObjectChange::PutRule(Rule::clone(rule)));
    }
    for holiday in built_in::holidays() {
        objects.change(ObjectChange::PutHoliday(Holiday::clone(holiday)));
    }
    for (country, region, date, till) in [
        ("ES", None, "2026-11-23", None),
        ("US", None, "2026-03-09", Some(12)),
        ("US", Some("FL"), "11-24", None),
    ] {
        objects.change(ObjectChange::PutHoliday(Holiday {
            name: format!("{country} {date}"),
            country: Code::new(country).expect("a code"),
            region: region.and_then(Code::new),
            date: HolidayDate::parse(date).expect("a date"),
            hours: till.map(|till| (0, till * 3_600)).into_iter().collect(),
            source: String::new(),
            origin: Origin::Configured,
            off: false,
        }));
    }
    objects
}

fn with_groups(mut objects: Objects) -> Objects {
    for (group, lists) in [
        (OURS, 101..=102),
        (OTHER, 101..=102),
        (FIRST_ALONE, 101..=101),
    ] {
        objects.put_campaign(Campaign {
            dbid: group,
            name: group.to_string(),
            description: String::new(),
            lists: lists
                .map(|list| WeightedList {
                    list,
                    weight: 100,
                    filter: None,
                })
                .collect(),
            treatments: Vec::new(),
            options: Options::default(),
        });
        objects.put_group(CampaignGroup {
            dbid: group,
            campaign: group,
            group: "agents".to_owned(),
            description: String::new(),
            mode: DialingMode::Preview,
            schedule: None,
            sequence: None,
            options: Options::default(),
        });
    }
    objects
}

pub(crate) fn list(dbid: ListId) -> CallingList {
    CallingList {
        dbid,
        name: dbid.to_string(),
        window: DailyWindow::default(),
        zone: UTC,
        max_attempts: 10,
        region: None,
        fields: vec![Field {
            name: "score".to_owned(),
            kind: FieldKind::Int,
            send_attribute: None,
        }],
        treatments: Vec::new(),
        options: Options::default(),
    }
}

/// A new record of the list 101, 08:00 to 18:00 in Berlin.
pub(crate) fn record(handle: Handle, chain: ChainId, chain_n: u32) -> Record {
    Record {
        handle,
        list: 101,
        chain,
        chain_n,
        contact: Contact {
            phone: format!("555{handle:04}"),
            phone_type: ContactType::Mobile,
            customer_id: None,
            record_type: RecordType::General,
            scheduled: None,
            call_time: None,
            window: DailyWindow::default(),
            zone: 6,
            campaign: None,
            agent: None,
            fields: Fields::default(),
        },
        status: RecordStatus::Ready,
        result: CallResult::Unknown,
        attempts: 0,
        attempt_guid: None,
        in_hand: None,
        outside_window: false,
        assigned: None,
        attempt_counted: false,
    }
}

/// The phones of records: how they begin, the zones that they may be in, and the hours
/// from and till that the law lets them be called on days of the week from Monday on.
type Law = (&'static str, &'static [&'static str], [(u32, u32); 7]);

const LAWS: [Law; 4] = [
    ("+1305", &["America/New_York"], [(8, 20); 7]),
    (
        "+1850",
        &["America/Chicago", "America/New_York"],
        [(8, 20); 7],
    ),
    (
        "+1915",
        &["America/Denver"],
        [
            (9, 21),
            (9, 21),
            (9, 21),
            (9, 21),
            (9, 21),
            (9, 21),
            (12, 21),
        ],
    ),
    (
        "+34",
        &["Europe/Madrid", "Atlantic/Canary"],
        [(9, 21), (9, 21), (9, 21), (9, 21), (9, 21), (0, 0), (0, 0)],
    ),
];

/// Holidays of phones that begin so, and the hour till which they may be called then.
const HOLIDAYS: [(&str, &str, i8); 8] = [
    ("+34", "2026-04-03", 0),
    ("+34", "2026-11-01", 0),
    ("+34", "2026-11-23", 0),
    ("+34", "2026-12-06", 0),
    ("+34", "2026-12-08", 0),
    ("+1", "2026-03-09", 12),
    ("+1305", "2026-11-24", 0),
    ("+1850", "2026-11-24", 0),
];

/// Legal hours, read literally.
fn lawful(record: &Record, own: &TimeZone, now: i64) -> bool {
    /// Those of each law: looking them up takes longer than all else here.
    static ZONES: LazyLock<Vec<Vec<TimeZone>>> = LazyLock::new(|| {
        let zone = |name: &&str| TimeZone::get(name).expect("a zone");
        let zones = LAWS.iter().map(|(_, names, _)| names.iter().map(zone));
        zones.map(Iterator::collect).collect()
    });
    let moment = Timestamp::from_second(now).expect("a moment");
    let phone = &record.contact.phone;
    let Some(law) = LAWS.iter().position(|(begin, ..)| phone.starts_with(begin)) else {
        return true;
    };
    let (_, _, week) = LAWS[law];
    ZONES[law].iter().chain([own]).all(|zone| {
        let local = zone.to_datetime(moment);
        let (from, till) =
            week[usize::from(local.weekday().to_monday_zero_offset().unsigned_abs())];
        let hour = u32::from(local.hour().unsigned_abs());
        let holiday = HOLIDAYS.iter().any(|(begin, date, till)| {
            phone.starts_with(begin) && local.date().to_string() == *date && local.hour() >= *till
        });
        from <= hour && hour < till && !holiday
    })
}

/// The end of 2026, UTC, less the day by which zones may differ from it.
const YEAR_ENDS: i64 = 1_798_761_600 - DAY;

/// Section 4, read literally, with the time of day taken the long way.
fn due(
    record: &Record,
    records: &[Record],
    list: &CallingList,
    objects: &Objects,
    now: i64,
) -> bool {
    let in_window = |record: &Record| {
        let zone = objects.zone(record.contact.zone).expect("a zone");
        let moment = Timestamp::from_second(now).expect("a moment");
        let time = moment.to_zoned(zone.zone.clone()).time();
        let second = u32::try_from(
            i64::from(time.hour()) * HOUR
                + i64::from(time.minute()) * 60
                + i64::from(time.second()),
        )
        .expect("a second of the day");
        let DailyWindow { from, till } = record.contact.window;
        let own = match from.cmp(&till) {
            std::cmp::Ordering::Less => (from..till).contains(&second),
            std::cmp::Ordering::Equal => true,
            std::cmp::Ordering::Greater => !(till..from).contains(&second),
        };
        own && lawful(record, &zone.zone, now)
    };
    let waits = |record: &Record| record.contact.scheduled.is_some_and(|at| at > now);
    let chain = || {
        records
            .iter()
            .filter(|other| other.list == record.list && other.chain == record.chain)
    };
    !record.is_final()
        && record.status == RecordStatus::Ready
        && !waits(record)
        && record.attempts < list.max_attempts
        && in_window(record)
        && chain().all(|other| other.status != RecordStatus::Retrieved)
        && chain()
            .filter(|other| other.chain_n < record.chain_n)
            .all(|earlier| {
                earlier.is_final()
                    || earlier.status == RecordStatus::Ready
                        && !waits(earlier)
                        && !in_window(earlier)
            })
}

/// Records as the store keeps them: rows with a class, and chains that wait.
struct Rows {
    records: Vec<Record>,
    classes: Vec<Option<ClassId>>,
    wakes: Vec<(i64, ListId, ChainId)>,
    views: Vec<View>,
    /// By view, then by record.
    standings: Vec<Vec<Option<Standing>>>,
    retrieval: Retrieval,
}

impl Rows {
    /// Places a chain, as the writer does after a change of it.
    fn place(&mut self, list: ListId, chain: ChainId, objects: &Objects, now: i64) {
        let mut members: Vec<_> = (0..self.records.len())
            .filter(|at| self.records[*at].list == list && self.records[*at].chain == chain)
            .collect();
        members.sort_by_key(|at| self.records[*at].chain_n);
        let records: Vec<_> = members.iter().map(|at| &self.records[*at]).collect();
        let calling_list = self::list(list);
        let placements = place(&records, &calling_list, objects, now);
        if let [only] = records.as_slice() {
            let territory = objects.territory(&calling_list, &only.contact.phone);
            assert_eq!(placements, [place_alone(only, &calling_list, territory)]);
        }
        self.wakes.retain(|(_, l, c)| (*l, *c) != (list, chain));
        self.wakes
            .extend(wake(&placements).map(|moment| (moment, list, chain)));
        for (at, placement) in members.into_iter().zip(placements) {
            self.classes[at] = match placement {
                Placement::Class(key) => {
                    let class = self.retrieval.classes.intern(&key).0;
                    let record = &self.records[at];
                    let slot = Slot {
                        list,
                        view: None,
                        class,
                        record_type: record.contact.record_type,
                    };
                    self.retrieval.fronts.entered(slot, Position::of(record));
                    Some(class)
                }
                Placement::HeldBack | Placement::WaitsUntil(_) => None,
            };
            self.place_in_views(at, now);
        }
    }

    /// Places a record in the views of its calling list.
    fn place_in_views(&mut self, at: usize, now: i64) {
        let record = &self.records[at];
        for (view, standings) in self.views.iter().zip(&mut self.standings) {
            standings[at] = (view.list == record.list)
                .then(|| view.standing(record, self.classes[at], now))
                .flatten();
            if let Some(Standing::Due(class, record_type, position)) = &standings[at] {
                let slot = Slot {
                    list: view.list,
                    view: Some(view.id),
                    class: *class,
                    record_type: *record_type,
                };
                self.retrieval.fronts.entered(slot, position.clone());
            }
        }
    }

    /// Places the chains whose time has come, and the records that wait in views.
    fn sweep(&mut self, objects: &Objects, now: i64) {
        let chains: Vec<_> = self
            .wakes
            .iter()
            .filter(|(at, ..)| *at <= now)
            .copied()
            .collect();
        for (_, list, chain) in chains {
            self.place(list, chain, objects, now);
        }
        for at in 0..self.records.len() {
            let due = |standing: &Option<Standing>| matches!(standing, Some(Standing::Waits(at)) if *at <= now);
            if self.standings.iter().any(|standings| due(&standings[at])) {
                self.place_in_views(at, now);
            }
        }
    }

    fn walk(
        &mut self,
        sources: &[Source],
        agent: Option<&str>,
        objects: &Objects,
        now: i64,
    ) -> Vec<Candidate> {
        self.sweep(objects, now);
        let Retrieval {
            classes,
            openings,
            fronts,
        } = &mut self.retrieval;
        openings.look(classes, objects, now);
        let mut rows = Scan(&self.records, &self.classes, &self.standings);
        let mut walk = Walk::new(OURS, sources, &Shares::default(), agent, now);
        let mut found = Vec::new();
        while let Ok(Some(candidate)) = walk.next(openings, fronts, &mut rows) {
            found.push(candidate);
        }
        found
    }
}

/// Seeks by looking at every row.
struct Scan<'a>(
    &'a [Record],
    &'a [Option<ClassId>],
    &'a [Vec<Option<Standing>>],
);

impl Scan<'_> {
    fn first(
        &self,
        view: Option<ViewId>,
        after: Option<&Position>,
        takes: impl Fn(&Record, ClassId) -> bool,
    ) -> Option<Found> {
        let found = |(at, record): (usize, &Record)| {
            let (class, position) = match view {
                None => (self.1[at]?, Position::of(record)),
                Some(view) => match self.2[view as usize][at].clone()? {
                    Standing::Due(class, _, position) => (class, position),
                    Standing::Waits(_) => return None,
                },
            };
            let later = after.is_none_or(|after| position > *after);
            (later && takes(record, class)).then_some(Found {
                handle: record.handle,
                position,
                class,
            })
        };
        let all = self.0.iter().enumerate().filter_map(found);
        all.min_by(|one, other| one.position.cmp(&other.position))
    }
}

impl Seek for Scan<'_> {
    type Error = Infallible;

    fn in_class(
        &mut self,
        slot: Slot,
        after: Option<&Position>,
    ) -> Result<Option<Found>, Infallible> {
        Ok(self.first(slot.view, after, |record, class| {
            record.list == slot.list
                && class == slot.class
                && record.contact.record_type == slot.record_type
        }))
    }

    fn of_agent(
        &mut self,
        list: ListId,
        view: Option<ViewId>,
        agent: &str,
        after: Option<&Position>,
    ) -> Result<Option<Found>, Infallible> {
        Ok(self.first(view, after, |record, _| {
            record.list == list
                && record.contact.record_type == RecordType::PersonalCallBack
                && record.contact.agent.as_deref() == Some(agent)
        }))
    }
}

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
        order: "",
        key: |_, _| Some(Vec::new()),
    },
    Taken {
        condition: "score > 1",
        order: "score desc",
        key: |_, score| score.filter(|score| *score > 1).map(|score| vec![-score]),
    },
    Taken {
        condition: "score is null or contact_info_type = Pager",
        order: "",
        key: |record, score| {
            let pager = record.contact.phone_type == ContactType::Pager;
            (score.is_none() || pager).then(Vec::new)
        },
    },
    Taken {
        condition: "not (attempt between 1 and 9)",
        order: "attempt, score desc",
        key: |record, score| {
            let attempts = i64::from(record.attempts);
            let score = score.map_or(i64::MAX, |score| -score);
            (!(1..=9).contains(&attempts)).then(|| vec![attempts, score])
        },
    },
];

/// What section 4 hands out, in its order.
fn expected(
    records: &[Record],
    sources: &[Source],
    filters: &[Option<usize>],
    agent: Option<&str>,
    objects: &Objects,
    now: i64,
) -> Vec<Handle> {
    let mut all: Vec<_> = records
        .iter()
        .filter(|record| due(record, records, &list(record.list), objects, now))
        .filter(|record| match record.assigned {
            None | Some(OURS | GONE) => true,
            Some(FIRST_ALONE) => record.list != 101,
            Some(_) => false,
        })
        .filter(|record| {
            record.contact.record_type != RecordType::PersonalCallBack
                || agent.is_some() && record.contact.agent.as_deref() == agent
        })
        .filter_map(|record| {
            let turn = sources
                .iter()
                .position(|source| source.list == record.list)?;
            let rank = sources[turn].priorities.rank(record.contact.record_type)?;
            let mut key = Vec::new();
            if let Some(filter) = filters[turn] {
                let score = record
                    .contact
                    .fields
                    .map()
                    .get("score")
                    .and_then(serde_json::Value::as_i64);
                key = (FILTERS[filter].key)(record, score)?;
            }
            if record.contact.record_type == RecordType::PersonalCallBack {
                key.clear();
            }
            let position = Position::of(record);
            Some((Reverse(rank), turn, key, position, record.handle))
        })
        .collect();
    all.sort();
    all.into_iter().map(|(.., handle)| handle).collect()
}

fn any_window() -> impl Strategy<Value = DailyWindow> {
    // Few windows, so that they meet: around the changes of the clock, over midnight,
    // the whole day.
    let edge = prop::sample::select(vec![0, 3_600, 7_200, 9_000, 10_800, 28_800, 64_800, 79_200]);
    (edge.clone(), edge).prop_map(|(from, till)| DailyWindow { from, till })
}

fn any_status() -> impl Strategy<Value = RecordStatus> {
    prop_oneof![
        12 => Just(RecordStatus::Ready),
        1 => Just(RecordStatus::Retrieved),
        1 => Just(RecordStatus::Stale),
        1 => Just(RecordStatus::Updated),
        1 => Just(RecordStatus::Cancelled),
    ]
}

/// What a record says, with its time in seconds from the beginning, and how its phone
/// begins.
type Said = (
    &'static str,
    DailyWindow,
    u32,
    RecordStatus,
    RecordType,
    Option<i64>,
    u32,
    bool,
    (Option<i64>, bool, Option<CampaignGroupId>),
);

fn any_record() -> impl Strategy<Value = Said> {
    let types: Vec<_> = TYPES.into_iter().chain([RecordType::NoCall]).collect();
    (
        // Half of them are of nowhere.
        prop_oneof![
            Just("555"),
            prop::sample::select(LAWS.to_vec()).prop_map(|law| law.0)
        ],
        any_window(),
        prop::sample::select(vec![1, 6, 8]),
        any_status(),
        prop_oneof![2 => Just(RecordType::General), 3 => prop::sample::select(types)],
        prop_oneof![2 => Just(None), 1 => (-4..72_i64).prop_map(|half| Some(half * HOUR / 2))],
        prop_oneof![5 => Just(0), 1 => 9..=10_u32],
        any::<bool>(),
        (
            prop::option::of(0..4_i64),
            any::<bool>(),
            prop_oneof![
                4 => Just(None),
                1 => prop::sample::select(vec![OURS, OTHER, FIRST_ALONE, GONE]).prop_map(Some),
            ],
        ),
    )
}

fn any_priorities() -> impl Strategy<Value = Priorities> {
    prop_oneof![
        Just(Priorities::default()),
        [0..3_u32, 0..3, 0..3, 0..3, 0..3].prop_map(|[a, b, c, d, e]| Priorities {
            personal_callback: a,
            campaign_callback: b,
            personal_rescheduled: c,
            campaign_rescheduled: d,
            general: e,
        }),
    ]
}

fn says(
    record: &mut Record,
    (phone, window, zone, status, record_type, scheduled, attempts, agent, rest): Said,
    noon: i64,
) {
    let (score, pager, assigned) = rest;
    record.contact.phone = format!("{phone}{:07}", record.handle);
    record.contact.window = window;
    record.contact.zone = zone;
    record.status = status;
    record.contact.record_type = record_type;
    record.contact.scheduled = scheduled.map(|at| noon + at);
    record.attempts = attempts;
    let score = score.map(|score| ("score", FieldValue::Int(score)));
    record.contact.fields = Fields::of(score);
    record.contact.phone_type = if pager {
        ContactType::Pager
    } else {
        ContactType::Mobile
    };
    record.contact.agent = Some(if agent { "ann" } else { "bob" }.to_owned());
    record.assigned = assigned;
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_section_4_says(
        noon in prop::sample::select(NOONS.to_vec()),
        chains in prop::collection::vec((0..2_u32, prop::collection::vec(any_record(), 1..4)), 1..12),
        priorities in [any_priorities(), any_priorities()],
        // How far the time goes on, which record then changes, and to what.
        // (the clock may also be put back, by a day at most).
        steps in prop::collection::vec((prop_oneof![6 => 0..6 * HOUR, 1 => -DAY..0, 1 => 0..2 * DAY], any::<prop::sample::Index>(), any_record()), 1..12),
        with_agent in any::<bool>(),
        filters in [prop::option::of(0..FILTERS.len()), prop::option::of(0..FILTERS.len())],
    ) {
        let objects = with_groups(objects());
        let agent = with_agent.then_some("ann");
        let mut views = Vec::new();
        let mut sources = Vec::new();
        for ((dbid, priorities), filter) in (101..).zip(priorities).zip(filters) {
            let view = filter.map(|filter| {
                let Taken { condition, order, .. } = FILTERS[filter];
                let filter = Filter { dbid: 1, name: String::new(), condition: condition.to_owned(), order: order.to_owned() };
                let says = Some(filter.for_list(&list(dbid)).expect("a filter"));
                let id = ViewId::try_from(views.len()).expect("small");
                views.push(View { id, list: dbid, filter: 1, says, whole: true });
                id
            });
            sources.push(Source { list: dbid, weight: 100, view, priorities });
        }
        let mut records = Vec::new();
        for (list, chain) in chains {
            let first = Handle::try_from(records.len() + 1).expect("small");
            for (chain_n, said) in (0..).zip(chain) {
                let mut new = record(first + chain_n, first, chain_n);
                new.list = 101 + list;
                says(&mut new, said, noon);
                records.push(new);
            }
        }
        let mut rows = Rows {
            classes: vec![None; records.len()],
            wakes: Vec::new(),
            standings: vec![vec![None; records.len()]; views.len()],
            views,
            records,
            retrieval: Retrieval::default(),
        };
        let places: BTreeSet<_> = rows.records.iter().map(|record| (record.list, record.chain)).collect();
        let mut now = noon;
        for (list, chain) in places {
            rows.place(list, chain, &objects, now);
        }
        let mut put_back = false;
        for (later, changed, said) in steps {
            let found = rows.walk(&sources, agent, &objects, now);
            let mut handles: Vec<_> = found.iter().map(|candidate| candidate.handle).collect();
            if put_back {
                // A record that waits again holds back what was placed when it did not: that
                // is seen at the hand-out. Nothing may be missing.
                handles.retain(|handle| {
                    let record = rows.records.iter().find(|record| record.handle == *handle);
                    record.is_some_and(|record| due(record, &rows.records, &list(record.list), &objects, now))
                });
            }
            let right = expected(&rows.records, &sources, &filters, agent, &objects, now);
            prop_assert_eq!(&handles, &right, "at {}", now);
            for record in &rows.records {
                let members: Vec<_> = rows.records.iter().filter(|other| (other.list, other.chain) == (record.list, record.chain)).collect();
                let list = list(record.list);
                let callable = due(record, &rows.records, &list, &objects, now);
                prop_assert_eq!(is_callable(record, &members, &list, &objects, now), callable, "{:?}", why(record, &members, &list, &objects, now, Facts::default()));
                let next = next_callable(record, &members, &list, &objects, now, Facts::default());
                prop_assert_eq!(next == Some(now), callable, "{:?}", record);
                // The holidays here are those of one year.
                if let Some(next) = next.filter(|next| *next < YEAR_ENDS) {
                    prop_assert!(due(record, &rows.records, &list, &objects, next), "{:?} at {}", record, next);
                    // Nothing was passed over.
                    let mut before = now;
                    while before < next.min(now + 3 * DAY) {
                        prop_assert!(!due(record, &rows.records, &list, &objects, before), "{:?} at {}", record, before);
                        before += HOUR / 2;
                    }
                }
            }
            now += later;
            put_back |= later < 0;
            let at = changed.index(rows.records.len());
            says(&mut rows.records[at], said, noon);
            let (list, chain) = (rows.records[at].list, rows.records[at].chain);
            rows.place(list, chain, &objects, now);
        }
    }
}
