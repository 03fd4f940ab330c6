//! What a running OCS makes of a configuration that has changed (configuration.md,
//! section 3).

mod keys;

use std::fmt;

pub(crate) use keys::shared;
pub use keys::{Effect, effect};
use keys::{KEYS, PORT_KEYS};

use crate::config::Config;
use crate::server_info::{ConnectionProtocol, Port};

/// What a running OCS works by.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce {
    /// What it works by, with the ports as the running HTTP Proxy has them.
    pub now: Config,
    /// What the next HTTP Proxy is started with.
    pub next: Config,
}

/// A key whose value in the file is another one than what was in force, and when that
/// takes effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key, such as `log.level` or `server-info.port[http].host`.
    pub key: String,
    /// What has become of it.
    pub kind: ChangeKind,
    /// When it takes effect.
    pub effect: Effect,
}

/// What has become of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It has another value.
    Changed,
    /// A port was added.
    Added,
    /// A port was removed.
    Removed,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ChangeKind::Changed => "changed",
            ChangeKind::Added => "added",
            ChangeKind::Removed => "removed",
        };
        write!(f, "{} is {kind}: {}", self.key, self.effect)
    }
}

impl InForce {
    /// What an OCS works by that was started with this configuration.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            next: config.clone(),
            now: config,
        }
    }

    /// HTTP Proxy is started: it has what was kept for it.
    pub fn http_proxy_starts(&mut self) {
        self.now = self.next.clone();
    }

    /// Takes up what of a changed configuration takes effect now or with the next HTTP
    /// Proxy. All that differs from what is in force is told, also what was told before
    /// and still waits.
    pub fn reload(&mut self, file: &Config) -> Vec<Change> {
        let mut changes = Vec::new();
        for key in KEYS {
            if (key.differs)(&self.now, file) || (key.differs)(&self.next, file) {
                changes.push(Change {
                    key: key.name.to_owned(),
                    kind: ChangeKind::Changed,
                    effect: key.effect,
                });
            }
        }
        changes.extend(self.port_changes(file));
        let access = self.now.access.clone();
        let was_open = self.now.has_open_port();
        self.take(file);
        if self.now.has_open_port() && !was_open {
            // The rules go with the port that needs them no more: until HTTP Proxy has
            // left it, nobody may come in by it without any.
            self.now.access = access;
            for change in &mut changes {
                if change.key.starts_with("access.") {
                    change.effect = Effect::NextHttpProxy;
                }
            }
        }
        changes
    }

    fn take(&mut self, file: &Config) {
        for key in KEYS {
            if key.effect == Effect::AtOnce {
                (key.take)(&mut self.now, file);
                (key.take)(&mut self.next, file);
            }
        }
        for port in &mut self.now.server_info.port {
            if let Some(in_file) = same_port(port, &file.server_info.port) {
                take_keys(port, in_file, Effect::AtOnce);
            }
        }
        let mut next = Vec::with_capacity(file.server_info.port.len());
        for in_file in &file.server_info.port {
            match of_id(&self.next.server_info.port, &in_file.id) {
                Some(port) => {
                    let mut port = port.clone();
                    take_keys(&mut port, in_file, Effect::NextHttpProxy);
                    next.push(port);
                }
                None if is_http(in_file) => next.push(in_file.clone()),
                // OCS opens outbound ports when it starts.
                None => {}
            }
        }
        let kept = self
            .next
            .server_info
            .port
            .drain(..)
            .filter(|port| !is_http(port) && of_id(&file.server_info.port, &port.id).is_none());
        next.extend(kept);
        self.next.server_info.port = next;
        if !self.next.server_info.port.iter().any(is_http) {
            // There is no HTTP Proxy any more that has them.
            self.now.server_info.port.retain(|port| !is_http(port));
        }
    }

    fn port_changes(&self, file: &Config) -> Vec<Change> {
        let (running, wanted) = (&self.now.server_info.port, &file.server_info.port);
        let mut changes = Vec::new();
        let mut note = |port: &Port, key: &str, kind, effect| {
            changes.push(Change {
                key: format!("server-info.port[{}]{key}", port.id),
                kind,
                effect,
            });
        };
        // The last http port takes HTTP Proxy with it, and the first one brings it.
        let alone = !running.iter().any(is_http) || !wanted.iter().any(is_http);
        let whole = |port: &Port| match (is_http(port), alone) {
            (true, true) => Effect::AtOnce,
            (true, false) => Effect::NextHttpProxy,
            (false, _) => Effect::AfterRestart,
        };
        for port in wanted {
            match of_id(running, &port.id) {
                None => note(port, "", ChangeKind::Added, whole(port)),
                Some(known) => {
                    for key in PORT_KEYS {
                        if (key.differs)(known, port) {
                            let key_of = format!(".{}", key.name);
                            let effect = effect_of(key.effect, known, port);
                            note(port, &key_of, ChangeKind::Changed, effect);
                        }
                    }
                }
            }
        }
        for port in running {
            if of_id(wanted, &port.id).is_none() {
                note(port, "", ChangeKind::Removed, whole(port));
            }
        }
        changes
    }
}

fn is_http(port: &Port) -> bool {
    port.connection_protocol == ConnectionProtocol::Http
}

fn of_id<'a>(ports: &'a [Port], id: &str) -> Option<&'a Port> {
    ports.iter().find(|port| port.id == id)
}

/// The port of the same id, where it has not become another kind of port.
fn same_port<'a>(port: &Port, ports: &'a [Port]) -> Option<&'a Port> {
    of_id(ports, &port.id).filter(|other| other.connection_protocol == port.connection_protocol)
}

/// Takes what takes effect by then.
fn take_keys(port: &mut Port, file: &Port, by: Effect) {
    let known = port.clone();
    for key in PORT_KEYS {
        if effect_of(key.effect, &known, file) <= by {
            (key.take)(port, file);
        }
    }
}

/// When a key of a port takes effect whose own word is `own`.
fn effect_of(own: Effect, known: &Port, file: &Port) -> Effect {
    if known.connection_protocol != file.connection_protocol {
        return Effect::AfterRestart;
    }
    let secured = |port: &Port| (port.secured, port.mutual);
    let own = match own {
        // A secured port is never without its certificate, nor one that asks for
        // certificates without its authorities.
        Effect::AtOnce if secured(known) != secured(file) => Effect::NextHttpProxy,
        own => own,
    };
    match own {
        Effect::NextHttpProxy if !is_http(known) => Effect::AfterRestart,
        own => own,
    }
}
