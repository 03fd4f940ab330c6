//! What connections hold that do nothing: a part of `cargo xtask bench idle`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::bench::idle::free_port;
use crate::bench::product::{Installation, Ocs, Port};
use crate::bench::report::{self, Requirements, Table};
use crate::bench::{MEGABYTE, Scratch, cpu};
use crate::cargo::{build_release, root};
use crate::certificates;

/// Both processes together, in MB.
const MOST: f64 = 150.0;

/// The stages of `bench/connections.py`, and how long each lasts before memory is read.
const STAGES: [(&str, Duration); 4] = [
    ("silent", Duration::from_secs(1)),
    ("answered", Duration::from_millis(100)),
    ("at rest", Duration::from_secs(5)),
    ("half heads", Duration::from_secs(2)),
];

/// Measures so many connections, plain and with TLS.
pub(super) fn connections(count: u32, strict: bool) -> Result<()> {
    let [binary] = build_release(["ocs"])?;
    let scratch = Scratch::new()?;
    let folder = scratch.folder.join("ocs");
    certificates::make(&folder)?;
    let secured = free_port()?;
    let ports = [Port::plain(0), Port::secured(secured)];
    let installation = Installation::with(&binary, folder.clone(), &ports)?;
    // Nothing comes to its end while it is measured.
    installation.configure(
        "\n[options.OCServer]\nhttp-header-timeout = \"10min\"\nhttp-idle-timeout = \"10min\"\n",
    )?;
    let authority = folder.join("ca.pem").display().to_string();
    let mut requirements = Requirements::default();
    let mut rows = Vec::new();
    let mut figures = serde_json::Map::new();
    for (kind, tls) in [("HTTP", false), ("HTTPS", true)] {
        // A process of its own for each kind: what the one left is not the other's.
        let ocs = installation.run()?;
        let port = if tls { secured } else { ocs.port };
        let mut arguments = vec![port.to_string(), count.to_string()];
        arguments.extend(tls.then(|| authority.clone()));
        let held = stages(&ocs, &arguments);
        let held = held.with_context(|| format!("{count} connections over {kind}"))?;
        ocs.stop()?;
        for ((stage, _), held) in STAGES.iter().zip(&held) {
            requirements.below(&format!("{kind}, {stage}: MB"), *held, MOST, 0);
        }
        let mut row = vec![count.to_string(), kind.to_owned()];
        row.extend(held.iter().map(|held| format!("{held:.0}")));
        rows.push(row);
        let of_stages = STAGES.iter().zip(&held);
        let of_stages = of_stages.map(|((stage, _), held)| ((*stage).to_owned(), json!(held)));
        figures.insert(kind.to_owned(), Value::Object(of_stages.collect()));
    }
    requirements.print();
    let table = Table {
        name: "idle-connections",
        about: "Memory of both processes with connections that do nothing, in MB, newest run \
                first; how it is measured: ../README.md.",
        columns: &[
            "connections",
            "over",
            "silent",
            "just answered",
            "at rest",
            "half heads",
        ],
        rows,
    };
    report::keep(&scratch, &table, &requirements, &Value::Object(figures))?;
    requirements.enforce(strict)
}

/// What is held at each stage, in MB.
fn stages(ocs: &Ocs, arguments: &[String]) -> Result<Vec<f64>> {
    let mut command = Command::new("python3");
    command.arg(root().join("bench/connections.py"));
    command.args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().context("cannot start python3")?;
    let held = held_by(&mut child, ocs);
    // It ends with its input.
    drop(child.stdin.take());
    let status = child.wait()?;
    if !status.success() {
        bail!("connections.py failed ({status})");
    }
    held
}

fn held_by(child: &mut Child, ocs: &Ocs) -> Result<Vec<f64>> {
    let mut said = BufReader::new(child.stdout.take().context("no output")?).lines();
    let mut next = child.stdin.take().context("no input")?;
    let mut held = Vec::new();
    for (stage, lasts) in STAGES {
        match said.next().transpose()? {
            Some(line) if line == stage => {}
            other => bail!("{other:?} instead of the stage \"{stage}\""),
        }
        thread::sleep(lasts);
        let both = cpu::memory(ocs.pid())?.resident + cpu::memory(ocs.proxy())?.resident;
        held.push(both as f64 / MEGABYTE);
        println!("  {stage:<12} {:>6.1} MB", both as f64 / MEGABYTE);
        next.write_all(b"\n")?;
    }
    Ok(held)
}
