//! Erase: what a person left in the store is removed, to its end.

use ocs_protocol::control::{EraseReply, EraseRequest};
use ocs_rules::change::{Change, Outcome};
use ocs_rules::do_not_call::{Compared, Subject};
use ocs_rules::erasure::Receipt;
use ocs_store::Page;

use crate::core::Core;
use crate::housekeeping::{report_erased, tidy};
use crate::session::tell_taken;

/// Records that are counted at once.
const PAGE: u32 = 1_000;

/// Erases, or counts what there is.
pub(super) async fn erase(core: &Core, request: EraseRequest) -> EraseReply {
    let subject = match request.phone.is_empty() {
        true => Subject::CustomerId(request.customer_id),
        false => Subject::Phone(request.phone),
    };
    let done = match request.dry_run {
        true => counted(core, &subject).await,
        false => erased(core, subject, request.by).await,
    };
    match done {
        Ok(receipt) => EraseReply {
            records: receipt.records.into(),
            attempts: receipt.attempts.into(),
            import_keys: receipt.import_keys.into(),
            answers: receipt.answers.into(),
            consent_statements: receipt.statements.into(),
            do_not_call_messages: receipt.do_not_call_messages.into(),
            kept_out: receipt.kept_out,
            problem: String::new(),
        },
        Err(problem) => EraseReply {
            problem,
            ..EraseReply::default()
        },
    }
}

async fn erased(core: &Core, subject: Subject, by: String) -> Result<Receipt, String> {
    tracing::info!(by, "a person is to be erased");
    let change = Change::Erase(subject, by);
    let outcomes = core.store.submit_bulk(vec![change], true).await;
    let outcome = outcomes.map_err(|error| error.to_string())?.pop();
    let begun = match outcome {
        Some(Ok(Outcome::Erased(erased))) => erased,
        Some(Err(refusal)) => return Err(refusal.sentence),
        _ => return Err(NOTHING_SAID.to_owned()),
    };
    tell_taken(&begun.taken, core);
    report_erased(&begun);
    let reader = core.store.reader();
    let mut receipt = begun.receipt;
    // A step at a time, so that requests are never held up for long.
    while !receipt.complete {
        tidy(core).await.map_err(|error| error.to_string())?;
        let now = reader.erasure(begun.erasure).await;
        receipt = now
            .map_err(|error| error.to_string())?
            .ok_or_else(|| NOTHING_SAID.to_owned())?;
    }
    // What is left of it in free space. Where somebody reads what is older it waits for that,
    // and housekeeping goes on.
    while reader
        .scrubbing()
        .await
        .map_err(|error| error.to_string())?
    {
        if !tidy(core).await.map_err(|error| error.to_string())? {
            break;
        }
    }
    Ok(receipt)
}

const NOTHING_SAID: &str = "the store did not say what came of it";

/// The records that name the person; those of their chains would go too.
async fn counted(core: &Core, subject: &Subject) -> Result<Receipt, String> {
    let mut receipt = Receipt::default();
    let mut page = Page {
        status: None,
        phone: None,
        customer_id: None,
        after: 0,
        limit: PAGE,
    };
    match subject {
        Subject::Phone(phone) => page.phone = Some(Compared::of(phone, core.policy.region(None))),
        Subject::CustomerId(id) => page.customer_id = Some(id.clone()),
    }
    loop {
        let (objects, policy) = (core.store.objects(), core.policy.clone());
        let region_of = move |list| {
            let list = objects.list(list).map(AsRef::as_ref);
            policy.region(list).map(ToOwned::to_owned)
        };
        let found = core
            .store
            .reader()
            .records_of(page.clone(), region_of)
            .await;
        let found = found.map_err(|error| error.to_string())?;
        receipt.records += u32::try_from(found.len()).unwrap_or(u32::MAX);
        match found.last() {
            Some(last) if found.len() >= PAGE as usize => page.after = last.handle,
            _ => return Ok(receipt),
        }
    }
}
