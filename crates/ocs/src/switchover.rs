//! `ocs switchover`.

use std::path::Path;
use std::process::ExitCode;

use crate::terminal::{DONE, FAILED, end, say};
use crate::{config, run};

/// Has the primary hand over to a backup.
pub(crate) fn switchover(file: Option<&Path>) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    match run::block_on(async { Ok(ocs_server::switch_over(&config).await?) }) {
        Ok(switched) => {
            let primary = switched.primary;
            say(format!(
                "process {} is primary now (epoch {}); it served after {} ms",
                primary.process,
                primary.epoch.unwrap_or_default(),
                switched.took.as_millis()
            ));
            DONE
        }
        Err(error) => end(FAILED, format!("{error:#}")),
    }
}
