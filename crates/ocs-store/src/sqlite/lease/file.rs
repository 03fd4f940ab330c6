//! The file of the lease, beside the database: the lock, the holder's sign of life, and who
//! he is.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::StoreError;
use crate::sqlite::lease::process;

/// Signs of life within the lease, so that one that is late costs nobody his lease.
const BEATS: u32 = 4;

/// The first line: a number of this many digits, and the end of the line.
const BEAT: usize = 20;

/// Bytes of the file that are read: the names of some hundred settings.
const LONGEST: usize = 256 * 1024;

/// How a lease is held.
#[derive(Debug, Clone)]
pub struct Terms {
    /// How long it lasts after a sign of life.
    pub lease: Duration,
    /// What the holder and its backups have to have in common, by name.
    pub settings: BTreeMap<String, String>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(2),
            settings: BTreeMap::new(),
        }
    }
}

/// What the file says of the holder.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Program and application.
    pub name: String,
    /// The process id.
    pub pid: u32,
    /// When that process started, in clock ticks since the machine did.
    pub start_time: i64,
    /// Its terms.
    pub terms: Terms,
}

/// The file, without the lock.
pub(crate) struct LeaseFile {
    path: PathBuf,
    file: File,
}

/// What came of trying for the lock.
pub(crate) enum Tried {
    Taken(LeaseLock),
    Held(LeaseFile),
}

/// The lock, with the thread that gives the signs of life. Dropped, it is given up.
pub(crate) struct LeaseLock {
    _file: Arc<File>,
    stop: Arc<AtomicBool>,
    beating: Option<JoinHandle<()>>,
}

impl LeaseFile {
    /// Opens the file of a database; it is made where it is not there.
    pub(crate) fn open(database: &Path) -> Result<Self, StoreError> {
        let mut path = OsString::from(database);
        path.push("-lease");
        let path = PathBuf::from(path);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&path);
        let file = file.map_err(|source| match source.kind() {
            io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(database.to_owned()),
            _ => StoreError::File {
                path: path.clone(),
                action: "opened",
                source,
            },
        })?;
        Ok(Self { path, file })
    }

    /// Takes the lock for `holder` where it is free, and gives signs of life from then on.
    pub(crate) fn try_lock(self, holder: &str, terms: &Terms) -> Result<Tried, StoreError> {
        match self.file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Tried::Held(self)),
            Err(TryLockError::Error(source)) => {
                return Err(StoreError::File {
                    path: self.path,
                    action: "locked",
                    source,
                });
            }
        }
        let lock = LeaseLock::begin(self.file, holder, terms);
        lock.map(Tried::Taken).map_err(|source| StoreError::File {
            path: self.path,
            action: "written",
            source,
        })
    }

    /// The holder's last sign of life; `None` where there never was one.
    pub(crate) fn beat(&self) -> Option<u64> {
        beat(&self.file)
    }

    /// Who has the lock, as the file says; `None` where it says nothing that makes sense.
    pub(crate) fn holder(&self) -> Option<Holder> {
        let length = usize::try_from(self.file.metadata().ok()?.len()).ok()?;
        let mut text = vec![0; length.min(LONGEST)];
        let length = self.file.read_at(&mut text, 0).ok()?;
        let text = std::str::from_utf8(text.get(BEAT + 1..length)?).ok()?;
        let said: Value = serde_json::from_str(text).ok()?;
        let settings = said["settings"].as_object()?;
        let settings = settings
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        Some(Holder {
            name: said["holder"].as_str()?.to_owned(),
            pid: said["pid"].as_u64()?.try_into().ok()?,
            start_time: said["start_time"].as_i64()?,
            terms: Terms {
                lease: Duration::from_millis(said["lease_ms"].as_u64()?),
                settings: settings.collect(),
            },
        })
    }

    /// The open file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }
}

impl LeaseLock {
    fn begin(file: File, holder: &str, terms: &Terms) -> io::Result<Self> {
        let beat = beat(&file).unwrap_or(0).wrapping_add(1);
        let pid = std::process::id();
        let lease = u64::try_from(terms.lease.as_millis()).unwrap_or(u64::MAX);
        let said = json!({
            "holder": holder, "pid": pid, "start_time": process::start_time(pid).unwrap_or(0),
            "lease_ms": lease, "settings": terms.settings,
        });
        let text = format!("{}{said}\n", line(beat));
        file.write_all_at(text.as_bytes(), 0)?;
        file.set_len(text.len() as u64)?;
        let (file, stop) = (Arc::new(file), Arc::default());
        let beating = std::thread::Builder::new()
            .name("lease".to_owned())
            .spawn({
                let (file, stop) = (Arc::clone(&file), Arc::clone(&stop));
                let every = terms.lease / BEATS;
                move || give_signs_of_life(&file, &stop, beat, every)
            })?;
        Ok(Self {
            _file: file,
            stop,
            beating: Some(beating),
        })
    }
}

impl Drop for LeaseLock {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(beating) = self.beating.take() {
            beating.thread().unpark();
            // A panic there was reported by it.
            let _ = beating.join();
        }
    }
}

fn give_signs_of_life(file: &File, stop: &AtomicBool, mut beat: u64, every: Duration) {
    let mut failing = false;
    while !stop.load(Ordering::Relaxed) {
        beat = beat.wrapping_add(1);
        let written = file.write_all_at(line(beat).as_bytes(), 0);
        if let Err(error) = &written
            && !failing
        {
            // Without a backup nobody misses it. A backup ends this process, which is not
            // able to write beside its store.
            tracing::error!(%error, "the lease was not renewed; it is tried again");
        }
        failing = written.is_err();
        std::thread::park_timeout(every);
    }
}

fn line(beat: u64) -> String {
    format!("{beat:0BEAT$}\n")
}

fn beat(file: &File) -> Option<u64> {
    let mut digits = [0; BEAT];
    file.read_exact_at(&mut digits, 0).ok()?;
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_holder_is_known_and_gives_signs_of_life() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("ocs.db");
        let open = || LeaseFile::open(&database).expect("it opens");
        let terms = Terms {
            lease: Duration::from_millis(20),
            settings: BTreeMap::from([("application.name".to_owned(), "\"OCS\"".to_owned())]),
        };
        assert!(open().holder().is_none(), "nobody had it");
        let Ok(Tried::Taken(lock)) = open().try_lock("ocs run", &terms) else {
            panic!("it is free");
        };
        let Ok(Tried::Held(watched)) = open().try_lock("another", &Terms::default()) else {
            panic!("it is held");
        };
        let holder = watched.holder().expect("it says who");
        assert_eq!(holder.name, "ocs run");
        assert_eq!(holder.pid, std::process::id());
        assert_eq!(Some(holder.start_time), process::start_time(holder.pid));
        assert_eq!(holder.terms.lease, terms.lease);
        assert_eq!(holder.terms.settings, terms.settings);
        let (first, begun) = (watched.beat(), Instant::now());
        while watched.beat() == first {
            assert!(begun.elapsed() < Duration::from_secs(30), "{first:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(watched.beat() > first);
        drop(lock);
        let last = watched.beat();
        // Whatever somebody writes into it, the next holder is known.
        for text in ["", "nonsense", "00000000000000000009\n{\"pid\":"] {
            std::fs::write(database.with_file_name("ocs.db-lease"), text).expect("written");
            assert!(watched.holder().is_none(), "{text:?}");
            let Ok(Tried::Taken(_lock)) = open().try_lock("the next", &terms) else {
                panic!("it is free");
            };
            assert_eq!(watched.holder().expect("it says who").name, "the next");
        }
        assert!(last.is_some());
    }
}
