//! The outbound ports, and the connections that come in by them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ocs_config::{Config, ConnectionProtocol, Port, SecretError};
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::applications::Applications;
use super::connection::{self, Kept, stopped};
use super::registry::Sessions;
use super::service::{Called, Reflection};
use super::session::{Native, NativeSessions};
use super::waiting::Waiting;
use super::{HELLO_WITHIN, SESSIONS};
use crate::core::Core;
use crate::session::dispatch::Dispatch;
use crate::tls::Identities;

/// Why desktops and applications cannot be listened to.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    /// A port cannot be opened.
    #[error(
        "the port \"{id}\" cannot be opened on {host}:{port}: {source}; end the program that has \
         it, or configure another port"
    )]
    Port {
        /// The port's id in the configuration.
        id: String,
        /// The configured host.
        host: String,
        /// The configured port number.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The secret of an application cannot be had.
    #[error("application.client \"{application}\": {source}")]
    Secret {
        /// The application's name.
        application: String,
        /// Why.
        source: SecretError,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
    /// The descriptors that were built in cannot be read.
    #[error("server reflection cannot be set up: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// The open outbound ports and their connections.
pub(crate) struct NativeListener {
    stop: watch::Sender<bool>,
    ports: JoinSet<()>,
    /// Id and address of each port.
    pub(crate) opened: Vec<(String, String)>,
}

/// What the connections of all ports share.
struct Shared {
    native: Arc<Native>,
    identities: Identities,
    reflection: Reflection,
    waiting: Waiting,
}

impl NativeListener {
    /// Opens the outbound ports of a configuration, and serves them until it is
    /// stopped. Desktops are entered into `sessions`; secured ports prove themselves by
    /// `identities`.
    ///
    /// # Errors
    /// [`NativeError`]; nothing is then open.
    pub(crate) async fn start(
        config: &Config,
        core: &Core,
        sessions: &Sessions,
        identities: &Identities,
    ) -> Result<Self, NativeError> {
        let (stop, stopping) = watch::channel(false);
        let mut listener = Self {
            stop,
            ports: JoinSet::new(),
            opened: Vec::new(),
        };
        let outbound = |port: &&Port| port.connection_protocol == ConnectionProtocol::Outbound;
        let configured: Vec<_> = config.server_info.port.iter().filter(outbound).collect();
        if configured.is_empty() {
            return Ok(listener);
        }
        let applications = Applications::of(config)?;
        if applications.is_empty() {
            tracing::warn!("no [[application.client]] is configured, so nobody is heard");
        }
        let shared = Arc::new(Shared {
            native: Arc::new(Native {
                core: core.clone(),
                dispatch: Dispatch::new(core.clone()),
                applications,
                sessions: sessions.clone(),
                seats: Arc::new(Semaphore::new(SESSIONS)),
                stopping: stopping.clone(),
            }),
            identities: identities.clone(),
            reflection: Reflection::new()?,
            waiting: Waiting::default(),
        });
        let mut sockets = Vec::with_capacity(configured.len());
        for port in configured {
            let (socket, address) = open(port).await.map_err(|source| NativeError::Port {
                id: port.id.clone(),
                host: port.host.as_str().to_owned(),
                port: port.port,
                source,
            })?;
            listener.opened.push((port.id.clone(), address.to_string()));
            // Secured or not it stays, whatever a reload brings.
            let secured = port.secured.then(|| port.id.clone());
            sockets.push((socket, secured));
        }
        for (id, address) in &listener.opened {
            tracing::info!(%id, "desktops and applications are heard on {address}");
        }
        for (socket, secured) in sockets {
            let accepting = accept(socket, secured, Arc::clone(&shared), stopping.clone());
            listener.ports.spawn(accepting);
        }
        Ok(listener)
    }

    /// Takes no more connections and tells every session to end; waits so long for
    /// their last answers, then ends what is left.
    pub(crate) async fn stop(mut self, patience: Duration) {
        self.stop.send_replace(true);
        let ended = async { while self.ports.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, ended).await.is_err() {
            tracing::warn!("some sessions did not end in time, and their connections are closed");
        }
        self.ports.shutdown().await;
    }
}

async fn open(port: &Port) -> std::io::Result<(TcpListener, SocketAddr)> {
    let addresses = lookup_host((port.host.as_str(), port.port)).await?;
    let addresses: Vec<_> = addresses.collect();
    let socket = TcpListener::bind(addresses.as_slice()).await?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

/// Takes connections on a port; `secured` is its id where it speaks TLS.
async fn accept(
    socket: TcpListener,
    secured: Option<String>,
    shared: Arc<Shared>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stopping) => break,
            // What has ended is taken off the set.
            Some(_) = connections.join_next() => continue,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, client)) => {
                let (secured, shared) = (secured.clone(), Arc::clone(&shared));
                connections.spawn(serve(stream, client, secured, shared, stopping.clone()));
            }
            Err(error) => {
                // Most often no open file is left: those that end make room.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(socket);
    connections.join_all().await;
}

/// Serves a connection for as long as it is of use.
async fn serve(
    stream: TcpStream,
    client: SocketAddr,
    secured: Option<String>,
    shared: Arc<Shared>,
    stopping: watch::Receiver<bool>,
) {
    // Where one of these cannot be set, answers are slower, and clients that are gone
    // are noticed later.
    let _ = stream.set_nodelay(true);
    let _ = rustix::net::sockopt::set_socket_keepalive(&stream, true);
    let kept = Arc::new(Kept::of(client));
    let stops = stopping.clone();
    let served = async {
        let sessions = NativeSessions {
            native: Arc::clone(&shared.native),
            connection: Arc::clone(&kept),
        };
        let called = Called::new(sessions, shared.reflection.clone());
        let Some(port) = secured else {
            connection::serve(stream, &kept, called, stopping).await;
            return;
        };
        // As it is now: a reload may have brought another certificate.
        let Some(tls) = shared.identities.acceptor(&port) else {
            return;
        };
        match tokio::time::timeout(HELLO_WITHIN, tls.accept(stream)).await {
            Ok(Ok(stream)) => connection::serve(stream, &kept, called, stopping).await,
            Ok(Err(error)) => tracing::warn!(%client, %error, "TLS could not be agreed on"),
            Err(_) => tracing::warn!(%client, "TLS was not agreed on in time"),
        }
    };
    tokio::select! {
        () = served => {}
        () = kept.of_no_use(&shared.waiting, stops) => {
            tracing::debug!(%client, "a connection was of no use any more");
        }
    }
}
