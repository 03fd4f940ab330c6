//! `ocs requests`: the request log, with and without a running OCS (records.md,
//! section 3).

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::campaigns::{CALLING, running};
use crate::home::Home;
use crate::process::{ocs, run, until};
use crate::program::python;
use crate::server::Server;

/// What `ocs requests` writes: an object a line.
#[track_caller]
fn objects(home: &Home, arguments: &[&str]) -> Vec<Value> {
    let said = home.ocs(&[&["requests", "--format", "json"], arguments].concat());
    said.expect(0, &[]);
    let lines = said.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("an object a line"))
        .collect()
}

/// The same in short: protocol, code, request, list, handle, chain and outcome.
#[track_caller]
fn shown(home: &Home, arguments: &[&str]) -> Vec<String> {
    let objects = objects(home, arguments);
    let short = objects.iter().map(|line| {
        let names = [
            "protocol", "code", "request", "list", "handle", "chain", "outcome", "error",
        ];
        names
            .map(|name| line[name].to_string().replace('"', ""))
            .join(" ")
    });
    short.collect()
}

/// Requests of both protocols, carried out and refused; and their lines.
#[track_caller]
fn ask(server: &Server) -> Vec<&'static str> {
    let phone = |number: u32| json!({ "GSW_PHONE": number.to_string() });
    let customer = json!({ "GSW_PHONE": "3", "GSW_CUSTOMER_ID": "C-3" });
    let none = json!({});
    let table = [
        (
            "/lists/Spring?req=AddRecord",
            phone(1),
            200,
            "Desktop 3 AddRecord Spring 1 1 0 NoError",
        ),
        (
            "/lists/Spring?req=AddRecord",
            phone(2),
            200,
            "Desktop 3 AddRecord Spring 2 2 0 NoError",
        ),
        (
            "/lists/Spring?req=AddRecord",
            customer,
            200,
            "Desktop 3 AddRecord Spring 3 3 0 NoError",
        ),
        (
            "/phones/1?req=DoNotCall",
            none.clone(),
            200,
            "Third Party 32 DoNotCall Spring 1 1 0 NoError",
        ),
        (
            "/records/2?req=DoNotCall",
            none.clone(),
            200,
            "Desktop 15 DoNotCall Spring 2 2 0 NoError",
        ),
        (
            "/customer_ids/C-3?req=RequestRecordCancel",
            none.clone(),
            200,
            "Third Party 30 RequestRecordCancel Spring 3 3 0 NoError",
        ),
        // Nobody has this number; it is on the list all the same.
        (
            "/phones/4?req=DoNotCall",
            none.clone(),
            200,
            "Third Party 32 DoNotCall null null null 0 NoError",
        ),
        (
            "/records/1?req=RecordProcessed",
            none.clone(),
            409,
            "Desktop 10 RecordProcessed null 1 null 1030 RecordFinal",
        ),
        (
            "/records/99?req=RequestRecordCancel",
            none.clone(),
            404,
            "Desktop 12 RequestRecordCancel null 99 null 1003 RecordNotFound",
        ),
        (
            "/lists/Spring?req=AddRecord",
            none,
            400,
            "Desktop 3 AddRecord Spring null null 10 InvalidParameter",
        ),
    ];
    let lines = table.map(|(target, body, status, line)| {
        server.post(target, &body).expect(status);
        // What is only read leaves no line.
        server.get("/lists/Spring");
        line
    });
    lines.to_vec()
}

#[test]
fn every_request_leaves_a_line() {
    let server = Server::start();
    assert_eq!(shown(&server.home, &[]).len(), 0);
    let all = ask(&server);
    // Of a request that is refused at once, the line is written after the reply.
    until("the log has every line", || {
        shown(&server.home, &[]).len() == all.len()
    });
    let check = |home: &Home| {
        let of = |places: &[usize]| places.iter().map(|at| all[*at]).collect::<Vec<_>>();
        let whole: Vec<_> = (0..all.len()).collect();
        let table: &[(&[&str], &[usize])] = &[
            (&[], &whole),
            (&["--since", "1h"], &whole),
            (&["--until", "1h"], &[]),
            (&["--since", "2100-01-01T00:00:00Z"], &[]),
            (
                &["--since", "7d", "--until", "2100-01-01T00:00:00Z"],
                &whole,
            ),
            (&["--client", "127.0.0.1"], &whole),
            (&["--client", "crm"], &[]),
            (&["--request", "AddRecord"], &[0, 1, 2, 9]),
            // By phone or by handle: the request is the same.
            (&["--request", "donotcall"], &[3, 4, 6]),
            (&["--request", "RecordReject"], &[]),
            (&["--handle", "1"], &[0, 3, 7]),
            (&["--list", "Spring"], &[0, 1, 2, 3, 4, 5, 9]),
            (&["--list", "Autumn"], &[]),
            (&["--failed"], &[7, 8, 9]),
            (&["--failed", "--handle", "99"], &[8]),
            (&["--limit", "3"], &[7, 8, 9]),
            (&["--limit", "0"], &[]),
            (&["--limit", "99"], &whole),
            (&["--limit", "2", "--request", "AddRecord"], &[2, 9]),
        ];
        for (arguments, right) in table {
            assert_eq!(shown(home, arguments), of(right), "{arguments:?}");
        }
    };
    check(&server.home);
    check(&server.stop());
}

