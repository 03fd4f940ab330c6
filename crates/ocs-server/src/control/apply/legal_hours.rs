//! Which changes bring the store's legal hours and holidays to what a file wants.
//!
//! What is built in is there before any file. A file replaces it, or switches it off, by its
//! name; once no file names it, pruning brings the built-in one back.

use std::sync::Arc;

use ocs_config::objects::{self as wanted, ObjectsFile};
use ocs_rules::days::Days;
use ocs_rules::legal_hours::built_in;
use ocs_rules::legal_hours::holiday::{Holiday, HolidayDate};
use ocs_rules::legal_hours::rule::{Hours, Origin, Rule};
use ocs_rules::legal_hours::territory::{Code, country_code, regions_of};
use ocs_rules::objects::ObjectChange;

use super::plan::{Named, Plan};

const RULE: &str = "legal hours";
const HOLIDAY: &str = "holiday";

impl Plan<'_> {
    pub(super) fn bring_legal_hours(&mut self, file: &ObjectsFile) {
        for wanted in &file.legal_hours {
            let named = Named {
                kind: RULE,
                name: &wanted.name,
                line: wanted.line,
            };
            let Some(rule) = self.rule(wanted, &named) else {
                continue;
            };
            let legal = self.objects.legal_hours();
            let known = legal.rules().iter().find(|known| known.name == rule.name);
            let differences = known.map(|known| of_rules(known, &rule));
            self.put_named(&named, differences, ObjectChange::PutRule(rule));
        }
        for wanted in &file.holidays {
            let named = Named {
                kind: HOLIDAY,
                name: &wanted.name,
                line: wanted.line,
            };
            let Some(holiday) = self.holiday(wanted, &named) else {
                continue;
            };
            let legal = self.objects.legal_hours();
            let mut known = legal.holidays().iter();
            let known = known.find(|known| known.name == holiday.name);
            let differences = known.map(|known| of_holidays(known, &holiday));
            self.put_named(&named, differences, ObjectChange::PutHoliday(holiday));
        }
    }

    /// Removes rules and holidays that the file does not name; what is built in comes back.
    pub(super) fn prune_legal_hours(&mut self, file: &ObjectsFile) {
        let legal = self.objects.legal_hours().clone();
        for rule in legal.rules() {
            let name = &rule.name;
            let named = file.legal_hours.iter().any(|wanted| wanted.name == *name);
            if named || rule.origin == Origin::BuiltIn {
                continue;
            }
            match built_in::rules().iter().find(|known| known.name == *name) {
                Some(built_in) => {
                    self.brought_back(RULE, name, ObjectChange::PutRule(Rule::clone(built_in)));
                }
                None => self.remove(RULE, name, ObjectChange::RemoveRule(name.clone())),
            }
        }
        for holiday in legal.holidays() {
            let name = &holiday.name;
            let named = file.holidays.iter().any(|wanted| wanted.name == *name);
            if named || holiday.origin == Origin::BuiltIn {
                continue;
            }
            match built_in::holidays()
                .iter()
                .find(|known| known.name == *name)
            {
                Some(built_in) => {
                    let change = ObjectChange::PutHoliday(Holiday::clone(built_in));
                    self.brought_back(HOLIDAY, name, change);
                }
                None => self.remove(HOLIDAY, name, ObjectChange::RemoveHoliday(name.clone())),
            }
        }
    }

    fn rule(&mut self, wanted: &wanted::LegalHours, named: &Named<'_>) -> Option<Rule> {
        if wanted.off {
            let built_in = self.built_in_named(built_in::rules(), |rule| &rule.name, named)?;
            return Some(Rule {
                origin: Origin::Configured,
                off: true,
                ..built_in
            });
        }
        let (country, region) = self.place(
            wanted.country.as_deref().unwrap_or_default(),
            wanted.region.as_deref(),
            named,
        )?;
        let hours = wanted.hours.iter().map(|period| {
            let days = period.days.as_ref().map(|days| {
                let days = days.iter().map(|day| day.weekday());
                days.fold(Days::default(), Days::with)
            });
            Hours {
                days: days.unwrap_or(Days::ALL),
                from: period.from.seconds(),
                till: period.until.seconds(),
            }
        });
        Some(Rule {
            name: wanted.name.clone(),
            country,
            region,
            hours: hours.collect(),
            source: wanted.source.clone().unwrap_or_default(),
            origin: Origin::Configured,
            off: false,
        })
    }

    fn holiday(&mut self, wanted: &wanted::Holiday, named: &Named<'_>) -> Option<Holiday> {
        if wanted.off {
            let holidays = built_in::holidays();
            let built_in = self.built_in_named(holidays, |holiday| &holiday.name, named)?;
            return Some(Holiday {
                origin: Origin::Configured,
                off: true,
                ..built_in
            });
        }
        let (country, region) = self.place(
            wanted.country.as_deref().unwrap_or_default(),
            wanted.region.as_deref(),
            named,
        )?;
        let date = wanted.date.as_deref().unwrap_or_default();
        let Some(date) = HolidayDate::parse(date) else {
            let forms = HolidayDate::FORMS;
            self.problem(named, &format!("its date is \"{date}\"; write {forms}"));
            return None;
        };
        let hours = wanted.hours.iter();
        Some(Holiday {
            name: wanted.name.clone(),
            country,
            region,
            date,
            hours: hours
                .map(|period| (period.from.seconds(), period.until.seconds()))
                .collect(),
            source: wanted.source.clone(),
            origin: Origin::Configured,
            off: false,
        })
    }

    /// What is built in under this name.
    fn built_in_named<T: Clone>(
        &mut self,
        built_in: &[Arc<T>],
        name: impl Fn(&T) -> &str,
        named: &Named<'_>,
    ) -> Option<T> {
        let found = built_in.iter().find(|known| name(known) == named.name);
        if found.is_none() {
            let known: Vec<_> = built_in.iter().map(|known| name(known)).collect();
            let sentence = format!(
                "nothing of this name is built in, so it cannot be switched off; built in are {}",
                known.join(", ")
            );
            self.problem(named, &sentence);
        }
        found.map(|found| T::clone(found))
    }

    fn place(
        &mut self,
        country: &str,
        region: Option<&str>,
        named: &Named<'_>,
    ) -> Option<(Code, Option<Code>)> {
        let Some(code) = country_code(country) else {
            let sentence = format!(
                "its country is \"{country}\", which no phone can be told to be in; write an ISO \
                 3166 code such as \"US\", of countries that share a calling code the greatest"
            );
            self.problem(named, &sentence);
            return None;
        };
        let known = regions_of(code);
        if let Some(region) = region
            && !known.is_empty()
            && !known.contains(&region)
        {
            let known = known.join(", ");
            let sentence = format!("{country} has no region \"{region}\"; it has {known}");
            self.problem(named, &sentence);
            return None;
        }
        Some((code, region.and_then(Code::new)))
    }

    fn put_named(
        &mut self,
        named: &Named<'_>,
        differences: Option<Vec<String>>,
        change: ObjectChange,
    ) {
        let subject = format!("{} \"{}\"", named.kind, named.name);
        match differences {
            None => self.sentences.push(format!("{subject}: added")),
            Some(differences) if differences.is_empty() => {
                self.sentences.push(format!("{subject}: unchanged"));
                return;
            }
            Some(differences) => {
                let differences = differences.join(", ");
                self.sentences.push(format!("{subject}: {differences}"));
            }
        }
        self.change(change);
    }

    fn brought_back(&mut self, kind: &str, name: &str, change: ObjectChange) {
        self.sentences
            .push(format!("{kind} \"{name}\": as it is built in again"));
        self.change(change);
    }
}

