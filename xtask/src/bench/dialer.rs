//! `cargo xtask bench dialer`: calls of a campaign group in Power, out at once at the
//! demonstration platform, which reports each of them.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::args::Args;
use crate::bench::Scratch;
use crate::bench::client::Client;
use crate::bench::product::{Guarded, Installation};
use crate::bench::report::{self, Requirements, Table};
use crate::cargo::{build_release, program, root, run};

const GROUP: &str = "/campaigngroups/401";

/// How long it may take until they are out, and until all are over.
const PATIENCE: Duration = Duration::from_secs(300);

/// The bench.
pub(crate) fn dialer(mut args: Args) -> Result<()> {
    let calls = args.value::<u32>("--calls")?.unwrap_or(1_000);
    let strict = args.flag("--strict");
    args.finish()?;
    if calls == 0 {
        bail!("--calls begins at 1");
    }
    let records = calls + calls / 4;
    let scratch = Scratch::new()?;
    let [binary] = build_release(["ocs"])?;
    let platform_folder = scratch.folder.join("platform");
    fs::create_dir_all(&platform_folder)?;
    let mut command = program("python3");
    command
        .arg(root().join("examples/platform.py"))
        .args(["--port", "0", "--scale", "0.02", "--hold"])
        .arg(calls.to_string())
        .stdout(Stdio::piped());
    let mut platform = Guarded::start(&mut command, &platform_folder)?;
    let port = platform.wait_for_line(|line| line.trim().rsplit(':').next()?.parse().ok())?;
    let installation = Installation::new(&binary, scratch.folder.join("ocs"), 0)?;
    fill(&installation, port, calls, records)?;
    let ocs = installation.run()?;

    let mut client = Client::connect(ocs.port)?;
    let alone = json!({ "GSW_AUTO_COMPLETION": 1 }).to_string();
    client.post(&format!("{GROUP}?req=LoadCampaign"), &alone)?;
    let begun = Instant::now();
    client.post(&format!("{GROUP}?req=StartDialing"), "")?;
    wait("the calls are out", || Ok(did(port)?["most_out"] == calls))?;
    let out = begun.elapsed().as_secs_f64();
    println!("{calls} calls out after {out:.2} s");
    wait("the campaign is over", || {
        let status = client.post(&format!("{GROUP}?req=GetCampaignStatus"), "")?;
        Ok(status["GSW_GROUP_CAMPAIGN_STATUS"] == 0)
    })?;
    let took = begun.elapsed().as_secs_f64();
    let status = client.post(&format!("{GROUP}?req=GetCampaignStatus"), "")?;
    let attempts = status["GSW_STAT_ATTEMPTS"].as_u64().unwrap_or_default();
    // The last report's answer may be on its way.
    wait("no call is out", || Ok(did(port)?["out"] == 0))?;
    let did = did(port)?;
    println!(
        "{records} calls and {} reports in {took:.2} s",
        did["reports"]
    );
    let lost =
        u64::from(records).saturating_sub(attempts) + did["refused"].as_u64().unwrap_or_default();
    let twice = did["twice"].as_u64().unwrap_or_default();
    ocs.stop()?;
    drop(platform);

    let mut requirements = Requirements::default();
    let most = did["most_out"].as_f64().unwrap_or_default();
    requirements.at_least("calls out at once", most, f64::from(calls), 0);
    requirements.at_most("reports lost", lost as f64, 0.0, 0);
    requirements.at_most("calls dialed twice", twice as f64, 0.0, 0);
    requirements.print();
    let table = Table {
        name: "dialer",
        about: "Calls of a campaign group in Power, out at once at examples/platform.py before \
                the first of them rings, over 20 connections; then all of them and a quarter \
                more to their ends, at a fiftieth of the time; newest run first.",
        columns: &[
            "calls out",
            "after s",
            "calls",
            "reports",
            "all after s",
            "lost",
        ],
        rows: vec![vec![
            calls.to_string(),
            format!("{out:.2}"),
            records.to_string(),
            did["reports"].to_string(),
            format!("{took:.2}"),
            lost.to_string(),
        ]],
    };
    let figures = json!({ "calls": calls, "out_after": out, "over_after": took, "did": did });
    report::keep(&scratch, &table, &requirements, &figures)?;
    requirements.enforce(strict)
}

fn fill(installation: &Installation<'_>, port: u16, calls: u32, records: u32) -> Result<()> {
    let objects = format!(
        "[[calling-list]]\nname = \"Bench\"\ntime-zone = \"UTC\"\n\
         options = {{ legal-hours = false }}\n\
         [[campaign]]\nname = \"Bench\"\ncalling-lists = [\"Bench\"]\n\
         [[campaign-group]]\ndbid = 401\ncampaign = \"Bench\"\ngroup = \"Power\"\n\
         dialing-mode = \"Power\"\n\
         options = {{ dialer-uri = \"http://127.0.0.1:{port}/dial\", channels = {calls}, \
         dialing-rate = 100000 }}\n"
    );
    let path = installation.folder().join("objects.toml");
    fs::write(&path, objects)?;
    run(installation.command("apply").arg(&path))?;
    let path = installation.folder().join("records.csv");
    let mut file = std::io::BufWriter::new(fs::File::create(&path)?);
    writeln!(file, "GSW_PHONE,GSW_FROM,GSW_UNTIL")?;
    for record in 0..records {
        writeln!(file, "+1212{},0,86399", 2_000_000 + record)?;
    }
    file.flush()?;
    drop(file);
    let mut import = installation.command("import");
    run(import
        .args(["--list", "Bench"])
        .arg(&path)
        .stdout(Stdio::null()))
}

/// What the platform did.
fn did(port: u16) -> Result<Value> {
    Client::connect(port)?.get("/statistics")
}

fn wait(what: &str, mut so: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !so().with_context(|| what.to_owned())? {
        if Instant::now() > deadline {
            bail!("not within {PATIENCE:?}: {what}");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
