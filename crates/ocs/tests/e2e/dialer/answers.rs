//! What a platform answers to a call, rightly or wrongly: nothing is lost, nothing is dialed
//! twice, and everybody can see why.

use std::time::Duration;

use serde_json::{Value, json};

use super::{add, by_phone, call_to, calls_out, calls_to, dials, phone, processed, stands};
use crate::certificates;
use crate::home::Home;
use crate::notify::receiver::{Act, Receiver};
use crate::notify::ways::tls;
use crate::process::until;
use crate::replies::has;

/// The attributes of a PreviewRecord, and where to report.
#[test]
fn what_is_posted() {
    let receiver = Receiver::start(|_, _| Act::status(202));
    let server = dials(
        &receiver,
        ", channels = 3, dialing-rate = 7, call-timeout = \"2min\"",
    );
    let sent =
        json!({ "GSW_PHONE": phone(0), "GSW_CUSTOMER_ID": "C-1", "visits": 3, "Balance": "1.5" });
    let handle = server.add_to("Calls", &sent);
    let call = call_to(&receiver, &phone(0), 1);
    has(
        &call,
        &json!({
            "GSW_USER_EVENT": "PreviewRecord", "GSW_APPLICATION_ID": 101,
            "GSW_CAMPAIGN_NAME": "Calling", "GSW_CAMPAIGN_GROUP_NAME": "Calling@Power",
            "GSW_CAMPAIGN_GROUP_DBID": super::POWER, "GSW_CALLING_LIST": "Calls",
            "GSW_RECORD_HANDLE": handle, "GSW_CUSTOMER_ID": "C-1", "GSW_ATTEMPTS": 1,
            "GSW_RECORD_URI": server.url(&format!("/records/{handle}")),
            "InteractionType": "Outbound", "visits": 3, "Balance": "1.5",
        }),
    );
    let record = server.record(&handle);
    assert_eq!(
        record["GSW_CALL_ATTEMPT_GUID"],
        call["GSW_CALL_ATTEMPT_GUID"]
    );
    // Handed to a dialer, an attempt counts at once (records.md, section 5).
    assert_eq!(
        stands(&server, &handle),
        (json!("Retrieved"), json!(28), json!(1))
    );
    let group = server.get(&format!("/campaigngroups/{}", super::POWER));
    let dialer = json!({
        "uri": receiver.uri("/dial"), "calls_out": 1, "channels": 3, "dialing_rate": 7,
        "call_timeout": 120, "abandoned_limit": 3,
    });
    assert_eq!((&group["dialer"], &group["waits"]), (&dialer, &json!([])));
    processed(&server, &call, "Answer");
    assert_eq!(
        stands(&server, &handle),
        (json!("Updated"), json!(33), json!(1))
    );
    assert_eq!(calls_out(&server), 0);
    server
        .home
        .ocs(&["audit", "export"])
        .expect(0, &["handed-out"]);
}

