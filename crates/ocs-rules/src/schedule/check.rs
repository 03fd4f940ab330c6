//! Whether a schedule contradicts itself (error 12, InvalidCampaignSchedule).

use jiff::civil::{Date, Weekday};
use ocs_protocol::enumeration::DialingMode;

use super::{DAY, Hours, Schedule};

/// Seconds of a week.
const WEEK: u32 = 7 * DAY;

/// Why a schedule can never be followed, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Contradiction(String);

impl Schedule {
    /// Checks that it does not contradict itself. `own` is the dialing mode of hours that
    /// name none.
    ///
    /// # Errors
    /// [`Contradiction`]: it has no hours at all, a date is closed and has hours, or two
    /// hours want different dialing modes at once.
    pub fn check(&self, own: DialingMode) -> Result<(), Contradiction> {
        if self.all_hours().next().is_none() {
            return Err(Contradiction(
                "it has no hours; give it [[schedule.hours]]".to_owned(),
            ));
        }
        self.check_week(own)?;
        self.check_dates(own)
    }

    /// No two hours of the week want different modes at once, those from Sunday into
    /// Monday neither.
    fn check_week(&self, own: DialingMode) -> Result<(), Contradiction> {
        let mut begins = Vec::new();
        for weekly in &self.hours {
            for day in Weekday::Monday.cycle_forward().take(7) {
                if weekly.days.has(day) {
                    let days = u32::from(day.to_monday_zero_offset().unsigned_abs());
                    begins.push((days * DAY + weekly.hours.from, weekly.hours, day));
                }
            }
        }
        for (at, hours, day) in &begins {
            for (other_at, other, other_day) in &begins {
                let later = (other_at + WEEK - at) % WEEK;
                if later < hours.length() && differ(*hours, *other, own) {
                    return Err(two_modes(
                        (&name(*day), *hours),
                        (&name(*other_day), *other),
                        own,
                    ));
                }
            }
        }
        Ok(())
    }

    /// The same of dates that are not as others, and of the days before and after them.
    fn check_dates(&self, own: DialingMode) -> Result<(), Contradiction> {
        for exception in &self.exceptions {
            let date = exception.date;
            let of_date = self.exceptions.iter().filter(|other| other.date == date);
            if of_date.clone().count() > 1 && of_date.clone().any(|other| other.hours.is_none()) {
                return Err(Contradiction(format!(
                    "{date} is closed by one [[schedule.exception]] and has another one; keep one \
                     of them"
                )));
            }
            let days = [date.yesterday(), Ok(date), date.tomorrow()];
            let days: Vec<Date> = days.into_iter().flatten().collect();
            let begins: Vec<(i64, Hours, Date)> = days
                .iter()
                .zip([-1, 0, 1])
                .flat_map(|(day, place)| {
                    let at = move |hours: Hours| {
                        (place * i64::from(DAY) + i64::from(hours.from), hours, *day)
                    };
                    self.hours_of(*day).map(at)
                })
                .collect();
            for (at, hours, day) in &begins {
                for (other_at, other, other_day) in &begins {
                    let together = (0..i64::from(hours.length())).contains(&(other_at - at));
                    if together && differ(*hours, *other, own) {
                        return Err(two_modes(
                            (&day.to_string(), *hours),
                            (&other_day.to_string(), *other),
                            own,
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

fn differ(one: Hours, other: Hours, own: DialingMode) -> bool {
    one.mode.unwrap_or(own) != other.mode.unwrap_or(own)
}

fn two_modes(one: (&str, Hours), other: (&str, Hours), own: DialingMode) -> Contradiction {
    let clock = |second: u32| format!("{:02}:{:02}", second / 3_600, second / 60 % 60);
    let shown = |(day, hours): (&str, Hours)| {
        format!(
            "{day} {} to {} in {}",
            clock(hours.from),
            clock(hours.until),
            hours.mode.unwrap_or(own).name()
        )
    };
    Contradiction(format!(
        "two of its hours want different dialing modes at once: {} and {}",
        shown(one),
        shown(other)
    ))
}

fn name(day: Weekday) -> String {
    format!("{day:?}")
}
