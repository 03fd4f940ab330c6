//! What schedules say, as tables.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use ocs_protocol::enumeration::{DialingMode, GroupStatus, OptimizeBy};
use ocs_protocol::error::ErrorNumber;
use proptest::prelude::*;

use super::*;
use crate::campaign::CampaignGroup;
use crate::group_state::{GroupCommand, GroupState, Settings};
use crate::objects::Objects;
use crate::options::Options;
use crate::zone::{Zone, ZoneOrigin};

fn moment(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("a moment").as_second()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone")
}

/// `"08:00-18:00"`, and a mode behind a blank.
fn hours(text: &str) -> Hours {
    let (times, mode) = text.split_once(' ').unwrap_or((text, ""));
    let (from, until) = times.split_once('-').expect("two times");
    let second = |text: &str| {
        let (hour, minute) = text.split_once(':').expect("a time");
        let number = |text: &str| text.parse::<u32>().expect("a number");
        number(hour) * 3_600 + number(minute) * 60
    };
    Hours {
        from: second(from),
        until: second(until),
        mode: match mode {
            "" => None,
            "Power" => Some(DialingMode::Power),
            "EngagedPower" => Some(DialingMode::EngagedPower),
            _ => Some(DialingMode::Preview),
        },
    }
}

fn days(text: &str) -> Days {
    let named = |day: &Weekday| text.contains(&format!("{day:?}")[..3]) || text == "all";
    let days = Weekday::Monday.cycle_forward().take(7);
    days.filter(named).fold(Days::default(), Days::with)
}

/// Hours as `"Mon Tue|08:00-18:00"`, exceptions as `"2026-12-25"` or
/// `"2026-12-24|09:00-12:00"`.
fn schedule(weekly: &[&str], exceptions: &[&str]) -> Schedule {
    Schedule {
        dbid: 101,
        name: "Office".to_owned(),
        zone: 8,
        load_before: 600,
        unload_after: 300,
        hours: weekly
            .iter()
            .map(|text| {
                let (named, of_day) = text.split_once('|').expect("days and hours");
                WeeklyHours {
                    days: days(named),
                    hours: hours(of_day),
                }
            })
            .collect(),
        exceptions: exceptions
            .iter()
            .map(|text| {
                let (date, of_day) = text.split_once('|').unwrap_or((text, ""));
                Exception {
                    date: date.parse().expect("a date"),
                    hours: (!of_day.is_empty()).then(|| hours(of_day)),
                }
            })
            .collect(),
    }
}

const WEEKDAYS: &str = "Mon Tue Wed Thu Fri|08:00-18:00";

/// The zone, the hours and the exceptions, a moment, and what is to be then, since when and
/// until when.
type Row = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
    GroupStatus,
    Option<&'static str>,
    Option<&'static str>,
);

