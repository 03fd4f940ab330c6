//! Web servers that do not as they should: nothing is lost, and what is wrong is in the log.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use super::receiver::{Act, Heard, Receiver};
use super::{call, home, reports_to, whole_and_in_order};
use crate::campaigns::{CALLING, running_of};
use crate::process::until;

/// What a web server does with the first report of an attempt, what the log says of it, and
/// whether the report counts as taken all the same.
fn ways() -> Vec<(Act, &'static str, bool)> {
    let (second, three) = (Duration::from_millis(200), Duration::from_secs(3));
    vec![
        (Act::status(500), "it answered 500", false),
        (Act::status(404), "it answered 404", false),
        (Act::status(202), "it answered 202", false),
        (Act::Redirect, "redirects are not followed", false),
        (Act::Hang, "no reply came within 1s", false),
        (Act::Reset, "no whole reply came", false),
        (Act::Close, "no whole reply came", false),
        (Act::Noise, "no whole reply came", false),
        (Act::Late(three), "no reply came within 1s", false),
        // It said 200; what is wrong with the rest is its own affair.
        (Act::Flood(1 << 30), "", true),
        (Act::Short, "", true),
        (Act::Long, "", true),
        (Act::Slow(second, "{\"long\":true}"), "", true),
        (Act::Answer(200, None, String::new()), "", true),
        (Act::Answer(200, None, "{}".to_owned()), "", true),
    ]
}

/// The attempt and the place in it of a message.
fn place(heard: &Heard) -> (Value, Value) {
    let report = heard.json();
    let [phone, sequence] = ["GSW_PHONE", "GSW_HIST_SEQUENCE_NUM"].map(|key| report[key].clone());
    (phone, sequence)
}

#[test]
fn one_time_each() {
    let phone = |number: usize| format!("+165055501{number:02}");
    let seen = Mutex::new(HashSet::new());
    let receiver = Receiver::start(move |heard, _| {
        let of_act = ways().into_iter().enumerate();
        let mut acts = of_act.map(|(number, (act, ..))| ((json!(phone(number)), json!(0)), act));
        let is_first = seen.lock().expect("whole").insert(place(heard));
        let act = acts.find(|(at, _)| is_first && *at == place(heard));
        act.map_or_else(Act::ok, |(_, act)| act)
    });
    let home = home(&format!(
        "http-response-timeout = 1\n{}",
        reports_to(&receiver.uri("/"))
    ));
    home.write(
        "ocs.toml",
        home.read("ocs.toml") + "\n[log]\nlevel = \"debug\"\n",
    );
    let server = running_of(home, &[CALLING]);
    for number in 0..ways().len() {
        call(&server, &phone(number), "Answer");
    }
    let again = ways().iter().filter(|(.., taken)| !taken).count();
    let heard = receiver.wait(2 * ways().len() + again);
    whole_and_in_order(&heard, ways().len());
    assert!(!heard.iter().any(|one| one.line.contains("elsewhere")));
    for (number, (act, said, taken)) in ways().into_iter().enumerate() {
        let at = (json!(phone(number)), json!(0));
        let came: Vec<_> = heard.iter().filter(|one| place(one) == at).collect();
        assert_eq!(came.len(), if taken { 1 } else { 2 }, "{act:?}");
        if !taken {
            let pause = came[1].at - came[0].at;
            assert!(pause > Duration::from_millis(700), "{act:?}: {pause:?}");
            until(said, || server.log().contains(said));
        }
    }
    let shown = || server.home.ocs(&["outbox"]).stdout;
    until("nothing waits", || shown().contains("nothing waits"));
    assert_eq!(receiver.heard().len(), heard.len());
}

/// Twenty failures in a row: it is left alone, and everybody can see it; then one message
/// tries it, and the others follow.
#[test]
fn left_alone_for_a_while() {
    let receiver = Receiver::start(|_, _| Act::status(503));
    let server = running_of(home(&reports_to(&receiver.uri("/"))), &[CALLING]);
    for number in 0..22 {
        call(&server, &format!("+165055501{number:02}"), "Answer");
    }
    until("it is left alone", || {
        server
            .log()
            .contains("keeps failing and is left alone for 5s: it answered 503")
    });
    let failed = receiver.heard().len();
    assert!((20..=40).contains(&failed), "{failed}");
    let shown = server.home.ocs(&["outbox"]);
    shown.expect(
        0,
        &[
            "44 messages wait",
            "failures in a row",
            "it is left alone for",
        ],
    );
    receiver.script(|_, _| Act::ok());
    let heard = receiver.wait_until("all of them", |heard| heard.len() >= failed + 44);
    whole_and_in_order(&heard, 22);
    let pause = heard[failed].at - heard[failed - 1].at;
    assert!(pause > Duration::from_secs(4), "{pause:?}");
    until("the log says so", || {
        server.log().contains("a web server answers again")
    });
    let shown = || server.home.ocs(&["outbox"]).stdout;
    until("nothing waits", || shown().contains("nothing waits"));
}
