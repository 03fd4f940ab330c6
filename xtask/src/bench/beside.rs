//! Two servers under the same load at the same time. A shared machine changes its speed
//! by a third from one second to the next; what both go through at once does not tell
//! them apart, so that a difference of a few per cent can be seen.

use std::thread;

use anyhow::{Result, anyhow, bail};
use serde_json::json;

use crate::args::Args;
use crate::bench::add_record::{Round, loaded};
use crate::bench::product::{Installation, Ocs};
use crate::bench::report::{self, Requirements, Table};
use crate::bench::wrk::{self, Load};
use crate::bench::{Scratch, http, median};
use crate::cargo::build_release;
use crate::packages::{self, Need};

/// A server, its port, and what the load's script is told.
pub(super) struct Side<'a> {
    pub(super) name: &'a str,
    pub(super) ocs: &'a Ocs,
    pub(super) load: Load,
    pub(super) arguments: &'a [&'a str],
}

impl Side<'_> {
    fn round(&self) -> Result<Round> {
        let processes = [
            ("ocs run", self.ocs.pid()),
            ("ocs http-proxy", self.ocs.proxy()),
        ];
        loaded(self.name, &processes, self.load.connections, || {
            self.load.run(self.arguments)
        })
    }
}

/// One round of both. Whose turn it is begins a moment earlier.
pub(super) fn beside(sides: &[Side<'_>; 2], turn: usize) -> Result<[Round; 2]> {
    let [first, second] = [turn % 2, (turn + 1) % 2];
    thread::scope(|scope| {
        let earlier = scope.spawn(|| sides[first].round());
        let later = sides[second].round();
        let earlier = earlier
            .join()
            .map_err(|_| anyhow!("the load ended early"))?;
        let (earlier, later) = (earlier?, later?);
        Ok(if first == 0 {
            [earlier, later]
        } else {
            [later, earlier]
        })
    })
}

/// How AddRecord fares under two configurations.
pub(super) struct Compared {
    /// The bench's name, and its table's.
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// What each is called, and what its configuration has beside the usual; the second is
    /// judged by the first.
    pub(super) sides: [(&'static str, &'static str); 2],
    /// What requests show, to both: what a longer request costs is not what judging it costs.
    pub(super) token: Option<&'static str>,
    pub(super) judged: &'static str,
    pub(super) at_most: f64,
}

/// The bench of two configurations.
pub(super) fn compare(mut args: Args, compared: &Compared) -> Result<()> {
    let rounds = args.value::<usize>("--rounds")?.unwrap_or(10);
    let seconds = args.value::<u32>("--seconds")?.unwrap_or(5);
    let connections = args.value::<u32>("--connections")?.unwrap_or(64);
    let strict = args.flag("--strict");
    args.finish()?;
    if rounds == 0 || connections < 2 || !(1..=wrk::LONGEST_ROUND).contains(&seconds) {
        bail!(
            "--rounds begins at 1, --connections at 2, --seconds goes to {}",
            wrk::LONGEST_ROUND
        );
    }
    wrk::area(rounds - 1)?;
    packages::provide(Need::Bench)?;
    let [binary] = build_release(["ocs"])?;
    let scratch = Scratch::new()?;
    let run = |(name, configuration): (&str, &str)| {
        let installation = Installation::new(&binary, scratch.folder.join(name), 0)?;
        installation.configure(configuration)?;
        installation.apply()?;
        installation.run()
    };
    let running = [run(compared.sides[0])?, run(compared.sides[1])?];

    let target = format!("{}?req=AddRecord", http::LIST);
    let mut measured: [Vec<Round>; 2] = Default::default();
    for round in 0..rounds {
        println!("\nround {} of {rounds}", round + 1);
        let mut arguments = vec![target.as_str(), wrk::area(round)?];
        arguments.extend(compared.token);
        let side = |index: usize| Side {
            name: compared.sides[index].0,
            ocs: &running[index],
            load: Load {
                secured: false,
                script: "add-record.lua",
                port: running[index].port,
                connections: connections / 2,
                seconds,
            },
            arguments: &arguments,
        };
        let both = beside(&[side(0), side(1)], round)?;
        for (rounds, round) in measured.iter_mut().zip(both) {
            rounds.push(round);
        }
    }
    for ocs in running {
        ocs.stop()?;
    }

    let [one, other] = &measured;
    let ratio = ratio(&measured);
    let mut requirements = Requirements::default();
    requirements.at_most(compared.judged, ratio, compared.at_most, 3);
    requirements.print();
    let middle = |rounds: &[Round]| format!("{:.2}", median(rounds.iter().map(Round::cpu)));
    let table = Table {
        name: compared.name,
        about: compared.about,
        columns: &["connections", "µs without", "µs with", "ratio"],
        rows: vec![vec![
            connections.to_string(),
            middle(one),
            middle(other),
            format!("{ratio:.3}"),
        ]],
    };
    let [without, with] = measured
        .each_ref()
        .map(|rounds| rounds.iter().map(Round::json).collect::<Vec<_>>());
    let figures = json!({
        "rounds": rounds,
        "seconds": seconds,
        "connections": connections,
        "without": without,
        "with": with,
        "cpu_ratio": ratio,
    });
    report::keep(&scratch, &table, &requirements, &figures)?;
    requirements.enforce(strict)
}

/// The processor time of the second, by that of the first: the median of the rounds' ratios.
pub(super) fn ratio([one, other]: &[Vec<Round>; 2]) -> f64 {
    median(
        one.iter()
            .zip(other)
            .map(|(one, other)| other.cpu() / one.cpu()),
    )
}
