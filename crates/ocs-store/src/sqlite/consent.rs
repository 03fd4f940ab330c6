//! Consent and its revocation as rows: every statement, and what of them counts.

use ocs_rules::calling_list::ListId;
use ocs_rules::consent::standing::{Given, Heard, Last, Place};
use ocs_rules::consent::{Says, Scope, Statement};
use ocs_rules::do_not_call::{Keys, Subject};
use ocs_rules::policy::Policy;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::frequency_caps::{CUSTOMER, Contact, PHONE};
use crate::error::StoreError;
use crate::reader::Reader;
use crate::sqlite::{Asleep, Transaction, sqlite_error};

/// A statement and its number.
type Numbered = (i64, Statement);

/// The columns of a statement, in the order that [`numbered`] reads them.
const COLUMNS: &str = "id, phone, customer_id, revokes, scope, scope_dbid, said_at, expires, \
                       source, proof, told_by";

/// The columns of what counts, in the order that [`last`] reads them.
const LAST: &str = "scope, scope_dbid, consent_at, consent_id, consent_expires, revoked_at, \
                    revoked_id";

impl Transaction<'_> {
    /// Keeps a statement, whose keys are those; its number.
    pub(crate) fn state_consent(
        &mut self,
        statement: &Statement,
        keys: Keys,
        now: i64,
    ) -> Result<i64, StoreError> {
        state(self.connection(), statement, keys, now).map_err(sqlite_error)
    }

    /// The number of a statement that says the same as this one in every word.
    pub(crate) fn same_statement(
        &mut self,
        statement: &Statement,
        keys: Keys,
    ) -> Result<Option<i64>, StoreError> {
        same(self.connection(), statement, keys).map_err(sqlite_error)
    }

    /// What of a phone's or a customer's statements counts.
    pub(crate) fn said(&mut self, keys: Keys) -> Result<Vec<Last>, StoreError> {
        said(self.connection(), keys).map_err(sqlite_error)
    }

    /// A record of a calling list is held back for want of consent.
    pub(crate) fn await_consent(
        &mut self,
        list: ListId,
        policy: &Policy,
    ) -> Result<(), StoreError> {
        self.write(
            "INSERT OR IGNORE INTO consent_awaited (list_dbid, options) VALUES (?1, ?2)",
            params![list, options(policy)],
        )
    }

    /// Calling lists of which records may be held back for want of consent.
    pub(crate) fn awaiting_consent(&mut self) -> Result<Vec<ListId>, StoreError> {
        let read = || -> rusqlite::Result<Vec<ListId>> {
            self.connection()
                .prepare_cached("SELECT list_dbid FROM consent_awaited ORDER BY list_dbid")?
                .query_map([], |row| row.get(0))?
                .collect()
        };
        read().map_err(sqlite_error)
    }

    /// What the application's options say at a start: who was held back by others is looked
    /// at again.
    pub(crate) fn consent_options(&mut self, policy: &Policy) -> Result<(), StoreError> {
        let options = options(policy);
        let read = || -> rusqlite::Result<Vec<ListId>> {
            self.connection()
                .prepare("SELECT list_dbid FROM consent_awaited WHERE options <> ?1")?
                .query_map([&options], |row| row.get(0))?
                .collect()
        };
        for list in read().map_err(sqlite_error)? {
            self.begin_release(&Asleep::List(list))?;
        }
        self.write(
            "UPDATE consent_awaited SET options = ?1 WHERE options <> ?1",
            [&options],
        )
    }
}

/// The application's options that decide who is held back for want of consent.
fn options(policy: &Policy) -> String {
    let region = policy.region.as_deref().unwrap_or_default();
    format!("consent-required {} in {region}", policy.consent_required)
}

/// Whether anything was ever said, and whether a record was ever held back for want of it.
pub(crate) fn in_use(connection: &Connection) -> Result<(bool, bool), StoreError> {
    connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM consent_statement), \
             EXISTS (SELECT 1 FROM consent_awaited)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .map_err(sqlite_error)
}

/// What the phone and the customer id of a record have said, as far as it counts.
pub(crate) fn heard(connection: &Connection, contact: Contact) -> rusqlite::Result<Heard> {
    let mut heard = Heard::default();
    for (kind, key) in contact.rows() {
        let said = match kind {
            CUSTOMER => &mut heard.customer,
            _ => &mut heard.phone,
        };
        of_key(connection, kind, key, said)?;
    }
    Ok(heard)
}

