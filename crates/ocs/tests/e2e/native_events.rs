//! What desktops are told unasked (outbound-protocols.md, section 3): heard by
//! `ocs desktop`, which agents sit at.

use std::io::Write as _;
use std::process::{Child, ChildStdin, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::native::{OUTBOUND_PORT, desktop_command, home};
use crate::process::signal;
use crate::said::Said;
use crate::server::{ADD, Server};

/// A calling list that may be called at any time, in a campaign group of DBID 301.
const CAMPAIGN: &str = "
[[calling-list]]
name = \"Spring\"
time-from = \"00:00\"
time-until = \"23:59\"
time-zone = \"UTC\"
options = { callback-timeout = \"1h\" }

[[campaign]]
name = \"SpringCampaign\"
description = \"of spring\"
calling-lists = [{ name = \"Spring\", weight = 100 }]

[[campaign-group]]
dbid = 301
campaign = \"SpringCampaign\"
group = \"Agents\"
dialing-mode = \"Preview\"
";

/// An agent at `ocs desktop`.
pub(crate) struct Agent {
    child: Child,
    lines: ChildStdin,
    said: Said,
}

impl Agent {
    pub(crate) fn sits_down(server: &Server, name: &str) -> Self {
        let mut child = desktop_command(server, &["--agent", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ocs desktop starts");
        let mut agent = Self {
            lines: child.stdin.take().expect("its input"),
            said: Said::read(child.stdout.take().expect("its output")),
            child,
        };
        // An answer shows that the session is open.
        agent.types("logout");
        agent.hears("LogOutAcknowledge", 1);
        agent
    }

    pub(crate) fn types(&mut self, line: &str) {
        writeln!(self.lines, "{line}").expect("it reads");
    }

    /// The events of this name so far.
    pub(crate) fn heard(&self, event: &str) -> usize {
        let name = format!("\"{event}\"");
        let lines = self.said.lines();
        lines.iter().filter(|line| line.contains(&name)).count()
    }

    /// Ends without a word, as when the machine is lost.
    pub(crate) fn vanishes(self) {
        drop(self);
    }

    /// The `nth` event of this name.
    #[track_caller]
    pub(crate) fn hears(&self, event: &str, nth: usize) -> Value {
        let line = self.said.wait(&format!("\"{event}\""), nth);
        let line = line.unwrap_or_else(|| panic!("no {event}: {:#?}", self.said.lines()));
        serde_json::from_str(&line).expect("an event")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        signal(self.child.id(), Signal::KILL);
        let _ = self.child.wait();
    }
}

fn start() -> Server {
    let home = home(OUTBOUND_PORT);
    home.apply(CAMPAIGN);
    home.start()
}

fn group(server: &Server, request: &str) {
    let target = format!("/campaigngroups/301?req={request}");
    server.post(&target, &json!({})).expect(200);
}

#[test]
fn desktops_hear_of_campaign_groups_and_of_what_is_taken_from_them() {
    let server = start();
    let mut ann = Agent::sits_down(&server, "ann");
    let bob = Agent::sits_down(&server, "bob");
    for (request, event) in [
        ("LoadCampaign", "CampaignLoaded"),
        ("StartDialing", "CampaignStarted"),
        ("StopDialing", "CampaignStopped"),
        ("UnloadCampaign", "CampaignUnloaded"),
    ] {
        group(&server, request);
        for agent in [&ann, &bob] {
            let heard = agent.hears(event, 1);
            assert_eq!(heard["GSW_CAMPAIGN_NAME"], "SpringCampaign", "{heard}");
            assert_eq!(heard["GSW_CAMPAIGN_GROUP_DBID"], 301, "{heard}");
            assert_eq!(heard["GSW_CAMPAIGN_MODE"], "Preview", "{heard}");
        }
    }
    group(&server, "LoadCampaign");
    group(&server, "StartDialing");
    server
        .post(ADD, &json!({ "GSW_PHONE": "+16505550101" }))
        .expect(200);
    ann.types("preview 301");
    let record = ann.hears("PreviewRecord", 1);
    assert_eq!(record["GSW_PHONE"], "+16505550101", "{record}");
    let handle = &record["GSW_RECORD_HANDLE"];
    server
        .post("/phones/+16505550101?req=DoNotCall", &json!({}))
        .expect(200);
    assert_eq!(&ann.hears("RecordCancel", 1)["GSW_RECORD_HANDLE"], handle);
    // Whoever does not have it is not bothered: the present state is what he asks for.
    ann.types("status");
    let end = ann.hears("CampaignStatusAcknowledge", 1);
    assert_eq!(end["GSW_USER_EVENT"], "CampaignStatusAcknowledge");
    assert!(
        !bob.said
            .lines()
            .iter()
            .any(|line| line.contains("RecordCancel"))
    );
    drop((ann, bob));
    server.stop();
}

#[test]
fn a_personal_callback_comes_to_its_agent_when_it_is_due() {
    let server = start();
    group(&server, "LoadCampaign");
    group(&server, "StartDialing");
    let mut ann = Agent::sits_down(&server, "ann");
    let bob = Agent::sits_down(&server, "bob");
    let callback = json!({
        "GSW_PHONE": "+16505550102", "GSW_RECORD_TYPE": "PersonalCallBack", "GSW_AGENT_ID": "ann",
        "GSW_DATE_TIME": "2026-01-01T00:00:00Z",
    });
    // Its moment has passed, so it is due from its adding on.
    server.post(ADD, &callback).expect(200);
    let call = ann.hears("ScheduledCall", 1);
    assert_eq!(call["GSW_PHONE"], "+16505550102", "{call}");
    assert_eq!(call["InteractionType"], "Outbound", "{call}");
    assert!(
        !bob.said
            .lines()
            .iter()
            .any(|line| line.contains("ScheduledCall"))
    );
    let handle = call["GSW_RECORD_HANDLE"].to_string();
    ann.types(&format!("complete {handle} Answer"));
    ann.hears("RecordProcessedAcknowledge", 1);
    let record = server.get(&format!("/records/{handle}"));
    assert_eq!(record["GSW_RECORD_STATUS"], "Updated", "{record}");
    assert_eq!(record["attempts"][0]["GSW_AGENT_ID"], "ann", "{record}");
    drop((ann, bob));
    server.stop();
}
