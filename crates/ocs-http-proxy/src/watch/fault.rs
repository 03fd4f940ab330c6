//! What may not be read, and what its sender hears.

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::Refusal;

/// What may not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    BareCr,
    BareLf,
    Nul,
    Folded,
    NoColon,
    NoName,
    SpaceBeforeColon,
    NoLength,
    LengthTwice,
    LengthAndCoding,
    TransferCoding,
    Http2,
    Fragment,
    /// With the limit.
    TargetTooLong(usize),
    /// With the limit.
    TooManyBytes(usize),
    /// With the limit.
    TooManyLines(usize),
    /// In the framing of a body, whose request hyper has begun to read.
    Chunk,
}

impl Fault {
    /// The refusal that its sender hears.
    pub(crate) fn refusal(self) -> Refusal {
        let sentence = match self {
            Self::BareCr => {
                "a line of the request's head has a CR without LF; lines end in CR LF, and neither \
                 stands alone"
            }
            Self::BareLf => {
                "a line of the request's head ends in LF alone; lines end in CR LF, in scripts \
                 \\r\\n"
            }
            Self::Nul => "the request's head has a NUL byte; leave it out",
            Self::Folded => {
                "a header line begins with a space or a tab, as if it were folded; send each header \
                 in one line"
            }
            Self::NoColon => "a header line has no colon; it must be `Name: value`",
            Self::NoName => "a header line begins with its colon; it must be `Name: value`",
            Self::SpaceBeforeColon => {
                "a header's name has a space before its colon; it must be `Name: value`"
            }
            Self::NoLength => {
                "Content-Length is no number of bytes; it must be digits alone, such as 42"
            }
            Self::LengthTwice => "the request has Content-Length twice; send it once",
            Self::LengthAndCoding => {
                "the request has both Content-Length and Transfer-Encoding, and could be read in \
                 two ways; send one of them"
            }
            Self::TransferCoding => {
                "the only Transfer-Encoding that is taken is chunked, once; send the body in \
                 chunks, or with Content-Length"
            }
            Self::Http2 => "HTTP/2 is not spoken here; send HTTP/1.1",
            Self::Fragment => {
                "the URI has a #, which ends what a client sends; write it as %23 where it is \
                 meant"
            }
            Self::TargetTooLong(limit) => return target_too_long(limit),
            Self::TooManyBytes(limit) => {
                return head_too_large(format!(
                    "the headers have more than {limit} bytes, which is the limit; the option \
                     http-header-bytes says so"
                ));
            }
            Self::TooManyLines(limit) => {
                return head_too_large(format!(
                    "the request has more than {limit} header lines, which is the limit; the \
                     option http-header-lines says so"
                ));
            }
            Self::Chunk => {
                "the body's chunks are not as they must be: the size in hexadecimal digits, \
                 CR LF, so many bytes, CR LF"
            }
        };
        Refusal::new(ErrorNumber::MalformedRequest, sentence)
    }
}

fn target_too_long(limit: usize) -> Refusal {
    Refusal::new(
        ErrorNumber::TargetTooLong,
        format!(
            "the URI has more than {limit} bytes, which is the limit; send attributes in the body"
        ),
    )
}

fn head_too_large(sentence: String) -> Refusal {
    Refusal::new(ErrorNumber::HeadTooLarge, sentence)
}
