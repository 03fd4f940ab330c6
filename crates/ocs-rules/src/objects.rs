//! All campaign objects at one moment.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::calling_list::{CallingList, ListId};
use crate::campaign::{Campaign, CampaignGroup, CampaignGroupId, CampaignId};
use crate::do_not_call::{Compared, Number};
use crate::filter::{Filter, FilterId};
use crate::frequency_cap::FrequencyCap;
use crate::legal_hours::LegalHours;
use crate::legal_hours::holiday::Holiday;
use crate::legal_hours::rule::Rule;
use crate::legal_hours::territory::Territory;
use crate::record::Record;
use crate::schedule::{Schedule, ScheduleId};
use crate::zone::{Zone, ZoneId};

/// The campaign objects, by name and by DBID. Never changed in place: a change
/// makes a new one.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    lists: HashMap<ListId, Arc<CallingList>>,
    list_names: HashMap<String, Arc<CallingList>>,
    campaigns: HashMap<CampaignId, Arc<Campaign>>,
    campaign_names: HashMap<String, Arc<Campaign>>,
    groups: HashMap<CampaignGroupId, Arc<CampaignGroup>>,
    filters: HashMap<FilterId, Arc<Filter>>,
    caps: Vec<Arc<FrequencyCap>>,
    zones: HashMap<ZoneId, Arc<Zone>>,
    zone_names: HashMap<String, Arc<Zone>>,
    schedules: HashMap<ScheduleId, Arc<Schedule>>,
    legal: LegalHours,
}

impl Objects {
    /// Adds a calling list, or puts it in place of the one with its DBID.
    pub fn put_list(&mut self, list: CallingList) {
        self.remove_list(list.dbid);
        let list = Arc::new(list);
        self.list_names.insert(list.name.clone(), Arc::clone(&list));
        self.lists.insert(list.dbid, list);
    }

    /// Removes a calling list.
    pub fn remove_list(&mut self, dbid: ListId) {
        if let Some(old) = self.lists.remove(&dbid) {
            self.list_names.remove(&old.name);
        }
    }

    /// Adds a campaign, or puts it in place of the one with its DBID.
    pub fn put_campaign(&mut self, campaign: Campaign) {
        self.remove_campaign(campaign.dbid);
        let campaign = Arc::new(campaign);
        self.campaign_names
            .insert(campaign.name.clone(), Arc::clone(&campaign));
        self.campaigns.insert(campaign.dbid, campaign);
    }

    /// Removes a campaign.
    pub fn remove_campaign(&mut self, dbid: CampaignId) {
        if let Some(old) = self.campaigns.remove(&dbid) {
            self.campaign_names.remove(&old.name);
        }
    }

    /// Adds a campaign group, or puts it in place of the one with its DBID.
    pub fn put_group(&mut self, group: CampaignGroup) {
        self.groups.insert(group.dbid, Arc::new(group));
    }

    /// Removes a campaign group.
    pub fn remove_group(&mut self, dbid: CampaignGroupId) {
        self.groups.remove(&dbid);
    }

    /// Adds a filter, or puts it in place of the one with its DBID.
    pub fn put_filter(&mut self, filter: Filter) {
        self.filters.insert(filter.dbid, Arc::new(filter));
    }

    /// Removes a filter.
    pub fn remove_filter(&mut self, dbid: FilterId) {
        self.filters.remove(&dbid);
    }

    /// Adds a frequency cap, or puts it in place of the one of its name.
    pub fn put_cap(&mut self, cap: FrequencyCap) {
        self.remove_cap(&cap.name);
        self.caps.push(Arc::new(cap));
        self.caps.sort_by(|one, other| one.name.cmp(&other.name));
    }

    /// Removes a frequency cap.
    pub fn remove_cap(&mut self, name: &str) {
        self.caps.retain(|cap| cap.name != name);
    }

