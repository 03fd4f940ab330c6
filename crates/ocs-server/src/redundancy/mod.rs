//! Primary and backup (configuration.md, section 6): who waits for the lease, what each OCS
//! of a store says of itself, and how one hands over to another.
//!
//! A process that was primary and hands over starts again as a new one of the same id: so a
//! backup never has anything of a primary left in it.

mod backup;
mod board;
mod client;
mod settings;
mod status;

pub use client::{OfOcs, SwitchOverError, SwitchedOver, statuses, switch_over};

pub(crate) use backup::{Waited, wait, wait_for_successor};
pub(crate) use board::Board;
pub(crate) use client::a_backup_waits;
pub(crate) use settings::terms;
pub(crate) use status::listen;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What the names of the sockets by which each OCS says what it is begin with; the process
/// id follows.
fn socket_prefix(store: &Path) -> OsString {
    let mut name = store.file_name().unwrap_or_default().to_owned();
    name.push("-ocs-");
    name
}

/// The sockets of every OCS of a store, by process id, also of those that are gone.
fn sockets(store: &Path) -> Vec<(u32, PathBuf)> {
    let prefix = socket_prefix(store);
    let prefix = prefix.to_string_lossy();
    let folder = store
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    // Where it cannot be read, no OCS can be there.
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let of_ocs = entries.filter_map(|entry| {
        let name = entry.file_name();
        let pid = name
            .to_string_lossy()
            .strip_prefix(&*prefix)?
            .parse()
            .ok()?;
        Some((pid, entry.path()))
    });
    let mut sockets: Vec<_> = of_ocs.collect();
    sockets.sort_unstable();
    sockets
}
