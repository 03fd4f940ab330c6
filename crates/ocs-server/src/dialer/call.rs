//! A call's way: from the store to the platform, and what its answer is written as.

use std::time::Duration;

use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::change::{Change, Delivery, Outcome};
use ocs_rules::dialing::{Dialed, Fate};
use tokio::sync::watch;

use super::platform::{self, Answer};
use crate::core::Core;
use crate::hand_out;

/// What came of a call that was to be made.
#[derive(Debug)]
pub(super) enum Came {
    /// It is out.
    Called,
    /// The platform will not call.
    Refused,
    /// It was cancelled, or OCS stops, before the platform was told of it.
    Withdrawn,
    /// No record is due.
    Nothing,
    /// None is found yet.
    Looking,
    /// None is taken, for another reason than the platform: whoever asks is told that.
    Waits,
    /// The platform takes none for so long.
    Asked {
        uri: String,
        why: String,
        pause: Duration,
    },
    /// The platform failed; whether it was told of the call, as far as is known.
    Failed {
        uri: String,
        why: String,
        told: bool,
    },
}

impl Came {
    /// The platform that gets no more calls for a moment, and why.
    pub(super) fn why(&self) -> Option<(&str, &str)> {
        match self {
            Self::Asked { uri, why, .. } | Self::Failed { uri, why, .. } => Some((uri, why)),
            _ => None,
        }
    }

    /// Whether the platform is well.
    pub(super) const fn is_well(&self) -> bool {
        matches!(self, Self::Called | Self::Refused)
    }

    /// Whether the platform was told of a call.
    pub(super) const fn was_told(&self) -> bool {
        matches!(
            self,
            Self::Called | Self::Refused | Self::Asked { .. } | Self::Failed { told: true, .. }
        )
    }
}

/// Makes the next call of a campaign group, which was begun.
pub(super) async fn make(
    core: &Core,
    group: CampaignGroupId,
    stopped: &watch::Receiver<bool>,
) -> Came {
    let mut told = false;
    let came = take_and_tell(core, group, stopped, &mut told).await;
    if !told {
        core.dialers.paced(group, |pace, _| pace.given_up());
    }
    came
}

/// `told` is set when the platform begins to be told.
async fn take_and_tell(
    core: &Core,
    group: CampaignGroupId,
    stopped: &watch::Receiver<bool>,
    told: &mut bool,
) -> Came {
    let (delivery, uri) = match hand_out::next_to_dial(core, group).await {
        Ok(Outcome::ToDial(delivery, uri)) => (delivery, uri),
        Ok(Outcome::StillLooking) => return Came::Looking,
        Ok(Outcome::Waits(_)) => return Came::Waits,
        Ok(_) => return Came::Nothing,
        Err(refusal) => {
            tracing::debug!(group, "no record was taken to be dialed: {refusal}");
            return Came::Nothing;
        }
    };
    let posting = core.dialers.posting(delivery.record.handle);
    let answer = match *stopped.borrow() || !is_out(core, &delivery).await {
        true => None,
        false => {
            *told = true;
            let call = delivery.record.handle;
            core.dialers.paced(group, |pace, now| pace.dials(call, now));
            Some(platform::call(core, &delivery, &uri).await)
        }
    };
    let record = delivery.record.handle;
    let (fate, came) = match answer {
        None => (Some(Fate::NotTaken), Came::Withdrawn),
        Some(Answer::Takes) => (None, Came::Called),
        Some(Answer::Refuses(result)) => (Some(Fate::Refused(result)), Came::Refused),
        Some(Answer::Waits(pause, why)) => {
            let came = Came::Asked { uri, why, pause };
            (Some(Fate::NotTaken), came)
        }
        Some(Answer::NotTaken(why, told)) => {
            tracing::info!(
                record,
                uri,
                "a call was not taken, and its record goes back: {why}"
            );
            (Some(Fate::NotTaken), Came::Failed { uri, why, told })
        }
        Some(Answer::Unclear(why)) => {
            tracing::warn!(
                record,
                uri,
                "a platform may have a call or not; it is out until it is reported or its \
                 call-timeout is over: {why}"
            );
            let told = true;
            (None, Came::Failed { uri, why, told })
        }
    };
    if let Some(fate) = fate {
        write(core, &delivery, fate).await;
    }
    drop(posting);
    came
}

/// Whether a call that was handed out is still to be made: it may have been cancelled in
/// between. Where the store cannot be asked, it is not made.
async fn is_out(core: &Core, delivery: &Delivery) -> bool {
    let record = &delivery.record;
    match core.store.reader().dialed_call(record.handle).await {
        Ok(call) => call.is_some_and(|call| {
            !call.cancelled && Some(&call.guid) == record.attempt_guid.as_ref()
        }),
        Err(error) => {
            tracing::warn!(%error, record = record.handle, "a call is put back");
            false
        }
    }
}

/// Writes what becomes of a call that is not made. Where that fails, it is out until its time
/// is over, as if nobody knew.
async fn write(core: &Core, delivery: &Delivery, fate: Fate) {
    let record = &delivery.record;
    let change = Change::Dialed(Box::new(Dialed {
        handle: record.handle,
        attempt_guid: record.attempt_guid.clone().unwrap_or_default(),
        fate,
    }));
    if let Err(error) = core.store.submit_bulk(vec![change], true).await {
        tracing::warn!(%error, record = record.handle, "a call's end was not written");
    }
}
