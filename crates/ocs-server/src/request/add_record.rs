//! AddRecord (records.md, section 3).

use jiff::tz::TimeZone;
use ocs_protocol::attribute::{
    GSW_AGENT_ID, GSW_ATTEMPTS, GSW_CALL_RESULT, GSW_CALL_TIME, GSW_CALLING_LIST,
    GSW_CAMPAIGN_NAME, GSW_CHAIN_ID, GSW_CUSTOMER_ID, GSW_DATE_TIME, GSW_FROM, GSW_PHONE,
    GSW_PHONE_TYPE, GSW_RECORD_STATUS, GSW_RECORD_TYPE, GSW_TZ_NAME, GSW_UNTIL, is_attribute,
};
use ocs_protocol::enumeration::{
    CallResult, ContactType, Enumeration as _, RecordStatus, RecordType,
};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_rules::calling_list::{CallingList, DailyWindow};
use ocs_rules::campaign::CampaignId;
use ocs_rules::change::{AddRecord, ChainChoice, Given};
use ocs_rules::objects::Objects;
use ocs_rules::record::{AGENT_LENGTH, CUSTOMER_ID_LENGTH, Contact, PHONE_LENGTH};
use ocs_rules::{date_time, field_values, zone};

use super::attributes::{LAST_MOMENT, enumeration, integer, text};

/// Names longer than this name nothing.
const NAME_LENGTH: usize = 128;

/// An AddRecord that was read, and the keys of it that are not stored.
pub(crate) struct Added {
    pub(crate) change: Box<AddRecord>,
    pub(crate) list_name: String,
    pub(crate) ignored: Vec<String>,
}

/// Reads an AddRecord: first what every attribute must be, then whether what it
/// names exists, then the calling list's own fields (http-interface.md, section 4).
pub(crate) fn read(
    event: &UserEvent,
    objects: &Objects,
    refuse_unknown: bool,
) -> Result<Added, Refusal> {
    let phone = text(event, GSW_PHONE, PHONE_LENGTH)?.ok_or_else(|| {
        Refusal::missing(
            GSW_PHONE,
            "a record needs the phone or address to reach the person by",
        )
    })?;
    let phone_type = enumeration::<ContactType>(event, GSW_PHONE_TYPE)?;
    let customer_id = text(event, GSW_CUSTOMER_ID, CUSTOMER_ID_LENGTH)?;
    let record_type = enumeration::<RecordType>(event, GSW_RECORD_TYPE)?;
    let status = status(event)?;
    let result = enumeration::<CallResult>(event, GSW_CALL_RESULT)?;
    let attempts = integer(event, GSW_ATTEMPTS, 0..=i64::from(u32::MAX >> 1))?;
    let from = integer(event, GSW_FROM, 0..=86_399)?;
    let until = integer(event, GSW_UNTIL, 0..=86_399)?;
    let call_time = integer(event, GSW_CALL_TIME, 0..=LAST_MOMENT)?;
    let agent = text(event, GSW_AGENT_ID, AGENT_LENGTH)?;
    let chain = integer(event, GSW_CHAIN_ID, i64::MIN..=i64::MAX)?;
    let named_zone = named_zone(event, objects)?;
    let campaign_name = text(event, GSW_CAMPAIGN_NAME, NAME_LENGTH)?;
    if record_type == Some(RecordType::PersonalCallBack) && agent.is_none() {
        return Err(Refusal::missing(
            GSW_AGENT_ID,
            "a PersonalCallBack needs the agent's name",
        ));
    }
    // The date needs a zone: the record's own, which may be its calling list's.
    let list = calling_list(event, objects);
    let zone_of_list = || {
        let list = list.as_ref().ok()?;
        Some(objects.zone(list.zone)?.zone.clone())
    };
    let zone = match &named_zone {
        Some(NamedZone::Known(_, zone) | NamedZone::New(_, zone)) => zone.clone(),
        None => zone_of_list().unwrap_or(TimeZone::UTC),
    };
    let scheduled = scheduled(event, &zone)?;
    let campaign = campaign(campaign_name.as_deref(), list.as_ref().ok(), objects)?;
    let list = list?;

    let fields = event.pairs.iter().filter(|pair| !is_attribute(&pair.key));
    let refuse_unknown = list.refuses_unknown(refuse_unknown);
    let (fields, ignored) = field_values::read(list, &zone, fields, refuse_unknown)?;
    let given = Given {
        phone_type: phone_type.is_some(),
        record_type: record_type.is_some(),
        from: from.is_some(),
        until: until.is_some(),
        zone: named_zone.is_some(),
    };
    let seconds = |given: Option<i64>, otherwise| {
        given
            .and_then(|seconds| u32::try_from(seconds).ok())
            .unwrap_or(otherwise)
    };
    let window = DailyWindow {
        from: seconds(from, list.window.from),
        till: seconds(until, list.window.till),
    };
    if window.from == window.till {
        // The whole day or nothing? Whoever means the whole day says so.
        let right = "the daily window would begin and end at the same second; for the whole day \
                     send 0 and 86399";
        return Err(Refusal::invalid(GSW_UNTIL, &window.till.to_string(), right));
    }
    let (zone, new_zone) = match named_zone {
        Some(NamedZone::Known(dbid, _)) => (dbid, None),
        Some(NamedZone::New(name, zone)) => (list.zone, Some((name, zone))),
        None => (list.zone, None),
    };
    let contact = Contact {
        phone: phone.into_owned(),
        phone_type: phone_type.unwrap_or(ContactType::NoContactType),
        customer_id: customer_id.map(Into::into),
        record_type: record_type.unwrap_or(RecordType::General),
        scheduled,
        call_time,
        window,
        zone,
        campaign,
        agent: agent.map(Into::into),
        fields,
    };
    let change = AddRecord {
        list: list.dbid,
        chain: chain.map_or(ChainChoice::New, ChainChoice::Existing),
        contact,
        new_zone,
        status,
        result: result.unwrap_or(CallResult::Unknown),
        attempts: seconds(attempts, 0),
        given,
        import_key: None,
    };
    Ok(Added {
        change: Box::new(change),
        list_name: list.name.clone(),
        ignored,
    })
}

