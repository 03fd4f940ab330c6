//! The open sessions of desktops, by the agent who works at each: where unsolicited
//! events go (outbound-protocols.md, section 3).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::quoted;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc, oneshot};
use tonic::Status;

use super::{EVENTS, LAST_WORDS};
use crate::agents::Undelivered;

/// An unsolicited event on its way to a desktop.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(super) event: Arc<UserEvent>,
    /// The record that it brings, which goes back where no desktop takes it.
    pub(super) record: Option<Arc<Undelivered>>,
}

/// The open sessions of desktops. Clones are handles to the same.
#[derive(Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    next: u64,
    desktops: BTreeMap<u64, Desktop>,
    by_agent: HashMap<String, BTreeSet<u64>>,
}

struct Desktop {
    agent: Option<String>,
    events: mpsc::Sender<Sent>,
    /// To what goes out: the status that the session ends with, when it is ended here.
    end: oneshot::Sender<Status>,
    ended: Arc<Notify>,
}

/// A session's entry; taken out when it is dropped.
pub(super) struct Entry {
    sessions: Sessions,
    number: u64,
    events: mpsc::Sender<Sent>,
    ended: Arc<Notify>,
}

impl Sessions {
    /// Sends an unsolicited event to the desktops of an agent.
    ///
    /// It never waits: a session whose desktop does not read is ended instead.
    pub(crate) fn push(&self, agent: &str, event: UserEvent) {
        let mut open = self.lock();
        let numbers = open.of_agent(agent);
        open.send(&numbers, event, None);
    }

    /// The same of an event that brings a record, to the desktop of one session, or to
    /// those of an agent. Where none takes it, the record goes back.
    pub(crate) fn push_record(
        &self,
        agent: &str,
        session: Option<u64>,
        event: UserEvent,
        record: Arc<Undelivered>,
    ) {
        // What goes back asks nothing of the sessions, but it does so after they are left.
        let _last = Arc::clone(&record);
        let mut open = self.lock();
        let numbers = session.map_or_else(|| open.of_agent(agent), |session| vec![session]);
        open.send(&numbers, event, Some(record));
    }

    /// Whether an agent has a desktop here.
    pub(crate) fn is_here(&self, agent: &str) -> bool {
        self.lock().by_agent.contains_key(agent)
    }

    /// The agents whose desktops are here.
    pub(crate) fn agents(&self) -> Vec<String> {
        self.lock().by_agent.keys().cloned().collect()
    }

    /// Sends an unsolicited event to every desktop.
    pub(crate) fn push_all(&self, event: UserEvent) {
        let mut open = self.lock();
        let numbers: Vec<_> = open.desktops.keys().copied().collect();
        open.send(&numbers, event, None);
    }

