//! What waits to be sent to web servers, and which of them fail.

use std::time::Instant;

use ocs_protocol::control::{OutboxReply, WebServer};

use crate::core::Core;

/// Each kind of message and its web server, with what waits for it; then web servers that
/// fail and that no message waits for.
pub(super) fn outbox(core: &Core) -> OutboxReply {
    let mut failing = core.web.breakers.seen(Instant::now());
    let mut servers: Vec<_> = core
        .store
        .destinations()
        .into_iter()
        .map(|destination| WebServer {
            kind: destination.kind.name().to_owned(),
            uri: destination.uri,
            waiting: destination.waiting,
            ..WebServer::default()
        })
        .collect();
    for server in &mut servers {
        if let Some(seen) = failing.iter().find(|seen| seen.uri == server.uri) {
            fail(server, seen);
        }
    }
    failing.retain(|seen| servers.iter().all(|server| server.uri != seen.uri));
    servers.extend(failing.into_iter().map(|seen| {
        let mut server = WebServer {
            uri: seen.uri.clone(),
            ..WebServer::default()
        };
        fail(&mut server, &seen);
        server
    }));
    OutboxReply { servers }
}

fn fail(server: &mut WebServer, seen: &crate::notify::Seen) {
    server.failures = seen.in_a_row;
    server.why.clone_from(&seen.why);
    server.left_alone = seen
        .left_alone
        .map(|pause| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
}
