//! What goes out on a session, and in which form it waits: an answer becomes an
//! event only when it is written, on the session's thread, not on the writer's.

use ocs_protocol::outbound::server_message::Body;
use ocs_protocol::outbound::{ServerMessage, UserEvent};
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;
use ocs_rules::change::Outcome;

use crate::answer;
use crate::core::Core;

/// A message that waits to go out.
pub(crate) enum Output {
    Ready(Box<ServerMessage>),
    /// What came of a change.
    Changed(Box<Changed>),
}

/// A change that is committed, or refused.
pub(crate) struct Changed {
    /// The number of the request on the stream.
    pub(crate) number: u64,
    pub(crate) listener: u32,
    pub(crate) request: RequestName,
    /// The request itself, which its acknowledgement repeats.
    pub(crate) event: UserEvent,
    /// Keys that are known not to be stored.
    pub(crate) ignored: Vec<String>,
    pub(crate) outcome: Result<Outcome, Refusal>,
}

impl Output {
    pub(crate) fn event(number: u64, event: UserEvent) -> Self {
        Self::Ready(Box::new(ServerMessage {
            number,
            body: Some(Body::Event(event)),
        }))
    }

    /// The message as it goes out.
    pub(crate) fn into_message(self, core: &Core) -> ServerMessage {
        match self {
            Self::Ready(message) => *message,
            Self::Changed(changed) => {
                let number = changed.number;
                ServerMessage {
                    number,
                    body: Some(Body::Event(changed.into_event(core))),
                }
            }
        }
    }
}

impl Changed {
    fn into_event(self, core: &Core) -> UserEvent {
        match self.outcome {
            Ok(Outcome::Added {
                handle,
                chain,
                chain_n,
            }) => {
                let uri = core.record_uri(self.listener as usize, handle);
                answer::added(self.event, &self.ignored, handle, uri, chain, chain_n)
            }
            Ok(Outcome::Changed { ignored, .. }) => {
                answer::acknowledge(self.event, self.request, &ignored)
            }
            // Only imports have keys, and they have no session.
            Ok(Outcome::Known) => answer::acknowledge(self.event, self.request, &self.ignored),
            Err(refusal) => refusal.into_event(self.event.reference()),
        }
    }
}
