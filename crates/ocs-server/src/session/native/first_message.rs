//! The bytes of a call, whose first message is a hello: it is looked at before it is
//! taken in, so that a stranger cannot make OCS hold what no hello needs.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tonic::Status;

use super::HELLO;

/// Of gRPC: whether a message is compressed, then its length, big endian.
const PREFIX: usize = 5;

/// The body of a call.
pub(super) struct FirstMessage {
    body: Incoming,
    /// As much of the first message's prefix as came.
    prefix: Vec<u8>,
}

impl FirstMessage {
    pub(super) fn of(body: Incoming) -> Self {
        Self {
            body,
            prefix: Vec::with_capacity(PREFIX),
        }
    }

    fn look(&mut self, data: &Bytes) -> Result<(), Status> {
        let missing = PREFIX - self.prefix.len();
        if missing == 0 {
            return Ok(());
        }
        self.prefix.extend(data.iter().take(missing));
        match length(&self.prefix) {
            Some(length) if length > HELLO => Err(Status::resource_exhausted(format!(
                "the hello has {length} bytes; {HELLO} are the most that are taken"
            ))),
            _ => Ok(()),
        }
    }
}

fn length(mut prefix: &[u8]) -> Option<u32> {
    prefix.try_get_u8().ok()?;
    prefix.try_get_u32().ok()
}

impl Body for FirstMessage {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
        Poll::Ready(match frame {
            Some(Ok(frame)) => match frame.data_ref().map(|data| this.look(data)) {
                Some(Err(status)) => Some(Err(status)),
                _ => Some(Ok(frame)),
            },
            // The client is gone, in whichever way.
            Some(Err(error)) => Some(Err(Status::cancelled(error.to_string()))),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn lengths() {
        for (prefix, expected) in [
            (&b""[..], None),
            (b"\0\0\0\0", None),
            (b"\0\0\0\0\x05", Some(5)),
            (b"\x01\0\x01\0\0", Some(65_536)),
            (b"\0\xff\xff\xff\xff", Some(u32::MAX)),
        ] {
            assert_eq!(length(prefix), expected, "{prefix:?}");
        }
    }
}
