//! Requests of a session: typed, handed on, and answered when they are done.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use ocs_protocol::attribute::{
    GSW_AGENT_REQ_TYPE, GSW_CALLING_LIST, GSW_CAMPAIGN_GROUP_DBID, GSW_RECORD_HANDLE,
};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_protocol::request::{Protocol, RequestName};
use ocs_rules::access::Binding;
use ocs_rules::calling_list::ListId;
use ocs_rules::change::{Chained, Change, Preview};
use ocs_rules::consent::Says;
use ocs_rules::objects::Objects;
use ocs_store::{Noted, Once, OnceKey, Outcomes, Part, Request};
use prost::Message as _;
use tokio::sync::mpsc::{OwnedPermit, Sender};

use super::output::{Asking, Output};
use super::read::{From, read};
use super::tell::tell;
use super::under_way::UnderWay;
use crate::core::Core;
use crate::{answer, attempt_guid, hand_out, request};

/// Keys that are remembered as logged; beyond them, none is logged any more.
const LOGGED_KEYS: usize = 1_000;

/// Answers requests with what the store and the rules make of them.
#[derive(Clone)]
pub(crate) struct Dispatch {
    core: Core,
    logged: Arc<Mutex<HashSet<(String, String)>>>,
    /// AddRecords under Idempotency-Keys that are under way.
    pub(super) under_way: UnderWay,
}

/// A request as it came.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) number: u64,
    pub(crate) listener: u32,
    /// The session of a desktop that it came on.
    pub(crate) session: Option<u64>,
    /// Who asks: the HTTP client's name or address, or the name of a native application.
    pub(crate) client: String,
    /// What an HTTP client was let in by; empty where it needed nothing.
    pub(crate) credential: String,
    /// The calling lists and campaign groups that it is bound to.
    pub(crate) bound: Option<Arc<Binding>>,
    /// The Idempotency-Key and the request's fingerprint, where it has them.
    pub(crate) key: Option<(String, Vec<u8>)>,
    pub(crate) event: UserEvent,
}

/// The session has ended: nobody hears an answer any more.
pub(crate) struct Ended;

/// What a request comes to.
enum Work {
    /// A change for the store; and the keys that are known not to be stored.
    Change(Change, Vec<String>),
    /// One that is answered without the store.
    Answer(UserEvent),
    Read,
}

/// What requests that came together come to.
#[derive(Default)]
struct Sorted {
    answers: Vec<(u64, UserEvent)>,
    noted: Vec<Noted>,
    changes: Vec<Request>,
    asking: Vec<Asking>,
}

