//! Making the stream: hello, settings, then requests.

use std::sync::Arc;

use hyper::http::uri::PathAndQuery;
use hyper_util::rt::TokioIo;
use ocs_protocol::MAX_MESSAGE;
use ocs_protocol::heartbeat::Silence;
use ocs_protocol::outbound::client_message::Body as ClientBody;
use ocs_protocol::outbound::{ClientMessage, Hello, ProxySettings, Role};
use ocs_protocol::wire::{WireBody, WireEvent, WireServerMessage};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tonic::client::Grpc;
use tonic::transport::Endpoint;
use tonic::{IntoStreamingRequest as _, Streaming};
use tonic_prost::ProstCodec;
use tower::service_fn;

use super::outgoing::Outgoing;
use super::{Link, Pending};

/// Messages that may wait to be written to the stream.
const OUTGOING: usize = 1_024;

/// Bytes that may be on their way before OCS takes them: more than all requests
/// that may be in flight, so that the stream itself never makes them wait.
const WINDOW: u32 = 16 << 20;

/// Orders that may wait to be carried out; then the stream is read no further.
const ORDERS: usize = 16;

/// What OCS tells HTTP Proxy to do.
pub(crate) enum Order {
    /// Work by these from now on.
    Settings(Box<ProxySettings>),
    /// Take no more requests, finish those that are there, then end.
    Stop,
}

/// The stream after its beginning.
pub(crate) struct Linked {
    pub(crate) link: Link,
    /// Ends when OCS is gone.
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) settings: ProxySettings,
}

/// Why the stream could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("{0}")]
    Transport(#[from] tonic::transport::Error),
    #[error("{}", .0.message())]
    Status(#[from] tonic::Status),
    #[error("{0}")]
    Hello(#[from] ocs_protocol::hello::HelloError),
    #[error("OCS closed the stream before it sent the settings")]
    Closed,
}

/// Says hello over a connection and waits for the settings.
pub(crate) async fn connect(stream: UnixStream) -> Result<Linked, LinkError> {
    let mut stream = Some(stream);
    // There is one connection, made by OCS: when it is lost, HTTP Proxy ends.
    let connector = service_fn(move |_| {
        let stream = stream.take().map(TokioIo::new);
        async move { stream.ok_or_else(|| std::io::Error::other("the connection was lost")) }
    });
    let channel = Endpoint::from_static("http://ocs")
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .connect_with_connector(connector)
        .await?;
    let mut client = Grpc::new(channel.clone())
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    let (outgoing, messages) = mpsc::channel(OUTGOING);
    let hello = Hello::in_role(Role::HttpProxy, "HTTP Proxy");
    let first = ClientMessage {
        number: 0,
        body: Some(ClientBody::Hello(hello)),
        ..ClientMessage::default()
    };
    // The channel was made a line ago and has room.
    let _ = outgoing.send(first).await;
    client.ready().await?;
    // The generated client would take every answer apart.
    let codec = ProstCodec::<ClientMessage, WireServerMessage>::default();
    let path = PathAndQuery::from_static("/ocs.outbound.v1.Outbound/Session");
    let request = Outgoing::new(messages).into_streaming_request();
    let mut incoming = client.streaming(request, path, codec).await?.into_inner();
    let Some(WireBody::Hello(hello)) = incoming.message().await?.and_then(|first| first.body)
    else {
        return Err(LinkError::Hello(ocs_protocol::hello::HelloError::Missing));
    };
    hello.check(Role::Unspecified)?;
    let Some(WireBody::Settings(settings)) = incoming.message().await?.and_then(|next| next.body)
    else {
        return Err(LinkError::Closed);
    };
    let pending = Arc::new(Pending::default());
    let silence = Arc::new(Silence::default());
    let (order, orders) = mpsc::channel(ORDERS);
    tokio::spawn(read(
        incoming,
        Arc::clone(&pending),
        Arc::clone(&silence),
        order,
    ));
    Ok(Linked {
        link: Link {
            outgoing,
            pending,
            silence,
            channel,
        },
        orders,
        settings: *settings,
    })
}

/// Reads the stream until it ends.
async fn read(
    mut incoming: Streaming<WireServerMessage>,
    pending: Arc<Pending>,
    silence: Arc<Silence>,
    order: mpsc::Sender<Order>,
) {
    loop {
        let message = incoming.message().await;
        silence.heard();
        match message {
            Ok(Some(WireServerMessage {
                number,
                body: Some(WireBody::Event(event)),
            })) => {
                pending.answer(number, WireEvent::new(event));
            }
            Ok(Some(WireServerMessage {
                body: Some(WireBody::Stop(_)),
                ..
            })) => {
                let _ = order.send(Order::Stop).await;
            }
            Ok(Some(WireServerMessage {
                body: Some(WireBody::Settings(settings)),
                ..
            })) => {
                let _ = order.send(Order::Settings(settings)).await;
            }
            // A heartbeat has said what it says; a message of a later version is of no use.
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(status) => {
                tracing::debug!(reason = status.message(), "the stream to OCS ended");
                break;
            }
        }
    }
    pending.close();
}
