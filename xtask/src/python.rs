//! The Python environments of tests and scans, under `target`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cargo::{output, program, root, run, succeeds};

/// That of the tests; answers the path of its interpreter.
pub(crate) fn environment() -> Result<PathBuf> {
    made(
        "test-python",
        "requirements.txt",
        "flask, grpc_tools, requests",
    )
}

/// That of `cargo xtask tls`.
pub(crate) fn tls() -> Result<PathBuf> {
    made("tls-python", "requirements-tls.txt", "sslyze")
}

/// Makes sure of an environment and answers the path of its interpreter.
///
/// It is made again when the requirements, the interpreter or its own place
/// changed since (an environment cannot be moved).
fn made(name: &str, requirements: &str, modules: &str) -> Result<PathBuf> {
    let requirements = root().join("xtask").join(requirements);
    let folder = root().join("target").join(name);
    let python = folder.join("bin/python");
    let stamp = folder.join("made-for");

    let wanted = format!(
        "{}{}\n{}",
        output(program("python3").arg("--version"))?,
        folder.display(),
        fs::read_to_string(&requirements)
            .with_context(|| format!("cannot read {}", requirements.display()))?,
    );
    let made_for = fs::read_to_string(&stamp).unwrap_or_default();
    if made_for == wanted
        && succeeds(program_at(&python).args(["-c", &format!("import {modules}")]))
    {
        return Ok(python);
    }

    println!("    making {}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    run(program("python3").args(["-m", "venv"]).arg(&folder))?;
    run(program_at(&python)
        .args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", "--no-input", "--requirement"])
        .arg(&requirements))?;
    // Last: without it a half-made environment is made again.
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}

fn program_at(path: &std::path::Path) -> std::process::Command {
    program(&path.to_string_lossy())
}
