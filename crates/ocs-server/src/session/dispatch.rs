//! Requests of a session: typed, handed on, and answered when they are done.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use ocs_protocol::attribute::{GSW_AGENT_REQ_TYPE, GSW_CALLING_LIST};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_protocol::request::RequestName;
use ocs_rules::change::{Change, Completion};
use ocs_store::{Outcomes, StoreError, store_refusal};
use tokio::sync::mpsc::{OwnedPermit, Sender};

use super::output::{Asking, Output};
use crate::core::Core;
use crate::{answer, request};

/// Keys that are remembered as logged; beyond them, none is logged any more.
const LOGGED_KEYS: usize = 1_000;

/// Answers requests with what the store and the rules make of them.
#[derive(Clone)]
pub(crate) struct Dispatch {
    core: Core,
    logged: Arc<Mutex<HashSet<(String, String)>>>,
}

/// A request as it came.
pub(crate) struct Asked {
    pub(crate) number: u64,
    pub(crate) listener: u32,
    pub(crate) event: UserEvent,
}

/// The session has ended: nobody hears an answer any more.
pub(crate) struct Ended;

/// What a request comes to.
enum Work {
    /// A change for the store; and the keys that are known not to be stored.
    Change(Change, Vec<String>),
    Read,
}

impl Dispatch {
    pub(crate) fn new(core: Core) -> Self {
        Self {
            core,
            logged: Arc::default(),
        }
    }

    /// Takes on requests that came together: what they change goes before the store
    /// as one piece of work, so that it is one commit and one waking of threads.
    ///
    /// A place is kept for every answer before its work begins, so that none is
    /// dropped for want of room; who sends more than is answered waits for it here.
    ///
    /// # Errors
    /// The session has ended.
    pub(crate) async fn dispatch(
        &self,
        requests: Vec<Asked>,
        output: &Sender<Output>,
    ) -> Result<(), Ended> {
        let place = async || output.clone().reserve_owned().await.map_err(|_| Ended);
        let mut refused = Vec::new();
        let mut changes = Vec::with_capacity(requests.len());
        let mut asking = Vec::with_capacity(requests.len());
        for asked in requests {
            match self.work(&asked.event) {
                Ok((request, Work::Change(change, ignored))) => {
                    changes.push(change);
                    asking.push(Asking {
                        number: asked.number,
                        listener: asked.listener,
                        request,
                        event: asked.event,
                        ignored,
                    });
                }
                Ok((request, Work::Read)) => self.read(request, asked, place().await?),
                Err(refusal) => {
                    let event = refusal.into_event(asked.event.reference());
                    refused.push((asked.number, event));
                }
            }
        }
        if !refused.is_empty() {
            place().await?.send(Output::answers(refused));
        }
        if !changes.is_empty() {
            self.submit(changes, asking, place().await?);
        }
        Ok(())
    }

    fn work(&self, event: &UserEvent) -> Result<(RequestName, Work), Refusal> {
        let request = request_name(event)?;
        let work = match request {
            RequestName::AddRecord => {
                let objects = self.core.store.objects();
                let added = request::add_record(event, &objects, self.core.refuse_unknown)?;
                self.log_ignored(&added.list_name, &added.ignored);
                Work::Change(Change::AddRecord(added.change), added.ignored)
            }
            RequestName::UpdateCallCompletionStats => Work::Change(
                Change::UpdateCallCompletionStats(self.completion(request, event)?),
                Vec::new(),
            ),
            RequestName::RecordProcessed => Work::Change(
                Change::RecordProcessed(self.completion(request, event)?),
                Vec::new(),
            ),
            RequestName::ReadRecord
            | RequestName::ReadCallingLists
            | RequestName::ReadCallingList => Work::Read,
            _ => return Err(unknown_request(request.name())),
        };
        Ok((request, work))
    }

    fn completion(
        &self,
        request: RequestName,
        event: &UserEvent,
    ) -> Result<Box<Completion>, Refusal> {
        let objects = self.core.store.objects();
        request::completion(event, request, &objects, self.core.refuse_unknown)
    }

