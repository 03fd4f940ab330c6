//! A body as it comes: within its limits, inflated, and read ahead where the client
//! does not read its reply.

use std::collections::VecDeque;
use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use ocs_protocol::refusal::Refusal;

use crate::body::{self, malformed};

/// Bytes that are inflated at once: they become a thousand times as many at most.
const AT_ONCE: usize = 1_024;

/// Bytes that are read ahead at most.
const AHEAD: usize = 64 << 20;

/// A body as it comes.
pub(super) struct Source {
    body: Incoming,
    inflate: Option<MultiGzDecoder<Vec<u8>>>,
    /// What was read and is not inflated yet.
    deflated: Bytes,
    ahead: VecDeque<Bytes>,
    bytes_ahead: usize,
    /// Why nothing comes after what was read ahead.
    fault: Option<Refusal>,
    ended: bool,
    /// Bytes that came, as they were sent.
    pub(super) received: u64,
    /// Bytes that came, inflated.
    inflated: u64,
    limit: u64,
    patience: Duration,
}

impl Source {
    pub(super) fn new(body: Incoming, gzip: bool, limit: u64, patience: Duration) -> Self {
        Self {
            body,
            inflate: gzip.then(|| MultiGzDecoder::new(Vec::new())),
            deflated: Bytes::new(),
            ahead: VecDeque::new(),
            bytes_ahead: 0,
            fault: None,
            ended: false,
            received: 0,
            inflated: 0,
            limit,
            patience,
        }
    }

    /// The most bytes that the body may have.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Whether the client says that it will send too much.
    pub(super) fn is_too_large(&self) -> bool {
        self.body.size_hint().lower() > self.limit
    }

    /// The next piece of the body; `None` after the last. Nothing is lost when the
    /// waiting for it is given up.
    ///
    /// # Errors
    /// It is over the limit, does not arrive in time, is cut short, or is not gzip.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            if !self.deflated.is_empty() {
                if let Some(piece) = self.inflate()? {
                    return Ok(Some(piece));
                }
                continue;
            }
            let piece = match self.ahead.pop_front() {
                Some(piece) => {
                    self.bytes_ahead -= piece.len();
                    piece
                }
                None => {
                    if let Some(fault) = self.fault.take() {
                        return Err(fault);
                    }
                    let read = tokio::time::timeout(self.patience, self.read()).await;
                    match read.map_err(|_| body::too_slow(self.patience))?? {
                        Some(piece) => piece,
                        None => return self.end(),
                    }
                }
            };
            if self.inflate.is_some() {
                self.deflated = piece;
            } else {
                self.count(piece.len())?;
                return Ok(Some(piece));
            }
        }
    }

    /// Reads one piece ahead; never ends where no more can be.
    pub(super) async fn read_ahead(&mut self) {
        if self.ended || self.fault.is_some() || self.bytes_ahead >= AHEAD {
            std::future::pending::<()>().await;
        }
        match self.read().await {
            Ok(Some(piece)) => {
                self.bytes_ahead += piece.len();
                self.ahead.push_back(piece);
            }
            Ok(None) => {}
            Err(fault) => self.fault = Some(fault),
        }
    }

    async fn read(&mut self) -> Result<Option<Bytes>, Refusal> {
        while !self.ended {
            match self.body.frame().await {
                None => self.ended = true,
                Some(Err(error)) => {
                    self.ended = true;
                    return Err(body::broken(&error));
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        self.received += data.len() as u64;
                        return Ok(Some(data));
                    }
                }
            }
        }
        Ok(None)
    }

    fn inflate(&mut self) -> Result<Option<Bytes>, Refusal> {
        let Some(inflate) = &mut self.inflate else {
            return Ok(None);
        };
        let piece = self.deflated.split_to(self.deflated.len().min(AT_ONCE));
        inflate.write_all(&piece).map_err(|_| no_gzip())?;
        let inflated = std::mem::take(inflate.get_mut());
        self.count(inflated.len())?;
        Ok((!inflated.is_empty()).then(|| inflated.into()))
    }

    fn end(&mut self) -> Result<Option<Bytes>, Refusal> {
        let Some(mut inflate) = self.inflate.take() else {
            return Ok(None);
        };
        inflate.try_finish().map_err(|_| no_gzip())?;
        let last = std::mem::take(inflate.get_mut());
        self.count(last.len())?;
        Ok((!last.is_empty()).then(|| last.into()))
    }

    fn count(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.inflated += bytes as u64;
        if self.inflated > self.limit {
            return Err(body::too_large(self.limit));
        }
        Ok(())
    }
}

fn no_gzip() -> Refusal {
    malformed(
        "the body is not whole gzip, as its Content-Encoding says; leave that out, or compress it",
    )
}
