//! Finished records that are old enough leave the store: for the archive, or for good.

use serde_json::{Value, json};

use crate::home::{HTTP_PORT, Home};
use crate::process::{run, until};
use crate::program::python;
use crate::server::Server;

/// A calling list that keeps finished records for 30 days, and one that keeps them for ever.
const KEPT: &str = "
[[calling-list]]
name = \"Spring\"
options = { retention-days = 30 }
[[calling-list.field]]
name = \"first-name\"
type = \"varchar\"
[[calling-list]]
name = \"Forever\"
";

/// OCS with an archive.
fn started(home: Home) -> Server {
    let archive = [("OCS_OPTIONS__OCSERVER__ARCHIVE_FOLDER", "archive")];
    Server::with_environment(home, &archive).ready()
}

/// Makes every finished record so many days older.
#[track_caller]
fn older(home: &Home, days: u32) {
    let script = format!(
        "import sqlite3; store = sqlite3.connect('data/ocs.db')\n\
         store.execute('UPDATE record SET finished_at = finished_at - {days} * 86400')\n\
         store.commit()"
    );
    run(python(&script).current_dir(home.path())).expect(0, &[]);
}

/// The lines of the archive, in order.
fn archived(home: &Home) -> Vec<Value> {
    let Ok(files) = std::fs::read_dir(home.path().join("archive")) else {
        return Vec::new();
    };
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let mut lines = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).expect("a file");
        lines.extend(
            text.lines()
                .map(|line| serde_json::from_str::<Value>(line).expect("a whole line")),
        );
    }
    lines
}

fn handles(lines: &[Value]) -> Vec<Value> {
    let mut handles: Vec<_> = lines
        .iter()
        .map(|line| line["GSW_RECORD_HANDLE"].clone())
        .collect();
    handles.sort_by_key(Value::as_u64);
    handles
}

#[test]
fn moved_into_the_archive_once() {
    let server = started(Home::with(HTTP_PORT, KEPT));
    let add = |server: &Server, list: &str, attributes: Value| {
        let added = server.post(&format!("/lists/{list}?req=AddRecord"), &attributes);
        added.expect(200)["GSW_RECORD_HANDLE"].clone()
    };
    let finish = |server: &Server, handle: &Value| {
        let target = format!("/records/{handle}?req=RecordProcessed");
        let result = json!({ "GSW_CALL_RESULT": "Answer" });
        server.post(&target, &result).expect(200);
    };
    let phone = |number: u32| format!("+165055501{number:02}");
    let named = |number| json!({ "GSW_PHONE": phone(number), "first-name": "Ada \"B\"" });
    let finished: Vec<_> = (0..3)
        .map(|number| {
            let handle = add(&server, "Spring", named(number));
            finish(&server, &handle);
            handle
        })
        .collect();
    let forever = add(&server, "Forever", json!({ "GSW_PHONE": phone(10) }));
    finish(&server, &forever);
    let open = add(&server, "Spring", named(11));
    // A final one whose chain goes on is kept with it.
    let first = add(&server, "Spring", named(12));
    finish(&server, &first);
    let going_on = add(
        &server,
        "Spring",
        json!({ "GSW_PHONE": phone(13), "GSW_CHAIN_ID": first }),
    );
    let home = server.stop();
    older(&home, 40);
    // What is put back by this is a kill between the archive and the store.
    let database = home.path().join("data/ocs.db");
    let before = std::fs::read(&database).expect("the store");

    let server = started(home);
    until("old records are gone", || {
        server.get("/lists/Spring")["records"] == 3
    });
    let lines = archived(&server.home);
    assert_eq!(handles(&lines), finished);
    for (key, value) in [
        ("GSW_CALLING_LIST", json!("Spring")),
        ("GSW_PHONE", json!(phone(0))),
        ("GSW_CALL_RESULT", json!(33)),
        ("GSW_RECORD_STATUS", json!("Updated")),
        ("first-name", json!("Ada \"B\"")),
        ("attempts", json!([])),
    ] {
        assert_eq!(lines[0][key], value, "{key} of {}", lines[0]);
    }
    for handle in &finished {
        let read = server.request("GET", &format!("/records/{handle}"), &[], b"");
        assert_eq!(read.status, 404);
    }
    for handle in [&open, &first, &going_on, &forever] {
        server.record(handle);
    }
    crate::campaigns::counts_agree(&server, "Spring");
    let phones = server.get(&format!("/phones/{}", phone(0)));
    assert_eq!(phones["records"], json!([]));

    let home = server.kill_9();
    std::fs::write(&database, before).expect("written");
    for beside in ["data/ocs.db-wal", "data/ocs.db-shm"] {
        let _ = std::fs::remove_file(home.path().join(beside));
    }
    let server = started(home);
    until("old records are gone again", || {
        server.get("/lists/Spring")["records"] == 3
    });
    assert_eq!(handles(&archived(&server.home)), finished, "each once");
    let new = add(&server, "Spring", named(14));
    assert!(new.as_u64() > going_on.as_u64(), "{new}");
    server.stop();
}

#[test]
fn removed_for_good() {
    let home = Home::with(HTTP_PORT, KEPT);
    home.write(
        "people.csv",
        "GSW_PHONE,GSW_RECORD_STATUS\n+16505550100,Updated\n",
    );
    home.ocs(&["import", "--list", "Spring", "people.csv"])
        .expect(0, &[]);
    // Nobody knows when it was finished: its age counts from when it is seen first.
    let server = home.start();
    let dated = "import sqlite3, sys; store = sqlite3.connect('data/ocs.db', timeout=30)\n\
                 sql = 'SELECT count(*) FROM record WHERE finished_at IS NOT NULL'\n\
                 sys.exit(store.execute(sql).fetchone()[0] != 1)";
    until("it is dated", || {
        let looked = run(python(dated).current_dir(server.home.path()));
        looked.status == Some(0)
    });
    assert_eq!(server.get("/lists/Spring")["records"], 1);
    let home = server.stop();
    older(&home, 40);
    let server = home.start();
    until("it is gone", || server.get("/lists/Spring")["records"] == 0);
    assert_eq!(archived(&server.home), [Value::Null; 0]);
    server.stop();
}

/// An archive that cannot be written is said at the start, and not a month later.
#[test]
fn a_folder_that_is_none() {
    let home = Home::with(HTTP_PORT, KEPT);
    home.write("archive", "a file");
    let archive = [("OCS_OPTIONS__OCSERVER__ARCHIVE_FOLDER", "archive")];
    let server = Server::with_environment(home, &archive);
    let said = server.stderr.wait("options.OCServer.archive-folder", 1);
    assert!(said.is_some(), "{:?}", server.stderr.lines());
}
