//! Backups of this engine, and restored into it: its tables, row by row.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use jiff::Timestamp;
use ocs_rules::record::LAST_HANDLE;
use rusqlite::types::{ToSqlOutput, Type, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter};
use serde_json::Value as Json;

use crate::backup_file::{
    BackupFileError, BackupReader, BackupWriter, Column, Contents, Header, Kind, Part, Table, Value,
};
use crate::error::StoreError;
use crate::sqlite::{lease, objects, open_for_reading, schema, sqlite_error};

/// Tables that no backup has: whose store it is, what can be made anew of the rest, and what
/// speaks of this file's own bytes or to a backup process that follows it.
const LEFT_OUT: &[&str] = &[
    "lease",
    "record_phone",
    "record_customer",
    "record_customer_later",
    "contact_run",
    "contact_index_end",
    "contact_region",
    "removed_record",
    "do_not_call_changed",
    "do_not_call_removed",
    "erasure_scrub",
    "erasure_pages",
];

/// The table of a backup that has the last numbers given out of each table that gives none
/// twice.
const SEQUENCE: &str = "sequence";

/// How far the next record handle and the next message to a web server are from the last
/// ones in the backup: those that were given out after it was made are not given out again,
/// to others, as long as they were fewer.
const GAP: u32 = 10_000_000;

/// How far the epoch is from that in the backup: more holders than the store had since.
const EPOCHS: i64 = 1_000_000;

/// A table, and the statements that read and write it.
struct Statements {
    table: Table,
    /// The table's name in the database.
    stored: String,
    select: String,
    insert: String,
    empty: String,
}

/// Writes everything that the store holds.
pub(crate) fn write(
    store: &Path,
    out: impl Write,
    at: Timestamp,
) -> Result<Contents, BackupFileError> {
    let connection = open_for_reading(store)?;
    // All of it is read in one transaction: one state of the store. Who writes does not wait
    // for it.
    let transaction = connection.unchecked_transaction().map_err(sqlite_error)?;
    let version = schema::found(&transaction).map_err(sqlite_error)?;
    check_schema(version)?;
    let epoch = lease::epoch(&transaction).map_err(sqlite_error)?;
    let header = Header {
        schema: version,
        at,
        epoch: epoch.unwrap_or_default(),
    };
    let mut backup = BackupWriter::begin(out, header)?;
    for statements in tables(&transaction).map_err(sqlite_error)? {
        backup.table(&statements.table)?;
        write_rows(&transaction, &statements, &mut backup)?;
    }
    backup.end()
}

fn write_rows(
    connection: &Connection,
    statements: &Statements,
    backup: &mut BackupWriter<impl Write>,
) -> Result<(), BackupFileError> {
    let columns = &statements.table.columns;
    let mut select = connection
        .prepare(&statements.select)
        .map_err(sqlite_error)?;
    let mut rows = select.query([]).map_err(sqlite_error)?;
    while let Some(row) = rows.next().map_err(sqlite_error)? {
        backup.row((0..columns.len()).map(|at| {
            let value = row.get_ref(at).and_then(|value| match value {
                ValueRef::Null => Ok(Value::Null),
                ValueRef::Integer(number) => Ok(Value::Integer(number)),
                ValueRef::Text(text) => std::str::from_utf8(text)
                    .map(Value::Text)
                    .map_err(|error| rusqlite::Error::Utf8Error(at, error)),
                ValueRef::Blob(bytes) => Ok(Value::Blob(Cow::Borrowed(bytes))),
                ValueRef::Real(_) => {
                    let name = columns[at].name.clone();
                    Err(rusqlite::Error::InvalidColumnType(at, name, Type::Real))
                }
            });
            value.map_err(sqlite_error)
        }))?;
    }
    Ok(())
}

/// Whether a store of this version of the schema can be written and read by this program.
pub(crate) fn check_schema(found: i64) -> Result<(), BackupFileError> {
    let known = schema::known();
    match found {
        found if found > known => Err(StoreError::SchemaTooNew { found, known }.into()),
        1.. => Ok(()),
        _ => Err(StoreError::Unavailable("it has no schema yet".to_owned()).into()),
    }
}

/// Fills the database at `path`, which is made, with what a backup holds.
pub(crate) fn load(
    path: &Path,
    backup: &mut BackupReader<impl Read>,
    holder: &str,
    now: Timestamp,
) -> Result<(), BackupFileError> {
    let header = backup.header();
    let mut connection = make(path).map_err(sqlite_error)?;
    schema::migrate_to(&mut connection, header.schema)?;
    connection.execute_batch("BEGIN").map_err(sqlite_error)?;
    load_rows(&connection, backup)?;
    connection.execute_batch("COMMIT").map_err(sqlite_error)?;
    let broken = connection
        .prepare("PRAGMA foreign_key_check")
        .and_then(|mut check| check.exists([]));
    if broken.map_err(sqlite_error)? {
        return Err(backup.damaged("rows speak of others that are not there"));
    }
    schema::migrate(&mut connection)?;
    go_on(&connection, header, holder, now)?;
    connection
        .close()
        .map_err(|(_, error)| sqlite_error(error).into())
}