#[test]
fn formats() {
    let server = Server::start();
    server.add(&json!({ "GSW_PHONE": "1" }));
    let home = server.stop();
    let line = &objects(&home, &[])[0];
    let time = line["time"].as_str().expect("a moment");
    assert_eq!(time.len(), "2026-07-01T13:00:00Z".len(), "{time}");
    let csv = home.ocs(&["requests", "--format", "csv"]);
    let rows = crate::export::rows(&csv.stdout);
    let right = json!([{
        "time": time, "client": "127.0.0.1", "protocol": "Desktop", "code": "3",
        "request": "AddRecord", "list": "Spring", "handle": "1", "chain": "1",
        "outcome": "0", "error": "NoError",
    }]);
    assert_eq!(Value::from(rows), right);
    let text = home.ocs(&["requests"]).stdout;
    let words: Vec<_> = text.split_whitespace().collect();
    let right = [
        time,
        "127.0.0.1",
        "D3",
        "AddRecord",
        "1",
        "1",
        "Spring",
        "NoError",
    ];
    assert_eq!(words, right);
    // Where there are no lines, that is said beside them.
    let none = ["requests", "--failed", "--format", "csv"];
    let none = home.ocs(&none);
    none.expect(0, &["no such line"]);
    assert_eq!(crate::export::rows(&none.stdout).len(), 0);
    assert!(none.stdout.starts_with("time,client,"), "{}", none.stdout);
}

#[test]
fn wrong_questions() {
    let home = Home::new();
    for (arguments, status, parts) in [
        (
            &["--since", "yesterday"][..],
            2,
            &["2h", "2026-07-01T13:00:00Z"][..],
        ),
        (&["--until=-2h"], 2, &["--until", "how long ago"]),
        (&["--format", "xml"], 2, &["text, json, csv"]),
        (&["--handle", "x"], 2, &["--handle"]),
        (
            &["--request", "AddRecrod"],
            1,
            &["\"AddRecrod\"", "DoNotCall"],
        ),
        (&["--request", "ReadRecord"], 1, &["\"ReadRecord\""]),
        (&["--list", "Winter"], 1, &["no calling list \"Winter\""]),
    ] {
        home.ocs(&[&["requests"], arguments].concat())
            .expect(status, parts);
    }
}

/// Writes rows of fifty lines each into a store, one a second from the year 2100 on.
/// The handles count the lines.
const ROWS: &str = r#"
import json, sqlite3, sys
store = sqlite3.connect("data/ocs.db")
def row(number):
    at = 4102444800 + number
    lines = [[at, "crm", "D", 3, 201, number * 50 + line, 1, 0] for line in range(50)]
    return at, json.dumps(lines)
rows = map(row, range(int(sys.argv[1])))
store.executemany("INSERT INTO request_log (written_at, lines) VALUES (?, ?)", rows)
store.commit()
"#;

/// A log of many pages, which nobody holds as a whole.
#[test]
fn very_many() {
    const ROWS_WRITTEN: usize = 1_000;
    let home = Home::new();
    let mut write = python(ROWS);
    write.arg(ROWS_WRITTEN.to_string()).current_dir(home.path());
    run(&mut write).expect(0, &[]);
    let handles = |arguments: &[&str]| -> Vec<u64> {
        let objects = objects(&home, arguments);
        let handles = objects.iter().map(|line| line["handle"].as_u64());
        handles.map(|handle| handle.expect("a handle")).collect()
    };
    let all = ROWS_WRITTEN as u64 * 50;
    let (since, until) = ("2100-01-01T00:10:00Z", "2100-01-01T00:10:02Z");
    for (arguments, right) in [
        (&[][..], 0..all),
        (&["--limit", "30001"], all - 30_001..all),
        (&["--limit", "7"], all - 7..all),
        (&["--since", since, "--until", until], 30_000..30_100),
        (&["--until", until, "--limit", "60"], 30_040..30_100),
        (&["--handle", "25000"], 25_000..25_001),
        (&["--handle", "25000", "--limit", "2"], 25_000..25_001),
    ] {
        assert!(handles(arguments).into_iter().eq(right), "{arguments:?}");
    }
    // Who has seen enough is told no error.
    let mut tool = ocs(home.path(), &["requests"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ocs starts");
    let mut first = String::new();
    let stdout = tool.stdout.take().expect("its output");
    BufReader::new(stdout)
        .read_line(&mut first)
        .expect("a line");
    assert!(first.contains("AddRecord"), "{first}");
    let ended = tool.wait_with_output().expect("it ends");
    let complaints = String::from_utf8_lossy(&ended.stderr);
    assert_eq!((ended.status.code(), complaints.as_ref()), (Some(0), ""));
}

/// A repetition under an Idempotency-Key names the record that the first one named, also
/// where the request itself names none, and after a restart.
#[test]
fn repetitions_name_the_record() {
    let mut server = running(&[CALLING]);
    let handle = server.add_to("Calls", &json!({ "GSW_PHONE": "1" }));
    let preview = format!("/campaigngroups/{CALLING}?req=GetRecord");
    let asked = [
        (preview.as_str(), r#"{"GSW_AGENT_ID":"a1"}"#),
        ("/phones/1?req=DoNotCall", "{}"),
        ("/lists/Calls?req=AddRecord", r#"{"GSW_PHONE":"2"}"#),
    ];
    for restarted in [false, true] {
        if restarted {
            server = server.stop().start();
        }
        for (number, (target, body)) in asked.iter().enumerate() {
            let key = number.to_string();
            let headers = [("Idempotency-Key", key.as_str())];
            let reply = server.request("POST", target, &headers, body.as_bytes());
            reply.expect(200);
        }
    }
    let lines = shown(&server.home, &[]);
    for right in [
        format!("Desktop 1 PreviewRecordRequest Calls {handle} {handle} 0 NoError"),
        format!("Third Party 32 DoNotCall Calls {handle} {handle} 0 NoError"),
        "Desktop 3 AddRecord Calls 2 2 0 NoError".to_owned(),
    ] {
        let count = lines.iter().filter(|line| **line == right).count();
        assert_eq!(count, 2, "{right}: {lines:#?}");
    }
    server.stop();
}
