//! TLS of a port: certificate, key and, where clients must show a certificate too,
//! the authorities whose certificates count (configuration.md, section 1).

use std::path::Path;
use std::sync::Arc;

use ocs_config::Port;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{Error, RootCertStore, ServerConfig};

/// Why TLS of a port cannot be spoken: what is wrong, and with which file.
pub(super) type Wrong = String;

/// TLS of a port, 1.2 and 1.3; `None` where it speaks none.
pub(super) fn acceptor(port: &Port) -> Result<Option<TlsAcceptor>, Wrong> {
    if !port.secured {
        return Ok(None);
    }
    // The configuration was checked: a secured port has both.
    let (Some(certificate), Some(key)) = (&port.certificate, &port.certificate_key) else {
        return Err("a secured port needs certificate and certificate-key".to_owned());
    };
    let certificates = certificates(certificate)?;
    let private_key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| not_read(key, "private key without a password", &error))?;
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match &port.trusted_ca {
        Some(authorities) if port.mutual => {
            let mut roots = RootCertStore::empty();
            for authority in self::certificates(authorities)? {
                roots.add(authority).map_err(|error| {
                    format!(
                        "{}: a certificate of no authority: {error}",
                        authorities.display()
                    )
                })?;
            }
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| error.to_string())?)
        }
        _ => builder.with_no_client_auth(),
    };
    let mut config = builder
        .with_single_cert(certificates, private_key)
        .map_err(|error| match error {
            Error::InconsistentKeys(_) => format!(
                "the private key {} does not belong to the certificate {}",
                key.display(),
                certificate.display()
            ),
            error => format!(
                "the certificate {} and the private key {} cannot be used: {error}",
                certificate.display(),
                key.display()
            ),
        })?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err(not_read(file, "certificate", &pem::Error::NoItemsFound))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(not_read(file, "certificate", &error)),
    }
}

fn not_read(file: &Path, what: &str, error: &pem::Error) -> Wrong {
    let file = file.display();
    match error {
        pem::Error::Io(error) => format!("{file} cannot be read: {error}"),
        pem::Error::NoItemsFound => format!("{file} holds no {what} in PEM"),
        error => format!("{file} holds no {what} in PEM that can be read: {error}"),
    }
}
