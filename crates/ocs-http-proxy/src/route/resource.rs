//! The kinds of resources: what the segments of a path are (http-interface.md,
//! section 2).

use ocs_protocol::attribute::{
    GSW_CALLING_LIST, GSW_CAMPAIGN_GROUP_DBID, GSW_CUSTOMER_ID, GSW_PHONE, GSW_RECORD_HANDLE,
};

/// A kind of resource.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    /// Its name in the description of the interface.
    pub(crate) name: &'static str,
    /// The first segment of its path, and its aliases.
    pub(crate) segments: &'static [&'static str],
    /// What the second segment is; `None` for the collection itself.
    pub(crate) identifier: Option<Identifier>,
    /// The third segment, where there is one.
    pub(crate) below: Option<&'static str>,
}

/// What identifies a resource of its kind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identifier {
    /// The attribute that it is.
    pub(crate) attribute: &'static str,
    /// What a person calls it.
    pub(crate) called: &'static str,
}

const fn collection(name: &'static str, segments: &'static [&'static str]) -> Resource {
    Resource {
        name,
        segments,
        identifier: None,
        below: None,
    }
}

const fn one(
    name: &'static str,
    segments: &'static [&'static str],
    attribute: &'static str,
    called: &'static str,
) -> Resource {
    Resource {
        name,
        segments,
        identifier: Some(Identifier { attribute, called }),
        below: None,
    }
}

pub(super) const LISTS: Resource = collection("CallingLists", &["lists"]);
pub(super) const LIST: Resource = one(
    "CallingList",
    LISTS.segments,
    GSW_CALLING_LIST,
    "calling list name",
);
pub(super) const LIST_RECORDS: Resource = Resource {
    name: "Records",
    below: Some("records"),
    ..LIST
};
pub(super) const RECORD: Resource = one("Record", &["records"], GSW_RECORD_HANDLE, "record handle");
pub(super) const PHONE: Resource = one("Phone", &["phones"], GSW_PHONE, "number");
pub(super) const CUSTOMER_ID: Resource = one(
    "CustomerId",
    &["customer_ids", "customerids"],
    GSW_CUSTOMER_ID,
    "id",
);
pub(super) const GROUPS: Resource = collection("CampaignGroups", &["campaigngroups"]);
pub(super) const GROUP: Resource = one(
    "CampaignGroup",
    GROUPS.segments,
    GSW_CAMPAIGN_GROUP_DBID,
    "DBID",
);
pub(super) const DESCRIPTION: Resource = collection("Description", &["openapi.json"]);

impl Resource {
    /// Its path, with what the identifier is called between these two.
    pub(crate) fn path(&self, open: &str, close: &str) -> String {
        let mut path = format!("/{}", self.segments[0]);
        if let Some(identifier) = &self.identifier {
            path.extend(["/", open, identifier.called, close]);
        }
        if let Some(below) = self.below {
            path.extend(["/", below]);
        }
        path
    }
}
