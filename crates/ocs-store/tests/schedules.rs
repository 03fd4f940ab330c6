//! Schedules carried out on a clock that the test sets: every edge, requests in between,
//! restarts, jumps of the clock, and sequences.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::civil::Weekday;
use ocs_protocol::enumeration::{
    CallResult, ContactType, DialingMode, GroupStatus, RecordStatus, RecordType,
};
use ocs_protocol::error::ErrorNumber;
use ocs_rules::calling_list::{CallingList, DailyWindow};
use ocs_rules::campaign::{Campaign, CampaignGroup, WeightedList};
use ocs_rules::change::{
    AddRecord, ChainChoice, Change, Completion, Given, GroupRequest, OnRecord, Outcome, Tidied,
};
use ocs_rules::days::Days;
use ocs_rules::fields::Fields;
use ocs_rules::group_state::{GroupCommand, GroupStep, Settings};
use ocs_rules::objects::ObjectChange;
use ocs_rules::options::Options;
use ocs_rules::policy::Policy;
use ocs_rules::record::{Contact, Handle};
use ocs_rules::schedule::{Hours, Schedule, WeeklyHours};
use ocs_rules::zone::UTC;
use ocs_store::{Open, Store};
use tempfile::TempDir;

const HOUR: i64 = 3_600;

/// The campaign groups of the test are 301, 302 …, each with a calling list of its own.
struct World {
    folder: TempDir,
    clock: Arc<AtomicI64>,
    store: Store,
}

