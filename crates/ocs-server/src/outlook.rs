//! What stands against the calls of a record and its chain later, for what would become of them:
//! calls that are supposed count for frequency caps, and filters look at records as they would
//! be. The Do Not Call list and consent are as they are.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::tz::TimeZone;
use ocs_rules::calling_list::CallingList;
use ocs_rules::campaign::{Campaign, CampaignGroupId, CampaignId};
use ocs_rules::consent::Call;
use ocs_rules::do_not_call::Compared;
use ocs_rules::frequency_cap::{FrequencyCap, Per, Scope};
use ocs_rules::objects::Objects;
use ocs_rules::policy::Levels;
use ocs_rules::record::{Handle, Record};
use ocs_rules::retrieval::view::Views;
use ocs_rules::retrieval::why::{self, Facts};
use ocs_rules::treatment::{Action, Treatment};
use ocs_store::{StoreError, Surroundings};

use crate::core::Core;
use crate::decision;

/// Records of a chain that are looked at; there are most often two or three.
const CHAIN: usize = 100;

/// How often caps may move a call on before it is taken for one that never comes.
const ROUNDS: usize = 64;

/// What stands against calls later.
pub(crate) struct Outlook<'a> {
    list: &'a CallingList,
    objects: &'a Objects,
    views: Arc<Views>,
    /// In which region phones are read.
    region: Option<&'a str>,
    /// Who calls what is assigned to nobody.
    caller: CampaignGroupId,
    known: HashMap<(Handle, CampaignGroupId), Known>,
}

/// What is known of a record, as one campaign group calls it.
struct Known {
    facts: Facts,
    /// The caps that hold for it, with when the attempts began that each counts, UTC seconds.
    caps: Vec<(Arc<FrequencyCap>, Vec<i64>)>,
    zone: Option<TimeZone>,
}

impl<'a> Outlook<'a> {
    /// Reads what is known of a record's chain; `now` is in UTC seconds.
    pub(crate) async fn of(
        core: &'a Core,
        (found, list): (&Surroundings, &'a CallingList),
        objects: &'a Objects,
        caller: CampaignGroupId,
        now: i64,
    ) -> Result<Self, StoreError> {
        let mut outlook = Self {
            list,
            objects,
            views: core.store.views(),
            region: core.policy.region(Some(list)),
            caller,
            known: HashMap::new(),
        };
        let callers = callers(found, list, objects, caller);
        for record in found.chain.iter().take(CHAIN) {
            let around = decision::surroundings(core, record.handle, now).await?;
            let Some(around) = around else { continue };
            for group in &callers {
                let known = outlook.read(core, &around, *group, now).await?;
                outlook.known.insert((record.handle, *group), known);
            }
        }
        Ok(outlook)
    }

    async fn read(
        &self,
        core: &Core,
        around: &Surroundings,
        group: CampaignGroupId,
        now: i64,
    ) -> Result<Known, StoreError> {
        let record = &around.record;
        let campaign = self.campaign(group).map(|campaign| campaign.dbid);
        let call = Call {
            list: Some(record.list),
            campaign,
        };
        let levels = Levels::of(self.objects, record.list, Some(group));
        let required = core.policy.consent_required(levels);
        let zone = self.objects.zone(record.contact.zone);
        let caps: Vec<_> = self
            .objects
            .caps()
            .iter()
            .filter(|cap| cap.is_for(record.list))
            .cloned()
            .collect();
        let made = match campaign {
            Some(campaign) if !caps.is_empty() => {
                let phone = Compared::of(&record.contact.phone, self.region);
                let of = (record.clone(), phone, campaign);
                core.store.reader().counted(of, caps.clone(), now).await?
            }
            _ => Vec::new(),
        };
        Ok(Known {
            facts: Facts {
                do_not_call: around.do_not_call,
                consent: around.consent.verdict(call, required, now),
                ..Facts::default()
            },
            caps: caps.into_iter().zip(made).collect(),
            zone: zone.map(|zone| zone.zone.clone()),
        })
    }

    /// When a record of a chain can be called from a moment on, if the chain stands so then and
    /// these calls were made: records and when. Moments are in UTC seconds.
    pub(crate) fn callable(
        &self,
        record: &Record,
        chain: &[&Record],
        from: i64,
        calls: &[(Handle, i64)],
    ) -> Option<i64> {
        let known = self.known.get(&(record.handle, self.who(record)))?;
        if self.left_out_by(record).is_some() {
            return None;
        }
        let mut from = from;
        for _ in 0..ROUNDS {
            let facts = known.facts.clone();
            let at = why::next_callable(record, chain, self.list, self.objects, from, facts)?;
            match self.held_until(record, known, chain, at, calls) {
                None => return Some(at),
                Some(until) => from = until,
            }
        }
        None
    }

    /// The filter that does not take a record.
    pub(crate) fn left_out_by(&self, record: &Record) -> Option<&'a str> {
        let campaign = self.campaign(self.who(record))?;
        let used = campaign.lists.iter().find(|used| used.list == record.list);
        let filter = used?.filter?;
        let says = self.views.with(record.list, filter)?.says.as_ref()?;
        let name = || self.objects.filter(filter).map(|known| known.name.as_str());
        (!says.takes(record)).then(name).flatten()
    }

