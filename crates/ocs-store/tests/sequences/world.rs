//! A real store in a folder of its own, with a clock that the test moves on.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::channel;

use jiff::Timestamp;
use ocs_protocol::enumeration::{CallResult, DialingMode};
use ocs_rules::calling_list::{CallingList, DailyWindow, ListId};
use ocs_rules::campaign::{Campaign, CampaignGroup, CampaignGroupId, CampaignId, WeightedList};
use ocs_rules::change::{Change, GroupRequest};
use ocs_rules::counters::take;
use ocs_rules::frequency_cap::FrequencyCap;
use ocs_rules::group_state::{GroupCommand, Settings};
use ocs_rules::objects::ObjectChange;
use ocs_rules::options::Options;
use ocs_rules::policy::Policy;
use ocs_rules::record::Handle;
use ocs_rules::treatment::{Action, Interval, Treatment};
use ocs_rules::zone::UTC;
use ocs_store::{Open, Outcomes, Store};
use tempfile::TempDir;

use crate::invariants::{self, Seen};
use crate::restricted::Restricted;

/// The region that all phones are read in.
pub(crate) const REGION: &str = "US";

/// 2026-11-22T10:00:00Z.
const BEGIN: i64 = 1_795_341_600;

pub(crate) struct World {
    folder: TempDir,
    clock: Arc<AtomicI64>,
    store: Store,
    pub(crate) lists: Vec<ListId>,
    pub(crate) groups: Vec<CampaignGroupId>,
    /// The store as it was read last.
    pub(crate) seen: Seen,
    /// Whether consent decides too, which is counted elsewhere.
    pub(crate) consents: bool,
    restricted: Restricted,
}

