//! Keys that a request does not know, where it stores no user-defined fields
//! (http-interface.md, section 3).

use ocs_protocol::attribute::is_attribute;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_protocol::request::{Protocol, RequestName};
use ocs_rules::calling_list::ListId;
use ocs_rules::change::UnknownKeys;
use ocs_rules::objects::Objects;

/// The keys of a request that are not stored because it stores none. `refused` is the
/// application's word for them.
pub(crate) fn read(event: &UserEvent, request: RequestName, refused: bool) -> UnknownKeys {
    let stores_fields = matches!(
        request,
        RequestName::AddRecord
            | RequestName::UpdateCallCompletionStats
            | RequestName::RecordProcessed
    );
    let keys = if stores_fields || request.protocol() == Protocol::Read {
        Vec::new()
    } else {
        let keys = event.pairs.iter().filter(|pair| !is_attribute(&pair.key));
        keys.map(|pair| pair.key.clone()).collect()
    };
    UnknownKeys { keys, refused }
}

/// What a request that names no record says of them: a field of the calling list that it
/// names, or else of any, is known.
///
/// # Errors
/// One is not, and unknown keys are refused.
pub(crate) fn check(
    unknown: &UnknownKeys,
    list: Option<ListId>,
    objects: &Objects,
) -> Result<(), Refusal> {
    if let Some(list) = list.and_then(|list| objects.list(list)) {
        return unknown.check(list);
    }
    let lists = objects.lists();
    let mut keys = unknown.keys.iter();
    let nobodys = keys.find(|key| lists.iter().all(|list| list.field(key).is_none()));
    match nobodys.filter(|_| unknown.refused) {
        Some(key) => {
            let sentence = format!(
                "{} is neither an attribute nor a field of any calling list",
                quoted(key)
            );
            Err(Refusal::new(ErrorNumber::UnknownAttribute, sentence).at(key.clone()))
        }
        None => Ok(()),
    }
}
