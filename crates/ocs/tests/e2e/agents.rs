//! What is said of agents, over HTTP and natively (http-interface.md, section 2;
//! outbound-protocols.md, section 3).

use serde_json::{Value, json};

use crate::campaigns::{BOTH, CALLING, home as campaigns};
use crate::native::{Client, OUTBOUND_PORT, desk, home, script};
use crate::native_events::Agent;
use crate::process::until;
use crate::replies::has;
use crate::server::Server;

/// A calling list that may be called at any time, and two campaign groups of one campaign.
const CAMPAIGN: &str = "
[[calling-list]]
name = \"Spring\"
time-from = \"00:00\"
time-until = \"23:59\"
time-zone = \"UTC\"

[[campaign]]
name = \"SpringCampaign\"
calling-lists = [{ name = \"Spring\", weight = 100 }]

[[campaign-group]]
dbid = 301
campaign = \"SpringCampaign\"
group = \"Agents\"
dialing-mode = \"PushPreview\"

[[campaign-group]]
dbid = 302
campaign = \"SpringCampaign\"
group = \"Others\"
dialing-mode = \"PushPreview\"
";

fn start() -> Server {
    let home = home(OUTBOUND_PORT);
    home.apply(CAMPAIGN);
    home.start()
}

/// How many agents of a campaign group are Ready, NotReady, Busy, in AfterCall.
#[track_caller]
pub(crate) fn agents(server: &Server, group: u32) -> [u64; 4] {
    let read = server.get(&format!("/campaigngroups/{group}"));
    ["Ready", "NotReady", "Busy", "AfterCall"].map(|state| {
        let count = read["agents"][state].as_u64();
        count.unwrap_or_else(|| panic!("no count of {state}: {read}"))
    })
}

#[track_caller]
pub(crate) fn until_agents(server: &Server, group: u32, right: [u64; 4]) {
    until(&format!("agents of {group} are {right:?}"), || {
        agents(server, group) == right
    });
}

fn state(agent: &str, state: &Value) -> Value {
    json!({ "GSW_AGENT_ID": agent, "GSW_AGENT_STATE": state })
}

/// By name in any case, by number and by numeric string; each is counted where it belongs.
#[test]
fn every_state_over_http() {
    let server = campaigns().start();
    for (said, name, right) in [
        (json!("Ready"), "Ready", [1, 0, 0, 0]),
        (json!("notready"), "NotReady", [0, 1, 0, 0]),
        (json!(3), "Busy", [0, 0, 1, 0]),
        (json!("4"), "AfterCall", [0, 0, 0, 1]),
        (json!(1), "Ready", [1, 0, 0, 0]),
        (json!("LOGGEDOUT"), "LoggedOut", [0; 4]),
        // Who is not there leaves as well.
        (json!("5"), "LoggedOut", [0; 4]),
    ] {
        let mut sent = state("ann", &said);
        sent["GSW_REFERENCE_ID"] = json!(7);
        sent["colour"] = json!("red");
        let answer = server.group(CALLING, "AgentState", &sent).expect(200);
        has(
            &answer,
            &json!({
                "GSW_USER_EVENT": "AgentStateAcknowledge", "GSW_AGENT_ID": "ann",
                "GSW_AGENT_STATE": name, "GSW_CAMPAIGN_GROUP_DBID": CALLING,
                "GSW_REFERENCE_ID": 7, "GSW_IGNORED": "colour",
            }),
        );
        assert_eq!(agents(&server, CALLING), right, "{said}");
        let status = server.group(CALLING, "GetCampaignStatus", &json!({}));
        assert_eq!(status.expect(200)["agents"]["Ready"], right[0], "{said}");
    }
    // An agent works for one campaign group at a time.
    server
        .group(CALLING, "AgentState", &state("bob", &json!("Ready")))
        .expect(200);
    server
        .group(BOTH, "AgentState", &state("bob", &json!("Busy")))
        .expect(200);
    assert_eq!(agents(&server, CALLING), [0; 4]);
    assert_eq!(agents(&server, BOTH), [0, 0, 1, 0]);
    // The request log has a line for each, also for what is refused.
    server
        .group(499, "AgentState", &state("bob", &json!("Ready")))
        .expect(404);
    let said = server.home.ocs(&["requests", "--format", "json"]);
    let lines = said.expect(0, &[]).stdout.clone();
    let of_agents = lines.lines().filter(|line| line.contains("AgentState"));
    let codes: Vec<_> = of_agents
        .map(|line| {
            let line: Value = serde_json::from_str(line).expect("an object a line");
            (line["code"].clone(), line["outcome"].clone())
        })
        .collect();
    assert_eq!(codes.len(), 10, "{lines}");
    assert!(codes.contains(&(json!(100), json!(9))), "{codes:?}");
    server.stop();
}

/// What was said once is not said again by its repetition.
#[test]
fn an_idempotency_key_of_an_agents_state() {
    let server = campaigns().start();
    let target = format!("/campaigngroups/{CALLING}?req=AgentState");
    let keyed = |key: &str, said: &str| {
        let headers = [("Idempotency-Key", key)];
        let body = state("ann", &json!(said)).to_string();
        server.request("POST", &target, &headers, body.as_bytes())
    };
    let first = keyed("k", "Ready");
    assert_eq!(first.status, 200);
    keyed("l", "Busy").expect(200);
    let again = keyed("k", "Ready");
    assert_eq!((again.status, again.body), (200, first.body));
    assert_eq!(agents(&server, CALLING), [0, 0, 1, 0]);
    assert_eq!(keyed("k", "NotReady").status, 422);
    assert_eq!(agents(&server, CALLING), [0, 0, 1, 0]);
    server.stop();
}

/// Over HTTP nobody notices that an agent has gone: he counts for so long, and not over a
/// restart.
#[test]
fn silence_and_restarts() {
    let ready = state("ann", &json!("Ready"));
    let server = campaigns().start();
    server.group(CALLING, "AgentState", &ready).expect(200);
    assert_eq!(agents(&server, CALLING), [1, 0, 0, 0]);
    let short = [("OCS_OPTIONS__OCSERVER__AGENT_SILENCE_TIMEOUT", "1s")];
    let server = Server::with_environment(server.stop(), &short).ready();
    assert_eq!(agents(&server, CALLING), [0; 4]);
    server.group(CALLING, "AgentState", &ready).expect(200);
    assert_eq!(agents(&server, CALLING), [1, 0, 0, 0]);
    until_agents(&server, CALLING, [0; 4]);
    server.stop();
}

/// By a desktop: he is there, ready after a while, takes a record, and is gone.
#[test]
fn an_agent_at_his_desktop() {
    let server = start();
    let mut ann = Agent::sits_down(&server, "ann");
    assert_eq!(
        agents(&server, 301),
        [0; 4],
        "who sits down works for nobody"
    );
    ann.types("request PreviewDialingModeStart GSW_CAMPAIGN_GROUP_NAME=SpringCampaign@Agents");
    ann.hears("PreviewDialingModeStartAcknowledge", 1);
    assert_eq!(agents(&server, 301), [0, 1, 0, 0]);
    // The campaign's name is enough for who works for one of its groups already.
    ann.types("ready 0 GSW_CAMPAIGN_NAME=SpringCampaign");
    let answer = ann.hears("ReadyTimeAcknowledge", 1);
    assert_eq!(answer["GSW_READY_TIME"], 0, "{answer}");
    assert_eq!(agents(&server, 301), [1, 0, 0, 0]);
    ann.types("request PreviewDialingModeOver");
    ann.hears("PreviewDialingModeOverAcknowledge", 1);
    assert_eq!(agents(&server, 301), [0, 1, 0, 0]);
    ann.types("ready 1 302");
    ann.hears("ReadyTimeAcknowledge", 2);
    assert_eq!(agents(&server, 301), [0; 4]);
    until_agents(&server, 302, [1, 0, 0, 0]);
    ann.types("state 302 AfterCall");
    ann.hears("AgentStateAcknowledge", 1);
    assert_eq!(agents(&server, 302), [0, 0, 0, 1]);
    // A record that he asks for makes him Busy, until it is done with.
    for req in ["LoadCampaign", "StartDialing"] {
        server
            .group(302, req, &json!({ "GSW_DIAL_MODE": "Preview" }))
            .expect(200);
    }
    let handle = server.add(&json!({ "GSW_PHONE": "+16505550101" }))["GSW_RECORD_HANDLE"].clone();
    ann.types("preview 302");
    ann.hears("PreviewRecord", 1);
    assert_eq!(agents(&server, 302), [0, 0, 1, 0]);
    // He announces it while he has the record: that holds when it is done.
    ann.types("ready 0");
    ann.hears("ReadyTimeAcknowledge", 3);
    assert_eq!(agents(&server, 302), [0, 0, 1, 0]);
    ann.types(&format!("complete {handle} Answer"));
    ann.hears("RecordProcessedAcknowledge", 1);
    assert_eq!(agents(&server, 302), [1, 0, 0, 0]);
    ann.types("logout");
    ann.hears("LogOutAcknowledge", 2);
    assert_eq!(agents(&server, 302), [0; 4]);
    ann.types("ready 0 301");
    ann.hears("ReadyTimeAcknowledge", 4);
    assert_eq!(agents(&server, 301), [1, 0, 0, 0]);
    // He says nothing, and is gone all the same.
    ann.vanishes();
    until_agents(&server, 301, [0; 4]);
    server.stop();
}

/// What is refused natively, and who may not say it.
#[test]
fn native_refusals() {
    let server = start();
    let agent = json!({
        "version": 1, "role": 2, "application": "Desk", "secret": "of the desk", "agent": "ann",
    });
    let group = 301;
    let rows = [
        // The agent is that of the hello.
        (
            agent.clone(),
            json!({ "GSW_AGENT_REQ_TYPE": "AgentState", "GSW_CAMPAIGN_GROUP_DBID": group, "GSW_AGENT_STATE": 1 }),
            Value::Null,
        ),
        (
            desk(),
            json!({ "GSW_AGENT_REQ_TYPE": "AgentState", "GSW_CAMPAIGN_GROUP_DBID": group, "GSW_AGENT_STATE": 1 }),
            json!([10, "GSW_AGENT_ID"]),
        ),
        (
            agent.clone(),
            json!({ "GSW_AGENT_REQ_TYPE": "AgentState", "GSW_CAMPAIGN_GROUP_DBID": group }),
            json!([10, "GSW_AGENT_STATE"]),
        ),
        (
            agent.clone(),
            json!({ "GSW_AGENT_REQ_TYPE": "AgentState", "GSW_AGENT_STATE": "Ready" }),
            json!([10, "GSW_CAMPAIGN_GROUP_DBID"]),
        ),
        (
            agent.clone(),
            json!({ "GSW_AGENT_REQ_TYPE": "AgentState", "GSW_CAMPAIGN_GROUP_DBID": 399, "GSW_AGENT_STATE": "Ready" }),
            json!([9, "GSW_CAMPAIGN_GROUP_DBID"]),
        ),
        (
            agent.clone(),
            json!({ "GSW_AGENT_REQ_TYPE": "ReadyTime", "GSW_CAMPAIGN_GROUP_DBID": group }),
            json!([10, "GSW_READY_TIME"]),
        ),
        (
            agent.clone(),
            json!({ "GSW_AGENT_REQ_TYPE": "ReadyTime", "GSW_CAMPAIGN_GROUP_DBID": group, "GSW_READY_TIME": -1 }),
            json!([10, "GSW_READY_TIME"]),
        ),
        (
            agent.clone(),
            json!({ "GSW_AGENT_REQ_TYPE": "ReadyTime", "GSW_CAMPAIGN_GROUP_DBID": group, "GSW_READY_TIME": 86_401 }),
            json!([10, "GSW_READY_TIME"]),
        ),
        // For which campaign group? Its campaign has two.
        (
            agent.clone(),
            json!({ "GSW_AGENT_REQ_TYPE": "ReadyTime", "GSW_AGENT_ID": "new", "GSW_READY_TIME": 0 }),
            json!([10, "GSW_CAMPAIGN_GROUP_DBID"]),
        ),
        (
            agent,
            json!({ "GSW_AGENT_REQ_TYPE": "ReadyTime", "GSW_AGENT_ID": "new", "GSW_READY_TIME": 0, "GSW_CAMPAIGN_NAME": "SpringCampaign" }),
            json!([10, "GSW_CAMPAIGN_GROUP_DBID"]),
        ),
        (
            desk(),
            json!({ "GSW_AGENT_REQ_TYPE": "LogOut" }),
            json!([10, "GSW_AGENT_ID"]),
        ),
        // Another role.
        (
            script(),
            json!({ "GSW_AGENT_REQ_TYPE": "AgentState", "GSW_CAMPAIGN_GROUP_DBID": group, "GSW_AGENT_ID": "ann", "GSW_AGENT_STATE": 1 }),
            json!([1025, "GSW_AGENT_REQ_TYPE"]),
        ),
    ];
    let sessions = rows
        .iter()
        .map(|(hello, request, _)| json!({ "hello": hello, "requests": [request] }));
    let ended = Client::start(&server, &sessions.collect()).ended();
    assert_eq!(ended.len(), rows.len());
    for ((_, request, right), ended) in rows.iter().zip(&ended) {
        let answer = &ended["heard"][0][1];
        let refused = match answer.get("GSW_ERROR_NUMBER") {
            Some(number) => json!([number, answer["GSW_ERROR_ATTRIBUTE"]]),
            None => Value::Null,
        };
        assert_eq!(refused, *right, "{request}: {answer}");
    }
    server.stop();
}
