//! Legal hours at the hand-out. A class says when its records may be called by law, so most
//! are not even looked at while they may not; here it is asked of the very record, of one
//! that was placed when its phone was read otherwise too.

use ocs_rules::calling_list::CallingList;
use ocs_rules::legal_hours::territory::Territory;
use ocs_rules::record::Record;
use ocs_rules::retrieval::class::ClassId;
use ocs_rules::retrieval::why::Reason;

use super::Batch;
use super::audit::{PASSED, Said};

/// Legal hours as a rule.
const LEGAL_HOURS: &str = "legal-hours";
/// What they say of a phone that is called although no rule holds for it.
const NO_RULE: &str = "passed: no rule holds for such phones";

impl Batch<'_> {
    /// Whether the law lets a record be called now, whatever its own window says.
    pub(super) fn is_lawful(&self, record: &Record, list: &CallingList, said: &mut Said) -> bool {
        let territory = self.objects.territory(list, &record.contact.phone);
        if territory == Territory::Anywhere {
            return true;
        }
        let legal = self.objects.legal_hours();
        let closed = match self.objects.zone(record.contact.zone) {
            Some(zone) => legal
                .closed(territory, &zone.zone, self.now)
                .map(|closed| closed.to_string()),
            None => Some(Reason::UnknownZone(record.contact.zone).to_string()),
        };
        let lawful = closed.is_none();
        let passed = if legal.lacks(territory) {
            NO_RULE
        } else {
            PASSED
        };
        said.add(LEGAL_HOURS, closed.unwrap_or_else(|| passed.to_owned()));
        lawful
    }

    /// Whether a record stands in a class of phones elsewhere than its own, because its
    /// phone was read otherwise when it was placed.
    pub(super) fn is_misplaced(&self, record: &Record, class: ClassId, list: &CallingList) -> bool {
        let class = self.live.retrieval.classes.get(class);
        class.is_some_and(|class| {
            !class.coarse
                && class.own.territory != self.objects.territory(list, &record.contact.phone)
        })
    }
}
