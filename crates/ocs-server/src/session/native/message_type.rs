//! GSW_CM_MessageType, the numbers of the Third Party protocol
//! (outbound-protocols.md, section 4): in place of a request's name, and beside an
//! event's.

use ocs_protocol::attribute::{GSW_AGENT_REQ_TYPE, GSW_CM_MESSAGE_TYPE, GSW_USER_EVENT};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::event::Value;
use ocs_protocol::outbound::UserEvent;
use ocs_protocol::refusal::{ERROR_MESSAGE, Refusal};
use ocs_protocol::request::{Protocol, RequestName};

/// ReqCancelRecord.
const CANCEL_RECORD: i64 = 30;
/// ReqDoNotCall.
const DO_NOT_CALL: i64 = 32;

/// Gives a request that comes by number its name. The number is taken out: it is not
/// for the answer to repeat, which has one of its own.
pub(super) fn name_request(request: &mut UserEvent) -> Result<(), Refusal> {
    let Some(at) = request
        .pairs
        .iter()
        .position(|pair| pair.key == GSW_CM_MESSAGE_TYPE)
    else {
        return Ok(());
    };
    let value = request.pairs.remove(at).value;
    let number = match &value {
        Some(Value::Integer(number)) => Some(*number),
        Some(Value::Text(text)) => text.trim().parse().ok(),
        _ => None,
    };
    let Some(named) = number.and_then(of_number) else {
        let shown = value.as_ref().map(Value::shown).unwrap_or_default();
        let numbers: Vec<_> = RequestName::ALL
            .iter()
            .filter_map(|request| Some(format!("{} {}", number_of(*request)?, request.name())))
            .collect();
        let right = format!("it must be the number of a request: {}", numbers.join(", "));
        return Err(Refusal::invalid(GSW_CM_MESSAGE_TYPE, &shown, &right));
    };
    match request.text(GSW_AGENT_REQ_TYPE) {
        Some(name) if name != named.name() => Err(Refusal::new(
            ErrorNumber::Contradiction,
            format!(
                "{GSW_CM_MESSAGE_TYPE} means {}, and {GSW_AGENT_REQ_TYPE} says {}; one of them \
                 is enough",
                named.name(),
                ocs_protocol::refusal::quoted(name),
            ),
        )
        .at(GSW_CM_MESSAGE_TYPE)),
        Some(_) => Ok(()),
        None => {
            request.set(GSW_AGENT_REQ_TYPE, named.name().into());
            Ok(())
        }
    }
}

/// Puts its number beside an event's name.
pub(super) fn number_event(event: &mut UserEvent) {
    let number: i64 = match event.text(GSW_USER_EVENT) {
        Some("CampaignLoaded") => 19,
        Some("CampaignUnloaded") => 20,
        Some("DialingStarted") => 21,
        Some("DialingStopped") => 22,
        Some("DialingModeChanged") => 23,
        Some("CampaignStatus") => 24,
        Some(ERROR_MESSAGE) => 27,
        Some("RecordCancelAcknowledge") => 31,
        Some("DoNotCallAcknowledge") => 33,
        // Without a number of its own.
        _ => return,
    };
    event.set(GSW_CM_MESSAGE_TYPE, Value::Integer(number));
}

fn of_number(number: i64) -> Option<RequestName> {
    let requests = RequestName::ALL.iter().copied();
    requests
        .into_iter()
        .find(|request| number_of(*request) == Some(number))
}

fn number_of(request: RequestName) -> Option<i64> {
    match request {
        RequestName::RequestRecordCancel => Some(CANCEL_RECORD),
        RequestName::DoNotCall => Some(DO_NOT_CALL),
        // It is not sent here.
        RequestName::Erase => None,
        _ if request.protocol() == Protocol::ThirdParty => Some(request.code().into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_by_number() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (number, name, named) in [
            (Value::Integer(7), None, Ok("LoadCampaign")),
            (text(" 12 "), None, Ok("GetCampaignStatus")),
            (Value::Integer(29), None, Ok("ForceUnloadCampaign")),
            (Value::Integer(30), None, Ok("RequestRecordCancel")),
            (Value::Integer(32), None, Ok("DoNotCall")),
            (Value::Integer(9), Some("StartDialing"), Ok("StartDialing")),
            (
                Value::Integer(9),
                Some("StopDialing"),
                Err(ErrorNumber::Contradiction),
            ),
            // Numbers of events, of the Desktop protocol, and of nothing.
            (Value::Integer(19), None, Err(ErrorNumber::InvalidParameter)),
            (Value::Integer(3), None, Err(ErrorNumber::InvalidParameter)),
            (Value::Integer(-1), None, Err(ErrorNumber::InvalidParameter)),
            (text("seven"), None, Err(ErrorNumber::InvalidParameter)),
        ] {
            let mut request = UserEvent::default();
            request.push("GSW_PHONE", "1".into());
            request.push(GSW_CM_MESSAGE_TYPE, number.clone());
            if let Some(name) = name {
                request.push(GSW_AGENT_REQ_TYPE, name.into());
            }
            let made = name_request(&mut request).map_err(|refusal| refusal.number);
            let made = made.map(|()| request.text(GSW_AGENT_REQ_TYPE).unwrap_or_default());
            assert_eq!(made, named, "{number:?} {name:?}");
            assert_eq!(request.get(GSW_CM_MESSAGE_TYPE), None);
        }
    }

    #[test]
    fn events_have_their_number() {
        for (name, number) in [
            ("CampaignLoaded", Some(19)),
            ("ErrorMessage", Some(27)),
            ("DoNotCallAcknowledge", Some(33)),
            ("AddRecordAcknowledge", None),
        ] {
            let mut event = UserEvent::event(name);
            number_event(&mut event);
            assert_eq!(event.integer(GSW_CM_MESSAGE_TYPE), number, "{name}");
        }
    }
}
