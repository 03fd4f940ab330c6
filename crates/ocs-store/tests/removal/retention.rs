//! Finished records that are old enough are removed, whole chains of them, and nothing else;
//! a step that was cut short is done again.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use ocs_rules::change::{Aged, ChainChoice, Change, Completion, OnRecord, Outcome};
use ocs_rules::record::Handle;
use ocs_store::Look;

use crate::world::{Adding, LISTS, World, add_record};

const DAY: i64 = 24 * 60 * 60;

impl World {
    fn added(&self, list: usize, person: usize, chain: ChainChoice) -> Handle {
        let adding = Adding {
            list,
            person,
            spelled: 0,
            with_customer: true,
            in_chain: false,
            imported: false,
            once: false,
        };
        let key = format!("{person} in {list}: {}", self.records().len());
        match self.one(add_record(adding, chain, Some(key))) {
            Ok(Outcome::Added { handle, .. }) => handle,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn finish(&self, handle: Handle) {
        let completion = Completion {
            on: OnRecord {
                handle,
                ..OnRecord::default()
            },
            ..Completion::default()
        };
        self.one(Change::RecordProcessed(Box::new(completion)))
            .expect("it is finished");
    }

    pub(crate) fn pass_days(&self, days: i64) {
        self.clock.fetch_add(days * DAY, Ordering::Relaxed);
    }

    /// Records of the first calling list are kept for thirty days, others for ever.
    fn before(&self) -> BTreeMap<u32, i64> {
        let now = self.clock.load(Ordering::Relaxed);
        BTreeMap::from([(LISTS[0], now - 30 * DAY)])
    }

    pub(crate) fn look(&self, after: Handle) -> Look {
        self.wait(self.store.reader().finished(self.before(), after))
            .expect("it is read")
    }

    pub(crate) fn remove(&self, look: &Look) -> u32 {
        let chains = look.chains.iter().map(|chain| {
            let first = &chain[0].record;
            let handles = chain.iter().map(|aged| aged.record.handle).collect();
            (first.list, first.chain, handles)
        });
        let aged = Aged {
            chains: chains.collect(),
            before: self.before(),
        };
        match self.one(Change::RemoveAged(Box::new(aged))) {
            Ok(Outcome::Removed(records)) => records,
            other => panic!("{other:?}"),
        }
    }

    /// A pass over all records; which chains it found.
    fn pass(&self) -> Vec<Vec<Handle>> {
        let (mut after, mut found) = (0, Vec::new());
        loop {
            let look = self.look(after);
            self.one(Change::DateFinished(look.undated.clone()))
                .expect("they are dated");
            self.remove(&look);
            let chains = look.chains.iter();
            found.extend(chains.map(|chain| {
                let handles = chain.iter().map(|aged| aged.record.handle);
                handles.collect::<Vec<_>>()
            }));
            match look.next {
                Some(next) => after = next,
                None => return found,
            }
        }
    }
}

#[test]
fn whole_chains_that_are_old_enough() {
    let mut world = World::new();
    let alone = world.added(0, 0, ChainChoice::New);
    let first = world.added(0, 1, ChainChoice::New);
    let second = world.added(0, 1, ChainChoice::Existing(first.into()));
    let kept = world.added(1, 2, ChainChoice::New);
    let open = world.added(0, 3, ChainChoice::New);
    let late = world.added(0, 0, ChainChoice::New);
    for handle in [alone, first, kept] {
        world.finish(handle);
    }
    world.pass_days(20);
    world.finish(late);
    world.pass_days(10);
    // A chain that goes on is kept whole.
    let third = world.added(0, 1, ChainChoice::Existing(first.into()));
    assert_eq!(world.pass(), [[alone]]);
    world.finish(third);
    world.pass_days(19);
    assert_eq!(world.pass(), [[0; 0]; 0], "nothing is old enough");
    world.pass_days(1);
    assert_eq!(world.pass(), [vec![late]]);
    world.pass_days(10);
    assert_eq!(world.pass(), [vec![first, second, third]]);
    let left: Vec<_> = world.records().iter().map(|record| record.handle).collect();
    assert_eq!(left, [open, kept]);
    world.check_counts();
    world.check_audit();
    // The index lets go of them a minute later.
    world.pass_days(1);
    world.tidy_all();
    world.check_index();
    let rows = world.rows_with(&["1 in 0:".to_owned(), "0 in 0:".to_owned()], &[]);
    assert_eq!(rows, [""; 0], "import keys");
    // No handle comes again.
    world = world.after_a_kill();
    assert!(world.added(0, 0, ChainChoice::New) > third);
    world.store.close();
}

/// What was found is looked at again when it is removed.
#[test]
fn what_changed_meanwhile_stays() {
    let world = World::new();
    let first = world.added(0, 0, ChainChoice::New);
    let other = world.added(0, 1, ChainChoice::New);
    for handle in [first, other] {
        world.finish(handle);
    }
    world.pass_days(31);
    let look = world.look(0);
    assert_eq!(look.chains.len(), 2);
    let more = world.added(0, 0, ChainChoice::Existing(first.into()));
    assert_eq!(world.remove(&look), 1);
    // A second time there is nothing left to do.
    assert_eq!(world.remove(&look), 0);
    let left: Vec<_> = world.records().iter().map(|record| record.handle).collect();
    assert_eq!(left, [first, more]);
    world.store.close();
}

/// Very many go in steps, each of which may be the last before a kill, and beside them new
/// ones come.
#[test]
fn a_kill_between_any_two_steps() {
    let mut world = World::new();
    let adding = Adding {
        list: 0,
        person: 0,
        spelled: 0,
        with_customer: true,
        in_chain: false,
        imported: false,
        once: false,
    };
    let many = (0..500).map(|_| add_record(adding, ChainChoice::New, None));
    world.all(many.collect());
    for record in world.records() {
        if record.handle % 5 != 0 {
            world.finish(record.handle);
        }
    }
    world.pass_days(31);
    let (mut after, mut steps) = (0, 0);
    loop {
        let look = world.look(after);
        world = world.after_a_kill();
        world.remove(&look);
        world = world.after_a_kill();
        world.added(0, 1, ChainChoice::New);
        steps += 1;
        match look.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert!(steps >= 400 / 50, "{steps}");
    let records = world.records();
    assert_eq!(records.len(), 100 + steps);
    assert!(records.iter().all(|record| record.is_open()));
    world.check_counts();
    world.pass_days(1);
    world.tidy_all();
    world.check_index();
    world.store.close();
}
