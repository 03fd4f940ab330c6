//! AddRecords: many records in one request, on a stream of their own, answered line by
//! line as they are done (http-interface.md, section 6).
//!
//! `source` brings the body in, `convert` makes UTF-8 of it, `split` finds its items, `batch` makes messages of
//! them, `passage` is the way there and back, `lines` is the reply.

mod batch;
mod convert;
mod lines;
mod passage;
mod source;
mod split;

use std::sync::Arc;
use std::time::Instant;

use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, HeaderMap};
use hyper::http::request::Parts;
use ocs_encoding::Encoding;
use ocs_log::Log;
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::BulkStart;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_protocol::wire::WireEvent;
use tokio::sync::Semaphore;

use crate::body::{self, malformed};
use crate::gateway::Client;
use crate::idempotency;
use crate::link::{Link, unknown};
use crate::route::{Route, Target};
use crate::settings::Settings;

use batch::Batch;
pub(crate) use lines::{Cut, Lines};
use passage::{Passage, Report};
use source::Source;
use split::Says;

/// Requests of many records that go on at the same time; of each, some of the body
/// may be in memory.
const AT_ONCE: usize = 8;

/// Places for requests of many records.
pub(crate) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// An AddRecords whose head was read.
pub(crate) struct Asked<'a> {
    pub(crate) route: &'static Route,
    pub(crate) target: Target,
    pub(crate) head: &'a Parts,
    pub(crate) client: &'a Client,
    /// What the client was let in by.
    pub(crate) credential: &'a str,
    pub(crate) settings: &'a Settings,
    pub(crate) log: &'a Log,
}

/// What becomes of an AddRecords.
pub(crate) enum Begun {
    /// OCS refused all of it.
    Refused(WireEvent),
    /// It is on its way, and so is the reply.
    Lines(Lines),
}

/// Begins an AddRecords: ends when it is known whether its items are answered one by
/// one, or all of it is refused.
///
/// # Errors
/// It is refused before any item was stored.
pub(crate) async fn add_records(
    asked: Asked<'_>,
    body: Incoming,
    link: &Link,
    places: &Places,
) -> Result<Begun, Refusal> {
    let started = Instant::now();
    let limits = asked.settings.limits;
    let headers = &asked.head.headers;
    let begun = async {
        let wanted = Wanted::read(asked.head, asked.settings.encoding)?;
        let key = idempotency::key(headers)?.unwrap_or_default();
        let place = Arc::clone(&places.0).try_acquire_owned().map_err(|_| {
            Refusal::new(
                ErrorNumber::Overloaded,
                format!("{AT_ONCE} AddRecords are under way, which are the most; try again later"),
            )
        })?;
        let start = BulkStart {
            calling_list: asked.target.identifier().unwrap_or_default().to_owned(),
            atomic: wanted.atomic,
            listener: asked.client.listener,
            client: asked.client.host.clone(),
            idempotency_key: key.to_owned(),
            fingerprint: match key {
                "" => Vec::new(),
                _ => idempotency::fingerprint(asked.head, b""),
            },
            credential: asked.credential.to_owned(),
        };
        let keyed = !key.is_empty();
        let begin = link.add_records(start, &limits);
        let begin = tokio::time::timeout(limits.reply_timeout, begin);
        let begun = begin
            .await
            .map_err(|_| unknown("OCS did not answer in time"))??;
        Ok((wanted, keyed, place, begun))
    };
    match begun.await {
        Ok((wanted, keyed, place, Ok(bulk))) => {
            let source = Source::new(body, wanted.gzip, limits.bulk_body, limits.head_timeout);
            let report = Report::new(&asked, started);
            let passage = Passage {
                source,
                batch: Batch::new(
                    asked.route,
                    asked.target,
                    &wanted,
                    limits.body,
                    keyed,
                    report.of_items(),
                ),
                atomic: wanted.atomic,
                limits,
                encoding: asked.settings.encoding,
                report,
                _place: place,
            };
            passage.begin(bulk).await
        }
        Ok((_, _, _, Err(refused))) => Ok(Begun::Refused(refused)),
        Err(refusal) => Err(refusal),
    }
}

