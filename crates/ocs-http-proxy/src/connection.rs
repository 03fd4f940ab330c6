//! One client's connection.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{CONNECTION, HeaderValue};
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

/// How long a connection keeps what hyper needs after a reply, where hyper has to be told
/// other limits of heads.
const SHORTEST_REST: Duration = Duration::from_millis(10);

/// How long a connection on which nothing is asked stays after the word to stop. Who just
/// asks on it is answered, and told that it was the last time, instead of finding it closed
/// under his request.
const FAREWELL: Duration = Duration::from_millis(200);

/// A connection as it has come in.
pub(crate) struct Came {
    pub(crate) stream: TcpStream,
    /// On a secured port.
    pub(crate) tls: Option<Handshake>,
    pub(crate) address: SocketAddr,
    /// The port, as an index into the settings.
    pub(crate) listener: u32,
}

/// Serves one connection until it ends; after the word to stop, until one more request
/// is answered, for which it waits a moment. On a secured port TLS is agreed on first.
///
/// What hyper needs is there while a request is: ten thousand connections that say
/// nothing, half of something, or nothing more, cost next to nothing.
pub(crate) async fn serve(
    came: Came,
    gateway: Arc<Gateway>,
    conduct: Arc<Conduct>,
    mut hears: Hears,
) {
    let mut client = Client::new(came.address, came.listener);
    let mut shown = None;
    let transport = if let Some(tls) = came.tls {
        let within = gateway.settings().limits.head_timeout;
        // Boxed by itself, as `talk` is: as a part of this future, its place would be kept.
        let agreeing = Box::pin(tls.agree(came.stream, came.address, within));
        let agreed = tokio::select! {
            biased;
            // Whoever has not asked for anything by then is owed nothing.
            () = farewell(&mut hears) => None,
            agreed = agreeing => agreed,
        };
        let Some(agreed) = agreed else {
            return;
        };
        if hears.borrow().stop {
            // It was heard above.
            hears.mark_changed();
        }
        client.certificate_subject = agreed.subject;
        shown = agreed.shown;
        agreed.transport
    } else {
        Transport::Plain(came.stream)
    };
    let client = Arc::new(client);
    let mut stream = ClientStream::new(
        transport,
        Arc::clone(&conduct),
        Arc::clone(&gateway),
        Arc::clone(&client),
    );
    let mut leaves = None;
    loop {
        match conduct.due(&gateway.settings().limits) {
            Due::LookAgain(after) => {
                let after = match leaves.map(|at: Instant| at.duration_since(Instant::now())) {
                    Some(left) if !left.is_zero() => after.min(left),
                    Some(_) if conduct.phase() != Phase::Head => return,
                    _ => after,
                };
                let head = std::future::poll_fn(|context| stream.poll_head(context));
                let head = tokio::select! {
                    biased;
                    stop = word::next(&mut hears), if leaves.is_none() => {
                        leaves = leave(stop, shown.as_ref(), &gateway, &conduct);
                        continue;
                    }
                    head = tokio::time::timeout(after, head) => head,
                };
                match head {
                    Ok(Ok(true)) => {}
                    Ok(Ok(false)) => return,
                    Ok(Err(error)) => return ended_early(&client, &conduct, &error),
                    // It may be too late by now.
                    Err(_) => continue,
                }
            }
            // hyper says so.
            Due::SayLate => conduct.enter(Phase::Late),
            Due::Close => return,
        }
        let (client, gateway) = (Arc::clone(&client), Arc::clone(&gateway));
        let conduct = Arc::clone(&conduct);
        let hears = (&mut hears, &mut leaves);
        let talk = talk(stream, client, shown.as_ref(), gateway, conduct, hears);
        match Box::pin(talk).await {
            Some(resting) => stream = resting,
            None => return,
        }
    }
}

/// Serves requests until the connection ends, or rests: then it is handed back.
async fn talk(
    stream: ClientStream,
    client: Arc<Client>,
    shown: Option<&Shown>,
    gateway: Arc<Gateway>,
    conduct: Arc<Conduct>,
    (hears, leaves): (&mut Hears, &mut Option<Instant>),
) -> Option<ClientStream> {
    let mut limits = gateway.settings().limits;
    let _talking = gateway.talks();
    let of_log = Arc::clone(&client);
    let seen = Arc::clone(&conduct);
    let settings = Arc::clone(&gateway);
    let service = service_fn(move |request| {
        let (gateway, client) = (Arc::clone(&gateway), Arc::clone(&client));
        let conduct = Arc::clone(&seen);
        async move {
            conduct.enter(Phase::Busy);
            let mut reply = gateway.handle(&client, request).await;
            if conduct.is_leaving() {
                let close = HeaderValue::from_static("close");
                reply.headers_mut().insert(CONNECTION, close);
            }
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
    let mut rest = settings.rest();
    let soonest = match leaves {
        Some(_) => FAREWELL,
        None => limits.head_timeout.min(limits.idle_timeout).min(rest),
    };
    let mut look = pin!(tokio::time::sleep(soonest));
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut connection => break ended,
            stop = word::next(hears), if leaves.is_none() => {
                *leaves = leave(stop, shown, &settings, &conduct);
                if leaves.is_none() {
                    let others = settings.settings().limits;
                    if others.of_head() != limits.of_head() {
                        // hyper was told when it began, and has to begin anew.
                        rest = SHORTEST_REST;
                    }
                    limits = others;
                }
                look.as_mut().reset(Instant::now());
            }
            () = look.as_mut() => {
                let asks = conduct.phase() != Phase::Idle || conduct.is_answering();
                if !asks && leaves.is_some_and(|at| at <= Instant::now()) {
                    Pin::new(&mut connection).graceful_shutdown();
                }
                let again = match conduct.due(&limits) {
                    Due::LookAgain(_) if leaves.is_none() && conduct.rests_for(rest) => {
                        let io = connection.into_parts().io;
                        return Some(io.into_inner());
                    }
                    Due::LookAgain(after) if leaves.is_some() => after.min(FAREWELL),
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
        if error.is_parse() {
            tracing::debug!(client = of_log.address, %error, "a connection ended early");
        } else {
            ended_early(&of_log, &conduct, &error);
        }
    }
    None
}

/// What a word means for a connection: when it ends if nothing is asked on it, or that it
/// stays.
fn leave(
    stop: bool,
    shown: Option<&Shown>,
    gateway: &Gateway,
    conduct: &Conduct,
) -> Option<Instant> {
    let trusted = is_trusted(shown, gateway);
    if !stop && trusted {
        return None;
    }
    conduct.leave();
    let farewell = if trusted { FAREWELL } else { Duration::ZERO };
    Some(Instant::now() + farewell)
}

/// Waits until a connection ends after the word to stop.
async fn farewell(hears: &mut Hears) {
    word::stop(hears).await;
    tokio::time::sleep(FAREWELL).await;
}

fn ended_early(client: &Client, conduct: &Conduct, error: &dyn Error) {
    if matches!(conduct.phase(), Phase::Head | Phase::Busy) {
        tracing::info!(client = client.address, %error, "a connection ended early");
    } else {
        tracing::debug!(client = client.address, %error, "a connection ended early");
    }
}

/// Whether a client is who he was taken for: an authority may have been withdrawn that
/// vouched for him.
fn is_trusted(shown: Option<&Shown>, gateway: &Gateway) -> bool {
    shown.is_none_or(|shown| shown.is_trusted(&gateway.settings()))
}
