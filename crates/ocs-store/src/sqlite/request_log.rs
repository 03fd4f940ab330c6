//! Reads of the request log: its lines, page by page, onward from the oldest or back
//! from the newest (records.md, section 3).

use ocs_rules::calling_list::ListId;
use ocs_rules::record::{ChainId, Handle};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::StoreError;
use crate::reader::Reader;

/// Bytes of lines after which a page ends: other reads wait for it.
const PAGE_BYTES: usize = 64 * 1_024;

/// Seconds by which a row may be older than one before it, because the machine's clock
/// was set back.
const SET_BACK: i64 = 3_600;

/// A line of the request log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLine {
    /// When, UTC seconds.
    pub at: i64,
    /// The client: its address, or the name of its application.
    pub client: String,
    /// The letter of the protocol.
    pub protocol: char,
    /// The code of the request in it.
    pub code: u8,
    /// The calling list.
    pub list: Option<ListId>,
    /// The record.
    pub handle: Option<Handle>,
    /// Its chain.
    pub chain: Option<ChainId>,
    /// GSW_ERROR_NUMBER; 0 when the request was carried out.
    pub outcome: i64,
}

/// Rows of the request log that are still to be read, each with the lines of one
/// transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRows {
    /// The row before the first of them.
    after: i64,
    /// The last of them.
    last: i64,
}

impl LogRows {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.after >= self.last
    }

    /// These and those that follow them, up to the end of `whole`.
    #[must_use]
    pub fn from_here(self, whole: Self) -> Self {
        Self {
            after: self.last,
            last: whole.last,
        }
    }
}

impl Reader {
    /// The rows that may hold lines of a time, UTC seconds: of `since` or later, and
    /// before `until`. Rows that are written later are none of them.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn request_log(
        &self,
        since: Option<i64>,
        until: Option<i64>,
    ) -> Result<LogRows, StoreError> {
        self.read(move |connection| rows(connection, since, until))
            .await
    }

    /// The oldest lines of some rows, in their order, and the rows that are left.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn oldest_requests(
        &self,
        rows: LogRows,
    ) -> Result<(Vec<RequestLine>, LogRows), StoreError> {
        self.read(move |connection| {
            let (lines, read) = page(connection, rows, "ASC")?;
            let after = read.unwrap_or(rows.last);
            Ok((lines, LogRows { after, ..rows }))
        })
        .await
    }

    /// The newest lines of some rows, the newest row first, and the rows that are left.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn newest_requests(
        &self,
        rows: LogRows,
    ) -> Result<(Vec<RequestLine>, LogRows), StoreError> {
        self.read(move |connection| {
            let (lines, read) = page(connection, rows, "DESC")?;
            let last = read.map_or(rows.after, |read| read - 1);
            Ok((lines, LogRows { last, ..rows }))
        })
        .await
    }
}

fn rows(
    connection: &Connection,
    since: Option<i64>,
    until: Option<i64>,
) -> rusqlite::Result<LogRows> {
    let end = |order: &str| {
        let sql = format!("SELECT id FROM request_log ORDER BY id {order} LIMIT 1");
        let mut end = connection.prepare_cached(&sql)?;
        end.query_row([], |row| row.get(0)).optional()
    };
    let (Some(first), Some(last)) = (end("ASC")?, end("DESC")?) else {
        return Ok(LogRows { after: 0, last: 0 });
    };
    let whole = LogRows {
        after: first - 1,
        last,
    };
    let after = match since {
        Some(since) => before(connection, whole, since.saturating_sub(SET_BACK))?,
        None => whole.after,
    };
    let last = match until {
        Some(until) => before(connection, whole, until.saturating_add(SET_BACK))?,
        None => whole.last,
    };
    Ok(LogRows { after, last })
}

/// The last row that was written before a moment. No index says: rows are in the order
/// of their time, and halving what is left needs but a few of them.
fn before(connection: &Connection, rows: LogRows, moment: i64) -> rusqlite::Result<i64> {
    let mut next = connection.prepare_cached(
        "SELECT id, written_at FROM request_log WHERE id >= ?1 ORDER BY id LIMIT 1",
    )?;
    let (mut before, mut from) = (rows.after, rows.last + 1);
    while from - before > 1 {
        let middle = before + (from - before) / 2;
        let found = next.query_row([middle], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        });
        match found.optional()? {
            Some((id, written_at)) if written_at < moment => {
                // A gap may lead to a row beyond those that are looked at.
                before = id.min(from - 1);
            }
            _ => from = middle,
        }
    }
    Ok(before)
}