fn of_rules(was: &Rule, is: &Rule) -> Vec<String> {
    let hours = |rule: &Rule| {
        let hours: Vec<_> = rule.hours.iter().map(ToString::to_string).collect();
        hours.join(", ")
    };
    let mut differences = of_both((was.origin, was.off), (is.origin, is.off));
    for (what, was, is) in [
        ("hours", hours(was), hours(is)),
        ("source", was.source.clone(), is.source.clone()),
        (
            "place",
            place(was.country, was.region),
            place(is.country, is.region),
        ),
    ] {
        if was != is {
            differences.push(format!("{what} {was} → {is}"));
        }
    }
    differences
}

fn of_holidays(was: &Holiday, is: &Holiday) -> Vec<String> {
    let mut differences = of_both((was.origin, was.off), (is.origin, is.off));
    if was.hours != is.hours {
        differences.push("hours changed".to_owned());
    }
    for (what, was, is) in [
        ("date", was.date.to_string(), is.date.to_string()),
        ("source", was.source.clone(), is.source.clone()),
        (
            "place",
            place(was.country, was.region),
            place(is.country, is.region),
        ),
    ] {
        if was != is {
            differences.push(format!("{what} {was} → {is}"));
        }
    }
    differences
}

fn of_both((was, was_off): (Origin, bool), (is, is_off): (Origin, bool)) -> Vec<String> {
    let mut differences = Vec::new();
    match (was_off, is_off) {
        (false, true) => differences.push("switched off".to_owned()),
        (true, false) => differences.push("switched on".to_owned()),
        _ => {}
    }
    if was != is && !is_off {
        differences.push("in place of the built-in".to_owned());
    }
    differences
}

fn place(country: Code, region: Option<Code>) -> String {
    region.map_or_else(
        || country.to_string(),
        |region| format!("{country}-{region}"),
    )
}
