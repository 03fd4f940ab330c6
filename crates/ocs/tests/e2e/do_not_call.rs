//! `ocs dnc`, with and without a running OCS (records.md, section 6).

use std::process::Command;

use serde_json::{Value, json};

use crate::campaigns::{self, CALLING, running};
use crate::export::rows;
use crate::home::{Home, OBJECTS};
use crate::process::until;
use crate::server::Server;

/// A store that nobody has, and one that a running OCS has.
#[track_caller]
fn both(check: impl Fn(&Home)) {
    check(&Home::new());
    let server = Server::start();
    check(&server.home);
    server.stop();
}

/// `ocs dnc`, which ends so and says so.
#[track_caller]
fn dnc(home: &Home, arguments: &[&str], status: i32, parts: &[&str]) {
    home.ocs(&[&["dnc"], arguments].concat())
        .expect(status, parts);
}

#[track_caller]
fn exported(home: &Home) -> Vec<Value> {
    let exported = home.ocs(&["dnc", "export"]);
    exported.expect(0, &[]);
    rows(&exported.stdout)
}

/// The columns of some entries, in the order of the list.
#[track_caller]
fn columns(home: &Home, names: &[&str]) -> Vec<String> {
    let text = |row: &Value, name: &&str| row[*name].as_str().expect("a column").to_owned();
    let rows = exported(home);
    let shown = rows.iter().map(|row| {
        let values: Vec<_> = names.iter().map(|name| text(row, name)).collect();
        values.join("|")
    });
    shown.collect()
}

#[test]
fn there_and_back() {
    both(|home| {
        assert_eq!(exported(home).len(), 0);
        home.write(
            "list.csv",
            "\u{feff}GSW_PHONE,customer_id,dnc_message,list,expires\r\n\
             +1 (650) 555-0100,,\"asked, twice\",Spring,\r\n\
             ,C-1,,,2031-12-31\r\n\
             \r\n\
             Ada@Example.org,C-2,,,2031-12-31T06:00:00Z\r\n",
        );
        let said = ["3 lines would be put on the Do Not Call list"];
        dnc(home, &["import", "list.csv", "--dry-run"], 0, &said);
        assert_eq!(exported(home).len(), 0);
        let import = ["import", "list.csv", "--expires", "2030-01-01"];
        let entries = [
            "+1 (650) 555-0100||asked, twice|Spring|2030-01-02T00:00:00Z|list.csv",
            "|C-1|||2032-01-01T00:00:00Z|list.csv",
            "Ada@Example.org||||2031-12-31T06:00:00Z|list.csv",
            "|C-2|||2031-12-31T06:00:00Z|list.csv",
        ];
        let names = [
            "phone",
            "customer_id",
            "dnc_message",
            "list",
            "expires",
            "source",
        ];
        // The second time, the same entries: none is there twice.
        for _ in 0..2 {
            dnc(
                home,
                &import,
                0,
                &["3 lines were put on the Do Not Call list"],
            );
            assert_eq!(columns(home, &names), entries);
        }
        // What was exported is the same list again.
        dnc(home, &["export", "out.csv"], 0, &["4 entries"]);
        let out = home.read("out.csv");
        for entry in ["+1 (650) 555-0100", "Ada@Example.org"] {
            dnc(home, &["remove", entry], 0, &["was taken off"]);
        }
        for entry in ["C-1", "C-2"] {
            dnc(
                home,
                &["remove", "--customer-id", entry],
                0,
                &[entry, "was taken off"],
            );
        }
        assert_eq!(exported(home).len(), 0);
        dnc(home, &["import", "out.csv"], 0, &["4 lines were put"]);
        dnc(home, &["export", "again.csv"], 0, &["4 entries"]);
        assert_eq!(home.read("again.csv"), out);
    });
}

/// One phone a line; no header, no columns.
#[test]
fn plain_files() {
    both(|home| {
        home.write("plain.txt", "+16505550100\n\n(650) 555,0101\n+16505550100");
        let source = ["import", "plain.txt", "--source", "regulator"];
        dnc(
            home,
            &source,
            0,
            &["3 lines were put on the Do Not Call list"],
        );
        assert_eq!(
            columns(home, &["phone", "expires", "source", "is_internal"]),
            ["+16505550100||regulator|0", "(650) 555,0101||regulator|0"]
        );
        let named = exported(home)[0]["time_stamp"].as_str().map(str::len);
        assert_eq!(named, Some("2026-07-01T13:00:00Z".len()));
    });
}

