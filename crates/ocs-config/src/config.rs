//! The whole configuration: how it is loaded, and what must hold between its
//! sections.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::access::Access;
use crate::application::Application;
use crate::console::Console;
use crate::defaults::defaults_toml;
use crate::log::Log;
use crate::options::Options;
use crate::problem::{ConfigError, Source};
use crate::read::document::Document;
use crate::read::findings::Findings;
use crate::read::path::KeyPath;
use crate::read::schema::Schema;
use crate::read::{environment, shape};
use crate::redundancy::Redundancy;
use crate::reload;
use crate::server_info::{ConnectionProtocol, Port, ServerInfo};
use crate::store::{Store, StoreUrl};

/// The file that is read when no other is named (configuration.md, section 1).
pub const USUAL_FILE: &str = "ocs.toml";

/// The configuration of an OCS process (configuration.md, section 1). Every path
/// in it is absolute once it is loaded, but for those of secrets.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(title = "ocs.toml")]
#[serde(default, rename_all = "kebab-case")]
pub struct Config {
    /// The folder that relative paths start from: that of the file, or the
    /// present one when there is no file.
    #[serde(skip)]
    pub base: PathBuf,
    /// Who this OCS is, and which applications it hears.
    pub application: Application,
    /// The ports, and the Reconnect Timeout.
    pub server_info: ServerInfo,
    /// Where the data are kept.
    pub store: Store,
    /// What OCS and HTTP Proxy write about themselves.
    pub log: Log,
    /// The options.
    pub options: Options,
    /// Who may speak to the HTTP listener.
    pub access: Access,
    /// Primary and backup.
    pub redundancy: Redundancy,
    /// The console's listener.
    pub console: Console,
}

/// Loads `file`, else `./ocs.toml` if there is one, else the built-in defaults;
/// with `environment` (such as `std::env::vars()`) over it
/// (configuration.md, section 1).
///
/// # Errors
/// The file cannot be read, is not TOML, or says something that is not allowed;
/// every mistake that can be found is in the error.
pub fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    match self::file(file) {
        Some(file) => {
            let source = Source::File(file.display().to_string());
            match std::fs::read_to_string(&file) {
                Ok(text) => read(source, &file, &text, environment),
                Err(error) => Err(ConfigError::of_file(
                    source,
                    None,
                    format!("cannot be read: {error}"),
                )),
            }
        }
        None => read(
            Source::BuiltIn,
            Path::new(USUAL_FILE),
            defaults_toml(),
            environment,
        ),
    }
}

/// The file that is read when `named` is named, or none; `None` where there is none.
pub fn file(named: Option<&Path>) -> Option<PathBuf> {
    let usual = Path::new(USUAL_FILE);
    let file = named.or_else(|| usual.exists().then_some(usual));
    file.map(Path::to_owned)
}

/// Reads a text that stands in `file`, or would.
pub(crate) fn read(
    source: Source,
    file: &Path,
    text: &str,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let absolute = std::path::absolute(file).map_err(|error| {
        ConfigError::of_file(
            source.clone(),
            None,
            format!("has no absolute path: {error}"),
        )
    })?;
    let base = absolute.parent().unwrap_or(&absolute).to_owned();

    let (document, tree) = Document::parse(source, text)?;
    let schema = Schema::of::<Config>();
    let mut findings = Findings::new(document, tree);
    environment::apply(&schema, environment, &mut findings);
    shape::check(&schema, &mut findings);
    let config = findings.read::<Config>().map(|mut config| {
        // Before paths become absolute: an empty one would be the folder's.
        config.check(&mut findings);
        config.resolve(base);
        config
    });
    match (findings.into_error(), config) {
        (None, Some(config)) => Ok(config),
        (Some(error), _) => Err(error),
        // A configuration that could not be read has left a problem.
        (None, None) => Err(ConfigError::of_file(
            Source::BuiltIn,
            None,
            "the configuration cannot be read".to_owned(),
        )),
    }
}

