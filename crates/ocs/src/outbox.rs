//! `ocs outbox`: what waits to be sent to web servers, and which of them fail
//! (notifications.md).

use std::path::Path;
use std::process::ExitCode;

use anyhow::anyhow;
use ocs_protocol::control::{OutboxRequest, WebServer};
use ocs_server::Clock;

use crate::terminal::{DONE, FAILED, counted, end, say};
use crate::{config, run};

/// Shows the outbox.
pub(crate) fn outbox(file: Option<&Path>, clock: Clock) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let shown = run::with_control(&config, "ocs outbox", clock, async |control| {
        let shown = control.client.outbox(OutboxRequest {}).await;
        Ok(shown
            .map_err(|status| anyhow!("{}", status.message()))?
            .into_inner())
    });
    match shown {
        Ok(reply) if reply.servers.is_empty() => {
            say("no message was ever sent to a web server");
            DONE
        }
        Ok(reply) => {
            for server in &reply.servers {
                say(line(server));
            }
            DONE
        }
        Err(error) => end(FAILED, format!("{error:#}")),
    }
}

fn line(server: &WebServer) -> String {
    let kind = match server.kind.as_str() {
        "" => String::new(),
        kind => format!("{kind} to "),
    };
    let waiting = match server.waiting {
        0 => "nothing waits".to_owned(),
        1 => "1 message waits".to_owned(),
        many => format!("{many} messages wait"),
    };
    let failures = u64::from(server.failures);
    let fails = match (failures, server.left_alone) {
        (0, _) => String::new(),
        (_, None) => format!("; it failed: {}", server.why),
        (_, Some(left)) => format!(
            "; {} in a row, the last: {}; it is left alone for {} s",
            counted(failures, "failure"),
            server.why,
            left.div_ceil(1_000)
        ),
    };
    format!("{kind}{}: {waiting}{fails}", server.uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let server = |waiting, failures, left_alone| WebServer {
            kind: "call reports".to_owned(),
            uri: "http://crm/".to_owned(),
            waiting,
            failures,
            left_alone,
            why: "it answered 500".to_owned(),
        };
        for (server, right) in [
            (
                server(0, 0, None),
                "call reports to http://crm/: nothing waits",
            ),
            (
                server(1, 2, None),
                "call reports to http://crm/: 1 message waits; it failed: it answered 500",
            ),
            (
                server(7, 20, Some(4_100)),
                "call reports to http://crm/: 7 messages wait; 20 failures in a row, the last: it \
                 answered 500; it is left alone for 5 s",
            ),
        ] {
            assert_eq!(line(&server), right);
        }
    }
}
