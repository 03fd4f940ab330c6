//! Legal calling hours and holidays (docs/legal-hours.md).

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::audit;
use crate::campaigns::{self, CALLING, running_of};
use crate::home::{Home, NIGHT_TOO, OBJECTS};
use crate::process::until;
use crate::replies::has;
use crate::server::Server;

/// In Iceland it is the time of UTC the whole year, and no rule is built in.
const ICELAND: &str = "+3545551234";

/// The usual objects with calling lists and campaigns, and legal hours as they are without
/// a word of them.
fn home() -> Home {
    let home = campaigns::home();
    let by_default = home.read("ocs.toml").replace(NIGHT_TOO, "");
    home.write("ocs.toml", by_default);
    home
}

fn running() -> Server {
    running_of(home(), &[CALLING])
}

/// A calling list that is taken by a filter, and called again two hours after each Busy.
const FILTERED: &str = r#"
[[calling-list]]
name = "Debts"
time-zone = "UTC"
max-attempts = 10

[[calling-list.field]]
name = "balance"
type = "int"

[[calling-list.treatment]]
call-result = "Busy"
action = "Cycle"
interval = 120

[[filter]]
name = "Big"
where = "balance > 100"
order = "balance desc"

[[campaign]]
name = "Big"
calling-lists = [{ name = "Debts", filter = "Big" }]

[[campaign-group]]
dbid = 421
campaign = "Big"
group = "Agents"
"#;
const BIG: u32 = 421;

/// The objects with these, which are right.
#[track_caller]
fn apply(server: &Server, more: &str) -> String {
    let objects = [OBJECTS, include_str!("campaigns.toml"), more].concat();
    server.home.apply(&objects).stdout
}

/// A rule for Iceland, from so many hours after now until so many.
fn rule(server: &Server, from: u64, until: u64) -> String {
    let clock = |hours| {
        let second = server.time_of_day(hours);
        format!("{:02}:{:02}", second / 3_600, second / 60 % 60)
    };
    format!(
        "[[legal-hours]]\nname = \"iceland\"\ncountry = \"IS\"\nsource = \"act 1\"\n\
         hours = [{{ from = \"{}\", until = \"{}\" }}]\n",
        clock(from),
        clock(until)
    )
}

/// When the test began.
fn begin(server: &Server) -> Timestamp {
    let written = std::fs::metadata(server.home.path().join("ocs.toml"));
    let written = written.and_then(|file| file.modified()).expect("a file");
    Timestamp::try_from(written).expect("a moment")
}

/// The reasons of a record, and when it can be called.
fn why(server: &Server, handle: &Value) -> (Vec<String>, String, Value) {
    let record = server.record(handle);
    let reasons = record["why"].as_array().expect("reasons");
    let codes = reasons
        .iter()
        .map(|why| why["reason"].as_str().expect("a word").to_owned());
    let sentences: Vec<_> = reasons
        .iter()
        .map(|why| why["sentence"].as_str().expect("a sentence"))
        .collect();
    (
        codes.collect(),
        sentences.join("; "),
        record["next_callable"].clone(),
    )
}

