//! A native session: hello, then requests, until either side ends.

use std::sync::Arc;

use ocs_protocol::attribute::{GSW_AGENT_ID, GSW_AGENT_REQ_TYPE};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::hello::HelloError;
use ocs_protocol::outbound::client_message::Body;
use ocs_protocol::outbound::outbound_server::Outbound;
use ocs_protocol::outbound::server_message::Body as ServerBody;
use ocs_protocol::outbound::{
    BulkMessage, BulkOutcome, ClientMessage, Hello, Role, Stop, UserEvent,
};
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_protocol::request::RequestName;
use prost::Message as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::applications::{Admitted, Applications};
use super::connection::{InSession, Kept, stopped};
use super::outgoing::Outgoing;
use super::registry::{Entry, Sessions};
use super::{ANSWERS, BURST, HELLO_WITHIN, REQUEST, SESSIONS, WRONG_WAITS, message_type, role};
use crate::core::Core;
use crate::session::burst::Burst;
use crate::session::dispatch::{Asked, Dispatch};
use crate::session::output::Output;

/// What all native sessions work with.
pub(super) struct Native {
    pub(super) core: Core,
    pub(super) dispatch: Dispatch,
    pub(super) applications: Applications,
    pub(super) sessions: Sessions,
    pub(super) seats: Arc<Semaphore>,
    pub(super) stopping: watch::Receiver<bool>,
}

/// The sessions of one connection.
#[derive(Clone)]
pub(super) struct NativeSessions {
    pub(super) native: Arc<Native>,
    pub(super) connection: Arc<Kept>,
}

/// One of the [`SESSIONS`], held as long as either end of a session needs it.
pub(crate) struct Seat {
    _permit: OwnedSemaphorePermit,
    _in_session: InSession,
}

/// The hearing end of a session.
struct Hearing {
    dispatch: Dispatch,
    application: String,
    role: Role,
    agent: Option<String>,
    /// Its number, of a desktop.
    number: Option<u64>,
    output: mpsc::Sender<Output>,
    _seat: Arc<Seat>,
}

impl NativeSessions {
    /// Waits for the hello and judges it.
    async fn admit(&self, incoming: &mut Streaming<ClientMessage>) -> Result<Admitted, Status> {
        let client = self.connection.client();
        let mut stopping = self.native.stopping.clone();
        let first = tokio::select! {
            biased;
            () = stopped(&mut stopping) => return Err(stops()),
            first = tokio::time::timeout(HELLO_WITHIN, incoming.message()) => first,
        };
        let first = first.map_err(|_| {
            tracing::warn!(%client, "no hello came in time");
            Status::deadline_exceeded(format!("no hello came within {HELLO_WITHIN:?}"))
        })?;
        let first = first.inspect_err(|status| {
            let reason = status.message();
            tracing::warn!(%client, reason, "a first message was refused");
        })?;
        let Some(Body::Hello(hello)) = first.and_then(|message| message.body) else {
            tracing::warn!(%client, "a first message was no hello");
            return Err(Status::failed_precondition(HelloError::Missing.to_string()));
        };
        let application = hello.application.clone();
        match self.native.applications.judge(hello) {
            Ok(admitted) => Ok(admitted),
            Err(refused) => {
                refused.log(client, &application);
                if refused.is_guess() {
                    // Only who guesses waits, and one guess at a time.
                    let _one = self.connection.guessing().await;
                    tokio::time::sleep(WRONG_WAITS).await;
                }
                Err(refused.status())
            }
        }
    }

    fn seat(&self) -> Result<Arc<Seat>, Status> {
        let permit = Arc::clone(&self.native.seats).try_acquire_owned();
        let permit = permit.map_err(|_| {
            tracing::warn!(client = %self.connection.client(), "no session is left");
            Status::resource_exhausted(format!(
                "{SESSIONS} sessions are open, which are the most; end one first"
            ))
        })?;
        Ok(Arc::new(Seat {
            _permit: permit,
            _in_session: Kept::enter(&self.connection),
        }))
    }
}

#[tonic::async_trait]
impl Outbound for NativeSessions {
    type SessionStream = Outgoing;
    type AddRecordsStream = ReceiverStream<Result<BulkOutcome, Status>>;

    async fn add_records(
        &self,
        _: Request<Streaming<BulkMessage>>,
    ) -> Result<Response<Self::AddRecordsStream>, Status> {
        Err(Status::unimplemented(
            "AddRecords is for HTTP Proxy; send AddRecord requests on a session, as many as              there are records",
        ))
    }

