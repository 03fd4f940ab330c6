//! `cargo xtask bench next`: the next record of a calling list of ten million, while
//! records come in and others are finished.

mod variants;

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::args::Args;
use crate::bench::agent::{Agent, GROUP};
use crate::bench::client::Client;
use crate::bench::preview::ZONES;
use crate::bench::product::{Installation, Ocs};
use crate::bench::report::{self, Requirements, Table};
use crate::bench::{MEGABYTE, Scratch, cpu};
use crate::cargo::{build_release, output, program, root, run};
use variants::{VARIANTS, Variant};

/// The calling list.
const LIST: &str = "Next";

const OBJECTS: &str = "\
[[calling-list]]
name = \"Next\"
[[calling-list.field]]
name = \"balance\"
type = \"float\"

[[calling-list]]
name = \"Others\"

[[campaign-group]]
dbid = 401
campaign = \"Next\"
group = \"Agents\"

[[campaign]]
name = \"Next\"
";

const DAY: i64 = 86_400;

/// Records that can be called, where all others cannot, the last of them; their balance is
/// above that of all others.
const CALLABLE: u64 = 10;

/// The number that the phone of the first record has in its country.
const FIRST: u64 = 2_000_000_000;

/// How long it may take until all that cannot be called were looked at.
const READY: Duration = Duration::from_secs(2 * 3_600);

/// How long a stored calling list whose records are outside their windows is good.
const OUTSIDE_FOR: Duration = Duration::from_secs(3 * 3_600);

/// Agents and what they ask a second, together.
const AGENTS: Flow = Flow {
    clients: 4,
    per_second: 200,
};
/// Those that add records.
const ADDERS: Flow = Flow {
    clients: 4,
    per_second: 1_000,
};
/// Those that finish records.
const FINISHERS: Flow = Flow {
    clients: 2,
    per_second: 500,
};

/// Clients, and what they ask a second, together.
#[derive(Clone, Copy)]
struct Flow {
    clients: u32,
    per_second: u32,
}

struct Options {
    records: u64,
    seconds: u32,
    variants: Vec<usize>,
    /// What is measured, where it is not to be built.
    binary: Option<PathBuf>,
    strict: bool,
}

impl Options {
    fn take(mut args: Args) -> Result<Self> {
        let only: Option<usize> = args.value("--variant")?;
        let options = Self {
            records: args.value("--records")?.unwrap_or(10_000_000),
            seconds: args.value("--seconds")?.unwrap_or(20),
            binary: args.value("--binary")?,
            variants: only.map_or_else(|| vec![1, 2, 3, 5, 6, 7, 8], |only| vec![only]),
            strict: args.flag("--strict"),
        };
        args.finish()?;
        let named = |variant: &usize| (1..=VARIANTS.len()).contains(variant);
        if !options.variants.iter().all(named) {
            bail!("--variant goes from 1 to {}", VARIANTS.len());
        }
        // Each finisher names records of its own, each once.
        let least = u64::from(options.seconds * FINISHERS.per_second) * 4;
        if !(least..=50_000_000).contains(&options.records) || options.seconds == 0 {
            bail!("--records goes from {least} to 50000000, --seconds begins at 1");
        }
        Ok(options)
    }
}

/// What was measured of a variant.
struct Measured {
    name: &'static str,
    load_ms: f64,
    /// Until the filter was in use after OCS had started; without one, of a request.
    ready_s: f64,
    /// Microseconds of each next record, sorted.
    times: Vec<u64>,
    added: f64,
    finished: f64,
    resident_mb: f64,
}

impl Measured {
    fn percentile_ms(&self, per_mille: usize) -> f64 {
        let last = self.times.len().saturating_sub(1);
        let at = (self.times.len() * per_mille / 1_000).min(last);
        self.times.get(at).copied().unwrap_or(0) as f64 / 1e3
    }

