//! Time zones: names, DBIDs, and the IANA zones behind them (records.md, section 1).

use jiff::tz::TimeZone;

/// DBID of a time zone.
pub type ZoneId = u32;

/// A time zone under the name that clients use for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// DBID; never changes.
    pub dbid: ZoneId,
    /// The name that clients use: `EST`, or an IANA name.
    pub name: String,
    /// The IANA zone, with its changes to and from summer time.
    pub zone: TimeZone,
    /// Where the zone comes from.
    pub origin: ZoneOrigin,
}

/// Where a zone comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneOrigin {
    /// Part of the product.
    BuiltIn,
    /// Named in an objects file.
    Configured,
    /// An IANA name that a record was added with.
    Iana,
}

impl ZoneOrigin {
    /// The word for it in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Configured => "configured",
            Self::Iana => "iana",
        }
    }

    /// The origin of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::BuiltIn, Self::Configured, Self::Iana]
            .into_iter()
            .find(|o| o.name() == name)
    }
}

/// The built-in zones: DBID, name, IANA zone. Their names win over IANA's of the
/// same spelling: IANA's `EST` and `MST` never change to summer time, and an hour
/// off is an unlawful call (records.md, section 1).
pub const BUILT_IN: &[(ZoneId, &str, &str)] = &[
    (1, "EST", "America/New_York"),
    (2, "CST", "America/Chicago"),
    (3, "MST", "America/Denver"),
    (4, "PST", "America/Los_Angeles"),
    (5, "HST", "Pacific/Honolulu"),
    (6, "CET", "Europe/Berlin"),
    (7, "GMT", "Etc/GMT"),
    (8, "UTC", "Etc/UTC"),
];

/// DBID of UTC, the zone of a calling list that names none.
pub const UTC: ZoneId = 8;

/// DBIDs below this are kept for built-in zones.
pub const FIRST_FREE: ZoneId = 101;

/// The IANA zone of this name, as IANA spells it.
#[must_use]
pub fn iana(name: &str) -> Option<(String, TimeZone)> {
    // The database knows a few files that are no zones a person may be in.
    if name.is_empty() || name.len() > 64 || name.eq_ignore_ascii_case("Factory") {
        return None;
    }
    let zone = TimeZone::get(name).ok()?;
    Some((zone.iana_name()?.to_owned(), zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_zones_change_to_summer_time() {
        let summer: jiff::Timestamp = "2026-07-01T12:00:00Z".parse().expect("a moment");
        for (_, name, iana_name) in BUILT_IN {
            let (_, zone) = iana(iana_name).expect("IANA knows it");
            let hours = zone.to_offset(summer).seconds() / 3600;
            let right = match *name {
                "EST" => -4,
                "CST" => -5,
                "MST" => -6,
                "PST" => -7,
                "HST" => -10,
                "CET" => 2,
                _ => 0,
            };
            assert_eq!(hours, right, "{name}");
        }
    }

    #[test]
    fn iana_names() {
        for (name, known) in [
            ("Asia/Kolkata", Some("Asia/Kolkata")),
            ("europe/berlin", Some("Europe/Berlin")),
            ("Europe/Berlim", None),
            ("", None),
            ("../etc/passwd", None),
            ("Factory", None),
        ] {
            assert_eq!(
                iana(name).map(|(name, _)| name).as_deref(),
                known,
                "{name:?}"
            );
        }
    }
}
