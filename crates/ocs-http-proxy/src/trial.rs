//! What reads the bytes of others, laid open to the fuzz targets (fuzz/) and to the test
//! over their corpus. The product calls none of it. Each function panics at a fault.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use ocs_encoding::Encoding;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::wire::WireEvent;
use prost::Message as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::route::{Ask, Routes, Target};
use crate::watch::{HeadLimits, Stop, Watch};
use crate::{authority, body, gateway, idempotency, reply};

/// A client's bytes: what the watch takes for one message is one to hyper too, or is
/// refused by it; what it takes for none is none. The first byte says in which pieces
/// they come.
pub fn watch(input: &[u8]) {
    let Some((piece, stream)) = input.split_first() else {
        return;
    };
    let limits = HeadLimits {
        target: 1_000,
        bytes: 2_000,
        lines: 20,
    };
    let mut watch = Watch::new(limits);
    let (mut begin, mut stopped) = (0, None);
    for (at, byte) in stream.iter().enumerate() {
        let whole = watch.whole();
        if let Err(stop) = watch.see(std::slice::from_ref(byte)) {
            stopped = Some(stop.fault);
            break;
        }
        if watch.whole() > whole {
            let message = &stream[begin..=at];
            let read = by_hyper(message);
            let is_one = read.begun == 1 && read.whole + read.refused == 1;
            assert!(
                is_one || read.begun == 0,
                "{read:?}: {}",
                message.escape_ascii()
            );
            begin = at + 1;
        } else if stopped.is_none() && at + 1 == stream.len() {
            let rest = &stream[begin..];
            assert_eq!(by_hyper(rest).whole, 0, "{}", rest.escape_ascii());
        }
    }
    let mut in_pieces = Watch::new(limits);
    let mut pieces = stream.chunks(usize::from(*piece) + 1);
    let fault = pieces
        .find_map(|piece| see_all(&mut in_pieces, piece).err())
        .map(|stop| stop.fault);
    assert_eq!(
        (in_pieces.whole(), fault),
        (watch.whole(), stopped),
        "{}",
        stream.escape_ascii()
    );
}

/// Sees all of a piece, message by message.
fn see_all(watch: &mut Watch, mut piece: &[u8]) -> Result<(), Stop> {
    while !piece.is_empty() {
        piece = &piece[watch.see(piece)?..];
    }
    Ok(())
}

/// What hyper made of bytes.
#[derive(Debug, Default)]
struct Read {
    /// Requests whose head it took.
    begun: usize,
    /// Requests of which it had all, with nothing behind them.
    whole: usize,
    /// Requests whose body it refused.
    refused: usize,
}

fn by_hyper(stream: &[u8]) -> Read {
    let [begun, whole, refused] = [const { AtomicUsize::new(0) }; 3];
    let service = service_fn(async |request: Request<Incoming>| {
        begun.fetch_add(1, Ordering::Relaxed);
        match request.into_body().collect().await {
            Ok(_) => whole.fetch_add(1, Ordering::Relaxed),
            Err(error) if body::is_malformed(&error) => refused.fetch_add(1, Ordering::Relaxed),
            Err(_) => 0,
        };
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    let connection = http1::Builder::new()
        .half_close(true)
        .serve_connection(TokioIo::new(Sent(stream)), service);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let ended = runtime.map(|runtime| runtime.block_on(connection));
    let mut read = Read {
        begun: begun.into_inner(),
        whole: whole.into_inner(),
        refused: refused.into_inner(),
    };
    if !matches!(ended, Ok(Ok(()))) && read.begun > 0 {
        read.whole = 0;
    }
    read
}

/// A connection that sends these bytes, then ends; who listens to it is not heard.
struct Sent<'a>(&'a [u8]);

impl AsyncRead for Sent<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (now, later) = self.0.split_at(self.0.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.0 = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Sent<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A request whose head was read: a line each of method, target, Host, Content-Type,
/// Idempotency-Key, then the body.
pub fn request(input: &[u8]) {
    let mut lines = input.splitn(6, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (method, target) = (Method::from_bytes(line()), line().to_vec());
    let mut head = Request::builder().uri(target);
    if let Ok(method) = method {
        head = head.method(method);
    }
    for name in ["Host", "Content-Type", idempotency::HEADER] {
        if let Ok(value) = HeaderValue::from_bytes(line()) {
            head = head.header(name, value);
        }
    }
    let bytes = line();
    let Ok((head, ())) = head.body(()).map(Request::into_parts) else {
        return;
    };
    // Whatever is refused, it is refused with a sentence.
    let _ = authority::check(&head);
    let _ = idempotency::key(&head.headers);
    let pairs = body::read(&head.headers, bytes, Encoding::UTF_8).unwrap_or_default();
    let Ok(target) = Target::read(&head.uri, "Environment") else {
        return;
    };
    let Ok(routes) = Routes::find(&head.method, &target) else {
        return;
    };
    let req = target.req().unwrap_or_default();
    let Ok(route) = routes.named(req) else {
        return;
    };
    let _ = Target::pairs(&head.uri, route.query);
    if let Ask::Ocs(request) = route.ask {
        let (event, _) = gateway::to_event(route, request.name(), &target, pairs);
        if let Ok(event) = event {
            assert!(
                reply::json(&WireEvent::from(&event), Encoding::UTF_8).is_some(),
                "{event:?}"
            );
        }
    }
}

/// A user event as it came over the wire, on its way to JSON.
pub fn event(input: &[u8]) {
    let wire = WireEvent::new(Bytes::copy_from_slice(input));
    let _ = (wire.name(), wire.integer("GSW_ERROR_NUMBER"));
    let _ = reply::json(&wire, Encoding::UTF_8).map(|json| is_json(&json));
    // What is one to the generated code is one in place too, and the same.
    if let Ok(event) = UserEvent::decode(input) {
        let json = reply::json(&WireEvent::from(&event), Encoding::UTF_8);
        assert!(json.is_some_and(|json| is_json(&json)), "{event:?}");
    }
}

fn is_json(json: &[u8]) -> bool {
    // Depth is what serde_json refuses; events are not deep.
    match serde_json::from_slice::<serde::de::IgnoredAny>(json) {
        Ok(_) => true,
        Err(error) => error.to_string().contains("recursion limit"),
    }
}
