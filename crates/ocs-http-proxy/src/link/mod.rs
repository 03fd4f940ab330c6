//! The client end of the outbound protocol: one stream to OCS, on which requests
//! are pipelined and answered in any order.

mod bulk;
mod connect;
mod pending;

use std::sync::Arc;
use std::time::Duration;

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::client_message::Body;
use ocs_protocol::outbound::{ClientMessage, Listener, Listening};
use ocs_protocol::refusal::Refusal;
use ocs_protocol::wire::WireEvent;
use tokio::sync::mpsc;
use tonic::transport::Channel;

pub(crate) use bulk::Bulk;
pub(crate) use connect::{Linked, Order, connect};
use pending::{Pending, Unanswered};

/// How often it is looked whether a request has waited for too long.
const LOOK: Duration = Duration::from_millis(100);

/// A handle to the stream.
#[derive(Clone)]
pub(crate) struct Link {
    outgoing: mpsc::Sender<ClientMessage>,
    pending: Arc<Pending>,
    /// What the stream is on; requests of many records have streams of their own.
    channel: Channel,
}

impl Link {
    /// Sends a request, which gets its number here, and waits for its answer.
    ///
    /// # Errors
    /// Too many requests wait already (nothing was sent), OCS is gone, or it did
    /// not answer in time; in the latter cases the outcome is unknown.
    pub(crate) async fn ask(
        &self,
        mut request: ClientMessage,
        in_flight: usize,
    ) -> Result<WireEvent, Refusal> {
        let Some((ticket, answer)) = self.pending.expect(in_flight) else {
            return Err(Refusal::new(
                ErrorNumber::Overloaded,
                "too many requests wait for OCS, so this one was not taken; try again in a moment",
            ));
        };
        request.number = ticket.number();
        if self.outgoing.send(request).await.is_err() {
            return Err(unknown("the connection to OCS was lost"));
        }
        match answer.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Unanswered::InTime)) => Err(unknown("OCS did not answer in time")),
            Ok(Err(Unanswered::AtAll)) | Err(_) => Err(unknown("the connection to OCS was lost")),
        }
    }

    /// Ends the waiting of requests that have waited for longer than `patience`,
    /// from now on.
    pub(crate) fn expire_after(&self, patience: Duration) {
        let pending = Arc::clone(&self.pending);
        tokio::spawn(async move {
            let mut look = tokio::time::interval(LOOK);
            loop {
                look.tick().await;
                pending.expire(patience);
            }
        });
    }

    /// Tells OCS that all ports are open.
    pub(crate) async fn listening(&self, listeners: Vec<Listener>) {
        self.tell(Body::Listening(Listening { listeners })).await;
    }

    /// Tells OCS why HTTP Proxy ends, and waits until that has been sent.
    pub(crate) async fn failed(&self, reason: String) {
        self.tell(Body::Failed(reason)).await;
        // OCS answers by closing its end; without an answer the exit status tells.
        let closed = self.outgoing.closed();
        let _ = tokio::time::timeout(Duration::from_secs(1), closed).await;
    }

    async fn tell(&self, body: Body) {
        // Where OCS is gone, the end of the stream is what counts.
        let _ = self
            .outgoing
            .send(ClientMessage {
                number: 0,
                body: Some(body),
                ..ClientMessage::default()
            })
            .await;
    }
}

pub(crate) fn unknown(what: &str) -> Refusal {
    Refusal::new(
        ErrorNumber::NoAnswer,
        format!(
            "{what}, so it is unknown whether the change was made; read the record or the \
             calling list before sending it again"
        ),
    )
}
