use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

/// A moment at which the certificates of the tests are valid.
const NOW: &str = "2026-11-25T00:00:00Z";

fn at(moment: &str) -> Timestamp {
    moment.parse().expect("a moment")
}

/// The files of the end-to-end tests.
fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ocs/tests/e2e/tls")
}

/// A folder with all files of TLS, and others that are wrong.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for file in fs::read_dir(files()).expect("the files").flatten() {
        fs::copy(file.path(), folder.path().join(file.file_name())).expect("a copy");
    }
    let text = |name: &str| fs::read_to_string(files().join(name)).expect("a file");
    for (name, text) in [
        ("password", "open sesame\n".to_owned()),
        ("wrong", "sesame open\n".to_owned()),
        ("empty", String::new()),
        ("text", "no certificate\n".to_owned()),
        ("both.pem", text("server.pem") + &text("encrypted.key")),
        ("old-chain.pem", text("server.pem") + &text("expired.pem")),
        ("cut.key", text("server.key")[..150].to_owned()),
        ("cut.pem", text("server.pem")[..150].to_owned()),
        (
            "nonsense.pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
        ),
        (
            "nonsense.key",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(),
        ),
    ] {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

/// A secured HTTP port with these files, and more of its keys.
fn config(folder: &Path, certificate: &str, key: &str, more: &str) -> Config {
    let file = folder.join("ocs.toml");
    let text = format!(
        "[[server-info.port]]\nid = \"web\"\nport = 0\nsecured = true\n\
         certificate = \"{certificate}\"\ncertificate-key = \"{key}\"\n{more}\n"
    );
    fs::write(&file, text).expect("a file");
    ocs_config::load(Some(&file), std::iter::empty()).expect("a configuration")
}

const PASSWORD: &str = "certificate-key-password = { file = \"password\" }";

#[test]
fn what_can_be_spoken() {
    let folder = folder();
    for (certificate, key, more) in [
        ("server.pem", "server.key", ""),
        // An RSA key in PKCS#1.
        ("renewed.pem", "renewed.key", ""),
        ("server.pem", "encrypted.key", PASSWORD),
        ("server.pem", "scrypt.key", PASSWORD),
        ("both.pem", "both.pem", PASSWORD),
        // A password that is not needed does no harm.
        ("server.pem", "server.key", PASSWORD),
        (
            "server.pem",
            "server.key",
            "mutual = true\ntrusted-ca = \"ca.pem\"",
        ),
    ] {
        let config = config(folder.path(), certificate, key, more);
        let checked = check_tls(&config, at(NOW)).map_err(|problems| problems.to_string());
        assert_eq!(checked, Ok(Vec::new()), "{certificate}, {key}, {more}");
    }
}

#[test]
fn what_cannot_be_spoken() {
    let folder = folder();
    let wrong = "certificate-key-password = { file = \"wrong\" }";
    for (certificate, key, more, sentence) in [
        (
            "nothing.pem",
            "server.key",
            "",
            "certificate: /nothing.pem cannot be read: No such file or directory (os error 2)",
        ),
        (
            "server.pem",
            "nothing.key",
            "",
            "certificate-key: /nothing.key cannot be read: No such file or directory (os error 2)",
        ),
        (
            ".",
            "server.key",
            "",
            "certificate: / cannot be read: Is a directory (os error 21)",
        ),
        (
            "empty",
            "server.key",
            "",
            "certificate: /empty holds no certificate in PEM",
        ),
        (
            "server.key",
            "server.key",
            "",
            "certificate: /server.key holds no certificate in PEM",
        ),
        (
            "server.pem",
            "text",
            "",
            "certificate-key: /text holds no private key in PEM",
        ),
        (
            "cut.pem",
            "server.key",
            "",
            "certificate: /cut.pem holds no certificate in PEM that can be read: ",
        ),
        (
            "server.pem",
            "cut.key",
            "",
            "certificate-key: /cut.key holds no private key in PEM that can be read: ",
        ),
        (
            "nonsense.pem",
            "server.key",
            "",
            "certificate: the certificate /nonsense.pem cannot be read: ",
        ),
        (
            "server.pem",
            "nonsense.key",
            "",
            "certificate-key: /nonsense.key: the private key is none that can be used: RSA, ECDSA or Ed25519 would be right",
        ),
        (
            "server.pem",
            "client.key",
            "",
            "certificate-key: the private key /client.key does not belong to the certificate /server.pem",
        ),
        (
            "expired.pem",
            "expired.key",
            "",
            "certificate: the certificate /expired.pem has expired at 2021-01-01T00:00:00Z; renew it",
        ),
        (
            "old-chain.pem",
            "server.key",
            "",
            "certificate: certificate 2 in /old-chain.pem has expired at 2021-01-01T00:00:00Z; renew it",
        ),
        (
            "future.pem",
            "future.key",
            "",
            "certificate: the certificate /future.pem is not valid before 2120-01-01T00:00:00Z, and it is 2026-11-25T00:00:00Z; check the clock, or use one that is valid now",
        ),
        (
            "server.pem",
            "encrypted.key",
            "",
            "certificate-key-password: the private key /encrypted.key has a password, and none is given",
        ),
        (
            "server.pem",
            "encrypted.key",
            wrong,
            "certificate-key-password: this is not the password of the private key /encrypted.key",
        ),
        (
            "server.pem",
            "scrypt.key",
            wrong,
            "certificate-key-password: this is not the password of the private key /scrypt.key",
        ),
        (
            "server.pem",
            "encrypted.key",
            "certificate-key-password = { file = \"nowhere\" }",
            "certificate-key-password: secret file /nowhere: No such file or directory (os error 2)",
        ),
        (
            "server.pem",
            "des3.key",
            PASSWORD,
            "certificate-key: the private key /des3.key is encrypted in a way that is not known (",
        ),
        (
            "server.pem",
            "former.key",
            PASSWORD,
            "certificate-key: the private key /former.key is encrypted in a way of former times; write it anew: openssl pkcs8 -topk8 -in /former.key -out FILE",
        ),
        (
            "server.pem",
            "server.key",
            "mutual = true\ntrusted-ca = \"text\"",
            "trusted-ca: /text holds no certificate in PEM",
        ),
        (
            "server.pem",
            "server.key",
            "mutual = true\ntrusted-ca = \"nonsense.pem\"",
            "trusted-ca: /nonsense.pem: a certificate of no authority: ",
        ),
    ] {
        let config = config(folder.path(), certificate, key, more);
        let problems = check_tls(&config, at(NOW)).expect_err(sentence).to_string();
        let shown = problems.replace(&format!("{}/", folder.path().display()), "/");
        let shown = shown.replace("/. ", "/ ");
        let sentence = format!("the port \"web\" cannot speak TLS: {sentence}");
        assert!(shown.starts_with(&sentence), "{shown}\n{sentence}");
        // What only begins so says what a library found.
        let whole = shown == sentence || sentence.ends_with([' ', '(']);
        assert!(whole, "{shown}\n{sentence}");
        assert!(!shown.contains("sesame"), "{shown}");
    }
}

#[test]
fn what_expires_is_said() {
    let folder = folder();
    let config = config(folder.path(), "server.pem", "server.key", "");
    let file = folder.path().join("server.pem");
    let soon = format!(
        "the certificate {} of the port \"web\" expires at 2126-01-01T00:00:00Z; renew it before",
        file.display()
    );
    for (now, said) in [
        ("2125-12-17T23:59:59Z", None),
        ("2125-12-18T00:00:01Z", Some(&soon)),
        ("2125-12-31T23:59:59Z", Some(&soon)),
    ] {
        let warnings = check_tls(&config, at(now)).expect("it is valid");
        assert_eq!(warnings.first(), said, "{now}");
    }
    check_tls(&config, at("2126-01-01T00:00:01Z")).expect_err("it has expired");
    // One that expires while OCS runs stays, and is said to have expired.
    let by_port = read(&config, at(NOW)).expect("it is valid");
    let warnings = expiring(&by_port, at("2126-01-01T00:00:01Z"));
    assert!(
        warnings[0].ends_with("clients refuse it; renew it"),
        "{warnings:?}"
    );
}

#[test]
fn files_are_read_again() {
    let folder = folder();
    let config = config(folder.path(), "server.pem", "server.key", "");
    let clock: Clock = Arc::new(|| at(NOW));
    let identities = Identities::read(&config, clock).expect("they are good");
    let port = config.server_info.http_ports().next().expect("a port");
    let certificate = || {
        identities
            .of_http_port(port)
            .expect("it is secured")
            .certificates
    };
    let (first, bytes) = (certificate(), |name: &str| {
        file::certificates(&files().join(name)).expect("a certificate")
    });
    assert_eq!(first, bytes("server.pem"));
    let put = |certificate: &str, key: &str| {
        for (from, to) in [(certificate, "server.pem"), (key, "server.key")] {
            fs::copy(files().join(from), folder.path().join(to)).expect("a copy");
        }
        identities.renew(&config);
    };
    for (certificate_file, key, holds) in [
        ("renewed.pem", "renewed.key", "renewed.pem"),
        // Half of it is there, or it is of no use: the former one stays.
        ("server.pem", "renewed.key", "renewed.pem"),
        ("expired.pem", "expired.key", "renewed.pem"),
        ("server.pem", "server.key", "server.pem"),
    ] {
        put(certificate_file, key);
        assert_eq!(certificate(), bytes(holds), "{certificate_file}, {key}");
    }
}

/// A port that has nothing good must not be taken for one that speaks no TLS.
#[test]
fn a_secured_port_is_never_a_plain_one() {
    let folder = folder();
    let plain = folder.path().join("plain.toml");
    fs::write(&plain, "").expect("a file");
    let plain = ocs_config::load(Some(&plain), std::iter::empty()).expect("a configuration");
    let identities = Identities::read(&plain, Arc::new(|| at(NOW))).expect("nothing is needed");
    let bad = config(folder.path(), "nothing.pem", "server.key", "");
    identities.renew(&bad);
    let port = bad.server_info.http_ports().next().expect("a port");
    let tls = identities.of_http_port(port).expect("it is secured");
    tls.server_config("http/1.1").expect_err("it has no key");
}