impl World {
    /// Two calling lists, the first with treatments, the second with `duplicates = update`;
    /// the first with two running campaign groups, the second with one.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(AtomicI64::new(BEGIN));
        let store = open(&folder, &clock);
        wait(store.change_objects(Box::new(|view| {
            let mut counters = view.counters;
            let mut changes = Vec::new();
            for (options, groups) in [
                ("{}", &["agents", "night"][..]),
                (r#"{"duplicates":"update"}"#, &["agents"]),
            ] {
                let list = take(&mut counters.list);
                let campaign = take(&mut counters.campaign);
                let night = groups.contains(&"night");
                let night = night.then(|| format!("campaign {campaign}@night"));
                changes.push(ObjectChange::PutList(CallingList {
                    dbid: list,
                    name: format!("list {list}"),
                    window: DailyWindow::default(),
                    zone: UTC,
                    max_attempts: 3,
                    region: None,
                    fields: Vec::new(),
                    treatments: night.map(treatments).unwrap_or_default(),
                    options: Options::from_stored(options),
                }));
                changes.push(ObjectChange::PutCampaign(Campaign {
                    dbid: campaign,
                    name: format!("campaign {campaign}"),
                    description: String::new(),
                    lists: vec![WeightedList {
                        list,
                        weight: 10,
                        filter: None,
                    }],
                    treatments: Vec::new(),
                    options: Options::default(),
                }));
                for group in groups {
                    changes.push(ObjectChange::PutGroup(CampaignGroup {
                        schedule: None,
                        sequence: None,
                        dbid: take(&mut counters.group),
                        campaign,
                        group: (*group).to_owned(),
                        description: String::new(),
                        mode: DialingMode::Preview,
                        options: Options::default(),
                    }));
                }
            }
            Ok((changes, counters))
        })))
        .expect("they are written")
        .expect("they are planned");
        let objects = store.objects();
        let mut world = Self {
            lists: objects.lists().iter().map(|list| list.dbid).collect(),
            groups: objects.groups().iter().map(|group| group.dbid).collect(),
            seen: Seen::default(),
            consents: false,
            restricted: Restricted::default(),
            folder,
            clock,
            store,
        };
        let none = Settings::default();
        for group in world.groups.clone() {
            for command in [GroupCommand::Load(none), GroupCommand::Start(none)] {
                let request = GroupRequest { group, command };
                let outcomes = world.submit(&[Change::Group(Box::new(request))]);
                assert!(outcomes[0].is_ok(), "{outcomes:?}");
            }
        }
        world
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// The campaign that uses a calling list.
    pub(crate) fn campaign_of(&self, list: ListId) -> CampaignId {
        let campaigns = self.store.objects().campaigns();
        let uses = campaigns.iter().find(|campaign| campaign.uses(list));
        uses.expect("each has one").dbid
    }

    /// The handle that the next record gets.
    pub(crate) fn next_handle(&self) -> Handle {
        self.seen.records.keys().last().map_or(1, |last| last + 1)
    }

    /// Submits requests together, and checks what must hold after them.
    pub(crate) fn submit(&mut self, changes: &[Change]) -> Outcomes {
        let (outcomes, received) = channel();
        let reply = Box::new(move |came| outcomes.send(came).expect("it is heard"));
        let requests = changes.iter().cloned().map(Into::into).collect();
        assert!(
            self.store.submit(requests, Vec::new(), reply).is_ok(),
            "the queue has room"
        );
        let outcomes = received.recv().expect("they are answered");
        let before = std::mem::replace(&mut self.seen, read(&self.store, &self.lists));
        let objects = self.store.objects();
        let asked = invariants::Asked {
            changes,
            outcomes: &outcomes,
            objects: &objects,
            now: self.now(),
            consents: self.consents,
        };
        invariants::check(&before, &self.seen, &asked, &mut self.restricted);
        outcomes
    }

    /// The store itself, for what is not checked.
    pub(crate) fn store(&self) -> Store {
        self.store.clone()
    }

    pub(crate) fn put_caps(&self, caps: Vec<FrequencyCap>) {
        self.change(caps.into_iter().map(ObjectChange::PutCap).collect());
    }

    /// Has a calling list, by its place, call nobody without consent, or anybody.
    pub(crate) fn require_consent(&self, list: usize, required: bool) {
        let objects = self.store.objects();
        let list = objects.list(self.lists[list]).expect("it is there");
        let options = format!(r#"{{"consent-required":{required}}}"#);
        self.change(vec![ObjectChange::PutList(CallingList {
            options: Options::from_stored(&options),
            ..CallingList::clone(list)
        })]);
    }

    /// Changes campaign objects.
    pub(crate) fn change(&self, changes: Vec<ObjectChange>) {
        wait(
            self.store
                .change_objects(Box::new(move |view| Ok((changes, view.counters)))),
        )
        .expect("they are written")
        .expect("they are planned");
    }

    /// Closes the store and opens it again, which changes nothing.
    pub(crate) fn reopen(&mut self) {
        self.store.close();
        self.store = open(&self.folder, &self.clock);
        let seen = read(&self.store, &self.lists);
        assert_eq!(seen, self.seen, "the store as it was opened again");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.store.close();
    }
}

/// Treatments of every kind that goes on with the chain, some of them to a campaign group.
fn treatments(night: String) -> Vec<Treatment> {
    let interval = Interval {
        minutes: 10,
        increment: 1,
    };
    let of = |result, attempt, cycles, action| Treatment {
        result,
        attempt,
        cycles,
        action,
    };
    vec![
        of(CallResult::Busy, Some(1), None, Action::RetryIn(interval)),
        of(
            CallResult::Busy,
            None,
            None,
            Action::NextInChainAfter(interval),
        ),
        of(
            CallResult::Answer,
            Some(1),
            None,
            Action::AssignToGroup(night),
        ),
        of(CallResult::Answer, None, None, Action::MarkAllChain),
        of(CallResult::Unknown, Some(1), None, Action::NextInChain),
        of(CallResult::Stale, None, Some(2), Action::Cycle(interval)),
        of(CallResult::Stale, None, None, Action::MarkDb),
        of(
            CallResult::GroupCallBackError,
            None,
            None,
            Action::RetryIn(interval),
        ),
    ]
}

fn open(folder: &TempDir, clock: &Arc<AtomicI64>) -> Store {
    let clock = Arc::clone(clock);
    let open = Open {
        path: folder.path().join("ocs.db"),
        holder: "the test".to_owned(),
        clock: Arc::new(move || {
            Timestamp::from_second(clock.load(Ordering::SeqCst)).expect("a moment")
        }),
        policy: Policy {
            region: Some(REGION.to_owned()),
            // What is lawful when is tested in legal_hours.rs; here, all phones are of one
            // country, and it is night there.
            guards: false,
            ..Policy::default()
        },
    };
    Store::open(open).expect("it opens").0
}

/// Everything that the store holds of records and campaign groups.
fn read(store: &Store, lists: &[ListId]) -> Seen {
    let mut seen = Seen {
        records: BTreeMap::new(),
        counts: BTreeMap::new(),
        groups: (*store.group_states()).clone(),
        open_attempts: BTreeMap::new(),
    };
    for list in lists {
        let records = wait(store.reader().records_after(*list, 0, 10_000)).expect("they are read");
        for record in records {
            let region = |_| Some(REGION.to_owned());
            let around = wait(store.reader().surroundings(record.handle, region, BEGIN))
                .expect("it is read")
                .expect("it is there");
            let open = around.attempts.into_iter();
            let open = open.filter(|attempt| attempt.ended.is_none());
            let open = open.map(|attempt| attempt.guid).collect();
            seen.open_attempts.insert(record.handle, open);
            let twice = seen.records.insert(record.handle, record);
            assert_eq!(twice, None, "a record is there once");
        }
        let counts = wait(store.reader().counts(*list)).expect("they are read");
        seen.counts.insert(*list, counts);
    }
    let mut in_hand: BTreeMap<&str, u32> = BTreeMap::new();
    for record in seen.records.values() {
        let holder = record.in_hand.as_ref();
        if let Some(agent) = holder.and_then(|in_hand| in_hand.agent.as_deref()) {
            *in_hand.entry(agent).or_default() += 1;
        }
    }
    for (agent, records) in in_hand {
        assert_eq!(store.reader().in_hand(agent), records, "{agent}");
    }
    seen
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}
