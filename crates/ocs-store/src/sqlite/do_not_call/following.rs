//! The Do Not Call list in a backup's memory, which follows the store.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;

use ocs_rules::do_not_call::DoNotCallList;
use rusqlite::{Connection, params};

use super::{held_from_row, load};
use crate::error::StoreError;
use crate::sqlite::sqlite_error;

/// New rows up to which each is put into the list by itself; more are sorted first.
const FEW: i64 = 10_000;

/// The list as it was in the store at a moment.
pub(crate) struct Followed {
    list: DoNotCallList,
    /// The last row of the list, and the last change of one, that it has.
    last_row: i64,
    last_change: i64,
}

impl Followed {
    /// Reads the list, but for what has expired at `now`, UTC seconds; `None` where it was
    /// told to stop meanwhile.
    pub(crate) fn read(
        connection: &Connection,
        now: i64,
        stop: &AtomicBool,
    ) -> Result<Option<Self>, StoreError> {
        let state = connection.unchecked_transaction().map_err(sqlite_error)?;
        let (last_row, last_change) = lasts(&state).map_err(sqlite_error)?;
        let mut list = DoNotCallList::default();
        load(&state, &mut list, now, stop)?;
        let read = Self {
            list,
            last_row,
            last_change,
        };
        let stopped = stop.load(std::sync::atomic::Ordering::Relaxed);
        Ok((!stopped).then_some(read))
    }

    /// Takes up what was changed since; `false` where so much was that the list has to be
    /// read again.
    pub(crate) fn follow(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let state = connection.unchecked_transaction()?;
        let (last_row, last_change) = lasts(&state)?;
        if last_change > self.last_change && !self.take_changes(&state)? {
            return Ok(false);
        }
        // One under a number that was there before is among the changes.
        if last_row > self.last_row {
            self.take_new(&state, last_row - self.last_row)?;
        }
        self.last_row = last_row;
        self.last_change = last_change;
        Ok(true)
    }

    /// The list as it is in the store now; `None` where it has to be read again. For who
    /// writes the store, so that nobody changes it meanwhile.
    pub(crate) fn finish(mut self, connection: &Connection) -> Option<DoNotCallList> {
        match self.follow(connection) {
            Ok(true) => Some(self.list),
            Ok(false) => None,
            Err(error) => {
                tracing::warn!(%error, "the Do Not Call list is read again");
                None
            }
        }
    }

    /// How many entries it has.
    pub(crate) fn len(&self) -> u64 {
        self.list.len()
    }

    fn take_changes(&mut self, state: &Connection) -> rusqlite::Result<bool> {
        let first: i64 = state.query_row("SELECT min(id) FROM do_not_call_changed", [], |row| {
            row.get(0)
        })?;
        if first > self.last_change + 1 {
            return Ok(false);
        }
        let mut seen = HashSet::new();
        let mut changes = state.prepare_cached(
            "SELECT row_id, key, key_full, expires, is_customer FROM do_not_call_changed \
             WHERE id > ?1 AND row_id <= ?2 ORDER BY id",
        )?;
        let mut changes = changes.query(params![self.last_change, self.last_row])?;
        while let Some(change) = changes.next()? {
            // As it was before its first change: as it is in memory.
            if seen.insert(change.get::<_, i64>(0)?) && change.get::<_, Option<i64>>(1)?.is_some() {
                self.list.remove(held_from_row(change)?);
            }
        }
        let mut now = state.prepare_cached(
            "SELECT id, key, key_full, expires, phone IS NULL FROM do_not_call \
             WHERE id = ?1 AND key IS NOT NULL",
        )?;
        for row in seen {
            let mut rows = now.query([row])?;
            if let Some(row) = rows.next()? {
                self.list.insert(held_from_row(row)?);
            }
        }
        Ok(true)
    }

    fn take_new(&mut self, state: &Connection, at_most: i64) -> rusqlite::Result<()> {
        let mut rows = state.prepare_cached(
            "SELECT id, key, key_full, expires, phone IS NULL FROM do_not_call \
             WHERE id > ?1 AND key IS NOT NULL",
        )?;
        let mut rows = rows.query([self.last_row])?;
        if at_most <= FEW {
            while let Some(row) = rows.next()? {
                self.list.insert(held_from_row(row)?);
            }
            return Ok(());
        }
        let mut loading = self.list.loading();
        while let Some(row) = rows.next()? {
            loading.push(held_from_row(row)?);
        }
        loading.finish();
        Ok(())
    }
}

