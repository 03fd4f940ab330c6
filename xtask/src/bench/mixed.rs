//! `cargo xtask bench mixed`: what a day brings, all at once, beside the floor.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::args::Args;
use crate::bench::add_record::{COLUMNS, Level, cells, loaded, print, settled};
use crate::bench::import::write_records;
use crate::bench::product::{Floor, Installation};
use crate::bench::report::{self, Requirements, Table};
use crate::bench::wrk::{self, Load};
use crate::bench::{Scratch, http, median};
use crate::cargo::{build_release, run};
use crate::packages::{self, Need};

/// Of a hundred requests, those that add a record, as `mixed.lua` has it.
const ADDS: u64 = 60;
/// Of a hundred requests, those that name a record that was there before.
const NAMES: u64 = 40;

struct Options {
    rounds: u32,
    seconds: u32,
    connections: u32,
    records: u64,
    strict: bool,
}

impl Options {
    fn take(mut args: Args) -> Result<Self> {
        let options = Self {
            rounds: args.value("--rounds")?.unwrap_or(5),
            seconds: args.value("--seconds")?.unwrap_or(8),
            connections: args.value("--connections")?.unwrap_or(64),
            records: args.value("--records")?.unwrap_or(1_000_000),
            strict: args.flag("--strict"),
        };
        args.finish()?;
        if options.rounds == 0 || options.connections == 0 {
            bail!("--rounds and --connections begin at 1");
        }
        if !(1..=wrk::LONGEST_ROUND).contains(&options.seconds) {
            bail!("--seconds goes from 1 to {}", wrk::LONGEST_ROUND);
        }
        // Handles of five to seven digits, and phones of a fixed length.
        if !(10_000..=8_000_000).contains(&options.records) {
            bail!("--records goes from 10000 to 8000000");
        }
        // Said now rather than after minutes.
        wrk::area(options.rounds as usize)?;
        Ok(options)
    }
}

/// The bench.
pub(crate) fn mixed(args: Args) -> Result<()> {
    let options = Options::take(args)?;
    packages::provide(Need::Bench)?;
    let [floor, ocs] = build_release(["floor", "ocs"])?;
    let scratch = Scratch::new()?;
    let installation = Installation::new(&ocs, scratch.folder.join("ocs"), 0)?;
    installation.apply()?;
    let file = scratch.folder.join("records.csv");
    write_records(&file, options.records)
        .with_context(|| format!("cannot write {}", file.display()))?;
    let mut import = installation.command("import");
    run(import
        .args(["--list", "Bench"])
        .arg(&file)
        .stdout(Stdio::null()))?;

    let floor = Floor::start(&floor, &scratch.folder)?;
    let level = measure(&options, &floor, &installation)?;
    let levels = [level];
    print(&levels);
    let requirements = judge(&levels[0]);
    requirements.print();
    let figures = json!({
        "rounds": options.rounds,
        "seconds": options.seconds,
        "records": options.records,
        "level": levels[0].json(),
    });
    report::keep(&scratch, &table(&levels), &requirements, &figures)?;
    requirements.enforce(options.strict)
}

fn measure(options: &Options, floor: &Floor, installation: &Installation<'_>) -> Result<Level> {
    let ocs = installation.run()?;
    let connections = options.connections;
    let mut level = Level::of(connections);
    let mut held = http::records_in_list(ocs.port)?;
    if held != options.records {
        bail!(
            "{} records were imported and the list holds {held}",
            options.records
        );
    }
    // Records that were named in former rounds; each is named once.
    let mut named = 0;
    for round in 0..options.rounds {
        println!("\nround {} of {}", round + 1, options.rounds);
        let area = wrk::area(round as usize)?;
        let (first, records) = (named.to_string(), options.records.to_string());
        let load = |port, path: &str| {
            Load {
                secured: false,
                script: "mixed.lua",
                port,
                connections,
                seconds: options.seconds,
            }
            .run(&[path, area, &first, &records])
        };
        let processes = [("floor", floor.pid())];
        let of_floor = loaded("floor", &processes, connections, || load(floor.port, "/"))?;
        level.floor.push(of_floor);

        let processes = [("ocs run", ocs.pid()), ("ocs http-proxy", ocs.proxy())];
        let of_ocs = loaded("OCS", &processes, connections, || {
            load(ocs.port, http::LIST)
        })?;
        let answered = of_ocs.load.requests;
        level.ocs.push(of_ocs);
        let in_flight = u64::from(connections);
        let now = settled(&ocs)?;
        check(answered, in_flight, now - held)?;
        held = now;
        // Requests that wrk makes and sends nobody count as well.
        named += (answered + 2 * in_flight) * NAMES / 100 + 100;
        if named > options.records {
            bail!(
                "every one of the {} records was named; ask for fewer rounds, or more records",
                options.records
            );
        }
    }
    ocs.stop()?;
    Ok(level)
}

/// The list must have grown by the acknowledged requests that add a record, and by those
/// that were in flight when wrk hung up at most.
fn check(answered: u64, in_flight: u64, grown: u64) -> Result<()> {
    // Requests are answered in another order than they are made in.
    let least = (answered * ADDS / 100).saturating_sub(in_flight);
    let most = (answered + in_flight) * ADDS / 100 + in_flight;
    if !(least..=most).contains(&grown) {
        bail!(
            "of {answered} requests that were answered, {ADDS} in a hundred add a record, and \
             the list grew by {grown}; it must grow by {least} to {most}"
        );
    }
    println!("  {answered} answered, {grown} more records in the list");
    Ok(())
}

fn table(levels: &[Level]) -> Table<'static> {
    Table {
        name: "mixed",
        about: "60 % AddRecord, 20 % UpdateCallCompletionStats, 10 % RecordProcessed, 5 % \
                DoNotCall by phone, 5 % reads, over 1,000,000 records; medians of the rounds, \
                newest run first; how it is measured: ../README.md.",
        columns: &COLUMNS,
        rows: levels.iter().map(cells).collect(),
    }
}

fn judge(level: &Level) -> Requirements {
    let mut requirements = Requirements::default();
    let what = format!("share of the floor, {} connections", level.connections);
    requirements.at_least(&what, median(level.ratios()), 0.30, 3);
    let rounds = level.floor.iter().chain(&level.ocs);
    let errors = rounds.map(|round| round.load.non_2xx + round.load.socket_errors);
    requirements.at_most("errors", errors.sum::<u64>() as f64, 0.0, 0);
    requirements
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn growth_is_checked() {
        for (answered, in_flight, grown, right) in [
            (1_000, 64, 600, true),
            (1_000, 64, 702, true),
            (1_000, 64, 535, false),
            (1_000, 64, 703, false),
            (1_000, 0, 599, false),
            (0, 64, 0, true),
        ] {
            assert_eq!(check(answered, in_flight, grown).is_ok(), right, "{grown}");
        }
    }
}
