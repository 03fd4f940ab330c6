//! Which record is next: the due ones of a campaign, in order, looked up one by one.
//!
//! The greatest rank first, over all calling lists; within a rank the calling list
//! whose turn it is by weight; within that by position. What a row does not say
//! (Do Not Call, whether the same phone or customer is out) is for the caller
//! to check, who then asks for the next.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use ocs_protocol::enumeration::RecordType;

use super::class::ClassId;
use super::fronts::{Front, Fronts, Slot};
use super::openings::Openings;
use super::order::{Position, Priorities, TYPES};
use super::shares::Shares;
use super::view::ViewId;
use crate::calling_list::ListId;
use crate::campaign::CampaignGroupId;
use crate::record::Handle;

/// A calling list as a campaign group uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The calling list.
    pub list: ListId,
    /// Its weight.
    pub weight: u32,
    /// The view that its records are taken from; `None` for all of them.
    pub view: Option<ViewId>,
    /// Its ranks.
    pub priorities: Priorities,
}

/// A row that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The record.
    pub handle: Handle,
    /// Where it stands.
    pub position: Position,
    /// Its class.
    pub class: ClassId,
}

/// A record that its row lets be handed out now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The record.
    pub handle: Handle,
    /// The calling list.
    pub list: ListId,
    /// The weight of the calling list, for [`Shares::taken`].
    pub weight: u32,
    /// Its type.
    pub record_type: RecordType,
    /// Its class.
    pub class: ClassId,
    /// Where it stands.
    pub position: Position,
}

/// The rows of placed records, in order. Each question is one seek.
pub trait Seek {
    /// Why rows cannot be read.
    type Error;

    /// The first record of a slot, or the first after a position.
    ///
    /// # Errors
    /// The rows cannot be read.
    fn in_class(
        &mut self,
        slot: Slot,
        after: Option<&Position>,
    ) -> Result<Option<Found>, Self::Error>;

    /// The first PersonalCallBack of an agent in a calling list or one of its views, in
    /// whatever class, or the first after a position.
    ///
    /// # Errors
    /// The rows cannot be read.
    fn of_agent(
        &mut self,
        list: ListId,
        view: Option<ViewId>,
        agent: &str,
        after: Option<&Position>,
    ) -> Result<Option<Found>, Self::Error>;
}

/// A walk over the due records of a campaign group, at one moment, for one agent.
#[derive(Debug)]
pub struct Walk<'a> {
    group: CampaignGroupId,
    agent: Option<&'a str>,
    now: i64,
    turns: VecDeque<Turn>,
    current: Option<Turn>,
    heads: BinaryHeap<Reverse<Head>>,
}

/// The types of one rank in one calling list.
#[derive(Debug, Clone)]
struct Turn {
    list: ListId,
    view: Option<ViewId>,
    weight: u32,
    types: Vec<RecordType>,
}

/// The next record of a row of records, or what it does not stand before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    position: Position,
    /// The record and its class, when its row was read.
    found: Option<(Handle, ClassId)>,
    /// Whether the rows up to `position` were read.
    passed: bool,
    record_type: RecordType,
    /// The class; `None` for the agent's own callbacks, which are read over all.
    class: Option<ClassId>,
}

impl<'a> Walk<'a> {
    /// A walk over the due records that a campaign group has in these calling lists at
    /// `now`, in UTC seconds: those that are assigned to another are not among them.
    /// PersonalCallBacks come for their agent only; without an agent, none.
    #[must_use]
    pub fn new(
        group: CampaignGroupId,
        sources: &[Source],
        shares: &Shares,
        agent: Option<&'a str>,
        now: i64,
    ) -> Self {
        let mut sources: Vec<_> = sources.iter().collect();
        sources.sort_by_key(|source| shares.turn(source.list, source.weight));
        let mut turns: Vec<(u32, Turn)> = Vec::new();
        for source in sources {
            for record_type in TYPES {
                let personal = record_type == RecordType::PersonalCallBack;
                let Some(rank) = source.priorities.rank(record_type) else {
                    continue;
                };
                if personal && agent.is_none() {
                    continue;
                }
                match turns
                    .iter_mut()
                    .find(|(known, turn)| *known == rank && turn.list == source.list)
                {
                    Some((_, turn)) => turn.types.push(record_type),
                    None => turns.push((
                        rank,
                        Turn {
                            list: source.list,
                            view: source.view,
                            weight: source.weight,
                            types: vec![record_type],
                        },
                    )),
                }
            }
        }
        // Stable: within a rank, the lists keep their turns.
        turns.sort_by_key(|(rank, _)| Reverse(*rank));
        Self {
            group,
            agent,
            now,
            turns: turns.into_iter().map(|(_, turn)| turn).collect(),
            current: None,
            heads: BinaryHeap::new(),
        }
    }

