//! Reads of records: pages, chains, attempts, and by phone or customer id.

use ocs_protocol::enumeration::{CallResult, Enumeration as _, RecordStatus};
use ocs_rules::calling_list::ListId;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::consent::standing::Heard;
use ocs_rules::do_not_call::{Compared, Keys, Subject};
use ocs_rules::record::{Handle, Record};
use rusqlite::{Connection, params};

use crate::error::StoreError;
use crate::reader::Reader;
use crate::sqlite::contacts::Part;
use crate::sqlite::frequency_caps::Contact;
use crate::sqlite::{RECORD_COLUMNS, consent, do_not_call, read_row as record, record_from_row};

/// One attempt at a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its GUID.
    pub guid: String,
    /// The campaign group that it was made for.
    pub group: CampaignGroupId,
    /// The agent.
    pub agent: Option<String>,
    /// When it began, UTC seconds.
    pub begun: i64,
    /// When it ended, UTC seconds.
    pub ended: Option<i64>,
    /// What came of it.
    pub result: Option<CallResult>,
}

/// A record with what is around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Surroundings {
    /// The record.
    pub record: Record,
    /// The records of its chain, itself among them, in order.
    pub chain: Vec<Record>,
    /// The attempts at it, in order.
    pub attempts: Vec<Attempt>,
    /// Whether its phone or its customer id is on the Do Not Call list.
    pub do_not_call: bool,
    /// What its phone and its customer id have said of being called.
    pub consent: Heard,
    /// Whether somebody has a record of the same phone or customer.
    pub contact_out: bool,
}

/// Which records of a calling list are read.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// With this status.
    pub status: Option<RecordStatus>,
    /// With this phone.
    pub phone: Option<Compared>,
    /// With this customer id.
    pub customer_id: Option<String>,
    /// With greater handles.
    pub after: Handle,
    /// So many at most.
    pub limit: u32,
}

/// How many candidates are looked at for one page; who has more goes on from the last
/// handle of the page.
const LOOKED_AT: usize = 10_000;

impl Reader {
    /// A record with its chain and its attempts; `region_of` says in which region its
    /// calling list's phones are read. `now` is in UTC seconds.
    ///
    /// # Errors
    /// The store cannot be read, or too many reads wait.
    pub async fn surroundings(
        &self,
        handle: Handle,
        region_of: impl Fn(ListId) -> Option<String> + Send + 'static,
        now: i64,
    ) -> Result<Option<Surroundings>, StoreError> {
        let (list, out) = (self.do_not_call.clone(), self.out.clone());
        self.read(move |connection| {
            let Some(record) = record(connection, handle)? else {
                return Ok(None);
            };
            let chain = chain(connection, &record)?;
            let attempts = attempts(connection, handle)?;
            let phone = Compared::of(&record.contact.phone, region_of(record.list).as_deref());
            let customer = record.contact.customer_id.as_deref();
            let do_not_call = match list.look().list() {
                Some(list) => {
                    list.restricts_phone(phone, now)
                        || customer.is_some_and(|customer| list.restricts_customer(customer, now))
                }
                None => {
                    let customer = customer.map(|id| Subject::CustomerId(id.to_owned()));
                    let keys = customer.map(|customer| Keys::of(&customer, None));
                    let mut keys = [Some(Keys::Phone(phone)), keys].into_iter().flatten();
                    keys.try_fold(false, |is, keys| {
                        Ok::<_, rusqlite::Error>(
                            is || do_not_call::restricts(connection, keys, now)?,
                        )
                    })?
                }
            };
            let contact = Contact::of(&record, phone);
            let consent = consent::heard(connection, contact)?;
            // One that is out itself is not Ready, and nobody asks.
            let contact_out = out.look().has(phone, customer);
            Ok(Some(Surroundings {
                record,
                chain,
                attempts,
                do_not_call,
                consent,
                contact_out,
            }))
        })
        .await
    }

