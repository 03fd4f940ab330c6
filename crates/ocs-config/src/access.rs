//! `[access]`: who may speak to the HTTP listener.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::read::findings::Findings;
use crate::read::path::KeyPath;
use crate::value::address::{HostName, WebOrigin};
use crate::value::scalar::Scalar;

/// Rules of who may do what over HTTP (configuration.md, section 1).
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct Access {
    /// Whether anybody may speak to an http port that is not on loopback. With
    /// no rule and without this, such a port is refused. Default: false.
    pub allow_anonymous: bool,
    /// Web pages that may send requests: `http(s)://host[:port]`. A request with
    /// another `Origin` is 403. Default: none.
    pub allowed_origins: Vec<WebOrigin>,
    /// Names that a request's `Host` may carry beside those of the ports and of
    /// their public URLs. Default: none.
    pub hosts: Vec<HostName>,
    /// Clients known by a token.
    pub token: Vec<TokenRule>,
    /// Clients known by their network.
    pub network: Vec<NetworkRule>,
    /// Clients known by their certificate.
    pub certificate: Vec<CertificateRule>,
}

/// A client known by a token (configuration.md, section 1).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TokenRule {
    /// What the client is called in logs; unique.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// The hash of its token, never the token.
    pub hash: TokenHash,
    /// The hash of the token that it had before, which stays good beside it until it is
    /// taken out. Default: none.
    pub previous_hash: Option<TokenHash>,
    /// What the client may do.
    #[schemars(length(min = 1))]
    pub rights: Vec<Right>,
    /// The calling lists that it may use, by name. Default: all.
    pub calling_lists: Option<Vec<String>>,
    /// The campaign groups that it may use, `<campaign>@<group>`. Default: all.
    pub campaign_groups: Option<Vec<String>>,
    /// Its requests per second. Default: not limited.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub rate: Option<u32>,
}

/// Clients known by their network (configuration.md, section 1).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct NetworkRule {
    /// The network, `10.1.0.0/16`; unique.
    pub cidr: Network,
    /// What the clients may do.
    #[schemars(length(min = 1))]
    pub rights: Vec<Right>,
    /// The calling lists that they may use, by name. Default: all.
    pub calling_lists: Option<Vec<String>>,
    /// The campaign groups that they may use, `<campaign>@<group>`. Default: all.
    pub campaign_groups: Option<Vec<String>>,
    /// Requests per second of each client. Default: not limited.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub rate: Option<u32>,
}

/// A client known by its certificate, on a port with `mutual`
/// (configuration.md, section 1).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CertificateRule {
    /// The certificate's subject, as RFC 4514 writes it: `CN=crm,O=Example`; unique.
    #[schemars(length(min = 1, max = 1024))]
    pub subject: String,
    /// What the client may do.
    #[schemars(length(min = 1))]
    pub rights: Vec<Right>,
    /// The calling lists that it may use, by name. Default: all.
    pub calling_lists: Option<Vec<String>>,
    /// The campaign groups that it may use, `<campaign>@<group>`. Default: all.
    pub campaign_groups: Option<Vec<String>>,
    /// Its requests per second. Default: not limited.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub rate: Option<u32>,
}

/// What a client may do over HTTP (configuration.md, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// Add records.
    Add,
    /// Change records: complete, reject, cancel, reschedule, Do Not Call.
    Update,
    /// Take records for preview.
    Preview,
    /// Load, start, stop and unload campaign groups.
    Control,
    /// Read records, calling lists and campaign groups.
    Read,
    /// Everything, and administration.
    Admin,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 6] = [
        Self::Add,
        Self::Update,
        Self::Preview,
        Self::Control,
        Self::Read,
        Self::Admin,
    ];

    /// The right as the configuration writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Update => "update",
            Self::Preview => "preview",
            Self::Control => "control",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }
}

/// The SHA-256 of a token, which is long and random; `Debug` does not show it
/// (configuration.md, section 1).
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Scalar")]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    pub(crate) const FORM: &str = "the token's hash: \"sha256:\" and 64 hexadecimal digits";

    /// The 32 bytes of the SHA-256.
    pub const fn sha256(&self) -> &[u8; 32] {
        &self.0
    }
}

impl TryFrom<Scalar> for TokenHash {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        let wrong = || format!("write {}", Self::FORM);
        let text = value.text(Self::FORM)?;
        let digits = text.strip_prefix("sha256:").ok_or_else(wrong)?.as_bytes();
        if digits.len() != 64 {
            return Err(wrong());
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks(2)) {
            let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
                return Err(wrong());
            };
            // Two hexadecimal digits always fit a byte.
            *byte = u8::try_from(high * 16 + low).map_err(|_| wrong())?;
        }
        Ok(Self(hash))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A network in CIDR notation; a bare address is a network of one
