//! The next record of a campaign group for somebody: an agent who asks, one who is pushed a
//! callback, whatever dials. Where the options say so a web server validates it before
//! (notifications.md).

use std::time::Duration;

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::change::{Change, Outcome, Preview, Reserved};
use ocs_rules::notification::{Asked, Verdict};
use ocs_rules::retrieval::waits::Waits;
use ocs_store::{Outcomes, Request, StoreError, store_refusal};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::attempt_guid;
use crate::core::Core;
use crate::notify::validation::{Came, ask};

/// How long whoever asks for a record waits for its validation.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What came of it.
pub(crate) struct Handed {
    pub(crate) outcome: Outcome,
    /// Whether the request stands in the request log.
    pub(crate) noted: bool,
}

/// Takes the next record of a campaign group. `request` makes requests of the changes that
/// answer whoever asks; `listener` is the port that he came in by.
///
/// Whatever becomes of him, a record that was reserved is delivered, put back or treated.
pub(crate) async fn next(
    core: &Core,
    preview: Preview,
    listener: usize,
    request: impl FnMut(Change) -> Request,
) -> Result<Handed, Refusal> {
    take(core, preview, Change::Preview, listener, request).await
}

/// Takes the next record of a campaign group for its own dialer.
pub(crate) async fn next_to_dial(core: &Core, group: CampaignGroupId) -> Result<Outcome, Refusal> {
    let preview = Preview {
        group,
        agent: None,
        attempt_guid: String::new(),
        callback_only: false,
        empty_handed: false,
    };
    let handed = take(core, preview, Change::Dial, 0, Request::from).await?;
    Ok(handed.outcome)
}

async fn take(
    core: &Core,
    preview: Preview,
    change: fn(Box<Preview>) -> Change,
    listener: usize,
    mut request: impl FnMut(Change) -> Request,
) -> Result<Handed, Refusal> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let preview = Preview {
            attempt_guid: attempt_guid::new()?,
            ..preview.clone()
        };
        let taken = submit(core, request(change(Box::new(preview)))).await?;
        let Outcome::Reserved(reserved) = taken else {
            let (outcome, noted) = (taken, true);
            return Ok(Handed { outcome, noted });
        };
        let uri = reserved.validation.uri.clone();
        let asked = |verdict| of(&reserved, verdict);
        let waits = |waits| {
            let (outcome, noted) = (Outcome::Waits(waits), false);
            Ok(Handed { outcome, noted })
        };
        match answer(core, &reserved, listener, deadline).await {
            None => return waits(Waits::Validation { uri, answers: true }),
            Some(Came { verdict, failed }) => match verdict {
                Verdict::Passed(_) => {
                    let change = Change::Validated(Box::new(asked(verdict)));
                    match submit(core, request(change)).await {
                        Ok(Outcome::NotDelivered) => {}
                        Ok(outcome) => {
                            return Ok(Handed {
                                outcome,
                                noted: true,
                            });
                        }
                        Err(refusal) => {
                            let (core, asked) = (core.clone(), asked(Verdict::PutBack));
                            tokio::spawn(async move { settle(&core, asked).await });
                            return Err(refusal);
                        }
                    }
                }
                verdict => {
                    settle(core, asked(verdict)).await;
                    if failed {
                        // Another record would fare no better.
                        return waits(Waits::Validation {
                            uri,
                            answers: false,
                        });
                    }
                }
            },
        }
        if Instant::now() >= deadline {
            return waits(Waits::Validation { uri, answers: true });
        }
    }
}

fn of(reserved: &Reserved, verdict: Verdict) -> Asked {
    let record = &reserved.delivery.record;
    Asked {
        handle: record.handle,
        attempt_guid: record.attempt_guid.clone().unwrap_or_default(),
        verdict,
    }
}

/// Asks the web server; `None` where nothing came in time. Then what comes later is carried
/// out all the same, but that nobody takes the record any more.
async fn answer(
    core: &Core,
    reserved: &Reserved,
    listener: usize,
    deadline: Instant,
) -> Option<Came> {
    let (told, mut hears) = oneshot::channel();
    let (asking, reserved) = (core.clone(), reserved.clone());
    tokio::spawn(async move {
        let came = ask(&asking, &reserved, listener).await;
        if let Err(came) = told.send(came) {
            let verdict = match came.verdict {
                Verdict::Passed(_) => Verdict::PutBack,
                verdict => verdict,
            };
            settle(&asking, of(&reserved, verdict)).await;
        }
    });
    match timeout_at(deadline, &mut hears).await {
        Ok(came) => came.ok(),
        Err(_) => {
            // It may have come in this moment.
            hears.close();
            hears.try_recv().ok()
        }
    }
}

/// Writes what becomes of a record that nobody gets. It waits for room; where the store is
/// closed, the reservation stays, and the record goes back at the next start.
async fn settle(core: &Core, asked: Asked) {
    let handle = asked.handle;
    let change = Change::Validated(Box::new(asked));
    if let Err(error) = core.store.submit_bulk(vec![change], true).await {
        tracing::warn!(%error, record = handle, "a validation's end was not written");
    }
}

/// A record that was reserved for somebody who waits for no validation, because the option
/// was turned on in the moment in which he asked: he gets none, and it goes back.
pub(crate) fn put_back(outcome: &Outcome, core: &Core) {
    if let Outcome::Reserved(reserved) = outcome {
        let change = Change::Validated(Box::new(of(reserved, Verdict::PutBack)));
        let reply = Box::new(|_| {});
        // Where the queue is full, housekeeping puts it back.
        let _ = core.store.submit(vec![change.into()], Vec::new(), reply);
    }
}

/// Makes one change that somebody waits for.
async fn submit(core: &Core, request: Request) -> Result<Outcome, Refusal> {
    let (answer, answered) = oneshot::channel();
    let reply = Box::new(move |mut outcomes: Outcomes| {
        // Who asked may be gone; what was reserved for him then waits for its time to end.
        let _ = answer.send(outcomes.pop());
    });
    if let Err(full) = core.store.submit(vec![request], Vec::new(), reply) {
        return Err(not_taken(full.closed));
    }
    match answered.await {
        Ok(Some(outcome)) => outcome,
        Ok(None) | Err(_) => Err(store_refusal(&StoreError::Closed)),
    }
}

/// The refusal of a request that the store's queue does not take.
pub(crate) fn not_taken(closed: bool) -> Refusal {
    if closed {
        return store_refusal(&StoreError::Closed);
    }
    Refusal::new(
        ErrorNumber::Overloaded,
        "too many requests wait for the store, so this one was not taken; try again in a moment",
    )
}
