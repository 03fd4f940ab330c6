//! HTTP/1.1 conduct (http-interface.md, section 5): what is sent byte by byte, and what
//! has to come of it, in tables by subject.
//!
//! A table's case is its name and the section that it is about, then what happens in
//! order: `>` is a line to send, with CR LF behind it unless it ends in `\`; `<` is what
//! has to come: a reply's status (`head` where it has no body), `100` for the word to go
//! on, `end` for the client's end of sending, and at last whether the connection is
//! `open` or `closed`. `\0 \r \n \t \xNN` stand for bytes, `{x*9000}` for repetition.

mod crowd;
mod table;
mod times;
mod unread;

use std::io::ErrorKind;

use crate::home::{CUSTOM_HEADERS, HTTP_PORT, Home};
use crate::http::{Connection, Reply, request};
use crate::server::Server;

use table::{Case, Step};

/// How the bytes of a case go out.
#[derive(Debug, Clone, Copy)]
enum Going {
    AtOnce,
    InPieces,
}

/// The names that the tables address, beside OCS's own.
const NAMES: [&str; 3] = ["ocs.test", "other.test", "::1"];

/// Every subject, at once and byte by byte.
#[test]
fn by_the_book() {
    let subjects = [
        ("framing", include_str!("framing.txt")),
        ("smuggling", include_str!("smuggling.txt")),
        ("syntax", include_str!("syntax.txt")),
        ("targets", include_str!("targets.txt")),
        ("chunks", include_str!("chunks.txt")),
        ("persistence", include_str!("persistence.txt")),
        ("limits", include_str!("limits.txt")),
    ];
    let home = Home::new();
    home.configure(&format!("{HTTP_PORT}[access]\nhosts = {NAMES:?}\n"));
    let server = home.start();
    let mut cases = 0;
    let mut wrong = Vec::new();
    for (subject, text) in subjects {
        for case in table::read(text) {
            cases += 1;
            for going in [Going::AtOnce, Going::InPieces] {
                if let Err(what) = try_case(&server, &case, going) {
                    let Case { name, section, .. } = &case;
                    wrong.push(format!("{subject}: {name} ({section}), {going:?}: {what}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cases}: {wrong:#?}", wrong.len());
    assert!(cases >= 120, "{cases}");
    server.request("GET", "/lists", &[], b"").expect(200);
    server.stop();
}

fn try_case(server: &Server, case: &Case, going: Going) -> Result<(), String> {
    let mut connection = server.connect();
    let said = |error: std::io::Error| error.to_string();
    let mut last = None;
    for step in &case.steps {
        match step {
            // Who is refused may be cut off while he sends.
            Step::Send(bytes) => match going {
                Going::AtOnce => drop(connection.send(bytes)),
                Going::InPieces => send_in_pieces(&mut connection, bytes),
            },
            Step::End => connection.end_sending().map_err(said)?,
            Step::Continue => connection.interim().map_err(said)?,
            Step::Reply { status, head } => {
                let method = if *head { "HEAD" } else { "GET" };
                let reply = connection
                    .reply(method)
                    .map_err(|error| format!("{error} instead of {status}"))?;
                check(&reply, *status, *head)?;
                last = Some(reply);
            }
        }
    }
    if case.open {
        connection
            .send(&request("GET", "/lists/probe", &[], b""))
            .map_err(said)?;
        let reply = connection
            .reply("GET")
            .map_err(|error| format!("{error}; it was to stay open"))?;
        return check(&reply, 404, false);
    }
    if let Some(reply) = last
        && !case.is_ended_by_client()
        && reply.header("connection") != Some("close")
    {
        return Err(format!("no word of its end: {:?}", reply.headers));
    }
    match connection.reply("GET") {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(()),
        other => Err(format!("{other:?} instead of the end")),
    }
}

fn send_in_pieces(connection: &mut Connection, bytes: &[u8]) {
    // A byte at a time, where that is not for ever.
    let piece = if bytes.len() < 2_000 { 1 } else { 1_021 };
    for piece in bytes.chunks(piece) {
        if connection.send(piece).is_err() {
            break;
        }
    }
}

/// Every reply has what every reply has to have.
fn check(reply: &Reply, status: u16, head: bool) -> Result<(), String> {
    if reply.status != status {
        let body = String::from_utf8_lossy(&reply.body);
        return Err(format!("{} instead of {status}: {body}", reply.status));
    }
    let has = |name: &str| reply.headers.iter().any(|(known, _)| known == name);
    let named = ["Date", "Content-Type"].into_iter();
    let custom = CUSTOM_HEADERS.iter().map(|(name, _)| *name);
    for name in named.chain(custom) {
        if !has(name) {
            return Err(format!("no {name} in {:?}", reply.headers));
        }
    }
    if !head && status >= 400 {
        let event: serde_json::Value =
            serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
        if event["GSW_USER_EVENT"] != "ErrorMessage" || event["GSW_ERROR_NUMBER"].is_null() {
            return Err(event.to_string());
        }
    }
    Ok(())
}
