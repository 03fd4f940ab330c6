//! The records of a calling list that pass a filter, in the filter's order.
//!
//! A filtered list must be found as fast as one that is not, also where hardly any record
//! passes. So for each calling list and filter that a campaign uses together there is a
//! *view*: a row for each placed record that passes, kept with every change of a record.
//! A record whose time has not come waits in a place of its own, sorted by that time:
//! by the filter's order it could stand before all that are due.

use std::collections::HashMap;
use std::sync::Arc;

use ocs_protocol::enumeration::RecordType;

use super::class::ClassId;
use super::order::Position;
use crate::calling_list::ListId;
use crate::filter::{FilterId, ForList};
use crate::record::Record;

/// The number of a view, never given twice.
pub type ViewId = u32;

/// A view.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Its number.
    pub id: ViewId,
    /// The calling list.
    pub list: ListId,
    /// The filter.
    pub filter: FilterId,
    /// What the filter says; `None` where this version cannot read it any more.
    pub says: Option<ForList>,
    /// Whether every record was looked at; until then nothing is handed out by it.
    pub whole: bool,
}

/// Where a record stands in a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Among those of its class and type that are due.
    Due(ClassId, RecordType, Position),
    /// Among those whose time is to come, in UTC seconds.
    Waits(i64),
}

impl View {
    /// Where a record stands that was placed in a class, at `now`, in UTC seconds; `None`
    /// where it does not pass, or is in no class.
    #[must_use]
    pub fn standing(&self, record: &Record, class: Option<ClassId>, now: i64) -> Option<Standing> {
        let class = class?;
        let says = self.says.as_ref().filter(|says| says.takes(record))?;
        let record_type = record.contact.record_type;
        Some(match record.contact.scheduled {
            // Those of an agent are sorted by their times.
            Some(at) if at > now && record_type != RecordType::PersonalCallBack => {
                Standing::Waits(at)
            }
            _ => {
                let place = says.place(record);
                let position = Position::of(record);
                Standing::Due(class, record_type, Position { place, ..position })
            }
        })
    }
}

/// The views in use.
#[derive(Debug, Clone, Default)]
pub struct Views {
    by_list: HashMap<ListId, Vec<Arc<View>>>,
}

impl Views {
    /// These views.
    #[must_use]
    pub fn of_all(views: impl IntoIterator<Item = View>) -> Self {
        let mut by_list: HashMap<_, Vec<_>> = HashMap::new();
        for view in views {
            by_list.entry(view.list).or_default().push(Arc::new(view));
        }
        Self { by_list }
    }

    /// Those of a calling list.
    #[must_use]
    pub fn of(&self, list: ListId) -> &[Arc<View>] {
        if self.by_list.is_empty() {
            return &[];
        }
        self.by_list.get(&list).map_or(&[], Vec::as_slice)
    }

    /// That of a calling list and a filter.
    #[must_use]
    pub fn with(&self, list: ListId, filter: FilterId) -> Option<&Arc<View>> {
        self.of(list).iter().find(|view| view.filter == filter)
    }

    /// All, by calling list.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<View>> {
        self.by_list.values().flatten()
    }

    /// Every record was looked at.
    pub fn whole(&mut self, id: ViewId) {
        for view in self.by_list.values_mut().flatten() {
            if view.id == id {
                Arc::make_mut(view).whole = true;
            }
        }
    }
}
