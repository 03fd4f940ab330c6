//! HTTP Proxy's session: hello, settings, then requests, until either side ends.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use ocs_protocol::MAX_MESSAGE;
use ocs_protocol::heartbeat::HEARTBEAT;
use ocs_protocol::hello::HelloError;
use ocs_protocol::outbound::client_message::Body;
use ocs_protocol::outbound::outbound_server::{Outbound, OutboundServer};
use ocs_protocol::outbound::server_message::Body as ServerBody;
use ocs_protocol::outbound::{
    BulkMessage, ClientMessage, Heartbeat, Hello, Listener, ProxySettings, Role, ServerMessage,
    Stop,
};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use super::bulk;
use super::burst::Burst;
use super::dispatch::{Asked, Dispatch};
use super::output::Output;
use crate::access::called;
use crate::core::Core;
use crate::grpc;
use crate::supervisor::Connection;

/// Answers, or answers of one burst, that may wait for one session: more than HTTP
/// Proxy may have in flight.
pub(crate) const ANSWERS: usize = 8_192;

/// What HTTP Proxy says of itself.
pub(crate) enum Notice {
    Listening(Vec<Listener>),
    Failed(String),
}

/// The sessions of HTTP Proxy: one after the other, of one process after the other.
#[derive(Clone)]
pub(crate) struct HttpProxySessions {
    core: Core,
    dispatch: Dispatch,
    /// Those of an HTTP Proxy that starts.
    settings: Arc<dyn Fn() -> ProxySettings + Send + Sync>,
    notices: mpsc::Sender<Notice>,
    current: Arc<Mutex<Current>>,
}

/// The session of the present HTTP Proxy, if there is one.
#[derive(Default)]
struct Current {
    session: Option<mpsc::Sender<Output>>,
    /// Whether HTTP Proxy is to end, also one whose session begins only now.
    ends: bool,
}

impl HttpProxySessions {
    pub(crate) fn new(
        core: Core,
        settings: Arc<dyn Fn() -> ProxySettings + Send + Sync>,
        notices: mpsc::Sender<Notice>,
    ) -> Self {
        let dispatch = Dispatch::new(core.clone());
        Self {
            core,
            dispatch,
            settings,
            notices,
            current: Arc::default(),
        }
    }

    /// An HTTP Proxy that says hello from now on may stay.
    pub(crate) fn welcome(&self) {
        self.current().ends = false;
    }

    /// Tells HTTP Proxy to work by other settings.
    pub(crate) async fn take_up(&self, settings: ProxySettings) {
        let current = self.current().session.clone();
        if let Some(session) = current {
            // Where the session is gone, the next HTTP Proxy gets them as it starts.
            let settings = Output::message(ServerBody::Settings(Box::new(settings)));
            let _ = session.send(settings).await;
        }
    }

    /// Tells the present HTTP Proxy, if there is one, to finish and end.
    pub(crate) async fn stop(&self) {
        let current = {
            let mut current = self.current();
            current.ends = true;
            current.session.take()
        };
        if let Some(session) = current {
            // Where the session is gone, HTTP Proxy is ending anyway.
            let _ = session.send(stop()).await;
        }
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn hear(self, incoming: Streaming<ClientMessage>, output: mpsc::Sender<Output>) {
        self.hear_bursts(incoming, &output).await;
        // The stream ends with its last sender, and HTTP Proxy waits for that end.
        self.current()
            .session
            .take_if(|current| current.same_channel(&output));
    }

    async fn hear_bursts(
        &self,
        mut incoming: Streaming<ClientMessage>,
        output: &mpsc::Sender<Output>,
    ) {
        loop {
            let burst = Burst::receive(&mut incoming).await;
            let bindings = self.core.bindings.load_full();
            let mut requests = Vec::with_capacity(burst.messages.len());
            for message in burst.messages {
                match message.body {
                    Some(Body::Request(event)) => requests.push(Asked {
                        number: message.number,
                        listener: message.listener,
                        session: None,
                        client: called(&message.credential, message.client),
                        bound: bindings.of_credential(&message.credential),
                        credential: message.credential,
                        key: (!message.idempotency_key.is_empty())
                            .then_some((message.idempotency_key, message.fingerprint)),
                        event,
                    }),
                    Some(Body::Listening(listening)) => {
                        let notice = Notice::Listening(listening.listeners);
                        let _ = self.notices.send(notice).await;
                    }
                    Some(Body::Failed(reason)) => {
                        let _ = self.notices.send(Notice::Failed(reason)).await;
                        return;
                    }
                    // A heartbeat has said what it says by coming in.
                    Some(Body::Hello(_) | Body::Heartbeat(_)) | None => {}
                }
            }
            let dispatched = self.dispatch.dispatch(requests, output).await;
            if burst.last || dispatched.is_err() {
                return;
            }
        }
    }
}

#[tonic::async_trait]
impl Outbound for HttpProxySessions {
    type SessionStream = Answers;
    type AddRecordsStream = bulk::Outcomes;

