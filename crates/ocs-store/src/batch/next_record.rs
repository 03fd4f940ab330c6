//! Which record goes out next, and what becomes of those before it that may not be
//! called (records.md, section 4).
//!
//! A record that is looked at and may not be called leaves its class: one that is on the
//! Do Not Call list is finished, one whose phone was read otherwise when it was placed goes
//! to its own class, another sleeps until its block may have ended; one that another campaign
//! group may hand out goes to a class that is withheld from this one alone. So none is looked
//! at again while its block stands, and what a preview found out in vain the next one need
//! not. A batch looks at so many at most; where that was too few, housekeeping goes on until a
//! record that may be called stands in front.

use std::sync::Arc;

use ocs_protocol::enumeration::RecordType;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::policy::Levels;
use ocs_rules::record::{Handle, Record};
use ocs_rules::retrieval::class::ClassId;
use ocs_rules::retrieval::next::{Candidate, Source, Walk};
use ocs_rules::retrieval::waits::Waits;
use ocs_rules::retrieval::{Retrieval, why};

use super::Batch;
use super::audit::{DO_NOT_CALL, PASSED, RESTRICTED, Said};
use super::consent::Consent;
use super::frequency_caps::Room;
use crate::error::StoreError;
use crate::sqlite::{ReadyRows, Transaction};

/// Records that may not be called, of which a batch takes as many out of the way; some
/// three milliseconds of work. Each preview looks past one in any case.
pub(super) const LOOKS: u32 = 64;

/// A record of which nobody knows when it may be called is looked at again after so many
/// seconds.
const LOOK_AGAIN: i64 = 24 * 60 * 60;

/// What a look for the next record comes to.
pub(super) enum Next {
    Record(Handle, Said),
    /// None is due.
    Nothing,
    /// None is taken from calling lists that may have some due.
    Waits(Waits),
    /// Many stand in front that may not be called.
    StillLooking,
}

/// Where records are taken from.
struct Sources {
    lists: Vec<Source>,
    /// What keeps others from being.
    waits: Option<Waits>,
    /// Whether all whose time has come stand where they are looked for.
    placed: bool,
}

/// Why a candidate may not be called.
enum MayNot {
    /// Not now, and by this campaign group only.
    Withheld(Said, Again),
    /// Not now.
    Sleeps(Again),
    /// It is on the Do Not Call list.
    Restricted(Said),
    /// Not now, and its own class says so, which it does not stand in.
    Misplaced,
}

/// What beside a change of its chain has a record that may not be called looked at again. All
/// moments are in UTC seconds.
#[derive(Debug, Clone, Copy, Default)]
struct Again {
    /// It may be called then.
    at: Option<i64>,
    /// It may have been called before then: the clock may be put back.
    before: Option<i64>,
}

impl Again {
    const fn at(moment: i64) -> Self {
        Self {
            at: Some(moment),
            before: None,
        }
    }
}