    /// Enters a desktop's session.
    pub(super) fn enter(
        &self,
        agent: Option<String>,
        end: oneshot::Sender<Status>,
    ) -> (Entry, mpsc::Receiver<Sent>) {
        let (events, heard) = mpsc::channel(EVENTS);
        let mut open = self.lock();
        let number = open.next;
        open.next += 1;
        if let Some(agent) = &agent {
            open.by_agent
                .entry(agent.clone())
                .or_default()
                .insert(number);
        }
        let ended = Arc::new(Notify::new());
        let entry = Entry {
            sessions: self.clone(),
            number,
            events: events.clone(),
            ended: Arc::clone(&ended),
        };
        let desktop = Desktop {
            agent,
            events,
            end,
            ended,
        };
        open.desktops.insert(number, desktop);
        drop(open);
        (entry, heard)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn of_agent(&self, agent: &str) -> Vec<u64> {
        let numbers = self.by_agent.get(agent);
        numbers.into_iter().flatten().copied().collect()
    }

    fn send(&mut self, numbers: &[u64], event: UserEvent, record: Option<Arc<Undelivered>>) {
        let event = Arc::new(event);
        let sent = Sent { event, record };
        for number in numbers {
            let Some(desktop) = self.desktops.get(number) else {
                continue;
            };
            match desktop.events.try_send(sent.clone()) {
                // One that is closed ends this moment.
                Ok(()) | Err(TrySendError::Closed(_)) => {}
                Err(TrySendError::Full(_)) => {
                    if let Some(desktop) = self.remove(*number) {
                        desktop.end();
                    }
                }
            }
        }
    }

    fn remove(&mut self, number: u64) -> Option<Desktop> {
        let desktop = self.desktops.remove(&number)?;
        if let Some(agent) = &desktop.agent
            && let Some(numbers) = self.by_agent.get_mut(agent)
        {
            numbers.remove(&number);
            if numbers.is_empty() {
                self.by_agent.remove(agent);
            }
        }
        Some(desktop)
    }
}

impl Desktop {
    /// Ends the session of a desktop that does not read.
    fn end(self) {
        let agent = quoted(self.agent.as_deref().unwrap_or_default());
        tracing::warn!(%agent, "a desktop does not read its events; its session is ended");
        let status = Status::resource_exhausted(format!(
            "{EVENTS} events wait for this desktop, which does not read them, so the session is \
             ended; log in again"
        ));
        // Where nobody takes it, the session has ended already.
        let _ = self.end.send(status);
        self.ended.notify_one();
    }
}

impl Entry {
    /// The session's number.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Resolves when the session was ended and its desktop does not even read that.
    pub(super) async fn given_up(&self) {
        self.ended.notified().await;
        // What goes out has the other end of the channel.
        if tokio::time::timeout(LAST_WORDS, self.events.closed())
            .await
            .is_ok()
        {
            // It has ended by itself.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.sessions.lock().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(
        sessions: &Sessions,
        agent: Option<&str>,
    ) -> (Entry, mpsc::Receiver<Sent>, oneshot::Receiver<Status>) {
        let (status, ended) = oneshot::channel();
        let (entry, heard) = sessions.enter(agent.map(str::to_owned), status);
        (entry, heard, ended)
    }

    #[test]
    fn events_go_to_whom_they_concern() {
        let sessions = Sessions::default();
        let mut desktops =
            [Some("Ann"), Some("Bob"), Some("Ann"), None].map(|agent| enter(&sessions, agent));
        for (to, reached) in [
            (Some("Ann"), [true, false, true, false]),
            (Some("Bob"), [false, true, false, false]),
            (Some("Eve"), [false; 4]),
            (Some(""), [false; 4]),
            (None, [true; 4]),
        ] {
            let event = UserEvent::event("RecordCancel");
            match to {
                Some(agent) => {
                    assert_eq!(sessions.is_here(agent), reached.contains(&true), "{agent}");
                    sessions.push(agent, event);
                }
                None => sessions.push_all(event),
            }
            let heard = desktops
                .each_mut()
                .map(|(_, heard, _)| heard.try_recv().is_ok());
            assert_eq!(heard, reached, "{to:?}");
        }
        drop(desktops);
        assert!(!sessions.is_here("Ann"));
        let open = sessions.lock();
        assert!(open.desktops.is_empty() && open.by_agent.is_empty());
    }

    /// One that does not read is ended, and hurts no other.
    #[tokio::test]
    async fn a_desktop_that_does_not_read() {
        let sessions = Sessions::default();
        let (_deaf, _unread, mut ended) = enter(&sessions, Some("Ann"));
        let (_entry, mut heard, _) = enter(&sessions, Some("Bob"));
        for count in 0..=EVENTS {
            assert!(ended.try_recv().is_err(), "{count}");
            sessions.push_all(UserEvent::event("CampaignStarted"));
            heard.try_recv().expect("Bob hears it");
        }
        let status = ended.await.expect("a status");
        assert_eq!(status.code(), tonic::Code::ResourceExhausted);
        assert!(!sessions.is_here("Ann"));
    }
}
