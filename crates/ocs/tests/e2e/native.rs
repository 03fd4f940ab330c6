//! The native listener (outbound-protocols.md, sections 1, 3 and 4): spoken with by a
//! client that is generated from the `.proto`, and by `ocs desktop`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::certificates::{self, MUTUAL, secured};
use crate::home::{HTTP_PORT, Home, OBJECTS};
use crate::process::{self, Ended, ocs, signal, until};
use crate::program::python;
use crate::said::Said;
use crate::server::Server;

/// One outbound port on any port number that is free, and two applications.
pub(crate) const OUTBOUND_PORT: &str = "
[[server-info.port]]
id = \"outbound\"
host = \"127.0.0.1\"
port = 0
connection-protocol = \"outbound\"
";

const APPLICATIONS: &str = "
[[application.client]]
name = \"Desk\"
role = \"Desktop\"
secret = { file = \"desk.secret\" }

[[application.client]]
name = \"Script\"
role = \"ThirdParty\"
secret = \"of the script\"
";

/// The values of the roles in the `.proto`.
const HTTP_PROXY: u32 = 1;
const DESKTOP: u32 = 2;
const THIRD_PARTY: u32 = 3;

/// The call result Answer.
const ANSWER: u32 = 33;

/// A folder with an HTTP port, such an outbound port, and the applications.
pub(crate) fn home(outbound: &str) -> Home {
    let home = Home::empty();
    home.write("desk.secret", "of the desk\n");
    home.configure(&format!("{HTTP_PORT}{outbound}{APPLICATIONS}"));
    home.apply(OBJECTS);
    home
}

fn start() -> Server {
    home(OUTBOUND_PORT).start()
}

/// Where desktops are heard.
fn address(server: &Server) -> String {
    let said = server.stdout.wait("desktops are heard on", 1);
    let line = said.expect("an outbound port");
    let (_, rest) = line.split_once(" heard on ").expect("an address");
    rest.split(' ').next().expect("an address").to_owned()
}

pub(crate) fn desk() -> Value {
    json!({ "version": 1, "role": DESKTOP, "application": "Desk", "secret": "of the desk" })
}

pub(crate) fn script() -> Value {
    json!({
        "version": 1, "role": THIRD_PARTY, "application": "Script", "secret": "of the script",
    })
}

/// A running Python client, which holds sessions.
pub(crate) struct Client {
    child: Child,
    stdout: Said,
    stderr: Said,
}

impl Client {
    pub(crate) fn start(server: &Server, sessions: &Value) -> Self {
        let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ocs-protocol/proto");
        let generated = server.home.path().join("generated");
        std::fs::create_dir_all(&generated).expect("a folder");
        let mut child = python(include_str!("native.py"))
            .args([&protos, &generated])
            .arg(address(server))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let client = Self {
            stdout: Said::read(child.stdout.take().expect("its output")),
            stderr: Said::read(child.stderr.take().expect("its complaints")),
            child,
        };
        client.write(sessions)
    }

    fn write(mut self, sessions: &Value) -> Self {
        let mut stdin = self.child.stdin.take().expect("its input");
        stdin
            .write_all(sessions.to_string().as_bytes())
            .expect("it reads");
        self
    }

    /// Waits until a session is open.
    #[track_caller]
    pub(crate) fn wait_open(&self, session: usize) {
        let open = self.stdout.wait(&format!("open {session}"), 1);
        assert!(open.is_some(), "{:#?}", self.stderr.lines());
    }

    /// Waits until every session has ended, and says how, in their order.
    #[track_caller]
    pub(crate) fn ended(self) -> Vec<Value> {
        let mut ended: Vec<Value> = self
            .stdout
            .wait_for_end()
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        assert!(!ended.is_empty(), "{:#?}", self.stderr.lines());
        ended.sort_by_key(|ended| ended["session"].as_u64());
        ended
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        signal(self.child.id(), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// `ocs desktop` as the application "Desk", with what follows, and lines to read.
pub(crate) fn desktop(server: &Server, arguments: &[&str], lines: &str) -> Ended {
    process::run_with(&mut desktop_command(server, arguments), lines)
}

pub(crate) fn desktop_command(server: &Server, arguments: &[&str]) -> std::process::Command {
    let address = address(server);
    let mut command = ocs(server.home.path(), &["desktop", "--connect", &address]);
    command
        .args(["--application", "Desk", "--secret-file", "desk.secret"])
        .args(arguments);
    command
}

/// The events of `ocs desktop`.
pub(crate) fn events(ended: &Ended) -> Vec<Value> {
    let lines = ended.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("an event"))
        .collect()
}

#[test]
fn hellos_that_are_refused() {
    let with = |key: &str, value: Value| {
        let mut hello = desk();
        hello[key] = value;
        json!({ "hello": hello })
    };
    let huge = "x".repeat(100_000);
    let rows = [
        (json!({ "hello": desk() }), "OK", ""),
        (json!({ "hello": script() }), "OK", ""),
        (with("agent", json!("Ann")), "OK", ""),
        (
            with("version", json!(2)),
            "FAILED_PRECONDITION",
            "speaks version 2 of the outbound protocols, this side version 1",
        ),
        (
            with("version", json!(0)),
            "FAILED_PRECONDITION",
            "version 0",
        ),
        (
            with("role", json!(HTTP_PROXY)),
            "FAILED_PRECONDITION",
            "ROLE_DESKTOP or ROLE_THIRD_PARTY was expected, not ROLE_HTTP_PROXY",
        ),
        (
            with("role", json!(0)),
            "FAILED_PRECONDITION",
            "not ROLE_UNSPECIFIED",
        ),
        (
            with("role", json!(THIRD_PARTY)),
            "PERMISSION_DENIED",
            "configured in the role ROLE_DESKTOP",
        ),
        // One and the same for a wrong name and a wrong secret.
        (
            with("application", json!("Chair")),
            "UNAUTHENTICATED",
            "no application of this name and secret",
        ),
        (
            with("secret", json!("of the chair")),
            "UNAUTHENTICATED",
            "no application of this name and secret",
        ),
        (
            with("secret", json!("")),
            "UNAUTHENTICATED",
            "no application of this name and secret",
        ),
        (
            with("agent", json!("x".repeat(33))),
            "INVALID_ARGUMENT",
            "33 characters",
        ),
        (
            json!({ "requests": [{ "GSW_AGENT_REQ_TYPE": "AddRecord" }] }),
            "FAILED_PRECONDITION",
            "must be a hello",
        ),
        (json!({}), "FAILED_PRECONDITION", "must be a hello"),
        (
            with("secret", json!(huge)),
            "RESOURCE_EXHAUSTED",
            "65536 are the most",
        ),
        (
            json!({ "late": true }),
            "DEADLINE_EXCEEDED",
            "no hello came within 10s",
        ),
    ];
    let server = start();
    let sessions = Value::Array(rows.iter().map(|row| row.0.clone()).collect());
    let ended = Client::start(&server, &sessions).ended();
    assert_eq!(ended.len(), rows.len());
    for ((session, code, part), ended) in rows.iter().zip(&ended) {
        let details = ended["details"].as_str().expect("details");
        assert_eq!(ended["code"], *code, "{session}: {details}");
        assert!(details.contains(part), "{session}: {details}");
    }
    let log = server.log();
    assert!(
        log.contains("application=\"\\\"Chair\\\"\"") || log.contains("Chair"),
        "{log}"
    );
    assert!(log.contains("client=127.0.0.1:"), "{log}");
    for secret in ["of the desk", "of the chair", "of the script"] {
        assert!(!log.contains(secret), "a secret is in the log");
    }
    server.stop();
}

#[test]
fn each_role_has_its_requests() {
    let request = |name: &str| json!({ "GSW_AGENT_REQ_TYPE": name, "GSW_REFERENCE_ID": 7 });
    let rows = [
        (desk(), request("LoadCampaign"), 1025, None),
        (desk(), request("StartDialing"), 1025, None),
        (desk(), request("ReadRecord"), 1025, None),
        (desk(), request("Dance"), 1011, None),
        (desk(), request("AddRecord"), 10, None),
        (script(), request("AddRecord"), 1025, Some(27)),
        (script(), request("PreviewRecordRequest"), 1025, Some(27)),
        (script(), request("ReadCallingLists"), 1025, Some(27)),
        // Numbers are only theirs.
        (desk(), json!({ "GSW_CM_MessageType": 7 }), 10, None),
        (script(), json!({ "GSW_CM_MessageType": 3 }), 10, Some(27)),
        (
            script(),
            json!({ "GSW_CM_MessageType": 7, "GSW_AGENT_REQ_TYPE": "StopDialing" }),
            1015,
            Some(27),
        ),
    ];
    let server = start();
    let sessions = rows
        .iter()
        .map(|(hello, request, ..)| json!({ "hello": hello, "requests": [request] }));
    let ended = Client::start(&server, &sessions.collect()).ended();
    for ((hello, request, number, message_type), ended) in rows.iter().zip(&ended) {
        let case = format!("{}: {request}: {ended}", hello["application"]);
        assert_eq!(ended["code"], "OK", "{case}");
        let answer = &ended["heard"][0];
        assert_eq!(answer[0], 1, "{case}");
        assert_eq!(answer[1]["GSW_USER_EVENT"], "ErrorMessage", "{case}");
        assert_eq!(answer[1]["GSW_ERROR_NUMBER"], *number, "{case}");
        assert_eq!(
            answer[1].get("GSW_CM_MessageType"),
            message_type.map(Value::from).as_ref(),
            "{case}"
        );
        assert_eq!(
            answer[1].get("GSW_REFERENCE_ID"),
            request.get("GSW_REFERENCE_ID")
        );
    }
    server.stop();
}

/// A third-party application may name its requests by number; whatever becomes of
/// them, they are in its role.
#[test]
fn third_party_requests_by_number() {
    let server = start();
    let requests: Vec<_> = [7, 8, 9, 10, 11, 12, 29, 30, 32, 101, 102]
        .map(|number| json!({ "GSW_CM_MessageType": number }))
        .to_vec();
    let sessions = json!([{ "hello": script(), "requests": requests }]);
    let ended = Client::start(&server, &sessions).ended();
    let heard = ended[0]["heard"].as_array().expect("answers");
    assert_eq!(heard.len(), requests.len(), "{ended:?}");
    for answer in heard {
        assert_eq!(answer[1]["GSW_CM_MessageType"], 27, "{answer}");
        assert_ne!(answer[1]["GSW_ERROR_NUMBER"], 1025, "{answer}");
        assert_ne!(answer[1]["GSW_ERROR_NUMBER"], 1015, "{answer}");
    }
    server.stop();
}

/// Consent is stated by desktops and third-party applications alike, by name or number.
#[test]
fn consent_by_both_roles() {
    let server = start();
    let scoped = json!({
        "GSW_CM_MessageType": 102, "GSW_CUSTOMER_ID": "C-1", "GSW_CALLING_LIST": "Spring",
        "GSW_CONSENT_SCOPE": "CallingList", "GSW_REFERENCE_ID": 8,
    });
    let given = json!({ "GSW_AGENT_REQ_TYPE": "Consent", "GSW_PHONE": "+16505550100" });
    let nobody = json!({ "GSW_AGENT_REQ_TYPE": "RevokeConsent" });
    let sessions = json!([
        { "hello": desk(), "requests": [given, nobody] },
        { "hello": script(), "requests": [scoped] },
    ]);
    let ended = Client::start(&server, &sessions).ended();
    // Answers come in any order, each with the number of its request.
    let answer = |session: usize, number: u64| {
        let heard = ended[session]["heard"].as_array().expect("answers");
        let own = heard.iter().find(|answer| answer[0] == number);
        own.expect("an answer")[1].clone()
    };
    assert_eq!(answer(0, 1)["GSW_USER_EVENT"], "ConsentAcknowledge");
    assert_eq!(answer(0, 1)["GSW_CONSENT_STANDING"], "Given");
    assert_eq!(answer(0, 2)["GSW_ERROR_ATTRIBUTE"], "GSW_PHONE");
    assert_eq!(answer(1, 1)["GSW_USER_EVENT"], "RevokeConsentAcknowledge");
    assert_eq!(answer(1, 1)["GSW_CONSENT_STANDING"], "Revoked");
    assert_eq!(answer(1, 1)["GSW_REFERENCE_ID"], 8);
    let revoked = ["request", "RevokeConsent", "phone=+16505550100"];
    desktop(&server, &revoked, "").expect(0, &["\"GSW_CONSENT_STANDING\":\"Revoked\""]);
    let phone = server.get("/phones/+16505550100");
    let by = |at: usize| phone["consent_statements"][at]["by"].clone();
    assert_eq!(
        (by(0), by(1)),
        (json!("request of Desk"), json!("request of Desk"))
    );
    let customer = server.get("/customer_ids/C-1");
    assert_eq!(customer["consent_statements"][0]["by"], "request of Script");
    server.stop();
}

#[test]
fn a_record_by_ocs_desktop() {
    let server = start();
    let lines = "add Spring +16505550123 GSW_PHONE_TYPE=Mobile \"CONTACT_LAST_NAME=Dr Nguyễn\"\n\
        \n\
        dance\n";
    let added = desktop(&server, &["--agent", "Ann"], lines);
    added.expect(
        3,
        &["\"dance\" is no command", "1 of 2 commands were refused"],
    );
    let events = events(&added);
    assert_eq!(events.len(), 1, "{added:?}");
    assert_eq!(events[0]["GSW_USER_EVENT"], "AddRecordAcknowledge");
    assert_eq!(events[0]["GSW_REFERENCE_ID"], 1);
    let handle = events[0]["GSW_RECORD_HANDLE"].clone();
    desktop(&server, &["update", &handle.to_string(), "visits=3"], "")
        .expect(0, &["UpdateCallCompletionStatsAcknowledge"]);
    let record = server.record(&handle);
    for (key, value) in [
        ("GSW_PHONE", json!("+16505550123")),
        ("GSW_PHONE_TYPE", json!("Mobile")),
        ("CONTACT_LAST_NAME", json!("Dr Nguyễn")),
        ("visits", json!(3)),
    ] {
        assert_eq!(record[key], value, "{key} in {record}");
    }
    assert_eq!(record.get("GSW_AGENT_ID"), None, "{record}");
    let handle = handle.to_string();
    let completed = desktop(&server, &["complete", &handle, "Answer", "visits=4"], "");
    completed.expect(0, &["RecordProcessedAcknowledge"]);
    let record = server.record(&json!(1));
    assert_eq!(record["GSW_CALL_RESULT"], ANSWER, "{record}");
    assert_eq!(record["visits"], 4, "{record}");
    // What is refused is an event as well, and another status.
    desktop(&server, &["complete", "999", "Answer"], "")
        .expect(1, &["ErrorMessage", "\"GSW_ERROR_NUMBER\":1003"]);
    server.stop();
}

#[test]
fn commands_of_ocs_desktop_that_fail() {
    let server = start();
    server.home.write("empty", "\n");
    server.home.write("wrong", "of the chair");
    let address = address(&server);
    let taken = |at: &str, file: &str, rest: &[&str]| {
        let mut arguments = vec!["desktop", "--connect", at, "--application", "Desk"];
        arguments.extend(["--secret-file", file]);
        arguments.extend(rest);
        server.home.ocs(&arguments)
    };
    for (at, file, rest, status, part) in [
        (
            &*address,
            "desk.secret",
            &["dance"][..],
            2,
            "\"dance\" is no command",
        ),
        (&address, "desk.secret", &["reject"], 2, "HANDLE is missing"),
        (
            &address,
            "nothing",
            &["status"],
            2,
            "nothing cannot be read",
        ),
        (&address, "empty", &["status"], 2, "empty is empty"),
        (
            &address,
            "wrong",
            &["status"],
            1,
            "no application of this name and secret",
        ),
        (
            "127.0.0.1:1",
            "desk.secret",
            &["status"],
            1,
            "cannot be connected",
        ),
        (
            "127.0.0.1",
            "desk.secret",
            &["status"],
            1,
            "HOST:PORT would be right",
        ),
    ] {
        taken(at, file, rest).expect(status, &[part]);
    }
    server.stop();
}

/// All of them sent before any answer is waited for, by either client.
#[test]
fn a_thousand_requests_on_one_session() {
    let server = start();
    let lines: String = (0..1_000).map(|n| format!("add Spring d{n}\n")).collect();
    let ended = desktop(&server, &[], &lines);
    ended.expect(0, &[]);
    assert_eq!(events(&ended).len(), 1_000);
    let add = json!({
        "GSW_AGENT_REQ_TYPE": "AddRecord", "GSW_CALLING_LIST": "Spring", "GSW_PHONE": "1",
    });
    let sessions = json!([{ "hello": desk(), "requests": [add], "again": 1_000 }]);
    let ended = Client::start(&server, &sessions).ended();
    let heard = ended[0]["heard"].as_array().expect("answers");
    let mut numbers: Vec<_> = heard.iter().map(|answer| answer[0].as_u64()).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq((1..=1_000).map(Some)), "{ended:?}");
    for answer in heard {
        assert_eq!(answer[1]["GSW_USER_EVENT"], "AddRecordAcknowledge");
    }
    assert_eq!(server.get("/lists/Spring")["records"], 2_000);
    server.stop();
}

/// The life of a record, as a third party's program would go through it in Python, and
/// messages that are too large.
#[test]
fn a_record_by_python() {
    let server = start();
    let added = server.add(&json!({ "GSW_PHONE": "+1" }));
    let handle = added["GSW_RECORD_HANDLE"].clone();
    let on = |name: &str, key: &str, value: &str| json!({ "GSW_AGENT_REQ_TYPE": name, "GSW_RECORD_HANDLE": handle.clone(), key: value });
    let filler =
        |bytes: usize| json!({ "GSW_AGENT_REQ_TYPE": "AddRecord", "filler": "x".repeat(bytes) });
    let session = |request: Value| json!({ "hello": desk(), "requests": [request] });
    let rows = [
        (
            session(on("UpdateCallCompletionStats", "GSW_CALL_RESULT", "Busy")),
            "OK",
            "UpdateCallCompletionStatsAcknowledge",
        ),
        (session(filler(3_500_000)), "OK", "3145728 are the most"),
        (session(filler(5_000_000)), "OUT_OF_RANGE", "too large"),
    ];
    let sessions = Value::Array(rows.iter().map(|row| row.0.clone()).collect());
    let ended = Client::start(&server, &sessions).ended();
    for ((_, code, part), ended) in rows.iter().zip(&ended) {
        assert_eq!(ended["code"], *code, "{ended}");
        assert!(ended.to_string().contains(part), "{part}: {ended}");
    }
    let processed = on("RecordProcessed", "GSW_CALL_RESULT", "Answer");
    let ended = Client::start(&server, &json!([session(processed)])).ended();
    assert_eq!(
        ended[0]["heard"][0][1]["GSW_USER_EVENT"], "RecordProcessedAcknowledge",
        "{ended:?}"
    );
    assert_eq!(server.record(&handle)["GSW_CALL_RESULT"], ANSWER);
    server.stop();
}

#[test]
fn server_reflection() {
    let server = start();
    let sessions = json!([
        { "reflection": "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo" },
        { "reflection": "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo" },
    ]);
    let ended = Client::start(&server, &sessions).ended();
    assert_eq!(ended.len(), 2);
    for ended in ended {
        let services = ended["heard"][0].as_str().expect("services");
        assert!(
            services.contains("ocs.outbound.v1.Outbound"),
            "{services:?}"
        );
        assert!(!services.contains("Control"), "{services:?}");
        let file = ended["heard"][1].as_str().expect("a file");
        assert!(file.contains("outbound.proto") && file.contains("UserEvent"));
    }
    server.stop();
}

/// Sessions that ask much and read nothing wait by themselves.
#[test]
fn a_session_that_does_not_read() {
    let server = start();
    let add = json!({
        "GSW_AGENT_REQ_TYPE": "AddRecord", "GSW_CALLING_LIST": "Spring", "GSW_PHONE": "1",
    });
    let deaf = json!({ "hello": desk(), "requests": [add], "again": 20_000, "deaf": true });
    let client = Client::start(&server, &json!([deaf, deaf]));
    client.wait_open(0);
    client.wait_open(1);
    let ended = || server.log().matches("a session ended").count();
    for others in 1..=3 {
        desktop(&server, &["add", "Autumn", "1"], "").expect(0, &["AddRecordAcknowledge"]);
        until("its session ends", || ended() >= others);
    }
    server.add(&json!({ "GSW_PHONE": "1" }));
    // They are held up, and not cut off.
    assert_eq!(ended(), 3, "{}", server.log());
    drop(client);
    until("theirs end with them", || ended() == 5);
    server.stop();
}

#[test]
fn strangers_in_the_way() {
    let server = start();
    let address = address(&server);
    let connect = |_| std::net::TcpStream::connect(&address).expect("it is taken");
    let strangers: Vec<_> = (0..400).map(connect).collect();
    for _ in 0..3 {
        desktop(&server, &["add", "Spring", "1"], "").expect(0, &["AddRecordAcknowledge"]);
    }
    let stopping = std::time::Instant::now();
    server.stop();
    assert!(stopping.elapsed().as_secs() < 8, "{:?}", stopping.elapsed());
    drop(strangers);
}

#[test]
fn the_end_of_ocs_ends_sessions() {
    let server = start();
    let session = |hello: Value| json!({ "hello": hello, "stay": true });
    let client = Client::start(
        &server,
        &json!([session(desk()), session(script()), { "late": true }]),
    );
    client.wait_open(0);
    client.wait_open(1);
    let mut child = desktop_command(&server, &[])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ocs desktop starts");
    let stdout = Said::read(child.stdout.take().expect("its output"));
    let stderr = Said::read(child.stderr.take().expect("its complaints"));
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(b"add Spring 1\n").expect("it reads");
    stdout.wait("AddRecordAcknowledge", 1).expect("an answer");
    let stopping = std::time::Instant::now();
    server.stop();
    assert!(stopping.elapsed().as_secs() < 8, "{:?}", stopping.elapsed());
    stderr.wait("OCS is stopping", 1).expect("it is told");
    assert_eq!(child.wait().expect("its end").code(), Some(1));
    let ended = client.ended();
    for session in &ended[..2] {
        assert_eq!(session["code"], "OK", "{session}");
        assert_eq!(session["stopped"], true, "{session}");
    }
    assert_eq!(ended[2]["code"], "UNAVAILABLE", "{}", ended[2]);
}

/// An outbound port that speaks TLS, with these files.
fn tls_port(certificate: &str, key: &str, more: &str) -> String {
    format!("{OUTBOUND_PORT}{}{more}", secured(certificate, key))
}

#[test]
fn tls() {
    let ca = ["--tls-ca", "ca.pem"];
    let shown = ["--tls-certificate", "client.pem", "--tls-key", "client.key"];
    let stranger = ["--tls-ca", "client.pem"];
    for (more, arguments, status, part) in [
        ("", &ca[..], 0, "AddRecordAcknowledge"),
        ("", &[], 1, ""),
        ("", &stranger, 1, "TLS with"),
        (MUTUAL, &ca, 1, ""),
        (
            MUTUAL,
            &[ca, [shown[0], shown[1]], [shown[2], shown[3]]].concat(),
            0,
            "Acknowledge",
        ),
    ] {
        let home = home(&tls_port("server.pem", "server.key", more));
        certificates::write(&home);
        let server = home.start();
        let arguments = [arguments, &["add", "Spring", "1"]].concat();
        desktop(&server, &arguments, "").expect(status, &[part]);
        server.stop();
    }
}

/// Prints whether the certificate that is shown is that of a file.
const SHOWN: &str = "
import socket, ssl, sys
host, port = sys.argv[1].split(':')
context = ssl._create_unverified_context()
with socket.create_connection((host, int(port)), 30) as connection:
    with context.wrap_socket(connection) as stream:
        shown = stream.getpeercert(True)
text = open(sys.argv[2]).read()
print(shown == ssl.PEM_cert_to_DER_cert(text[text.index('-----BEGIN'):]))
";

/// Another certificate is shown from the reload on; one that is wrong is not taken up.
#[test]
fn another_certificate() {
    let home = home(&tls_port("server.pem", "server.key", ""));
    certificates::write(&home);
    let server = home.start();
    let shows = |certificate: &str| {
        let mut shown = python(SHOWN);
        shown
            .arg(address(&server))
            .arg(server.home.path().join(certificate));
        process::run(&mut shown).expect(0, &[]).stdout == "True\n"
    };
    let reload = |certificate: &str, key: &str| {
        let outbound = tls_port(certificate, key, "");
        let text = format!("{HTTP_PORT}{outbound}{APPLICATIONS}");
        server.home.configure(&text);
    };
    assert!(shows("server.pem"));
    reload("client.pem", "server.key");
    until("it is refused", || {
        server.log().contains("server.key does not belong to")
    });
    assert!(shows("server.pem"));
    reload("renewed.pem", "renewed.key");
    until("the other one is shown", || shows("renewed.pem"));
    let ca = ["--tls-ca", "ca.pem", "add", "Spring", "1"];
    desktop(&server, &ca, "").expect(0, &["AddRecordAcknowledge"]);
    server.stop();
}

#[test]
fn what_keeps_ocs_from_hearing_desktops() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let number = taken.local_addr().expect("its address").port();
    for (port, parts) in [
        (
            tls_port("server.pem", "client.key", ""),
            &[
                "\"outbound\"",
                "client.key does not belong to",
                "server.pem",
            ][..],
        ),
        (
            tls_port("nothing.pem", "server.key", ""),
            &["nothing.pem cannot be read"],
        ),
        (
            tls_port("server.key", "server.key", ""),
            &["server.key holds no certificate"],
        ),
        (
            tls_port("server.pem", "server.pem", ""),
            &["server.pem holds no private key"],
        ),
        (
            OUTBOUND_PORT.replace("port = 0", &format!("port = {number}")),
            &["\"outbound\"", &format!("127.0.0.1:{number}"), "in use"],
        ),
    ] {
        let home = home(&port);
        certificates::write(&home);
        home.ocs(&["run"]).expect(1, parts);
    }
    let home = home(OUTBOUND_PORT);
    std::fs::remove_file(home.path().join("desk.secret")).expect("it was there");
    home.ocs(&["run"])
        .expect(1, &["application.client \"Desk\"", "desk.secret"]);
}
