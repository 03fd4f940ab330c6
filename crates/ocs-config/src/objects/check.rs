//! What must hold between the objects of one file.

use std::collections::HashMap;
use std::hash::Hash;

use super::{
    CallingList, Campaign, CampaignGroup, Field, ObjectsFile, legal_hours, schedule, treatment,
};
use crate::application::check_region;
use crate::options::LevelOptions;
use crate::read::findings::Findings;
use crate::read::path::KeyPath;

/// Attribute names that belong to the protocols (outbound-protocols.md, sections
/// 2 and 3): the prefix, and those that events carry beside user-defined fields.
const RESERVED_PREFIX: &str = "GSW_";
const RESERVED: [&str; 2] = ["InteractionType", "InteractionSubtype"];

/// Notes what is wrong with objects whose shape is right.
pub(super) fn check(objects: &ObjectsFile, findings: &mut Findings) {
    let root = KeyPath::default();

    let lists = root.key("calling-list");
    let names = objects.calling_lists.iter().map(|list| Some(&list.name));
    check_unique(names, &lists, "name", findings);
    let dbids = objects.calling_lists.iter().map(|list| list.dbid);
    check_unique(dbids, &lists, "dbid", findings);
    for (index, list) in objects.calling_lists.iter().enumerate() {
        check_list(list, &lists.index(index), findings);
    }

    let campaigns = root.key("campaign");
    let names = objects
        .campaigns
        .iter()
        .map(|campaign| Some(&campaign.name));
    check_unique(names, &campaigns, "name", findings);
    let dbids = objects.campaigns.iter().map(|campaign| campaign.dbid);
    check_unique(dbids, &campaigns, "dbid", findings);
    for (index, campaign) in objects.campaigns.iter().enumerate() {
        check_campaign(campaign, &campaigns.index(index), findings);
    }

    let groups = root.key("campaign-group");
    let full_name = |group: &CampaignGroup| Some((group.campaign.clone(), group.group.clone()));
    check_unique(
        objects.campaign_groups.iter().map(full_name),
        &groups,
        "group",
        findings,
    );
    let dbids = objects.campaign_groups.iter().map(|group| group.dbid);
    check_unique(dbids, &groups, "dbid", findings);
    for (index, group) in objects.campaign_groups.iter().enumerate() {
        let here = groups.index(index);
        check_no_legal_hours(&group.options, &here, findings);
        if group.sequence.is_some() && group.schedule.is_none() {
            findings.wrong(
                &here.key("sequence"),
                "only a campaign group that runs by a schedule is part of a sequence; give it \
                 the key `schedule`",
            );
        }
    }
    let part = |group: &CampaignGroup| group.schedule.clone().zip(group.sequence);
    let parts = objects.campaign_groups.iter().map(part);
    check_unique(parts, &groups, "sequence", findings);

    let schedules = root.key("schedule");
    let names = objects
        .schedules
        .iter()
        .map(|schedule| Some(&schedule.name));
    check_unique(names, &schedules, "name", findings);
    let dbids = objects.schedules.iter().map(|schedule| schedule.dbid);
    check_unique(dbids, &schedules, "dbid", findings);
    for (index, one) in objects.schedules.iter().enumerate() {
        schedule::check(one, &schedules.index(index), findings);
    }

    let filters = root.key("filter");
    let names = objects.filters.iter().map(|filter| Some(&filter.name));
    check_unique(names, &filters, "name", findings);
    let dbids = objects.filters.iter().map(|filter| filter.dbid);
    check_unique(dbids, &filters, "dbid", findings);

    let caps = root.key("frequency-cap");
    let names = objects.frequency_caps.iter().map(|cap| Some(&cap.name));
    check_unique(names, &caps, "name", findings);
    for (index, cap) in objects.frequency_caps.iter().enumerate() {
        if cap.days.is_some() == cap.hours.is_some() {
            findings.note(
                &caps.index(index),
                "a cap counts attempts in days or in hours: write one of the two keys",
            );
        }
    }

    legal_hours::check(&objects.legal_hours, &objects.holidays, findings);

    let zones = root.key("time-zone");
    let names = objects.time_zones.iter().map(|zone| Some(&zone.name));
    check_unique(names, &zones, "name", findings);
    let dbids = objects.time_zones.iter().map(|zone| zone.dbid);
    check_unique(dbids, &zones, "dbid", findings);
}

