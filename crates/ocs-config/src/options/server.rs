//! The options of `[options.OCServer]`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::LevelOptions;
use crate::read::findings::Findings;
use crate::read::path::KeyPath;
use crate::value::address::WebUri;
use crate::value::byte_size::ByteSize;
use crate::value::custom_header::CustomHeader;
use crate::value::encoding::EncodingName;
use crate::value::secret::Secret;
use crate::value::time_span::TimeSpan;

/// The options of OCS: those that hold for the whole application, and the
/// farthest level of those that have levels (configuration.md, sections 1 and 4).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct ServerOptions {
    /// Headers added to every HTTP reply, errors included (configuration.md,
    /// section 4). Default: none.
    pub http_custom_headers: Vec<CustomHeader>,
    /// The code page of JSON bodies on the HTTP side; empty for UTF-8 without
    /// conversion (configuration.md, section 4). Default: "".
    pub encoding: EncodingName,
    /// How long OCS waits for the answer to a request of its own, 100ms to 10min
    /// (configuration.md, section 4). Default: 10 seconds.
    #[schemars(extend("x-at-least" = "100ms", "x-at-most" = "10min"))]
    pub http_response_timeout: TimeSpan,
    /// How many connections OCS keeps to one web server that it sends to, 1 to
    /// 10000 (configuration.md, section 4). Default: 20.
    #[schemars(range(min = 1, max = 10_000))]
    pub http_connection_pool_size: u32,
    /// How long HTTP Proxy waits for OCS before it answers 504, 100ms to 10min
    /// (configuration.md, section 4). Default: 30 seconds.
    #[schemars(extend("x-at-least" = "100ms", "x-at-most" = "10min"))]
    pub http_reply_timeout: TimeSpan,
    /// Greatest size of a request's header block, 1KiB to 1MiB
    /// (http-interface.md, section 5). Default: "16KiB".
    #[schemars(extend("x-at-least" = "1KiB", "x-at-most" = "1MiB"))]
    pub http_header_bytes: ByteSize,
    /// Greatest number of a request's header lines, 10 to 10000
    /// (http-interface.md, section 5). Default: 100.
    #[schemars(range(min = 10, max = 10_000))]
    pub http_header_lines: u32,
    /// Greatest size of a request's body, 1KiB to 3MiB; a message between HTTP
    /// Proxy and OCS is at most 4 MiB (http-interface.md, section 5).
    /// Default: "1MiB".
    #[schemars(extend("x-at-least" = "1KiB", "x-at-most" = "3MiB"))]
    pub http_body_bytes: ByteSize,
    /// Greatest size of the body of AddRecords, 1KiB to 16GiB
    /// (http-interface.md, section 5). Default: "64MiB".
    #[schemars(extend("x-at-least" = "1KiB", "x-at-most" = "16GiB"))]
    pub http_bulk_body_bytes: ByteSize,
    /// How long a request's headers may take to arrive, 1s to 1h
    /// (http-interface.md, section 5). Default: 30 seconds.
    #[schemars(extend("x-at-least" = "1s", "x-at-most" = "1h"))]
    pub http_header_timeout: TimeSpan,
    /// How long a connection may be idle, 1s to 1d (http-interface.md, section
    /// 5). Default: "1min".
    #[schemars(extend("x-at-least" = "1s", "x-at-most" = "1d"))]
    pub http_idle_timeout: TimeSpan,
    /// How many connections are open at once, 1 to 1000000 (http-interface.md,
    /// section 5). Default: 10000.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub http_connections: u32,
    /// How long requests in flight are waited for when OCS stops, 0s to 10min
    /// (configuration.md, section 2). Default: 10 seconds.
    #[schemars(extend("x-at-least" = "0s", "x-at-most" = "10min"))]
    pub shutdown_timeout: TimeSpan,
    /// How many days the request log is kept, 1 to 36500 (records.md, section
    /// 3). Default: 30.
    #[schemars(range(min = 1, max = 36_500))]
    pub request_log_days: u32,
    /// The folder that finished records are moved to when their `retention-days` are over,
    /// from the configuration's folder. Default: none; they are removed.
    pub archive_folder: Option<PathBuf>,
    /// How often the Do Not Call list is read again for what others have
    /// written, 0s to 30d; 0 never (records.md, section 6). Default: "5min".
    #[schemars(extend("x-at-least" = "0s", "x-at-most" = "30d"))]
    pub dnc_reread_interval: TimeSpan,
    /// Whether no two records with the same phone or customer id are out at
    /// once, over all calling lists (records.md, section 4). Default: true.
    pub one_contact_at_a_time: bool,
    /// After how long an agent counts as LoggedOut of whom nothing is heard and who has no
    /// desktop's session, 0s to 7d; 0 never (docs/agents.md). Default: "30min".
    #[schemars(extend("x-at-least" = "0s", "x-at-most" = "7d"))]
    pub agent_silence_timeout: TimeSpan,
    /// What becomes of phones that no rule of legal hours holds for
    /// (docs/legal-hours.md). Default: "allow".
    pub legal_hours_unknown: LegalHoursUnknown,
    /// The key that messages to web servers are signed with, by HMAC-SHA-256
    /// (notifications.md). Default: none; they are not signed.
    pub notification_signing_key: Option<Secret>,
    /// PEM file with the authorities whose web servers are trusted, and no others
    /// (notifications.md). Default: those that the system trusts.
    pub notification_trusted_ca: Option<PathBuf>,
    /// PEM file with the certificate that OCS shows to web servers that ask for one
    /// (notifications.md). Default: none.
    pub notification_certificate: Option<PathBuf>,
    /// PEM file with that certificate's private key. Default: none.
    pub notification_certificate_key: Option<PathBuf>,
    /// The password of the private key, when it has one. Default: none.
    pub notification_certificate_key_password: Option<Secret>,
    /// The HTTP proxy that web servers are reached through, http://host:port
    /// (notifications.md). Default: none.
    pub notification_proxy: Option<WebUri>,
    /// The options that have levels.
    #[serde(flatten)]
    pub levels: LevelOptions,
}