fn said(connection: &Connection, keys: Keys) -> rusqlite::Result<Vec<Last>> {
    let (kind, key, complete) = columns(keys);
    let mut said = Vec::new();
    for key in [Some(key), complete].into_iter().flatten() {
        of_key(connection, kind, key, &mut said)?;
    }
    Ok(said)
}

const OF_KEY: &str = "FROM consent WHERE kind = ?1 AND key = ?2";

fn of_key(
    connection: &Connection,
    kind: u32,
    key: i64,
    said: &mut Vec<Last>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(&format!("SELECT {LAST} {OF_KEY}"))?;
    for found in statement.query_map(params![kind, key], last)? {
        said.push(found?);
    }
    Ok(())
}

fn state(
    connection: &Connection,
    statement: &Statement,
    keys: Keys,
    now: i64,
) -> rusqlite::Result<i64> {
    let (kind, key, complete) = columns(keys);
    let (phone, customer) = match &statement.subject {
        Subject::Phone(phone) => (Some(phone), None),
        Subject::CustomerId(customer) => (None, Some(customer)),
    };
    let (scope, scope_dbid) = scope_columns(statement.scope);
    connection
        .prepare_cached(
            "INSERT INTO consent_statement (phone, customer_id, key, complete, revokes, scope, \
             scope_dbid, said_at, expires, source, proof, told_by, told_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            phone,
            customer,
            key,
            complete,
            statement.says == Says::Revocation,
            scope,
            scope_dbid,
            statement.at,
            statement.expires,
            statement.source,
            statement.proof,
            statement.by,
            now
        ])?;
    let number = connection.last_insert_rowid();
    for key in [Some(key), complete].into_iter().flatten() {
        hear(connection, (kind, key), (number, statement))?;
    }
    Ok(number)
}

/// Adds a statement to what counts under one key.
fn hear(
    connection: &Connection,
    (kind, key): (u32, i64),
    (number, statement): (i64, &Statement),
) -> rusqlite::Result<()> {
    let (scope, scope_dbid) = scope_columns(statement.scope);
    let known = connection
        .prepare_cached(&format!(
            "SELECT {LAST} {OF_KEY} AND scope = ?3 AND scope_dbid = ?4"
        ))?
        .query_row(params![kind, key, scope, scope_dbid], last)
        .optional()?;
    let mut last = known.unwrap_or_else(|| Last::of(statement.scope));
    last.hear(statement.says, (statement.at, number), statement.expires);
    let consent = last.consent.map(|given| given.place);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO consent (kind, key, scope, scope_dbid, consent_at, \
             consent_id, consent_expires, revoked_at, revoked_id) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            kind,
            key,
            scope,
            scope_dbid,
            consent.map(|place| place.0),
            consent.map(|place| place.1),
            last.consent.and_then(|given| given.expires),
            last.revocation.map(|place| place.0),
            last.revocation.map(|place| place.1)
        ])?;
    Ok(())
}

/// The statements of a phone or a customer id; what is bound first are its keys.
const OF_KEYS: &str = "id IN (SELECT id FROM consent_statement \
     WHERE key IN (?1, ?2) AND (phone IS NULL) = ?3 \
     UNION SELECT id FROM consent_statement \
     WHERE complete IN (?1, ?2) AND (phone IS NULL) = ?3)";

/// Those of one moment: however many there are of others, they are not looked at.
const OF_MOMENT: &str = "id IN (SELECT id FROM consent_statement \
     WHERE key IN (?1, ?2) AND said_at = ?4 AND (phone IS NULL) = ?3 \
     UNION SELECT id FROM consent_statement \
     WHERE complete IN (?1, ?2) AND said_at = ?4 AND (phone IS NULL) = ?3)";

