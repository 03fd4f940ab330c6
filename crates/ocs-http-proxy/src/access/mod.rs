//! Who may do what (configuration.md, section 1): judged before a body is read and
//! before OCS is asked. What OCS alone knows, it judges itself: which calling list a
//! record is in, and what a campaign group is called.
//!
//! `host` and `origin` keep web pages out, `token` and `network` say whose
//! request it is, `right` what it needs, `rate` how many there may be; `failures` slows
//! whoever tries tokens, `refused` says so in the log.

mod failures;
mod host;
mod network;
mod origin;
mod rate;
mod refused;
mod right;
mod token;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Instant;

use hyper::header::HeaderMap;
use hyper::http::request::Parts;
use ocs_protocol::attribute::GSW_CALLING_LIST;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::access_rule::Client as KnownBy;
use ocs_protocol::outbound::{self, AccessRule};
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_protocol::subject;

pub(crate) use failures::Failures;
pub(crate) use host::Port;
pub(crate) use refused::Refused;
pub(crate) use right::Rights;

use host::Hosts;
use network::Network;
use rate::Rate;
use token::Shown;

/// The rules.
pub(crate) struct Access {
    rules: Vec<Rule>,
    /// By the SHA-256 of the token. Looking a hash up takes no constant time, and tells
    /// who measures it something of the hash of what he sent, and nothing of any token.
    tokens: HashMap<[u8; 32], usize>,
    /// By the certificate's subject in its normal form.
    subjects: HashMap<String, usize>,
    /// The smallest first.
    networks: Vec<(Network, usize)>,
    allow_anonymous: bool,
    hosts: Hosts,
    /// Web pages of these origins may send requests.
    origins: Vec<String>,
}

/// What a client may do.
struct Rule {
    /// What it is called.
    credential: String,
    rights: Rights,
    /// The calling lists that it may use; all of them where `None`.
    lists: Option<HashSet<String>>,
    rate: Option<Rate>,
}

/// Who sends a request, as far as the rules are concerned.
pub(crate) struct Sender<'a> {
    pub(crate) address: IpAddr,
    /// The subject of its certificate, in RFC 4514's notation.
    pub(crate) subject: Option<&'a str>,
}

/// A client that was let in.
#[derive(Clone, Copy)]
pub(crate) struct Admitted<'a> {
    /// `None` where there are no rules.
    rule: Option<&'a Rule>,
    address: IpAddr,
}

/// A client that is not known.
#[derive(Debug)]
pub(crate) struct Unknown {
    pub(crate) refusal: Refusal,
    /// Whether it showed a token, which is wrong.
    pub(crate) by_token: bool,
}

impl Access {
    /// Reads what OCS sent.
    pub(crate) fn read(access: outbound::Access, origins: Vec<String>) -> Result<Self, String> {
        let mut read = Self {
            rules: Vec::with_capacity(access.rules.len()),
            tokens: HashMap::new(),
            subjects: HashMap::new(),
            networks: Vec::new(),
            allow_anonymous: access.allow_anonymous,
            hosts: Hosts::new(&access.hosts),
            origins,
        };
        for (index, rule) in access.rules.into_iter().enumerate() {
            let wrong = || format!("the access rule {:?} cannot be read", rule.credential);
            let mut each = false;
            match rule.client.as_ref().ok_or_else(wrong)? {
                KnownBy::Tokens(tokens) => {
                    for hash in &tokens.sha256 {
                        let hash = hash.as_slice().try_into().map_err(|_| wrong())?;
                        read.tokens.insert(hash, index);
                    }
                }
                KnownBy::Network(network) => {
                    each = true;
                    let network = Network::read(network).ok_or_else(wrong)?;
                    read.networks.push((network, index));
                }
                KnownBy::Subject(subject) => {
                    let subject = subject::normal(subject).ok_or_else(wrong)?;
                    read.subjects.insert(subject, index);
                }
            }
            read.rules.push(Rule::read(rule, each));
        }
        read.networks.sort_by_key(|(network, _)| network.order());
        Ok(read)
    }

    /// Whether a web page may be behind a request, or somebody who made a name point
    /// here.
    ///
    /// # Errors
    /// It may, and is not allowed to.
    pub(crate) fn check_page(&self, head: &Parts, port: &Port) -> Result<(), Refusal> {
        self.hosts.check(head, port)?;
        origin::check(&head.headers, &self.origins)
    }

