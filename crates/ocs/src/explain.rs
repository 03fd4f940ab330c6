//! `ocs explain`: why a record is called or not, and what would become of it
//! (records.md, sections 4 to 7).

use std::path::Path;
use std::process::ExitCode;

use anyhow::anyhow;
use ocs_protocol::control::{ExplainReply, ExplainRequest};
use ocs_server::Clock;

use crate::terminal::{DONE, FAILED, end, say};
use crate::{cli, config, run};

/// Explains a record.
pub(crate) fn explain(file: Option<&Path>, asked: &cli::Explain, clock: Clock) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let request = ExplainRequest {
        handle: asked.handle,
        results: asked.results.clone(),
        campaign_group: asked.campaign_group.clone().unwrap_or_default(),
        contact_info: asked.contact_info,
    };
    let explained = run::with_control(&config, "ocs explain", clock, async |control| {
        let explained = control.client.explain(request).await;
        Ok(explained
            .map_err(|status| anyhow!("{}", status.message()))?
            .into_inner())
    });
    match explained {
        Ok(reply) if reply.problem.is_empty() => {
            say(text(&reply));
            DONE
        }
        Ok(reply) => end(FAILED, reply.problem),
        Err(error) => end(FAILED, format!("{error:#}")),
    }
}

/// Section after section; whatever OCS says of a record needs no change here.
fn text(reply: &ExplainReply) -> String {
    let sections = reply.sections.iter().map(|section| {
        let lines = section.lines.iter();
        let lines = lines.map(|line| format!("\n  {}: {}", line.name, line.text));
        section.title.clone() + &lines.collect::<String>()
    });
    sections.collect::<Vec<_>>().join("\n\n")
}
