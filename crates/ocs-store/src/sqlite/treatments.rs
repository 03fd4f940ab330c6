//! Treatments as rows.

use ocs_protocol::enumeration::{CallResult, Enumeration as _};
use ocs_rules::calling_list::ListId;
use ocs_rules::campaign::CampaignId;
use ocs_rules::treatment::{Action, Interval, Treatment};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

/// Whose treatments they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    List(ListId),
    Campaign(CampaignId),
}

impl Owner {
    /// The columns `list_dbid` and `campaign_dbid`.
    const fn columns(self) -> (Option<ListId>, Option<CampaignId>) {
        match self {
            Self::List(dbid) => (Some(dbid), None),
            Self::Campaign(dbid) => (None, Some(dbid)),
        }
    }
}

/// Reads all treatments, those of each owner in their order.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Vec<(Owner, Treatment)>> {
    connection
        .prepare(
            "SELECT list_dbid, campaign_dbid, call_result, action, attempt, cycles, waits, \
             increment, date_time, campaign_group FROM treatment ORDER BY position",
        )?
        .query_map([], treatment)?
        .collect()
}

fn treatment(row: &Row<'_>) -> rusqlite::Result<(Owner, Treatment)> {
    let unknown = |column, what: String| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
    };
    let owner = match (row.get(0)?, row.get(1)?) {
        (Some(list), _) => Owner::List(list),
        (None, Some(campaign)) => Owner::Campaign(campaign),
        (None, None) => return Err(unknown(0, "a treatment is nobody's".to_owned())),
    };
    let number: i64 = row.get(2)?;
    let result = CallResult::from_number(number)
        .ok_or_else(|| unknown(2, format!("{number} is no call result")))?;
    let increment = row.get::<_, Option<u32>>(7)?.unwrap_or(0);
    let interval = row
        .get::<_, Option<u32>>(6)?
        .map(|minutes| Interval { minutes, increment });
    let name: String = row.get(3)?;
    let action = Action::from_parts(&name, interval, row.get(8)?, row.get(9)?)
        .ok_or_else(|| unknown(3, format!("{name} is no action that this OCS knows")))?;
    let treatment = Treatment {
        result,
        action,
        attempt: row.get(4)?,
        cycles: row.get(5)?,
    };
    Ok((owner, treatment))
}

/// Puts treatments in the place of those that an owner has.
pub(super) fn put(
    connection: &Connection,
    owner: Owner,
    treatments: &[Treatment],
) -> rusqlite::Result<()> {
    let (list, campaign) = owner.columns();
    connection.execute(
        "DELETE FROM treatment WHERE list_dbid IS ?1 AND campaign_dbid IS ?2",
        params![list, campaign],
    )?;
    for (position, treatment) in (0_u32..).zip(treatments) {
        let action = &treatment.action;
        let interval = action.interval();
        connection.execute(
            "INSERT INTO treatment (list_dbid, campaign_dbid, position, call_result, action, \
             attempt, cycles, waits, increment, date_time, campaign_group) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                list,
                campaign,
                position,
                treatment.result.number(),
                action.name(),
                treatment.attempt,
                treatment.cycles,
                interval.map(|interval| interval.minutes),
                interval.map(|interval| interval.increment),
                action.date_time(),
                action.group(),
            ],
        )?;
    }
    Ok(())
}
