//! HTTP Proxy's session: hello, settings, then requests, until either side ends.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use ocs_protocol::MAX_MESSAGE;
use ocs_protocol::hello::HelloError;
use ocs_protocol::outbound::client_message::Body;
use ocs_protocol::outbound::outbound_server::{Outbound, OutboundServer};
use ocs_protocol::outbound::server_message::Body as ServerBody;
use ocs_protocol::outbound::{
    BulkMessage, ClientMessage, Hello, Listener, ProxySettings, Role, ServerMessage, Stop,
};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use super::bulk;
use super::burst::Burst;
use super::dispatch::{Asked, Dispatch};
use super::output::Output;
use crate::core::Core;
use crate::grpc;

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
    settings: Arc<dyn Fn() -> ProxySettings + Send + Sync>,
    notices: mpsc::Sender<Notice>,
    current: Arc<Mutex<Option<mpsc::Sender<Output>>>>,
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

    /// Tells the present HTTP Proxy, if there is one, to finish and end.
    pub(crate) async fn stop(&self) {
        let current = self.current().take();
        if let Some(session) = current {
            // Where the session is gone, HTTP Proxy is ending anyway.
            let stop = Output::message(ServerBody::Stop(Stop {}));
            let _ = session.send(stop).await;
        }
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Option<mpsc::Sender<Output>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn hear(self, incoming: Streaming<ClientMessage>, output: mpsc::Sender<Output>) {
        self.hear_bursts(incoming, &output).await;
        // The stream ends with its last sender, and HTTP Proxy waits for that end.
        self.current()
            .take_if(|current| current.same_channel(&output));
    }

    async fn hear_bursts(
        &self,
        mut incoming: Streaming<ClientMessage>,
        output: &mpsc::Sender<Output>,
    ) {
        loop {
            let burst = Burst::receive(&mut incoming).await;
            let mut requests = Vec::with_capacity(burst.messages.len());
            for message in burst.messages {
                match message.body {
                    Some(Body::Request(event)) => requests.push(Asked {
                        number: message.number,
                        listener: message.listener,
                        client: message.client,
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
                    Some(Body::Hello(_)) | None => {}
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
        for body in [
            ServerBody::Hello(Hello::in_role(Role::Unspecified, "OCS")),
            ServerBody::Settings((self.settings)()),
        ] {
            // The channel was made a line ago and has room.
            let _ = output.try_send(Output::message(body));
        }
        *self.current() = Some(output.clone());
        tokio::spawn(self.clone().hear(incoming, output));
        Ok(Response::new(Answers {
            core: self.core.clone(),
            answers,
            going: None,
        }))
    }
}

/// The answers of a session, as they go out.
pub(crate) struct Answers {
    core: Core,
    answers: mpsc::Receiver<Output>,
    /// What goes out at present.
    going: Option<Output>,
}

impl Stream for Answers {
    type Item = Result<ServerMessage, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(message) = this.going.as_mut().and_then(|going| going.next(&this.core)) {
                return Poll::Ready(Some(Ok(message)));
            }
            this.going = ready!(this.answers.poll_recv(context));
            if this.going.is_none() {
                return Poll::Ready(None);
            }
        }
    }
}

/// Serves sessions on the connections that come in, one per HTTP Proxy.
pub(crate) async fn serve(
    sessions: HttpProxySessions,
    mut connections: mpsc::Receiver<UnixStream>,
) {
    let service = OutboundServer::new(sessions)
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    while let Some(connection) = connections.recv().await {
        tokio::spawn(grpc::serve_connection(connection, service.clone()));
    }
}