impl Batch<'_> {
    /// The next record of a campaign group that may be handed out; those on the way to it
    /// are taken out of the way.
    pub(super) fn next_record(
        &mut self,
        group: CampaignGroupId,
        agent: Option<&str>,
        callback_only: bool,
        store: &mut Transaction<'_>,
    ) -> Result<Next, StoreError> {
        let mut all_awake = self.place_woken(store)?;
        let Some(sources) = self.sources(group, store)? else {
            return Ok(Next::Nothing);
        };
        let mut walk = self.walk(&sources.lists, group, agent, callback_only);
        let mut finished = false;
        loop {
            let Some(candidate) = self.candidate(&mut walk, store)? else {
                if finished {
                    // The records that came after those in their chains may go out now.
                    all_awake = self.place_woken(store)?;
                    walk = self.walk(&sources.lists, group, agent, callback_only);
                    finished = false;
                    continue;
                }
                return Ok(match sources.waits {
                    _ if !all_awake || !sources.placed => Next::StillLooking,
                    Some(waits) => Next::Waits(waits),
                    None => Next::Nothing,
                });
            };
            match self.verdict(candidate.handle, candidate.class, group, store)? {
                Ok(said) => {
                    let shares = self.live.shares.entry(group).or_default();
                    shares.taken(candidate.list, candidate.weight);
                    return Ok(Next::Record(candidate.handle, said));
                }
                Err(why) => {
                    finished |= matches!(why, MayNot::Restricted(_));
                    self.out_of_the_way(&candidate, why, group, store)?;
                }
            }
            if !self.looks_on() {
                self.live.sweeps.insert(group);
                return Ok(Next::StillLooking);
            }
        }
    }

    /// Takes records that may not be called out of the way of a campaign group; whether
    /// one that may be called stands in front now, or none at all.
    pub(super) fn sweep(
        &mut self,
        group: CampaignGroupId,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let Some(sources) = self.sources(group, store)? else {
            return Ok(true);
        };
        let mut walk = self.walk(&sources.lists, group, None, false);
        while let Some(candidate) = self.candidate(&mut walk, store)? {
            match self.verdict(candidate.handle, candidate.class, group, store)? {
                Ok(_) => break,
                Err(why) => {
                    if !self.out_of_the_way(&candidate, why, group, store)? {
                        // Each preview looks at it again.
                        break;
                    }
                }
            }
            if !self.looks_on() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The next candidate of a walk, by what is open now.
    fn candidate(
        &mut self,
        walk: &mut Walk<'_>,
        store: &Transaction<'_>,
    ) -> Result<Option<Candidate>, StoreError> {
        let Retrieval {
            classes,
            openings,
            fronts,
        } = &mut self.live.retrieval;
        openings.look(classes, self.objects, self.now);
        let mut rows = ReadyRows(store.connection());
        walk.next(openings, fronts, &mut rows)
    }

    /// A record that may not be called leaves its place; whether it did.
    fn out_of_the_way(
        &mut self,
        candidate: &Candidate,
        why: MayNot,
        group: CampaignGroupId,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let handle = candidate.handle;
        match why {
            MayNot::Restricted(said) => {
                self.finish_restricted(handle, Some(group), &said, store)?;
            }
            MayNot::Sleeps(again) => self.leave_for(handle, None, again, store)?,
            MayNot::Misplaced => self.place_anew(handle, store)?,
            MayNot::Withheld(said, again) => {
                if let Some(record) = self.record(handle, store)?.cloned() {
                    self.audit.blocked(&record, Some(group), &said);
                }
                let classes = &self.live.retrieval.classes;
                // Who looks for an agent's callbacks does not look by classes.
                let personal = candidate.record_type == RecordType::PersonalCallBack;
                let key = classes.withheld(candidate.class, group);
                let Some(key) = key.filter(|_| !personal) else {
                    return Ok(false);
                };
                let class = store.class(&key, &mut self.live.retrieval)?;
                self.leave_for(handle, Some(class), again, store)?;
            }
        }
        Ok(true)
    }

    /// Counts a look; whether this batch looks at more.
    fn looks_on(&mut self) -> bool {
        let left = self.looks_left.checked_sub(1);
        self.looks_left = left.unwrap_or(0);
        left.is_some()
    }

    /// A campaign group's calling lists, as far as their filters are in use and it does not
    /// wait for a web server before it takes records from them; and what it waits for.
    /// `None` where it is gone.
    fn sources(
        &mut self,
        group: CampaignGroupId,
        store: &mut Transaction<'_>,
    ) -> Result<Option<Sources>, StoreError> {
        let Some(campaign) = self
            .objects
            .group(group)
            .and_then(|group| self.objects.campaign(group.campaign))
        else {
            return Ok(None);
        };
        let mut sources = Sources {
            lists: Vec::with_capacity(campaign.lists.len()),
            waits: None,
            placed: true,
        };
        for weighted in &campaign.lists {
            if let Some(for_server) = self.waits(weighted.list, group) {
                sources.waits = Some(for_server);
                continue;
            }
            let view = match weighted.filter {
                None => None,
                Some(filter) => {
                    let views = Arc::clone(&self.live.views);
                    let Some(view) = views.with(weighted.list, filter).filter(|view| view.whole)
                    else {
                        // Who would not pass cannot be told yet.
                        continue;
                    };
                    sources.placed &= self.place_due(view, store)?;
                    Some(view.id)
                }
            };
            sources.lists.push(Source {
                list: weighted.list,
                weight: weighted.weight,
                view,
                priorities: self.policy.priorities(Levels {
                    list: self.objects.list(weighted.list).map(AsRef::as_ref),
                    group: self.objects.group(group).map(AsRef::as_ref),
                    campaign: Some(campaign),
                }),
            });
        }
        Ok(Some(sources))
    }

    fn walk<'w>(
        &mut self,
        sources: &[Source],
        group: CampaignGroupId,
        agent: Option<&'w str>,
        callback_only: bool,
    ) -> Walk<'w> {
        let shares = self.live.shares.entry(group).or_default();
        let walk = Walk::new(group, sources, shares, agent, self.now);
        if callback_only {
            walk.callbacks_only()
        } else {
            walk
        }
    }

    /// A record leaves its class for another or for none, until its chain is placed again: by a
    /// change of it, or at a moment.
    fn leave_for(
        &mut self,
        handle: Handle,
        class: Option<ClassId>,
        again: Again,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let Some(record) = self.record(handle, store)?.cloned() else {
            return Ok(());
        };
        store.set_class(&mut self.live.retrieval, &record, class)?;
        self.place_in_views(&record, class, store)?;
        if let Some(moment) = again.at {
            store.wake_by(record.list, record.chain, moment)?;
        }
        match again.before {
            Some(moment) => store.wake_back(record.list, record.chain, moment),
            None => Ok(()),
        }
    }

    /// A record leaves its class for its own.
    fn place_anew(
        &mut self,
        handle: Handle,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let named = self.record(handle, store)?.map(|record| record.named());
        named.map_or(Ok(()), |named| {
            self.place_chain(named.list, named.chain, store)
        })
    }

    /// Whether a candidate goes out, with what the audit says of it, by what its row does not
    /// say: legal hours, the rest of its chain, Do Not Call, consent, frequency caps, and
    /// whether somebody has the same phone or customer now.
    fn verdict(
        &mut self,
        handle: Handle,
        class: ClassId,
        group: CampaignGroupId,
        store: &mut Transaction<'_>,
    ) -> Result<Result<Said, MayNot>, StoreError> {
        let again = Err(MayNot::Sleeps(Again::at(self.now + LOOK_AGAIN)));
        let Some(record) = self.record(handle, store)?.cloned() else {
            return Ok(again);
        };
        let Some(list) = self.objects.list(record.list) else {
            return Ok(again);
        };
        let mut chain = Vec::new();
        for handle in store.handles_of_chain(record.list, record.chain)? {
            chain.extend(self.record(handle, store)?.cloned());
        }
        let chain: Vec<_> = chain.iter().collect();
        let mut said = Said::default();
        if !self.is_lawful(&record, list, &mut said) {
            self.audit.blocked(&record, Some(group), &said);
            return Ok(Err(if self.is_misplaced(&record, class, list) {
                MayNot::Misplaced
            } else {
                MayNot::Sleeps(self.callable_at(&record, &chain))
            }));
        }
        if !why::is_callable(&record, &chain, list, self.objects, self.now) {
            return Ok(Err(MayNot::Sleeps(self.callable_at(&record, &chain))));
        }
        if self.is_restricted(&record, store)? {
            said.add(DO_NOT_CALL, RESTRICTED);
            return Ok(Err(MayNot::Restricted(said)));
        }
        said.add(DO_NOT_CALL, PASSED);
        if let Consent::Withheld { for_others, ended } =
            self.consent(&record, group, &mut said, store)?
        {
            self.await_consent(&record, store)?;
            let again = Again {
                at: None,
                before: ended,
            };
            if for_others {
                return Ok(Err(MayNot::Withheld(said, again)));
            }
            self.audit.blocked(&record, Some(group), &said);
            return Ok(Err(MayNot::Sleeps(again)));
        }
        if let Room::Not { until, for_others } = self.room(&record, group, &mut said, store)? {
            // Before that moment too: what was attempted by a clock that was ahead counts.
            let again = Again::at(until);
            if for_others {
                return Ok(Err(MayNot::Withheld(said, again)));
            }
            self.audit.blocked(&record, Some(group), &said);
            return Ok(Err(MayNot::Sleeps(again)));
        }
        if self.policy.one_at_once {
            let phone = self.compared(&record.contact.phone, record.list);
            let customer = record.contact.customer_id.as_deref();
            if self.live.out.look().has(phone, customer) {
                self.live.out.change().wait_for(phone, customer);
                return Ok(Err(MayNot::Sleeps(Again::default())));
            }
        }
        Ok(Ok(said))
    }

    /// When a record that its class let through is looked at again: a class may be open
    /// at more times than its records, and attempts may have been forbidden since.
    fn callable_at(&self, record: &Record, chain: &[&Record]) -> Again {
        let allows = self.objects.list(record.list);
        let Some(list) = allows.filter(|list| record.attempts < list.max_attempts) else {
            // When it allows more, those that this frees are woken.
            return Again::default();
        };
        let facts = why::Facts::default();
        let at = why::next_callable(record, chain, list, self.objects, self.now, facts);
        // An earlier record of the chain may be changed long before; that places it again.
        let at = at.unwrap_or(self.now + LOOK_AGAIN);
        Again {
            at: Some(at.max(self.now + 1)),
            before: Some(self.now),
        }
    }
}
