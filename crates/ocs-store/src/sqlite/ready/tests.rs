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
    let own = Window {
        zone,
        from,
        till,
        territory: Territory::Anywhere,
    };
    ClassKey::new(own, &[])
}

fn sources() -> [Source; 1] {
    [Source {
        list: LIST,
        view: None,
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
    let mut walk = Walk::new(401, &sources(), &Shares::default(), agent, now);
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
        let mut walk = Walk::new(401, &sources(), &Shares::default(), agent, now);
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
        territory: Territory::Anywhere,
    };
    let of = |window: Window, territory: &str| Window {
        territory: Territory::from_stored(territory).expect("a territory"),
        ..window
    };
    let keys = [
        key(1, 28_800, 64_800),
        ClassKey::new(window(1, 0), &[window(6, 5), window(2, 7)]),
        ClassKey::new(window(1, 1), &[window(6, 5)]),
        ClassKey::new(of(window(1, 1), "US-FL.EC"), &[of(window(6, 5), "DE")]),
        ClassKey::new(of(window(1, 1), "US-FL.E"), &[of(window(6, 5), "?")]),
        key(1, 28_800, 64_800).assigned_to(Some(401)),
        ClassKey::new(of(window(1, 1), "US-FL.E"), &[]).assigned_to(Some(401)),
        ClassKey::new(of(window(1, 1), "US-FL.E"), &[]).assigned_to(Some(402)),
        ClassKey::new(of(window(1, 1), "US-FL.E"), &[]),
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
        include_str!("../migrations/0001_records.sql"),
        include_str!("../migrations/0002_do_not_call.sql"),
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
