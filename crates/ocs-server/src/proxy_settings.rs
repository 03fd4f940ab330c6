//! What HTTP Proxy is told to work by (configuration.md, sections 2 and 4).

use std::path::{Path, PathBuf};

use ocs_config::{Config, Port};
use ocs_protocol::outbound::{Access, Header, Limits, Listener, LogFile, ProxySettings};

use crate::access;
use crate::session::ANSWERS;
use crate::tls::Identities;

/// The settings of HTTP Proxy in a configuration; secured ports have what was read last.
pub(crate) fn proxy_settings(config: &Config, identities: &Identities) -> ProxySettings {
    let options = &config.options.oc_server;
    let bounded = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let headers = options.custom_headers().into_iter();
    ProxySettings {
        listeners: config
            .server_info
            .http_ports()
            .map(|port| listener(port, identities))
            .collect(),
        headers: headers
            .map(|(name, value)| Header { name, value })
            .collect(),
        limits: Some(Limits {
            head: bounded(options.http_header_bytes.as_bytes()),
            head_lines: options.http_header_lines,
            body: bounded(options.http_body_bytes.as_bytes()),
            bulk_body: options.http_bulk_body_bytes.as_bytes(),
            connections: options.http_connections,
            // Fewer than OCS keeps places for, so that none waits for a place.
            in_flight: bounded(ANSWERS as u64 / 2),
            head_timeout: options.http_header_timeout.as_millis(),
            idle_timeout: options.http_idle_timeout.as_millis(),
            reply_timeout: options.http_reply_timeout.as_millis(),
            shutdown_timeout: options.shutdown_timeout.as_millis(),
            lease: config.redundancy.lease.as_millis(),
        }),
        log: Some(LogFile {
            file: log_file(&config.log.file).to_string_lossy().into_owned(),
            level: config.log.level.as_str().to_owned(),
            segment: config.log.segment.as_bytes(),
            expire: config.log.expire,
            json: config.log.format == ocs_config::LogFormat::Json,
            contact_info: config.log.contact_info,
        }),
        tenant: config.application.tenant.clone(),
        origins: config
            .access
            .allowed_origins
            .iter()
            .map(ToString::to_string)
            .collect(),
        access: Some(Access {
            rules: access::rules(&config.access),
            allow_anonymous: config.access.allow_anonymous,
            hosts: hosts(config),
        }),
        encoding: options.encoding.name().unwrap_or_default().to_owned(),
    }
}

/// What a request's Host may name on every port.
fn hosts(config: &Config) -> Vec<String> {
    let names = config
        .access
        .hosts
        .iter()
        .map(|host| host.as_str().to_owned());
    let urls = config.server_info.http_ports().filter_map(|port| {
        let url = port.public_url.as_ref()?.as_str();
        url.split_once("://")
            .map(|(_, authority)| authority.to_owned())
    });
    // GSW_RECORD_URI names the machine then, and whoever follows it must be heard.
    let unnamed = |port: &Port| port.host.is_wildcard() && port.public_url.is_none();
    let machine = config.server_info.http_ports().any(unnamed).then(machine);
    names.chain(urls).chain(machine).collect()
}

fn machine() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

fn listener(port: &Port, identities: &Identities) -> Listener {
    Listener {
        id: port.id.clone(),
        host: port.host.as_str().to_owned(),
        port: port.port.into(),
        tls: identities.of_http_port(port),
    }
}

/// HTTP Proxy's log beside OCS's: `ocs.log` and `ocs_HTTPPRX.log`.
fn log_file(log: &Path) -> PathBuf {
    let mut name = log.file_stem().unwrap_or_default().to_owned();
    name.push("_HTTPPRX");
    if let Some(extension) = log.extension() {
        name.push(".");
        name.push(extension);
    }
    log.with_file_name(name)
}

/// What the URI of a record begins with, by port (http-interface.md, section 2):
/// the port's `public-url`, else what it listens on.
pub(crate) fn uri_bases(config: &Config, opened: &[Listener]) -> Vec<String> {
    let configured = config.server_info.http_ports();
    let bases = configured
        .zip(opened)
        .map(|(port, opened)| match &port.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => {
                let host = if port.host.is_wildcard() {
                    machine()
                } else {
                    opened.host.clone()
                };
                address(opened, &host)
            }
        });
    bases.collect()
}

/// Where an open port is reached by a host of this name.
pub(crate) fn address(opened: &Listener, host: &str) -> String {
    let scheme = if opened.tls.is_some() {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{}:{}", bracketed(host), opened.port)
}

/// A host as a URI has it: an IPv6 address stands in brackets.
fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_file_names() {
        for (log, proxy) in [
            ("/var/log/ocs.log", "/var/log/ocs_HTTPPRX.log"),
            ("ocs", "ocs_HTTPPRX"),
            ("logs/a.b.txt", "logs/a.b_HTTPPRX.txt"),
        ] {
            assert_eq!(log_file(Path::new(log)), Path::new(proxy));
        }
    }
}
