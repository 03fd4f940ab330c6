//! Calling lists with campaign groups that hand them out, and the requests that most
//! tests of them begin with.

use std::time::UNIX_EPOCH;

use serde_json::{Value, json};

use crate::home::{HTTP_PORT, Home, OBJECTS};
use crate::http::Reply;
use crate::server::Server;

/// The campaign group that hands out the calling list "Calls".
pub(crate) const CALLING: u32 = 401;
/// One that hands out "Calls" and "More".
pub(crate) const BOTH: u32 = 402;
/// One whose dialing mode is Predictive.
pub(crate) const DIALER: u32 = 403;
/// One that hands out "Late", whose records are soon Stale and callbacks soon missed.
pub(crate) const LATENESS: u32 = 404;

/// A folder with the usual objects and these.
pub(crate) fn home() -> Home {
    let objects = [OBJECTS, include_str!("campaigns.toml")].concat();
    Home::with(HTTP_PORT, &objects)
}

/// OCS, with these campaign groups running.
#[track_caller]
pub(crate) fn running(groups: &[u32]) -> Server {
    running_of(home(), groups)
}

/// OCS in a folder, with these campaign groups running.
#[track_caller]
pub(crate) fn running_of(home: Home, groups: &[u32]) -> Server {
    let server = home.start();
    for dbid in groups {
        server.group(*dbid, "LoadCampaign", &json!({})).expect(200);
        server.group(*dbid, "StartDialing", &json!({})).expect(200);
    }
    server
}

impl Server {
    /// Asks something of a campaign group.
    #[track_caller]
    pub(crate) fn group(&self, dbid: u32, req: &str, body: &Value) -> Reply {
        self.post(&format!("/campaigngroups/{dbid}?req={req}"), body)
    }

    /// Asks something of a record.
    #[track_caller]
    pub(crate) fn on(&self, handle: &Value, req: &str, body: &Value) -> Reply {
        self.post(&format!("/records/{handle}?req={req}"), body)
    }

    /// Adds a record that may be called while the test runs, whatever its zone between
    /// Hawaii and Japan, and returns its handle.
    #[track_caller]
    pub(crate) fn add_to(&self, list: &str, attributes: &Value) -> Value {
        let (from, until) = self.any_hour();
        let mut sent = json!({ "GSW_FROM": from, "GSW_UNTIL": until });
        for (key, value) in attributes.as_object().expect("attributes") {
            sent[key] = value.clone();
        }
        let added = self.post(&format!("/lists/{list}?req=AddRecord"), &sent);
        added.expect(200)["GSW_RECORD_HANDLE"].clone()
    }

    /// Takes the next record of a campaign group for an agent.
    #[track_caller]
    pub(crate) fn preview(&self, dbid: u32, agent: &str) -> Value {
        let sent = json!({ "GSW_AGENT_ID": agent });
        self.group(dbid, "PreviewRecordRequest", &sent).expect(200)
    }

    /// The handle of the next record; `null` where there is none.
    #[track_caller]
    pub(crate) fn next(&self, dbid: u32, agent: &str) -> Value {
        self.preview(dbid, agent)["GSW_RECORD_HANDLE"].clone()
    }

    /// A daily window that is open but for one hour, which is not near.
    pub(crate) fn any_hour(&self) -> (u64, u64) {
        (self.time_of_day(18), self.time_of_day(17))
    }

    /// The time of day at which the test began, in seconds since midnight, UTC, and so
    /// many hours later.
    #[track_caller]
    pub(crate) fn time_of_day(&self, hours_later: u64) -> u64 {
        let configuration = std::fs::metadata(self.home.path().join("ocs.toml"));
        let written = configuration.and_then(|file| file.modified());
        let since = written.expect("a file").duration_since(UNIX_EPOCH);
        (since.expect("a date").as_secs() + hours_later * 3_600) % 86_400
    }
}

/// Asserts that a calling list's counts are those of its records.
#[track_caller]
pub(crate) fn counts_agree(server: &Server, list: &str) {
    let read = server.get(&format!("/lists/{list}"));
    let records = server.get(&format!("/lists/{list}/records?limit=1000"));
    let records = records["records"].as_array().expect("records");
    assert_eq!(read["records"], records.len(), "{list}");
    for (status, count) in read["counts"].as_object().expect("counts") {
        let of_status = records
            .iter()
            .filter(|record| record["GSW_RECORD_STATUS"] == **status);
        assert_eq!(*count, of_status.count(), "{status} of {list}");
    }
}
