//! Connections without end, and the programs that everybody has against web servers.

use std::io::{ErrorKind, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cargo::shown;

/// How long a connection may take to open.
const OPENING: Duration = Duration::from_secs(20);

/// Opens so many connections, and says nothing on them.
pub(super) fn open(port: u16, connections: usize) -> Result<Vec<TcpStream>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let opened = (0..connections).map(|_| TcpStream::connect_timeout(&address, OPENING));
    opened
        .collect::<std::io::Result<_>>()
        .context("the port does not take a connection")
}

/// What begins a handshake, by bytes: a record that says how long it is, and a ClientHello
/// that is not all of it. Then what is no handshake.
const BEGINNINGS: [&[u8]; 6] = [
    b"",
    b"\x16",
    b"\x16\x03\x01\x02\x00",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x5a\x5a\x5a\x5a\x5a\x5a\x5a\x5a",
    b"GET /lists HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\x80\x2e\x01\x00\x02",
];

/// Begins so many handshakes with TLS, and goes on with none.
pub(super) fn half_open(port: u16, handshakes: usize) -> Result<Vec<TcpStream>> {
    let mut opened = Vec::with_capacity(handshakes);
    for (beginning, nth) in BEGINNINGS.iter().cycle().zip(0..handshakes) {
        let mut stream = open(port, 1)?;
        for stream in &mut stream {
            // What is no handshake may be cut off at once.
            let _ = stream.write_all(beginning);
            if nth % 7 == 0 {
                let _ = stream.shutdown(std::net::Shutdown::Write);
            }
        }
        opened.append(&mut stream);
    }
    Ok(opened)
}

/// Opens many more connections than are taken; the oldest have to make room.
pub(super) fn flood(port: u16, connections: usize, limit: usize) -> Result<()> {
    // As many at once as we have open files for.
    let mut open = std::collections::VecDeque::new();
    let mut closed = 0;
    for _ in 0..connections {
        open.extend(self::open(port, 1)?);
        if open.len() > limit + limit / 4 {
            closed += usize::from(open.pop_front().is_some_and(|first| is_closed(&first)));
        }
    }
    if closed == 0 {
        bail!("of {connections} connections, none made room, and the limit is {limit}");
    }
    println!("    {connections} connections, of which {closed} were seen to make room");
    Ok(())
}

/// Whether the other end has closed it.
fn is_closed(stream: &TcpStream) -> bool {
    let heard = stream
        .set_nonblocking(true)
        .and_then(|()| stream.peek(&mut [0]));
    heard.map_or_else(
        |error| error.kind() != ErrorKind::WouldBlock,
        |bytes| bytes == 0,
    )
}

/// A mode of slowhttptest.
pub(super) struct SlowMode {
    pub(super) name: &'static str,
    arguments: &'static [&'static str],
    target: &'static str,
}

pub(super) const SLOW_MODES: &[SlowMode] = &[
    SlowMode {
        name: "slow headers",
        arguments: &["-H", "-i", "1"],
        target: "/lists",
    },
    SlowMode {
        name: "slow bodies",
        arguments: &["-B", "-i", "1", "-s", "8192"],
        target: "/lists/Bench?req=AddRecord",
    },
    SlowMode {
        name: "overlapping ranges",
        arguments: &["-R", "-a", "10", "-b", "3000"],
        target: "/lists",
    },
    SlowMode {
        name: "slow reading",
        arguments: &[
            "-X", "-w", "10", "-y", "20", "-n", "1", "-z", "32", "-k", "3",
        ],
        target: "/openapi.json",
    },
];

/// Runs slowhttptest with so many connections for so long.
pub(super) fn slow(port: u16, mode: &SlowMode, connections: usize, seconds: u64) -> Result<()> {
    let connections = connections.to_string();
    let mut command = Command::new("slowhttptest");
    command.args(mode.arguments);
    command.args(["-c", &connections, "-r", &connections, "-p", "3"]);
    command.args(["-l", &seconds.to_string(), "-u"]);
    command.arg(format!("http://127.0.0.1:{port}{}", mode.target));
    bounded(&mut command, Duration::from_secs(seconds + 60)).map(drop)
}

/// How much of nmap.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scans {
    Quick,
    All,
}

/// One run of nmap.
pub(super) struct Scan {
    pub(super) name: &'static str,
    arguments: &'static [&'static str],
    /// What its report has to have, so that it is known to have looked.
    reports: &'static str,
}

const SCRIPTS: &str = "http-slowloris.timelimit=30s,http-slowloris-check.timelimit=30s";

impl Scans {
    pub(super) fn all(self) -> &'static [Scan] {
        const SCANS: &[Scan] = &[
            Scan {
                name: "nmap, versions",
                arguments: &["-sV"],
                reports: "SERVICE",
            },
            Scan {
                name: "nmap, everything",
                arguments: &["-A"],
                reports: "SERVICE",
            },
            Scan {
                name: "nmap, all versions",
                arguments: &["-sV", "--version-all"],
                reports: "SERVICE",
            },
            // What asks third parties, not the port, is left out.
            Scan {
                name: "nmap, all scripts for HTTP",
                // By itself nmap runs them on ports that it knows for HTTP, which this one is
                // not: the plus sign makes it.
                arguments: &[
                    "--script",
                    "+http-* and not external",
                    "--script-args",
                    SCRIPTS,
                    "--script-timeout",
                    "90s",
                ],
                reports: "http-headers",
            },
        ];
        match self {
            Self::Quick => &SCANS[..1],
            Self::All => &SCANS[1..],
        }
    }
}

impl Scan {
    pub(super) fn run(&self, port: u16) -> Result<()> {
        let mut command = Command::new("nmap");
        command.args(["-Pn", "-n", "-p", &port.to_string()]);
        command.args(self.arguments).arg("127.0.0.1");
        let said = bounded(&mut command, Duration::from_secs(900))?;
        if !said.contains("open") {
            bail!("nmap does not see the port as open: {said}");
        }
        if !said.contains(self.reports) {
            bail!("{} looked at nothing: {said}", self.name);
        }
        Ok(())
    }
}

/// Runs a program for so long at most; what it said.
fn bounded(command: &mut Command, most: Duration) -> Result<String> {
    let file = std::env::temp_dir().join(format!("ocs-hostile-{}", std::process::id()));
    let output = std::fs::File::create(&file)?;
    let errors = output.try_clone()?;
    let name = shown(command);
    let mut child = command
        .stdin(std::process::Stdio::null())
        .stdout(output)
        .stderr(errors)
        .spawn()
        .with_context(|| format!("cannot start `{name}`"))?;
    let begun = Instant::now();
    while child.try_wait()?.is_none() {
        if begun.elapsed() > most {
            child.kill()?;
            child.wait()?;
            bail!("`{name}` did not end in {most:?}");
        }
        thread::sleep(Duration::from_millis(50));
    }
    let said = String::from_utf8_lossy(&std::fs::read(&file)?).into_owned();
    std::fs::remove_file(&file)?;
    Ok(said)
}
