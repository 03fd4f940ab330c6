//! Apply: what an objects file says becomes what the store has, all or nothing
//! (configuration.md, section 1).

mod difference;
mod filters;
mod frequency_caps;
mod legal_hours;
mod plan;

use std::sync::{Arc, Mutex, PoisonError};

use ocs_protocol::control::{ApplyReply, ApplyRequest};
use ocs_store::ObjectsView;

use crate::core::Core;
use plan::Plan;

/// Applies a file, or says what is wrong with it.
pub(super) async fn apply(core: &Core, request: ApplyRequest) -> ApplyReply {
    let wanted = match ocs_config::objects::parse(&request.objects, &request.file) {
        Ok(wanted) => wanted,
        Err(error) => return refused(error.to_string().lines().map(str::to_owned).collect()),
    };
    let said = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let says = Arc::clone(&said);
    let dry_run = request.dry_run;
    let plan = move |view: &ObjectsView<'_>| {
        let mut plan = Plan::new(view, &request.file);
        plan.bring(&wanted);
        if request.prune {
            plan.prune(&wanted);
        }
        plan.check_filters(&wanted);
        plan.check_treatments();
        let planned = plan.finish()?;
        *says.lock().unwrap_or_else(PoisonError::into_inner) = (planned.sentences, planned.audited);
        // A dry run changes nothing at the very place where the change would be.
        let changes = if request.dry_run {
            Vec::new()
        } else {
            planned.changes
        };
        Ok((changes, planned.counters))
    };
    match core.store.change_objects(Box::new(plan)).await {
        Ok(Ok(())) => {
            let said = &mut *said.lock().unwrap_or_else(PoisonError::into_inner);
            let (changes, audited) = std::mem::take(said);
            for change in audited.iter().filter(|_| !dry_run) {
                tracing::warn!(change, "when people may be called was changed");
            }
            ApplyReply {
                changes,
                problems: Vec::new(),
            }
        }
        Ok(Err(problems)) => refused(problems),
        Err(error) => refused(vec![error.to_string()]),
    }
}

fn refused(problems: Vec<String>) -> ApplyReply {
    ApplyReply {
        changes: Vec::new(),
        problems,
    }
}
