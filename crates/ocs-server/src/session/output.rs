//! What goes out on a session, and in which form it waits: an answer becomes an
//! event only when it is written, on the session's thread, not on the writer's.

use std::vec::IntoIter;

use ocs_protocol::outbound::server_message::Body;
use ocs_protocol::outbound::{ServerMessage, UserEvent};
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;
use ocs_rules::change::Outcome;
use ocs_store::Outcomes;
use prost::Message as _;

use crate::core::Core;
use crate::{answer, request};

/// Messages that wait to go out, in the form that they wait in.
pub(crate) enum Output {
    /// One that is no answer.
    Message(Option<Box<ServerMessage>>),
    /// Answers, by the number of their request on the stream.
    Answers(IntoIter<(u64, UserEvent)>),
    /// What came of changes that were submitted together.
    Changed(std::iter::Zip<IntoIter<Asking>, IntoIter<Result<Outcome, Refusal>>>),
}

/// A request whose change waits for its commit.
#[derive(Clone)]
pub(crate) struct Asking {
    /// The number of the request on the stream.
    pub(crate) number: u64,
    pub(crate) listener: u32,
    /// The session of a desktop that it came on.
    pub(crate) session: Option<u64>,
    pub(crate) request: RequestName,
    /// The request itself, which its acknowledgement repeats.
    pub(crate) event: UserEvent,
    /// Keys that are known not to be stored.
    pub(crate) ignored: Vec<String>,
}

impl Output {
    pub(crate) fn message(body: Body) -> Self {
        Self::Message(Some(Box::new(ServerMessage {
            number: 0,
            body: Some(body),
        })))
    }

    pub(crate) fn answers(answers: Vec<(u64, UserEvent)>) -> Self {
        Self::Answers(answers.into_iter())
    }

    pub(crate) fn changed(asking: Vec<Asking>, outcomes: Outcomes) -> Self {
        Self::Changed(asking.into_iter().zip(outcomes))
    }

    /// The next message as it goes out; `None` after the last.
    pub(crate) fn next(&mut self, core: &Core) -> Option<ServerMessage> {
        let (number, event) = match self {
            Self::Message(message) => return message.take().map(|message| *message),
            Self::Answers(answers) => answers.next()?,
            Self::Changed(changed) => {
                let (asking, outcome) = changed.next()?;
                (asking.number, asking.into_answer(outcome, core))
            }
        };
        Some(ServerMessage {
            number,
            body: Some(Body::Event(event)),
        })
    }
}

impl Asking {
    /// An answer that repeats nothing of the request names all the same what was not
    /// stored of it.
    fn naming_ignored(&self, mut answer: UserEvent) -> UserEvent {
        answer::name_ignored(&mut answer, &self.ignored);
        answer
    }

    pub(super) fn into_answer(self, outcome: Result<Outcome, Refusal>, core: &Core) -> UserEvent {
        let objects = core.store.objects();
        let uri = |handle| core.record_uri(self.listener as usize, handle);
        // Acknowledgements, the many, need none of this.
        let setting = || answer::Setting {
            application: core.application,
            objects: &objects,
            now: (core.clock)(),
            uri: &uri,
            reference: self.event.reference(),
        };
        match outcome {
            Ok(Outcome::Added {
                handle,
                chain,
                chain_n,
            }) => answer::added(
                self.event,
                &self.ignored,
                handle,
                uri(handle),
                chain,
                chain_n,
            ),
            Ok(Outcome::Changed { ignored, .. }) => {
                let ignored = [self.ignored, ignored].concat();
                answer::acknowledge(self.event, self.request, &ignored)
            }
            Ok(Outcome::Reached { records, .. }) => {
                answer::reached(self.event, self.request, &self.ignored, records.len())
            }
            Ok(Outcome::Delivered(delivery)) => {
                self.naming_ignored(answer::preview(&delivery, &setting()))
            }
            Ok(
                Outcome::NothingDue
                | Outcome::Reserved(_)
                | Outcome::ToDial(..)
                | Outcome::NotDelivered,
            ) => self.naming_ignored(answer::nothing_due(&self.event, &setting())),
            Ok(Outcome::Waits(waits)) => {
                self.naming_ignored(answer::waiting(&self.event, &waits, &setting()))
            }
            Ok(Outcome::StillLooking) => {
                self.naming_ignored(answer::still_looking(&self.event, &setting()))
            }
            Ok(Outcome::Chained(chain)) => self.naming_ignored(answer::chained(&chain, &setting())),
            Ok(Outcome::Group(state)) => self.naming_ignored(answer::group_state(
                &self.event,
                self.request,
                &state,
                &setting(),
            )),
            Ok(Outcome::Stated {
                number,
                at,
                standing,
                ..
            }) => answer::stated(
                self.event,
                self.request,
                &self.ignored,
                (number, at),
                standing,
            ),
            // The person is not named again.
            Ok(Outcome::Erased(erased)) => {
                self.naming_ignored(answer::erased(&erased, self.event.reference()))
            }
            Ok(Outcome::Status(state, known)) => {
                let known = (&state, &*known);
                let mut answer = answer::group_status(&self.event, self.request, known, &setting());
                if let Ok(group) = request::group(&self.event, &objects) {
                    core.push_dialing(&mut answer, group, &state);
                    answer::push_waits(&mut answer, &core.waits(group));
                    answer::push_agents(&mut answer, &core.agents.counts(group));
                }
                self.naming_ignored(answer)
            }
            Ok(Outcome::Again { answer, .. }) => UserEvent::decode(&answer[..]).unwrap_or_default(),
            // What follows on the first comes of files and of time, which have no session.
            Ok(
                Outcome::Agent(_)
                | Outcome::Known
                | Outcome::HandsFull
                | Outcome::DoNotCallPut
                | Outcome::Removed(_)
                | Outcome::DoNotCallRemoved(_)
                | Outcome::Tidied(_)
                | Outcome::Settled,
            ) => answer::acknowledge(self.event, self.request, &self.ignored),
            Err(refusal) => refusal.into_event(self.event.reference()),
        }
    }
}
