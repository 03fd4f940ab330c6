//! The Do Not Call list as rows (records.md, section 6): one row an entry, and one
//! entry a spelling. Rows that others wrote are taken up before they count.

mod catch_up;
mod following;
mod loading;

use std::sync::atomic::{AtomicBool, Ordering};

use ocs_rules::do_not_call::{Compared, DoNotCallList, Entry, Held, Keys, Subject};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::error::StoreError;
use crate::reader::Reader;
use crate::sqlite::sqlite_error;

pub(crate) use catch_up::{CaughtUp, catch_up, forget_removed};
pub(crate) use following::Followed;
pub(crate) use loading::{Loader, begin as begin_loading};

/// The columns of an entry, in the order that [`entry_from_row`] reads them.
const ENTRY_COLUMNS: &str = "id, phone, customer_id, dnc_message, campaign, list, is_internal, \
    time_stamp, expires, source";

/// An entry and the number of its row, by which a reader goes on.
type NumberedEntry = (i64, Entry);

/// Writes an entry; the same subject again keeps one row, with what is known last.
/// Returns what the list in memory held of that row before, which it has to let go.
pub(crate) fn put(
    connection: &Connection,
    entry: &Entry,
    region: Option<&str>,
) -> Result<Option<Held>, StoreError> {
    put_row(connection, entry, Keys::of(&entry.subject, region)).map_err(sqlite_error)
}

fn put_row(connection: &Connection, entry: &Entry, keys: Keys) -> rusqlite::Result<Option<Held>> {
    let (key, _) = to_columns(keys);
    let (phone, customer_id) = subject_columns(&entry.subject);
    let known = connection
        .prepare_cached(
            "SELECT id, key, key_full, expires, phone IS NULL FROM do_not_call \
             WHERE key = ?1 AND phone IS ?2 AND customer_id IS ?3 LIMIT 1",
        )?
        .query_row(params![key, phone, customer_id], |row| {
            Ok((row.get::<_, i64>(0)?, held_from_row(row)?))
        })
        .optional()?;
    let (id, before) = known.unzip();
    write_row(connection, id, entry, keys)?;
    Ok(before)
}

/// Writes an entry into the row of this number, or into a new one.
fn write_row(
    connection: &Connection,
    id: Option<i64>,
    entry: &Entry,
    keys: Keys,
) -> rusqlite::Result<()> {
    let (key, full) = to_columns(keys);
    let (phone, customer_id) = subject_columns(&entry.subject);
    connection
        .prepare_cached(
            "INSERT INTO do_not_call (id, key, key_full, expires, phone, customer_id, \
             dnc_message, campaign, list, is_internal, time_stamp, source) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
             ON CONFLICT (id) DO UPDATE SET key_full = excluded.key_full, \
             expires = excluded.expires, dnc_message = excluded.dnc_message, \
             campaign = excluded.campaign, list = excluded.list, \
             is_internal = excluded.is_internal, time_stamp = excluded.time_stamp, \
             source = excluded.source",
        )?
        .execute(params![
            id,
            key,
            full,
            entry.expires,
            phone,
            customer_id,
            entry.message,
            entry.campaign,
            entry.list,
            entry.internal,
            entry.time_stamp,
            entry.source,
        ])?;
    Ok(())
}

/// Removes the entry of a subject, spelled as it was given; rows of others, which may
/// be several, too. Returns what the list in memory held of them; empty where there
/// was no such entry.
pub(crate) fn remove(connection: &Connection, subject: &Subject) -> Result<Vec<Held>, StoreError> {
    let remove = || -> rusqlite::Result<Vec<Held>> {
        // The first key of a phone is of its digits as written, in every region.
        let (key, _) = to_columns(Keys::of(subject, None));
        let (phone, customer_id) = subject_columns(subject);
        connection
            .prepare_cached(
                "DELETE FROM do_not_call WHERE key = ?1 AND phone IS ?2 AND customer_id IS ?3 \
                 RETURNING id, key, key_full, expires, phone IS NULL",
            )?
            .query_map(params![key, phone, customer_id], held_from_row)?
            .collect::<rusqlite::Result<Vec<_>>>()
    };
    let known = catch_up::last_removed(connection)?;
    let removed = remove().map_err(sqlite_error)?;
    // What others delete is caught up with; this is known already.
    forget_removed(connection, known)?;
    Ok(removed)
}

