//! What records slept for and is over: whose chains are still to be placed again. Where
//! they are many that takes steps, and goes on after a restart.

use ocs_rules::calling_list::ListId;
use ocs_rules::do_not_call::Compared;
use ocs_rules::record::Handle;
use ocs_rules::retrieval::class::ClassId;
use rusqlite::{OptionalExtension as _, Row, params};

use crate::error::StoreError;
use crate::sqlite::contacts::Part;
use crate::sqlite::{Transaction, sqlite_error};

/// Whose records may have slept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asleep {
    /// Those of a phone.
    Phone(Compared),
    /// Those of a customer.
    Customer(String),
    /// All of a calling list.
    List(ListId),
}

/// A release on its way.
#[derive(Debug)]
pub(crate) struct Release {
    pub(crate) whom: Asleep,
    /// Records up to this one are done; of a calling list, in the order of attempts.
    after: (u32, Handle),
}

impl Transaction<'_> {
    pub(crate) fn begin_release(&mut self, whom: &Asleep) -> Result<(), StoreError> {
        let (list, keys, customer) = match whom {
            Asleep::Phone(phone) => (None, Some(phone.to_stored()), None),
            Asleep::Customer(customer) => (None, None, Some(customer)),
            Asleep::List(list) => (Some(list), None, None),
        };
        self.write(
            "INSERT INTO release (list_dbid, bare, complete, customer_id) VALUES (?1, ?2, ?3, ?4)",
            params![
                list,
                keys.map(|(bare, _)| bare.cast_signed()),
                keys.map(|(_, full)| full.cast_signed()),
                customer
            ],
        )
    }

    pub(crate) fn next_release(&mut self) -> Result<Option<(i64, Release)>, StoreError> {
        self.connection()
            .prepare_cached(
                "SELECT id, list_dbid, bare, complete, customer_id, attempt, record_id \
                 FROM release ORDER BY id LIMIT 1",
            )
            .and_then(|mut statement| statement.query_row([], release).optional())
            .map_err(sqlite_error)
    }

    /// At most `most` more records of a release, and whether these were the last; the
    /// release remembers how far it came. Records of a calling list that stand in one of the
    /// classes `withheld` are among them: they leave it when they are placed.
    pub(crate) fn released(
        &mut self,
        id: i64,
        release: &Release,
        withheld: &[ClassId],
        most: usize,
    ) -> Result<(Vec<Handle>, bool), StoreError> {
        let part = Part {
            after: release.after.1,
            limit: most,
        };
        let found: Vec<(u32, Handle)> = match &release.whom {
            Asleep::Phone(phone) => self.phone_part(*phone, part)?,
            Asleep::Customer(customer) => self.customer_part(customer, part)?,
            Asleep::List(list) => self.held_back(*list, release.after, most)?,
        };
        let (last, mut left) = (found.last().copied(), most - found.len());
        let mut found: Vec<_> = found.into_iter().map(|(_, handle)| handle).collect();
        if let Asleep::List(list) = release.whom {
            for class in withheld {
                let more = if left > 0 {
                    self.withheld(list, *class, left)?
                } else {
                    Vec::new()
                };
                left -= more.len();
                found.extend(more);
            }
        }
        match last {
            _ if left > 0 => self.write("DELETE FROM release WHERE id = ?1", [id])?,
            Some((attempt, handle)) => self.write(
                "UPDATE release SET attempt = ?2, record_id = ?3 WHERE id = ?1",
                params![id, attempt, handle],
            )?,
            None => {}
        }
        Ok((found, left > 0))
    }

    /// Records of a calling list that stand in a class. The last come first: a preview looks at
    /// the first ones anew meanwhile, and may withhold them again.
    fn withheld(
        &mut self,
        list: ListId,
        class: ClassId,
        most: usize,
    ) -> Result<Vec<Handle>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Handle>> {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let mut statement = self.connection().prepare_cached(WITHHELD)?;
            let rows = statement.query_map(params![list, class, most], |row| row.get(0))?;
            rows.collect()
        };
        read().map_err(sqlite_error)
    }

    fn phone_part(
        &mut self,
        phone: Compared,
        part: Part,
    ) -> Result<Vec<(u32, Handle)>, StoreError> {
        let handles = self.handles_of_phone_in(phone, part)?;
        Ok(handles.into_iter().map(|handle| (0, handle)).collect())
    }

    fn customer_part(
        &mut self,
        customer: &str,
        part: Part,
    ) -> Result<Vec<(u32, Handle)>, StoreError> {
        let handles = self.handles_of_customer_in(customer, part)?;
        Ok(handles.into_iter().map(|handle| (0, handle)).collect())
    }

    /// Ready records of a calling list that stand in no class.
    fn held_back(
        &mut self,
        list: ListId,
        after: (u32, Handle),
        most: usize,
    ) -> Result<Vec<(u32, Handle)>, StoreError> {
        let read = || -> rusqlite::Result<Vec<(u32, Handle)>> {
            let limit = |most: usize| i64::try_from(most).unwrap_or(i64::MAX);
            let mut same = self.connection().prepare_cached(HELD_BACK)?;
            let rows = same.query_map(params![list, after.0, after.1, limit(most)], held)?;
            let mut found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            let left = limit(most - found.len());
            let mut more = self.connection().prepare_cached(HELD_BACK_AFTER)?;
            for row in more.query_map(params![list, after.0, left], held)? {
                found.push(row?);
            }
            Ok(found)
        };
        read().map_err(sqlite_error)
    }
}

