//! `[server-info]`: the ports, and when a lost HTTP Proxy is started again.

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::read::findings::Findings;
use crate::read::path::KeyPath;
use crate::value::address::{HostName, WebOrigin};
use crate::value::secret::Secret;
use crate::value::time_span::TimeSpan;

/// Listeners and the Reconnect Timeout (configuration.md, sections 1 and 2).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct ServerInfo {
    /// Reconnect Timeout: how long until a lost HTTP Proxy is started again,
    /// 0s to 1d. Default: 10 seconds.
    #[schemars(extend("x-at-least" = "0s", "x-at-most" = "1d"))]
    pub reconnect_timeout: TimeSpan,
    /// The listeners. Without an http port there is no HTTP Proxy. Default: one
    /// http port on 127.0.0.1:8080 where there is no file; none in a file that
    /// names none.
    pub port: Vec<Port>,
}

impl Default for ServerInfo {
    fn default() -> Self {
        Self {
            reconnect_timeout: TimeSpan::from_secs(10),
            port: Vec::new(),
        }
    }
}

/// A listener (configuration.md, sections 1 to 3).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Port {
    /// What the port is known by when its number changes; unique.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// The address or name listened on. Default: "127.0.0.1".
    #[serde(default = "HostName::loopback")]
    pub host: HostName,
    /// The port number; 0 takes any that is free.
    #[schemars(range(max = 65_535))]
    pub port: u16,
    /// What is spoken on it. Default: "http".
    #[serde(default)]
    pub connection_protocol: ConnectionProtocol,
    /// What clients reach the port by: `http(s)://host[:port]`. It begins every
    /// GSW_RECORD_URI. Default: made of host and port.
    pub public_url: Option<WebOrigin>,
    /// Whether TLS is spoken. Default: false.
    #[serde(default)]
    pub secured: bool,
    /// PEM file with the certificate and those that vouch for it.
    pub certificate: Option<PathBuf>,
    /// PEM file with the certificate's private key.
    pub certificate_key: Option<PathBuf>,
    /// The password of the private key, when it has one.
    pub certificate_key_password: Option<Secret>,
    /// PEM file with the authorities whose client certificates are trusted.
    pub trusted_ca: Option<PathBuf>,
    /// Whether clients must show a certificate. Default: false.
    #[serde(default)]
    pub mutual: bool,
}

/// What is spoken on a port (configuration.md, section 1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionProtocol {
    /// HTTP, served by HTTP Proxy.
    #[default]
    Http,
    /// The outbound protocols, spoken with desktops and third-party applications.
    Outbound,
}

impl fmt::Display for ConnectionProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Outbound => "outbound",
        })
    }
}

impl ServerInfo {
    /// The ports that HTTP Proxy serves.
    pub fn http_ports(&self) -> impl Iterator<Item = &Port> {
        let http = |port: &&Port| port.connection_protocol == ConnectionProtocol::Http;
        self.port.iter().filter(http)
    }

    pub(crate) fn resolve(&mut self, base: &Path) {
        for port in &mut self.port {
            let files = [
                &mut port.certificate,
                &mut port.certificate_key,
                &mut port.trusted_ca,
            ];
            for file in files.into_iter().flatten() {
                *file = base.join(&*file);
            }
        }
    }

    pub(crate) fn check(&self, at: &KeyPath, findings: &mut Findings) {
        for (index, port) in self.port.iter().enumerate() {
            let here = at.key("port").index(index);
            port.check(&here, findings);
            let before = || self.port[..index].iter().enumerate();
            if let Some((first, _)) = before().find(|(_, other)| other.id == port.id) {
                findings.wrong(
                    &here.key("id"),
                    format!("port[{first}] has this id already; ids must differ"),
                );
            }
            if let Some((first, _)) = before().find(|(_, other)| port.clashes_with(other)) {
                findings.wrong(
                    &here.key("port"),
                    format!("port[{first}] listens on this host and port already"),
                );
            }
        }
    }
}

impl Port {
    fn clashes_with(&self, other: &Self) -> bool {
        self.port != 0 && self.port == other.port && self.host.canonical() == other.host.canonical()
    }

    fn check(&self, here: &KeyPath, findings: &mut Findings) {
        let files = [
            ("certificate", &self.certificate),
            ("certificate-key", &self.certificate_key),
            ("trusted-ca", &self.trusted_ca),
        ];
        for (key, file) in files {
            if file
                .as_ref()
                .is_some_and(|file| file.as_os_str().is_empty())
            {
                findings.wrong(&here.key(key), "a file's path is needed");
            }
        }
        if self.secured {
            for (key, file) in &files[..2] {
                if file.is_none() {
                    findings.note(
                        &here.key(key),
                        "a secured port needs certificate and certificate-key",
                    );
                }
            }
        } else if self.certificate.is_some() || self.certificate_key.is_some() {
            // Whoever names a certificate believes that the port is encrypted.
            findings.note(
                &here.key("secured"),
                "a certificate is given, but the port is not secured: \
                 set secured = true, or remove the certificate",
            );
        }
        if self.certificate_key_password.is_some() && self.certificate_key.is_none() {
            findings.note(
                &here.key("certificate-key-password"),
                "a password without certificate-key has no use",
            );
        }
        if self.mutual {
            if !self.secured {
                findings.wrong(&here.key("mutual"), "mutual needs secured = true");
            }
            if self.trusted_ca.is_none() {
                findings.note(
                    &here.key("trusted-ca"),
                    "mutual needs trusted-ca, the authorities whose client certificates count",
                );
            }
        }
        if self.connection_protocol == ConnectionProtocol::Outbound && self.public_url.is_some() {
            findings.wrong(
                &here.key("public-url"),
                "only an http port has a public-url; remove it",
            );
        }
    }
}
