//! HTTP Proxy's log (configuration.md, section 5): what it says and what it never says,
//! and that no line of it is lost.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::home::{HTTP_PORT, Home, OBJECTS};
use crate::load::Load;
use crate::mount::Mount;
use crate::process::until;
use crate::server::{ADD, Server};

/// A folder with this `[log]`.
fn home(log: &str) -> Home {
    Home::with(&format!("{HTTP_PORT}[log]\n{log}\n"), OBJECTS)
}

/// What must not be in a log: a phone, a customer id, values of user fields; and what
/// stands for them.
const PHONE: &str = "+16505553317";
const CUSTOMER: &str = "Quastenflosser-3318";
const FIELD: &str = "Zaunkoenig-3319";
const HIDDEN: [&str; 4] = ["6505553317", "Quastenfl", "Zaunkoe", "5550003320"];
/// What no log has at any level.
const SECRETS: [&str; 4] = [
    "geheim-key",
    "geheim-token",
    "geheim-cookie",
    "geheim-header",
];

/// Asks whatever has contacts in it, in the right places and in wrong ones.
fn ask_everything(server: &Server) {
    let secret: Vec<(&str, String)> = vec![
        ("Idempotency-Key", SECRETS[0].to_owned()),
        ("Authorization", format!("Bearer {}", SECRETS[1])),
        ("Cookie", SECRETS[2].to_owned()),
        ("X-Api-Key", SECRETS[3].to_owned()),
    ];
    let headers: Vec<(&str, &str)> = secret
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let record = json!({
        "GSW_PHONE": PHONE, "GSW_CUSTOMER_ID": CUSTOMER, "CONTACT_LAST_NAME": FIELD,
        "visits": 5_550_003_320_i64, "unheard-of": FIELD, "+16505553317": 1,
        "GSW_REFERENCE_ID": 77,
    });
    let reply = server.request("POST", ADD, &headers, record.to_string().as_bytes());
    let handle = reply.expect(200)["GSW_RECORD_HANDLE"].to_string();
    let encoded = PHONE.replace('+', "%2B");
    for (target, body) in [
        // Wrong values, which sentences repeat.
        (
            ADD.to_owned(),
            json!({ "GSW_PHONE": "1", "GSW_FROM": PHONE }),
        ),
        (
            ADD.to_owned(),
            json!({ "GSW_PHONE": "1", "GSW_PHONE_TYPE": FIELD }),
        ),
        (ADD.to_owned(), json!({ "GSW_PHONE": "1", "visits": FIELD })),
        (ADD.to_owned(), json!({ "GSW_PHONE": PHONE.repeat(20) })),
        (
            ADD.to_owned(),
            json!({ "GSW_PHONE": "1", "GSW_REFERENCE_ID": FIELD }),
        ),
        (
            ADD.to_owned(),
            json!({ "GSW_PHONE": "1", "GSW_DATE_TIME": PHONE }),
        ),
        (
            format!("{ADD}&GSW_PHONE={encoded}&{PHONE}&x={FIELD}"),
            json!({}),
        ),
        (
            format!("/phones/{PHONE}?req=DoNotCall"),
            json!({ "GSW_PHONE": FIELD }),
        ),
        (format!("/phones/{encoded}?req=DoNotCall"), json!({})),
        (
            format!("/%70hones/{encoded}?req=RequestRecordCancel"),
            json!({}),
        ),
        (format!("/customer_ids/{CUSTOMER}?req=DoNotCall"), json!({})),
        (
            format!("/customerids/{CUSTOMER}?req=RequestRecordCancel"),
            json!({}),
        ),
        (
            format!("/customers/{CUSTOMER}?req=RequestRecordCancel"),
            json!({}),
        ),
        (format!("/records/{PHONE}?req=RecordReject"), json!({})),
        (
            format!("/records/{handle}?req=RecordProcessed"),
            json!({ "GSW_CALL_RESULT": FIELD }),
        ),
        (format!("/records/{handle}?req={FIELD}@x"), json!({})),
        (format!("/{PHONE}"), json!({})),
    ] {
        server.post(&target, &body);
    }
    for target in [
        format!("/lists/Spring/records?phone={encoded}"),
        format!("/lists/Spring/records?customer_id={CUSTOMER}"),
        format!("/phones/{PHONE}"),
        format!("/customer_ids/{CUSTOMER}"),
        format!("/records/{handle}"),
    ] {
        server.request("GET", &target, &[], b"");
    }
    let wrong = json!({ "GSW_PHONE": PHONE, "visits": FIELD });
    server.request(
        "POST",
        "/lists/Spring?req=AddRecords",
        &[],
        format!("[{record},{wrong},\"{PHONE}\",{}]", &PHONE[1..]).as_bytes(),
    );
    // Of the raw kind.
    let mut connection = server.connect();
    let _ = connection.send(format!("GET /phones/{PHONE} HTTP/1.1\r\n{FIELD}\r\n\r\n").as_bytes());
    let _ = connection.reply("GET");
    // The tools.
    server.home.write(
        "entries.csv",
        format!("phone,customer_id\n{PHONE},\n,{CUSTOMER}\n"),
    );
    server
        .home
        .ocs(&["dnc", "import", "entries.csv"])
        .expect(0, &[]);
    server.home.ocs(&["dnc", "remove", PHONE]).expect(0, &[]);
    server
        .home
        .ocs(&["dnc", "remove", "--customer-id", CUSTOMER])
        .expect(0, &[]);
    let rejected = format!("GSW_PHONE,visits\n{PHONE},{FIELD}\n{PHONE},1\n");
    server.home.write("records.csv", rejected);
    server
        .home
        .ocs(&["import", "records.csv", "--list", "Spring"]);
}

