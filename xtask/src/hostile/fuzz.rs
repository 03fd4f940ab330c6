//! Coverage-guided fuzzing of what reads bytes of others: libFuzzer, without a
//! sanitizer, so that the toolchain of the product is enough.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cargo::{cargo, root, run};

/// The targets, each with its corpus in fuzz/corpus.
const TARGETS: &[&str] = &["watch", "request", "event"];

/// What makes a program tell libFuzzer which way it took.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "-Cdebug-assertions",
];

/// Fuzzes for so long, all targets together. What is found new stays out of the
/// repository, in target/fuzz; what ends a target is a finding.
pub(crate) fn fuzz(long: Duration) -> Result<()> {
    let target = target_triple();
    let mut build = cargo();
    build.args(["build", "--release", "--manifest-path", "fuzz/Cargo.toml"]);
    // With a target, build scripts are not instrumented.
    build.args(["--target", &target]);
    build.env("CARGO_TARGET_DIR", root().join("target/fuzz"));
    build.env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}"));
    run(&mut build)?;
    let seconds = long.as_secs() / TARGETS.len() as u64;
    for name in TARGETS {
        println!("==> fuzzing {name} for {seconds} s");
        let found = folder(&format!("target/fuzz/found/{name}"))?;
        let broken = folder(&format!("target/fuzz/broken/{name}"))?;
        let binary = root().join(format!("target/fuzz/{target}/release/{name}"));
        let mut fuzz = Command::new(binary);
        fuzz.arg(&found).arg(root().join("fuzz/corpus").join(name));
        fuzz.arg(format!("-max_total_time={seconds}"));
        fuzz.arg(format!("-artifact_prefix={}/", broken.display()));
        fuzz.args([
            "-timeout=10",
            "-rss_limit_mb=1024",
            "-max_len=4096",
            "-print_final_stats=1",
        ]);
        fuzz.args(["-verbosity=0"]);
        run(&mut fuzz).with_context(|| format!("what broke {name} is in {}", broken.display()))?;
    }
    Ok(())
}

fn folder(name: &str) -> Result<PathBuf> {
    let folder = root().join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

fn target_triple() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}
