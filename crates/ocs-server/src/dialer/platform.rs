//! The platform that calls, as the rest sees it: it is handed a call and says what it makes of
//! it, and it is told that one was cancelled. This one is a web server. Whatever dials another
//! way has to say the same five things: two functions and [`Answer`] are all that the rest
//! knows. There is no trait while there is no second one: tests speak to this by HTTP.

use std::time::Duration;

use http::{HeaderValue, StatusCode};
use jiff::fmt::rfc2822::DateTimeParser;
use ocs_protocol::attribute::GSW_CALL_RESULT;
use ocs_protocol::enumeration::CallResult;
use ocs_rules::change::Delivery;
use ocs_store::DialedCall;

use crate::answer;
use crate::core::Core;
use crate::notify::client::{Failure, Outgoing, Reply};
use crate::notify::json;
use crate::notify::validation::{attributes, call_result};

/// How long a platform that does not say it is left alone, and how long one that does at
/// least and at most.
const PAUSE: Duration = Duration::from_secs(5);
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

/// What a platform says of a call that is handed to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It calls.
    Takes,
    /// It will not, with the call result that it says.
    Refuses(Option<CallResult>),
    /// It takes no call for so long, this one neither.
    Waits(Duration, String),
    /// It does not have the call for certain, and why; whether it was told of it.
    NotTaken(String, bool),
    /// It may have the call, and why nobody knows.
    Unclear(String),
}

/// Hands a call to a platform.
pub(super) async fn call(core: &Core, delivery: &Delivery, uri: &str) -> Answer {
    let message = {
        let setting = answer::Setting {
            application: core.application,
            objects: &core.store.objects(),
            now: (core.clock)(),
            uri: &|handle| core.record_uri(0, handle),
            reference: None,
        };
        json::write(&answer::preview(delivery, &setting))
    };
    let guid = delivery.record.attempt_guid.as_deref().unwrap_or_default();
    let sent = post(core, uri, guid, &message, false).await;
    let now = (core.clock)().as_second();
    match sent {
        Ok(reply) => read(&reply, now, core),
        Err(failure) if failure.is_unsent() => Answer::NotTaken(failure.to_string(), false),
        Err(failure) => Answer::Unclear(failure.to_string()),
    }
}

/// Tells a platform that a call was cancelled.
///
/// # Errors
/// Nobody knows whether it has heard it, and why.
pub(super) async fn cancel(core: &Core, call: &DialedCall) -> Result<(), String> {
    let event = answer::record_cancel(
        call,
        core.application,
        core.record_uri(0, call.handle),
        &core.store.objects(),
    );
    // Told twice it is no worse: it names the attempt.
    let id = format!("{}-cancel", call.guid);
    let sent = post(core, &call.uri, &id, &json::write(&event), true).await;
    match sent.map(|reply| reply.status) {
        Ok(StatusCode::TOO_MANY_REQUESTS) => Err("it takes no more requests now".to_owned()),
        // It heard it. What it does not know, or cannot end, is not out there any more, or
        // ends by itself.
        Ok(status) if status.is_success() || status.is_client_error() => Ok(()),
        Ok(status) => Err(Failure::Status(status).to_string()),
        Err(failure) => Err(failure.to_string()),
    }
}

async fn post(core: &Core, uri: &str, id: &str, json: &str, again: bool) -> Result<Reply, Failure> {
    let outgoing = Outgoing {
        id,
        now: (core.clock)().as_second(),
        json,
        again,
    };
    core.web.client.post(uri, outgoing).await
}

/// What a reply means. Its status counts, whatever becomes of its body: who says 200 and then
/// breaks off has the call.
fn read(reply: &Reply, now: i64, core: &Core) -> Answer {
    let why = || Failure::Status(reply.status).to_string();
    match reply.status {
        StatusCode::OK | StatusCode::ACCEPTED => Answer::Takes,
        StatusCode::CONFLICT => {
            let usual = core.web.client.settings().encoding;
            let content_type = reply.content_type.as_ref();
            let content_type = content_type.and_then(|value| value.to_str().ok());
            let body = reply.body.as_deref().unwrap_or_default();
            let said = attributes(body, content_type.unwrap_or_default(), usual);
            Answer::Refuses(said.get(GSW_CALL_RESULT).and_then(call_result))
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Answer::Waits(pause(reply.retry_after.as_ref(), now), why())
        }
        // It says that the request was no good: so it does not call.
        status if status.is_client_error() => Answer::NotTaken(why(), true),
        _ => Answer::Unclear(why()),
    }
}

/// How long Retry-After says, in seconds or as a date; `now` is in UTC seconds.
fn pause(retry_after: Option<&HeaderValue>, now: i64) -> Duration {
    let text = retry_after.and_then(|value| value.to_str().ok());
    let seconds = text.and_then(|text| {
        let date = || {
            let at = DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
            u64::try_from(at.as_second() - now).ok().or(Some(0))
        };
        text.trim().parse().ok().or_else(date)
    });
    let said = seconds.map_or(PAUSE, Duration::from_secs);
    said.clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_platform_is_left_alone() {
        // 1994-11-06T08:49:30Z.
        let now = 784_111_770;
        for (said, seconds) in [
            (None, 5),
            (Some("7"), 7),
            (Some(" 7 "), 7),
            (Some("0"), 1),
            (Some("99999999999"), 300),
            (Some("-3"), 5),
            (Some("soon"), 5),
            (Some("Sun, 06 Nov 1994 08:49:37 GMT"), 7),
            (Some("Sun, 06 Nov 1994 08:49:00 GMT"), 1),
        ] {
            let header = said.map(HeaderValue::from_static);
            let found = pause(header.as_ref(), now);
            assert_eq!(found, Duration::from_secs(seconds), "{said:?}");
        }
    }
}
