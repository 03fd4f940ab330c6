//! TLS as every secured port speaks it: 1.2 and 1.3, by what a [`Tls`] holds
//! (http-interface.md, section 1).
//!
//! OCS checks what it has read with it, and speaks it with desktops and third-party
//! applications; HTTP Proxy speaks it with HTTP clients.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{Error, RootCertStore, ServerConfig};

use crate::outbound::Tls;

/// Why TLS cannot be spoken. Which file is at fault, only its reader knows.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// There is no private key, or none of a kind that is known.
    #[error("the private key is none that can be used: RSA, ECDSA or Ed25519 would be right")]
    Key,
    /// Certificate and private key do not belong together.
    #[error("the private key does not belong to the certificate")]
    KeyOfAnother,
    /// The certificate is none for a server.
    #[error("the certificate cannot be used: {0}")]
    Certificate(Error),
    /// What clients' certificates are judged by is none of an authority.
    #[error("a certificate of no authority: {0}")]
    Authority(Error),
    /// Clients must show a certificate, and no authority is trusted to vouch for one.
    #[error("no authority is trusted to vouch for clients")]
    NoAuthority,
}

impl Tls {
    /// The server's side of TLS, on which `protocol` is then spoken.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn server_config(&self, protocol: &str) -> Result<ServerConfig, TlsError> {
        let provider = Arc::new(default_provider());
        let key = PrivateKeyDer::try_from(&*self.private_key).map_err(|_| TlsError::Key)?;
        // Asked for by itself, so that what is wrong with it is not laid on the certificate.
        let key_kind = provider.key_provider.load_private_key(key.clone_key());
        key_kind.map_err(|_| TlsError::Key)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Certificate)?;
        let builder = match self.client_verifier()? {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let certificates = self.certificates.iter();
        let certificates = certificates.map(|der| CertificateDer::from(der.clone()));
        let mut config = builder
            .with_single_cert(certificates.collect(), key.clone_key())
            .map_err(|error| match error {
                Error::InconsistentKeys(_) => TlsError::KeyOfAnother,
                error => TlsError::Certificate(error),
            })?;
        // Ours is the order of strength.
        config.ignore_client_order = true;
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        Ok(config)
    }

    /// Who judges the certificates of clients; `None` where they show none.
    ///
    /// # Errors
    /// [`TlsError`]: of the authorities.
    pub fn client_verifier(&self) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
        if !self.mutual {
            return Ok(None);
        }
        let mut roots = RootCertStore::empty();
        for authority in &self.authorities {
            let authority = CertificateDer::from(authority.clone());
            roots.add(authority).map_err(TlsError::Authority)?;
        }
        let provider = Arc::new(default_provider());
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map(Some)
            .map_err(|_| TlsError::NoAuthority)
    }
}

/// No private key is ever shown.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("certificates", &self.certificates.len())
            .field("mutual", &self.mutual)
            .field("authorities", &self.authorities.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::{Listener, ProxySettings};

    #[test]
    fn a_private_key_is_never_shown() {
        let listener = Listener {
            tls: Some(Tls {
                private_key: b"\xAA\xBBsecret".to_vec(),
                ..Tls::default()
            }),
            ..Listener::default()
        };
        let settings = ProxySettings {
            listeners: vec![listener],
            ..ProxySettings::default()
        };
        let shown = format!("{settings:?}");
        assert!(shown.contains("certificates: 0"), "{shown}");
        assert!(
            !shown.contains("170") && !shown.contains("secret"),
            "{shown}"
        );
    }

    #[test]
    fn nothing_is_spoken_without_a_key() {
        let wrong = Tls::default().server_config("h2");
        assert!(matches!(wrong, Err(TlsError::Key)), "{wrong:?}");
    }
}
