//! The few GETs that a bench sends by itself.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The path of the calling list that benches fill.
pub(crate) const LIST: &str = "/lists/Bench";

/// Sends one GET to 127.0.0.1 and answers status and body.
pub(crate) fn get(port: u16, target: &str) -> Result<(u16, Vec<u8>)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let head = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    parse(&reply).with_context(|| format!("GET {target} was answered, but not with HTTP/1.1"))
}

fn parse(reply: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&reply[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let body = &reply[end + 4..];
    let chunked = head
        .to_ascii_lowercase()
        .contains("\r\ntransfer-encoding: chunked");
    let body = if chunked {
        joined(body)?
    } else {
        body.to_vec()
    };
    Some((status, body))
}

/// The body of a chunked reply.
fn joined(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&chunks[..end]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let chunk = chunks.get(end + 2..)?;
        body.extend_from_slice(chunk.get(..size)?);
        chunks = chunk.get(size + 2..)?;
    }
}

/// How many records the calling list holds, as OCS says.
pub(crate) fn records_in_list(port: u16) -> Result<u64> {
    let (status, body) = get(port, LIST)?;
    let text = String::from_utf8_lossy(&body);
    if status != 200 {
        bail!("GET {LIST} was answered with {status}: {text}");
    }
    let list = serde_json::from_slice(&body)
        .with_context(|| format!("GET {LIST} was not answered with JSON: {text}"))?;
    records_in(&list).with_context(|| format!("no number of records in {text}"))
}

/// The names of the record statuses, by which a list counts its records.
const STATUSES: [&str; 11] = [
    "NoRecordStatus",
    "Ready",
    "Retrieved",
    "Updated",
    "Stale",
    "Cancelled",
    "AgentError",
    "ChainUpdated",
    "MissedCallBack",
    "ChainReady",
    "Delegated",
];

/// The sum of a list's counts by status, in whichever object they stand.
fn records_in(list: &Value) -> Option<u64> {
    let members = list.as_object()?;
    let counts = STATUSES.iter().filter_map(|status| members.get(*status));
    let counts = counts.filter_map(Value::as_u64).collect::<Vec<_>>();
    if counts.is_empty() {
        let total = ["total", "records"]
            .iter()
            .find_map(|key| members.get(*key)?.as_u64());
        return members.values().find_map(records_in).or(total);
    }
    Some(counts.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::{parse, records_in};

    #[test]
    fn replies_are_parsed() {
        for (reply, expected) in [
            (&b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"[..], Some((200, &b"{}"[..]))),
            (b"HTTP/1.1 404 Not Found\r\n\r\n", Some((404, b""))),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n",
                Some((200, b"abcd")),
            ),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", None),
            (b"", None),
        ] {
            let expected = expected.map(|(status, body)| (status, body.to_vec()));
            assert_eq!(parse(reply), expected, "{}", reply.escape_ascii());
        }
    }

    #[test]
    fn records_are_summed_over_statuses() {
        for (list, expected) in [
            (
                r#"{"GSW_CALLING_LIST":"Bench","Ready":5,"Updated":2}"#,
                Some(7),
            ),
            (
                r#"{"name":"Bench","dbid":201,"records":{"Ready":5,"total":5}}"#,
                Some(5),
            ),
            (r#"{"name":"Bench","records":{},"total":0}"#, Some(0)),
            (r#"{"name":"Bench","dbid":201}"#, None),
        ] {
            let value = serde_json::from_str(list).unwrap();
            assert_eq!(records_in(&value), expected, "{list}");
        }
    }
}
