//! From an answer to an HTTP reply (http-interface.md, section 4).

mod body;
mod json;
mod status;

pub(crate) use body::Body;
pub(crate) use json::{append, write as json};
pub(crate) use status::of as status;

use bytes::Bytes;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use ocs_protocol::attribute::GSW_ERROR_NUMBER;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{ERROR_MESSAGE, Refusal};
use ocs_protocol::wire::WireEvent;

use crate::settings::Settings;

/// What a reply needs beside its event.
#[derive(Default)]
pub(crate) struct Extra {
    pub(crate) allow: Option<&'static str>,
    /// What is left of the request was not read: the connection cannot go on.
    pub(crate) close: bool,
    /// Seconds, of who sends more than he may.
    pub(crate) retry_after: Option<u64>,
}

/// Makes the reply of an event, with the configured headers.
pub(crate) fn reply(event: &WireEvent, settings: &Settings, extra: &Extra) -> Response<Bytes> {
    let Some(body) = json(event, settings.encoding) else {
        tracing::error!("OCS sent an answer that is no user event");
        let refusal = Refusal::new(
            ErrorNumber::InternalFault,
            "a fault of OCS; its log has more",
        );
        return reply(&WireEvent::from(&refusal.into_event(None)), settings, extra);
    };
    let mut reply = of_body(body.into(), settings);
    if event.name() == Some(ERROR_MESSAGE) {
        let number = event.integer(GSW_ERROR_NUMBER).unwrap_or_default();
        let number = ErrorNumber::from_number(number).unwrap_or(ErrorNumber::InternalFault);
        *reply.status_mut() = status(number);
        if reply.status() == StatusCode::SERVICE_UNAVAILABLE {
            reply
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
    }
    if reply.status() == StatusCode::UNAUTHORIZED {
        reply
            .headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = extra.retry_after {
        reply.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    if let Some(allow) = extra.allow {
        reply
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static(allow));
    }
    end(&mut reply, extra);
    reply
}

/// Says where the connection ends with this reply.
fn end<T>(reply: &mut Response<T>, extra: &Extra) {
    if extra.close {
        reply
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

/// Makes the reply that is a JSON document, with the configured headers.
pub(crate) fn document(json: Bytes, settings: &Settings, extra: &Extra) -> Response<Bytes> {
    let body = match std::str::from_utf8(&json) {
        Ok(text) if !settings.encoding.is_utf_8() => {
            let mut body = Vec::with_capacity(text.len());
            settings.encoding.encode_json(text, &mut body);
            body.into()
        }
        _ => json,
    };
    let mut reply = of_body(body, settings);
    end(&mut reply, extra);
    reply
}

fn of_body(body: Bytes, settings: &Settings) -> Response<Bytes> {
    let mut reply = Response::new(body);
    *reply.headers_mut() = settings.headers.clone();
    let media_type = settings.media_types.json.clone();
    reply.headers_mut().insert(CONTENT_TYPE, media_type);
    reply
}

/// The head of a reply that is one line of JSON an item, with the configured headers.
pub(crate) fn lines(settings: &Settings) -> Response<()> {
    let mut reply = Response::new(());
    *reply.headers_mut() = settings.headers.clone();
    let media_type = settings.media_types.lines.clone();
    reply.headers_mut().insert(CONTENT_TYPE, media_type);
    reply
}

/// A reply as bytes, for where no HTTP library writes it; its headers' names begin with
/// capitals, as in all others.
pub(crate) fn on_the_wire(reply: &Response<Bytes>) -> Vec<u8> {
    let status = reply.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut wire = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    let mut line = |name: &str, value: &[u8]| {
        let mut upper = true;
        wire.extend(name.bytes().map(|byte| {
            let begins = std::mem::replace(&mut upper, byte == b'-');
            if begins {
                byte.to_ascii_uppercase()
            } else {
                byte
            }
        }));
        wire.extend_from_slice(b": ");
        wire.extend_from_slice(value);
        wire.extend_from_slice(b"\r\n");
    };
    for (name, value) in reply.headers() {
        line(name.as_str(), value.as_bytes());
    }
    let body = reply.body();
    line("Content-Length", body.len().to_string().as_bytes());
    wire.extend_from_slice(b"\r\n");
    wire.extend_from_slice(body);
    wire
}
