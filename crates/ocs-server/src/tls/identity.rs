//! One port's certificate and private key, read and judged.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use ocs_config::{ConnectionProtocol, Port};
use ocs_protocol::outbound::Tls;
use ocs_protocol::tls::TlsError;
use tokio_rustls::rustls::ServerConfig;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::time::Time;

use super::{Wrong, file, key};

/// What a port proves itself by.
pub(super) struct Identity {
    /// For HTTP Proxy.
    pub(super) tls: Tls,
    /// For the listener of outbound ports.
    pub(super) server: Arc<ServerConfig>,
    /// The file that the certificate is from.
    pub(super) file: PathBuf,
    /// Until when all of its certificates are valid.
    pub(super) until: Timestamp,
}

impl Identity {
    /// Reads the files of a secured port. `base` is the folder of the configuration.
    pub(super) fn read(port: &Port, base: &Path, now: Timestamp) -> Result<Self, Wrong> {
        let in_key = |key| move |what| Wrong { key, what };
        // The configuration was checked: a secured port names both files, and one with
        // `mutual` its authorities.
        let file = |key, file: &Option<PathBuf>| {
            let needed = || in_key(key)("a file is needed".to_owned());
            file.clone().ok_or_else(needed)
        };
        let certificate_file = file("certificate", &port.certificate)?;
        let key_file = file("certificate-key", &port.certificate_key)?;
        let certificates = file::certificates(&certificate_file).map_err(in_key("certificate"))?;
        let password = port.certificate_key_password.as_ref();
        let password = password
            .map(|password| password.resolve(base))
            .transpose()
            .map_err(|error| in_key("certificate-key-password")(error.to_string()))?;
        let private_key = key::read(&key_file, password.as_deref())?;
        let mut authorities = Vec::new();
        let mut authorities_file = None;
        if port.mutual {
            let file = file("trusted-ca", &port.trusted_ca)?;
            authorities = file::certificates(&file).map_err(in_key("trusted-ca"))?;
            authorities_file = Some(file);
        }
        let until =
            valid_until(&certificate_file, &certificates, now).map_err(in_key("certificate"))?;
        let tls = Tls {
            certificates,
            private_key,
            mutual: port.mutual,
            authorities,
        };
        let protocol = match port.connection_protocol {
            ConnectionProtocol::Http => "http/1.1",
            ConnectionProtocol::Outbound => "h2",
        };
        let server = tls.server_config(protocol).map_err(|error| {
            let (certificate, key) = (certificate_file.display(), key_file.display());
            let authorities = authorities_file.unwrap_or_default();
            let (at, what) = match error {
                TlsError::Key => ("certificate-key", format!("{key}: {error}")),
                TlsError::KeyOfAnother => (
                    "certificate-key",
                    format!(
                        "the private key {key} does not belong to the certificate {certificate}"
                    ),
                ),
                TlsError::Certificate(_) => ("certificate", format!("{certificate}: {error}")),
                TlsError::Authority(_) | TlsError::NoAuthority => {
                    ("trusted-ca", format!("{}: {error}", authorities.display()))
                }
            };
            in_key(at)(what)
        })?;
        Ok(Self {
            tls,
            server: Arc::new(server),
            file: certificate_file,
            until,
        })
    }

    /// Whether it proves the same by the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.tls == other.tls
    }
}

/// Until when all certificates of a file are valid; each of them must be valid now, for
/// a client refuses a chain with one that is not.
fn valid_until(file: &Path, certificates: &[Vec<u8>], now: Timestamp) -> Result<Timestamp, String> {
    let mut until = Timestamp::MAX;
    for (place, der) in (1..).zip(certificates) {
        let named = match place {
            1 => format!("the certificate {}", file.display()),
            place => format!("certificate {place} in {}", file.display()),
        };
        let certificate = Certificate::from_der(der)
            .map_err(|error| format!("{named} cannot be read: {error}"))?;
        let validity = certificate.tbs_certificate().validity();
        let (from, to) = (moment(validity.not_before), moment(validity.not_after));
        if now < from {
            return Err(format!(
                "{named} is not valid before {from}, and it is {now:.0}; check the clock, or use \
                 one that is valid now"
            ));
        }
        if now > to {
            return Err(format!("{named} has expired at {to}; renew it"));
        }
        until = until.min(to);
    }
    Ok(until)
}

fn moment(time: Time) -> Timestamp {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    // The last second of the year 9999 stands for no end at all.
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
