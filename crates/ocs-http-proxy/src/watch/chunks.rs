//! A body in chunks (RFC 9112, section 7.1): what stands between the data.

use super::Fault;

/// Bytes of a chunk's line beside its size, and of a trailer: more than anybody sends.
const LINE: u64 = 4_096;

/// Lines of trailers.
const TRAILERS: u32 = 100;

/// Where in the chunks the next byte stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chunks {
    place: Place,
    /// Bytes of the chunk that are missing; its size, while that is read.
    left: u64,
    /// Bytes of extensions and trailers.
    beside: u64,
    trailers: u32,
}

#[derive(Debug, Clone, Copy, Default)]
enum Place {
    /// Before the first digit of a size.
    #[default]
    Start,
    Size,
    /// In spaces behind the size, which an extension has to follow.
    Space,
    Extension,
    /// Behind the CR of a size's line.
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// Before a trailer, or the end.
    LineStart,
    Trailer,
    TrailerLf,
    EndLf,
}

impl Chunks {
    /// Sees what comes, up to the body's end, and moves `at` behind what was seen; on
    /// a fault, `at` is its place. Says whether the body has ended.
    pub(super) fn see(&mut self, rest: &[u8], at: &mut usize) -> Result<bool, Fault> {
        let begin = *at;
        while let Some(byte) = rest.get(*at - begin).copied() {
            if matches!(self.place, Place::Data) {
                let here = rest.len() - (*at - begin);
                let taken = usize::try_from(self.left).map_or(here, |left| left.min(here));
                self.left -= taken as u64;
                *at += taken;
                if self.left == 0 {
                    self.place = Place::DataCr;
                }
                continue;
            }
            self.place = match self.place {
                Place::EndLf if byte == b'\n' => {
                    *at += 1;
                    return Ok(true);
                }
                place => self.step(place, byte)?,
            };
            *at += 1;
        }
        Ok(false)
    }

    fn step(&mut self, place: Place, byte: u8) -> Result<Place, Fault> {
        let next = match (place, byte) {
            (Place::Start | Place::Size, _) if byte.is_ascii_hexdigit() => {
                self.digit(byte)?;
                Place::Size
            }
            (Place::Size | Place::Space, b' ' | b'\t') => Place::Space,
            (Place::Size | Place::Space, b';') => Place::Extension,
            (Place::Size | Place::Extension, b'\r') => Place::SizeLf,
            (Place::Extension, _) if is_text(byte) => Place::Extension,
            (Place::SizeLf, b'\n') if self.left > 0 => Place::Data,
            (Place::SizeLf, b'\n') => Place::LineStart,
            (Place::DataCr, b'\r') => Place::DataLf,
            (Place::DataLf, b'\n') => Place::Start,
            (Place::LineStart, b'\r') => Place::EndLf,
            (Place::LineStart, _) if is_text(byte) => {
                self.trailers += 1;
                Place::Trailer
            }
            (Place::Trailer, b'\r') => Place::TrailerLf,
            (Place::Trailer, _) if is_text(byte) => Place::Trailer,
            (Place::TrailerLf, b'\n') => Place::LineStart,
            _ => return Err(Fault::Chunk),
        };
        if matches!(next, Place::Space | Place::Extension | Place::Trailer) {
            self.beside += 1;
            if self.beside > LINE || self.trailers > TRAILERS {
                return Err(Fault::Chunk);
            }
        }
        Ok(next)
    }

    fn digit(&mut self, byte: u8) -> Result<(), Fault> {
        let digit = char::from(byte).to_digit(16).unwrap_or_default();
        let shifted = self.left.checked_mul(16).ok_or(Fault::Chunk)?;
        self.left = shifted + u64::from(digit);
        Ok(())
    }
}

/// Visible characters, spaces and tabs.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}
