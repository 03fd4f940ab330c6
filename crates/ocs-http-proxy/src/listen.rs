//! The ports, and the connections that come in by them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ocs_protocol::outbound::Listener;
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::connection;
use crate::gateway::Gateway;
use crate::tls::Secured;

/// The open ports.
pub(crate) struct Ports {
    pub(crate) sockets: Vec<TcpListener>,
    /// As they were configured, with the port numbers really opened.
    pub(crate) opened: Vec<Listener>,
}

/// Opens every port, or says which one cannot be opened and why.
pub(crate) async fn open(listeners: &[Listener]) -> Result<Ports, String> {
    let mut ports = Ports {
        sockets: Vec::new(),
        opened: Vec::new(),
    };
    for listener in listeners {
        let (socket, opened) = open_one(listener).await.map_err(|error| {
            format!(
                "the port \"{}\" cannot be opened on {}:{}: {error}; end the program that has it, \
                 or configure another port",
                listener.id, listener.host, listener.port
            )
        })?;
        ports.sockets.push(socket);
        ports.opened.push(opened);
    }
    Ok(ports)
}

async fn open_one(listener: &Listener) -> std::io::Result<(TcpListener, Listener)> {
    let port =
        u16::try_from(listener.port).map_err(|_| std::io::Error::other("it is above 65535"))?;
    let host = listener.host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
    let socket = TcpListener::bind(addresses.as_slice()).await?;
    let port = u32::from(socket.local_addr()?.port());
    Ok((
        socket,
        Listener {
            port,
            ..listener.clone()
        },
    ))
}

/// The places of connections, over all ports.
#[derive(Clone, Default)]
struct Places {
    taken: Arc<AtomicUsize>,
}

/// A connection's place, which is free again when this is dropped.
struct Place(Arc<AtomicUsize>);

impl Places {
    /// Takes a place; `None` where as many as allowed are taken. How many that are may
    /// change with every reload.
    fn take(&self, allowed: usize) -> Option<Place> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        // Dropped where it is not allowed, and so given back.
        let place = Place(Arc::clone(&self.taken));
        (before < allowed).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Takes connections until told to stop; ends when the last of them has ended.
pub(crate) async fn serve(ports: Ports, gateway: Arc<Gateway>, stopping: watch::Receiver<bool>) {
    let settings = gateway.settings();
    let places = Places::default();
    let mut accepting = JoinSet::new();
    let opened = ports.opened.iter();
    let secured = opened.map(|port| Secured::of(&port.id, &settings));
    for ((index, socket), secured) in (0_u32..).zip(ports.sockets).zip(secured) {
        let (gateway, places) = (Arc::clone(&gateway), places.clone());
        accepting.spawn(accept(
            index,
            socket,
            secured,
            gateway,
            places,
            stopping.clone(),
        ));
    }
    accepting.join_all().await;
}

async fn accept(
    listener: u32,
    socket: TcpListener,
    mut secured: Option<Secured>,
    gateway: Arc<Gateway>,
    places: Places,
    mut stopping: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = connection::stopped(&mut stopping) => break,
            // What has ended is taken off the set.
            Some(_) = connections.join_next() => continue,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, client)) => {
                let Some(place) = places.take(gateway.settings().limits.connections) else {
                    tracing::warn!(%client, "no connection is left for this client");
                    continue;
                };
                prepare(&stream);
                let tls = secured.as_mut();
                let tls = tls.map(|secured| secured.handshake(&gateway.settings()));
                let gateway = Arc::clone(&gateway);
                let stopping = stopping.clone();
                connections.spawn(async move {
                    connection::serve(stream, tls, client, listener, gateway, stopping).await;
                    drop(place);
                });
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

fn prepare(stream: &TcpStream) {
    // A reply is written whole; there is nothing to gather. Where it cannot be
    // set, replies are only slower.
    let _ = stream.set_nodelay(true);
}