    /// Adds a time zone, or puts it in place of the one with its DBID.
    pub fn put_zone(&mut self, zone: Zone) {
        self.remove_zone(zone.dbid);
        let zone = Arc::new(zone);
        self.zone_names.insert(zone.name.clone(), Arc::clone(&zone));
        self.zones.insert(zone.dbid, zone);
    }

    /// Removes a time zone.
    pub fn remove_zone(&mut self, dbid: ZoneId) {
        if let Some(old) = self.zones.remove(&dbid) {
            self.zone_names.remove(&old.name);
        }
    }

    /// Adds a schedule, or puts it in place of the one with its DBID.
    pub fn put_schedule(&mut self, schedule: Schedule) {
        self.schedules.insert(schedule.dbid, Arc::new(schedule));
    }

    /// Removes a schedule.
    pub fn remove_schedule(&mut self, dbid: ScheduleId) {
        self.schedules.remove(&dbid);
    }

    /// The legal calling hours.
    #[must_use]
    pub fn legal_hours(&self) -> &LegalHours {
        &self.legal
    }

    /// The legal calling hours, to change them.
    pub fn legal_hours_mut(&mut self) -> &mut LegalHours {
        &mut self.legal
    }

    /// Whether the phones of a calling list are called in legal hours only: its option
    /// `legal-hours`, else the application's.
    #[must_use]
    pub fn guards(&self, list: &CallingList) -> bool {
        let own = list.options.flag("legal-hours");
        own.unwrap_or(self.legal.defaults.guards)
    }

    /// The region that a calling list's phones are read in for that.
    #[must_use]
    pub fn legal_region<'a>(&'a self, list: &'a CallingList) -> Option<&'a str> {
        let own = list.region.as_deref();
        own.or(self.legal.defaults.region.as_deref())
    }

    /// Where a phone of a calling list is, as far as its calling hours go.
    #[must_use]
    pub fn territory(&self, list: &CallingList, phone: &str) -> Territory {
        if !self.guards(list) {
            return Territory::Anywhere;
        }
        Territory::of(Compared::read(phone, self.legal_region(list)).1)
    }

    /// The same, where the phone was read already, in the same region.
    #[must_use]
    pub fn territory_of(&self, list: &CallingList, number: Number) -> Territory {
        if self.guards(list) {
            Territory::of(number)
        } else {
            Territory::Anywhere
        }
    }

    /// The calling list of this DBID.
    #[must_use]
    pub fn list(&self, dbid: ListId) -> Option<&Arc<CallingList>> {
        self.lists.get(&dbid)
    }

    /// The calling list of this name.
    #[must_use]
    pub fn list_named(&self, name: &str) -> Option<&Arc<CallingList>> {
        self.list_names.get(name)
    }

    /// All calling lists, by DBID.
    #[must_use]
    pub fn lists(&self) -> Vec<Arc<CallingList>> {
        sorted(&self.lists)
    }

    /// The campaign of this DBID.
    #[must_use]
    pub fn campaign(&self, dbid: CampaignId) -> Option<&Arc<Campaign>> {
        self.campaigns.get(&dbid)
    }

    /// The campaign of this name.
    #[must_use]
    pub fn campaign_named(&self, name: &str) -> Option<&Arc<Campaign>> {
        self.campaign_names.get(name)
    }

    /// All campaigns, by DBID.
    #[must_use]
    pub fn campaigns(&self) -> Vec<Arc<Campaign>> {
        sorted(&self.campaigns)
    }

    /// The campaign group of this campaign and group name.
    #[must_use]
    pub fn group_named(&self, campaign: CampaignId, group: &str) -> Option<&Arc<CampaignGroup>> {
        self.groups
            .values()
            .find(|known| known.campaign == campaign && known.group == group)
    }

    /// The campaign group of this DBID.
    #[must_use]
    pub fn group(&self, dbid: CampaignGroupId) -> Option<&Arc<CampaignGroup>> {
        self.groups.get(&dbid)
    }