    async fn add_records(
        &self,
        request: Request<Streaming<BulkMessage>>,
    ) -> Result<Response<bulk::Outcomes>, Status> {
        let (core, dispatch) = (self.core.clone(), self.dispatch.clone());
        let outcomes = bulk::add_records(core, dispatch, request.into_inner());
        Ok(Response::new(outcomes))
    }

    async fn session(
        &self,
        request: Request<Streaming<ClientMessage>>,
    ) -> Result<Response<Answers>, Status> {
        let mut incoming = request.into_inner();
        let Some(ClientMessage {
            body: Some(Body::Hello(hello)),
            ..
        }) = incoming.message().await?
        else {
            return Err(Status::failed_precondition(HelloError::Missing.to_string()));
        };
        hello
            .check(Role::HttpProxy)
            .map_err(|error| Status::failed_precondition(error.to_string()))?;
        let (output, answers) = mpsc::channel(ANSWERS);
        // The channel was made a line ago and has room.
        let say = |message| drop(output.try_send(message));
        let lease = {
            // Settings that change meanwhile are sent to the session that is current.
            let mut current = self.current();
            let settings = (self.settings)();
            let lease = settings.limits.as_ref().map(|limits| limits.lease);
            say(Output::message(ServerBody::Hello(Hello::in_role(
                Role::Unspecified,
                "OCS",
            ))));
            say(Output::message(ServerBody::Settings(Box::new(settings))));
            if current.ends {
                say(stop());
            } else {
                current.session = Some(output.clone());
            }
            Duration::from_millis(lease.unwrap_or_default())
        };
        tokio::spawn(self.clone().hear(incoming, output));
        Ok(Response::new(Answers {
            core: self.core.clone(),
            answers,
            going: None,
            heartbeat: heartbeats(lease),
        }))
    }
}

fn stop() -> Output {
    Output::message(ServerBody::Stop(Stop {}))
}

/// Every second, and twice within the lease time where that is shorter.
fn heartbeats(lease: Duration) -> Interval {
    let every = HEARTBEAT.min(lease / 2).max(Duration::from_millis(1));
    let mut heartbeats = interval(every);
    heartbeats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeats
}

/// The answers of a session, as they go out, and a heartbeat whenever one is due and no
/// answer waits: it has no place among them, so that it never waits for one.
pub(crate) struct Answers {
    core: Core,
    answers: mpsc::Receiver<Output>,
    /// What goes out at present.
    going: Option<Output>,
    heartbeat: Interval,
}

impl Stream for Answers {
    type Item = Result<ServerMessage, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(message) = this.going.as_mut().and_then(|going| going.next(&this.core)) {
                return Poll::Ready(Some(Ok(message)));
            }
            match this.answers.poll_recv(context) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(going) => this.going = going,
                Poll::Pending => {
                    return this.heartbeat.poll_tick(context).map(|_| {
                        Some(Ok(ServerMessage {
                            number: 0,
                            body: Some(ServerBody::Heartbeat(Heartbeat {})),
                        }))
                    });
                }
            }
        }
    }
}

/// Serves sessions on the connections that come in, one per HTTP Proxy.
pub(crate) async fn serve(
    sessions: HttpProxySessions,
    mut connections: mpsc::Receiver<Connection>,
) {
    let service = OutboundServer::new(sessions)
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    while let Some(connection) = connections.recv().await {
        tokio::spawn(grpc::serve_connection(connection, service.clone()));
    }
}