fn same(
    connection: &Connection,
    statement: &Statement,
    keys: Keys,
) -> rusqlite::Result<Option<i64>> {
    let (kind, key, complete) = columns(keys);
    let (scope, scope_dbid) = scope_columns(statement.scope);
    let sql = format!(
        "SELECT {COLUMNS} FROM consent_statement WHERE {OF_MOMENT} \
         AND scope = ?5 AND scope_dbid = ?6"
    );
    let mut found = connection.prepare_cached(&sql)?;
    let mut rows = found.query(params![
        key,
        complete.unwrap_or(key),
        kind == CUSTOMER,
        statement.at,
        scope,
        scope_dbid
    ])?;
    while let Some(row) = rows.next()? {
        let (number, known) = numbered(row)?;
        // Whoever tells it again may be somebody else.
        let known = Statement {
            by: statement.by.clone(),
            ..known
        };
        if known == *statement {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Erases what a phone or a customer id said, at most `most` statements, the oldest first; how
/// many those were. What is left counts as if they had never been. Whatever spelling they were
/// made in, they are found by the keys of the phone.
pub(crate) fn erase(connection: &Connection, keys: Keys, most: u32) -> rusqlite::Result<usize> {
    let (kind, key, complete) = columns(keys);
    let erased: Vec<(i64, Option<i64>)> = connection
        .prepare_cached(&format!(
            "DELETE FROM consent_statement WHERE id IN (SELECT id FROM consent_statement \
             WHERE {OF_KEYS} ORDER BY id LIMIT ?4) RETURNING key, complete"
        ))?
        .query_map(
            params![key, complete.unwrap_or(key), kind == CUSTOMER, most],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .collect::<rusqlite::Result<_>>()?;
    let mut touched: Vec<i64> = erased
        .iter()
        .flat_map(|(key, complete)| [Some(*key), *complete])
        .flatten()
        .collect();
    touched.sort_unstable();
    touched.dedup();
    for key in touched {
        make_anew(connection, (kind, key))?;
    }
    Ok(erased.len())
}

/// Makes what counts under one key anew, of all the statements under it.
fn make_anew(connection: &Connection, (kind, key): (u32, i64)) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM consent WHERE kind = ?1 AND key = ?2")?
        .execute(params![kind, key])?;
    let sql = format!("SELECT {COLUMNS} FROM consent_statement WHERE {OF_KEYS}");
    let mut statement = connection.prepare_cached(&sql)?;
    for row in statement.query_map(params![key, key, kind == CUSTOMER], numbered)? {
        let (number, statement) = row?;
        hear(connection, (kind, key), (number, &statement))?;
    }
    Ok(())
}

impl Reader {
    /// At most `most` statements of a phone or a customer id, the newest first.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn statements_of(&self, keys: Keys, most: u32) -> Result<Vec<Numbered>, StoreError> {
        self.read(move |connection| {
            let (kind, key, complete) = columns(keys);
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM consent_statement WHERE {OF_KEYS} \
                     ORDER BY id DESC LIMIT ?4"
                ))?
                .query_map(
                    params![key, complete.unwrap_or(key), kind == CUSTOMER, most],
                    numbered,
                )?
                .collect()
        })
        .await
    }

    /// What of a phone's or a customer's statements counts: what each scope's last are.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn said(&self, keys: Keys) -> Result<Vec<Last>, StoreError> {
        self.read(move |connection| said(connection, keys)).await
    }

    /// At most `most` statements after the one of this number (0 for the beginning), in the
    /// order in which they came.
    ///
    /// # Errors
    /// As [`Reader::record`].
    pub async fn statements_after(
        &self,
        after: i64,
        most: u32,
    ) -> Result<Vec<Numbered>, StoreError> {
        self.read(move |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM consent_statement WHERE id > ?1 ORDER BY id LIMIT ?2"
                ))?
                .query_map(params![after, most], numbered)?
                .collect()
        })
        .await
    }
}

/// Kind and keys, as rows have them.
fn columns(keys: Keys) -> (u32, i64, Option<i64>) {
    match keys {
        Keys::Phone(phone) => {
            let (bare, full) = phone.to_stored();
            let complete = (bare != full).then_some(full.cast_signed());
            (PHONE, bare.cast_signed(), complete)
        }
        Keys::CustomerId(key) => (CUSTOMER, key.cast_signed(), None),
    }
}

fn scope_columns(scope: Scope) -> (u32, u32) {
    match scope {
        Scope::All => (0, 0),
        Scope::List(list) => (1, list),
        Scope::Campaign(campaign) => (2, campaign),
    }
}

fn scope(row: &Row<'_>, column: usize) -> rusqlite::Result<Scope> {
    let (scope, dbid): (u32, u32) = (row.get(column)?, row.get(column + 1)?);
    Ok(match scope {
        0 => Scope::All,
        1 => Scope::List(dbid),
        _ => Scope::Campaign(dbid),
    })
}

fn last(row: &Row<'_>) -> rusqlite::Result<Last> {
    let place = |at: usize| -> rusqlite::Result<Option<Place>> {
        let (at, number): (Option<i64>, Option<i64>) = (row.get(at)?, row.get(at + 1)?);
        Ok(at.zip(number))
    };
    let consent = place(2)?.map(|place| (place, row.get(4)));
    let consent = match consent {
        Some((place, expires)) => Some(Given {
            place,
            expires: expires?,
        }),
        None => None,
    };
    Ok(Last {
        scope: scope(row, 0)?,
        consent,
        revocation: place(5)?,
    })
}

