//! `cargo xtask bench add-record`: AddRecord over HTTP, beside the floor.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::args::Args;
use crate::bench::product::{Floor, Installation, Ocs};
use crate::bench::report::{self, Requirements, Table};
use crate::bench::rounds::Rounds;
use crate::bench::wrk::{self, Figures};
use crate::bench::{Scratch, cpu, http, median};
use crate::cargo::build_release;
use crate::packages::{self, Need};

/// The size of one write and the number of writes when `fdatasync` is measured.
const SYNC_BYTES: usize = 8 * 1024;
const SYNC_TIMES: u64 = 300;
/// What one client may wait beyond one `fdatasync`.
const BEYOND_SYNC_US: f64 = 300.0;

struct Options {
    rounds: u32,
    seconds: u32,
    connections: Vec<u32>,
    strict: bool,
    /// For work on the bench itself: no OCS, nothing judged, nothing kept.
    floor_only: bool,
}

impl Options {
    fn take(mut args: Args) -> Result<Self> {
        let Rounds {
            rounds,
            seconds,
            connections,
        } = Rounds::take(&mut args, &[1, 64, 256])?;
        let options = Self {
            rounds,
            seconds,
            connections,
            strict: args.flag("--strict"),
            floor_only: args.flag("--floor-only"),
        };
        args.finish()?;
        if options.rounds == 0 || options.connections.contains(&0) {
            bail!("--rounds and --connections begin at 1");
        }
        if !(1..=wrk::LONGEST_ROUND).contains(&options.seconds) {
            bail!("--seconds goes from 1 to {}", wrk::LONGEST_ROUND);
        }
        // Said now rather than after minutes.
        wrk::area(options.rounds as usize * options.connections.len() - 1)?;
        Ok(options)
    }
}

/// One round of load on one server.
pub(super) struct Round {
    pub(super) load: Figures,
    /// Microseconds of processor time a request, for each process.
    cpu_us: Vec<(&'static str, f64)>,
}

impl Round {
    /// Microseconds of processor time a request, of all processes.
    pub(super) fn cpu(&self) -> f64 {
        self.cpu_us.iter().map(|(_, us)| us).sum()
    }

    pub(super) fn json(&self) -> Value {
        let cpu = self.cpu_us.iter();
        json!({
            "requests_per_second": self.load.per_second().round(),
            "requests": self.load.requests,
            "duration_us": self.load.duration_us,
            "p50_us": self.load.p50_us,
            "p90_us": self.load.p90_us,
            "p99_us": self.load.p99_us,
            "max_us": self.load.max_us,
            "cpu_us_per_request": cpu.map(|(name, us)| ((*name).to_owned(), json!(us)))
                .collect::<serde_json::Map<_, _>>(),
        })
    }
}

/// The rounds at one number of connections.
pub(super) struct Level {
    pub(super) connections: u32,
    pub(super) floor: Vec<Round>,
    pub(super) ocs: Vec<Round>,
    /// The median `fdatasync` before each round, in microseconds; one client only.
    sync_us: Vec<f64>,
}

impl Level {
    pub(super) fn of(connections: u32) -> Self {
        Self {
            connections,
            floor: Vec::new(),
            ocs: Vec::new(),
            sync_us: Vec::new(),
        }
    }

    pub(super) fn ratios(&self) -> impl Iterator<Item = f64> {
        let pairs = self.floor.iter().zip(&self.ocs);
        pairs.map(|(floor, ocs)| ocs.load.per_second() / floor.load.per_second())
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "connections": self.connections,
            "floor": self.floor.iter().map(Round::json).collect::<Vec<_>>(),
            "ocs": self.ocs.iter().map(Round::json).collect::<Vec<_>>(),
            "ratios": self.ratios().collect::<Vec<_>>(),
            "ratio": median(self.ratios()),
            "fdatasync_us": self.sync_us,
        })
    }
}

fn middle(rounds: &[Round], figure: impl Fn(&Figures) -> f64) -> f64 {
    median(rounds.iter().map(|round| figure(&round.load)))
}

/// The bench.
pub(crate) fn add_record(args: Args) -> Result<()> {
    let options = Options::take(args)?;
    packages::provide(Need::Bench)?;
    if options.floor_only {
        let [floor] = build_release(["floor"])?;
        let scratch = Scratch::new()?;
        let levels = measure(&options, &floor, None, &scratch)?;
        print(&levels);
        return Ok(());
    }

    let [floor, ocs] = build_release(["floor", "ocs"])?;
    let scratch = Scratch::new()?;
    let installation = Installation::new(&ocs, scratch.folder.join("ocs"), 0)?;
    installation.apply()?;
    let levels = measure(&options, &floor, Some(&installation), &scratch)?;
    print(&levels);
    let requirements = judge(&levels);
    requirements.print();
    let figures = json!({
        "rounds": options.rounds,
        "seconds": options.seconds,
        "levels": levels.iter().map(Level::json).collect::<Vec<_>>(),
    });
    report::keep(&scratch, &table(&levels), &requirements, &figures)?;
    requirements.enforce(options.strict)
}

