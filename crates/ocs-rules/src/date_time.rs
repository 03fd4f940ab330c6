//! Moments as clients write them (GSW_DATE_TIME; outbound-protocols.md, section 2).

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The forms a moment may be written in, for error sentences.
pub const FORMS: &str = "it must be \"MM/dd/yyyy HH:mm\" in the record's time zone, or RFC 3339 \
                         such as \"2026-11-22T09:30:00Z\"";

/// Reads `MM/dd/yyyy HH:mm` in the record's zone, or RFC 3339. An hour that a
/// change to summer time leaves out is the one after it; an hour that happens
/// twice is the first.
#[must_use]
pub fn parse(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if text.len() == 16 && text.as_bytes()[2] == b'/' {
        let civil = DateTime::strptime("%m/%d/%Y %H:%M", text).ok()?;
        return zone.to_ambiguous_timestamp(civil).compatible().ok();
    }
    // RFC 3339 only: jiff alone would take more forms, such as a zone in brackets.
    let bytes = text.as_bytes();
    let dated = bytes.len() >= 20 && bytes.len() <= 40 && bytes[4] == b'-' && bytes[7] == b'-';
    let timed =
        dated && matches!(bytes[10], b'T' | b't' | b' ') && bytes[13] == b':' && bytes[16] == b':';
    if !timed || text.contains('[') {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        for (text, utc) in [
            ("11/22/2026 09:30", Some("2026-11-22T08:30:00Z")),
            ("07/01/2026 00:00", Some("2026-06-30T22:00:00Z")),
            // 02:30 does not exist on this day, and happens twice on the next.
            ("03/29/2026 02:30", Some("2026-03-29T01:30:00Z")),
            ("10/25/2026 02:30", Some("2026-10-25T00:30:00Z")),
            ("2026-11-22T09:30:00Z", Some("2026-11-22T09:30:00Z")),
            ("2026-11-22T09:30:00+05:30", Some("2026-11-22T04:00:00Z")),
            ("2026-11-22T09:30:00.250Z", Some("2026-11-22T09:30:00.25Z")),
            ("13/01/2026 09:30", None),
            ("02/30/2026 09:30", None),
            ("11/22/2026 24:00", None),
            ("11/22/26 09:30", None),
            ("2026-11-22", None),
            ("2026-11-22T09:30:00", None),
            ("2026-11-22T09:30:00Z[Europe/Berlin]", None),
            ("tomorrow", None),
            ("", None),
            ("äääääääää", None),
        ] {
            let right = utc.map(|utc| utc.parse::<Timestamp>().expect("a moment"));
            assert_eq!(parse(text, &berlin), right, "{text:?}");
        }
    }
}
