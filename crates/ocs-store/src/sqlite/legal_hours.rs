//! Rules of legal hours and holidays as rows, and which calling lists are to be placed
//! again because their phones are read otherwise.

use ocs_rules::calling_list::ListId;
use ocs_rules::days::Days;
use ocs_rules::legal_hours::LegalHours;
use ocs_rules::legal_hours::built_in;
use ocs_rules::legal_hours::holiday::{Holiday, HolidayDate};
use ocs_rules::legal_hours::rule::{Hours, Origin, Rule};
use ocs_rules::legal_hours::territory::Code;
use ocs_rules::objects::Objects;
use ocs_rules::record::{ChainId, Handle};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::error::StoreError;
use crate::sqlite::objects::query;
use crate::sqlite::sqlite_error;

/// Brings the built-in rules and holidays to what this version has; what an objects file
/// put in their place stays.
pub(crate) fn ensure_built_in(connection: &Connection) -> Result<(), StoreError> {
    let ensure = || -> rusqlite::Result<()> {
        let mut stored = LegalHours::default();
        read(connection, &mut stored)?;
        let rules = built_in::rules();
        let holidays = built_in::holidays();
        let old_rules = stored.rules().iter().filter(|old| {
            let kept = rules.iter().any(|rule| rule.name == old.name);
            old.origin == Origin::BuiltIn && !kept
        });
        let old_holidays = stored.holidays().iter().filter(|old| {
            let kept = holidays.iter().any(|holiday| holiday.name == old.name);
            old.origin == Origin::BuiltIn && !kept
        });
        let new_rules = rules.iter().filter(|rule| {
            let known = stored.rules().iter().find(|known| known.name == rule.name);
            known.is_none_or(|known| known.origin == Origin::BuiltIn && known != *rule)
        });
        let new_holidays = holidays.iter().filter(|holiday| {
            let mut known = stored.holidays().iter();
            let known = known.find(|known| known.name == holiday.name);
            known.is_none_or(|known| known.origin == Origin::BuiltIn && known != *holiday)
        });
        // One commit, and none where nothing is new, so that a start stays short.
        connection.execute_batch("SAVEPOINT built_in")?;
        for old in old_rules {
            remove_rule(connection, &old.name)?;
        }
        for old in old_holidays {
            remove_holiday(connection, &old.name)?;
        }
        for rule in new_rules {
            put_rule(connection, rule)?;
        }
        for holiday in new_holidays {
            put_holiday(connection, holiday)?;
        }
        connection.execute_batch("RELEASE built_in")
    };
    ensure().map_err(sqlite_error)
}

/// Reads all rules and holidays.
pub(crate) fn read(connection: &Connection, into: &mut LegalHours) -> rusqlite::Result<()> {
    let hours = query(
        connection,
        "SELECT rule, days, time_from, time_till FROM legal_rule_hours \
         ORDER BY rule, position",
        |row| {
            let hours = Hours {
                days: Days::from_bits(row.get(1)?),
                from: row.get(2)?,
                till: row.get(3)?,
            };
            Ok((row.get::<_, String>(0)?, hours))
        },
    )?;
    for mut rule in query(
        connection,
        "SELECT name, country, region, origin, off, source FROM legal_rule",
        |row| {
            let (country, region) = place(row)?;
            Ok(Rule {
                name: row.get(0)?,
                country,
                region,
                hours: Vec::new(),
                source: row.get(5)?,
                origin: origin(row)?,
                off: row.get(4)?,
            })
        },
    )? {
        let own = hours.iter().filter(|(name, _)| *name == rule.name);
        rule.hours = own.map(|(_, hours)| *hours).collect();
        into.put_rule(rule);
    }
    let hours = query(
        connection,
        "SELECT holiday, time_from, time_till FROM legal_holiday_hours ORDER BY holiday, position",
        |row| Ok((row.get::<_, String>(0)?, (row.get(1)?, row.get(2)?))),
    )?;
    for mut holiday in query(
        connection,
        "SELECT name, country, region, origin, off, source, date FROM legal_holiday",
        |row| {
            let (country, region) = place(row)?;
            let date: String = row.get(6)?;
            Ok(Holiday {
                name: row.get(0)?,
                country,
                region,
                date: HolidayDate::parse(&date)
                    .ok_or_else(|| wrong(6, &date, "the date of a holiday"))?,
                hours: Vec::new(),
                source: row.get(5)?,
                origin: origin(row)?,
                off: row.get(4)?,
            })
        },
    )? {
        let own = hours.iter().filter(|(name, _)| *name == holiday.name);
        holiday.hours = own.map(|(_, hours)| *hours).collect();
        into.put_holiday(holiday);
    }
    Ok(())
}

fn place(row: &Row<'_>) -> rusqlite::Result<(Code, Option<Code>)> {
    let code = |column: usize, text: &str| {
        Code::new(text).ok_or_else(|| wrong(column, text, "the code of a country or region"))
    };
    let (country, region): (String, Option<String>) = (row.get(1)?, row.get(2)?);
    let region = region.map(|region| code(2, &region)).transpose()?;
    Ok((code(1, &country)?, region))
}

fn origin(row: &Row<'_>) -> rusqlite::Result<Origin> {
    let origin: String = row.get(3)?;
    [Origin::BuiltIn, Origin::Configured]
        .into_iter()
        .find(|known| known.name() == origin)
        .ok_or_else(|| wrong(3, &origin, "an origin"))
}

fn wrong(column: usize, text: &str, what: &str) -> rusqlite::Error {
    let error = format!("{text:?} is not {what}");
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}

