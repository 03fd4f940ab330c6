//! The table for people.

use crate::Case;
use crate::simulation::{ANSWER_SIGMA, HIT_RATES, Outcome, STEP};

/// Least, median and greatest.
struct Spread([f64; 3]);

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or_default();
        Self([at(0), at(values.len() / 2), at(values.len().max(1) - 1)])
    }

    fn percent(&self) -> [String; 3] {
        self.0.map(|share| format!("{:.2} %", share * 100.0))
    }
}

fn busy(outcomes: &[Outcome]) -> Spread {
    Spread::of(outcomes.iter().map(|outcome| outcome.sum().busy_factor()))
}

fn abandoned(outcomes: &[Outcome]) -> Spread {
    let rates = outcomes
        .iter()
        .map(|outcome| outcome.sum().abandoned_rate());
    Spread::of(rates)
}

/// Whether every seed reached what it has to.
pub(crate) fn is_reached(case: &Case, outcomes: &[Outcome]) -> bool {
    let most = abandoned(outcomes).0[2];
    // Progressive has to stay below its figure, Predictive within the limit.
    let within = if case.mode == "Progressive" {
        most < case.abandoned_at_most
    } else {
        most <= case.abandoned_at_most
    };
    within && busy(outcomes).0[0] >= case.busy_at_least
}

/// One case, one line.
pub(crate) fn line(case: &Case, outcomes: &[Outcome]) -> String {
    let busy = busy(outcomes).0.map(|share| format!("{share:.3}"));
    let abandoned = abandoned(outcomes).percent();
    let answers = Spread::of(outcomes.iter().map(|one| f64::from(one.sum().answered)));
    let sign = if case.mode == "Progressive" {
        "<"
    } else {
        "≤"
    };
    let verdict = if is_reached(case, outcomes) {
        "reached"
    } else {
        "NOT reached"
    };
    format!(
        "| {} | {} | {} | {:.0} | {} | {} | ≥ {:.2}, {sign} {:.1} % | {verdict} |",
        case.mode,
        case.agents,
        outcomes.len(),
        answers.0[1],
        busy.join(" / "),
        abandoned.join(" / "),
        case.busy_at_least,
        case.abandoned_at_most * 100.0,
    )
}

/// The whole page.
pub(crate) fn page(results: &[(&Case, Vec<Outcome>)], hours: u32) -> String {
    let lines: Vec<_> = results.iter().map(|(case, all)| line(case, all)).collect();
    let rates = HIT_RATES.map(|rate| format!("{:.0}", rate * 100.0));
    format!(
        "# pacing\n\n\
         `cargo xtask simulate`, {hours} hours each, the first minute included. Least / median / \
         greatest of all seeds. Hit rate {} %, one step every {:.0} minutes, over and over; ring \
         to answer lognormal, mean 12 s, σ {ANSWER_SIGMA}; no answer after 25 s; talk exponential, \
         mean 120 s; wrap-up 20 s; agents work 45 minutes and are away 10, exponential both. \
         Abandoned: answered, and no agent within 2 s. How it works: ../../docs/pacing.md.\n\n\
         | mode | agents | seeds | answers | busy factor | abandoned | has to be | |\n\
         |---|---|---|---|---|---|---|---|\n{}\n\n![busy factor and abandoned rate](pacing.svg)\n",
        rates.join(", "),
        STEP / 60.0,
        lines.join("\n"),
    )
}
