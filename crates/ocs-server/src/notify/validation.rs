//! Asks a web server whether a record may be called, and reads what it says
//! (notifications.md).

use std::time::Instant;

use http::StatusCode;
use ocs_encoding::Encoding;
use ocs_protocol::attribute::GSW_CALL_RESULT;
use ocs_protocol::enumeration::{CallResult, Enumeration as _};
use ocs_protocol::event::Value;
use ocs_protocol::outbound::Pair;
use ocs_rules::change::Reserved;
use ocs_rules::notification::{FailMode, Verdict};
use serde_json::Map;

use super::breaker::May;
use super::client::{Failure, Outgoing, Reply};
use super::json;
use crate::answer;
use crate::core::Core;

/// What came of asking.
pub(crate) struct Came {
    pub(crate) verdict: Verdict,
    /// Whether the web server failed.
    pub(crate) failed: bool,
}

/// Asks for a record that is reserved. It takes as long as `http-response-timeout` at most.
pub(crate) async fn ask(core: &Core, reserved: &Reserved, listener: usize) -> Came {
    let validation = &reserved.validation;
    let failed = || Came {
        verdict: match validation.fail_mode {
            FailMode::Result => Verdict::Unanswered(validation.result),
            FailMode::Open => Verdict::Passed(Vec::new()),
            FailMode::Closed => Verdict::PutBack,
        },
        failed: true,
    };
    let pass = match core.web.breakers.may(&validation.uri, Instant::now()) {
        May::Pass(pass) => pass,
        May::Not(_) if validation.fail_mode == FailMode::Open => return failed(),
        // While it is left alone no record pays for it.
        May::Not(_) => {
            return Came {
                verdict: Verdict::PutBack,
                failed: true,
            };
        }
    };
    let delivery = &reserved.delivery;
    let message = {
        let setting = answer::Setting {
            application: core.application,
            objects: &core.store.objects(),
            now: (core.clock)(),
            uri: &|handle| core.record_uri(listener, handle),
            reference: None,
        };
        json::write(&answer::preview(delivery, &setting))
    };
    let outgoing = Outgoing {
        id: delivery.record.attempt_guid.as_deref().unwrap_or_default(),
        now: (core.clock)().as_second(),
        json: &message,
        // It is asked, and not told: twice does no harm.
        again: true,
    };
    let replied = core.web.client.post(&validation.uri, outgoing).await;
    let usual = core.web.client.settings().encoding;
    match replied.and_then(|reply| verdict(reply, usual)) {
        Ok(verdict) => {
            pass.answered();
            Came {
                verdict,
                failed: false,
            }
        }
        Err(failure) => {
            pass.failed(&failure.to_string(), Instant::now());
            tracing::info!(
                record = delivery.record.handle,
                uri = validation.uri,
                "a record was not validated: {failure}"
            );
            failed()
        }
    }
}

/// 200: it may be called; 409: it may not. Both may bring attributes.
fn verdict(reply: Reply, usual: Encoding) -> Result<Verdict, Failure> {
    match reply.status {
        StatusCode::OK | StatusCode::CONFLICT => {}
        status => return Err(Failure::Status(status)),
    }
    let body = reply.body?;
    let content_type = reply.content_type.as_ref();
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let attributes = attributes(&body, content_type.unwrap_or_default(), usual);
    let result = attributes.get(GSW_CALL_RESULT).and_then(call_result);
    let fields = attributes.iter().filter_map(field).collect();
    Ok(if reply.status == StatusCode::OK {
        Verdict::Passed(fields)
    } else {
        Verdict::Refused(result, fields)
    })
}

