//! A client's stream, between the network and hyper.
//!
//! What a client sends is watched before hyper reads it (`watch`), and hyper never
//! sees what may not be read. It gets bytes in its place that it refuses by itself, in
//! their turn: after the replies to the requests before. The reply that it then makes
//! has an empty body and none of the configured headers, so ours goes out instead, as
//! it does where hyper refuses something of its own accord: no reply leaves without
//! headers and, on refusal, without the error body (ARCHITECTURE.md, invariant 11).
//!
//! hyper gets one message at a time, and the next one when the reply to it is out. Where
//! it refuses a head while a reply still waits for its client to read, it writes into the
//! middle of that reply.
//!
//! What hyper needs is there when a head is: a client that sends half of one costs its
//! bytes.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::conduct::{Conduct, Phase};
use crate::gateway::{Client, Gateway};
use crate::tls::Transport;
use crate::watch::{Fault, Stop, Watch};

/// What hyper refuses wherever in a head it comes: no head has a NUL, and this one ends.
const UNREADABLE: &[u8] = b"\0\r\n\r\n";

/// How long a client is heard that has not read yet why it was refused, and how much
/// of it: a connection that is closed on unread bytes is reset, and a reset takes away
/// what was sent before.
const LAST_HEARING: Duration = Duration::from_secs(2);
const LAST_BYTES: usize = 256 << 20;

/// Bytes of heads that are looked at together.
const PIECE: usize = 4_096;

/// A client's stream.
pub(crate) struct ClientStream {
    stream: Transport,
    conduct: Arc<Conduct>,
    gateway: Arc<Gateway>,
    client: Arc<Client>,
    watch: Watch,
    /// By which settings it watches.
    limited: u64,
    reading: Reading,
    /// A head that came before hyper was there to read it; the watch has seen it.
    head: Vec<u8>,
    /// What came behind the message that hyper has.
    behind: Bytes,
    /// Whether something of a reply is still to go out.
    is_writing: bool,
    /// Who waits for that to read on.
    reader: Option<Waker>,
    instead: Option<Instead>,
    leaving: Option<Leaving>,
}

/// What hyper gets to read.
enum Reading {
    /// What the client sends.
    On,
    /// What it refuses, for this reason.
    Refused(Refusal),
    /// That a body is broken.
    Broken,
    /// Nothing more; what it refused was refused for this reason.
    Ended(Option<Refusal>),
}

/// A reply of ours on its way out.
struct Instead {
    reply: Vec<u8>,
    sent: usize,
}

/// A client that is heard for the last time.
struct Leaving {
    /// Until when, where it has something left to send.
    until: Option<Pin<Box<Sleep>>>,
    heard: usize,
}

impl ClientStream {
    pub(crate) fn new(
        stream: Transport,
        conduct: Arc<Conduct>,
        gateway: Arc<Gateway>,
        client: Arc<Client>,
    ) -> Self {
        let limited = gateway.times_taken_up();
        let watch = Watch::new(gateway.settings().limits.of_head());
        Self {
            stream,
            conduct,
            gateway,
            client,
            watch,
            limited,
            reading: Reading::On,
            head: Vec::new(),
            behind: Bytes::new(),
            is_writing: false,
            reader: None,
            instead: None,
            leaving: None,
        }
    }

    /// Waits for all of a head, or for what has to be refused; false where the client has
    /// sent nothing and ends.
    pub(crate) fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut bytes = [MaybeUninit::<u8>::uninit(); PIECE];
        loop {
            let mut buffer = ReadBuf::uninit(&mut bytes);
            ready!(self.poll_bring(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                // hyper knows what to make of half a head.
                return Poll::Ready(Ok(!self.head.is_empty()));
            }
            let is_whole = self.see(&mut buffer, 0);
            self.head.extend_from_slice(buffer.filled());
            if matches!(self.reading, Reading::Refused(_)) {
                // hyper sees nothing of it.
                self.head = Vec::new();
            }
            let goes_on = matches!(self.reading, Reading::On);
            if is_whole || !goes_on || self.watch.is_in_body() {
                return Poll::Ready(Ok(true));
            }
        }
    }