/// The JSON Schema (2020-12) of `ocs.toml`, for editors
/// (configuration.md, section 1).
pub fn json_schema() -> serde_json::Value {
    Schema::of::<Config>().into_value()
}

impl Config {
    fn resolve(&mut self, base: PathBuf) {
        self.server_info.resolve(&base);
        self.store.resolve(&base);
        self.log.resolve(&base);
        self.options.oc_server.resolve(&base);
        self.base = base;
    }

    fn check(&self, findings: &mut Findings) {
        let root = KeyPath::default();
        // A section with a mistake was replaced by its defaults: what those
        // say is not the file's, and is not judged.
        let broken = findings.broken_sections();
        let sound = |sections: &[&str]| sections.iter().all(|name| !broken.contains(*name));
        if sound(&["application"]) {
            self.application.check(&root.key("application"), findings);
        }
        if sound(&["server-info"]) {
            self.server_info.check(&root.key("server-info"), findings);
        }
        if sound(&["log"]) {
            self.log.check(&root.key("log"), findings);
        }
        if sound(&["options"]) {
            let at = KeyPath::of(["options", "OCServer"]);
            self.options.oc_server.check(&at, findings);
        }
        if sound(&["access"]) {
            self.access.check(&root.key("access"), findings);
        }
        if sound(&["server-info", "access"]) {
            self.check_open_ports(findings);
        }
        if sound(&["console", "access"]) {
            self.check_open_console(findings);
        }
        if sound(&["server-info", "console"]) {
            self.check_console_port(findings);
        }
    }

    /// Whoever reaches an http port without a rule can change every record:
    /// that must have been meant.
    fn check_open_ports(&self, findings: &mut Findings) {
        for index in self.open_ports() {
            findings.wrong(
                &KeyPath::of(["server-info", "port"])
                    .index(index)
                    .key("host"),
                "anybody who reaches this address could change every record: add an \
                 [[access.token]], [[access.network]] or [[access.certificate]], or set \
                 access.allow-anonymous = true, or listen on 127.0.0.1",
            );
        }
    }

    /// Whether anybody could change every record without that having been meant.
    pub(crate) fn has_open_port(&self) -> bool {
        self.open_ports().next().is_some()
    }

    /// The http ports, by place, that strangers reach and no rule guards.
    fn open_ports(&self) -> impl Iterator<Item = usize> {
        let guarded = self.access.has_rules() || self.access.allow_anonymous;
        let is_open = move |port: &Port| {
            let http = port.connection_protocol == ConnectionProtocol::Http;
            http && !guarded && !port.host.is_loopback()
        };
        let ports = self.server_info.port.iter().enumerate();
        ports.filter_map(move |(index, port)| is_open(port).then_some(index))
    }

    fn check_open_console(&self, findings: &mut Findings) {
        if self.console.enabled && !self.console.host.is_loopback() && !self.access.has_rules() {
            findings.wrong(
                &KeyPath::of(["console", "host"]),
                "the console administers OCS: add an [[access.token]], [[access.network]] or \
                 [[access.certificate]] for it, or listen on 127.0.0.1",
            );
        }
    }

    fn check_console_port(&self, findings: &mut Findings) {
        let console = &self.console;
        let taken = self.server_info.port.iter().position(|port| {
            port.port != 0
                && port.port == console.port
                && port.host.canonical() == console.host.canonical()
        });
        if let Some(index) = taken.filter(|_| console.enabled) {
            findings.wrong(
                &KeyPath::of(["console", "port"]),
                format!("server-info.port[{index}] listens on this host and port already"),
            );
        }
    }

