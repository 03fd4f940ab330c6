//! One client's connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::gateway::{Client, Gateway};

/// Serves one connection until it ends; after `stopping`, until the request that
/// it has is answered.
pub(crate) async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    listener: u32,
    gateway: Arc<Gateway>,
    mut stopping: watch::Receiver<bool>,
) {
    let limits = *gateway.limits();
    let client = Arc::new(Client {
        address: address.to_string(),
        listener,
    });
    let service = service_fn(move |request| {
        let (gateway, client) = (Arc::clone(&gateway), Arc::clone(&client));
        async move { Ok::<_, Infallible>(gateway.handle(&client, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_headers(limits.head_lines)
        // Above the limit that the gateway judges by, so that it can say what is
        // too long.
        .max_buf_size(limits.head.saturating_mul(4).max(65_536))
        // A client may close its sending side and still wait for the reply.
        .half_close(true)
        // As every older client has seen them: some compare with the case.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stopped(&mut stopping) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(client = %address, %error, "a connection ended early");
    }
}

/// Waits until HTTP Proxy stops.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Where the sender is gone, HTTP Proxy is stopping too.
    let _ = stopping.wait_for(|stop| *stop).await;
}
