//! An agent of the benches that hand records out.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use crate::bench::client::Client;

/// The campaign group that the agents are of.
pub(super) const GROUP: &str = "/campaigngroups/401";

/// An agent who takes a record and gives it back, so that there are always some.
pub(super) struct Agent {
    client: Client,
    preview: String,
}

impl Agent {
    /// The agent of this number, at OCS's HTTP port.
    pub(super) fn connect(port: u16, number: u32) -> Result<Self> {
        Ok(Self {
            client: Client::connect(port)?,
            preview: json!({ "GSW_AGENT_ID": format!("agent-{number}") }).to_string(),
        })
    }

    /// How long the agent waited for a record; `None` where none was due.
    pub(super) fn take(&mut self) -> Result<Option<Duration>> {
        let asked = Instant::now();
        let target = format!("{GROUP}?req=PreviewRecordRequest");
        let record = self.client.post(&target, &self.preview)?;
        let took = asked.elapsed();
        let Some(handle) = record["GSW_RECORD_HANDLE"].as_i64() else {
            return Ok(None);
        };
        let reject = format!("/records/{handle}?req=RecordReject");
        self.client.post(&reject, "")?;
        Ok(Some(took))
    }
}
