//! `cargo xtask bench preview`: the next record of a long calling list, where nearly all
//! of it is ready, and where all but ten records are outside their window.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::args::Args;
use crate::bench::agent::{Agent, GROUP};
use crate::bench::client::Client;
use crate::bench::product::{Floor, Installation};
use crate::bench::report::{self, Requirements, Table};
use crate::bench::rounds::Rounds;
use crate::bench::{Scratch, median};
use crate::cargo::{build_release, output, program, run};

/// A calling list with a campaign group that hands it out.
const OBJECTS: &str = "\
[[calling-list]]
name = \"Preview\"

[[campaign]]
name = \"Preview\"
calling-lists = [\"Preview\"]

[[campaign-group]]
dbid = 401
campaign = \"Preview\"
group = \"Agents\"
dialing-mode = \"Preview\"
";

/// Forty zones that never change to summer time, each with its distance from UTC in
/// minutes, so that what is outside its window can be written down without a calendar.
pub(super) const ZONES: [(&str, i64); 40] = [
    ("Etc/GMT+12", -720),
    ("Etc/GMT+11", -660),
    ("Pacific/Honolulu", -600),
    ("Etc/GMT+10", -600),
    ("Etc/GMT+9", -540),
    ("Etc/GMT+8", -480),
    ("America/Phoenix", -420),
    ("Etc/GMT+7", -420),
    ("Etc/GMT+6", -360),
    ("America/Panama", -300),
    ("Etc/GMT+5", -300),
    ("America/Puerto_Rico", -240),
    ("Etc/GMT+4", -240),
    ("Etc/GMT+3", -180),
    ("Etc/GMT+2", -120),
    ("Etc/GMT+1", -60),
    ("UTC", 0),
    ("Africa/Abidjan", 0),
    ("Africa/Lagos", 60),
    ("Etc/GMT-1", 60),
    ("Africa/Johannesburg", 120),
    ("Etc/GMT-2", 120),
    ("Africa/Nairobi", 180),
    ("Etc/GMT-3", 180),
    ("Asia/Dubai", 240),
    ("Asia/Kabul", 270),
    ("Asia/Karachi", 300),
    ("Asia/Kolkata", 330),
    ("Asia/Kathmandu", 345),
    ("Asia/Dhaka", 360),
    ("Asia/Yangon", 390),
    ("Asia/Bangkok", 420),
    ("Asia/Shanghai", 480),
    ("Asia/Singapore", 480),
    ("Asia/Tokyo", 540),
    ("Australia/Darwin", 570),
    ("Australia/Brisbane", 600),
    ("Etc/GMT-11", 660),
    ("Etc/GMT-12", 720),
    ("Etc/GMT-14", 840),
];

/// Records inside their window, where all others are outside.
const INSIDE: u64 = 10;

const DAY: i64 = 86_400;

struct Options {
    rounds: u32,
    seconds: u32,
    connections: Vec<u32>,
    records: u64,
    strict: bool,
}

impl Options {
    fn take(mut args: Args) -> Result<Self> {
        let Rounds {
            rounds,
            seconds,
            connections,
        } = Rounds::take(&mut args, &[1, 4])?;
        let options = Self {
            rounds,
            seconds,
            connections,
            records: args.value("--records")?.unwrap_or(1_000_000),
            strict: args.flag("--strict"),
        };
        args.finish()?;
        if options.rounds == 0 || options.seconds == 0 {
            bail!("--rounds and --seconds begin at 1");
        }
        // Whoever asks has a record in hand for a moment, and before midnight two of
        // those that are inside may be outside for a second.
        let most = u32::try_from(INSIDE - 2)?;
        if !options
            .connections
            .iter()
            .all(|one| (1..=most).contains(one))
        {
            bail!("--connections go from 1 to {most}");
        }
        if !(INSIDE..=8_000_000).contains(&options.records) {
            bail!("--records goes from {INSIDE} to 8000000");
        }
        Ok(options)
    }
}

/// What the records of the calling list are like.
#[derive(Clone, Copy)]
enum Case {
    Ready,
    Outside,
}

impl Case {
    fn name(self) -> &'static str {
        match self {
            Self::Ready => "all ready",
            Self::Outside => "all but ten outside",
        }
    }

    /// The window of a record in its zone, else the whole day but for its last second;
    /// `second` is the time of day, UTC.
    fn window(self, record: u64, offset: i64, second: i64) -> (i64, i64) {
        match self {
            Self::Outside if record >= INSIDE => {
                // An hour somewhere between four and seventeen hours from now.
                let ahead = 4 + i64::try_from(record / ZONES.len() as u64 % 13).unwrap_or(0);
                let from = (second + offset * 60 + ahead * 3_600).rem_euclid(DAY);
                (from, (from + 3_600) % DAY)
            }
            _ => (0, DAY - 1),
        }
    }
}

/// What one round of previews took, in microseconds.
struct Round {
    per_second: f64,
    /// Sorted.
    times: Vec<u64>,
}

impl Round {
    fn percentile(&self, percent: usize) -> f64 {
        let at = (self.times.len() * percent / 100).min(self.times.len().saturating_sub(1));
        self.times.get(at).copied().unwrap_or(0) as f64 / 1e3
    }