    /// What is allowed and yet may not have been meant: a sentence each, for the
    /// log and for `ocs check-config`.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.server_info.http_ports().next().is_none() {
            warnings.push(
                "server-info.port: no port has connection-protocol \"http\", so HTTP Proxy is not \
                 started"
                    .to_owned(),
            );
        }
        let mut any_mutual = false;
        for (index, port) in self.server_info.port.iter().enumerate() {
            let key = format!("server-info.port[{index}]");
            let http = port.connection_protocol == ConnectionProtocol::Http;
            any_mutual |= http && port.mutual;
            match &port.public_url {
                None if http && port.host.is_wildcard() => warnings.push(format!(
                    "{key}.public-url: not set, and the host stands for every address: \
                     GSW_RECORD_URI will carry the machine's name"
                )),
                Some(url) if port.secured && !url.is_https() => warnings.push(format!(
                    "{key}.public-url: begins with http://, but the port is secured"
                )),
                _ => {}
            }
            if http && !port.host.is_loopback() && !self.access.has_rules() {
                warnings.push(format!(
                    "{key}.host: anybody who reaches {} may change every record \
                     (access.allow-anonymous)",
                    port.host.as_str()
                ));
            }
            if port.trusted_ca.is_some() && !port.mutual {
                warnings.push(format!(
                    "{key}.trusted-ca: without mutual = true no client certificate is asked for"
                ));
            }
        }
        let levels = &self.options.oc_server.levels;
        if levels.pre_dial_validation == Some(true) && levels.validation_uri.is_none() {
            warnings.push(
                "options.OCServer.pre-dial-validation: there is no validation-uri beside it, so \
                 that no record is handed out but where a calling list, a campaign group or a \
                 campaign has one"
                    .to_owned(),
            );
        }
        for (option, on, address, uri) in [
            (
                "send-history",
                levels.send_history,
                "history-uri",
                &levels.history_uri,
            ),
            (
                "contact-processed-notification",
                levels.contact_processed_notification,
                "contact-processed-notification-uri",
                &levels.contact_processed_notification_uri,
            ),
            (
                "send-campaigngroup-states",
                levels.send_campaigngroup_states,
                "campaigngroup-states-uri",
                &levels.campaigngroup_states_uri,
            ),
        ] {
            if on == Some(true) && uri.is_none() {
                warnings.push(format!(
                    "options.OCServer.{option}: there is no {address} beside it, so that nothing \
                     is sent but where a calling list, a campaign group or a campaign has one"
                ));
            }
        }
        if self.access.allow_anonymous && self.access.has_rules() {
            warnings.push(
                "access.allow-anonymous: there are rules, and whoever none of them knows is \
                 refused all the same"
                    .to_owned(),
            );
        }
        if !self.access.certificate.is_empty() && !any_mutual {
            warnings.push(
                "access.certificate: no http port has mutual = true, so that no certificate is \
                 ever shown"
                    .to_owned(),
            );
        }
        let outbound = |protocol| protocol == ConnectionProtocol::Outbound;
        let ports = &self.server_info.port;
        if !self.application.client.is_empty()
            && !ports.iter().any(|port| outbound(port.connection_protocol))
        {
            warnings.push(
                "application.client: no port has connection-protocol \"outbound\", so that no \
                 client is heard"
                    .to_owned(),
            );
        }
        warnings
    }

    /// What this OCS has in common with every other one of the same store, by key: name,
    /// DBID, tenant and options (configuration.md, section 6). Values are as OCS understands
    /// them; those of secrets are left out.
    #[must_use]
    pub fn shared_settings(&self) -> BTreeMap<String, String> {
        reload::shared(self)
    }

    /// What the configuration asks for and this version does not carry out,
    /// where going on without it would be unsafe or surprising: a sentence
    /// each. `ocs run` refuses to start with any.
    pub fn not_built_yet(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        let mut not_yet = |key: String, what: &str| {
            sentences.push(format!("{key}: this version does not {what} yet"));
        };
        if matches!(self.store.url, StoreUrl::Postgres(_)) {
            not_yet("store.url".to_owned(), "store in PostgreSQL");
        }
        sentences
    }
}
