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
    let known = known();
    let transaction = connection.transaction().map_err(sqlite_error)?;
    let found = found(&transaction).map_err(sqlite_error)?;
    if found > known {
        return Err(StoreError::SchemaTooNew { found, known });
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(migration).map_err(sqlite_error)?;
    }
    if found < known {
        transaction
            .pragma_update(None, "user_version", known)
            .map_err(sqlite_error)?;
    }
    transaction.commit().map_err(sqlite_error)
}
