//! `ocs explain`: what decides about a record, and what would come of results.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::campaigns::running_of;
use crate::home::{HTTP_PORT, Home};
use crate::process::until;
use crate::treatments::{AGENTS, running};

/// The whole decision for a record, with and without a running OCS, and what would come of
/// results, which changes nothing.
#[test]
fn explained() {
    let server = running(&[AGENTS]);
    let attributes = json!({ "GSW_PHONE": "+16505550123", "GSW_CUSTOMER_ID": "C-12345" });
    let record = server.add_to("Treated", &attributes);
    let second = server.add_to(
        "Treated",
        &json!({ "GSW_PHONE": "+16505550199", "GSW_CHAIN_ID": record }),
    );
    let stands = |handle: &Value| {
        let mut record = server.record(handle);
        // Now, which is another moment each time.
        record["next_callable"].take();
        record
    };
    let before = [stands(&record), stands(&second)];
    let (handle, next) = (record.to_string(), second.to_string());
    let whole: &[&str] = &[
        &format!("Record {handle}\n"),
        "calling list: Treated (DBID 311)",
        "phone: …0123",
        "customer id: …2345",
        "attempts: 0 of at most 3",
        "in UTC, where it is",
        &format!("Chain {handle}\n"),
        &format!("1: record {next}, Ready, General"),
        "Treating@Agents (DBID 411): Running",
        "Treating@Specialists (DBID 412): NotLoaded",
        "Do Not Call: neither",
        "callable: nothing stands against a call",
        "NoAnswer, attempt 1: RetryIn 30 min: of the calling list, for the next attempt",
        "Busy: RetryIn 45 min: of the campaign, for the next attempt",
    ];
    let results = "NoAnswer,NoAnswer,7,Busy,WrongNumber,Answer";
    let follows: &[&str] = &[
        "What would come of it, called by Treating@Agents (DBID 411)",
        &format!(
            "record {handle} is Ready, CampaignRescheduled, attempts 1; next: record {handle} at "
        ),
        "NoAnswer: RetryIn 60 min, each time 15 min more (of the calling list)",
        "NoAnswer: NextInChain (of the calling list)",
        &format!(
            "record {handle} is Updated, CampaignRescheduled, attempts 3; next: record {next} at "
        ),
        "Busy, attempt 1: Cycle 10 min (of the calling list)",
        "WrongNumber: MarkDB (of the campaign)",
        "next: nobody is called any more",
        "no calls for: Answer",
    ];
    let explain = |home: &Home, arguments: &[&str], status: i32, parts: &[&str]| {
        let arguments = [&["explain"], arguments].concat();
        let explained = home.ocs(&arguments);
        explained.expect(status, parts);
        explained.stdout
    };
    let shown = explain(&server.home, &[&handle], 0, whole);
    assert!(
        !shown.contains("16505550123") && !shown.contains("C-12345"),
        "{shown}"
    );
    explain(
        &server.home,
        &[&handle, "--contact-info"],
        0,
        &["phone: +16505550123 (", "id: C-12345"],
    );
    let named = ["--campaign-group", "Treating@Agents"];
    for options in [&[][..], &named] {
        let arguments = [&[handle.as_str(), "--results", results][..], options].concat();
        explain(&server.home, &arguments, 0, follows);
    }
    assert_eq!([stands(&record), stands(&second)], before);
    // Each reason, and whatever comes of a record that nobody calls.
    explain(
        &server.home,
        &[&next, "--results", "Answer"],
        0,
        &[
            &format!("chain-earlier-open: the record {handle} comes before it"),
            "next callable: ",
        ],
    );
    assert_eq!(server.next(AGENTS, "ann"), record);
    explain(
        &server.home,
        &[&handle, "--results", "Stale"],
        0,
        &[
            "in the hands of: ann, for Treating@Agents (DBID 411)",
            "retrieved: the record is in somebody's hands",
            "no treatment applies",
        ],
    );
    for (arguments, parts) in [
        (&["999"][..], &["there is no record \"999\""][..]),
        (
            &[handle.as_str(), "--results", "NoAnwser"],
            &["NoAnwser", "NoAnswer"],
        ),
        (
            &[handle.as_str(), "--campaign-group", "X@Y"],
            &["X@Y", "<campaign>@<group>"],
        ),
    ] {
        explain(&server.home, arguments, 1, parts);
    }
    let home = server.stop();
    explain(
        &home,
        &[&handle],
        0,
        &[
            "in the hands of: ann",
            "Treating@Agents (DBID 411): Running",
        ],
    );
}

