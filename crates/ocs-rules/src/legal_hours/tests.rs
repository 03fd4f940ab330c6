//! When calls are lawful, by the built-in rules.

use super::*;
use crate::days::Days;
use crate::do_not_call::Compared;
use crate::legal_hours::holiday::HolidayDate;
use crate::legal_hours::rule::{Hours, Origin};
use crate::legal_hours::territory::Code;

fn built_in() -> LegalHours {
    let mut legal = LegalHours::default();
    for rule in built_in::rules() {
        legal.put_rule(Rule::clone(rule));
    }
    for holiday in built_in::holidays() {
        legal.put_holiday(Holiday::clone(holiday));
    }
    legal
}

fn second(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("a moment").as_second()
}

fn place(phone: &str) -> Territory {
    Territory::of(Compared::read(phone, None).1)
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone")
}

/// What closes, in a word.
fn word(closed: Option<&Closed>) -> &str {
    match closed {
        None => "",
        Some(Closed::Rule(rule, _)) => &rule.name,
        Some(Closed::Holiday(holiday, _)) => &holiday.name,
        Some(Closed::NoRule(_)) => "no rule",
    }
}

#[test]
fn lawful_and_not() {
    let legal = built_in();
    let (los_angeles, miami, panhandle) = ("+16505550123", "+13055550123", "+18505550123");
    let (pacific, eastern, central) =
        ("America/Los_Angeles", "America/New_York", "America/Chicago");
    for (phone, own, at, closed, opens) in [
        // 08:00 to 21:00 in Los Angeles, 8 hours behind UTC.
        (
            los_angeles,
            pacific,
            "2026-11-25T15:59:59Z",
            "us-federal",
            "2026-11-25T16:00:00Z",
        ),
        (los_angeles, pacific, "2026-11-25T16:00:00Z", "", ""),
        (los_angeles, pacific, "2026-11-26T04:59:59Z", "", ""),
        (
            los_angeles,
            pacific,
            "2026-11-26T05:00:00Z",
            "us-federal",
            "2026-11-26T16:00:00Z",
        ),
        // The record says another zone: lawful in both.
        (los_angeles, eastern, "2026-11-26T01:59:59Z", "", ""),
        (
            los_angeles,
            eastern,
            "2026-11-26T02:00:00Z",
            "us-federal",
            "2026-11-26T16:00:00Z",
        ),
        (los_angeles, "Asia/Tokyo", "2026-11-26T00:00:00Z", "", ""),
        // Not 21:00 in Los Angeles, but 14:00 in Tokyo: lawful from 08:00 there on.
        (
            los_angeles,
            "Asia/Tokyo",
            "2026-11-25T20:00:00Z",
            "us-federal",
            "2026-11-25T23:00:00Z",
        ),
        // Florida ends at 20:00, in each zone that an area lies in.
        (miami, eastern, "2026-11-26T00:59:59Z", "", ""),
        (
            miami,
            eastern,
            "2026-11-26T01:00:00Z",
            "us-florida",
            "2026-11-26T13:00:00Z",
        ),
        (
            panhandle,
            central,
            "2026-11-26T01:30:00Z",
            "us-florida",
            "2026-11-26T14:00:00Z",
        ),
        (
            panhandle,
            eastern,
            "2026-11-25T13:30:00Z",
            "us-federal",
            "2026-11-25T14:00:00Z",
        ),
        // The night before summer time (8 March 2026), and before winter time.
        (
            los_angeles,
            pacific,
            "2026-03-08T06:00:00Z",
            "us-federal",
            "2026-03-08T15:00:00Z",
        ),
        (
            los_angeles,
            pacific,
            "2026-11-01T05:00:00Z",
            "us-federal",
            "2026-11-01T16:00:00Z",
        ),
        // Texas on a Sunday.
        (
            "+12145550123",
            central,
            "2026-11-29T17:59:59Z",
            "us-texas",
            "2026-11-29T18:00:00Z",
        ),
        ("+12145550123", central, "2026-11-28T17:59:59Z", "", ""),
        // Nobody knows the state: all of their rules, in all zones.
        (
            "+18005550123",
            eastern,
            "2026-11-25T18:59:59Z",
            "us-kentucky",
            "2026-11-25T20:00:00Z",
        ),
        // At noon, on Saturday, on a holiday, and over a long row of them.
        (
            "+33123456789",
            "Europe/Paris",
            "2026-11-25T12:00:00Z",
            "france",
            "2026-11-25T13:00:00Z",
        ),
        (
            "+33123456789",
            "Europe/Paris",
            "2026-11-25T13:00:00Z",
            "",
            "",
        ),
        (
            "+33123456789",
            "Europe/Paris",
            "2026-11-28T09:30:00Z",
            "france",
            "2026-11-30T09:00:00Z",
        ),
        (
            "+33123456789",
            "Europe/Paris",
            "2026-07-14T09:30:00Z",
            "france-national-day",
            "2026-07-15T08:00:00Z",
        ),
        (
            "+33123456789",
            "Europe/Paris",
            "2026-05-13T18:00:00Z",
            "france",
            "2026-05-15T08:00:00Z",
        ),
        // Good Friday till Monday.
        (
            "+61412345678",
            "Australia/Sydney",
            "2026-04-03T03:00:00Z",
            "australia-good-friday",
            "2026-04-04T01:00:00Z",
        ),
        (
            "+61412345678",
            "Australia/Sydney",
            "2026-04-04T07:00:00Z",
            "australia",
            "2026-04-07T01:00:00Z",
        ),
        // Canada's weekend.
        (
            "+14165550123",
            "America/Toronto",
            "2026-11-28T14:59:59Z",
            "canada",
            "2026-11-28T15:00:00Z",
        ),
        (
            "+14165550123",
            "America/Toronto",
            "2026-11-28T23:00:00Z",
            "canada",
            "2026-11-29T15:00:00Z",
        ),
        // The Canaries are an hour behind.
        (
            "+34612345678",
            "Europe/Madrid",
            "2026-11-25T08:30:00Z",
            "spain",
            "2026-11-25T09:00:00Z",
        ),
        // No rule.
        (
            "+4930123456",
            "Europe/Berlin",
            "2026-11-25T02:00:00Z",
            "",
            "",
        ),
        ("6505550123", pacific, "2026-11-25T10:00:00Z", "", ""),
        ("ada@example.org", pacific, "2026-11-25T10:00:00Z", "", ""),
    ] {
        let (territory, own, moment) = (place(phone), zone(own), second(at));
        let case = format!("{phone} at {at}");
        let why = legal.closed(territory, &own, moment);
        assert_eq!(word(why.as_ref()), closed, "{case}");
        let next = legal.next_opening(territory, &own, moment);
        let right = if closed.is_empty() { at } else { opens };
        assert_eq!(next, Some(second(right)), "{case}: {next:?}");
    }
}

