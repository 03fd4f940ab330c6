//! The audit: what it tells of, and that whoever changed it is found out.

use std::process::Command;

use serde_json::{Value, json};

use crate::campaigns::{CALLING, running};
use crate::home::Home;
use crate::process::run;
use crate::program::python;
use crate::server::Server;

/// `ocs audit export`, the lines of all rows in order.
#[track_caller]
pub(crate) fn lines(home: &Home) -> Vec<Value> {
    let exported = home.ocs(&["audit", "export"]);
    exported.expect(0, &[]);
    let rows = exported.stdout.lines();
    let lines = rows.flat_map(|row| {
        let row: Value = serde_json::from_str(row).expect("a row");
        let lines = row["lines"].as_str().expect("its lines");
        serde_json::from_str::<Vec<Value>>(lines).expect("an array")
    });
    lines.collect()
}

/// `ocs audit verify`, which finds nothing; the head that it says.
#[track_caller]
pub(crate) fn verified(home: &Home, arguments: &[&str]) -> String {
    let verified = home.ocs(&[&["audit", "verify"], arguments].concat());
    verified.expect(0, &["the audit holds"]);
    let head = verified.stdout.trim().rsplit_once("its head is ");
    head.expect("a head").1.to_owned()
}

/// Records that are out, and one that may not be called.
fn called() -> Server {
    let server = running(&[CALLING]);
    for phone in ["+16505550100", "+16505550101"] {
        server.add_to("Calls", &json!({ "GSW_PHONE": phone }));
    }
    server
        .post("/phones/+16505550101?req=DoNotCall", &json!({}))
        .expect(200);
    server.add_to("Calls", &json!({ "GSW_PHONE": "+16505550102" }));
    server
        .home
        .write("list.txt", "+16505550102\n+16505550103\n");
    let import = server.home.ocs(&["dnc", "import", "list.txt"]);
    import.expect(0, &["2 lines were put"]);
    assert_eq!(server.next(CALLING, "a1"), 1);
    assert_eq!(server.next(CALLING, "a1"), Value::Null);
    let removed = server.home.ocs(&["dnc", "remove", "+16505550103"]);
    removed.expect(0, &["was taken off"]);
    server
}

#[test]
fn what_it_tells_of() {
    let server = called();
    let told = lines(&server.home);
    let whats: Vec<_> = told
        .iter()
        .map(|line| line["what"].as_str().expect("what"))
        .collect();
    assert_eq!(
        whats,
        [
            "do-not-call-put",
            "do-not-call-put",
            "do-not-call-put",
            "handed-out",
            "blocked",
            "do-not-call-removed"
        ]
    );
    let guid = server.record(&json!(1))["GSW_CALL_ATTEMPT_GUID"].clone();
    assert_eq!(
        told[3],
        json!({
            "what": "handed-out", "record": 1, "list": 301, "chain": 1, "phone": "…0100",
            "group": CALLING, "agent": "a1", "attempt": guid,
            "rules": { "do-not-call": "passed" },
        })
    );
    assert_eq!(
        told[4],
        json!({
            "what": "blocked", "record": 3, "list": 301, "chain": 3, "phone": "…0102",
            "group": CALLING, "rules": { "do-not-call": "on the list" },
        })
    );
    assert_eq!(told[1]["by"], "list.txt");
    assert_eq!(told[5]["phone"], "…0103");
    assert!(told[5]["by"].is_string(), "{told:?}");
    // Nothing that would have to be erased.
    assert!(!told.iter().any(|line| line.to_string().contains("650555")));
    // While OCS runs, and when it does not.
    let head = verified(&server.home, &[]);
    let home = server.stop();
    assert_eq!(verified(&home, &["--head", &head]), head);
}

/// Whatever was acknowledged is in the audit, and the chain holds, however OCS ends.
#[test]
fn over_kill_9() {
    let mut server = running(&[CALLING]);
    let mut head = verified(&server.home, &[]);
    let mut out = Vec::new();
    for round in 0..3 {
        for number in 0..5 {
            let phone = format!("+1650555{round}{number}00");
            server.add_to("Calls", &json!({ "GSW_PHONE": phone }));
            out.push(server.next(CALLING, "a1"));
        }
        let home = server.kill_9();
        head = verified(&home, &["--head", &head]);
        server = home.start();
    }
    let told = lines(&server.home);
    let handed_out = told.iter().filter(|line| line["what"] == "handed-out");
    let handed_out: Vec<_> = handed_out.map(|line| line["record"].clone()).collect();
    assert_eq!(handed_out, out);
    assert_eq!(verified(&server.home, &["--head", &head]), head);
}

#[test]
fn whoever_changed_it_is_found_out() {
    let home = called().stop();
    let head = verified(&home, &[]);
    home.ocs(&["audit", "export", "audit.jsonl"])
        .expect(0, &["rows of the audit were exported"]);
    assert_eq!(verified(&home, &["audit.jsonl", "--head", &head]), head);
    let right = home.read("audit.jsonl");
    let rows: Vec<&str> = right.lines().collect();
    let last = rows.len();
    let without = |at: usize| {
        let mut rows = rows.clone();
        rows.remove(at);
        rows.join("\n")
    };
    for (case, text, part) in [
        (
            "changed",
            right.replace("handed-out", "handed-in"),
            format!("row {} of the audit was changed", last - 2),
        ),
        (
            "left out",
            without(1),
            "row 2 of the audit is missing".to_owned(),
        ),
        (
            "cut off",
            without(last - 1),
            "its end was cut off".to_owned(),
        ),
        ("no row", "[]".to_owned(), "audit.jsonl, line 1".to_owned()),
    ] {
        assert_ne!(text, right, "{case}");
        home.write("audit.jsonl", text);
        home.ocs(&["audit", "verify", "audit.jsonl", "--head", &head])
            .expect(1, &[&part]);
    }
    // In the store: its own triggers refuse it, until somebody removes them.
    let change = "UPDATE audit SET lines = replace(lines, 'handed-out', 'blocked')";
    let sqlite = |statements: &[&str]| {
        let script = format!(
            "import sqlite3; store = sqlite3.connect('data/ocs.db')\n\
             for sql in {statements:?}: store.execute(sql)\nstore.commit()"
        );
        let mut command: Command = python(&script);
        run(command.current_dir(home.path()))
    };
    let refused = sqlite(&[change]);
    assert!(
        refused.stderr.contains("the audit is only added to"),
        "{}",
        refused.stderr
    );
    assert_eq!(verified(&home, &[]), head);
    sqlite(&["DROP TRIGGER audit_is_not_changed", change]).expect(0, &[]);
    home.ocs(&["audit", "verify"])
        .expect(1, &["of the audit was changed"]);
}
