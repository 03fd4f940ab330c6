//! Consent over random statements, hand-outs and clocks: nobody is handed out whom a plain
//! scan of all that was said withholds, and nobody whom it does not is forgotten.

use std::collections::BTreeSet;

use ocs_protocol::enumeration::{DialingMode, RecordStatus};
use ocs_rules::calling_list::{CallingList, DailyWindow};
use ocs_rules::campaign::{Campaign, CampaignGroup, WeightedList};
use ocs_rules::change::{Change, GroupRequest, Outcome};
use ocs_rules::consent::{Call, Says, Scope, Statement, Stating};
use ocs_rules::do_not_call::{Compared, Subject};
use ocs_rules::frequency_cap::{self, FrequencyCap, Per, Span};
use ocs_rules::group_state::{GroupCommand, Settings};
use ocs_rules::objects::ObjectChange;
use ocs_rules::options::Options;
use ocs_rules::record::{Handle, Record};
use proptest::prelude::*;

use crate::steps::{self, Adding, Attempt, On, PLAIN, Pick, Step};
use crate::world::{REGION, World};

/// More than two batches look at.
const MANY: usize = 150;

/// Another campaign that takes the first calling list, and its campaign group.
const OTHER: (u32, u32) = (901, 902);

const REQUIRED: &str = r#"{"consent-required":true}"#;

/// Gives the first calling list or the other campaign its options.
fn set(world: &World, list: &str, campaign: &str) {
    let objects = world.store().objects();
    let first = objects.list(world.lists[0]).expect("it is there");
    let list = CallingList {
        options: Options::from_stored(list),
        ..CallingList::clone(first)
    };
    world.change(vec![
        ObjectChange::PutCampaign(Campaign {
            dbid: OTHER.0,
            name: "other".to_owned(),
            description: String::new(),
            lists: vec![WeightedList {
                list: list.dbid,
                weight: 10,
                filter: None,
            }],
            treatments: Vec::new(),
            options: Options::from_stored(campaign),
        }),
        ObjectChange::PutList(list),
    ]);
}

/// A world whose first calling list has another campaign too, which runs.
fn world(list: &str, campaign: &str) -> World {
    let mut world = World::new();
    world.consents = true;
    set(&world, list, campaign);
    world.change(vec![ObjectChange::PutGroup(CampaignGroup {
        schedule: None,
        sequence: None,
        dbid: OTHER.1,
        campaign: OTHER.0,
        group: "agents".to_owned(),
        description: String::new(),
        mode: DialingMode::Preview,
        options: Options::default(),
    })]);
    let none = Settings::default();
    for command in [GroupCommand::Load(none), GroupCommand::Start(none)] {
        let request = GroupRequest {
            group: OTHER.1,
            command,
        };
        let outcomes = world.submit(&[Change::Group(Box::new(request))]);
        assert!(outcomes[0].is_ok(), "{outcomes:?}");
    }
    world.groups.push(OTHER.1);
    world
}

fn statement(subject: Subject, says: Says, scope: Scope) -> Stating {
    Stating {
        statement: Statement {
            subject,
            says,
            scope,
            at: 0,
            expires: None,
            source: None,
            proof: None,
            by: "the test".to_owned(),
        },
        told: None,
    }
}

fn asked(change: Change, world: &mut World) -> Outcome {
    world
        .submit(&[change])
        .remove(0)
        .expect("it is carried out")
}

fn preview(group: u8, guid: u128, world: &mut World) -> Outcome {
    let step = Step::Preview {
        group,
        agent: None,
        callback_only: false,
        empty_handed: false,
        guid,
    };
    let change = steps::change(&step, world);
    asked(change, world)
}

fn delivered(outcome: &Outcome) -> Handle {
    match outcome {
        Outcome::Delivered(delivery) => delivery.record.handle,
        other => panic!("{other:?}"),
    }
}

/// Many records of one customer, and one of another.
fn add_many(world: &mut World) {
    let adding = |phone, customer| Adding {
        phone,
        customer: Some(customer),
        window: DailyWindow { from: 0, till: 0 },
        ..PLAIN
    };
    let many = vec![steps::change(&Step::Add(adding(0, 0)), world); MANY];
    world.submit(&many);
    let other = steps::change(&Step::Add(adding(2, 1)), world);
    world.submit(&[other]);
}

