//! Consent: what is said of it, and what it comes to at the hand-out. Both are read and
//! written in the transaction itself: who revoked, and heard that it is kept, is handed out
//! no more.

use std::collections::BTreeSet;

use ocs_protocol::attribute::GSW_CONSENT_SCOPE;
use ocs_rules::access::Binding;
use ocs_rules::calling_list::ListId;
use ocs_rules::campaign::{CampaignGroupId, CampaignId};
use ocs_rules::change::Outcome;
use ocs_rules::consent::standing::{Heard, Last, Verdict, Withheld, standing};
use ocs_rules::consent::{Call, Says, Scope, Stating, not_your_scope};
use ocs_rules::do_not_call::Keys;
use ocs_rules::objects::Objects;
use ocs_rules::policy::{Levels, Policy};
use ocs_rules::record::Record;

use super::audit::{CONSENT, PASSED, Said};
use super::{Batch, Run};
use crate::error::StoreError;
use crate::sqlite::{Transaction, consent, sqlite_error};

/// What consent makes of a record.
pub(super) enum Consent {
    Allows,
    Withheld {
        /// Whether another campaign group may hand the record out all the same, now or when
        /// it runs.
        for_others: bool,
        /// When a consent ended, UTC seconds: before then, it may have been allowed.
        ended: Option<i64>,
    },
}

impl Batch<'_> {
    /// Keeps a statement. Told again in the very same words, with the same moment, it is
    /// kept once.
    pub(super) fn state(
        &mut self,
        stating: Stating,
        bound: Option<&Binding>,
        store: &mut Transaction<'_>,
    ) -> Run {
        let scope = stating.statement.scope;
        if bound.is_some_and(|bound| !scope.is_within(bound, self.objects)) {
            return Ok(Err(not_your_scope(GSW_CONSENT_SCOPE)));
        }
        let keys = Keys::of(&stating.statement.subject, self.region_of(scope));
        let known = store.said(keys)?;
        let last = known.iter().filter_map(Last::at).max();
        let at = match stating.at(self.now, last) {
            Ok(at) => at,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let told = stating.told.is_some();
        let mut statement = stating.statement;
        statement.at = at;
        let same = match told && self.live.consent.said {
            true => store.same_statement(&statement, keys)?,
            false => None,
        };
        let number = match same {
            Some(number) => number,
            None => {
                let number = store.state_consent(&statement, keys, self.now)?;
                self.live.consent.said = true;
                self.audit.consent(number, &statement);
                if statement.says == Says::Consent && self.live.consent.awaited {
                    Self::release_subject(&statement.subject, keys, store)?;
                }
                number
            }
        };
        let standing = standing(&store.said(keys)?, scope.call(), self.now);
        Ok(Ok(Outcome::Stated {
            number,
            at,
            new: same.is_none(),
            standing,
        }))
    }

    /// What consent says of a record, for a campaign group.
    pub(super) fn consent(
        &self,
        record: &Record,
        group: CampaignGroupId,
        asked: &mut Said,
        store: &Transaction<'_>,
    ) -> Result<Consent, StoreError> {
        let required = needs_consent(self.objects, self.policy, record.list, group);
        if !required && !self.live.consent.said {
            return Ok(Consent::Allows);
        }
        let heard = if self.live.consent.said {
            let contact = self.contact(record);
            consent::heard(store.connection(), contact).map_err(sqlite_error)?
        } else {
            Heard::default()
        };
        let verdict = |group| {
            let required = needs_consent(self.objects, self.policy, record.list, group);
            heard.verdict(call(self.objects, record, group), required, self.now)
        };
        match verdict(group) {
            Verdict::Allowed { .. } => {
                asked.add(CONSENT, PASSED);
                Ok(Consent::Allows)
            }
            Verdict::Withheld(why) => {
                asked.add(
                    CONSENT,
                    match why {
                        Withheld::NoConsent => "none",
                        Withheld::Revoked => "revoked",
                    },
                );
                let others = self.objects.groups_of(record);
                let for_others = others
                    .iter()
                    .any(|other| other.dbid != group && verdict(other.dbid).is_allowed());
                Ok(Consent::Withheld {
                    for_others,
                    ended: heard.ended(self.now),
                })
            }
        }
    }

    /// A record is held back until somebody gives consent, or nobody asks for it.
    pub(super) fn await_consent(
        &mut self,
        record: &Record,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        self.live.consent.awaited = true;
        store.await_consent(record.list, self.policy)
    }

    /// In which region a phone is read that has no country code: that of the calling list
    /// that it is about, else the application's.
    fn region_of(&self, scope: Scope) -> Option<&str> {
        let list = match scope {
            Scope::List(list) => self.objects.list(list).map(AsRef::as_ref),
            Scope::All | Scope::Campaign(_) => None,
        };
        self.policy.region(list)
    }
}

/// Who may call the records of a calling list, whether he needs consent, and in which region
/// phones are read: what decides about them beside what was said.
pub(crate) fn consent_callers(
    objects: &Objects,
    policy: &Policy,
    list: ListId,
) -> BTreeSet<(CampaignGroupId, CampaignId, bool, Option<String>)> {
    let region = policy.region(objects.list(list).map(AsRef::as_ref));
    objects
        .groups()
        .iter()
        .filter(|group| {
            objects
                .campaign(group.campaign)
                .is_some_and(|campaign| campaign.uses(list))
        })
        .map(|group| {
            let required = needs_consent(objects, policy, list, group.dbid);
            let region = region.map(ToOwned::to_owned);
            (group.dbid, group.campaign, required, region)
        })
        .collect()
}

/// Whether a campaign group needs consent for a record of a calling list.
fn needs_consent(objects: &Objects, policy: &Policy, list: ListId, group: CampaignGroupId) -> bool {
    policy.consent_required(Levels::of(objects, list, Some(group)))
}

/// The call that a campaign group would make to a record.
fn call(objects: &Objects, record: &Record, group: CampaignGroupId) -> Call {
    Call {
        list: Some(record.list),
        campaign: objects.group(group).map(|group| group.campaign),
    }
}