    fn json(&self) -> Value {
        json!({
            "previews": self.times.len(),
            "previews_per_second": self.per_second.round(),
            "p50_ms": self.percentile(50),
            "p99_ms": self.percentile(99),
            "max_ms": self.percentile(100),
        })
    }
}

/// The rounds of one case at one number of connections.
struct Level {
    case: Case,
    connections: u32,
    floor: Vec<Round>,
    ocs: Vec<Round>,
}

fn middle(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> f64 {
    median(rounds.iter().map(figure))
}

/// The bench.
pub(crate) fn preview(args: Args) -> Result<()> {
    let options = Options::take(args)?;
    let [floor, ocs] = build_release(["floor", "ocs"])?;
    let scratch = Scratch::new()?;
    let floor = Floor::start(&floor, &scratch.folder)?;
    let mut levels = Vec::new();
    for (case, folder) in [(Case::Ready, "ready"), (Case::Outside, "outside")] {
        println!("\n{} records, {}", options.records, case.name());
        let installation = Installation::new(&ocs, scratch.folder.join(folder), 0)?;
        fill(&installation, case, options.records)?;
        levels.extend(measure(&options, &floor, &installation, case)?);
    }
    let requirements = judge(&levels);
    requirements.print();
    let figures = levels.iter().map(|level| {
        json!({
            "case": level.case.name(),
            "connections": level.connections,
            "floor": level.floor.iter().map(Round::json).collect::<Vec<_>>(),
            "ocs": level.ocs.iter().map(Round::json).collect::<Vec<_>>(),
        })
    });
    let figures = json!({
        "rounds": options.rounds,
        "seconds": options.seconds,
        "records": options.records,
        "levels": figures.collect::<Vec<_>>(),
    });
    report::keep(&scratch, &table(&options, &levels), &requirements, &figures)?;
    requirements.enforce(options.strict)
}

/// Fills a store with the calling list.
fn fill(installation: &Installation<'_>, case: Case, records: u64) -> Result<()> {
    let objects = installation.folder().join("objects.toml");
    fs::write(&objects, OBJECTS)?;
    run(installation.command("apply").arg(&objects))?;
    let file = installation.folder().join("records.csv");
    write_records(&file, case, records)
        .with_context(|| format!("cannot write {}", file.display()))?;
    let mut import = installation.command("import");
    run(import
        .args(["--list", "Preview"])
        .arg(&file)
        .stdout(Stdio::null()))
}

fn write_records(path: &Path, case: Case, records: u64) -> Result<()> {
    let now = output(program("date").arg("+%s"))?;
    let second = now.trim().parse::<i64>()?.rem_euclid(DAY);
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(
        file,
        "GSW_PHONE,GSW_CUSTOMER_ID,GSW_TZ_NAME,GSW_FROM,GSW_UNTIL"
    )?;
    for record in 0..records {
        let (zone, offset) = ZONES[(record % ZONES.len() as u64) as usize];
        let (from, until) = case.window(record, offset, second);
        let number = 2_000_000 + record;
        // Legal hours are looked for, and of this country there are none: it is measured at
        // any hour.
        writeln!(file, "+4930{number},C{number},{zone},{from},{until}")?;
    }
    file.flush()?;
    Ok(())
}

fn measure(
    options: &Options,
    floor: &Floor,
    installation: &Installation<'_>,
    case: Case,
) -> Result<Vec<Level>> {
    let ocs = installation.run()?;
    let mut client = Client::connect(ocs.port)?;
    for request in ["LoadCampaign", "StartDialing"] {
        client.post(&format!("{GROUP}?req={request}"), "")?;
    }
    let levels = options.connections.iter().map(|connections| Level {
        case,
        connections: *connections,
        floor: Vec::new(),
        ocs: Vec::new(),
    });
    let mut levels = levels.collect::<Vec<_>>();
    for round in 1..=options.rounds {
        println!("round {round} of {}", options.rounds);
        for level in &mut levels {
            let (connections, seconds) = (level.connections, options.seconds);
            let of_floor = load(connections, seconds, |_| Echo::connect(floor))?;
            say("floor", connections, &of_floor);
            level.floor.push(of_floor);
            let of_ocs = load(connections, seconds, |number| {
                Agent::connect(ocs.port, number)
            })?;
            say("OCS", connections, &of_ocs);
            level.ocs.push(of_ocs);
        }
    }
    ocs.stop()?;
    Ok(levels)
}

fn say(name: &str, connections: u32, round: &Round) {
    println!(
        "  {name:<6} {connections:>4} connections {:>9.0}/s  p50 {:.2} ms  p99 {:.2} ms  \
         max {:.2} ms",
        round.per_second,
        round.percentile(50),
        round.percentile(99),
        round.percentile(100)
    );
}

/// Who asks again and again, and says how long it waited for what is measured.
trait Asks {
    fn ask(&mut self) -> Result<Duration>;
}

/// A round of load: each connection asks as soon as it was answered.
fn load<A: Asks + Send>(
    connections: u32,
    seconds: u32,
    connect: impl Fn(u32) -> Result<A>,
) -> Result<Round> {
    let mut all = (0..connections).map(connect).collect::<Result<Vec<_>>>()?;
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds.into());
    let times = thread::scope(|scope| {
        let threads = all
            .iter_mut()
            .map(|one| scope.spawn(move || until(one, end)));
        let threads = threads.collect::<Vec<_>>();
        let mut times = Vec::new();
        for thread in threads {
            match thread.join() {
                Ok(one) => times.extend(one?),
                Err(_) => bail!("a thread of the bench panicked"),
            }
        }
        Ok(times)
    });
    let mut times = times?;
    let per_second = times.len() as f64 / begun.elapsed().as_secs_f64();
    times.sort_unstable();
    Ok(Round { per_second, times })
}