    fn submit(&self, changes: Vec<Change>, asking: Vec<Asking>, place: OwnedPermit<Output>) {
        let reply = Box::new(move |outcomes: Outcomes| {
            place.send(Output::changed(asking, outcomes));
        });
        let count = changes.len();
        if let Err(full) = self.core.store.submit(changes, reply) {
            let refusal = if full.closed {
                store_refusal(&StoreError::Closed)
            } else {
                Refusal::new(
                    ErrorNumber::Overloaded,
                    "too many requests wait for the store, so this one was not taken; try again \
                     in a moment",
                )
            };
            (full.work)(vec![Err(refusal); count]);
        }
    }

    fn read(&self, name: RequestName, asked: Asked, place: OwnedPermit<Output>) {
        let core = self.core.clone();
        tokio::spawn(async move {
            let Asked {
                number,
                listener,
                event,
            } = asked;
            let read = match name {
                RequestName::ReadRecord => read_record(&core, &event, listener).await,
                RequestName::ReadCallingList => read_list(&core, &event).await,
                _ => read_lists(&core).await,
            };
            let answer = read.unwrap_or_else(|refusal| refusal.into_event(event.reference()));
            place.send(Output::answers(vec![(number, answer)]));
        });
    }

    /// Says once per calling list and key that it is not stored.
    fn log_ignored(&self, list: &str, ignored: &[String]) {
        if ignored.is_empty() {
            return;
        }
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        for key in ignored {
            if logged.len() < LOGGED_KEYS && logged.insert((list.to_owned(), key.clone())) {
                tracing::warn!(
                    calling_list = %quoted(list),
                    key = %quoted(key),
                    "a key is neither an attribute nor a field of the calling list; it is not stored"
                );
            }
        }
    }
}

fn request_name(event: &UserEvent) -> Result<RequestName, Refusal> {
    let name = event
        .text(GSW_AGENT_REQ_TYPE)
        .ok_or_else(|| Refusal::missing(GSW_AGENT_REQ_TYPE, "it says which request this is"))?;
    RequestName::from_name(name).ok_or_else(|| unknown_request(name))
}

fn unknown_request(name: &str) -> Refusal {
    let names: Vec<_> = RequestName::ALL.iter().map(|known| known.name()).collect();
    Refusal::new(
        ErrorNumber::UnknownRequest,
        format!(
            "{} is no request; there are {}",
            quoted(name),
            names.join(", ")
        ),
    )
    .at(GSW_AGENT_REQ_TYPE)
}

async fn read_record(core: &Core, event: &UserEvent, listener: u32) -> Result<UserEvent, Refusal> {
    let handle = request::handle(event)?;
    let found = core
        .store
        .reader()
        .record(handle)
        .await
        .map_err(|e| read_refusal(&e))?;
    let record = found.ok_or_else(|| ocs_rules::life_cycle::no_such_record(&handle.to_string()))?;
    let uri = core.record_uri(listener as usize, handle);
    Ok(answer::record(
        &record,
        uri,
        &core.store.objects(),
        (core.clock)(),
    ))
}

async fn read_list(core: &Core, event: &UserEvent) -> Result<UserEvent, Refusal> {
    let objects = core.store.objects();
    let name = event.text(GSW_CALLING_LIST).unwrap_or_default();
    let list = objects
        .list_named(name)
        .ok_or_else(|| request::no_such_list(name))?;
    let counts = core
        .store
        .reader()
        .counts(list.dbid)
        .await
        .map_err(|e| read_refusal(&e))?;
    Ok(answer::calling_list(list, &counts, &objects))
}

async fn read_lists(core: &Core) -> Result<UserEvent, Refusal> {
    let lists = core.store.objects().lists();
    let mut counted = Vec::with_capacity(lists.len());
    for list in &lists {
        let counts = core
            .store
            .reader()
            .counts(list.dbid)
            .await
            .map_err(|e| read_refusal(&e))?;
        counted.push((list.as_ref(), counts));
    }
    Ok(answer::calling_lists(&counted))
}

fn read_refusal(error: &StoreError) -> Refusal {
    tracing::error!(%error, "the store could not be read");
    store_refusal(error)
}