/// What is to be at a moment, since when and until when.
#[test]
fn what_is_to_be() {
    use GroupStatus::{Active, NotLoaded, Running};
    // 23 November 2026 is a Monday. In Berlin, 02:00 to 03:00 is left out on 29 March 2026,
    // and comes twice on 25 October; in New York on 8 March and on 1 November.
    let berlin = "Europe/Berlin";
    #[rustfmt::skip]
    let rows: &[Row] = &[
        // All edges of an ordinary day: loaded 10 minutes before, unloaded 5 after.
        (berlin, &[WEEKDAYS], &[], "2026-11-23T06:49:59Z", NotLoaded, Some("2026-11-20T17:05:00Z"), Some("2026-11-23T06:50:00Z")),
        (berlin, &[WEEKDAYS], &[], "2026-11-23T06:50:00Z", Active, Some("2026-11-23T06:50:00Z"), Some("2026-11-23T07:00:00Z")),
        (berlin, &[WEEKDAYS], &[], "2026-11-23T07:00:00Z", Running, Some("2026-11-23T07:00:00Z"), Some("2026-11-23T17:00:00Z")),
        (berlin, &[WEEKDAYS], &[], "2026-11-23T16:59:59Z", Running, Some("2026-11-23T07:00:00Z"), Some("2026-11-23T17:00:00Z")),
        (berlin, &[WEEKDAYS], &[], "2026-11-23T17:00:00Z", Active, Some("2026-11-23T17:00:00Z"), Some("2026-11-23T17:05:00Z")),
        (berlin, &[WEEKDAYS], &[], "2026-11-23T17:05:00Z", NotLoaded, Some("2026-11-23T17:05:00Z"), Some("2026-11-24T06:50:00Z")),
        // Closed, and other hours, by date.
        (berlin, &[WEEKDAYS], &["2026-11-24"], "2026-11-24T10:00:00Z", NotLoaded, Some("2026-11-23T17:05:00Z"), Some("2026-11-25T06:50:00Z")),
        (berlin, &[WEEKDAYS], &["2026-11-24|10:00-12:00"], "2026-11-24T10:00:00Z", Running, Some("2026-11-24T09:00:00Z"), Some("2026-11-24T11:00:00Z")),
        (berlin, &[WEEKDAYS], &["2026-11-22|10:00-12:00"], "2026-11-22T10:00:00Z", Running, Some("2026-11-22T09:00:00Z"), Some("2026-11-22T11:00:00Z")),
        (berlin, &[WEEKDAYS], &["2026-11-24|08:00-09:00", "2026-11-24|17:00-18:00"], "2026-11-24T12:00:00Z", NotLoaded, Some("2026-11-24T08:05:00Z"), Some("2026-11-24T15:50:00Z")),
        // Over midnight: the night belongs to the day that it begins on.
        (berlin, &["Fri|22:00-06:00"], &[], "2026-11-28T03:00:00Z", Running, Some("2026-11-27T21:00:00Z"), Some("2026-11-28T05:00:00Z")),
        (berlin, &["Fri|22:00-06:00"], &["2026-11-28"], "2026-11-28T03:00:00Z", Running, Some("2026-11-27T21:00:00Z"), Some("2026-11-28T05:00:00Z")),
        (berlin, &["Fri|22:00-06:00"], &["2026-11-27"], "2026-11-28T03:00:00Z", NotLoaded, Some("2026-11-21T05:05:00Z"), Some("2026-12-04T20:50:00Z")),
        // Before and after the changes of the clock.
        (berlin, &["all|08:00-18:00"], &[], "2026-03-28T20:00:00Z", NotLoaded, Some("2026-03-28T17:05:00Z"), Some("2026-03-29T05:50:00Z")),
        (berlin, &["all|08:00-18:00"], &[], "2026-10-24T20:00:00Z", NotLoaded, Some("2026-10-24T16:05:00Z"), Some("2026-10-25T06:50:00Z")),
        // Over the changes: an hour shorter, an hour longer.
        (berlin, &["all|22:00-06:00"], &[], "2026-03-29T00:00:00Z", Running, Some("2026-03-28T21:00:00Z"), Some("2026-03-29T04:00:00Z")),
        (berlin, &["all|22:00-06:00"], &[], "2026-10-25T00:00:00Z", Running, Some("2026-10-24T20:00:00Z"), Some("2026-10-25T05:00:00Z")),
        // In the hour that is left out: begins, ends, and lies in it whole.
        (berlin, &["Sun|02:30-04:00"], &[], "2026-03-29T01:30:00Z", Running, Some("2026-03-29T01:00:00Z"), Some("2026-03-29T02:00:00Z")),
        (berlin, &["Sun|01:00-02:30"], &[], "2026-03-29T00:30:00Z", Running, Some("2026-03-29T00:00:00Z"), Some("2026-03-29T01:00:00Z")),
        (berlin, &["Sun|02:10-02:50"], &[], "2026-03-29T01:00:00Z", NotLoaded, Some("2026-03-22T01:55:00Z"), Some("2026-04-05T00:00:00Z")),
        // In the hour that comes twice: the first time.
        (berlin, &["Sun|02:10-02:50"], &[], "2026-10-25T00:30:00Z", Running, Some("2026-10-25T00:10:00Z"), Some("2026-10-25T00:50:00Z")),
        (berlin, &["Sun|02:10-02:50"], &[], "2026-10-25T01:30:00Z", NotLoaded, Some("2026-10-25T00:55:00Z"), Some("2026-11-01T01:00:00Z")),
        ("America/New_York", &["Sun|01:30-03:00"], &[], "2026-11-01T06:45:00Z", Running, Some("2026-11-01T05:30:00Z"), Some("2026-11-01T08:00:00Z")),
        // A day that a zone left out whole.
        ("Pacific/Apia", &["Fri|08:00-18:00"], &[], "2011-12-30T20:00:00Z", NotLoaded, Some("2011-12-24T04:05:00Z"), Some("2012-01-05T17:50:00Z")),
        // Day after day without an end, and never.
        ("Etc/UTC", &["all|00:00-00:00"], &[], "2026-11-23T07:00:00Z", Running, None, None),
        ("Etc/UTC", &["Mon|00:00-00:00"], &[], "2026-11-23T07:00:00Z", Running, Some("2026-11-23T00:00:00Z"), Some("2026-11-24T00:00:00Z")),
        ("Etc/UTC", &[], &["2020-01-01|08:00-09:00"], "2026-11-23T07:00:00Z", NotLoaded, None, None),
        // Hours that touch are one stretch; with other modes they are not.
        ("Etc/UTC", &["Mon|08:00-12:00", "Mon|12:00-18:00"], &[], "2026-11-23T09:00:00Z", Running, Some("2026-11-23T08:00:00Z"), Some("2026-11-23T18:00:00Z")),
        ("Etc/UTC", &["Mon|08:00-12:00", "Mon|12:00-18:00 Power"], &[], "2026-11-23T09:00:00Z", Running, Some("2026-11-23T08:00:00Z"), Some("2026-11-23T12:00:00Z")),
        // Loaded all the time where the pause is shorter than before and after together.
        ("Etc/UTC", &["Mon|08:00-12:00", "Mon|12:14-18:00"], &[], "2026-11-23T12:05:00Z", Active, Some("2026-11-23T12:00:00Z"), Some("2026-11-23T12:14:00Z")),
    ];
    for (name, weekly, exceptions, now, status, since, until) in rows {
        let slot = schedule(weekly, exceptions).at(&zone(name), moment(now));
        let right = Slot {
            status: *status,
            mode: slot.mode,
            since: since.map(moment),
            until: until.map(moment),
        };
        assert_eq!(
            slot, right,
            "{weekly:?} but {exceptions:?} in {name} at {now}"
        );
    }
}

