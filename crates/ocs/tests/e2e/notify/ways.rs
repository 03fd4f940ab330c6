//! How messages travel: TLS, certificates, an HTTP proxy, signatures, encodings, and
//! connections that are used again.

use std::collections::BTreeSet;
use std::sync::Arc;

use ring::hmac;
use serde_json::json;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::receiver::{Act, Receiver};
use super::{call, home, reports_to, whole_and_in_order};
use crate::campaigns::{CALLING, running_of};
use crate::certificates;
use crate::home::Home;
use crate::process::until;

/// TLS of a web server with a certificate of the tests, by name; with `mutual`, for clients
/// that show one of theirs.
pub(crate) fn tls(home: &Home, name: &str, mutual: bool) -> ServerConfig {
    let provider = Arc::new(default_provider());
    let certificates = |file: &str| {
        let text = home.read(file);
        let read = CertificateDer::pem_slice_iter(text.as_bytes());
        read.collect::<Result<Vec<_>, _>>().expect("certificates")
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions");
    let builder = if mutual {
        let mut roots = RootCertStore::empty();
        for authority in certificates("ca.pem") {
            roots.add(authority).expect("an authority");
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
    } else {
        builder.with_no_client_auth()
    };
    let key = home.read(&format!("{name}.key"));
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    builder
        .with_single_cert(certificates(&format!("{name}.pem")), key)
        .expect("certificate and key")
}

const TRUSTED: &str = "notification-trusted-ca = \"ca.pem\"";
const SHOWN: &str = "notification-certificate = \"client.pem\"\n\
                     notification-certificate-key = \"client.key\"";

/// A web server's certificate, whether it asks for one, what OCS is told, and what it says
/// where the message cannot be sent.
#[test]
fn certificates_are_judged() {
    for (certificate, mutual, options, wrong) in [
        ("server", false, TRUSTED.to_owned(), None),
        ("server", true, format!("{TRUSTED}\n{SHOWN}"), None),
        ("server", true, TRUSTED.to_owned(), Some("")),
        ("expired", false, TRUSTED.to_owned(), Some("no TLS with it")),
        (
            "stranger",
            false,
            TRUSTED.to_owned(),
            Some("no TLS with it"),
        ),
    ] {
        let home = home("");
        certificates::write(&home);
        let receiver = Receiver::secured(tls(&home, certificate, mutual), |_, _| Act::ok());
        let options = format!("{options}\n{}", reports_to(&receiver.uri("/")));
        super::configure(&home, &options);
        let server = running_of(home, &[CALLING]);
        call(&server, "+16505550100", "Answer");
        match wrong {
            None => whole_and_in_order(&receiver.wait(2), 1),
            Some(said) => {
                until("the log says what is wrong", || {
                    let log = server.log();
                    log.contains("a web server fails") && log.contains(said)
                });
                assert!(receiver.heard().is_empty(), "{certificate}");
            }
        }
    }
}

/// Through an HTTP proxy: plain messages by their whole address, others through a tunnel.
#[test]
fn through_an_http_proxy() {
    for secured in [false, true] {
        let home = home("");
        certificates::write(&home);
        let receiver = match secured {
            true => Receiver::secured(tls(&home, "server", false), |_, _| Act::ok()),
            false => Receiver::start(|_, _| Act::ok()),
        };
        let proxy = Receiver::start(|_, _| Act::ok());
        let options = format!(
            "notification-proxy = \"http://127.0.0.1:{}\"\n{TRUSTED}\n{}",
            proxy.port(),
            reports_to(&receiver.uri("/reports?x=1"))
        );
        super::configure(&home, &options);
        let server = running_of(home, &[CALLING]);
        call(&server, "+16505550100", "Answer");
        let host = format!("localhost:{}", receiver.port());
        if secured {
            whole_and_in_order(&receiver.wait(2), 1);
            assert_eq!(proxy.heard()[0].line, format!("CONNECT {host}"));
        } else {
            let heard = proxy.wait(2);
            whole_and_in_order(&heard, 1);
            assert_eq!(heard[0].line, format!("POST http://{host}/reports?x=1"));
            assert_eq!(heard[0].header("host"), Some(host.as_str()));
        }
    }
}

/// Who knows the key can tell that a message is OCS's; nobody finds the key in a log.
#[test]
fn signed() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let options = format!(
        "notification-signing-key = {{ file = \"signing.key\" }}\n{}",
        reports_to(&receiver.uri("/"))
    );
    let home = home(&options);
    home.write("signing.key", "open sesame, web server\n");
    let server = running_of(home, &[CALLING]);
    call(&server, "+16505550100", "Answer");
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"open sesame, web server");
    for heard in receiver.wait(2) {
        let header = |name| heard.header(name).expect("a header").to_owned();
        let (id, at) = (header("ocs-message-id"), header("ocs-timestamp"));
        let signature = header("ocs-signature");
        let hex = signature.strip_prefix("v1=").expect("version 1");
        let bytes: Vec<u8> = (0..hex.len() / 2)
            .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hexadecimal"))
            .collect();
        let signed = [format!("{id}.{at}.").as_bytes(), &heard.body].concat();
        hmac::verify(&key, &signed, &bytes).expect("it is signed");
    }
    assert!(!(server.log() + &server.proxy_log()).contains("sesame"));
}