    fn json(&self) -> Value {
        json!({
            "variant": self.name,
            "load_campaign_ms": self.load_ms,
            "in_use_after_s": self.ready_s,
            "next_records": self.times.len(),
            "p50_ms": self.percentile_ms(500),
            "p99_ms": self.percentile_ms(990),
            "p999_ms": self.percentile_ms(999),
            "max_ms": self.percentile_ms(1_000),
            "added_per_second": self.added,
            "finished_per_second": self.finished,
            "resident_mb": self.resident_mb,
        })
    }
}

/// The bench.
pub(crate) fn next(args: Args) -> Result<()> {
    let options = Options::take(args)?;
    let ocs = match &options.binary {
        Some(binary) => {
            fs::canonicalize(binary).with_context(|| format!("there is no {}", binary.display()))?
        }
        None => {
            let [built] = build_release(["ocs"])?;
            built
        }
    };
    let scratch = Scratch::new()?;
    let mut measured = Vec::new();
    for number in &options.variants {
        let variant = &VARIANTS[number - 1];
        println!("\n{} records, {}", options.records, variant.name);
        let stored = stored(&ocs, variant.outside, options.records)?;
        let folder = scratch.folder.join(format!("variant-{number}"));
        let one = measure(&options, &ocs, &stored, folder, variant)?;
        println!(
            "  loaded in {:.1} ms, in use after {:.1} s; next record p50 {:.2} p99 {:.2} max \
             {:.2} ms; {:.0} added and {:.0} finished a second; {:.0} MB",
            one.load_ms,
            one.ready_s,
            one.percentile_ms(500),
            one.percentile_ms(990),
            one.percentile_ms(1_000),
            one.added,
            one.finished,
            one.resident_mb
        );
        measured.push(one);
    }
    let requirements = judge(&measured, &options);
    requirements.print();
    let figures = json!({
        "records": options.records,
        "seconds": options.seconds,
        "variants": measured.iter().map(Measured::json).collect::<Vec<_>>(),
    });
    report::keep(
        &scratch,
        &table(&options, &measured),
        &requirements,
        &figures,
    )?;
    requirements.enforce(options.strict)
}

