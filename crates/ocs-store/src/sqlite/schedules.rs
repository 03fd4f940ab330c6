//! Schedules as rows, and what they wanted of campaign groups last.

use std::collections::BTreeMap;

use ocs_protocol::enumeration::{DialingMode, Enumeration as _, GroupStatus};
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::days::Days;
use ocs_rules::schedule::{Exception, Hours, Schedule, ScheduledGroup, WeeklyHours};
use rusqlite::{Connection, Row, params};

use crate::error::StoreError;
use crate::sqlite::{Transaction, sqlite_error};

/// Reads all schedules. A row of hours that means nothing, which only others can have
/// written, is left out.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Vec<Schedule>> {
    let mut schedules = connection
        .prepare("SELECT dbid, name, tz_dbid, load_before, unload_after FROM schedule")?
        .query_map([], |row| {
            Ok(Schedule {
                dbid: row.get(0)?,
                name: row.get(1)?,
                zone: row.get(2)?,
                load_before: row.get(3)?,
                unload_after: row.get(4)?,
                hours: Vec::new(),
                exceptions: Vec::new(),
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut rows = connection.prepare(
        "SELECT days, date, hours_from, hours_until, dialing_mode FROM schedule_hours \
         WHERE schedule_dbid = ?1 ORDER BY position",
    )?;
    for schedule in &mut schedules {
        let mut rows = rows.query([schedule.dbid])?;
        while let Some(row) = rows.next()? {
            let hours = hours(row)?;
            match row.get::<_, Option<String>>(1)? {
                Some(date) => schedule
                    .exceptions
                    .extend(date.parse().ok().map(|date| Exception { date, hours })),
                None => schedule
                    .hours
                    .extend(
                        hours
                            .zip(Some(row.get(0)?))
                            .map(|(hours, days)| WeeklyHours {
                                days: Days::from_bits(days),
                                hours,
                            }),
                    ),
            }
        }
    }
    Ok(schedules)
}

fn hours(row: &Row<'_>) -> rusqlite::Result<Option<Hours>> {
    let (Some(from), Some(until)) = (row.get(2)?, row.get(3)?) else {
        return Ok(None);
    };
    let mode: Option<i64> = row.get(4)?;
    Ok(Some(Hours {
        from,
        until,
        mode: mode.and_then(DialingMode::from_number),
    }))
}

/// Writes a schedule, in place of the one with its DBID.
pub(super) fn put(connection: &Connection, schedule: &Schedule) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO schedule (dbid, name, tz_dbid, load_before, unload_after) \
         VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (dbid) DO UPDATE SET name = excluded.name, tz_dbid = excluded.tz_dbid, \
         load_before = excluded.load_before, unload_after = excluded.unload_after",
        params![
            schedule.dbid,
            schedule.name,
            schedule.zone,
            schedule.load_before,
            schedule.unload_after
        ],
    )?;
    connection.execute(
        "DELETE FROM schedule_hours WHERE schedule_dbid = ?1",
        [schedule.dbid],
    )?;
    let weekly = schedule.hours.iter();
    let weekly = weekly.map(|weekly| (weekly.days, None, Some(weekly.hours)));
    let other = schedule.exceptions.iter();
    let other = other.map(|other| (Days::default(), Some(other.date.to_string()), other.hours));
    for (position, (days, date, hours)) in (0_u32..).zip(weekly.chain(other)) {
        connection.execute(
            "INSERT INTO schedule_hours (schedule_dbid, position, days, date, hours_from, \
             hours_until, dialing_mode) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                schedule.dbid,
                position,
                days.bits(),
                date,
                hours.map(|hours| hours.from),
                hours.map(|hours| hours.until),
                hours.and_then(|hours| hours.mode).map(|mode| mode.number())
            ],
        )?;
    }
    Ok(())
}

/// What schedules wanted last, by campaign group.
pub(super) fn read_scheduled(
    connection: &Connection,
) -> Result<BTreeMap<CampaignGroupId, ScheduledGroup>, StoreError> {
    let read = || -> rusqlite::Result<BTreeMap<CampaignGroupId, ScheduledGroup>> {
        connection
            .prepare(
                "SELECT group_dbid, status, dialing_mode, since, turn_over \
                 FROM campaign_group_scheduled",
            )?
            .query_map([], |row| {
                let (status, mode): (i64, i64) = (row.get(1)?, row.get(2)?);
                let scheduled = ScheduledGroup {
                    status: GroupStatus::from_number(status).unwrap_or(GroupStatus::NotLoaded),
                    mode: DialingMode::from_number(mode).unwrap_or(DialingMode::Preview),
                    since: row.get(3)?,
                    over: row.get(4)?,
                };
                Ok((row.get(0)?, scheduled))
            })?
            .collect()
    };
    read().map_err(sqlite_error)
}

impl Transaction<'_> {
    /// Writes what a campaign group's schedule wants of it; `None` where it runs by none
    /// any more.
    pub(crate) fn write_scheduled(
        &mut self,
        group: CampaignGroupId,
        scheduled: Option<&ScheduledGroup>,
    ) -> Result<(), StoreError> {
        let Some(scheduled) = scheduled else {
            return self.write(
                "DELETE FROM campaign_group_scheduled WHERE group_dbid = ?1",
                [group],
            );
        };
        self.write(
            "INSERT OR REPLACE INTO campaign_group_scheduled \
             (group_dbid, status, dialing_mode, since, turn_over) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                group,
                scheduled.status.number(),
                scheduled.mode.number(),
                scheduled.since,
                scheduled.over
            ],
        )
    }
}
