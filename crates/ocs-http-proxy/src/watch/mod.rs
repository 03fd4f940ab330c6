//! What hyper is about to read, seen before it does (http-interface.md, section 5).
//!
//! hyper frames messages well, but takes some that could be read in two ways, and
//! drops what the service would have to see to refuse them. Here every head is looked
//! at first. To know where heads begin, bodies are followed too: two readers of one
//! stream, which must never disagree. They cannot, because this one is the stricter:
//! it lets pass only what has one meaning in the RFCs, lines that end in CR LF, one
//! Content-Length of digits or the one coding `chunked`, chunks without a stray byte.
//! Whatever else a client sends stops here, and hyper never sees a byte of it. (The
//! fuzz target `watch` holds the two against each other.)

mod chunks;
mod fault;
mod head;
mod line;

use chunks::Chunks;
pub(crate) use fault::Fault;
pub(crate) use head::HeadLimits;
use head::{Framing, Head};

/// Follows a client's bytes from message to message.
#[derive(Debug)]
pub(crate) struct Watch {
    place: Place,
    limits: HeadLimits,
    /// Messages that came whole.
    whole: u64,
}

/// Where in a message the next byte stands.
#[derive(Debug)]
enum Place {
    /// In a head, or before it.
    Head(Head),
    /// In a body that has so many bytes left.
    Length(u64),
    /// In a body of chunks.
    Chunks(Chunks),
}

/// Where the stream has to stop, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    /// So many bytes of the piece are good, and may go on: those of a body.
    pub(crate) before: usize,
    pub(crate) fault: Fault,
}

impl Watch {
    /// Begins before the first head.
    pub(crate) fn new(limits: HeadLimits) -> Self {
        Self {
            place: Place::Head(Head::default()),
            limits,
            whole: 0,
        }
    }

    /// Whether a head was whole and its body is not.
    pub(crate) fn is_in_body(&self) -> bool {
        matches!(&self.place, Place::Length(_) | Place::Chunks(_))
    }

    /// Takes other limits, for the heads that begin from now on.
    pub(crate) fn limit(&mut self, limits: HeadLimits) {
        self.limits = limits;
    }

    /// Messages that came whole so far.
    pub(crate) fn whole(&self) -> u64 {
        self.whole
    }

    /// Whether nothing of a message is missing.
    pub(crate) fn is_between(&self) -> bool {
        matches!(&self.place, Place::Head(head) if head.is_untouched())
    }

