//! Consent and RevokeConsent: who says it, over what, when, and how it is known.

use jiff::tz::TimeZone;
use ocs_protocol::attribute::{
    GSW_CALLING_LIST, GSW_CAMPAIGN_NAME, GSW_CONSENT_EXPIRES, GSW_CONSENT_PROOF, GSW_CONSENT_SCOPE,
    GSW_CONSENT_SOURCE, GSW_CONSENT_TIME, GSW_CUSTOMER_ID, GSW_PHONE,
};
use ocs_protocol::enumeration::ConsentScope;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::event::Value;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::Refusal;
use ocs_rules::change::UnknownKeys;
use ocs_rules::consent::{PROOF_LENGTH, SOURCE_LENGTH, Says, Scope, Statement, Stating};
use ocs_rules::date_time;
use ocs_rules::do_not_call::Subject;
use ocs_rules::objects::Objects;
use ocs_rules::record::{CUSTOMER_ID_LENGTH, PHONE_LENGTH};

use super::attributes::{LAST_MOMENT, enumeration, text};
use super::{check_unknown, on_record};

/// Reads a statement; `by` is who tells of it. Of a phone and a customer id, the phone
/// (outbound-protocols.md, section 5).
pub(crate) fn read(
    event: &UserEvent,
    says: Says,
    objects: &Objects,
    by: String,
    unknown: &UnknownKeys,
) -> Result<Box<Stating>, Refusal> {
    let phone = text(event, GSW_PHONE, PHONE_LENGTH)?;
    let customer_id = text(event, GSW_CUSTOMER_ID, CUSTOMER_ID_LENGTH)?;
    let source = text(event, GSW_CONSENT_SOURCE, SOURCE_LENGTH)?;
    let proof = text(event, GSW_CONSENT_PROOF, PROOF_LENGTH)?;
    let told = moment(event, GSW_CONSENT_TIME)?;
    let expires = moment(event, GSW_CONSENT_EXPIRES)?;
    let scope = enumeration::<ConsentScope>(event, GSW_CONSENT_SCOPE)?;
    let subject = match (phone, customer_id) {
        (Some(phone), _) => Subject::Phone(phone.into_owned()),
        (None, Some(customer)) => Subject::CustomerId(customer.into_owned()),
        (None, None) => {
            let right = "name a phone, or a customer id (GSW_CUSTOMER_ID)";
            return Err(Refusal::missing(GSW_PHONE, right));
        }
    };
    if says == Says::Revocation && expires.is_some() {
        let sentence = format!(
            "{GSW_CONSENT_EXPIRES} is named, and a revocation has no end: it holds until consent \
             is given again"
        );
        return Err(Refusal::new(ErrorNumber::InvalidParameter, sentence).at(GSW_CONSENT_EXPIRES));
    }
    on_record::check_campaign(event, objects)?;
    let list = on_record::calling_list(event, objects)?;
    let campaign = text(event, GSW_CAMPAIGN_NAME, on_record::NAME_LENGTH)?;
    let campaign = campaign.and_then(|name| objects.campaign_named(&name));
    let scope = match scope {
        Some(ConsentScope::All) => Scope::All,
        Some(ConsentScope::CallingList) => Scope::List(list.ok_or_else(|| {
            Refusal::missing(GSW_CALLING_LIST, "it says which calling list is meant")
        })?),
        Some(ConsentScope::Campaign) => Scope::Campaign(
            campaign
                .ok_or_else(|| {
                    Refusal::missing(GSW_CAMPAIGN_NAME, "it says which campaign is meant")
                })?
                .dbid,
        ),
        // Many clients name both with whatever they ask: what they mean here, they must say.
        None if list.is_some() || campaign.is_some() => return Err(no_scope()),
        None => Scope::All,
    };
    check_unknown(unknown, list, objects)?;
    Ok(Box::new(Stating {
        statement: Statement {
            subject,
            says,
            scope,
            at: 0,
            expires,
            source: source.map(Into::into),
            proof: proof.map(Into::into),
            by,
        },
        told,
    }))
}

fn no_scope() -> Refusal {
    let right = format!(
        "a calling list or a campaign is named, so it must say what is meant: \"CallingList\", \
         \"Campaign\", or \"All\" for calls of whatever calling list and campaign ({GSW_CALLING_LIST} \
         and {GSW_CAMPAIGN_NAME} may be left out then)"
    );
    Refusal::missing(GSW_CONSENT_SCOPE, &right)
}

/// A moment in RFC 3339, UTC seconds.
fn moment(event: &UserEvent, key: &'static str) -> Result<Option<i64>, Refusal> {
    let Some(value) = event.get(key) else {
        return Ok(None);
    };
    let read = match value {
        Value::Text(text) if !text.contains('/') => date_time::parse(text, &TimeZone::UTC),
        _ => None,
    };
    let moment = read.map(|moment| moment.as_second());
    match moment.filter(|moment| (0..=LAST_MOMENT).contains(moment)) {
        Some(moment) => Ok(Some(moment)),
        None => {
            let right = "it must be a moment in RFC 3339 from 1970 on, such as \
                         \"2026-11-22T09:30:00Z\"";
            Err(Refusal::invalid(key, &value.shown(), right))
        }
    }
}
