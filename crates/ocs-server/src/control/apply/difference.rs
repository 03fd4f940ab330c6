//! What differs between an object as it is and as it is wanted, for a person.

use std::fmt::Display;

use ocs_rules::calling_list::{CallingList, Field};
use ocs_rules::campaign::{Campaign, CampaignGroup};
use ocs_rules::filter::Filter;
use ocs_rules::schedule::Schedule;
use ocs_rules::treatment::Treatment;

/// Gathers differences.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn of<T: PartialEq + Display>(mut self, what: &str, was: &T, is: &T) -> Self {
        if was != is {
            self.0.push(format!("{what} {was} → {is}"));
        }
        self
    }

    fn changed(mut self, what: &str, changed: bool) -> Self {
        if changed {
            self.0.push(format!("{what} changed"));
        }
        self
    }

    fn treatments(mut self, was: &[Treatment], is: &[Treatment]) -> Self {
        if was == is {
            return self;
        }
        let before = self.0.len();
        let added = is.iter().filter(|new| !was.contains(new));
        self.0
            .extend(added.map(|new| format!("treatment \"{new}\" added")));
        let removed = was.iter().filter(|old| !is.contains(old));
        self.0
            .extend(removed.map(|old| format!("treatment \"{old}\" removed")));
        if self.0.len() == before {
            self.0
                .push("the order of the treatments changed".to_owned());
        }
        self
    }
}

/// What differs between two states of a calling list.
pub(super) fn of_lists(was: &CallingList, is: &CallingList) -> Vec<String> {
    let clock = |seconds: u32| format!("{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    let mut differences = Differences::default()
        .of("name", &was.name, &is.name)
        .of("time-from", &clock(was.window.from), &clock(is.window.from))
        .of(
            "time-until",
            &clock(was.window.till),
            &clock(is.window.till),
        )
        .of("time-zone DBID", &was.zone, &is.zone)
        .of("max-attempts", &was.max_attempts, &is.max_attempts)
        .changed("region", was.region != is.region)
        .of(
            "legal-hours",
            &legal_hours(was.options.flag("legal-hours")),
            &legal_hours(is.options.flag("legal-hours")),
        )
        .changed("options", was.options != is.options);
    let field = |list: &CallingList, name: &str| -> Option<Field> {
        list.fields.iter().find(|field| field.name == name).cloned()
    };
    for new in &is.fields {
        match field(was, &new.name) {
            None => differences.0.push(format!("field \"{}\" added", new.name)),
            Some(old) if old != *new => {
                differences
                    .0
                    .push(format!("field \"{}\" changed", new.name));
            }
            Some(_) => {}
        }
    }
    for old in &was.fields {
        if field(is, &old.name).is_none() {
            differences
                .0
                .push(format!("field \"{}\" removed", old.name));
        }
    }
    if differences.0.is_empty() && was.fields != is.fields {
        differences
            .0
            .push("the order of the fields changed".to_owned());
    }
    differences.treatments(&was.treatments, &is.treatments).0
}

fn legal_hours(set: Option<bool>) -> &'static str {
    match set {
        None => "as the application says",
        Some(true) => "true",
        Some(false) => "false",
    }
}

/// What differs between two states of a campaign.
pub(super) fn of_campaigns(was: &Campaign, is: &Campaign) -> Vec<String> {
    Differences::default()
        .of("name", &was.name, &is.name)
        .changed("description", was.description != is.description)
        .changed("calling-lists", was.lists != is.lists)
        .changed("options", was.options != is.options)
        .treatments(&was.treatments, &is.treatments)
        .0
}

/// What differs between two states of a filter.
pub(super) fn of_filters(was: &Filter, is: &Filter) -> Vec<String> {
    let shown = |text: &str| format!("\"{text}\"");
    Differences::default()
        .of("name", &was.name, &is.name)
        .of("where", &shown(&was.condition), &shown(&is.condition))
        .of("order", &shown(&was.order), &shown(&is.order))
        .0
}

/// What differs between two states of a campaign group.
pub(super) fn of_groups(was: &CampaignGroup, is: &CampaignGroup) -> Vec<String> {
    Differences::default()
        .of("group", &was.group, &is.group)
        .of("campaign DBID", &was.campaign, &is.campaign)
        .of("dialing-mode", &was.mode.name(), &is.mode.name())
        .changed("description", was.description != is.description)
        .changed("schedule", was.schedule != is.schedule)
        .changed("sequence", was.sequence != is.sequence)
        .changed("options", was.options != is.options)
        .0
}

/// What differs between two states of a schedule.
pub(super) fn of_schedules(was: &Schedule, is: &Schedule) -> Vec<String> {
    let shown = |seconds: u32| format!("{seconds} s");
    Differences::default()
        .of("name", &was.name, &is.name)
        .of("time-zone DBID", &was.zone, &is.zone)
        .of(
            "load-before",
            &shown(was.load_before),
            &shown(is.load_before),
        )
        .of(
            "unload-after",
            &shown(was.unload_after),
            &shown(is.unload_after),
        )
        .changed("hours", was.hours != is.hours)
        .changed("exceptions", was.exceptions != is.exceptions)
        .0
}
