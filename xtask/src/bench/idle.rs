//! `cargo xtask bench idle`: how soon OCS serves, and what it takes at rest.

use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::args::Args;
use crate::bench::cpu::Memory;
use crate::bench::product::{Guarded, Installation, Ocs};
use crate::bench::report::{self, Requirements, Table};
use crate::bench::{MEGABYTE, Scratch, connections, cpu, http, median};
use crate::cargo::build_release;

/// How often a start is asked whether it serves.
const POLL: Duration = Duration::from_millis(1);
/// How long a start may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long OCS rests before its memory is read.
const REST: Duration = Duration::from_secs(3);

/// The bench.
pub(crate) fn idle(mut args: Args) -> Result<()> {
    let starts = args.value::<u32>("--starts")?.unwrap_or(10);
    let connections = args.value::<u32>("--connections")?;
    let strict = args.flag("--strict");
    args.finish()?;
    if let Some(count) = connections {
        return connections::connections(count, strict);
    }
    if starts == 0 {
        bail!("--starts begins at 1");
    }

    let [binary] = build_release(["ocs"])?;
    let scratch = Scratch::new()?;
    let mut served_ms = Vec::new();
    let mut memory = Vec::new();
    for start in 1..=starts {
        // A port that is known beforehand: OCS is asked from the first moment,
        // not from the line that it prints.
        let port = free_port()?;
        let folder = scratch.folder.join(format!("start-{start}"));
        let installation = Installation::new(&binary, folder, port)?;
        let begun = Instant::now();
        let mut process = installation.start()?;
        wait_until_served(&mut process, port)?;
        let took = begun.elapsed().as_secs_f64() * 1e3;
        println!("start {start}: first request served after {took:.1} ms");
        served_ms.push(took);
        let ocs = Ocs::new(process, port)?;
        if start == starts {
            memory = at_rest(&ocs)?;
        }
        ocs.stop()?;
    }

    let resident = sum(&memory, |memory| memory.resident);
    let proportional = sum(&memory, |memory| memory.proportional);
    let middle = median(served_ms.iter().copied());
    let longest = served_ms.iter().copied().fold(0.0, f64::max);

    let mut requirements = Requirements::default();
    requirements.below("first request served after ms, median", middle, 200.0, 1);
    requirements.below("first request served after ms, longest", longest, 200.0, 1);
    requirements.below("memory at rest in MB, both processes", resident, 40.0, 1);
    requirements.print();

    let table = Table {
        name: "idle",
        about: "Start on an empty store and memory at rest, newest run first; \
                how it is measured: ../README.md.",
        columns: &["starts", "median ms", "longest ms", "RSS MB", "PSS MB"],
        rows: vec![vec![
            starts.to_string(),
            format!("{middle:.1}"),
            format!("{longest:.1}"),
            format!("{resident:.1}"),
            format!("{proportional:.1}"),
        ]],
    };
    let of_processes = memory.iter().map(|(process, memory)| {
        let figures = json!({
            "resident_bytes": memory.resident,
            "proportional_bytes": memory.proportional,
            "peak_bytes": memory.peak,
        });
        ((*process).to_owned(), figures)
    });
    let figures = json!({
        "served_ms": served_ms,
        "memory": of_processes.collect::<serde_json::Map<_, _>>(),
    });
    report::keep(&scratch, &table, &requirements, &figures)?;
    requirements.enforce(strict)
}

/// A port that nobody listens on now.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

fn wait_until_served(process: &mut Guarded, port: u16) -> Result<()> {
    let begun = Instant::now();
    loop {
        // Refused connections are the waiting; any reply but 200 is not.
        if let Ok((status, body)) = http::get(port, "/lists") {
            if status == 200 {
                return Ok(());
            }
            bail!(
                "GET /lists was answered with {status}: {}",
                String::from_utf8_lossy(&body)
            );
        }
        if process.has_ended()? {
            bail!("OCS ended before it served a request");
        }
        if begun.elapsed() > PATIENCE {
            bail!("OCS serves no request on port {port} after {PATIENCE:?}");
        }
        thread::sleep(POLL);
    }
}

fn at_rest(ocs: &Ocs) -> Result<Vec<(&'static str, Memory)>> {
    println!("at rest for {REST:?}");
    thread::sleep(REST);
    let processes = [("ocs run", ocs.pid()), ("ocs http-proxy", ocs.proxy())];
    let memory = processes.map(|(process, pid)| {
        let memory = cpu::memory(pid).with_context(|| format!("reading memory of {process}"))?;
        println!(
            "  {process:<16} RSS {:>6.1} MB  PSS {:>6.1} MB  peak {:>6.1} MB",
            memory.resident as f64 / MEGABYTE,
            memory.proportional as f64 / MEGABYTE,
            memory.peak as f64 / MEGABYTE
        );
        Ok((process, memory))
    });
    memory.into_iter().collect()
}

fn sum(memory: &[(&str, Memory)], part: impl Fn(&Memory) -> u64) -> f64 {
    let bytes = memory.iter().map(|(_, memory)| part(memory) as f64);
    bytes.sum::<f64>() / MEGABYTE
}
