//! What the writer knows without reading: it follows the store's transactions, and is
//! read again from the store after one that was rolled back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::counters::Counters;
use ocs_rules::do_not_call::{Compared, DoNotCallList};
use ocs_rules::group_state::GroupState;
use ocs_rules::retrieval::Retrieval;
use ocs_rules::retrieval::shares::Shares;
use ocs_rules::retrieval::view::Views;

use crate::audit::Head;
use crate::batch::{Erasures, Restriction, Schedules};
use crate::outbox::Unsent;
use crate::sqlite::OutAlready;
use crate::without_rule::Told;

/// What the writer knows without reading.
pub(crate) struct Live {
    pub(crate) counters: Counters,
    /// The states of campaign groups that were ever loaded.
    pub(crate) groups: BTreeMap<CampaignGroupId, GroupState>,
    pub(crate) schedules: Schedules,
    pub(crate) erasures: Erasures,
    pub(crate) do_not_call: Shown<Restrictions>,
    /// Whether the Do Not Call list has to be caught up with before a record is handed
    /// out: keys are made anew, or very many rows of others were there at the start.
    pub(crate) behind: bool,
    /// When rows of the Do Not Call list that others wrote or deleted are caught up with
    /// next, UTC seconds.
    pub(crate) reread_at: i64,
    /// The moment of the last batch, UTC seconds.
    pub(crate) moment: i64,
    /// Whether the clock may have been put back after records were put to sleep, and they are
    /// still to be woken: at a start nobody knows.
    pub(crate) put_back: bool,
    /// Whether records are being placed again because their phones are read otherwise.
    pub(crate) placing: bool,
    pub(crate) retrieval: Retrieval,
    /// Replaced as a whole, so that readers may hold what they have.
    pub(crate) views: Arc<Views>,
    /// Which phones it was said of that no rule of legal hours holds for them.
    pub(crate) told: Told,
    /// Whose turn it is among a campaign group's calling lists.
    pub(crate) shares: HashMap<CampaignGroupId, Shares>,
    /// Campaign groups in front of which a preview found too many records that may not be
    /// called: housekeeping goes on with them.
    pub(crate) sweeps: BTreeSet<CampaignGroupId>,
    pub(crate) out: Shown<OutNow>,
    pub(crate) consent: ConsentInUse,
    /// Where the audit's chain stands.
    pub(crate) audit: Head,
    /// How many messages wait for which web server.
    pub(crate) unsent: Shown<Unsent>,
    /// How many calls of which campaign group are out; none of those that have none.
    pub(crate) calls: Shown<BTreeMap<CampaignGroupId, u32>>,
    /// Those that were out when the store was opened.
    pub(crate) out_already: Vec<OutAlready>,
    /// When it is looked next whether campaign groups abandoned too many calls, UTC seconds;
    /// and whether one was abandoned since it was looked last.
    pub(crate) judged_at: i64,
    pub(crate) abandoned: bool,
}

impl Live {
    /// What the clock says, UTC seconds.
    pub(crate) fn look_at_clock(&mut self, now: i64) {
        self.put_back |= now < self.moment;
        self.moment = now;
    }
}

/// What is in the store of consent: where there is nothing, nothing is looked for. Both may
/// say yes after a transaction that was rolled back, which costs a look.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ConsentInUse {
    /// Whether anybody ever said anything.
    pub(crate) said: bool,
    /// Whether a record was ever held back for want of it.
    pub(crate) awaited: bool,
}

/// What the writer changes and readers look at.
#[derive(Default)]
pub(crate) struct Shown<T>(Arc<RwLock<T>>);

impl<T> Clone for Shown<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Shown<T> {
    pub(crate) fn new(shown: T) -> Self {
        Self(Arc::new(RwLock::new(shown)))
    }

    pub(crate) fn look(&self) -> RwLockReadGuard<'_, T> {
        // Nothing panics while it changes what is shown.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the writer only.
    pub(crate) fn change(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Changes of the Do Not Call list that are kept while it is being read, some tens of
/// megabytes; beyond them the list takes no more until it is read.
pub(crate) const MEANWHILE: usize = 500_000;

/// The Do Not Call list in memory, and while it is being read there, what is changed of
/// it meanwhile.
pub(crate) struct Restrictions {
    list: DoNotCallList,
    meanwhile: Option<Vec<Restriction>>,
}

impl Restrictions {
    /// A list that is still to be read, as it is in the store at this moment.
    pub(crate) fn loading() -> Self {
        Self {
            list: DoNotCallList::default(),
            meanwhile: Some(Vec::new()),
        }
    }

    /// Whether it takes more changes now.
    pub(crate) fn has_room(&self) -> bool {
        let kept = self.meanwhile.as_ref().map_or(0, Vec::len);
        kept < MEANWHILE
    }

    /// It was read.
    pub(crate) fn loaded(&mut self, list: DoNotCallList) {
        self.list = list;
        for change in self.meanwhile.take().into_iter().flatten() {
            self.change(change);
        }
    }

    /// Makes a change that was committed.
    pub(crate) fn change(&mut self, change: Restriction) {
        if let Some(meanwhile) = &mut self.meanwhile {
            meanwhile.push(change);
            return;
        }
        match change {
            Restriction::Put { replaced, held } => {
                if let Some(replaced) = replaced {
                    self.list.remove(replaced);
                }
                self.list.insert(held);
            }
            Restriction::Removed(held) => {
                self.list.remove(held);
            }
        }
    }

    /// The list; `None` while it is being read.
    pub(crate) fn list(&self) -> Option<&DoNotCallList> {
        self.meanwhile.is_none().then_some(&self.list)
    }
}

/// Whose records are out now: no second one of the same phone or customer id is
/// handed out beside it (records.md, section 4).
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct OutNow {
    phones: HashMap<u64, Out>,
    customers: HashMap<String, Out>,
    /// How many an agent has in hand.
    agents: HashMap<String, u32>,
}

/// What is out of one phone or customer id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Out {
    records: u32,
    /// Whether another record sleeps until this one is back.
    awaited: bool,
}

impl OutNow {
    pub(crate) fn went_out(
        &mut self,
        phone: Compared,
        customer: Option<&str>,
        agent: Option<&str>,
    ) {
        if let Some(agent) = agent {
            *self.agents.entry(agent.to_owned()).or_default() += 1;
        }
        for key in phone.keys() {
            self.phones.entry(key).or_default().records += 1;
        }
        if let Some(customer) = customer {
            let out = self.customers.entry(customer.to_owned()).or_default();
            out.records += 1;
        }
    }