/// The platform may have the call: it is out, is never told again, and what is reported of it
/// counts. What is answered, and what the log says of it.
fn may_have_it(rows: &[(Act, &'static str)]) {
    let acts = rows.iter().enumerate();
    let acts = acts.map(|(row, (act, _))| (phone(row), vec![act.clone()]));
    let receiver = Receiver::start(by_phone(acts.collect()));
    let server = dials(&receiver, ", channels = 50, dialing-rate = 1000");
    for (row, (act, said)) in rows.iter().enumerate() {
        let handle = add(&server, row);
        let call = call_to(&receiver, &phone(row), 1);
        let group = || server.get(&format!("/campaigngroups/{}", super::POWER));
        if !said.is_empty() {
            until(said, || group()["waits"].to_string().contains(said));
            until(said, || server.log().contains(said));
        }
        let out = (json!("Retrieved"), json!(28), json!(1));
        assert_eq!(stands(&server, &handle), out, "{act:?}");
        assert_eq!(calls_out(&server), 1, "{act:?}");
        // A well one behind it: the platform is back.
        let other = add(&server, 100 + row);
        let well = call_to(&receiver, &phone(100 + row), 1);
        processed(&server, &well, "Answer");
        assert_eq!(stands(&server, &other).0, "Updated");
        processed(&server, &call, "Answer");
        let over = (json!("Updated"), json!(33), json!(1));
        assert_eq!(stands(&server, &handle), over, "{act:?}");
        assert_eq!(calls_out(&server), 0, "{act:?}");
        assert_eq!(calls_to(&receiver, &phone(row)).len(), 1, "{act:?}");
    }
    let elsewhere = receiver.heard();
    assert!(
        !elsewhere
            .iter()
            .any(|heard| heard.line.contains("elsewhere"))
    );
}

#[test]
fn answers_that_were_lost() {
    may_have_it(&[
        (Act::Hang, "no reply came within 1s"),
        (Act::Reset, "no whole reply came"),
        (Act::Close, "no whole reply came"),
        (Act::Noise, "no whole reply came"),
        (Act::Late(Duration::from_secs(2)), "no reply came within 1s"),
    ]);
}

#[test]
fn answers_that_say_nothing() {
    may_have_it(&[
        (Act::status(500), "it answered 500"),
        (Act::status(504), "it answered 504"),
        (Act::status(204), "it answered 204"),
        (Act::Redirect, "redirects are not followed"),
        // It said 200; what is wrong with the rest is its own affair.
        (Act::Flood(1 << 30), ""),
        (Act::Short, ""),
        (Act::Long, ""),
    ]);
}

/// The platform does not have the call: its record goes back as if it had not been taken, and
/// is dialed again when the platform is well.
#[test]
fn calls_that_were_not_taken() {
    let rows = [
        (Act::RetryAfter(429, "1"), "it answered 429"),
        (Act::RetryAfter(503, "1"), "it answered 503"),
        (
            Act::RetryAfter(503, "Sun, 06 Nov 1994 08:49:37 GMT"),
            "it answered 503",
        ),
        (Act::status(404), "it answered 404"),
        (Act::status(400), "it answered 400"),
    ];
    let acts = rows.iter().enumerate();
    let acts = acts.map(|(row, (act, _))| (phone(row), vec![act.clone()]));
    let receiver = Receiver::start(by_phone(acts.collect()));
    let server = dials(&receiver, "");
    for (row, (act, said)) in rows.iter().enumerate() {
        let handle = add(&server, row);
        call_to(&receiver, &phone(row), 1);
        let reason = || server.record(&handle)["why"][0].clone();
        until(said, || reason()["reason"] == "dialer-waits");
        let text = reason().to_string();
        assert!(text.contains(said), "{act:?}: {text}");
        assert_eq!(
            stands(&server, &handle),
            (json!("Ready"), json!(28), json!(0)),
            "{act:?}"
        );
        assert_eq!(server.record(&handle)["attempts"], json!([]), "{act:?}");
        let status = server
            .group(super::POWER, "GetCampaignStatus", &json!({}))
            .expect(200);
        assert!(
            status["waits"].to_string().contains(said),
            "{act:?}: {status}"
        );
        assert_eq!(status["dialer"]["calls_out"], 0, "{act:?}");
        let call = call_to(&receiver, &phone(row), 2);
        assert_eq!(
            stands(&server, &handle),
            (json!("Retrieved"), json!(28), json!(1)),
            "{act:?}"
        );
        until("the platform is well", || reason()["reason"] == "retrieved");
        processed(&server, &call, "Answer");
        assert_eq!(calls_to(&receiver, &phone(row)).len(), 2, "{act:?}");
    }
    server.home.ocs(&["audit", "verify"]).expect(0, &[]);
}

/// It will not call: the result, and then the treatment for it.
#[test]
fn calls_that_are_refused() {
    let answer = |body: &str| Act::Answer(409, None, body.to_owned());
    let rows = [
        (answer(""), 28),
        (answer("no"), 28),
        (answer(r#"{"GSW_CALL_RESULT":53}"#), 53),
        (answer(r#"{"GSW_CALL_RESULT":"SITVacant"}"#), 12),
        (answer(r#"{"GSW_CALL_RESULT":99}"#), 28),
    ];
    let acts = rows.iter().enumerate();
    let acts = acts.map(|(row, (act, _))| (phone(row), vec![act.clone()]));
    let receiver = Receiver::start(by_phone(acts.collect()));
    let server = dials(&receiver, ", dialing-rate = 100");
    for (row, (act, result)) in rows.iter().enumerate() {
        let handle = add(&server, row);
        call_to(&receiver, &phone(row), 1);
        until("it is over", || stands(&server, &handle).0 == "Updated");
        assert_eq!(
            stands(&server, &handle),
            (json!("Updated"), json!(result), json!(1)),
            "{act:?}"
        );
        assert_eq!(calls_out(&server), 0);
    }
    let treated = "[[campaign]]\nname = \"Calling\"\ndescription = \"Calls only\"\n\
        calling-lists = [\"Calls\"]\n[[campaign.treatment]]\ncall-result = \"WrongNumber\"\n\
        action = \"Cycle\"\ninterval = 1\n";
    server.home.apply(treated);
    receiver.script(|_, _| Act::Answer(409, None, r#"{"GSW_CALL_RESULT":53}"#.to_owned()));
    let handle = add(&server, 50);
    until("the treatment is carried out", || {
        stands(&server, &handle) == (json!("Ready"), json!(53), json!(1))
    });
}

/// A platform that cannot be spoken to gets no call, and no record pays for it.
#[test]
fn platforms_that_are_not_there() {
    let with_certificates = Home::empty();
    certificates::write(&with_certificates);
    let tls = tls(&with_certificates, "stranger", false);
    let strange = Receiver::secured(tls, |_, _| Act::ok());
    for (uri, said) in [
        (
            "http://127.0.0.1:9/dial".to_owned(),
            "no connection to 127.0.0.1:9",
        ),
        (strange.uri("/dial"), "no TLS with it"),
    ] {
        let home = super::home(&uri, "");
        let server = crate::campaigns::running_of(home, &[super::POWER]);
        let handle = add(&server, 0);
        until(said, || server.log().contains(said));
        let why = || server.record(&handle)["why"][0]["reason"].clone();
        until("it says why", || why() == "dialer-waits");
        assert_eq!(
            stands(&server, &handle),
            (json!("Ready"), json!(28), json!(0))
        );
        assert_eq!(server.record(&handle)["attempts"], json!([]));
        assert_eq!(calls_out(&server), 0);
    }
    assert!(strange.heard().is_empty());
}

/// Nobody says which platform calls: the campaign group waits, and says so.
#[test]
fn without_an_address() {
    let home = crate::campaigns::home();
    home.apply(&format!(
        "[[campaign-group]]\ndbid = {}\ncampaign = \"Calling\"\ngroup = \"Power\"\n\
         dialing-mode = \"PowerGVP\"\n",
        super::POWER
    ));
    let server = crate::campaigns::running_of(home, &[super::POWER]);
    let handle = add(&server, 0);
    assert_eq!(server.record(&handle)["why"][0]["reason"], "no-dialer");
    let group = server.get(&format!("/campaigngroups/{}", super::POWER));
    assert!(
        group["waits"][0].to_string().contains("no dialer-uri"),
        "{group}"
    );
    assert_eq!(
        server.next(super::POWER, "ann"),
        Value::Null,
        "it is not previewed"
    );
    // It is said while it runs, and counts at once.
    let receiver = Receiver::start(|_, _| Act::ok());
    super::group(&server.home, &receiver.uri("/"), "");
    call_to(&receiver, &phone(0), 1);
}
