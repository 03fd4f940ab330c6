//! One HTTP Proxy process.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use ocs_protocol::heartbeat::{HEARTBEAT, SILENCE, Silence};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A running HTTP Proxy.
pub(super) struct Running {
    child: Child,
    pub(super) process: Arc<OwnedFd>,
    silence: Arc<Silence>,
}

/// Starts HTTP Proxy. Its standard input is its end of the connection: no path and
/// no secret that another process could find.
pub(super) fn start(
    connect: &dyn Fn(StdUnixStream, Arc<Silence>) -> io::Result<()>,
) -> io::Result<Running> {
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
    let pid = pid.ok_or_else(|| io::Error::other("the process has no id"))?;
    // The child has not been waited for, so that the id is still its own.
    let process = Arc::new(pidfd_open(pid, PidfdFlags::empty())?);
    tracing::info!(process = child.id(), "HTTP Proxy is started");
    let silence = Arc::new(Silence::default());
    // Where this fails, HTTP Proxy finds its connection closed and ends.
    connect(ours, Arc::clone(&silence))?;
    Ok(Running {
        child,
        process,
        silence,
    })
}

impl Running {
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the process's end, and says how it came. One that has been silent for
    /// too long is ended.
    pub(super) fn wait(&mut self) -> String {
        while matches!(self.has_ended_within_a_heartbeat(), Ok(false)) {
            if self.silence.look(HEARTBEAT) >= SILENCE {
                tracing::error!(
                    process = self.id(),
                    "HTTP Proxy was silent for {SILENCE:?} and is killed"
                );
                kill(&self.process);
                break;
            }
        }
        match self.child.wait() {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }

    fn has_ended_within_a_heartbeat(&self) -> io::Result<bool> {
        let mut ended = [PollFd::new(&self.process, PollFlags::IN)];
        let heartbeat = Timespec::try_from(HEARTBEAT).map_err(io::Error::other)?;
        match poll(&mut ended, Some(&heartbeat)) {
            Ok(count) => Ok(count > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Ends a process by a descriptor that never means another one.
pub(super) fn kill(process: &OwnedFd) {
    // It may have ended by itself meanwhile.
    let _ = pidfd_send_signal(process.as_fd(), Signal::KILL);
}
