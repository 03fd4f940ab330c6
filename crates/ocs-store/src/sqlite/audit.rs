//! The audit as rows (batch/audit.rs); the schema's triggers refuse to change or to
//! remove one.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::audit::{AuditRow, Head};
use crate::error::StoreError;
use crate::reader::Reader;
use crate::sqlite::{Transaction, sqlite_error};

impl Transaction<'_> {
    pub(crate) fn write_audit(
        &mut self,
        head: Head,
        now: i64,
        lines: &str,
    ) -> Result<(), StoreError> {
        self.write(
            "INSERT INTO audit (id, written_at, lines, hash) VALUES (?1, ?2, ?3, ?4)",
            params![head.id, now, lines, head.hash],
        )
    }
}

/// Where the audit's chain stands.
pub(crate) fn read_head(connection: &Connection) -> Result<Head, StoreError> {
    connection
        .query_row(
            "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1",
            [],
            |row| {
                Ok(Head {
                    id: row.get(0)?,
                    hash: row.get(1)?,
                })
            },
        )
        .optional()
        .map(Option::unwrap_or_default)
        .map_err(sqlite_error)
}

impl Reader {
    /// At most `limit` rows of the audit after a row, in order.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn audit_after(&self, after: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT id, written_at, lines, hash FROM audit WHERE id > ?1 \
                     ORDER BY id LIMIT ?2",
                )?
                .query_map(params![after, limit], row)?
                .collect()
        })
        .await
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        id: row.get(0)?,
        at: row.get(1)?,
        lines: row.get(2)?,
        hash: row.get(3)?,
    })
}

#[cfg(test)]
mod tests {
    use crate::sqlite::schema;

    use super::*;

    #[test]
    fn rows_stay() {
        let mut connection = Connection::open_in_memory().expect("a database");
        schema::migrate(&mut connection).expect("the schema");
        let insert = "INSERT INTO audit (id, written_at, lines, hash) VALUES (1, 2, '[]', \
                      zeroblob(32))";
        connection.execute(insert, []).expect("a row");
        for (case, sql) in [
            ("changed", "UPDATE audit SET lines = '[1]'"),
            ("removed", "DELETE FROM audit"),
            (
                "replaced",
                insert.replace("INSERT", "INSERT OR REPLACE").as_str(),
            ),
            (
                "before the last",
                insert.replace("VALUES (1", "VALUES (0").as_str(),
            ),
        ] {
            let error = connection.execute(sql, []).expect_err(case);
            assert!(
                error.to_string().contains("only added to"),
                "{case}: {error}"
            );
        }
        assert_eq!(read_head(&connection).expect("the head").id, 1);
    }
}
