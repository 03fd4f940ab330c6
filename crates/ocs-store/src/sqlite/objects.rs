//! Campaign objects as rows.

use ocs_protocol::enumeration::{DialingMode, Enumeration as _};
use ocs_rules::calling_list::{CallingList, DailyWindow, Field, FieldKind};
use ocs_rules::campaign::{Campaign, CampaignGroup, WeightedList};
use ocs_rules::counters::Counters;
use ocs_rules::filter::Filter;
use ocs_rules::objects::{ObjectChange, Objects};
use ocs_rules::options::Options;
use ocs_rules::treatment::Treatment;
use ocs_rules::zone::{self, Zone, ZoneOrigin};
use rusqlite::{Connection, params};

use crate::error::StoreError;
use crate::sqlite::{frequency_caps, legal_hours, schedules, sqlite_error, treatments};

/// Writes what every store has: the counters and the built-in zones.
pub(crate) fn ensure_built_in(connection: &Connection) -> Result<(), StoreError> {
    let write = || -> rusqlite::Result<()> {
        let counters = Counters::default();
        connection.execute(
            "INSERT OR IGNORE INTO counters (id, record_handle, calling_list, campaign, \
             campaign_group, time_zone, filter, schedule) \
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                counters.handle,
                counters.list,
                counters.campaign,
                counters.group,
                counters.zone,
                counters.filter,
                counters.schedule
            ],
        )?;
        for (dbid, name, iana) in zone::BUILT_IN {
            connection.execute(
                "INSERT OR IGNORE INTO time_zone (dbid, name, iana, origin) \
                 VALUES (?1, ?2, ?3, 'built-in')",
                params![dbid, name, iana],
            )?;
        }
        Ok(())
    };
    write().map_err(sqlite_error)?;
    legal_hours::ensure_built_in(connection)
}

/// Reads the counters. The next record handle is the one after the last record: so
/// it need not be written with every record, which would be one page more in every
/// commit. What removes records has to write the counter, so that a handle that was
/// given out is never given out again.
pub(crate) fn read_counters(connection: &Connection) -> Result<Counters, StoreError> {
    connection
        .query_row(
            "SELECT max(record_handle, coalesce((SELECT max(record_id) FROM record), 0) + 1), \
             calling_list, campaign, campaign_group, time_zone, filter, schedule \
             FROM counters",
            [],
            |row| {
                Ok(Counters {
                    handle: row.get(0)?,
                    list: row.get(1)?,
                    campaign: row.get(2)?,
                    group: row.get(3)?,
                    zone: row.get(4)?,
                    filter: row.get(5)?,
                    schedule: row.get(6)?,
                })
            },
        )
        .map_err(sqlite_error)
}

pub(crate) fn write_counters(
    connection: &Connection,
    counters: Counters,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE counters SET record_handle = ?1, calling_list = ?2, campaign = ?3, \
             campaign_group = ?4, time_zone = ?5, filter = ?6, schedule = ?7",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                counters.handle,
                counters.list,
                counters.campaign,
                counters.group,
                counters.zone,
                counters.filter,
                counters.schedule
            ])
        })
        .map(|_| ())
        .map_err(sqlite_error)
}

/// Reads all objects.
pub(crate) fn read(connection: &Connection) -> Result<Objects, StoreError> {
    read_all(connection).map_err(sqlite_error)
}