/// The attributes of a body; none where it is no JSON object, as `OK` is none.
pub(crate) fn attributes(
    body: &[u8],
    content_type: &str,
    usual: Encoding,
) -> Map<String, serde_json::Value> {
    let charset = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| value.trim().trim_matches('"'))
    });
    let encoding = match charset {
        Some("us-ascii" | "US-ASCII") => Some(Encoding::UTF_8),
        Some(named) => Encoding::named(named),
        None => Some(usual),
    };
    let marked = body.strip_prefix(ocs_encoding::BYTE_ORDER_MARK);
    let text = match marked {
        Some(body) => Encoding::UTF_8.decode(body),
        None => encoding.unwrap_or(usual).decode(body),
    };
    let read = text.ok().and_then(|text| serde_json::from_str(&text).ok());
    match read {
        Some(serde_json::Value::Object(attributes)) => attributes,
        _ => Map::new(),
    }
}

/// By number, numeric text, or name.
pub(crate) fn call_result(value: &serde_json::Value) -> Option<CallResult> {
    match value {
        serde_json::Value::Number(number) => CallResult::from_number(number.as_i64()?),
        serde_json::Value::String(text) => CallResult::read(&Value::Text(text.clone())),
        _ => None,
    }
}

/// What may be a user-defined field.
fn field((key, value): (&String, &serde_json::Value)) -> Option<Pair> {
    let value = match value {
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Number(number) => number
            .as_i64()
            .map_or_else(|| Value::Decimal(number.to_string()), Value::Integer),
        _ => return None,
    };
    (!key.starts_with("GSW_")).then(|| Pair {
        key: key.clone(),
        value: Some(value),
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_web_servers_say() {
        let field = |key: &str, value: Value| Pair {
            key: key.to_owned(),
            value: Some(value),
        };
        let passed = |fields: &[Pair]| Some(Verdict::Passed(fields.to_vec()));
        let refused = |result| Some(Verdict::Refused(result, Vec::new()));
        let utf_8 = Some("application/json");
        type Answered<'a> = (u16, Option<&'static str>, &'a [u8], Option<Verdict>);
        let rows: &[Answered<'_>] = &[
            (200, None, b"OK", passed(&[])),
            (200, Some("text/html; charset=UTF-8"), b"", passed(&[])),
            (200, utf_8, b"{}", passed(&[])),
            (200, utf_8, b"{\"broken", passed(&[])),
            (200, utf_8, b"[1]", passed(&[])),
            (
                200,
                utf_8,
                br#"{"GSW_PHONE":"1","score":7,"rate":1.5,"name":"a","no":null,"deep":{}}"#,
                passed(&[
                    field("name", "a".into()),
                    field("rate", Value::Decimal("1.5".to_owned())),
                    field("score", 7_i64.into()),
                ]),
            ),
            (
                200,
                Some("application/json; charset=windows-1252"),
                b"{\"name\":\"\xfc\"}",
                passed(&[field("name", "\u{fc}".into())]),
            ),
            (409, None, b"", refused(None)),
            (409, None, b"no", refused(None)),
            (
                409,
                None,
                br#"{"GSW_CALL_RESULT":9}"#,
                refused(Some(CallResult::AnsweringMachine)),
            ),
            (
                409,
                None,
                br#"{"GSW_CALL_RESULT":"53"}"#,
                refused(Some(CallResult::WrongNumber)),
            ),
            (
                409,
                None,
                br#"{"GSW_CALL_RESULT":"Busy"}"#,
                refused(Some(CallResult::Busy)),
            ),
            (409, None, br#"{"GSW_CALL_RESULT":99}"#, refused(None)),
            (204, None, b"", None),
            (302, None, b"", None),
            (500, None, b"", None),
        ];
        for (status, content_type, body, right) in rows {
            let reply = Reply {
                status: StatusCode::from_u16(*status).expect("a status"),
                content_type: content_type.map(HeaderValue::from_static),
                retry_after: None,
                body: Ok(Bytes::from_static(body)),
            };
            let found = verdict(reply, Encoding::UTF_8).ok();
            assert_eq!(&found, right, "{status} {}", body.escape_ascii());
        }
    }
}
