//! `cargo xtask bench do-not-call`: ten million numbers on the Do Not Call list,
//! loaded from a store's file and asked in memory.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::args::Args;
use crate::bench::report::{self, Requirements, Table};
use crate::bench::{MEGABYTE, Scratch};
use crate::cargo::{cargo, output};

/// The test of `ocs-store` that makes the store, loads it and asks it.
const MEASURES: &str = "sqlite::do_not_call::tests::very_many";

/// The bench.
pub(crate) fn do_not_call(mut args: Args) -> Result<()> {
    let numbers = args.value::<u64>("--numbers")?.unwrap_or(10_000_000);
    let strict = args.flag("--strict");
    args.finish()?;
    if !(1_000..=20_000_000).contains(&numbers) {
        bail!("--numbers goes from 1000 to 20000000");
    }

    let scratch = Scratch::new()?;
    println!("{numbers} numbers, half of them national ones, which are compared in two ways");
    let mut command = cargo();
    command
        .args(["test", "--release", "--package", "ocs-store", "--lib", "--"])
        .args(["--ignored", "--nocapture", "--exact", MEASURES])
        .env("DO_NOT_CALL_NUMBERS", numbers.to_string())
        // The store is made beside the other files of this run.
        .env("TMPDIR", &scratch.folder);
    let said = output(&mut command)?;
    let load = figure(&said, "load-seconds")?;
    let check = figure(&said, "check-nanoseconds")?;
    let resident = figure(&said, "resident-bytes")? / MEGABYTE;
    let peak = figure(&said, "peak-bytes")? / MEGABYTE;

    let mut requirements = Requirements::default();
    requirements.below("seconds to load the list", load, 10.0, 2);
    requirements.below("nanoseconds to check a number", check, 1_000.0, 0);
    requirements.below("memory of the list in MB", resident, 200.0, 1);
    requirements.print();

    let table = Table {
        name: "do-not-call",
        about: "The Do Not Call list loaded from a store and asked in memory, newest run first; \
                how it is measured: ../README.md.",
        columns: &["numbers", "load s", "check ns", "list MB", "peak MB"],
        rows: vec![vec![
            numbers.to_string(),
            format!("{load:.2}"),
            format!("{check:.0}"),
            format!("{resident:.1}"),
            format!("{peak:.1}"),
        ]],
    };
    let figures = [
        ("numbers", json!(numbers)),
        ("load_seconds", json!(load)),
        ("check_nanoseconds", json!(check)),
        ("list_megabytes", json!(resident)),
        ("peak_megabytes", json!(peak)),
    ];
    let figures = figures.map(|(name, value)| (name.to_owned(), value));
    let figures = Value::Object(Map::from_iter(figures));
    report::keep(&scratch, &table, &requirements, &figures)?;
    requirements.enforce(strict)
}

/// A figure that the test printed: its name and its value on a line.
fn figure(said: &str, name: &str) -> Result<f64> {
    said.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
        .with_context(|| format!("{MEASURES} did not say its {name}"))
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn figures_are_found_by_name() {
        let said = "running 1 test\nload-seconds 2.50\ncheck-nanoseconds 180\n";
        for (name, right) in [
            ("load-seconds", Some(2.5)),
            ("check-nanoseconds", Some(180.0)),
            ("load", None),
            ("peak-bytes", None),
        ] {
            assert_eq!(figure(said, name).ok(), right, "{name}");
        }
    }
}
