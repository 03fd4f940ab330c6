//! How OCS speaks to web servers, as the configuration says.

use std::time::Duration;

use http::HeaderValue;
use ocs_config::Config;
use ocs_encoding::Encoding;
use ring::hmac;

use super::target::{Origin, Target};
use crate::tls::{TlsProblems, WebClient};

/// How OCS speaks to web servers.
pub(crate) struct Settings {
    /// How long a message and its answer may take together.
    pub(crate) timeout: Duration,
    /// Connections to one web server.
    pub(crate) connections: usize,
    pub(crate) encoding: Encoding,
    pub(super) content_type: HeaderValue,
    /// What messages are signed with.
    pub(super) key: Option<hmac::Key>,
    pub(super) tls: WebClient,
    /// The HTTP proxy on the way.
    pub(super) proxy: Option<Origin>,
}

impl Settings {
    /// Those of a configuration.
    ///
    /// # Errors
    /// A file or a secret that it names is no good.
    pub(super) fn read(config: &Config) -> Result<Self, TlsProblems> {
        let options = &config.options.oc_server;
        let encoding = options.encoding.name().and_then(Encoding::named);
        let content_type = encoding.map(|encoding| format!("application/json; charset={encoding}"));
        let content_type =
            content_type.and_then(|text| HeaderValue::from_maybe_shared(text.into_bytes()).ok());
        let key = options.notification_signing_key.as_ref();
        let key = key.map(|key| key.resolve(&config.base)).transpose();
        let key = key.map_err(|error| {
            TlsProblems::of_notifications("notification-signing-key", error.to_string())
        })?;
        let proxy = options.notification_proxy.as_ref();
        let proxy = proxy.and_then(|proxy| Target::parse(proxy.as_str()));
        Ok(Self {
            timeout: options.http_response_timeout.as_duration(),
            connections: options.http_connection_pool_size as usize,
            encoding: encoding.unwrap_or(Encoding::UTF_8),
            content_type: content_type.unwrap_or_else(json),
            key: key.map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes())),
            tls: WebClient::read(config)?,
            proxy: proxy.map(|proxy| proxy.origin),
        })
    }
}

const fn json() -> HeaderValue {
    HeaderValue::from_static("application/json")
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            connections: 20,
            encoding: Encoding::UTF_8,
            content_type: json(),
            key: None,
            tls: WebClient::default(),
            proxy: None,
        }
    }
}