    /// Until when caps hold a record back at a moment.
    fn held_until(
        &self,
        record: &Record,
        known: &Known,
        chain: &[&Record],
        at: i64,
        calls: &[(Handle, i64)],
    ) -> Option<i64> {
        let zone = known.zone.as_ref()?;
        let counts = |cap: &FrequencyCap, handle: Handle| {
            let called = chain.iter().find(|other| other.handle == handle);
            let same_campaign =
                |other: &Record| self.campaign_of(other) == self.campaign_of(record);
            called.is_some_and(|other| {
                self.is_same(cap.per, other, record)
                    && (cap.scope == Scope::All || same_campaign(other))
            })
        };
        let held = known.caps.iter().filter_map(|(cap, made)| {
            let supposed = calls.iter().filter(|(handle, _)| counts(cap, *handle));
            let supposed = supposed.map(|(_, at)| *at);
            cap.held_until(made.iter().copied().chain(supposed), zone, at)
        });
        held.max()
    }

    fn is_same(&self, per: Per, one: &Record, other: &Record) -> bool {
        let compared = |record: &Record| Compared::of(&record.contact.phone, self.region);
        match per {
            Per::Phone => compared(one).matches(compared(other)),
            Per::Customer => {
                let customer = |record: &Record| record.contact.customer_id.clone();
                customer(one).is_some() && customer(one) == customer(other)
            }
        }
    }

    /// Who calls a record.
    fn who(&self, record: &Record) -> CampaignGroupId {
        let assigned = self.objects.assigned_group(record);
        assigned.map_or(self.caller, |group| group.dbid)
    }

    fn campaign_of(&self, record: &Record) -> Option<CampaignId> {
        self.campaign(self.who(record))
            .map(|campaign| campaign.dbid)
    }

    fn campaign(&self, group: CampaignGroupId) -> Option<&'a Arc<Campaign>> {
        let group = self.objects.group(group)?;
        self.objects.campaign(group.campaign)
    }
}

/// Who may come to call a chain's records: the caller, whom they are assigned to, and whom a
/// treatment may assign them to.
fn callers(
    found: &Surroundings,
    list: &CallingList,
    objects: &Objects,
    caller: CampaignGroupId,
) -> BTreeSet<CampaignGroupId> {
    let assigned = found.chain.iter().filter_map(|record| record.assigned);
    let campaigns = objects.campaigns();
    let of_campaigns = campaigns.iter().flat_map(|campaign| &campaign.treatments);
    let named = list.treatments.iter().chain(of_campaigns);
    let named = named.filter_map(|treatment: &Treatment| match &treatment.action {
        Action::AssignToGroup(name) => objects.group_of_full_name(name),
        _ => None,
    });
    let named = named.map(|group| group.dbid);
    std::iter::once(caller)
        .chain(assigned)
        .chain(named)
        .collect()
}