#[test]
fn contradictions() {
    let rows: &[(&[&str], &[&str], &str)] = &[
        (&[WEEKDAYS], &[], ""),
        (&["all|00:00-00:00"], &[], ""),
        (&["Mon|08:00-12:00", "Mon|11:00-18:00 Preview"], &[], ""),
        (&["Mon|08:00-12:00", "Mon|12:00-18:00 Power"], &[], ""),
        (&["Mon|08:00-12:00", "Tue|11:00-18:00 Power"], &[], ""),
        (&[], &["2026-11-24|10:00-12:00"], ""),
        (&[], &[], "it has no hours"),
        (&[], &["2026-11-24"], "it has no hours"),
        (
            &["Mon|08:00-12:00", "Mon|11:00-18:00 Power"],
            &[],
            "Monday 08:00 to 12:00 in Preview and Monday 11:00 to 18:00 in Power",
        ),
        (
            &["Sun|22:00-06:00", "Mon|05:00-18:00 Power"],
            &[],
            "Sunday 22:00 to 06:00 in Preview and Monday 05:00 to 18:00 in Power",
        ),
        (
            &[WEEKDAYS],
            &["2026-11-24", "2026-11-24|10:00-12:00"],
            "2026-11-24 is closed by one",
        ),
        (
            &["Mon|22:00-06:00"],
            &["2026-11-24|05:00-12:00 Power"],
            "2026-11-23 22:00 to 06:00 in Preview and 2026-11-24 05:00 to 12:00 in Power",
        ),
    ];
    for (weekly, exceptions, right) in rows {
        let checked = schedule(weekly, exceptions).check(DialingMode::Preview);
        let said = checked.map_or_else(|error| error.to_string(), |()| String::new());
        assert!(
            said.contains(right) && said.is_empty() == right.is_empty(),
            "{weekly:?} {exceptions:?}: {said:?}, not {right:?}"
        );
    }
}

