//! A stream of its own for one AddRecords.

use hyper::http::uri::PathAndQuery;
use ocs_protocol::MAX_MESSAGE;
use ocs_protocol::outbound::{BulkMessage, BulkStart};
use ocs_protocol::refusal::Refusal;
use ocs_protocol::wire::{WireBulkOutcome, WireEvent};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::{IntoStreamingRequest as _, Streaming};
use tonic_prost::ProstCodec;

use super::{Link, unknown};
use crate::settings::Limits;

/// Messages that may wait to be written to the stream; credits say how many there are.
const OUTGOING: usize = 4;

/// A stream that OCS has taken.
pub(crate) struct Bulk {
    pub(crate) outgoing: mpsc::Sender<BulkMessage>,
    pub(crate) incoming: Streaming<WireBulkOutcome>,
    /// Messages with items that may be sent.
    pub(crate) credits: u32,
}

impl Link {
    /// Begins an AddRecords; the inner error is OCS's own refusal.
    ///
    /// # Errors
    /// OCS is not heard, or the connection to it is lost.
    pub(crate) async fn add_records(
        &self,
        start: BulkStart,
        limits: &Limits,
    ) -> Result<Result<Bulk, WireEvent>, Refusal> {
        self.check_heard(limits)?;
        let lost = || unknown("the connection to OCS was lost");
        let (outgoing, messages) = mpsc::channel(OUTGOING);
        let first = BulkMessage {
            start: Some(start),
            ..BulkMessage::default()
        };
        // The channel was made a line ago and has room.
        let _ = outgoing.try_send(first);
        let mut client = Grpc::new(self.channel.clone())
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE);
        client.ready().await.map_err(|_| lost())?;
        // The generated client would take every answer apart.
        let codec = ProstCodec::<BulkMessage, WireBulkOutcome>::default();
        let path = PathAndQuery::from_static("/ocs.outbound.v1.Outbound/AddRecords");
        let request = ReceiverStream::new(messages).into_streaming_request();
        let begun = client.streaming(request, path, codec).await;
        let mut incoming = begun.map_err(|_| lost())?.into_inner();
        match incoming.message().await {
            Ok(Some(WireBulkOutcome {
                refused: Some(refused),
                ..
            })) => Ok(Err(WireEvent::new(refused))),
            Ok(Some(WireBulkOutcome { credits, .. })) => Ok(Ok(Bulk {
                outgoing,
                incoming,
                credits,
            })),
            Ok(None) | Err(_) => Err(lost()),
        }
    }
}
