//! Views: the records of a calling list that pass a filter, in the filter's order
//! (`ocs_rules::retrieval::view`).
//!
//! A view's rows are written with the records, from the moment on that a campaign uses
//! its calling list with its filter. What was there before is looked at in steps, by
//! record handle; where a step ended stands in the store, so that a restart goes on there.

use std::collections::BTreeMap;

use ocs_protocol::enumeration::{Enumeration as _, RecordType};
use ocs_rules::calling_list::ListId;
use ocs_rules::filter::ForList;
use ocs_rules::filter::order::Place;
use ocs_rules::objects::Objects;
use ocs_rules::record::{Handle, Record};
use ocs_rules::retrieval::class::ClassId;
use ocs_rules::retrieval::fronts::{Fronts, Slot};
use ocs_rules::retrieval::next::Found;
use ocs_rules::retrieval::order::Position;
use ocs_rules::retrieval::view::{Standing, View, ViewId, Views};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use super::condition;
use super::records::{RECORD_COLUMNS, record_from_row};
use crate::error::StoreError;
use crate::sqlite::{sqlite_error, write};

/// Record handles that one step looks at, at most.
const LOOKED_AT: u32 = 4_000;

/// Rows that one step writes or removes, at most.
const ROWS: u32 = 400;

/// The class of what waits for its time; real ones begin with 1.
const WAITS: ClassId = 0;

/// Brings the table of views to what the campaigns use, and reads it. Those that are new
/// have their first step at once: of a short calling list that is all.
pub(crate) fn sync(
    connection: &Connection,
    objects: &Objects,
    now: i64,
) -> Result<Views, StoreError> {
    let stored = stored(connection).map_err(sqlite_error)?;
    let mut kept: BTreeMap<ViewId, View> = BTreeMap::new();
    let mut wanted = objects.filtered();
    for (id, list, filter, definition, whole) in stored {
        let says = says(objects, list, filter);
        if wanted.contains(&(list, filter)) && definition == defined(says.as_ref()) {
            wanted.remove(&(list, filter));
            let view = View {
                id,
                list,
                filter,
                says,
                whole,
            };
            kept.insert(id, view);
        } else {
            write(
                connection,
                "UPDATE view SET gone = 1 WHERE id = ?1",
                params![id],
            )?;
        }
    }
    for (list, filter) in wanted {
        let says = says(objects, list, filter);
        write(
            connection,
            "INSERT INTO view (list_dbid, filter_dbid, definition, made_to) VALUES (?1, ?2, ?3, 0)",
            params![list, filter, defined(says.as_ref())],
        )?;
        let id = u32::try_from(connection.last_insert_rowid())
            .map_err(|_| StoreError::Fault("the numbers of views are used up".to_owned()))?;
        let mut view = View {
            id,
            list,
            filter,
            says,
            whole: false,
        };
        view.whole = step(connection, &mut Fronts::default(), &view, now)?;
        kept.insert(id, view);
    }
    for view in kept.values().filter(|view| !view.whole) {
        let (calling_list, filter) = names(objects, view);
        tracing::info!(
            calling_list,
            filter,
            "a filter is being made ready for a calling list; nothing is handed out by it until \
             every record was looked at"
        );
    }
    Ok(Views::of_all(kept.into_values()))
}

/// What a view's calling list and filter are called.
pub(crate) fn names<'o>(objects: &'o Objects, view: &View) -> (&'o str, &'o str) {
    let list = objects.list(view.list).map(|list| list.name.as_str());
    let filter = objects.filter(view.filter);
    let filter = filter.map(|filter| filter.name.as_str());
    (list.unwrap_or_default(), filter.unwrap_or_default())
}

type Stored = (ViewId, ListId, u32, String, bool);

fn stored(connection: &Connection) -> rusqlite::Result<Vec<Stored>> {
    connection
        .prepare(
            "SELECT id, list_dbid, filter_dbid, definition, made_to IS NULL FROM view \
             WHERE gone = 0 ORDER BY id",
        )?
        .query_map([], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })?
        .collect()
}

/// What a filter says for a calling list. It was checked when it was applied; what this
/// version cannot read any more takes nothing.
fn says(objects: &Objects, list: ListId, filter: u32) -> Option<ForList> {
    let (list, filter) = (objects.list(list)?, objects.filter(filter)?);
    match filter.for_list(list) {
        Ok(says) => Some(says),
        Err(problems) => {
            for (_, problem) in problems {
                let (filter, problem) = (&filter.name, &problem.sentence);
                tracing::error!(
                    calling_list = list.name,
                    filter,
                    problem,
                    "nothing is handed out by a filter that cannot be read; apply it again"
                );
            }
            None
        }
    }
}

/// What a view is known again by. Only compared with what was written before: a version
/// that writes it otherwise makes its views anew.
fn defined(says: Option<&ForList>) -> String {
    format!("1 {says:?}")
}

