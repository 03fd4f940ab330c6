//! `cargo xtask bench compliance`: what a check of caps and of consent costs a hand-out, and the
//! longest step of all that is done in steps beside the requests.

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

use crate::args::Args;
use crate::bench::Scratch;
use crate::bench::report::{self, Requirements, Table};
use crate::cargo::{cargo, output};

/// Figures that tests of `ocs-store` print, and below what each is to be.
const FIGURES: [(&str, f64); 10] = [
    ("two-caps-us", 100.0),
    ("consent-us", 50.0),
    ("put-back-ms", 5.0),
    ("stale-ms", 5.0),
    ("missed-ms", 5.0),
    ("woken-ms", 5.0),
    ("released-ms", 5.0),
    ("erasure-ms", 5.0),
    ("bytes-of-the-erased-ms", 5.0),
    ("retention-ms", 5.0),
];

/// The tests that print them.
const MEASURE: [&str; 2] = ["how_long_a_check_takes", "steps_of_"];

/// The bench.
pub(crate) fn compliance(mut args: Args) -> Result<()> {
    let strict = args.flag("--strict");
    // Quickly built, for finding what is far too long.
    let unoptimized = args.flag("--dev");
    args.finish()?;
    let scratch = Scratch::new()?;
    let mut command = cargo();
    command.args(["test", "--package", "ocs-store"]);
    if !unoptimized {
        command.arg("--release");
    }
    command
        .args(["--lib", "--test", "sequences", "--test", "removal", "--"])
        .args(["--ignored", "--nocapture", "--test-threads", "1"])
        .args(MEASURE)
        .env("TMPDIR", &scratch.folder);
    let said = output(&mut command)?;
    let mut requirements = Requirements::default();
    let mut cells = Vec::new();
    let mut figures = Map::new();
    for (name, limit) in FIGURES {
        let Some(value) = figure(&said, name) else {
            bail!("no test of ocs-store said its {name}");
        };
        requirements.below(name, value, limit, 2);
        cells.push(format!("{value:.2}"));
        figures.insert(name.to_owned(), json!(value));
    }
    requirements.print();
    if unoptimized {
        return requirements.enforce(strict);
    }
    let columns = FIGURES.map(|(name, _)| name);
    let table = Table {
        name: "compliance",
        about: "Microseconds of a check at the hand-out, of a record under two caps and of one \
                phone's consent, each with a million rows in the store; and milliseconds of the \
                longest step, its commit among them, of what is done in steps; newest run first.",
        columns: &columns,
        rows: vec![cells],
    };
    report::keep(&scratch, &table, &requirements, &Value::Object(figures))?;
    requirements.enforce(strict)
}

/// A figure that a test printed: its name and its value on a line.
fn figure(said: &str, name: &str) -> Option<f64> {
    let mut figures = said.lines().filter_map(|line| {
        // The harness begins the line with the test's name.
        let (_, figure) = line.split_once("figure ")?;
        figure.split_once(' ')
    });
    let (_, value) = figures.find(|(known, _)| *known == name)?;
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn figures_are_found_behind_a_name() {
        let said = "test measured::steps_of_retention ... figure retention-ms 1.5\nfigure x-ms 2\n";
        for (name, value) in [
            ("retention-ms", Some(1.5)),
            ("x-ms", Some(2.0)),
            ("ms", None),
        ] {
            assert_eq!(figure(said, name), value, "{name}");
        }
    }
}
