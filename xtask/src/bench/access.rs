//! `cargo xtask bench access`: what access rules cost AddRecord, in processor time of both
//! processes, beside an OCS that has none.

use std::fs::OpenOptions;
use std::io::Write as _;

use anyhow::{Result, bail};
use serde_json::json;

use crate::args::Args;
use crate::bench::add_record::{Level, loaded};
use crate::bench::product::{Installation, Ocs};
use crate::bench::report::{self, Requirements, Table};
use crate::bench::wrk::{self, Load};
use crate::bench::{Scratch, http, median};
use crate::cargo::build_release;
use crate::packages::{self, Need};

/// The token that requests show, and the rules that judge them: everything that a rule can
/// ask of a client is asked.
const TOKEN: &str = "ocs_000102030405060708090a0b0c0d0e0f1011121314151617";
const RULES: &str = r#"
[[access.token]]
name = "bench"
hash = "sha256:372eed88f3d13f23c4170a579f550a300c070ad0052b60612b50d2bc136c5dc7"
rights = ["add", "update"]
calling-lists = ["Bench"]
rate = 1000000

[[access.network]]
cidr = "127.0.0.0/8"
rights = ["read"]
"#;

/// The bench.
pub(crate) fn access(mut args: Args) -> Result<()> {
    let rounds = args.value::<u32>("--rounds")?.unwrap_or(10);
    let seconds = args.value::<u32>("--seconds")?.unwrap_or(5);
    let connections = args.value::<u32>("--connections")?.unwrap_or(64);
    let strict = args.flag("--strict");
    args.finish()?;
    if rounds == 0 || connections == 0 || !(1..=wrk::LONGEST_ROUND).contains(&seconds) {
        bail!(
            "--rounds and --connections begin at 1, --seconds goes to {}",
            wrk::LONGEST_ROUND
        );
    }
    packages::provide(Need::Bench)?;
    let [binary] = build_release(["ocs"])?;
    let scratch = Scratch::new()?;
    let open = Installation::new(&binary, scratch.folder.join("open"), 0)?;
    let ruled = Installation::new(&binary, scratch.folder.join("ruled"), 0)?;
    let mut file = OpenOptions::new()
        .append(true)
        .open(ruled.folder().join("ocs.toml"))?;
    file.write_all(RULES.as_bytes())?;
    open.apply()?;
    ruled.apply()?;
    let (open, ruled) = (open.run()?, ruled.run()?);

    let mut level = Level::of(connections);
    for round in 0..rounds {
        println!("\nround {} of {rounds}", round + 1);
        let area = wrk::area(round as usize)?;
        let target = format!("{}?req=AddRecord", http::LIST);
        let load = |name: &str, ocs: &Ocs, token: &[&str]| {
            let load = Load {
                secured: false,
                script: "add-record.lua",
                port: ocs.port,
                connections,
                seconds,
            };
            let processes = [("ocs run", ocs.pid()), ("ocs http-proxy", ocs.proxy())];
            let arguments = [&[target.as_str(), area], token].concat();
            loaded(name, &processes, connections, || load.run(&arguments))
        };
        level.floor.push(load("open", &open, &[])?);
        level.ocs.push(load("rules", &ruled, &[TOKEN])?);
    }
    for ocs in [open, ruled] {
        ocs.stop()?;
    }

    let ratios = level.floor.iter().zip(&level.ocs);
    let ratios = ratios.map(|(open, ruled)| ruled.cpu() / open.cpu());
    let ratio = median(ratios);
    let middle = |rounds: &[_]| median(rounds.iter().map(super::add_record::Round::cpu));
    let (without, with) = (middle(&level.floor), middle(&level.ocs));
    let mut requirements = Requirements::default();
    requirements.at_most("processor time with rules, by that without", ratio, 1.03, 3);
    requirements.print();
    let table = Table {
        name: "access",
        about: "AddRecord with a token that a rule with rights, calling lists and a rate knows, \
                beside an OCS without rules; processor time of both processes; medians of \
                alternating rounds, newest run first; how it is measured: ../README.md.",
        columns: &["connections", "µs without", "µs with", "ratio"],
        rows: vec![vec![
            connections.to_string(),
            format!("{without:.2}"),
            format!("{with:.2}"),
            format!("{ratio:.3}"),
        ]],
    };
    let figures =
        json!({ "rounds": rounds, "seconds": seconds, "level": level.json(), "cpu_ratio": ratio });
    report::keep(&scratch, &table, &requirements, &figures)?;
    requirements.enforce(strict)
}
