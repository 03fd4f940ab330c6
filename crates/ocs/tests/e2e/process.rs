//! Processes that the tests start: run to their end, asked for their children,
//! and ended by their id only.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// How long anything that is waited for may take, also on a machine that is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a program said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` when a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Asserts the status and that each part is in what was said.
    #[track_caller]
    pub(crate) fn expect(&self, status: i32, parts: &[&str]) -> &Self {
        assert_eq!(self.status, Some(status), "{self:#?}");
        for part in parts {
            assert!(
                self.stdout.contains(part) || self.stderr.contains(part),
                "{part:?} is missing in {self:#?}"
            );
        }
        self
    }
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    run_with(command, "")
}

/// Runs a program to its end, with text on its standard input.
pub(crate) fn run_with(command: &mut Command, stdin: &str) -> Ended {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let id = child.id();
    // A program that does not read it closes it, which is no fault.
    let _ = child
        .stdin
        .take()
        .map(|mut input| input.write_all(stdin.as_bytes()));
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || done.send(child.wait_with_output()));
    match ended.recv_timeout(PATIENCE) {
        Ok(output) => {
            let output = output.expect("its output");
            Ended {
                status: output.status.code(),
                stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            }
        }
        Err(_) => {
            signal(id, Signal::KILL);
            panic!("{command:?} did not end in {PATIENCE:?}");
        }
    }
}

/// The product, without what the environment of the tests would configure.
pub(crate) fn ocs(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocs"));
    command.current_dir(folder).args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OCS_") {
            command.env_remove(name);
        }
    }
    command
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(what: &str, so: impl FnMut() -> bool) {
    until_within(PATIENCE, what, so);
}

/// Waits until something is so, for so long.
#[track_caller]
pub(crate) fn until_within(patience: Duration, what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !so() {
        assert!(Instant::now() < deadline, "not in {patience:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal to a process that a test started.
pub(crate) fn signal(id: u32, signal: Signal) {
    // It may have ended by itself meanwhile.
    let _ = kill_process(pid(id), signal);
}

/// Stops a process, and waits until none of its threads runs.
pub(crate) fn pause(id: u32) {
    signal(id, Signal::STOP);
    until("a process is stopped", || {
        let tasks = std::fs::read_dir(format!("/proc/{id}/task"));
        let mut tasks = tasks.into_iter().flatten().flatten();
        tasks.all(|task| stat(&task.path().join("stat")) == Some('T'))
    });
}

/// Whether a process is there and has not ended.
pub(crate) fn lives(id: u32) -> bool {
    test_kill_process(pid(id)).is_ok() && state(id).is_some_and(|state| state != 'Z')
}

fn pid(id: u32) -> Pid {
    i32::try_from(id)
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process id")
}

fn state(id: u32) -> Option<char> {
    stat(Path::new(&format!("/proc/{id}/stat")))
}

fn stat(file: &Path) -> Option<char> {
    let stat = std::fs::read_to_string(file).ok()?;
    // The name, in parentheses, may hold anything.
    stat.rsplit_once(") ")?.1.chars().next()
}

/// The children of a process, of all its threads.
pub(crate) fn children(id: u32) -> BTreeSet<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{id}/task"));
    tasks
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|children| {
            children
                .split_whitespace()
                .map(|id| id.parse().expect("a process id"))
                .collect::<Vec<u32>>()
        })
        .collect()
}

/// The most memory that a process has ever held, in bytes.
pub(crate) fn peak_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("its status");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse::<u64>().ok())
        .expect("VmHWM in kB")
        * 1024
}
