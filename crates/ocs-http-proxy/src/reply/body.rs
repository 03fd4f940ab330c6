//! A reply's body: whole, or line by line as items are done.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::bulk::{Cut, Lines};
use crate::conduct::{Conduct, Phase};

/// A reply's body.
pub(crate) enum Body {
    Whole(Full<Bytes>),
    Lines(Lines),
}

impl Body {
    /// A body that is there already.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }

    /// Whether the request goes on while this body goes out; it then ends the phase
    /// of the connection itself.
    pub(crate) fn goes_on(&mut self, conduct: &Arc<Conduct>) -> bool {
        match self {
            Self::Whole(_) => false,
            Self::Lines(lines) => {
                conduct.enter(Phase::Lines);
                lines.end_phase_of(Arc::clone(conduct));
                true
            }
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match self.get_mut() {
            Self::Whole(whole) => Pin::new(whole)
                .poll_frame(context)
                .map_err(|never| match never {}),
            Self::Lines(lines) => lines.poll_next(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Lines(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Lines(_) => SizeHint::default(),
        }
    }
}
