//! Campaigns take their calling lists by filters (records.md, sections 1 and 4).

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::home::{HTTP_PORT, Home};
use crate::process::until;
use crate::replies::has;
use crate::server::Server;

/// The campaign group that takes its calling list by a filter, and one that takes all.
const FILTERED: u32 = 401;
const ALL: u32 = 402;

fn objects(condition: &str, order: &str) -> String {
    format!(
        "[[calling-list]]\nname = \"Debts\"\n\
         [[calling-list.field]]\nname = \"balance\"\ntype = \"float\"\n\
         [[calling-list.field]]\nname = \"first-name\"\ntype = \"varchar\"\n\
         [[filter]]\nname = \"Big\"\nwhere = '''{condition}'''\norder = '''{order}'''\n\
         [[campaign]]\nname = \"Big\"\ncalling-lists = [{{ name = \"Debts\", filter = \"Big\" }}]\n\
         [[campaign]]\nname = \"All\"\ncalling-lists = [\"Debts\"]\n\
         [[campaign-group]]\ndbid = {FILTERED}\ncampaign = \"Big\"\ngroup = \"G\"\n\
         [[campaign-group]]\ndbid = {ALL}\ncampaign = \"All\"\ngroup = \"G\"\n"
    )
}

const CONDITION: &str = "balance > 100 and contact_info_type = Mobile";
const ORDER: &str = "balance desc";

fn running() -> Server {
    let server = Home::with(HTTP_PORT, &objects(CONDITION, ORDER)).start();
    for req in ["LoadCampaign", "StartDialing"] {
        server.group(FILTERED, req, &json!({})).expect(200);
    }
    server
}

impl Server {
    fn debt(&self, balance: f64, more: &Value) -> Value {
        let mut sent = json!({
            "GSW_PHONE": format!("+1650555{:04}", balance as i64), "GSW_PHONE_TYPE": "Mobile",
            "balance": balance,
        });
        for (key, value) in more.as_object().expect("attributes") {
            sent[key] = value.clone();
        }
        self.add_to("Debts", &sent)
    }

    /// What is handed out, one after another, until nothing is.
    fn handed_out(&self, group: u32) -> Vec<Value> {
        let next = || Some(self.next(group, "ann")).filter(|handle| !handle.is_null());
        std::iter::from_fn(next).collect()
    }

    fn reasons(&self, handle: &Value) -> Vec<String> {
        let record = self.record(handle);
        let why = record["why"].as_array().expect("reasons");
        let code = |reason: &Value| reason["reason"].as_str().expect("a word").to_owned();
        why.iter().map(code).collect()
    }
}

#[test]
fn only_those_that_pass_in_the_order_of_the_filter() {
    let server = running();
    let some = server.debt(150.0, &json!({}));
    let small = server.debt(99.5, &json!({}));
    let most = server.debt(9_000.0, &json!({}));
    let at_home = server.debt(500.0, &json!({ "GSW_PHONE_TYPE": "HomePhone" }));
    let none = server.debt(0.0, &json!({ "balance": null }));
    let soon = server.debt(700.0, &json!({ "GSW_DATE_TIME": "2036-01-01T00:00:00Z" }));
    for out in [&small, &at_home, &none] {
        assert_eq!(server.reasons(out), ["filtered-out"], "{out}");
    }
    assert!(server.reasons(&some).is_empty());
    assert_eq!(server.reasons(&soon), ["scheduled-later"]);
    assert_eq!(server.handed_out(FILTERED), [most.clone(), some.clone()]);

    // What a record says changes, and with it whether it passes.
    let update = json!({ "balance": 400 });
    server
        .on(&small, "UpdateCallCompletionStats", &update)
        .expect(200);
    assert!(server.reasons(&small).is_empty());
    server.on(&some, "RecordReject", &json!({})).expect(200);
    let update = json!({ "balance": 3 });
    server
        .on(&most, "UpdateCallCompletionStats", &update)
        .expect(200);
    server.on(&most, "RecordReject", &json!({})).expect(200);
    assert_eq!(server.reasons(&most), ["filtered-out"]);
    assert_eq!(server.handed_out(FILTERED), [small, some.clone()]);

    // A campaign without the filter takes all; a chain is not filtered.
    let chained = json!({ "GSW_CHAIN_ID": some, "GSW_PHONE": "+16505559999" });
    let other = server.debt(1.0, &chained);
    let event = server
        .on(&some, "ChainedRecordRequest", &json!({}))
        .expect(200);
    has(&event["GSW_RECORDS"][0], &json!({}));
    assert_eq!(server.record(&other)["GSW_RECORD_STATUS"], "Retrieved");
    for req in ["LoadCampaign", "StartDialing"] {
        server.group(ALL, req, &json!({})).expect(200);
    }
    assert!(server.reasons(&at_home).is_empty());
    assert_eq!(server.handed_out(ALL).len(), 3);
    server.stop();
}

