//! One client's connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::conduct::{Conduct, Due, LAST_WORDS, Phase};
use crate::gateway::{Client, Gateway};
use crate::stream::ClientStream;
use crate::tls::{Handshake, Transport};

/// The header lines that hyper takes where it is not told otherwise.
const HYPER_HEAD_LINES: usize = 100;

/// Serves one connection until it ends; after `stopping`, until the request that
/// it has is answered. On a secured port TLS is agreed on first.
pub(crate) async fn serve(
    stream: TcpStream,
    tls: Option<Handshake>,
    address: SocketAddr,
    listener: u32,
    gateway: Arc<Gateway>,
    mut stopping: watch::Receiver<bool>,
) {
    let limits = gateway.settings().limits;
    let mut client = Client::new(address, listener);
    let transport = if let Some(tls) = tls {
        let agreed = tokio::select! {
            biased;
            // Whoever has not asked for anything yet is owed nothing.
            () = stopped(&mut stopping) => None,
            agreed = tls.agree(stream, address, limits.head_timeout) => agreed,
        };
        let Some(agreed) = agreed else {
            return;
        };
        client.certificate_subject = agreed.subject;
        agreed.transport
    } else {
        Transport::Plain(stream)
    };
    let client = Arc::new(client);
    let conduct = Arc::new(Conduct::new());
    let stream = ClientStream::new(
        transport,
        Arc::clone(&conduct),
        Arc::clone(&gateway),
        Arc::clone(&client),
    );
    let seen = Arc::clone(&conduct);
    let service = service_fn(move |request| {
        let (gateway, client) = (Arc::clone(&gateway), Arc::clone(&client));
        let conduct = Arc::clone(&seen);
        async move {
            conduct.enter(Phase::Busy);
            let mut reply = gateway.handle(&client, request).await;
            if !reply.body_mut().goes_on(&conduct) {
                conduct.enter(Phase::Idle);
            }
            Ok::<_, Infallible>(reply)
        }
    });
    let mut http = http1::Builder::new();
    if limits.head_lines > HYPER_HEAD_LINES {
        // Not without need: hyper then puts every head on the heap.
        http.max_headers(limits.head_lines);
    }
    let connection = http
        // Above the limit that the gateway judges by, so that it can say what is
        // too long.
        .max_buf_size(limits.head.saturating_mul(4).max(65_536))
        // A client may close its sending side and still wait for the reply.
        .half_close(true)
        // As every older client has seen them: some compare with the case.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut look = pin!(tokio::time::sleep(
        limits.head_timeout.min(limits.idle_timeout)
    ));
    let mut is_stopping = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => break ended,
            () = stopped(&mut stopping), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = look.as_mut() => {
                let again = match conduct.due(&limits) {
                    Due::LookAgain(after) => after,
                    Due::SayLate => {
                        conduct.enter(Phase::Late);
                        LAST_WORDS
                    }
                    Due::Close => return,
                };
                look.as_mut().reset(Instant::now() + again);
            }
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