/// Between two edges nothing changes, on either side of a change of the clock.
#[test]
fn edges() {
    let legal = built_in();
    for (phone, own, from) in [
        ("+16505550123", "Europe/Berlin", "2026-03-06T00:00:00Z"),
        ("+18505550123", "America/Chicago", "2026-10-30T00:00:00Z"),
        (
            "+33123456789",
            "Australia/Lord_Howe",
            "2026-04-02T00:00:00Z",
        ),
        ("+34612345678", "Asia/Kathmandu", "2026-10-23T00:00:00Z"),
        ("+18005550123", "Pacific/Apia", "2026-12-23T00:00:00Z"),
    ] {
        let (territory, own, begin) = (place(phone), zone(own), second(from));
        let mut at = begin;
        while at < begin + 6 * DAY {
            let next = legal.next_edge(territory, &own, at).expect("an edge");
            assert!(next > at, "{phone}");
            let open = legal.closed(territory, &own, at).is_none();
            for between in (at..next).step_by(900).chain([next - 1]) {
                let same = legal.closed(territory, &own, between).is_none() == open;
                assert!(same, "{phone} at {between}, between {at} and {next}");
            }
            at = next;
        }
    }
}

#[test]
fn what_operators_change() {
    let mut legal = built_in();
    let (florida, tampa) = (zone("America/New_York"), place("+18135550123"));
    // 20:30 in Tampa, on a Wednesday.
    let evening = second("2026-11-26T01:30:00Z");
    let mut rule = Rule::clone(
        legal
            .rules()
            .iter()
            .find(|rule| rule.name == "us-florida")
            .expect("it is built in"),
    );
    assert_eq!(
        word(legal.closed(tampa, &florida, evening).as_ref()),
        "us-florida"
    );
    rule.off = true;
    legal.put_rule(rule.clone());
    assert_eq!(legal.closed(tampa, &florida, evening), None);
    rule.off = false;
    rule.hours = vec![Hours {
        days: Days::named(["Sat"]).expect("a day"),
        from: 0,
        till: 7_200,
    }];
    legal.put_rule(rule);
    assert_eq!(
        word(legal.closed(tampa, &florida, evening).as_ref()),
        "us-florida"
    );
    assert_eq!(
        legal.next_opening(tampa, &florida, evening),
        None,
        "it and the federal rule never allow it together"
    );
    legal.remove_rule("us-florida");
    legal.put_holiday(Holiday {
        name: "a day off".to_owned(),
        country: Code::new("US").expect("a code"),
        region: Code::new("FL"),
        date: HolidayDate::Once("2026-11-25".parse().expect("a day")),
        hours: vec![(36_000, 43_200)],
        source: String::new(),
        origin: Origin::Configured,
        off: false,
    });
    for (at, closed) in [
        ("2026-11-26T01:30:00Z", "a day off"),
        ("2026-11-25T14:59:59Z", "a day off"),
        ("2026-11-25T15:00:00Z", ""),
        ("2026-11-25T17:00:00Z", "a day off"),
        ("2026-11-26T13:00:00Z", ""),
    ] {
        let found = legal.closed(tampa, &florida, second(at));
        assert_eq!(word(found.as_ref()), closed, "{at}");
    }
    // Of a region: for those whose region is another it is none, for those whose region
    // nobody knows it is one.
    let day = second("2026-11-25T20:30:00Z");
    assert_eq!(legal.closed(place("+12125550123"), &florida, day), None);
    let unknown = legal.closed(place("+18005550123"), &florida, day);
    assert_eq!(word(unknown.as_ref()), "a day off");
}

