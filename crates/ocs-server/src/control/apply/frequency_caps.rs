//! Frequency caps, as a file has them.

use ocs_config::objects::{self as wanted, CappedContact, CappedScope, ObjectsFile};
use ocs_rules::frequency_cap::{FrequencyCap, Per, Scope, Span};
use ocs_rules::objects::ObjectChange;

use super::plan::{Named, Plan};

impl Plan<'_> {
    pub(super) fn bring_cap(&mut self, wanted: &wanted::FrequencyCap) {
        let named = Named {
            kind: "frequency cap",
            name: &wanted.name,
            line: wanted.line,
        };
        let mut lists = Vec::new();
        for name in &wanted.calling_lists {
            match self.objects.list_named(name) {
                Some(known) => lists.push(known.dbid),
                None => self.problem(&named, &format!("there is no calling list \"{name}\"")),
            }
        }
        lists.sort_unstable();
        let new = FrequencyCap {
            name: wanted.name.clone(),
            attempts: wanted.attempts,
            // The file's reader knows that one of the two is there.
            span: wanted
                .days
                .map_or_else(|| Span::Hours(wanted.hours.unwrap_or(1)), Span::Days),
            per: match wanted.per {
                CappedContact::Phone => Per::Phone,
                CappedContact::Customer => Per::Customer,
            },
            scope: match wanted.scope {
                CappedScope::All => Scope::All,
                CappedScope::Campaign => Scope::Campaign,
            },
            lists,
        };
        let known = self.objects.caps().iter().find(|cap| cap.name == new.name);
        let said = match known {
            None => "added".to_owned(),
            Some(known) if **known == new => "unchanged".to_owned(),
            Some(known) if known.to_string() == new.to_string() => {
                "calling-lists changed".to_owned()
            }
            Some(known) => format!("{known} → {new}"),
        };
        let unchanged = known.is_some_and(|known| **known == new);
        self.sentences
            .push(format!("frequency cap \"{}\": {said}", new.name));
        if !unchanged {
            self.change(ObjectChange::PutCap(new));
        }
    }

    pub(super) fn prune_caps(&mut self, file: &ObjectsFile) {
        for cap in self.objects.caps().to_vec() {
            let named = file
                .frequency_caps
                .iter()
                .any(|wanted| wanted.name == cap.name);
            if !named {
                let change = ObjectChange::RemoveCap(cap.name.clone());
                self.remove("frequency cap", &cap.name, change);
            }
        }
    }
}
