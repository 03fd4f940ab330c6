//! What HTTP clients are bound to, by the credential that they were let in by
//! (configuration.md, section 1). HTTP Proxy judges who they are and what they may do;
//! which calling list a record is in, and what a campaign group is called, is known here.

use std::collections::HashMap;
use std::sync::Arc;

use ocs_config::Access;
use ocs_protocol::outbound::access_rule::Client;
use ocs_protocol::outbound::{self, AccessRule, Names, Right, Tokens};
use ocs_rules::access::Binding;

/// The bindings of a configuration.
#[derive(Debug, Default)]
pub(crate) struct Bindings(HashMap<String, Option<Arc<Binding>>>);

impl Bindings {
    /// Those of the rules of a configuration.
    pub(crate) fn of(access: &Access) -> Self {
        let rules = access.token.iter().map(|rule| {
            let lists = (&rule.calling_lists, &rule.campaign_groups);
            (token(&rule.name), lists)
        });
        let rules = rules.chain(access.network.iter().map(|rule| {
            let lists = (&rule.calling_lists, &rule.campaign_groups);
            (network(&rule.cidr), lists)
        }));
        let rules = rules.chain(access.certificate.iter().map(|rule| {
            let lists = (&rule.calling_lists, &rule.campaign_groups);
            (certificate(&rule.subject), lists)
        }));
        let bound = rules.map(|(credential, (lists, groups))| {
            let binds = lists.is_some() || groups.is_some();
            let binding = binds.then(|| Arc::new(Binding::to(lists.as_deref(), groups.as_deref())));
            (credential, binding)
        });
        Self(bound.collect())
    }

    /// What the client with this credential is bound to; `None` where it may use
    /// everything.
    pub(crate) fn of_credential(&self, credential: &str) -> Option<Arc<Binding>> {
        if credential.is_empty() {
            return None;
        }
        match self.0.get(credential) {
            Some(binding) => binding.clone(),
            // Its rule went while its request was on its way.
            None => Some(Arc::new(Binding::to_nothing())),
        }
    }
}

/// What the client is called in the request log: the name of its token or the subject of
/// its certificate; its address, where it is known by that or not at all.
pub(crate) fn called(credential: &str, address: String) -> String {
    let named = [TOKEN, CERTIFICATE]
        .iter()
        .find_map(|kind| credential.strip_prefix(kind));
    named.map_or(address, ToOwned::to_owned)
}

const TOKEN: &str = "token:";
const NETWORK: &str = "network:";
const CERTIFICATE: &str = "certificate:";

fn token(name: &str) -> String {
    format!("{TOKEN}{name}")
}

fn network(cidr: &ocs_config::Network) -> String {
    format!("{NETWORK}{}/{}", cidr.address(), cidr.prefix())
}

fn certificate(subject: &str) -> String {
    format!("{CERTIFICATE}{subject}")
}

/// The rules as HTTP Proxy is told them.
pub(crate) fn rules(access: &Access) -> Vec<AccessRule> {
    let tokens = access.token.iter().map(|rule| {
        let hashes = [Some(&rule.hash), rule.previous_hash.as_ref()];
        let hashes = hashes.into_iter().flatten();
        let client = Client::Tokens(Tokens {
            sha256: hashes.map(|hash| hash.sha256().to_vec()).collect(),
        });
        let may = (&rule.rights, &rule.calling_lists, rule.rate);
        (token(&rule.name), client, may)
    });
    let networks = access.network.iter().map(|rule| {
        let client = Client::Network(outbound::Network {
            address: rule.cidr.address().to_string(),
            prefix: rule.cidr.prefix().into(),
        });
        let may = (&rule.rights, &rule.calling_lists, rule.rate);
        (network(&rule.cidr), client, may)
    });
    let certificates = access.certificate.iter().map(|rule| {
        let client = Client::Subject(rule.subject.clone());
        let may = (&rule.rights, &rule.calling_lists, rule.rate);
        (certificate(&rule.subject), client, may)
    });
    let all = tokens.chain(networks).chain(certificates);
    let rule = |(credential, client, (rights, lists, rate)): Parts| AccessRule {
        credential,
        client: Some(client),
        rights: rights.iter().map(|right| wire(*right).into()).collect(),
        calling_lists: lists.clone().map(|names| Names { names }),
        rate: rate.unwrap_or(0),
    };
    all.map(rule).collect()
}

type Parts<'a> = (
    String,
    Client,
    (
        &'a Vec<ocs_config::Right>,
        &'a Option<Vec<String>>,
        Option<u32>,
    ),
);

fn wire(right: ocs_config::Right) -> Right {
    match right {
        ocs_config::Right::Add => Right::Add,
        ocs_config::Right::Update => Right::Update,
        ocs_config::Right::Preview => Right::Preview,
        ocs_config::Right::Control => Right::Control,
        ocs_config::Right::Read => Right::Read,
        ocs_config::Right::Admin => Right::Admin,
    }
}

#[cfg(test)]
mod tests {
    use ocs_config::{Right, TokenHash, TokenRule};

    use super::*;

    fn token_rule(name: &str, lists: Option<&[&str]>) -> TokenRule {
        let hash: TokenHash =
            serde_json::from_value(format!("sha256:{}", "0".repeat(64)).into()).expect("a hash");
        TokenRule {
            name: name.to_owned(),
            hash,
            previous_hash: None,
            rights: vec![Right::Add],
            calling_lists: lists.map(|lists| lists.iter().map(ToString::to_string).collect()),
            campaign_groups: None,
            rate: None,
        }
    }

    #[test]
    fn what_a_credential_binds_to() {
        let access = Access {
            token: vec![
                token_rule("all", None),
                token_rule("one", Some(&["Spring"])),
            ],
            ..Access::default()
        };
        let bindings = Bindings::of(&access);
        let spring = ["Spring".to_owned()];
        for (credential, right) in [
            ("", None),
            ("token:all", None),
            ("token:one", Some(Binding::to(Some(&spring), None))),
            ("token:gone", Some(Binding::to_nothing())),
            ("network:one", Some(Binding::to_nothing())),
        ] {
            let found = bindings.of_credential(credential);
            assert_eq!(found.as_deref(), right.as_ref(), "{credential}");
        }
    }

    #[test]
    fn what_a_client_is_called() {
        for (credential, right) in [
            ("", "10.0.0.1"),
            ("token:crm", "crm"),
            ("token:token:x", "token:x"),
            ("certificate:CN=crm,O=x", "CN=crm,O=x"),
            ("network:10.0.0.0/8", "10.0.0.1"),
        ] {
            assert_eq!(called(credential, "10.0.0.1".to_owned()), right);
        }
    }
}
