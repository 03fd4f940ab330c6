//! Attempts counted by campaign group, day and call result, as rows (batch/results.rs).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ocs_protocol::enumeration::{CallResult, Enumeration as _, RecordStatus};
use ocs_rules::calling_list::ListId;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::objects::Objects;
use ocs_rules::statistics::{Attempts, DAYS, Statistics, Work, day_of};
use rusqlite::{Connection, params};

use crate::batch::{Counted, ResultKey};
use crate::error::StoreError;
use crate::reader::Reader;
use crate::sqlite::{sqlite_error, write};

/// What there is of a campaign group.
#[derive(Default)]
pub(crate) struct Rows {
    /// Attempts of the days that are kept, by call result.
    pub(crate) results: Vec<(CallResult, u64)>,
    /// Those of today.
    pub(crate) today: Vec<(CallResult, u64)>,
    /// What was done in the days that are kept.
    pub(crate) work: Work,
}

/// Adds to a row. Rows of days that do not count any more go with the first of a new day.
pub(crate) fn add(
    connection: &Connection,
    (group, day, result): ResultKey,
    counted: Counted,
) -> Result<(), StoreError> {
    write(
        connection,
        "DELETE FROM campaign_group_result WHERE group_dbid = ?1 AND day <= ?2",
        params![group, day - DAYS],
    )?;
    write(
        connection,
        "INSERT INTO campaign_group_result \
         (group_dbid, day, call_result, attempts, finished, first_at, last_at) \
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 \
         WHERE EXISTS (SELECT 1 FROM campaign_group WHERE dbid = ?1) \
         ON CONFLICT (group_dbid, day, call_result) DO UPDATE SET \
         attempts = attempts + excluded.attempts, finished = finished + excluded.finished, \
         first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)",
        params![
            group,
            day,
            result,
            stored(counted.attempts),
            stored(counted.finished),
            counted.first,
            counted.last
        ],
    )
}

/// What there is of a campaign group in the last [`DAYS`] days, today among them.
pub(crate) fn of_group(
    connection: &Connection,
    group: CampaignGroupId,
    today: i64,
) -> Result<Rows, StoreError> {
    let read = || -> rusqlite::Result<Rows> {
        let mut rows = Rows::default();
        let mut results = BTreeMap::<i64, u64>::new();
        // The first and the last result of each day.
        let mut days = BTreeMap::<i64, (i64, i64)>::new();
        let mut statement = connection.prepare_cached(
            "SELECT day, call_result, attempts, finished, first_at, last_at \
             FROM campaign_group_result WHERE group_dbid = ?1 AND day > ?2",
        )?;
        let mut found = statement.query(params![group, today - DAYS])?;
        while let Some(row) = found.next()? {
            let (day, result): (i64, i64) = (row.get(0)?, row.get(1)?);
            let attempts = read_count(row.get(2)?);
            *results.entry(result).or_default() += attempts;
            if day == today {
                rows.today.push((call_result(result), attempts));
            }
            rows.work.finished += read_count(row.get(3)?);
            let (first, last): (i64, i64) = (row.get(4)?, row.get(5)?);
            let span = days.entry(day).or_insert((first, last));
            *span = (span.0.min(first), span.1.max(last));
        }
        let results = results.into_iter().filter(|(_, attempts)| *attempts > 0);
        rows.results = results
            .map(|(result, attempts)| (call_result(result), attempts))
            .collect();
        let seconds: u64 = days
            .values()
            .map(|(first, last)| last.abs_diff(*first))
            .sum();
        rows.work.time = Duration::from_secs(seconds);
        Ok(rows)
    };
    read().map_err(sqlite_error)
}

/// What is known of a campaign group's attempts and of its campaign's at a moment, UTC
/// seconds.
pub(crate) fn known_of(
    connection: &Connection,
    group: CampaignGroupId,
    objects: &Objects,
    now: i64,
) -> Result<Statistics, StoreError> {
    let today = day_of(now);
    let own = of_group(connection, group, today)?;
    let mut known = Statistics {
        results: own.results,
        work: own.work,
        ..Statistics::default()
    };
    for (result, attempts) in &known.results {
        known.attempts.count(*result, *attempts);
    }
    let Some(campaign) = objects.group(group).map(|group| group.campaign) else {
        return Ok(known);
    };
    let groups = objects.groups();
    for other in groups.iter().filter(|other| other.campaign == campaign) {
        let rows = of_group(connection, other.dbid, today)?;
        count(&mut known.campaign, &rows.results);
        count(&mut known.campaign_today, &rows.today);
    }
    let lists = objects.campaign(campaign);
    for weighted in lists.map_or(&[][..], |campaign| &campaign.lists) {
        known.records_left += open_records(connection, weighted.list)?;
    }
    Ok(known)
}

fn count(attempts: &mut Attempts, results: &[(CallResult, u64)]) {
    for (result, ended) in results {
        attempts.count(*result, *ended);
    }
}

impl Reader {
    /// What is known of a campaign group's attempts and of its campaign's at a moment, UTC
    /// seconds.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn statistics(
        &self,
        group: CampaignGroupId,
        objects: Arc<Objects>,
        now: i64,
    ) -> Result<Statistics, StoreError> {
        self.read(move |connection| Ok(known_of(connection, group, &objects, now)))
            .await?
    }
}

/// How many records of a calling list may still be called, or are out.
pub(crate) fn open_records(connection: &Connection, list: ListId) -> Result<u64, StoreError> {
    let open = [
        RecordStatus::Ready,
        RecordStatus::Retrieved,
        RecordStatus::MissedCallBack,
    ]
    .map(|status| status.number());
    connection
        .prepare_cached(
            "SELECT coalesce(sum(records), 0) FROM list_count \
             WHERE list_dbid = ?1 AND record_status IN (?2, ?3, ?4)",
        )
        .and_then(|mut statement| {
            statement.query_row(params![list, open[0], open[1], open[2]], |row| row.get(0))
        })
        .map(read_count)
        .map_err(sqlite_error)
}

fn call_result(number: i64) -> CallResult {
    CallResult::from_number(number).unwrap_or(CallResult::Unknown)
}

fn read_count(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
