//! A person's data removed on request (`POST /phones/<n>?req=Erase`, `ocs erase`).

use serde_json::{Value, json};

use crate::home::{HTTP_PORT, Home, OBJECTS};
use crate::native::{OUTBOUND_PORT, home as native_home};
use crate::native_events::Agent;
use crate::process::until;
use crate::server::Server;

/// A calling list that may be called at any time, in the campaign group 301, and another.
const CALLS: &str = "
[[calling-list]]
name = \"Spring\"
time-from = \"00:00\"
time-until = \"23:59\"
time-zone = \"UTC\"
region = \"US\"
[[calling-list.field]]
name = \"first-name\"
type = \"varchar\"
[[calling-list]]
name = \"Other\"
region = \"US\"
[[campaign]]
name = \"C\"
calling-lists = [\"Spring\"]
[[campaign-group]]
dbid = 301
campaign = \"C\"
group = \"G\"
";

/// Everybody on this machine is the administrator, who alone may erase.
const ADMIN: &str = "
[[access.network]]
cidr = \"127.0.0.0/8\"
rights = [\"admin\"]
";

fn home_with(objects: &str) -> Home {
    Home::with(&[HTTP_PORT, ADMIN].concat(), objects)
}

/// Files of the store that have a text somewhere.
fn files_with(home: &Home, text: &str) -> Vec<String> {
    let files = std::fs::read_dir(home.path().join("data")).expect("the store's folder");
    let mut found = Vec::new();
    for file in files {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let text = text.as_bytes();
        if bytes.windows(text.len()).any(|part| part == text) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[track_caller]
fn gone_from_the_files(home: &Home, texts: &[&str]) {
    for text in texts {
        until(
            &format!("{text} is in no file: {:?}", files_with(home, text)),
            || files_with(home, text).is_empty(),
        );
    }
}

#[track_caller]
fn add(server: &Server, list: &str, attributes: &Value) -> Value {
    let target = format!("/lists/{list}?req=AddRecord");
    server.post(&target, attributes).expect(200)
}

fn missing(server: &Server, handle: &Value) -> bool {
    let read = server.request("GET", &format!("/records/{handle}"), &[], b"");
    read.status == 404
}

/// Everything that a person may leave, and all of it goes; what others left stays.
#[test]
fn a_person_and_nobody_else() {
    let home = native_home(&[OUTBOUND_PORT, ADMIN].concat());
    home.apply(CALLS);
    let people = home.write(
        "people.csv",
        "GSW_PHONE,label,first-name\n+16505550177,L-6505550177,Adelheid\n",
    );
    let import = [
        "import",
        "--list",
        "Spring",
        people.to_str().expect("a path"),
        "--key",
        "label",
        "--chain",
        "label",
    ];
    home.ocs(&import).expect(0, &[]);
    let server = home.start();
    let mut ann = Agent::sits_down(&server, "ann");
    let group = |request: &str| {
        let target = format!("/campaigngroups/301?req={request}");
        server.post(&target, &json!({})).expect(200);
    };
    group("LoadCampaign");
    group("StartDialing");
    ann.types("preview 301");
    let out = ann.hears("PreviewRecord", 1)["GSW_RECORD_HANDLE"].clone();
    let chain = server.record(&out)["GSW_CHAIN_ID"].clone();
    // Of the same person, by another phone: it goes too.
    let also = add(
        &server,
        "Spring",
        &json!({ "GSW_PHONE": "+16505550178", "GSW_CHAIN_ID": chain, "first-name": "Adelheid" }),
    );
    let also = also["GSW_RECORD_HANDLE"].clone();
    let spelled = json!({ "GSW_PHONE": "(650) 555-0177", "GSW_CUSTOMER_ID": "C-Adelheid" });
    let key = [("Idempotency-Key", "once")];
    let once = |server: &Server| {
        let body = spelled.to_string();
        let target = "/lists/Other?req=AddRecord";
        server
            .request("POST", target, &key, body.as_bytes())
            .expect(200)
    };
    let second = once(&server)["GSW_RECORD_HANDLE"].clone();
    let other = add(&server, "Other", &json!({ "GSW_PHONE": "+16505550199" }));

    let receipt = server.post("/phones/+16505550177?req=Erase", &json!({}));
    let receipt = receipt.expect(200);
    assert_eq!(receipt["GSW_USER_EVENT"], "EraseAcknowledge", "{receipt}");
    for (rows, right) in [
        ("records", 3),
        ("attempts", 1),
        ("import_keys", 2),
        ("answers", 1),
        ("kept_out", 0),
        ("complete", 1),
    ] {
        assert_eq!(receipt[rows], right, "{rows} of {receipt}");
    }
    assert!(!receipt.to_string().contains("0177"), "{receipt}");
    assert_eq!(ann.hears("RecordCancel", 1)["GSW_RECORD_HANDLE"], out);
    for handle in [&out, &second, &also] {
        assert!(missing(&server, handle), "{handle}");
    }
    // What is reported of it later is refused.
    let late = format!("/records/{out}?req=RecordProcessed");
    let late = server.post(&late, &json!({ "GSW_CALL_RESULT": "Answer" }));
    assert_eq!(late.expect(404)["GSW_ERROR_NUMBER"], 1003);
    assert_eq!(server.get("/phones/+16505550177")["records"], json!([]));
    for list in ["Spring", "Other"] {
        crate::campaigns::counts_agree(&server, list);
    }
    // The same request again adds nobody, and tells nothing.
    let again = once(&server);
    assert_eq!(again["GSW_RECORD_HANDLE"], second, "{again}");
    assert_eq!(again.get("GSW_PHONE"), None, "{again}");
    assert_eq!(again.get("GSW_CUSTOMER_ID"), None, "{again}");
    assert!(missing(&server, &second));
    let texts = [
        "555-0177",
        "6505550177",
        "6505550178",
        "C-Adelheid",
        "Adelheid",
    ];
    gone_from_the_files(&server.home, &texts);
    let told = server.home.ocs(&["audit", "export"]);
    told.expect(0, &["erasure-asked", "erased", "request of 127.0.0.1"]);
    server
        .home
        .ocs(&["audit", "verify"])
        .expect(0, &["the audit holds"]);

    // By customer id; and a number that was the last one is not given out again.
    let last = add(
        &server,
        "Other",
        &json!({ "GSW_PHONE": "+16505550166", "GSW_CUSTOMER_ID": "C-Last" }),
    );
    let receipt = server.post("/customer_ids/C-Last?req=Erase", &json!({}));
    assert_eq!(receipt.expect(200)["records"], 1);
    drop(ann);
    let server = server.kill_9().start();
    let new = add(&server, "Other", &json!({ "GSW_PHONE": "+16505550166" }));
    let number = |record: &Value| record["GSW_RECORD_HANDLE"].as_u64();
    assert!(number(&new) > number(&last), "{new} after {last}");
    assert_eq!(
        server.record(&other["GSW_RECORD_HANDLE"])["GSW_PHONE"],
        "+16505550199"
    );
    gone_from_the_files(&server.home, &["C-Last"]);
    server.stop();
}

/// Whoever is on the Do Not Call list is not added again, over a restart too, until the
/// entry is removed.
#[test]
fn kept_out_by_the_do_not_call_list() {
    let home = home_with(CALLS);
    let message = "phone,dnc_message\n+16505550155,Mrs Adelheid asked on the phone\n";
    home.write("dnc.csv", message);
    home.ocs(&["dnc", "import", "dnc.csv"]).expect(0, &[]);
    let server = home.start();
    let person = json!({ "GSW_PHONE": "650 555 0155", "GSW_CUSTOMER_ID": "C-7" });
    add(&server, "Spring", &person);
    let receipt = server
        .post("/customer_ids/C-7?req=Erase", &json!({}))
        .expect(200);
    for rows in ["records", "kept_out", "do_not_call_messages"] {
        assert_eq!(receipt[rows], 1, "{rows} of {receipt}");
    }
    let kept_out = |server: &Server| {
        let refused = server.post("/lists/Spring?req=AddRecord", &person);
        assert_eq!(refused.expect(409)["GSW_ERROR_NUMBER"], 1190);
        let file = server
            .home
            .write("again.csv", "GSW_PHONE\n+1 650 555 0155\n+16505550144\n");
        let file = file.to_str().expect("a path");
        let imported = server.home.ocs(&["import", "--list", "Spring", file]);
        imported.expect(3, &["1 record"]);
    };
    kept_out(&server);
    gone_from_the_files(&server.home, &["Mrs Adelheid"]);
    let server = server.kill_9().start();
    kept_out(&server);
    // Whoever has agreed to be called again is added, until he says otherwise.
    let home = &server.home;
    home.ocs(&["dnc", "remove", "+16505550155"]).expect(0, &[]);
    add(&server, "Spring", &person);
    let restricted = server.post("/customer_ids/C-7?req=DoNotCall", &json!({}));
    restricted.expect(200);
    let refused = server.post("/lists/Spring?req=AddRecord", &person);
    assert_eq!(refused.expect(409)["GSW_ERROR_NUMBER"], 1190);
    server.stop();
}

/// Many records go in steps, and a kill in the middle is gone on with.
#[test]
fn many_records_and_a_kill_in_between() {
    let server = home_with(OBJECTS).start();
    let item = json!({ "GSW_PHONE": "+16505550188", "GSW_CUSTOMER_ID": "C-Many" });
    let other = json!({ "GSW_PHONE": "+16505550111" });
    let items: Vec<_> = (0..1_500)
        .map(|at| if at % 3 == 0 { &other } else { &item })
        .collect();
    let body = json!(items).to_string();
    let added = server.request("POST", "/lists/Spring?req=AddRecords", &[], body.as_bytes());
    assert_eq!(added.status, 200);
    let receipt = server
        .post("/customer_ids/C-Many?req=Erase", &json!({}))
        .expect(200);
    assert_eq!(
        (&receipt["records"], &receipt["complete"]),
        (&json!(20), &json!(0))
    );
    let server = server.kill_9().start();
    until("all of them are gone", || {
        server.get("/lists/Spring")["records"] == 500
    });
    crate::campaigns::counts_agree(&server, "Spring");
    let of_person = server.get("/customer_ids/C-Many");
    assert_eq!(of_person["records"], json!([]));
    let log = server.stop().read("logs/ocs.log");
    assert!(
        log.contains("a person was erased") && log.contains("records=1000"),
        "{log}"
    );
}

/// `ocs erase`, while OCS runs and while it does not.
#[test]
fn by_command() {
    for runs in [true, false] {
        let home = Home::with(HTTP_PORT, CALLS);
        let people = "GSW_PHONE,GSW_CUSTOMER_ID\n+16505550133,C-17\n6505550133,C-28\n\
                      +16505550134,C-17\n";
        home.write("people.csv", people);
        home.ocs(&["import", "--list", "Spring", "people.csv"])
            .expect(0, &[]);
        let (running, home) = match runs {
            true => (Some(home.start()), None),
            false => (None, Some(home)),
        };
        let Some(home) = running
            .as_ref()
            .map(|server| &server.home)
            .or(home.as_ref())
        else {
            panic!("there is a folder");
        };
        let phone = ["erase", "--phone", "+16505550133"];
        home.ocs(&[&phone[..], &["--dry-run"]].concat())
            .expect(0, &["name the person: 2;", "dry run"]);
        home.ocs(&phone).expect(0, &["erased: records: 2,"]);
        home.ocs(&phone).expect(0, &["erased: records: 0,"]);
        home.ocs(&["erase", "--customer-id", "C-17"])
            .expect(0, &["erased: records: 1,"]);
        home.ocs(&["erase"]).expect(2, &["--phone"]);
        home.ocs(&["erase", "--phone", ""]).expect(2, &["--phone"]);
        assert_eq!(home.export("Spring").len(), 0);
        std::fs::remove_file(home.path().join("people.csv")).expect("it is removed");
        gone_from_the_files(home, &["6505550133", "6505550134", "C-17"]);
        home.ocs(&["audit", "export"]).expect(0, &["ocs erase"]);
        if let Some(server) = running {
            server.stop();
        }
    }
}

/// An erasure reaches all calling lists, so nobody who may not use them all may ask for it.
#[test]
fn who_may_not() {
    let bound = "
[[access.network]]
cidr = \"127.0.0.0/8\"
rights = [\"admin\"]
calling-lists = [\"Spring\"]
";
    let server = Home::with(&[HTTP_PORT, bound].concat(), CALLS).start();
    let refused = server.post("/phones/+16505550133?req=Erase", &json!({}));
    assert_eq!(refused.expect(403)["GSW_ERROR_NUMBER"], 1112);
    server.stop();
}
