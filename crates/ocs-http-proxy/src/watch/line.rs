//! Lines that end in CR LF, and in nothing else.

use memchr::memchr3;

use super::Fault;

/// Finds where the line ends that goes on with `rest`; `carried` is what was seen of
/// it before. `None` where it does not end yet.
pub(super) fn end(carried: &[u8], rest: &[u8]) -> Result<Option<usize>, Fault> {
    if carried.last() == Some(&b'\r') {
        return match rest.first() {
            Some(b'\n') => Ok(Some(1)),
            Some(_) => Err(Fault::BareCr),
            None => Ok(None),
        };
    }
    let Some(at) = memchr3(b'\r', b'\n', b'\0', rest) else {
        return Ok(None);
    };
    match (rest[at], rest.get(at + 1)) {
        (b'\r', Some(b'\n')) => Ok(Some(at + 2)),
        (b'\r', None) => Ok(None),
        (b'\r', Some(_)) => Err(Fault::BareCr),
        (b'\n', _) => Err(Fault::BareLf),
        _ => Err(Fault::Nul),
    }
}
