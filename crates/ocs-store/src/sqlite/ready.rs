//! Records that may be handed out, found in order.
//!
//! A record's class is a column of its row, and the rows of a class stand in an index
//! in the order in which they are handed out: each question is one seek, however many
//! records there are.

#[cfg(test)]
mod tests;

use ocs_protocol::enumeration::Enumeration as _;
use ocs_rules::calling_list::ListId;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::filter::order::Place;
use ocs_rules::legal_hours::territory::Territory;
use ocs_rules::record::{ChainId, Handle, Record};
use ocs_rules::retrieval::class::{ClassId, ClassKey, Classes};
use ocs_rules::retrieval::fronts::{Fronts, Slot};
use ocs_rules::retrieval::next::{Found, Seek};
use ocs_rules::retrieval::order::Position;
use ocs_rules::retrieval::view::ViewId;
use ocs_rules::retrieval::window::Window;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::error::StoreError;
use crate::sqlite::{sqlite_error, views, write};

/// The columns of a [`Found`].
const FIRST: &str = "SELECT record_id, dial_sched_time, chain_id, chain_n, ready_class FROM record";

/// A slot: in its order, and after a position in it. The second condition on the type
/// is what SQLite knows the index by.
const IN_CLASS: &str = "WHERE list_dbid = ?1 AND ready_class = ?2 AND record_type = ?3 \
                        AND record_type <> 5";
/// An agent's personal callbacks.
const OF_AGENT: &str = "WHERE list_dbid = ?1 AND agent_id = ?2 AND record_type = 5 \
                        AND ready_class IS NOT NULL";
const IN_ORDER: &str = "ORDER BY dial_sched_time, chain_id, chain_n LIMIT 1";

/// The classes of the store.
pub(crate) fn classes(connection: &Connection) -> Result<Classes, StoreError> {
    let read = || -> rusqlite::Result<Vec<(ClassId, ClassKey)>> {
        connection
            .prepare(
                "SELECT id, tz_dbid, daily_from, daily_till, territory, earlier, coarse, \
                 assigned_group, withheld \
                 FROM ready_class ORDER BY id",
            )?
            .query_map([], |row| {
                let key = ClassKey {
                    own: Window {
                        zone: row.get(1)?,
                        from: row.get(2)?,
                        till: row.get(3)?,
                        territory: territory(&row.get::<_, String>(4)?),
                    },
                    earlier: windows(row, 5)?,
                    coarse: row.get(6)?,
                    assigned: row.get(7)?,
                    withheld: groups(row, 8)?,
                };
                Ok((row.get(0)?, key))
            })?
            .collect()
    };
    let stored = read().map_err(sqlite_error)?;
    if let Some((at, _)) = (1..).zip(&stored).find(|(at, (id, _))| at != id) {
        return Err(StoreError::Fault(format!(
            "the table ready_class lacks its row {at}; its numbers must begin with 1 and have \
             no gaps"
        )));
    }
    Ok(Classes::stored(
        stored.into_iter().map(|(_, key)| key).collect(),
    ))
}

/// The number of a class, which is written when it is new. A transaction that does this
/// has to end in `Retrieval::committed` or `Retrieval::rolled_back`.
pub(crate) fn intern(
    connection: &Connection,
    classes: &mut Classes,
    key: &ClassKey,
) -> Result<ClassId, StoreError> {
    let (id, new) = classes.intern(key);
    if let Some(key) = new {
        write(
            connection,
            "INSERT INTO ready_class (id, tz_dbid, daily_from, daily_till, earlier, coarse, \
             territory, assigned_group, withheld) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                id,
                key.own.zone,
                key.own.from,
                key.own.till,
                text(&key.earlier),
                key.coarse,
                key.own.territory.to_string(),
                key.assigned,
                groups_text(&key.withheld)
            ],
        )?;
    }
    Ok(id)
}

/// Gives a record that is in the store its class, after its other columns were
/// written.
pub(crate) fn set_class(
    connection: &Connection,
    fronts: &mut Fronts,
    record: &Record,
    class: Option<ClassId>,
) -> Result<(), StoreError> {
    write(
        connection,
        "UPDATE record SET ready_class = ?2 WHERE record_id = ?1",
        params![record.handle, class],
    )?;
    entered(fronts, record, class);
    Ok(())
}

/// Tells what is known in memory of a row that was written with this class.
pub(crate) fn entered(fronts: &mut Fronts, record: &Record, class: Option<ClassId>) {
    if let Some(class) = class {
        let slot = Slot {
            list: record.list,
            view: None,
            class,
            record_type: record.contact.record_type,
        };
        fronts.entered(slot, Position::of(record));
    }
}