    async fn session(
        &self,
        request: Request<Streaming<ClientMessage>>,
    ) -> Result<Response<Outgoing>, Status> {
        let mut incoming = request.into_inner();
        let admitted = self.admit(&mut incoming).await?;
        if *self.native.stopping.borrow() {
            return Err(stops());
        }
        let seat = self.seat()?;
        let (output, answers) = mpsc::channel(ANSWERS);
        let hello = Hello::in_role(Role::Unspecified, "OCS");
        // The channel was made a line ago and has room.
        let _ = output.try_send(Output::message(ServerBody::Hello(hello)));
        let (status, end) = oneshot::channel();
        let (fault, at_fault) = oneshot::channel();
        let client = self.connection.client();
        let application = quoted(&admitted.application);
        let role = admitted.role;
        let agent = admitted.agent.as_deref().unwrap_or_default();
        tracing::info!(%client, %application, %agent, "a session began");
        // Only desktops hear unsolicited events, and only such sessions are ended for
        // not reading them.
        let (entry, events) = if role == Role::Desktop {
            let agent = admitted.agent.clone();
            let (entry, events) = self.native.sessions.enter(agent, status);
            (Some(entry), Some(events))
        } else {
            (None, None)
        };
        let hearing = Hearing {
            dispatch: self.native.dispatch.clone(),
            application: admitted.application,
            role,
            agent: admitted.agent,
            number: entry.as_ref().map(Entry::number),
            output,
            _seat: Arc::clone(&seat),
        };
        let stopping = self.native.stopping.clone();
        let connection = Arc::clone(&self.connection);
        let agents = self.native.core.agents.clone();
        let number = hearing.number;
        if let Some(number) = number {
            agents.session_began(number);
        }
        tokio::spawn(async move {
            tokio::select! {
                () = hearing.hear(incoming, stopping, fault) => {}
                () = given_up(entry) => connection.end(),
            }
            if let Some(number) = number {
                agents.session_ended(number);
            }
            tracing::info!(%client, %application, "a session ended");
        });
        Ok(Response::new(Outgoing {
            core: self.native.core.clone(),
            role,
            answers,
            events,
            end: Some(end),
            fault: at_fault,
            going: None,
            parts: (0, Vec::new().into_iter()),
            ended: false,
            _seat: seat,
        }))
    }
}

impl Hearing {
    /// Hears requests until either side ends. Its end is that of the answers: what
    /// goes out ends with the last of them.
    async fn hear(
        self,
        mut incoming: Streaming<ClientMessage>,
        mut stopping: watch::Receiver<bool>,
        fault: oneshot::Sender<Status>,
    ) {
        loop {
            let burst = tokio::select! {
                biased;
                () = self.output.closed() => return,
                () = stopped(&mut stopping) => break,
                burst = Burst::receive_at_most(&mut incoming, BURST, REQUEST) => burst,
            };
            if let Some(status) = burst.fault {
                let _ = fault.send(status);
                let _ = self.take(burst.messages).await;
                return;
            }
            if self.take(burst.messages).await.is_err() || burst.last {
                return;
            }
        }
        // What is here already is still answered.
        let here = tokio::select! {
            biased;
            burst = Burst::receive_at_most(&mut incoming, BURST, REQUEST) => Some(burst),
            () = std::future::ready(()) => None,
        };
        if let Some(burst) = here
            && self.take(burst.messages).await.is_err()
        {
            return;
        }
        let stop = Output::message(ServerBody::Stop(Stop {}));
        let _ = self.output.send(stop).await;
    }

    /// Hands on what came together.
    async fn take(&self, messages: Vec<ClientMessage>) -> Result<(), SessionEnded> {
        let mut asked = Vec::with_capacity(messages.len());
        let mut refused = Vec::new();
        for message in messages {
            // What else there is belongs to HTTP Proxy, or to a later version.
            let Some(Body::Request(event)) = message.body else {
                continue;
            };
            let reference = event.reference();
            match self.check(event) {
                Ok(event) => asked.push(Asked {
                    number: message.number,
                    client: self.application.clone(),
                    session: self.number,
                    event,
                    ..Asked::default()
                }),
                Err(refusal) => refused.push((message.number, refusal.into_event(reference))),
            }
        }
        if !refused.is_empty() {
            let answers = Output::answers(refused);
            self.output.send(answers).await.map_err(|_| SessionEnded)?;
        }
        let dispatched = self.dispatch.dispatch(asked, &self.output).await;
        dispatched.map_err(|_| SessionEnded)
    }

    /// What the session itself knows of a request: whether its role may send it, and
    /// which agent sends it.
    fn check(&self, mut event: UserEvent) -> Result<UserEvent, Refusal> {
        let bytes = event.encoded_len();
        if bytes > REQUEST {
            return Err(Refusal::new(
                ErrorNumber::BodyTooLarge,
                format!(
                    "the request has {bytes} bytes; {REQUEST} are the most, so that its answer \
                     fits into a message"
                ),
            ));
        }
        if self.role == Role::ThirdParty {
            message_type::name_request(&mut event)?;
        }
        let request = event
            .text(GSW_AGENT_REQ_TYPE)
            .and_then(RequestName::from_name);
        // A name that is none is refused where all requests are.
        let Some(request) = request else {
            return Ok(event);
        };
        role::check(self.role, request)?;
        if let Some(agent) = &self.agent
            // There it says whose the record will be, not who adds it.
            && request != RequestName::AddRecord
            && event.get(GSW_AGENT_ID).is_none()
        {
            event.push(GSW_AGENT_ID, agent.as_str().into());
        }
        Ok(event)
    }
}

async fn given_up(entry: Option<Entry>) {
    match entry {
        Some(entry) => entry.given_up().await,
        None => std::future::pending().await,
    }
}

fn stops() -> Status {
    Status::unavailable("OCS is stopping")
}

/// Nobody hears an answer any more.
struct SessionEnded;
