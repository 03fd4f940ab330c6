//! HTTP Proxy as OCS has it: the process, its sessions, and the settings that it is
//! given when it starts and when they change (configuration.md, sections 2 and 3).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ocs_config::{Change, Config, Effect, InForce};
use tokio::sync::mpsc;

use crate::core::Core;
use crate::proxy_settings::{address, proxy_settings, uri_bases};
use crate::server::{Announce, Started};
use crate::session::{HttpProxySessions, Notice, serve};
use crate::supervisor::{Reconnects, Supervisor};
use crate::tls::Identities;

/// After HTTP Proxy's own time to finish, how long it may take to end.
const GRACE: Duration = Duration::from_secs(1);

/// After another OCS was primary, its HTTP Proxy may still have a port for a moment: for so
/// long, ours is started again at once.
const TAKING_OVER: Duration = Duration::from_secs(3);
const AT_ONCE: Duration = Duration::from_millis(50);

/// HTTP Proxy, which runs while there is an http port.
pub(crate) struct HttpProxy {
    in_force: Arc<Mutex<InForce>>,
    core: Core,
    identities: Identities,
    sessions: HttpProxySessions,
    supervisor: Supervisor,
}

impl HttpProxy {
    /// Starts it where the configuration has an http port.
    pub(crate) fn start(
        config: Config,
        core: &Core,
        identities: Identities,
        announce: Announce,
        after_another: bool,
    ) -> std::io::Result<Self> {
        let has_port = config.server_info.http_ports().next().is_some();
        let reconnect_timeout = config.server_info.reconnect_timeout.as_duration();
        let in_force = Arc::new(Mutex::new(InForce::new(config)));
        let (notice, notices) = mpsc::channel(4);
        let of_start = Arc::clone(&in_force);
        let (of_ports, of_access) = (identities.clone(), core.clone());
        // What was read when OCS started is good for the first one.
        let is_first = AtomicBool::new(true);
        let settings = Arc::new(move || {
            let mut in_force = lock(&of_start);
            in_force.http_proxy_starts();
            of_access.take_up_access(&in_force.now.access);
            if !is_first.swap(false, Ordering::Relaxed) {
                of_ports.renew(&in_force.now);
            }
            proxy_settings(&in_force.now, &of_ports)
        });
        let sessions = HttpProxySessions::new(core.clone(), settings, notice);
        let (connect, connections) = mpsc::channel(1);
        tokio::spawn(serve(sessions.clone(), connections));
        let at_first = if after_another {
            AT_ONCE
        } else {
            reconnect_timeout
        };
        let supervisor = Supervisor::start(at_first, connect)?;
        if after_another {
            let (reconnects, in_force) = (supervisor.reconnects(), Arc::clone(&in_force));
            tokio::spawn(async move {
                tokio::time::sleep(TAKING_OVER).await;
                let reconnect_timeout = lock(&in_force).now.server_info.reconnect_timeout;
                reconnects.set_timeout(reconnect_timeout.as_duration());
            });
        }
        if has_port {
            supervisor.want();
        } else {
            announce(Started::WithoutHttp);
        }
        let of_ports = Arc::clone(&in_force);
        let reconnects = supervisor.reconnects();
        tokio::spawn(hear(notices, of_ports, reconnects, core.clone(), announce));
        Ok(Self {
            in_force,
            core: core.clone(),
            identities,
            sessions,
            supervisor,
        })
    }

    /// Takes up what of a changed configuration does not wait for OCS's restart, and says
    /// of each key that has changed when it takes effect.
    pub(crate) async fn take_up(&self, file: &Config) {
        let (changes, had_port, has_port, in_force) = {
            let mut in_force = lock(&self.in_force);
            let had_port = in_force.next.server_info.http_ports().next().is_some();
            let changes = in_force.reload(file);
            let has_port = in_force.next.server_info.http_ports().next().is_some();
            (changes, had_port, has_port, in_force.now.clone())
        };
        report(&changes);
        let reconnect_timeout = in_force.server_info.reconnect_timeout.as_duration();
        self.supervisor.set_reconnect_timeout(reconnect_timeout);
        self.core.take_up_access(&in_force.access);
        if let Err(problems) = self.core.take_up_notifications(&in_force) {
            tracing::error!("{problems}; web servers are spoken to as before");
        }
        // Also where nothing has changed: a file that it names may have. Outbound ports
        // show what is read here too.
        self.identities.renew(&in_force);
        if has_port {
            let settings = proxy_settings(&in_force, &self.identities);
            self.sessions.take_up(settings).await;
        }
        match (had_port, has_port) {
            (false, true) => {
                tracing::info!("there is an http port now: HTTP Proxy is started");
                self.sessions.welcome();
                self.supervisor.want();
            }
            (true, false) => {
                tracing::info!(
                    "there is no http port any more: HTTP Proxy finishes the requests it has and \
                     ends"
                );
                self.supervisor.dismiss();
                self.sessions.stop().await;
            }
            _ => {}
        }
    }

    /// How long requests in flight are waited for.
    pub(crate) fn shutdown_timeout(&self) -> Duration {
        let timeout = lock(&self.in_force).now.options.oc_server.shutdown_timeout;
        timeout.as_duration()
    }

    /// Lets it finish the requests it has, and waits for its end.
    pub(crate) async fn stop(self) {
        let patience = self.shutdown_timeout() + GRACE;
        // First, so that its end is no accident, however fast it comes.
        self.supervisor.dismiss();
        self.sessions.stop().await;
        self.supervisor.stop(patience).await;
    }
}

fn lock(in_force: &Mutex<InForce>) -> MutexGuard<'_, InForce> {
    in_force.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn report(changes: &[Change]) {
    if changes.is_empty() {
        tracing::info!("the configuration is read again: no key has changed");
    }
    for change in changes {
        match change.effect {
            Effect::AtOnce => tracing::info!("{change}"),
            // Somebody may wait for it.
            Effect::NextHttpProxy | Effect::AfterRestart => tracing::warn!("{change}"),
        }
    }
}

/// Hears what HTTP Proxy says of itself.
async fn hear(
    mut notices: mpsc::Receiver<Notice>,
    in_force: Arc<Mutex<InForce>>,
    reconnects: Reconnects,
    core: Core,
    announce: Announce,
) {
    while let Some(notice) = notices.recv().await {
        match notice {
            Notice::Listening(opened) => {
                let bases = uri_bases(&lock(&in_force).now, &opened);
                core.uri_bases.store(Arc::new(bases));
                let ports: Vec<_> = opened
                    .iter()
                    .map(|port| (port.id.clone(), address(port, &port.host)))
                    .collect();
                for (id, address) in &ports {
                    tracing::info!(%id, "HTTP Proxy listens on {address}");
                }
                announce(Started::Listening(ports));
            }
            Notice::Failed(reason) => {
                tracing::error!("HTTP Proxy cannot serve: {reason}");
                let again_in = reconnects.timeout();
                announce(Started::Failed { reason, again_in });
            }
        }
    }
}
