use ocs_protocol::enumeration::{CallResult, ContactType, Enumeration as _, RecordType};

use super::*;
use crate::calling_list::{Field, FieldKind};
use crate::fields::{FieldValue, Fields};
use crate::retrieval::agreement::{list, record};

fn spring() -> CallingList {
    let field = |name: &str, kind| Field {
        name: name.to_owned(),
        kind,
        send_attribute: None,
    };
    CallingList {
        name: "Spring".to_owned(),
        fields: vec![
            field("balance", FieldKind::Float),
            field("n", FieldKind::Int),
            field("first-name", FieldKind::Varchar(40)),
            field("city", FieldKind::Char(40)),
            field("due", FieldKind::DateTime),
            field("attempt", FieldKind::Int),
        ],
        ..list(101)
    }
}

fn filter(condition: &str, order: &str) -> Filter {
    Filter {
        dbid: 1,
        name: "Big".to_owned(),
        condition: condition.to_owned(),
        order: order.to_owned(),
    }
}

fn ada() -> Record {
    let mut ada = record(7, 7, 0);
    ada.contact.phone = "+12125550100".to_owned();
    ada.contact.fields = Fields::of([
        ("balance", FieldValue::Float(120.5)),
        ("n", FieldValue::Int(9_007_199_254_740_993)),
        ("first-name", FieldValue::Text("Ada".to_owned())),
        (
            "due",
            FieldValue::DateTime("2026-11-22T09:30:00.25Z".to_owned()),
        ),
        ("attempt", FieldValue::Int(77)),
    ]);
    ada
}

#[test]
fn what_is_taken() {
    let ada = ada();
    for (condition, answer) in [
        ("", Some(true)),
        ("  \n ", Some(true)),
        ("balance > 100 and contact_info_type = Mobile", Some(true)),
        (
            "balance > 100 and contact_info_type = homephone",
            Some(false),
        ),
        ("contact_info_type in (HomePhone, 'mobile')", Some(true)),
        ("contact_info_type = 4", Some(true)),
        ("Mobile = contact_info_type", Some(true)),
        ("contact_info_type <> Mobile", Some(false)),
        ("100 < balance", Some(true)),
        ("balance between 120 and 121", Some(true)),
        ("balance not between 120 and 121", Some(false)),
        ("n = 9007199254740993", Some(true)),
        ("n = 9007199254740992.0", Some(false)),
        ("n > 9007199254740992.0", Some(true)),
        ("balance = 120.5", Some(true)),
        ("balance > -1", Some(true)),
        ("\"first-name\" = 'Ada'", Some(true)),
        ("\"first-name\" = 'ada'", Some(false)),
        ("\"first-name\" like 'a_A'", Some(true)),
        ("\"first-name\" not like '%x%'", Some(true)),
        ("contact_info like '+1212%'", Some(true)),
        ("contact_info like '%0'", Some(true)),
        ("contact_info like '%5%5%0_'", Some(true)),
        ("contact_info like '%9%'", Some(false)),
        ("due > '2026-11-22T09:30:00Z'", Some(true)),
        ("due < '11/22/2026 09:31'", Some(true)),
        ("due = '2026-11-22T10:30:00.25+01:00'", Some(true)),
        ("dial_sched_time is null and call_time is null", Some(true)),
        ("attempt = 0", Some(true)),
        ("ATTEMPT = 0 and \"attempt\" = 77", Some(true)),
        ("attempt < \"attempt\"", Some(true)),
        ("chain_id = record_id", Some(true)),
        ("record_id in (6, 7)", Some(true)),
        ("record_id not in (6, 7)", Some(false)),
        // A value that is not there.
        ("city = 'Bonn'", None),
        ("not city = 'Bonn'", None),
        ("city <> 'Bonn'", None),
        ("city in ('Bonn', 'Rom')", None),
        ("city like '%'", None),
        ("dial_sched_time > 0", None),
        ("city = 'Bonn' or n > 0", Some(true)),
        ("city = 'Bonn' or n < 0", None),
        ("city = 'Bonn' and n < 0", Some(false)),
        ("city = 'Bonn' and n > 0", None),
        ("city is null", Some(true)),
        ("not (city is not null)", Some(true)),
        ("city is null -- and so on", Some(true)),
    ] {
        let read = filter(condition, "").for_list(&spring());
        let read = read.unwrap_or_else(|problems| panic!("{condition}: {problems:?}"));
        assert_eq!(read.condition.of(&Row::new(&ada)), answer, "{condition}");
        assert_eq!(read.takes(&ada), answer == Some(true), "{condition}");
    }
}

