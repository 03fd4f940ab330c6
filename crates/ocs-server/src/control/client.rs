//! The command-line tools' end: the running OCS where there is one, else the store
//! itself, under the lease, through the very same service.

use std::io;
use std::time::{Duration, Instant};

use hyper_util::rt::TokioIo;
use ocs_config::Config;
use ocs_protocol::MAX_MESSAGE;
use ocs_protocol::control::control_client::ControlClient;
use tokio::io::DuplexStream;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use super::socket;
use crate::core::{Clock, Core, CoreError};
use crate::redundancy;

/// Bytes between a tool and the service in one process.
const PIPE: usize = 1 << 20;

/// How long, after the lease, a backup may take until it is primary and hears commands.
const NEXT_PRIMARY: Duration = Duration::from_secs(5);
/// How often it is looked whether it does.
const AGAIN: Duration = Duration::from_millis(20);

/// A tool's connection.
pub struct Control {
    /// What the tool asks.
    pub client: ControlClient<Channel>,
    /// The store, where this process holds the lease.
    local: Option<Core>,
}

/// Why a tool cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The store cannot be opened; most often because an OCS that does not answer
    /// has it.
    #[error("{0}")]
    Core(#[from] CoreError),
    /// The connection could not be made.
    #[error("the running OCS cannot be spoken with: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// Connects to the running OCS of a configuration; where none runs, takes the lease
/// as `holder` and does the work in this process.
///
/// # Errors
/// [`ControlError`].
pub async fn connect(config: &Config, holder: &str, clock: Clock) -> Result<Control, ControlError> {
    let path = socket::path(config)?;
    let mut stream = socket::connect(&path).ok();
    if stream.is_none() && config.redundancy.enabled {
        // Between two primaries, the lease is the backup's.
        let begun = Instant::now();
        while stream.is_none()
            && begun.elapsed() < NEXT_PRIMARY + config.redundancy.lease.as_duration()
            && redundancy::a_backup_waits(config).await
        {
            tokio::time::sleep(AGAIN).await;
            stream = socket::connect(&path).ok();
        }
    }
    if let Some(stream) = stream {
        let client = client(stream).await?;
        return Ok(Control {
            client,
            local: None,
        });
    }
    let (core, _writer_ended) = Core::open(config, holder, clock)?;
    let (near, far) = tokio::io::duplex(PIPE);
    tokio::spawn(socket::serve(core.clone(), far));
    let client = client::<DuplexStream>(near).await?;
    Ok(Control {
        client,
        local: Some(core),
    })
}

impl Control {
    /// Whether the work is done in this process, because no OCS runs.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.local.is_some()
    }

    /// Ends the work: gives the lease up where this process took it.
    pub async fn finish(self) {
        if let Some(core) = self.local {
            let _ = tokio::task::spawn_blocking(move || core.close()).await;
        }
    }
}

async fn client<S>(stream: S) -> Result<ControlClient<Channel>, tonic::transport::Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    Ok(ControlClient::new(channel(stream).await?)
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE))
}

/// A channel of one connection, which is there already.
pub(crate) async fn channel<S>(stream: S) -> Result<Channel, tonic::transport::Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let mut stream = Some(stream);
    let connector = service_fn(move |_| {
        let stream = stream.take().map(TokioIo::new);
        async move { stream.ok_or_else(|| io::Error::other("the connection was lost")) }
    });
    Endpoint::from_static("http://ocs")
        .connect_with_connector(connector)
        .await
}
