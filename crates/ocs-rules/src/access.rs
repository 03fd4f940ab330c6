//! What a client is bound to: calling lists and campaign groups (configuration.md,
//! section 1). Who is not bound has no [`Binding`], and costs nothing.

use std::collections::BTreeSet;

use ocs_protocol::attribute::{GSW_CALLING_LIST, GSW_CAMPAIGN_GROUP_DBID, GSW_RECORD_HANDLE};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};

use crate::calling_list::ListId;
use crate::campaign::CampaignGroupId;
use crate::objects::Objects;
use crate::record::Record;

/// The calling lists and campaign groups that a client may use; every one where
/// `None`. By name: what is bound to a calling list stays so when it is made anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Binding {
    lists: Option<BTreeSet<String>>,
    groups: Option<BTreeSet<String>>,
}

impl Binding {
    /// Bound to these calling lists, and to these campaign groups as
    /// `<campaign>@<group>`.
    #[must_use]
    pub fn to(lists: Option<&[String]>, groups: Option<&[String]>) -> Self {
        let set = |names: &[String]| names.iter().cloned().collect();
        Self {
            lists: lists.map(set),
            groups: groups.map(set),
        }
    }

    /// Bound to nothing at all: of a client whose rule is not there any more.
    #[must_use]
    pub fn to_nothing() -> Self {
        Self::to(Some(&[]), Some(&[]))
    }

    /// Whether there are calling lists that the client may not use.
    #[must_use]
    pub const fn is_to_lists(&self) -> bool {
        self.lists.is_some()
    }

    /// Whether the client may use a calling list.
    #[must_use]
    pub fn has_list(&self, list: ListId, objects: &Objects) -> bool {
        let Some(lists) = &self.lists else {
            return true;
        };
        let list = objects.list(list);
        list.is_some_and(|list| lists.contains(&list.name))
    }

    /// Whether the client may use a campaign group. Who is bound to calling lists may use
    /// those alone whose campaign takes records from no other one: what a campaign group
    /// does, it does to all of its calling lists.
    #[must_use]
    pub fn has_group(&self, group: CampaignGroupId, objects: &Objects) -> bool {
        let group = objects.group(group);
        let campaign = group.and_then(|group| objects.campaign(group.campaign));
        let (Some(group), Some(campaign)) = (group, campaign) else {
            return false;
        };
        let name = || format!("{}@{}", campaign.name, group.group);
        let named = self.groups.as_ref();
        named.is_none_or(|groups| groups.contains(&name()))
            && campaign
                .lists
                .iter()
                .all(|weighted| self.has_list(weighted.list, objects))
    }

    /// The client may use the calling list of this name, whether there is one or not.
    ///
    /// # Errors
    /// It may not.
    pub fn check_list_named(&self, name: &str) -> Result<(), Refusal> {
        match &self.lists {
            Some(lists) if !lists.contains(name) => Err(other_list(name)),
            _ => Ok(()),
        }
    }

    /// The client may use a calling list.
    ///
    /// # Errors
    /// It may not.
    pub fn check_list(&self, list: ListId, objects: &Objects) -> Result<(), Refusal> {
        if self.has_list(list, objects) {
            return Ok(());
        }
        let list = objects.list(list);
        Err(other_list(list.map_or("", |list| list.name.as_str())))
    }

    /// The client may use a record: it may use its calling list.
    ///
    /// # Errors
    /// It may not.
    pub fn check_record(&self, record: &Record, objects: &Objects) -> Result<(), Refusal> {
        if self.has_list(record.list, objects) {
            return Ok(());
        }
        // The name of a calling list that is not the client's is none of its business.
        let sentence = format!(
            "the record {} is in a calling list that this client may not use; nothing was \
             changed",
            record.handle
        );
        Err(Refusal::new(ErrorNumber::BoundElsewhere, sentence).at(GSW_RECORD_HANDLE))
    }

    /// The refusal of an erasure, which reaches every calling list.
    #[must_use]
    pub fn refuse_erasure(&self) -> Refusal {
        Refusal::new(
            ErrorNumber::BoundElsewhere,
            "an erasure reaches every calling list, and this client may not use them all; \
             nothing was changed",
        )
    }

    /// The client may use a campaign group. One that is not there is none of its, but that
    /// is said by who looks for it.
    ///
    /// # Errors
    /// It may not.
    pub fn check_group(&self, group: CampaignGroupId, objects: &Objects) -> Result<(), Refusal> {
        if objects.group(group).is_none() || self.has_group(group, objects) {
            return Ok(());
        }
        let sentence = format!(
            "this client may not use the campaign group {group}, or not every calling list that \
             it takes records from; nothing was changed"
        );
        Err(Refusal::new(ErrorNumber::BoundElsewhere, sentence).at(GSW_CAMPAIGN_GROUP_DBID))
    }
}

