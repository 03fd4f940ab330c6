//! Records that may be handed out, found in order.
//!
//! A record's class is a column of its row, and the rows of a class stand in an index
//! in the order in which they are handed out: each question is one seek, however many
//! records there are.

use ocs_protocol::enumeration::Enumeration as _;
use ocs_rules::calling_list::ListId;
use ocs_rules::record::{ChainId, Handle, Record};
use ocs_rules::retrieval::class::{ClassId, ClassKey, Classes};
use ocs_rules::retrieval::fronts::{Fronts, Slot};
use ocs_rules::retrieval::next::{Found, Seek};
use ocs_rules::retrieval::order::Position;
use ocs_rules::retrieval::window::Window;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

use crate::error::StoreError;
use crate::sqlite::sqlite_error;

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
                "SELECT id, tz_dbid, daily_from, daily_till, earlier, coarse FROM ready_class \
                 ORDER BY id",
            )?
            .query_map([], |row| {
                let key = ClassKey {
                    own: Window {
                        zone: row.get(1)?,
                        from: row.get(2)?,
                        till: row.get(3)?,
                    },
                    earlier: windows(row, 4)?,
                    coarse: row.get(5)?,
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
            "INSERT INTO ready_class (id, tz_dbid, daily_from, daily_till, earlier, coarse) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                id,
                key.own.zone,
                key.own.from,
                key.own.till,
                text(&key.earlier),
                key.coarse
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
        after: Option<Position>,
    ) -> Result<Option<Found>, StoreError> {
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
        agent: &str,
        after: Option<Position>,
    ) -> Result<Option<Found>, StoreError> {
        first_after(self.0, OF_AGENT, after, &[&list, &agent])
    }
}

/// The first row, or the first after a position; NULL stands before every time.
fn first_after(
    connection: &Connection,
    which: &str,
    after: Option<Position>,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Option<Found>, StoreError> {
    let Some(Position {
        scheduled,
        chain,
        chain_n,
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
            scheduled: row.get(1)?,
            chain: row.get(2)?,
            chain_n: row.get(3)?,
        },
        class: row.get(4)?,
    })
}

fn write(connection: &Connection, sql: &str, values: impl Params) -> Result<(), StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(values))
        .map(|_| ())
        .map_err(sqlite_error)
}

/// Windows as the store keeps them.
fn text(windows: &[Window]) -> String {
    let texts: Vec<_> = windows
        .iter()
        .map(|window| format!("{}:{}-{}", window.zone, window.from, window.till))
        .collect();
    texts.join(" ")
}