    /// Lets a client in. A token that it shows decides, whatever else it is known by; then
    /// its certificate, then the smallest network that it is in.
    ///
    /// # Errors
    /// No rule knows it.
    pub(crate) fn admit(
        &self,
        sender: &Sender<'_>,
        port: &Port,
        headers: &HeaderMap,
    ) -> Result<Admitted<'_>, Unknown> {
        let admitted = |rule| {
            Ok(Admitted {
                rule,
                address: sender.address,
            })
        };
        if self.rules.is_empty() {
            // The port that is open, which a reload does not move.
            return if port.is_loopback() || self.allow_anonymous {
                admitted(None)
            } else {
                Err(nobody())
            };
        }
        let index = match token::shown(headers) {
            Shown::Token(token) => match self.tokens.get(&token::hash(token)) {
                Some(index) => Some(*index),
                None => return Err(wrong_token("is none that is known")),
            },
            Shown::Other => return Err(wrong_token("must be \"Bearer\" and a token, once")),
            Shown::Nothing => self.of_subject(sender).or_else(|| self.of_network(sender)),
        };
        match index.and_then(|index| self.rules.get(index)) {
            Some(rule) => admitted(Some(rule)),
            None => Err(nobody()),
        }
    }

    fn of_subject(&self, sender: &Sender<'_>) -> Option<usize> {
        if self.subjects.is_empty() {
            return None;
        }
        let subject = subject::normal(sender.subject?)?;
        self.subjects.get(&subject).copied()
    }

    fn of_network(&self, sender: &Sender<'_>) -> Option<usize> {
        let mut networks = self.networks.iter();
        let within = |(network, _): &&(Network, usize)| network.contains(sender.address);
        networks.find(within).map(|(_, index)| *index)
    }
}

impl Rule {
    fn read(rule: AccessRule, each: bool) -> Self {
        Self {
            rights: rule.rights().collect(),
            credential: rule.credential,
            lists: rule
                .calling_lists
                .map(|lists| lists.names.into_iter().collect()),
            rate: (rule.rate > 0).then(|| Rate::new(rule.rate, each)),
        }
    }
}

impl<'a> Admitted<'a> {
    /// What it was let in by; empty where there are no rules.
    pub(crate) fn credential(self) -> &'a str {
        self.rule.map_or("", |rule| rule.credential.as_str())
    }

    /// The client has one of the rights that a request may need.
    ///
    /// # Errors
    /// It has none of them.
    pub(crate) fn check(self, needed: Rights) -> Result<(), Refusal> {
        let rights = self.rule.map_or(Rights::WITHOUT_RULES, |rule| rule.rights);
        if rights.suffice_for(needed) {
            return Ok(());
        }
        let sentence = match self.rule {
            Some(rule) => format!(
                "{} may not do this: it needs the right {needed}, and has {rights}",
                rule.credential
            ),
            None => format!(
                "this needs the right {needed}, which nobody has without a rule in the section \
                 access of the configuration"
            ),
        };
        Err(Refusal::new(ErrorNumber::RightMissing, sentence))
    }

    /// The client may use the calling list that the URI names.
    ///
    /// # Errors
    /// It is bound to others.
    pub(crate) fn check_list(self, name: Option<&str>) -> Result<(), Refusal> {
        let lists = self.rule.and_then(|rule| rule.lists.as_ref());
        let (Some(lists), Some(name)) = (lists, name) else {
            return Ok(());
        };
        if lists.contains(name) {
            return Ok(());
        }
        let sentence = format!(
            "this client may not use the calling list {}; nothing was changed",
            quoted(name)
        );
        Err(Refusal::new(ErrorNumber::BoundElsewhere, sentence).at(GSW_CALLING_LIST))
    }

    /// Counts a request against the client's rate.
    ///
    /// # Errors
    /// It is one too many; the seconds after which the next one is taken.
    pub(crate) fn count(self, now: Instant) -> Result<(), (u64, Refusal)> {
        let Some((rule, rate)) = self
            .rule
            .and_then(|rule| rule.rate.as_ref().map(|rate| (rule, rate)))
        else {
            return Ok(());
        };
        rate.take(self.address, now).map_err(|wait| {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let sentence = format!(
                "{} may send {} requests per second, and this was one more; try again after \
                 Retry-After",
                rule.credential,
                rate.per_second()
            );
            (
                seconds.max(1),
                Refusal::new(ErrorNumber::RateExceeded, sentence),
            )
        })
    }
}

fn nobody() -> Unknown {
    let sentence = "no credential was shown, and no rule knows this client by its address or its \
                    certificate; send Authorization: Bearer with a token";
    Unknown {
        refusal: Refusal::new(ErrorNumber::NotAuthenticated, sentence).at("Authorization"),
        by_token: false,
    }
}

fn wrong_token(what: &str) -> Unknown {
    // Never with what was sent: it may be a token with a slip of the pen.
    let sentence = format!("the credential in Authorization {what}");
    Unknown {
        refusal: Refusal::new(ErrorNumber::NotAuthenticated, sentence).at("Authorization"),
        by_token: true,
    }
}

#[cfg(test)]
mod tests;
