//! Filters: brought in, and held against the calling lists that use them.

use std::collections::HashSet;

use ocs_config::objects::{self as wanted, ObjectsFile};
use ocs_rules::filter::problem::Problem;
use ocs_rules::filter::{Filter, FilterId, Part};
use ocs_rules::objects::{ObjectChange, Objects};

use super::difference;
use super::plan::{Named, Plan};

impl Plan<'_> {
    pub(super) fn bring_filter(&mut self, wanted: &wanted::Filter) {
        let named = Named {
            kind: "filter",
            name: &wanted.name,
            line: wanted.line,
        };
        let known = self.objects.filter_named(&wanted.name).cloned();
        let known = known.or_else(|| self.objects.filter(wanted.dbid?).cloned());
        let taken = |objects: &Objects, dbid| objects.filter(dbid).map(|other| other.name.clone());
        let known_dbid = known.as_ref().map(|filter| filter.dbid);
        let Some(dbid) = self.dbid(&named, wanted.dbid, known_dbid, taken, |c| &mut c.filter)
        else {
            return;
        };
        let new = Filter {
            dbid,
            name: wanted.name.clone(),
            condition: wanted.condition.clone(),
            order: wanted.order.clone(),
        };
        let differences = known.map(|known| difference::of_filters(&known, &new));
        self.put(&named, dbid, differences, ObjectChange::PutFilter(new));
    }

    /// The filter of this name, or none where none is named; `None` where there is none
    /// of this name, which is noted.
    pub(super) fn filter(
        &mut self,
        named: &Named<'_>,
        name: Option<&str>,
    ) -> Option<Option<FilterId>> {
        let Some(name) = name else {
            return Some(None);
        };
        let known = self.objects.filter_named(name).map(|filter| filter.dbid);
        if known.is_none() {
            self.problem(named, &format!("there is no filter \"{name}\""));
        }
        known.map(Some)
    }

    /// Removes the filters that the file does not name.
    pub(super) fn prune_filters(&mut self, file: &ObjectsFile) {
        for filter in self.objects.filters() {
            if !file.filters.iter().any(|wanted| wanted.name == filter.name) {
                let change = ObjectChange::RemoveFilter(filter.dbid);
                self.remove("filter", &filter.name, change);
            }
        }
    }

    /// Checks every filter against each calling list that would use it, whichever of
    /// them the file changes; one that no calling list uses only for its grammar.
    pub(super) fn check_filters(&mut self, file: &ObjectsFile) {
        let mut used = HashSet::new();
        for (list, filter) in self.objects.filtered() {
            let (Some(list), Some(filter)) = (
                self.objects.list(list).cloned(),
                self.objects.filter(filter).cloned(),
            ) else {
                continue;
            };
            used.insert(filter.dbid);
            if let Err(problems) = filter.for_list(&list) {
                for (part, problem) in problems {
                    self.filter_problem(&filter, part, &problem, file);
                }
            }
        }
        for filter in self.objects.filters() {
            if used.contains(&filter.dbid) {
                continue;
            }
            if let Err(problems) = filter.check_syntax() {
                for (part, problem) in problems {
                    self.filter_problem(&filter, part, &problem, file);
                }
            }
        }
    }

    /// Notes what is wrong with a filter, under its text, with the line of the file where
    /// it is there.
    fn filter_problem(
        &mut self,
        filter: &Filter,
        part: Part,
        problem: &Problem,
        file: &ObjectsFile,
    ) {
        let (key, text) = match part {
            Part::Where => ("where", &filter.condition),
            Part::Order => ("order", &filter.order),
        };
        let known = file
            .filters
            .iter()
            .find(|wanted| wanted.name == filter.name);
        let place = known.map_or_else(
            || self.file.to_owned(),
            |wanted| format!("{}, line {}", self.file, wanted.lines[part as usize]),
        );
        let (name, shown) = (&filter.name, problem.shown(text));
        let sentence = format!("{place}: filter \"{name}\": {key}: {shown}");
        // The same mistake for several calling lists is one.
        if !self.problems.contains(&sentence) {
            self.problems.push(sentence);
        }
    }
}
