//! Certificates and keys of the tests; `tls/make.sh` made them.

use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use crate::home::Home;

const FILES: [(&str, &str); 18] = [
    ("ca.pem", include_str!("tls/ca.pem")),
    ("server.pem", include_str!("tls/server.pem")),
    ("server.key", include_str!("tls/server.key")),
    ("encrypted.key", include_str!("tls/encrypted.key")),
    ("scrypt.key", include_str!("tls/scrypt.key")),
    ("renewed.pem", include_str!("tls/renewed.pem")),
    ("renewed.key", include_str!("tls/renewed.key")),
    ("expired.pem", include_str!("tls/expired.pem")),
    ("expired.key", include_str!("tls/expired.key")),
    ("future.pem", include_str!("tls/future.pem")),
    ("future.key", include_str!("tls/future.key")),
    ("client.pem", include_str!("tls/client.pem")),
    ("client.key", include_str!("tls/client.key")),
    ("agent.pem", include_str!("tls/agent.pem")),
    ("agent.key", include_str!("tls/agent.key")),
    ("stranger.pem", include_str!("tls/stranger.pem")),
    ("stranger.key", include_str!("tls/stranger.key")),
    ("password", "open sesame\n"),
];

/// What `trusted-ca` and `mutual` are where clients must show a certificate.
pub(crate) const MUTUAL: &str = "mutual = true\ntrusted-ca = \"ca.pem\"\n";

/// The lines of a port that speaks TLS, with these files.
pub(crate) fn secured(certificate: &str, key: &str) -> String {
    format!("secured = true\ncertificate = \"{certificate}\"\ncertificate-key = \"{key}\"\n")
}

/// Writes all of them into the folder.
pub(crate) fn write(home: &Home) {
    for (name, text) in FILES {
        home.write(name, text);
    }
}

/// Parts of the server's private key as a program might show them: the lines of the
/// file, and its bytes as numbers.
pub(crate) fn of_private_key() -> impl Iterator<Item = String> {
    let text = include_str!("tls/server.key");
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).expect("a private key");
    let lines = text
        .lines()
        .filter(|line| line.len() == 64)
        .map(str::to_owned);
    let numbers = key.secret_der().chunks_exact(8).map(|bytes| {
        let numbers = format!("{bytes:?}");
        numbers.trim_matches(['[', ']']).to_owned()
    });
    lines.chain(numbers.collect::<Vec<_>>())
}
