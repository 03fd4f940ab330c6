//! One client's connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::conduct::{Conduct, Due, LAST_WORDS, Phase};
use crate::gateway::{Client, Gateway, TARGET};
use crate::stream::ClientStream;
use crate::tls::{Handshake, Transport};
use crate::watch::{HeadLimits, Watch};

/// The header lines that hyper takes where it is not told otherwise.
const HYPER_HEAD_LINES: usize = 100;

/// How long a connection keeps what hyper needs after a reply: most next requests come
/// sooner, or much later.
const REST: Duration = Duration::from_secs(5);

/// A connection as it has come in.
pub(crate) struct Came {
    pub(crate) stream: TcpStream,
    /// On a secured port.
    pub(crate) tls: Option<Handshake>,
    pub(crate) address: SocketAddr,
    /// The port, as an index into the settings.
    pub(crate) listener: u32,
}

/// Serves one connection until it ends; after `stopping`, until the request that
/// it has is answered. On a secured port TLS is agreed on first.
///
/// What hyper needs is there while something comes: ten thousand connections that say
/// nothing, or nothing more, cost next to nothing.
pub(crate) async fn serve(
    came: Came,
    gateway: Arc<Gateway>,
    conduct: Arc<Conduct>,
    mut stopping: watch::Receiver<bool>,
) {
    let limits = gateway.settings().limits;
    let Came { stream, tls, .. } = came;
    let mut client = Client::new(came.address, came.listener);
    let mut transport = if let Some(tls) = tls {
        let agreed = tokio::select! {
            biased;
            // Whoever has not asked for anything yet is owed nothing.
            () = stopped(&mut stopping) => None,
            agreed = tls.agree(stream, came.address, limits.head_timeout) => agreed,
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
    loop {
        let left = conduct.idle_left(gateway.settings().limits.idle_timeout);
        let something_came = tokio::select! {
            biased;
            () = stopped(&mut stopping) => return,
            came = tokio::time::timeout(left, transport.wait()) => came.unwrap_or(false),
        };
        if !something_came {
            return;
        }
        let (gateway, conduct) = (Arc::clone(&gateway), Arc::clone(&conduct));
        // Boxed by itself: as a part of this future, its place would be kept from the start.
        let talk = Box::pin(talk(
            transport,
            Arc::clone(&client),
            gateway,
            conduct,
            &mut stopping,
        ));
        match talk.await {
            Some(resting) => transport = resting,
            None => return,
        }
    }
}

/// Serves requests until the connection ends, or rests: then it is handed back.
async fn talk(
    transport: Transport,
    client: Arc<Client>,
    gateway: Arc<Gateway>,
    conduct: Arc<Conduct>,
    stopping: &mut watch::Receiver<bool>,
) -> Option<Transport> {
    let limits = gateway.settings().limits;
    let may_rest = transport.may_rest();
    let head = HeadLimits {
        target: TARGET,
        bytes: limits.head,
        lines: limits.head_lines,
    };
    let stream = ClientStream::new(
        transport,
        Arc::clone(&conduct),
        Arc::clone(&gateway),
        Arc::clone(&client),
        Watch::new(head),
    );
    let address = client.address.clone();
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
    let mut connection = http
        // More than the watch lets pass, so that it has the say.
        .max_buf_size(head.most())
        // A client may close its sending side and still wait for the reply.
        .half_close(true)
        // As every older client has seen them: some compare with the case.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service);
    let soonest = limits.head_timeout.min(limits.idle_timeout).min(REST);
    let mut look = pin!(tokio::time::sleep(soonest));
    let mut is_stopping = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut connection => break ended,
            () = stopped(stopping), if !is_stopping => {
                is_stopping = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            () = look.as_mut() => {
                let again = match conduct.due(&limits) {
                    Due::LookAgain(_) if may_rest && !is_stopping && conduct.rests_for(REST) => {
                        let io = connection.into_parts().io;
                        return Some(io.into_inner().into_inner());
                    }
                    Due::LookAgain(after) if may_rest => after.min(conduct.rest_in(REST)),
                    Due::LookAgain(after) => after,
                    Due::SayLate => {
                        conduct.enter(Phase::Late);
                        LAST_WORDS
                    }
                    Due::Close => return None,
                };
                look.as_mut().reset(Instant::now() + again);
            }
        }
    };
    if let Err(error) = ended {
        // What could not be read as a request was refused, and has its line already.
        if matches!(conduct.phase(), Phase::Head | Phase::Busy) && !error.is_parse() {
            tracing::info!(client = address, %error, "a connection ended early");
        } else {
            tracing::debug!(client = address, %error, "a connection ended early");
        }
    }
    None
}

/// Waits until HTTP Proxy stops.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Where the sender is gone, HTTP Proxy is stopping too.
    let _ = stopping.wait_for(|stop| *stop).await;
}