#[test]
fn inside_and_outside() {
    let server = running();
    let handle = server.add_to("Calls", &json!({ "GSW_PHONE": ICELAND }));
    let take = |expected: &Value| {
        assert_eq!(server.next(CALLING, "ann"), *expected);
        if !expected.is_null() {
            server.on(expected, "RecordReject", &json!({})).expect(200);
        }
    };
    // No rule: its own window says it all.
    take(&handle);
    let said = apply(&server, &rule(&server, 2, 5));
    assert!(said.contains("legal hours \"iceland\": added"), "{said}");
    take(&Value::Null);
    let (codes, sentence, next) = why(&server, &handle);
    assert_eq!(codes, ["outside-legal-hours"]);
    for part in ["the rule iceland (act 1: ", "in Etc/UTC", "lawful again at"] {
        assert!(sentence.contains(part), "{sentence}");
    }
    let next: Timestamp = next.as_str().expect("a moment").parse().expect("a moment");
    let minutes = next.duration_since(begin(&server)).as_mins();
    assert!((118..=121).contains(&minutes), "{minutes}");

    // A callback: within the hours alone.
    let at = |hours: i64| (begin(&server) + hours.hours()).to_string();
    let refused = json!({ "GSW_DATE_TIME": at(1), "GSW_CALLBACK_TYPE": "Campaign" });
    let refusal = server.on(&handle, "RecordReschedule", &refused).expect(400);
    has(
        &refusal,
        &json!({ "GSW_ERROR_NUMBER": 1170, "GSW_ERROR_ATTRIBUTE": "GSW_DATE_TIME" }),
    );
    let sentence = refusal["GSW_ERROR"].as_str().expect("a sentence");
    assert!(sentence.contains("the rule iceland (act 1: "), "{sentence}");
    let other = server.add_to("Calls", &json!({ "GSW_PHONE": "+3545551235" }));
    let taken = json!({ "GSW_DATE_TIME": at(3), "GSW_CALLBACK_TYPE": "Campaign" });
    server.on(&other, "RecordReschedule", &taken).expect(200);

    // Around now, and a holiday then.
    let said = apply(&server, &rule(&server, 23, 5));
    assert!(said.contains("legal hours \"iceland\": hours "), "{said}");
    take(&handle);
    let day = |days: i64| {
        let day = begin(&server).to_zoned(TimeZone::UTC).date() + days.days();
        format!("[[holiday]]\nname = \"{day}\"\ncountry = \"IS\"\ndate = \"{day}\"\n")
    };
    let holidays = [rule(&server, 23, 5), day(0), day(1)].concat();
    apply(&server, &holidays);
    take(&Value::Null);
    let (codes, sentence, next) = why(&server, &handle);
    assert_eq!(codes, ["holiday"], "{sentence}");
    assert!(!next.is_null());

    // A calling list that this is not for.
    let free = include_str!("campaigns.toml").replacen(
        "max-attempts = 3\n",
        "max-attempts = 3\noptions = { legal-hours = false }\n",
        1,
    );
    let said = server.home.apply(&[OBJECTS, &free, &holidays].concat());
    let said = said.stdout;
    assert!(
        said.contains("legal-hours as the application says → false"),
        "{said}"
    );
    let (codes, sentence, _) = why(&server, &handle);
    assert_eq!(codes, [""; 0], "{sentence}");
    until("the log keeps what was changed", || {
        let log = server.home.read("logs/ocs.log").replace('\\', "");
        log.contains("legal hours \"iceland\": added") && log.contains("legal-hours is false")
    });
    server.stop();
}

/// In a campaign with a filter, in `ocs explain`, and in the audit.
#[test]
fn filtered_explained_and_audited() {
    let home = home();
    home.apply(FILTERED);
    let server = running_of(home, &[BIG]);
    let add = |phone: &str, balance: u32, more: &Value| {
        let mut sent = json!({ "GSW_PHONE": phone, "balance": balance });
        for (key, value) in more.as_object().expect("attributes") {
            sent[key] = value.clone();
        }
        server.add_to("Debts", &sent)
    };
    let reykjavik = add(ICELAND, 300, &json!({}));
    let akureyri = add("+3545551235", 200, &json!({}));
    add("+3545551236", 99, &json!({}));
    let tokyo = add("+81312345678", 150, &json!({}));
    let keflavik = add("+3545551237", 0, &json!({ "GSW_CHAIN_ID": tokyo }));
    let apply = |from, until| {
        let objects = [FILTERED, &rule(&server, from, until)].concat();
        server.home.apply(&objects);
    };
    apply(2, 5);

    // Every moment of a call is lawful: two hours from now, two hours later, and tomorrow.
    let handle = reykjavik.to_string();
    let arguments = ["explain", &handle, "--results", "Busy,Busy,Busy"];
    let explained = server.home.ocs(&arguments);
    explained.expect(
        0,
        &[
            "legal hours: for phones of IS: iceland (act 1: ",
            "outside-legal-hours: it is outside the legal hours of the rule iceland (act 1: ",
        ],
    );
    let minutes = |line: &str| -> Option<i64> {
        let (at, _) = line.trim().split_once(" Busy: ")?;
        let at: Timestamp = at.parse().expect("a moment");
        Some(at.duration_since(begin(&server)).as_mins())
    };
    let calls: Vec<_> = explained.stdout.lines().filter_map(minutes).collect();
    let hours: Vec<_> = calls.iter().map(|minutes| (minutes + 30) / 60).collect();
    assert_eq!(hours, [2, 4, 26], "{}", explained.stdout);
    let other = ["explain", &tokyo.to_string()];
    let no_rule = "legal hours: no rule holds for phones of JP";
    server.home.ocs(&other).expect(0, &[no_rule]);

    // By the filter, Iceland would be first.
    assert_eq!(server.next(BIG, "ann"), tokyo);
    assert_eq!(server.next(BIG, "ann"), Value::Null);
    // Neither is the rest of the chain called.
    let rest = server.on(&tokyo, "ChainedRecordRequest", &json!({}));
    let rest = rest.expect(200).to_string();
    assert!(rest.contains("ChainedRecordsDataEnd"), "{rest}");
    has(
        &server.record(&keflavik),
        &json!({ "GSW_RECORD_STATUS": "Ready" }),
    );
    apply(23, 5);
    assert_eq!(server.next(BIG, "ann"), reykjavik);
    assert_eq!(server.next(BIG, "ann"), akureyri);
    assert_eq!(server.next(BIG, "ann"), Value::Null);

    let told = audit::lines(&server.home);
    let told: Vec<_> = told
        .iter()
        .map(|line| {
            let said = line["rules"]["legal-hours"]
                .as_str()
                .expect("what was said");
            (line["what"].clone(), line["record"].clone(), said)
        })
        .collect();
    let closed = told[1].2;
    assert_eq!(
        told,
        [
            (
                json!("handed-out"),
                tokyo,
                "passed: no rule holds for such phones"
            ),
            (json!("blocked"), keflavik, closed),
            (json!("handed-out"), reykjavik, "passed"),
            (json!("handed-out"), akureyri, "passed"),
        ]
    );
    let part = "it is outside the legal hours of the rule iceland (act 1: ";
    assert!(closed.starts_with(part), "{closed}");
    audit::verified(&server.home, &[]);
    server.stop();
}

