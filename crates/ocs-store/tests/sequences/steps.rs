//! What is asked: steps that say which record they mean by its place among those that
//! are there, so that a sequence stays one when parts of it are left out.

use jiff::Timestamp;
use ocs_protocol::enumeration::{
    CallResult, CallbackType, ChainAttr, ContactType, DialingMode, RecordStatus, RecordType,
};
use ocs_rules::calling_list::DailyWindow;
use ocs_rules::change::{
    AddRecord, ChainChoice, Chained, Change, Completion, Given, GroupRequest, OnRecord, Preview,
    Reaching, Reschedule, UnknownKeys, Whom,
};
use ocs_rules::do_not_call::{Entry, Subject};
use ocs_rules::fields::Fields;
use ocs_rules::group_state::{GroupCommand, Settings};
use ocs_rules::record::{Contact, Handle, Record};
use ocs_rules::zone::UTC;
use proptest::prelude::*;

use crate::world::World;

/// Requests that are submitted together, some time after those before them.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) seconds: i64,
    /// Whether a store is closed and opened again before it.
    pub(crate) reopens: bool,
    pub(crate) steps: Vec<Step>,
}

/// Which record is meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pick {
    Any(u8),
    /// One that is out, where there is one.
    Retrieved(u8),
    /// One that the same batch adds, or none.
    Coming(u8),
}

/// Which attempt a request says that it is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Attempt {
    Unsaid,
    Current,
    Other,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct On {
    pub(crate) pick: Pick,
    pub(crate) attempt: Attempt,
    /// A calling list, by its place.
    pub(crate) list: Option<u8>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Reached {
    Record(On),
    Phone(u8, Option<u8>),
    Customer(u8, Option<u8>),
}

/// AddRecord.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adding {
    pub(crate) list: u8,
    pub(crate) chain: Option<Pick>,
    pub(crate) phone: u8,
    pub(crate) customer: Option<u8>,
    pub(crate) kind: RecordType,
    pub(crate) scheduled: Option<i64>,
    pub(crate) window: DailyWindow,
    pub(crate) done: bool,
    pub(crate) campaign: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Add(Adding),
    Update(On, CallResult),
    Processed(On),
    Reject(On),
    Reschedule {
        on: On,
        seconds: i64,
        personal: bool,
        agent: Option<u8>,
        again: bool,
    },
    Cancel(Reached, ChainAttr),
    DoNotCall(Reached, ChainAttr),
    Preview {
        group: u8,
        agent: Option<u8>,
        callback_only: bool,
        empty_handed: bool,
        guid: u128,
    },
    Chained(On, u128),
    Group(u8, GroupCommand),
    PutDoNotCall(Reached, Option<i64>),
    RemoveDoNotCall(Reached),
    Tidy,
}

pub(crate) fn sequence() -> impl Strategy<Value = Vec<Batch>> {
    let seconds = prop_oneof![
        4 => Just(0_i64), 2 => Just(45), 2 => Just(700), 1 => Just(2_000), 1 => Just(20_000), 1 => Just(-5_000)
    ];
    let sizes =
        prop_oneof![2 => Just(1..=1_usize), 1 => Just(2..=4_usize), 1 => Just(5..=12_usize)];
    let steps = sizes.prop_flat_map(|size| prop::collection::vec(step(), size));
    let batch =
        (seconds, prop::bool::weighted(0.05), steps).prop_map(|(seconds, reopens, steps)| Batch {
            seconds,
            reopens,
            steps,
        });
    // Without records, most requests come to nothing.
    let first = prop::collection::vec(adding().prop_map(Step::Add), 2..8).prop_map(|steps| Batch {
        seconds: 0,
        reopens: false,
        steps,
    });
    (first, prop::collection::vec(batch, 1..24)).prop_map(|(first, mut batches)| {
        batches.insert(0, first);
        batches
    })
}

fn pick() -> impl Strategy<Value = Pick> {
    prop_oneof![
        8 => any::<u8>().prop_map(Pick::Retrieved),
        4 => any::<u8>().prop_map(Pick::Any),
        1 => (0..4_u8).prop_map(Pick::Coming),
    ]
}