#[test]
fn every_value_has_its_name() {
    let columns = [
        (
            "contact_info_type",
            ContactType::names().collect::<Vec<_>>(),
        ),
        ("record_type", RecordType::names().collect()),
        ("call_result", CallResult::names().collect()),
    ];
    for (column, names) in columns {
        for name in names {
            let condition = format!("{column} = {name} or {name} = {column}");
            let read = filter(&condition, "").for_list(&spring());
            assert!(read.is_ok(), "{condition}: {read:?}");
        }
    }
}

#[test]
fn what_is_refused_and_where() {
    let long = "n = 1 or ".repeat(500);
    let many = format!("n in ({}1)", "1,".repeat(600));
    let deep = format!("{}n = 1{}", "(".repeat(200), ")".repeat(200));
    for (condition, sentence, under) in [
        ("balanc > 100", "did you mean balance?", "^^^^^^"),
        (
            "n = 1 and\n  shoe_size = 42",
            "\"shoe_size\" is neither an attribute",
            "  ^^^^^^^^^",
        ),
        ("shoe = 42", "there are: record_id, ", "^^^^"),
        (
            "first-name = 'Ada'",
            "this operator is not taken",
            "^^^^^^^^^^",
        ),
        (
            "first = 'Ada'",
            "write it in double quotes, \"first-name\"",
            "^^^^^",
        ),
        ("\"contact_info\" = 'x'", "neither", "^^^^^^^^^^^^^^"),
        (
            "balance >",
            "expected: an expression, found the end",
            "         ^",
        ),
        (
            "balance > 100 100",
            "100 cannot follow here",
            "              ^^^",
        ),
        (
            "balance > 100; drop table record",
            "; cannot follow here",
            "             ^",
        ),
        ("n = 'x", "unterminated string literal", "    ^"),
        ("n = 1 order by n", "cannot follow here", "      ^^^^^"),
        ("n = (select 1)", "queries are not taken", ""),
        ("n in (select 1)", "not taken", ""),
        ("exists (select 1)", "not taken", ""),
        ("n = random()", "functions are not taken", "    ^^^^^^"),
        ("n + 1 = 2", "this operator is not taken", "^^^^^"),
        ("n", "a condition is needed here", "^"),
        ("1 = 1", "one side of a comparison must be", "^"),
        ("n = null", "is null or is not null", "    ^^^^"),
        ("n = 'one'", "a number is needed here", "    ^^^^^"),
        ("n = city", "of another type", "    ^^^^"),
        ("city = 5", "a text in single quotes", "       ^"),
        ("city like n", "after like stands a pattern", "          ^"),
        ("n like '1%'", "like compares texts", "^"),
        ("city like 'a' escape 'b'", "this is not taken", ""),
        ("city ilike 'a'", "this is not taken", ""),
        (
            "contact_info_type = Handy",
            "it has: NoContactType, HomePhone",
            "                    ^^^^^",
        ),
        (
            "contact_info_type = 99",
            "it has no such value",
            "                    ^^",
        ),
        (
            "contact_info_type > Mobile",
            "no order; write =",
            "^^^^^^^^^^^^^^^^^",
        ),
        (
            "due > 'tomorrow'",
            "2026-11-22T09:30:00Z",
            "      ^^^^^^^^^^",
        ),
        ("call_time > '2026-11-22T09:30:00.5Z'", "whole seconds", ""),
        ("n = 1e999", "no number", "    ^^^^^"),
        ("n = x.y", "this is not taken", "    ^^^"),
        ("n = cast('1' as int)", "this is not taken", ""),
        ("case when n = 1 then 1 end = 1", "this is not taken", ""),
        ("n = 1\u{1}", "control character", ""),
        (long.as_str(), "characters; at most 4096", ""),
        (many.as_str(), "more than 500", ""),
        (deep.as_str(), "too deep", ""),
    ] {
        let problems = filter(condition, "")
            .for_list(&spring())
            .expect_err(condition);
        let [(Part::Where, problem)] = problems.as_slice() else {
            panic!("{condition}: {problems:?}");
        };
        assert!(
            problem.sentence.contains(sentence),
            "{condition}: {}",
            problem.sentence
        );
        let shown = problem.shown(condition);
        let carets = shown.lines().last().unwrap_or_default();
        if !under.is_empty() {
            assert_eq!(carets, format!("    {under}"), "{shown}");
        }
    }
}

