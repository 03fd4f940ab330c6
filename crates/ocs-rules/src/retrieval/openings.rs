//! Which classes are open, and until when that is known to stay so.

use std::collections::HashMap;

use super::class::{ClassId, Classes};
use super::window::Window;
use crate::calling_list::ListId;
use crate::campaign::CampaignGroupId;
use crate::objects::Objects;

/// The open classes at a moment. Windows open and close a few times a day, so most
/// questions are answered by one comparison.
#[derive(Debug, Default)]
pub struct Openings {
    windows: HashMap<Window, State>,
    open: Vec<ClassId>,
    /// By class, from number 1.
    is_open: Vec<bool>,
    /// Classes that not every campaign group hands out; all others are not here.
    callers: HashMap<ClassId, Callers>,
    /// From this moment on, in UTC seconds …
    from: i64,
    /// … and before this one, `open` holds.
    until: i64,
}

/// Who hands out the records of a class.
#[derive(Debug)]
struct Callers {
    assigned: Option<Assigned>,
    /// Who does not.
    withheld: Vec<CampaignGroupId>,
}

/// Whom the records of a class are assigned to.
#[derive(Debug)]
struct Assigned {
    group: CampaignGroupId,
    /// The calling lists that it hands out. In others its records are everybody's, and so
    /// are those of a campaign group that is gone: else nobody would ever call them.
    lists: Vec<ListId>,
}

/// A window's state, from one moment until another.
#[derive(Debug, Clone, Copy)]
struct State {
    open: bool,
    from: i64,
    until: i64,
}

impl Openings {
    /// Brings it to `now`, in UTC seconds. `objects` have the zones.
    pub fn look(&mut self, classes: &Classes, objects: &Objects, now: i64) {
        let holds = self.from <= now && now < self.until;
        if holds && self.is_open.len() == classes.len() {
            return;
        }
        self.open.clear();
        self.is_open.clear();
        self.callers.clear();
        self.from = now;
        self.until = i64::MAX;
        for (id, class) in classes.iter() {
            let mut open = true;
            for (at, window) in class.windows().enumerate() {
                let state = self.state(window, objects, now);
                self.until = self.until.min(state.until);
                open &= state.open == (at == 0);
            }
            self.is_open.push(open);
            if class.assigned.is_some() || !class.withheld.is_empty() {
                let assigned = class.assigned.map(|group| Assigned {
                    group,
                    lists: objects.lists_of(group),
                });
                let withheld = class.withheld.clone();
                self.callers.insert(id, Callers { assigned, withheld });
            }
            if open {
                self.open.push(id);
            }
        }
    }

    fn state(&mut self, window: Window, objects: &Objects, now: i64) -> State {
        let look = || {
            let (open, until) = window.state(objects, now);
            State {
                open,
                from: now,
                until,
            }
        };
        let state = self.windows.entry(window).or_insert_with(look);
        if now < state.from || state.until <= now {
            *state = look();
        }
        *state
    }

    /// The open classes, by number.
    #[must_use]
    pub fn open(&self) -> &[ClassId] {
        &self.open
    }

    /// Whether a campaign group may hand out the records that a class has of a calling
    /// list.
    #[must_use]
    pub fn is_for(&self, class: ClassId, group: CampaignGroupId, list: ListId) -> bool {
        let Some(callers) = self.callers.get(&class) else {
            return true;
        };
        let is_theirs =
            |assigned: &Assigned| assigned.group == group || !assigned.lists.contains(&list);
        callers.assigned.as_ref().is_none_or(is_theirs) && !callers.withheld.contains(&group)
    }

    /// Whether a class is open.
    #[must_use]
    pub fn is_open(&self, class: ClassId) -> bool {
        usize::try_from(class)
            .ok()
            .and_then(|class| self.is_open.get(class.checked_sub(1)?))
            .is_some_and(|open| *open)
    }

    /// Forgets all; to be called when a campaign object was changed.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}
