//! Frequency caps at the hand-out: what they say, and that an attempt counts from then on.
//! Both are in one transaction, so that two hand-outs never take the same room.

use std::collections::BTreeSet;

use ocs_rules::calling_list::ListId;
use ocs_rules::campaign::{CampaignGroupId, CampaignId};
use ocs_rules::frequency_cap::{Capped, Scope};
use ocs_rules::objects::Objects;
use ocs_rules::record::Record;

use super::Batch;
use super::audit::Said;
use crate::error::StoreError;
use crate::sqlite::frequency_caps::{self, Contact};
use crate::sqlite::{Transaction, sqlite_error};

/// Seconds that attempts are kept where no cap reaches further back, so that a cap that is
/// set tomorrow counts yesterday's.
const KEPT: i64 = 31 * 24 * 60 * 60;

/// What caps make of a record.
pub(super) enum Room {
    Left,
    /// There is none before a moment, UTC seconds.
    Not {
        until: i64,
        /// Whether another campaign may hand the record out all the same.
        for_others: bool,
    },
}

impl Batch<'_> {
    /// What the caps say of a record, for a campaign group.
    pub(super) fn room(
        &self,
        record: &Record,
        group: CampaignGroupId,
        said: &mut Said,
        store: &Transaction<'_>,
    ) -> Result<Room, StoreError> {
        let caps = self.objects.caps();
        if caps.is_empty() {
            return Ok(Room::Left);
        }
        let Some(campaign) = self.objects.group(group).map(|group| group.campaign) else {
            return Ok(Room::Left);
        };
        let contact = self.contact(record);
        let mut until = None;
        let mut of_campaign_only = true;
        for cap in caps.iter().filter(|cap| cap.is_for(record.list)) {
            let zone = self.objects.zone(record.contact.zone);
            let Some(zone) = zone.map(|zone| &zone.zone) else {
                continue;
            };
            let found = frequency_caps::capped(
                store.connection(),
                cap,
                contact,
                campaign,
                (zone, self.now),
            );
            let (made, capped) = found.map_err(sqlite_error)?;
            said.add(
                format!("frequency-cap {}", cap.name),
                format!("{made} of {}", cap.attempts),
            );
            if let Some(Capped { until: at, .. }) = capped {
                until = until.max(Some(at));
                of_campaign_only &= cap.scope == Scope::Campaign;
            }
        }
        let Some(until) = until else {
            return Ok(Room::Left);
        };
        let for_others = of_campaign_only && self.others_call(record, campaign);
        Ok(Room::Not { until, for_others })
    }

    /// Whether campaign groups of another campaign hand a record out, now or when they run.
    fn others_call(&self, record: &Record, campaign: CampaignId) -> bool {
        let groups = self.objects.groups_of(record);
        groups.iter().any(|group| group.campaign != campaign)
    }

    /// What attempts at a record are counted by.
    pub(super) fn contact(&self, record: &Record) -> Contact {
        Contact::of(record, self.compared(&record.contact.phone, record.list))
    }

    /// Removes attempts that no cap counts any more; whether there may be more.
    pub(super) fn purge_attempts(
        &self,
        most: u32,
        store: &mut Transaction<'_>,
    ) -> Result<bool, StoreError> {
        let caps = self.objects.caps();
        let kept = caps.iter().map(|cap| cap.reach()).fold(KEPT, i64::max);
        let purged = store.purge_contact_attempts(self.now - kept, most)?;
        Ok(purged >= most as usize)
    }
}

/// Which campaigns call the records of a calling list, where a cap counts each campaign's
/// attempts by themselves; else none.
pub(crate) fn capped_by_campaign(objects: &Objects, list: ListId) -> BTreeSet<CampaignId> {
    let mut caps = objects.caps().iter();
    if !caps.any(|cap| cap.scope == Scope::Campaign && cap.is_for(list)) {
        return BTreeSet::new();
    }
    let groups = objects.groups();
    let campaigns = groups.iter().map(|group| group.campaign);
    campaigns
        .filter(|campaign| {
            let campaign = objects.campaign(*campaign);
            campaign.is_some_and(|campaign| campaign.uses(list))
        })
        .collect()
}