    /// Sees the next piece of the stream, up to the end of a message at most: how much
    /// of it was seen.
    ///
    /// # Errors
    /// Something in it may not be read; the stream ends there.
    pub(crate) fn see(&mut self, piece: &[u8]) -> Result<usize, Stop> {
        let mut at = 0;
        while at < piece.len() {
            let rest = &piece[at..];
            let ended = match &mut self.place {
                Place::Head(head) => {
                    let framing = head
                        .see(rest, &self.limits, &mut at)
                        .map_err(|fault| Stop { before: 0, fault })?;
                    match framing {
                        None => false,
                        Some(Framing::Length(0)) => true,
                        Some(Framing::Length(length)) => {
                            self.place = Place::Length(length);
                            false
                        }
                        Some(Framing::Chunked) => {
                            self.place = Place::Chunks(Chunks::default());
                            false
                        }
                    }
                }
                Place::Length(left) => {
                    // What is no usize is more than any piece.
                    let taken =
                        usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
                    *left -= taken as u64;
                    at += taken;
                    *left == 0
                }
                Place::Chunks(chunks) => chunks
                    .see(rest, &mut at)
                    .map_err(|fault| Stop { before: at, fault })?,
            };
            if ended {
                // The next message may begin.
                self.place = Place::Head(Head::default());
                self.whole += 1;
                break;
            }
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits {
        target: 20,
        bytes: 100,
        lines: 3,
    };

    /// Sees all of a piece, message by message.
    fn see_all(watch: &mut Watch, mut piece: &[u8]) -> Result<(), Stop> {
        while !piece.is_empty() {
            piece = &piece[watch.see(piece)?..];
        }
        Ok(())
    }

    /// Messages that came whole before the end or a fault, for each way in which the
    /// stream can come in two pieces.
    fn outcomes(stream: &[u8]) -> Vec<(u64, Option<Fault>)> {
        let of_pieces = |pieces: [&[u8]; 2]| {
            let mut watch = Watch::new(LIMITS);
            let stopped = pieces
                .iter()
                .find_map(|piece| see_all(&mut watch, piece).err());
            (watch.whole(), stopped.map(|stop| stop.fault))
        };
        let splits = 0..=stream.len();
        splits
            .map(|at| stream.split_at(at))
            .map(|(one, two)| of_pieces([one, two]))
            .collect()
    }

    #[test]
    fn streams() {
        let post = |lines: &str, body: &str| format!("POST / HTTP/1.1\r\n{lines}\r\n{body}");
        let twice = |text: String| text.repeat(2);
        let chunked = "Transfer-Encoding: chunked\r\n";
        for (stream, whole, fault) in [
            (String::new(), 0, None),
            (post("", ""), 1, None),
            (twice(post("Host: a\r\n", "")), 2, None),
            (twice(post("Content-Length: 5\r\n", "a\r\n\0b")), 2, None),
            (post("Content-Length: 5\r\n", "four"), 0, None),
            (twice(post(chunked, "1\r\na\r\n0\r\n\r\n")), 2, None),
            (
                twice(post(chunked, "A;x=y\r\n0123456789\r\n0\r\nX: y\r\n\r\n")),
                2,
                None,
            ),
            (post(chunked, "0\r\n"), 0, None),
            (format!("\r\n\r\n{}", post("", "")), 1, None),
            (post("", "\n"), 1, Some(Fault::BareLf)),
            (post("X: y\nZ: z\r\n", ""), 0, Some(Fault::BareLf)),
            (post("X: y\rZ: z\r\n", ""), 0, Some(Fault::BareCr)),
            (post("X: \0\r\n", ""), 0, Some(Fault::Nul)),
            (post(" X: y\r\n", ""), 0, Some(Fault::Folded)),
            (post("X\r\n", ""), 0, Some(Fault::NoColon)),
            (post(": y\r\n", ""), 0, Some(Fault::NoName)),
            (post("X : y\r\n", ""), 0, Some(Fault::SpaceBeforeColon)),
            (post("content-length: x\r\n", ""), 0, Some(Fault::NoLength)),
            (
                post("Content-Length: 18446744073709551615\r\n", ""),
                0,
                Some(Fault::NoLength),
            ),
            (
                post(&"Content-Length: 1\r\n".repeat(2), ""),
                0,
                Some(Fault::LengthTwice),
            ),
            (post(&chunked.repeat(2), ""), 0, Some(Fault::TransferCoding)),
            (
                post("Transfer-Encoding: gzip\r\n", ""),
                0,
                Some(Fault::TransferCoding),
            ),
            (
                post(&format!("Content-Length: 1\r\n{chunked}"), ""),
                0,
                Some(Fault::LengthAndCoding),
            ),
            (
                post("", "") + &post(&format!("{chunked}Content-Length: 1\r\n"), ""),
                1,
                Some(Fault::LengthAndCoding),
            ),
            ("PRI * HTTP/2.0\r\n\r\n".to_owned(), 0, Some(Fault::Http2)),
            ("GET /#a HTTP/1.1\r\n".to_owned(), 0, Some(Fault::Fragment)),
            (
                "GET /4567890123456789012 HTTP/1.1\r\n\r\n".to_owned(),
                1,
                None,
            ),
            (
                "GET /45678901234567890123 HTTP/1.1\r\n".to_owned(),
                0,
                Some(Fault::TargetTooLong(20)),
            ),
            ("x".repeat(200), 0, Some(Fault::TargetTooLong(20))),
            (post(&"X: y\r\n".repeat(3), ""), 1, None),
            (
                post(&"X: y\r\n".repeat(4), ""),
                0,
                Some(Fault::TooManyLines(3)),
            ),
            (post(&format!("X: {}\r\n", "y".repeat(95)), ""), 1, None),
            (
                post(&format!("X: {}\r\n", "y".repeat(96)), ""),
                0,
                Some(Fault::TooManyBytes(100)),
            ),
            (
                post(&format!("X: {}", "y".repeat(200)), ""),
                0,
                Some(Fault::TooManyBytes(100)),
            ),
            ("\r\n".repeat(60), 0, Some(Fault::TooManyBytes(100))),
            (post(chunked, "x\r\n"), 0, Some(Fault::Chunk)),
            (post(chunked, "1\r\nab\r\n"), 0, Some(Fault::Chunk)),
            (post(chunked, "1\na\r\n"), 0, Some(Fault::Chunk)),
            (post(chunked, "1 \r\na\r\n"), 0, Some(Fault::Chunk)),
            (
                post(chunked, "10000000000000001\r\n"),
                0,
                Some(Fault::Chunk),
            ),
            (post(chunked, "0\r\nX: y\nZ\r\n\r\n"), 0, Some(Fault::Chunk)),
        ] {
            for (at, outcome) in outcomes(stream.as_bytes()).into_iter().enumerate() {
                assert_eq!(outcome, (whole, fault), "{stream:?} in two pieces at {at}");
            }
        }
    }

    /// What may go on before a fault is what was good of a body, and nothing of a head.
    #[test]
    fn what_goes_on() {
        let good = "GET / HTTP/1.1\r\n\r\n";
        let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n";
        for (good, bad, before) in [
            ("", "GET / HTTP/1.1\r\nX : y\r\n", 0),
            (good, "GET / HTTP/1.1\r\nX : y\r\n", 0),
            (good, "\n", 0),
            (chunked, "x", chunked.len()),
        ] {
            let mut watch = Watch::new(LIMITS);
            let both = [good, bad].concat();
            let mut rest = both.as_bytes();
            if before == 0 && !good.is_empty() {
                // A message ends, and what follows waits until it is asked for.
                assert_eq!(watch.see(rest), Ok(good.len()));
                assert!(watch.is_between());
                rest = bad.as_bytes();
            }
            let stop = watch.see(rest).expect_err(bad);
            assert_eq!(stop.before, before, "{good:?} {bad:?}");
        }
        // A head that began in an earlier piece cannot be taken back.
        let mut watch = Watch::new(LIMITS);
        assert_eq!(watch.see(b"GET / HTTP/1.1\r\nX"), Ok(17));
        assert_eq!(watch.see(b" : y\r\n").expect_err("a space").before, 0);
    }
}