fn status(event: &UserEvent) -> Result<RecordStatus, Refusal> {
    match enumeration::<RecordStatus>(event, GSW_RECORD_STATUS)? {
        None => Ok(RecordStatus::Ready),
        Some(status @ (RecordStatus::Ready | RecordStatus::Updated)) => Ok(status),
        Some(other) => {
            let right = "a new record is Ready or Updated";
            let shown = format!("{} ({})", other.name(), other.number());
            Err(Refusal::invalid(GSW_RECORD_STATUS, &shown, right))
        }
    }
}

enum NamedZone {
    Known(zone::ZoneId, TimeZone),
    /// An IANA zone that no record of the store has used yet.
    New(String, TimeZone),
}

fn named_zone(event: &UserEvent, objects: &Objects) -> Result<Option<NamedZone>, Refusal> {
    let Some(name) = text(event, GSW_TZ_NAME, NAME_LENGTH)? else {
        return Ok(None);
    };
    let known = |name: &str| {
        objects
            .zone_named(name)
            .map(|zone| NamedZone::Known(zone.dbid, zone.zone.clone()))
    };
    if let Some(known) = known(&name) {
        return Ok(Some(known));
    }
    let Some((iana_name, zone)) = zone::iana(&name) else {
        let names: Vec<_> = objects
            .zones()
            .iter()
            .filter(|zone| zone.origin != zone::ZoneOrigin::Iana)
            .map(|zone| zone.name.clone())
            .collect();
        let right = format!(
            "it must be {} or an IANA name such as \"America/New_York\"",
            names.join(", ")
        );
        return Err(Refusal::invalid(GSW_TZ_NAME, &name, &right));
    };
    Ok(Some(
        known(&iana_name).unwrap_or(NamedZone::New(iana_name, zone)),
    ))
}

fn scheduled(event: &UserEvent, zone: &TimeZone) -> Result<Option<i64>, Refusal> {
    let Some(written) = text(event, GSW_DATE_TIME, 64)? else {
        return Ok(None);
    };
    match date_time::parse(&written, zone) {
        Some(moment) => Ok(Some(moment.as_second())),
        None => Err(Refusal::invalid(GSW_DATE_TIME, &written, date_time::FORMS)),
    }
}

fn calling_list<'a>(event: &UserEvent, objects: &'a Objects) -> Result<&'a CallingList, Refusal> {
    let name = event.get(GSW_CALLING_LIST).map(|name| name.shown());
    let Some(name) = name else {
        return Err(Refusal::missing(
            GSW_CALLING_LIST,
            "it names the calling list to add to",
        ));
    };
    objects
        .list_named(&name)
        .map(AsRef::as_ref)
        .ok_or_else(|| no_such_list(&name))
}

/// The refusal of a request for a calling list that is not there.
pub(crate) fn no_such_list(name: &str) -> Refusal {
    Refusal::new(
        ErrorNumber::CallingListNotFound,
        format!(
            "there is no calling list {}; GET /lists names those that there are",
            quoted(name)
        ),
    )
    .at(GSW_CALLING_LIST)
}

/// A campaign that is named must exist and use the calling list.
fn campaign(
    name: Option<&str>,
    list: Option<&&CallingList>,
    objects: &Objects,
) -> Result<Option<CampaignId>, Refusal> {
    let Some(name) = name else { return Ok(None) };
    let refused = |sentence: String| {
        Err(Refusal::new(ErrorNumber::CampaignNotFound, sentence).at(GSW_CAMPAIGN_NAME))
    };
    let Some(campaign) = objects.campaign_named(name) else {
        return refused(format!("there is no campaign {}", quoted(name)));
    };
    if let Some(list) = list
        && !campaign.uses(list.dbid)
    {
        return refused(format!(
            "the campaign {} does not use the calling list {}",
            quoted(name),
            quoted(&list.name)
        ));
    }
    Ok(Some(campaign.dbid))
}
