//! What the list in memory does not know yet: rows that others wrote or deleted, and
//! keys that are to be made anew because a region is another one. All of it is done in
//! steps, and what came of a step is told as changes of the list in memory.

use std::collections::BTreeMap;

use ocs_rules::do_not_call::{Compared, Keys};
use ocs_rules::objects::Objects;
use ocs_rules::policy::Policy;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{held_from_row, take_up, to_columns};
use crate::batch::Restriction;
use crate::error::StoreError;
use crate::sqlite::sqlite_error;

/// What a step did.
pub(crate) struct CaughtUp {
    /// In order.
    pub(crate) changes: Vec<Restriction>,
    /// Whether nothing is left.
    pub(crate) whole: bool,
}

/// The number of the last row that says what was deleted.
pub(super) fn last_removed(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .prepare_cached("SELECT coalesce(max(id), 0) FROM do_not_call_removed")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(sqlite_error)
}

/// Forgets what was deleted after a row that says so: the list in memory knows it.
pub(crate) fn forget_removed(connection: &Connection, after: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM do_not_call_removed WHERE id > ?1")
        .and_then(|mut statement| statement.execute([after]))
        .map(|_| ())
        .map_err(sqlite_error)
}

/// Notes in which regions keys are made from now on. Where they were made in others,
/// all are made anew from the first row on.
fn note_regions(
    connection: &Connection,
    objects: &Objects,
    policy: &Policy,
) -> rusqlite::Result<()> {
    let mut regions = BTreeMap::from([(String::new(), policy.region.clone())]);
    for list in objects.lists() {
        let region = policy.region(Some(&*list)).map(ToOwned::to_owned);
        // Most calling lists have no word of their own.
        if region != policy.region {
            regions.insert(list.name.clone(), region);
        }
    }
    let known = connection
        .prepare_cached("SELECT list, region FROM do_not_call_region")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<BTreeMap<String, Option<String>>>>()?;
    if known == regions {
        return Ok(());
    }
    connection.execute("DELETE FROM do_not_call_region", [])?;
    let mut insert = connection
        .prepare_cached("INSERT INTO do_not_call_region (list, region) VALUES (?1, ?2)")?;
    for (list, region) in &regions {
        insert.execute(params![list, region])?;
    }
    connection.execute(
        "INSERT OR REPLACE INTO do_not_call_made_anew (id, up_to) \
         SELECT 1, min(id) - 1 FROM do_not_call HAVING min(id) IS NOT NULL",
        [],
    )?;
    Ok(())
}

/// Does a step: at most `limit` rows of each kind.
pub(crate) fn catch_up(
    connection: &Connection,
    objects: &Objects,
    policy: &Policy,
    limit: u32,
) -> Result<CaughtUp, StoreError> {
    note_regions(connection, objects, policy).map_err(sqlite_error)?;
    let region_of = |list: Option<&str>| {
        let list = list.and_then(|list| objects.list_named(list));
        policy.region(list.map(AsRef::as_ref))
    };
    let mut changes = Vec::new();
    let removed = take_removed(connection, limit, &mut changes).map_err(sqlite_error)?;
    let made = make_anew(connection, &region_of, limit, &mut changes).map_err(sqlite_error)?;
    let taken = take_up(connection, region_of, limit)?;
    let all_taken = taken.len() < limit as usize;
    changes.extend(taken.into_iter().map(|held| Restriction::Put {
        held,
        replaced: None,
    }));
    Ok(CaughtUp {
        changes,
        whole: removed && made && all_taken,
    })
}

/// Takes what was deleted; whether that was all.
fn take_removed(
    connection: &Connection,
    limit: u32,
    changes: &mut Vec<Restriction>,
) -> rusqlite::Result<bool> {
    let before = changes.len();
    let mut statement = connection.prepare_cached(
        "DELETE FROM do_not_call_removed WHERE id IN \
         (SELECT id FROM do_not_call_removed ORDER BY id LIMIT ?1) \
         RETURNING id, key, key_full, expires, is_customer",
    )?;
    for held in statement.query_map([limit], held_from_row)? {
        changes.push(Restriction::Removed(held?));
    }
    Ok(changes.len() - before < limit as usize)
}

fn up_to(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT up_to FROM do_not_call_made_anew")?
        .query_row([], |row| row.get(0))
        .optional()
}

/// Makes keys anew in the regions of now; whether none is left to be. Only what a phone
/// is in E.164 depends on a region: the first key stays, and so does a customer's.
fn make_anew<'r>(
    connection: &Connection,
    region_of: &impl Fn(Option<&str>) -> Option<&'r str>,
    limit: u32,
    changes: &mut Vec<Restriction>,
) -> rusqlite::Result<bool> {
    let Some(after) = up_to(connection)? else {
        return Ok(true);
    };
    let rows = connection
        .prepare_cached(
            "SELECT id, key, key_full, expires, phone IS NULL, phone, list FROM do_not_call \
             WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?
        .query_map(params![after, limit], |row| {
            let is_made = row.get::<_, Option<i64>>(1)?.is_some();
            let held = is_made.then(|| held_from_row(row)).transpose()?;
            let (phone, list): (Option<String>, Option<String>) = (row.get(5)?, row.get(6)?);
            Ok((row.get::<_, i64>(0)?, held, phone, list))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for (id, held, phone, list) in &rows {
        let (Some(before), Some(phone)) = (*held, phone) else {
            continue;
        };
        let keys = Keys::Phone(Compared::of(phone, region_of(list.as_deref())));
        if keys == before.keys {
            continue;
        }
        let (key, full) = to_columns(keys);
        connection
            .prepare_cached("UPDATE do_not_call SET key = ?2, key_full = ?3 WHERE id = ?1")?
            .execute(params![id, key, full])?;
        changes.push(Restriction::Put {
            held: ocs_rules::do_not_call::Held { keys, ..before },
            replaced: Some(before),
        });
    }
    let whole = rows.len() < limit as usize;
    match rows.last() {
        Some((last, ..)) if !whole => {
            connection.execute("UPDATE do_not_call_made_anew SET up_to = ?1", [last])?;
        }
        _ => {
            connection.execute("DELETE FROM do_not_call_made_anew", [])?;
        }
    }
    Ok(whole)
}
