//! Messages that came together.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use ocs_protocol::outbound::ClientMessage;
use prost::Message as _;
use tokio_stream::Stream as _;
use tonic::{Status, Streaming};

/// The most messages that are taken as one burst: far fewer than the store's queue
/// holds, so that a burst is refused only when it is full.
const MOST: usize = 256;

/// Messages that came together. What they ask for is handed on as one piece of work:
/// threads are woken, and the disk is waited for, once for all of them.
pub(crate) struct Burst {
    pub(crate) messages: Vec<ClientMessage>,
    /// Whether the stream ended behind them.
    pub(crate) last: bool,
    /// Why, where it did not end in order.
    pub(crate) fault: Option<Status>,
}

impl Burst {
    /// Waits for a message, and takes with it those that are here already.
    pub(crate) async fn receive(incoming: &mut Streaming<ClientMessage>) -> Self {
        Self::receive_at_most(incoming, MOST, usize::MAX).await
    }

    /// The same, of so many messages at most, and with no more after so many bytes.
    pub(crate) async fn receive_at_most(
        incoming: &mut Streaming<ClientMessage>,
        most: usize,
        most_bytes: usize,
    ) -> Self {
        let mut messages = Vec::new();
        let mut bytes = 0;
        let mut fault = None;
        let last = poll_fn(|context| {
            while messages.len() < most && bytes < most_bytes {
                match Pin::new(&mut *incoming).poll_next(context) {
                    Poll::Ready(Some(Ok(message))) => {
                        if most_bytes < usize::MAX {
                            bytes += message.encoded_len();
                        }
                        messages.push(message);
                    }
                    Poll::Ready(Some(Err(status))) => {
                        let reason = status.message();
                        tracing::debug!(reason, "a session ended early");
                        fault = Some(status);
                        return Poll::Ready(true);
                    }
                    Poll::Ready(None) => return Poll::Ready(true),
                    Poll::Pending if messages.is_empty() => return Poll::Pending,
                    Poll::Pending => break,
                }
            }
            Poll::Ready(false)
        })
        .await;
        Self {
            messages,
            last,
            fault,
        }
    }
}
