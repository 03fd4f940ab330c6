//! What becomes of a record after each call result (records.md, section 7).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::campaigns::{counts_agree, running_of};
use crate::home::{HTTP_PORT, Home};
use crate::process::until;
use crate::replies::has;
use crate::server::Server;

const TREATMENTS: &str = include_str!("treatments.toml");
/// The campaign group that hands the treated records out.
pub(crate) const AGENTS: u32 = 411;
const SPECIALISTS: u32 = 412;

/// OCS with these treatments, and with these campaign groups running.
pub(crate) fn running(groups: &[u32]) -> Server {
    running_of(Home::with(HTTP_PORT, TREATMENTS), groups)
}

/// A chain of so many records, by handle.
fn chain(server: &Server, list: &str, phone: &str, records: usize) -> Vec<Value> {
    let first = server.add_to(list, &json!({ "GSW_PHONE": format!("{phone} 0") }));
    let mut chain = vec![first.clone()];
    for number in 1..records {
        let phone = format!("{phone} {number}");
        let attributes = json!({ "GSW_PHONE": phone, "GSW_CHAIN_ID": first });
        chain.push(server.add_to(list, &attributes));
    }
    chain
}

/// Minutes from the last call of one record until another can be called.
fn minutes(called: &Value, next: &Value) -> Option<i64> {
    let at: Timestamp = next["next_callable"].as_str()?.parse().expect("a moment");
    let called = called["GSW_CALL_TIME"].as_i64().expect("a call");
    Some((at.as_second() - called) / 60)
}