fn list() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![4 => Just(None), 1 => (0..2_u8).prop_map(Some)]
}

fn on() -> impl Strategy<Value = On> {
    let attempt = prop_oneof![
        6 => Just(Attempt::Unsaid), 3 => Just(Attempt::Current), 1 => Just(Attempt::Other)
    ];
    (pick(), attempt, list()).prop_map(|(pick, attempt, list)| On {
        pick,
        attempt,
        list,
    })
}

fn phone() -> std::ops::Range<u8> {
    0..20
}

fn customer() -> std::ops::Range<u8> {
    0..5
}

fn reached() -> impl Strategy<Value = Reached> {
    prop_oneof![
        on().prop_map(Reached::Record),
        (phone(), list()).prop_map(|(phone, list)| Reached::Phone(phone, list)),
        (customer(), list()).prop_map(|(customer, list)| Reached::Customer(customer, list)),
    ]
}

fn chain_attr() -> impl Strategy<Value = ChainAttr> {
    prop_oneof![Just(ChainAttr::RecordOnly), Just(ChainAttr::AllChain)]
}

fn agent() -> impl Strategy<Value = Option<u8>> {
    prop::option::weighted(0.8, 0..2_u8)
}

fn adding() -> impl Strategy<Value = Adding> {
    let kind = prop_oneof![
        6 => Just(RecordType::General),
        1 => Just(RecordType::PersonalCallBack),
        1 => Just(RecordType::CampaignCallBack),
    ];
    let scheduled = prop_oneof![3 => Just(None), 1 => (-100..4_000_i64).prop_map(Some)];
    let window = prop_oneof![
        3 => Just(DailyWindow { from: 0, till: 86_399 }),
        1 => Just(DailyWindow::default()),
        1 => Just(DailyWindow { from: 72_000, till: 39_600 }),
    ];
    let chain = prop::option::weighted(0.5, pick());
    let customer = prop::option::of(customer());
    let done = prop::bool::weighted(0.05);
    (
        0..2_u8,
        chain,
        phone(),
        customer,
        kind,
        scheduled,
        window,
        done,
        any::<bool>(),
    )
        .prop_map(
            |(list, chain, phone, customer, kind, scheduled, window, done, campaign)| Adding {
                list,
                chain,
                phone,
                customer,
                kind,
                scheduled,
                window,
                done,
                campaign,
            },
        )
}

fn step() -> impl Strategy<Value = Step> {
    let result = prop_oneof![Just(CallResult::Busy), Just(CallResult::Answer)];
    let rescheduling = (on(), -60..4_000_i64, any::<bool>(), agent(), any::<bool>()).prop_map(
        |(on, seconds, personal, agent, again)| Step::Reschedule {
            on,
            seconds,
            personal,
            agent,
            again,
        },
    );
    let seldom = || prop::bool::weighted(0.1);
    let previewing = (0..3_u8, agent(), seldom(), seldom(), any::<u128>()).prop_map(
        |(group, agent, callback_only, empty_handed, guid)| Step::Preview {
            group,
            agent,
            callback_only,
            empty_handed,
            guid,
        },
    );
    let settings = |mode| Settings {
        mode,
        ..Settings::default()
    };
    let command = prop_oneof![
        6 => Just(GroupCommand::Start(Settings::default())),
        3 => Just(GroupCommand::Load(Settings { auto_completion: Some(true), ..Settings::default() })),
        1 => Just(GroupCommand::Load(Settings::default())),
        1 => Just(GroupCommand::Unload),
        1 => Just(GroupCommand::Stop),
        1 => Just(GroupCommand::Status),
        1 => Just(GroupCommand::SetMode(settings(Some(DialingMode::EngagedPower)))),
    ];
    prop_oneof![
        14 => adding().prop_map(Step::Add),
        4 => (on(), result).prop_map(|(on, result)| Step::Update(on, result)),
        6 => on().prop_map(Step::Processed),
        5 => on().prop_map(Step::Reject),
        6 => rescheduling,
        1 => (reached(), chain_attr()).prop_map(|(reached, chain)| Step::Cancel(reached, chain)),
        1 => (reached(), chain_attr()).prop_map(|(reached, chain)| Step::DoNotCall(reached, chain)),
        18 => previewing,
        4 => (on(), any::<u128>()).prop_map(|(on, seed)| Step::Chained(on, seed)),
        1 => (0..3_u8, command).prop_map(|(group, command)| Step::Group(group, command)),
        1 => (reached(), prop::option::weighted(0.7, 1..4_000_i64))
            .prop_map(|(reached, expires)| Step::PutDoNotCall(reached, expires)),
        2 => reached().prop_map(Step::RemoveDoNotCall),
        3 => Just(Step::Tidy),
    ]
}