    /// Has the watch look at what came in from `before` on, and leaves of it what may go
    /// on now. Says whether a message ends with it.
    fn see(&mut self, buffer: &mut ReadBuf<'_>, before: usize) -> bool {
        if self.watch.is_between() {
            let taken_up = self.gateway.times_taken_up();
            if self.limited != taken_up {
                self.limited = taken_up;
                self.watch.limit(self.gateway.settings().limits.of_head());
            }
        }
        self.conduct.settle(false);
        if self.conduct.phase() == Phase::Idle {
            self.conduct.enter(Phase::Head);
        }
        let whole = self.watch.whole();
        let seen = self.watch.see(&buffer.filled()[before..]);
        self.conduct.came(self.watch.whole() - whole);
        match seen {
            Ok(seen) => {
                if self.behind.is_empty() {
                    let rest = &buffer.filled()[before + seen..];
                    self.behind = Bytes::copy_from_slice(rest);
                } else {
                    self.behind.advance(seen);
                }
                buffer.set_filled(before + seen);
            }
            Err(Stop {
                before: good,
                fault,
            }) => {
                self.reading = match fault {
                    Fault::Chunk => Reading::Broken,
                    fault => Reading::Refused(fault.refusal()),
                };
                buffer.set_filled(before + good);
            }
        }
        self.watch.whole() > whole
    }

    /// Whether all that the client began to send was read.
    fn has_all(&self) -> bool {
        self.watch.is_between()
            && self.head.is_empty()
            && self.behind.is_empty()
            && matches!(self.reading, Reading::On)
    }

    /// Brings in what the client has sent. What came behind a message is shown first, and
    /// stays until it is seen.
    fn poll_bring(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.behind.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        // Not all of it for each of many small messages.
        let shown = self.behind.len().min(buffer.remaining()).min(PIECE);
        buffer.put_slice(&self.behind[..shown]);
        Poll::Ready(Ok(()))
    }

    /// Hyper's turn to read where the client's bytes are not for it.
    fn read_other(&mut self, buffer: &mut ReadBuf<'_>) -> io::Result<()> {
        match std::mem::replace(&mut self.reading, Reading::Ended(None)) {
            Reading::Refused(refusal) => {
                buffer.put_slice(&UNREADABLE[..UNREADABLE.len().min(buffer.remaining())]);
                self.reading = Reading::Ended(Some(refusal));
            }
            Reading::Broken => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "malformed chunks",
                ));
            }
            reading @ (Reading::On | Reading::Ended(_)) => self.reading = reading,
        }
        Ok(())
    }

    /// Sends the refusal that goes out in place of hyper's reply, whole.
    fn poll_refuse(
        &mut self,
        context: &mut Context<'_>,
        theirs: &[u8],
        refusal: fn() -> Refusal,
    ) -> Poll<io::Result<()>> {
        let instead = match &mut self.instead {
            Some(instead) => instead,
            none => {
                let refusal = match &mut self.reading {
                    Reading::Ended(known) => known.take().unwrap_or_else(refusal),
                    _ => refusal(),
                };
                let reply = self
                    .gateway
                    .refuse_unread(&self.client, refusal, date(theirs));
                none.insert(Instead { reply, sent: 0 })
            }
        };
        while instead.sent < instead.reply.len() {
            let rest = &instead.reply[instead.sent..];
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            instead.sent += sent;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads what a client sends on that hears no more replies, for a moment.
    fn poll_last(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [MaybeUninit::<u8>::uninit(); 16_384];
        loop {
            let mut buffer = ReadBuf::uninit(&mut bytes);
            let read = Pin::new(&mut self.stream).poll_read(context, &mut buffer);
            let is_whole = self.has_all();
            let Some(leaving) = &mut self.leaving else {
                return Poll::Ready(());
            };
            match (read, buffer.filled().len()) {
                (Poll::Ready(Ok(())), 1..) if leaving.heard < LAST_BYTES => {
                    leaving.heard += buffer.filled().len();
                }
                (Poll::Ready(_), _) => return Poll::Ready(()),
                // Everything that it began to send was read.
                (Poll::Pending, _) if is_whole && leaving.heard == 0 => return Poll::Ready(()),
                (Poll::Pending, _) => {
                    let until = leaving
                        .until
                        .get_or_insert_with(|| Box::pin(tokio::time::sleep(LAST_HEARING)));
                    return until.as_mut().poll(context);
                }
            }
        }
    }
}

/// The refusal in place of a reply that hyper makes by itself: one of three
/// statuses, without a body. A reply of ours always has one.
fn refusal_instead(bytes: &[u8]) -> Option<fn() -> Refusal> {
    let rest = bytes
        .strip_prefix(b"HTTP/1.")?
        .get(1..)?
        .strip_prefix(b" 4")?;
    let refusal: fn() -> Refusal = match rest.get(..2)? {
        b"00" => malformed,
        b"14" => target_too_long,
        b"31" => head_too_large,
        _ => return None,
    };
    header(bytes, "content-length")
        .is_some_and(|length| length == "0")
        .then_some(refusal)
}

/// The date that hyper gave its reply.
fn date(bytes: &[u8]) -> Option<&str> {
    header(bytes, "date")
}

/// A header of a reply that hyper made by itself.
fn header<'a>(bytes: &'a [u8], name: &str) -> Option<&'a str> {
    let head = std::str::from_utf8(bytes).ok()?;
    let mut fields = head.split("\r\n").filter_map(|line| line.split_once(": "));
    fields
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn malformed() -> Refusal {
    Refusal::new(
        ErrorNumber::MalformedRequest,
        "the request's line or headers are not HTTP/1.1; check them for missing parts, spaces \
         before a colon, and characters that may not be there",
    )
}