/// When a chain is to be placed again, in UTC seconds; `None` when only a change of its
/// records does that.
pub(crate) fn set_wake(
    connection: &Connection,
    list: ListId,
    chain: ChainId,
    moment: Option<i64>,
) -> Result<(), StoreError> {
    match moment {
        Some(moment) => write(
            connection,
            "INSERT INTO chain_wake (list_dbid, chain_id, moment) VALUES (?1, ?2, ?3) \
             ON CONFLICT (list_dbid, chain_id) DO UPDATE SET moment = ?3",
            params![list, chain, moment],
        ),
        None => write(
            connection,
            "DELETE FROM chain_wake WHERE list_dbid = ?1 AND chain_id = ?2",
            params![list, chain],
        ),
    }
}

/// A chain is to be placed again at a moment, in UTC seconds, or sooner where that was
/// said before.
pub(crate) fn wake_by(
    connection: &Connection,
    list: ListId,
    chain: ChainId,
    moment: i64,
) -> Result<(), StoreError> {
    write(
        connection,
        "INSERT INTO chain_wake (list_dbid, chain_id, moment) VALUES (?1, ?2, ?3) \
         ON CONFLICT (list_dbid, chain_id) DO UPDATE SET moment = min(moment, ?3)",
        params![list, chain, moment],
    )
}

/// The chains that are to be placed again at `now`, in UTC seconds, at most `most` of
/// them. Whoever places one sets its next wake, or none.
pub(crate) fn due_wakes(
    connection: &Connection,
    now: i64,
    most: usize,
) -> Result<Vec<(ListId, ChainId)>, StoreError> {
    let read = || -> rusqlite::Result<Vec<(ListId, ChainId)>> {
        connection
            .prepare_cached(DUE_WAKES)?
            .query_map(
                params![now, i64::try_from(most).unwrap_or(i64::MAX)],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?
            .collect()
    };
    read().map_err(sqlite_error)
}

const DUE_WAKES: &str = "SELECT list_dbid, chain_id FROM chain_wake WHERE moment <= ?1 \
                         ORDER BY moment LIMIT ?2";

/// A chain is to be placed again where the clock is put back before a moment, in UTC seconds.
pub(crate) fn wake_back(
    connection: &Connection,
    list: ListId,
    chain: ChainId,
    moment: i64,
) -> Result<(), StoreError> {
    write(
        connection,
        "INSERT INTO chain_wake_back (list_dbid, chain_id, moment) VALUES (?1, ?2, ?3) \
         ON CONFLICT (list_dbid, chain_id) DO UPDATE SET moment = max(moment, ?3)",
        params![list, chain, moment],
    )
}

/// Chains that are to be placed again because the clock was put back to `now`, in UTC seconds,
/// at most `most` of them; they are not named again.
pub(crate) fn take_wakes_back(
    connection: &Connection,
    now: i64,
    most: usize,
) -> Result<Vec<(ListId, ChainId)>, StoreError> {
    let take = || -> rusqlite::Result<Vec<(ListId, ChainId)>> {
        connection
            .prepare_cached(
                "DELETE FROM chain_wake_back WHERE (list_dbid, chain_id) IN \
                 (SELECT list_dbid, chain_id FROM chain_wake_back WHERE moment > ?1 \
                 ORDER BY moment LIMIT ?2) RETURNING list_dbid, chain_id",
            )?
            .query_map(
                params![now, i64::try_from(most).unwrap_or(i64::MAX)],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?
            .collect()
    };
    take().map_err(sqlite_error)
}

/// Forgets some of what would wake chains only where the clock were put back before a moment,
/// in UTC seconds; how many.
pub(crate) fn purge_wakes_back(
    connection: &Connection,
    before: i64,
    most: u32,
) -> Result<usize, StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM chain_wake_back WHERE (list_dbid, chain_id) IN \
             (SELECT list_dbid, chain_id FROM chain_wake_back WHERE moment < ?1 \
             ORDER BY moment LIMIT ?2)",
        )
        .and_then(|mut statement| statement.execute(params![before, most]))
        .map_err(sqlite_error)
}

/// A calling list allows more attempts than before: the chains that this may free are
/// to be placed again at once. (Where it allows fewer, that is seen at the hand-out.)
pub(crate) fn allow_attempts(
    connection: &Connection,
    list: ListId,
    before: u32,
    now: u32,
) -> Result<(), StoreError> {
    write(connection, ALLOW_ATTEMPTS, params![list, before, now])
}

const ALLOW_ATTEMPTS: &str = "INSERT INTO chain_wake (list_dbid, chain_id, moment) \
     SELECT DISTINCT list_dbid, chain_id, 0 FROM record \
     WHERE list_dbid = ?1 AND ready_class IS NULL AND record_status = 1 \
     AND attempt >= ?2 AND attempt < ?3 \
     ON CONFLICT (list_dbid, chain_id) DO UPDATE SET moment = 0";

