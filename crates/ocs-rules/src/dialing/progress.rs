//! What a report says of a call after those before it. Reports come over a network, so one
//! may come twice, or late: it is taken and changes nothing. One that cannot be true is
//! refused, because somebody counts by it.

use ocs_protocol::attribute::GSW_CALL_PROGRESS;
use ocs_protocol::enumeration::CallProgress;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};

/// What a report comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// It is new.
    New,
    /// It was known, or came late.
    Known,
}

/// What comes of a report of a call of which `before` was reported last.
///
/// # Errors
/// A call that an agent had, or that was over, was not abandoned afterwards.
pub fn report(before: Option<CallProgress>, progress: CallProgress) -> Result<Report, Refusal> {
    use CallProgress::{Abandoned, AgentConnected, Released};
    let Some(before) = before else {
        return Ok(Report::New);
    };
    if before == progress {
        return Ok(Report::Known);
    }
    if progress == Abandoned && matches!(before, AgentConnected | Released) {
        let was = match before {
            AgentConnected => "an agent has the call already",
            _ => "the call was over already",
        };
        let sentence = format!(
            "{GSW_CALL_PROGRESS} is {}; {was} ({}), so it is not abandoned",
            quoted(progress.name()),
            before.name()
        );
        return Err(Refusal::new(ErrorNumber::CallContradicted, sentence).at(GSW_CALL_PROGRESS));
    }
    Ok(match place(progress) > place(before) {
        true => Report::New,
        false => Report::Known,
    })
}

/// The place of a report among the others of a call.
const fn place(progress: CallProgress) -> u8 {
    match progress {
        CallProgress::Dialing => 1,
        CallProgress::Answered => 2,
        CallProgress::AgentConnected => 3,
        // Whoever was abandoned hangs up in the end: it stays abandoned.
        CallProgress::Released | CallProgress::Abandoned => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_after_every_other() {
        use CallProgress::{Abandoned, AgentConnected, Answered, Dialing, Released};
        let all = [Dialing, Answered, AgentConnected, Released, Abandoned];
        // New, Known, or refused, in the order of `all`.
        for (before, comes) in [
            (None, "NNNNN"),
            (Some(Dialing), "KNNNN"),
            (Some(Answered), "KKNNN"),
            (Some(AgentConnected), "KKKNx"),
            (Some(Released), "KKKKx"),
            (Some(Abandoned), "KKKKK"),
        ] {
            for (progress, right) in all.into_iter().zip(comes.chars()) {
                let found = match report(before, progress) {
                    Ok(Report::New) => 'N',
                    Ok(Report::Known) => 'K',
                    Err(_) => 'x',
                };
                assert_eq!(found, right, "{progress:?} after {before:?}");
            }
        }
    }
}
