//! The control socket, beside the store: mode 0600, and the peer's user checked.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener as StdUnixListener, UnixStream as StdUnixStream};
use std::path::{Path, PathBuf};

use ocs_config::Config;
use ocs_protocol::MAX_MESSAGE;
use ocs_protocol::control::control_server::ControlServer;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::service::ControlService;
use crate::core::{Core, CoreError, store_path};
use crate::grpc;
use crate::server::ServerError;

/// The listening control socket.
pub(crate) struct Listening {
    path: PathBuf,
    accepting: JoinHandle<()>,
}

/// Where the control socket of a configuration is.
pub(crate) fn path(config: &Config) -> Result<PathBuf, CoreError> {
    let mut path = store_path(config)?.into_os_string();
    path.push("-control");
    Ok(path.into())
}

/// Listens on the control socket. The caller has the lease: a socket that is there
/// already was left by a process that is gone.
pub(crate) fn listen(config: &Config, core: Core) -> Result<Listening, ServerError> {
    listen_at(path(config)?, move |stream| {
        tokio::spawn(serve(core.clone(), stream));
    })
}

/// Listens on a socket of this path, which replaces what is there.
pub(crate) fn listen_at(
    path: PathBuf,
    serve: impl Fn(UnixStream) + Send + 'static,
) -> Result<Listening, ServerError> {
    let socket = bind(&path).map_err(|source| ServerError::Control {
        path: path.display().to_string(),
        source,
    })?;
    let accepting = tokio::spawn(accept(socket, serve));
    Ok(Listening { path, accepting })
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = at_short_path(path, |path| StdUnixListener::bind(path))?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.set_nonblocking(true)?;
    UnixListener::from_std(socket)
}

/// Connects to the control socket of a running OCS.
pub(crate) fn connect(path: &Path) -> io::Result<UnixStream> {
    let stream = at_short_path(path, |path| StdUnixStream::connect(path))?;
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

/// A socket's path has at most 107 bytes, and a data folder may be deep: through
/// the open folder, every path is short.
fn at_short_path<T>(path: &Path, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let folder = File::open(folder)?;
    let name = path.file_name().unwrap_or_default();
    act(&Path::new("/proc/self/fd")
        .join(folder.as_raw_fd().to_string())
        .join(name))
}

/// Takes connections of the same user, and of root.
async fn accept(socket: UnixListener, serve: impl Fn(UnixStream) + Send + 'static) {
    let own = rustix::process::geteuid().as_raw();
    loop {
        let stream = match socket.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a control connection could not be taken");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            }
        };
        match stream.peer_cred() {
            Ok(peer) if peer.uid() == own || peer.uid() == 0 => {
                serve(stream);
            }
            Ok(peer) => tracing::warn!(uid = peer.uid(), "a control connection was refused"),
            Err(error) => tracing::warn!(%error, "a control connection was refused"),
        }
    }
}

/// Serves the control service on one connection.
pub(crate) async fn serve<C>(core: Core, connection: C)
where
    C: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = ControlServer::new(ControlService::new(core))
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    grpc::serve_connection(connection, service).await;
}

impl Listening {
    /// Takes no more commands. What a command that is still there sent before is
    /// committed; then it finds its connection closed.
    pub(crate) fn stop(self) {}
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.accepting.abort();
        // Left behind, it would be in nobody's way.
        let _ = std::fs::remove_file(&self.path);
    }
}
