//! `cargo xtask bench import`: a million records from a file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::args::Args;
use crate::bench::product::{Guarded, Installation, Ocs};
use crate::bench::report::{self, Requirements, Table};
use crate::bench::{MEGABYTE, Scratch, cpu, http};
use crate::cargo::build_release;

/// How often the peak of the importing process is read. The kernel keeps the
/// peak, so only growth in the last moments can be missed.
const POLL: Duration = Duration::from_millis(5);

/// What one import took.
struct Import {
    with: &'static str,
    per_second: f64,
    /// Peak memory of each process, in bytes.
    peaks: Vec<(&'static str, u64)>,
}

impl Import {
    fn memory(&self) -> f64 {
        self.peaks
            .iter()
            .map(|(_, bytes)| *bytes as f64)
            .sum::<f64>()
            / MEGABYTE
    }
}

/// The bench.
pub(crate) fn import(mut args: Args) -> Result<()> {
    let records = args.value::<u64>("--records")?.unwrap_or(1_000_000);
    let strict = args.flag("--strict");
    args.finish()?;
    if !(1..=8_000_000).contains(&records) {
        bail!("--records goes from 1 to 8000000");
    }

    let [binary] = build_release(["ocs"])?;
    let scratch = Scratch::new()?;
    let file = scratch.folder.join("records.csv");
    write_records(&file, records).with_context(|| format!("cannot write {}", file.display()))?;

    let alone = Installation::new(&binary, scratch.folder.join("alone"), 0)?;
    alone.apply()?;
    let without = measured("no OCS", &alone, None, &file, records)?;
    // Only OCS itself can say that the records are really there.
    let ocs = alone.run()?;
    check(&ocs, records)?;
    ocs.stop()?;

    let beside = Installation::new(&binary, scratch.folder.join("beside"), 0)?;
    beside.apply()?;
    let ocs = beside.run()?;
    let with = measured("a running OCS", &beside, Some(&ocs), &file, records)?;
    check(&ocs, records)?;
    ocs.stop()?;

    let mut requirements = Requirements::default();
    for import in [&without, &with] {
        let what = format!("records/s with {}", import.with);
        requirements.at_least(&what, import.per_second, 70_000.0, 0);
        let what = format!("peak memory in MB with {}", import.with);
        requirements.below(&what, import.memory(), 300.0, 1);
    }
    requirements.print();

    let imports = [&without, &with];
    let table = Table {
        name: "import",
        about: "`ocs import` of one file, newest run first; how it is measured: ../README.md.",
        columns: &["records", "with", "records/s", "peak MB, all processes"],
        rows: imports
            .map(|import| {
                vec![
                    records.to_string(),
                    import.with.to_owned(),
                    format!("{:.0}", import.per_second),
                    format!("{:.1}", import.memory()),
                ]
            })
            .to_vec(),
    };
    let figures = imports.map(|import| {
        json!({
            "with": import.with,
            "records": records,
            "records_per_second": import.per_second.round(),
            "peak_bytes": import.peaks.iter()
                .map(|(process, bytes)| ((*process).to_owned(), json!(bytes)))
                .collect::<serde_json::Map<_, _>>(),
        })
    });
    report::keep(&scratch, &table, &requirements, &json!(figures))?;
    requirements.enforce(strict)
}

fn measured(
    with: &'static str,
    installation: &Installation<'_>,
    ocs: Option<&Ocs>,
    file: &Path,
    records: u64,
) -> Result<Import> {
    let mut command = installation.command("import");
    command.args(["--list", "Bench"]).arg(file);
    // Its progress is for a terminal; what it says in the end is not needed.
    command.stdout(Stdio::null());
    let begun = Instant::now();
    let mut process = Guarded::start(&mut command, installation.folder())?;
    let mut peak = 0;
    while !process.has_ended()? {
        // An error means that it ends just now.
        peak = cpu::peak(process.pid()).unwrap_or(peak);
        thread::sleep(POLL);
    }
    let took = begun.elapsed();
    let mut peaks = vec![("ocs import", peak)];
    if let Some(ocs) = ocs {
        peaks.push(("ocs run", cpu::peak(ocs.pid())?));
        peaks.push(("ocs http-proxy", cpu::peak(ocs.proxy())?));
    }
    let import = Import {
        with,
        per_second: records as f64 / took.as_secs_f64(),
        peaks,
    };
    println!(
        "with {with}: {:.1} s, {:.0} records/s, peak {:.1} MB",
        took.as_secs_f64(),
        import.per_second,
        import.memory()
    );
    for (process, bytes) in &import.peaks {
        println!("  {process:<16} {:>6.1} MB", *bytes as f64 / MEGABYTE);
    }
    Ok(import)
}

fn check(ocs: &Ocs, records: u64) -> Result<()> {
    let held = http::records_in_list(ocs.port)?;
    if held != records {
        bail!("the file has {records} records and the list holds {held}");
    }
    println!("  {held} records in the list");
    Ok(())
}

pub(super) fn write_records(path: &Path, records: u64) -> Result<()> {
    const TYPES: [&str; 3] = ["Mobile", "HomePhone", "DirectBusinessPhone"];
    const ZONES: [&str; 4] = ["PST", "EST", "America/Chicago", "GMT"];
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(
        file,
        "GSW_PHONE,GSW_PHONE_TYPE,GSW_CUSTOMER_ID,GSW_TZ_NAME,client-id,balance"
    )?;
    for record in 0..records {
        let number = 2_000_000 + record;
        let phone_type = TYPES[(record % 3) as usize];
        let zone = ZONES[(record % 4) as usize];
        let (whole, cents) = (record % 5000, record % 100);
        writeln!(
            file,
            "+1212{number},{phone_type},C{number},{zone},web-{number},{whole}.{cents:02}"
        )?;
    }
    file.flush()?;
    Ok(())
}
