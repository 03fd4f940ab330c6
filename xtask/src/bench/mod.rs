//! `cargo xtask bench`: what the product must reach, measured.

mod access;
mod add_record;
mod add_records;
mod agent;
mod beside;
mod client;
mod compliance;
mod connections;
pub(crate) mod cpu;
mod dialer;
mod do_not_call;
mod http;
mod https;
pub(crate) mod idle;
mod import;
mod log;
mod mixed;
mod next;
mod outbox;
mod preview;
pub(crate) mod product;
mod report;
mod rounds;
mod validation;
mod web_server;
mod wrk;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::args::Args;
use crate::cargo::{output, program, root};

/// Bytes, as limits of memory are counted.
const MEGABYTE: f64 = 1_000_000.0;

/// Dispatches to one bench.
pub(crate) fn bench(mut args: Args) -> Result<()> {
    match args.positional().as_deref() {
        Some("access") => access::access(args),
        Some("log") => log::log(args),
        Some("add-record") => add_record::add_record(args),
        Some("add-records") => add_records::add_records(args),
        Some("import") => import::import(args),
        Some("dialer") => dialer::dialer(args),
        Some("do-not-call") => do_not_call::do_not_call(args),
        Some("compliance") => compliance::compliance(args),
        Some("mixed") => mixed::mixed(args),
        Some("next") => next::next(args),
        Some("outbox") => outbox::outbox(args),
        Some("validation") => validation::validation(args),
        Some("preview") => preview::preview(args),
        Some("https") => https::https(args),
        Some("idle") => idle::idle(args),
        other => bail!(
            "which bench? access, add-record, add-records, mixed, next, outbox, validation, preview, import, log, dialer, do-not-call, compliance, https or idle, not `{}`",
            other.unwrap_or_default()
        ),
    }
}

/// One run: its moment and its folder under `target/bench`.
struct Scratch {
    /// Local time, fit for a file's name and sorted by time.
    moment: String,
    folder: PathBuf,
}

impl Scratch {
    fn new() -> Result<Self> {
        let moment = output(program("date").arg("+%Y-%m-%dT%H-%M-%S"))?;
        let moment = moment.trim().to_owned();
        let folder = root().join("target/bench").join(&moment);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        println!("files of this run: {}", folder.display());
        Ok(Self { moment, folder })
    }
}

/// The value in the middle.
fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values = values.into_iter().collect::<Vec<_>>();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        for (values, expected) in [
            (vec![], 0.0),
            (vec![3.0], 3.0),
            (vec![9.0, 1.0, 2.0], 2.0),
            (vec![4.0, 1.0, 2.0, 9.0], 3.0),
        ] {
            assert!(
                (median(values.clone()) - expected).abs() < 1e-9,
                "{values:?}"
            );
        }
    }
}