/// A store with the calling list: that of a former run where it is still good, else made
/// by `ocs import`.
fn stored(binary: &Path, outside: bool, records: u64) -> Result<PathBuf> {
    let kind = if outside { "outside" } else { "open" };
    let folder = root().join(format!("target/bench-next/last-ten-{kind}-{records}"));
    let whole = folder.join("whole");
    let age = fs::metadata(&whole).and_then(|file| file.modified());
    let age = age.ok().and_then(|written| written.elapsed().ok());
    if age.is_some_and(|age| !outside || age < OUTSIDE_FOR) {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let begun = Instant::now();
    let installation = Installation::new(binary, folder.clone(), 0)?;
    let objects = folder.join("objects.toml");
    fs::write(&objects, OBJECTS)?;
    run(installation.command("apply").arg(&objects))?;
    let file = folder.join("records.csv");
    write_records(&file, outside, records)
        .with_context(|| format!("cannot write {}", file.display()))?;
    let mut import = installation.command("import");
    run(import
        .args(["--list", "Next"])
        .arg(&file)
        .stdout(Stdio::null()))?;
    fs::remove_file(&file)?;
    fs::write(whole, "")?;
    println!("  imported in {:.0} s", begun.elapsed().as_secs_f64());
    Ok(folder)
}

fn write_records(path: &Path, outside: bool, records: u64) -> Result<()> {
    let second = second_of_day()?;
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(
        file,
        "GSW_PHONE,GSW_CUSTOMER_ID,GSW_TZ_NAME,GSW_FROM,GSW_UNTIL,balance"
    )?;
    for record in 0..records {
        let (zone, offset) = ZONES[(record % ZONES.len() as u64) as usize];
        let others = record + CALLABLE < records;
        let (from, until) = window(outside && others, record, offset, second);
        let (phone, customer) = (phone(record, records), FIRST + record);
        let balance = balance(record, records);
        writeln!(file, "{phone},C{customer},{zone},{from},{until},{balance}")?;
    }
    file.flush()?;
    Ok(())
}

/// The time of day, UTC.
fn second_of_day() -> Result<i64> {
    let now = output(program("date").arg("+%s"))?;
    Ok(now.trim().parse::<i64>()?.rem_euclid(DAY))
}

/// Of a country whose law names no hours: it is measured at any hour. The last ten are in
/// another one than all others.
fn phone(record: u64, records: u64) -> String {
    let country = if (records - CALLABLE..records).contains(&record) {
        352
    } else {
        49
    };
    format!("+{country}{}", FIRST + record)
}

/// Those of the last ten are a million and more.
fn balance(record: u64, records: u64) -> u64 {
    if (records - CALLABLE..records).contains(&record) {
        1_000_000 + record
    } else {
        record.wrapping_mul(7_919) % 5_000
    }
}

/// The whole day but for its last second, or an hour between four and seventeen hours
/// from now.
fn window(outside: bool, record: u64, offset: i64, second: i64) -> (i64, i64) {
    if !outside {
        return (0, DAY - 1);
    }
    let ahead = 4 + i64::try_from(record / ZONES.len() as u64 % 13).unwrap_or(0);
    let from = (second + offset * 60 + ahead * 3_600).rem_euclid(DAY);
    (from, (from + 3_600) % DAY)
}

fn measure(
    options: &Options,
    binary: &Path,
    stored: &Path,
    folder: PathBuf,
    variant: &Variant,
) -> Result<Measured> {
    let installation = Installation::new(binary, folder, 0)?;
    let mut copy = program("cp");
    run(copy
        .arg("--reflink=auto")
        .arg(stored.join("ocs.db"))
        .arg(installation.folder()))?;
    let objects = installation.folder().join("objects.toml");
    fs::write(&objects, format!("{OBJECTS}{}", (variant.objects)()?))?;
    run(installation
        .command("apply")
        .arg(&objects)
        .stdout(Stdio::null()))?;
    (variant.prepare)(&installation, options.records)?;

    let ocs = installation.run()?;
    let mut client = Client::connect(ocs.port)?;
    let begun = Instant::now();
    client.post(&format!("{GROUP}?req=LoadCampaign"), "")?;
    let load_ms = begun.elapsed().as_secs_f64() * 1e3;
    client.post(&format!("{GROUP}?req=StartDialing"), "")?;
    let begun = Instant::now();
    while Agent::connect(ocs.port, 0)?.ask()?.is_none() {
        if begun.elapsed() > READY {
            bail!("no record was handed out for {READY:?}");
        }
        thread::sleep(Duration::from_millis(50));
    }
    let ready_s = begun.elapsed().as_secs_f64();

    let end = Duration::from_secs(options.seconds.into());
    let (times, added, finished) = thread::scope(|scope| {
        let agents = flow(scope, AGENTS, end, |number| {
            Agent::connect(ocs.port, number)
        });
        let adders = flow(scope, ADDERS, end, |number| {
            Adder::connect(&ocs, number, variant, options.records)
        });
        let finishers = flow(scope, FINISHERS, end, |number| {
            Finisher::connect(&ocs, number, variant, options.records)
        });
        Ok::<_, anyhow::Error>((all(agents)?, all(adders)?, all(finishers)?))
    })?;
    let memory = [ocs.pid(), ocs.proxy()].map(cpu::memory);
    let mut resident = 0;
    for one in memory {
        resident += one?.resident;
    }
    ocs.stop()?;
    fs::remove_dir_all(installation.folder())?;
    let per_second = |times: &[u64]| times.len() as f64 / end.as_secs_f64();
    Ok(Measured {
        name: variant.name,
        load_ms,
        ready_s,
        added: per_second(&added),
        finished: per_second(&finished),
        times,
        resident_mb: resident as f64 / MEGABYTE,
    })
}

/// Who asks again and again; what took how long, or nothing where that is not to count.
trait Asks: Send {
    fn ask(&mut self) -> Result<Option<Duration>>;
}

type Asking<'scope> = thread::ScopedJoinHandle<'scope, Result<Vec<u64>>>;

/// Clients that ask at their moments, not earlier; who is late asks at once, and its
/// wait counts from when its moment was.
fn flow<'scope, A: Asks + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    flow: Flow,
    end: Duration,
    connect: impl Fn(u32) -> Result<A>,
) -> Result<Vec<Asking<'scope>>> {
    let mut clients = Vec::new();
    for number in 0..flow.clients {
        let mut client = connect(number)?;
        let gap = Duration::from_secs(1) * flow.clients / flow.per_second;
        let first = Duration::from_secs(1) * number / flow.per_second;
        clients.push(scope.spawn(move || {
            let begun = Instant::now();
            let mut times = Vec::new();
            let mut moment = first;
            while moment < end {
                if let Some(early) = moment.checked_sub(begun.elapsed()) {
                    thread::sleep(early);
                }
                let late = begun.elapsed().saturating_sub(moment);
                if let Some(took) = client.ask()? {
                    // A sleep that overslept is the bench's own.
                    let late = if late > gap { late } else { Duration::ZERO };
                    times.push(u64::try_from((took + late).as_micros())?);
                }
                moment += gap;
            }
            Ok(times)
        }));
    }
    Ok(clients)
}

