//! Call report records: written with what they report, in order, and kept until they are
//! taken, whatever happens to OCS.

use std::time::Duration;

use serde_json::{Value, json};

use super::receiver::{Act, Receiver};
use super::{by_attempt, call, configure, home, reports_to, whole_and_in_order};
use crate::campaigns::{CALLING, LATENESS, running_of};
use crate::home::free_port;
use crate::process::until;

#[test]
fn each_attempt_is_reported_twice() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = running_of(home(&reports_to(&receiver.uri("/reports"))), &[CALLING]);
    let handle = call(&server, "+16505550100", "Busy");
    let heard = receiver.wait(2);
    whole_and_in_order(&heard, 1);
    assert_eq!(heard[0].line, "POST /reports");
    assert_eq!(heard[0].header("content-type"), Some("application/json"));
    let (begin, end) = (heard[0].json(), heard[1].json());
    for (key, at_begin, at_end) in [
        ("GSW_USER_EVENT", json!("CallReport"), json!("CallReport")),
        (
            "GSW_TENANT_NAME",
            json!("Environment"),
            json!("Environment"),
        ),
        ("GSW_CALLING_LIST", json!("Calls"), json!("Calls")),
        (
            "GSW_CAMPAIGN_GROUP_NAME",
            json!("Calling@Agents"),
            json!("Calling@Agents"),
        ),
        ("GSW_RECORD_HANDLE", handle.clone(), handle),
        ("GSW_PHONE", json!("+16505550100"), json!("+16505550100")),
        ("GSW_AGENT_ID", json!("ann"), json!("ann")),
        ("GSW_CALL_RESULT", Value::Null, json!(6)),
        ("GSW_RECORD_STATUS", json!("Retrieved"), json!("Updated")),
        ("GSW_ATTEMPTS", json!(0), json!(1)),
    ] {
        assert_eq!((&begin[key], &end[key]), (&at_begin, &at_end), "{key}");
    }
    let guid = begin["GSW_CALL_ATTEMPT_GUID"].as_str().expect("a GUID");
    assert_eq!(end["GSW_CALL_ATTEMPT_GUID"], guid);
    assert_eq!(guid.len(), 32);
    let ids = [0, 1].map(|at| heard[at].header("ocs-message-id").map(str::to_owned));
    assert!(ids[0].is_some() && ids[0] != ids[1], "{ids:?}");
    until("nothing waits", || waits(&server, "nothing waits"));
}

fn waits(server: &crate::server::Server, what: &str) -> bool {
    let shown = server.home.ocs(&["outbox"]);
    shown.expect(0, &[]);
    shown.stdout.contains(what)
}

/// However an attempt ends.
#[test]
fn each_end() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = running_of(home(&reports_to(&receiver.uri("/"))), &[CALLING, LATENESS]);
    let taken = |phone: &str| {
        let handle = server.add_to("Calls", &json!({ "GSW_PHONE": phone }));
        assert_eq!(server.next(CALLING, "ann"), handle);
        handle
    };
    for (number, (req, body, result, rejected)) in [
        (
            "RecordProcessed",
            json!({ "GSW_CALL_RESULT": "Answer" }),
            33,
            Value::Null,
        ),
        ("RecordReject", json!({}), 28, json!(1)),
        ("RequestRecordCancel", json!({}), 52, Value::Null),
        ("DoNotCall", json!({}), 51, Value::Null),
    ]
    .into_iter()
    .enumerate()
    {
        let handle = taken(&format!("+1650555010{number}"));
        server.on(&handle, req, &body).expect(200);
        let is_end = |report: &Value| {
            report["GSW_RECORD_HANDLE"] == handle && report["GSW_HIST_SEQUENCE_NUM"] == 1
        };
        let heard = receiver.wait_until(req, |heard| heard.iter().any(|one| is_end(&one.json())));
        let reports = heard.iter().map(super::Heard::json);
        let end = reports.into_iter().find(is_end).expect("the end");
        assert_eq!(end["GSW_CALL_RESULT"], result, "{req}");
        assert_eq!(end["GSW_ATTEMPT_REJECTED"], rejected, "{req}");
        if req == "RecordReject" {
            // Out of the way of the others.
            server
                .on(&handle, "RequestRecordCancel", &json!({}))
                .expect(200);
        }
    }
    // A record that nobody names for a second.
    let late = server.add_to("Late", &json!({ "GSW_PHONE": "+16505550200" }));
    assert_eq!(server.next(LATENESS, "ann"), late);
    let heard = receiver.wait(10);
    whole_and_in_order(&heard, 5);
    let end = heard[9].json();
    assert_eq!(end["GSW_CALL_RESULT"], 46);
}

