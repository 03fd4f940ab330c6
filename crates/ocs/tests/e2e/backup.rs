//! `ocs backup` of a running OCS, and `ocs restore` where there is nothing yet.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::campaigns::{BOTH, CALLING, counts_agree, running};
use crate::home::{HTTP_PORT, Home};
use crate::load::{Acknowledged, Load};
use crate::server::{ADD, Server};

/// A folder whose store is restored of a backup.
#[track_caller]
fn restored(file: &Path) -> Home {
    let home = Home::with(HTTP_PORT, "");
    let file = file.to_str().expect("a name");
    home.ocs(&["restore", file])
        .expect(0, &["is restored, with", "of schema version"]);
    home
}

/// `ocs backup` into a file of this name in the folder.
#[track_caller]
fn backup(home: &Home, name: &str) -> std::path::PathBuf {
    let made = home.ocs(&["backup", name]);
    made.expect(0, &[name, "as of"]);
    assert!(!home.path().join(format!("{name}.part")).exists());
    home.path().join(name)
}

/// The rows of a backup by their tables, but for what a restore makes anew: counters and the
/// last numbers given out.
fn rows(file: &Path) -> BTreeMap<String, Vec<String>> {
    let mut text = String::new();
    let mut lines = GzDecoder::new(File::open(file).expect("a file"));
    lines.read_to_string(&mut text).expect("lines");
    let (mut tables, mut table) = (BTreeMap::new(), String::new());
    let lines: Vec<&str> = text.lines().collect();
    for line in &lines[1..lines.len() - 1] {
        if line.starts_with('[') {
            let rows: &mut Vec<String> = tables.entry(table.clone()).or_default();
            rows.push((*line).to_owned());
        } else {
            let line: Value = serde_json::from_str(line).expect("JSON");
            table = line["table"].as_str().expect("a table").to_owned();
        }
    }
    tables.remove("counters");
    tables.remove("sequence");
    tables
}

/// A record but for its address, which has the port in it.
fn without_uri(mut record: Value) -> Value {
    if let Some(record) = record.as_object_mut() {
        record.remove("GSW_RECORD_URI");
    }
    record
}

/// Clients add records meanwhile: all that was acknowledged before the backup began is in it,
/// under its handle, and nobody waits for it.
#[test]
fn of_a_running_ocs() {
    let server = Server::start();
    let load = Load::start(&server, "before", 4);
    load.wait_for(400);
    let before = load.stop();
    let load = Load::start(&server, "meanwhile", 4);
    load.wait_for(100);
    let files: Vec<_> = ["1.backup", "2.backup", "3.backup"]
        .map(|name| {
            load.wait_for(50);
            backup(&server.home, name)
        })
        .into();
    load.wait_for(100);
    let meanwhile = load.stop();
    let mut most = before.handles.len() + 100;
    for file in &files {
        let home = restored(file);
        let exported = home.export("Spring");
        before.check(&exported);
        // What came while it was made is whole, and what it was.
        most += 50;
        assert!(exported.len() >= most, "{} of {most}", exported.len());
        for row in &exported {
            let phone = row["GSW_PHONE"].as_str().expect("a phone");
            let acknowledged = [&before, &meanwhile];
            let handle = acknowledged.iter().find_map(|all| all.handles.get(phone));
            let handle = handle.expect("it was acknowledged").to_string();
            assert_eq!(row["GSW_RECORD_HANDLE"], *handle);
        }
    }
    let mut all = Acknowledged::default();
    all.merge(before);
    all.merge(meanwhile);
    all.check(&server.home.export("Spring"));
    let mode = fs::metadata(&files[0])
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600, "personal data is for its owner only");
    server.stop();
}

