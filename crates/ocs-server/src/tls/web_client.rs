//! Whom OCS trusts when it speaks to web servers, and what it shows to those that ask for a
//! certificate (notifications.md).

use std::sync::{Arc, OnceLock};

use ocs_config::Config;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{TlsProblems, Wrong, file, key};

/// TLS towards web servers.
#[derive(Default)]
pub(crate) struct WebClient {
    /// The authorities that are trusted; `None` for those that the system trusts.
    authorities: Option<RootCertStore>,
    /// The certificate that is shown, with those that vouch for it, and its private key.
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    /// Made when it is first needed: what the system trusts takes a while to read.
    connector: OnceLock<Result<TlsConnector, String>>,
}

impl WebClient {
    /// Reads and judges the files that a configuration names.
    pub(crate) fn read(config: &Config) -> Result<Self, TlsProblems> {
        let options = &config.options.oc_server;
        let wrong =
            |key: &'static str| move |what: String| TlsProblems::of_notifications(key, what);
        let mut client = Self::default();
        if let Some(path) = &options.notification_trusted_ca {
            let wrong = wrong("notification-trusted-ca");
            let mut roots = RootCertStore::empty();
            for certificate in file::certificates(path).map_err(wrong)? {
                roots
                    .add(certificate.into())
                    .map_err(|error| wrong(format!("{}: {error}", path.display())))?;
            }
            client.authorities = Some(roots);
        }
        if let (Some(path), Some(key_path)) = (
            &options.notification_certificate,
            &options.notification_certificate_key,
        ) {
            let certificates =
                file::certificates(path).map_err(wrong("notification-certificate"))?;
            let password = options.notification_certificate_key_password.as_ref();
            let password = password
                .map(|password| password.resolve(&config.base))
                .transpose()
                .map_err(|error| {
                    wrong("notification-certificate-key-password")(error.to_string())
                })?;
            let in_key = wrong("notification-certificate-key");
            let read = key::read(key_path, password.as_deref());
            let private_key = read.map_err(|Wrong { what, .. }| in_key(what))?;
            let private_key = PrivateKeyDer::try_from(private_key)
                .map_err(|error| in_key(format!("{}: {error}", key_path.display())))?;
            let certificates = certificates.into_iter().map(CertificateDer::from).collect();
            client.identity = Some((certificates, private_key));
            // Whether they belong together is known only then.
            client.connector().map_err(|error| {
                wrong("notification-certificate")(format!("{}: {error}", path.display()))
            })?;
        }
        Ok(client)
    }

    /// What speaks TLS as a client.
    ///
    /// # Errors
    /// A sentence: nobody is trusted, or certificate and key do not belong together.
    pub(crate) fn connector(&self) -> Result<TlsConnector, String> {
        self.connector.get_or_init(|| self.make()).clone()
    }

    fn make(&self) -> Result<TlsConnector, String> {
        let roots = match &self.authorities {
            Some(authorities) => authorities.clone(),
            None => of_system()?,
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots);
        let mut config = match &self.identity {
            Some((certificates, key)) => builder
                .with_client_auth_cert(certificates.clone(), key.clone_key())
                .map_err(|error| error.to_string())?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

/// The authorities that the system trusts.
fn of_system() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Of many authorities some are of former times; they vouch for nobody then.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(
            "the system names no authority that it trusts; install its certificates (Debian: \
             ca-certificates), or set notification-trusted-ca"
                .to_owned(),
        );
    }
    Ok(roots)
}
