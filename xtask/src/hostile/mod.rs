//! `cargo xtask hostile`: what comes by a port that a network can reach, while an
//! ordinary client works. Each of its requests has to be answered, the port stays open,
//! memory within limits, and nothing is left but clear log lines.
//!
//! Everything here goes to 127.0.0.1, to a port of an OCS that it started itself.

mod attack;
mod client;
mod fuzz;
mod log;
mod noise;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::args::Args;
use crate::bench::cpu;
use crate::bench::idle::free_port;
use crate::bench::product::{Installation, Ocs, Port};
use crate::cargo::{build_dev, build_release, root};
use crate::certificates;
use crate::packages::{self, Need};

use client::Clients;

/// How much of it.
#[derive(Debug, Clone, Copy)]
struct Measure {
    /// Connections that OCS takes (http-connections).
    limit: usize,
    /// Connections that are opened and left idle; 10,000 have a limit of memory.
    idle: usize,
    /// Connections of a flood.
    flood: usize,
    /// Handshakes with TLS that are begun.
    half_open: usize,
    /// Connections of slowhttptest.
    slow: usize,
    /// Seconds for each of its modes, and for random bytes.
    seconds: u64,
    /// Whether nmap takes its time.
    scans: attack::Scans,
}

const WHOLE: Measure = Measure {
    limit: 10_000,
    idle: 10_000,
    flood: 30_000,
    half_open: 8_000,
    slow: 4_000,
    seconds: 30,
    scans: attack::Scans::All,
};

const IN_GATE: Measure = Measure {
    limit: 2_000,
    idle: 2_000,
    flood: 6_000,
    half_open: 1_500,
    slow: 1_000,
    seconds: 4,
    scans: attack::Scans::Quick,
};

/// 10,000 idle connections, in both processes together.
const IDLE_MEMORY: u64 = 150_000_000;

/// What both processes may hold at any time.
const MEMORY: u64 = 400_000_000;

/// The command: all of it, and fuzzing for so many minutes.
pub(crate) fn hostile(mut args: Args) -> Result<()> {
    if args.flag("--short") {
        args.finish()?;
        return check();
    }
    let minutes = args.value::<u64>("--fuzz-minutes")?.unwrap_or(10);
    args.finish()?;
    packages::provide(Need::Hostile)?;
    let [binary] = build_release(["ocs"])?;
    stand(&binary, WHOLE)?;
    fuzz::fuzz(Duration::from_secs(minutes * 60))
}

/// The short form in the gate.
pub(crate) fn check() -> Result<()> {
    packages::provide(Need::Hostile)?;
    let [binary] = build_dev(["ocs"])?;
    stand(&binary, IN_GATE)
}

fn stand(binary: &Path, measure: Measure) -> Result<()> {
    let files = raise_open_files_limit();
    let measure = within(measure, files);
    let folder = root().join("target/hostile");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    certificates::make(&folder)?;
    let secured = free_port()?;
    let ports = [Port::plain(0), Port::secured(secured)];
    let installation = Installation::with(binary, folder.clone(), &ports)?;
    let config = folder.join("ocs.toml");
    let options = format!(
        "\n[options.OCServer]\nhttp-connections = {}\n",
        measure.limit
    );
    fs::write(&config, fs::read_to_string(&config)? + &options)?;
    installation.apply()?;
    let ocs = installation.run()?;
    let stood = against_all(&ocs, secured, &folder, measure);
    let stood = stood.with_context(|| format!("the server's logs are in {}", folder.display()));
    // A server that cannot be stopped any more is a finding as well.
    stood.and(ocs.stop())
}

fn against_all(ocs: &Ocs, secured: u16, folder: &Path, measure: Measure) -> Result<()> {
    let clients = Clients::start(ocs.port, secured, &folder.join("ca.pem"));
    let port = ocs.port;
    let second = Duration::from_secs(measure.seconds);
    step("idle connections", ocs, &clients, || {
        let idle = attack::open(port, measure.idle - client::CONNECTIONS)?;
        clients.wait_for(100)?;
        let held = memory(ocs)?;
        println!(
            "    {} idle connections: {} MB",
            idle.len(),
            held / 1_000_000
        );
        if held > IDLE_MEMORY {
            bail!("{} idle connections hold {held} bytes", idle.len());
        }
        Ok(())
    })?;
    step("a flood beyond the limit", ocs, &clients, || {
        attack::flood(port, measure.flood, measure.limit)
    })?;
    step("half-open handshakes", ocs, &clients, || {
        let begun = attack::half_open(secured, measure.half_open)?;
        // They are there, and the clients work on.
        clients.wait_for(300)?;
        println!("    {} handshakes were begun", begun.len());
        Ok(())
    })?;
    step("a flood of the secured port", ocs, &clients, || {
        attack::flood(secured, measure.flood, measure.limit)
    })?;
    step("random bytes", ocs, &clients, || {
        noise::random(port, second)
    })?;
    step("random bytes instead of TLS", ocs, &clients, || {
        noise::random(secured, second)
    })?;
    for mode in attack::SLOW_MODES {
        step(mode.name, ocs, &clients, || {
            attack::slow(port, mode, measure.slow, measure.seconds)
        })?;
    }
    for scan in measure.scans.all() {
        step(scan.name, ocs, &clients, || scan.run(port))?;
    }
    let answered = clients.stop()?;
    println!("    the clients' {answered} requests were all answered");
    log::check(folder)
}

/// One kind of hostility, and what has to hold after it.
fn step(
    name: &str,
    ocs: &Ocs,
    clients: &Clients,
    attack: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let begun = Instant::now();
    let before = clients.answered();
    attack().with_context(|| name.to_owned())?;
    clients.check().with_context(|| format!("while: {name}"))?;
    // Whoever came last still gets an answer.
    clients
        .wait_for(10)
        .with_context(|| format!("after: {name}"))?;
    let held = memory(ocs)?;
    if held > MEMORY {
        bail!("after {name}, {held} bytes are held");
    }
    println!(
        "    {name}: {} requests answered meanwhile, {} MB, {:.1} s",
        clients.answered() - before,
        held / 1_000_000,
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Resident memory of both processes.
fn memory(ocs: &Ocs) -> Result<u64> {
    Ok(cpu::memory(ocs.pid())?.resident + cpu::memory(ocs.proxy())?.resident)
}

/// Each connection is an open file of ours too.
fn raise_open_files_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // What the system does not allow stays as it was.
    let _ = setrlimit(Resource::Nofile, raised);
    let now = getrlimit(Resource::Nofile).current;
    now.map_or(usize::MAX, |files| {
        usize::try_from(files).unwrap_or(usize::MAX)
    })
}

/// What can be done with so many open files.
fn within(measure: Measure, files: usize) -> Measure {
    let most = files.saturating_sub(500);
    if most < measure.idle {
        println!("    the limit of open files is {files}: fewer connections are opened");
    }
    Measure {
        limit: measure.limit.min(most),
        idle: measure.idle.min(most),
        half_open: measure.half_open.min(most),
        slow: measure.slow.min(most),
        ..measure
    }
}
