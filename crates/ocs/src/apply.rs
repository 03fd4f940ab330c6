//! `ocs apply`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use ocs_config::Config;
use ocs_protocol::control::{ApplyReply, ApplyRequest};
use ocs_server::Clock;

use crate::terminal::{DONE, FAILED, WRONG, complain, end, say};
use crate::{cli, config, run};

/// `ocs apply`.
pub(crate) fn apply(file: Option<&Path>, apply: &cli::Apply, clock: Clock) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    match apply_to(&config, apply, clock) {
        Ok(reply) if reply.problems.is_empty() => {
            for change in &reply.changes {
                say(change);
            }
            if reply.changes.is_empty() {
                say("the file names no objects");
            }
            if apply.dry_run {
                say("this was a dry run: nothing was changed");
            }
            DONE
        }
        Ok(reply) => {
            for problem in &reply.problems {
                complain(problem);
            }
            end(WRONG, "nothing was changed")
        }
        Err(error) => end(FAILED, format!("{error:#}")),
    }
}

/// Applies an objects file to the store of a configuration.
pub(crate) fn apply_to(
    config: &Config,
    apply: &cli::Apply,
    clock: Clock,
) -> anyhow::Result<ApplyReply> {
    let file = apply.file.display().to_string();
    let objects =
        std::fs::read_to_string(&apply.file).with_context(|| format!("{file} cannot be read"))?;
    let request = ApplyRequest {
        objects,
        file,
        dry_run: apply.dry_run,
        prune: apply.prune,
    };
    run::with_control(config, "ocs apply", clock, async |control| {
        let applied = control.client.apply(request).await;
        Ok(applied
            .map_err(|status| anyhow!("{}", status.message()))?
            .into_inner())
    })
}
