//! What this OCS is at the moment, for whoever asks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ocs_config::Config;
use ocs_protocol::control::{ListeningPort, LoadedGroup, StatusReply};
use ocs_rules::objects::Objects;
use ocs_store::{GroupStates, Holder, Standing};
use tokio::sync::Notify;

use crate::core::Core;
use crate::server::Started;

/// What this OCS is. Clones are handles to the same.
#[derive(Clone)]
pub(crate) struct Board(Arc<Shared>);

struct Shared {
    of_config: StatusReply,
    enabled: bool,
    role: Mutex<Role>,
    hand_over: Notify,
}

enum Role {
    Starting,
    Backup {
        holder: Option<Holder>,
        silent: Duration,
        standing: Standing,
    },
    Primary {
        core: Core,
        since: Instant,
        ports: Vec<ListeningPort>,
        ready: bool,
        handing_over: bool,
    },
}

impl Board {
    pub(crate) fn of(config: &Config) -> Self {
        let lease = config.redundancy.lease.as_millis();
        let of_config = StatusReply {
            process: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            application: config.application.name.clone(),
            dbid: config.application.dbid,
            tenant: config.application.tenant.clone(),
            lease_ms: lease,
            ..StatusReply::default()
        };
        Self(Arc::new(Shared {
            of_config,
            enabled: config.redundancy.enabled,
            role: Mutex::new(Role::Starting),
            hand_over: Notify::new(),
        }))
    }

    pub(crate) fn is_backup(&self, holder: Option<Holder>, silent: Duration, standing: Standing) {
        *self.role() = Role::Backup {
            holder,
            silent,
            standing,
        };
    }

    pub(crate) fn is_primary(&self, core: &Core) {
        *self.role() = Role::Primary {
            core: core.clone(),
            since: Instant::now(),
            ports: Vec::new(),
            ready: false,
            handing_over: false,
        };
    }

    /// It closes its store, and must not keep it open.
    pub(crate) fn ends(&self) {
        *self.role() = Role::Starting;
    }

    /// Takes note of what OCS says at a terminal.
    pub(crate) fn note(&self, started: &Started) {
        let mut role = self.role();
        let Role::Primary { ports, ready, .. } = &mut *role else {
            return;
        };
        match started {
            Started::Listening(listening) => {
                let port = |(id, uri): &(String, String)| ListeningPort {
                    id: id.clone(),
                    uri: uri.clone(),
                };
                *ports = listening.iter().map(port).collect();
                *ready = true;
            }
            Started::WithoutHttp => *ready = true,
            Started::Failed { .. } => {
                ports.clear();
                *ready = false;
            }
            Started::Hearing(_) | Started::Waiting { .. } | Started::Primary { .. } => {}
        }
    }

    /// Resolves when this OCS is asked to hand over.
    pub(crate) async fn hand_over(&self) {
        self.0.hand_over.notified().await;
    }

    /// Asks this OCS to hand over.
    ///
    /// # Errors
    /// It is not primary; a sentence.
    pub(super) fn ask_to_hand_over(&self) -> Result<(), String> {
        match &mut *self.role() {
            Role::Primary { .. } if !self.0.enabled => Err(
                "redundancy.enabled is false in its configuration, so that it would not come back \
                 as a backup"
                    .to_owned(),
            ),
            Role::Primary { handing_over, .. } => {
                *handing_over = true;
                self.0.hand_over.notify_one();
                Ok(())
            }
            Role::Backup { .. } | Role::Starting => Err("this OCS is not primary".to_owned()),
        }
    }

    pub(super) fn status(&self) -> StatusReply {
        let of_config = self.0.of_config.clone();
        match &*self.role() {
            Role::Starting => StatusReply {
                role: "starting".to_owned(),
                ..of_config
            },
            Role::Backup {
                holder,
                silent,
                standing,
            } => StatusReply {
                role: "backup".to_owned(),
                holder: holder.as_ref().map_or_else(String::new, |h| h.name.clone()),
                holder_process: holder.as_ref().map_or(0, |holder| holder.pid),
                lease_ms: holder
                    .as_ref()
                    .map_or(of_config.lease_ms, |holder| millis(holder.terms.lease)),
                epoch: standing.epoch,
                silent_ms: millis(*silent),
                groups: loaded(&standing.objects, &standing.groups),
                calling_lists: standing.objects.lists().len() as u64,
                do_not_call: standing.do_not_call,
                problem: standing.problem.clone().unwrap_or_default(),
                upgrades: standing.too_old,
                ..of_config
            },
            Role::Primary {
                core,
                since,
                ports,
                ready,
                handing_over,
            } => {
                let objects = core.store.objects();
                let role = match handing_over {
                    true => "handing over",
                    false => "primary",
                };
                StatusReply {
                    role: role.to_owned(),
                    holder: crate::server::holder_name(&of_config.application),
                    holder_process: of_config.process,
                    epoch: Some(core.store.epoch()),
                    primary_for_ms: millis(since.elapsed()),
                    groups: loaded(&objects, &core.store.group_states()),
                    calling_lists: objects.lists().len() as u64,
                    do_not_call: core.store.reader().do_not_call_entries(),
                    ports: ports.clone(),
                    ready: *ready,
                    ..of_config
                }
            }
        }
    }

    fn role(&self) -> MutexGuard<'_, Role> {
        self.0.role.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn loaded(objects: &Objects, states: &GroupStates) -> Vec<LoadedGroup> {
    let loaded = states.iter().filter(|(_, state)| state.is_loaded());
    let named = loaded.filter_map(|(group, state)| {
        Some(LoadedGroup {
            name: objects.full_name(objects.group(*group)?),
            status: state.status.name().to_owned(),
        })
    });
    named.collect()
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