/// The last row of the list, and the last change of one.
fn lasts(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    connection.query_row(
        "SELECT coalesce((SELECT max(id) FROM do_not_call), 0), \
         coalesce((SELECT max(id) FROM do_not_call_changed), 0)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

#[cfg(test)]
mod tests {
    use ocs_rules::do_not_call::{Entry, Subject};

    use super::*;
    use crate::sqlite::do_not_call::{put, remove};

    fn store() -> Connection {
        let connection = Connection::open_in_memory().expect("a store in memory");
        connection
            .execute_batch(concat!(
                include_str!("../migrations/0002_do_not_call.sql"),
                include_str!("../migrations/0009_do_not_call_keys.sql"),
                include_str!("../migrations/0024_followed.sql"),
            ))
            .expect("the schema");
        connection
    }

    fn read(connection: &Connection) -> Followed {
        Followed::read(connection, 0, &AtomicBool::new(false))
            .expect("it is read")
            .expect("to its end")
    }

    fn subject(number: u64) -> Subject {
        match number % 3 {
            0 => Subject::CustomerId(format!("C-{number}")),
            _ => Subject::Phone(format!("+1650555{number:04}")),
        }
    }

    fn put_in(connection: &Connection, number: u64, expires: Option<i64>) {
        let entry = Entry {
            subject: subject(number),
            message: None,
            campaign: None,
            list: None,
            internal: true,
            time_stamp: 0,
            expires,
            source: None,
        };
        put(connection, &entry, Some("US")).expect("it is put");
    }

    /// Whatever is done to the store, a list that follows it is the one that is read.
    #[test]
    fn as_if_it_were_read() {
        const SUBJECTS: u64 = 40;
        let mut random = 7_u64;
        let mut below = |limit: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % limit
        };
        let connection = store();
        let mut followed = read(&connection);
        for round in 0..2_000 {
            for _ in 0..below(4) {
                let number = below(SUBJECTS);
                match below(8) {
                    0..4 => {
                        let expires = [None, Some(50), Some(200)][below(3) as usize];
                        put_in(&connection, number, expires);
                    }
                    4 | 5 => {
                        remove(&connection, &subject(number)).expect("it is removed");
                    }
                    // Others write and delete rows; one of theirs has no key at first.
                    6 => {
                        let sql = "INSERT INTO do_not_call (phone) VALUES ('+16505559999')";
                        connection.execute(sql, []).expect("it is written");
                        let taken = super::super::take_up(&connection, |_| Some("US"), 1);
                        taken.expect("it is taken up");
                    }
                    _ => {
                        let sql =
                            "DELETE FROM do_not_call WHERE id = (SELECT max(id) FROM do_not_call)";
                        connection.execute(sql, []).expect("it is deleted");
                    }
                }
            }
            assert!(followed.follow(&connection).expect("it is read"));
            let whole = read(&connection);
            assert_eq!(followed.len(), whole.len(), "round {round}");
            for number in 0..SUBJECTS {
                for now in [0, 100, 300] {
                    let says = |list: &DoNotCallList| match subject(number) {
                        Subject::CustomerId(id) => list.restricts_customer(&id, now),
                        Subject::Phone(phone) => {
                            let phone = ocs_rules::do_not_call::Compared::of(&phone, Some("US"));
                            list.restricts_phone(phone, now)
                        }
                    };
                    assert_eq!(
                        says(&followed.list),
                        says(&whole.list),
                        "{round} {number} {now}"
                    );
                }
            }
        }
    }

    #[test]
    fn who_is_too_far_behind_reads_again() {
        let connection = store();
        put_in(&connection, 1, None);
        let mut followed = read(&connection);
        let mut other = read(&connection);
        for expires in 0..5 {
            put_in(&connection, 1, Some(expires));
        }
        // An entry that says the same again is no change.
        put_in(&connection, 1, Some(4));
        let changes: i64 = connection
            .query_row("SELECT count(*) FROM do_not_call_changed", [], |row| {
                row.get(0)
            })
            .expect("they are counted");
        assert_eq!(changes, 5);
        assert!(followed.follow(&connection).expect("it is read"));
        let sql = "DELETE FROM do_not_call_changed WHERE id < 3";
        connection.execute(sql, []).expect("it is deleted");
        assert!(!other.follow(&connection).expect("it is read"));
        assert!(other.finish(&connection).is_none());
        assert!(followed.finish(&connection).is_some());
    }
}
