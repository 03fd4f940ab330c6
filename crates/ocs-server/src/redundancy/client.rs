//! What `ocs status` and `ocs switchover` ask of every OCS of a store.

use std::path::Path;
use std::time::{Duration, Instant};

use ocs_config::Config;
use ocs_protocol::control::redundancy_client::RedundancyClient;
use ocs_protocol::control::{StatusReply, StatusRequest, SwitchOverRequest};
use tokio::time::{sleep, timeout};
use tonic::transport::Channel;

use super::sockets;
use crate::control::client::channel;
use crate::control::socket;
use crate::core::{CoreError, store_path};

/// How long one OCS may take to answer: one that was stopped never does.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// How long a switchover may take: requests in flight are finished first.
const SWITCHED_WITHIN: Duration = Duration::from_secs(60);

/// What an OCS says of itself.
#[derive(Debug)]
pub struct OfOcs {
    /// Its process.
    pub process: u32,
    /// What it said; `None` where it did not answer in time.
    pub status: Option<StatusReply>,
}

/// What came of a switchover.
#[derive(Debug)]
pub struct SwitchedOver {
    /// The new primary.
    pub primary: StatusReply,
    /// How long it took until that served.
    pub took: Duration,
}

/// Why nothing was switched over.
#[derive(Debug, thiserror::Error)]
pub enum SwitchOverError {
    /// The store of the configuration cannot be found.
    #[error("{0}")]
    Core(#[from] CoreError),
    /// There is no primary.
    #[error("no OCS of this store is primary; `ocs status` shows who is there")]
    NoPrimary,
    /// There is nobody who could take over.
    #[error(
        "no backup is there that could take over, so nothing was switched; start a second OCS \
         with redundancy.enabled"
    )]
    NoBackup,
    /// The primary does not hand over.
    #[error("the primary (process {process}) does not hand over: {why}")]
    Refused {
        /// Its process.
        process: u32,
        /// Why.
        why: String,
    },
    /// Nobody served in time.
    #[error("no other OCS was primary within {0:?}; `ocs status` shows who is there")]
    Late(Duration),
}

/// What every OCS of the configured store says of itself, by process.
///
/// # Errors
/// [`CoreError`]: the configuration's store is no file.
pub async fn statuses(config: &Config) -> Result<Vec<OfOcs>, CoreError> {
    let mut all = Vec::new();
    for (process, path) in sockets(&store_path(config)?) {
        // A socket that was left by a process that is gone takes no connection.
        let Some(mut ocs) = connect(&path).await else {
            continue;
        };
        let status = timeout(ANSWERS_WITHIN, ocs.status(StatusRequest {})).await;
        let status = status.ok().and_then(Result::ok);
        all.push(OfOcs {
            process,
            status: status.map(tonic::Response::into_inner),
        });
    }
    Ok(all)
}

/// Has the primary of the configured store hand over, and waits until a backup serves.
///
/// # Errors
/// [`SwitchOverError`].
pub async fn switch_over(config: &Config) -> Result<SwitchedOver, SwitchOverError> {
    let all: Vec<_> = statuses(config).await?;
    let all: Vec<_> = all.into_iter().filter_map(|ocs| ocs.status).collect();
    let primary = all.iter().find(|ocs| ocs.role == "primary");
    let primary = primary.ok_or(SwitchOverError::NoPrimary)?;
    // One of a later version does not follow what it will bring up to date: so a pair is
    // upgraded one by one.
    let ready =
        |ocs: &&StatusReply| ocs.role == "backup" && (ocs.problem.is_empty() || ocs.upgrades);
    if !all.iter().any(|ocs| ready(&ocs)) {
        return Err(SwitchOverError::NoBackup);
    }
    let refused = |why: String| SwitchOverError::Refused {
        process: primary.process,
        why,
    };
    let store = store_path(config)?;
    let sockets = sockets(&store);
    let path = sockets.iter().find(|(pid, _)| *pid == primary.process);
    let (_, path) = path.ok_or(SwitchOverError::NoPrimary)?;
    let mut ocs = connect(path)
        .await
        .ok_or_else(|| refused("it does not answer".to_owned()))?;
    let begun = Instant::now();
    let asked = timeout(ANSWERS_WITHIN, ocs.switch_over(SwitchOverRequest {})).await;
    match asked {
        Ok(Ok(reply)) if reply.get_ref().problem.is_empty() => {}
        Ok(Ok(reply)) => return Err(refused(reply.into_inner().problem)),
        Ok(Err(status)) => return Err(refused(status.message().to_owned())),
        Err(_) => return Err(refused("it does not answer".to_owned())),
    }
    while begun.elapsed() < SWITCHED_WITHIN {
        for ocs in statuses(config).await? {
            let Some(status) = ocs.status else { continue };
            if status.role == "primary" && status.ready && status.epoch != primary.epoch {
                return Ok(SwitchedOver {
                    primary: status,
                    took: begun.elapsed(),
                });
            }
        }
        sleep(Duration::from_millis(10)).await;
    }
    Err(SwitchOverError::Late(SWITCHED_WITHIN))
}

/// Whether a backup waits for the lease, so that there will be a primary.
pub(crate) async fn a_backup_waits(config: &Config) -> bool {
    let all = statuses(config).await.unwrap_or_default();
    let mut said = all.into_iter().filter_map(|ocs| ocs.status);
    said.any(|status| status.role != "starting")
}

async fn connect(path: &Path) -> Option<RedundancyClient<Channel>> {
    let stream = socket::connect(path).ok()?;
    let channel = timeout(ANSWERS_WITHIN, channel(stream)).await;
    Some(RedundancyClient::new(channel.ok()?.ok()?))
}
