//! Statistics of a campaign group (docs/statistics.md): what GetCampaignStatus says after real
//! calls, over HTTP.

use serde_json::{Value, json};

use crate::campaigns::{BOTH, CALLING, running};
use crate::replies::has;
use crate::server::Server;

/// What is known of a campaign group.
#[track_caller]
fn status(server: &Server, group: u32) -> Value {
    server
        .group(group, "GetCampaignStatus", &json!({}))
        .expect(200)
}

/// Attempts of every kind, each result counted once, over a restart, for the campaign group that
/// called and no other.
#[test]
fn what_came_of_calls() {
    let server = running(&[CALLING, BOTH]);
    let none = status(&server, CALLING);
    has(
        &none,
        &json!({
            "GSW_STAT_ATTEMPTS": 0, "GSW_STAT_ANSWERED": 0, "GSW_STAT_ABANDONED": 0,
            "GSW_STAT_MACHINES": 0, "GSW_STAT_RECORDS_LEFT": 0,
            "GSW_STAT_TIME_TO_COMPLETE": 0, "results": {},
        }),
    );
    for unknown in [
        "GSW_STAT_HIT_RATIO",
        "GSW_STAT_OVERDIAL_RATE",
        "GSW_STAT_ABANDONED_RATE_US",
        "GSW_STAT_ABANDONED_RATE_UK",
    ] {
        assert_eq!(none[unknown], Value::Null, "{unknown}: {none}");
    }
    // Five persons, of whom two were abandoned, a machine, and two whom nobody reached.
    let results = [
        "Answer",
        "Answer",
        "WrongNumber",
        "Abandoned",
        "Dropped",
        "AnsweringMachine",
        "NoAnswer",
        "Busy",
    ];
    for number in 0..results.len() + 3 {
        server.add_to(
            "Calls",
            &json!({ "GSW_PHONE": format!("+49301{number:04}") }),
        );
    }
    for result in results {
        let handle = server.next(CALLING, "ann");
        let sent = json!({ "GSW_CALL_RESULT": result });
        // Told twice, it counts once: by what it is when the attempt ends.
        let first = json!({ "GSW_CALL_RESULT": "Unknown" });
        server
            .on(&handle, "UpdateCallCompletionStats", &first)
            .expect(200);
        server.on(&handle, "RecordProcessed", &sent).expect(200);
    }
    // What is given back was no attempt, and what is out is none yet.
    let back = server.next(CALLING, "ann");
    server.on(&back, "RecordReject", &json!({})).expect(200);
    let out = server.next(CALLING, "ann");
    // Another campaign group counts its own.
    let other = server.next(BOTH, "bob");
    let answer = json!({ "GSW_CALL_RESULT": "Answer" });
    server.on(&other, "RecordProcessed", &answer).expect(200);

    let right = json!({
        "GSW_STAT_ATTEMPTS": 8, "GSW_STAT_ANSWERED": 5, "GSW_STAT_ABANDONED": 2,
        "GSW_STAT_MACHINES": 1, "GSW_STAT_RECORDS_LEFT": 2, "GSW_STAT_HIT_RATIO": "62.50",
        "GSW_STAT_OVERDIAL_RATE": "40.00", "GSW_STAT_ABANDONED_RATE_US": "40.00",
        // Of the two, one in four would have been a machine: 1.5 of 4.5.
        "GSW_STAT_ABANDONED_RATE_UK": "33.33",
        "results": {
            "Answer": 2, "WrongNumber": 1, "Abandoned": 1, "Dropped": 1,
            "AnsweringMachine": 1, "NoAnswer": 1, "Busy": 1,
        },
    });
    has(&status(&server, CALLING), &right);
    has(
        &status(&server, BOTH),
        &json!({
            "GSW_STAT_ATTEMPTS": 1, "GSW_STAT_ANSWERED": 1, "GSW_STAT_HIT_RATIO": "100.00",
            "results": { "Answer": 1 },
        }),
    );

    let server = server.stop().start();
    has(&status(&server, CALLING), &right);
    // The one that was out ends, in the hands of the same agent.
    server.on(&out, "RecordProcessed", &answer).expect(200);
    let after = status(&server, CALLING);
    has(
        &after,
        &json!({ "GSW_STAT_ATTEMPTS": 9, "GSW_STAT_ANSWERED": 6 }),
    );
    has(&after["results"], &json!({ "Answer": 3 }));
}
