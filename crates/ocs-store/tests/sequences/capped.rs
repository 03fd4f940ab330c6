//! Frequency caps over random hand-outs and clocks: never more attempts than they allow,
//! and nobody is held back who has room, by a plain count.

use std::collections::BTreeMap;

use ocs_protocol::enumeration::RecordStatus;
use ocs_rules::calling_list::DailyWindow;
use ocs_rules::change::Outcome;
use ocs_rules::frequency_cap::{FrequencyCap, Per, Scope, Span};
use ocs_rules::record::Handle;
use proptest::prelude::*;

use crate::steps::{self, Adding, Attempt, On, PLAIN, Pick, Step};
use crate::world::World;

const DAY: i64 = 86_400;
const PHONES: u8 = 3;

/// Two days of the calendar, and four hours.
const ALLOWED: usize = 2;
const HOURS: i64 = 4;

#[derive(Debug, Clone, Copy)]
enum Do {
    Preview,
    Processed(u8),
    Reject(u8),
    Pass(i64),
    Reopen,
}

fn what() -> impl Strategy<Value = Do> {
    prop_oneof![
        8 => Just(Do::Preview),
        4 => any::<u8>().prop_map(Do::Processed),
        3 => any::<u8>().prop_map(Do::Reject),
        4 => (0..20 * 3_600_i64).prop_map(Do::Pass),
        1 => (-30 * 3_600..0_i64).prop_map(Do::Pass),
        1 => Just(Do::Reopen),
    ]
}

/// The attempts that count, as the test keeps them.
#[derive(Default)]
struct Made(BTreeMap<Handle, (String, i64)>);

impl Made {
    /// Whether a phone has room for one more at `now`.
    fn has_room(&self, phone: &str, now: i64) -> bool {
        let at = || {
            let of_phone = self.0.values().filter(|(known, _)| known == phone);
            of_phone.map(|(_, at)| *at)
        };
        let in_days = at().filter(|at| at.div_euclid(DAY) >= now.div_euclid(DAY) - 1);
        let in_hours = at().filter(|at| *at > now - HOURS * 3_600);
        in_days.count() < ALLOWED && in_hours.count() < 1
    }
}

fn cap(name: &str, attempts: usize, span: Span) -> FrequencyCap {
    FrequencyCap {
        name: name.to_owned(),
        attempts: u32::try_from(attempts).expect("few"),
        span,
        per: Per::Phone,
        scope: Scope::All,
        lists: Vec::new(),
    }
}

fn run(steps: &[Do]) {
    let mut world = World::new();
    world.put_caps(vec![
        cap("days", ALLOWED, Span::Days(2)),
        cap("hours", 1, Span::Hours(4)),
    ]);
    let adding = |number: u8| Adding {
        // Each number in one spelling only.
        phone: number % PHONES * 2,
        // The whole day.
        window: DailyWindow { from: 0, till: 0 },
        ..PLAIN
    };
    let changes: Vec<_> = (0..40)
        .map(|number| steps::change(&Step::Add(adding(number)), &world))
        .collect();
    world.submit(&changes);
    let mut made = Made::default();
    let mut guid = 0;
    for step in steps {
        let on = |place| On {
            pick: Pick::Retrieved(place),
            attempt: Attempt::Unsaid,
            list: None,
        };
        let step = match *step {
            Do::Pass(seconds) => {
                world.pass(seconds);
                continue;
            }
            Do::Reopen => {
                world.reopen();
                continue;
            }
            Do::Preview => {
                guid += 1;
                Step::Preview {
                    group: 0,
                    agent: None,
                    callback_only: false,
                    empty_handed: false,
                    guid,
                }
            }
            Do::Processed(place) => Step::Processed(on(place)),
            Do::Reject(place) => Step::Reject(on(place)),
        };
        let change = steps::change(&step, &world);
        let outcome = world.submit(&[change]).remove(0);
        let now = world.now();
        match (step, outcome) {
            (_, Ok(Outcome::Delivered(delivery))) => {
                let record = delivery.record;
                let phone = record.contact.phone;
                assert!(made.has_room(&phone, now), "{phone} at {now}: {:?}", made.0);
                made.0.insert(record.handle, (phone, now));
            }
            (_, Ok(Outcome::NothingDue)) => {
                let out = |phone: &str| {
                    let mut records = world.seen.records.values();
                    records.any(|record| {
                        record.status == RecordStatus::Retrieved && record.contact.phone == phone
                    })
                };
                for record in world.seen.records.values() {
                    let phone = &record.contact.phone;
                    assert!(
                        record.status != RecordStatus::Ready
                            || out(phone)
                            || !made.has_room(phone, now),
                        "{phone} has room at {now}: {:?}",
                        made.0
                    );
                }
            }
            (Step::Reject(_), Ok(Outcome::Changed { record, .. })) => {
                made.0.remove(&record.handle);
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: crate::config().cases.div_ceil(3),
        ..crate::config()
    })]

    #[test]
    fn never_exceeded_and_nobody_forgotten(steps in prop::collection::vec(what(), 1..60)) {
        run(&steps);
    }
}
