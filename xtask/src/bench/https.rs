//! `cargo xtask bench https`: what TLS costs a request on a connection that is kept.

use anyhow::{Result, bail};
use serde_json::json;

use crate::args::Args;
use crate::bench::add_record::{Round, loaded, settled};
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
    if rounds == 0 || connections == 0 || !(1..=wrk::LONGEST_ROUND).contains(&seconds) {
        bail!("--rounds, --connections and --seconds begin at 1");
    }
    wrk::area(2 * rounds - 1)?;
    packages::provide(Need::Bench)?;

    let [binary] = build_release(["ocs"])?;
    let scratch = Scratch::new()?;
    let folder = scratch.folder.join("ocs");
    certificates::make(&folder)?;
    let secured = free_port()?;
    let ports = [Port::plain(0), Port::secured(secured)];
    let installation = Installation::with(&binary, folder, &ports)?;
    installation.apply()?;
    let ocs = installation.run()?;
    let processes = [("ocs run", ocs.pid()), ("ocs http-proxy", ocs.proxy())];
    let target = format!("{}?req=AddRecord", http::LIST);
    let kinds = [("HTTP", ocs.port, false), ("HTTPS", secured, true)];
    let mut measured: [Vec<Round>; 2] = Default::default();
    for round in 0..rounds {
        println!("\nround {} of {rounds}", round + 1);
        // The store grows: neither kind always comes second.
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for (place, kind) in order.into_iter().enumerate() {
            let area = wrk::area(2 * round + place)?;
            let (name, port, secured) = kinds[kind];
            let load = Load {
                script: "add-record.lua",
                port,
                secured,
                connections,
                seconds,
            };
            let of_kind = loaded(name, &processes, connections, || load.run(&[&target, area]))?;
            measured[kind].push(of_kind);
            settled(&ocs)?;
        }
    }
    ocs.stop()?;

    let [plain, tls] = &measured;
    let ratios = plain.iter().zip(tls);
    let ratios: Vec<f64> = ratios.map(|(plain, tls)| tls.cpu() / plain.cpu()).collect();
    let ratio = median(ratios.iter().copied());
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
        "ratios": ratios,
        "ratio": ratio,
    });
    report::keep(&scratch, &table, &requirements, &figures)?;
    requirements.enforce(strict)
}