/// The rows of placed records, in order.
pub(crate) struct ReadyRows<'a>(pub(crate) &'a Connection);

impl Seek for ReadyRows<'_> {
    type Error = StoreError;

    fn in_class(
        &mut self,
        slot: Slot,
        after: Option<&Position>,
    ) -> Result<Option<Found>, StoreError> {
        if let Some(view) = slot.view {
            return views::in_class(self.0, view, slot, after);
        }
        let record_type = slot.record_type.number();
        first_after(
            self.0,
            IN_CLASS,
            after,
            &[&slot.list, &slot.class, &record_type],
        )
    }

    fn of_agent(
        &mut self,
        list: ListId,
        view: Option<ViewId>,
        agent: &str,
        after: Option<&Position>,
    ) -> Result<Option<Found>, StoreError> {
        if let Some(view) = view {
            return views::of_agent(self.0, view, agent, after);
        }
        first_after(self.0, OF_AGENT, after, &[&list, &agent])
    }
}

/// The first row, or the first after a position; NULL stands before every time.
fn first_after(
    connection: &Connection,
    which: &str,
    after: Option<&Position>,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Option<Found>, StoreError> {
    let Some(Position {
        scheduled,
        chain,
        chain_n,
        ..
    }) = after
    else {
        return first(connection, &from_begin(which), values);
    };
    if scheduled.is_none() {
        let untimed = [values, &[&chain, &chain_n]].concat();
        let found = first(
            connection,
            &after_untimed(which, values.len()),
            untimed.as_slice(),
        )?;
        if found.is_some() {
            return Ok(found);
        }
        let timed = [values, &[&i64::MIN, &0, &0]].concat();
        return first(
            connection,
            &after_timed(which, values.len()),
            timed.as_slice(),
        );
    }
    let timed = [values, &[&scheduled, &chain, &chain_n]].concat();
    first(
        connection,
        &after_timed(which, values.len()),
        timed.as_slice(),
    )
}

fn from_begin(which: &str) -> String {
    format!("{FIRST} {which} {IN_ORDER}")
}

fn after_untimed(which: &str, values: usize) -> String {
    let (chain, chain_n) = (values + 1, values + 2);
    format!(
        "{FIRST} {which} AND dial_sched_time IS NULL \
         AND (chain_id, chain_n) > (?{chain}, ?{chain_n}) {IN_ORDER}"
    )
}

fn after_timed(which: &str, values: usize) -> String {
    let (time, chain, chain_n) = (values + 1, values + 2, values + 3);
    format!(
        "{FIRST} {which} \
         AND (dial_sched_time, chain_id, chain_n) > (?{time}, ?{chain}, ?{chain_n}) {IN_ORDER}"
    )
}

fn first(
    connection: &Connection,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Option<Found>, StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row(values, found).optional())
        .map_err(sqlite_error)
}

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        handle: row.get::<_, Handle>(0)?,
        position: Position {
            place: Place::FIRST,
            scheduled: row.get(1)?,
            chain: row.get(2)?,
            chain_n: row.get(3)?,
        },
        class: row.get(4)?,
    })
}

/// Where the phones of a class are. What a later version wrote is as if it did not matter:
/// the hand-out finds out, and places the record again.
fn territory(text: &str) -> Territory {
    Territory::from_stored(text).unwrap_or_default()
}

/// Windows as the store keeps them.
fn text(windows: &[Window]) -> String {
    let texts: Vec<_> = windows
        .iter()
        .map(|window| {
            let Window {
                zone,
                from,
                till,
                territory,
            } = window;
            match territory {
                Territory::Anywhere => format!("{zone}:{from}-{till}"),
                place => format!("{zone}:{from}-{till}@{place}"),
            }
        })
        .collect();
    texts.join(" ")
}

fn groups_text(groups: &[CampaignGroupId]) -> String {
    let texts: Vec<_> = groups.iter().map(ToString::to_string).collect();
    texts.join(" ")
}

fn groups(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<CampaignGroupId>> {
    let text: String = row.get(column)?;
    let groups = text.split_ascii_whitespace().map(str::parse);
    groups.collect::<Result<_, _>>().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}

fn windows(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<Window>> {
    let text: String = row.get(column)?;
    let window = |text: &str| {
        let (zone, hours) = text.split_once(':')?;
        let (hours, place) = hours.split_once('@').unwrap_or((hours, ""));
        let (from, till) = hours.split_once('-')?;
        Some(Window {
            zone: zone.parse().ok()?,
            from: from.parse().ok()?,
            till: till.parse().ok()?,
            territory: territory(place),
        })
    };
    text.split_ascii_whitespace()
        .map(window)
        .collect::<Option<_>>()
        .ok_or_else(|| {
            let error = format!("{text:?} is no list of windows (zone:from-till)");
            rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
        })
}