/// Takes up at most `limit` rows that others wrote: computes their keys and writes
/// them into the rows. Returns what the list in memory is to hold of them; fewer
/// than `limit` when none is left. A row that names a phone and a customer id
/// becomes two.
fn take_up<'r>(
    connection: &Connection,
    region_of: impl Fn(Option<&str>) -> Option<&'r str>,
    limit: u32,
) -> Result<Vec<Held>, StoreError> {
    let take = || -> rusqlite::Result<Vec<Held>> {
        let sql = format!(
            "SELECT {ENTRY_COLUMNS} FROM do_not_call WHERE key IS NULL ORDER BY id LIMIT ?1"
        );
        let rows = connection
            .prepare_cached(&sql)?
            .query_map([limit], |row| {
                let other: Option<String> = row.get(2)?;
                Ok((entry_from_row(row)?, other))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let mut all = Vec::with_capacity(rows.len());
        for ((id, mut entry), customer_id) in rows {
            let region = region_of(entry.list.as_deref());
            let keys = Keys::of(&entry.subject, region);
            let (key, full) = to_columns(keys);
            connection
                .prepare_cached(
                    "UPDATE do_not_call SET key = ?2, key_full = ?3, \
                     customer_id = CASE WHEN phone IS NULL THEN customer_id END WHERE id = ?1",
                )?
                .execute(params![id, key, full])?;
            let expires = entry.expires;
            all.push(Held { keys, expires });
            if let (Subject::Phone(_), Some(customer_id)) = (&entry.subject, customer_id) {
                entry.subject = Subject::CustomerId(customer_id);
                let keys = Keys::of(&entry.subject, region);
                // A row more, whatever else the list says of this customer: the last of
                // them to end is what counts.
                write_row(connection, None, &entry, keys)?;
                all.push(Held { keys, expires });
            }
        }
        Ok(all)
    };
    take().map_err(sqlite_error)
}

/// Entries that have expired so many seconds ago are in memory too: the clock may be put back.
const PUT_BACK: i64 = 31 * 24 * 60 * 60;

/// Brings the whole list into memory, but for what has long expired at `now`, UTC seconds.
/// Rows of others that are not taken up are passed over. Ends early when it is told to
/// stop.
fn load(
    connection: &Connection,
    list: &mut DoNotCallList,
    now: i64,
    stop: &AtomicBool,
) -> Result<(), StoreError> {
    let mut loading = list.loading();
    let mut read = || -> rusqlite::Result<()> {
        let mut statement = connection.prepare(
            "SELECT id, key, key_full, expires, phone IS NULL FROM do_not_call NOT INDEXED \
             WHERE key IS NOT NULL AND (expires IS NULL OR expires > ?1)",
        )?;
        let mut rows = statement.query([now.saturating_sub(PUT_BACK)])?;
        while let Some(row) = rows.next()?
            && !stop.load(Ordering::Relaxed)
        {
            loading.push(held_from_row(row)?);
        }
        Ok(())
    };
    read().map_err(sqlite_error)?;
    loading.finish();
    Ok(())
}

/// Whether a phone or customer id may not be called at a moment, UTC seconds: what the
/// list in memory says, for who reads beside the writer.
pub(crate) fn restricts(connection: &Connection, keys: Keys, now: i64) -> rusqlite::Result<bool> {
    let (key, full) = to_columns(keys);
    let is_customer = matches!(keys, Keys::CustomerId(_));
    connection
        .prepare_cached(
            "SELECT 1 FROM do_not_call WHERE key IN (?1, ?2) AND (phone IS NULL) = ?3 \
             AND (expires IS NULL OR expires > ?4) \
             UNION ALL \
             SELECT 1 FROM do_not_call WHERE key_full IN (?1, ?2) AND (phone IS NULL) = ?3 \
             AND (expires IS NULL OR expires > ?4)",
        )?
        .exists(params![key, full.unwrap_or(key), is_customer, now])
}

/// At most `limit` entries whose rows come after `after`, in the order in which they
/// were made.
fn page(connection: &Connection, after: i64, limit: u32) -> rusqlite::Result<Vec<NumberedEntry>> {
    connection
        .prepare_cached(&format!(
            "SELECT {ENTRY_COLUMNS} FROM do_not_call WHERE id > ?1 ORDER BY id LIMIT ?2"
        ))?
        .query_map(params![after, limit], entry_from_row)?
        .collect()
}

/// At most `limit` entries of phones that are the same for comparison.
fn of_phone(
    connection: &Connection,
    compared: Compared,
    limit: u32,
) -> rusqlite::Result<Vec<NumberedEntry>> {
    let (bare, full) = to_columns(Keys::Phone(compared));
    let mut entries = connection
        .prepare_cached(&format!(
            "SELECT {ENTRY_COLUMNS} FROM do_not_call WHERE phone IS NOT NULL AND id IN ( \
             SELECT id FROM do_not_call WHERE key IN (?1, ?2) \
             UNION SELECT id FROM do_not_call WHERE key_full IN (?1, ?2)) \
             ORDER BY id LIMIT ?3"
        ))?
        .query_map(params![bare, full.unwrap_or(bare), limit], entry_from_row)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    entries.dedup_by_key(|(id, _)| *id);
    Ok(entries)
}

/// The keys as columns: SQLite's integers have a sign, and the second stands only
/// where it is another.
fn to_columns(keys: Keys) -> (i64, Option<i64>) {
    match keys {
        Keys::Phone(compared) => {
            let (bare, full) = compared.to_stored();
            let full = (full != bare).then(|| full.cast_signed());
            (bare.cast_signed(), full)
        }
        Keys::CustomerId(key) => (key.cast_signed(), None),
    }
}

/// What the list holds of a row: `id, key, key_full, expires, phone IS NULL`.
fn held_from_row(row: &Row<'_>) -> rusqlite::Result<Held> {
    let key = row.get::<_, i64>(1)?.cast_unsigned();
    let full = row.get::<_, Option<i64>>(2)?.map(i64::cast_unsigned);
    let keys = if row.get(4)? {
        Keys::CustomerId(key)
    } else {
        Keys::Phone(Compared::from_stored(key, full.unwrap_or(key)))
    };
    Ok(Held {
        keys,
        expires: row.get(3)?,
    })
}

fn entry_from_row(row: &Row<'_>) -> rusqlite::Result<NumberedEntry> {
    let subject = match row.get(1)? {
        Some(phone) => Subject::Phone(phone),
        None => Subject::CustomerId(row.get(2)?),
    };
    let entry = Entry {
        subject,
        message: row.get(3)?,
        campaign: row.get(4)?,
        list: row.get(5)?,
        internal: row.get::<_, i64>(6)? != 0,
        time_stamp: row.get(7)?,
        expires: row.get(8)?,
        source: row.get(9)?,
    };
    Ok((row.get(0)?, entry))
}

fn subject_columns(subject: &Subject) -> (Option<&str>, Option<&str>) {
    match subject {
        Subject::Phone(phone) => (Some(phone), None),
        Subject::CustomerId(id) => (None, Some(id)),
    }
}

impl Reader {
    /// At most `limit` entries of the Do Not Call list after the row `after` (0 for
    /// the beginning), in the order in which they were made.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn do_not_call_after(
        &self,
        after: i64,
        limit: u32,
    ) -> Result<Vec<NumberedEntry>, StoreError> {
        self.read(move |connection| page(connection, after, limit))
            .await
    }

    /// At most `limit` entries of the Do Not Call list whose phones are the same for
    /// comparison, however they are spelled.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn do_not_call_of_phone(
        &self,
        compared: Compared,
        limit: u32,
    ) -> Result<Vec<NumberedEntry>, StoreError> {
        self.read(move |connection| of_phone(connection, compared, limit))
            .await
    }
}

