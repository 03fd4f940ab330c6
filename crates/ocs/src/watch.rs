//! Notices that a file was written, also one that an editor replaces: its folder is
//! watched, and nothing is polled.

use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init};
use rustix::io::Errno;
use tokio::sync::mpsc;

/// After the first sign of a change, how long others are waited for: many programs
/// write a file in several steps.
const BURST: Duration = Duration::from_millis(100);

/// A file that is watched.
pub(crate) struct Watch {
    changes: mpsc::Receiver<()>,
}

/// The watch's own thread, which waits in the system for what happens in the folder.
struct Watcher {
    file: PathBuf,
    name: OsString,
    events: OwnedFd,
}

impl Watch {
    /// Watches a file, which need not be there yet; its folder has to.
    pub(crate) fn of(file: &Path) -> io::Result<Self> {
        let file = std::path::absolute(file)?;
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
            return Err(io::Error::other("it has no folder"));
        };
        let events = init(CreateFlags::CLOEXEC)?;
        // A file is whole when it is closed, or moved to where it belongs.
        let whole = WatchFlags::CLOSE_WRITE | WatchFlags::MOVED_TO | WatchFlags::ONLYDIR;
        add_watch(&events, folder, whole)?;
        let watcher = Watcher {
            name: name.to_owned(),
            events,
            file,
        };
        // One that waits to be looked at stands for all that come meanwhile.
        let (change, changes) = mpsc::channel(1);
        std::thread::Builder::new()
            .name("config-watch".to_owned())
            .spawn(move || watcher.watch(&change))?;
        Ok(Self { changes })
    }

    /// Waits until the file was written; `None` when that is noticed no more.
    pub(crate) async fn changed(&mut self) -> Option<()> {
        self.changes.recv().await?;
        tokio::time::sleep(BURST).await;
        // What came with it is the same change.
        let _ = self.changes.try_recv();
        Some(())
    }
}

impl Watcher {
    fn watch(&self, change: &mpsc::Sender<()>) {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&self.events, &mut buffer);
        loop {
            let concerns = match reader.next() {
                Ok(event) => {
                    let named = event
                        .file_name()
                        .is_some_and(|name| name.to_bytes() == self.name.as_bytes());
                    let events = event.events();
                    // A link to the file may be moved instead of the file, and many
                    // events are told as one that names nothing.
                    let moved = events.contains(ReadFlags::MOVED_TO) && self.file.is_symlink();
                    named || moved || events.contains(ReadFlags::QUEUE_OVERFLOW)
                }
                Err(Errno::INTR) => false,
                Err(error) => {
                    tracing::warn!(%error, "the configuration's folder cannot be watched");
                    return;
                }
            };
            if concerns
                && matches!(
                    change.try_send(()),
                    Err(mpsc::error::TrySendError::Closed(_))
                )
            {
                return;
            }
        }
    }
}