/// One bad line spoils no other: it is named with its number and reason.
#[test]
fn rejects() {
    let lines: &[(&[u8], Option<&str>)] = &[
        (b"+16505550100,C-1,", None),
        (
            b"\"2,C-2,",
            Some("a quotation mark is opened and not closed"),
        ),
        (
            b"3,C-3",
            Some("it has 2 values, and the first line names 3 columns"),
        ),
        (b"nobody,,", Some("phone is \"nobody\"")),
        (b"\xff5,,", Some("it is not UTF-8")),
        (b"6,,soon", Some("expires is \"soon\"")),
        (b"7,,2001-01-01", Some("has passed")),
        (b" ,,", Some("it names neither a phone nor a customer_id")),
        (b"+16505550109,,", None),
    ];
    let mut csv = b"phone,customer_id,expires\n".to_vec();
    for (line, _) in lines {
        csv.extend_from_slice(line);
        csv.push(b'\n');
    }
    both(|home| {
        home.write("list.csv", &csv);
        let said = [
            "2 lines were put",
            "7 lines were rejected",
            "list.csv.rejects.csv",
        ];
        dnc(home, &["import", "list.csv"], 3, &said);
        assert_eq!(
            columns(home, &["phone", "customer_id"]),
            ["+16505550100|", "|C-1", "+16505550109|"]
        );
        let rejects = std::fs::read(home.path().join("list.csv.rejects.csv")).expect("the rejects");
        let mut reader = csv::Reader::from_reader(rejects.as_slice());
        let mut rejected = reader.byte_records().map(|row| row.expect("a whole row"));
        for (number, (line, reason)) in (2..).zip(lines) {
            let Some(reason) = reason else { continue };
            let row = rejected.next().expect("a rejected line");
            assert_eq!(row[0], *number.to_string().as_bytes(), "{row:?}");
            let said = String::from_utf8_lossy(&row[1]);
            assert!(said.contains(reason), "line {number}: {said}");
            assert_eq!(&row[2], *line, "line {number}");
        }
        assert!(rejected.next().is_none());
    });
}

/// What is wrong with the whole file, or with the command, and changes nothing.
#[test]
fn wrong_files() {
    let table: &[(&str, &[&str], i32, &[&str])] = &[
        (
            "phone,shoe-size\n1,42\n",
            &["import", "list.csv"],
            1,
            &["\"shoe-size\"", "customer_id", "remove it"],
        ),
        ("number\n1\n", &["import", "list.csv"], 1, &["\"number\""]),
        (
            "dnc_message\nx\n",
            &["import", "list.csv"],
            1,
            &["must name the column phone"],
        ),
        (
            "1\n",
            &["import", "list.csv", "--expires", "soon"],
            1,
            &["--expires is \"soon\"", "2031-12-31"],
        ),
        (
            "1\n",
            &["import", "other.csv"],
            1,
            &["other.csv cannot be read"],
        ),
        ("1\n", &["remove"], 2, &["--customer-id"]),
        (
            "1\n",
            &["remove", "1", "--customer-id", "1"],
            2,
            &["cannot be used"],
        ),
        (
            "1\n",
            &["remove", "1"],
            1,
            &["\"1\" is not on the Do Not Call list"],
        ),
    ];
    both(|home| {
        for (file, arguments, status, parts) in table {
            home.write("list.csv", file);
            dnc(home, arguments, *status, parts);
        }
        assert_eq!(exported(home).len(), 0);
    });
}

/// Each spelling of a number is an entry; the log says who removed which, and shows
/// the end of the number only.
#[test]
fn removal() {
    both(|home| {
        home.write("list.txt", "+1 650 555 0100\n+16505550100\n");
        dnc(home, &["import", "list.txt"], 0, &["2 lines"]);
        for (arguments, status, parts) in [
            (
                &["remove", "0016505550100"][..],
                1,
                &["as \"+1 650 555 0100\", \"+16505550100\"; remove these"][..],
            ),
            (
                &["remove", "+16505550100"],
                0,
                &["was taken off", "also has it as \"+1 650 555 0100\""],
            ),
            (&["remove", "+1 650 555 0100"], 0, &["was taken off"]),
            (
                &["remove", "+16505550100"],
                1,
                &["is not on the Do Not Call list"],
            ),
            (&["remove", "--customer-id", "C-1"], 1, &["is not on"]),
        ] {
            dnc(home, arguments, status, parts);
        }
        assert_eq!(exported(home).len(), 0);
        until("the log has the audit", || {
            let log = home.read("logs/ocs.log");
            log.matches("taken off the Do Not Call list").count() == 2
        });
        let log = home.read("logs/ocs.log");
        let audited = log.lines().filter(|line| line.contains("Do Not Call list"));
        for line in audited {
            assert!(
                line.contains("…0100") && line.contains("ocs dnc remove"),
                "{line}"
            );
            assert!(!line.contains("+1"), "{line}");
        }
    });
}

/// Changes the store as another program would.
#[track_caller]
pub(crate) fn by_another(home: &Home, sql: &str) {
    let script = "import sqlite3, sys\n\
                  store = sqlite3.connect(sys.argv[1], timeout=30)\n\
                  store.executescript(sys.argv[2])\n\
                  store.commit()\n";
    let store = home.path().join("data/ocs.db");
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(store).arg(sql);
    let done = python.output().expect("python3");
    assert!(done.status.success(), "{done:?}");
}

