//! Progressive and Predictive: calls for agents, by what they say of themselves and what is
//! reported of calls.

use serde_json::json;

use super::campaign::{Platform, begin, completes, fill};
use super::{POWER, add, call_to, calls_out, home_in, phone, processed, report};
use crate::campaigns::running_of;
use crate::notify::receiver::{Act, Heard, Receiver};
use crate::process::until;
use crate::server::Server;

#[track_caller]
fn agent(server: &Server, agent: &str, state: &str) {
    let sent = json!({ "GSW_AGENT_ID": agent, "GSW_AGENT_STATE": state });
    server.group(POWER, "AgentState", &sent).expect(200);
}

/// A call for each agent who is ready and has none, and no other.
#[test]
fn progressive() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let options = ", channels = 20, dialing-rate = 100";
    let server = running_of(
        home_in("Progressive", &receiver.uri("/"), options),
        &[POWER],
    );
    for number in 0..6 {
        add(&server, number);
    }
    agent(&server, "ann", "NotReady");
    agent(&server, "ann", "Ready");
    let first = call_to(&receiver, &phone(0), 1);
    agent(&server, "bob", "Ready");
    call_to(&receiver, &phone(1), 1);
    assert_eq!((calls_out(&server), receiver.heard().len()), (json!(2), 2));
    // The call that ann has makes her busy: it takes no other agent's.
    let connected = json!({ "GSW_CALL_PROGRESS": "AgentConnected", "GSW_AGENT_ID": "ann" });
    report(&server, &first, "CallProgress", connected).expect(200);
    agent(&server, "cid", "Ready");
    call_to(&receiver, &phone(2), 1);
    assert_eq!((calls_out(&server), receiver.heard().len()), (json!(3), 3));
    processed(&server, &first, "Answer");
    // She wraps up, and is ready when she says so.
    agent(&server, "dan", "Ready");
    call_to(&receiver, &phone(3), 1);
    assert_eq!(receiver.heard().len(), 4);
    agent(&server, "ann", "Ready");
    call_to(&receiver, &phone(4), 1);
    assert_eq!(receiver.heard().len(), 5);
    let attempts = server.record(&first["GSW_RECORD_HANDLE"])["attempts"].clone();
    assert_eq!(attempts[0]["GSW_AGENT_ID"], "ann", "{attempts}");
}

/// Whole campaigns with agents, in a fiftieth of the time.
#[test]
fn to_its_end_with_agents() {
    for mode in ["Progressive", "PredictiveGVP"] {
        let port = crate::home::free_port();
        let ocs = format!("http://127.0.0.1:{port}");
        let group = POWER.to_string();
        let platform = Platform::start(&[
            "--scale", "0.02", "--hits", "0.6", "--agents", "6", "--group", &group, "--ocs", &ocs,
        ]);
        let home = home_in(
            mode,
            &platform.uri(),
            ", channels = 30, dialing-rate = 1000",
        );
        let text = home
            .read("ocs.toml")
            .replace("port = 0", &format!("port = {port}"));
        home.write("ocs.toml", text);
        let server = home.start();
        fill(&server, 40);
        begin(&server);
        let did = completes(&server, &platform, 40);
        assert_eq!(did["calls"], 40, "{mode}: {did}");
        let status = server
            .group(POWER, "GetCampaignStatus", &json!({}))
            .expect(200);
        assert_eq!(
            status["GSW_STAT_ABANDONED"], did["abandoned"],
            "{mode}: {did}"
        );
    }
}

/// More was abandoned than the limit allows: the campaign group goes on in Progressive, and
/// says so to everybody.
#[test]
fn over_the_limit() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let options = ", abandoned-limit = 0, send-campaigngroup-states = true, \
        campaigngroup-states-interval = 3600, campaigngroup-states-uri = ";
    let options = format!("{options}\"{}\"", receiver.uri("/states"));
    let server = running_of(
        home_in("Predictive", &receiver.uri("/"), &options),
        &[POWER],
    );
    add(&server, 0);
    agent(&server, "ann", "Ready");
    let call = call_to(&receiver, &phone(0), 1);
    for progress in ["Answered", "Abandoned"] {
        let sent = json!({ "GSW_CALL_PROGRESS": progress });
        report(&server, &call, "CallProgress", sent).expect(200);
    }
    let status = || {
        server
            .group(POWER, "GetCampaignStatus", &json!({}))
            .expect(200)
    };
    until("it dials in Progressive", || {
        status()["GSW_CAMPAIGN_MODE"] == "Progressive"
    });
    assert_eq!(status()["GSW_GROUP_CAMPAIGN_STATUS"], 5, "and runs");
    let changed = |heard: &[Heard]| {
        let events = heard.iter().map(Heard::json);
        let mut events = events.filter(|event| event["GSW_CAMPAIGN_MODE"] == "Progressive");
        events.any(|event| event["GSW_USER_EVENT"] == "CampaignModeChanged")
    };
    receiver.wait_until("the web server is told", changed);
    until("the log says so", || {
        server
            .log()
            .contains("1 of 1 answers of the last 30 days were abandoned")
    });
    // Brought back, it is judged anew.
    let back = json!({ "GSW_DIAL_MODE": "Predictive" });
    server.group(POWER, "SetDialingMode", &back).expect(200);
    until("it drops again", || {
        status()["GSW_CAMPAIGN_MODE"] == "Progressive"
    });
}
