//! `ocs erase`: what a person left in the store goes, and a receipt is printed.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{anyhow, bail};
use ocs_protocol::control::{EraseReply, EraseRequest};
use ocs_server::{Clock, Control};

use crate::dnc::who;
use crate::run::with_control;
use crate::terminal::{DONE, FAILED, end, say};
use crate::{cli, config};

/// `ocs erase`.
pub(crate) fn erase(file: Option<&Path>, erase: &cli::Erase, clock: Clock) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let erased = with_control(&config, "ocs erase", clock, async |control| {
        ask(control, erase).await
    });
    match erased {
        Ok(reply) => report(erase.dry_run, &reply),
        Err(error) => end(FAILED, format!("{error:#}")),
    }
}

async fn ask(control: &mut Control, erase: &cli::Erase) -> anyhow::Result<EraseReply> {
    let request = EraseRequest {
        phone: erase.person.phone.clone().unwrap_or_default(),
        customer_id: erase.person.customer_id.clone().unwrap_or_default(),
        dry_run: erase.dry_run,
        by: who("ocs erase"),
    };
    let reply = control.client.erase(request).await;
    let reply = reply
        .map_err(|status| anyhow!("{}", status.message()))?
        .into_inner();
    if !reply.problem.is_empty() {
        bail!(reply.problem);
    }
    Ok(reply)
}

fn report(dry_run: bool, reply: &EraseReply) -> ExitCode {
    if dry_run {
        say(format!(
            "records that name the person: {}; they and the rest of their chains would be erased \
             (dry run)",
            reply.records
        ));
        return DONE;
    }
    say(format!(
        "erased: records: {}, attempts: {}, import keys: {}, statements of consent: {}; emptied: \
         answers under Idempotency-Keys: {}, messages of the Do Not Call list: {}",
        reply.records,
        reply.attempts,
        reply.import_keys,
        reply.consent_statements,
        reply.answers,
        reply.do_not_call_messages
    ));
    if reply.kept_out {
        say("the Do Not Call list keeps the person out of every calling list".to_owned());
    }
    DONE
}