/// Does what waits.
fn tidy(world: &mut World) {
    for _ in 0..100 {
        match asked(Change::Tidy, world) {
            Outcome::Tidied(tidied) if tidied.more => {}
            _ => return,
        }
    }
    panic!("there is always more to do");
}

fn customer(number: u8) -> Subject {
    Subject::CustomerId(steps::customer_text(number))
}

/// Many without consent before one that has it: each is looked at once, so many in a
/// transaction; and they are back as soon as they consent, or nobody asks for it.
#[test]
fn many_without_consent() {
    for reopens in [false, true] {
        let mut world = world(REQUIRED, "{}");
        add_many(&mut world);
        let stated = statement(customer(1), Says::Consent, Scope::All);
        asked(Change::State(Box::new(stated)), &mut world);
        let looked = [1, 2].map(|guid| preview(0, guid, &mut world));
        assert_eq!(looked, [Outcome::StillLooking, Outcome::StillLooking]);
        let last = Handle::try_from(MANY + 1).expect("few");
        assert_eq!(delivered(&preview(0, 3, &mut world)), last);
        assert_eq!(preview(0, 4, &mut world), Outcome::NothingDue);
        if reopens {
            world.reopen();
            tidy(&mut world);
            assert_eq!(preview(0, 5, &mut world), Outcome::NothingDue);
        }
        let stated = statement(customer(0), Says::Consent, Scope::Campaign(OTHER.0));
        asked(Change::State(Box::new(stated)), &mut world);
        tidy(&mut world);
        // For the other campaign alone.
        assert_eq!(delivered(&preview(3, 6, &mut world)), 1);
        let back = On {
            pick: Pick::Retrieved(0),
            attempt: Attempt::Unsaid,
            list: None,
        };
        let back = steps::change(&Step::Reject(back), &world);
        asked(back, &mut world);
        set(&world, "{}", "{}");
        tidy(&mut world);
        assert_eq!(
            delivered(&preview(0, 7, &mut world)),
            1,
            "nobody asks for it"
        );
    }
}

/// Records that another campaign may call are there for it, and are looked at once by each
/// campaign group that may not.
#[test]
fn many_that_are_there_for_others() {
    let mut world = world("{}", REQUIRED);
    add_many(&mut world);
    let stated = statement(customer(1), Says::Consent, Scope::All);
    asked(Change::State(Box::new(stated)), &mut world);
    let looked = [1, 2].map(|guid| preview(3, guid, &mut world));
    assert_eq!(looked, [Outcome::StillLooking, Outcome::StillLooking]);
    let last = Handle::try_from(MANY + 1).expect("few");
    assert_eq!(delivered(&preview(3, 3, &mut world)), last);
    assert_eq!(preview(3, 4, &mut world), Outcome::NothingDue);
    // One that comes later does not stand behind them.
    let adding = Adding {
        phone: 4,
        customer: Some(2),
        window: DailyWindow { from: 0, till: 0 },
        ..PLAIN
    };
    let another = steps::change(&Step::Add(adding), &world);
    asked(another, &mut world);
    let stated = statement(customer(2), Says::Consent, Scope::All);
    asked(Change::State(Box::new(stated)), &mut world);
    assert_eq!(delivered(&preview(3, 5, &mut world)), last + 1);
    // They are the first campaign's.
    assert_eq!(delivered(&preview(0, 6, &mut world)), 1);
    let back = On {
        pick: Pick::Any(0),
        attempt: Attempt::Unsaid,
        list: None,
    };
    let back = steps::change(&Step::Reject(back), &world);
    asked(back, &mut world);
    assert_eq!(preview(3, 7, &mut world), Outcome::NothingDue);
    // Whoever consents is found again, though he was passed over.
    let stated = statement(customer(0), Says::Consent, Scope::All);
    asked(Change::State(Box::new(stated)), &mut world);
    tidy(&mut world);
    assert_eq!(delivered(&preview(3, 8, &mut world)), 1);
}

