//! Frequency caps and what they count, as rows.

use std::sync::Arc;

use jiff::tz::TimeZone;
use ocs_rules::campaign::CampaignId;
use ocs_rules::do_not_call::{Compared, Keys, Subject};
use ocs_rules::frequency_cap::{Capped, FrequencyCap, Per, Scope, Span};
use ocs_rules::record::Record;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use crate::error::StoreError;
use crate::reader::Reader;
use crate::sqlite::{Transaction, sqlite_error};

/// What attempts at a record are counted by, and consent is looked up by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contact {
    pub(crate) phone: Compared,
    customer: Option<u64>,
}

impl Contact {
    pub(crate) fn of(record: &Record, phone: Compared) -> Self {
        let customer = record.contact.customer_id.clone().map(Subject::CustomerId);
        let customer = customer.and_then(|id| match Keys::of(&id, None) {
            Keys::CustomerId(key) => Some(key),
            Keys::Phone(_) => None,
        });
        Self { phone, customer }
    }

    /// Kinds and keys, as rows have them.
    pub(super) fn rows(self) -> impl Iterator<Item = (u32, i64)> {
        let phone = self.phone.keys().map(|key| (PHONE, key.cast_signed()));
        let customer = self.customer.map(|key| (CUSTOMER, key.cast_signed()));
        phone.chain(customer)
    }

    fn keys(self, per: Per) -> impl Iterator<Item = (u32, i64)> {
        let kind = match per {
            Per::Phone => PHONE,
            Per::Customer => CUSTOMER,
        };
        self.rows().filter(move |(known, _)| *known == kind)
    }
}

pub(super) const PHONE: u32 = 1;
pub(super) const CUSTOMER: u32 = 2;

impl Transaction<'_> {
    /// An attempt begins, and counts from now on.
    pub(crate) fn count_attempt(
        &mut self,
        attempt: i64,
        contact: Contact,
        campaign: Option<CampaignId>,
        now: i64,
    ) -> Result<(), StoreError> {
        for (kind, key) in contact.rows() {
            self.write(
                "INSERT INTO contact_attempt (kind, key, begun_at, attempt, campaign_dbid) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![kind, key, now, attempt, campaign],
            )?;
        }
        Ok(())
    }

    /// An attempt was none, and counts no more; before it is forgotten itself.
    pub(crate) fn uncount_attempt(&mut self, guid: &str) -> Result<(), StoreError> {
        self.write(
            "DELETE FROM contact_attempt WHERE (begun_at, attempt) = \
             (SELECT begun_at, id FROM attempt WHERE guid = ?1)",
            [guid],
        )
    }

    /// Attempts at a phone or customer id count no more.
    pub(crate) fn forget_contact_attempts(&mut self, keys: Keys) -> Result<(), StoreError> {
        let (kind, keys) = match keys {
            Keys::Phone(phone) => (PHONE, phone.keys().collect()),
            Keys::CustomerId(key) => (CUSTOMER, vec![key]),
        };
        for key in keys {
            self.write(
                "DELETE FROM contact_attempt WHERE kind = ?1 AND key = ?2",
                params![kind, key.cast_signed()],
            )?;
        }
        Ok(())
    }

    /// Removes some of the attempts before a moment; how many.
    pub(crate) fn purge_contact_attempts(
        &mut self,
        before: i64,
        most: u32,
    ) -> Result<usize, StoreError> {
        self.connection()
            .prepare_cached(
                "DELETE FROM contact_attempt WHERE (kind, key, begun_at, attempt) IN \
                 (SELECT kind, key, begun_at, attempt FROM contact_attempt \
                 WHERE begun_at < ?1 ORDER BY begun_at LIMIT ?2)",
            )
            .and_then(|mut statement| statement.execute(params![before, most]))
            .map_err(sqlite_error)
    }
}

/// Whether a cap leaves no room for an attempt at `now`, and until when; and how many
/// attempts of those that it allows were made.
pub(crate) fn capped(
    connection: &Connection,
    cap: &FrequencyCap,
    contact: Contact,
    campaign: CampaignId,
    (zone, now): (&TimeZone, i64),
) -> rusqlite::Result<(u32, Option<Capped>)> {
    let newest = newest(connection, cap, contact, campaign, cap.since(zone, now))?;
    let made = u32::try_from(newest.len())
        .unwrap_or(u32::MAX)
        .min(cap.attempts);
    let oldest = newest.len().checked_sub(cap.attempts as usize);
    let capped = oldest.map(|at| Capped {
        cap: cap.name.clone(),
        until: cap.room_after(newest[at].0, zone).max(now + 1),
    });
    Ok((made, capped))
}