#[test]
fn without_a_rule() {
    let mut legal = built_in();
    legal.defaults.unknown = WithoutRule::Refuse;
    let own = zone("Europe/Berlin");
    let noon = second("2026-11-25T11:30:00Z");
    for (phone, sentence) in [
        (
            "+4930123456",
            "no rule says when phones of DE may be called",
        ),
        ("6505550123", "nobody knows in which country"),
    ] {
        let closed = legal
            .closed(place(phone), &own, noon)
            .expect("it is closed");
        assert!(closed.to_string().starts_with(sentence), "{closed}");
        assert_eq!(legal.next_opening(place(phone), &own, noon), None);
    }
    let lawful = legal.closed(place("+33123456789"), &zone("Europe/Paris"), noon);
    assert_eq!(lawful, None);
    // A holiday alone is no rule.
    assert_eq!(legal.closed(place("ada@example.org"), &own, noon), None);
}

#[test]
fn sentences() {
    let legal = built_in();
    let at = |phone, own, at| {
        let closed = legal.closed(place(phone), &zone(own), second(at));
        closed.expect("it is closed").to_string()
    };
    assert_eq!(
        at("+12145550123", "America/Chicago", "2026-11-29T17:00:00Z"),
        "it is outside the legal hours of the rule us-texas (Tex. Bus. & Com. Code 301.051: Mon \
         Tue Wed Thu Fri Sat 09:00-21:00, Sun 12:00-21:00) in America/Chicago"
    );
    assert_eq!(
        at("+34612345678", "Europe/Madrid", "2026-12-25T12:00:00Z"),
        "it is the holiday spain-christmas-day in Europe/Madrid (Real Decreto Legislativo 1/2007, \
         art. 96.2)"
    );
}
