//! Consent and its revocation: over HTTP, by file, and at every hand-out (docs/consent.md).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use crate::campaigns::{BOTH, CALLING, running, running_of};
use crate::export::rows;
use crate::home::{HTTP_PORT, Home, OBJECTS};
use crate::process::until;
use crate::server::Server;

const PHONE: &str = "/phones/+16505550100";
const CUSTOMER: &str = "/customer_ids/C-1";

/// The usual objects, whose calling list "Calls" needs consent.
fn requiring() -> String {
    let objects = [OBJECTS, include_str!("campaigns.toml")].concat();
    objects.replacen(
        "max-attempts = 3\n",
        "max-attempts = 3\noptions = { consent-required = true }\n",
        1,
    )
}

fn codes(record: &Value) -> Vec<&str> {
    let why = record["why"].as_array().expect("reasons");
    why.iter()
        .map(|reason| reason["reason"].as_str().expect("a code"))
        .collect()
}

/// The next record that is handed out or said to be none: what stands in front that may
/// not be called is taken out of the way, and placed again, before.
#[track_caller]
fn next(server: &Server, group: u32) -> Value {
    let mut found = Value::Null;
    until("it is known whether there is one", || {
        let event = server.preview(group, "a1");
        found = event["GSW_RECORD_HANDLE"].clone();
        event["why"].is_null()
    });
    found
}

#[track_caller]
fn state(server: &Server, subject: &str, req: &str, body: &Value) -> Value {
    let stated = server.post(&format!("{subject}?req={req}"), body);
    stated.expect(200)
}

#[track_caller]
fn back(server: &Server, handle: &Value) {
    server.on(handle, "RecordReject", &json!({})).expect(200);
}