#[test]
fn what_is_never_said() {
    for level in ["info", "debug", "trace"] {
        let server = home(&format!("level = \"{level}\"")).start();
        ask_everything(&server);
        let home = server.stop();
        let [own, proxy] = ["logs/ocs.log", "logs/ocs_HTTPPRX.log"].map(|log| home.read(log));
        for (name, log) in [("OCS", &own), ("HTTP Proxy", &proxy)] {
            for line in log.lines() {
                for hidden in HIDDEN.iter().chain(&SECRETS) {
                    assert!(
                        !line.contains(hidden),
                        "{level}, {name}: {hidden} in {line}"
                    );
                }
            }
        }
        assert!(proxy.contains("/phones/…3317"), "{proxy}");
        assert!(proxy.contains("/customer_ids/…3318"), "{proxy}");
        assert!(own.contains("…3317") && own.contains("…3318"), "{own}");
        let with_attributes = level != "info";
        for part in [
            " asked=",
            " answered=",
            "GSW_REFERENCE_ID=77",
            "CONTACT_LAST_NAME=…3319",
        ] {
            assert_eq!(
                proxy.contains(part),
                with_attributes,
                "{level}: {part} in {proxy}"
            );
        }
    }
}

#[test]
fn what_is_said_on_demand() {
    let server = home("level = \"trace\"\ncontact-info = true").start();
    ask_everything(&server);
    let home = server.stop();
    let [own, proxy] = ["logs/ocs.log", "logs/ocs_HTTPPRX.log"].map(|log| home.read(log));
    for part in [
        PHONE,
        "%2B16505553317",
        CUSTOMER,
        FIELD,
        "GSW_PHONE=+16505553317; ",
    ] {
        assert!(proxy.contains(part), "{part}: {proxy}");
    }
    assert!(own.contains(PHONE) && own.contains(CUSTOMER), "{own}");
    for secret in SECRETS {
        assert!(!proxy.contains(secret) && !own.contains(secret), "{secret}");
    }
}

/// The text of every file of a log, the old ones too, and the size of the largest.
fn whole(folder: &Path, stem: &str) -> (Vec<String>, u64) {
    let mut texts = Vec::new();
    let mut largest = 0;
    for entry in fs::read_dir(folder).expect("the folder of logs") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with(stem) {
            largest = largest.max(path.metadata().expect("a file").len());
            texts.push(fs::read_to_string(path).expect("a file"));
        }
    }
    (texts, largest)
}

fn lines_with<'a>(texts: &'a [String], part: &'a str) -> impl Iterator<Item = &'a str> {
    texts
        .iter()
        .flat_map(|text| text.lines())
        .filter(move |line| line.contains(part))
}

#[test]
fn no_line_is_lost_in_rotation() {
    let server = home("segment = \"64KiB\"\nexpire = 1000").start();
    let load = Load::start(&server, "load", 8);
    load.wait_for(3_000);
    let done = load.stop();
    let home = server.stop();
    let (texts, largest) = whole(&home.path().join("logs"), "ocs_HTTPPRX.");
    assert!(texts.len() > 5, "{} files", texts.len());
    assert!(largest <= 64 << 10, "{largest} bytes");
    let answered = lines_with(&texts, " status=200 ").count();
    assert_eq!(answered, done.handles.len() + done.unanswered);
    // Whole lines only.
    let requests = lines_with(&texts, " request client=127.0.0.1:");
    assert_eq!(
        requests
            .filter(|line| line.ends_with(" request=AddRecord"))
            .count(),
        answered
    );
}

#[test]
fn old_files_are_removed() {
    let server = home("segment = \"64KiB\"\nexpire = 2").start();
    let load = Load::start(&server, "load", 8);
    load.wait_for(3_000);
    load.stop();
    let home = server.stop();
    let (texts, _) = whole(&home.path().join("logs"), "ocs_HTTPPRX.");
    assert_eq!(texts.len(), 3);
}

/// A log that cannot be written stops nothing, and says how much is missing.
#[test]
fn a_full_disk() {
    let Some(mount) = Mount::new("1m") else {
        return;
    };
    let file = mount.path().join("ocs.log");
    let server = home(&format!("file = \"{}\"", file.display())).start();
    let add = |count: usize| {
        for number in 0..count {
            server.add(&json!({ "GSW_PHONE": number.to_string() }));
        }
    };
    add(10);
    let read = || fs::read_to_string(mount.path().join("ocs_HTTPPRX.log")).unwrap_or_default();
    let written = |log: &str| {
        log.lines()
            .filter(|line| line.contains(" request client="))
            .count()
    };
    until("ten lines are written", || written(&read()) == 10);
    let filler = mount.path().join("filler");
    let mut full = fs::File::create(&filler).expect("a file");
    for piece in [65_536, 4_096, 1] {
        while std::io::Write::write_all(&mut full, &vec![0; piece]).is_ok() {}
    }
    // Far more than has room in the last page of the log.
    add(200);
    server
        .stderr
        .wait("the log cannot be written", 1)
        .expect("it is said");
    fs::remove_file(&filler).expect("there is room again");
    drop(full);
    add(10);
    let last = "lines are missing before this one";
    until("the log goes on", || read().contains(last));
    let home = server.stop();
    drop(home);
    let log = read();
    let missing: usize = log
        .lines()
        .filter(|line| line.contains(last))
        .filter_map(|line| line.rsplit_once(" lines=")?.1.parse::<usize>().ok())
        .sum();
    assert!(missing > 0, "{log}");
    assert_eq!(written(&log) + missing, 220, "{log}");
    assert!(
        log.lines().all(|line| line.starts_with("20")),
        "a torn line: {log}"
    );
}