/// The attempts from a moment on that a cap counts, in order: all, or the newest that it looks
/// at.
fn newest(
    connection: &Connection,
    cap: &FrequencyCap,
    contact: Contact,
    campaign: CampaignId,
    since: i64,
) -> rusqlite::Result<Vec<(i64, i64)>> {
    let of_campaign = cap.counts(campaign);
    let mut newest: Vec<(i64, i64)> = Vec::new();
    for (kind, key) in contact.keys(cap.per) {
        let sql = match of_campaign {
            None => NEWEST,
            Some(_) => NEWEST_OF_CAMPAIGN,
        };
        let mut statement = connection.prepare_cached(sql)?;
        let rows = match of_campaign {
            None => statement.query_map(params![kind, key, since, cap.attempts], moment)?,
            Some(campaign) => {
                statement.query_map(params![kind, key, since, cap.attempts, campaign], moment)?
            }
        };
        for row in rows {
            newest.push(row?);
        }
    }
    // An attempt may stand under both keys of its phone.
    newest.sort_unstable();
    newest.dedup();
    Ok(newest)
}

/// When an attempt began, and its number.
fn moment(row: &Row<'_>) -> rusqlite::Result<(i64, i64)> {
    Ok((row.get(0)?, row.get(1)?))
}

const NEWEST: &str = "SELECT begun_at, attempt FROM contact_attempt \
     WHERE kind = ?1 AND key = ?2 AND begun_at >= ?3 \
     ORDER BY begun_at DESC, attempt DESC LIMIT ?4";

const NEWEST_OF_CAMPAIGN: &str = "SELECT begun_at, attempt FROM contact_attempt \
     WHERE kind = ?1 AND key = ?2 AND begun_at >= ?3 AND campaign_dbid = ?5 \
     ORDER BY begun_at DESC, attempt DESC LIMIT ?4";

impl Reader {
    /// The cap that holds a record back in each of some campaigns, where there is one: of
    /// the campaign that has room first. `zone` is the record's, `now` in UTC seconds.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn capped(
        &self,
        record: Record,
        phone: Compared,
        caps: Vec<Arc<FrequencyCap>>,
        campaigns: Vec<CampaignId>,
        (zone, now): (TimeZone, i64),
    ) -> Result<Option<Capped>, StoreError> {
        self.read(move |connection| {
            let contact = Contact::of(&record, phone);
            let mut first: Option<Capped> = None;
            for campaign in campaigns {
                let mut last: Option<Capped> = None;
                for cap in caps.iter().filter(|cap| cap.is_for(record.list)) {
                    let (_, found) = capped(connection, cap, contact, campaign, (&zone, now))?;
                    let later =
                        |found: &Capped| last.as_ref().is_none_or(|last| last.until < found.until);
                    if let Some(found) = found.filter(later) {
                        last = Some(found);
                    }
                }
                let Some(last) = last else { return Ok(None) };
                if first.as_ref().is_none_or(|first| last.until < first.until) {
                    first = Some(last);
                }
            }
            Ok(first)
        })
        .await
    }
}

impl Reader {
    /// When the attempts began that each of some caps counts now or later, of a record as one
    /// campaign calls it. Moments are in UTC seconds.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn counted(
        &self,
        (record, phone, campaign): (Record, Compared, CampaignId),
        caps: Vec<Arc<FrequencyCap>>,
        now: i64,
    ) -> Result<Vec<Vec<i64>>, StoreError> {
        self.read(move |connection| {
            let contact = Contact::of(&record, phone);
            let mut counted = Vec::with_capacity(caps.len());
            for cap in caps {
                let found = newest(connection, &cap, contact, campaign, now - cap.reach())?;
                counted.push(found.into_iter().map(|(at, _)| at).collect());
            }
            Ok(counted)
        })
        .await
    }
}

/// All caps, by name.
pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Vec<FrequencyCap>> {
    connection
        .prepare("SELECT name, attempts, days, hours, per, scope, lists FROM frequency_cap")?
        .query_map([], cap)?
        .collect()
}

