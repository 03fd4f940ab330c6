//! Hosts, origins and addresses of web servers.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::value::scalar::Scalar;

/// A host: an IP address, without brackets, or a name (configuration.md,
/// section 1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Scalar")]
pub struct HostName(String);

impl HostName {
    pub(crate) const FORM: &str =
        r#"an IP address or a name: "127.0.0.1", "::1", "ocs.example.com""#;

    /// 127.0.0.1, where everything listens unless told otherwise.
    pub(crate) fn loopback() -> Self {
        Self("127.0.0.1".to_owned())
    }

    /// The host as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether only this machine can reach it: a loopback address or `localhost`.
    pub fn is_loopback(&self) -> bool {
        match self.0.parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => self.0.eq_ignore_ascii_case("localhost"),
        }
    }

    /// Whether it stands for every address of the machine.
    pub fn is_wildcard(&self) -> bool {
        let address = self.0.parse::<IpAddr>();
        address.is_ok_and(|address| address.to_canonical().is_unspecified())
    }

    /// The same text for every spelling of the same host.
    pub(crate) fn canonical(&self) -> String {
        match self.0.parse::<IpAddr>() {
            Ok(address) => address.to_canonical().to_string(),
            Err(_) => self.0.to_ascii_lowercase(),
        }
    }
}

impl TryFrom<Scalar> for HostName {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        let text = value.text(Self::FORM)?;
        if text.starts_with('[') {
            return Err("write an IPv6 address without brackets".to_owned());
        }
        if text.contains("://") {
            return Err("write the host alone, without http://".to_owned());
        }
        if is_host(&text) {
            return Ok(Self(text));
        }
        let host_alone = text.rsplit_once(':').is_some_and(|(host, _)| is_host(host));
        Err(match host_alone {
            true => "write the host alone, without a port".to_owned(),
            false => format!("not a host: write {}", Self::FORM),
        })
    }
}

/// Whether `text` is an IP address or could be a host's name.
fn is_host(text: &str) -> bool {
    if text.parse::<IpAddr>().is_ok() {
        return true;
    }
    // Digits and dots alone are a mistyped address, not a name.
    let address_like = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let label = |label: &str| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (1..=63).contains(&label.len())
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name = text.strip_suffix('.').unwrap_or(text);
    name.len() <= 253 && !address_like(name) && name.split('.').all(label)
}

/// Where a web page or a client finds a server: `http(s)://host[:port]`, with
/// nothing after it (http-interface.md, section 2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Scalar")]
pub struct WebOrigin(String);

impl WebOrigin {
    pub(crate) const FORM: &str =
        r#"http(s)://host[:port] and nothing after it: "https://ocs.example.com""#;

    /// The origin as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it says `https`.
    pub fn is_https(&self) -> bool {
        self.0.to_ascii_lowercase().starts_with("https:")
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<Scalar> for WebOrigin {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        let text = value.text(Self::FORM)?;
        let (authority, rest) = authority_of(&text)?;
        check_authority(authority)?;
        match rest.chars().next() {
            None => Ok(Self(text)),
            Some('/') if rest == "/" => Err("leave out the slash at the end".to_owned()),
            Some('/') => Err("no path is allowed: write http(s)://host[:port]".to_owned()),
            Some('?') => Err("no query is allowed: write http(s)://host[:port]".to_owned()),
            Some(_) => Err("no fragment is allowed: write http(s)://host[:port]".to_owned()),
        }
    }
}

/// The address of a web server that OCS sends to (notifications.md).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "Scalar", into = "String")]
pub struct WebUri(String);

impl WebUri {
    pub(crate) const FORM: &str =
        r#"http(s)://host[:port]/path[?query]: "https://crm.example.com/validate""#;

    /// The address as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is http, and names a host and a port alone.
    pub(crate) fn is_plain_origin(&self) -> bool {
        let plain = self.0.get(..7);
        plain.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
            && !self.0[7..].trim_end_matches('/').contains(['/', '?'])
    }
}

impl From<WebUri> for String {
    fn from(value: WebUri) -> Self {
        value.to_string()
    }
}

impl fmt::Display for WebUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<Scalar> for WebUri {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        let text = value.text(Self::FORM)?;
        let (authority, rest) = authority_of(&text)?;
        check_authority(authority)?;
        if let Some(illegal) = rest.chars().find(|c| !is_in_target(*c)) {
            return Err(match illegal {
                '#' => "no fragment is allowed".to_owned(),
                _ => format!("{illegal:?} is not allowed in an address: percent-encode it"),
            });
        }
        Ok(Self(text))
    }
}

/// The characters of a path and a query (RFC 3986).
fn is_in_target(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~%!$&'()*+,;=:@/?".contains(c)
}

/// Splits an address into `host[:port]` and what follows.
fn authority_of(text: &str) -> Result<(&str, &str), String> {
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if is_web(scheme) => rest,
        _ => return Err("it must begin with http:// or https://".to_owned()),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Ok(rest.split_at(end))
}

fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

fn check_authority(authority: &str) -> Result<(), String> {
    if authority.contains('@') {
        return Err("no user or password is allowed in an address".to_owned());
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let Some((address, after)) = rest.split_once(']') else {
                return Err("an IPv6 address needs its closing bracket".to_owned());
            };
            if address.parse::<Ipv6Addr>().is_err() {
                return Err(format!("{address:?} is no IPv6 address"));
            }
            match after.strip_prefix(':') {
                Some(port) => ("localhost", Some(port)),
                None if after.is_empty() => ("localhost", None),
                None => return Err("only :port may follow the bracket".to_owned()),
            }
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if host.is_empty() {
        return Err("the host is missing".to_owned());
    }
    if !is_host(host) {
        return Err(format!("{} is not a host", crate::problem::show_text(host)));
    }
    let Some(port) = port else { return Ok(()) };
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(1..) if digits => Ok(()),
        _ => Err("the port must be 1 to 65535".to_owned()),
    }
}

fn text_schema(description: &str, pattern: &str) -> Schema {
    json_schema!({ "description": description, "type": "string", "pattern": pattern })
}

impl JsonSchema for HostName {
    fn schema_name() -> Cow<'static, str> {
        "HostName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        text_schema(
            "An IP address, without brackets, or a host's name.",
            "^[0-9A-Za-z:._-]+$",
        )
    }
}

impl JsonSchema for WebOrigin {
    fn schema_name() -> Cow<'static, str> {
        "WebOrigin".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        text_schema(
            "http(s)://host[:port], without path, query or slash at the end.",
            "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+$",
        )
    }
}

impl JsonSchema for WebUri {
    fn schema_name() -> Cow<'static, str> {
        "WebUri".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        text_schema(
            "http(s)://host[:port]/path[?query].",
            "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+[^#]*$",
        )
    }
}