fn moment(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("a moment").as_second()
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

/// Mondays from 08:00 to 18:00 UTC, loaded an hour before and after.
fn mondays(mode: Option<DialingMode>) -> Schedule {
    Schedule {
        dbid: 101,
        name: "Mondays".to_owned(),
        zone: UTC,
        load_before: 3_600,
        unload_after: 3_600,
        hours: vec![WeeklyHours {
            days: Days::default().with(Weekday::Monday),
            hours: Hours {
                from: 8 * 3_600,
                until: 18 * 3_600,
                mode,
            },
        }],
        exceptions: Vec::new(),
    }
}

impl World {
    /// Campaign groups that run by a schedule, each with its place in a sequence.
    async fn new(schedule: Schedule, groups: &[Option<u32>]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(AtomicI64::new(moment("2026-11-22T12:00:00Z")));
        let world = Self {
            store: open(&folder, &clock),
            folder,
            clock,
        };
        let mut changes = vec![ObjectChange::PutSchedule(schedule)];
        for (number, sequence) in (1..).zip(groups) {
            changes.push(ObjectChange::PutList(CallingList {
                dbid: 200 + number,
                name: format!("list {number}"),
                window: DailyWindow::default(),
                zone: UTC,
                max_attempts: 3,
                region: None,
                fields: Vec::new(),
                treatments: Vec::new(),
                options: Options::default(),
            }));
            changes.push(ObjectChange::PutCampaign(Campaign {
                dbid: number,
                name: format!("campaign {number}"),
                description: String::new(),
                lists: vec![WeightedList {
                    list: 200 + number,
                    weight: 10,
                    filter: None,
                }],
                treatments: Vec::new(),
                options: Options::default(),
            }));
            changes.push(ObjectChange::PutGroup(CampaignGroup {
                dbid: 300 + number,
                campaign: number,
                group: "agents".to_owned(),
                description: String::new(),
                mode: DialingMode::Preview,
                schedule: Some(101),
                sequence: *sequence,
                options: Options::default(),
            }));
        }
        world.apply(changes).await;
        world
    }

    async fn apply(&self, changes: Vec<ObjectChange>) {
        let plan = Box::new(move |view: &ocs_store::ObjectsView<'_>| Ok((changes, view.counters)));
        let changed = self.store.change_objects(plan).await;
        changed.expect("it is written").expect("it is planned");
    }

    async fn change(&self, change: Change) -> Result<Outcome, ErrorNumber> {
        let done = self.store.submit_bulk(vec![change], true).await;
        let outcome = done.expect("it is done").remove(0);
        outcome.map_err(|refusal| refusal.number)
    }

    async fn ask(&self, group: u32, command: GroupCommand) -> Result<(), ErrorNumber> {
        let request = GroupRequest { group, command };
        self.change(Change::Group(Box::new(request)))
            .await
            .map(drop)
    }

    /// Does what the time has made due.
    async fn tidy(&self) -> Tidied {
        match self.change(Change::Tidy).await {
            Ok(Outcome::Tidied(tidied)) => *tidied,
            other => panic!("{other:?}"),
        }
    }

    async fn at(&self, now: &str) -> Tidied {
        self.clock.store(moment(now), Ordering::Relaxed);
        self.tidy().await
    }

    fn status(&self, group: u32) -> GroupStatus {
        let states = self.store.group_states();
        let state = states.get(&group);
        state.map_or(GroupStatus::NotLoaded, |state| state.status)
    }

    /// OCS ends, and another one starts.
    fn restarted(self) -> Self {
        self.store.close();
        Self {
            store: open(&self.folder, &self.clock),
            ..self
        }
    }

    async fn add(&self, list: u32) -> Handle {
        let add = AddRecord {
            list,
            chain: ChainChoice::New,
            contact: Contact {
                phone: "+16505550100".to_owned(),
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
            Ok(Outcome::Added { handle, .. }) => handle,
            other => panic!("{other:?}"),
        }
    }

    async fn finish(&self, handle: Handle) {
        let completion = Completion {
            on: OnRecord {
                handle,
                ..OnRecord::default()
            },
            ..Completion::default()
        };
        let done = self.change(Change::RecordProcessed(Box::new(completion)));
        done.await.expect("it is finished");
    }
}

fn steps(tidied: &Tidied) -> Vec<GroupStep> {
    let scheduled = tidied.scheduled.iter();
    scheduled.flat_map(|one| one.steps.clone()).collect()
}

#[tokio::test]
async fn every_edge_once_and_whatever_the_clock_does() {
    use GroupStatus::{Active, NotLoaded, Running};
    use GroupStep::{Loaded, Started, Stopped, Unloaded};
    let mut world = World::new(mondays(None), &[None]).await;
    // 23 November 2026 is a Monday.
    #[rustfmt::skip]
    let rows: &[(&str, bool, &[GroupStep], GroupStatus)] = &[
        ("2026-11-22T12:00:00Z", false, &[], NotLoaded),
        ("2026-11-23T06:59:59Z", false, &[], NotLoaded),
        ("2026-11-23T07:00:00Z", false, &[Loaded], Active),
        ("2026-11-23T07:00:01Z", false, &[], Active),
        ("2026-11-23T08:00:00Z", false, &[Started], Running),
        ("2026-11-23T17:59:59Z", false, &[], Running),
        ("2026-11-23T18:00:00Z", false, &[Stopped], Active),
        ("2026-11-23T19:00:00Z", false, &[Unloaded], NotLoaded),
        // Edges that nobody was there for.
        ("2026-11-30T12:00:00Z", false, &[Loaded, Started], Running),
        ("2026-12-01T12:00:00Z", false, &[Stopped, Unloaded], NotLoaded),
        // The clock is put back, by hours and by days.
        ("2026-11-30T17:00:00Z", false, &[Loaded, Started], Running),
        ("2026-11-30T07:30:00Z", false, &[Stopped], Active),
        ("2026-11-29T07:30:00Z", false, &[Unloaded], NotLoaded),
        // OCS was away.
        ("2026-11-30T08:30:00Z", true, &[Loaded, Started], Running),
        ("2026-11-30T09:30:00Z", true, &[], Running),
        ("2026-11-30T19:30:00Z", true, &[Stopped, Unloaded], NotLoaded),
    ];
    for (now, restart, right, status) in rows {
        if *restart {
            world = world.restarted();
        }
        let tidied = world.at(now).await;
        assert_eq!(steps(&tidied), *right, "at {now}");
        assert_eq!(world.status(301), *status, "at {now}");
        let again = world.tidy().await;
        assert!(again.scheduled.is_empty(), "at {now} once: {again:?}");
    }
    world.store.close();
}

/// What a client asks stands until the next edge, over a restart too.
#[tokio::test]
async fn requests_in_between() {
    use GroupStatus::{Active, NotLoaded, Running};
    let none = Settings::default();
    let mut world = World::new(mondays(None), &[None]).await;
    world.at("2026-11-23T09:00:00Z").await;
    assert_eq!(world.status(301), Running);
    world.ask(301, GroupCommand::Stop).await.expect("stopped");
    world.at("2026-11-23T10:00:00Z").await;
    world = world.restarted();
    world.at("2026-11-23T11:00:00Z").await;
    assert_eq!(world.status(301), Active, "stopped by hand");
    world
        .ask(301, GroupCommand::Unload)
        .await
        .expect("unloaded");
    world.at("2026-11-23T18:00:00Z").await;
    assert_eq!(world.status(301), Active, "the edge loads it again");
    world.at("2026-11-23T20:00:00Z").await;
    world
        .ask(301, GroupCommand::Load(none))
        .await
        .expect("loaded");
    world
        .ask(301, GroupCommand::Start(none))
        .await
        .expect("started");
    world.at("2026-11-29T20:00:00Z").await;
    assert_eq!(world.status(301), Running, "started by hand");
    world.at("2026-11-30T08:30:00Z").await;
    assert_eq!(world.status(301), Running);
    world.at("2026-11-30T20:30:00Z").await;
    assert_eq!(world.status(301), NotLoaded);
    // Another schedule for now is an edge too; one that says the same is none.
    let mut always = mondays(None);
    always.hours[0].days = Days::from_bits(0x7f);
    world.at("2026-12-01T12:00:00Z").await;
    world
        .apply(vec![ObjectChange::PutSchedule(always.clone())])
        .await;
    world.tidy().await;
    assert_eq!(world.status(301), Running);
    world.ask(301, GroupCommand::Stop).await.expect("stopped");
    always.exceptions.push(ocs_rules::schedule::Exception {
        date: "2026-12-25".parse().expect("a date"),
        hours: None,
    });
    world.apply(vec![ObjectChange::PutSchedule(always)]).await;
    world.tidy().await;
    assert_eq!(world.status(301), Active, "nothing changes for now");
    world.store.close();
}

/// What cannot be followed is left as it is, and said; a request has the error's number.
#[tokio::test]
async fn schedules_that_cannot_be_followed() {
    use GroupStatus::{Active, NotLoaded};
    let none = Settings::default();
    let monday = "2026-11-23T09:00:00Z";
    let powerful = mondays(Some(DialingMode::EngagedPower));
    let world = World::new(powerful, &[None]).await;
    let tidied = world.at(monday).await;
    assert!(tidied.scheduled[0].kept_from_running, "{tidied:?}");
    assert_eq!(world.status(301), Active);
    let refused = world.ask(301, GroupCommand::Start(none)).await;
    assert_eq!(refused, Err(ErrorNumber::InvalidCampaignScheduleMode));
    let mut bad = mondays(None);
    bad.hours.clear();
    for (change, number) in [
        (
            ObjectChange::PutSchedule(bad),
            ErrorNumber::InvalidCampaignSchedule,
        ),
        (
            ObjectChange::RemoveSchedule(101),
            ErrorNumber::CampaignScheduleNotFound,
        ),
    ] {
        world.apply(vec![change]).await;
        let tidied = world.tidy().await;
        assert_eq!(tidied.unscheduled.len(), 1, "{number:?}: {tidied:?}");
        assert!(world.tidy().await.unscheduled.is_empty(), "said once");
        assert_eq!(world.status(301), Active);
        let refused = world.ask(301, GroupCommand::Start(none)).await;
        assert_eq!(refused, Err(number));
        world.clock.fetch_add(HOUR, Ordering::Relaxed);
        assert_eq!(world.tidy().await.unscheduled.len(), 1, "said again");
    }
    world
        .ask(301, GroupCommand::Unload)
        .await
        .expect("unloaded");
    assert_eq!(world.status(301), NotLoaded);
    world.store.close();
}

/// One part after another, each while it has records; anew with the next hours.
#[tokio::test]
async fn sequences() {
    use GroupStatus::{NotLoaded, Running};
    let none = Settings::default();
    let mut world = World::new(mondays(None), &[Some(2), Some(1), Some(3), None]).await;
    // 302 is first, then 301; 303 has nothing; 304 is no part.
    let (second, first) = (world.add(201).await, world.add(202).await);
    world.at("2026-11-23T07:30:00Z").await;
    let statuses = |world: &World| [302, 301, 303, 304].map(|group| world.status(group));
    assert_eq!(statuses(&world)[..3], [NotLoaded; 3], "loaded in its turn");
    world.at("2026-11-23T08:00:00Z").await;
    assert_eq!(statuses(&world), [Running, NotLoaded, NotLoaded, Running]);
    for group in [301, 302] {
        let refused = world.ask(group, GroupCommand::Start(none)).await;
        assert_eq!(refused, Err(ErrorNumber::PartOfSequence), "{group}");
    }
    world.finish(first).await;
    world = world.restarted();
    world.tidy().await;
    assert_eq!(statuses(&world), [NotLoaded, Running, NotLoaded, Running]);
    // What comes to a part whose turn is over waits for the next hours.
    let first = world.add(202).await;
    world.finish(second).await;
    world.tidy().await;
    assert_eq!(statuses(&world), [NotLoaded, NotLoaded, NotLoaded, Running]);
    world.add(203).await;
    world.at("2026-11-23T17:00:00Z").await;
    assert_eq!(statuses(&world), [NotLoaded, NotLoaded, NotLoaded, Running]);
    world.at("2026-11-30T08:00:00Z").await;
    assert_eq!(statuses(&world), [Running, NotLoaded, NotLoaded, Running]);
    world.finish(first).await;
    world.tidy().await;
    assert_eq!(statuses(&world), [NotLoaded, NotLoaded, Running, Running]);
    world.at("2026-11-30T18:00:00Z").await;
    assert_eq!(statuses(&world)[..3], [NotLoaded; 3]);
    world.store.close();
}
