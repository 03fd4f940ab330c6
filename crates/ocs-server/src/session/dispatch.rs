//! One request of a session: typed, handed on, and answered when it is done.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use ocs_protocol::attribute::{GSW_AGENT_REQ_TYPE, GSW_CALLING_LIST};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_protocol::request::RequestName;
use ocs_rules::change::Change;
use ocs_store::{StoreError, store_refusal};
use tokio::sync::mpsc::OwnedPermit;

use super::output::{Changed, Output};
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

/// A request as it came, with the place that is kept for its answer.
pub(crate) struct Asked {
    pub(crate) number: u64,
    pub(crate) listener: u32,
    pub(crate) event: UserEvent,
    /// So that no answer ever waits for room, or is dropped for want of it.
    pub(crate) place: OwnedPermit<Output>,
}

impl Dispatch {
    pub(crate) fn new(core: Core) -> Self {
        Self {
            core,
            logged: Arc::default(),
        }
    }

    /// Takes a request on. Its answer goes out by its place, sooner or later.
    pub(crate) fn dispatch(&self, asked: Asked) {
        match self.request_name(&asked.event) {
            Ok(name @ RequestName::AddRecord) => self.add_record(name, asked),
            Ok(name @ (RequestName::UpdateCallCompletionStats | RequestName::RecordProcessed)) => {
                self.completion(name, asked);
            }
            Ok(
                name @ (RequestName::ReadRecord
                | RequestName::ReadCallingLists
                | RequestName::ReadCallingList),
            ) => self.read(name, asked),
            Err(refusal) => refuse(asked, refusal),
        }
    }

    fn request_name(&self, event: &UserEvent) -> Result<RequestName, Refusal> {
        let name = event
            .text(GSW_AGENT_REQ_TYPE)
            .ok_or_else(|| Refusal::missing(GSW_AGENT_REQ_TYPE, "it says which request this is"))?;
        RequestName::from_name(name).ok_or_else(|| {
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
        })
    }

    fn add_record(&self, name: RequestName, asked: Asked) {
        let objects = self.core.store.objects();
        match request::add_record(&asked.event, &objects, self.core.refuse_unknown) {
            Ok(added) => {
                self.log_ignored(&added.list_name, &added.ignored);
                self.submit(name, Change::AddRecord(added.change), added.ignored, asked);
            }
            Err(refusal) => refuse(asked, refusal),
        }
    }

    fn completion(&self, name: RequestName, asked: Asked) {
        let objects = self.core.store.objects();
        match request::completion(&asked.event, name, &objects, self.core.refuse_unknown) {
            Ok(completion) => {
                let change = match name {
                    RequestName::RecordProcessed => Change::RecordProcessed(completion),
                    _ => Change::UpdateCallCompletionStats(completion),
                };
                self.submit(name, change, Vec::new(), asked);
            }
            Err(refusal) => refuse(asked, refusal),
        }
    }

    fn submit(&self, request: RequestName, change: Change, ignored: Vec<String>, asked: Asked) {
        let Asked {
            number,
            listener,
            event,
            place,
        } = asked;
        let reply = Box::new(move |outcome| {
            let changed = Changed {
                number,
                listener,
                request,
                event,
                ignored,
                outcome,
            };
            place.send(Output::Changed(Box::new(changed)));
        });
        if let Err(full) = self.core.store.submit(change, reply) {
            let refusal = if full.closed {
                store_refusal(&StoreError::Closed)
            } else {
                Refusal::new(
                    ErrorNumber::Overloaded,
                    "too many requests wait for the store, so this one was not taken; try again \
                     in a moment",
                )
            };
            (full.work)(Err(refusal));
        }
    }

    fn read(&self, name: RequestName, asked: Asked) {
        let core = self.core.clone();
        tokio::spawn(async move {
            let Asked {
                number,
                listener,
                event,
                place,
            } = asked;
            let read = match name {
                RequestName::ReadRecord => read_record(&core, &event, listener).await,
                RequestName::ReadCallingList => read_list(&core, &event).await,
                _ => read_lists(&core).await,
            };
            let answer = read.unwrap_or_else(|refusal| refusal.into_event(event.reference()));
            place.send(Output::event(number, answer));
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

fn refuse(asked: Asked, refusal: Refusal) {
    let event = refusal.into_event(asked.event.reference());
    asked.place.send(Output::event(asked.number, event));
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