fn target_too_long() -> Refusal {
    Fault::TargetTooLong(crate::gateway::TARGET).refusal()
}

fn head_too_large() -> Refusal {
    Refusal::new(
        ErrorNumber::HeadTooLarge,
        "the request has too many or too long header lines; the limits are the options \
         http-header-lines and http-header-bytes",
    )
}

fn too_slow() -> Refusal {
    Refusal::new(
        ErrorNumber::TooSlow,
        "the request's headers did not arrive in time; the limit is the option http-header-timeout",
    )
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if matches!(this.reading, Reading::On) && this.conduct.phase() == Phase::Late {
            this.reading = Reading::Refused(too_slow());
            this.head = Vec::new();
        }
        if !this.head.is_empty() {
            let read = this.head.len().min(buffer.remaining());
            buffer.put_slice(&this.head[..read]);
            this.head.drain(..read);
            if this.head.is_empty() {
                this.head = Vec::new();
            }
            return Poll::Ready(Ok(()));
        }
        if !matches!(this.reading, Reading::On) {
            return Poll::Ready(this.read_other(buffer));
        }
        if this.is_writing && this.watch.is_between() {
            // The next message begins when the reply before it is out.
            this.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        ready!(this.poll_bring(context, buffer))?;
        if buffer.filled().len() == before {
            return Poll::Ready(Ok(()));
        }
        this.see(buffer, before);
        if buffer.filled().len() == before {
            // It stops here; nothing read would mean the end.
            return Poll::Ready(this.read_other(buffer));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.conduct.settle(false);
        self.is_writing = true;
        if let Some(refusal) = refusal_instead(bytes) {
            ready!(self.poll_refuse(context, bytes, refusal))?;
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.conduct.settle(false);
        self.is_writing = true;
        // A reply with a body has several slices; hyper's own is one alone.
        if let [only] = slices
            && let Some(refusal) = refusal_instead(only)
        {
            ready!(self.poll_refuse(context, only, refusal))?;
            return Poll::Ready(Ok(only.len()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes when it has nothing left to write.
        self.conduct.settle(self.has_all());
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.is_writing = false;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.leaving.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            this.leaving = Some(Leaving {
                until: None,
                heard: 0,
            });
        }
        this.poll_last(context).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_replies_of_hyper_are_replaced() {
        let long = "HTTP/1.1 431 Request Header Fields Too Large\r\n";
        for (reply, status) in [
            (
                "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                Some(1012),
            ),
            (
                "HTTP/1.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
                Some(1012),
            ),
            (
                &format!("{long}content-length: 0\r\ndate: x\r\n\r\n"),
                Some(1019),
            ),
            (
                "HTTP/1.1 414 URI Too Long\r\nContent-Length: 0\r\n\r\n",
                Some(1018),
            ),
            (
                "HTTP/1.1 400 Bad Request\r\nContent-Length: 70\r\n\r\n",
                None,
            ),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", None),
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", None),
            ("", None),
        ] {
            let found = refusal_instead(reply.as_bytes()).map(|refusal| refusal().number.number());
            assert_eq!(found, status, "{reply:?}");
        }
        let reply = b"HTTP/1.1 400 Bad Request\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n";
        assert_eq!(date(reply), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    }
}
