//! PEM files.

use std::path::Path;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};

/// All bytes of a file.
pub(super) fn bytes(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))
}

/// The certificates in a file, in its order and in DER; at least one.
pub(super) fn certificates(file: &Path) -> Result<Vec<Vec<u8>>, String> {
    let text = bytes(file)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text)
        .map(|read| read.map(|der| der.to_vec()))
        .collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err(not_found(file, "certificate", &pem::Error::NoItemsFound))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(not_found(file, "certificate", &error)),
    }
}

/// What is said of a file without what it is there for.
pub(super) fn not_found(file: &Path, what: &str, error: &pem::Error) -> String {
    let file = file.display();
    match error {
        pem::Error::NoItemsFound => format!("{file} holds no {what} in PEM"),
        error => format!("{file} holds no {what} in PEM that can be read: {error}"),
    }
}