/// Nobody has to ask for the ready rules.
#[test]
fn the_law_holds_by_default() {
    let server = running();
    let honolulu = TimeZone::get("Pacific/Honolulu").expect("a zone");
    let attributes = json!({ "GSW_PHONE": "+18085550123", "GSW_TZ_NAME": "HST" });
    let handle = server.add_to("Calls", &attributes);
    let lawful = |date: &str| {
        let moment = jiff::fmt::rfc2822::parse(date).expect("a date");
        let hour = moment.with_time_zone(honolulu.clone()).hour();
        (8..21).contains(&hour)
    };
    let read = || {
        let reply = server.request("GET", &format!("/records/{handle}"), &[], b"");
        lawful(reply.header("date").expect("a date"))
    };
    let before = read();
    let (codes, sentence, _) = why(&server, &handle);
    let next = server.next(CALLING, "ann");
    if before == read() {
        let expected: &[&str] = if before {
            &[]
        } else {
            &["outside-legal-hours"]
        };
        assert_eq!(codes, expected, "{sentence}");
        assert_eq!(next.is_null(), !before, "{sentence}");
        assert!(before || sentence.contains("us-federal (47 CFR 64.1200(c)(1): 08:00-21:00)"));
    }
    server.stop();
}

/// What is built in is replaced and switched off by name, and comes back.
#[test]
fn by_name() {
    let home = Home::new();
    let off = "[[legal-hours]]\nname = \"us-florida\"\noff = true\n\
               [[holiday]]\nname = \"spain-epiphany\"\noff = true\n";
    let other = "[[legal-hours]]\nname = \"us-florida\"\ncountry = \"US\"\nregion = \"FL\"\n\
                 source = \"house rule\"\n\
                 hours = [{ days = [\"Mon\", \"Tue\"], from = \"09:00\", until = \"12:30\" }]\n";
    for (objects, options, parts) in [
        (
            off,
            &["--dry-run"][..],
            &["legal hours \"us-florida\": switched off", "dry run"][..],
        ),
        (
            off,
            &[],
            &[
                "legal hours \"us-florida\": switched off",
                "holiday \"spain-epiphany\": switched off",
            ],
        ),
        (off, &[], &["legal hours \"us-florida\": unchanged"]),
        (
            other,
            &[],
            &[
                "legal hours \"us-florida\": switched on",
                "→ Mon Tue 09:00-12:30",
                "source Fla. Stat. 501.616(6)(a) → house rule",
            ],
        ),
        (
            "[[holiday]]\nname = \"own\"\ncountry = \"DE\"\nregion = \"BY\"\ndate = \"08-15\"\n",
            &["--prune"],
            &[
                "holiday \"own\": added",
                "legal hours \"us-florida\": as it is built in again",
                "holiday \"spain-epiphany\": as it is built in again",
            ],
        ),
        (
            "[[calling-list]]\nname = \"A\"\n",
            &["--prune"],
            &["holiday \"own\": removed"],
        ),
    ] {
        home.write("objects.toml", objects);
        let arguments = [&["apply", "objects.toml"], options].concat();
        home.ocs(&arguments).expect(0, parts);
    }
    // The page's own example.
    let page = include_str!("../../../../docs/legal-hours.md");
    let example = page
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    home.apply(example.expect("an example"));
}

