//! Consent as events show it: what was kept, what was ever said, and where a phone or a
//! customer id stands.

use jiff::Timestamp;
use ocs_protocol::attribute::{
    GSW_CALLING_LIST, GSW_CALLING_LIST_DBID, GSW_CAMPAIGN_NAME, GSW_CONSENT_EXPIRES,
    GSW_CONSENT_ID, GSW_CONSENT_PROOF, GSW_CONSENT_SCOPE, GSW_CONSENT_SOURCE, GSW_CONSENT_STANDING,
    GSW_CONSENT_TIME, GSW_CUSTOMER_ID, GSW_PHONE,
};
use ocs_protocol::enumeration::ConsentScope;
use ocs_protocol::event::Value;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::request::RequestName;
use ocs_rules::consent::standing::{Last, Standing, standing};
use ocs_rules::consent::{Scope, Statement};
use ocs_rules::do_not_call::Subject;
use ocs_rules::objects::Objects;

use super::acknowledge::acknowledge;
use super::record::push_some;

/// The acknowledgement of a statement: with its number, when it was said, and where its
/// phone or customer id stands now over its scope.
pub(crate) fn stated(
    event: UserEvent,
    request: RequestName,
    ignored: &[String],
    (number, at): (i64, i64),
    standing: Standing,
) -> UserEvent {
    let mut event = acknowledge(event, request, ignored);
    event.set(GSW_CONSENT_ID, Value::Integer(number));
    event.set(GSW_CONSENT_TIME, moment(at).into());
    if event.get(GSW_CONSENT_SCOPE).is_none() {
        event.set(GSW_CONSENT_SCOPE, ConsentScope::All.name().into());
    }
    event.set(GSW_CONSENT_STANDING, standing.name().into());
    event
}

/// What a phone or a customer id has said of being called.
pub(crate) struct Said {
    /// What counts, by scope.
    pub(crate) last: Vec<Last>,
    /// The statements that are shown, the newest first.
    pub(crate) statements: Vec<(i64, Statement)>,
}

/// Adds to an event where its phone or customer id stands over each scope that was ever
/// spoken of, and what was said.
pub(super) fn push(event: &mut UserEvent, said: &Said, objects: &Objects, now: Timestamp) {
    let mut scopes: Vec<_> = said.last.iter().map(|last| last.scope).collect();
    scopes.push(Scope::All);
    scopes.sort_unstable();
    scopes.dedup();
    let standings = scopes.into_iter().map(|scope| {
        let stands = standing(&said.last, scope.call(), now.as_second());
        let mut entry = UserEvent::default();
        push_scope(&mut entry, scope, objects);
        entry.push(GSW_CONSENT_STANDING, stands.name().into());
        if let Standing::Given { until } = stands {
            push_some(&mut entry, GSW_CONSENT_EXPIRES, until.map(moment));
        }
        Value::List(entry)
    });
    event.push("consent", UserEvent::array_of(standings).into());
    let statements = said.statements.iter().map(|(number, statement)| {
        let mut entry = UserEvent::default();
        entry.push(GSW_CONSENT_ID, Value::Integer(*number));
        entry.push("says", statement.says.name().into());
        let (key, subject) = match &statement.subject {
            Subject::Phone(phone) => (GSW_PHONE, phone),
            Subject::CustomerId(customer) => (GSW_CUSTOMER_ID, customer),
        };
        entry.push(key, subject.as_str().into());
        push_scope(&mut entry, statement.scope, objects);
        entry.push(GSW_CONSENT_TIME, moment(statement.at).into());
        push_some(
            &mut entry,
            GSW_CONSENT_EXPIRES,
            statement.expires.map(moment),
        );
        push_some(&mut entry, GSW_CONSENT_SOURCE, statement.source.clone());
        push_some(&mut entry, GSW_CONSENT_PROOF, statement.proof.clone());
        entry.push("by", statement.by.as_str().into());
        Value::List(entry)
    });
    event.push("consent_statements", UserEvent::array_of(statements).into());
}

fn push_scope(entry: &mut UserEvent, scope: Scope, objects: &Objects) {
    let (named, key, name) = match scope {
        Scope::All => {
            entry.push(GSW_CONSENT_SCOPE, ConsentScope::All.name().into());
            return;
        }
        Scope::List(list) => {
            entry.push(GSW_CALLING_LIST_DBID, list.into());
            let list = objects.list(list).map(|list| list.name.clone());
            (ConsentScope::CallingList, GSW_CALLING_LIST, list)
        }
        Scope::Campaign(campaign) => {
            let campaign = objects.campaign(campaign);
            let name = campaign.map(|campaign| campaign.name.clone());
            (ConsentScope::Campaign, GSW_CAMPAIGN_NAME, name)
        }
    };
    entry.push(GSW_CONSENT_SCOPE, named.name().into());
    push_some(entry, key, name);
}

/// A moment in UTC seconds, in RFC 3339.
fn moment(at: i64) -> String {
    Timestamp::from_second(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}
