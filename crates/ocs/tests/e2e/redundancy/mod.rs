//! Two OCS of one store: a primary, and a backup that takes over from it (configuration.md,
//! section 6).

mod clients;
mod refused;
mod switchover;
mod take_over;
mod torture;

use serde_json::Value;

use crate::campaigns::CALLING;
use crate::home::{HTTP_PORT, Home, OBJECTS};
use crate::process::until;
use crate::server::Server;

const ENABLED: &str = "[redundancy]\nenabled = true\n";

/// What an OCS says when it waits for the lease.
const BACKUP: &str = "OCS is a backup";

/// The folder of a primary, with the usual objects.
fn home() -> Home {
    let objects = [OBJECTS, include_str!("../campaigns.toml")].concat();
    Home::with(&format!("{HTTP_PORT}{ENABLED}"), &objects)
}

/// The folder of another OCS of the same store.
fn beside(primary: &Home, rest: &str) -> Home {
    let store = primary.path().join("data/ocs.db");
    let store = format!("[store]\nurl = \"sqlite:{}\"\n", store.display());
    Home::with(&format!("{HTTP_PORT}{ENABLED}{store}{rest}"), "")
}

/// A primary whose campaign group runs, and a backup that waits for its lease.
#[track_caller]
fn pair() -> (Server, Server) {
    let primary = crate::campaigns::running_of(home(), &[CALLING]);
    let backup = Server::of(beside(&primary.home, ""));
    waits(&backup, 1);
    (primary, backup)
}

/// Waits until an OCS is a backup for the `nth` time, from 1.
#[track_caller]
fn waits(backup: &Server, nth: usize) {
    let said = backup.stdout.wait(BACKUP, nth);
    said.unwrap_or_else(|| panic!("it ended: {:#?}", backup.stderr.lines()));
}

/// What `ocs status` says of a process.
#[track_caller]
fn status_of(home: &Home, process: u32) -> Value {
    let said = home.ocs(&["status", "--json"]);
    let said: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let all = said["ocs"].as_array().expect("all of them");
    let of_process = all.iter().find(|ocs| ocs["process"] == process);
    of_process.cloned().unwrap_or_default()
}

/// Waits until `ocs status` says so of a process.
#[track_caller]
fn until_status(home: &Home, process: u32, what: &str, so: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    until(what, || {
        last = status_of(home, process);
        so(&last)
    });
    last
}
