//! A client's stream, between the network and hyper.
//!
//! hyper answers what it cannot parse by itself, with an empty body and none of the
//! configured headers. Here such a reply is recognised as it goes out, and ours
//! goes out in its place: no reply leaves without headers and, on refusal, without
//! the error body (ARCHITECTURE.md, invariant 11).

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::conduct::{Conduct, Phase};
use crate::gateway::{Client, Gateway};
use crate::tls::Transport;

/// A client's stream.
pub(crate) struct ClientStream {
    stream: Transport,
    conduct: Arc<Conduct>,
    gateway: Arc<Gateway>,
    client: Arc<Client>,
    instead: Option<Instead>,
}

/// A reply of ours on its way out.
struct Instead {
    reply: Vec<u8>,
    sent: usize,
}

impl ClientStream {
    pub(crate) fn new(
        stream: Transport,
        conduct: Arc<Conduct>,
        gateway: Arc<Gateway>,
        client: Arc<Client>,
    ) -> Self {
        Self {
            stream,
            conduct,
            gateway,
            client,
            instead: None,
        }
    }

    /// Sends a refusal that no service was asked for, whole.
    fn poll_refuse(
        &mut self,
        context: &mut Context<'_>,
        refusal: impl FnOnce() -> Refusal,
    ) -> Poll<io::Result<()>> {
        let instead = self.instead.get_or_insert_with(|| {
            let reply = self.gateway.refuse_unread(&self.client, refusal());
            Instead { reply, sent: 0 }
        });
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
}

/// The refusal in place of a reply that hyper makes by itself: one of three
/// statuses, without a body. A reply of ours always has one.
fn refusal_instead(bytes: &[u8]) -> Option<fn() -> Refusal> {
    let rest = bytes.strip_prefix(b"HTTP/1.1 4")?;
    let refusal: fn() -> Refusal = match rest.get(..2)? {
        b"00" => malformed,
        b"14" => target_too_long,
        b"31" => head_too_large,
        _ => return None,
    };
    let head = std::str::from_utf8(bytes).ok()?;
    head.to_ascii_lowercase()
        .contains("\r\ncontent-length: 0\r\n")
        .then_some(refusal)
}

fn malformed() -> Refusal {
    Refusal::new(
        ErrorNumber::MalformedRequest,
        "the request's line or headers are not HTTP/1.1; check them for missing parts, spaces \
         before a colon, and characters that may not be there",
    )
}

fn target_too_long() -> Refusal {
    Refusal::new(
        ErrorNumber::TargetTooLong,
        "the URI is far over the limit of 8192 bytes; send attributes in the body",
    )
}

fn head_too_large() -> Refusal {
    Refusal::new(
        ErrorNumber::HeadTooLarge,
        "the request has too many or too long header lines; the limits are the options \
         http-header-lines and http-header-bytes",
    )
}

pub(crate) fn too_slow() -> Refusal {
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
        if self.conduct.phase() == Phase::Late {
            // The last words, then the end.
            return self.poll_refuse(context, too_slow);
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before && self.conduct.phase() == Phase::Idle {
            self.conduct.enter(Phase::Head);
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
        if let Some(refusal) = refusal_instead(bytes) {
            ready!(self.poll_refuse(context, refusal))?;
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // A reply with a body has several slices; hyper's own is one alone.
        if let [only] = slices
            && let Some(refusal) = refusal_instead(only)
        {
            ready!(self.poll_refuse(context, refusal))?;
            return Poll::Ready(Ok(only.len()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
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
    }
}