/// Microseconds of each time that it asked up to a moment.
fn until(one: &mut impl Asks, end: Instant) -> Result<Vec<u64>> {
    let mut times = Vec::new();
    while Instant::now() < end {
        times.push(u64::try_from(one.ask()?.as_micros())?);
    }
    Ok(times)
}

impl Asks for Agent {
    fn ask(&mut self) -> Result<Duration> {
        self.take()?.context("no record was handed out")
    }
}

/// What asks the floor, in turn with something that is not measured, as an agent does.
struct Echo(Client);

impl Echo {
    fn connect(floor: &Floor) -> Result<Self> {
        Ok(Self(Client::connect(floor.port)?))
    }
}

impl Asks for Echo {
    fn ask(&mut self) -> Result<Duration> {
        let asked = Instant::now();
        self.0.post("/", "{\"GSW_AGENT_ID\":\"agent-1\"}")?;
        let took = asked.elapsed();
        self.0.post("/", "{}")?;
        Ok(took)
    }
}

const COLUMNS: [&str; 10] = [
    "records",
    "which",
    "connections",
    "rounds",
    "floor p50",
    "floor p99",
    "previews/s",
    "p50",
    "p99",
    "max",
];

fn table(options: &Options, levels: &[Level]) -> Table<'static> {
    let ms = |value: f64| format!("{value:.2} ms");
    let rows = levels.iter().map(|level| {
        vec![
            options.records.to_string(),
            level.case.name().to_owned(),
            level.connections.to_string(),
            level.ocs.len().to_string(),
            ms(middle(&level.floor, |round| round.percentile(50))),
            ms(middle(&level.floor, |round| round.percentile(99))),
            format!("{:.0}", middle(&level.ocs, |round| round.per_second)),
            ms(middle(&level.ocs, |round| round.percentile(50))),
            ms(middle(&level.ocs, |round| round.percentile(99))),
            ms(middle(&level.ocs, |round| round.percentile(100))),
        ]
    });
    Table {
        name: "preview",
        about: "PreviewRecordRequest over HTTP, each record given back at once; medians of the \
                rounds, newest run first; how it is measured: ../README.md.",
        columns: &COLUMNS,
        rows: rows.collect(),
    }
}

/// Judges what was measured.
fn judge(levels: &[Level]) -> Requirements {
    let mut requirements = Requirements::default();
    for level in levels {
        let (case, connections) = (level.case.name(), level.connections);
        let p99 = middle(&level.ocs, |round| round.percentile(99));
        requirements.below(
            &format!("p99 in ms, {case}, {connections} connections"),
            p99,
            5.0,
            2,
        );
    }
    requirements
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Case, DAY, INSIDE, Round, ZONES};

    #[test]
    fn the_zones_are_forty() {
        let names = ZONES.iter().map(|(name, _)| *name).collect::<HashSet<_>>();
        assert_eq!(names.len(), 40);
    }

    /// Nobody comes into a window while the bench runs, for an hour.
    #[test]
    fn windows_are_far_from_now() {
        for second in [0, 1, 43_200, DAY - 1] {
            for record in 0..5_000 {
                let (_, offset) = ZONES[(record % 40) as usize];
                let (from, until) = Case::Outside.window(record, offset, second);
                if record < INSIDE {
                    assert_eq!((from, until), (0, DAY - 1));
                    continue;
                }
                let local = (second + offset * 60).rem_euclid(DAY);
                let (ahead, length) = (from - local, until - from);
                assert!((4..18).contains(&(ahead.rem_euclid(DAY) / 3_600)));
                assert_eq!(length.rem_euclid(DAY), 3_600);
                assert_eq!(Case::Ready.window(record, offset, second), (0, DAY - 1));
            }
        }
    }

    #[test]
    fn percentiles() {
        let round = |times: Vec<u64>| Round {
            per_second: 0.0,
            times,
        };
        for (times, percent, right) in [
            ((1..=100).map(|time| time * 1_000).collect(), 50, 51.0),
            ((1..=100).map(|time| time * 1_000).collect(), 99, 100.0),
            ((1..=100).map(|time| time * 1_000).collect(), 100, 100.0),
            (vec![7_000], 99, 7.0),
            (vec![], 99, 0.0),
        ] {
            let found = round(times).percentile(percent);
            assert!((found - right).abs() < 1e-9, "{percent}: {found}");
        }
    }
}
