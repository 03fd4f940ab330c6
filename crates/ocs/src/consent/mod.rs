//! `ocs consent`: statements of consent and of its revocation, by file.

mod export;
mod import;

use std::path::Path;
use std::process::ExitCode;

use ocs_server::Clock;

use crate::{cli, config};

/// `ocs consent`.
pub(crate) fn consent(file: Option<&Path>, command: &cli::Consent, clock: Clock) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    match command {
        cli::Consent::Import(import) => import::import(&config, import, clock),
        cli::Consent::Export(export) => export::export(&config, export, clock),
    }
}