fn numbered(row: &Row<'_>) -> rusqlite::Result<Numbered> {
    let phone: Option<String> = row.get(1)?;
    let subject = match phone {
        Some(phone) => Subject::Phone(phone),
        None => Subject::CustomerId(row.get(2)?),
    };
    let revokes: bool = row.get(3)?;
    let statement = Statement {
        subject,
        says: if revokes {
            Says::Revocation
        } else {
            Says::Consent
        },
        scope: scope(row, 4)?,
        at: row.get(6)?,
        expires: row.get(7)?,
        source: row.get(8)?,
        proof: row.get(9)?,
        by: row.get(10)?,
    };
    Ok((row.get(0)?, statement))
}

#[cfg(test)]
mod tests {
    use ocs_rules::consent::Call;
    use ocs_rules::consent::standing::{Standing, standing};
    use ocs_rules::do_not_call::Compared;
    use proptest::prelude::*;

    use super::*;
    use crate::sqlite::schema;

    fn store() -> Connection {
        let mut connection = Connection::open_in_memory().expect("a database");
        schema::migrate(&mut connection).expect("the schema");
        connection
    }

    fn phone(text: &str) -> Subject {
        Subject::Phone(text.to_owned())
    }

    fn customer(text: &str) -> Subject {
        Subject::CustomerId(text.to_owned())
    }

    fn statement(subject: Subject, says: Says, scope: Scope, at: i64) -> Statement {
        Statement {
            subject,
            says,
            scope,
            at,
            expires: (says == Says::Consent).then_some(at + 100),
            source: Some("a form".to_owned()),
            proof: None,
            by: "the test".to_owned(),
        }
    }

    fn keys(subject: &Subject) -> Keys {
        Keys::of(subject, Some("US"))
    }

    fn keep(connection: &Connection, statement: &Statement) -> i64 {
        state(connection, statement, keys(&statement.subject), 7).expect("it is kept")
    }

    fn all(connection: &Connection) -> Vec<Statement> {
        connection
            .prepare(&format!(
                "SELECT {COLUMNS} FROM consent_statement ORDER BY id"
            ))
            .and_then(|mut statement| {
                let rows = statement.query_map([], numbered)?;
                rows.map(|row| Ok(row?.1)).collect()
            })
            .expect("statements")
    }

    #[test]
    fn there_and_back_and_told_once() {
        let connection = store();
        let statements = [
            statement(phone("6505550100"), Says::Consent, Scope::All, 5),
            statement(phone("+16505550100"), Says::Revocation, Scope::List(101), 6),
            statement(customer("C-1"), Says::Consent, Scope::Campaign(201), 5),
        ];
        for (number, statement) in (1..).zip(&statements) {
            let known = same(&connection, statement, keys(&statement.subject));
            assert_eq!(known.expect("an answer"), None);
            assert_eq!(keep(&connection, statement), number);
            let known = same(&connection, statement, keys(&statement.subject));
            assert_eq!(known.expect("an answer"), Some(number));
        }
        assert_eq!(all(&connection), statements);
        let mut other = statements[0].clone();
        other.proof = Some("a recording".to_owned());
        let known = same(&connection, &other, keys(&other.subject)).expect("an answer");
        assert_eq!(known, None);
        // By whichever spelling it is asked for.
        for asked in ["+1 650 555 0100", "(650) 555-0100"] {
            let said = said(&connection, keys(&phone(asked))).expect("an answer");
            let call = Call {
                list: Some(101),
                campaign: None,
            };
            assert_eq!(standing(&said, call, 10), Standing::Revoked, "{asked}");
            let elsewhere = Call::default();
            let given = Standing::Given { until: Some(105) };
            assert_eq!(standing(&said, elsewhere, 10), given, "{asked}");
        }
        let others = said(&connection, keys(&phone("C-1"))).expect("an answer");
        assert_eq!(others, [], "a phone is no customer id");
    }

    #[test]
    fn what_was_said_stays() {
        let connection = store();
        keep(
            &connection,
            &statement(phone("1"), Says::Revocation, Scope::All, 5),
        );
        for sql in [
            "UPDATE consent_statement SET revokes = 0",
            "INSERT OR REPLACE INTO consent_statement (id, phone, key, revokes, scope, \
             scope_dbid, said_at, told_by, told_at) VALUES (1, '1', 11, 0, 0, 0, 5, '', 7)",
        ] {
            let error = connection.execute(sql, []).expect_err(sql);
            assert!(error.to_string().contains("only added to"), "{error}");
        }
    }

