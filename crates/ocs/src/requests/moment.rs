//! A moment on the command line: in RFC 3339, or so long ago.

use std::str::FromStr;

use jiff::{Span, SpanRelativeTo, Timestamp};

/// A moment, which may depend on now.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Moment {
    At(Timestamp),
    /// Seconds before now.
    Ago(i64),
}

impl Moment {
    /// UTC seconds.
    pub(crate) fn seconds(self, now: Timestamp) -> i64 {
        match self {
            Self::At(moment) => moment.as_second(),
            Self::Ago(seconds) => now.as_second().saturating_sub(seconds),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(moment) = text.parse() {
            return Ok(Self::At(moment));
        }
        // A day is one of 24 hours, and a week is seven of them.
        text.parse::<Span>()
            .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
            .ok()
            .map(|ago| ago.as_secs())
            .filter(|ago| *ago >= 0)
            .map(Self::Ago)
            .ok_or_else(|| {
                "it must be a moment such as 2026-07-01T13:00:00Z, or how long ago, such as 2h, \
                 30m or 7d"
                    .to_owned()
            })
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn moments() {
        let now = "2026-07-03T12:00:00Z".parse().expect("a moment");
        for (text, right) in [
            ("2026-07-01T13:00:00Z", Some("2026-07-01T13:00:00Z")),
            ("2026-07-01T13:00:00+02:00", Some("2026-07-01T11:00:00Z")),
            ("2026-07-01 13:00:00Z", Some("2026-07-01T13:00:00Z")),
            ("2h", Some("2026-07-03T10:00:00Z")),
            ("1h30m", Some("2026-07-03T10:30:00Z")),
            ("90 s", Some("2026-07-03T11:58:30Z")),
            ("2d", Some("2026-07-01T12:00:00Z")),
            ("1w", Some("2026-06-26T12:00:00Z")),
            ("0s", Some("2026-07-03T12:00:00Z")),
            ("-2h", None),
            // How long a month is depends.
            ("1mo", None),
            ("2", None),
            ("yesterday", None),
            // Nobody knows where.
            ("2026-07-01T13:00:00", None),
            ("2026-07-01", None),
            ("", None),
        ] {
            let moment = text.parse::<Moment>().ok();
            let right = right.map(|right| right.parse::<jiff::Timestamp>().expect("a moment"));
            assert_eq!(
                moment.map(|moment| moment.seconds(now)),
                right.map(jiff::Timestamp::as_second),
                "{text}"
            );
        }
    }
}