/// A national number is on the list in the region of its calling list, or else of the
/// application, as that is now: entries that were made under another one are no others.
#[test]
fn regions_change() {
    let server = running(&[CALLING]);
    let objects = [OBJECTS, include_str!("campaigns.toml")].concat();
    server
        .home
        .write("list.csv", "phone,list\n6505550100,Calls\n030 1234567,\n");
    dnc(&server.home, &["import", "list.csv"], 0, &["2"]);
    let calls = "name = \"Calls\"\ndbid = 301\n";
    let in_region = |server: &Server, region: &str| {
        let with = format!("{calls}region = \"{region}\"\n");
        let applied = server.home.apply(&objects.replace(calls, &with));
        applied.expect(0, &[]);
    };
    let add = |server: &Server, phone: &str| server.add_to("Calls", &json!({ "GSW_PHONE": phone }));
    let american = add(&server, "+16505550100");
    in_region(&server, "US");
    let next = server.preview(CALLING, "a1");
    assert_eq!(next["GSW_USER_EVENT"], "PreviewRecordEmpty", "{next}");
    assert_eq!(server.record(&american)["GSW_RECORD_TYPE"], "NoCall");
    in_region(&server, "DE");
    let american = add(&server, "+16505550100");
    assert_eq!(server.next(CALLING, "a1"), american);
    // The application's region, at a restart.
    let german = add(&server, "+49301234567");
    let home = server.stop();
    let text = home.read("ocs.toml");
    let text = format!("[application]\ndefault-region = \"DE\"\n{text}");
    home.write("ocs.toml", text);
    let server = home.start();
    let next = server.preview(CALLING, "a2");
    assert_eq!(next["GSW_USER_EVENT"], "PreviewRecordEmpty", "{next}");
    assert_eq!(server.record(&german)["GSW_RECORD_TYPE"], "NoCall");
    server.stop();
}

/// What others write into the table and delete from it is noticed by reread.
#[test]
fn changed_by_others() {
    let home = campaigns::home();
    let text = home.read("ocs.toml").replace(
        "[options.OCServer]",
        "[options.OCServer]\ndnc-reread-interval = \"1s\"",
    );
    home.write("ocs.toml", text);
    let server = home.start();
    for req in ["LoadCampaign", "StartDialing"] {
        server.group(CALLING, req, &json!({})).expect(200);
    }
    let handle = server.add_to("Calls", &json!({ "GSW_PHONE": "+16505550100" }));
    let restricted = || {
        let why = server.record(&handle)["why"].to_string();
        why.contains("Do Not Call")
    };
    assert!(!restricted());
    let insert = "INSERT INTO do_not_call (phone) VALUES ('+16505550100')";
    by_another(&server.home, insert);
    until("the row is noticed", restricted);
    // One of two is deleted; then the other.
    server.home.write("one.csv", "phone\n1 (650) 555-0100\n");
    dnc(&server.home, &["import", "one.csv"], 0, &[]);
    let delete = "DELETE FROM do_not_call WHERE phone = '+16505550100'";
    by_another(&server.home, delete);
    dnc(&server.home, &["remove", "1 (650) 555-0100"], 0, &[]);
    until("the deletion is noticed", || !restricted());
    assert_eq!(server.next(CALLING, "a1"), handle);
    server.stop();
}

/// The ports open before a long list is in memory; records are handed out after it is,
/// and nobody is called who is on it.
#[test]
fn a_long_list() {
    let server = running(&[CALLING]);
    let add = |phone: &str| server.add_to("Calls", &json!({ "GSW_PHONE": phone }));
    let restricted = add("+12000250000");
    let other = add("+13000000000");
    let home = server.stop();
    by_another(
        &home,
        "WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number LIMIT 300000) \
         INSERT INTO do_not_call (phone) SELECT '+1' || (2000000000 + n) FROM number",
    );
    let server = home.start();
    let mut waited = 0;
    let preview = format!("/campaigngroups/{CALLING}?req=GetRecord");
    until("the list is in memory", || {
        server.add_to("More", &json!({ "GSW_PHONE": "1" }));
        let reply = server.post(&preview, &json!({ "GSW_AGENT_ID": "a1" }));
        if reply.status == 200 {
            assert_eq!(reply.json()["GSW_RECORD_HANDLE"], other);
            return true;
        }
        assert_eq!(reply.expect(503)["GSW_ERROR_NUMBER"], 1043);
        assert!(reply.header("retry-after").is_some());
        waited += 1;
        false
    });
    assert!(waited > 0, "so many rows take their time");
    assert_eq!(server.record(&restricted)["GSW_RECORD_TYPE"], "NoCall");
    // It is there at once, and closes at once, also while the list is read again.
    let server = server.stop().start().stop().start();
    server.stop();
}
