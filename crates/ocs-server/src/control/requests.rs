//! The request log, line by line as it was written (records.md, section 3).

use ocs_protocol::control::{RequestLine, RequestsBatch, RequestsRequest};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::quoted;
use ocs_protocol::request::{Protocol, RequestName};
use ocs_rules::calling_list::ListId;
use ocs_rules::objects::Objects;
use ocs_rules::record::Handle;
use ocs_store::{LogRows, Reader, request_of_code};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::core::Core;
use crate::request;

type Batches = mpsc::Sender<Result<RequestsBatch, Status>>;

/// Lines of the request log.
pub(super) fn requests(
    core: Core,
    request: RequestsRequest,
) -> ReceiverStream<Result<RequestsBatch, Status>> {
    let (batches, stream) = mpsc::channel(2);
    tokio::spawn(async move {
        if let Err(problem) = send(&core, request, &batches).await {
            let _ = batches
                .send(Ok(RequestsBatch {
                    problem,
                    ..RequestsBatch::default()
                }))
                .await;
        }
    });
    ReceiverStream::new(stream)
}

async fn send(core: &Core, request: RequestsRequest, batches: &Batches) -> Result<(), String> {
    let objects = core.store.objects();
    let reader = core.store.reader();
    let limit = request.limit;
    let (since, until) = (request.since, request.until);
    let wanted = Wanted::of(request, &objects)?;
    let rows = reader.request_log(since, until).await;
    let rows = rows.map_err(|error| error.to_string())?;
    let (mut rows, mut left_out) = match limit {
        Some(limit) => newest(reader, &wanted, rows, limit, batches).await?,
        None => (rows, 0),
    };
    while !rows.is_empty() {
        let read = reader.oldest_requests(rows).await;
        let (lines, left) = read.map_err(|error| error.to_string())?;
        rows = left;
        let mut lines: Vec<_> = lines
            .into_iter()
            .filter(|line| wanted.takes(line))
            .map(|line| shown(line, &objects))
            .collect();
        let surplus = left_out.min(lines.len());
        lines.drain(..surplus);
        left_out -= surplus;
        if lines.is_empty() {
            // Nobody may be there any more, and nothing else would say so.
            if batches.is_closed() {
                return Ok(());
            }
            continue;
        }
        let batch = RequestsBatch {
            lines,
            problem: String::new(),
        };
        if batches.send(Ok(batch)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// The last rows that have so many lines that are wanted, and how many of these are too
/// many. They are counted first and sent afterwards, so that none has to be kept.
async fn newest(
    reader: &Reader,
    wanted: &Wanted,
    whole: LogRows,
    limit: u64,
    batches: &Batches,
) -> Result<(LogRows, usize), String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut left, mut found) = (whole, 0);
    while found < limit && !left.is_empty() && !batches.is_closed() {
        let read = reader.newest_requests(left).await;
        let (lines, rest) = read.map_err(|error| error.to_string())?;
        found += lines.iter().filter(|line| wanted.takes(line)).count();
        left = rest;
    }
    Ok((left.from_here(whole), found.saturating_sub(limit)))
}

/// Which lines are wanted.
#[derive(Default)]
struct Wanted {
    since: Option<i64>,
    until: Option<i64>,
    client: Option<String>,
    request: Option<RequestName>,
    list: Option<ListId>,
    handle: Option<Handle>,
    failed: bool,
}

impl Wanted {
    fn of(request: RequestsRequest, objects: &Objects) -> Result<Self, String> {
        let list = match request.calling_list.as_str() {
            "" => None,
            name => match objects.list_named(name) {
                Some(list) => Some(list.dbid),
                None => return Err(request::no_such_list(name).sentence),
            },
        };
        let name = match request.request.as_str() {
            "" => None,
            name => Some(logged_request(name)?),
        };
        Ok(Self {
            since: request.since,
            until: request.until,
            client: (!request.client.is_empty()).then_some(request.client),
            request: name,
            list,
            handle: request.handle,
            failed: request.failed,
        })
    }

    fn takes(&self, line: &ocs_store::RequestLine) -> bool {
        self.since.is_none_or(|since| line.at >= since)
            && self.until.is_none_or(|until| line.at < until)
            && self
                .client
                .as_ref()
                .is_none_or(|client| *client == line.client)
            && (self.list.is_none() || self.list == line.list)
            && (self.handle.is_none() || self.handle == line.handle)
            && (!self.failed || line.outcome != 0)
            && (self.request.is_none() || self.request == request_of_code(line.protocol, line.code))
    }
}

/// A request by its name, in either case.
fn logged_request(name: &str) -> Result<RequestName, String> {
    let mut logged = RequestName::ALL
        .iter()
        .filter(|known| known.protocol() != Protocol::Read);
    let found = logged
        .clone()
        .find(|known| known.name().eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| {
        let names: Vec<_> = logged.by_ref().map(|known| known.name()).collect();
        format!(
            "{} is no request that the log has; there are {}",
            quoted(name),
            names.join(", ")
        )
    })
}

fn shown(line: ocs_store::RequestLine, objects: &Objects) -> RequestLine {
    let request = request_of_code(line.protocol, line.code);
    let list = line.list.map(|dbid| match objects.list(dbid) {
        Some(list) => list.name.clone(),
        None => dbid.to_string(),
    });
    RequestLine {
        at: line.at,
        client: line.client,
        protocol: line.protocol.to_string(),
        code: line.code.into(),
        request: request
            .map(|request| request.name().to_owned())
            .unwrap_or_default(),
        calling_list: list.unwrap_or_default(),
        handle: line.handle,
        chain: line.chain,
        outcome: line.outcome,
        outcome_name: outcome_name(line.outcome).to_owned(),
    }
}

/// The documented name of an outcome.
fn outcome_name(outcome: i64) -> &'static str {
    match (outcome, ErrorNumber::from_number(outcome)) {
        (0, _) => "NoError",
        (_, Some(error)) => error.name(),
        // Of a later version of OCS.
        (_, None) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_wanted() {
        let line = ocs_store::RequestLine {
            at: 100,
            client: "crm".to_owned(),
            protocol: 'T',
            code: 32,
            list: Some(7),
            handle: Some(9),
            chain: None,
            outcome: 0,
        };
        let refused = ocs_store::RequestLine {
            protocol: 'D',
            code: 15,
            outcome: 10,
            list: None,
            ..line.clone()
        };
        let any = Wanted::default;
        for (wanted, right) in [
            (any(), (true, true)),
            (
                Wanted {
                    since: Some(100),
                    until: Some(101),
                    ..any()
                },
                (true, true),
            ),
            (
                Wanted {
                    since: Some(101),
                    ..any()
                },
                (false, false),
            ),
            (
                Wanted {
                    until: Some(100),
                    ..any()
                },
                (false, false),
            ),
            (
                Wanted {
                    client: Some("crm".to_owned()),
                    ..any()
                },
                (true, true),
            ),
            (
                Wanted {
                    client: Some("cr".to_owned()),
                    ..any()
                },
                (false, false),
            ),
            (
                Wanted {
                    request: Some(RequestName::DoNotCall),
                    ..any()
                },
                (true, true),
            ),
            (
                Wanted {
                    request: Some(RequestName::AddRecord),
                    ..any()
                },
                (false, false),
            ),
            (
                Wanted {
                    list: Some(7),
                    ..any()
                },
                (true, false),
            ),
            (
                Wanted {
                    handle: Some(9),
                    ..any()
                },
                (true, true),
            ),
            (
                Wanted {
                    handle: Some(7),
                    ..any()
                },
                (false, false),
            ),
            (
                Wanted {
                    failed: true,
                    ..any()
                },
                (false, true),
            ),
        ] {
            assert_eq!((wanted.takes(&line), wanted.takes(&refused)), right);
        }
    }

    #[test]
    fn every_name_is_known() {
        for request in RequestName::ALL {
            let logged = request.protocol() != Protocol::Read;
            let lower = request.name().to_ascii_lowercase();
            assert_eq!(logged_request(&lower).ok(), logged.then_some(*request));
        }
        for error in ErrorNumber::ALL {
            assert_eq!(outcome_name(error.number()), error.name());
        }
        assert_eq!((outcome_name(0), outcome_name(99_999)), ("NoError", ""));
    }
}
