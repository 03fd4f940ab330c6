//! `ocs desktop`: a small client of the Desktop protocol, for scripts and for trying
//! things out (outbound-protocols.md, sections 1 and 3). Every event is one line of
//! JSON on standard output.

mod command;
mod connect;
mod conversation;
mod shown;
mod words;

use std::process::ExitCode;

use anyhow::Context as _;

pub(crate) use command::COMMANDS;

use crate::cli;
use crate::run::block_on;
use crate::terminal::{FAILED, WRONG, end};

/// `ocs desktop`.
pub(crate) fn desktop(desktop: &cli::Desktop) -> ExitCode {
    let single = match &desktop.command[..] {
        [] => None,
        words => match command::request(words) {
            Ok(request) => Some(request),
            Err(sentence) => return end(WRONG, sentence),
        },
    };
    let secret = match secret(desktop) {
        Ok(secret) => secret,
        Err(error) => return end(WRONG, format!("{error:#}")),
    };
    let ended = block_on(async {
        let client = connect::connect(desktop).await?;
        conversation::hold(client, desktop, secret, single).await
    });
    ended.unwrap_or_else(|error| end(FAILED, format!("{error:#}")))
}

/// The secret, without the line end that editors leave behind it.
fn secret(desktop: &cli::Desktop) -> anyhow::Result<String> {
    let file = desktop.secret_file.display();
    let secret = std::fs::read_to_string(&desktop.secret_file)
        .with_context(|| format!("the secret file {file} cannot be read"))?;
    let secret = secret.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!secret.is_empty(), "the secret file {file} is empty");
    Ok(secret.to_owned())
}
