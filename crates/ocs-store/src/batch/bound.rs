//! What a client that is bound to calling lists and campaign groups may not do: judged
//! by the record and the objects that its change would meet, in the same transaction.

use ocs_protocol::refusal::Refusal;
use ocs_rules::access::Binding;
use ocs_rules::change::{Change, Whom};
use ocs_rules::record::Handle;

use super::Batch;
use crate::error::StoreError;
use crate::sqlite::Transaction;

impl Batch<'_> {
    /// Whether the change is within what the client is bound to. What is not there is
    /// refused by who looks for it.
    pub(super) fn check_bound(
        &mut self,
        change: &Change,
        bound: &Binding,
        store: &mut Transaction<'_>,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let objects = self.objects;
        let handle = match change {
            Change::AddRecord(add) => return Ok(bound.check_list(add.list, objects)),
            Change::Preview(preview) | Change::Dial(preview) => {
                return Ok(bound.check_group(preview.group, objects));
            }
            Change::Group(request) => return Ok(bound.check_group(request.group, objects)),
            Change::Agent(says) => {
                let group = says.group.map(|group| bound.check_group(group, objects));
                return Ok(group.unwrap_or(Ok(())));
            }
            Change::UpdateCallCompletionStats(request) | Change::RecordProcessed(request) => {
                request.on.handle
            }
            Change::RecordReject(on) => on.handle,
            Change::CallProgress(request) => request.on.handle,
            Change::Reschedule(request) => request.on.handle,
            Change::Chained(request) => return self.check_chained(request.on.handle, bound, store),
            Change::Cancel(request) | Change::DoNotCall(request) => match request.whom {
                Whom::Record(handle, _) => handle,
                // Of what they reach, they reach what the client may use alone.
                Whom::Phone(_) | Whom::CustomerId(_) => {
                    let named = request.list.map(|list| bound.check_list(list, objects));
                    return Ok(named.unwrap_or(Ok(())));
                }
            },
            // Whom it may speak for is judged by what it says.
            Change::State(_) => return Ok(Ok(())),
            // It reaches whoever has the phone or customer id, in all calling lists.
            Change::Erase(..) => return Ok(Err(bound.refuse_erasure())),
            // These come of files and of time, and from nobody that is bound; or they change
            // nothing.
            Change::PutDoNotCall(_)
            | Change::RemoveDoNotCall(..)
            | Change::RemoveAged(_)
            | Change::DateFinished(_)
            | Change::Tidy
            | Change::Refused(_)
            | Change::Validated(_)
            | Change::Dialed(_)
            | Change::CancelTold(..)
            | Change::Settle(_)
            | Change::End => return Ok(Ok(())),
        };
        let record = self.record(handle, store)?;
        Ok(record.map_or(Ok(()), |record| bound.check_record(record, objects)))
    }

    /// The rest of a chain goes out for the campaign group that has the record in hand.
    fn check_chained(
        &mut self,
        handle: Handle,
        bound: &Binding,
        store: &mut Transaction<'_>,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let objects = self.objects;
        let Some(record) = self.record(handle, store)? else {
            return Ok(Ok(()));
        };
        let group = record.in_hand.as_ref().map(|in_hand| in_hand.group);
        let may = bound.check_record(record, objects);
        Ok(may.and_then(|()| group.map_or(Ok(()), |group| bound.check_group(group, objects))))
    }

    /// Leaves of some records those that the client may use.
    pub(super) fn within(
        &mut self,
        handles: Vec<Handle>,
        bound: Option<&Binding>,
        store: &mut Transaction<'_>,
    ) -> Result<Vec<Handle>, StoreError> {
        let Some(bound) = bound else {
            return Ok(handles);
        };
        let objects = self.objects;
        let mut within = Vec::with_capacity(handles.len());
        for handle in handles {
            let record = self.record(handle, store)?;
            if record.is_some_and(|record| bound.has_list(record.list, objects)) {
                within.push(handle);
            }
        }
        Ok(within)
    }
}
