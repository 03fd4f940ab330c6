//! `ocs quickstart`: OCS with a small campaign, to try it out.

use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use ocs_config::Config;
use ocs_server::{Clock, Started};

use crate::terminal::{FAILED, complain, end, say};
use crate::{apply, cli, config, import, run};

/// What a new folder gets: the configuration, the campaign, and the people.
const FILES: [(&str, &str); 3] = [
    ("ocs.toml", include_str!("ocs.toml")),
    ("objects.toml", include_str!("objects.toml")),
    ("people.csv", include_str!("people.csv")),
];

/// Starts OCS with the campaign.
pub(crate) fn quickstart(quickstart: &cli::Quickstart, clock: Clock) -> ExitCode {
    let config = match prepare(&quickstart.folder, &clock) {
        Ok(config) => config,
        Err(error) => return end(FAILED, format!("{error:#}")),
    };
    let said = Mutex::new(false);
    let announce = move |started: Started| match started {
        Started::Listening(ports) => {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            // Said once: a restarted HTTP Proxy needs no second introduction.
            if !std::mem::replace(&mut *said, true)
                && let Some((_, address)) = ports.first()
            {
                introduce(address);
            }
        }
        // The campaign to try out has no outbound port; one that was added is in the log.
        Started::Hearing(_) | Started::Waiting { .. } | Started::Primary { .. } => {}
        Started::Failed { reason, .. } => complain(reason),
        Started::WithoutHttp => complain("the configuration has no http port any more"),
    };
    run::serve(config, |_| Ok(None), clock, Arc::new(announce))
}

/// Makes the folder and brings the campaign in; what is there already stays.
fn prepare(folder: &Path, clock: &Clock) -> anyhow::Result<Config> {
    std::fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    for (name, text) in FILES {
        let path = folder.join(name);
        if !path.exists() {
            std::fs::write(&path, text).with_context(|| format!("{}", path.display()))?;
        }
    }
    let file = folder.join("ocs.toml");
    let Ok(mut config) = config::load(Some(&file)) else {
        bail!("{} is wrong", file.display())
    };
    for port in &mut config.server_info.port {
        // Taken by another program: any free port will do.
        if TcpListener::bind((port.host.as_str(), port.port)).is_err() {
            port.port = 0;
        }
    }
    let objects = cli::Apply {
        file: folder.join("objects.toml"),
        dry_run: false,
        prune: false,
    };
    apply::apply_to(&config, &objects, Arc::clone(clock))?;
    let people = cli::Import {
        file: folder.join("people.csv"),
        list: "Spring".to_owned(),
        key: Some("GSW_PHONE".to_owned()),
        chain: Some("GSW_CUSTOMER_ID".to_owned()),
        dry_run: false,
        rejects: None,
        delimiter: ',',
    };
    import::import_into(&config, &people, Arc::clone(clock))?;
    Ok(config)
}

fn introduce(address: &str) {
    say(format!(
        "OCS is ready on {address}; its calling list \"Spring\" holds people around the world.\n\
         Try, in another terminal:\n\n\
         curl -X POST '{address}/lists/Spring?req=AddRecord' -d \
         '{{\"GSW_PHONE\":\"+16505550123\",\"GSW_TZ_NAME\":\"PST\",\"first-name\":\"Ada\",\"balance\":12.5}}'\n\
         curl -X POST '{address}/records/1?req=UpdateCallCompletionStats' -d \
         '{{\"GSW_CALL_RESULT\":\"Answer\"}}'\n\
         curl '{address}/lists/Spring'\n\n\
         Ctrl-C ends it; what was stored stays."
    ));
}
