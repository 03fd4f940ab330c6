//! One statement that writes, prepared once.

use rusqlite::{Connection, Params};

use crate::error::StoreError;
use crate::sqlite::sqlite_error;

/// Runs a statement that writes; its text is one of ours, what clients sent is bound.
pub(crate) fn write(
    connection: &Connection,
    sql: &str,
    values: impl Params,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(values))
        .map(|_| ())
        .map_err(sqlite_error)
}
