//! Rules and holidays that are part of the product: those whose text we know. Others are
//! for operators to write (docs/legal-hours.md); one that is wrong for them they replace,
//! or switch off, by its name.

use std::sync::{Arc, LazyLock};

use super::holiday::{Holiday, HolidayDate};
use super::rule::{Hours, Origin, Rule};
use super::territory::Code;
use crate::days::Days;

/// Name, country, region, hours, source. Of a rule without days, on all of them.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, (u32, u32), (u32, u32))],
    &'static str,
);

const WORKDAYS: &str = "Mon Tue Wed Thu Fri";
const WEEK: &str = "Mon Tue Wed Thu Fri Sat Sun";

const RULES: &[Row] = &[
    (
        "us-federal",
        "US",
        "",
        &[(WEEK, (8, 0), (21, 0))],
        "47 CFR 64.1200(c)(1)",
    ),
    (
        "us-florida",
        "US",
        "FL",
        &[(WEEK, (8, 0), (20, 0))],
        "Fla. Stat. 501.616(6)(a)",
    ),
    (
        "us-kentucky",
        "US",
        "KY",
        &[(WEEK, (10, 0), (21, 0))],
        "Ky. Rev. Stat. 367.46955",
    ),
    (
        "us-massachusetts",
        "US",
        "MA",
        &[(WEEK, (8, 0), (20, 0))],
        "Mass. Gen. Laws ch. 159C, s. 3",
    ),
    (
        "us-minnesota",
        "US",
        "MN",
        &[(WEEK, (9, 0), (21, 0))],
        "Minn. Stat. 325E.30",
    ),
    (
        "us-oklahoma",
        "US",
        "OK",
        &[(WEEK, (8, 0), (20, 0))],
        "Okla. Stat. tit. 15, s. 775C.4",
    ),
    (
        "us-texas",
        "US",
        "TX",
        &[
            ("Mon Tue Wed Thu Fri Sat", (9, 0), (21, 0)),
            ("Sun", (12, 0), (21, 0)),
        ],
        "Tex. Bus. & Com. Code 301.051",
    ),
    (
        "canada",
        "CA",
        "",
        &[(WORKDAYS, (9, 0), (21, 30)), ("Sat Sun", (10, 0), (18, 0))],
        "CRTC Unsolicited Telecommunications Rules, Part III, s. 23",
    ),
    (
        "france",
        "FR",
        "",
        &[(WORKDAYS, (10, 0), (13, 0)), (WORKDAYS, (14, 0), (20, 0))],
        "Code de la consommation, art. D. 223-9 (décret n° 2022-1313)",
    ),
    (
        "spain",
        "ES",
        "",
        &[(WORKDAYS, (9, 0), (21, 0))],
        "Real Decreto Legislativo 1/2007, art. 96.2",
    ),
    (
        "australia",
        "AU",
        "",
        &[(WORKDAYS, (9, 0), (20, 0)), ("Sat", (9, 0), (17, 0))],
        "Telecommunications (Telemarketing and Research Calls) Industry Standard 2017",
    ),
];

/// The country's rule, the country, and of each holiday its name and date.
type Holidays = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// Names begin with the country's rule; on all of them no call is lawful, because that
/// rule says so.
const HOLIDAYS: &[Holidays] = &[
    (
        "france",
        "FR",
        &[
            ("new-year", "01-01"),
            ("easter-monday", "easter+1"),
            ("labour-day", "05-01"),
            ("victory-day", "05-08"),
            ("ascension-day", "easter+39"),
            ("whit-monday", "easter+50"),
            ("national-day", "07-14"),
            ("assumption-day", "08-15"),
            ("all-saints-day", "11-01"),
            ("armistice-day", "11-11"),
            ("christmas-day", "12-25"),
        ],
    ),
    (
        "spain",
        "ES",
        &[
            ("new-year", "01-01"),
            ("epiphany", "01-06"),
            ("good-friday", "easter-2"),
            ("labour-day", "05-01"),
            ("assumption-day", "08-15"),
            ("national-day", "10-12"),
            ("all-saints-day", "11-01"),
            ("constitution-day", "12-06"),
            ("immaculate-conception", "12-08"),
            ("christmas-day", "12-25"),
        ],
    ),
    (
        "australia",
        "AU",
        &[
            ("new-year", "01-01"),
            ("australia-day", "01-26"),
            ("good-friday", "easter-2"),
            ("easter-monday", "easter+1"),
            ("anzac-day", "04-25"),
            ("christmas-day", "12-25"),
            ("boxing-day", "12-26"),
        ],
    ),
];

/// The built-in rules.
#[must_use]
pub fn rules() -> &'static [Arc<Rule>] {
    static BUILT_IN: LazyLock<Vec<Arc<Rule>>> =
        LazyLock::new(|| RULES.iter().filter_map(rule).map(Arc::new).collect());
    &BUILT_IN
}

/// The built-in holidays.
#[must_use]
pub fn holidays() -> &'static [Arc<Holiday>] {
    static BUILT_IN: LazyLock<Vec<Arc<Holiday>>> = LazyLock::new(|| {
        let of_country = |(rule, country, days): &Holidays| {
            let source = rules()
                .iter()
                .find(|known| known.name == *rule)
                .map_or_else(String::new, |known| known.source.clone());
            let holiday = |(name, date): &(&str, &str)| {
                Some(Arc::new(Holiday {
                    name: format!("{rule}-{name}"),
                    country: Code::new(country)?,
                    region: None,
                    date: HolidayDate::parse(date)?,
                    hours: Vec::new(),
                    source: source.clone(),
                    origin: Origin::BuiltIn,
                    off: false,
                }))
            };
            days.iter().filter_map(holiday).collect::<Vec<_>>()
        };
        HOLIDAYS.iter().flat_map(of_country).collect()
    });
    &BUILT_IN
}

fn rule((name, country, region, hours, source): &Row) -> Option<Rule> {
    let hours = hours.iter().map(|(days, from, till)| {
        let second = |(hour, minute): (u32, u32)| hour * 3_600 + minute * 60;
        Some(Hours {
            days: Days::named(days.split(' '))?,
            from: second(*from),
            till: second(*till),
        })
    });
    Some(Rule {
        name: (*name).to_owned(),
        country: Code::new(country)?,
        region: Code::new(region),
        hours: hours.collect::<Option<_>>()?,
        source: (*source).to_owned(),
        origin: Origin::BuiltIn,
        off: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legal_hours::territory::{country_code, regions_of};

    #[test]
    fn every_row_is_read() {
        assert_eq!(rules().len(), RULES.len());
        assert_eq!(holidays().len(), 28);
        for rule in rules() {
            assert_eq!(country_code(rule.country.as_str()), Some(rule.country));
            let known = regions_of(rule.country);
            let region = rule
                .region
                .is_none_or(|region| known.contains(&region.as_str()));
            assert!(region, "{}", rule.name);
            assert!(!rule.hours.is_empty() && !rule.source.is_empty());
        }
    }
}
