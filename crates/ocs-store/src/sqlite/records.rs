//! Records as rows.

use ocs_protocol::enumeration::{CallResult, ContactType, Enumeration, RecordStatus, RecordType};
use ocs_rules::calling_list::DailyWindow;
use ocs_rules::fields::Fields;
use ocs_rules::record::{Contact, Handle, InHand, Record};
use ocs_rules::retrieval::class::ClassId;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::error::StoreError;
use crate::sqlite::sqlite_error;

/// The columns of a record, in the order that [`record_from_row`] reads them.
pub(crate) const RECORD_COLUMNS: &str = "record_id, list_dbid, chain_id, chain_n, contact_info, \
    contact_info_type, customer_id, record_type, record_status, call_result, attempt, \
    dial_sched_time, call_time, daily_from, daily_till, tz_dbid, campaign_id, agent_id, \
    attempt_guid, fields, group_id, hand_agent, touched_at, outside_window, assigned_group, \
    attempt_counted";

pub(crate) fn read(connection: &Connection, handle: Handle) -> Result<Option<Record>, StoreError> {
    read_row(connection, handle).map_err(sqlite_error)
}

/// The record of a handle.
pub(crate) fn read_row(
    connection: &Connection,
    handle: Handle,
) -> rusqlite::Result<Option<Record>> {
    connection
        .prepare_cached(&format!(
            "SELECT {RECORD_COLUMNS} FROM record WHERE record_id = ?1"
        ))?
        .query_row([handle], record_from_row)
        .optional()
}

/// Reads a row of [`RECORD_COLUMNS`].
pub(crate) fn record_from_row(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        handle: row.get(0)?,
        list: row.get(1)?,
        chain: row.get(2)?,
        chain_n: row.get(3)?,
        contact: Contact {
            phone: row.get(4)?,
            phone_type: enumeration::<ContactType>(row, 5)?,
            customer_id: row.get(6)?,
            record_type: enumeration::<RecordType>(row, 7)?,
            scheduled: row.get(11)?,
            call_time: row.get(12)?,
            window: DailyWindow {
                from: row.get(13)?,
                till: row.get(14)?,
            },
            zone: row.get(15)?,
            campaign: row.get(16)?,
            agent: row.get(17)?,
            fields: Fields::from_stored(row.get::<_, Option<String>>(19)?.unwrap_or_default()),
        },
        status: enumeration::<RecordStatus>(row, 8)?,
        result: enumeration::<CallResult>(row, 9)?,
        attempts: row.get(10)?,
        attempt_guid: row.get(18)?,
        in_hand: in_hand(row)?,
        outside_window: row.get(23)?,
        assigned: row.get(24)?,
        attempt_counted: row.get::<_, Option<bool>>(25)?.unwrap_or(false),
    })
}

fn in_hand(row: &Row<'_>) -> rusqlite::Result<Option<InHand>> {
    let Some(group) = row.get(20)? else {
        return Ok(None);
    };
    Ok(Some(InHand {
        group,
        agent: row.get(21)?,
        touched: row.get::<_, Option<i64>>(22)?.unwrap_or(0),
    }))
}

fn enumeration<E: Enumeration>(row: &Row<'_>, column: usize) -> rusqlite::Result<E> {
    let number: i64 = row.get(column)?;
    E::from_number(number).ok_or_else(|| {
        let error = format!("{number} is no value of this enumeration");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, error.into())
    })
}

pub(crate) fn insert<'r>(
    connection: &Connection,
    records: impl Iterator<Item = (&'r Record, Option<ClassId>)>,
    mut result: impl FnMut(usize, Result<(), StoreError>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(
            "INSERT INTO record (record_id, list_dbid, chain_id, chain_n, contact_info, \
             contact_info_type, customer_id, record_type, record_status, call_result, attempt, \
             dial_sched_time, call_time, daily_from, daily_till, tz_dbid, campaign_id, agent_id, \
             attempt_guid, fields, ready_class) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, \
             ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
        )
        .map_err(sqlite_error)?;
    for (at, (record, class)) in records.enumerate() {
        let contact = &record.contact;
        let inserted = statement.execute(params![
            record.handle,
            record.list,
            record.chain,
            record.chain_n,
            contact.phone,
            contact.phone_type.number(),
            contact.customer_id,
            contact.record_type.number(),
            record.status.number(),
            record.result.number(),
            record.attempts,
            contact.scheduled,
            contact.call_time,
            contact.window.from,
            contact.window.till,
            contact.zone,
            contact.campaign,
            contact.agent,
            record.attempt_guid,
            contact.fields.stored(),
            class,
        ]);
        result(at, inserted.map(|_| ()).map_err(sqlite_error))?;
    }
    Ok(())
}

/// Writes what a request may change of a record that stays where it stands: nothing
/// that an index knows of.
pub(crate) fn note(connection: &Connection, record: &Record) -> Result<(), StoreError> {
    let touched = record.in_hand.as_ref().map(|in_hand| in_hand.touched);
    connection
        .prepare_cached(
            "UPDATE record SET call_result = ?2, call_time = ?3, fields = ?4, touched_at = ?5 \
             WHERE record_id = ?1",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                record.handle,
                record.result.number(),
                record.contact.call_time,
                record.contact.fields.stored(),
                touched,
            ])
        })
        .map(|_| ())
        .map_err(sqlite_error)
}

/// Writes everything of a record that a request may change at `now`, UTC seconds. One that
/// is not Ready is in no class for retrieval any more.
pub(crate) fn update(connection: &Connection, record: &Record, now: i64) -> Result<(), StoreError> {
    let contact = &record.contact;
    let in_hand = record.in_hand.as_ref();
    connection
        .prepare_cached(
            "UPDATE record SET record_type = ?2, record_status = ?3, call_result = ?4, \
             attempt = ?5, dial_sched_time = ?6, call_time = ?7, agent_id = ?8, \
             attempt_guid = ?9, fields = ?10, group_id = ?11, hand_agent = ?12, \
             touched_at = ?13, contact_info = ?14, contact_info_type = ?15, customer_id = ?16, \
             daily_from = ?17, daily_till = ?18, tz_dbid = ?19, campaign_id = ?20, \
             outside_window = ?21, assigned_group = ?22, \
             ready_class = CASE WHEN ?3 = 1 THEN ready_class END, \
             finished_at = CASE WHEN ?23 THEN coalesce(finished_at, ?24) END, \
             attempt_counted = ?25 \
             WHERE record_id = ?1",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                record.handle,
                contact.record_type.number(),
                record.status.number(),
                record.result.number(),
                record.attempts,
                contact.scheduled,
                contact.call_time,
                contact.agent,
                record.attempt_guid,
                contact.fields.stored(),
                in_hand.map(|in_hand| in_hand.group),
                in_hand.and_then(|in_hand| in_hand.agent.as_deref()),
                in_hand.map(|in_hand| in_hand.touched),
                contact.phone,
                contact.phone_type.number(),
                contact.customer_id,
                contact.window.from,
                contact.window.till,
                contact.zone,
                contact.campaign,
                record.outside_window,
                record.assigned,
                record.is_final(),
                now,
                record.attempt_counted.then_some(true),
            ])
        })
        .map(|_| ())
        .map_err(sqlite_error)
}
