//! Frequency caps: so many attempts in so much time, however many ask at once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::campaigns::{BOTH, CALLING, home, running};
use crate::home::OBJECTS;
use crate::process::until;
use crate::server::Server;

/// The usual objects with these caps.
fn objects(caps: &str) -> String {
    [OBJECTS, include_str!("campaigns.toml"), caps].concat()
}

fn codes(record: &Value) -> Vec<&str> {
    let why = record["why"].as_array().expect("reasons");
    why.iter()
        .map(|reason| reason["reason"].as_str().expect("a code"))
        .collect()
}

#[track_caller]
fn processed(server: &Server, handle: &Value) {
    server.on(handle, "RecordProcessed", &json!({})).expect(200);
}

/// The next record that is handed out or said to be none: what stands in front that may
/// not be called is taken out of the way before.
fn next(server: &Server, group: u32) -> Value {
    let mut found = Value::Null;
    until("it is known whether there is one", || {
        let event = server.preview(group, "a1");
        found = event["GSW_RECORD_HANDLE"].clone();
        event["why"].is_null()
    });
    found
}

#[test]
fn a_phone_is_held_back_and_says_why() {
    let server = running(&[CALLING, BOTH]);
    server.home.apply(&objects(
        "[[frequency-cap]]\nname = \"week\"\nattempts = 2\ndays = 7\n",
    ));
    // The same phone in three spellings.
    let handles = ["+1 650 555 0100", "+16505550100", "0016505550100"]
        .map(|phone| server.add_to("Calls", &json!({ "GSW_PHONE": phone })));
    let other = server.add_to("More", &json!({ "GSW_PHONE": "+16505550101" }));
    for handle in &handles[..2] {
        assert_eq!(next(&server, CALLING), *handle);
        processed(&server, handle);
    }
    // By another campaign too.
    assert_eq!(next(&server, CALLING), Value::Null);
    assert_eq!(next(&server, BOTH), other);
    assert_eq!(next(&server, BOTH), Value::Null);
    let record = server.record(&handles[2]);
    assert_eq!(codes(&record), ["capped"]);
    let sentence = record["why"][0]["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains("\"week\""), "{sentence}");
    let next_day = record["next_callable"].as_str().expect("a moment");
    assert!(sentence.contains(&next_day[..10]), "{sentence} {next_day}");
    // One that was given back made no attempt.
    processed(&server, &other);
    let fourth = server.add_to("More", &json!({ "GSW_PHONE": "+16505550101" }));
    for _ in 0..3 {
        assert_eq!(next(&server, BOTH), fourth);
        server.on(&fourth, "RecordReject", &json!({})).expect(200);
    }
    // A cap that allows more, or is gone, holds nobody back that the old one did.
    let wider = "[[frequency-cap]]\nname = \"week\"\nattempts = 3\ndays = 7\n";
    let applied = server.home.apply(&objects(wider));
    let said = "frequency cap \"week\": 2 attempts in 7 days per phone → 3 attempts in 7 days \
                per phone";
    assert!(applied.stdout.contains(said), "{}", applied.stdout);
    assert_eq!(next(&server, CALLING), handles[2]);
    processed(&server, &handles[2]);
    let last = server.add_to("Calls", &json!({ "GSW_PHONE": "+16505550100" }));
    assert_eq!(next(&server, CALLING), Value::Null);
    server.home.write("objects.toml", objects(""));
    let pruned = server.home.ocs(&["apply", "--prune", "objects.toml"]);
    pruned.expect(0, &["frequency cap \"week\": removed"]);
    assert_eq!(next(&server, CALLING), last);
    server.stop();
}

/// What was attempted before a cap was set counts; what is per campaign counts there.
#[test]
fn for_one_campaign_only() {
    let server = running(&[CALLING, BOTH]);
    let add = || server.add_to("Calls", &json!({ "GSW_PHONE": "+16505550100" }));
    let (first, second) = (add(), add());
    assert_eq!(next(&server, CALLING), first);
    processed(&server, &first);
    server.home.apply(&objects(
        "[[frequency-cap]]\nname = \"day\"\nattempts = 1\nhours = 24\nscope = \"campaign\"\n\
         calling-lists = [\"Calls\"]\n",
    ));
    let event = server.preview(CALLING, "a1");
    assert_eq!(event["GSW_RECORD_HANDLE"], Value::Null);
    // It is not out of the other campaign's way.
    assert_eq!(next(&server, BOTH), second);
    server.stop();
}

/// Many agents at once, and OCS is killed in between: no phone is attempted more often
/// than its cap allows, by what was handed out to anybody.
#[test]
fn never_more_than_allowed() {
    const PHONES: usize = 6;
    const AGENTS: usize = 8;
    let home = home();
    home.apply(&objects(
        "[[frequency-cap]]\nname = \"day\"\nattempts = 3\ndays = 2\n\
         [[frequency-cap]]\nname = \"hour\"\nattempts = 4\nhours = 1\nper = \"customer\"\n",
    ));
    let mut server = home.start();
    for request in ["LoadCampaign", "StartDialing"] {
        server.group(CALLING, request, &json!({})).expect(200);
    }
    let (from, until_then) = server.any_hour();
    let items = (0..PHONES * 20).map(|number| {
        json!({
            "GSW_PHONE": format!("+165055501{:02}", number % PHONES),
            // Two phones each.
            "GSW_CUSTOMER_ID": format!("C-{}", number % PHONES / 2),
            "GSW_FROM": from, "GSW_UNTIL": until_then,
        })
    });
    let items = Value::Array(items.collect());
    assert_eq!(
        server.post("/lists/Calls?req=AddRecords", &items).status,
        200
    );
    let mut phones: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..3 {
        let taken: Vec<Value> = std::thread::scope(|scope| {
            let server = &server;
            let agents: Vec<_> = (0..AGENTS)
                .map(|agent| scope.spawn(move || agent_works(server, agent)))
                .collect();
            let taken = agents
                .into_iter()
                .map(|agent| agent.join().expect("it ends"));
            taken.flatten().collect()
        });
        for event in taken {
            let phone = event["GSW_PHONE"].as_str().expect("a phone").to_owned();
            *phones.entry(phone).or_default() += 1;
        }
        server = server.kill_9().start();
    }
    let made: u32 = phones.values().sum();
    assert!(phones.values().all(|made| *made <= 3), "{phones:?}");
    // Three customers with two phones each: four attempts at each.
    assert_eq!(made, 12, "{phones:?}");
    server.home.ocs(&["audit", "verify"]).expect(0, &[]);
    server.stop();
}

/// Takes some records, and finishes each.
fn agent_works(server: &Server, agent: usize) -> Vec<Value> {
    let agent = format!("a{agent}");
    let mut taken = Vec::new();
    for _ in 0..6 {
        let event = server.preview(CALLING, &agent);
        let handle = event["GSW_RECORD_HANDLE"].clone();
        if !handle.is_null() {
            processed(server, &handle);
            taken.push(event);
        }
    }
    taken
}
