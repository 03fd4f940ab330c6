//! Handshakes on real sockets, by the certificates of the end-to-end tests.

use std::path::{Path, PathBuf};

use ocs_protocol::outbound::{Limits, Listener, LogFile, ProxySettings, Tls};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as ClientStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../ocs/tests/e2e/tls")
        .join(name)
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(file(name)).expect("a certificate")
}

/// Settings with the port "web", which has this certificate and key; or with none of its
/// own.
fn settings(name: Option<&str>) -> Settings {
    let tls = name.map(|name| Tls {
        certificates: vec![certificate(&format!("{name}.pem")).to_vec()],
        private_key: PrivateKeyDer::from_pem_file(file(&format!("{name}.key")))
            .expect("a private key")
            .secret_der()
            .to_vec(),
        ..Tls::default()
    });
    of_port(tls)
}

/// Settings with the port "web" and its TLS.
fn of_port(tls: Option<Tls>) -> Settings {
    let listener = Listener {
        id: "web".to_owned(),
        tls,
        ..Listener::default()
    };
    let settings = Settings::read(ProxySettings {
        listeners: vec![listener],
        limits: Some(Limits::default()),
        log: Some(LogFile {
            level: "info".to_owned(),
            ..LogFile::default()
        }),
        ..ProxySettings::default()
    });
    settings.expect("they are good")
}

/// A client and the server's side of its connection, after their handshake.
async fn connect(handshake: Handshake) -> (ClientStream<TcpStream>, Transport) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut roots = RootCertStore::empty();
    roots.add(certificate("ca.pem")).expect("an authority");
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = async {
        let stream = TcpStream::connect(address).await.expect("a connection");
        let name = ServerName::try_from("localhost").expect("a name");
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, stream).await.expect("a handshake")
    };
    let server = async {
        let (stream, client) = listener.accept().await.expect("a connection");
        let agreed = handshake.agree(stream, client, Duration::from_secs(60));
        agreed.await.expect("a handshake").transport
    };
    tokio::join!(client, server)
}

fn shown_by(client: &ClientStream<TcpStream>) -> CertificateDer<'static> {
    let (_, session) = client.get_ref();
    let certificates = session.peer_certificates().expect("certificates");
    certificates[0].clone().into_owned()
}

/// Other settings bring another certificate for who comes next; who is there goes on.
#[tokio::test]
async fn a_new_certificate_drops_no_connection() {
    let first = settings(Some("server"));
    let mut port = Secured::of("web", &first).expect("it is secured");
    let (mut client, mut server) = connect(port.handshake(&first)).await;
    assert_eq!(shown_by(&client), certificate("server.pem"));
    // A port that the settings do not know any more, or not as a secured one, keeps what
    // it has.
    for (now, shown) in [
        (Some("renewed"), "renewed.pem"),
        (None, "renewed.pem"),
        (Some("server"), "server.pem"),
    ] {
        let (other, _) = connect(port.handshake(&settings(now))).await;
        assert_eq!(shown_by(&other), certificate(shown), "{now:?}");
        let mut heard = [0; 4];
        client.write_all(b"ping").await.expect("it is sent");
        server.read_exact(&mut heard).await.expect("it is heard");
        assert_eq!(&heard, b"ping");
        server.write_all(b"pong").await.expect("it is sent");
        server.flush().await.expect("it is sent");
        client.read_exact(&mut heard).await.expect("it is heard");
        assert_eq!(&heard, b"pong");
    }
    assert!(Secured::of("other", &first).is_none());
}

/// Whom an authority has vouched for is trusted while the authority is.
#[test]
fn withdrawn_authorities() {
    let trusting = |authority: Option<&str>| {
        let tls = authority.map(|authority| Tls {
            certificates: vec![certificate("server.pem").to_vec()],
            private_key: PrivateKeyDer::from_pem_file(file("server.key"))
                .expect("a private key")
                .secret_der()
                .to_vec(),
            mutual: true,
            authorities: vec![certificate(authority).to_vec()],
        });
        of_port(tls)
    };
    let shown = |name: &str| Shown {
        port: "web".into(),
        certificates: vec![certificate(name)],
    };
    for (authority, name, right) in [
        (Some("ca.pem"), "client.pem", true),
        (Some("ca.pem"), "stranger.pem", false),
        (Some("stranger.pem"), "client.pem", false),
        // A port that is not known keeps whom it has let in.
        (None, "client.pem", true),
    ] {
        let is_trusted = shown(name).is_trusted(&trusting(authority));
        assert_eq!(is_trusted, right, "{name} by {authority:?}");
    }
}

#[test]
fn keys_are_taken_out_of_the_listeners() {
    let settings = settings(Some("server"));
    // That TLS is spoken, OCS is told; by what, it knows.
    assert_eq!(settings.listeners[0].tls, Some(Tls::default()));
}

#[test]
fn subjects() {
    for (name, subject) in [
        ("client.pem", "CN=client"),
        (
            "agent.pem",
            r#"emailAddress=ann@example.com,CN=Müller \"Ann\",OU=a\+b,O=Beispiel\, Söhne & Co.,C=DE"#,
        ),
    ] {
        let found = subject::subject(&certificate(name));
        assert_eq!(found.as_deref(), Some(subject), "{name}");
    }
}