impl Dispatch {
    pub(crate) fn new(core: Core) -> Self {
        Self {
            core,
            logged: Arc::default(),
            under_way: UnderWay::default(),
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
        let mut sorted = Sorted {
            changes: Vec::with_capacity(requests.len()),
            asking: Vec::with_capacity(requests.len()),
            ..Sorted::default()
        };
        for asked in requests {
            match self.work(&asked) {
                Ok((_, Work::Change(Change::Preview(preview), ignored)))
                    if self.core.validates(preview.group) =>
                {
                    self.hand_out(*preview, ignored, asked, place().await?);
                }
                Ok((request, Work::Change(change, ignored))) => {
                    self.sort_change(request, change, ignored, asked, &mut sorted);
                }
                Ok((request, Work::Answer(answer))) => {
                    self.note(request, &asked, 0, &mut sorted);
                    sorted.answers.push((asked.number, answer));
                }
                Ok((request, Work::Read)) => self.read(request, asked, place().await?),
                Err(refusal) => self.sort_refused(refusal, &asked, &mut sorted),
            }
        }
        if !sorted.answers.is_empty() {
            place().await?.send(Output::answers(sorted.answers));
        }
        if !sorted.changes.is_empty() {
            let place = place().await?;
            self.submit(sorted.changes, sorted.noted, sorted.asking, place);
        } else if !sorted.noted.is_empty() {
            // Where the queue is full they are left out: HTTP Proxy's log has them.
            let _ = self
                .core
                .store
                .submit(Vec::new(), sorted.noted, Box::new(|_| {}));
        }
        Ok(())
    }

    fn sort_change(
        &self,
        request: RequestName,
        change: Change,
        ignored: Vec<String>,
        asked: Asked,
        sorted: &mut Sorted,
    ) {
        let bound = asked.bound.clone();
        let list = match &change {
            Change::AddRecord(add) => Some(add.list),
            _ => None,
        };
        let (by, asking, key) = parts(request, list, ignored, asked);
        let once = key.map(|key| self.once(key, &asking));
        sorted.changes.push(Request {
            change,
            asked: Some(by),
            once,
            bound,
        });
        sorted.asking.push(asking);
    }

    /// How the answer of a request is kept under its key.
    fn once(&self, key: Arc<OnceKey>, asking: &Asking) -> Once {
        let (asking, core) = (asking.clone(), self.core.clone());
        Once {
            key,
            part: Part::Whole(Box::new(move |outcome| {
                asking.into_answer(outcome.clone(), &core).encode_to_vec()
            })),
        }
    }

    /// Takes the next record of a campaign group whose records a web server validates.
    fn hand_out(
        &self,
        preview: Preview,
        ignored: Vec<String>,
        asked: Asked,
        place: OwnedPermit<Output>,
    ) {
        let this = self.clone();
        let bound = asked.bound.clone();
        let listener = asked.listener as usize;
        let request = RequestName::PreviewRecordRequest;
        let (by, asking, key) = parts(request, None, ignored, asked);
        tokio::spawn(async move {
            // A second request under the same key waits for the first.
            let _turn = match &key {
                Some(key) => Some(this.under_way.turn(&key.scope, &key.key).await),
                None => None,
            };
            let handed = hand_out::next(&this.core, preview, listener, |change| Request {
                change,
                asked: Some(by.clone()),
                once: key.clone().map(|key| this.once(key, &asking)),
                bound: bound.clone(),
            });
            let outcome = handed.await.map(|handed| {
                if !handed.noted {
                    let noted = Noted {
                        asked: by,
                        outcome: 0,
                        key: None,
                    };
                    // Where the queue is full it is left out: HTTP Proxy's log has it.
                    let reply = Box::new(|_| {});
                    let _ = this.core.store.submit(Vec::new(), vec![noted], reply);
                }
                tell(&asking, &handed.outcome, &this.core);
                handed.outcome
            });
            place.send(Output::changed(vec![asking], vec![outcome]));
        });
    }

    fn sort_refused(&self, refusal: Refusal, asked: &Asked, sorted: &mut Sorted) {
        if let Ok(request) = request_name(&asked.event)
            && request.protocol() != Protocol::Read
        {
            self.note(request, asked, refusal.number.number(), sorted);
        }
        let event = refusal.into_event(asked.event.reference());
        sorted.answers.push((asked.number, event));
    }

    /// Leaves the line of a request that changes nothing in the store.
    fn note(&self, request: RequestName, asked: &Asked, outcome: i64, sorted: &mut Sorted) {
        let objects = self.core.store.objects();
        let list = asked.event.text(GSW_CALLING_LIST);
        sorted.noted.push(Noted {
            asked: ocs_store::Asked {
                client: asked.client.as_str().into(),
                request,
                list: list
                    .and_then(|list| objects.list_named(list))
                    .map(|list| list.dbid),
                handle: named_handle(&asked.event),
            },
            outcome,
            key: None,
        });
    }

    fn work(&self, asked: &Asked) -> Result<(RequestName, Work), Refusal> {
        let (event, client) = (&asked.event, asked.client.as_str());
        let name = request_name(event)?;
        let objects = self.core.store.objects();
        if let Some(bound) = &asked.bound {
            check_named(event, bound, &objects)?;
        }
        let refuse_unknown = self.core.refuse_unknown;
        let unknown = request::unknown(event, name, refuse_unknown);
        let ignored = unknown.keys.clone();
        self.log_ignored(event.text(GSW_CALLING_LIST).unwrap_or_default(), &ignored);
        let change = match name {
            RequestName::AddRecord => {
                let added = request::add_record(event, &objects, refuse_unknown)?;
                self.log_ignored(&added.list_name, &added.ignored);
                return Ok((
                    name,
                    Work::Change(Change::AddRecord(added.change), added.ignored),
                ));
            }
            RequestName::UpdateCallCompletionStats => Change::UpdateCallCompletionStats(
                request::completion(event, name, &objects, refuse_unknown)?,
            ),
            RequestName::RecordProcessed => {
                Change::RecordProcessed(request::completion(event, name, &objects, refuse_unknown)?)
            }
            RequestName::CallProgress => {
                Change::CallProgress(request::call_progress(event, &objects, unknown)?)
            }
            RequestName::RecordReject => {
                let mut on = request::on_record(event, &objects)?;
                on.unknown = unknown;
                Change::RecordReject(Box::new(on))
            }
            RequestName::RecordReschedule | RequestName::ScheduledRecordReschedule => {
                let mut callback = request::reschedule(event, name, &objects)?;
                callback.on.unknown = unknown;
                Change::Reschedule(callback)
            }
            RequestName::RequestRecordCancel => {
                Change::Cancel(request::reaching(event, &objects, source(client), unknown)?)
            }
            RequestName::DoNotCall => {
                Change::DoNotCall(request::reaching(event, &objects, source(client), unknown)?)
            }
            RequestName::Consent | RequestName::RevokeConsent => {
                let says = match name {
                    RequestName::Consent => Says::Consent,
                    _ => Says::Revocation,
                };
                let by = source(client);
                Change::State(request::consent(event, says, &objects, by, &unknown)?)
            }
            RequestName::Erase => {
                request::check_unknown(&unknown, None, &objects)?;
                Change::Erase(request::subject(event)?, source(client))
            }
            RequestName::PreviewRecordRequest => {
                request::check_unknown(&unknown, None, &objects)?;
                let guid = attempt_guid::new()?;
                Change::Preview(request::preview(event, &objects, guid)?)
            }
            RequestName::ChainedRecordRequest => {
                let mut on = request::on_record(event, &objects)?;
                on.unknown = unknown;
                Change::Chained(Box::new(Chained {
                    on,
                    guid_seed: attempt_guid::seed()?,
                }))
            }
            RequestName::LoadCampaign
            | RequestName::UnloadCampaign
            | RequestName::ForceUnloadCampaign
            | RequestName::StartDialing
            | RequestName::StopDialing
            | RequestName::SetDialingMode
            | RequestName::GetCampaignStatus => {
                request::check_unknown(&unknown, None, &objects)?;
                Change::Group(request::group_request(event, name, &objects)?)
            }
            RequestName::AgentState
            | RequestName::PreviewDialingModeStart
            | RequestName::PreviewDialingModeOver
            | RequestName::ReadyTime
            | RequestName::LogOut => {
                request::check_unknown(&unknown, None, &objects)?;
                let works_for = |agent: &str| self.core.agents.works_for(agent);
                let says = request::agent(event, name, &objects, works_for)?;
                self.core.agents.check_room(&says)?;
                Change::Agent(says)
            }
            RequestName::CampaignStatusRequest => {
                request::check_unknown(&unknown, None, &objects)?;
                let states = self.core.store.group_states();
                let application = self.core.application;
                let mut answer = answer::campaign_events(event, &states, application, &objects);
                answer::name_ignored(&mut answer, &ignored);
                return Ok((name, Work::Answer(answer)));
            }
            RequestName::ReadRecord
            | RequestName::ReadCallingLists
            | RequestName::ReadCallingList
            | RequestName::ReadRecords
            | RequestName::ReadCampaignGroups
            | RequestName::ReadCampaignGroup
            | RequestName::ReadPhone
            | RequestName::ReadCustomerId => return Ok((name, Work::Read)),
        };
        Ok((name, Work::Change(change, ignored)))
    }

    fn submit(
        &self,
        changes: Vec<Request>,
        noted: Vec<Noted>,
        asking: Vec<Asking>,
        place: OwnedPermit<Output>,
    ) {
        let core = self.core.clone();
        let reply = Box::new(move |outcomes: Outcomes| {
            for (asking, outcome) in asking.iter().zip(&outcomes) {
                if let Ok(outcome) = outcome {
                    tell(asking, outcome, &core);
                    hand_out::put_back(outcome, &core);
                }
            }
            place.send(Output::changed(asking, outcomes));
        });
        let count = changes.len();
        if let Err(full) = self.core.store.submit(changes, noted, reply) {
            let refusal = hand_out::not_taken(full.closed);
            (full.work)(vec![Err(refusal); count]);
        }
    }

    fn read(&self, name: RequestName, asked: Asked, place: OwnedPermit<Output>) {
        let core = self.core.clone();
        tokio::spawn(async move {
            let (number, event) = (asked.number, asked.event);
            let from = From {
                listener: asked.listener,
                bound: asked.bound.as_deref(),
            };
            let read = read(&core, name, &event, from).await;
            let answer = read.unwrap_or_else(|refusal| refusal.into_event(event.reference()));
            place.send(Output::answers(vec![(number, answer)]));
        });
    }

    /// Says once per calling list and key that it is not stored.
    pub(super) fn log_ignored(&self, list: &str, ignored: &[String]) {
        if ignored.is_empty() {
            return;
        }
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        for key in ignored {
            if logged.len() < LOGGED_KEYS && logged.insert((list.to_owned(), key.clone())) {
                tracing::warn!(
                    calling_list = %quoted(list),
                    key = %quoted(&self.core.contact_info.name(key)),
                    "a key is neither an attribute nor a field of the calling list; it is not stored"
                );
            }
        }
    }
}

/// Who asks for what, what his answer is made of, and the key that it is kept under.
fn parts(
    request: RequestName,
    list: Option<ListId>,
    ignored: Vec<String>,
    asked: Asked,
) -> (ocs_store::Asked, Asking, Option<Arc<OnceKey>>) {
    let by = ocs_store::Asked {
        client: asked.client.as_str().into(),
        request,
        list,
        handle: named_handle(&asked.event),
    };
    let asking = Asking {
        number: asked.number,
        listener: asked.listener,
        session: asked.session,
        request,
        event: asked.event,
        ignored,
    };
    let scope = scope(asked.credential);
    let key = asked
        .key
        .map(|(key, fingerprint)| Arc::new(OnceKey::new(scope, key, fingerprint)));
    (by, asking, key)
}

/// The record that a request itself names.
fn named_handle(event: &UserEvent) -> Option<u32> {
    event.get(GSW_RECORD_HANDLE)?;
    request::handle(event).ok()
}

/// Whose Idempotency-Keys they are (http-interface.md, section 3).
pub(super) fn scope(credential: String) -> String {
    if credential.is_empty() {
        "anonymous".to_owned()
    } else {
        credential
    }
}

/// What a request names of calling lists and campaign groups must be the client's: that
/// is judged before the rest of it (http-interface.md, section 4), and again by what it
/// meets in the store.
fn check_named(event: &UserEvent, bound: &Binding, objects: &Objects) -> Result<(), Refusal> {
    if let Some(list) = event.text(GSW_CALLING_LIST) {
        bound.check_list_named(list)?;
    }
    if event.get(GSW_CAMPAIGN_GROUP_DBID).is_some()
        && let Ok(group) = request::group(event, objects)
    {
        bound.check_group(group, objects)?;
    }
    Ok(())
}

/// What an entry of the Do Not Call list, or a statement of consent, says of who brought it.
fn source(client: &str) -> String {
    format!("request of {client}")
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