fn other_list(name: &str) -> Refusal {
    let sentence = format!(
        "this client may not use the calling list {}; nothing was changed",
        quoted(name)
    );
    Refusal::new(ErrorNumber::BoundElsewhere, sentence).at(GSW_CALLING_LIST)
}

/// The refusal of a DoNotCall by a phone or a customer id that no open record of the
/// client's own calling lists has: the Do Not Call list is everybody's.
#[must_use]
pub fn not_your_contact(attribute: &'static str, value: &str) -> Refusal {
    let sentence = format!(
        "no open record of the calling lists that this client may use has {attribute} {}, and \
         the Do Not Call list holds for every calling list; nothing was changed",
        quoted(value)
    );
    Refusal::new(ErrorNumber::BoundElsewhere, sentence).at(attribute)
}

#[cfg(test)]
mod tests {
    use ocs_protocol::enumeration::DialingMode;

    use super::*;
    use crate::calling_list::{CallingList, DailyWindow};
    use crate::campaign::{Campaign, CampaignGroup, WeightedList};
    use crate::options::Options;

    /// The calling lists "a" (1) and "b" (2); campaign groups of the first (11), of both
    /// (12), and of none (13).
    fn objects() -> Objects {
        let mut objects = Objects::default();
        for (dbid, name) in [(1, "a"), (2, "b")] {
            objects.put_list(CallingList {
                dbid,
                name: name.to_owned(),
                window: DailyWindow::default(),
                zone: 0,
                max_attempts: 10,
                region: None,
                fields: Vec::new(),
                treatments: Vec::new(),
                options: Options::default(),
            });
        }
        for (dbid, name, lists) in [
            (11, "one", &[1][..]),
            (12, "both", &[1, 2]),
            (13, "none", &[]),
        ] {
            let weighted = |list: &ListId| WeightedList {
                filter: None,
                list: *list,
                weight: 1,
            };
            objects.put_campaign(Campaign {
                dbid,
                name: name.to_owned(),
                description: String::new(),
                lists: lists.iter().map(weighted).collect(),
                treatments: Vec::new(),
                options: Options::default(),
            });
            objects.put_group(CampaignGroup {
                dbid,
                campaign: dbid,
                group: "agents".to_owned(),
                description: String::new(),
                mode: DialingMode::Preview,
                schedule: None,
                sequence: None,
                options: Options::default(),
            });
        }
        objects
    }

    #[test]
    fn what_a_client_may_use() {
        let objects = objects();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        // Bound to calling lists and campaign groups; calling lists and campaign groups
        // that it may use.
        for (lists, groups, may_lists, may_groups) in [
            (None, None, &[1, 2][..], &[11, 12, 13][..]),
            (Some(&["a"][..]), None, &[1], &[11, 13]),
            (Some(&["a", "b"]), None, &[1, 2], &[11, 12, 13]),
            (Some(&["A", "c"]), None, &[], &[13]),
            (Some(&[]), None, &[], &[13]),
            (None, Some(&["both@agents"][..]), &[1, 2], &[12]),
            (None, Some(&["both"]), &[1, 2], &[]),
            (
                Some(&["a"]),
                Some(&["one@agents", "both@agents"]),
                &[1],
                &[11],
            ),
        ] {
            let lists: Option<Vec<String>> = lists.map(names);
            let groups: Option<Vec<String>> = groups.map(names);
            let binding = Binding::to(lists.as_deref(), groups.as_deref());
            for list in [1, 2] {
                let may = may_lists.contains(&list);
                assert_eq!(
                    binding.check_list(list, &objects).is_ok(),
                    may,
                    "{binding:?}"
                );
                let name = if list == 1 { "a" } else { "b" };
                assert_eq!(binding.check_list_named(name).is_ok(), may, "{binding:?}");
            }
            for group in [11, 12, 13] {
                let may = may_groups.contains(&group);
                assert_eq!(
                    binding.check_group(group, &objects).is_ok(),
                    may,
                    "{binding:?}"
                );
            }
            // Who looks for what is not there says so.
            assert_eq!(binding.check_group(99, &objects), Ok(()));
        }
        let nothing = Binding::to_nothing();
        assert!(nothing.check_list(1, &objects).is_err());
        assert!(nothing.check_group(13, &objects).is_err());
    }
}
