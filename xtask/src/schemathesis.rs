//! Schemathesis against the real server: requests made of the server's own
//! description, right ones and wrong ones, and all of its checks on the replies.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::args::Args;
use crate::bench::product::Installation;
use crate::cargo::{build_dev, root, run};
use crate::packages::{self, Need};
use crate::python;

/// Who sends requests from this machine may do everything: without a rule nobody has the
/// right admin, and what needs it would only be seen to be refused.
const EVERY_RIGHT: &str = r#"
[[access.network]]
cidr = "127.0.0.0/8"
rights = ["add", "update", "preview", "control", "read", "admin"]
"#;

/// Seconds of the run that is part of the gate.
pub(crate) const IN_GATE: u32 = 20;

/// `cargo xtask schemathesis`: a longer run.
pub(crate) fn schemathesis(mut args: Args) -> Result<()> {
    let seconds = args.value("--seconds")?.unwrap_or(300);
    let seed = args.value("--seed")?.unwrap_or(1);
    args.finish()?;
    packages::provide(Need::Test)?;
    let python = python::environment()?;
    check(&python, seconds, seed)
}

/// Runs OCS in a folder of its own, and Schemathesis against it for so long.
pub(crate) fn check(python: &Path, seconds: u32, seed: u64) -> Result<()> {
    let [binary] = build_dev(["ocs"])?;
    let folder = root().join("target/schemathesis");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let installation = Installation::new(&binary, folder.clone(), 0)?;
    installation.configure(EVERY_RIGHT)?;
    let objects = root().join("crates/ocs/src/quickstart/objects.toml");
    run(installation.command("apply").arg(objects))?;
    let ocs = installation.run()?;

    let mut command = std::process::Command::new(python);
    // What it remembers of a run stays in the folder.
    command.current_dir(&folder);
    command.args(["-m", "schemathesis.cli", "--config-file"]);
    command.arg(root().join("xtask/schemathesis.toml"));
    command.arg("run");
    command.arg(format!("http://127.0.0.1:{}/openapi.json", ocs.port));
    command.args(["--checks", "all", "--continue-on-failure"]);
    command.args(["--max-time", &seconds.to_string()]);
    command.args(["--seed", &seed.to_string()]);
    let found =
        run(&mut command).with_context(|| format!("the server's logs are in {}", folder.display()));
    // A server that cannot be stopped any more is a finding as well.
    found.and(ocs.stop())
}
