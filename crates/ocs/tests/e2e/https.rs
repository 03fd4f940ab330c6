//! HTTPS: HTTP over TLS 1.2 and 1.3, spoken by programs that nobody here wrote
//! (http-interface.md, section 1; configuration.md, sections 1 and 3).

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use rustix::process::Signal;

use crate::certificates::{self, MUTUAL, secured};
use crate::home::{HTTP_PORT, Home, OBJECTS};
use crate::process::{Ended, PATIENCE, run, signal, until};
use crate::program::python;
use crate::server::{ADD, Server};

const RECORD: &str = r#"{"GSW_PHONE": "+16505550123"}"#;

/// A folder with one HTTP port that has these lines besides.
fn home(lines: &str) -> Home {
    home_with(lines, "")
}

/// The same with lines of `[options.OCServer]`.
fn home_with(port: &str, options: &str) -> Home {
    let home = Home::empty();
    certificates::write(&home);
    home.configure(&format!("{HTTP_PORT}{port}"));
    let text = home.read("ocs.toml");
    let section = "[options.OCServer]\n";
    home.write(
        "ocs.toml",
        text.replace(section, &format!("{section}{options}")),
    );
    home.apply(OBJECTS);
    home
}

/// curl on AddRecord, with these arguments; the folder's authority is trusted.
fn curl(server: &Server, arguments: &[&str]) -> Ended {
    let mut curl = Command::new("curl");
    curl.current_dir(server.home.path())
        .args(["--silent", "--show-error", "--max-time", "30"])
        .args(["--cacert", "ca.pem", "--data", RECORD])
        .args(arguments);
    run(curl.arg(server.url(ADD)))
}

const REQUESTS: &str = r#"
import requests, sys
url, *files = sys.argv[1:]
cert = tuple(files) or None
reply = requests.post(url, data='{"GSW_PHONE": "1"}', verify="ca.pem", cert=cert, timeout=30)
print(reply.status_code, reply.text)
"#;

const FETCH: &str = r#"
const reply = await fetch(process.argv[1], { method: "POST", body: '{"GSW_PHONE": "1"}' });
console.log(reply.status, await reply.text());
"#;

/// Node's fetch shows no certificates; its `https` does.
const HTTPS: &str = r#"
import { readFileSync as read } from "node:fs";
import { request } from "node:https";
const [url, cert, key] = process.argv.slice(1);
const options = { method: "POST", cert: read(cert), key: read(key) };
const asked = request(url, options, async (reply) => {
    let text = "";
    for await (const piece of reply) text += piece;
    console.log(reply.statusCode, text);
});
asked.end('{"GSW_PHONE": "1"}');
"#;

fn requests(server: &Server, files: &[&str]) -> Ended {
    let mut python = python(REQUESTS);
    python.current_dir(server.home.path());
    run(python.arg(server.url(ADD)).args(files))
}

fn node(server: &Server, script: &str, options: &[&str], files: &[&str]) -> Ended {
    let mut node = Command::new("node");
    node.current_dir(server.home.path())
        .env("NODE_EXTRA_CA_CERTS", "ca.pem")
        .args(options)
        .args(["--input-type=module", "--eval", script, "--"]);
    run(node.arg(server.url(ADD)).args(files))
}

/// Waits for a line in HTTP Proxy's log with all of these parts.
#[track_caller]
fn until_logged(server: &Server, parts: &[&str]) {
    until(&format!("{parts:?} in the log"), || {
        let log = server.proxy_log();
        log.lines()
            .any(|line| parts.iter().all(|part| line.contains(part)))
    });
}