/// The same of records that have no room by a cap for each campaign, which ends by itself.
#[test]
fn many_without_room_for_one_campaign() {
    const DAY: i64 = 86_400;
    let mut world = world("{}", "{}");
    world.put_caps(vec![FrequencyCap {
        name: "day".to_owned(),
        attempts: 1,
        span: Span::Days(1),
        per: Per::Customer,
        scope: frequency_cap::Scope::Campaign,
        lists: Vec::new(),
    }]);
    add_many(&mut world);
    let first = delivered(&preview(0, 1, &mut world));
    let out = On {
        pick: Pick::Retrieved(0),
        attempt: Attempt::Unsaid,
        list: None,
    };
    let processed = steps::change(&Step::Processed(out), &world);
    asked(processed, &mut world);
    assert_eq!(first, 1);
    let looked = [2, 3].map(|guid| preview(0, guid, &mut world));
    assert_eq!(looked, [Outcome::StillLooking, Outcome::StillLooking]);
    let last = Handle::try_from(MANY + 1).expect("few");
    assert_eq!(delivered(&preview(0, 4, &mut world)), last);
    assert_eq!(preview(0, 5, &mut world), Outcome::NothingDue);
    // They are looked at once, and not after a restart either.
    world.reopen();
    tidy(&mut world);
    assert_eq!(preview(0, 6, &mut world), Outcome::NothingDue);
    // Not with the clock put back, nor by the other group of the campaign.
    world.pass(-3_600);
    assert_eq!(preview(0, 7, &mut world), Outcome::NothingDue);
    world.pass(3_600);
    assert_eq!(
        delivered(&preview(3, 8, &mut world)),
        2,
        "the other campaign"
    );
    let back = steps::change(&Step::Reject(out), &world);
    asked(back, &mut world);
    let others = [9, 10, 11, 12].map(|guid| preview(1, guid, &mut world));
    assert_eq!(others.last(), Some(&Outcome::NothingDue), "{others:?}");
    // Another cap counts at once.
    world.put_caps(vec![FrequencyCap {
        name: "day".to_owned(),
        attempts: 2,
        span: Span::Days(1),
        per: Per::Customer,
        scope: frequency_cap::Scope::Campaign,
        lists: Vec::new(),
    }]);
    tidy(&mut world);
    assert_eq!(delivered(&preview(0, 13, &mut world)), 2);
    asked(steps::change(&Step::Processed(out), &world), &mut world);
    tidy(&mut world);
    let looked = [14, 15, 16].map(|guid| preview(0, guid, &mut world));
    assert_eq!(looked.last(), Some(&Outcome::NothingDue));
    world.pass(DAY);
    tidy(&mut world);
    assert_eq!(delivered(&preview(0, 17, &mut world)), 3, "a day later");
}

/// A record in hand is not kept from others for as long as the clock was ahead.
#[test]
fn named_by_a_clock_that_was_ahead() {
    const DAY: i64 = 86_400;
    let mut world = world("{}", "{}");
    asked(steps::change(&Step::Add(PLAIN), &world), &mut world);
    delivered(&preview(0, 1, &mut world));
    world.pass(-DAY);
    tidy(&mut world);
    world.pass(1_799);
    tidy(&mut world);
    let status = |world: &World| world.seen.records[&1].status;
    assert_eq!(status(&world), RecordStatus::Retrieved);
    world.pass(1);
    tidy(&mut world);
    assert_ne!(status(&world), RecordStatus::Retrieved);
}

#[derive(Debug, Clone)]
enum Do {
    Preview(u8),
    Processed(u8),
    Reject(u8),
    State(Said),
    /// With what options the first calling list and the other campaign go on.
    Options(bool, bool),
    Chained(u8),
    Tidy,
    Pass(i64),
    Reopen,
}

#[derive(Debug, Clone)]
struct Said {
    /// A phone, else a customer.
    phone: bool,
    who: u8,
    says: Says,
    scope: u8,
    /// Seconds ago, where the moment is told.
    ago: Option<i64>,
    /// For so many seconds.
    lasts: Option<i64>,
}