/// A record that can be called at any time.
pub(crate) const PLAIN: Adding = Adding {
    list: 0,
    chain: None,
    phone: 0,
    customer: None,
    kind: RecordType::General,
    scheduled: None,
    window: DailyWindow {
        from: 0,
        till: 86_399,
    },
    done: false,
    campaign: false,
};

/// The request that a step is, in a store as it stands before its batch.
pub(crate) fn change(step: &Step, world: &World) -> Change {
    match step {
        Step::Add(adding) => add(adding, world),
        Step::Update(on, result) => Change::UpdateCallCompletionStats(Box::new(Completion {
            on: on_record(*on, world),
            result: Some(*result),
            ..Completion::default()
        })),
        Step::Processed(on) => Change::RecordProcessed(Box::new(Completion {
            on: on_record(*on, world),
            ..Completion::default()
        })),
        Step::Reject(on) => Change::RecordReject(Box::new(on_record(*on, world))),
        Step::Reschedule {
            on,
            seconds,
            personal,
            agent,
            again,
        } => {
            let at = Timestamp::from_second(world.now() + seconds).expect("a moment");
            Change::Reschedule(Box::new(Reschedule {
                on: on_record(*on, world),
                at: at.to_string(),
                callback: if *personal {
                    CallbackType::Personal
                } else {
                    CallbackType::Campaign
                },
                agent: agent.map(agent_name),
                again: *again,
            }))
        }
        Step::Cancel(reached, chain) => Change::Cancel(reaching(*reached, *chain, world)),
        Step::DoNotCall(reached, chain) => Change::DoNotCall(reaching(*reached, *chain, world)),
        Step::Preview {
            group,
            agent,
            callback_only,
            empty_handed,
            guid,
        } => Change::Preview(Box::new(Preview {
            group: world.groups[usize::from(*group)],
            agent: agent.map(agent_name),
            attempt_guid: format!("{guid:032x}"),
            callback_only: *callback_only,
            empty_handed: *empty_handed,
        })),
        Step::Chained(on, guid_seed) => Change::Chained(Box::new(Chained {
            on: on_record(*on, world),
            guid_seed: *guid_seed,
        })),
        Step::Group(group, command) => Change::Group(Box::new(GroupRequest {
            group: world.groups[usize::from(*group)],
            command: *command,
        })),
        Step::PutDoNotCall(reached, expires) => Change::PutDoNotCall(Box::new(Entry {
            subject: subject(*reached, world),
            message: None,
            campaign: None,
            list: None,
            internal: false,
            time_stamp: world.now(),
            expires: expires.map(|seconds| world.now() + seconds),
            source: None,
        })),
        Step::RemoveDoNotCall(reached) => {
            Change::RemoveDoNotCall(subject(*reached, world), "the test".to_owned())
        }
        Step::Tidy => Change::Tidy,
    }
}