/// The filter is changed while OCS runs, a restart comes in between, and nothing that was
/// said before is heard any more.
#[test]
fn a_filter_is_changed() {
    let server = running();
    let small = server.debt(50.0, &json!({ "first-name": "Ada" }));
    let big = server.debt(5_000.0, &json!({ "first-name": "Bob" }));
    let again = objects("\"first-name\" like 'a%'", "");
    let applied = server.home.apply(&again);
    applied.expect(
        0,
        &[
            "filter \"Big\" (DBID 101): where \"balance > 100",
            "→ \"\"first-name\" like 'a%'\"",
        ],
    );
    assert_eq!(server.reasons(&big), ["filtered-out"]);
    let server = server.kill_9().start();
    assert_eq!(server.handed_out(FILTERED), std::slice::from_ref(&small));
    server.on(&small, "RecordReject", &json!({})).expect(200);

    // Without the filter, and pruned.
    let without = again.replace(", filter = \"Big\"", "");
    let without = without.replace("[[filter]]\nname = \"Big\"", "[[filter]]\nname = \"Other\"");
    server.home.write("objects.toml", &without);
    let pruned = server.home.ocs(&["apply", "objects.toml", "--prune"]);
    pruned.expect(
        0,
        &[
            "filter \"Big\": removed",
            "filter \"Other\" (DBID 102): added",
        ],
    );
    assert_eq!(server.handed_out(FILTERED), [small, big]);
    // A field that a filter needs cannot go.
    let needed = objects(CONDITION, "");
    server.home.apply(&needed);
    let gone = needed.replace("name = \"balance\"", "name = \"debt\"");
    server.home.write("objects.toml", gone);
    let refused = server.home.ocs(&["apply", "objects.toml"]);
    refused.expect(2, &["\"balance\" is neither", "nothing was changed"]);
    server.stop();
}

/// A long list: the filter is made ready in steps, and goes on after a kill.
#[test]
fn a_long_list() {
    let all = objects(CONDITION, ORDER).replace(", filter = \"Big\"", "");
    let home = Home::with(HTTP_PORT, &all);
    let mut file = "GSW_PHONE,GSW_FROM,GSW_UNTIL,GSW_PHONE_TYPE,balance\n".to_owned();
    for record in 0..30_000 {
        let balance = if record % 10_000 == 9_999 {
            1_000 + record
        } else {
            7
        };
        writeln!(
            file,
            "+1650{:07},0,86399,Mobile,{balance}",
            2_000_000 + record
        )
        .expect("a line");
    }
    home.write("debts.csv", file);
    home.ocs(&["import", "--list", "Debts", "debts.csv"])
        .expect(0, &[]);
    let server = home.start();
    for req in ["LoadCampaign", "StartDialing"] {
        server.group(FILTERED, req, &json!({})).expect(200);
    }
    server.home.apply(&objects(CONDITION, ORDER));
    let server = server.kill_9().start();
    until("the filter is in use", || {
        !server.next(FILTERED, "ann").is_null()
    });
    let rest = server.handed_out(FILTERED);
    assert_eq!(rest, [json!(20_000), json!(10_000)]);
    until("the log says so", || {
        server
            .log()
            .contains("every record was looked at for a filter")
    });
    server.stop();
}
