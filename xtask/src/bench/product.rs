//! The processes under measurement: started, asked, and ended with SIGTERM.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::bench::cpu;
use crate::cargo::{root, run, shown};

/// How long a process may take to listen.
const START: Duration = Duration::from_secs(30);
/// How long it may take to end after SIGTERM.
const STOP: Duration = Duration::from_secs(20);
/// What OCS prints before the port, by what is spoken on it.
const LISTENS: [&str; 2] = [
    "HTTP Proxy listens on http://127.0.0.1:",
    "HTTP Proxy listens on https://127.0.0.1:",
];

/// A process that does not outlive this value.
pub(crate) struct Guarded {
    child: Child,
    name: String,
    stderr: PathBuf,
}

impl Guarded {
    /// Starts a process. What it writes on stderr goes into a file in `folder`.
    pub(crate) fn start(command: &mut Command, folder: &Path) -> Result<Self> {
        let name = shown(command);
        let stderr = folder.join("stderr.txt");
        let errors = File::options().create(true).append(true).open(&stderr);
        let errors = errors.with_context(|| format!("cannot write {}", stderr.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("cannot start `{name}`"))?;
        Ok(Self {
            child,
            name,
            stderr,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended, and it is an error if it failed.
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        match self.child.try_wait()? {
            None => Ok(false),
            Some(status) if status.success() => Ok(true),
            Some(status) => bail!("`{}` failed ({status}){}", self.name, self.last_words()),
        }
    }

    /// Ends it in order, and it is an error if it does not end well.
    pub(crate) fn stop(mut self) -> Result<()> {
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) {
            kill_process(pid, Signal::TERM)?;
        }
        let deadline = Instant::now() + STOP;
        while !self.has_ended()? {
            if Instant::now() > deadline {
                bail!("`{}` did not end within {STOP:?} of SIGTERM", self.name);
            }
            // The standard library waits for ever or not at all.
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Waits for the line on stdout in which `pick` finds what we look for.
    pub(crate) fn wait_for_line<T: Send + 'static>(
        &mut self,
        pick: impl Fn(&str) -> Option<T> + Send + 'static,
    ) -> Result<T> {
        let stdout = self.child.stdout.take().context("stdout is not piped")?;
        let (found, receiver) = mpsc::channel();
        thread::spawn(move || watch(stdout, pick, &found));
        receiver.recv_timeout(START).map_err(|error| {
            let why = match error {
                mpsc::RecvTimeoutError::Timeout => format!("does not listen after {START:?}"),
                mpsc::RecvTimeoutError::Disconnected => "ended before it listened".to_owned(),
            };
            anyhow!("`{}` {why}{}", self.name, self.last_words())
        })
    }

    /// The end of what it wrote on stderr.
    fn last_words(&self) -> String {
        let text = fs::read(&self.stderr).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines = text.lines().collect::<Vec<_>>();
        let last = &lines[lines.len().saturating_sub(10)..];
        if last.is_empty() {
            String::new()
        } else {
            format!("; its last words:\n{}", last.join("\n"))
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // Nothing happens to a process that was waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads to the end, also after the line was found: a full pipe would stop the
/// process.
fn watch<T>(stdout: ChildStdout, pick: impl Fn(&str) -> Option<T>, found: &mpsc::Sender<T>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        if let Some(value) = pick(&line) {
            let _ = found.send(value);
        }
    }
}

/// A running floor.
pub(crate) struct Floor {
    process: Guarded,
    pub(crate) port: u16,
}

impl Floor {
    pub(crate) fn start(binary: &Path, folder: &Path) -> Result<Self> {
        let mut command = Command::new(binary);
        command.stdout(Stdio::piped());
        let mut process = Guarded::start(&mut command, folder)?;
        let port = process.wait_for_line(|line| line.trim().parse().ok())?;
        Ok(Self { process, port })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }
}

/// An HTTP port of an installation; number 0 lets the system choose.
pub(crate) struct Port {
    number: u16,
    secured: bool,
}

impl Port {
    pub(crate) fn plain(number: u16) -> Self {
        Self {
            number,
            secured: false,
        }
    }

    /// By `server.pem` and `server.key` in the installation's folder.
    pub(crate) fn secured(number: u16) -> Self {
        Self {
            number,
            secured: true,
        }
    }

    fn section(&self) -> String {
        let (id, secured) = match self.secured {
            false => ("http", ""),
            true => (
                "https",
                "secured = true\ncertificate = \"server.pem\"\ncertificate-key = \"server.key\"\n",
            ),
        };
        format!(
            "[[server-info.port]]\nid = \"{id}\"\nhost = \"127.0.0.1\"\nport = {}\n\
             connection-protocol = \"http\"\n{secured}\n",
            self.number
        )
    }
}

/// An installation: a binary, and a folder with configuration and store.
pub(crate) struct Installation<'a> {
    binary: &'a Path,
    folder: PathBuf,
}

impl<'a> Installation<'a> {
    /// One with a plain HTTP port; 0 lets the system choose.
    pub(crate) fn new(binary: &'a Path, folder: PathBuf, port: u16) -> Result<Self> {
        Self::with(binary, folder, &[Port::plain(port)])
    }

    /// Writes the configuration, with these ports.
    pub(crate) fn with(binary: &'a Path, folder: PathBuf, ports: &[Port]) -> Result<Self> {
        let ports: String = ports.iter().map(Port::section).collect();
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let configuration = format!(
            r#"[application]
name = "OCS"
dbid = 101
tenant = "Environment"

{ports}[store]
url = "sqlite:ocs.db"

[log]
file = "ocs.log"
"#
        );
        fs::write(folder.join("ocs.toml"), configuration)?;
        Ok(Self { binary, folder })
    }

    /// Adds sections to the configuration.
    pub(crate) fn configure(&self, sections: &str) -> Result<()> {
        let mut file = File::options()
            .append(true)
            .open(self.folder.join("ocs.toml"))?;
        Ok(file.write_all(sections.as_bytes())?)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Loads the calling list of the benches.
    pub(crate) fn apply(&self) -> Result<()> {
        let objects = self.folder.join("objects.toml");
        fs::copy(root().join("bench/objects.toml"), &objects)
            .context("cannot copy bench/objects.toml")?;
        run(self.command("apply").arg(&objects))
    }

    /// A command of OCS for this installation. Nothing that the caller's
    /// environment says about OCS may change what is measured.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.binary);
        command.current_dir(&self.folder);
        command.arg(name).arg("--config");
        command.arg(self.folder.join("ocs.toml"));
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("OCS_") {
                command.env_remove(variable);
            }
        }
        command
    }

    /// Starts OCS and waits until it listens, on the first of its ports.
    pub(crate) fn run(&self) -> Result<Ocs> {
        let mut command = self.command("run");
        command.stdout(Stdio::piped());
        let mut process = Guarded::start(&mut command, &self.folder)?;
        let port = process.wait_for_line(port_in)?;
        Ocs::new(process, port)
    }

    /// Starts OCS and does not wait; its port must be known.
    pub(crate) fn start(&self) -> Result<Guarded> {
        let mut command = self.command("run");
        command.stdout(Stdio::null());
        Guarded::start(&mut command, &self.folder)
    }
}

fn port_in(line: &str) -> Option<u16> {
    let (_, rest) = LISTENS
        .iter()
        .find_map(|listens| line.split_once(listens))?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// A running OCS with its HTTP Proxy.
pub(crate) struct Ocs {
    process: Guarded,
    proxy: u32,
    pub(crate) port: u16,
}

impl Ocs {
    pub(crate) fn new(process: Guarded, port: u16) -> Result<Self> {
        let proxy =
            cpu::child_of(process.pid(), "http-proxy").context("OCS has no child `http-proxy`")?;
        Ok(Self {
            process,
            proxy,
            port,
        })
    }

    /// The process `ocs run`.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The process `ocs http-proxy`.
    pub(crate) fn proxy(&self) -> u32 {
        self.proxy
    }

    pub(crate) fn stop(self) -> Result<()> {
        self.process.stop()?;
        // It is not our child, so nothing of ours keeps its number taken.
        let left = fs::read(format!("/proc/{}/cmdline", self.proxy)).unwrap_or_default();
        if left.windows(10).any(|window| window == b"http-proxy") {
            bail!("HTTP Proxy (process {}) outlived OCS", self.proxy);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::port_in;

    #[test]
    fn the_port_is_taken_from_the_line() {
        for (line, expected) in [
            ("HTTP Proxy listens on http://127.0.0.1:40123", Some(40123)),
            (
                "12:00 info HTTP Proxy listens on http://127.0.0.1:81 (http)",
                Some(81),
            ),
            (
                "HTTP Proxy listens on https://127.0.0.1:81 (https)",
                Some(81),
            ),
            ("HTTP Proxy listens on ftp://127.0.0.1:81", None),
            ("OCS 0.1.0", None),
        ] {
            assert_eq!(port_in(line), expected, "{line}");
        }
    }
}