/// Looks at the next records of a view that is not whole; whether it is now.
pub(crate) fn step(
    connection: &Connection,
    fronts: &mut Fronts,
    view: &View,
    now: i64,
) -> Result<bool, StoreError> {
    let Some(says) = &view.says else {
        return Ok(false);
    };
    let (made_to, last): (Handle, Handle) = connection
        .prepare_cached(
            "SELECT coalesce(made_to, 0), coalesce((SELECT max(record_id) FROM record), 0) \
             FROM view WHERE id = ?1",
        )
        .and_then(|mut statement| {
            statement.query_row([view.id], |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .map_err(sqlite_error)?;
    let until = made_to.saturating_add(LOOKED_AT);
    let (sql, values) = condition::sql(&says.condition, 4);
    let passing = || -> rusqlite::Result<Vec<(Record, ClassId)>> {
        let own = [made_to, until, view.list, ROWS].map(|own| Value::Integer(own.into()));
        connection
            .prepare_cached(&of_range(&sql))?
            .query_map(params_from_iter(own.into_iter().chain(values)), |row| {
                Ok((record_from_row(row)?, row.get("ready_class")?))
            })?
            .collect()
    };
    let passing = passing().map_err(sqlite_error)?;
    for (record, class) in &passing {
        put(connection, fronts, view, record, Some(*class), now)?;
    }
    let reached = match passing.last() {
        Some((record, _)) if passing.len() >= ROWS as usize => record.handle,
        _ => until,
    };
    if reached < last {
        write(
            connection,
            "UPDATE view SET made_to = ?2 WHERE id = ?1",
            params![view.id, reached],
        )?;
        return Ok(false);
    }
    write(
        connection,
        "UPDATE view SET made_to = NULL WHERE id = ?1",
        params![view.id],
    )?;
    Ok(true)
}

/// The placed records of a calling list and a range of handles that meet a condition,
/// which is SQL of [`condition::sql`].
fn of_range(condition: &str) -> String {
    // By handle, whatever SQLite thinks of its indexes.
    format!(
        "SELECT {RECORD_COLUMNS}, ready_class FROM record NOT INDEXED \
         WHERE record_id > ?1 AND record_id <= ?2 AND list_dbid = ?3 \
         AND ready_class IS NOT NULL AND {condition} ORDER BY record_id LIMIT ?4"
    )
}

/// Removes some rows of views that no campaign uses any more; whether there may be more.
pub(crate) fn remove_gone(connection: &Connection) -> Result<bool, StoreError> {
    let gone = || -> rusqlite::Result<Option<ViewId>> {
        connection
            .prepare_cached("SELECT id FROM view WHERE gone = 1 LIMIT 1")?
            .query_row([], |row| row.get(0))
            .optional()
    };
    let Some(gone) = gone().map_err(sqlite_error)? else {
        return Ok(false);
    };
    let removed = connection
        .prepare_cached(
            "DELETE FROM view_record WHERE view_id = ?1 AND record_id IN \
             (SELECT record_id FROM view_record WHERE view_id = ?1 LIMIT ?2)",
        )
        .and_then(|mut statement| statement.execute([gone, ROWS]))
        .map_err(sqlite_error)?;
    if removed < ROWS as usize {
        write(connection, "DELETE FROM view WHERE id = ?1", params![gone])?;
    }
    Ok(true)
}

/// Puts a record that was just added into a view, where it passes: there is no row of it
/// yet that would have to go.
pub(crate) fn put_new(
    connection: &Connection,
    fronts: &mut Fronts,
    view: &View,
    record: &Record,
    class: Option<ClassId>,
    now: i64,
) -> Result<(), StoreError> {
    view.standing(record, class, now)
        .map_or(Ok(()), |standing| {
            put_at(connection, fronts, view, record, standing)
        })
}

/// Puts a record into a view where it stands now, or takes it out.
pub(crate) fn put(
    connection: &Connection,
    fronts: &mut Fronts,
    view: &View,
    record: &Record,
    class: Option<ClassId>,
    now: i64,
) -> Result<(), StoreError> {
    match view.standing(record, class, now) {
        Some(standing) => put_at(connection, fronts, view, record, standing),
        None => write(
            connection,
            "DELETE FROM view_record WHERE view_id = ?1 AND record_id = ?2",
            params![view.id, record.handle],
        ),
    }
}

fn put_at(
    connection: &Connection,
    fronts: &mut Fronts,
    view: &View,
    record: &Record,
    standing: Standing,
) -> Result<(), StoreError> {
    let scheduled = record.contact.scheduled.unwrap_or(i64::MIN);
    let (class, record_type, position) = match standing {
        Standing::Due(class, record_type, position) => (class, record_type, position),
        Standing::Waits(_) => (WAITS, RecordType::NoRecordType, Position::of(record)),
    };
    let personal = record_type == RecordType::PersonalCallBack;
    let agent = personal.then(|| record.contact.agent.as_deref().unwrap_or_default());
    write(
        connection,
        "INSERT INTO view_record (view_id, record_id, ready_class, record_type, place, \
         scheduled, chain_id, chain_n, agent_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
         ON CONFLICT (view_id, record_id) DO UPDATE SET ready_class = ?3, record_type = ?4, \
         place = ?5, scheduled = ?6, chain_id = ?7, chain_n = ?8, agent_id = ?9",
        params![
            view.id,
            record.handle,
            class,
            record_type.number(),
            position.place.bytes(),
            scheduled,
            record.chain,
            record.chain_n,
            agent
        ],
    )?;
    if class != WAITS {
        let slot = Slot {
            list: view.list,
            view: Some(view.id),
            class,
            record_type,
        };
        fronts.entered(slot, position);
    }
    Ok(())
}

/// The class of a record, as it is written.
pub(crate) fn class_of(
    connection: &Connection,
    handle: Handle,
) -> Result<Option<ClassId>, StoreError> {
    connection
        .prepare_cached("SELECT ready_class FROM record WHERE record_id = ?1")
        .and_then(|mut statement| statement.query_row([handle], |row| row.get(0)))
        .map_err(sqlite_error)
}

/// Records of a view whose time has come, at most `most` of them.
pub(crate) fn due(
    connection: &Connection,
    view: ViewId,
    now: i64,
    most: u32,
) -> Result<Vec<Handle>, StoreError> {
    let read = || -> rusqlite::Result<Vec<Handle>> {
        connection
            .prepare_cached(DUE)?
            .query_map(params![view, now, most], |row| row.get(0))?
            .collect()
    };
    read().map_err(sqlite_error)
}

const DUE: &str = "SELECT record_id FROM view_record \
                   WHERE view_id = ?1 AND ready_class = 0 AND record_type = 0 AND place = x'' \
                   AND record_type <> 5 AND scheduled <= ?2 ORDER BY scheduled LIMIT ?3";

/// The first record of a slot of a view, or the first after a position.
pub(crate) fn in_class(
    connection: &Connection,
    view: ViewId,
    slot: Slot,
    after: Option<&Position>,
) -> Result<Option<Found>, StoreError> {
    let record_type = slot.record_type.number();
    let Some(after) = after else {
        return first(
            connection,
            &in_order(IN_CLASS, ""),
            params![view, slot.class, record_type],
        );
    };
    first(
        connection,
        &in_order(
            IN_CLASS,
            "AND (place, scheduled, chain_id, chain_n) > (?4, ?5, ?6, ?7)",
        ),
        params![
            view,
            slot.class,
            record_type,
            after.place.bytes(),
            after.scheduled.unwrap_or(i64::MIN),
            after.chain,
            after.chain_n
        ],
    )
}

/// The first PersonalCallBack of an agent in a view, or the first after a position.
pub(crate) fn of_agent(
    connection: &Connection,
    view: ViewId,
    agent: &str,
    after: Option<&Position>,
) -> Result<Option<Found>, StoreError> {
    let Some(after) = after else {
        return first(connection, &in_order(OF_AGENT, ""), params![view, agent]);
    };
    first(
        connection,
        &in_order(
            OF_AGENT,
            "AND (scheduled, chain_id, chain_n) > (?3, ?4, ?5)",
        ),
        params![
            view,
            agent,
            after.scheduled.unwrap_or(i64::MIN),
            after.chain,
            after.chain_n
        ],
    )
}

const IN_CLASS: (&str, &str) = (
    // The second condition on the type is what SQLite knows the index by.
    "view_id = ?1 AND ready_class = ?2 AND record_type = ?3 AND record_type <> 5",
    "place, scheduled, chain_id, chain_n",
);
const OF_AGENT: (&str, &str) = (
    "view_id = ?1 AND agent_id = ?2 AND record_type = 5",
    "scheduled, chain_id, chain_n",
);

fn in_order((which, order): (&str, &str), after: &str) -> String {
    format!(
        "SELECT record_id, place, scheduled, chain_id, chain_n, ready_class FROM view_record \
         WHERE {which} {after} ORDER BY {order} LIMIT 1"
    )
}

fn first(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> Result<Option<Found>, StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row(values, found).optional())
        .map_err(sqlite_error)
}

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    let scheduled: i64 = row.get(2)?;
    Ok(Found {
        handle: row.get(0)?,
        position: Position {
            place: Place::of(row.get_ref(1)?.as_blob()?),
            scheduled: (scheduled != i64::MIN).then_some(scheduled),
            chain: row.get(3)?,
            chain_n: row.get(4)?,
        },
        class: row.get(5)?,
    })
}

#[cfg(test)]
mod tests;