/// What all clients of a flow measured, sorted.
fn all(flow: Result<Vec<Asking<'_>>>) -> Result<Vec<u64>> {
    let mut times = Vec::new();
    for client in flow? {
        match client.join() {
            Ok(one) => times.extend(one?),
            Err(_) => bail!("a thread of the bench panicked"),
        }
    }
    times.sort_unstable();
    Ok(times)
}

impl Asks for Agent {
    fn ask(&mut self) -> Result<Option<Duration>> {
        self.take()
    }
}

/// Who adds records like those that cannot be called, where only ten can.
struct Adder {
    client: Client,
    next: u64,
    outside: bool,
    /// How many phones come again and again; `None` for new ones.
    phones: Option<u64>,
    second: i64,
}

impl Adder {
    fn connect(ocs: &Ocs, number: u32, variant: &Variant, records: u64) -> Result<Self> {
        Ok(Self {
            client: Client::connect(ocs.port)?,
            next: 1_000_000_000 + u64::from(number) * 10_000_000,
            outside: variant.outside,
            phones: variant.phones_again.then_some(records - CALLABLE),
            second: second_of_day()?,
        })
    }
}

impl Asks for Adder {
    fn ask(&mut self) -> Result<Option<Duration>> {
        self.next += 1;
        let record = self.next;
        let (zone, offset) = ZONES[(record % ZONES.len() as u64) as usize];
        let (from, until) = window(self.outside, record, offset, self.second);
        let added = json!({
            "GSW_PHONE": format!("+49{}", FIRST + self.phones.map_or(record, |all| record % all)),
            "GSW_CUSTOMER_ID": format!("C{}", FIRST + record),
            "GSW_TZ_NAME": zone,
            "GSW_FROM": from,
            "GSW_UNTIL": until,
            "balance": balance(record, record),
        });
        let asked = Instant::now();
        self.client
            .post("/lists/Next?req=AddRecord", &added.to_string())?;
        Ok(Some(asked.elapsed()))
    }
}

/// Who finishes records from all over the second half of the list, none of those that can
/// be called where only ten can; or those of another list.
struct Finisher {
    client: Client,
    finished: u64,
    records: u64,
    others: bool,
}

impl Finisher {
    fn connect(ocs: &Ocs, number: u32, variant: &Variant, records: u64) -> Result<Self> {
        Ok(Self {
            client: Client::connect(ocs.port)?,
            finished: number.into(),
            records,
            others: variant.finishes_others,
        })
    }
}

impl Asks for Finisher {
    fn ask(&mut self) -> Result<Option<Duration>> {
        let handle = if self.others {
            self.records + 1 + self.finished
        } else {
            finished(self.finished, self.records)
        };
        self.finished += u64::from(FINISHERS.clients);
        let asked = Instant::now();
        self.client.post(
            &format!("/records/{handle}?req=RecordProcessed"),
            "{\"GSW_CALL_RESULT\":\"Answer\"}",
        )?;
        Ok(Some(asked.elapsed()))
    }
}

