//! A store that cannot be written: read-only, or without room.

use std::fs::{self, File};
use std::io::Write as _;

use serde_json::json;

use crate::home::{HTTP_PORT, Home, OBJECTS};
use crate::load::Load;
use crate::mount::Mount;
use crate::process::until;
use crate::server::ADD;

/// A folder whose store is a file of another file system, and that file's path.
fn on(mount: &Mount, file: &str) -> (Home, String) {
    let store = mount.path().join(file).display().to_string();
    let home = Home::empty();
    home.configure(&format!("{HTTP_PORT}[store]\nurl = \"sqlite:{store}\"\n"));
    (home, store)
}

#[test]
fn a_read_only_store() {
    let Some(mount) = Mount::new("8m") else {
        return;
    };
    let (home, store) = on(&mount, "data/ocs.db");
    let read_only = format!("{store} is read-only");
    let refused = |home: &Home| {
        for command in [
            &["run"][..],
            &["export", "--list", "Spring"],
            &["apply", "objects.toml"],
        ] {
            home.ocs(command)
                .expect(1, &[&read_only, "must be able to write"]);
        }
    };
    home.write("objects.toml", OBJECTS);
    mount.remount("ro");
    refused(&home);
    mount.remount("rw");
    home.apply(OBJECTS);
    let server = home.start();
    server.add(&json!({ "GSW_PHONE": "1" }));
    let home = server.stop();
    mount.remount("ro");
    refused(&home);
    mount.remount("rw");
    assert_eq!(home.export("Spring").len(), 1);
}

/// A store without room refuses, loses nothing, and goes on when there is room.
#[test]
fn a_full_store() {
    let Some(mount) = Mount::new("4m") else {
        return;
    };
    let (home, _) = on(&mount, "ocs.db");
    home.apply(OBJECTS);
    let server = home.start();
    let load = Load::start(&server, "before", 2);
    load.wait_for(50);
    let before = load.stop();
    let filler = mount.path().join("filler");
    let mut added = Vec::new();
    for round in 0..2 {
        let mut file = File::create(&filler).expect("a file");
        // Until no byte more fits.
        for piece in [65_536, 4_096, 1] {
            while file.write_all(&vec![0; piece]).is_ok() {}
        }
        let mut number = 0;
        until("the store is full", || {
            number += 1;
            let phone = format!("{round}-{number}");
            let reply = server.post(
                ADD,
                &json!({ "GSW_PHONE": phone, "VAR_005": "x".repeat(200) }),
            );
            if reply.status == 200 {
                added.push(phone);
                return false;
            }
            assert_eq!(reply.header("retry-after"), Some("1"));
            let event = reply.expect(503);
            assert_eq!(event["GSW_ERROR_NUMBER"], 1041, "{event}");
            true
        });
        // What is there can be read, and OCS goes on refusing.
        assert_eq!(
            server.get("/lists/Spring")["records"],
            before.handles.len() + added.len()
        );
        assert_eq!(server.record(&json!(1))["GSW_RECORD_STATUS"], "Ready");
        server
            .post(
                ADD,
                &json!({ "GSW_PHONE": "no", "VAR_005": "x".repeat(250) }),
            )
            .expect(503);
        fs::remove_file(&filler).expect("room is made");
        drop(file);
        let phone = format!("{round}-again");
        until("there is room again", || {
            server.post(ADD, &json!({ "GSW_PHONE": phone })).status == 200
        });
        added.push(phone);
    }
    before.check(&server.home.export("Spring"));
    let home = server.kill_9();
    let exported = home.export("Spring");
    before.check(&exported);
    let phones = crate::export::count_by(&exported, "GSW_PHONE");
    assert_eq!(phones.len(), before.handles.len() + added.len());
    assert!(added.iter().all(|phone| phones[phone] == 1));
}