/// An empty database that nothing is lost with: no log, no syncs. It becomes a store when it
/// is whole and on the disk.
fn make(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    for (pragma, value) in [
        ("journal_mode", "OFF"),
        ("synchronous", "OFF"),
        // Tables come in the order of their names; all is checked at the end.
        ("foreign_keys", "OFF"),
        ("temp_store", "MEMORY"),
        ("cache_size", "-98304"),
    ] {
        connection
            .pragma_update_and_check(None, pragma, value, |_| Ok(()))
            .or_else(|error| match error {
                rusqlite::Error::QueryReturnedNoRows => Ok(()),
                error => Err(error),
            })?;
    }
    Ok(connection)
}

fn load_rows(
    connection: &Connection,
    backup: &mut BackupReader<impl Read>,
) -> Result<(), BackupFileError> {
    let mut missing: BTreeMap<String, Statements> = BTreeMap::new();
    for statements in tables(connection).map_err(sqlite_error)? {
        // What migrations put into it stands in the backup.
        connection
            .execute(&statements.empty, [])
            .map_err(sqlite_error)?;
        missing.insert(statements.table.name.clone(), statements);
    }
    let mut current: Option<(Vec<Kind>, String)> = None;
    while let Some(part) = backup.next()? {
        match (part, &current) {
            (Part::Table(table), _) => {
                let known = missing.remove(&table.name);
                let known = known.ok_or_else(|| {
                    backup.damaged(format!(
                        "the table {:?} is there twice, or not known",
                        table.name
                    ))
                })?;
                let insert = insert_of(&known, &table);
                let insert = insert.ok_or_else(|| {
                    backup.damaged(format!("the table {:?} has other columns", table.name))
                })?;
                let kinds = table.columns.iter().map(|column| column.kind);
                current = Some((kinds.collect(), insert));
            }
            (Part::Row(row), Some((kinds, insert))) => {
                let values = values(&row, kinds);
                let values = values.ok_or_else(|| backup.damaged("the row has other columns"))?;
                let inserted = connection
                    .prepare_cached(insert)
                    .and_then(|mut insert| insert.execute(params_from_iter(values)));
                inserted.map_err(|error| match error.sqlite_error_code() {
                    Some(rusqlite::ErrorCode::ConstraintViolation) => {
                        backup.damaged(format!("the row is not right: {error}"))
                    }
                    _ => sqlite_error(error).into(),
                })?;
            }
            (Part::Row(_), None) => return Err(backup.damaged("a row of no table")),
        }
    }
    match missing.keys().next() {
        Some(name) => Err(backup.damaged(format!("the table {name:?} is missing"))),
        None => Ok(()),
    }
}

/// Brings a restored database on: to the lease and to numbers that nobody has.
fn go_on(
    connection: &Connection,
    header: Header,
    holder: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    lease::write(connection, header.epoch.saturating_add(EPOCHS), holder, now)
        .map_err(sqlite_error)?;
    objects::ensure_built_in(connection)?;
    let mut counters = objects::read_counters(connection)?;
    // Where handles are nearly used up, none is given away.
    let next = counters.handle.checked_add(GAP);
    counters.handle = next
        .filter(|next| *next <= LAST_HANDLE)
        .unwrap_or(counters.handle);
    objects::write_counters(connection, counters)?;
    let messages = || -> rusqlite::Result<()> {
        let last: i64 = connection.query_row(
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'",
            [],
            |row| row.get(0),
        )?;
        connection.execute("DELETE FROM sqlite_sequence WHERE name = 'outbox'", [])?;
        connection
            .execute(
                "INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox', ?1)",
                [last.saturating_add(i64::from(GAP))],
            )
            .map(|_| ())
    };
    messages().map_err(sqlite_error)
}