/// What becomes of phones that no rule of legal hours holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LegalHoursUnknown {
    /// They are called in their records' own daily windows.
    Allow,
    /// They are not called.
    Refuse,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            http_custom_headers: Vec::new(),
            encoding: EncodingName::default(),
            http_response_timeout: TimeSpan::from_secs(10),
            http_connection_pool_size: 20,
            http_reply_timeout: TimeSpan::from_secs(30),
            http_header_bytes: ByteSize::from_bytes(16 << 10),
            http_header_lines: 100,
            http_body_bytes: ByteSize::from_bytes(1 << 20),
            http_bulk_body_bytes: ByteSize::from_bytes(64 << 20),
            http_header_timeout: TimeSpan::from_secs(30),
            http_idle_timeout: TimeSpan::from_secs(60),
            http_connections: 10_000,
            shutdown_timeout: TimeSpan::from_secs(10),
            request_log_days: 30,
            archive_folder: None,
            dnc_reread_interval: TimeSpan::from_secs(300),
            one_contact_at_a_time: true,
            agent_silence_timeout: TimeSpan::from_secs(30 * 60),
            legal_hours_unknown: LegalHoursUnknown::Allow,
            notification_signing_key: None,
            notification_trusted_ca: None,
            notification_certificate: None,
            notification_certificate_key: None,
            notification_certificate_key_password: None,
            notification_proxy: None,
            levels: LevelOptions::built_in(),
        }
    }
}

impl ServerOptions {
    /// The option `http-custom-headers` as names and values, in the file's order.
    pub fn custom_headers(&self) -> Vec<(String, String)> {
        let pair = |header: &CustomHeader| (header.name.clone(), header.value.clone());
        self.http_custom_headers.iter().map(pair).collect()
    }

    /// The farthest level is complete: what the file leaves out is built in.
    /// Paths start from `base`.
    pub(crate) fn resolve(&mut self, base: &Path) {
        let files = [
            &mut self.archive_folder,
            &mut self.notification_trusted_ca,
            &mut self.notification_certificate,
            &mut self.notification_certificate_key,
        ];
        for file in files.into_iter().flatten() {
            *file = base.join(&*file);
        }
        let set = std::mem::take(&mut self.levels);
        self.levels = set.or(LevelOptions::built_in());
    }

    pub(crate) fn check(&self, at: &KeyPath, findings: &mut Findings) {
        if self
            .archive_folder
            .as_ref()
            .is_some_and(|folder| folder.as_os_str().is_empty())
        {
            let sentence = "is empty; name a folder, or leave it out to remove finished records";
            findings.wrong(&at.key("archive-folder"), sentence.to_owned());
        }
        for (index, header) in self.http_custom_headers.iter().enumerate() {
            let same = |other: &CustomHeader| other.name == header.name;
            if self.http_custom_headers[..index].iter().any(same) {
                findings.wrong(
                    &at.key("http-custom-headers").index(index),
                    format!("{} stands there twice; each header once", header.name),
                );
            }
        }
        self.check_notifications(at, findings);
    }

    fn check_notifications(&self, at: &KeyPath, findings: &mut Findings) {
        let certificate = (
            "notification-certificate",
            self.notification_certificate.as_ref(),
        );
        let key = (
            "notification-certificate-key",
            self.notification_certificate_key.as_ref(),
        );
        let authorities = (
            "notification-trusted-ca",
            self.notification_trusted_ca.as_ref(),
        );
        for (name, file) in [certificate, key, authorities] {
            if file.is_some_and(|file| file.as_os_str().is_empty()) {
                findings.wrong(&at.key(name), "a file's path is needed");
            }
        }
        for ((has, file), (lacks, other)) in [(certificate, key), (key, certificate)] {
            if file.is_some() && other.is_none() {
                findings.note(&at.key(has), format!("it needs {lacks} beside it"));
            }
        }
        if self.notification_certificate_key_password.is_some() && key.1.is_none() {
            findings.note(
                &at.key("notification-certificate-key-password"),
                "a password without notification-certificate-key has no use",
            );
        }
        if let Some(proxy) = &self.notification_proxy
            && !proxy.is_plain_origin()
        {
            findings.wrong(
                &at.key("notification-proxy"),
                "an HTTP proxy is named by http://host:port, with nothing behind it",
            );
        }
    }
}