fn measure(
    options: &Options,
    floor: &Path,
    installation: Option<&Installation<'_>>,
    scratch: &Scratch,
) -> Result<Vec<Level>> {
    let floor = Floor::start(floor, &scratch.folder)?;
    let ocs = installation.map(Installation::run).transpose()?;
    let levels = options.connections.iter().copied().map(Level::of);
    let mut levels = levels.collect::<Vec<_>>();
    let mut records = Records::default();
    let mut areas = 0;
    for round in 1..=options.rounds {
        println!("\nround {round} of {}", options.rounds);
        for level in &mut levels {
            let area = wrk::area(areas)?;
            areas += 1;
            let (connections, seconds) = (level.connections, options.seconds);
            let processes = [("floor", floor.pid())];
            let of_floor = loaded("floor", &processes, connections, || {
                wrk::load(floor.port, "/", connections, seconds, area)
            })?;
            level.floor.push(of_floor);

            if connections == 1 {
                let folder = installation.map_or(scratch.folder.as_path(), Installation::folder);
                let sync = fdatasync(folder)?;
                println!("  fdatasync of {SYNC_BYTES} bytes: median {sync:.0} µs");
                level.sync_us.push(sync);
            }
            if let Some(ocs) = &ocs {
                let processes = [("ocs run", ocs.pid()), ("ocs http-proxy", ocs.proxy())];
                let target = format!("{}?req=AddRecord", http::LIST);
                let of_ocs = loaded("OCS", &processes, connections, || {
                    wrk::load(ocs.port, &target, connections, seconds, area)
                })?;
                records.check(ocs, of_ocs.load.requests, connections)?;
                level.ocs.push(of_ocs);
            }
        }
    }
    if let Some(ocs) = ocs {
        ocs.stop()?;
    }
    Ok(levels)
}