fn group(mode: DialingMode, sequence: Option<u32>) -> CampaignGroup {
    CampaignGroup {
        dbid: 301,
        campaign: 101,
        group: "Agents".to_owned(),
        description: String::new(),
        mode,
        schedule: Some(101),
        sequence,
        options: Options::default(),
    }
}

#[test]
fn requests_to_a_group_that_runs_by_a_schedule() {
    use DialingMode::{EngagedPower, Preview};
    use ErrorNumber as E;
    let in_mode = Settings {
        mode: Some(Preview),
        ..Settings::default()
    };
    let load = GroupCommand::Load(Settings::default());
    let start = GroupCommand::Start(Settings::default());
    let (monday, sunday) = ("2026-11-23T12:00:00Z", "2026-11-22T12:00:00Z");
    let good = schedule(&[WEEKDAYS], &[]);
    let bad = schedule(&[], &[]);
    let powerful = schedule(&["Mon|08:00-18:00 EngagedPower"], &[]);
    let nowhere = Schedule {
        zone: 999,
        ..good.clone()
    };
    for (case, known, mode, sequence, now, command, right) in [
        (
            "in its hours",
            Some(&good),
            Preview,
            None,
            monday,
            start,
            None,
        ),
        (
            "out of them",
            Some(&good),
            Preview,
            None,
            sunday,
            start,
            None,
        ),
        ("load", Some(&good), Preview, None, sunday, load, None),
        (
            "not there",
            None,
            Preview,
            None,
            monday,
            load,
            Some(E::CampaignScheduleNotFound),
        ),
        (
            "not there",
            None,
            Preview,
            None,
            monday,
            start,
            Some(E::CampaignScheduleNotFound),
        ),
        (
            "stop",
            None,
            Preview,
            None,
            monday,
            GroupCommand::Stop,
            None,
        ),
        (
            "unload",
            None,
            Preview,
            None,
            monday,
            GroupCommand::Unload,
            None,
        ),
        (
            "status",
            None,
            Preview,
            None,
            monday,
            GroupCommand::Status,
            None,
        ),
        (
            "contradicts",
            Some(&bad),
            Preview,
            None,
            monday,
            start,
            Some(E::InvalidCampaignSchedule),
        ),
        (
            "no zone",
            Some(&nowhere),
            Preview,
            None,
            monday,
            load,
            Some(E::InvalidCampaignSchedule),
        ),
        (
            "mode",
            Some(&powerful),
            Preview,
            None,
            monday,
            start,
            Some(E::InvalidCampaignScheduleMode),
        ),
        (
            "own mode",
            Some(&good),
            EngagedPower,
            None,
            monday,
            start,
            Some(E::InvalidCampaignScheduleMode),
        ),
        (
            "not now",
            Some(&powerful),
            Preview,
            None,
            sunday,
            start,
            None,
        ),
        (
            "names one",
            Some(&powerful),
            Preview,
            None,
            monday,
            GroupCommand::Start(in_mode),
            None,
        ),
        ("loads", Some(&powerful), Preview, None, monday, load, None),
        (
            "part",
            Some(&good),
            Preview,
            Some(2),
            monday,
            start,
            Some(E::PartOfSequence),
        ),
        (
            "part",
            Some(&good),
            Preview,
            Some(1),
            sunday,
            load,
            Some(E::PartOfSequence),
        ),
        (
            "part",
            Some(&good),
            Preview,
            Some(1),
            monday,
            GroupCommand::Stop,
            None,
        ),
    ] {
        let mut objects = Objects::default();
        objects.put_zone(Zone {
            dbid: 8,
            name: "UTC".to_owned(),
            zone: TimeZone::UTC,
            origin: ZoneOrigin::BuiltIn,
        });
        if let Some(known) = known {
            objects.put_schedule(known.clone());
        }
        let checked = check_request(&group(mode, sequence), command, &objects, moment(now));
        let number = checked.err().map(|refusal| refusal.number);
        assert_eq!(number, right, "{case}: {command:?}");
    }
}