    /// The campaign group of this full name, `<campaign>@<group>`.
    #[must_use]
    pub fn group_of_full_name(&self, name: &str) -> Option<&Arc<CampaignGroup>> {
        let (campaign, group) = name.split_once('@')?;
        self.group_named(self.campaign_named(campaign)?.dbid, group)
    }

    /// `<campaign>@<group>`.
    #[must_use]
    pub fn full_name(&self, group: &CampaignGroup) -> String {
        let campaign = self.campaign(group.campaign);
        let campaign = campaign.map_or("", |campaign| campaign.name.as_str());
        format!("{campaign}@{}", group.group)
    }

    /// The campaign groups that hand a record out, by DBID: those that use its calling list,
    /// or the one that it is assigned to.
    #[must_use]
    pub fn groups_of(&self, record: &Record) -> Vec<Arc<CampaignGroup>> {
        let assigned = self.assigned_group(record).map(|group| group.dbid);
        let mut groups = self.groups();
        groups.retain(|group| {
            let campaign = self.campaign(group.campaign);
            assigned.is_none_or(|assigned| assigned == group.dbid)
                && campaign.is_some_and(|campaign| campaign.uses(record.list))
        });
        groups
    }

    /// The calling lists that a campaign group hands out.
    #[must_use]
    pub fn lists_of(&self, group: CampaignGroupId) -> Vec<ListId> {
        let campaign = self
            .group(group)
            .and_then(|group| self.campaign(group.campaign));
        let lists = campaign.map_or(&[][..], |campaign| &campaign.lists);
        lists.iter().map(|weighted| weighted.list).collect()
    }

    /// The campaign group that alone hands a record out, where it is assigned to one that
    /// uses its calling list.
    #[must_use]
    pub fn assigned_group(&self, record: &Record) -> Option<&Arc<CampaignGroup>> {
        let group = self.group(record.assigned?)?;
        let campaign = self.campaign(group.campaign)?;
        campaign.uses(record.list).then_some(group)
    }

    /// The campaign that uses a calling list, where there is but one.
    #[must_use]
    pub fn only_campaign_of(&self, list: ListId) -> Option<&Arc<Campaign>> {
        let mut using = self.campaigns.values().filter(|known| known.uses(list));
        let first = using.next()?;
        using.next().is_none().then_some(first)
    }

    /// All campaign groups, by DBID.
    #[must_use]
    pub fn groups(&self) -> Vec<Arc<CampaignGroup>> {
        sorted(&self.groups)
    }

    /// The filter of this DBID.
    #[must_use]
    pub fn filter(&self, dbid: FilterId) -> Option<&Arc<Filter>> {
        self.filters.get(&dbid)
    }

    /// The filter of this name.
    #[must_use]
    pub fn filter_named(&self, name: &str) -> Option<&Arc<Filter>> {
        self.filters.values().find(|filter| filter.name == name)
    }

    /// All filters, by DBID.
    #[must_use]
    pub fn filters(&self) -> Vec<Arc<Filter>> {
        sorted(&self.filters)
    }

    /// Which calling lists are used with which filters, each pair once.
    #[must_use]
    pub fn filtered(&self) -> BTreeSet<(ListId, FilterId)> {
        let lists = self.campaigns.values().flat_map(|campaign| &campaign.lists);
        lists
            .filter_map(|used| Some((used.list, used.filter?)))
            .collect()
    }

    /// All frequency caps, by name.
    #[must_use]
    pub fn caps(&self) -> &[Arc<FrequencyCap>] {
        &self.caps
    }

    /// The time zone of this DBID.
    #[must_use]
    pub fn zone(&self, dbid: ZoneId) -> Option<&Arc<Zone>> {
        self.zones.get(&dbid)
    }

    /// The time zone of this name: built in, configured, or known from a record.
    #[must_use]
    pub fn zone_named(&self, name: &str) -> Option<&Arc<Zone>> {
        self.zone_names.get(name)
    }

    /// All time zones, by DBID.
    #[must_use]
    pub fn zones(&self) -> Vec<Arc<Zone>> {
        sorted(&self.zones)
    }