/// A calling list that is retried every half hour, by a campaign that is capped, by one whose
/// filter takes records once, and one that does not use it.
const OUTLOOK: &str = r#"
[[calling-list]]
name = "Retried"
time-zone = "UTC"
[[calling-list.treatment]]
call-result = "NoAnswer"
action = "RetryIn"
interval = 30

[[calling-list]]
name = "Other"

[[filter]]
name = "Fresh"
where = "attempt < 1"

[[frequency-cap]]
name = "a day"
attempts = 2
hours = 24

[[campaign]]
name = "Capped"
calling-lists = ["Retried"]
[[campaign]]
name = "Once"
calling-lists = [{ name = "Retried", filter = "Fresh" }]
[[campaign]]
name = "Elsewhere"
calling-lists = ["Other"]

[[campaign-group]]
dbid = 421
campaign = "Capped"
group = "G"
[[campaign-group]]
dbid = 422
campaign = "Once"
group = "G"
[[campaign-group]]
dbid = 423
campaign = "Elsewhere"
group = "G"
"#;

/// Calls that are supposed count for frequency caps; a filter looks at what they make of the
/// record; and who does not hand it out calls nobody.
#[test]
fn what_caps_and_filters_would_say() {
    let server = running_of(Home::with(HTTP_PORT, OUTLOOK), &[421, 422, 423]);
    let add = |phone: &str| {
        // At any hour.
        let sent = json!({ "GSW_PHONE": phone, "GSW_FROM": 0, "GSW_UNTIL": 86_399 });
        let added = server.post("/lists/Retried?req=AddRecord", &sent);
        added.expect(200)["GSW_RECORD_HANDLE"].clone()
    };
    let (first, second) = (add("+49301000001"), add("+49301000001"));
    let explain = |handle: &Value, group: &str, results: &str, status: i32, parts: &[&str]| {
        let handle = handle.to_string();
        let arguments = ["explain", &handle, "--campaign-group", group];
        let explained = server
            .home
            .ocs(&[&arguments[..], &["--results", results]].concat());
        explained.expect(status, parts);
        explained.stdout
    };
    let calls = |said: &str| -> Vec<i64> {
        let of_call = said.lines().filter(|line| line.contains(" NoAnswer: "));
        // Treatments have no moment.
        let moment = |line: &str| line.split_whitespace().next()?.parse::<Timestamp>().ok();
        of_call
            .filter_map(moment)
            .map(Timestamp::as_second)
            .collect()
    };
    let said = explain(&first, "Capped@G", "NoAnswer,NoAnswer,NoAnswer", 0, &[]);
    let at = calls(&said);
    let after: Vec<_> = at.iter().map(|moment| moment - at[0]).collect();
    assert_eq!(after, [0, 1_800, 86_400], "{said}");
    explain(
        &first,
        "Once@G",
        "NoAnswer,NoAnswer",
        0,
        &[
            "next: nobody is called any more; the filter \"Fresh\" does not take it",
            "no calls for: NoAnswer",
        ],
    );
    explain(
        &first,
        "Elsewhere@G",
        "NoAnswer",
        1,
        &["does not hand out the record", "Elsewhere@G"],
    );
    // Calls that were made count too, also those of another record of the phone.
    until("the filter is in use", || server.next(422, "ann") == first);
    explain(
        &second,
        "Capped@G",
        "NoAnswer",
        0,
        &["supposing: the record that is out now"],
    );
    let no_answer = json!({ "GSW_CALL_RESULT": "NoAnswer" });
    server.on(&first, "RecordProcessed", &no_answer).expect(200);
    let said = explain(&second, "Capped@G", "NoAnswer,NoAnswer", 0, &[]);
    let at = calls(&said);
    assert!((86_000..=86_400).contains(&(at[1] - at[0])), "{said}");
    explain(
        &first,
        "Once@G",
        "NoAnswer",
        0,
        &["the record is not called: the filter \"Fresh\" does not take it"],
    );
}