    #[test]
    fn each_question_is_a_seek() {
        let connection = store();
        let of_key = format!("SELECT {LAST} {OF_KEY}");
        let of_keys = format!("SELECT {COLUMNS} FROM consent_statement WHERE {OF_KEYS}");
        let of_moment = format!("SELECT {COLUMNS} FROM consent_statement WHERE {OF_MOMENT}");
        for (sql, values) in [(&of_key, 2), (&of_keys, 3), (&of_moment, 4)] {
            let plan: Vec<String> = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .and_then(|mut statement| {
                    for at in 1..=values {
                        statement.raw_bind_parameter(at, 1)?;
                    }
                    let mut rows = statement.raw_query();
                    let mut plan = Vec::new();
                    while let Some(row) = rows.next()? {
                        plan.push(row.get(3)?);
                    }
                    Ok(plan)
                })
                .expect("a plan");
            assert!(
                !plan.iter().any(|step| step.starts_with("SCAN")),
                "{plan:?}"
            );
        }
    }

    /// Spellings of two phones, of which some have two keys, and two customers.
    fn subject() -> impl Strategy<Value = Subject> {
        prop_oneof![
            Just(phone("+16505550100")),
            Just(phone("(650) 555-0100")),
            Just(phone("16505550100")),
            Just(phone("+4915112345678")),
            Just(customer("C-1")),
            Just(customer("C-2")),
        ]
    }

    fn told() -> impl Strategy<Value = Statement> {
        let says = prop_oneof![Just(Says::Consent), Just(Says::Revocation)];
        let scope = prop_oneof![
            Just(Scope::All),
            Just(Scope::List(101)),
            Just(Scope::Campaign(201)),
        ];
        (subject(), says, scope, 0..9_i64)
            .prop_map(|(subject, says, scope, at)| statement(subject, says, scope, at))
    }

    /// Whether two subjects are the same for comparison.
    fn is_same(one: &Subject, other: &Subject) -> bool {
        match (one, other) {
            (Subject::Phone(one), Subject::Phone(other)) => {
                let of = |text: &str| Compared::of(text, Some("US"));
                of(one).matches(of(other))
            }
            (one, other) => one == other,
        }
    }

    proptest! {
        /// What counts is what the statements say, read one by one; also after some were
        /// erased.
        #[test]
        fn what_counts_follows_the_statements(
            told in prop::collection::vec(told(), 0..20),
            erased in prop::option::of((subject(), 1..6_u32)),
            asked in subject(),
        ) {
            let connection = store();
            for statement in &told {
                keep(&connection, statement);
            }
            let mut left = told;
            if let Some((subject, most)) = erased {
                let count = erase(&connection, keys(&subject), most).expect("it is erased");
                let mut gone = 0;
                left.retain(|statement| {
                    let goes = gone < most && is_same(&statement.subject, &subject);
                    gone += u32::from(goes);
                    !goes
                });
                prop_assert_eq!(count, gone as usize);
            }
            prop_assert_eq!(all(&connection), left.clone());
            let said = said(&connection, keys(&asked)).expect("an answer");
            let mut plain = Last::of(Scope::All);
            for (number, statement) in (1..).zip(&left) {
                if is_same(&statement.subject, &asked) {
                    plain.hear(statement.says, (statement.at, number), statement.expires);
                }
            }
            // One call that every statement reaches: their scopes do not matter.
            let call = Call { list: Some(101), campaign: Some(201) };
            for now in [0, 5, 104, 200] {
                prop_assert_eq!(
                    standing(&said, call, now),
                    standing(&[plain], call, now),
                    "at {}", now
                );
            }
        }
    }

    /// With a million statements in the store, a check has fifty microseconds.
    #[test]
    #[ignore = "a measurement"]
    fn how_long_a_check_takes() {
        let connection = store();
        connection
            .execute_batch(
                "WITH RECURSIVE numbers (n) AS \
                 (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000) \
                 INSERT INTO consent SELECT 1, n * 7919, 0, 0, n, n, NULL, NULL, NULL \
                 FROM numbers",
            )
            .expect("what counts");
        let begun = std::time::Instant::now();
        let checks = 200_000_u64;
        let mut found = 0;
        for number in 0..checks {
            let key = number * 104_729 % 1_000_000 * 7_919;
            let asked = Keys::Phone(Compared::from_stored(key, key + 1));
            found += said(&connection, asked).expect("an answer").len();
        }
        let took = begun.elapsed() / u32::try_from(checks).expect("few");
        println!("figure consent-us {:.2}", took.as_secs_f64() * 1e6);
        assert!(found > 0, "nothing was found");
        assert!(took.as_micros() < 50, "{took:?}");
    }
}
