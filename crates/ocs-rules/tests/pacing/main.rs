//! Pacing against a simulated call center, a few seeds: `cargo xtask simulate` runs many.

mod chance;
mod simulation;

use std::time::Duration;

use ocs_rules::pacing::{Goal, Mode};
use simulation::{Outcome, Part, Setting, simulate};

/// Until a quarter of an hour after the hit rate has stepped for the second time.
const STEPS: u32 = 135;

fn run(agents: u32, mode: Mode, minutes: u32, seed: u64) -> Outcome {
    let setting = Setting {
        agents,
        mode,
        abandoned_limit: 0.03,
        minutes,
    };
    simulate(setting, seed)
}

#[test]
fn predictive_is_busy_within_the_limit() {
    for (agents, minutes, busy) in [(20, STEPS, 0.80), (100, 20, 0.88)] {
        let outcome = run(agents, Mode::Predictive(Goal::Limit), minutes, 1);
        let (seed, sum) = (outcome.seed, outcome.sum());
        assert!(sum.abandoned_rate() <= 0.03, "{agents}, {seed}: {sum:?}");
        assert!(sum.busy_factor() >= busy, "{agents}, {seed}: {sum:?}");
    }
}

#[test]
fn progressive_abandons_nobody_but_by_a_race() {
    let mut all = Part::default();
    for (agents, seed) in [(1, 1), (5, 2), (20, 3), (20, 4), (100, 5)] {
        all.add(&run(agents, Mode::Progressive, STEPS, seed).sum());
    }
    assert!(all.answered > 3_000, "{all:?}");
    assert!(all.abandoned_rate() < 0.001, "{all:?}");
}

#[test]
fn goals_are_kept() {
    let goal = |goal, check: fn(&Part) -> bool| {
        let sum = run(20, Mode::Predictive(goal), 60, 1).sum();
        assert!(check(&sum), "{goal:?}: {sum:?} {}", sum.busy_factor());
        assert!(sum.abandoned_rate() <= 0.03, "{goal:?}: {sum:?}");
    };
    goal(Goal::BusyFactor(0.7), |sum| {
        (0.67..0.73).contains(&sum.busy_factor())
    });
    // A call takes 140 s with its wrap-up: a wait of 60 s makes it 0.7.
    goal(Goal::WaitTime(Duration::from_secs(60)), |sum| {
        (0.67..0.73).contains(&sum.busy_factor())
    });
    goal(Goal::OverdialRate(0.01), |sum| {
        sum.abandoned_rate() <= 0.01 && sum.busy_factor() > 0.75
    });
    // What cannot be had within the limit is not had.
    goal(Goal::BusyFactor(1.0), |sum| sum.busy_factor() > 0.8);
}

#[test]
fn the_same_seed_is_the_same_day() {
    let mode = Mode::Predictive(Goal::Limit);
    let [one, two] = [(); 2].map(|()| format!("{:?}", run(5, mode, 30, 7)));
    assert_eq!(one, two);
}
