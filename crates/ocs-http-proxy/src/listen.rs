//! The ports, and the connections that come in by them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ocs_protocol::outbound::Listener;
use rustix::process::{Resource, getrlimit};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::task::JoinSet;

use crate::conduct::Conduct;
use crate::connection::{self, Came};
use crate::crowd::Crowd;
use crate::gateway::Gateway;
use crate::tls::Secured;
use crate::word::{self, Hears};

/// Bytes of replies that the system holds for a client before it takes more, beside what
/// is on its way: some thousand clients that ask and do not read would otherwise have it
/// copy everything they ask for, and keep it, while nobody else is served.
const UNSENT: u32 = 16 * 1024;

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
    // Its connections have it from here.
    SockRef::from(&socket).set_tcp_notsent_lowat(UNSENT)?;
    let port = u32::from(socket.local_addr()?.port());
    Ok((
        socket,
        Listener {
            port,
            ..listener.clone()
        },
    ))
}

/// Takes connections until told to stop; ends when the last of them has ended.
pub(crate) async fn serve(ports: Ports, gateway: Arc<Gateway>, hears: Hears) {
    let settings = gateway.settings();
    let crowd = Arc::new(Crowd::default());
    let mut accepting = JoinSet::new();
    let opened = ports.opened.iter();
    let secured = opened.map(|port| Secured::of(&port.id, &settings));
    for ((index, socket), secured) in (0_u32..).zip(ports.sockets).zip(secured) {
        let (gateway, crowd) = (Arc::clone(&gateway), Arc::clone(&crowd));
        accepting.spawn(accept(
            index,
            socket,
            secured,
            gateway,
            crowd,
            hears.clone(),
        ));
    }
    accepting.join_all().await;
}

async fn accept(
    listener: u32,
    socket: TcpListener,
    mut secured: Option<Secured>,
    gateway: Arc<Gateway>,
    crowd: Arc<Crowd>,
    mut hears: Hears,
) {
    let files = most_by_system();
    let mut connections = JoinSet::new();
    let mut begin = |connections: &mut JoinSet<()>, stream: TcpStream, client, hears: Hears| {
        let most = gateway.settings().limits.connections.min(files);
        let conduct = Arc::new(Conduct::new());
        let Some(place) = crowd.enter(Arc::clone(&conduct), most) else {
            tracing::warn!(%client, "all {most} connections are being answered");
            return;
        };
        prepare(&stream);
        let tls = secured.as_mut();
        let tls = tls.map(|secured| secured.handshake(&gateway.settings()));
        let gateway = Arc::clone(&gateway);
        let number = place.number();
        let task = connections.spawn(async move {
            let came = Came {
                stream,
                tls,
                address: client,
                listener,
            };
            connection::serve(came, gateway, conduct, hears).await;
            drop(place);
        });
        crowd.runs_as(number, task);
    };
    loop {
        let accepted = tokio::select! {
            biased;
            () = word::stop(&mut hears) => break,
            // What has ended is taken off the set.
            Some(_) = connections.join_next() => continue,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, client)) => begin(&mut connections, stream, client, hears.clone()),
            Err(error) => {
                // Most often no open file is left: those that end make room.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    // Those who had come by then are not cut off: who comes later finds the port closed.
    hears.mark_changed();
    for (stream, client) in waiting(socket) {
        begin(&mut connections, stream, client, hears.clone());
    }
    // Some of them were made to end.
    while connections.join_next().await.is_some() {}
}

/// The connections that wait to be taken; closes the port.
fn waiting(socket: TcpListener) -> impl Iterator<Item = (TcpStream, SocketAddr)> {
    let socket = socket.into_std().ok();
    std::iter::from_fn(move || {
        // It does not block: an error says that nobody waits.
        let (stream, client) = socket.as_ref()?.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        Some((TcpStream::from_std(stream).ok()?, client))
    })
}

/// Open files that are not for connections.
const OTHER_FILES: u64 = 64;

/// Connections that the system lets this process have.
fn most_by_system() -> usize {
    let files = getrlimit(Resource::Nofile).current;
    files.map_or(usize::MAX, |files| {
        usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX)
    })
}

fn prepare(stream: &TcpStream) {
    // A reply is written whole; there is nothing to gather. Where it cannot be
    // set, replies are only slower.
    let _ = stream.set_nodelay(true);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The system hands the bound on from the port to what comes in by it.
    #[tokio::test]
    async fn a_connection_holds_little_that_its_client_does_not_read() {
        let port = Listener {
            host: "127.0.0.1".to_owned(),
            ..Listener::default()
        };
        let (socket, opened) = open_one(&port).await.expect("a free port");
        let number = u16::try_from(opened.port).expect("a port");
        let client = TcpStream::connect(("127.0.0.1", number)).await;
        client.expect("it is open");
        let (stream, _) = socket.accept().await.expect("a connection");
        let held = SockRef::from(&stream).tcp_notsent_lowat();
        assert_eq!(held.expect("the system says it"), UNSENT);
    }
}
