//! One HTTP Proxy process.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// A running HTTP Proxy.
pub(super) struct Running {
    child: Child,
    pub(super) process: Arc<OwnedFd>,
}

/// Starts HTTP Proxy. Its standard input is its end of the connection: no path and
/// no secret that another process could find.
pub(super) fn start(
    connect: &dyn Fn(StdUnixStream) -> std::io::Result<()>,
) -> std::io::Result<Running> {
    let (ours, theirs) = StdUnixStream::pair()?;
    // This very program, also when its file was replaced meanwhile.
    let child = Command::new("/proc/self/exe")
        .arg("http-proxy")
        .arg(std::process::id().to_string())
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        // Deaf to the terminal's Ctrl-C: OCS tells it when to end.
        .process_group(0)
        .spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| std::io::Error::other("the process has no id"))?;
    // The child has not been waited for, so that the id is still its own.
    let process = Arc::new(pidfd_open(pid, PidfdFlags::empty())?);
    tracing::info!(process = child.id(), "HTTP Proxy is started");
    // Where this fails, HTTP Proxy finds its connection closed and ends.
    connect(ours)?;
    Ok(Running { child, process })
}

impl Running {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the process's end, and says how it came.
    pub(super) fn wait(&mut self) -> String {
        match self.child.wait() {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }
}
