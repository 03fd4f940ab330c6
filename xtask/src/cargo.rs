//! Running cargo and other programs from the root of the workspace.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    // Asked at run time first: the checkout may have been moved since xtask
    // was compiled.
    let own = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().map_or_else(|| own.clone(), Path::to_path_buf)
}

/// The program `name`, to be run in the root of the workspace.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    let mut command = match std::env::var_os("CARGO") {
        Some(path) => Command::new(path),
        None => Command::new("cargo"),
    };
    command.current_dir(root());
    // `cargo run` describes xtask's own package in the environment. Build
    // scripts that watch these variables would run again each time somebody
    // changes between `cargo xtask` and plain `cargo`.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    command
}

/// Whether a program can be run and ends with success; what it says is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a program whose output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a program and takes what it writes on stdout.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", shown(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A command as one would type it, but for the folder of the program.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut line = name.to_string_lossy().into_owned();
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}

/// Builds binaries of the workspace with the release profile; each name is both
/// the package's and the binary's. Answers their paths in the same order.
pub(crate) fn build_release<const N: usize>(names: [&str; N]) -> Result<[PathBuf; N]> {
    println!("building {} (release)", names.join(" and "));
    build(&["--release"], names)
}

/// The same with the profile of the tests, which have built nearly all of it.
pub(crate) fn build_dev<const N: usize>(names: [&str; N]) -> Result<[PathBuf; N]> {
    build(&[], names)
}

fn build<const N: usize>(profile: &[&str], names: [&str; N]) -> Result<[PathBuf; N]> {
    let mut command = cargo();
    command.arg("build").args(profile);
    command.arg("--message-format=json-render-diagnostics");
    for name in names {
        command.args(["--package", name]);
    }
    // Cargo says itself where it put them, whatever target folder, triple or
    // profile the machine is configured for.
    let messages = output(&mut command)?;
    let mut paths = [const { None }; N];
    for message in messages.lines() {
        let Ok(message) = serde_json::from_str::<Value>(message) else {
            continue;
        };
        if let Some(path) = message["executable"].as_str()
            && let Some(at) = names
                .iter()
                .position(|name| message["target"]["name"] == *name)
        {
            paths[at] = Some(PathBuf::from(path));
        }
    }
    let mut built = [const { PathBuf::new() }; N];
    for ((slot, path), name) in built.iter_mut().zip(paths).zip(names) {
        *slot = path.with_context(|| format!("cargo built no binary `{name}`"))?;
    }
    Ok(built)
}
