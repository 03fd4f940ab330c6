//! What is asked: steps that say which record they mean by its place among those that
//! are there, so that a sequence stays one when parts of it are left out.

use jiff::Timestamp;
use ocs_protocol::enumeration::{
    CallResult, CallbackType, ChainAttr, ContactType, DialingMode, RecordStatus, RecordType,
};
use ocs_rules::calling_list::DailyWindow;
use ocs_rules::change::{
    AddRecord, ChainChoice, Chained, Change, Completion, GroupRequest, OnRecord, Preview, Reaching,
    Reschedule, Whom,
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
    pick: Pick,
    attempt: Attempt,
    /// A calling list, by its place.
    list: Option<u8>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Reached {
    Record(On),
    Phone(u8, Option<u8>),
    Customer(u8, Option<u8>),
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Add {
        list: u8,
        chain: Option<Pick>,
        phone: u8,
        customer: Option<u8>,
        kind: RecordType,
        scheduled: Option<i64>,
        window: DailyWindow,
        done: bool,
        campaign: bool,
    },
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
        4 => Just(0_i64), 2 => Just(45), 2 => Just(700), 1 => Just(2_000), 1 => Just(20_000)
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
    prop::collection::vec(batch, 1..24)
}

fn pick() -> impl Strategy<Value = Pick> {
    prop_oneof![
        4 => any::<u8>().prop_map(Pick::Retrieved),
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

fn adding() -> impl Strategy<Value = Step> {
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
    )
        .prop_map(
            |(list, chain, phone, customer, kind, scheduled, window, done)| Step::Add {
                list,
                chain,
                phone,
                customer,
                kind,
                scheduled,
                window,
                done,
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
    let previewing = (0..2_u8, agent(), prop::bool::weighted(0.1), any::<u128>()).prop_map(
        |(group, agent, callback_only, guid)| Step::Preview { group, agent, callback_only, guid },
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
        1 => Just(GroupCommand::SetMode(settings(Some(DialingMode::Power)))),
    ];
    prop_oneof![
        8 => adding(),
        2 => (on(), result).prop_map(|(on, result)| Step::Update(on, result)),
        3 => on().prop_map(Step::Processed),
        2 => on().prop_map(Step::Reject),
        3 => rescheduling,
        1 => (reached(), chain_attr()).prop_map(|(reached, chain)| Step::Cancel(reached, chain)),
        1 => (reached(), chain_attr()).prop_map(|(reached, chain)| Step::DoNotCall(reached, chain)),
        9 => previewing,
        2 => (on(), any::<u128>()).prop_map(|(on, seed)| Step::Chained(on, seed)),
        1 => (0..2_u8, command).prop_map(|(group, command)| Step::Group(group, command)),
        1 => (reached(), prop::option::of(1..4_000_i64))
            .prop_map(|(reached, expires)| Step::PutDoNotCall(reached, expires)),
        1 => reached().prop_map(Step::RemoveDoNotCall),
        2 => Just(Step::Tidy),
    ]
}

/// The request that a step is, in a store as it stands before its batch.
pub(crate) fn change(step: &Step, world: &World) -> Change {
    match step {
        Step::Add { .. } => add(step, world),
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
        Step::Preview { group, agent, callback_only, guid } => Change::Preview(Box::new(Preview {
            group: world.groups[usize::from(*group)],
            agent: agent.map(agent_name),
            attempt_guid: format!("{guid:032x}"),
            callback_only: *callback_only,
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
        Step::RemoveDoNotCall(reached) => Change::RemoveDoNotCall(subject(*reached, world)),
        Step::Tidy => Change::Tidy,
    }
}

fn add(step: &Step, world: &World) -> Change {
    let Step::Add {
        list,
        chain,
        phone,
        customer,
        kind,
        scheduled,
        window,
        done,
    } = step
    else {
        unreachable!("only AddRecord comes here")
    };
    let chained = chain.and_then(|pick| picked(pick, world).1);
    let chain = match (chain, chained) {
        (None, _) => ChainChoice::New,
        (Some(_), Some(record)) => ChainChoice::Existing(record.chain.into()),
        (Some(pick), None) => ChainChoice::Existing(picked(*pick, world).0.into()),
    };
    Change::AddRecord(Box::new(AddRecord {
        // The list of its chain, else the one that was said.
        list: chained.map_or(world.lists[usize::from(*list)], |record| record.list),
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
            campaign: None,
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
        import_key: None,
    }))
}

/// The handle, and the record where it is there.
fn picked(pick: Pick, world: &World) -> (Handle, Option<&Record>) {
    let next = world.next_handle();
    let at = |records: Vec<&Record>, place: u8| {
        let place = usize::from(place).checked_rem(records.len())?;
        records.get(place).map(|record| record.handle)
    };
    let records = || world.seen.records.values();
    let handle = match pick {
        Pick::Any(place) => at(records().collect(), place),
        Pick::Retrieved(place) => {
            let out = records().filter(|record| record.status == RecordStatus::Retrieved);
            at(out.collect(), place)
        }
        Pick::Coming(ahead) => Some(next + Handle::from(ahead)),
    }
    .unwrap_or(next);
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
fn phone_text(phone: u8) -> String {
    if phone.is_multiple_of(2) {
        format!("+165025301{:02}", phone / 2)
    } else {
        format!("(650) 253-01{:02}", phone / 2)
    }
}

fn customer_text(customer: u8) -> String {
    format!("C-{customer}")
}

fn agent_name(agent: u8) -> String {
    format!("agent-{agent}")
}