#[test]
fn clients_speak_it() {
    let server = home(&secured("server.pem", "server.key")).start();
    let base = server.base();
    assert!(base.starts_with("https://127.0.0.1:"), "{base}");
    let listens = format!("HTTP Proxy listens on {base}");
    until_logged(&server, &[&listens]);
    until("it is in OCS's log", || server.log().contains(&listens));
    let uri = format!(r#""GSW_RECORD_URI":"{base}/records/"#);
    for ended in [
        curl(&server, &["--tlsv1.2", "--tls-max", "1.2"]),
        curl(&server, &["--tlsv1.3"]),
        // HTTP/2 is offered beside it, and not chosen.
        curl(&server, &["--http2", "--write-out", "HTTP/%{http_version}"]),
        requests(&server, &[]),
        node(&server, FETCH, &["--tls-max-v1.2"], &[]),
        node(&server, FETCH, &["--tls-min-v1.3"], &[]),
    ] {
        ended.expect(0, &["AddRecordAcknowledge", &uri]);
    }
    let added = curl(&server, &["--http2", "--write-out", "HTTP/%{http_version}"]);
    added.expect(0, &["HTTP/1.1"]);
    // Several requests on one connection.
    let many = curl(
        &server,
        &[&server.url(ADD), "--write-out", "\n%{num_connects}"],
    );
    many.expect(0, &["\n1", "\n0"]);
    // Whoever does not trust the authority, and whoever asks for former versions.
    for (arguments, status) in [
        (&["--cacert", "stranger.pem"][..], 60),
        (
            &[
                "--tlsv1.0",
                "--tls-max",
                "1.1",
                "--ciphers",
                "ALL:@SECLEVEL=0",
            ],
            35,
        ),
    ] {
        curl(&server, arguments).expect(status, &[]);
    }
    server.stop();
}

#[test]
fn private_keys_with_a_password() {
    for key in ["encrypted.key", "scrypt.key"] {
        let password = "certificate-key-password = { file = \"password\" }\n";
        let home = home(&(secured("server.pem", key) + password));
        home.ocs(&["check-config"]).expect(0, &["good"]);
        let server = home.start();
        curl(&server, &[]).expect(0, &["AddRecordAcknowledge"]);
        server.stop();
    }
}

#[test]
fn client_certificates() {
    let server = home(&(secured("server.pem", "server.key") + MUTUAL)).start();
    let [old, new] = [&["--tls-max", "1.2"][..], &["--tlsv1.3"]];
    let agent =
        r#"emailAddress=ann@example.com,CN=Müller \"Ann\",OU=a\+b,O=Beispiel\, Söhne & Co.,C=DE"#;
    for version in [old, new] {
        for (name, subject) in [("client", "CN=client"), ("agent", agent)] {
            let files = [format!("{name}.pem"), format!("{name}.key")];
            let shown = ["--cert", &files[0], "--key", &files[1]];
            curl(&server, &[version, &shown].concat()).expect(0, &["AddRecordAcknowledge"]);
            // As the log quotes it.
            let quoted = subject.replace('\\', "\\\\").replace('"', "\\\"");
            until_logged(&server, &["certificate=", &quoted]);
        }
        for (shown, reason) in [
            (&[][..], "it showed no certificate"),
            (
                &["--cert", "stranger.pem", "--key", "stranger.key"],
                "its certificate is refused: BadSignature",
            ),
            (
                &["--cert", "expired.pem", "--key", "expired.key"],
                "its certificate is refused: certificate expired",
            ),
        ] {
            let refused = curl(&server, &[version, shown].concat());
            // Before or after the client thinks that all is said; 60 and 98 are words for
            // the certificate that has expired, and for the one that was not shown.
            let status = refused.status;
            assert!(matches!(status, Some(35 | 56 | 60 | 98)), "{refused:?}");
            assert_eq!(refused.stdout, "", "{refused:?}");
            until_logged(&server, &["127.0.0.1:", reason]);
        }
    }
    let files = ["client.pem", "client.key"];
    requests(&server, &files).expect(0, &["200", "AddRecordAcknowledge"]);
    requests(&server, &[]).expect(1, &["SSLError"]);
    node(&server, HTTPS, &[], &files).expect(0, &["200", "AddRecordAcknowledge"]);
    server.stop();
}

#[test]
fn what_is_no_tls_is_closed() {
    let options = "http-header-timeout = \"1s\"\n";
    let server = home_with(&secured("server.pem", "server.key"), options).start();
    let address = server.base().replace("https://", "");
    let open = || {
        let stream = TcpStream::connect(&address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        stream
    };
    // The beginning of a ClientHello, of which nothing more comes.
    let half_open: Vec<_> = (0..30)
        .map(|_| {
            let mut stream = open();
            stream.write_all(&[22, 3, 1, 2, 0, 1]).expect("it is sent");
            stream
        })
        .collect();
    for (sent, reason) in [
        (
            &b"GET /lists HTTP/1.1\r\nHost: a\r\n\r\n"[..],
            "what came is not TLS; plain HTTP is not spoken on this port",
        ),
        (b"\0\x01\x02\xFFrandom bytes", "what came is not TLS"),
        (
            &[22, 3, 1, 0, 4, 99, 0, 0, 0],
            "TLS was not agreed on: received",
        ),
    ] {
        let mut stream = open();
        stream.write_all(sent).expect("it is sent");
        let client = stream.local_addr().expect("an address").to_string();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).expect("the end");
        // An alert of TLS at most, and no reply.
        assert!(heard.len() <= 7, "{heard:?}");
        until_logged(&server, &[&client, reason]);
    }
    // Meanwhile everybody else is served.
    curl(&server, &[]).expect(0, &["AddRecordAcknowledge"]);
    for mut stream in half_open {
        assert_eq!(stream.read(&mut [0]).expect("the end"), 0);
    }
    until_logged(&server, &["it did not say enough in time"]);
    until_logged(&server, &["TLS was not agreed on with", "more clients"]);
    let lines = server.proxy_log();
    let said = lines.lines().filter(|line| line.contains("was not agreed"));
    assert!(said.count() < 30, "{lines}");
    server.stop();
}

#[test]
fn what_keeps_it_from_being_spoken() {
    let stranger = "[[server-info.port]]\nid = \"desks\"\nport = 0\n\
                    connection-protocol = \"outbound\"\n";
    for (lines, parts) in [
        (
            secured("server.pem", "client.key"),
            &["\"http\"", "client.key does not belong to", "server.pem"][..],
        ),
        (
            secured("expired.pem", "expired.key"),
            &["certificate: ", "expired.pem has expired at 2021-01-01"],
        ),
        (
            secured("future.pem", "future.key"),
            &["certificate: ", "future.pem is not valid before 2120"],
        ),
        (
            secured("server.pem", "encrypted.key"),
            &["certificate-key-password: ", "encrypted.key has a password"],
        ),
        (
            secured("server.pem", "encrypted.key") + "certificate-key-password = \"wrong one\"\n",
            &[
                "certificate-key-password: this is not the password",
                "encrypted.key",
            ],
        ),
        (
            secured("server.pem", "server.key") + "mutual = true\ntrusted-ca = \"none.pem\"\n",
            &["trusted-ca: ", "none.pem cannot be read: No such file"],
        ),
        // All of it at once, and that of outbound ports alike.
        (
            secured("none.pem", "server.key") + stranger + &secured("server.key", "server.key"),
            &[
                "\"http\"",
                "none.pem cannot be read",
                "\"desks\"",
                "server.key holds no certificate",
            ],
        ),
    ] {
        let home = Home::empty();
        certificates::write(&home);
        home.configure(&format!("{HTTP_PORT}{lines}"));
        home.ocs(&["check-config"]).expect(2, parts);
        let ended = home.ocs(&["run"]);
        ended.expect(1, parts);
        assert!(!ended.stderr.contains("wrong one"), "{ended:?}");
        assert!(!home.path().join("data").exists(), "it opened the store");
    }
}

/// The certificate's subject that curl sees.
fn seen(server: &Server) -> String {
    let seen = curl(server, &["--write-out", "%{certs}"]);
    seen.expect(0, &["AddRecordAcknowledge"]);
    let subject = seen.stdout.lines().find_map(|line| {
        let (_, rest) = line.split_once("Subject:")?;
        Some(rest.replace(' ', ""))
    });
    subject.expect("a subject")
}

/// Every HTTP Proxy gets what the files hold when it starts; where they have become bad,
/// what they held before.
#[test]
fn the_next_http_proxy_has_the_new_certificate() {
    let server = home(&secured("server.pem", "server.key")).start();
    assert_eq!(seen(&server), "CN=server");
    let copy = |from: &str, to: &str| {
        server.home.write(to, server.home.read(from));
    };
    for (nth, (name, subject)) in [("expired", "CN=server"), ("renewed", "CN=renewed")]
        .into_iter()
        .enumerate()
    {
        copy(&format!("{name}.pem"), "server.pem");
        copy(&format!("{name}.key"), "server.key");
        signal(server.proxy_id(), Signal::KILL);
        server.wait_for_proxy(nth + 2);
        assert_eq!(seen(&server), subject, "{name}");
    }
    let log = server.stop().read("logs/ocs.log");
    assert!(log.contains("the former certificate stays"), "{log}");
    assert!(log.contains("a new certificate is taken up"), "{log}");
}

/// However much is logged: no private key, and no password.
#[test]
fn secrets_are_in_no_log() {
    let password = "certificate-key-password = { file = \"password\" }\n";
    let lines = secured("server.pem", "encrypted.key") + MUTUAL + password;
    let home = home(&(lines + "[log]\nlevel = \"trace\"\n"));
    let server = home.start();
    curl(&server, &["--cert", "agent.pem", "--key", "agent.key"]).expect(0, &[]);
    curl(&server, &[]);
    let said = [server.stdout.lines(), server.stderr.lines()].concat();
    let home = server.stop();
    let logs = home.read("logs/ocs.log") + &home.read("logs/ocs_HTTPPRX.log") + &said.join("\n");
    assert!(logs.contains("CN=Müller"), "{logs}");
    let password = ["sesame".to_owned()];
    for secret in certificates::of_private_key().chain(password) {
        assert!(!logs.contains(&secret), "{secret}");
    }
}

/// Asks on one connection again and again, until new ones are shown the certificate of a
/// file; then once more on the first.
const THROUGH_A_RELOAD: &str = r#"
import http.client, socket, ssl, sys, time
host, port, certificate = sys.argv[1:]
text = open(certificate).read()
renewed = ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN"):])
trusting = ssl.create_default_context(cafile="ca.pem")
first = http.client.HTTPSConnection(host, int(port), timeout=30, context=trusting)

def ask():
    first.request("GET", "/lists")
    reply = first.getresponse()
    reply.read()
    return reply.status

ask()
opened = first.sock
print("connected", flush=True)
deadline = time.monotonic() + 30
while True:
    assert ask() == 200
    with socket.create_connection((host, int(port)), 30) as connection:
        with trusting.wrap_socket(connection, server_hostname=host) as stream:
            if stream.getpeercert(True) == renewed:
                break
    assert time.monotonic() < deadline, "the former certificate is still shown"
assert ask() == 200
assert first.sock is opened, "the first connection was not kept"
print("kept")
"#;

#[test]
fn a_reload_renews_the_certificate_and_keeps_connections() {
    let server = home(&secured("server.pem", "server.key")).start();
    let base = server.base();
    let (host, port) = base
        .strip_prefix("https://")
        .and_then(|address| address.split_once(':'))
        .expect("host and port");
    let mut asking = python(THROUGH_A_RELOAD);
    asking
        .current_dir(server.home.path())
        .args([host, port, "renewed.pem"])
        .stdout(std::process::Stdio::piped());
    let mut asking = asking.spawn().expect("python");
    let mut said = BufReader::new(asking.stdout.take().expect("its output")).lines();
    let mut line = || said.next().and_then(Result::ok).unwrap_or_default();
    assert_eq!(line(), "connected");
    // The files' names stay; only what is in them is renewed.
    for (from, to) in [("renewed.pem", "server.pem"), ("renewed.key", "server.key")] {
        server.home.write(to, server.home.read(from));
    }
    signal(server.id(), Signal::HUP);
    assert_eq!(line(), "kept");
    assert!(asking.wait().expect("its end").success());
    server.stop();
}

/// Asks on a connection with a certificate and on one whose certificate another authority
/// vouched for, until only that authority is trusted.
const THROUGH_A_WITHDRAWAL: &str = r#"
import http.client, ssl, sys, time
host, port = sys.argv[1:]
trusting = ssl.create_default_context(cafile="ca.pem")
trusting.load_cert_chain("client.pem", "client.key")
connection = http.client.HTTPSConnection(host, int(port), timeout=30, context=trusting)

def ask():
    connection.request("GET", "/lists")
    reply = connection.getresponse()
    reply.read()
    return reply

assert ask().status == 200
opened = connection.sock
print("connected", flush=True)
# A client of http.client connects anew where the other end has closed: that fails now.
deadline = time.monotonic() + 30
try:
    while time.monotonic() < deadline:
        assert ask().status == 200
        time.sleep(0.01)
    print("still heard")
except (ssl.SSLError, ConnectionError, http.client.HTTPException) as refused:
    print("refused")
"#;

/// Whom an authority has vouched for that is not trusted any more is not heard any more,
/// also where he was connected before.
#[test]
fn a_withdrawn_authority() {
    let server = home(&(secured("server.pem", "server.key") + MUTUAL)).start();
    let base = server.base();
    let (host, port) = base
        .strip_prefix("https://")
        .and_then(|address| address.split_once(':'))
        .expect("host and port");
    let mut asking = python(THROUGH_A_WITHDRAWAL);
    asking
        .current_dir(server.home.path())
        .args([host, port])
        .stdout(std::process::Stdio::piped());
    let mut asking = asking.spawn().expect("python");
    let mut said = BufReader::new(asking.stdout.take().expect("its output")).lines();
    let mut line = || said.next().and_then(Result::ok).unwrap_or_default();
    assert_eq!(line(), "connected");
    let text = server.home.read("ocs.toml");
    let stranger = text.replace("trusted-ca = \"ca.pem\"", "trusted-ca = \"stranger.pem\"");
    assert_ne!(stranger, text);
    server.home.write("ocs.toml", stranger);
    signal(server.id(), Signal::HUP);
    assert_eq!(line(), "refused");
    assert!(asking.wait().expect("its end").success());
    server.stop();
}

/// Whoever a certificate names has the rights of its rule; a trusted certificate that no
/// rule names is no credential.
#[test]
fn rights_by_certificate() {
    let rule = |subject: &str, rights: &str| {
        format!("[[access.certificate]]\nsubject = '{subject}'\nrights = [{rights}]\n")
    };
    let agent =
        r#"emailAddress=ann@example.com,CN=Müller \"Ann\",OU=a\+b,O=Beispiel\, Söhne & Co.,C=DE"#;
    for (rules, name, status) in [
        (rule("CN=client", r#""add""#), "client", "200"),
        (rule("CN=client", r#""read""#), "client", "403"),
        (rule("CN=client", r#""add""#), "agent", "401"),
        (rule(agent, r#""add""#), "agent", "200"),
    ] {
        let home = home(&(secured("server.pem", "server.key") + MUTUAL));
        let text = home.read("ocs.toml");
        home.write("ocs.toml", text + &rules);
        let server = home.start();
        let files = [format!("{name}.pem"), format!("{name}.key")];
        let shown = ["--cert", &files[0], "--key", &files[1]];
        let code = ["--write-out", "%{http_code}"];
        curl(&server, &[&shown[..], &code].concat()).expect(0, &[status]);
        server.stop();
    }
}
