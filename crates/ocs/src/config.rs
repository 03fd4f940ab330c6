//! The configuration: loaded for the other commands, checked, described, changed.

use std::path::Path;
use std::process::ExitCode;

use ocs_config::{Config, Rewriting};
use ocs_server::Clock;

use crate::cli::{ConfigCommand, ConfigSet};
use crate::terminal::{DONE, FAILED, WRONG, complain, end, say};

/// Loads the configuration, or says everything that is wrong with it.
pub(crate) fn load(file: Option<&Path>) -> Result<Config, ExitCode> {
    read(file).map_err(|wrong| end(WRONG, wrong))
}

/// Reads the configuration; the error has a line for everything that is wrong with it.
pub(crate) fn read(file: Option<&Path>) -> Result<Config, String> {
    ocs_config::load(file, environment()).map_err(|error| error.to_string())
}

/// The environment that a configuration is read with.
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    // What is no UTF-8 in it is none of ours.
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// `ocs config`.
pub(crate) fn command(file: Option<&Path>, command: &ConfigCommand) -> ExitCode {
    match command {
        ConfigCommand::Set(wanted) => set(file, wanted),
    }
}

/// `ocs config set`.
fn set(file: Option<&Path>, wanted: &ConfigSet) -> ExitCode {
    let Some(file) = ocs_config::file(file) else {
        let usual = ocs_config::USUAL_FILE;
        return end(
            WRONG,
            format!("there is no {usual} here to change; name the file with --config"),
        );
    };
    let rewriting = match Rewriting::begin(&file) {
        Ok(rewriting) => rewriting,
        Err(error) => return end(WRONG, error),
    };
    let text = rewriting.text();
    let set = match ocs_config::set(&file, text, &wanted.key, &wanted.value, environment()) {
        Ok(set) => set,
        Err(error) => return end(WRONG, format!("{error}\nnothing was written")),
    };
    let not_yet = set.config.not_built_yet();
    if !not_yet.is_empty() {
        return end(
            WRONG,
            format!("{}\nnothing was written", not_yet.join("\n")),
        );
    }
    if set.text == text {
        say(format!("{} has this value already", wanted.key));
        return DONE;
    }
    if let Err(error) = rewriting.end(&set.text) {
        return end(FAILED, error);
    }
    for warning in set.config.warnings() {
        complain(format!("warning: {warning}"));
    }
    say(format!(
        "{} is set in {}; where OCS runs: {}",
        wanted.key,
        file.display(),
        set.effect
    ));
    DONE
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