    /// Whether somebody waited for it.
    #[must_use]
    pub(crate) fn came_back(
        &mut self,
        phone: Compared,
        customer: Option<&str>,
        agent: Option<&str>,
    ) -> bool {
        if let Some(agent) = agent
            && let Some(records) = self.agents.get_mut(agent)
        {
            *records -= 1;
            if *records == 0 {
                self.agents.remove(agent);
            }
        }
        let mut awaited = false;
        for key in phone.keys() {
            awaited |= one_less(&mut self.phones, &key);
        }
        if let Some(customer) = customer {
            awaited |= one_less(&mut self.customers, customer);
        }
        awaited
    }

    /// How many records an agent has in hand.
    pub(crate) fn in_hand(&self, agent: &str) -> u32 {
        self.agents.get(agent).copied().unwrap_or(0)
    }

    pub(crate) fn has(&self, phone: Compared, customer: Option<&str>) -> bool {
        phone.keys().any(|key| self.phones.contains_key(&key))
            || customer.is_some_and(|customer| self.customers.contains_key(customer))
    }

    /// A record of this phone or customer id sleeps until those that are out are back.
    pub(crate) fn wait_for(&mut self, phone: Compared, customer: Option<&str>) {
        for key in phone.keys() {
            if let Some(out) = self.phones.get_mut(&key) {
                out.awaited = true;
            }
        }
        if let Some(out) = customer.and_then(|customer| self.customers.get_mut(customer)) {
            out.awaited = true;
        }
    }

    /// Who sleeps is not known: everyone who is out may be waited for.
    pub(crate) fn wait_for_all(&mut self) {
        let phones = self.phones.values_mut();
        for out in phones.chain(self.customers.values_mut()) {
            out.awaited = true;
        }
    }
}

/// Whether somebody waited for it.
fn one_less<K, Q>(outs: &mut HashMap<K, Out>, key: &Q) -> bool
where
    K: std::borrow::Borrow<Q> + std::hash::Hash + Eq,
    Q: std::hash::Hash + Eq + ?Sized,
{
    let Some(out) = outs.get_mut(key) else {
        return false;
    };
    out.records -= 1;
    let awaited = std::mem::take(&mut out.awaited);
    if out.records == 0 {
        outs.remove(key);
    }
    awaited
}

#[cfg(test)]
mod tests {
    use ocs_rules::do_not_call::{Held, Keys, Subject};

    use super::*;

    #[test]
    fn what_comes_while_the_list_is_read() {
        let held = |text: &str| Held {
            keys: Keys::of(&Subject::Phone(text.to_owned()), None),
            expires: None,
        };
        let put = |text, replaced: Option<&str>| Restriction::Put {
            held: held(text),
            replaced: replaced.map(held),
        };
        let mut restrictions = Restrictions::loading();
        restrictions.change(put("1", None));
        restrictions.change(put("3", Some("2")));
        restrictions.change(Restriction::Removed(held("4")));
        assert!(restrictions.list().is_none(), "it is not known yet");
        assert!(restrictions.has_room());
        // As much as is kept, and nothing that counts.
        let other = held("8");
        for _ in 3..MEANWHILE {
            restrictions.change(Restriction::Removed(other));
        }
        assert!(!restrictions.has_room());
        let mut read = DoNotCallList::default();
        for text in ["2", "4", "5"] {
            read.insert(held(text));
        }
        restrictions.loaded(read);
        restrictions.change(put("6", None));
        assert!(restrictions.has_room());
        let list = restrictions.list().expect("it was read");
        let restricted = (0..9).filter(|number: &i32| {
            list.restricts_phone(Compared::of(&number.to_string(), None), 0)
        });
        assert_eq!(restricted.collect::<Vec<_>>(), [1, 3, 5, 6]);
        assert_eq!(list.len(), 4);
    }

    #[test]
    fn out_until_the_last_came_back() {
        let mut out = OutNow::default();
        let phone = Compared::of("+16505550100", None);
        let other = Compared::of("+16505550101", None);
        out.went_out(phone, Some("C-1"), Some("ann"));
        out.went_out(phone, None, Some("ann"));
        assert_eq!((out.in_hand("ann"), out.in_hand("bob")), (2, 0));
        assert!(!out.came_back(phone, None, Some("ann")), "nobody waited");
        assert_eq!(out.in_hand("ann"), 1);
        assert!(out.has(phone, None) && out.has(other, Some("C-1")));
        assert!(!out.has(other, Some("C-2")));
        out.wait_for(other, Some("C-2"));
        out.wait_for(other, Some("C-1"));
        let awaited = out.came_back(phone, Some("C-1"), Some("ann"));
        assert!(awaited, "somebody waited");
        assert_eq!(out, OutNow::default());
    }
}
