//! Which changes bring the store's objects to what a file wants.

use jiff::tz::TimeZone;
use ocs_config::objects::{self as wanted, FieldType, ObjectsFile};
use ocs_protocol::enumeration::{DialingMode, Enumeration as _};
use ocs_protocol::refusal::quoted;
use ocs_rules::calling_list::{CallingList, DailyWindow, Field, FieldKind};
use ocs_rules::campaign::{Campaign, CampaignGroup, WeightedList};
use ocs_rules::counters::{self, Counters};
use ocs_rules::date_time;
use ocs_rules::days::Days;
use ocs_rules::group_state::{RUN_IN, is_run_in};
use ocs_rules::objects::{ObjectChange, Objects};
use ocs_rules::options::Options;
use ocs_rules::schedule::{Exception, Hours, Schedule, WeeklyHours};
use ocs_rules::treatment::{Action, Interval, Treatment, loops};
use ocs_rules::zone::{self, Zone, ZoneId, ZoneOrigin};
use ocs_store::ObjectsView;

use super::difference;

/// The characters of a text field whose configuration names no length.
const FIELD_LENGTH: u32 = 255;

/// A plan in the making.
pub(super) struct Plan<'a> {
    view: &'a ObjectsView<'a>,
    pub(super) file: &'a str,
    /// The objects as they would be.
    pub(super) objects: Objects,
    counters: Counters,
    changes: Vec<ObjectChange>,
    pub(super) sentences: Vec<String>,
    audited: Vec<String>,
    pub(super) problems: Vec<String>,
}

/// A plan that can be carried out.
pub(super) struct Planned {
    pub(super) changes: Vec<ObjectChange>,
    pub(super) counters: Counters,
    /// What is changed, and what is not, a sentence an object.
    pub(super) sentences: Vec<String>,
    /// What of that changes when people may be called, for the log.
    pub(super) audited: Vec<String>,
}

/// What an object is called in sentences, and where the file names it.
#[derive(Clone, Copy)]
pub(super) struct Named<'n> {
    pub(super) kind: &'static str,
    pub(super) name: &'n str,
    pub(super) line: usize,
}