#[cfg(test)]
mod tests {
    use ocs_rules::objects::Objects;
    use ocs_rules::policy::Policy;

    use super::*;
    use crate::batch::Restriction;

    fn store() -> Connection {
        let connection = Connection::open_in_memory().expect("a store in memory");
        connection
            .execute_batch(concat!(
                include_str!("migrations/0002_do_not_call.sql"),
                include_str!("migrations/0009_do_not_call_keys.sql"),
            ))
            .expect("the schema");
        connection
    }

    fn entry(subject: Subject, expires: Option<i64>) -> Entry {
        Entry {
            subject,
            message: Some("asked for it".to_owned()),
            campaign: None,
            list: Some("Spring".to_owned()),
            internal: true,
            time_stamp: 7,
            expires,
            source: Some("a file".to_owned()),
        }
    }

    fn phone(text: &str) -> Subject {
        Subject::Phone(text.to_owned())
    }

    fn customer(text: &str) -> Subject {
        Subject::CustomerId(text.to_owned())
    }

    fn loaded(connection: &Connection, now: i64) -> DoNotCallList {
        let mut list = DoNotCallList::default();
        load(connection, &mut list, now, &AtomicBool::new(false)).expect("it loads");
        list
    }

    #[test]
    fn one_row_a_subject() {
        let connection = store();
        // In memory, what is put replaces what was held before.
        let mut list = DoNotCallList::default();
        let steps = [
            (phone("6505550100"), None, 1),
            (phone("6505550100"), Some(500), 1),
            (phone("+1 650 555 0100"), None, 2),
            (customer("C-1"), None, 3),
            (customer("C-1"), Some(900), 3),
            // A phone that looks like a customer id is none.
            (phone("C-1"), None, 4),
        ];
        for (subject, expires, rows) in steps {
            let put_in = entry(subject.clone(), expires);
            let before = put(&connection, &put_in, Some("US")).expect("it is put");
            if let Some(held) = before {
                assert!(list.remove(held), "{subject:?}");
            }
            let keys = Keys::of(&subject, Some("US"));
            list.insert(Held { keys, expires });
            let all = page(&connection, 0, 100).expect("a page");
            assert_eq!(all.len(), rows, "{subject:?}");
            assert!(all.iter().any(|(_, known)| *known == put_in), "{all:?}");
            assert_eq!(
                (list.len(), loaded(&connection, 0).len()),
                (rows as u64, rows as u64)
            );
        }
        let asked = Compared::of("(650) 555-0100", Some("US"));
        let spelled = of_phone(&connection, asked, 10).expect("entries");
        assert_eq!(spelled.len(), 2);
        assert_eq!(of_phone(&connection, asked, 1).expect("entries").len(), 1);
        for (now, phone, customer) in [(0, true, true), (500, true, true), (900, true, false)] {
            for list in [&list, &loaded(&connection, now)] {
                assert_eq!(list.restricts_phone(asked, now), phone, "at {now}");
                assert_eq!(list.restricts_customer("C-1", now), customer, "at {now}");
            }
            for (keys, right) in [
                (Keys::Phone(asked), phone),
                (Keys::of(&self::customer("C-1"), None), customer),
                (Keys::of(&self::customer("C-2"), None), false),
                (Keys::of(&self::phone("C-2"), None), false),
            ] {
                let said = restricts(&connection, keys, now).expect("an answer");
                assert_eq!(said, right, "{keys:?} at {now}");
            }
        }
        for (subject, removed, restricted) in [
            (phone("(650) 555-0100"), 0, true),
            (phone("+1 650 555 0100"), 1, true),
            (phone("+1 650 555 0100"), 0, true),
            (phone("6505550100"), 1, false),
            (customer("C-2"), 0, false),
            (customer("C-1"), 1, false),
        ] {
            let held = remove(&connection, &subject).expect("it is removed");
            assert_eq!(held.len(), removed, "{subject:?}");
            for held in held {
                assert!(list.remove(held), "{subject:?}");
            }
            for list in [&list, &loaded(&connection, 0)] {
                assert_eq!(list.restricts_phone(asked, 0), restricted, "{subject:?}");
            }
        }
        assert_eq!((list.len(), loaded(&connection, 0).len()), (1, 1));
    }