fn what() -> impl Strategy<Value = Do> {
    let group = prop_oneof![Just(0_u8), Just(3)];
    let said = (
        any::<bool>(),
        0..4_u8,
        prop_oneof![3 => Just(Says::Consent), 2 => Just(Says::Revocation)],
        0..5_u8,
        prop::option::weighted(0.3, 0..20_000_i64),
        prop::option::weighted(0.3, 1..9_000_i64),
    )
        .prop_map(|(phone, who, says, scope, ago, lasts)| Said {
            phone,
            who,
            says,
            scope,
            ago,
            lasts,
        });
    prop_oneof![
        10 => group.prop_map(Do::Preview),
        3 => any::<u8>().prop_map(Do::Processed),
        4 => any::<u8>().prop_map(Do::Reject),
        9 => said.prop_map(Do::State),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(list, campaign)| Do::Options(list, campaign)),
        1 => any::<u8>().prop_map(Do::Chained),
        2 => Just(Do::Tidy),
        3 => (0..8_000_i64).prop_map(Do::Pass),
        1 => (-9_000..0_i64).prop_map(Do::Pass),
        1 => Just(Do::Reopen),
    ]
}

/// All that was said, as the test keeps it.
#[derive(Default)]
struct History(Vec<Statement>);

impl History {
    /// Where a subject stands for a call, by the rule read over every statement.
    fn stands(&self, is: impl Fn(&Subject) -> bool, call: Call, now: i64) -> (bool, bool) {
        let mut own: Vec<_> = self
            .0
            .iter()
            .filter(|said| said.scope.reaches(call) && is(&said.subject))
            .collect();
        own.sort_by_key(|said| said.at);
        let revoked = own.iter().any(|said| said.says == Says::Revocation);
        match own.last() {
            None => (false, false),
            Some(last) if last.says == Says::Revocation => (false, true),
            Some(last) if last.expires.is_some_and(|end| end <= now) => (false, revoked),
            Some(_) => (true, false),
        }
    }

    fn allows(&self, record: &Record, group: u8, required: [bool; 2], world: &World) -> bool {
        let objects = world.store().objects();
        let dbid = world.groups[usize::from(group)];
        let call = Call {
            list: Some(record.list),
            campaign: objects.group(dbid).map(|group| group.campaign),
        };
        // The calling list's word is the nearest, and it is said in any case.
        let needs = required[0] || group == 3 && required[1];
        let own = Compared::of(&record.contact.phone, Some(REGION));
        let phone = self.stands(
            |subject| {
                matches!(subject, Subject::Phone(phone)
                    if Compared::of(phone, Some(REGION)).matches(own))
            },
            call,
            world.now(),
        );
        let customer = self.stands(
            |subject| {
                matches!(subject, Subject::CustomerId(id)
                    if Some(id) == record.contact.customer_id.as_ref())
            },
            call,
            world.now(),
        );
        !phone.1 && !customer.1 && (!needs || phone.0 || customer.0)
    }
}

fn options(required: bool) -> &'static str {
    // What a calling list says at all, its campaigns do not.
    if required { REQUIRED } else { "{}" }
}

