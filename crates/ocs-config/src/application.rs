//! `[application]`: who this OCS is, and which applications it hears.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::read::findings::Findings;
use crate::read::path::KeyPath;
use crate::value::secret::Secret;

/// The OCS application itself (configuration.md, section 1).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "kebab-case")]
pub struct Application {
    /// The application's name. Default: "OCS".
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// The application's DBID, the GSW_APPLICATION_ID of events. Default: 101.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub dbid: u32,
    /// The tenant's name. Default: "Environment".
    #[schemars(length(min = 1, max = 128))]
    pub tenant: String,
    /// The region of phone numbers without a country code, two capital letters
    /// ("US"). Default: none; such numbers are then compared as bare digits.
    pub default_region: Option<String>,
    /// Desktops and third-party applications that are heard on an `outbound` port.
    pub client: Vec<Client>,
}

impl Default for Application {
    fn default() -> Self {
        Self {
            name: "OCS".to_owned(),
            dbid: 101,
            tenant: "Environment".to_owned(),
            default_region: None,
            client: Vec::new(),
        }
    }
}

/// A desktop or third-party application that is heard (outbound-protocols.md,
/// section 1).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Client {
    /// The name that it gives in its hello; unique.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// The one protocol that it may speak.
    pub role: ClientRole,
    /// The secret that it gives in its hello.
    pub secret: Secret,
}

/// Which of the outbound protocols an application may speak
/// (outbound-protocols.md, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
pub enum ClientRole {
    /// The Desktop protocol.
    Desktop,
    /// The Third Party protocol.
    ThirdParty,
}

impl Application {
    pub(crate) fn check(&self, at: &KeyPath, findings: &mut Findings) {
        if let Some(region) = &self.default_region {
            check_region(region, &at.key("default-region"), findings);
        }
        let clients = at.key("client");
        for (index, client) in self.client.iter().enumerate() {
            if let Some(first) = self
                .client
                .iter()
                .position(|other| other.name == client.name)
                && first < index
            {
                findings.wrong(
                    &clients.index(index).key("name"),
                    format!("client[{first}] has this name already; names must differ"),
                );
            }
        }
    }
}

/// A region is a country's two letters, as ISO 3166 writes them.
pub(crate) fn check_region(region: &str, at: &KeyPath, findings: &mut Findings) {
    if region.len() != 2 || !region.bytes().all(|byte| byte.is_ascii_uppercase()) {
        findings.wrong(
            at,
            "allowed: a country's two capital letters, such as \"US\"",
        );
    }
}