#[test]
fn after_each_result() {
    let server = running(&[AGENTS]);
    /// The result with what is sent beside it, the attempts before, what the record is then,
    /// in how many minutes it is called again; and the next of its chain: its status, and in
    /// how many minutes it is called, where it need not wait for the first.
    type Row = (Value, u32, Value, Option<i64>, &'static str, Option<i64>);
    let result = |result: &str| json!({ "GSW_CALL_RESULT": result });
    let is =
        |status: &str, kind: &str| json!({ "GSW_RECORD_STATUS": status, "GSW_RECORD_TYPE": kind });
    let again = || is("Ready", "CampaignRescheduled");
    let updated = || is("Updated", "General");
    let table: Vec<Row> = vec![
        (result("Answer"), 0, updated(), None, "ChainUpdated", None),
        (result("NoAnswer"), 0, again(), Some(30), "Ready", None),
        (result("NoAnswer"), 1, again(), Some(75), "Ready", None),
        // The maximum of attempts wins; the next treatment that applies is carried out.
        (result("NoAnswer"), 2, updated(), None, "Ready", Some(0)),
        (
            result("Busy"),
            0,
            is("Ready", "General"),
            Some(10),
            "Ready",
            None,
        ),
        // The calling list has nothing more to say: the campaign has.
        (result("Busy"), 1, again(), Some(45), "Ready", None),
        (result("Busy"), 2, updated(), None, "ChainUpdated", None),
        (
            result("WrongNumber"),
            0,
            updated(),
            None,
            "ChainUpdated",
            None,
        ),
        (
            result("FaxDetected"),
            0,
            updated(),
            None,
            "ChainUpdated",
            None,
        ),
        (
            result("SITInvalidNum"),
            0,
            updated(),
            None,
            "Ready",
            Some(0),
        ),
        (result("SITVacant"), 0, updated(), None, "Ready", Some(15)),
        (
            json!({ "GSW_CALL_RESULT": 7, "GSW_TREATMENT": "RecordTreatPersonal" }),
            0,
            is("Ready", "PersonalRescheduled"),
            Some(30),
            "Ready",
            None,
        ),
    ];
    for (sent, attempts, right, minutes_to, of_next, minutes_to_next) in table {
        let phone = format!("{sent} after {attempts}");
        let first = server.add_to(
            "Treated",
            &json!({ "GSW_PHONE": phone, "GSW_ATTEMPTS": attempts }),
        );
        let attributes = json!({ "GSW_PHONE": format!("next {phone}"), "GSW_CHAIN_ID": first });
        let second = server.add_to("Treated", &attributes);
        let previewed = server.preview(AGENTS, "ann");
        assert_eq!(previewed["GSW_RECORD_HANDLE"], first, "{phone}");
        let guid = previewed["GSW_CALL_ATTEMPT_GUID"].clone();
        server.on(&first, "RecordProcessed", &sent).expect(200);
        let (record, next) = (server.record(&first), server.record(&second));
        has(&record, &right);
        has(&record, &json!({ "GSW_ATTEMPTS": attempts + 1 }));
        assert_eq!(next["GSW_RECORD_STATUS"], of_next, "{phone}: {next}");
        assert_eq!(minutes(&record, &record), minutes_to, "{phone}: {record}");
        if minutes_to.is_some() {
            assert_eq!(record["why"][0]["reason"], "scheduled-later", "{record}");
            assert_eq!(next["why"][0]["reason"], "chain-earlier-waits", "{next}");
        }
        assert_eq!(minutes(&record, &next), minutes_to_next, "{phone}: {next}");
        if minutes_to_next == Some(0) {
            assert_eq!(server.next(AGENTS, "ann"), second, "{phone}");
        }
        if sent["GSW_CALL_RESULT"] == "FaxDetected" {
            assert_eq!(next["GSW_CALL_RESULT"], 17, "{next}");
        }
        // The attempt is over: its GUID is no longer the record's.
        let late = json!({ "GSW_CALL_RESULT": "Answer", "GSW_CALL_ATTEMPT_GUID": guid });
        server
            .on(&first, "UpdateCallCompletionStats", &late)
            .expect(409);
        server.on(&second, "RequestRecordCancel", &json!({}));
        server.on(&first, "RequestRecordCancel", &json!({}));
    }
    // The record itself is called again then, or the next of its chain is.
    for (sent, which, moment) in [("Silence", 0, "2038-01-01"), ("NuTone", 1, "2037-01-01")] {
        let records = chain(&server, "Treated", sent, 2);
        assert_eq!(server.next(AGENTS, "ann"), records[0]);
        let sent = json!({ "GSW_CALL_RESULT": sent });
        server.on(&records[0], "RecordProcessed", &sent).expect(200);
        let next = server.record(&records[which])["next_callable"].clone();
        assert!(
            next.as_str().is_some_and(|next| next.starts_with(moment)),
            "{next}"
        );
    }
    counts_agree(&server, "Treated");
    server.stop();
}

/// Between the result and the next hand-out OCS is killed: what was acknowledged holds.
#[test]
fn killed_before_the_next_hand_out() {
    let server = running(&[AGENTS, SPECIALISTS]);
    let next = chain(&server, "Treated", "+1650555010", 2);
    let assigned = chain(&server, "Treated", "+1650555020", 1);
    let retried = chain(&server, "Treated", "+1650555030", 1);
    let treated = [
        (&next[0], "SITInvalidNum"),
        (&assigned[0], "AnsweringMachine"),
        (&retried[0], "NoAnswer"),
    ];
    for (record, _) in treated {
        assert_eq!(server.next(AGENTS, "ann"), *record);
    }
    for (record, result) in treated {
        let sent = json!({ "GSW_CALL_RESULT": result });
        server.on(record, "RecordProcessed", &sent).expect(200);
    }
    let server = server.kill_9().start();
    assert_eq!(server.next(AGENTS, "ann"), next[1]);
    // The one that was assigned is for the specialists alone, under the same handle.
    assert_eq!(server.next(AGENTS, "ann"), Value::Null);
    has(
        &server.record(&assigned[0]),
        &json!({ "GSW_RECORD_STATUS": "Ready", "GSW_ATTEMPTS": 1, "why": [] }),
    );
    assert_eq!(server.next(SPECIALISTS, "sue"), assigned[0]);
    assert_eq!(server.next(SPECIALISTS, "sue"), Value::Null);
    // They have it already: it is not assigned to them again, and nobody is called for ever.
    let sent = json!({ "GSW_CALL_RESULT": "AnsweringMachine" });
    server
        .on(&assigned[0], "RecordProcessed", &sent)
        .expect(200);
    has(
        &server.record(&assigned[0]),
        &json!({ "GSW_RECORD_STATUS": "Updated", "GSW_ATTEMPTS": 2 }),
    );
    has(
        &server.record(&retried[0]),
        &json!({ "GSW_RECORD_STATUS": "Ready", "GSW_RECORD_TYPE": "CampaignRescheduled" }),
    );
    counts_agree(&server, "Treated");
    server.stop();
}

/// Assigned to a campaign group that does not run, and to one that is gone.
#[test]
fn assigned() {
    let server = running(&[AGENTS]);
    let record = server.add_to("Treated", &json!({ "GSW_PHONE": "machine" }));
    assert_eq!(server.next(AGENTS, "ann"), record);
    let sent = json!({ "GSW_CALL_RESULT": "AnsweringMachine" });
    server.on(&record, "RecordProcessed", &sent).expect(200);
    let why = server.record(&record)["why"].clone();
    assert_eq!(why[0]["reason"], "assigned-group-not-running", "{why}");
    assert_eq!(server.next(AGENTS, "ann"), Value::Null);
    // Nobody would ever call it: it is everybody's again.
    let (first, _) = TREATMENTS
        .rsplit_once("[[campaign-group]]")
        .expect("it is there");
    let fewer = first.replace("Treating@Specialists", "Treating@Agents");
    server.home.write("objects.toml", fewer);
    server
        .home
        .ocs(&["apply", "objects.toml", "--prune"])
        .expect(
            0,
            &[
                "Treating@Specialists",
                "removed",
                "AssignToGroup Treating@Agents\" added",
            ],
        );
    assert_eq!(server.record(&record)["why"], json!([]));
    assert_eq!(server.next(AGENTS, "ann"), record);
    server.stop();
}

/// Records that nobody names, and callbacks that nobody takes.
#[test]
fn left_lying() {
    let server = running(&[AGENTS]);
    let stale = chain(&server, "TreatedLate", "stale", 2);
    assert_eq!(server.next(AGENTS, "ann"), stale[0]);
    until("the record is treated", || {
        server.record(&stale[0])["GSW_RECORD_STATUS"] == "Updated"
    });
    has(
        &server.record(&stale[0]),
        &json!({ "GSW_CALL_RESULT": 46, "GSW_ATTEMPTS": 1 }),
    );
    let next = server.record(&stale[1]);
    has(
        &next,
        &json!({ "GSW_RECORD_STATUS": "Ready", "GSW_RECORD_TYPE": "CampaignRescheduled" }),
    );
    assert_eq!(next["why"][0]["reason"], "scheduled-later", "{next}");
    let missed = server.add_to(
        "TreatedLate",
        &json!({ "GSW_PHONE": "missed", "GSW_RECORD_TYPE": "CampaignCallBack" }),
    );
    until("the callback is treated", || {
        server.record(&missed)["GSW_RECORD_TYPE"] == "CampaignRescheduled"
    });
    has(
        &server.record(&missed),
        &json!({ "GSW_RECORD_STATUS": "Ready", "GSW_CALL_RESULT": 48, "GSW_ATTEMPTS": 0 }),
    );
    counts_agree(&server, "TreatedLate");
    server.stop();
}

/// What is applied, what is said of it, and what is refused.
#[test]
fn applied() {
    let home = Home::with(HTTP_PORT, TREATMENTS);
    let apply = |objects: &str| {
        home.write("objects.toml", objects);
        home.ocs(&["apply", "objects.toml"])
    };
    let again = apply(TREATMENTS);
    again.expect(
        0,
        &[
            "\"Treated\" (DBID 311): unchanged",
            "\"Treating\" (DBID 101): unchanged",
        ],
    );
    let longer = TREATMENTS.replace("interval = 30\n", "interval = 40\n");
    apply(&longer).expect(
        0,
        &[
            "treatment \"NoAnswer, attempt 1: RetryIn 40 min\" added",
            "treatment \"NoAnswer, attempt 1: RetryIn 30 min\" removed",
        ],
    );
    let none = |from: &str, to: &str| {
        assert!(TREATMENTS.contains(from), "{from}");
        TREATMENTS.replace(from, to)
    };
    for (objects, parts) in [
        (
            none("Treating@Specialists", "Treating@Nobody"),
            &[
                "\"Treated\"",
                "AssignToGroup Treating@Nobody",
                "there is not",
            ][..],
        ),
        (
            none("\"Treated\", \"TreatedLate\"", "\"TreatedLate\""),
            &["does not use it"],
        ),
        (
            none("01/01/2038 00:00", "2038-01-01"),
            &["line 50", "2038-01-01", "MM/dd/yyyy HH:mm"],
        ),
        (
            none(
                "call-result = \"FaxDetected\"\naction = \"MarkAllChain\"\n",
                "call-result = \"AnsweringMachine\"\naction = \"AssignToGroup\"\n\
                 campaign-group = \"Treating@Agents\"\n",
            )
            // With fewer attempts it ends by itself.
            .replace("max-attempts = 3", "max-attempts = 10"),
            &["loops", "AnsweringMachine"],
        ),
    ] {
        let mut parts = parts.to_vec();
        parts.push("nothing was changed");
        apply(&objects).expect(2, &parts);
    }
    apply(&longer).expect(0, &["\"Treated\" (DBID 311): unchanged"]);
}