/// The record that is finished as this one, counted from 0.
const fn finished(number: u64, records: u64) -> u64 {
    // A prime: all are reached, one far from the other.
    let half = records / 2;
    half + number * 1_000_003 % (half - CALLABLE)
}

const COLUMNS: [&str; 12] = [
    "records",
    "which",
    "next records",
    "p50",
    "p99",
    "p99.9",
    "max",
    "added/s",
    "finished/s",
    "load",
    "in use after",
    "memory",
];

fn table(options: &Options, measured: &[Measured]) -> Table<'static> {
    let ms = |value: f64| format!("{value:.2} ms");
    let rows = measured.iter().map(|one| {
        vec![
            options.records.to_string(),
            one.name.to_owned(),
            one.times.len().to_string(),
            ms(one.percentile_ms(500)),
            ms(one.percentile_ms(990)),
            ms(one.percentile_ms(999)),
            ms(one.percentile_ms(1_000)),
            format!("{:.0}", one.added),
            format!("{:.0}", one.finished),
            ms(one.load_ms),
            format!("{:.1} s", one.ready_s),
            format!("{:.0} MB", one.resident_mb),
        ]
    });
    Table {
        name: "next",
        about: "PreviewRecordRequest over HTTP, 200 a second, each record given back at once, \
                while others are added and finished; newest run first; how it is measured: \
                ../README.md.",
        columns: &COLUMNS,
        rows: rows.collect(),
    }
}

fn judge(measured: &[Measured], options: &Options) -> Requirements {
    let mut requirements = Requirements::default();
    for one in measured {
        let name = one.name;
        let p99 = one.percentile_ms(990);
        requirements.below(&format!("p99 in ms, {name}"), p99, 10.0, 2);
        requirements.at_least(&format!("added a second, {name}"), one.added, 990.0, 0);
        requirements.at_least(
            &format!("finished a second, {name}"),
            one.finished,
            495.0,
            0,
        );
        requirements.below(&format!("load in ms, {name}"), one.load_ms, 2_000.0, 0);
        // Beside the Do Not Call list, which has 20 bytes a number at most.
        let restricted = one.name.contains("Do Not Call");
        let list = if restricted {
            options.records as f64 * 20.0 / MEGABYTE
        } else {
            0.0
        };
        requirements.below(
            &format!("memory in MB, {name}"),
            one.resident_mb,
            300.0 + list,
            0,
        );
    }
    requirements
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{CALLABLE, DAY, balance, finished, phone, window};

    #[test]
    fn ten_are_rich_and_none_comes_into_its_window() {
        let (records, others) = (10_000, 10_000 - CALLABLE);
        assert!((others..records).all(|record| balance(record, records) >= 1_000_000));
        assert!((0..others).all(|record| balance(record, records) < 5_000));
        assert_eq!(balance(records, records), records * 7_919 % 5_000);
        assert_eq!(phone(others, records), "+3522000009990");
        assert_eq!(phone(0, records), "+492000000000");
        assert_eq!(window(false, 7, 60, 0), (0, DAY - 1));
        for record in 0..5_000 {
            let (from, until) = window(true, record, 60, 50_000);
            let ahead = (from - (50_000 + 3_600)).rem_euclid(DAY) / 3_600;
            assert!((4..17).contains(&ahead), "{ahead}");
            assert_eq!((until - from).rem_euclid(DAY), 3_600);
        }
    }

    #[test]
    fn no_record_is_finished_twice() {
        for records in [100_000, 10_000_000] {
            let all: HashSet<_> = (0..30_000)
                .map(|number| finished(number, records))
                .collect();
            assert_eq!(all.len(), 30_000);
            assert!(
                all.iter()
                    .all(|handle| (1..=records - CALLABLE).contains(handle))
            );
        }
    }
}
