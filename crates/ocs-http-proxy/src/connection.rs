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
use tokio::time::Instant;

use crate::conduct::{Conduct, Due, LAST_WORDS, Phase};
use crate::gateway::{Client, Gateway};
use crate::stream::ClientStream;
use crate::tls::{Handshake, Shown, Transport};
use crate::word::{self, Hears};

/// The header lines that hyper takes where it is not told otherwise.
const HYPER_HEAD_LINES: usize = 100;

/// How long a connection keeps what hyper needs after a reply: most next requests come
/// sooner, or much later.
const REST: Duration = Duration::from_secs(5);

/// The same where hyper has to be told other limits of heads.
const SHORT_REST: Duration = Duration::from_millis(10);

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
    mut hears: Hears,
) {
    let limits = gateway.settings().limits;
    let Came { stream, tls, .. } = came;
    let mut client = Client::new(came.address, came.listener);
    let mut shown = None;
    let mut transport = if let Some(tls) = tls {
        let agreed = tokio::select! {
            biased;
            // Whoever has not asked for anything yet is owed nothing.
            () = word::stop(&mut hears) => None,
            agreed = tls.agree(stream, came.address, limits.head_timeout) => agreed,
        };
        let Some(agreed) = agreed else {
            return;
        };
        client.certificate_subject = agreed.subject;
        shown = agreed.shown;
        agreed.transport
    } else {
        Transport::Plain(stream)
    };
    let client = Arc::new(client);
    loop {
        let left = conduct.idle_left(gateway.settings().limits.idle_timeout);
        let something_came = tokio::select! {
            biased;
            stop = word::next(&mut hears) => {
                if stop || !is_trusted(shown.as_ref(), &gateway) {
                    return;
                }
                continue;
            }
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
            shown.as_ref(),
            gateway,
            conduct,
            &mut hears,
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
    shown: Option<&Shown>,
    gateway: Arc<Gateway>,
    conduct: Arc<Conduct>,
    hears: &mut Hears,
) -> Option<Transport> {
    let mut limits = gateway.settings().limits;
    let stream = ClientStream::new(
        transport,
        Arc::clone(&conduct),
        Arc::clone(&gateway),
        Arc::clone(&client),
    );
    let address = client.address.clone();
    let seen = Arc::clone(&conduct);
    let settings = Arc::clone(&gateway);
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
        .max_buf_size(limits.of_head().most())
        // A client may close its sending side and still wait for the reply.
        .half_close(true)
        // As every older client has seen them: some compare with the case.
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut rest = REST;
    let soonest = limits.head_timeout.min(limits.idle_timeout).min(rest);
    let mut look = pin!(tokio::time::sleep(soonest));
    let mut is_stopping = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut connection => break ended,
            stop = word::next(hears), if !is_stopping => {
                is_stopping = stop || !is_trusted(shown, &settings);
                if is_stopping {
                    Pin::new(&mut connection).graceful_shutdown();
                } else {
                    let others = settings.settings().limits;
                    if others.of_head() != limits.of_head() {
                        // hyper was told when it began, and has to begin anew.
                        rest = SHORT_REST;
                    }
                    limits = others;
                    look.as_mut().reset(Instant::now());
                }
            }
            () = look.as_mut() => {
                let again = match conduct.due(&limits) {
                    Due::LookAgain(_) if !is_stopping && conduct.rests_for(rest) => {
                        let io = connection.into_parts().io;
                        return Some(io.into_inner().into_inner());
                    }
                    Due::LookAgain(after) => after.min(conduct.rest_in(rest)),
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

/// Whether a client is who he was taken for: an authority may have been withdrawn that
/// vouched for him.
fn is_trusted(shown: Option<&Shown>, gateway: &Gateway) -> bool {
    shown.is_none_or(|shown| shown.is_trusted(&gateway.settings()))
}
