//! The holder as a process: known by its id and the moment it started, and by the lock that
//! it has.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// How long a process that was killed may take to be gone: what it was doing in the system,
/// such as a sync, comes to its end first.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// What came of ending the holder of the lease.
#[derive(Debug)]
pub enum Ended {
    /// It was killed, and is gone.
    Killed,
    /// It had ended already.
    Gone,
    /// The process of this id is another one, or does not have the lock: it was left alone.
    NotTheHolder,
    /// It could not be ended.
    Failed(io::Error),
}

/// When a process started, in clock ticks since the machine did: with the process id, it
/// names a process for good.
pub(crate) fn start_time(pid: u32) -> Option<i64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field may hold anything in parentheses; start time is the 22nd.
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

/// Whether a process has the lock of this file, as the system says.
pub(crate) fn holds(pid: u32, lease: &File) -> io::Result<bool> {
    let lease = lease.metadata()?;
    let process = Path::new("/proc").join(pid.to_string());
    for descriptor in fs::read_dir(process.join("fd"))? {
        let descriptor = descriptor?;
        // It may be closed meanwhile.
        let Ok(open) = fs::metadata(descriptor.path()) else {
            continue;
        };
        if (open.dev(), open.ino()) != (lease.dev(), lease.ino()) {
            continue;
        }
        let about = process.join("fdinfo").join(descriptor.file_name());
        let about = fs::read_to_string(about).unwrap_or_default();
        let locks = |line: &str| line.starts_with("lock:") && line.contains("FLOCK");
        if about.lines().any(locks) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Ends the holder of the lease, which is named by its id and start time, and waits until it
/// is gone. Whoever else has that id, or does not have the lock, is left alone: what is
/// written in a file may have been edited.
pub(crate) fn end(pid: u32, started: i64, lease: &File) -> Ended {
    try_to_end(pid, started, lease).unwrap_or_else(Ended::Failed)
}

fn try_to_end(pid: u32, started: i64, lease: &File) -> io::Result<Ended> {
    let Some(named) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Ok(Ended::NotTheHolder);
    };
    if pid == std::process::id() {
        return Ok(Ended::NotTheHolder);
    }
    let process = match pidfd_open(named, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(rustix::io::Errno::SRCH) => return Ok(Ended::Gone),
        Err(error) => return Err(error.into()),
    };
    // From here on the descriptor means one process, whatever becomes of the id.
    if start_time(pid) != Some(started) || !holds(pid, lease)? {
        return Ok(Ended::NotTheHolder);
    }
    match pidfd_send_signal(process.as_fd(), Signal::KILL) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(error) => return Err(error.into()),
    }
    let mut ended = [PollFd::new(&process, PollFlags::IN)];
    let within = Timespec::try_from(GONE_WITHIN).map_err(io::Error::other)?;
    loop {
        match poll(&mut ended, Some(&within)) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(Ended::Killed),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn only_the_holder_is_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lease");
        let lease = File::create(&path).expect("a file");
        let me = std::process::id();
        assert!(start_time(me) > Some(0));
        assert!(!holds(me, &lease).expect("it is looked up"));
        lease.try_lock().expect("it is free");
        assert!(holds(me, &lease).expect("it is looked up"));
        // Nobody ends himself.
        let own = end(me, start_time(me).unwrap_or(0), &lease);
        assert!(matches!(own, Ended::NotTheHolder), "{own:?}");
        drop(lease);
        let open = File::open(&path).expect("it opens");
        let begin = |command: &mut Command| {
            let child = command.stdout(Stdio::piped()).spawn();
            child.expect("a process")
        };
        let mut bystander = begin(Command::new("sleep").arg("60"));
        let mut holder = begin(
            Command::new("flock")
                .args(["--no-fork".as_ref(), path.as_os_str()])
                .args(["sh", "-c", "echo held; exec sleep 60"]),
        );
        let mut said = [0; 4];
        let stdout = holder.stdout.as_mut().expect("its output");
        io::Read::read_exact(stdout, &mut said).expect("it has the lock");
        let started = |id| start_time(id).expect("it lives");
        for (pid, start, right) in [
            (bystander.id(), started(bystander.id()), "NotTheHolder"),
            (holder.id(), started(holder.id()) + 1, "NotTheHolder"),
            (0, 0, "NotTheHolder"),
            (u32::MAX, 0, "NotTheHolder"),
            (holder.id(), started(holder.id()), "Killed"),
        ] {
            let ended = end(pid, start, &open);
            assert_eq!(format!("{ended:?}"), right, "{pid}");
        }
        assert!(bystander.try_wait().expect("it is asked").is_none());
        bystander.kill().expect("it is ended");
        bystander.wait().expect("it is gone");
        holder.wait().expect("it is gone");
        let gone = end(holder.id(), 1, &open);
        assert!(
            matches!(gone, Ended::Gone | Ended::NotTheHolder),
            "{gone:?}"
        );
        open.try_lock().expect("it is free again");
    }
}