fn read_all(connection: &Connection) -> rusqlite::Result<Objects> {
    let mut objects = Objects::default();
    for zone in query(
        connection,
        "SELECT dbid, name, iana, origin FROM time_zone",
        |row| {
            let (iana, origin): (String, String) = (row.get(2)?, row.get(3)?);
            let (Some((_, zone)), Some(origin)) =
                (zone::iana(&iana), ZoneOrigin::from_name(&origin))
            else {
                let error = format!("{iana} is no IANA time zone that this OCS knows");
                return Err(rusqlite::Error::FromSqlConversionFailure(
                    2,
                    rusqlite::types::Type::Text,
                    error.into(),
                ));
            };
            Ok(Zone {
                dbid: row.get(0)?,
                name: row.get(1)?,
                zone,
                origin,
            })
        },
    )? {
        objects.put_zone(zone);
    }
    let fields = query(
        connection,
        "SELECT list_dbid, name, type, length, send_attribute FROM calling_list_field \
         ORDER BY list_dbid, position",
        |row| {
            let (kind, length): (String, Option<u32>) = (row.get(2)?, row.get(3)?);
            let kind = FieldKind::from_name(&kind, length.unwrap_or(0)).unwrap_or(FieldKind::Int);
            let list: u32 = row.get(0)?;
            Ok((
                list,
                Field {
                    name: row.get(1)?,
                    kind,
                    send_attribute: row.get(4)?,
                },
            ))
        },
    )?;
    let treated = treatments::read(connection)?;
    let treatments_of = |owner: treatments::Owner| -> Vec<Treatment> {
        let own = treated.iter().filter(|(known, _)| *known == owner);
        own.map(|(_, treatment)| treatment.clone()).collect()
    };
    for mut list in query(
        connection,
        "SELECT dbid, name, daily_from, daily_till, tz_dbid, max_attempts, region, options \
         FROM calling_list",
        |row| {
            Ok(CallingList {
                dbid: row.get(0)?,
                name: row.get(1)?,
                window: DailyWindow {
                    from: row.get(2)?,
                    till: row.get(3)?,
                },
                zone: row.get(4)?,
                max_attempts: row.get(5)?,
                region: row.get(6)?,
                options: Options::from_stored(&row.get::<_, String>(7)?),
                fields: Vec::new(),
                treatments: Vec::new(),
            })
        },
    )? {
        let own = fields.iter().filter(|(dbid, _)| *dbid == list.dbid);
        list.fields = own.map(|(_, field)| field.clone()).collect();
        list.treatments = treatments_of(treatments::Owner::List(list.dbid));
        objects.put_list(list);
    }
    let lists = query(
        connection,
        "SELECT campaign_dbid, list_dbid, weight, filter_dbid FROM campaign_list \
         ORDER BY campaign_dbid, position",
        |row| {
            let campaign: u32 = row.get(0)?;
            Ok((
                campaign,
                WeightedList {
                    list: row.get(1)?,
                    weight: row.get(2)?,
                    filter: row.get(3)?,
                },
            ))
        },
    )?;
    for mut campaign in query(
        connection,
        "SELECT dbid, name, description, options FROM campaign",
        |row| {
            Ok(Campaign {
                dbid: row.get(0)?,
                name: row.get(1)?,
                description: row.get(2)?,
                options: Options::from_stored(&row.get::<_, String>(3)?),
                lists: Vec::new(),
                treatments: Vec::new(),
            })
        },
    )? {
        let own = lists.iter().filter(|(dbid, _)| *dbid == campaign.dbid);
        campaign.lists = own.map(|(_, list)| *list).collect();
        campaign.treatments = treatments_of(treatments::Owner::Campaign(campaign.dbid));
        objects.put_campaign(campaign);
    }
    for group in query(
        connection,
        "SELECT dbid, campaign_dbid, group_name, description, dialing_mode, options, \
         schedule_dbid, sequence FROM campaign_group",
        |row| {
            let mode: i64 = row.get(4)?;
            Ok(CampaignGroup {
                dbid: row.get(0)?,
                campaign: row.get(1)?,
                group: row.get(2)?,
                description: row.get(3)?,
                mode: DialingMode::from_number(mode).unwrap_or(DialingMode::Preview),
                options: Options::from_stored(&row.get::<_, String>(5)?),
                schedule: row.get(6)?,
                sequence: row.get(7)?,
            })
        },
    )? {
        objects.put_group(group);
    }
    for filter in query(
        connection,
        "SELECT dbid, name, condition, sorted_by FROM filter",
        |row| {
            Ok(Filter {
                dbid: row.get(0)?,
                name: row.get(1)?,
                condition: row.get(2)?,
                order: row.get(3)?,
            })
        },
    )? {
        objects.put_filter(filter);
    }
    for cap in frequency_caps::read(connection)? {
        objects.put_cap(cap);
    }
    for schedule in schedules::read(connection)? {
        objects.put_schedule(schedule);
    }
    legal_hours::read(connection, objects.legal_hours_mut())?;
    Ok(objects)
}

pub(super) fn query<T>(
    connection: &Connection,
    sql: &str,
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare(sql)?.query_map([], read)?.collect()
}

/// Writes one change of the objects.
pub(crate) fn write(connection: &Connection, change: &ObjectChange) -> Result<(), StoreError> {
    let written = match change {
        ObjectChange::PutList(list) => put_list(connection, list),
        ObjectChange::RemoveList(dbid) => remove(connection, "calling_list", *dbid),
        ObjectChange::PutCampaign(campaign) => put_campaign(connection, campaign),
        ObjectChange::RemoveCampaign(dbid) => remove(connection, "campaign", *dbid),
        ObjectChange::PutGroup(group) => put_group(connection, group),
        ObjectChange::RemoveGroup(dbid) => remove(connection, "campaign_group", *dbid),
        ObjectChange::PutFilter(filter) => put_filter(connection, filter),
        ObjectChange::RemoveFilter(dbid) => remove(connection, "filter", *dbid),
        ObjectChange::PutCap(cap) => frequency_caps::put(connection, cap),
        ObjectChange::RemoveCap(name) => frequency_caps::remove(connection, name),
        ObjectChange::PutZone(zone) => put_zone(connection, zone),
        ObjectChange::RemoveZone(dbid) => remove(connection, "time_zone", *dbid),
        ObjectChange::PutSchedule(schedule) => schedules::put(connection, schedule),
        ObjectChange::RemoveSchedule(dbid) => remove(connection, "schedule", *dbid),
        ObjectChange::PutRule(rule) => legal_hours::put_rule(connection, rule),
        ObjectChange::RemoveRule(name) => legal_hours::remove_rule(connection, name),
        ObjectChange::PutHoliday(holiday) => legal_hours::put_holiday(connection, holiday),
        ObjectChange::RemoveHoliday(name) => legal_hours::remove_holiday(connection, name),
    };
    written.map_err(sqlite_error)
}