fn add(adding: &Adding, world: &World) -> Change {
    let Adding {
        list,
        chain,
        phone,
        customer,
        kind,
        scheduled,
        window,
        done,
        campaign,
    } = adding;
    let chained = chain.and_then(|pick| picked(pick, world).1);
    let chain = match (chain, chained) {
        (None, _) => ChainChoice::New,
        (Some(_), Some(record)) => ChainChoice::Existing(record.chain.into()),
        (Some(pick), None) => ChainChoice::Existing(picked(*pick, world).0.into()),
    };
    // The list of its chain, else the one that was said.
    let list = chained.map_or(world.lists[usize::from(*list)], |record| record.list);
    Change::AddRecord(Box::new(AddRecord {
        list,
        chain,
        contact: Contact {
            phone: phone_text(*phone),
            phone_type: ContactType::Mobile,
            customer_id: customer.map(customer_text),
            record_type: *kind,
            scheduled: scheduled.map(|seconds| world.now() + seconds),
            call_time: None,
            window: *window,
            zone: UTC,
            campaign: campaign.then(|| world.campaign_of(list)),
            agent: (*kind == RecordType::PersonalCallBack).then(|| agent_name(0)),
            fields: Fields::default(),
        },
        new_zone: None,
        status: if *done {
            RecordStatus::Updated
        } else {
            RecordStatus::Ready
        },
        result: CallResult::Unknown,
        attempts: 0,
        given: Given::default(),
        import_key: None,
    }))
}

/// The handle, and the record where it is there.
fn picked(pick: Pick, world: &World) -> (Handle, Option<&Record>) {
    let next = world.next_handle();
    let all: Vec<_> = world.seen.records.values().collect();
    let out: Vec<_> = all
        .iter()
        .copied()
        .filter(|record| record.status == RecordStatus::Retrieved)
        .collect();
    let (among, place) = match pick {
        Pick::Coming(ahead) => return (next + Handle::from(ahead), None),
        Pick::Retrieved(place) if !out.is_empty() => (&out, place),
        Pick::Retrieved(place) | Pick::Any(place) => (&all, place),
    };
    let place = usize::from(place).checked_rem(among.len());
    let handle = place.map_or(next, |place| among[place].handle);
    (handle, world.seen.records.get(&handle))
}

fn on_record(on: On, world: &World) -> OnRecord {
    let (handle, record) = picked(on.pick, world);
    OnRecord {
        handle,
        list: on.list.map(|list| world.lists[usize::from(list)]),
        attempt_guid: match on.attempt {
            Attempt::Unsaid => None,
            Attempt::Current => record.and_then(|record| record.attempt_guid.clone()),
            Attempt::Other => Some("f".repeat(32)),
        },
        unknown: UnknownKeys::default(),
    }
}

fn reaching(reached: Reached, chain: ChainAttr, world: &World) -> Box<Reaching> {
    let list_of = |list: Option<u8>| list.map(|list| world.lists[usize::from(list)]);
    let (whom, list) = match reached {
        Reached::Record(on) => {
            let on = on_record(on, world);
            (Whom::Record(on.handle, on.attempt_guid), on.list)
        }
        Reached::Phone(phone, list) => (Whom::Phone(phone_text(phone)), list_of(list)),
        Reached::Customer(customer, list) => {
            (Whom::CustomerId(customer_text(customer)), list_of(list))
        }
    };
    Box::new(Reaching {
        whom,
        list,
        chain,
        source: "the test".to_owned(),
        unknown: UnknownKeys::default(),
    })
}

fn subject(reached: Reached, world: &World) -> Subject {
    match reached {
        Reached::Record(on) => match picked(on.pick, world).1 {
            Some(record) => Subject::Phone(record.contact.phone.clone()),
            None => Subject::Phone(phone_text(0)),
        },
        Reached::Phone(phone, _) => Subject::Phone(phone_text(phone)),
        Reached::Customer(customer, _) => Subject::CustomerId(customer_text(customer)),
    }
}

/// The same numbers in two forms.
pub(crate) fn phone_text(phone: u8) -> String {
    if phone.is_multiple_of(2) {
        format!("+165025301{:02}", phone / 2)
    } else {
        format!("(650) 253-01{:02}", phone / 2)
    }
}

pub(crate) fn customer_text(customer: u8) -> String {
    format!("C-{customer}")
}

fn agent_name(agent: u8) -> String {
    format!("agent-{agent}")
}
