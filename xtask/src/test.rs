//! `cargo xtask test`, `lint`, `repeat` and `torture`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::args::Args;
use crate::cargo::{cargo, root, run, succeeds};
use crate::hostile;
use crate::packages::{self, Need};
use crate::python;
use crate::runner::{Counts, Runner, run_tests};
use crate::schemathesis;
use crate::steps::Steps;
use crate::tls;

/// The environment variable that names the Python of the tests.
const TEST_PYTHON: &str = "OCS_TEST_PYTHON";

/// The gate that every change passes.
pub(crate) fn test(mut args: Args) -> Result<ExitCode> {
    let fast = args.flag("--fast");
    let filter = args.positional();
    args.finish()?;

    let mut steps = Steps::begin();
    let mut counts = Counts::default();
    let outcome = gate(&mut steps, &mut counts, fast, filter.as_deref());
    steps.summary();
    if let Err(error) = &outcome {
        println!("\nFAILED: {error:#}");
    }
    // No counts where no test ran: a zero would read as a result.
    if counts != Counts::default() {
        println!("\n{} passed, {} failed", counts.passed, counts.failed);
    }
    // Its error is told: the counts are the last that is said.
    Ok(outcome.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS))
}

fn gate(steps: &mut Steps, counts: &mut Counts, fast: bool, filter: Option<&str>) -> Result<()> {
    if fast {
        steps.skipped("lints", "--fast");
    } else {
        lints(steps)?;
    }

    steps.step("packages", || packages::provide(Need::Test))?;
    let python = steps.step("python environment", python::environment)?;

    let runner = Runner::installed();
    steps.step("tests", || {
        let mut command = runner.command();
        command.arg("--workspace").args(filter);
        run_tests(runner, command.env(TEST_PYTHON, &python), counts)
    })?;

    if runner == Runner::CargoTest {
        steps.skipped("doc tests", "cargo test has run them");
    } else if filter.is_some() {
        steps.skipped("doc tests", "tests were chosen");
    } else if has_doc_tests(&root().join("crates"))? {
        steps.step("doc tests", || {
            let mut command = Runner::CargoTest.command();
            run_tests(
                Runner::CargoTest,
                command.args(["--doc", "--workspace"]),
                counts,
            )
        })?;
    } else {
        steps.skipped("doc tests", "there are none");
    }

    if fast || filter.is_some() {
        steps.skipped("schemathesis", "not all is tested");
        steps.skipped("sslyze", "not all is tested");
        steps.skipped("hostile", "not all is tested");
    } else {
        steps.step("sslyze", tls::check)?;
        steps.step("schemathesis", || {
            schemathesis::check(&python, schemathesis::IN_GATE, 1)
        })?;
        steps.step("hostile", hostile::check)?;
    }

    if !fast {
        licenses(steps)?;
    }
    Ok(())
}

/// What can be said of the code without running it.
pub(crate) fn lint(args: Args) -> Result<()> {
    args.finish()?;
    let mut steps = Steps::begin();
    lints(&mut steps)?;
    licenses(&mut steps)?;
    steps.summary();
    Ok(())
}

fn lints(steps: &mut Steps) -> Result<()> {
    packages::provide_lints()?;
    steps.step("format", || {
        run(cargo().args(["fmt", "--all", "--check"])).context("`cargo fmt --all` puts it right")
    })?;
    steps.step("clippy", || {
        run(cargo()
            .args(["clippy", "--workspace", "--all-targets"])
            .args(["--", "-D", "warnings"]))
    })
}

fn licenses(steps: &mut Steps) -> Result<()> {
    if !succeeds(cargo().args(["deny", "--version"])) {
        steps.skipped(
            "licenses",
            "cargo-deny is not installed; with it: cargo deny check licenses bans sources",
        );
        return Ok(());
    }
    steps.step("licenses", || {
        run(cargo().args(["deny", "check", "licenses", "bans", "sources"]))
    })
}

/// Runs end-to-end tests again and again: a race shows itself in one of many.
pub(crate) fn repeat(mut args: Args) -> Result<()> {
    let times = args.value::<u32>("--times")?.unwrap_or(20);
    let filter = args
        .positional()
        .context("which tests? `cargo xtask repeat FILTER [--times N]`")?;
    args.finish()?;

    packages::provide(Need::Test)?;
    let python = python::environment()?;
    let runner = Runner::installed();
    for round in 1..=times {
        println!("==> {filter}, {round} of {times}");
        let mut command = runner.command();
        command.args(["--package", "ocs", "--test", "*"]);
        if runner == Runner::Nextest {
            // A test that passes at its second attempt is what we look for.
            command.args(["--retries", "0"]);
        }
        command.arg(&filter).env(TEST_PYTHON, &python);
        let mut counts = Counts::default();
        run_tests(runner, &mut command, &mut counts)
            .with_context(|| format!("`{filter}` failed in round {round} of {times}"))?;
        if counts.passed == 0 {
            bail!("no end-to-end test matches `{filter}`");
        }
    }
    println!("\n{filter}: {times} of {times} rounds passed");
    Ok(())
}

/// Runs random faults against a primary and its backups.
pub(crate) fn torture(mut args: Args) -> Result<()> {
    let minutes = args.value::<u64>("--minutes")?.unwrap_or(30);
    let seed = args.value::<u64>("--seed")?;
    args.finish()?;

    packages::provide(Need::Test)?;
    let python = python::environment()?;
    let mut command = Runner::CargoTest.command();
    command
        .args(["--package", "ocs", "--test", "e2e", "--"])
        .args(["--exact", "redundancy::torture::torture", "--nocapture"])
        .env(TEST_PYTHON, &python)
        .env("TORTURE_SECONDS", (minutes * 60).to_string());
    if let Some(seed) = seed {
        command.env("TORTURE_SEED", seed.to_string());
    }
    let mut counts = Counts::default();
    run_tests(Runner::CargoTest, &mut command, &mut counts)?;
    if counts.passed == 0 {
        bail!("the test of random faults was not found");
    }
    Ok(())
}

/// Whether any doc comment opens a block of code. Asking rustdoc costs seconds
/// for each crate, also where there is nothing to run.
fn has_doc_tests(folder: &Path) -> Result<bool> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let found = if path.is_dir() {
            has_doc_tests(&path)?
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            fs::read_to_string(&path)?.lines().any(|line| {
                let line = line.trim_start();
                let comment = line.strip_prefix("///").or(line.strip_prefix("//!"));
                comment.is_some_and(|text| text.trim_start().starts_with("```"))
            })
        } else {
            false
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}