pub(super) fn put_rule(connection: &Connection, rule: &Rule) -> rusqlite::Result<()> {
    remove_rule(connection, &rule.name)?;
    connection.execute(
        "INSERT INTO legal_rule (name, country, region, source, origin, off) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            rule.name,
            rule.country.as_str(),
            rule.region.as_ref().map(Code::as_str),
            rule.source,
            rule.origin.name(),
            rule.off
        ],
    )?;
    for (position, hours) in (0_u32..).zip(&rule.hours) {
        connection.execute(
            "INSERT INTO legal_rule_hours (rule, position, days, time_from, time_till) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                rule.name,
                position,
                hours.days.bits(),
                hours.from,
                hours.till
            ],
        )?;
    }
    Ok(())
}

pub(super) fn remove_rule(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection
        .execute("DELETE FROM legal_rule WHERE name = ?1", [name])
        .map(|_| ())
}

pub(super) fn put_holiday(connection: &Connection, holiday: &Holiday) -> rusqlite::Result<()> {
    remove_holiday(connection, &holiday.name)?;
    connection.execute(
        "INSERT INTO legal_holiday (name, country, region, date, source, origin, off) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            holiday.name,
            holiday.country.as_str(),
            holiday.region.as_ref().map(Code::as_str),
            holiday.date.to_string(),
            holiday.source,
            holiday.origin.name(),
            holiday.off
        ],
    )?;
    for (position, (from, till)) in (0_u32..).zip(&holiday.hours) {
        connection.execute(
            "INSERT INTO legal_holiday_hours (holiday, position, time_from, time_till) \
             VALUES (?1, ?2, ?3, ?4)",
            params![holiday.name, position, from, till],
        )?;
    }
    Ok(())
}

pub(super) fn remove_holiday(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection
        .execute("DELETE FROM legal_holiday WHERE name = ?1", [name])
        .map(|_| ())
}

/// Notes which calling lists are to be placed again: those whose phones are read in another
/// region, or that are guarded where they were not, or the other way round. Says whether
/// there are any.
pub(crate) fn begin_placing(
    connection: &Connection,
    objects: &Objects,
) -> Result<bool, StoreError> {
    let begin = || -> rusqlite::Result<bool> {
        let known = query(
            connection,
            "SELECT list_dbid, region, guarded, up_to IS NOT NULL FROM placed_list",
            |row| {
                let read: (Option<String>, bool) = (row.get(1)?, row.get(2)?);
                Ok((row.get::<_, ListId>(0)?, read, row.get::<_, bool>(3)?))
            },
        )?;
        let mut placing = false;
        connection.execute_batch("SAVEPOINT placing")?;
        for list in objects.lists() {
            let region = objects.legal_region(&list).map(ToOwned::to_owned);
            let guarded = objects.guards(&list);
            let found = known.iter().find(|(dbid, ..)| *dbid == list.dbid);
            let up_to = match found {
                // A new one: its records are placed as they come.
                None => None,
                // Where nobody is guarded, nobody's phone is read.
                Some((_, (known, true), _)) if guarded && *known == region => {
                    placing |= found.is_some_and(|found| found.2);
                    continue;
                }
                Some((_, (_, false), _)) if !guarded => {
                    placing |= found.is_some_and(|found| found.2);
                    continue;
                }
                Some(_) => Some(0),
            };
            placing |= up_to.is_some();
            connection.execute(
                "INSERT INTO placed_list (list_dbid, region, guarded, up_to) \
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT (list_dbid) DO UPDATE SET \
                 region = excluded.region, guarded = excluded.guarded, up_to = excluded.up_to",
                params![list.dbid, region, guarded, up_to],
            )?;
        }
        for (dbid, ..) in known
            .iter()
            .filter(|(dbid, ..)| objects.list(*dbid).is_none())
        {
            connection.execute("DELETE FROM placed_list WHERE list_dbid = ?1", [dbid])?;
        }
        connection.execute_batch("RELEASE placing")?;
        Ok(placing)
    };
    begin().map_err(sqlite_error)
}

/// Chains of which records are to be placed again, at most of so many records; `None` when
/// all are. What is found counts as placed: it is to be done in the same transaction.
pub(crate) fn next_to_place(
    connection: &Connection,
    most: u32,
) -> Result<Option<Vec<(ListId, ChainId)>>, StoreError> {
    let next = || -> rusqlite::Result<Option<Vec<(ListId, ChainId)>>> {
        let list: Option<(ListId, Handle)> = connection
            .prepare_cached(
                "SELECT list_dbid, up_to FROM placed_list WHERE up_to IS NOT NULL LIMIT 1",
            )?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((list, up_to)) = list else {
            return Ok(None);
        };
        // Rows in the order of the file, of whatever list, so that a step is short.
        let mut last = None;
        let mut chains = Vec::new();
        let mut statement = connection.prepare_cached(
            "SELECT record_id, list_dbid, chain_id, record_status = 1 FROM record \
             WHERE record_id > ?1 ORDER BY record_id LIMIT ?2",
        )?;
        let mut rows = statement.query(params![up_to, most])?;
        while let Some(row) = rows.next()? {
            last = Some(row.get::<_, Handle>(0)?);
            if row.get::<_, ListId>(1)? == list && row.get(3)? {
                chains.push((list, row.get::<_, ChainId>(2)?));
            }
        }
        connection
            .prepare_cached("UPDATE placed_list SET up_to = ?2 WHERE list_dbid = ?1")?
            .execute(params![list, last])?;
        chains.sort_unstable();
        chains.dedup();
        Ok(Some(chains))
    };
    next().map_err(sqlite_error)
}
