//! Whole campaigns against the platform that stands in `examples`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{POWER, home};
use crate::http::Connection;
use crate::process::{PATIENCE, signal, until_within};
use crate::server::Server;

/// The demonstration platform, in a process of its own.
pub(crate) struct Platform {
    child: Child,
    base: String,
}

impl Platform {
    #[track_caller]
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/platform.py");
        let mut command = Command::new("python3");
        command.args([script, "--port", "0"]).args(arguments);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = child.stdout.take().expect("its output");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let base = line
            .split_whitespace()
            .last()
            .expect("its address")
            .to_owned();
        Self { child, base }
    }

    pub(crate) fn uri(&self) -> String {
        format!("{}/dial", self.base)
    }

    /// What it did.
    #[track_caller]
    pub(crate) fn statistics(&self) -> Value {
        let mut connection = Connection::open(&self.base).expect("it listens");
        let reply = connection.ask("GET", "/statistics", &[], b"");
        reply.expect("it answers").expect(200)
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        signal(self.child.id(), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// So many records that may be called at any time but for an hour.
pub(super) fn fill(server: &Server, records: usize) {
    let (from, until) = server.any_hour();
    let items: Vec<_> = (0..records)
        .map(|number| {
            json!({ "GSW_PHONE": format!("+1650{:07}", 5_000_000 + number),
                    "GSW_FROM": from, "GSW_UNTIL": until })
        })
        .collect();
    let body = Value::from(items).to_string();
    let headers = [("Content-Type", "application/json")];
    let reply = server.request(
        "POST",
        "/lists/Calls?req=AddRecords",
        &headers,
        body.as_bytes(),
    );
    assert_eq!(reply.status, 200);
}

/// The records of the calling list by status, as far as there are some.
fn counts(server: &Server) -> BTreeMap<String, u64> {
    let list = server.get("/lists/Calls");
    let counts = list["counts"].as_object().expect("counts").iter();
    let counts = counts.map(|(status, count)| (status.clone(), count.as_u64().unwrap_or(0)));
    counts.filter(|(_, count)| *count > 0).collect()
}

/// Begins to dial until nothing is left.
pub(super) fn begin(server: &Server) {
    let alone = json!({ "GSW_AUTO_COMPLETION": 1 });
    server.group(POWER, "LoadCampaign", &alone).expect(200);
    server.group(POWER, "StartDialing", &json!({})).expect(200);
}

/// Waits until the campaign group has unloaded itself, and asserts that every record is final
/// and the platform heard of each attempt once.
pub(super) fn completes(server: &Server, platform: &Platform, records: u64) -> Value {
    until_within(2 * PATIENCE, "the campaign is over", || {
        let group = server.get(&format!("/campaigngroups/{POWER}"));
        group["GSW_GROUP_CAMPAIGN_STATUS"] == 0
    });
    assert_eq!(
        counts(server),
        BTreeMap::from([("Updated".to_owned(), records)])
    );
    let status = server
        .group(POWER, "GetCampaignStatus", &json!({}))
        .expect(200);
    let did = platform.statistics();
    assert_eq!(did["twice"], 0, "{did}");
    assert_eq!(did["refused"], 0, "no report was lost: {did}");
    assert_eq!(did["calls"], status["GSW_STAT_ATTEMPTS"], "{did} {status}");
    assert_eq!(
        status["GSW_STAT_ANSWERED"], did["answered"],
        "{did} {status}"
    );
    did
}

/// A campaign runs to its end.
#[test]
fn to_its_end() {
    let platform = Platform::start(&["--scale", "0.003", "--hits", "0.5"]);
    let server = home(&platform.uri(), ", channels = 40, dialing-rate = 1000").start();
    fill(&server, 300);
    begin(&server);
    let did = completes(&server, &platform, 300);
    assert_eq!(did["calls"], 300);
    assert!(
        did["most_out"].as_u64().is_some_and(|most| most <= 40),
        "{did}"
    );
}

/// Killed again and again in the middle of it: no report is lost, nothing is dialed twice.
#[test]
fn to_its_end_over_crashes() {
    let platform = Platform::start(&["--scale", "0.01", "--hits", "0.5"]);
    let home = home(
        &platform.uri(),
        ", channels = 30, dialing-rate = 1000, call-timeout = \"10s\"",
    );
    // The platform reports to this address over all restarts.
    let port = crate::home::free_port();
    let text = home
        .read("ocs.toml")
        .replace("port = 0", &format!("port = {port}"));
    home.write("ocs.toml", text);
    let mut server = home.start();
    fill(&server, 200);
    begin(&server);
    for killed in 1..=3 {
        until_within(PATIENCE, "some calls were made", || {
            platform.statistics()["calls"].as_u64() >= Some(killed * 40)
        });
        server = server.kill_9().start();
    }
    until_within(2 * PATIENCE, "the campaign is over", || {
        server.get(&format!("/campaigngroups/{POWER}"))["GSW_GROUP_CAMPAIGN_STATUS"] == 0
    });
    let did = platform.statistics();
    assert_eq!(
        (&did["twice"], &did["refused"]),
        (&json!(0), &json!(0)),
        "{did}"
    );
    let counts = counts(&server);
    assert_eq!(counts.values().sum::<u64>(), 200, "{counts:?}");
    let ends = ["Updated", "Stale"];
    assert!(
        counts.keys().all(|status| ends.contains(&status.as_str())),
        "{counts:?}"
    );
}

/// Many calls are out at once before the first of them rings.
#[test]
fn many_at_once() {
    let platform = Platform::start(&["--scale", "0.001", "--hold", "300"]);
    let server = home(&platform.uri(), ", channels = 300, dialing-rate = 5000").start();
    fill(&server, 320);
    begin(&server);
    let did = completes(&server, &platform, 320);
    assert_eq!(did["most_out"], 300, "{did}");
}