/// Removes a row by its DBID. `table` is one of ours, never a client's word.
fn remove(connection: &Connection, table: &str, dbid: u32) -> rusqlite::Result<()> {
    connection
        .execute(&format!("DELETE FROM {table} WHERE dbid = ?1"), [dbid])
        .map(|_| ())
}

fn put_zone(connection: &Connection, zone: &Zone) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO time_zone (dbid, name, iana, origin) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (dbid) DO UPDATE SET name = excluded.name, iana = excluded.iana, \
         origin = excluded.origin",
        params![
            zone.dbid,
            zone.name,
            zone.zone.iana_name().unwrap_or("Etc/UTC"),
            zone.origin.name()
        ],
    )?;
    Ok(())
}

fn put_list(connection: &Connection, list: &CallingList) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO calling_list (dbid, name, daily_from, daily_till, tz_dbid, max_attempts, \
         region, options) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
         ON CONFLICT (dbid) DO UPDATE SET name = excluded.name, \
         daily_from = excluded.daily_from, daily_till = excluded.daily_till, \
         tz_dbid = excluded.tz_dbid, max_attempts = excluded.max_attempts, \
         region = excluded.region, options = excluded.options",
        params![
            list.dbid,
            list.name,
            list.window.from,
            list.window.till,
            list.zone,
            list.max_attempts,
            list.region,
            list.options.stored()
        ],
    )?;
    connection.execute(
        "DELETE FROM calling_list_field WHERE list_dbid = ?1",
        [list.dbid],
    )?;
    for (position, field) in (0_u32..).zip(&list.fields) {
        connection.execute(
            "INSERT INTO calling_list_field (list_dbid, position, name, type, length, \
             send_attribute) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                list.dbid,
                position,
                field.name,
                field.kind.name(),
                field.kind.length(),
                field.send_attribute
            ],
        )?;
    }
    let owner = treatments::Owner::List(list.dbid);
    treatments::put(connection, owner, &list.treatments)
}

fn put_campaign(connection: &Connection, campaign: &Campaign) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO campaign (dbid, name, description, options) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (dbid) DO UPDATE SET name = excluded.name, \
         description = excluded.description, options = excluded.options",
        params![
            campaign.dbid,
            campaign.name,
            campaign.description,
            campaign.options.stored()
        ],
    )?;
    connection.execute(
        "DELETE FROM campaign_list WHERE campaign_dbid = ?1",
        [campaign.dbid],
    )?;
    for (position, list) in (0_u32..).zip(&campaign.lists) {
        connection.execute(
            "INSERT INTO campaign_list (campaign_dbid, position, list_dbid, weight, filter_dbid) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![campaign.dbid, position, list.list, list.weight, list.filter],
        )?;
    }
    let owner = treatments::Owner::Campaign(campaign.dbid);
    treatments::put(connection, owner, &campaign.treatments)
}

fn put_filter(connection: &Connection, filter: &Filter) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO filter (dbid, name, condition, sorted_by) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (dbid) DO UPDATE SET name = excluded.name, \
         condition = excluded.condition, sorted_by = excluded.sorted_by",
        params![filter.dbid, filter.name, filter.condition, filter.order],
    )?;
    Ok(())
}

fn put_group(connection: &Connection, group: &CampaignGroup) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO campaign_group (dbid, campaign_dbid, group_name, description, \
         dialing_mode, options, schedule_dbid, sequence) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
         ON CONFLICT (dbid) DO UPDATE SET campaign_dbid = excluded.campaign_dbid, \
         group_name = excluded.group_name, description = excluded.description, \
         dialing_mode = excluded.dialing_mode, options = excluded.options, \
         schedule_dbid = excluded.schedule_dbid, sequence = excluded.sequence",
        params![
            group.dbid,
            group.campaign,
            group.group,
            group.description,
            group.mode.number(),
            group.options.stored(),
            group.schedule,
            group.sequence
        ],
    )?;
    Ok(())
}