fn windows(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<Window>> {
    let text: String = row.get(column)?;
    let window = |text: &str| {
        let (zone, hours) = text.split_once(':')?;
        let (from, till) = hours.split_once('-')?;
        Some(Window {
            zone: zone.parse().ok()?,
            from: from.parse().ok()?,
            till: till.parse().ok()?,
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use ocs_protocol::enumeration::RecordType;
    use ocs_rules::objects::Objects;
    use ocs_rules::retrieval::Retrieval;
    use ocs_rules::retrieval::next::{Candidate, Source, Walk};
    use ocs_rules::retrieval::order::Priorities;
    use ocs_rules::retrieval::shares::Shares;
    use ocs_rules::zone::{Zone, ZoneOrigin};

    use super::*;
    use crate::sqlite::schema;

    const LIST: ListId = 101;
    /// 22 November 2026, 12:00 UTC.
    const NOON: i64 = 1_795_348_800;

    fn store(path: &std::path::Path) -> Connection {
        let mut connection = Connection::open(path).expect("a database");
        connection.set_prepared_statement_cache_capacity(64);
        connection
            .pragma_update(None, "cache_size", "-32768")
            .expect("a pragma");
        schema::migrate(&mut connection).expect("the schema");
        connection
    }

    fn memory() -> Connection {
        store(std::path::Path::new(":memory:"))
    }

    /// Inserts a Ready record.
    fn insert(
        connection: &Connection,
        handle: Handle,
        (record_type, scheduled, agent): (RecordType, Option<i64>, Option<&str>),
        class: Option<ClassId>,
    ) {
        connection
            .prepare_cached(
                "INSERT INTO record (record_id, list_dbid, chain_id, chain_n, contact_info, \
                 contact_info_type, record_type, record_status, call_result, attempt, \
                 dial_sched_time, daily_from, daily_till, tz_dbid, agent_id, ready_class) \
                 VALUES (?1, ?2, ?1, 0, '+49301234567', 1, ?3, 1, 28, 0, ?4, 28800, 64800, 8, \
                 ?5, ?6)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    handle,
                    LIST,
                    record_type.number(),
                    scheduled,
                    agent,
                    class
                ])
            })
            .expect("a record");
    }

    /// Forty zones, an hour or less apart.
    fn zones() -> Objects {
        let mut objects = Objects::default();
        for at in 0..40 {
            let offset = jiff::tz::Offset::from_seconds((at - 20) * 1_800).expect("an offset");
            let dbid = u32::try_from(at + 1).expect("small");
            objects.put_zone(Zone {
                dbid,
                name: format!("Z{dbid}"),
                zone: jiff::tz::TimeZone::fixed(offset),
                origin: ZoneOrigin::Configured,
            });
        }
        objects
    }

    fn key(zone: u32, from: u32, till: u32) -> ClassKey {
        ClassKey::new(Window { zone, from, till }, &[])
    }

    fn sources() -> [Source; 1] {
        [Source {
            list: LIST,
            weight: 100,
            priorities: Priorities::default(),
        }]
    }

    /// The next record, as the writer asks for it.
    fn next(
        connection: &Connection,
        retrieval: &mut Retrieval,
        objects: &Objects,
        agent: Option<&str>,
        now: i64,
    ) -> Option<Candidate> {
        let Retrieval {
            classes,
            openings,
            fronts,
        } = retrieval;
        openings.look(classes, objects, now);
        let mut walk = Walk::new(&sources(), &Shares::default(), agent, now);
        walk.next(openings, fronts, &mut ReadyRows(connection))
            .expect("the rows")
    }

    #[test]
    fn every_question_is_one_seek() {
        let connection = memory();
        for (sql, plan) in [
            (
                from_begin(IN_CLASS),
                "SEARCH record USING COVERING INDEX record_ready (list_dbid=? AND ready_class=? \
                 AND record_type=?)",
            ),
            (
                after_untimed(IN_CLASS, 3),
                "SEARCH record USING COVERING INDEX record_ready (list_dbid=? AND ready_class=? \
                 AND record_type=? AND dial_sched_time=? AND (chain_id,chain_n)>(?,?))",
            ),
            (
                after_timed(IN_CLASS, 3),
                "SEARCH record USING COVERING INDEX record_ready (list_dbid=? AND ready_class=? \
                 AND record_type=? AND (dial_sched_time,chain_id,chain_n)>(?,?,?))",
            ),
            (
                from_begin(OF_AGENT),
                "SEARCH record USING COVERING INDEX record_personal (list_dbid=? AND agent_id=?)",
            ),
            (
                after_untimed(OF_AGENT, 2),
                "SEARCH record USING COVERING INDEX record_personal (list_dbid=? AND agent_id=? \
                 AND dial_sched_time=? AND (chain_id,chain_n)>(?,?))",
            ),
            (
                after_timed(OF_AGENT, 2),
                "SEARCH record USING COVERING INDEX record_personal (list_dbid=? AND agent_id=? \
                 AND (dial_sched_time,chain_id,chain_n)>(?,?,?))",
            ),
            (
                DUE_WAKES.to_owned(),
                "SEARCH chain_wake USING COVERING INDEX chain_wake_moment (moment<?)",
            ),
            (
                ALLOW_ATTEMPTS.to_owned(),
                "SEARCH record USING INDEX record_held (list_dbid=? AND attempt>? AND attempt<?)",
            ),
        ] {
            let mut statement = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .expect("a statement");
            let nulls = vec![rusqlite::types::Null; statement.parameter_count()];
            let steps: Vec<String> = statement
                .query_map(rusqlite::params_from_iter(nulls), |row| row.get(3))
                .and_then(Iterator::collect)
                .expect("a plan");
            assert_eq!(steps[0], plan, "{sql}");
            let sorted = steps.iter().any(|step| step.contains("ORDER BY"));
            assert!(!sorted, "{sql}: {steps:?}");
        }
    }

    #[test]
    fn rows_come_in_order() {
        let connection = memory();
        let rows = [
            (1, RecordType::General, None, None),
            (2, RecordType::General, Some(500), None),
            (3, RecordType::General, Some(-9), None),
            (4, RecordType::General, None, None),
            (5, RecordType::General, Some(500), None),
            (6, RecordType::CampaignCallBack, Some(400), None),
            (7, RecordType::PersonalCallBack, Some(300), Some("ann")),
            (8, RecordType::PersonalCallBack, Some(200), Some("ann")),
            (9, RecordType::PersonalCallBack, Some(100), Some("bob")),
            (10, RecordType::General, Some(9_999), None),
        ];
        for (handle, record_type, scheduled, agent) in rows {
            insert(
                &connection,
                handle,
                (record_type, scheduled, agent),
                Some(1),
            );
        }
        insert(&connection, 11, (RecordType::General, None, None), Some(2));
        insert(&connection, 12, (RecordType::General, None, None), None);
        let mut retrieval = Retrieval::default();
        for key in [key(21, 0, 0), key(21, 46_800, 46_801)] {
            intern(&connection, &mut retrieval.classes, &key).expect("a class");
        }
        for (agent, now, right) in [
            (None, 1_000, vec![6, 1, 4, 3, 2, 5]),
            (None, 100, vec![1, 4, 3]),
            (Some("ann"), 1_000, vec![8, 7, 6, 1, 4, 3, 2, 5]),
            (Some("ann"), 250, vec![8, 1, 4, 3]),
            (Some("bob"), 1_000, vec![9, 6, 1, 4, 3, 2, 5]),
            (None, 9_999, vec![6, 1, 4, 3, 2, 5, 10]),
            (None, 46_800, vec![6, 1, 4, 11, 3, 2, 5, 10]),
        ] {
            let Retrieval {
                classes,
                openings,
                fronts,
            } = &mut retrieval;
            openings.look(classes, &zones(), now);
            let mut walk = Walk::new(&sources(), &Shares::default(), agent, now);
            let mut handles = Vec::new();
            while let Some(candidate) = walk
                .next(openings, fronts, &mut ReadyRows(&connection))
                .expect("the rows")
            {
                handles.push(candidate.handle);
            }
            assert_eq!(handles, right, "{agent:?} at {now}");
        }
    }

    #[test]
    fn classes_come_back_as_they_were() {
        let connection = memory();
        let mut known = Classes::default();
        let window = |zone, from| Window {
            zone,
            from,
            till: 64_800,
        };
        let keys = [
            key(1, 28_800, 64_800),
            ClassKey::new(window(1, 0), &[window(6, 5), window(2, 7)]),
            ClassKey::new(window(1, 1), &[window(6, 5)]),
        ];
        for (id, key) in (1..).zip(&keys) {
            for again in [false, true] {
                let found = intern(&connection, &mut known, key).expect("a class");
                assert_eq!(found, id, "{again}");
            }
        }
        let mut stored = classes(&connection).expect("the classes");
        assert_eq!(stored.len(), keys.len());
        for (id, key) in (1..).zip(&keys) {
            assert_eq!(stored.get(id), Some(key));
            assert_eq!(stored.intern(key), (id, None));
        }
        connection
            .execute("DELETE FROM ready_class WHERE id = 2", [])
            .expect("deleted");
        assert!(classes(&connection).is_err());
    }

    #[test]
    fn wakes() {
        let connection = memory();
        let due = |now, most| due_wakes(&connection, now, most).expect("the wakes");
        for (chain, moment) in [
            (1, Some(300)),
            (2, Some(100)),
            (3, Some(200)),
            (4, Some(50)),
        ] {
            set_wake(&connection, LIST, chain, moment).expect("set");
        }
        set_wake(&connection, LIST, 4, None).expect("set");
        set_wake(&connection, LIST, 1, Some(150)).expect("set");
        for (now, most, right) in [
            (99, 10, vec![]),
            (100, 10, vec![2]),
            (200, 10, vec![2, 1, 3]),
            (200, 2, vec![2, 1]),
        ] {
            let right: Vec<_> = right.into_iter().map(|chain| (LIST, chain)).collect();
            assert_eq!(due(now, most), right, "{now}");
        }
    }

    #[test]
    fn more_attempts_free_what_was_held_back_for_them() {
        let connection = memory();
        for (handle, attempts, class) in [
            (1, 9, Some(1)),
            (2, 10, None),
            (3, 11, None),
            (4, 12, None),
            (5, 10, None),
        ] {
            insert(
                &connection,
                handle,
                (RecordType::General, None, None),
                class,
            );
            connection
                .execute(
                    "UPDATE record SET attempt = ?2 WHERE record_id = ?1",
                    [handle, attempts],
                )
                .expect("updated");
        }
        connection
            .execute(
                "UPDATE record SET record_status = 3 WHERE record_id = 5",
                [],
            )
            .expect("updated");
        set_wake(&connection, LIST, 3, Some(NOON)).expect("set");
        allow_attempts(&connection, LIST, 10, 12).expect("allowed");
        let mut due = due_wakes(&connection, 0, 10).expect("the wakes");
        due.sort_unstable();
        assert_eq!(due, [(LIST, 2), (LIST, 3)]);
    }

    #[test]
    fn records_of_an_older_store_are_placed() {
        let mut connection = Connection::open_in_memory().expect("a database");
        for migration in [
            include_str!("migrations/0001_records.sql"),
            include_str!("migrations/0002_do_not_call.sql"),
            "INSERT INTO calling_list VALUES (101, 'Spring', 28800, 64800, 8, 10, NULL, '{}'); \
             PRAGMA user_version = 2",
        ] {
            connection.execute_batch(migration).expect("an older store");
        }
        // Handle, chain, place, type, status, attempts, begin; placed, to be placed.
        let rows = [
            (1, 1, 0, 2, 1, 0, 28_800, true, false),
            (2, 2, 0, 2, 1, 0, 32_400, true, false),
            (3, 3, 0, 2, 1, 0, 28_800, false, true),
            (4, 3, 1, 2, 1, 0, 32_400, false, true),
            (5, 5, 0, 2, 3, 0, 28_800, false, false),
            (6, 6, 0, 2, 1, 10, 28_800, false, true),
            (7, 7, 0, 7, 1, 0, 28_800, false, false),
            (8, 8, 0, 5, 1, 9, 28_800, true, false),
        ];
        for (handle, chain, chain_n, record_type, status, attempts, from, ..) in rows {
            connection
                .execute(
                    "INSERT INTO record (record_id, list_dbid, chain_id, chain_n, contact_info, \
                     contact_info_type, record_type, record_status, call_result, attempt, \
                     daily_from, daily_till, tz_dbid) \
                     VALUES (?1, 101, ?2, ?3, '1', 1, ?4, ?5, 28, ?6, ?7, 64800, 8)",
                    [handle, chain, chain_n, record_type, status, attempts, from],
                )
                .expect("a record");
        }
        schema::migrate(&mut connection).expect("the schema");
        let classes = classes(&connection).expect("the classes");
        let due = due_wakes(&connection, 0, 100).expect("the wakes");
        for (handle, chain, .., from, placed, wakes) in rows {
            let stored: Option<ClassId> = connection
                .query_row(
                    "SELECT ready_class FROM record WHERE record_id = ?1",
                    [handle],
                    |row| row.get(0),
                )
                .expect("a record");
            assert_eq!(stored.is_some(), placed, "{handle}");
            if let Some(stored) = stored {
                let from = u32::try_from(from).expect("a second");
                assert_eq!(classes.get(stored), Some(&key(8, from, 64_800)), "{handle}");
            }
            let chain = u32::try_from(chain).expect("a chain");
            assert_eq!(due.contains(&(LIST, chain)), wakes, "{handle}");
        }
    }

    /// `cargo test -p ocs-store --lib a_million_records -- --ignored --nocapture`
    #[test]
    #[ignore = "a measurement on a million rows"]
    fn a_million_records() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = store(&folder.path().join("store"));
        connection
            .execute_batch("PRAGMA synchronous = OFF; BEGIN")
            .expect("begun");
        let objects = zones();
        let mut retrieval = Retrieval::default();
        // Open from 11:30 to 12:00 in UTC, everywhere.
        let mut class_of = |zone: u32, from: u32, till: u32| {
            intern(&connection, &mut retrieval.classes, &key(zone, from, till)).expect("a class")
        };
        let closed: Vec<_> = (1..=40)
            .map(|zone| {
                class_of(
                    zone,
                    (zone * 1_800 + 3_600) % 86_400,
                    (zone * 1_800 + 5_400) % 86_400,
                )
            })
            .collect();
        let open = class_of(21, 28_800, 64_800);
        let begun = Instant::now();
        for handle in 1..=1_000_000 {
            let class = if handle % 100_000 == 0 {
                open
            } else {
                closed[usize::try_from(handle % 40).expect("small")]
            };
            insert(
                &connection,
                handle,
                (RecordType::General, None, None),
                Some(class),
            );
        }
        connection.execute_batch("COMMIT").expect("committed");
        println!("a million records written in {:?}", begun.elapsed());
        assert_eq!(
            next(&connection, &mut retrieval, &objects, None, NOON).map(|found| found.handle),
            Some(100_000)
        );
        let measure = |what: &str, rounds: u32, work: &mut dyn FnMut() -> bool| {
            let mut times: Vec<Duration> = (0..rounds)
                .map(|_| {
                    let begun = Instant::now();
                    assert!(work(), "{what}: a record is there");
                    begun.elapsed()
                })
                .collect();
            times.sort_unstable();
            let at = |percent: usize| times[(times.len() - 1) * percent / 100];
            println!(
                "{what}: p50 {:?}, p99 {:?}, greatest {:?}",
                at(50),
                at(99),
                at(100)
            );
        };
        measure("all but ten outside their window", 10_000, &mut || {
            next(&connection, &mut retrieval, &objects, Some("ann"), NOON).is_some()
        });
        measure("the same, nothing known before", 2_000, &mut || {
            retrieval.rolled_back();
            // The classes are the store's.
            retrieval = Retrieval::new(classes(&connection).expect("the classes"));
            next(&connection, &mut retrieval, &objects, Some("ann"), NOON).is_some()
        });
        let take = |found: Candidate| {
            connection
                .prepare_cached(
                    "UPDATE record SET record_status = 2, ready_class = NULL WHERE record_id = ?1",
                )
                .and_then(|mut statement| statement.execute([found.handle]))
                .is_ok()
        };
        // A second earlier all are open; every record that is found is taken.
        connection.execute_batch("BEGIN").expect("begun");
        measure("all open, each taken", 100_000, &mut || {
            next(&connection, &mut retrieval, &objects, Some("ann"), NOON - 1).is_some_and(take)
        });
        connection.execute_batch("COMMIT").expect("committed");
        for at in 0..1_000 {
            let class = intern(
                &connection,
                &mut retrieval.classes,
                &key(at % 40 + 1, at, at),
            )
            .expect("a class");
            insert(
                &connection,
                2_000_000 + at,
                (RecordType::General, Some(NOON - i64::from(at)), None),
                Some(class),
            );
        }
        measure("a thousand open classes more", 10_000, &mut || {
            next(&connection, &mut retrieval, &objects, Some("ann"), NOON).is_some()
        });
    }
}
