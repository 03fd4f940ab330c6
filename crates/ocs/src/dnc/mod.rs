//! `ocs dnc`: the Do Not Call list by file, and one entry off it.

mod export;
mod import;
mod lines;
mod remove;

pub(crate) use lines::Lines;
pub(crate) use remove::who;

use std::path::Path;
use std::process::ExitCode;

use ocs_server::Clock;

use crate::{cli, config};

/// `ocs dnc`.
pub(crate) fn dnc(file: Option<&Path>, command: &cli::Dnc, clock: Clock) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    match command {
        cli::Dnc::Import(import) => import::import(&config, import, clock),
        cli::Dnc::Export(export) => export::export(&config, export, clock),
        cli::Dnc::Remove(remove) => remove::remove(&config, remove, clock),
    }
}