    #[test]
    fn pages() {
        let connection = store();
        for number in 0..10 {
            let entry = entry(phone(&format!("+1650555{number}")), None);
            put(&connection, &entry, None).expect("it is put");
        }
        let (mut after, mut seen) = (0, Vec::new());
        loop {
            let next = page(&connection, after, 3).expect("a page");
            let Some((last, _)) = next.last() else { break };
            after = *last;
            seen.extend(next.into_iter().map(|(_, entry)| entry.subject));
        }
        let right: Vec<_> = (0..10)
            .map(|number| phone(&format!("+1650555{number}")))
            .collect();
        assert_eq!(seen, right);
    }

    #[test]
    fn rows_of_others() {
        let connection = store();
        put(&connection, &entry(customer("C-2"), None), None).expect("it is put");
        connection
            .execute_batch(
                "INSERT INTO do_not_call (phone) VALUES ('0151 12345678');
                 INSERT INTO do_not_call (phone, list) VALUES ('6505550100', 'Spring');
                 INSERT INTO do_not_call (customer_id) VALUES ('C-1');
                 INSERT INTO do_not_call (phone, customer_id) VALUES ('+16505550101', 'C-2');
                 INSERT INTO do_not_call (phone, customer_id) VALUES ('+16505550102', 'C-3');",
            )
            .expect("rows");
        let mut list = loaded(&connection, 0);
        assert_eq!(list.len(), 1, "they do not count yet");
        let region_of = |list: Option<&str>| {
            if list.is_some() {
                Some("US")
            } else {
                Some("DE")
            }
        };
        for (limit, taken) in [(2, 2), (100, 5), (100, 0)] {
            let held = take_up(&connection, region_of, limit).expect("they are taken up");
            assert_eq!(held.len(), taken);
            held.into_iter().for_each(|held| list.insert(held));
        }
        for list in [&list, &loaded(&connection, 0)] {
            assert_eq!(list.len(), 8);
            for text in [
                "+4915112345678",
                "+16505550100",
                "+16505550101",
                "+16505550102",
            ] {
                assert!(list.restricts_phone(Compared::of(text, None), 0), "{text}");
            }
            for id in ["C-1", "C-2", "C-3"] {
                assert!(list.restricts_customer(id, 0), "{id}");
            }
        }
        assert_eq!(
            remove(&connection, &phone("+16505550102"))
                .expect("one")
                .len(),
            1
        );
        assert!(loaded(&connection, 0).restricts_customer("C-3", 0));
    }

