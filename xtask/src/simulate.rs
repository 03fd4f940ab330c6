//! `cargo xtask simulate`: how pacing does in a simulated call center, over many seeds.

use anyhow::Result;

use crate::args::Args;
use crate::cargo::{cargo, root, run};

/// Runs the simulator; it fails where a figure is not reached in every seed.
pub(crate) fn simulate(mut args: Args) -> Result<()> {
    let seeds: u32 = args.value("--seeds")?.unwrap_or(100);
    let hours: u32 = args.value("--hours")?.unwrap_or(8);
    let folder = if args.flag("--keep") {
        "bench/results"
    } else {
        "target/simulate"
    };
    args.finish()?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "ocs-rules"]);
    command.args(["--example", "simulate", "--"]);
    command.arg(root().join(folder));
    run(command.arg(seeds.to_string()).arg(hours.to_string()))
}
