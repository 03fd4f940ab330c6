//! An authority and a server's certificate for measurements, of a kind that is bought
//! or made today: ECDSA, valid for 90 days.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cargo::{output, program};

/// Extensions of the server's certificate.
const SERVER: &str = "basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
";

/// Makes `ca.pem`, `server.pem` and `server.key` in a folder.
pub(crate) fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(folder.join("server.conf"), SERVER)?;
    for arguments in [
        "ecparam -name prime256v1 -genkey -noout -out ca.key",
        "req -new -x509 -key ca.key -subj /CN=measurements -days 90 -out ca.pem \
         -addext keyUsage=critical,keyCertSign",
        "ecparam -name prime256v1 -genkey -noout -out server.key",
        "req -new -key server.key -subj /CN=localhost -out server.csr",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 90 \
         -extfile server.conf -out server.pem",
    ] {
        let mut openssl = program("openssl");
        openssl.current_dir(folder);
        output(openssl.args(arguments.split_whitespace()))?;
    }
    Ok(())
}