    /// In steps, and each leaves the list in memory as the table is.
    #[test]
    fn other_regions_and_rows_that_others_delete() {
        let connection = store();
        let objects = Objects::default();
        for number in 0..5 {
            let entry = entry(phone(&format!("65055501{number}0")), None);
            put(&connection, &entry, None).expect("it is put");
        }
        put(&connection, &entry(customer("C-1"), None), None).expect("it is put");
        let mut list = loaded(&connection, 0);
        let others = "DELETE FROM do_not_call WHERE phone = '6505550120'";
        for (region, others, changes, full, rows) in [
            (None, "", 0, "6505550100", 6),
            (Some("US"), "", 5, "+16505550100", 6),
            (Some("US"), others, 1, "+16505550100", 5),
            (
                Some("DE"),
                "DELETE FROM do_not_call WHERE customer_id = 'C-1'",
                5,
                "+496505550100",
                4,
            ),
            (None, "", 4, "6505550100", 4),
        ] {
            connection.execute_batch(others).expect("it is done");
            let policy = Policy {
                region: region.map(ToOwned::to_owned),
                ..Policy::default()
            };
            let mut made = 0;
            loop {
                let step = catch_up(&connection, &objects, &policy, 2).expect("a step");
                made += step.changes.len();
                for change in step.changes {
                    match change {
                        Restriction::Put { held, replaced } => {
                            assert!(replaced.is_none_or(|before| list.remove(before)));
                            list.insert(held);
                        }
                        Restriction::Removed(held) => assert!(list.remove(held)),
                    }
                }
                if step.whole {
                    break;
                }
            }
            assert_eq!(made, changes, "{region:?} {others}");
            for list in [&list, &loaded(&connection, 0)] {
                assert_eq!(list.len(), rows, "{region:?} {others}");
                for text in ["+16505550100", "+496505550100", "6505550100"] {
                    let right = text == full || text == "6505550100";
                    let asked = Compared::of(text, None);
                    assert_eq!(list.restricts_phone(asked, 0), right, "{region:?} {text}");
                }
            }
        }
        // What is taken off here is not found again as deleted by others.
        remove(&connection, &phone("6505550100")).expect("it is removed");
        let policy = Policy::default();
        let step = catch_up(&connection, &objects, &policy, 2).expect("a step");
        assert!(step.whole && step.changes.is_empty());
    }