/// The tables of a database that stand in a backup, with their columns as they are there;
/// what is in SQL text is this schema's own.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<Statements>> {
    let mut names = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' \
         ORDER BY name",
    )?;
    let names = names
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    let kept = names
        .into_iter()
        .filter(|name| !LEFT_OUT.contains(&name.as_str()));
    let mut tables = kept
        .map(|name| {
            let (columns, key) = columns(connection, &name)?;
            Ok(statements(&name, &name, columns, &key))
        })
        .collect::<rusqlite::Result<Vec<_>>>()?;
    // It is there from the first table on that needs it.
    let mut sequences = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?1")?;
    if sequences.exists(["sqlite_sequence"])? {
        let columns = [("name", Kind::Text), ("seq", Kind::Integer)];
        let columns = columns.map(|(name, kind)| Column {
            name: name.to_owned(),
            kind,
        });
        let key = ["name".to_owned()];
        let statements = statements(SEQUENCE, "sqlite_sequence", columns.into(), &key);
        tables.push(statements);
    }
    Ok(tables)
}

/// The columns of a table, and those of its key in order, in which rows come.
fn columns(connection: &Connection, table: &str) -> rusqlite::Result<(Vec<Column>, Vec<String>)> {
    let mut columns = Vec::new();
    let mut key = BTreeMap::new();
    let mut select = connection.prepare("SELECT name, type, pk FROM pragma_table_info(?1)")?;
    let mut rows = select.query([table])?;
    while let Some(row) = rows.next()? {
        let (name, kind, place): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let kind = Kind::named(&kind).ok_or_else(|| {
            rusqlite::Error::InvalidColumnType(1, format!("{table}.{name}"), Type::Text)
        })?;
        if place > 0 {
            key.insert(place, name.clone());
        }
        columns.push(Column { name, kind });
    }
    Ok((columns, key.into_values().collect()))
}

fn statements(name: &str, stored: &str, columns: Vec<Column>, key: &[String]) -> Statements {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let (names, key) = (names.join(", "), key.join(", "));
    let places = vec!["?"; columns.len()].join(", ");
    Statements {
        select: format!("SELECT {names} FROM {stored} ORDER BY {key}"),
        insert: format!("INSERT INTO {stored} ({names}) VALUES ({places})"),
        empty: format!("DELETE FROM {stored}"),
        stored: stored.to_owned(),
        table: Table {
            name: name.to_owned(),
            columns,
        },
    }
}

/// The statement that inserts rows of a table as a backup has it, whose columns may come in
/// another order; `None` where they are others.
fn insert_of(known: &Statements, table: &Table) -> Option<String> {
    if *table == known.table {
        return Some(known.insert.clone());
    }
    let of_known = known.table.columns.iter();
    let (mut places, mut values) = (Vec::new(), Vec::new());
    for column in of_known {
        let place = table.columns.iter().position(|other| other == column)?;
        places.push(column.name.as_str());
        values.push(format!("?{}", place + 1));
    }
    (table.columns.len() == places.len()).then(|| {
        let (places, values) = (places.join(", "), values.join(", "));
        format!("INSERT INTO {} ({places}) VALUES ({values})", known.stored)
    })
}