    /// A page of a calling list's records, by handle.
    ///
    /// # Errors
    /// As [`Reader::surroundings`].
    pub async fn page(
        &self,
        list: ListId,
        page: Page,
        region: Option<String>,
    ) -> Result<Vec<Record>, StoreError> {
        let Some(candidates) = self.candidates(&page).await? else {
            return self
                .read(move |connection| scan(connection, list, &page))
                .await;
        };
        self.read(move |connection| {
            let mut found = Vec::new();
            for handle in candidates {
                if found.len() >= page.limit as usize {
                    break;
                }
                if let Some(record) = record(connection, handle)?
                    && record.list == list
                    && page.takes(&record, region.as_deref())
                {
                    found.push(record);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Every record with a phone or a customer id, in all calling lists, by handle; so
    /// many at most.
    ///
    /// # Errors
    /// As [`Reader::surroundings`].
    pub async fn records_of(
        &self,
        page: Page,
        region_of: impl Fn(ListId) -> Option<String> + Send + 'static,
    ) -> Result<Vec<Record>, StoreError> {
        let candidates = self.candidates(&page).await?.unwrap_or_default();
        self.read(move |connection| {
            let mut found = Vec::new();
            for handle in candidates {
                if found.len() >= page.limit as usize {
                    break;
                }
                if let Some(record) = record(connection, handle)?
                    && page.takes(&record, region_of(record.list).as_deref())
                {
                    found.push(record);
                }
            }
            Ok(found)
        })
        .await
    }

    /// Whether a phone or customer id is on the Do Not Call list at a moment, UTC
    /// seconds.
    ///
    /// # Errors
    /// As [`Reader::surroundings`].
    pub async fn do_not_call(&self, keys: Keys, now: i64) -> Result<bool, StoreError> {
        self.read(move |connection| do_not_call::restricts(connection, keys, now))
            .await
    }

    /// The handles that a page's phone or customer id leads to; `None` where it has
    /// neither.
    async fn candidates(&self, page: &Page) -> Result<Option<Vec<Handle>>, StoreError> {
        let contacts = self.contacts.clone();
        let part = Part {
            after: page.after,
            limit: LOOKED_AT,
        };
        let (phone, customer) = (page.phone, page.customer_id.clone());
        if phone.is_none() && customer.is_none() {
            return Ok(None);
        }
        let found = self
            .read(move |connection| {
                Ok(match (phone, customer) {
                    (Some(phone), _) => contacts.by_phone(connection, phone, part),
                    (None, Some(customer)) => contacts.by_customer(connection, &customer, part),
                    (None, None) => Ok(Vec::new()),
                })
            })
            .await?;
        found.map(Some)
    }
}

impl Page {
    fn takes(&self, record: &Record, region: Option<&str>) -> bool {
        let contact = &record.contact;
        self.status.is_none_or(|status| status == record.status)
            && self
                .phone
                .is_none_or(|phone| phone.matches(Compared::of(&contact.phone, region)))
            && (self.customer_id.is_none() || self.customer_id == contact.customer_id)
    }
}

/// The records of a record's chain, itself among them, in order. A chain has the handle
/// of its first record, which most chains end with.
fn chain(connection: &Connection, of: &Record) -> rusqlite::Result<Vec<Record>> {
    let first = if of.handle == of.chain {
        Some(of.clone())
    } else {
        record(connection, of.chain)?
            .filter(|first| (first.list, first.chain) == (of.list, of.chain))
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {RECORD_COLUMNS} FROM record \
         WHERE list_dbid = ?1 AND chain_id = ?2 AND chain_n > 0 ORDER BY chain_n"
    ))?;
    let later = statement.query_map([of.list, of.chain], record_from_row)?;
    first.map(Ok).into_iter().chain(later).collect()
}

fn scan(connection: &Connection, list: ListId, page: &Page) -> rusqlite::Result<Vec<Record>> {
    let status = page.status.map(|status| status.number());
    connection
        .prepare_cached(&format!(
            "SELECT {RECORD_COLUMNS} FROM record WHERE record_id > ?1 AND list_dbid = ?2 \
             AND (?3 IS NULL OR record_status = ?3) ORDER BY record_id LIMIT ?4"
        ))?
        .query_map(
            params![page.after, list, status, page.limit],
            record_from_row,
        )?
        .collect()
}

pub(super) fn attempts(connection: &Connection, handle: Handle) -> rusqlite::Result<Vec<Attempt>> {
    connection
        .prepare_cached(
            "SELECT guid, group_id, agent_id, begun_at, ended_at, call_result FROM attempt \
             WHERE record_id = ?1 ORDER BY id",
        )?
        .query_map([handle], |row| {
            let result: Option<i64> = row.get(5)?;
            Ok(Attempt {
                guid: row.get(0)?,
                group: row.get(1)?,
                agent: row.get(2)?,
                begun: row.get(3)?,
                ended: row.get(4)?,
                result: result.and_then(CallResult::from_number),
            })
        })?
        .collect()
}
