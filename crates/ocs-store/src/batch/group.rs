//! Requests to campaign groups (outbound-protocols.md, section 4).

use ocs_protocol::attribute::GSW_CAMPAIGN_GROUP_DBID;
use ocs_protocol::refusal::Refusal;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::change::{GroupRequest, Outcome};
use ocs_rules::group_state::{GroupCommand, GroupState, no_such_group};
use ocs_rules::schedule;

use super::{Batch, Run};
use crate::error::StoreError;
use crate::sqlite::Transaction;

impl Batch<'_> {
    pub(super) fn group(&mut self, request: &GroupRequest, store: &mut Transaction<'_>) -> Run {
        let state = match self.group_state(request.group) {
            Ok(state) => state,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(group) = self.objects.group(request.group)
            && let Err(refusal) =
                schedule::check_request(group, request.command, self.objects, self.now)
        {
            return Ok(Err(refusal));
        }
        match state.after(request.command) {
            Ok(after) => {
                if after != state {
                    self.set_group_state(request.group, after, store)?;
                }
                if request.command == GroupCommand::Status {
                    let known = self.statistics(request.group, store)?;
                    return Ok(Ok(Outcome::Status(after, Box::new(known))));
                }
                Ok(Ok(Outcome::Group(after)))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// A campaign group's state as it is now.
    pub(super) fn group_state(&self, dbid: CampaignGroupId) -> Result<GroupState, Refusal> {
        let group = self
            .objects
            .group(dbid)
            .ok_or_else(|| no_such_group(&dbid.to_string(), GSW_CAMPAIGN_GROUP_DBID))?;
        let known = self
            .groups
            .get(&dbid)
            .or_else(|| self.live.groups.get(&dbid));
        Ok(known.copied().unwrap_or_else(|| GroupState::of(group)))
    }

    pub(super) fn set_group_state(
        &mut self,
        group: CampaignGroupId,
        state: GroupState,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        store.write_group_state(group, &state)?;
        self.groups.insert(group, state);
        Ok(())
    }
}
