//! What GetCampaignStatus knows of a campaign group: counted with the attempts, over
//! restarts, for 30 days.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use ocs_protocol::enumeration::{CallResult, ContactType, DialingMode, RecordStatus, RecordType};
use ocs_rules::calling_list::{CallingList, DailyWindow};
use ocs_rules::campaign::{Campaign, CampaignGroup, WeightedList};
use ocs_rules::change::{
    AddRecord, ChainChoice, Change, Completion, Given, GroupRequest, OnRecord, Outcome, Preview,
};
use ocs_rules::fields::Fields;
use ocs_rules::group_state::{GroupCommand, Settings};
use ocs_rules::objects::ObjectChange;
use ocs_rules::options::Options;
use ocs_rules::policy::Policy;
use ocs_rules::record::{Contact, Handle};
use ocs_rules::statistics::{Attempts, Statistics};
use ocs_rules::zone::UTC;
use ocs_store::{Open, Store};
use tempfile::TempDir;

const DAY: i64 = 24 * 3_600;

/// Two campaign groups of one campaign, 301 and 302.
struct World {
    folder: TempDir,
    clock: Arc<AtomicI64>,
    store: Store,
    guid: u32,
}

fn open(folder: &TempDir, clock: &Arc<AtomicI64>) -> Store {
    let clock = Arc::clone(clock);
    let open = Open {
        path: folder.path().join("ocs.db"),
        holder: "the test".to_owned(),
        clock: Arc::new(move || {
            Timestamp::from_second(clock.load(Ordering::Relaxed)).expect("a moment")
        }),
        policy: Policy::default(),
    };
    Store::open(open).expect("it opens").0
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let monday = "2026-11-23T17:00:00Z".parse::<Timestamp>();
        let clock = Arc::new(AtomicI64::new(monday.expect("a moment").as_second()));
        let mut world = Self {
            store: open(&folder, &clock),
            folder,
            clock,
            guid: 0,
        };
        let mut changes = vec![
            ObjectChange::PutList(CallingList {
                dbid: 201,
                name: "list".to_owned(),
                window: DailyWindow::default(),
                zone: UTC,
                max_attempts: 10,
                region: None,
                fields: Vec::new(),
                treatments: Vec::new(),
                options: Options::default(),
            }),
            ObjectChange::PutCampaign(Campaign {
                dbid: 101,
                name: "campaign".to_owned(),
                description: String::new(),
                lists: vec![WeightedList {
                    list: 201,
                    weight: 10,
                    filter: None,
                }],
                treatments: Vec::new(),
                options: Options::default(),
            }),
        ];
        for dbid in [301, 302] {
            changes.push(ObjectChange::PutGroup(CampaignGroup {
                dbid,
                campaign: 101,
                group: format!("agents {dbid}"),
                description: String::new(),
                mode: DialingMode::Preview,
                schedule: None,
                sequence: None,
                options: Options::default(),
            }));
        }
        let plan = Box::new(move |view: &ocs_store::ObjectsView<'_>| Ok((changes, view.counters)));
        let changed = world.store.change_objects(plan).await;
        changed.expect("it is written").expect("it is planned");
        for group in [301, 302] {
            for command in [
                GroupCommand::Load(Settings::default()),
                GroupCommand::Start(Settings::default()),
            ] {
                world.group(group, command).await;
            }
        }
        world
    }

    async fn change(&self, change: Change) -> Outcome {
        let done = self.store.submit_bulk(vec![change], true).await;
        done.expect("it is done").remove(0).expect("it is allowed")
    }

    async fn group(&mut self, group: u32, command: GroupCommand) -> Outcome {
        let request = GroupRequest { group, command };
        self.change(Change::Group(Box::new(request))).await
    }

    async fn status(&mut self, group: u32) -> Statistics {
        match self.group(group, GroupCommand::Status).await {
            Outcome::Status(_, known) => *known,
            other => panic!("{other:?}"),
        }
    }

    fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    /// OCS is killed, and another one starts.
    fn restarted(self) -> Self {
        self.store.close();
        Self {
            store: open(&self.folder, &self.clock),
            ..self
        }
    }

    async fn add(&self, phone: u32, chain: ChainChoice) -> (Handle, u32) {
        let add = AddRecord {
            list: 201,
            chain,
            contact: Contact {
                phone: format!("+1650555{phone:04}"),
                phone_type: ContactType::Mobile,
                customer_id: None,
                record_type: RecordType::General,
                scheduled: None,
                call_time: None,
                window: DailyWindow::default(),
                zone: UTC,
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
        match self.change(Change::AddRecord(Box::new(add))).await {
            Outcome::Added { handle, chain, .. } => (handle, chain),
            other => panic!("{other:?}"),
        }
    }

    async fn take(&mut self, group: u32) -> Handle {
        self.guid += 1;
        let preview = Preview {
            group,
            agent: Some("1001".to_owned()),
            attempt_guid: format!("{:032}", self.guid),
            callback_only: false,
            empty_handed: false,
        };
        match self.change(Change::Preview(Box::new(preview))).await {
            Outcome::Delivered(delivery) => delivery.record.handle,
            other => panic!("{other:?}"),
        }
    }

    async fn finish(&self, handle: Handle, result: CallResult) {
        let completion = Completion {
            on: OnRecord {
                handle,
                ..OnRecord::default()
            },
            result: Some(result),
            ..Completion::default()
        };
        self.change(Change::RecordProcessed(Box::new(completion)))
            .await;
    }
}

fn attempts(made: u64, persons: u64, abandoned: u64, machines: u64) -> Attempts {
    Attempts {
        made,
        persons,
        abandoned,
        machines,
    }
}

#[tokio::test]
async fn attempts_are_counted_with_their_results_for_thirty_days() {
    use CallResult as R;
    let mut world = World::new().await;
    for phone in 0..8 {
        world.add(phone, ChainChoice::New).await;
    }
    for (group, result) in [
        (301, R::Answer),
        (301, R::NoAnswer),
        (302, R::Answer),
        (301, R::AnsweringMachine),
        (301, R::Dropped),
    ] {
        let handle = world.take(group).await;
        world.finish(handle, result).await;
        world.pass(10);
    }
    // One that was given back is none, and one that is out is not over.
    let handle = world.take(301).await;
    let reject = OnRecord {
        handle,
        ..OnRecord::default()
    };
    world.change(Change::RecordReject(Box::new(reject))).await;
    world.take(301).await;
    let known = world.status(301).await;
    assert_eq!(known.attempts, attempts(4, 1, 1, 1));
    assert_eq!(known.campaign, attempts(5, 2, 1, 1));
    assert_eq!(known.campaign_today, known.campaign);
    assert_eq!(known.records_left, 3, "two are Ready, one is out");
    assert_eq!(known.work.finished, 4);
    assert_eq!(known.work.time, Duration::from_secs(40));
    let results: u64 = known.results.iter().map(|(_, attempts)| attempts).sum();
    assert_eq!((known.results.len(), results), (4, 4));
    assert!(known.results.contains(&(R::Dropped, 1)));
    // It goes on after a restart, and the days do not run together.
    let mut world = world.restarted();
    assert_eq!(world.status(301).await, known);
    world.pass(29 * DAY);
    let later = world.status(301).await;
    assert_eq!(later.attempts, known.attempts);
    assert_eq!(later.campaign_today, Attempts::default());
    let handle = world.take(301).await;
    world.finish(handle, R::Answer).await;
    let later = world.status(301).await;
    assert_eq!(later.attempts, attempts(5, 2, 1, 1));
    assert_eq!(later.campaign_today, attempts(1, 1, 0, 0));
    assert_eq!(later.work.time, Duration::from_secs(40), "the days between");
    world.pass(DAY);
    let last = world.status(301).await;
    assert_eq!(last.attempts, attempts(1, 1, 0, 0));
    assert_eq!(last.campaign, attempts(1, 1, 0, 0));
    world.store.close();
}

#[tokio::test]
async fn a_chain_and_attempts_that_nobody_ends() {
    let mut world = World::new().await;
    let (_, chain) = world.add(1, ChainChoice::New).await;
    for phone in 2..4 {
        world.add(phone, ChainChoice::Existing(chain.into())).await;
    }
    let handle = world.take(301).await;
    world.finish(handle, CallResult::Answer).await;
    let known = world.status(301).await;
    assert_eq!(known.attempts, attempts(1, 1, 0, 0));
    assert_eq!((known.work.finished, known.records_left), (3, 0));
    // Nobody names it for half an hour: an attempt, and nobody was reached.
    world.add(9, ChainChoice::New).await;
    world.take(302).await;
    world.pass(1_801);
    world.change(Change::Tidy).await;
    let known = world.status(302).await;
    assert_eq!(known.results, [(CallResult::Stale, 1)]);
    assert_eq!(known.attempts, attempts(1, 0, 0, 0));
    assert_eq!((known.work.finished, known.records_left), (0, 1));
    assert_eq!(known.campaign, attempts(2, 1, 0, 0));
    world.store.close();
}
