//! `cargo xtask bench validation`: previews of records that a web server validates, which
//! answers after 20 ms, by 64 connections.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

use crate::args::Args;
use crate::bench::agent::{Agent, GROUP};
use crate::bench::client::Client;
use crate::bench::product::Installation;
use crate::bench::report::{self, Requirements, Table};
use crate::bench::web_server::WebServer;
use crate::bench::{Scratch, median};
use crate::cargo::{build_release, run};

/// How long the web server thinks.
const THINKS: Duration = Duration::from_millis(20);
const CONNECTIONS: u32 = 64;

/// A calling list with a campaign group that hands it out.
pub(super) const OBJECTS: &str = "\
[[calling-list]]
name = \"Bench\"
time-zone = \"UTC\"
options = { legal-hours = false }

[[campaign]]
name = \"Bench\"
calling-lists = [\"Bench\"]

[[campaign-group]]
dbid = 401
campaign = \"Bench\"
group = \"Agents\"
dialing-mode = \"Preview\"
";

/// Fills the calling list with records that may be called at any time but for a second.
pub(super) fn fill(installation: &Installation<'_>, records: u32) -> Result<()> {
    let objects = installation.folder().join("objects.toml");
    fs::write(&objects, OBJECTS)?;
    run(installation.command("apply").arg(&objects))?;
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

/// Loads and starts the campaign group.
pub(super) fn begin(port: u16) -> Result<()> {
    let mut client = Client::connect(port)?;
    for request in ["LoadCampaign", "StartDialing"] {
        client.post(&format!("{GROUP}?req={request}"), "")?;
    }
    Ok(())
}

/// So many agents take records and give them back, up to a moment; how many.
pub(super) fn agents(port: u16, agents: u32, end: Instant) -> Result<u64> {
    let taken = thread::scope(|scope| {
        let one = |number| {
            scope.spawn(move || {
                let mut agent = Agent::connect(port, number)?;
                let mut taken = 0_u64;
                while Instant::now() < end {
                    taken += u64::from(agent.take()?.is_some());
                }
                anyhow::Ok(taken)
            })
        };
        let threads: Vec<_> = (0..agents).map(one).collect();
        threads
            .into_iter()
            .map(|thread| thread.join())
            .collect::<Vec<_>>()
    });
    let mut all = 0;
    for one in taken {
        match one {
            Ok(taken) => all += taken?,
            Err(_) => bail!("an agent of the bench panicked"),
        }
    }
    Ok(all)
}

/// The bench.
pub(crate) fn validation(mut args: Args) -> Result<()> {
    let rounds = args.value::<u32>("--rounds")?.unwrap_or(3);
    let seconds = args.value::<u32>("--seconds")?.unwrap_or(8);
    let strict = args.flag("--strict");
    args.finish()?;
    if rounds == 0 || seconds == 0 {
        bail!("--rounds and --seconds begin at 1");
    }
    let scratch = Scratch::new()?;
    let [binary] = build_release(["ocs"])?;
    let server = WebServer::start(0, THINKS)?;
    let installation = Installation::new(&binary, scratch.folder.join("ocs"), 0)?;
    installation.configure(&format!(
        "\n[options.OCServer]\npre-dial-validation = true\n\
         validation-uri = \"http://127.0.0.1:{}/validate\"\n\
         http-connection-pool-size = {CONNECTIONS}\n",
        server.port
    ))?;
    fill(&installation, 100_000)?;
    let ocs = installation.run()?;
    begin(ocs.port)?;
    let mut figures = Vec::new();
    for round in 1..=rounds {
        let (asked, begun) = (server.answered(), Instant::now());
        let end = begun + Duration::from_secs(seconds.into());
        // A few more than connections, so that none of those is idle.
        let taken = agents(ocs.port, CONNECTIONS + CONNECTIONS / 4, end)?;
        let took = begun.elapsed().as_secs_f64();
        let per_second = (server.answered() - asked) as f64 / took;
        println!("round {round} of {rounds}: {per_second:.0} validations/s, {taken} previews");
        figures.push(per_second);
    }
    ocs.stop()?;
    let per_second = median(figures.iter().copied());
    let mut requirements = Requirements::default();
    requirements.at_least("validations a second", per_second, 2_000.0, 0);
    requirements.print();
    let table = Table {
        name: "validation",
        about: "Previews of records that a web server validates, which answers after 20 ms, by 64 \
                connections; each record is given back at once; median of the rounds, newest run \
                first.",
        columns: &["rounds", "connections", "validations/s"],
        rows: vec![vec![
            rounds.to_string(),
            CONNECTIONS.to_string(),
            format!("{per_second:.0}"),
        ]],
    };
    let figures = json!({ "seconds": seconds, "validations_per_second": figures });
    report::keep(&scratch, &table, &requirements, &figures)?;
    requirements.enforce(strict)
}
