//! `ocs dnc remove`: one entry off the Do Not Call list. OCS's log says who did it;
//! where no OCS runs, this process writes that line.

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use ocs_config::Config;
use ocs_log::{Log, LogSettings};
use ocs_protocol::control::{RemoveDoNotCallReply, RemoveDoNotCallRequest};
use ocs_server::{Clock, Control};
use tracing::level_filters::LevelFilter;

use crate::cli;
use crate::run::log_settings;
use crate::terminal::{DONE, FAILED, complain, end, say};

/// `ocs dnc remove`.
pub(super) fn remove(config: &Config, remove: &cli::DncRemove, clock: Clock) -> ExitCode {
    let removed = crate::run::block_on(async {
        let holder = "ocs dnc remove";
        let mut control = ocs_server::connect_control(config, holder, clock.clone()).await?;
        // Only where no OCS runs, which has the log in its hands.
        let log = match control.is_local() {
            true => Some(Log::start(&audited(config), clock)?),
            false => None,
        };
        let reply = ask(&mut control, remove).await;
        control.finish().await;
        if let Some(log) = log {
            log.flush();
        }
        reply
    });
    match removed {
        Ok(reply) => report(remove, &reply),
        Err(error) => end(FAILED, format!("{error:#}")),
    }
}

async fn ask(
    control: &mut Control,
    remove: &cli::DncRemove,
) -> anyhow::Result<RemoveDoNotCallReply> {
    let request = RemoveDoNotCallRequest {
        phone: remove.phone.clone().unwrap_or_default(),
        customer_id: remove.customer_id.clone().unwrap_or_default(),
        by: who("ocs dnc remove"),
    };
    let reply = control.client.remove_do_not_call(request).await;
    let reply = reply.map_err(|status| anyhow!("{}", status.message()))?;
    let reply = reply.into_inner();
    if !reply.problem.is_empty() {
        bail!(reply.problem);
    }
    Ok(reply)
}

fn report(remove: &cli::DncRemove, reply: &RemoveDoNotCallReply) -> ExitCode {
    let subject = match (&remove.phone, &remove.customer_id) {
        (Some(phone), _) => format!("phone \"{phone}\""),
        (_, Some(id)) => format!("customer id \"{id}\""),
        _ => String::new(),
    };
    let others = reply.others.iter().map(|other| format!("\"{other}\""));
    let others = others.collect::<Vec<_>>().join(", ");
    match (reply.removed, others.is_empty()) {
        (true, true) => {
            say(format!("the {subject} was taken off the Do Not Call list"));
            DONE
        }
        (true, false) => {
            say(format!("the {subject} was taken off the Do Not Call list"));
            complain(format!(
                "it may still not be called: the list also has it as {others}; remove these too"
            ));
            DONE
        }
        (false, true) => end(
            FAILED,
            format!("the {subject} is not on the Do Not Call list"),
        ),
        (false, false) => end(
            FAILED,
            format!("the {subject} is on the Do Not Call list as {others}; remove these"),
        ),
    }
}

/// Who asks, for the audit: the control socket lets in only the user that OCS runs as,
/// so this says which person that was, where the system knows.
pub(crate) fn who(command: &str) -> String {
    let named = |name: &str| std::env::var(name).ok().filter(|user| !user.is_empty());
    let user = named("SUDO_USER").or_else(|| named("USER"));
    let user = user.or_else(|| named("LOGNAME"));
    format!(
        "{} ({command}, process {})",
        user.as_deref().unwrap_or("a user without a name"),
        std::process::id()
    )
}

/// The configured log, at the level that an audit needs.
fn audited(config: &Config) -> LogSettings {
    LogSettings {
        level: LevelFilter::INFO,
        ..log_settings(config)
    }
}
