//! The simulator of pacing over many seeds: a table, a plot, and whether what has to be
//! reached is. `cargo xtask simulate` runs it; docs/pacing.md says what is simulated.

#[path = "../../tests/pacing/chance.rs"]
mod chance;
mod plot;
#[path = "../../tests/pacing/simulation.rs"]
mod simulation;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use ocs_rules::pacing::{Goal, Mode};
use simulation::{Outcome, Setting, simulate};

/// The limit of abandoned calls, as a share of the answers.
const LIMIT: f64 = 0.03;

/// What is simulated, and what has to come of it in every seed.
const CASES: [Case; 4] = [
    Case::of("Predictive", 20, 0.80, LIMIT),
    Case::of("Predictive", 100, 0.88, LIMIT),
    Case::of("Progressive", 20, 0.0, 0.001),
    Case::of("Progressive", 100, 0.0, 0.001),
];

struct Case {
    mode: &'static str,
    agents: u32,
    busy_at_least: f64,
    abandoned_at_most: f64,
}

impl Case {
    const fn of(mode: &'static str, agents: u32, busy: f64, abandoned: f64) -> Self {
        Self {
            mode,
            agents,
            busy_at_least: busy,
            abandoned_at_most: abandoned,
        }
    }

    fn setting(&self, hours: u32) -> Setting {
        Setting {
            agents: self.agents,
            mode: match self.mode {
                "Progressive" => Mode::Progressive,
                _ => Mode::Predictive(Goal::Limit),
            },
            abandoned_limit: LIMIT,
            minutes: hours * 60,
        }
    }
}

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("simulate: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `FOLDER SEEDS HOURS`
fn run(args: &[String]) -> Result<ExitCode, String> {
    let [folder, seeds, hours] = args else {
        return Err("it takes a folder, a number of seeds and a number of hours".to_owned());
    };
    let number = |text: &str| {
        text.parse::<u32>()
            .map_err(|_| format!("`{text}` is no number"))
    };
    let (seeds, hours) = (number(seeds)?.max(1), number(hours)?.max(1));
    let folder = PathBuf::from(folder);
    let mut results = Vec::new();
    for case in &CASES {
        let outcomes = all(case.setting(hours), u64::from(seeds));
        println!("{}", table::line(case, &outcomes));
        results.push((case, outcomes));
    }
    let keep = |name: &str, text: String| {
        let path = folder.join(name);
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        println!("kept in {}", path.display());
        Ok::<_, String>(())
    };
    keep("pacing.md", table::page(&results, hours))?;
    keep("pacing.svg", plot::svg(&results))?;
    let reached = results
        .iter()
        .all(|(case, outcomes)| table::is_reached(case, outcomes));
    Ok(if reached {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Simulates all seeds, on as many threads as there are processors.
fn all(setting: Setting, seeds: u64) -> Vec<Outcome> {
    let next = AtomicU64::new(1);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut outcomes: Vec<Outcome> = thread::scope(|scope| {
        let work = || {
            let mut own = Vec::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed > seeds {
                    return own;
                }
                own.push(simulate(setting, seed));
            }
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = threads.into_iter().map(thread::ScopedJoinHandle::join);
        ended.flat_map(|own| own.unwrap_or_default()).collect()
    });
    outcomes.sort_by_key(|outcome| outcome.seed);
    outcomes
}