/// A key, a certificate or an authority that is no good: OCS does not start, and says why.
#[test]
fn what_is_no_good() {
    for (options, said) in [
        (
            "notification-signing-key = { file = \"none\" }",
            "options.OCServer.notification-signing-key: secret file",
        ),
        (
            "notification-trusted-ca = \"none.pem\"",
            "options.OCServer.notification-trusted-ca:",
        ),
        (
            "notification-certificate = \"client.pem\"\nnotification-certificate-key = \"agent.key\"",
            "options.OCServer.notification-certificate:",
        ),
        (
            "notification-certificate = \"client.pem\"",
            "it needs notification-certificate-key beside it",
        ),
        (
            "notification-proxy = \"https://proxy:3128\"",
            "an HTTP proxy is named by http://host:port",
        ),
    ] {
        let home = home(options);
        certificates::write(&home);
        let ran = home.ocs(&["run"]);
        assert!(ran.status.is_some_and(|status| status > 0), "{ran:?}");
        assert!(ran.stderr.contains(said), "{said}: {ran:#?}");
    }
}

/// `encoding` is that of messages too, and named.
#[test]
fn encoded() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let options = format!(
        "encoding = \"850\"\ncontact-processed-notification = true\n\
         contact-processed-notification-uri = \"{}\"",
        receiver.uri("/")
    );
    let server = running_of(home(&options), &[CALLING]);
    let record = json!({ "GSW_PHONE": "+16505550100", "client-id": "L\u{fc}d\u{20ac}" });
    let utf_8 = [("Content-Type", "application/json; charset=utf-8")];
    let added = server.request(
        "POST",
        "/lists/Calls?req=AddRecord",
        &utf_8,
        record.to_string().as_bytes(),
    );
    // The reply is in the code page too, and no JSON to those who read UTF-8.
    assert_eq!(added.status, 200);
    let handle = json!(1);
    server
        .on(&handle, "RequestRecordCancel", &json!({}))
        .expect(200);
    let heard = receiver.wait(1).remove(0);
    assert_eq!(
        heard.header("content-type"),
        Some("application/json; charset=cp850")
    );
    let found = heard
        .body
        .windows(10)
        .any(|part| part == b"L\x81d\\u20ac\"");
    assert!(found, "{}", heard.body.escape_ascii());
}

/// Connections are used again, and are as many as the option says at most.
#[test]
fn connections_are_used_again() {
    let receiver = Receiver::start(|_, _| Act::ok());
    let options = format!(
        "http-connection-pool-size = 2\n{}",
        reports_to(&receiver.uri("/"))
    );
    let server = running_of(home(&options), &[CALLING]);
    for number in 0..20 {
        call(&server, &format!("+165055501{number:02}"), "Answer");
    }
    let heard = receiver.wait(40);
    whole_and_in_order(&heard, 20);
    let connections: BTreeSet<_> = heard.iter().map(|one| one.connection).collect();
    assert!(connections.len() <= 2, "{connections:?}");
}
