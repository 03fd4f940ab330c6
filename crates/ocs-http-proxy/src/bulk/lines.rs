//! The reply's lines on their way to the client.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::Frame;
use ocs_encoding::Encoding;
use ocs_protocol::wire::WireEvent;
use tokio::sync::mpsc;

use crate::conduct::{Conduct, Phase};
use crate::reply;

/// Pieces that may wait for the client to read them.
const WAITING: usize = 4;

/// The reply ends in the middle.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the reply was cut")]
pub(crate) struct Cut;

/// The reply's lines, as they come.
pub(crate) struct Lines {
    pieces: mpsc::Receiver<Result<Bytes, Cut>>,
    conduct: Option<Arc<Conduct>>,
}

/// Where the lines come from.
pub(super) type Sender = mpsc::Sender<Result<Bytes, Cut>>;

/// Lines, and where they come from.
pub(super) fn lines() -> (Sender, Lines) {
    let (sender, pieces) = mpsc::channel(WAITING);
    let lines = Lines {
        pieces,
        conduct: None,
    };
    (sender, lines)
}

impl Lines {
    /// With the end of these lines, the connection is idle.
    pub(crate) fn end_phase_of(&mut self, conduct: Arc<Conduct>) {
        self.conduct = Some(conduct);
    }

    /// The next piece.
    pub(crate) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        self.pieces
            .poll_recv(context)
            .map(|piece| Some(piece?.map(Frame::data)))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if let Some(conduct) = &self.conduct {
            conduct.enter(Phase::Idle);
        }
    }
}

/// Adds the line of an event.
pub(super) fn push(lines: &mut Vec<u8>, event: &WireEvent, encoding: Encoding) {
    let before = lines.len();
    if reply::append(event, encoding, lines).is_none() {
        tracing::error!("OCS sent an answer that is no user event");
        lines.truncate(before);
        // Its line is there all the same: lines are told apart by their place.
        lines.extend_from_slice(b"null");
    }
    lines.push(b'\n');
}