/// Takes the processor time of `processes` around one round of load.
pub(super) fn loaded(
    name: &str,
    processes: &[(&'static str, u32)],
    connections: u32,
    load: impl FnOnce() -> Result<Figures>,
) -> Result<Round> {
    let times = || {
        let times = processes.iter().map(|(_, pid)| cpu::time(*pid));
        times.collect::<Result<Vec<_>>>()
    };
    let before = times()?;
    let load = load().with_context(|| format!("measuring {name}"))?;
    let after = times()?;
    let spent = after.iter().zip(&before);
    let spent = spent.map(|(after, before)| {
        after.saturating_sub(*before).as_secs_f64() * 1e6 / load.requests as f64
    });
    let names = processes.iter().map(|(name, _)| *name);
    let round = Round {
        cpu_us: names.zip(spent).collect(),
        load,
    };
    let cpu = round.cpu_us.iter();
    let cpu = cpu.map(|(process, us)| format!("{process} {us:.1}"));
    println!(
        "  {name:<6} {connections:>4} connections {:>9.0}/s  p50 {}  p99 {}  max {}  \
         µs of processor a request: {}",
        round.load.per_second(),
        milliseconds(round.load.p50_us as f64),
        milliseconds(round.load.p99_us as f64),
        milliseconds(round.load.max_us as f64),
        cpu.collect::<Vec<_>>().join(", "),
    );
    Ok(round)
}

/// What the list held when it was last read.
#[derive(Default)]
struct Records(u64);

impl Records {
    /// Since then the list must have grown by every record that was
    /// acknowledged, and by requests in flight when wrk hung up at most.
    fn check(&mut self, ocs: &Ocs, acknowledged: u64, connections: u32) -> Result<()> {
        let held = settled(ocs)?;
        let grown = held.saturating_sub(self.0);
        let most = acknowledged + u64::from(connections);
        if !(acknowledged..=most).contains(&grown) {
            bail!(
                "{acknowledged} records were acknowledged and the list grew by {grown}; \
                 it must grow by all of them, and by {most} at most"
            );
        }
        println!(
            "  {acknowledged} acknowledged, {grown} more in the list, {held} in all: \
             each of them is there"
        );
        self.0 = held;
        Ok(())
    }
}

/// How many records the list holds once requests that wrk abandoned are done.
/// Nobody is told of these, so there is nothing to wait for but the number.
pub(super) fn settled(ocs: &Ocs) -> Result<u64> {
    let mut held = http::records_in_list(ocs.port)?;
    loop {
        thread::sleep(Duration::from_millis(100));
        let now = http::records_in_list(ocs.port)?;
        if now == held {
            return Ok(held);
        }
        held = now;
    }
}

/// The median time of one `fdatasync` in this folder, in microseconds.
fn fdatasync(folder: &Path) -> Result<f64> {
    let path = folder.join("fdatasync.bin");
    let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    // Over allocated blocks, as a write-ahead log writes once it was
    // checkpointed: the file system has nothing to note beside the data, which
    // makes this the strictest yardstick.
    let block = [0x5a_u8; SYNC_BYTES];
    for at in 0..SYNC_TIMES {
        file.write_all_at(&block, at * SYNC_BYTES as u64)?;
    }
    file.sync_all()?;
    let mut times = Vec::new();
    for at in 0..SYNC_TIMES {
        let begun = Instant::now();
        file.write_all_at(&block, at * SYNC_BYTES as u64)?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    drop(file);
    std::fs::remove_file(&path)?;
    Ok(median(times.iter().map(Duration::as_secs_f64)) * 1e6)
}

fn milliseconds(us: f64) -> String {
    format!("{:.2} ms", us / 1e3)
}

pub(super) const COLUMNS: [&str; 12] = [
    "connections",
    "rounds",
    "floor/s",
    "OCS/s",
    "ratio",
    "floor p50",
    "floor p99",
    "OCS p50",
    "OCS p99",
    "fdatasync",
    "OCS µs/request",
    "HTTP Proxy µs/request",
];

/// The medians of one level, in the order of [`COLUMNS`].
pub(super) fn cells(level: &Level) -> Vec<String> {
    let cpu = |process: usize| {
        let rounds = level.ocs.iter();
        median(rounds.filter_map(|round| Some(round.cpu_us.get(process)?.1)))
    };
    let known = |known: bool, cell: String| if known { cell } else { "–".to_owned() };
    let ocs = !level.ocs.is_empty();
    vec![
        level.connections.to_string(),
        level.floor.len().to_string(),
        format!("{:.0}", middle(&level.floor, Figures::per_second)),
        known(
            ocs,
            format!("{:.0}", middle(&level.ocs, Figures::per_second)),
        ),
        known(ocs, format!("{:.3}", median(level.ratios()))),
        milliseconds(middle(&level.floor, |load| load.p50_us as f64)),
        milliseconds(middle(&level.floor, |load| load.p99_us as f64)),
        known(
            ocs,
            milliseconds(middle(&level.ocs, |load| load.p50_us as f64)),
        ),
        known(
            ocs,
            milliseconds(middle(&level.ocs, |load| load.p99_us as f64)),
        ),
        known(
            !level.sync_us.is_empty(),
            milliseconds(median(level.sync_us.iter().copied())),
        ),
        known(ocs, format!("{:.1}", cpu(0))),
        known(ocs, format!("{:.1}", cpu(1))),
    ]
}

pub(super) fn print(levels: &[Level]) {
    println!("\nmedians:");
    for level in levels {
        println!();
        for (column, cell) in COLUMNS.iter().zip(cells(level)) {
            println!("  {column:<24} {cell:>12}");
        }
    }
}

fn table(levels: &[Level]) -> Table<'static> {
    Table {
        name: "add-record",
        about: "AddRecord over HTTP, medians of the rounds, newest run first; \
                how it is measured: ../README.md.",
        columns: &COLUMNS,
        rows: levels.iter().map(cells).collect(),
    }
}

/// Judges what was measured; a level that was left out is not judged.
fn judge(levels: &[Level]) -> Requirements {
    let mut requirements = Requirements::default();
    let at = |connections| levels.iter().find(|level| level.connections == connections);
    if let Some(level) = at(64) {
        let p99 = middle(&level.ocs, |load| load.p99_us as f64) / 1e3;
        requirements.at_least(
            "share of the floor, 64 connections",
            median(level.ratios()),
            0.40,
            3,
        );
        requirements.below("p99 in ms, 64 connections", p99, 20.0, 2);
    }
    if let Some(level) = at(256) {
        requirements.at_least(
            "share of the floor, 256 connections",
            median(level.ratios()),
            0.45,
            3,
        );
    }
    if let Some(level) = at(1) {
        let p50 = middle(&level.ocs, |load| load.p50_us as f64) / 1e3;
        let sync = median(level.sync_us.iter().copied());
        let limit = (sync + BEYOND_SYNC_US) / 1e3;
        requirements.at_most("p50 in ms, one client (one fdatasync + 0.3)", p50, limit, 3);
    }
    // Of rounds that were measured: an error ends the bench where it happens.
    let rounds = levels
        .iter()
        .flat_map(|level| level.floor.iter().chain(&level.ocs));
    let errors = rounds.map(|round| round.load.non_2xx + round.load.socket_errors);
    requirements.at_most("errors", errors.sum::<u64>() as f64, 0.0, 0);
    requirements
}
