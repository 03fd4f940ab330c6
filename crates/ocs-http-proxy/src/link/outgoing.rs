//! What goes out to OCS: requests, and a heartbeat when there are none.

use std::pin::Pin;
use std::task::{Context, Poll};

use ocs_protocol::heartbeat::HEARTBEAT;
use ocs_protocol::outbound::client_message::Body;
use ocs_protocol::outbound::{ClientMessage, Heartbeat};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_stream::Stream;

/// The messages of a channel, and a heartbeat whenever one is due and none waits: it has
/// no place among them, so that it never waits for one.
pub(super) struct Outgoing {
    messages: mpsc::Receiver<ClientMessage>,
    heartbeat: Interval,
}

impl Outgoing {
    pub(super) fn new(messages: mpsc::Receiver<ClientMessage>) -> Self {
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            messages,
            heartbeat,
        }
    }
}

impl Stream for Outgoing {
    type Item = ClientMessage;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        match this.messages.poll_recv(context) {
            Poll::Pending => this.heartbeat.poll_tick(context).map(|_| {
                Some(ClientMessage {
                    body: Some(Body::Heartbeat(Heartbeat {})),
                    ..ClientMessage::default()
                })
            }),
            ready => ready,
        }
    }
}