fn run(steps: &[Do]) {
    let mut required = [true, false];
    let mut world = world(options(required[0]), options(required[1]));
    let adding = |number: u8| Adding {
        phone: number % 8,
        customer: (!number.is_multiple_of(3)).then_some(number % 4),
        window: DailyWindow { from: 0, till: 0 },
        chain: (number % 5 == 4).then_some(Pick::Any(number)),
        ..PLAIN
    };
    for number in 0..24 {
        let change = steps::change(&Step::Add(adding(number)), &world);
        world.submit(&[change]);
    }
    let mut history = History::default();
    let mut guid = 0;
    for step in steps {
        let on = |place| On {
            pick: Pick::Retrieved(place),
            attempt: Attempt::Unsaid,
            list: None,
        };
        guid += 100;
        let (group, step) = match step.clone() {
            Do::Pass(seconds) => {
                world.pass(seconds);
                continue;
            }
            Do::Reopen => {
                world.reopen();
                continue;
            }
            Do::Options(list, campaign) => {
                required = [list, campaign];
                set(&world, options(list), options(campaign));
                continue;
            }
            Do::State(said) => {
                let stating = stating(&said, &world);
                let change = Change::State(Box::new(stating.clone()));
                if let Ok(Outcome::Stated { at, new, .. }) = world.submit(&[change]).remove(0)
                    && new
                {
                    history.0.push(Statement {
                        at,
                        ..stating.statement
                    });
                }
                continue;
            }
            Do::Preview(group) => (
                Some(group),
                Step::Preview {
                    group,
                    agent: None,
                    callback_only: false,
                    empty_handed: false,
                    guid,
                },
            ),
            Do::Processed(place) => (None, Step::Processed(on(place))),
            Do::Reject(place) => (None, Step::Reject(on(place))),
            Do::Chained(place) => (None, Step::Chained(on(place), guid)),
            Do::Tidy => (None, Step::Tidy),
        };
        let change = steps::change(&step, &world);
        let outcome = world.submit(&[change]).remove(0);
        let place_of = |dbid| {
            let place = world.groups.iter().position(|known| *known == dbid);
            u8::try_from(place.expect("one of them")).expect("few")
        };
        let allowed = |record: &Record, dbid| {
            assert!(
                history.allows(record, place_of(dbid), required, &world),
                "{record:?} was handed out, after {:?}",
                history.0
            );
        };
        match (group, outcome) {
            (_, Ok(Outcome::Delivered(delivery))) => allowed(&delivery.record, delivery.group),
            (_, Ok(Outcome::Chained(chain))) => {
                for delivery in &chain {
                    allowed(&delivery.record, delivery.group);
                }
            }
            (Some(group), Ok(Outcome::NothingDue)) => {
                nobody_is_forgotten(&world, &history, group, required);
            }
            _ => {}
        }
    }
}

/// Nothing was due for a campaign group: whoever waits may not be called, or an earlier one
/// of its chain waits, or the same phone or customer is out.
fn nobody_is_forgotten(world: &World, history: &History, group: u8, required: [bool; 2]) {
    let records: Vec<_> = world.seen.records.values().collect();
    let compared = |record: &Record| Compared::of(&record.contact.phone, Some(REGION));
    let out: Vec<_> = records
        .iter()
        .filter(|record| record.status == RecordStatus::Retrieved)
        .collect();
    let mut chains = BTreeSet::new();
    for record in &records {
        let first = record.is_final() || chains.insert(record.chain);
        let waits = record.status == RecordStatus::Ready && first;
        let chain_is_out = out.iter().any(|other| other.chain == record.chain);
        let customer = record.contact.customer_id.as_ref();
        let contact_is_out = out.iter().any(|other| {
            compared(other).matches(compared(record))
                || customer.is_some() && other.contact.customer_id.as_ref() == customer
        });
        let later = record.contact.scheduled.is_some_and(|at| at > world.now());
        let own = world.store().objects();
        let assigned = own.assigned_group(record).map(|group| group.dbid);
        let elsewhere =
            assigned.is_some_and(|assigned| assigned != world.groups[usize::from(group)]);
        let spent = record.attempts >= 3;
        assert!(
            !waits
                || chain_is_out
                || contact_is_out
                || later
                || elsewhere
                || spent
                || !history.allows(record, group, required, world),
            "nothing is due for {group}, but {record:?}, after {:?}",
            history.0
        );
    }
}

fn stating(said: &Said, world: &World) -> Stating {
    let subject = if said.phone {
        Subject::Phone(steps::phone_text(said.who * 2))
    } else {
        customer(said.who)
    };
    let scope = match said.scope {
        0 | 1 => Scope::All,
        2 => Scope::List(world.lists[0]),
        3 => Scope::Campaign(OTHER.0),
        _ => Scope::Campaign(world.campaign_of(world.lists[0])),
    };
    let told = said.ago.map(|ago| world.now() - ago);
    let mut stating = statement(subject, said.says, scope);
    stating.told = told;
    if said.says == Says::Consent {
        let from = told.unwrap_or(world.now());
        stating.statement.expires = said.lasts.map(|lasts| from + lasts);
    }
    stating
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: crate::config().cases.div_ceil(5),
        ..crate::config()
    })]

    #[test]
    fn obeyed_and_nobody_forgotten(steps in prop::collection::vec(what(), 1..80)) {
        run(&steps);
    }
}