/// OCS is killed between a change and its message: nothing is lost, and of each attempt the
/// order stays.
#[test]
fn ocs_is_killed() {
    let receiver = Receiver::start(|_, _| Act::Late(Duration::from_millis(30)));
    let mut server = running_of(home(&reports_to(&receiver.uri("/"))), &[CALLING]);
    let mut attempts = 0;
    for _ in 0..3 {
        for _ in 0..20 {
            attempts += 1;
            call(&server, &format!("+165055501{attempts:02}"), "Answer");
        }
        server = server.kill_9().start();
    }
    let heard = receiver.wait_until("all of them", |heard| {
        by_attempt(heard).values().map(Vec::len).sum::<usize>() >= 2 * attempts
    });
    whole_and_in_order(&heard, attempts);
    // Under the same number, whoever knows messages by it can pass over what comes again.
    for one in &heard {
        let same: Vec<_> = heard
            .iter()
            .filter(|other| other.header("ocs-message-id") == one.header("ocs-message-id"))
            .collect();
        assert!(same.iter().all(|other| other.body == one.body));
    }
    until("nothing waits", || waits(&server, "nothing waits"));
}

/// A web server that is not there: messages wait, over a restart, and are sent once it is.
#[test]
fn kept_over_restarts() {
    let port = free_port();
    let uri = format!("http://127.0.0.1:{port}/reports");
    let server = running_of(home(&reports_to(&uri)), &[CALLING]);
    for number in 0..3 {
        call(&server, &format!("+1650555010{number}"), "Answer");
    }
    assert!(waits(&server, "6 messages wait"));
    let server = server.stop().start();
    let receiver = Receiver::on_port(port, |_, _| Act::ok());
    let heard = receiver.wait(6);
    whole_and_in_order(&heard, 3);
    until("nothing waits", || waits(&server, "nothing waits"));
}

/// history-wait-condition-threshold: while so many call reports are unsent no record is
/// handed out, and everybody is told why.
#[test]
fn too_many_unsent() {
    let receiver = Receiver::start(|_, _| Act::status(500));
    let options = format!(
        "{}\nhistory-wait-condition-threshold = 2\nhistory-wait-recovery-timeout = 1",
        reports_to(&receiver.uri("/"))
    );
    let server = running_of(home(&options), &[CALLING]);
    call(&server, "+16505550100", "Answer");
    let next = server.add_to("Calls", &json!({ "GSW_PHONE": "+16505550101" }));
    let empty = server.preview(CALLING, "ann");
    assert_eq!(empty["GSW_USER_EVENT"], "PreviewRecordEmpty");
    let why = empty["why"].as_str().expect("why");
    assert!(
        why.contains("2 call report records wait to be sent to"),
        "{why}"
    );
    let reasons = server.record(&next)["why"].clone();
    assert_eq!(reasons[0]["reason"], "history-wait", "{reasons}");
    receiver.script(|_, _| Act::ok());
    until("records are handed out again", || {
        server.next(CALLING, "ann") == next
    });
    assert_eq!(server.record(&next)["why"][0]["reason"], "retrieved");
}

/// The option at a calling list wins, and a changed configuration is taken up at once.
#[test]
fn options_have_levels_and_change() {
    let (first, second) = (
        Receiver::start(|_, _| Act::ok()),
        Receiver::start(|_, _| Act::ok()),
    );
    let home = home("");
    let objects = home.read("objects.toml").replace(
        "dbid = 301\n",
        &format!(
            "dbid = 301\noptions = {{ send-history = true, history-uri = \"{}\" }}\n",
            first.uri("/list")
        ),
    );
    home.apply(&objects);
    let server = running_of(home, &[CALLING]);
    call(&server, "+16505550100", "Answer");
    assert_eq!(first.wait(2)[1].line, "POST /list");
    home_without_level(&server, &objects);
    configure(&server.home, &reports_to(&second.uri("/file")));
    until("the configuration is taken up", || {
        server.log().contains("options.OCServer.send-history")
    });
    call(&server, "+16505550101", "Answer");
    assert_eq!(second.wait(2)[1].line, "POST /file");
    configure(&server.home, "");
    until("the configuration is taken up", || {
        server
            .log()
            .matches("options.OCServer.send-history")
            .count()
            >= 2
    });
    call(&server, "+16505550102", "Answer");
    until("nothing waits", || !waits(&server, "wait "));
    assert_eq!((first.heard().len(), second.heard().len()), (2, 2));
}

fn home_without_level(server: &crate::server::Server, objects: &str) {
    let line = objects.lines().find(|line| line.contains("send-history"));
    let without = objects.replace(&format!("{}\n", line.expect("the line")), "");
    server.home.apply(&without);
}