/// What the head of the request says.
struct Wanted {
    atomic: bool,
    gzip: bool,
    /// What the type says that the body is.
    says: Says,
    /// What the body is in.
    encoding: Encoding,
}

impl Wanted {
    fn read(head: &Parts, usual: Encoding) -> Result<Self, Refusal> {
        let headers = &head.headers;
        let atomic = atomic(head.uri.query().unwrap_or_default())?;
        let content_type = body::content_type(headers);
        let encoding = body::encoding(content_type, usual)?;
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let ndjson = [
            "application/x-ndjson",
            "application/ndjson",
            "application/jsonl",
        ];
        Ok(Self {
            atomic,
            gzip: gzip(headers)?,
            encoding,
            says: if media_type.eq_ignore_ascii_case("application/json") {
                Says::Array
            } else if ndjson
                .iter()
                .any(|known| known.eq_ignore_ascii_case(media_type))
            {
                Says::Lines
            } else {
                Says::Nothing
            },
        })
    }
}

fn atomic(query: &str) -> Result<bool, Refusal> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == "atomic");
    let value = values.next().map(|(_, value)| value);
    let wrong = |sentence: String| Err(Refusal::new(ErrorNumber::MalformedRequest, sentence));
    match value.as_deref() {
        _ if values.next().is_some() => wrong("the URI has atomic twice; send it once".to_owned()),
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => wrong(format!(
            "atomic is {} in the URI; it must be true or false",
            quoted(other)
        )),
    }
}

fn gzip(headers: &HeaderMap) -> Result<bool, Refusal> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let coding = codings.next();
    match coding.map(|coding| coding.to_str().unwrap_or("?").trim().to_ascii_lowercase()) {
        Some(coding) if codings.next().is_some() || !is_known(&coding) => Err(malformed(format!(
            "the Content-Encoding {} is not taken; send the body as it is, or in gzip",
            quoted(&coding)
        ))),
        Some(coding) => Ok(coding.ends_with("gzip")),
        None => Ok(false),
    }
}

fn is_known(coding: &str) -> bool {
    ["", "identity", "gzip", "x-gzip"].contains(&coding)
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    #[test]
    fn heads() {
        for (query, header, right) in [
            ("", None, Ok((false, false, false))),
            ("&atomic=true", None, Ok((true, false, false))),
            ("&atomic=false", None, Ok((false, false, false))),
            ("&atomic=1", None, Err("true or false")),
            ("&atomic=", None, Err("true or false")),
            ("&atomic=true&atomic=true", None, Err("twice")),
            (
                "",
                Some(("Content-Encoding", "gzip")),
                Ok((false, true, false)),
            ),
            (
                "",
                Some(("Content-Encoding", "X-GZIP")),
                Ok((false, true, false)),
            ),
            (
                "",
                Some(("Content-Encoding", "identity")),
                Ok((false, false, false)),
            ),
            (
                "",
                Some(("Content-Encoding", "br")),
                Err("\"br\" is not taken"),
            ),
            (
                "",
                Some(("Content-Encoding", "gzip, gzip")),
                Err("is not taken"),
            ),
            (
                "",
                Some(("Content-Type", "application/x-ndjson; charset=utf-8")),
                Ok((false, false, true)),
            ),
            (
                "",
                Some(("Content-Type", "application/x-ndjson; charset=utf-16")),
                Err("charset"),
            ),
            (
                "",
                Some(("Content-Type", "application/json")),
                Ok((false, false, false)),
            ),
        ] {
            let mut request = Request::post(format!("/lists/a?req=AddRecords{query}"));
            if let Some((name, value)) = header {
                request = request.header(name, value);
            }
            let (head, ()) = request.body(()).expect("a request").into_parts();
            match (Wanted::read(&head, Encoding::UTF_8), right) {
                (Ok(found), right) => {
                    let found = (found.atomic, found.gzip, found.says == Says::Lines);
                    assert_eq!(Ok(found), right, "{query} {header:?}");
                }
                (Err(refusal), right) => {
                    let part = right.expect_err("it is taken");
                    assert!(refusal.sentence.contains(part), "{}", refusal.sentence);
                }
            }
        }
    }
}