/// Everything that a store holds: what is restored is what was there, row by row, and OCS goes
/// on with it.
#[test]
fn everything_again() {
    let server = running(&[CALLING, BOTH]);
    let key = [("Idempotency-Key", "k-1")];
    let keyed = json!({ "GSW_PHONE": "5550", "GSW_CUSTOMER_ID": "C 0" }).to_string();
    let first = server.request("POST", ADD, &key, keyed.as_bytes());
    let first = first.expect(200);
    for number in 1..=6 {
        let body = json!({ "GSW_PHONE": format!("+1650555010{number}") });
        server.add_to("Calls", &body);
    }
    let out = server.next(CALLING, "ann");
    let done = server.next(CALLING, "ben");
    let result = json!({ "GSW_CALL_RESULT": 33 });
    server.on(&done, "RecordProcessed", &result).expect(200);
    let blocked = "/phones/+16505550199";
    server
        .post(&format!("{blocked}?req=DoNotCall"), &json!({}))
        .expect(200);
    server
        .post(&format!("{blocked}?req=Consent"), &json!({}))
        .expect(200);
    let record = without_uri(server.record(&out));
    let file = backup(&server.home, "whole.backup");
    let last = server.add(&json!({ "GSW_PHONE": "after the backup" }))["GSW_RECORD_HANDLE"].clone();
    let _first = server.stop();

    let home = restored(&file);
    let again = backup(&home, "again.backup");
    assert_eq!(rows(&again), rows(&file));
    home.ocs(&["audit", "verify"])
        .expect(0, &["the audit holds"]);
    let server = home.start();
    // Whoever had a record has it still, campaign groups run, and answers are the same.
    assert_eq!(without_uri(server.record(&out)), record);
    for list in ["Calls", "Spring"] {
        counts_agree(&server, list);
    }
    let repeated = server.request("POST", ADD, &key, keyed.as_bytes());
    assert_eq!(
        repeated.expect(200)["GSW_RECORD_HANDLE"],
        first["GSW_RECORD_HANDLE"]
    );
    assert!(!server.next(CALLING, "cat").is_null());
    let found = server.get("/customer_ids/C%200");
    assert_eq!(
        found["records"][0]["GSW_RECORD_HANDLE"],
        first["GSW_RECORD_HANDLE"]
    );
    let phone = server.get(blocked);
    assert_eq!(phone["do_not_call"], 1);
    // The handle that was given out after the backup is nobody's, and not given out again.
    let next = server.add(&json!({ "GSW_PHONE": "after" }))["GSW_RECORD_HANDLE"].as_u64();
    assert!(next > last.as_u64(), "{next:?} after {last}");
    let lost = server.request("GET", &format!("/records/{last}"), &[], b"");
    assert_eq!(lost.status, 404);
    let said = server.home.ocs(&["status", "--json"]);
    let said: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let epoch = said["ocs"][0]["epoch"].as_i64();
    assert!(epoch > Some(1_000_000), "no holder before had it: {said}");
    server.stop();
}

/// What is not done, and why.
#[test]
fn refused() {
    let home = Home::new();
    let file = backup(&home, "a.backup");
    home.ocs(&["restore", "--dry-run", "a.backup"])
        .expect(0, &["a.backup is whole and holds 0 records"]);
    // Nothing is written over: neither a backup, nor a store.
    home.ocs(&["backup", "a.backup"])
        .expect(1, &["a.backup is there already"]);
    home.ocs(&["restore", "a.backup"]).expect(
        1,
        &[
            "nothing was restored",
            "ocs.db is there already",
            "store.url",
        ],
    );
    home.ocs(&["backup", "nowhere/a.backup"])
        .expect(1, &["nowhere/a.backup.part cannot be written"]);
    home.ocs(&["restore", "nowhere.backup"])
        .expect(1, &["nowhere.backup cannot be read"]);
    let whole = fs::read(&file).expect("a file");
    let half = home.write("half.backup", &whole[..whole.len() / 2]);
    let empty = Home::with(HTTP_PORT, "");
    empty
        .ocs(&["backup", "none.backup"])
        .expect(1, &["no backup was made: there is no store"]);
    for arguments in [&["restore"][..], &["restore", "--dry-run"]] {
        for (file, said) in [
            (half.as_path(), "the backup is damaged"),
            (&home.path().join("ocs.toml"), "this is no backup of OCS"),
        ] {
            let file = file.to_str().expect("a name");
            empty
                .ocs(&[arguments, &[file]].concat())
                .expect(1, &["nothing was restored", said]);
        }
    }
    let data = fs::read_dir(empty.path().join("data"))
        .into_iter()
        .flatten();
    let left: Vec<_> = data.flatten().map(|file| file.file_name()).collect();
    assert!(left.iter().all(|name| name == "ocs.db-lease"), "{left:?}");
    // Where an OCS is about to begin a store, nobody restores one.
    let server = empty.start();
    let restore = server
        .home
        .ocs(&["restore", file.to_str().expect("a name")]);
    restore.expect(1, &["is there already"]);
    server.stop();
}