/// The values of a row; `None` where they are not of these kinds.
fn values<'r>(row: &'r [Json], kinds: &[Kind]) -> Option<Vec<Value<'r>>> {
    let values = row.iter().zip(kinds);
    let values = values.map(|(value, kind)| Value::of(value, *kind));
    (row.len() == kinds.len())
        .then(|| values.collect())
        .flatten()
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::backup_file::{back_up, check_backup, restore};
    use crate::sqlite::schema::early;
    use crate::store::{Open, Store};

    fn now() -> Timestamp {
        "2026-11-25T21:00:00Z".parse().expect("a moment")
    }

    fn open(path: &Path) -> Store {
        let open = Open {
            path: path.to_owned(),
            holder: "the test".to_owned(),
            clock: std::sync::Arc::new(now),
            policy: ocs_rules::policy::Policy::default(),
        };
        Store::open(open).expect("it opens").0
    }

    /// What earlier versions wrote is brought on as an OCS would bring it on.
    #[test]
    fn of_an_earlier_version() {
        let folder = tempfile::tempdir().expect("a folder");
        for version in [1, 5, 12, 20, schema::known()] {
            let store = early(folder.path(), version);
            let mut file = Vec::new();
            let written = back_up(&store, &mut file, now()).expect("it is written");
            assert_eq!((written.schema, written.records), (version, 1));
            let restored = folder.path().join(format!("restored-{version}.db"));
            let read = restore(&file[..], &restored, "the test", now()).expect("it is restored");
            assert_eq!(read, written);
            for path in [&store, &restored] {
                open(path).close();
            }
            // What opening them made of both is the same.
            let rows = |path: &Path| {
                let connection = Connection::open(path).expect("it opens");
                let row = "SELECT ready_class, contact_info, finished_at FROM record";
                connection.query_row(row, [], |row| {
                    Ok((
                        row.get::<_, Option<i64>>(0)?,
                        row.get::<_, String>(1)?,
                        row.get::<_, Option<i64>>(2)?,
                    ))
                })
            };
            assert_eq!(rows(&restored), rows(&store), "of version {version}");
            let connection = Connection::open(&restored).expect("it opens");
            assert_eq!(schema::found(&connection), Ok(schema::known()));
            let epoch = lease::epoch(&connection).expect("a row");
            assert_eq!(epoch, Some(7 + EPOCHS + 1), "the epoch of who opened it");
        }
    }

    /// Each table is in a backup, or is left out because somebody said so.
    #[test]
    fn what_is_left_out_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = Connection::open(early(folder.path(), schema::known()));
        let connection = connection.expect("it opens");
        let named = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        for name in LEFT_OUT {
            let found: i64 = connection
                .query_row(named, [name], |row| row.get(0))
                .expect("a count");
            assert_eq!(found, 1, "{name}");
        }
        let all = tables(&connection).expect("they are read");
        assert!(all.iter().all(|found| !found.table.columns.is_empty()));
        assert!(all.iter().any(|found| found.table.name == "record"));
    }

    /// Nothing is restored of a file that is not as it was written, and nothing is left of it.
    #[test]
    fn what_is_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = early(folder.path(), schema::known());
        let mut file = Vec::new();
        back_up(&store, &mut file, now()).expect("it is written");
        let lines = lines(&file);
        let schema = format!("\"schema\":{}", schema::known());
        let with = |what: &str, by: &str| packed(&lines.replace(what, by));
        let at = |part: usize| file.len() * part / 10;
        let cases = [
            (Vec::new(), "this is no backup of OCS"),
            (
                b"-- a dump of something else".to_vec(),
                "this is no backup of OCS",
            ),
            (packed("{\"some\":\"JSON\"}\n"), "its first line is another"),
            (packed(""), "its end is missing"),
            (file[..at(5)].to_vec(), "its end is missing"),
            (file[..file.len() - 1].to_vec(), "its end is missing"),
            ([&file[..at(5)], &file[at(6)..]].concat(), "damaged"),
            ([&file[..], b"more"].concat(), "damaged"),
            (
                [&file[..], &file[..]].concat(),
                "something comes after its end",
            ),
            (packed(&lines[..lines.len() * 2 / 3]), "its end is missing"),
            (with("\"5551\"", "\"5552\""), "its checksum differs"),
            (with("\"5551\"", "5551"), "the row has other columns"),
            (with("\"5551\"", "\"5551\",1"), "the row has other columns"),
            (
                with("\"ocs-backup\":1", "\"ocs-backup\":2"),
                "the backup has form 2",
            ),
            (
                with("\"record\"", "\"records\""),
                "\"records\" is there twice, or not known",
            ),
            (
                with("\"record\"", "\"campaign\""),
                "\"campaign\" is there twice, or not known",
            ),
            (
                with("\"dnc_message\"", "\"dnc\\\"; DROP TABLE record\""),
                "has other columns",
            ),
            (
                with("\"chain_n\",\"integer\"", "\"chain_n\",\"text\""),
                "has other columns",
            ),
            (
                with("[1,101,1,0,", "[null,101,null,0,"),
                "the row is not right",
            ),
            (with(&schema, "\"schema\":9999"), "schema version 9999"),
            (with(&schema, "\"schema\":0"), "no schema"),
        ];
        for (file, said) in cases {
            let place = folder.path().join("place");
            let store = place.join("ocs.db");
            let error = restore(&file[..], &store, "the test", now()).expect_err(said);
            assert!(
                error.to_string().contains(said),
                "{said:?} is not in: {error}"
            );
            let left = fs::read_dir(&place).into_iter().flatten().flatten();
            let left: Vec<_> = left.map(|file| file.file_name()).collect();
            assert!(
                left.iter().all(|name| name == "ocs.db-lease"),
                "{left:?} of {said}"
            );
        }
        check_backup(&file[..]).expect("it is whole");
        // Nor where something is already.
        let error = restore(&file[..], &store, "the test", now()).expect_err("it is there");
        assert!(matches!(error, BackupFileError::NotEmpty(_)), "{error}");
        let error = back_up(&folder.path().join("none"), Vec::new(), now()).expect_err("none");
        assert!(matches!(error, BackupFileError::NoStore(_)), "{error}");
    }

    fn lines(file: &[u8]) -> String {
        let mut text = String::new();
        let mut file = flate2::read::GzDecoder::new(file);
        file.read_to_string(&mut text).expect("lines");
        text
    }

    fn packed(lines: &str) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(lines.as_bytes()).expect("memory");
        out.finish().expect("memory")
    }
}
