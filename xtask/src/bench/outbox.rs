//! `cargo xtask bench outbox`: call report records that waited for their web server, sent
//! once it is there.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

use crate::args::Args;
use crate::bench::Scratch;
use crate::bench::product::Installation;
use crate::bench::report::{self, Requirements, Table};
use crate::bench::validation::{agents, begin, fill};
use crate::bench::web_server::WebServer;
use crate::cargo::{build_release, output};

/// How long OCS may leave a web server alone, and some more.
const LEFT_ALONE: Duration = Duration::from_secs(90);

/// The bench.
pub(crate) fn outbox(mut args: Args) -> Result<()> {
    let seconds = args.value::<u32>("--seconds")?.unwrap_or(10);
    let strict = args.flag("--strict");
    args.finish()?;
    if seconds == 0 {
        bail!("--seconds begins at 1");
    }
    let scratch = Scratch::new()?;
    let [binary] = build_release(["ocs"])?;
    // Nobody listens there until the reports are written.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let installation = Installation::new(&binary, scratch.folder.join("ocs"), 0)?;
    installation.configure(&format!(
        "\n[options.OCServer]\nsend-history = true\n\
         history-uri = \"http://127.0.0.1:{port}/reports\"\n"
    ))?;
    fill(&installation, 100_000)?;
    let ocs = installation.run()?;
    begin(ocs.port)?;
    let end = Instant::now() + Duration::from_secs(seconds.into());
    let attempts = agents(ocs.port, 16, end)?;
    let reports = 2 * attempts;
    println!("{reports} call reports wait");

    let server = WebServer::start(port, Duration::ZERO)?;
    let deadline = Instant::now() + LEFT_ALONE;
    while server.answered() == 0 {
        if Instant::now() > deadline {
            bail!("no call report came within {LEFT_ALONE:?}");
        }
        thread::sleep(Duration::from_millis(1));
    }
    let begun = Instant::now();
    // Some fast ones may come twice; none may be missing at the end.
    while server.answered() < reports {
        if begun.elapsed() > LEFT_ALONE {
            bail!("only {} of {reports} call reports came", server.answered());
        }
        thread::sleep(Duration::from_millis(1));
    }
    let took = begun.elapsed().as_secs_f64();
    let per_second = reports as f64 / took;
    println!("{reports} call reports in {took:.2} s");
    thread::sleep(Duration::from_secs(1));
    let left = output(&mut installation.command("outbox"))?;
    if !left.contains("nothing waits") {
        bail!("after all were answered the outbox says: {left}");
    }
    ocs.stop()?;

    let mut requirements = Requirements::default();
    requirements.at_least("call reports a second", per_second, 5_000.0, 0);
    requirements.print();
    let table = Table {
        name: "outbox",
        about: "Call report records that waited for their web server, from the first that it \
                answered to the last, by 20 connections; newest run first.",
        columns: &["call reports", "seconds", "call reports/s"],
        rows: vec![vec![
            reports.to_string(),
            format!("{took:.2}"),
            format!("{per_second:.0}"),
        ]],
    };
    let figures = json!({ "call_reports": reports, "seconds": took });
    report::keep(&scratch, &table, &requirements, &figures)?;
    requirements.enforce(strict)
}
