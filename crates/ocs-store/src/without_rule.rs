//! Says in the log which phones no rule of legal hours holds for: of each country once,
//! when the first record of it is placed.

use std::collections::BTreeSet;

use ocs_rules::legal_hours::WithoutRule;
use ocs_rules::legal_hours::territory::{Code, Territory};
use ocs_rules::objects::Objects;
use ocs_rules::retrieval::class::Classes;

/// What was said already.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The number of classes that were looked at.
    up_to: usize,
    /// `None` for phones of which nobody knows the country.
    countries: BTreeSet<Option<Code>>,
}

impl Told {
    /// Looks at the classes that are new; a comparison where none is.
    pub(crate) fn look(&mut self, classes: &Classes, objects: &Objects) {
        if classes.len() <= self.up_to {
            return;
        }
        let refused = objects.legal_hours().defaults.unknown == WithoutRule::Refuse;
        let becomes = match refused {
            true => "they are not called",
            false => "they are called within their records' own daily windows",
        };
        for (_, class) in classes.iter().skip(self.up_to) {
            let territory = class.own.territory;
            if !objects.legal_hours().lacks(territory) {
                continue;
            }
            let country = match territory {
                Territory::In(area) => Some(area.country),
                Territory::Unknown | Territory::Anywhere => None,
            };
            if self.countries.insert(country) {
                let country = country.map(|country| country.to_string());
                let country = country.as_deref().unwrap_or("unknown");
                tracing::warn!(
                    country,
                    "no rule of legal hours holds for phones of a country; {becomes}"
                );
            }
        }
        self.up_to = classes.len();
    }

    /// Rules were changed: it is said again where it still holds.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}