    /// `cargo xtask bench do-not-call` runs it and reads what it prints. Half of the
    /// numbers are national ones, which have two keys.
    #[test]
    #[ignore = "a bench: it writes a store of a gigabyte"]
    fn very_many() {
        let number = |name: &str, default: u64| {
            let given = std::env::var(name).ok();
            given.map_or(default, |given| given.parse().expect("a number"))
        };
        let numbers = number("DO_NOT_CALL_NUMBERS", 10_000_000);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ocs.db");
        let written = Connection::open(&path).expect("a store");
        written
            .execute_batch(include_str!("migrations/0002_do_not_call.sql"))
            .expect("the schema");
        written
            .execute_batch(
                "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; \
                 DROP INDEX do_not_call_key; DROP INDEX do_not_call_key_full; BEGIN",
            )
            .expect("a transaction");
        // Spread over all numbers, as they are in no order in a store.
        let spread = |at: u64| 2_000_000_000 + at * 6_700_417 % 7_999_999_999;
        for at in 0..numbers {
            let complete = format!("+1{}", spread(at));
            let keys = if at % 2 == 0 {
                Compared::of(&complete, None)
            } else {
                let (full, _) = Compared::of(&complete, None).to_stored();
                let (bare, _) = Compared::of(&complete[2..], None).to_stored();
                Compared::from_stored(bare, full)
            };
            let entry = entry(phone(&complete[(at % 2 * 2) as usize..]), None);
            write_row(&written, None, &entry, Keys::Phone(keys)).expect("it is put");
        }
        let schema = include_str!("migrations/0002_do_not_call.sql");
        let indexes = schema.split_inclusive(';').filter(|made| {
            made.contains("INDEX do_not_call_key ") || made.contains("INDEX do_not_call_key_full ")
        });
        let indexes: String = indexes.collect();
        written
            .execute_batch(&format!("{indexes} COMMIT"))
            .expect("a commit");
        drop(written);

        let connection = Connection::open(&path).expect("a store");
        let before = resident();
        let begun = std::time::Instant::now();
        let list = loaded(&connection, 0);
        let load = begun.elapsed();
        drop(connection);
        let held = resident().saturating_sub(before);
        assert_eq!(list.len(), numbers);

        let asked: Vec<_> = (0..1_000_000)
            .map(|at| {
                // Every other one is on the list.
                let number = spread(at * 7_919 % (2 * numbers));
                Compared::of(&format!("+1{number}"), None)
            })
            .collect();
        let begun = std::time::Instant::now();
        let restricted = asked
            .iter()
            .filter(|asked| list.restricts_phone(**asked, 0))
            .count();
        let check = begun.elapsed().as_secs_f64() * 1e9 / asked.len() as f64;
        assert!((1..asked.len()).contains(&restricted));
        println!("numbers {numbers}");
        println!("load-seconds {:.2}", load.as_secs_f64());
        println!("check-nanoseconds {check:.0}");
        println!("resident-bytes {held}");
        println!("peak-bytes {}", peak());
    }

    fn resident() -> u64 {
        status("VmRSS:")
    }

    fn peak() -> u64 {
        status("VmHWM:")
    }

    /// A figure of this process's memory, in bytes.
    fn status(name: &str) -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.expect("a figure in kB") * 1_024
    }
}
