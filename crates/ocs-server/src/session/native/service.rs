//! Which service a call on a connection is for: the protocols, or server reflection,
//! by which tools learn what the protocols are.

use std::convert::Infallible;
use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use ocs_protocol::outbound::outbound_server::OutboundServer;
use ocs_protocol::{MAX_MESSAGE, OUTBOUND_DESCRIPTORS};
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic_reflection::server::Builder;
use tower::Service as _;

use super::connection::Kept;
use super::first_message::FirstMessage;
use super::session::NativeSessions;

/// The largest question to server reflection, in bytes: a name.
const QUESTION: usize = 4_096;

type Answering =
    dyn Fn(Request<Incoming>) -> BoxFuture<http::Response<Body>, Infallible> + Send + Sync;

/// Server reflection, in the version of today and in that which older tools ask for.
#[derive(Clone)]
pub(super) struct Reflection {
    v1: Arc<Answering>,
    v1_alpha: Arc<Answering>,
}

impl Reflection {
    pub(super) fn new() -> Result<Self, tonic_reflection::server::Error> {
        let builder =
            || Builder::configure().register_encoded_file_descriptor_set(OUTBOUND_DESCRIPTORS);
        let v1 = builder().build_v1()?.max_decoding_message_size(QUESTION);
        let v1_alpha = builder()
            .build_v1alpha()?
            .max_decoding_message_size(QUESTION);
        Ok(Self {
            v1: Arc::new(move |request| v1.clone().call(request)),
            v1_alpha: Arc::new(move |request| v1_alpha.clone().call(request)),
        })
    }
}

/// What is called on one connection.
pub(super) struct Called {
    connection: Arc<Kept>,
    sessions: OutboundServer<NativeSessions>,
    reflection: Reflection,
}

impl Called {
    pub(super) fn new(sessions: NativeSessions, reflection: Reflection) -> Self {
        let connection = Arc::clone(&sessions.connection);
        let sessions = OutboundServer::new(sessions)
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE);
        Self {
            connection,
            sessions,
            reflection,
        }
    }
}

impl hyper::service::Service<Request<Incoming>> for Called {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let place = match self.connection.begin_call() {
            Ok(place) => place,
            Err(status) => return Box::pin(std::future::ready(Ok(status.into_http()))),
        };
        let path = request.uri().path();
        let answering = if path.starts_with("/grpc.reflection.v1.ServerReflection/") {
            (self.reflection.v1)(request)
        } else if path.starts_with("/grpc.reflection.v1alpha.ServerReflection/") {
            (self.reflection.v1_alpha)(request)
        } else {
            // It also answers calls of what there is not.
            self.sessions.clone().call(request.map(FirstMessage::of))
        };
        Box::pin(async move {
            let answer = answering.await;
            drop(place);
            answer
        })
    }
}
