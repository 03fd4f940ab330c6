//! The configuration: loaded for the other commands, checked, described.

use std::path::Path;
use std::process::ExitCode;

use ocs_config::Config;
use ocs_server::Clock;

use crate::terminal::{DONE, WRONG, complain, end, say};

/// Loads the configuration, or says everything that is wrong with it.
pub(crate) fn load(file: Option<&Path>) -> Result<Config, ExitCode> {
    // What is no UTF-8 in the environment is none of ours.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    ocs_config::load(file, environment).map_err(|error| end(WRONG, error))
}

/// `ocs check-config`.
pub(crate) fn check(file: Option<&Path>, clock: &Clock) -> ExitCode {
    let config = match load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    for warning in config.warnings() {
        complain(format!("warning: {warning}"));
    }
    let not_yet = config.not_built_yet();
    if !not_yet.is_empty() {
        return end(WRONG, not_yet.join("\n"));
    }
    match ocs_server::check_tls(&config, clock()) {
        Ok(warnings) => {
            for warning in warnings {
                complain(format!("warning: {warning}"));
            }
        }
        Err(problems) => return end(WRONG, problems),
    }
    say("the configuration is good");
    DONE
}

/// `ocs config-schema`.
pub(crate) fn schema(objects: bool) -> ExitCode {
    let schema = if objects {
        ocs_config::objects::json_schema()
    } else {
        ocs_config::json_schema()
    };
    say(format!("{schema:#}"));
    DONE
}