    /// The schedule of this DBID.
    #[must_use]
    pub fn schedule(&self, dbid: ScheduleId) -> Option<&Arc<Schedule>> {
        self.schedules.get(&dbid)
    }

    /// The schedule of this name.
    #[must_use]
    pub fn schedule_named(&self, name: &str) -> Option<&Arc<Schedule>> {
        self.schedules.values().find(|known| known.name == name)
    }

    /// All schedules, by DBID.
    #[must_use]
    pub fn schedules(&self) -> Vec<Arc<Schedule>> {
        sorted(&self.schedules)
    }
}

fn sorted<T>(objects: &HashMap<u32, Arc<T>>) -> Vec<Arc<T>> {
    let mut all: Vec<_> = objects.iter().collect();
    all.sort_unstable_by_key(|(dbid, _)| **dbid);
    all.into_iter()
        .map(|(_, object)| Arc::clone(object))
        .collect()
}

/// One change of the campaign objects.
#[derive(Debug, Clone, PartialEq)]
pub enum ObjectChange {
    /// Adds or replaces a calling list.
    PutList(CallingList),
    /// Removes a calling list.
    RemoveList(ListId),
    /// Adds or replaces a campaign.
    PutCampaign(Campaign),
    /// Removes a campaign.
    RemoveCampaign(CampaignId),
    /// Adds or replaces a campaign group.
    PutGroup(CampaignGroup),
    /// Removes a campaign group.
    RemoveGroup(CampaignGroupId),
    /// Adds or replaces a filter.
    PutFilter(Filter),
    /// Removes a filter.
    RemoveFilter(FilterId),
    /// Adds or replaces a frequency cap.
    PutCap(FrequencyCap),
    /// Removes a frequency cap, by name.
    RemoveCap(String),
    /// Adds or replaces a time zone.
    PutZone(Zone),
    /// Removes a time zone.
    RemoveZone(ZoneId),
    /// Adds or replaces a schedule.
    PutSchedule(Schedule),
    /// Removes a schedule.
    RemoveSchedule(ScheduleId),
    /// Adds or replaces a rule of legal hours.
    PutRule(Rule),
    /// Removes a rule of legal hours, by its name.
    RemoveRule(String),
    /// Adds or replaces a holiday.
    PutHoliday(Holiday),
    /// Removes a holiday, by its name.
    RemoveHoliday(String),
}

impl Objects {
    /// Makes one change.
    pub fn change(&mut self, change: ObjectChange) {
        match change {
            ObjectChange::PutList(list) => self.put_list(list),
            ObjectChange::RemoveList(dbid) => self.remove_list(dbid),
            ObjectChange::PutCampaign(campaign) => self.put_campaign(campaign),
            ObjectChange::RemoveCampaign(dbid) => self.remove_campaign(dbid),
            ObjectChange::PutGroup(group) => self.put_group(group),
            ObjectChange::RemoveGroup(dbid) => self.remove_group(dbid),
            ObjectChange::PutFilter(filter) => self.put_filter(filter),
            ObjectChange::RemoveFilter(dbid) => self.remove_filter(dbid),
            ObjectChange::PutCap(cap) => self.put_cap(cap),
            ObjectChange::RemoveCap(name) => self.remove_cap(&name),
            ObjectChange::PutZone(zone) => self.put_zone(zone),
            ObjectChange::RemoveZone(dbid) => self.remove_zone(dbid),
            ObjectChange::PutSchedule(schedule) => self.put_schedule(schedule),
            ObjectChange::RemoveSchedule(dbid) => self.remove_schedule(dbid),
            ObjectChange::PutRule(rule) => self.legal.put_rule(rule),
            ObjectChange::RemoveRule(name) => self.legal.remove_rule(&name),
            ObjectChange::PutHoliday(holiday) => self.legal.put_holiday(holiday),
            ObjectChange::RemoveHoliday(name) => self.legal.remove_holiday(&name),
        }
    }
}