/// What is stated is answered, shown, logged, and there after an end without warning.
#[test]
fn stated_and_shown() {
    let server = Server::start();
    let given = json!({
        "GSW_CONSENT_SOURCE": "web form", "GSW_CONSENT_PROOF": "https://crm.example.com/4711",
        "GSW_CONSENT_TIME": "2026-01-02T03:04:05+01:00", "GSW_REFERENCE_ID": 7,
        "GSW_CONSENT_EXPIRES": "2040-01-01T00:00:00Z",
    });
    let key = [("Idempotency-Key", "k-1")];
    let mut answers = Vec::new();
    for _ in 0..2 {
        let target = format!("{PHONE}?req=Consent");
        let reply = server.request("POST", &target, &key, given.to_string().as_bytes());
        answers.push(reply.expect(200));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(
        answers[0],
        json!({
            "GSW_USER_EVENT": "ConsentAcknowledge", "GSW_PHONE": "+16505550100",
            "GSW_CONSENT_SOURCE": "web form", "GSW_CONSENT_PROOF": "https://crm.example.com/4711",
            "GSW_CONSENT_TIME": "2026-01-02T02:04:05Z", "GSW_REFERENCE_ID": 7,
            "GSW_CONSENT_EXPIRES": "2040-01-01T00:00:00Z", "GSW_CONSENT_ID": 1,
            "GSW_CONSENT_SCOPE": "All", "GSW_CONSENT_STANDING": "Given",
        })
    );
    // In the very same words, with its moment, it is kept once; without, it is another.
    assert_eq!(
        state(&server, PHONE, "Consent", &given)["GSW_CONSENT_ID"],
        1
    );
    let scoped = json!({ "GSW_CONSENT_SCOPE": 1, "GSW_CALLING_LIST": "Spring" });
    let revoked = state(&server, "/phones/16505550100", "RevokeConsent", &scoped);
    assert_eq!(revoked["GSW_USER_EVENT"], "RevokeConsentAcknowledge");
    assert_eq!(revoked["GSW_CONSENT_SCOPE"], "CallingList");
    assert_eq!(revoked["GSW_CONSENT_STANDING"], "Revoked");
    assert_eq!(revoked["GSW_CONSENT_ID"], 2);
    let campaign = json!({
        "GSW_CONSENT_SCOPE": "campaign", "GSW_CAMPAIGN_NAME": "SpringCampaign",
        "GSW_CALLING_LIST": "Spring", "shoe-size": "42",
    });
    let of_customer = state(&server, CUSTOMER, "Consent", &campaign);
    assert_eq!(of_customer["GSW_IGNORED"], "shoe-size");
    assert_eq!(of_customer["GSW_CONSENT_STANDING"], "Given");
    let server = server.kill_9().start();
    let phone = server.get(PHONE);
    assert_eq!(
        phone["consent"],
        json!([
            { "GSW_CONSENT_SCOPE": "All", "GSW_CONSENT_STANDING": "Given",
              "GSW_CONSENT_EXPIRES": "2040-01-01T00:00:00Z" },
            { "GSW_CALLING_LIST_DBID": 201, "GSW_CONSENT_SCOPE": "CallingList",
              "GSW_CALLING_LIST": "Spring", "GSW_CONSENT_STANDING": "Revoked" },
        ])
    );
    let statements = phone["consent_statements"].as_array().expect("statements");
    let told = |at: usize, key: &str| statements[at][key].clone();
    assert_eq!(statements.len(), 2, "{phone}");
    assert_eq!(told(0, "says"), "Revocation");
    assert_eq!(told(0, "GSW_PHONE"), "16505550100");
    assert_eq!(told(1, "says"), "Consent");
    assert_eq!(told(1, "GSW_CONSENT_PROOF"), "https://crm.example.com/4711");
    assert_eq!(told(1, "GSW_CONSENT_TIME"), "2026-01-02T02:04:05Z");
    assert_eq!(told(1, "by"), "request of 127.0.0.1");
    let customer = server.get(CUSTOMER);
    assert_eq!(
        customer["consent"][1]["GSW_CAMPAIGN_NAME"],
        "SpringCampaign"
    );
    assert_eq!(customer["consent"][0]["GSW_CONSENT_STANDING"], "Unsaid");
    let logged = server.home.ocs(&["requests", "--format", "csv"]);
    logged.expect(0, &["101,Consent", "102,RevokeConsent"]);
    // The audit tells of each, and neither of the source nor of the proof.
    let audit = server.home.ocs(&["audit", "export"]);
    audit.expect(0, &["consent-given", "consent-revoked", "…0100"]);
    assert!(!audit.stdout.contains("web form"), "{}", audit.stdout);
    assert!(!audit.stdout.contains("crm.example"), "{}", audit.stdout);
    server.home.ocs(&["audit", "verify"]).expect(0, &[]);
    server.stop();
}

#[test]
fn refused() {
    let server = Server::start();
    let table = [
        (
            json!({ "GSW_CONSENT_TIME": "2040-01-01T00:00:00Z" }),
            10,
            "GSW_CONSENT_TIME",
        ),
        (
            json!({ "GSW_CONSENT_TIME": "11/22/2026 09:30" }),
            10,
            "GSW_CONSENT_TIME",
        ),
        (json!({ "GSW_CONSENT_TIME": 7 }), 10, "GSW_CONSENT_TIME"),
        (
            json!({ "GSW_CONSENT_EXPIRES": "2001-01-01T00:00:00Z" }),
            10,
            "GSW_CONSENT_EXPIRES",
        ),
        (
            json!({ "GSW_CONSENT_SCOPE": "Some" }),
            10,
            "GSW_CONSENT_SCOPE",
        ),
        (
            json!({ "GSW_CALLING_LIST": "Spring" }),
            10,
            "GSW_CONSENT_SCOPE",
        ),
        (
            json!({ "GSW_CAMPAIGN_NAME": "SpringCampaign" }),
            10,
            "GSW_CONSENT_SCOPE",
        ),
        (
            json!({ "GSW_CONSENT_SCOPE": "CallingList" }),
            10,
            "GSW_CALLING_LIST",
        ),
        (
            json!({ "GSW_CONSENT_SCOPE": "Campaign" }),
            10,
            "GSW_CAMPAIGN_NAME",
        ),
        (
            json!({ "GSW_CONSENT_SCOPE": "Campaign", "GSW_CAMPAIGN_NAME": "Nobody" }),
            3,
            "GSW_CAMPAIGN_NAME",
        ),
        (
            json!({ "GSW_CONSENT_SOURCE": "x".repeat(256) }),
            10,
            "GSW_CONSENT_SOURCE",
        ),
        (
            json!({ "GSW_CONSENT_PROOF": "x".repeat(2_049) }),
            10,
            "GSW_CONSENT_PROOF",
        ),
        (
            json!({ "GSW_CONSENT_PROOF": "a\nb" }),
            10,
            "GSW_CONSENT_PROOF",
        ),
        (json!({ "GSW_PHONE": "+1" }), 1015, "GSW_PHONE"),
    ];
    for (body, number, attribute) in &table {
        let refusal = server
            .post(&format!("{PHONE}?req=Consent"), body)
            .expect(400);
        assert_eq!(refusal["GSW_ERROR_NUMBER"], *number, "{body}: {refusal}");
        assert_eq!(
            refusal["GSW_ERROR_ATTRIBUTE"], *attribute,
            "{body}: {refusal}"
        );
    }
    let expires = json!({ "GSW_CONSENT_EXPIRES": "2040-01-01T00:00:00Z" });
    let refusal = server
        .post(&format!("{PHONE}?req=RevokeConsent"), &expires)
        .expect(400);
    assert!(
        refusal["GSW_ERROR"]
            .as_str()
            .is_some_and(|said| said.contains("has no end")),
        "{refusal}"
    );
    let list = json!({ "GSW_CONSENT_SCOPE": "CallingList", "GSW_CALLING_LIST": "Nowhere" });
    let refusal = server
        .post(&format!("{CUSTOMER}?req=Consent"), &list)
        .expect(404);
    assert_eq!(refusal["GSW_ERROR_NUMBER"], 1002);
    let nothing = server.get(PHONE);
    assert_eq!(nothing["consent_statements"], json!([]));
    server.stop();
}

/// Where consent is required nobody is called without it, and `why`, `next_callable` and
/// `ocs explain` say so; a revocation holds where it is not required too.
#[test]
fn at_the_hand_out() {
    let server = running_of(Home::with(HTTP_PORT, &requiring()), &[CALLING, BOTH]);
    let person = json!({ "GSW_PHONE": "+1 650 555 0100", "GSW_CUSTOMER_ID": "C-1" });
    let record = server.add_to("Calls", &person);
    assert_eq!(next(&server, CALLING), Value::Null);
    let shown = server.record(&record);
    assert_eq!(codes(&shown), ["no-consent"]);
    assert_eq!(shown["next_callable"], Value::Null);
    let handle = record.to_string();
    let explain = ["explain", &handle, "--results", "NoAnswer"];
    let explained = server.home.ocs(&explain);
    explained.expect(
        0,
        &[
            "no-consent: it is called only with consent",
            "no call: the record is not called",
        ],
    );
    // For another campaign: not for this one; then for all.
    let other = json!({ "GSW_CONSENT_SCOPE": "Campaign", "GSW_CAMPAIGN_NAME": "Both" });
    state(&server, PHONE, "Consent", &other);
    assert_eq!(codes(&server.record(&record)), [""; 0], "one may call it");
    assert_eq!(next(&server, CALLING), Value::Null);
    assert_eq!(next(&server, BOTH), record);
    back(&server, &record);
    state(&server, CUSTOMER, "Consent", &json!({}));
    assert_eq!(next(&server, CALLING), record);
    back(&server, &record);
    server.home.ocs(&explain).expect(
        0,
        &[
            "consent: of the phone: none; for the campaign Both: given",
            "consent: of the customer id: given",
            "callable: nothing stands against a call",
            "NoAnswer: no treatment applies",
        ],
    );
    // A revocation of the phone, whatever the customer said; and it is the phone's to lift.
    state(&server, PHONE, "RevokeConsent", &json!({}));
    assert_eq!(next(&server, CALLING), Value::Null);
    assert_eq!(next(&server, BOTH), Value::Null);
    assert_eq!(codes(&server.record(&record)), ["consent-revoked"]);
    state(&server, CUSTOMER, "Consent", &json!({}));
    assert_eq!(next(&server, BOTH), Value::Null);
    state(&server, "/phones/0016505550100", "Consent", &json!({}));
    assert_eq!(next(&server, BOTH), record);
    server
        .on(&record, "RecordProcessed", &json!({}))
        .expect(200);
    // Where it is not required, and ChainedRecordRequest leaves him out.
    let first = server.add_to("More", &json!({ "GSW_PHONE": "+16505550111" }));
    let chain = |phone: &str| {
        let attributes = json!({ "GSW_PHONE": phone, "GSW_CHAIN_ID": first });
        server.add_to("More", &attributes)
    };
    let (second, third) = (chain("+16505550112"), chain("+16505550113"));
    state(&server, "/phones/+16505550112", "RevokeConsent", &json!({}));
    assert_eq!(next(&server, BOTH), first);
    let rest = server
        .on(&first, "ChainedRecordRequest", &json!({}))
        .expect(200);
    assert_eq!(rest[0]["GSW_RECORD_HANDLE"], third, "{rest}");
    assert_eq!(rest[1]["GSW_USER_EVENT"], "ChainedRecordsDataEnd");
    assert_eq!(server.record(&second)["GSW_RECORD_STATUS"], "Ready");
    let audit = server.home.ocs(&["audit", "export"]).stdout;
    for part in [
        r#"\"consent\":\"none\""#,
        r#"\"consent\":\"revoked\""#,
        r#"\"consent\":\"passed\""#,
        r#"\"what\":\"blocked\""#,
    ] {
        assert!(audit.contains(part), "{part} in {audit}");
    }
    server.stop();
}

/// Who was held back is called once nobody asks for consent any more: by a calling list,
/// and by the application, after a restart.
#[test]
fn required_no_more() {
    let server = running_of(Home::with(HTTP_PORT, &requiring()), &[CALLING]);
    let record = server.add_to("Calls", &json!({ "GSW_PHONE": "+16505550100" }));
    assert_eq!(next(&server, CALLING), Value::Null);
    server
        .home
        .apply(&requiring().replace("consent-required = true", ""));
    assert_eq!(next(&server, CALLING), record);
    back(&server, &record);
    let home = server.stop();
    let configured = home.read("ocs.toml");
    let required = "[options.OCServer]\nconsent-required = true\n";
    home.write(
        "ocs.toml",
        configured.replace("[options.OCServer]\n", required),
    );
    let server = home.start();
    assert_eq!(next(&server, CALLING), Value::Null);
    assert_eq!(codes(&server.record(&record)), ["no-consent"]);
    let home = server.stop();
    home.write("ocs.toml", configured);
    let server = home.start();
    assert_eq!(next(&server, CALLING), record);
    server.stop();
}

/// Agents take and give back records all the time, while their people revoke, and OCS is
/// killed in between: no hand-out that is asked for after a RevokeConsent was answered is
/// of whoever revoked.
#[test]
fn obeyed_from_its_answer_on() {
    const PHONES: usize = 12;
    const AGENTS: usize = 4;
    let mut server = running(&[CALLING]);
    let phone = |number: usize| format!("+165055502{number:02}");
    for number in 0..PHONES {
        server.add_to("Calls", &json!({ "GSW_PHONE": phone(number) }));
    }
    let revoked: Mutex<BTreeMap<String, Instant>> = Mutex::default();
    let mut taken: Vec<(Instant, String)> = Vec::new();
    for round in 0..3 {
        let ends = AtomicBool::new(false);
        let (server_now, ends, revoked) = (&server, &ends, &revoked);
        let round_taken: Vec<(Instant, String)> = std::thread::scope(|scope| {
            let agents: Vec<_> = (0..AGENTS)
                .map(|agent| scope.spawn(move || works(server_now, agent, ends)))
                .collect();
            for number in (0..PHONES).filter(|number| number % 3 == round) {
                // The half of them by another spelling.
                let spelled = if number % 2 == 0 {
                    phone(number)
                } else {
                    format!("00{}", &phone(number)[1..])
                };
                let subject = format!("/phones/{spelled}");
                state(server_now, &subject, "RevokeConsent", &json!({}));
                let mut revoked = revoked.lock().expect("nobody panics");
                revoked.insert(phone(number), Instant::now());
            }
            ends.store(true, Ordering::SeqCst);
            let taken = agents
                .into_iter()
                .map(|agent| agent.join().expect("it ends"));
            taken.flatten().collect()
        });
        taken.extend(round_taken);
        server = server.kill_9().start();
    }
    let revoked = revoked.into_inner().expect("nobody panics");
    assert_eq!(revoked.len(), PHONES);
    assert!(taken.len() > PHONES, "{}", taken.len());
    for (asked, phone) in &taken {
        assert!(
            asked < &revoked[phone],
            "{phone} was handed out after its revocation"
        );
    }
    // What the kill left in somebody's hands is given back, and goes out no more.
    let records = server.get("/lists/Calls/records?limit=100");
    for record in records["records"].as_array().expect("records") {
        if record["GSW_RECORD_STATUS"] == "Retrieved" {
            back(&server, &record["GSW_RECORD_HANDLE"]);
        }
    }
    assert_eq!(next(&server, CALLING), Value::Null);
    server.home.ocs(&["audit", "verify"]).expect(0, &[]);
    server.stop();
}

/// Takes records and gives them back; when each was asked for, and its phone.
fn works(server: &Server, agent: usize, ends: &AtomicBool) -> Vec<(Instant, String)> {
    let agent = format!("a{agent}");
    let mut taken = Vec::new();
    let mut last = false;
    while !last {
        // Once more after the last was revoked.
        last = ends.load(Ordering::SeqCst);
        let asked = Instant::now();
        let event = server.preview(CALLING, &agent);
        let handle = event["GSW_RECORD_HANDLE"].clone();
        if !handle.is_null() {
            let phone = event["GSW_PHONE"].as_str().expect("a phone");
            taken.push((asked, phone.to_owned()));
            back(server, &handle);
        }
    }
    taken
}

/// A store that nobody has, and one that a running OCS has.
#[track_caller]
fn both(check: impl Fn(&Home)) {
    check(&Home::new());
    let server = Server::start();
    check(&server.home);
    server.stop();
}

#[track_caller]
fn exported(home: &Home) -> Vec<String> {
    let exported = home.ocs(&["consent", "export"]);
    exported.expect(0, &[]);
    let columns = [
        "phone",
        "customer_id",
        "says",
        "consent_scope",
        "calling_list",
        "campaign_name",
        "consent_time",
        "consent_expires",
        "consent_source",
        "consent_proof",
    ];
    let rows = rows(&exported.stdout);
    let shown = rows.iter().map(|row| {
        columns
            .map(|column| row[column].as_str().expect("a column").to_owned())
            .join("|")
    });
    shown.collect()
}

#[test]
fn there_and_back_by_file() {
    both(|home| {
        home.write(
            "consents.csv",
            "GSW_PHONE,customer_id,says,calling_list,consent_time,consent_expires,consent_proof\n\
             +1 650 555 0100,C-1,Consent,,2026-01-02T03:04:05Z,2031-12-31,\"form, 4711\"\n\
             +16505550101,,Revocation,Spring,2026-01-02T03:04:05Z,,\n\
             +16505550102,,Maybe,,2026-01-02T03:04:05Z,,\n\
             +16505550103,,Consent,,2040-01-02T03:04:05Z,,\n",
        );
        let import = ["consent", "import", "consents.csv"];
        let dry = home.ocs(&[&import[..], &["--dry-run"]].concat());
        dry.expect(3, &["2 lines would be kept", "2 lines were rejected"]);
        assert_eq!(exported(home).len(), 0);
        home.ocs(&import).expect(3, &["2 lines were kept"]);
        let rejects = home.read("consents.csv.rejects.csv");
        for part in ["says is \"\"Maybe\"\"", "still to come"] {
            assert!(rejects.contains(part), "{part} in {rejects}");
        }
        // The second time nothing is kept twice.
        home.ocs(&import).expect(3, &["2 lines were known already"]);
        let form = "All|||2026-01-02T03:04:05Z|2032-01-01T00:00:00Z|consents.csv|form, 4711";
        let statements = [
            format!("+1 650 555 0100||Consent|{form}"),
            format!("|C-1|Consent|{form}"),
            "+16505550101||Revocation|CallingList|Spring||2026-01-02T03:04:05Z||consents.csv|"
                .to_owned(),
        ];
        assert_eq!(exported(home), statements);
        home.ocs(&["consent", "export", "out.csv"])
            .expect(0, &["3 statements of consent were exported"]);
        // What was exported is known where it was, and elsewhere the same history.
        home.ocs(&["consent", "import", "out.csv"])
            .expect(0, &["0 lines were kept", "3 lines were known already"]);
        let other = Home::new();
        other.write("out.csv", home.read("out.csv"));
        other
            .ocs(&["consent", "import", "out.csv"])
            .expect(0, &["3 lines were kept"]);
        assert_eq!(exported(&other), statements);
        home.write("phones.txt", "+16505550109\n(650) 555,0108\n");
        let revoked = ["consent", "import", "phones.txt", "--says", "Revocation"];
        home.ocs(&revoked).expect(0, &["2 lines were kept"]);
        assert_eq!(exported(home).len(), 5);
        for (name, text, part) in [
            ("wrong.csv", "phone,shoe-size\n1,42\n", "\"shoe-size\""),
            ("phones.txt", "+16505550109\n", "--says"),
        ] {
            home.write(name, text);
            home.ocs(&["consent", "import", name]).expect(1, &[part]);
        }
    });
}

/// Imported while agents ask: whoever slept is called.
#[test]
fn imported_while_others_wait() {
    let server = running_of(Home::with(HTTP_PORT, &requiring()), &[CALLING]);
    let records: Vec<_> = (0..150)
        .map(|number| {
            server.add_to(
                "Calls",
                &json!({ "GSW_PHONE": format!("+1650555{number:04}") }),
            )
        })
        .collect();
    assert_eq!(next(&server, CALLING), Value::Null);
    let lines: Vec<_> = (0..150)
        .rev()
        .map(|number| format!("+1650555{number:04}"))
        .collect();
    server.home.write("phones.txt", lines.join("\n"));
    let import = ["consent", "import", "phones.txt", "--says", "Consent"];
    server.home.ocs(&import).expect(0, &["150 lines were kept"]);
    // They are let go in steps, so that some may come before others.
    let taken = records.iter().map(|_| next(&server, CALLING).as_u64());
    let taken: BTreeSet<_> = taken.collect();
    let all = records.iter().map(Value::as_u64);
    assert_eq!(taken, all.collect());
    server.stop();
}