    /// The same walk, over the agent's personal callbacks only.
    #[must_use]
    pub fn callbacks_only(mut self) -> Self {
        self.turns.retain_mut(|turn| {
            turn.types
                .retain(|known| *known == RecordType::PersonalCallBack);
            !turn.types.is_empty()
        });
        self
    }

    /// The next record. `openings` have looked at the moment of the walk
    /// ([`Openings::look`]).
    ///
    /// # Errors
    /// The rows cannot be read.
    pub fn next<S: Seek>(
        &mut self,
        openings: &Openings,
        fronts: &mut Fronts,
        rows: &mut S,
    ) -> Result<Option<Candidate>, S::Error> {
        loop {
            let Some(Turn {
                list, view, weight, ..
            }) = self.current
            else {
                let Some(turn) = self.turns.pop_front() else {
                    return Ok(None);
                };
                self.begin(&turn, openings, fronts);
                self.current = Some(turn);
                continue;
            };
            let Some(Reverse(head)) = self.heads.pop() else {
                self.current = None;
                continue;
            };
            if let Some((handle, class)) = head.found {
                self.heads.push(Reverse(Head {
                    found: None,
                    passed: true,
                    ..head.clone()
                }));
                return Ok(Some(Candidate {
                    handle,
                    list,
                    weight,
                    record_type: head.record_type,
                    class,
                    position: head.position,
                }));
            }
            if let Some(head) = self.seek(&head, (list, view), openings, fronts, rows)? {
                self.heads.push(Reverse(head));
            }
        }
    }

    /// Puts together what the turn's records may begin with.
    fn begin(&mut self, turn: &Turn, openings: &Openings, fronts: &Fronts) {
        let mut heads = Vec::new();
        for record_type in &turn.types {
            let mut begin = |class: Option<ClassId>, position: Position| {
                // By a filter's order, those behind one that is not due may be.
                if turn.view.is_some() || !position.is_after(self.now) {
                    heads.push(Reverse(Head {
                        position,
                        found: None,
                        passed: false,
                        record_type: *record_type,
                        class,
                    }));
                }
            };
            if *record_type == RecordType::PersonalCallBack {
                begin(None, Position::FIRST);
                continue;
            }
            let front = fronts.by_class((turn.list, turn.view, *record_type));
            let own = |class: &&ClassId| openings.is_for(**class, self.group, turn.list);
            for class in openings.open().iter().filter(own) {
                match front(*class) {
                    None | Some(Front::Unknown) => begin(Some(*class), Position::FIRST),
                    Some(Front::NotBefore(position)) => begin(Some(*class), position.clone()),
                    Some(Front::Empty) => {}
                }
            }
        }
        self.heads = heads.into();
    }

