//! Campaign groups that run by a schedule (configuration.md, section 1): the edges of
//! schedules are made relative to now, to the second, by when they load and unload.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::home::{HTTP_PORT, Home};
use crate::native::{OUTBOUND_PORT, home as native_home};
use crate::native_events::Agent;
use crate::process::until;
use crate::server::Server;

/// A calling list, a campaign, and a campaign group with these keys, 301.
fn objects(group: &str, schedule: &str) -> String {
    format!(
        "[[calling-list]]\nname = \"Spring\"\n\
         [[campaign]]\nname = \"C\"\ncalling-lists = [\"Spring\"]\n\
         [[campaign-group]]\ndbid = 301\ncampaign = \"C\"\ngroup = \"G\"\n{group}\n{schedule}"
    )
}

const BY_OFFICE: &str = "schedule = \"Office\"";

/// Every day from one time of day to another, in UTC.
fn every_day(keys: &str, from: i64, until: i64) -> String {
    let clock = |second: i64| {
        let minute = second.rem_euclid(86_400) / 60;
        format!("{:02}:{:02}", minute / 60, minute % 60)
    };
    format!(
        "[[schedule]]\nname = \"Office\"\ntime-zone = \"UTC\"\n{keys}\n\
         [[schedule.hours]]\ndays = [\"Mon\", \"Tue\", \"Wed\", \"Thu\", \"Fri\", \"Sat\", \"Sun\"]\n\
         from = \"{}\"\nuntil = \"{}\"\n",
        clock(from),
        clock(until)
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "schedules of a running OCS are made relative to its own clock"
)]
fn now() -> i64 {
    Timestamp::now().as_second()
}

fn status(server: &Server) -> Value {
    let asked = server.post("/campaigngroups/301?req=GetCampaignStatus", &json!({}));
    asked.expect(200)
}

/// Waits until the campaign group stands so: 0 NotLoaded, 4 Active, 5 Running.
#[track_caller]
fn wait_for(server: &Server, right: i64) -> Value {
    until(&format!("the campaign group is {right}"), || {
        status(server)["GSW_GROUP_CAMPAIGN_STATUS"] == right
    });
    status(server)
}

/// By one schedule after another: running now, then loaded still for some seconds, then
/// not; and a schedule that loads it in some seconds.
#[test]
fn edges() {
    let home = native_home(OUTBOUND_PORT);
    home.apply(&objects("", ""));
    let server = home.start();
    let ann = Agent::sits_down(&server, "ann");
    assert_eq!(status(&server).get("schedule"), None);

    let hour = 3_600;
    let open = every_day("", now() - 2 * hour, now() + 2 * hour);
    server.home.apply(&objects(BY_OFFICE, &open));
    let running = wait_for(&server, 5);
    ann.hears("CampaignLoaded", 1);
    ann.hears("CampaignStarted", 1);
    assert_eq!(running["schedule"], "Office", "{running}");
    assert_eq!(running["schedule_status"], 5, "{running}");
    assert_eq!(running["schedule_next_status"], 0, "{running}");
    let next = running["schedule_next"].as_str().expect("a moment");
    let next: Timestamp = next.parse().expect("RFC 3339");
    assert!(
        ((next.as_second() - now()) - 2 * hour).abs() < 120,
        "{next}"
    );
    let read = server.get("/campaigngroups/301");
    assert_eq!(read["schedule_next"], running["schedule_next"], "{read}");

    // A stop in between stands: the schedule has no edge here.
    server
        .post("/campaigngroups/301?req=StopDialing", &json!({}))
        .expect(200);
    ann.hears("CampaignStopped", 1);
    let server = server.kill_9().start();
    let ann = Agent::sits_down(&server, "ann");
    assert_eq!(status(&server)["GSW_GROUP_CAMPAIGN_STATUS"], 4);

    // Its hours ended with the last minute, and it stays loaded for a few seconds more.
    let (ended, still) = (now() / 60 * 60, now() % 60 + 4);
    let unload = format!("unload-after = {still}");
    let closing = every_day(&unload, ended - hour, ended);
    server.home.apply(&objects(BY_OFFICE, &closing));
    let not_loaded = wait_for(&server, 0);
    ann.hears("CampaignUnloaded", 1);
    assert_eq!(not_loaded["schedule_next_status"], 5, "{not_loaded}");

    // It is loaded some seconds from now, before hours that begin in an hour or so.
    let begins = now() / 60 * 60 + hour;
    let load = format!("load-before = {}", begins - now() - 3);
    let opening = every_day(&load, begins, begins + hour);
    server.home.apply(&objects(BY_OFFICE, &opening));
    wait_for(&server, 4);
    ann.hears("CampaignLoaded", 1);

    // Without a schedule, nothing more is done.
    server.home.apply(&objects("", &opening));
    assert_eq!(status(&server).get("schedule"), None);
    drop(ann);
    server.stop();
}

