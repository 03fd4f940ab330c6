//! What HTTP Proxy tells every connection.

use tokio::sync::watch;

/// What HTTP Proxy tells every connection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Word {
    /// Whether they are to finish the requests that they have, and end.
    pub(crate) stop: bool,
    /// How often other settings were taken up.
    pub(crate) settings: u64,
}

/// Who hears it.
pub(crate) type Hears = watch::Receiver<Word>;

/// Waits until HTTP Proxy stops.
pub(crate) async fn stop(hears: &mut Hears) {
    // Where the sender is gone, HTTP Proxy is stopping too.
    let _ = hears.wait_for(|word| word.stop).await;
}

/// Waits for the next word; whether it is to stop. Without one, settings may be others.
pub(crate) async fn next(hears: &mut Hears) -> bool {
    hears.changed().await.is_err() || hears.borrow_and_update().stop
}
