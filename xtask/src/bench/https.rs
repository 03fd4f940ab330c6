//! `cargo xtask bench https`: what TLS costs a request on a connection that is kept.

use anyhow::{Result, bail};
use serde_json::json;

use crate::args::Args;
use crate::bench::add_record::Round;
use crate::bench::beside::{Side, beside, ratio};
use crate::bench::idle::free_port;
use crate::bench::product::{Installation, Port};
use crate::bench::report::{self, Requirements, Table};
use crate::bench::wrk::{self, Load};
use crate::bench::{Scratch, http, median};
use crate::cargo::build_release;
use crate::certificates;
use crate::packages::{self, Need};

/// Processor time of a request over HTTPS, of one over HTTP: at most.
const RATIO: f64 = 1.2;

const COLUMNS: [&str; 7] = [
    "connections",
    "rounds",
    "HTTP/s",
    "HTTPS/s",
    "HTTP µs/request",
    "HTTPS µs/request",
    "ratio",
];

/// The bench.
pub(crate) fn https(mut args: Args) -> Result<()> {
    let rounds = args.value::<usize>("--rounds")?.unwrap_or(10);
    let seconds = args.value::<u32>("--seconds")?.unwrap_or(4);
    let connections = args.value::<u32>("--connections")?.unwrap_or(64);
    let strict = args.flag("--strict");
    args.finish()?;
    if rounds == 0 || connections < 2 || !(1..=wrk::LONGEST_ROUND).contains(&seconds) {
        bail!("--rounds and --seconds begin at 1, --connections at 2");
    }
    wrk::area(rounds - 1)?;
    packages::provide(Need::Bench)?;

    let [binary] = build_release(["ocs"])?;
    let scratch = Scratch::new()?;
    let folder = scratch.folder.join("ocs");
    certificates::make(&folder)?;
    let secured = free_port()?;
    let bare = Installation::new(&binary, scratch.folder.join("http"), 0)?;
    let https = Installation::with(&binary, folder, &[Port::secured(secured)])?;
    bare.apply()?;
    https.apply()?;
    let (bare, https) = (bare.run()?, https.run()?);
    let target = format!("{}?req=AddRecord", http::LIST);
    let mut measured: [Vec<Round>; 2] = Default::default();
    for round in 0..rounds {
        println!("\nround {} of {rounds}", round + 1);
        let arguments = [target.as_str(), wrk::area(round)?];
        let side = |name, ocs, port, secured| Side {
            name,
            ocs,
            load: Load {
                script: "add-record.lua",
                port,
                secured,
                connections: connections / 2,
                seconds,
            },
            arguments: &arguments,
        };
        let sides = [
            side("HTTP", &bare, bare.port, false),
            side("HTTPS", &https, secured, true),
        ];
        for (rounds, round) in measured.iter_mut().zip(beside(&sides, round)?) {
            rounds.push(round);
        }
    }
    for ocs in [bare, https] {
        ocs.stop()?;
    }

    let [plain, tls] = &measured;
    let ratio = ratio(&measured);
    let per_second = |rounds: &[Round]| median(rounds.iter().map(|round| round.load.per_second()));
    let cpu = |rounds: &[Round]| median(rounds.iter().map(Round::cpu));
    let mut requirements = Requirements::default();
    requirements.at_most("processor time, HTTPS of HTTP", ratio, RATIO, 3);
    requirements.print();
    let table = Table {
        name: "https",
        about: "AddRecord on connections that are kept, over HTTPS beside HTTP: processor time \
                of both processes, medians of the rounds, newest run first; how it is \
                measured: ../README.md.",
        columns: &COLUMNS,
        rows: vec![vec![
            connections.to_string(),
            rounds.to_string(),
            format!("{:.0}", per_second(plain)),
            format!("{:.0}", per_second(tls)),
            format!("{:.1}", cpu(plain)),
            format!("{:.1}", cpu(tls)),
            format!("{ratio:.3}"),
        ]],
    };
    let figures = json!({
        "connections": connections,
        "seconds": seconds,
        "http": plain.iter().map(Round::json).collect::<Vec<_>>(),
        "https": tls.iter().map(Round::json).collect::<Vec<_>>(),
        "ratio": ratio,
    });
    report::keep(&scratch, &table, &requirements, &figures)?;
    requirements.enforce(strict)
}