/// With as many attempts as the last one, and with more: both at once would be no seek.
const HELD_BACK: &str = "SELECT attempt, record_id FROM record \
     WHERE list_dbid = ?1 AND ready_class IS NULL AND record_status = 1 \
     AND attempt = ?2 AND record_id > ?3 ORDER BY record_id LIMIT ?4";

const HELD_BACK_AFTER: &str = "SELECT attempt, record_id FROM record \
     WHERE list_dbid = ?1 AND ready_class IS NULL AND record_status = 1 \
     AND attempt > ?2 ORDER BY attempt, record_id LIMIT ?3";

const WITHHELD: &str = "SELECT record_id FROM record \
     WHERE list_dbid = ?1 AND ready_class = ?2 AND record_type <> 5 \
     ORDER BY record_type DESC, dial_sched_time DESC, chain_id DESC, chain_n DESC LIMIT ?3";

fn held(row: &Row<'_>) -> rusqlite::Result<(u32, Handle)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn release(row: &Row<'_>) -> rusqlite::Result<(i64, Release)> {
    let list: Option<ListId> = row.get(1)?;
    let customer: Option<String> = row.get(4)?;
    let whom = match (list, customer) {
        (Some(list), _) => Asleep::List(list),
        (None, Some(customer)) => Asleep::Customer(customer),
        (None, None) => Asleep::Phone(Compared::from_stored(
            row.get::<_, i64>(2)?.cast_unsigned(),
            row.get::<_, i64>(3)?.cast_unsigned(),
        )),
    };
    let after = (row.get(5)?, row.get(6)?);
    Ok((row.get(0)?, Release { whom, after }))
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, params_from_iter};

    use super::*;
    use crate::sqlite::schema;

    #[test]
    fn who_is_held_back_is_one_seek() {
        let mut connection = Connection::open_in_memory().expect("a database");
        schema::migrate(&mut connection).expect("the schema");
        for (sql, values, index, seek) in [
            (
                HELD_BACK,
                4,
                "INDEX record_held",
                "(list_dbid=? AND attempt=? AND rowid>?)",
            ),
            (
                HELD_BACK_AFTER,
                3,
                "INDEX record_held",
                "(list_dbid=? AND attempt>?)",
            ),
            (
                WITHHELD,
                3,
                "COVERING INDEX record_ready",
                "(list_dbid=? AND ready_class=?)",
            ),
        ] {
            let plans: Vec<String> = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .and_then(|mut statement| {
                    let rows =
                        statement.query_map(params_from_iter(vec![1; values]), |row| row.get(3))?;
                    rows.collect()
                })
                .expect("a plan");
            assert_eq!(plans, [format!("SEARCH record USING {index} {seek}")]);
        }
    }
}
