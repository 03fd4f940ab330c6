//! Statistics of a campaign group in the answer to GetCampaignStatus (docs/statistics.md).

use ocs_protocol::enumeration::Enumeration as _;
use ocs_protocol::event::Value;
use ocs_protocol::outbound::UserEvent;
use ocs_rules::statistics::{Machines, Statistics, time_to_complete, uk_rate, us_rate};

use super::record::push_some;

/// Attempts of the last 30 days that are over.
const GSW_STAT_ATTEMPTS: &str = "GSW_STAT_ATTEMPTS";
/// Those of them that a person answered.
const GSW_STAT_ANSWERED: &str = "GSW_STAT_ANSWERED";
/// Those that a person answered, and no agent had in time.
const GSW_STAT_ABANDONED: &str = "GSW_STAT_ABANDONED";
/// Those that a machine answered.
const GSW_STAT_MACHINES: &str = "GSW_STAT_MACHINES";
/// Answered of all attempts, in percent.
const GSW_STAT_HIT_RATIO: &str = "GSW_STAT_HIT_RATIO";
/// Abandoned of those that a person answered, in percent.
const GSW_STAT_OVERDIAL_RATE: &str = "GSW_STAT_OVERDIAL_RATE";
/// The campaign's abandoned rate of 30 days as the United States have it, in percent.
const GSW_STAT_ABANDONED_RATE_US: &str = "GSW_STAT_ABANDONED_RATE_US";
/// The campaign's abandoned rate of today as the United Kingdom has it, in percent.
const GSW_STAT_ABANDONED_RATE_UK: &str = "GSW_STAT_ABANDONED_RATE_UK";
/// Records that may still be called, or are out.
const GSW_STAT_RECORDS_LEFT: &str = "GSW_STAT_RECORDS_LEFT";
/// The working time that these take, in seconds.
const GSW_STAT_TIME_TO_COMPLETE: &str = "GSW_STAT_TIME_TO_COMPLETE";

/// The share of their time that agents were busy since OCS dials, in percent.
pub(super) const GSW_STAT_BUSY_FACTOR: &str = "GSW_STAT_BUSY_FACTOR";

/// What is not known is left out.
pub(super) fn push_statistics(event: &mut UserEvent, known: &Statistics) {
    let attempts = &known.attempts;
    for (key, count) in [
        (GSW_STAT_ATTEMPTS, attempts.made),
        (GSW_STAT_ANSWERED, attempts.answered()),
        (GSW_STAT_ABANDONED, attempts.abandoned),
        (GSW_STAT_MACHINES, attempts.machines),
        (GSW_STAT_RECORDS_LEFT, known.records_left),
    ] {
        event.push(key, integer(count));
    }
    // Agents hear machines in Preview, and say so by the call result.
    let today = uk_rate(&known.campaign_today, Machines::Heard);
    for (key, share) in [
        (GSW_STAT_HIT_RATIO, attempts.hit_ratio()),
        (GSW_STAT_OVERDIAL_RATE, us_rate(attempts).rate),
        (GSW_STAT_ABANDONED_RATE_US, us_rate(&known.campaign).rate),
        (GSW_STAT_ABANDONED_RATE_UK, today.rate),
    ] {
        push_some(event, key, share.map(percent));
    }
    let time = time_to_complete(known.records_left, known.work);
    let seconds = time.map(|time| integer(time.as_secs()));
    push_some(event, GSW_STAT_TIME_TO_COMPLETE, seconds);
    let mut results = UserEvent::default();
    for (result, attempts) in &known.results {
        results.push(result.documented_name(), integer(*attempts));
    }
    event.push("results", results.into());
}

pub(super) fn percent(share: f64) -> Value {
    Value::Decimal(format!("{:.2}", share * 100.0))
}

fn integer(count: u64) -> Value {
    i64::try_from(count).unwrap_or(i64::MAX).into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ocs_protocol::enumeration::CallResult;
    use ocs_rules::statistics::{Attempts, Work};

    use super::*;

    #[test]
    fn what_is_known_and_what_is_not() {
        let attempts = Attempts {
            made: 5,
            persons: 2,
            abandoned: 1,
            machines: 1,
        };
        let known = Statistics {
            results: vec![(CallResult::Answer, 2)],
            attempts,
            campaign: attempts,
            campaign_today: attempts,
            records_left: 7,
            work: Work {
                finished: 2,
                time: Duration::from_secs(60),
            },
        };
        let shown = |known: &Statistics| {
            let mut event = UserEvent::default();
            push_statistics(&mut event, known);
            event
        };
        let event = shown(&known);
        for (key, value) in [
            (GSW_STAT_ANSWERED, "3"),
            (GSW_STAT_HIT_RATIO, "60.00"),
            (GSW_STAT_OVERDIAL_RATE, "33.33"),
            (GSW_STAT_ABANDONED_RATE_US, "33.33"),
            // One of three that agents heard was a machine, so two thirds of a call count.
            (GSW_STAT_ABANDONED_RATE_UK, "25.00"),
            (GSW_STAT_RECORDS_LEFT, "7"),
            (GSW_STAT_TIME_TO_COMPLETE, "210"),
        ] {
            let shown = event.get(key).map(|value| value.shown().into_owned());
            assert_eq!(shown.as_deref(), Some(value), "{key}");
        }
        let nothing = shown(&Statistics {
            records_left: 1,
            ..Statistics::default()
        });
        for key in [
            GSW_STAT_HIT_RATIO,
            GSW_STAT_OVERDIAL_RATE,
            GSW_STAT_ABANDONED_RATE_US,
            GSW_STAT_ABANDONED_RATE_UK,
            GSW_STAT_TIME_TO_COMPLETE,
        ] {
            assert!(nothing.get(key).is_none(), "{key}");
        }
    }
}
