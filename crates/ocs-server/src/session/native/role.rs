//! Which requests a role may send (outbound-protocols.md, sections 1, 3 and 4).

use ocs_protocol::attribute::GSW_AGENT_REQ_TYPE;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::Role;
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::{Protocol, RequestName};

/// Whether a role may send a request. Reading is HTTP's, and for neither of them.
fn may_send(role: Role, request: RequestName) -> bool {
    match request.protocol() {
        Protocol::Desktop => {
            role == Role::Desktop
                || matches!(
                    request,
                    RequestName::DoNotCall
                        | RequestName::RequestRecordCancel
                        // A platform that dials is neither of them: it may be configured as both.
                        | RequestName::CallProgress
                )
        }
        // It needs the right admin, which applications do not have.
        Protocol::ThirdParty if request == RequestName::Erase => false,
        Protocol::ThirdParty => {
            role == Role::ThirdParty
                || matches!(
                    request,
                    // An agent hears it as often as anybody.
                    RequestName::Consent | RequestName::RevokeConsent
                )
        }
        Protocol::Read => false,
    }
}

/// Refuses what a role may not send.
pub(super) fn check(role: Role, request: RequestName) -> Result<(), Refusal> {
    if may_send(role, request) {
        return Ok(());
    }
    let names: Vec<_> = RequestName::ALL
        .iter()
        .filter(|other| may_send(role, **other))
        .map(|other| other.name())
        .collect();
    let sentence = format!(
        "{} is no request of an application in the role {}; its requests are {}",
        request.name(),
        role.as_str_name(),
        names.join(", ")
    );
    Err(Refusal::new(ErrorNumber::NotInRole, sentence).at(GSW_AGENT_REQ_TYPE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_send_what() {
        for (request, desktop, third_party) in [
            (RequestName::PreviewRecordRequest, true, false),
            (RequestName::AddRecord, true, false),
            (RequestName::RecordProcessed, true, false),
            (RequestName::DoNotCall, true, true),
            (RequestName::RequestRecordCancel, true, true),
            (RequestName::CallProgress, true, true),
            (RequestName::Consent, true, true),
            (RequestName::RevokeConsent, true, true),
            (RequestName::LoadCampaign, false, true),
            (RequestName::ForceUnloadCampaign, false, true),
            (RequestName::Erase, false, false),
            (RequestName::ReadRecord, false, false),
            (RequestName::ReadCallingLists, false, false),
        ] {
            for (role, right) in [
                (Role::Desktop, desktop),
                (Role::ThirdParty, third_party),
                (Role::HttpProxy, false),
            ] {
                let checked = check(role, request);
                // What both may send is never asked in another role.
                if role != Role::HttpProxy {
                    assert_eq!(checked.is_ok(), right, "{role:?} {request:?}");
                }
            }
        }
        let refusal = check(Role::ThirdParty, RequestName::AddRecord).expect_err("refused");
        assert_eq!(refusal.number, ErrorNumber::NotInRole);
        assert!(refusal.sentence.contains("LoadCampaign"), "{refusal}");
    }
}
