//! gRPC on a connection that is there already: one service a connection, and no
//! routing between several.

use std::convert::Infallible;

use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::Service;

/// Bytes that may be on their way before they are taken: more than all requests
/// that may be in flight, so that the stream itself never makes them wait.
const WINDOW: u32 = 16 << 20;

/// Serves a gRPC service on one connection until the other side ends it.
pub(crate) async fn serve_connection<C, S>(connection: C, service: S)
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<
            http::Request<Incoming>,
            Response = http::Response<tonic::body::Body>,
            Error = Infallible,
        > + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let served = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .serve_connection(TokioIo::new(connection), TowerToHyperService::new(service))
        .await;
    if let Err(error) = served {
        // Most often the other process was ended in the middle of something.
        tracing::debug!(%error, "a gRPC connection ended early");
    }
}
