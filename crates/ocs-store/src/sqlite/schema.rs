//! The schema and its migrations, forward only. A migration that was released is
//! never edited; a new one is added at the end.

use rusqlite::Connection;

use crate::error::StoreError;
use crate::sqlite::sqlite_error;

/// The migrations, in order; `user_version` counts those that were made.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_records.sql"),
    include_str!("migrations/0002_do_not_call.sql"),
    include_str!("migrations/0003_ready.sql"),
    include_str!("migrations/0004_contacts.sql"),
    include_str!("migrations/0005_requests.sql"),
    include_str!("migrations/0006_answered_items.sql"),
    include_str!("migrations/0007_customer_later.sql"),
    include_str!("migrations/0008_answered_record.sql"),
    include_str!("migrations/0009_do_not_call_keys.sql"),
    include_str!("migrations/0010_due.sql"),
    include_str!("migrations/0011_filters.sql"),
    include_str!("migrations/0012_release.sql"),
    include_str!("migrations/0013_audit.sql"),
    include_str!("migrations/0014_frequency_caps.sql"),
    include_str!("migrations/0015_schedules.sql"),
    include_str!("migrations/0016_treatments.sql"),
    include_str!("migrations/0017_legal_hours.sql"),
    include_str!("migrations/0018_consent.sql"),
    include_str!("migrations/0019_erasure.sql"),
    include_str!("migrations/0020_retention.sql"),
    include_str!("migrations/0021_outbox.sql"),
    include_str!("migrations/0022_results.sql"),
    include_str!("migrations/0023_reservations.sql"),
    include_str!("migrations/0024_followed.sql"),
    include_str!("migrations/0025_dialed_calls.sql"),
    include_str!("migrations/0026_withheld.sql"),
];

/// The schema version that this program writes.
pub(crate) fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The schema version of a store.
pub(crate) fn found(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT user_version FROM pragma_user_version", [], |row| {
        row.get(0)
    })
}

/// Brings the schema up to date, in one transaction. Only the lease holder calls it.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    migrate_to(connection, known())
}

/// Brings the schema on to a version that this program knows.
pub(crate) fn migrate_to(connection: &mut Connection, version: i64) -> Result<(), StoreError> {
    let transaction = connection.transaction().map_err(sqlite_error)?;
    let found = found(&transaction).map_err(sqlite_error)?;
    if found > version {
        return Err(StoreError::SchemaTooNew {
            found,
            known: version,
        });
    }
    let place = |version| usize::try_from(version).unwrap_or(0);
    let wanted = MIGRATIONS.iter().take(place(version));
    for migration in wanted.skip(place(found)) {
        transaction.execute_batch(migration).map_err(sqlite_error)?;
    }
    if found < version {
        transaction
            .pragma_update(None, "user_version", version)
            .map_err(sqlite_error)?;
    }
    transaction.commit().map_err(sqlite_error)
}

/// A store of an early version, with a record that is Ready.
#[cfg(test)]
pub(crate) fn early(folder: &std::path::Path, version: i64) -> std::path::PathBuf {
    let path = folder.join(format!("early-{version}.db"));
    let mut connection = Connection::open(&path).expect("it opens");
    migrate_to(&mut connection, version).expect("they are made");
    let rows = "INSERT INTO lease (id, epoch, holder, pid, start_time, taken_at)
            VALUES (1, 7, 'an early OCS', 1, 1, 1);
        INSERT INTO counters (id, record_handle, calling_list, campaign, campaign_group, time_zone)
            VALUES (1, 1, 102, 101, 101, 1001);
        INSERT INTO calling_list (dbid, name, daily_from, daily_till, tz_dbid, max_attempts, region,
            options) VALUES (101, 'Spring', 28800, 64800, 122, 10, NULL, '{}');
        INSERT INTO record (record_id, list_dbid, chain_id, chain_n, contact_info,
            contact_info_type, record_type, record_status, call_result, attempt, daily_from,
            daily_till, tz_dbid) VALUES (1, 101, 1, 0, '5551', 0, 2, 1, 28, 0, 28800, 64800, 122);";
    connection.execute_batch(rows).expect("rows");
    path
}