    /// Reads the row that a head stands for; `None` when there is none that is due.
    fn seek<S: Seek>(
        &mut self,
        head: &Head,
        (list, view): (ListId, Option<ViewId>),
        openings: &Openings,
        fronts: &mut Fronts,
        rows: &mut S,
    ) -> Result<Option<Head>, S::Error> {
        let mut after = head.passed.then(|| head.position.clone());
        let found = match (head.class, self.agent) {
            (Some(class), _) => {
                let slot = Slot {
                    list,
                    view,
                    class,
                    record_type: head.record_type,
                };
                loop {
                    let found = rows.in_class(slot, after.as_ref())?;
                    if after.is_none() {
                        let first = found.as_ref().map(|found| found.position.clone());
                        fronts.found(slot, first);
                    }
                    match found {
                        // It was due before the clock was put back.
                        Some(found) if view.is_some() && found.position.is_after(self.now) => {
                            after = Some(found.position);
                        }
                        found => break found,
                    }
                }
            }
            (None, Some(agent)) => loop {
                let found = rows.of_agent(list, view, agent, after.as_ref())?;
                let hands_out =
                    |class| openings.is_open(class) && openings.is_for(class, self.group, list);
                match found {
                    Some(found)
                        if !hands_out(found.class) && !found.position.is_after(self.now) =>
                    {
                        after = Some(found.position);
                    }
                    _ => break found,
                }
            },
            (None, None) => None,
        };
        Ok(found
            .filter(|found| !found.position.is_after(self.now))
            .map(|found| Head {
                position: found.position,
                found: Some((found.handle, found.class)),
                passed: head.passed,
                record_type: head.record_type,
                class: head.class,
            }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use super::*;
    use crate::filter::order::Place;
    use crate::legal_hours::territory::Territory;
    use crate::objects::Objects;
    use crate::retrieval::Retrieval;
    use crate::retrieval::class::ClassKey;
    use crate::retrieval::window::Window;

    /// General records by calling list, class and position, and how often they were
    /// looked at.
    #[derive(Default)]
    struct Rows {
        rows: BTreeMap<(ListId, ClassId, Position), Handle>,
        seeks: usize,
    }

    impl Seek for Rows {
        type Error = Infallible;

        fn in_class(
            &mut self,
            slot: Slot,
            after: Option<&Position>,
        ) -> Result<Option<Found>, Infallible> {
            self.seeks += 1;
            let first = after.cloned().unwrap_or(Position::FIRST);
            let mut found = self
                .rows
                .range((slot.list, slot.class, first)..)
                .filter(|((.., position), _)| Some(position) != after)
                .map(|((list, class, position), handle)| {
                    (*list, *class, position.clone(), *handle)
                });
            Ok(found.next().and_then(|(list, class, position, handle)| {
                let there = slot.record_type == RecordType::General
                    && (list, class) == (slot.list, slot.class);
                there.then_some(Found {
                    handle,
                    position,
                    class,
                })
            }))
        }

        fn of_agent(
            &mut self,
            _: ListId,
            _: Option<ViewId>,
            _: &str,
            _: Option<&Position>,
        ) -> Result<Option<Found>, Infallible> {
            self.seeks += 1;
            Ok(None)
        }
    }

    /// So many classes that are always open, each with so many records in each list.
    fn rows(lists: &[ListId], classes: u32, records: u32) -> (Retrieval, Rows) {
        let (mut retrieval, mut rows) = (Retrieval::default(), Rows::default());
        for at in 0..classes {
            let own = Window {
                zone: 1,
                from: at,
                till: at,
                territory: Territory::Anywhere,
            };
            retrieval.classes.intern(&ClassKey::new(own, &[]));
        }
        let mut handle = 0;
        for _ in 0..records {
            for list in lists {
                for class in 1..=classes {
                    handle += 1;
                    let position = Position {
                        place: Place::FIRST,
                        scheduled: None,
                        chain: handle,
                        chain_n: 0,
                    };
                    rows.rows.insert((*list, class, position), handle);
                }
            }
        }
        let Retrieval {
            classes, openings, ..
        } = &mut retrieval;
        openings.look(classes, &Objects::default(), 0);
        (retrieval, rows)
    }

    fn take(
        retrieval: &mut Retrieval,
        rows: &mut Rows,
        sources: &[Source],
        shares: &mut Shares,
    ) -> Option<Candidate> {
        let mut walk = Walk::new(401, sources, shares, Some("ann"), 0);
        let Ok(found) = walk.next(&retrieval.openings, &mut retrieval.fronts, rows);
        let found = found?;
        rows.rows
            .remove(&(found.list, found.class, found.position.clone()));
        shares.taken(found.list, found.weight);
        Some(found)
    }

    fn source(list: ListId, weight: u32) -> Source {
        Source {
            list,
            weight,
            view: None,
            priorities: Priorities::default(),
        }
    }

    #[test]
    fn a_thousand_open_classes_cost_a_seek_or_two() {
        let (mut retrieval, mut rows) = rows(&[101], 1_000, 3);
        let mut shares = Shares::default();
        for handle in 1..=3_000 {
            let before = rows.seeks;
            let found = take(&mut retrieval, &mut rows, &[source(101, 100)], &mut shares);
            assert_eq!(found.map(|found| found.handle), Some(handle));
            let seeks = rows.seeks - before;
            // One for the agent's callbacks, one that finds the class's first gone, one
            // that finds the first of all.
            assert!(handle == 1 || seeks <= 3, "{seeks} for {handle}");
        }
        let found = take(&mut retrieval, &mut rows, &[source(101, 100)], &mut shares);
        assert_eq!(found, None);
    }

    #[test]
    fn lists_take_turns_by_weight_until_one_is_empty() {
        let (mut retrieval, mut rows) = rows(&[101, 102], 2, 6);
        let mut shares = Shares::default();
        let sources = [source(101, 3), source(102, 1)];
        let mut lists = Vec::new();
        while let Some(found) = take(&mut retrieval, &mut rows, &sources, &mut shares) {
            lists.push(found.list);
        }
        let first = |count: usize| lists[..count].iter().filter(|list| **list == 101).count();
        assert_eq!((first(4), first(8), first(16), lists.len()), (3, 6, 12, 24));
    }
}