#[test]
fn orders() {
    let of = |order: &str, record: &Record| {
        let read = filter("", order).for_list(&spring());
        read.unwrap_or_else(|problems| panic!("{order}: {problems:?}"))
            .place(record)
    };
    let with = |balance: Option<f64>, city: &str| {
        let mut new = record(7, 7, 0);
        let balance = balance.map(|balance| ("balance", FieldValue::Float(balance)));
        let city = ("city", FieldValue::Text(city.to_owned()));
        new.contact.fields = Fields::of(balance.into_iter().chain([city]));
        new
    };
    let sorted = [
        (Some(5.0), "B"),
        (Some(5.0), "A"),
        (Some(-1.0), "A"),
        (None, "Z"),
        (None, "A"),
    ];
    let places: Vec<_> = sorted
        .iter()
        .map(|(balance, city)| of("balance desc, city desc", &with(*balance, city)))
        .collect();
    assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
    let none = of("balance", &with(None, "A"));
    assert!(
        of("balance asc", &with(Some(9e9), "A")) < none,
        "without a value last"
    );
    assert_eq!(of("", &with(Some(1.0), "A")), Place::FIRST);
    let mut callback = with(Some(1.0), "A");
    callback.contact.record_type = RecordType::PersonalCallBack;
    assert_eq!(of("balance", &callback), Place::FIRST);
    assert_eq!(Place::of(none.bytes()), none);

    for (order, sentence, under) in [
        ("balanc", "did you mean balance?", "^^^^^^"),
        (
            "balance downwards",
            "cannot follow here",
            "        ^^^^^^^^^",
        ),
        ("balance desc nulls first", "always come last", ""),
        ("5", "by columns only", "^"),
        ("abs(n)", "functions are not taken", ""),
        ("n, n, n, n, n", "at most 4 columns", "            ^"),
        ("n,", "expected", ""),
    ] {
        let problems = filter("", order).for_list(&spring()).expect_err(order);
        let [(Part::Order, problem)] = problems.as_slice() else {
            panic!("{order}: {problems:?}");
        };
        assert!(
            problem.sentence.contains(sentence),
            "{order}: {}",
            problem.sentence
        );
        let shown = problem.shown(order);
        if !under.is_empty() {
            assert_eq!(
                shown.lines().last(),
                Some(format!("    {under}").as_str()),
                "{shown}"
            );
        }
    }
    let both = filter("x = 1", "y").for_list(&spring()).expect_err("two");
    assert_eq!(both.len(), 2);
    assert!(filter("x = 1", "y").check_syntax().is_ok());
    assert!(filter("x =", "y z").check_syntax().is_err());
}
