//! What goes out on a native session: answers, unsolicited events, and its end.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ocs_protocol::event::Value;
use ocs_protocol::outbound::server_message::Body;
use ocs_protocol::outbound::{Pair, Role, ServerMessage, UserEvent};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::Stream;
use tonic::Status;

use super::message_type;
use super::registry::Sent;
use super::session::Seat;
use crate::core::Core;
use crate::session::output::Output;

/// What goes out on a session.
pub(crate) struct Outgoing {
    pub(super) core: Core,
    pub(super) role: Role,
    pub(super) answers: mpsc::Receiver<Output>,
    /// Of a desktop.
    pub(super) events: Option<mpsc::Receiver<Sent>>,
    /// The status that it ends with, when it is ended from outside.
    pub(super) end: Option<oneshot::Receiver<Status>>,
    /// Why it ends, where a message could not be read; heard after the last answer.
    pub(super) fault: oneshot::Receiver<Status>,
    /// The answers that go out at present.
    pub(super) going: Option<Output>,
    /// What is left of an answer that is several events, and its number.
    pub(super) parts: (u64, std::vec::IntoIter<Pair>),
    pub(super) ended: bool,
    /// The session lasts as long as this does.
    pub(super) _seat: Arc<Seat>,
}

impl Outgoing {
    fn next_answer(&mut self) -> Option<ServerMessage> {
        let mut message = match self.next_part() {
            Some(part) => part,
            None => {
                let message = self.going.as_mut()?.next(&self.core)?;
                match self.begin_parts(message) {
                    Some(message) => message,
                    None => return self.next_answer(),
                }
            }
        };
        if self.role == Role::ThirdParty
            && let Some(Body::Event(event)) = &mut message.body
        {
            message_type::number_event(event);
        }
        Some(message)
    }

    /// An answer that is several events goes out as several messages, all with the
    /// number of the request (outbound-protocols.md, section 3).
    fn begin_parts(&mut self, message: ServerMessage) -> Option<ServerMessage> {
        match message.body {
            Some(Body::Event(event)) if event.array => {
                self.parts = (message.number, event.pairs.into_iter());
                None
            }
            _ => Some(message),
        }
    }

    fn next_part(&mut self) -> Option<ServerMessage> {
        let (number, parts) = &mut self.parts;
        loop {
            if let Some(Value::List(event)) = parts.next()?.value {
                return Some(ServerMessage {
                    number: *number,
                    body: Some(Body::Event(event)),
                });
            }
        }
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<UserEvent> {
        let Some(events) = &mut self.events else {
            return Poll::Pending;
        };
        match events.poll_recv(context) {
            Poll::Ready(Some(Sent { event, record })) => {
                if let Some(record) = record {
                    record.is_taken();
                }
                Poll::Ready(Arc::unwrap_or_clone(event))
            }
            Poll::Ready(None) => {
                self.events = None;
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Stream for Outgoing {
    type Item = Result<ServerMessage, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        if let Some(end) = &mut this.end
            && let Poll::Ready(end) = Pin::new(end).poll(context)
        {
            this.end = None;
            // Without one, it ends in order.
            if let Ok(status) = end {
                this.ended = true;
                return Poll::Ready(Some(Err(status)));
            }
        }
        loop {
            if let Some(message) = this.next_answer() {
                return Poll::Ready(Some(Ok(message)));
            }
            this.going = match this.answers.poll_recv(context) {
                Poll::Ready(Some(output)) => Some(output),
                // The last answer went out.
                Poll::Ready(None) => {
                    this.ended = true;
                    return Poll::Ready(this.fault.try_recv().ok().map(Err));
                }
                Poll::Pending => break,
            };
        }
        this.poll_event(context).map(|event| {
            Some(Ok(ServerMessage {
                number: 0,
                body: Some(Body::Event(event)),
            }))
        })
    }
}
