//! `ocs explain`: what decides about a record, and what would come of results.

use serde_json::{Value, json};

use crate::home::Home;
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