/// (configuration.md, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Scalar")]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    pub(crate) const FORM: &str = r#"a network as "10.1.0.0/16" or "2001:db8::/32""#;

    /// Its first address.
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// How many leading bits its addresses have in common.
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether `address` is in it. An IPv4 address that came over IPv6 counts
    /// as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(self.prefix))
                    .unwrap_or(0);
                network.to_bits() == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.prefix))
                    .unwrap_or(0);
                network.to_bits() == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl TryFrom<Scalar> for Network {
    type Error = String;

    fn try_from(value: Scalar) -> Result<Self, String> {
        let text = value.text(Self::FORM)?;
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.as_str(), None),
        };
        let Ok(address) = address.parse::<IpAddr>() else {
            return Err(format!("not a network: write {}", Self::FORM));
        };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix.map(str::parse) {
            None => bits,
            Some(Ok(prefix)) if prefix <= bits => prefix,
            Some(_) => return Err(format!("after the slash stands a number from 0 to {bits}")),
        };
        let network = Self { address, prefix };
        if !network.contains(address) {
            return Err(format!(
                "bits are set beyond the first {prefix}: write the network's first address"
            ));
        }
        Ok(network)
    }
}

impl Access {
    /// Whether any rule lets a client in.
    pub fn has_rules(&self) -> bool {
        !(self.token.is_empty() && self.network.is_empty() && self.certificate.is_empty())
    }

    pub(crate) fn check(&self, at: &KeyPath, findings: &mut Findings) {
        let tokens = at.key("token");
        for (index, rule) in self.token.iter().enumerate() {
            let here = tokens.index(index);
            check_rights(&rule.rights, &here, findings);
            let first = self.token.iter().position(|other| other.name == rule.name);
            check_first(first, index, "token", &here.key("name"), findings);
            let keys = [
                ("hash", Some(&rule.hash)),
                ("previous-hash", rule.previous_hash.as_ref()),
            ];
            for (key, hash) in keys {
                let has = |other: &TokenRule| {
                    hash == Some(&other.hash)
                        || (hash.is_some() && hash == other.previous_hash.as_ref())
                };
                let first = self.token.iter().position(has);
                if let Some(first) = first.filter(|first| *first < index) {
                    let message = format!("token[{first}] has the same hash; tokens must differ");
                    findings.note(&here.key(key), message);
                }
            }
        }
        let networks = at.key("network");
        for (index, rule) in self.network.iter().enumerate() {
            let here = networks.index(index);
            check_rights(&rule.rights, &here, findings);
            let first = self
                .network
                .iter()
                .position(|other| other.cidr == rule.cidr);
            check_first(first, index, "network", &here.key("cidr"), findings);
        }
        let certificates = at.key("certificate");
        for (index, rule) in self.certificate.iter().enumerate() {
            let here = certificates.index(index);
            check_rights(&rule.rights, &here, findings);
            let normal = ocs_protocol::subject::normal(&rule.subject);
            if normal.is_none() {
                findings.wrong(
                    &here.key("subject"),
                    "write the subject as RFC 4514 does, the most special part first: \
                     \"CN=crm,O=Example\"",
                );
            }
            let same = |other: &CertificateRule| {
                other.subject == rule.subject
                    || (normal.is_some() && ocs_protocol::subject::normal(&other.subject) == normal)
            };
            let first = self.certificate.iter().position(same);
            check_first(first, index, "certificate", &here.key("subject"), findings);
        }
    }
}

fn check_rights(rights: &[Right], here: &KeyPath, findings: &mut Findings) {
    for (index, right) in rights.iter().enumerate() {
        if rights[..index].contains(right) {
            findings.wrong(
                &here.key("rights").index(index),
                "this right stands there twice",
            );
        }
    }
}

fn check_first(
    first: Option<usize>,
    index: usize,
    kind: &str,
    key: &KeyPath,
    findings: &mut Findings,
) {
    if let Some(first) = first.filter(|first| *first < index) {
        findings.wrong(
            key,
            format!("{kind}[{first}] has this already; it must be unique"),
        );
    }
}

impl JsonSchema for TokenHash {
    fn schema_name() -> Cow<'static, str> {
        "TokenHash".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The SHA-256 of a token: sha256: and 64 hexadecimal digits.",
            "type": "string",
            "pattern": "^sha256:[0-9A-Fa-f]{64}$",
        })
    }
}

impl JsonSchema for Network {
    fn schema_name() -> Cow<'static, str> {
        "Network".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A network in CIDR notation, or one address.",
            "type": "string",
            "pattern": "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$",
        })
    }
}
