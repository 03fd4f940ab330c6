//! What a web server is told of campaign groups.

use serde_json::json;

use super::home;
use super::receiver::{Act, Heard, Receiver};
use crate::campaigns::CALLING;
use crate::process::until;

fn states_to(uri: &str, interval: u32) -> String {
    format!(
        "send-campaigngroup-states = true\ncampaigngroup-states-uri = \"{uri}\"\n\
         campaigngroup-states-interval = {interval}"
    )
}

fn names(heard: &[Heard]) -> Vec<String> {
    let name = |one: &Heard| one.json()["GSW_USER_EVENT"].as_str().map(str::to_owned);
    heard.iter().filter_map(name).collect()
}

#[test]
fn each_step() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let server = home(&states_to(&receiver.uri("/states"), 3_600)).start();
    server.add_to("Calls", &json!({ "GSW_PHONE": "+16505550100" }));
    for (at, (req, body, event)) in [
        ("LoadCampaign", json!({}), "CampaignLoaded"),
        ("StartDialing", json!({}), "CampaignStarted"),
        ("StopDialing", json!({}), "CampaignStopped"),
        (
            "SetDialingMode",
            json!({ "GSW_DIAL_MODE": "Power", "GSW_OPTIMIZE_BY": "BusyFactor",
                    "GSW_OPTIMIZE_GOAL": 80 }),
            "CampaignModeChanged",
        ),
        ("UnloadCampaign", json!({}), "CampaignUnloaded"),
    ]
    .into_iter()
    .enumerate()
    {
        server.group(CALLING, req, &body).expect(200);
        // A state may come between two steps, when nobody was told of the group yet.
        let heard = receiver.wait_until(event, |heard| names(heard).contains(&event.to_owned()));
        let message = heard.iter().rev().map(Heard::json);
        let message = message
            .into_iter()
            .find(|one| one["GSW_USER_EVENT"] == event);
        let message = message.expect("the message");
        assert_eq!(message["GSW_TENANT_NAME"], "Environment");
        assert_eq!(message["GSW_CAMPAIGN_GROUP_NAME"], "Calling@Agents");
        assert_eq!(message["GSW_CAMPAIGN_GROUP_DBID"], CALLING);
        assert_eq!(message["statistics"]["records"]["Ready"], 1);
        assert_eq!(message["statistics"]["GSW_STAT_RECORDS_LEFT"], 1);
        assert_eq!(message["statistics"]["GSW_STAT_ATTEMPTS"], 0);
        let status = [4, 5, 4, 4, 0][at];
        assert_eq!(message["GSW_GROUP_CAMPAIGN_STATUS"], status, "{event}");
        if event == "CampaignModeChanged" {
            assert_eq!(message["GSW_CAMPAIGN_MODE"], "Power");
            assert_eq!(message["GSW_OPTIMIZE_GOAL"], 80);
        }
    }
}

/// Every interval while it is loaded, also after a restart; and never a second time what
/// was not taken.
#[test]
fn every_interval() {
    let receiver = Receiver::start(|_, _| Act::status(500));
    let server = home(&states_to(&receiver.uri("/"), 1)).start();
    server
        .group(CALLING, "LoadCampaign", &json!({}))
        .expect(200);
    let heard = receiver.wait(2);
    assert_eq!(names(&heard), ["CampaignLoaded", "CampaignGroupState"]);
    let mut ids: Vec<_> = heard
        .iter()
        .map(|one| one.header("ocs-message-id"))
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 2, "nothing comes again");
    let server = server.stop().start();
    let before = receiver.heard().len();
    let heard = receiver.wait(before + 1);
    assert!(
        names(&heard[before..])
            .iter()
            .all(|name| name == "CampaignGroupState")
    );
    server
        .group(CALLING, "UnloadCampaign", &json!({}))
        .expect(200);
    receiver.wait_until("it is unloaded", |heard| {
        names(heard)
            .last()
            .is_some_and(|name| name == "CampaignUnloaded")
    });
    until("the failures are in the log", || {
        server.log().contains("a web server fails: it answered 500")
    });
}
