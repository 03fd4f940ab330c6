//! The abandoned rate, by the formulas of two regulators, and what becomes of a campaign
//! group that passes its limit.

use ocs_protocol::enumeration::DialingMode;

use super::attempts::{Attempts, number};
use super::share;

/// Fewer answers than this are judged as if they were so many: of ten answers one is ten
/// percent already, and says nothing.
const JUDGED_FROM: u64 = 1_000;

/// Abandoned calls, as a regulator counts them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Abandoned {
    /// Calls that count as abandoned.
    pub calls: f64,
    /// Their share of the calls that count; `None` where no call does.
    pub rate: Option<f64>,
}

/// What becomes of calls that a machine answers, for Ofcom's allowances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Machines {
    /// Agents hear them: some of the abandoned calls would have been machines, and do not
    /// count.
    Heard,
    /// They are detected and hung up on: this share of those that were taken for a machine
    /// were people, who were left in silence. It is the operator's estimate.
    Detected {
        /// False positives, as a share of the calls taken for machines.
        false_positives: f64,
    },
}

/// The United States: abandoned of all calls that a person answered
/// (47 CFR 64.1200(a)(7)).
#[must_use]
pub fn us_rate(attempts: &Attempts) -> Abandoned {
    let calls = number(attempts.abandoned);
    Abandoned {
        calls,
        rate: share(calls, number(attempts.answered())),
    }
}

/// The United Kingdom: abandoned of abandoned and those passed to an agent, with the
/// allowances for answering machines (Ofcom, Persistent Misuse, 2016, annex 3).
#[must_use]
pub fn uk_rate(attempts: &Attempts, machines: Machines) -> Abandoned {
    let abandoned = number(attempts.abandoned);
    let passed = number(attempts.persons);
    let answered_by_machines = number(attempts.machines);
    let calls = match machines {
        Machines::Heard => {
            let connected = passed + answered_by_machines;
            let to_machines = share(answered_by_machines, connected).unwrap_or_default();
            abandoned * (1.0 - to_machines)
        }
        Machines::Detected { false_positives } => {
            abandoned + answered_by_machines * false_positives
        }
    };
    Abandoned {
        calls,
        rate: share(calls, calls + passed),
    }
}

/// What the abandoned rate of the last thirty days says of a campaign group.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It dials on as it does.
    GoesOn,
    /// It has passed its limit: it goes on in this dialing mode, and says why.
    Drops {
        /// The dialing mode that nobody is abandoned in.
        to: DialingMode,
        /// What is told.
        because: String,
    },
}

/// Judges a campaign group in a dialing mode by the attempts of its campaign in the last
/// thirty days and by its limit, a share.
#[must_use]
pub fn judge(mode: DialingMode, campaign: &Attempts, limit: f64) -> Verdict {
    let to = match mode {
        DialingMode::Predictive => DialingMode::Progressive,
        DialingMode::PredictiveGVP => DialingMode::ProgressiveGVP,
        _ => return Verdict::GoesOn,
    };
    let answered = campaign.answered().max(JUDGED_FROM);
    if number(campaign.abandoned) <= limit * number(answered) {
        return Verdict::GoesOn;
    }
    let because = format!(
        "{} of {} answers of the last 30 days were abandoned, more than {} percent: the campaign \
         group goes on in {}; SetDialingMode brings it back once fewer are",
        campaign.abandoned,
        campaign.answered(),
        limit * 100.0,
        to.name()
    );
    Verdict::Drops { to, because }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts(persons: u64, abandoned: u64, machines: u64) -> Attempts {
        Attempts {
            made: 10_000,
            persons,
            abandoned,
            machines,
        }
    }

    #[test]
    fn both_formulas() {
        let heard = Machines::Heard;
        let detected = |false_positives| Machines::Detected { false_positives };
        for (persons, abandoned, machines, how, us, uk) in [
            (0, 0, 0, heard, None, None),
            (0, 0, 50, heard, None, None),
            (970, 30, 0, heard, Some(0.03), Some(0.03)),
            // One in five that agents get is a machine: so were 6 of the 30.
            (800, 30, 200, heard, Some(30.0 / 830.0), Some(24.0 / 824.0)),
            // 2 % of those taken for machines were people.
            (
                970,
                10,
                1_000,
                detected(0.02),
                Some(10.0 / 980.0),
                Some(0.03),
            ),
            (970, 30, 1_000, detected(0.0), Some(0.03), Some(0.03)),
            (0, 5, 0, heard, Some(1.0), Some(1.0)),
        ] {
            let attempts = attempts(persons, abandoned, machines);
            let close = |is: Option<f64>, should: Option<f64>| match (is, should) {
                (Some(is), Some(should)) => (is - should).abs() < 1e-12,
                (is, should) => is.is_none() && should.is_none(),
            };
            let (us_is, uk_is) = (us_rate(&attempts), uk_rate(&attempts, how));
            assert!(close(us_is.rate, us), "{attempts:?}: {us_is:?}");
            assert!(close(uk_is.rate, uk), "{attempts:?}: {uk_is:?}");
        }
    }

    #[test]
    fn who_passes_the_limit_drops() {
        use DialingMode as M;
        for (mode, persons, abandoned, limit, drops_to) in [
            (M::Predictive, 970, 30, 0.03, None),
            (M::Predictive, 969, 31, 0.03, Some(M::Progressive)),
            (M::PredictiveGVP, 969, 31, 0.03, Some(M::ProgressiveGVP)),
            (M::Predictive, 969, 31, 0.04, None),
            (M::Predictive, 96_900, 3_100, 0.03, Some(M::Progressive)),
            // Of few answers as many may be abandoned as of 1,000.
            (M::Predictive, 4, 30, 0.03, None),
            (M::Predictive, 4, 31, 0.03, Some(M::Progressive)),
            // A limit of zero is passed by one.
            (M::Predictive, 969, 0, 0.0, None),
            (M::Predictive, 969, 1, 0.0, Some(M::Progressive)),
            // Others have nowhere to drop to.
            (M::Progressive, 0, 1_000, 0.03, None),
            (M::Power, 0, 1_000, 0.03, None),
            (M::Preview, 0, 1_000, 0.03, None),
        ] {
            let verdict = judge(mode, &attempts(persons, abandoned, 0), limit);
            let dropped = match &verdict {
                Verdict::GoesOn => None,
                Verdict::Drops { to, .. } => Some(*to),
            };
            assert_eq!(dropped, drops_to, "{mode:?} {persons} {abandoned} {limit}");
            if let Verdict::Drops { because, .. } = verdict {
                assert!(because.contains(&format!("{abandoned} of {}", persons + abandoned)));
            }
        }
    }
}
