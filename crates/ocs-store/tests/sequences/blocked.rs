//! Many records that may not be called before one that may: each is looked at once, and
//! what is looked at in one transaction has a bound.

use ocs_protocol::enumeration::RecordStatus;
use ocs_rules::change::{Change, Outcome};

use crate::steps::{self, Adding, Attempt, On, PLAIN, Pick, Reached, Step};
use crate::world::World;

/// More than two batches look at.
const MANY: usize = 150;

fn asked(step: &Step, world: &mut World) -> Outcome {
    let change = steps::change(step, world);
    let mut outcomes = world.submit(&[change]);
    outcomes.remove(0).expect("it is carried out")
}

fn preview(guid: u128, world: &mut World) -> Outcome {
    let step = Step::Preview {
        group: 0,
        agent: None,
        callback_only: false,
        empty_handed: false,
        guid,
    };
    asked(&step, world)
}

/// Many of one phone, and one of another.
fn add(world: &mut World) {
    let plain: Vec<Change> = (0..MANY)
        .map(|_| steps::change(&Step::Add(PLAIN), world))
        .collect();
    world.submit(&plain);
    let other = Step::Add(Adding { phone: 2, ..PLAIN });
    asked(&other, world);
}

fn is_final(world: &World) -> usize {
    let records = world.seen.records.values();
    records.filter(|record| record.is_final()).count()
}

#[test]
fn on_the_do_not_call_list() {
    for swept in [false, true] {
        let mut world = World::new();
        add(&mut world);
        asked(
            &Step::PutDoNotCall(Reached::Phone(0, None), None),
            &mut world,
        );
        let mut finished = 0;
        let mut looks = 0;
        let delivery = loop {
            match preview(looks, &mut world) {
                Outcome::Delivered(delivery) => break delivery,
                outcome => assert_eq!(outcome, Outcome::StillLooking),
            }
            let now = is_final(&world);
            assert!(now > finished && now - finished < 70, "{now} {finished}");
            finished = now;
            looks += 1;
            if swept {
                while matches!(asked(&Step::Tidy, &mut world), Outcome::Tidied(tidied) if tidied.more)
                {
                }
                assert_eq!(is_final(&world), MANY, "they are out of the way");
            }
        };
        assert_eq!(is_final(&world), MANY);
        assert_eq!(delivery.record.handle, 151);
        assert_eq!(looks, if swept { 1 } else { 2 });
    }
}

#[test]
fn of_the_same_phone_as_one_that_is_out() {
    let mut world = World::new();
    add(&mut world);
    let first = preview(0, &mut world);
    assert!(matches!(first, Outcome::Delivered(_)), "{first:?}");
    let looked = [1, 2].map(|guid| preview(guid, &mut world));
    assert_eq!(looked, [Outcome::StillLooking, Outcome::StillLooking]);
    let other = preview(3, &mut world);
    assert!(matches!(other, Outcome::Delivered(_)), "{other:?}");
    assert_eq!(preview(4, &mut world), Outcome::NothingDue);
    // Nobody knows any more who slept for it.
    world.reopen();
    assert_eq!(preview(5, &mut world), Outcome::NothingDue);
    let back = Step::Reject(On {
        pick: Pick::Retrieved(0),
        attempt: Attempt::Unsaid,
        list: None,
    });
    asked(&back, &mut world);
    let again = preview(6, &mut world);
    assert!(matches!(again, Outcome::Delivered(_)), "{again:?}");
    let out = world.seen.records.values();
    let out = out.filter(|record| record.status == RecordStatus::Retrieved);
    assert_eq!(out.count(), 2);
}