/// What is refused when it is applied, and what requests are refused.
#[test]
fn refusals() {
    let home = Home::with(HTTP_PORT, "");
    let server = home.start();
    let day = |keys: &str| every_day(keys, 0, 0);
    for (group, schedule, parts) in [
        (
            BY_OFFICE,
            String::new(),
            &["line 6", "\"C@G\"", "no schedule \"Office\"", "errors/13"][..],
        ),
        (
            BY_OFFICE,
            "[[schedule]]\nname = \"Office\"\n".to_owned(),
            &["\"Office\"", "no hours", "errors/12"],
        ),
        (
            BY_OFFICE,
            day("") + "dialing-mode = \"EngagedPower\"\n",
            &["\"Office\"", "EngagedPower", "errors/14"],
        ),
        (
            "schedule = \"Office\"\ndialing-mode = \"EngagedPower\"",
            day(""),
            &["\"C@G\"", "EngagedPower", "errors/14"],
        ),
        (
            BY_OFFICE,
            day("")
                + "[[schedule.hours]]\ndays = [\"Mon\"]\nfrom = \"08:00\"\nuntil = \"09:00\"\n\
                   dialing-mode = 8\n",
            &[
                "\"Office\"",
                "Monday 08:00 to 09:00 in PushPreview",
                "errors/12",
            ],
        ),
        (
            "sequence = 1",
            String::new(),
            &["sequence", "give it the key `schedule`"],
        ),
    ] {
        server.home.write("objects.toml", objects(group, &schedule));
        let applied = server.home.ocs(&["apply", "objects.toml"]);
        applied.expect(2, &[parts, &["nothing was changed"]].concat());
    }
    let part = "schedule = \"Office\"\nsequence = 1";
    server.home.apply(&objects(part, &day("")));
    let refused = server.post("/campaigngroups/301?req=LoadCampaign", &json!({}));
    let refused = refused.expect(409);
    assert_eq!(refused["GSW_ERROR_NUMBER"], 17, "{refused}");
    // It is changed, unchanged, in use, and removed with what uses it.
    let more = day("load-before = \"5min\"");
    let said = server.home.apply(&objects(part, &more));
    said.expect(
        0,
        &["schedule \"Office\" (DBID 101): load-before 0 s → 300 s"],
    );
    let said = server.home.apply(&objects(part, &more));
    said.expect(0, &["schedule \"Office\" (DBID 101): unchanged"]);
    server.home.write("objects.toml", objects(part, ""));
    let pruned = server.home.ocs(&["apply", "objects.toml", "--prune"]);
    pruned.expect(2, &["\"Office\"", "the campaign group 301 runs by it"]);
    server.home.write("objects.toml", objects("", ""));
    let pruned = server.home.ocs(&["apply", "objects.toml", "--prune"]);
    pruned.expect(0, &["schedule \"Office\": removed", "schedule changed"]);
    server.stop();
}
