//! Private keys, with and without a password.

use std::path::Path;

use pkcs8::der::SecretDocument;
use pkcs8::{EncryptedPrivateKeyInfoRef, Error, PrivateKeyInfoRef};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::{Wrong, file};

const BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
/// The header of a key that OpenSSL encrypted before it knew PKCS#8.
const FORMERLY: &str = "Proc-Type: 4,ENCRYPTED";

/// The private key in a file, in DER.
pub(super) fn read(file: &Path, password: Option<&str>) -> Result<Vec<u8>, Wrong> {
    let wrong = |what| Wrong {
        key: "certificate-key",
        what,
    };
    let bytes = file::bytes(file).map_err(wrong)?;
    // Not all of the file need be text.
    let text = String::from_utf8_lossy(&bytes);
    if let Some(pem) = encrypted(&text) {
        return decrypt(file, pem, password);
    }
    if text.contains(FORMERLY) {
        let file = file.display();
        return Err(wrong(format!(
            "the private key {file} is encrypted in a way of former times; write it anew: openssl \
             pkcs8 -topk8 -in {file} -out FILE"
        )));
    }
    PrivateKeyDer::from_pem_slice(&bytes)
        .map(|key| key.secret_der().to_vec())
        .map_err(|error| wrong(file::not_found(file, "private key", &error)))
}

/// The encrypted private key in a text, from its first line to its last.
fn encrypted(text: &str) -> Option<&str> {
    let from_here = &text[text.find(BEGIN)?..];
    let end = from_here.find(END)? + END.len();
    Some(&from_here[..end])
}

fn decrypt(path: &Path, pem: &str, password: Option<&str>) -> Result<Vec<u8>, Wrong> {
    let file = path.display();
    let wrong = |key| move |what| Wrong { key, what };
    let wrong_key = wrong("certificate-key");
    let wrong_password = wrong("certificate-key-password");
    let document = SecretDocument::from_pem(pem);
    let (_, document) = document.map_err(|error| {
        wrong_key(format!(
            "{file} holds no private key in PEM that can be read: {error}"
        ))
    })?;
    let unknown = |error: Error| {
        wrong_key(format!(
            "the private key {file} is encrypted in a way that is not known ({error}); write it \
             anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -in {file} -out FILE"
        ))
    };
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(unknown)?;
    let Some(password) = password else {
        return Err(wrong_password(format!(
            "the private key {file} has a password, and none is given"
        )));
    };
    match encrypted.decrypt(password) {
        // Now and then a wrong password makes something of it that only looks sound.
        Ok(key) if PrivateKeyInfoRef::try_from(key.as_bytes()).is_ok() => {
            Ok(key.as_bytes().to_vec())
        }
        Ok(_)
        | Err(Error::Asn1(_) | Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed)) => {
            Err(wrong_password(format!(
                "this is not the password of the private key {file}"
            )))
        }
        Err(error) => Err(unknown(error)),
    }
}