#[test]
fn wrong_ones() {
    let home = Home::new();
    let rule = |keys: &str| format!("[[legal-hours]]\nname = \"r\"\nsource = \"s\"\n{keys}");
    let hours = "hours = [{ from = \"09:00\", until = \"12:00\" }]\n";
    for (objects, parts) in [
        (
            rule(&format!("country = \"ZZ\"\n{hours}")),
            &["line 1", "legal hours \"r\"", "its country is \"ZZ\"", "ISO 3166"][..],
        ),
        (
            rule(&format!("country = \"germany\"\n{hours}")),
            &["line 4", "two capital letters"],
        ),
        (
            rule(&format!("country = \"US\"\nregion = \"XX\"\n{hours}")),
            &["line 1", "US has no region \"XX\"; it has AK, AL"],
        ),
        (
            rule("country = \"DE\"\nhours = [{ from = \"09:00\", until = \"09:00\" }]\n"),
            &["line 5", "from and until must differ"],
        ),
        (
            rule("country = \"DE\"\nhours = [{ days = [\"monday\"], from = \"09:00\", until = \"10:00\" }]\n"),
            &["line 5", "found \"monday\"", "\"Mon\""],
        ),
        (rule(""), &["country", "hours", "this key is needed"]),
        (
            "[[legal-hours]]\nname = \"us-florida\"\ncountry = \"US\"\noff = true\n".to_owned(),
            &["line 1", "what is off has a name and nothing else"],
        ),
        (
            "[[legal-hours]]\nname = \"us-floria\"\noff = true\n".to_owned(),
            &["line 1", "nothing of this name is built in", "us-florida"],
        ),
        (
            "[[holiday]]\nname = \"h\"\ncountry = \"DE\"\ndate = \"25.12.\"\n".to_owned(),
            &["line 1", "holiday \"h\"", "its date is \"25.12.\"", "easter-2"],
        ),
        (
            "[[holiday]]\nname = \"h\"\ncountry = \"DE\"\ndate = \"12-25\"\nhours = [{ from = \"22:00\", until = \"02:00\" }]\n".to_owned(),
            &["line 5", "end on the same day"],
        ),
        (
            "[[holiday]]\nname = \"h\"\ncountry = \"DE\"\ndate = \"12-25\"\n[[holiday]]\nname = \"h\"\noff = true\n".to_owned(),
            &["line 6", "unique"],
        ),
        (
            "[[calling-list]]\nname = \"L\"\ntime-zone = \"Mars/Olympus\"\n".to_owned(),
            &["line 1", "\"Mars/Olympus\" is neither"],
        ),
        (
            "[[campaign]]\nname = \"C\"\noptions = { legal-hours = false }\n".to_owned(),
            &["line 3", "only a calling list and the application say this"],
        ),
    ] {
        home.write("objects.toml", &objects);
        let mut parts = parts.to_vec();
        parts.push("nothing was changed");
        home.ocs(&["apply", "objects.toml"]).expect(2, &parts);
    }
}

/// Where nobody is called without a rule, the reason says so.
#[test]
fn without_a_rule() {
    let home = home();
    let strict = home.read("ocs.toml").replacen(
        "[options.OCServer]\n",
        "[options.OCServer]\nlegal-hours-unknown = \"refuse\"\n",
        1,
    );
    home.write("ocs.toml", strict);
    let server = home.start();
    for (phone, part) in [
        (ICELAND, "no rule says when phones of IS may be called"),
        ("5551234", "nobody knows in which country the phone is"),
    ] {
        let handle = server.add_to("Calls", &json!({ "GSW_PHONE": phone }));
        let (codes, sentence, next) = why(&server, &handle);
        assert!(codes.contains(&"no-legal-hours".to_owned()), "{codes:?}");
        assert!(sentence.contains(part), "{sentence}");
        assert_eq!(next, Value::Null);
    }
    until("the log says which countries have no rule", || {
        let log = server.home.read("logs/ocs.log");
        let said = |country: &str| {
            let mut lines = log.lines();
            lines.any(|line| line.contains("no rule of legal hours") && line.contains(country))
        };
        said("IS") && said("unknown")
    });
    server.stop();
}
