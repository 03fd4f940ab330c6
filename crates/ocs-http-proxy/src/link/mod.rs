//! The client end of the outbound protocol: one stream to OCS, on which requests
//! are pipelined and answered in any order.

mod bulk;
mod connect;
mod outgoing;
mod pending;

use std::sync::Arc;
use std::time::Duration;

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::heartbeat::{SILENCE, Silence};
use ocs_protocol::outbound::client_message::Body;
use ocs_protocol::outbound::{ClientMessage, Listener, Listening};
use ocs_protocol::refusal::Refusal;
use ocs_protocol::wire::WireEvent;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tonic::transport::Channel;

pub(crate) use bulk::Bulk;
pub(crate) use connect::{Linked, Order, connect};
use pending::{NoPlace, Pending, Unanswered};

use crate::settings::Limits;

/// How often it is looked whether a request has waited for too long, and whether OCS is
/// heard.
const LOOK: Duration = Duration::from_millis(100);

/// A handle to the stream.
#[derive(Clone)]
pub(crate) struct Link {
    outgoing: mpsc::Sender<ClientMessage>,
    pending: Arc<Pending>,
    /// OCS's.
    silence: Arc<Silence>,
    /// What the stream is on; requests of many records have streams of their own.
    channel: Channel,
}

impl Link {
    /// Sends a request, which gets its number here, and waits for its answer.
    ///
    /// # Errors
    /// OCS is not heard or too many requests wait already (nothing was sent), OCS is
    /// gone, or it did not answer in time; in the latter cases the outcome is unknown.
    pub(crate) async fn ask(
        &self,
        mut request: ClientMessage,
        limits: &Limits,
    ) -> Result<WireEvent, Refusal> {
        self.check_heard(limits)?;
        let (ticket, answer) =
            self.pending
                .expect(limits.in_flight)
                .map_err(|no_place| match no_place {
                    NoPlace::Full => Refusal::new(
                        ErrorNumber::Overloaded,
                        "too many requests wait for OCS, so this one was not taken; try again in \
                         a moment",
                    ),
                    NoPlace::Closed => not_serving("the connection to OCS was lost"),
                })?;
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

    /// Nothing is asked of an OCS that has been silent for the lease time.
    fn check_heard(&self, limits: &Limits) -> Result<(), Refusal> {
        if self.silence.lasts(LOOK) < limits.lease {
            return Ok(());
        }
        Err(not_serving(&format!(
            "OCS has not been heard for {:?}",
            limits.lease
        )))
    }

    /// Ends the waiting of requests that have waited for too long, and listens whether
    /// OCS lives, until it has been silent for so long that nothing is to be expected of
    /// it: whoever waits then hears so.
    pub(crate) async fn watch(self, limits: impl Fn() -> Limits) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_silent = false;
        loop {
            look.tick().await;
            let limits = limits();
            self.pending.expire(limits.reply_timeout);
            let silence = self.silence.look(LOOK);
            if silence >= SILENCE {
                break;
            }
            if is_silent != (silence >= limits.lease) {
                is_silent = !is_silent;
                if is_silent {
                    tracing::error!(
                        "OCS has not been heard for {silence:?}: requests are answered 503"
                    );
                } else {
                    tracing::info!("OCS is heard again");
                }
            }
        }
        self.pending.close();
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

/// The refusal of what was not sent to OCS.
fn not_serving(what: &str) -> Refusal {
    Refusal::new(
        ErrorNumber::NotServing,
        format!("{what}, so this request was not taken; try again in a moment"),
    )
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