/// Notes every item whose `key` an earlier one has already.
pub(super) fn check_unique<T: Eq + Hash>(
    values: impl Iterator<Item = Option<T>>,
    at: &KeyPath,
    key: &str,
    findings: &mut Findings,
) {
    let mut seen = HashMap::new();
    for (index, value) in values.enumerate() {
        let Some(value) = value else { continue };
        let first = *seen.entry(value).or_insert(index);
        if first != index {
            let line = findings.line(&at.index(first));
            findings.wrong(
                &at.index(index).key(key),
                format!("{at}[{first}], line {line}, has it already; it must be unique"),
            );
        }
    }
}

fn check_list(list: &CallingList, here: &KeyPath, findings: &mut Findings) {
    if list.time_from == list.time_until {
        findings.wrong(
            &here.key("time-until"),
            "the daily window would be empty: time-from and time-until must differ",
        );
    }
    if let Some(region) = &list.region {
        check_region(region, &here.key("region"), findings);
    }
    treatment::check(&list.treatments, here, findings);

    let fields = here.key("field");
    let mut names = HashMap::new();
    for (index, field) in list.fields.iter().enumerate() {
        let here = fields.index(index);
        check_field(field, &here, findings);
        if let Some(first) = names.insert(field.name.as_str(), index) {
            findings.wrong(
                &here.key("name"),
                format!("field[{first}] has this name already; names must differ"),
            );
        }
    }
    // On the wire a field's own name and its other name are both understood:
    // no other field may have either.
    let mut others: HashMap<&str, usize> = HashMap::new();
    for (index, field) in list.fields.iter().enumerate() {
        let Some(other) = field.send_attribute.as_deref() else {
            continue;
        };
        let named = names.get(other).copied().filter(|named| *named != index);
        let first = named.or_else(|| others.get(other).copied());
        others.entry(other).or_insert(index);
        if let Some(first) = first {
            findings.wrong(
                &fields.index(index).key("send-attribute"),
                format!("field[{first}] goes by this name already; names must differ"),
            );
        }
    }
}

fn check_field(field: &Field, here: &KeyPath, findings: &mut Findings) {
    let names = [
        ("name", Some(&field.name)),
        ("send-attribute", field.send_attribute.as_ref()),
    ];
    for (key, name) in names {
        let Some(name) = name else { continue };
        if name.starts_with(RESERVED_PREFIX) || RESERVED.contains(&name.as_str()) {
            findings.wrong(
                &here.key(key),
                "names that begin with GSW_, InteractionType and InteractionSubtype are reserved \
                 for the protocols; choose another",
            );
        }
    }
    if field.length.is_some() && field.max_length().is_none() {
        findings.wrong(
            &here.key("length"),
            "only char and varchar fields have a length",
        );
    }
}

fn check_campaign(campaign: &Campaign, here: &KeyPath, findings: &mut Findings) {
    if campaign.name.contains('@') {
        findings.wrong(
            &here.key("name"),
            "a campaign's name holds no @: it stands between campaign and group in a campaign \
             group's full name",
        );
    }
    treatment::check(&campaign.treatments, here, findings);
    check_no_legal_hours(&campaign.options, here, findings);
    let lists = here.key("calling-lists");
    for (index, list) in campaign.calling_lists.iter().enumerate() {
        let same = |other: &super::CampaignList| other.name == list.name;
        if campaign.calling_lists[..index].iter().any(same) {
            findings.note(
                &lists.index(index),
                format!(
                    "the calling list {} stands there twice",
                    crate::problem::show_text(&list.name)
                ),
            );
        }
    }
}

/// Where a phone may be called is a matter of its calling list: records are placed by it,
/// whatever campaign they are called for.
fn check_no_legal_hours(options: &LevelOptions, here: &KeyPath, findings: &mut Findings) {
    if options.legal_hours.is_some() {
        findings.wrong(
            &here.key("options").key("legal-hours"),
            "only a calling list and the application say this; set it there",
        );
    }
}