/// A mode that cannot be run leaves the group loaded; what is not loaded keeps its mode.
#[test]
fn what_a_schedule_brings_a_group_to() {
    use DialingMode::{EngagedPower, Power, Preview, Progressive};
    use GroupStatus::{Active, NotLoaded, Running};
    let state = GroupState {
        status: Active,
        mode: Progressive,
        optimize_by: OptimizeBy::WaitTime,
        optimize_goal: 7,
        auto_completion: true,
    };
    for (wanted, mode, status, brought) in [
        (Running, Preview, Running, Preview),
        (Running, Power, Running, Power),
        (Running, EngagedPower, Active, EngagedPower),
        (Active, Preview, Active, Preview),
        (NotLoaded, Preview, NotLoaded, Progressive),
    ] {
        let slot = Slot {
            status: wanted,
            mode: Some(mode),
            since: None,
            until: None,
        };
        let right = GroupState {
            status,
            mode: brought,
            ..state
        };
        assert_eq!(ScheduledGroup::of(&slot, Preview).bring(state), right);
    }
}

proptest! {
    /// Whatever the schedule and the clock: what it says of a moment holds from `since` on
    /// and up to `until`, and is something else just outside.
    #[test]
    fn a_slot_is_true_from_its_begin_to_its_end(
        now in 1_700_000_000_i64..1_900_000_000,
        named in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Etc/UTC",
            "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns"]),
        weekly in prop::collection::vec((0_u8..128, 0_u32..96, 0_u32..96), 0..4),
        exceptions in prop::collection::vec((-6_i32..6, any::<bool>(), 0_u32..96, 0_u32..96), 0..4),
        load_before in 0_u32..7_200,
        unload_after in 0_u32..7_200,
    ) {
        let tz = zone(named);
        let today = tz.to_datetime(Timestamp::from_second(now).expect("a moment")).date();
        let quarter = |from: u32, until: u32| Hours { from: from * 900, until: until * 900, mode: None };
        let schedule = Schedule {
            load_before,
            unload_after,
            hours: weekly.iter().map(|(days, from, until)| WeeklyHours {
                days: Days::from_bits(*days),
                hours: quarter(*from, *until),
            }).collect(),
            exceptions: exceptions.iter().map(|(day, open, from, until)| Exception {
                date: today + jiff::Span::new().days(*day),
                hours: open.then(|| quarter(*from, *until)),
            }).collect(),
            ..schedule(&[], &[])
        };
        let slot = schedule.at(&tz, now);
        let says = |moment| {
            let at = schedule.at(&tz, moment);
            (at.status, at.mode)
        };
        let here = (slot.status, slot.mode);
        for inside in [slot.since, slot.until.map(|until| until - 1)].into_iter().flatten() {
            prop_assert_eq!(says(inside), here);
        }
        for outside in [slot.since.map(|since| since - 1), slot.until].into_iter().flatten() {
            prop_assert_ne!(says(outside), here);
        }
        if let Some(until) = slot.until {
            prop_assert!(until > now);
            prop_assert_eq!(says(now + (until - now) / 2), here);
        }
        if let Some(since) = slot.since {
            prop_assert!(since <= now);
        }
    }
}