/// Lines of rows from one end, and the last row that was read.
fn page(
    connection: &Connection,
    rows: LogRows,
    order: &str,
) -> rusqlite::Result<(Vec<RequestLine>, Option<i64>)> {
    let mut page = connection.prepare_cached(&format!(
        "SELECT id, lines FROM request_log WHERE id > ?1 AND id <= ?2 ORDER BY id {order}"
    ))?;
    let mut found = page.query([rows.after, rows.last])?;
    let (mut lines, mut read, mut bytes) = (Vec::new(), None, 0);
    while bytes < PAGE_BYTES
        && let Some(row) = found.next()?
    {
        read = Some(row.get(0)?);
        let text = row.get_ref(1)?.as_str()?;
        bytes += text.len();
        parse(text, &mut lines)?;
    }
    Ok((lines, read))
}

/// A line as it is written (`batch/request_log.rs`).
type Written = (
    i64,
    String,
    char,
    u8,
    Option<ListId>,
    Option<Handle>,
    Option<ChainId>,
    i64,
);

fn parse(text: &str, lines: &mut Vec<RequestLine>) -> rusqlite::Result<()> {
    let written: Vec<Written> = serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(error))
    })?;
    lines.extend(written.into_iter().map(
        |(at, client, protocol, code, list, handle, chain, outcome)| RequestLine {
            at,
            client,
            protocol,
            code,
            list,
            handle,
            chain,
            outcome,
        },
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log with a row for each pair of id and moment.
    fn log(rows: impl IntoIterator<Item = (i64, i64)>) -> Connection {
        let connection = Connection::open_in_memory().expect("a store in memory");
        connection
            .execute_batch(
                "CREATE TABLE request_log (id INTEGER PRIMARY KEY, \
                 written_at INTEGER NOT NULL, lines TEXT NOT NULL) STRICT",
            )
            .expect("the table");
        for (id, at) in rows {
            let lines =
                format!(r#"[[{at},"c","D",3,7,{id},null,0],[{at},"\"","T",32,null,null,null,10]]"#);
            connection
                .execute(
                    "INSERT INTO request_log VALUES (?1, ?2, ?3)",
                    (id, at, lines),
                )
                .expect("a row");
        }
        connection
    }

    #[test]
    fn times() {
        let hour = SET_BACK;
        // Rows 11 to 20, of hours 1 to 10; the older ones were purged.
        let dense = log((1..=10).map(|at| (at + 10, at * hour)));
        // The same with a gap of ids between any two.
        let sparse = log((1..=10).map(|at| (at * 100, at * hour)));
        for (since, until, dense_rows, sparse_rows) in [
            (None, None, (10, 20), (99, 1000)),
            (Some(0), Some(99), (10, 20), (99, 1000)),
            // One hour of grace on each side.
            (Some(5), None, (13, 20), (300, 1000)),
            (Some(99), None, (20, 20), (1000, 1000)),
            (None, Some(5), (10, 15), (99, 500)),
            (None, Some(-9), (10, 10), (99, 99)),
        ] {
            let (since, until) = (since.map(|at| at * hour), until.map(|at| at * hour));
            for (log, (after, last)) in [(&dense, dense_rows), (&sparse, sparse_rows)] {
                let found = rows(log, since, until).expect("rows");
                assert_eq!(found, LogRows { after, last }, "{since:?} {until:?}");
            }
        }
        let empty = rows(&log([]), Some(1), None).expect("none");
        assert!(empty.is_empty());
    }

    #[test]
    fn pages() {
        let log = log((1..=5_000).map(|id| (id, id)));
        for order in ["ASC", "DESC"] {
            let mut left = rows(&log, None, None).expect("rows");
            let mut seen = Vec::new();
            let mut pages = 0;
            while !left.is_empty() {
                let (lines, read) = page(&log, left, order).expect("a page");
                let read = read.expect("a row");
                if order == "ASC" {
                    left.after = read;
                } else {
                    left.last = read - 1;
                }
                seen.extend(lines.into_iter().filter_map(|line| line.handle));
                pages += 1;
            }
            assert!(pages > 2, "{pages} pages");
            if order == "DESC" {
                seen.reverse();
            }
            assert_eq!(seen, (1..=5_000).collect::<Vec<_>>(), "{order}");
        }
    }

    #[test]
    fn lines() {
        let log = log([(1, 42)]);
        let all = rows(&log, None, None).expect("rows");
        let (lines, _) = page(&log, all, "ASC").expect("a page");
        let first = RequestLine {
            at: 42,
            client: "c".to_owned(),
            protocol: 'D',
            code: 3,
            list: Some(7),
            handle: Some(1),
            chain: None,
            outcome: 0,
        };
        let second = RequestLine {
            client: "\"".to_owned(),
            protocol: 'T',
            code: 32,
            list: None,
            handle: None,
            outcome: 10,
            ..first
        };
        assert_eq!(lines, [first, second]);
    }
}
