//! What the secured ports prove themselves by: certificates and private keys, read from
//! their files, judged, and read again at a reload (configuration.md, sections 1 and 3).
//!
//! HTTP Proxy gets what belongs to its ports over its connection, and reads no file; the
//! outbound ports take theirs from here with every connection.

mod file;
mod identity;
mod key;
mod web_client;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use ocs_config::{Config, Port};
use ocs_protocol::outbound::Tls;
use tokio_rustls::TlsAcceptor;

use crate::core::Clock;
use identity::Identity;
pub(crate) use web_client::WebClient;

/// So long before a certificate expires, its end is warned of.
const WARN_BEFORE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Why somebody cannot speak TLS: who, the key in the configuration, and what is wrong.
#[derive(Debug)]
struct TlsProblem {
    who: Who,
    wrong: Wrong,
}

/// Who speaks TLS.
#[derive(Debug)]
enum Who {
    /// The port of an id.
    Port(String),
    /// OCS, to web servers.
    Notifications,
}

impl fmt::Display for TlsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wrong { key, what } = &self.wrong;
        match &self.who {
            Who::Port(port) => {
                write!(f, "the port \"{port}\" cannot speak TLS: {key}: {what}")
            }
            Who::Notifications => write!(
                f,
                "OCS cannot speak to web servers: options.OCServer.{key}: {what}"
            ),
        }
    }
}

/// What is wrong, and the key of the port that it is wrong with.
#[derive(Debug)]
struct Wrong {
    key: &'static str,
    what: String,
}

/// Everything that keeps ports from speaking TLS, a line each; never empty.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct TlsProblems(Vec<TlsProblem>);

impl TlsProblems {
    /// What is wrong with a key that says how OCS speaks to web servers.
    pub(crate) fn of_notifications(key: &'static str, what: String) -> Self {
        Self(vec![TlsProblem {
            who: Who::Notifications,
            wrong: Wrong { key, what },
        }])
    }
}

/// Reads what the secured ports of a configuration need, and what OCS needs to speak to web
/// servers, as a start would, and says which
/// certificates expire soon.
///
/// # Errors
/// [`TlsProblems`].
pub fn check_tls(config: &Config, now: Timestamp) -> Result<Vec<String>, TlsProblems> {
    let read = read(config, now)?;
    WebClient::read(config)?;
    Ok(expiring(&read, now))
}

/// How often that is looked for.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

type ByPort = BTreeMap<String, Arc<Identity>>;

/// What the secured ports prove themselves by, as it was last read. Clones are handles
/// to the same.
#[derive(Clone)]
pub(crate) struct Identities {
    by_port: Arc<ArcSwap<ByPort>>,
    clock: Clock,
}

impl Identities {
    /// Reads them for the first time: every secured port must have what it needs.
    pub(crate) fn read(config: &Config, clock: Clock) -> Result<Self, TlsProblems> {
        let by_port = read(config, clock())?;
        Ok(Self {
            by_port: Arc::new(ArcSwap::from_pointee(by_port)),
            clock,
        })
    }

    /// Reads them again. A port whose files have become bad keeps what it has, and the
    /// log says so: connections that are there go on, and new ones are taken.
    pub(crate) fn renew(&self, config: &Config) {
        let now = (self.clock)();
        let mut by_port = ByPort::clone(&self.by_port.load());
        for (port, read) in read_each(config, now) {
            match read {
                Ok(identity) => {
                    let former = by_port.insert(port.id.clone(), Arc::new(identity));
                    let same = former.is_some_and(|former| by_port[&port.id].is(&former));
                    if !same {
                        tracing::info!(port = port.id, "a new certificate is taken up");
                    }
                }
                Err(wrong) => {
                    let problem = TlsProblem::of(port, wrong);
                    match by_port.contains_key(&port.id) {
                        true => tracing::error!("{problem}; the former certificate stays"),
                        false => tracing::error!("{problem}"),
                    }
                }
            }
        }
        self.by_port.store(Arc::new(by_port));
    }

    /// What HTTP Proxy needs to speak TLS on a secured port. Where nothing good was ever
    /// read it holds nothing, by which HTTP Proxy cannot mistake the port for a plain one.
    pub(crate) fn of_http_port(&self, port: &Port) -> Option<Tls> {
        let identity = || self.by_port.load().get(&port.id).map(Arc::clone);
        port.secured
            .then(|| identity().map_or_else(Tls::default, |identity| identity.tls.clone()))
    }

    /// TLS of an outbound port at this moment; `None` where it speaks none.
    pub(crate) fn acceptor(&self, port: &str) -> Option<TlsAcceptor> {
        let by_port = self.by_port.load();
        let server = Arc::clone(&by_port.get(port)?.server);
        Some(TlsAcceptor::from(server))
    }

    /// Says in the log, now and every day, which certificates expire soon or have; until
    /// whoever started it aborts it.
    pub(crate) async fn watch_expiry(self) {
        let mut day = tokio::time::interval(DAY);
        loop {
            day.tick().await;
            for sentence in expiring(&self.by_port.load(), (self.clock)()) {
                tracing::warn!("{sentence}");
            }
        }
    }
}

impl TlsProblem {
    fn of(port: &Port, wrong: Wrong) -> Self {
        Self {
            who: Who::Port(port.id.clone()),
            wrong,
        }
    }
}

fn read_each(
    config: &Config,
    now: Timestamp,
) -> impl Iterator<Item = (&Port, Result<Identity, Wrong>)> {
    let secured = config.server_info.port.iter().filter(|port| port.secured);
    secured.map(move |port| (port, Identity::read(port, &config.base, now)))
}

fn read(config: &Config, now: Timestamp) -> Result<ByPort, TlsProblems> {
    let mut by_port = ByPort::new();
    let mut problems = Vec::new();
    for (port, read) in read_each(config, now) {
        match read {
            Ok(identity) => {
                by_port.insert(port.id.clone(), Arc::new(identity));
            }
            Err(wrong) => problems.push(TlsProblem::of(port, wrong)),
        }
    }
    if problems.is_empty() {
        Ok(by_port)
    } else {
        Err(TlsProblems(problems))
    }
}

fn expiring(by_port: &ByPort, now: Timestamp) -> Vec<String> {
    let soon = by_port
        .iter()
        .filter(|(_, identity)| identity.until.duration_since(now) < WARN_BEFORE);
    soon.map(|(port, identity)| {
        let Identity { file, until, .. } = &**identity;
        let file = file.display();
        if *until < now {
            format!("the certificate {file} of the port \"{port}\" has expired at {until}: clients refuse it; renew it")
        } else {
            format!("the certificate {file} of the port \"{port}\" expires at {until}; renew it before")
        }
    })
    .collect()
}

#[cfg(test)]
mod tests;