impl<'a> Plan<'a> {
    pub(super) fn new(view: &'a ObjectsView<'a>, file: &'a str) -> Self {
        Self {
            view,
            file,
            objects: view.objects.clone(),
            counters: view.counters,
            changes: Vec::new(),
            sentences: Vec::new(),
            audited: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Brings in everything that the file names, in the order in which objects
    /// name each other.
    pub(super) fn bring(&mut self, file: &ObjectsFile) {
        for zone in &file.time_zones {
            self.bring_zone(zone);
        }
        self.bring_legal_hours(file);
        for list in &file.calling_lists {
            self.bring_list(list);
        }
        for filter in &file.filters {
            self.bring_filter(filter);
        }
        for cap in &file.frequency_caps {
            self.bring_cap(cap);
        }
        for schedule in &file.schedules {
            self.bring_schedule(schedule);
        }
        for campaign in &file.campaigns {
            self.bring_campaign(campaign);
        }
        for group in &file.campaign_groups {
            self.bring_group(group);
        }
        self.check_schedules(file);
    }

    /// Looks at what objects say of each other, once all are brought in and removed.
    pub(super) fn check_treatments(&mut self) {
        self.problems.extend(loops::problems(&self.objects));
    }

    /// Removes what the file does not name. Time zones stay: records may use them.
    pub(super) fn prune(&mut self, file: &ObjectsFile) {
        self.prune_legal_hours(file);
        for group in self.objects.groups() {
            let campaign = self
                .objects
                .campaign(group.campaign)
                .map(|c| c.name.clone());
            let named = |wanted: &wanted::CampaignGroup| {
                wanted.dbid == Some(group.dbid)
                    || (Some(&wanted.campaign) == campaign.as_ref() && wanted.group == group.group)
            };
            if !file.campaign_groups.iter().any(named) {
                let name = format!("{}@{}", campaign.unwrap_or_default(), group.group);
                self.remove(
                    "campaign group",
                    &name,
                    ObjectChange::RemoveGroup(group.dbid),
                );
            }
        }
        for campaign in self.objects.campaigns() {
            if !file
                .campaigns
                .iter()
                .any(|wanted| wanted.name == campaign.name)
            {
                self.remove(
                    "campaign",
                    &campaign.name,
                    ObjectChange::RemoveCampaign(campaign.dbid),
                );
            }
        }
        self.prune_filters(file);
        self.prune_caps(file);
        for schedule in self.objects.schedules() {
            let mut wanted = file.schedules.iter();
            if wanted.any(|wanted| wanted.name == schedule.name) {
                continue;
            }
            let groups = self.objects.groups();
            match groups
                .iter()
                .find(|group| group.schedule == Some(schedule.dbid))
            {
                Some(group) => self.problems.push(format!(
                    "the schedule \"{}\" is not in {} and cannot be removed: the campaign group \
                     {} runs by it",
                    schedule.name, self.file, group.dbid
                )),
                None => self.remove(
                    "schedule",
                    &schedule.name,
                    ObjectChange::RemoveSchedule(schedule.dbid),
                ),
            }
        }
        for list in self.objects.lists() {
            if file
                .calling_lists
                .iter()
                .any(|wanted| wanted.name == list.name)
            {
                continue;
            }
            let records = (self.view.records_in)(list.dbid);
            if records > 0 {
                self.problems.push(format!(
                    "the calling list \"{}\" is not in {} and cannot be removed: it holds \
                     {}",
                    list.name,
                    self.file,
                    counted(records)
                ));
            } else {
                self.remove(
                    "calling list",
                    &list.name,
                    ObjectChange::RemoveList(list.dbid),
                );
            }
        }
    }

    /// The plan, or why there is none.
    pub(super) fn finish(self) -> Result<Planned, Vec<String>> {
        if self.problems.is_empty() {
            let Self {
                changes,
                counters,
                sentences,
                audited,
                ..
            } = self;
            Ok(Planned {
                changes,
                counters,
                sentences,
                audited,
            })
        } else {
            Err(self.problems)
        }
    }

    fn bring_zone(&mut self, wanted: &wanted::Zone) {
        let named = Named {
            kind: "time zone",
            name: &wanted.name,
            line: wanted.line,
        };
        let Some((iana_name, iana)) = zone::iana(wanted.zone.as_str()) else {
            self.problem(&named, "its zone is no IANA time zone");
            return;
        };
        let known = self.objects.zone_named(&wanted.name).cloned();
        if let Some(known) = &known {
            let same = known.zone.iana_name() == Some(iana_name.as_str());
            match known.origin {
                ZoneOrigin::BuiltIn if !same => {
                    self.problem(&named, "this name is built in and means another zone");
                    return;
                }
                // Its records' windows would move under them.
                ZoneOrigin::Iana if !same => {
                    self.problem(&named, "records were added with this IANA name already");
                    return;
                }
                _ => {}
            }
        }
        let taken = |objects: &Objects, dbid| objects.zone(dbid).map(|zone| zone.name.clone());
        let known_dbid = known.as_ref().map(|zone| zone.dbid);
        let Some(dbid) = self.dbid(&named, wanted.dbid, known_dbid, taken, |c| &mut c.zone) else {
            return;
        };
        let origin = match &known {
            Some(known) if known.origin == ZoneOrigin::BuiltIn => ZoneOrigin::BuiltIn,
            _ => ZoneOrigin::Configured,
        };
        let new = Zone {
            dbid,
            name: wanted.name.clone(),
            zone: iana,
            origin,
        };
        let differences = known.as_ref().map(|known| {
            if known.zone == new.zone && known.origin == new.origin {
                Vec::new()
            } else {
                vec![format!("zone {iana_name}")]
            }
        });
        self.put(&named, dbid, differences, ObjectChange::PutZone(new));
    }

    fn bring_list(&mut self, wanted: &wanted::CallingList) {
        let named = Named {
            kind: "calling list",
            name: &wanted.name,
            line: wanted.line,
        };
        let known = self.objects.list_named(&wanted.name).cloned();
        let known = known.or_else(|| self.objects.list(wanted.dbid?).cloned());
        let taken = |objects: &Objects, dbid| objects.list(dbid).map(|list| list.name.clone());
        let known_dbid = known.as_ref().map(|list| list.dbid);
        let Some(dbid) = self.dbid(&named, wanted.dbid, known_dbid, taken, |c| &mut c.list) else {
            return;
        };
        let zone = match &wanted.time_zone {
            None => Some(zone::UTC),
            Some(name) => self.zone(&named, name),
        };
        let Some(zone) = zone else { return };
        let treatments = self.treatments(&named, &wanted.treatments);
        let new = CallingList {
            dbid,
            name: wanted.name.clone(),
            window: DailyWindow {
                from: wanted.time_from.seconds(),
                till: wanted.time_until.seconds(),
            },
            zone,
            max_attempts: wanted.max_attempts,
            region: wanted.region.clone(),
            fields: wanted.fields.iter().map(field).collect(),
            treatments,
            options: Options::new(wanted.options.set()),
        };
        if let Some(known) = &known {
            self.check_fields(&named, known, &new);
        }
        let differences = known.map(|known| difference::of_lists(&known, &new));
        self.put(&named, dbid, differences, ObjectChange::PutList(new));
    }

    fn treatments(&mut self, named: &Named<'_>, wanted: &[wanted::Treatment]) -> Vec<Treatment> {
        let mut treatments = Vec::with_capacity(wanted.len());
        for treatment in wanted {
            let moment = treatment.date_time.as_deref();
            if moment.is_some_and(|moment| date_time::parse(moment, &TimeZone::UTC).is_none()) {
                let named = Named {
                    line: treatment.line,
                    ..*named
                };
                let moment = quoted(moment.unwrap_or_default());
                let forms = date_time::FORMS;
                self.problem(&named, &format!("the date-time {moment}: {forms}"));
            }
            treatments.extend(read(treatment));
        }
        treatments
    }

    /// The values of a list's records must stay what their fields say they are.
    fn check_fields(&mut self, named: &Named<'_>, was: &CallingList, is: &CallingList) {
        let records = (self.view.records_in)(was.dbid);
        if records == 0 {
            return;
        }
        for old in &was.fields {
            let new = is.fields.iter().find(|field| field.name == old.name);
            let kept = new.is_some_and(|new| {
                std::mem::discriminant(&new.kind) == std::mem::discriminant(&old.kind)
                    && new.kind.length() >= old.kind.length()
            });
            if !kept {
                self.problem(
                    named,
                    &format!(
                        "the field \"{}\" ({}) cannot be removed, shortened or given another type \
                         while the calling list holds {}",
                        old.name,
                        old.kind.name(),
                        counted(records)
                    ),
                );
            }
        }
    }

    fn bring_schedule(&mut self, wanted: &wanted::Schedule) {
        let named = Named {
            kind: "schedule",
            name: &wanted.name,
            line: wanted.line,
        };
        let known = self.objects.schedule_named(&wanted.name).cloned();
        let known = known.or_else(|| self.objects.schedule(wanted.dbid?).cloned());
        let taken = |objects: &Objects, dbid| objects.schedule(dbid).map(|s| s.name.clone());
        let known_dbid = known.as_ref().map(|schedule| schedule.dbid);
        let Some(dbid) = self.dbid(&named, wanted.dbid, known_dbid, taken, |c| &mut c.schedule)
        else {
            return;
        };
        let zone = match &wanted.time_zone {
            None => Some(zone::UTC),
            Some(name) => self.zone(&named, name),
        };
        let Some(zone) = zone else { return };
        let new = schedule(wanted, dbid, zone);
        let differences = known.map(|known| difference::of_schedules(&known, &new));
        self.put(&named, dbid, differences, ObjectChange::PutSchedule(new));
    }

    /// Schedules must not contradict themselves (error 12), and campaign groups must be
    /// able to dial as their schedules say (error 14): those of the file, and those of the
    /// store that run by a schedule of the file.
    fn check_schedules(&mut self, file: &ObjectsFile) {
        for wanted in &file.schedules {
            let named = Named {
                kind: "schedule",
                name: &wanted.name,
                line: wanted.line,
            };
            let Some(schedule) = self.objects.schedule_named(&wanted.name).cloned() else {
                continue;
            };
            let groups = self.objects.groups();
            let mut own: Vec<DialingMode> = groups
                .iter()
                .filter(|group| group.schedule == Some(schedule.dbid))
                .map(|group| group.mode)
                .collect();
            if own.is_empty() {
                own.push(DialingMode::Preview);
            }
            if let Some(why) = own.iter().find_map(|mode| schedule.check(*mode).err()) {
                self.problem(&named, &format!("{why} (errors/12)"));
            }
            let mut modes = schedule.modes().filter(|mode| !is_run_in(*mode));
            if let Some(mode) = modes.next() {
                let sentence = format!(
                    "this version hands out records in the dialing modes {RUN_IN} only, and these \
                     hours would dial in {} (errors/14)",
                    mode.name()
                );
                self.problem(&named, &sentence);
            }
        }
        for wanted in &file.campaign_groups {
            let Some(schedule) = &wanted.schedule else {
                continue;
            };
            let full_name = wanted.full_name();
            let named = Named {
                kind: "campaign group",
                name: &full_name,
                line: wanted.line,
            };
            let Some(known) = self.objects.schedule_named(schedule).cloned() else {
                let sentence = format!("there is no schedule \"{schedule}\" (errors/13)");
                self.problem(&named, &sentence);
                continue;
            };
            let mode = DialingMode::from_number(wanted.dialing_mode.number().into());
            let mode = mode.unwrap_or(DialingMode::Preview);
            if known.has_own_mode() && !is_run_in(mode) {
                let sentence = format!(
                    "by the schedule \"{schedule}\" it would dial in {}, and this version hands \
                     out records in the dialing modes {RUN_IN} only (errors/14)",
                    mode.name()
                );
                self.problem(&named, &sentence);
            }
            let groups = self.objects.groups();
            let mut others = groups.iter().filter(|other| {
                other.schedule == Some(known.dbid)
                    && other.sequence.is_some()
                    && other.sequence == wanted.sequence
            });
            if let (Some(one), Some(other)) = (others.next(), others.next()) {
                let sentence = format!(
                    "the campaign groups {} and {} have the same place in the sequence of the \
                     schedule \"{schedule}\"; give each its own",
                    one.dbid, other.dbid
                );
                self.problem(&named, &sentence);
            }
        }
    }

    fn bring_campaign(&mut self, wanted: &wanted::Campaign) {
        let named = Named {
            kind: "campaign",
            name: &wanted.name,
            line: wanted.line,
        };
        let known = self.objects.campaign_named(&wanted.name).cloned();
        let known = known.or_else(|| self.objects.campaign(wanted.dbid?).cloned());
        let taken = |objects: &Objects, dbid| objects.campaign(dbid).map(|c| c.name.clone());
        let known_dbid = known.as_ref().map(|campaign| campaign.dbid);
        let Some(dbid) = self.dbid(&named, wanted.dbid, known_dbid, taken, |c| &mut c.campaign)
        else {
            return;
        };
        let mut lists = Vec::new();
        for list in &wanted.calling_lists {
            match self.objects.list_named(&list.name).map(|known| known.dbid) {
                Some(known) => {
                    let Some(filter) = self.filter(&named, list.filter.as_deref()) else {
                        continue;
                    };
                    let weight = list.weight;
                    lists.push(WeightedList {
                        list: known,
                        weight,
                        filter,
                    });
                }
                None => {
                    let name = &list.name;
                    self.problem(&named, &format!("there is no calling list \"{name}\""));
                }
            }
        }
        let treatments = self.treatments(&named, &wanted.treatments);
        let new = Campaign {
            dbid,
            name: wanted.name.clone(),
            description: wanted.description.clone(),
            lists,
            treatments,
            options: Options::new(wanted.options.set()),
        };
        let differences = known.map(|known| difference::of_campaigns(&known, &new));
        self.put(&named, dbid, differences, ObjectChange::PutCampaign(new));
    }

    fn bring_group(&mut self, wanted: &wanted::CampaignGroup) {
        let full_name = wanted.full_name();
        let named = Named {
            kind: "campaign group",
            name: &full_name,
            line: wanted.line,
        };
        let Some(campaign) = self
            .objects
            .campaign_named(&wanted.campaign)
            .map(|c| c.dbid)
        else {
            let campaign = &wanted.campaign;
            self.problem(&named, &format!("there is no campaign \"{campaign}\""));
            return;
        };
        let known = self.objects.group_named(campaign, &wanted.group).cloned();
        let known = known.or_else(|| self.objects.group(wanted.dbid?).cloned());
        let taken = |objects: &Objects, dbid| objects.group(dbid).map(|group| group.group.clone());
        let known_dbid = known.as_ref().map(|group| group.dbid);
        let Some(dbid) = self.dbid(&named, wanted.dbid, known_dbid, taken, |c| &mut c.group) else {
            return;
        };
        let mode = DialingMode::from_number(wanted.dialing_mode.number().into());
        let new = CampaignGroup {
            dbid,
            campaign,
            group: wanted.group.clone(),
            description: wanted.description.clone(),
            // The file's reader knows the same modes.
            mode: mode.unwrap_or(DialingMode::Preview),
            // One that is not there is found when all are in.
            schedule: wanted
                .schedule
                .as_ref()
                .and_then(|name| self.objects.schedule_named(name))
                .map(|schedule| schedule.dbid),
            sequence: wanted.sequence,
            options: Options::new(wanted.options.set()),
        };
        let differences = known.map(|known| difference::of_groups(&known, &new));
        self.put(&named, dbid, differences, ObjectChange::PutGroup(new));
    }

    /// The DBID of an object: the one it has, else the one the file gives, else the
    /// next. It never changes (configuration.md, section 1).
    pub(super) fn dbid(
        &mut self,
        named: &Named<'_>,
        wanted: Option<u32>,
        known: Option<u32>,
        taken: impl Fn(&Objects, u32) -> Option<String>,
        counter: impl Fn(&mut Counters) -> &mut u32,
    ) -> Option<u32> {
        match (wanted, known) {
            (Some(wanted), Some(known)) if wanted != known => {
                let sentence = format!("its DBID is {known} and never changes, so not to {wanted}");
                self.problem(named, &sentence);
                None
            }
            (_, Some(known)) => Some(known),
            (Some(wanted), None) => {
                if let Some(other) = taken(&self.objects, wanted) {
                    self.problem(named, &format!("\"{other}\" has the DBID {wanted} already"));
                    return None;
                }
                let counter = counter(&mut self.counters);
                *counter = (*counter).max(wanted.saturating_add(1));
                Some(wanted)
            }
            (None, None) => Some(counters::take(counter(&mut self.counters))),
        }
    }

    /// The zone of this name; an IANA zone that no object names yet is brought in.
    fn zone(&mut self, named: &Named<'_>, name: &str) -> Option<ZoneId> {
        if let Some(known) = self.objects.zone_named(name) {
            return Some(known.dbid);
        }
        let Some((iana_name, iana)) = zone::iana(name) else {
            self.problem(
                named,
                &format!("\"{name}\" is neither a time zone of this OCS nor an IANA name"),
            );
            return None;
        };
        if let Some(known) = self.objects.zone_named(&iana_name) {
            return Some(known.dbid);
        }
        let dbid = counters::take(&mut self.counters.zone);
        let zone = Zone {
            dbid,
            name: iana_name,
            zone: iana,
            origin: ZoneOrigin::Iana,
        };
        self.change(ObjectChange::PutZone(zone));
        Some(dbid)
    }

    pub(super) fn put(
        &mut self,
        named: &Named<'_>,
        dbid: u32,
        differences: Option<Vec<String>>,
        change: ObjectChange,
    ) {
        let subject = format!("{} \"{}\" (DBID {dbid})", named.kind, named.name);
        match differences {
            None => self.sentences.push(format!("{subject}: added")),
            Some(differences) if differences.is_empty() => {
                self.sentences.push(format!("{subject}: unchanged"));
                return;
            }
            Some(differences) => {
                self.sentences
                    .push(format!("{subject}: {}", differences.join(", ")));
            }
        }
        self.change(change);
    }

    pub(super) fn remove(&mut self, kind: &str, name: &str, change: ObjectChange) {
        self.sentences.push(format!("{kind} \"{name}\": removed"));
        self.change(change);
    }

    /// Makes a change of what the last sentence says.
    pub(super) fn change(&mut self, change: ObjectChange) {
        let sentence = || self.sentences.last().cloned().unwrap_or_default();
        match &change {
            ObjectChange::PutRule(_)
            | ObjectChange::RemoveRule(_)
            | ObjectChange::PutHoliday(_)
            | ObjectChange::RemoveHoliday(_) => {
                let sentence = sentence();
                self.audited.push(sentence);
            }
            ObjectChange::PutList(list) => {
                let was = self
                    .objects
                    .list(list.dbid)
                    .map(|was| self.objects.guards(was));
                let is = self.objects.guards(list);
                if was != Some(is) && (was.is_some() || !is) {
                    let sentence = format!("{}; legal-hours is {is}", sentence());
                    self.audited.push(sentence);
                }
            }
            _ => {}
        }
        self.objects.change(change.clone());
        self.changes.push(change);
    }

    pub(super) fn problem(&mut self, named: &Named<'_>, sentence: &str) {
        self.problems.push(format!(
            "{}, line {}: {} \"{}\": {sentence}",
            self.file, named.line, named.kind, named.name
        ));
    }
}

/// So many records, in words that fit one of them too.
fn counted(records: u64) -> String {
    format!("{records} record{}", if records == 1 { "" } else { "s" })
}

fn schedule(wanted: &wanted::Schedule, dbid: u32, zone: ZoneId) -> Schedule {
    let seconds = |span: ocs_config::TimeSpan| {
        u32::try_from(span.as_duration().as_secs()).unwrap_or(u32::MAX)
    };
    let mode = |mode: Option<wanted::DialingMode>| {
        mode.and_then(|mode| DialingMode::from_number(mode.number().into()))
    };
    Schedule {
        dbid,
        name: wanted.name.clone(),
        zone,
        load_before: seconds(wanted.load_before),
        unload_after: seconds(wanted.unload_after),
        hours: wanted
            .hours
            .iter()
            .map(|weekly| WeeklyHours {
                days: weekly
                    .days
                    .iter()
                    .fold(Days::default(), |days, day| days.with(day.weekday())),
                hours: Hours {
                    from: weekly.from.seconds(),
                    until: weekly.until.seconds(),
                    mode: mode(weekly.dialing_mode),
                },
            })
            .collect(),
        exceptions: wanted
            .exceptions
            .iter()
            .map(|exception| Exception {
                date: exception.date.date(),
                hours: exception
                    .from
                    .zip(exception.until)
                    .map(|(from, until)| Hours {
                        from: from.seconds(),
                        until: until.seconds(),
                        mode: mode(exception.dialing_mode),
                    }),
            })
            .collect(),
    }
}

/// The treatment that a file describes; its reader has seen to it that the action has what
/// it takes.
fn read(wanted: &wanted::Treatment) -> Option<Treatment> {
    let interval = wanted.interval.map(|minutes| Interval {
        minutes,
        increment: wanted.increment.unwrap_or(0),
    });
    let (moment, group) = (wanted.date_time.clone(), wanted.campaign_group.clone());
    Some(Treatment {
        result: wanted.call_result.0,
        action: Action::from_parts(wanted.action.name(), interval, moment, group)?,
        attempt: wanted.attempt,
        cycles: wanted.cycles,
    })
}

fn field(wanted: &wanted::Field) -> Field {
    let length = wanted.max_length().unwrap_or(FIELD_LENGTH);
    Field {
        name: wanted.name.clone(),
        kind: match wanted.kind {
            FieldType::Int => FieldKind::Int,
            FieldType::Float => FieldKind::Float,
            FieldType::Char => FieldKind::Char(length),
            FieldType::Varchar => FieldKind::Varchar(length),
            FieldType::Datetime => FieldKind::DateTime,
        },
        send_attribute: wanted.send_attribute.clone(),
    }
}