fn cap(row: &Row<'_>) -> rusqlite::Result<FrequencyCap> {
    let (days, hours): (Option<u32>, Option<u32>) = (row.get(2)?, row.get(3)?);
    let (per, scope, lists): (String, String, String) = (row.get(4)?, row.get(5)?, row.get(6)?);
    let lists = serde_json::from_str(&lists)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(6, Type::Text, error.into()))?;
    Ok(FrequencyCap {
        name: row.get(0)?,
        attempts: row.get(1)?,
        // The schema says that one of the two is there.
        span: days.map_or(Span::Hours(hours.unwrap_or(1)), Span::Days),
        per: match per.as_str() {
            "phone" => Per::Phone,
            _ => Per::Customer,
        },
        scope: match scope.as_str() {
            "all" => Scope::All,
            _ => Scope::Campaign,
        },
        lists,
    })
}

pub(crate) fn put(connection: &Connection, cap: &FrequencyCap) -> rusqlite::Result<()> {
    let (days, hours) = match cap.span {
        Span::Days(days) => (Some(days), None),
        Span::Hours(hours) => (None, Some(hours)),
    };
    connection.execute(
        "INSERT OR REPLACE INTO frequency_cap (name, attempts, days, hours, per, scope, lists) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            cap.name,
            cap.attempts,
            days,
            hours,
            match cap.per {
                Per::Phone => "phone",
                Per::Customer => "customer",
            },
            match cap.scope {
                Scope::All => "all",
                Scope::Campaign => "campaign",
            },
            serde_json::Value::from(cap.lists.clone()).to_string()
        ],
    )?;
    Ok(())
}

pub(crate) fn remove(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection
        .execute("DELETE FROM frequency_cap WHERE name = ?1", [name])
        .map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use crate::sqlite::schema;

    use super::*;

    fn week(scope: Scope) -> FrequencyCap {
        FrequencyCap {
            name: "week".to_owned(),
            attempts: 3,
            span: Span::Days(7),
            per: Per::Phone,
            scope,
            lists: vec![101, 102],
        }
    }

    fn store() -> Connection {
        let mut connection = Connection::open_in_memory().expect("a database");
        schema::migrate(&mut connection).expect("the schema");
        connection
    }

    #[test]
    fn there_and_back() {
        let connection = store();
        let mut hours = week(Scope::Campaign);
        hours.name = "hours".to_owned();
        (hours.span, hours.per) = (Span::Hours(4), Per::Customer);
        hours.lists = Vec::new();
        for cap in [week(Scope::All), hours.clone()] {
            put(&connection, &cap).expect("it is written");
        }
        assert_eq!(read(&connection).expect("caps"), [hours, week(Scope::All)]);
        remove(&connection, "week").expect("it is removed");
        assert_eq!(read(&connection).expect("caps").len(), 1);
    }

    #[test]
    fn what_counts_is_found_by_its_key() {
        let connection = store();
        for (sql, parameters) in [(NEWEST, 4), (NEWEST_OF_CAMPAIGN, 5)] {
            let mut statement = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .expect("a statement");
            for at in 1..=parameters {
                statement.raw_bind_parameter(at, 1).expect("a value");
            }
            let plan: String = statement
                .raw_query()
                .next()
                .expect("a plan")
                .expect("a row")
                .get(3)
                .expect("a text");
            assert_eq!(
                plan,
                "SEARCH contact_attempt USING PRIMARY KEY (kind=? AND key=? AND begun_at>?)"
            );
        }
    }

    /// What `cargo xtask bench compliance` shows: the check alone. With a million attempts in the store, it has a hundred microseconds.
    #[test]
    #[ignore = "a measurement"]
    fn how_long_a_check_takes() {
        let connection = store();
        connection
            .execute_batch(
                "WITH RECURSIVE numbers (n) AS \
                 (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000) \
                 INSERT INTO contact_attempt SELECT 1, (n * 7919) % 400000, 1000000 + n, n, 101 \
                 FROM numbers",
            )
            .expect("attempts");
        let caps = [week(Scope::All), week(Scope::Campaign)];
        let zone = TimeZone::get("America/New_York").expect("a zone");
        let begun = Instant::now();
        let checks = 100_000_u32;
        let mut held = 0;
        for number in 0..checks {
            let contact = Contact {
                phone: Compared::from_stored(u64::from(number), u64::from(number)),
                customer: None,
            };
            for cap in &caps {
                let found = capped(&connection, cap, contact, 101, (&zone, 1_500_000));
                held += u32::from(found.expect("an answer").1.is_some());
            }
        }
        let took = begun.elapsed() / checks;
        println!("figure two-caps-us {:.2}", took.as_secs_f64() * 1e6);
        assert!(held > 0, "none was held back");
        assert!(took.as_micros() < 100, "{took:?}");
    }
}
