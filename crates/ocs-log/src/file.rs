//! A log file that many threads write: lines gather in memory, and a thread of its
//! own writes them out. No line is dropped for speed: whoever finds the memory
//! full writes it out himself.

use std::io::{self, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::rotation::Rotation;
use crate::{Clock, Form, Line, LogSettings};

/// Bytes that may gather in memory.
const GATHERED: usize = 1 << 20;

/// How long lines gather before they are written out.
const PAUSE: Duration = Duration::from_millis(20);

/// A log file; clones write to the same one.
#[derive(Clone)]
pub struct LogFile(Arc<Shared>);

struct Shared {
    lines: Mutex<Lines>,
    added: Condvar,
    /// Locked before `lines`, so that lines reach the file in their order.
    output: Mutex<Output>,
    form: Form,
    clock: Clock,
}

#[derive(Default)]
struct Lines {
    text: Vec<u8>,
}

struct Output {
    rotation: Rotation,
    spare: Vec<u8>,
    /// Lines that could not be written since the last that could.
    lost: u64,
}

impl LogFile {
    pub(crate) fn open(settings: &LogSettings, clock: Clock) -> io::Result<Self> {
        let rotation = Rotation::open(&settings.file, settings.segment, settings.expire, clock())?;
        let shared = Arc::new(Shared {
            lines: Mutex::default(),
            added: Condvar::new(),
            output: Mutex::new(Output {
                rotation,
                spare: Vec::new(),
                lost: 0,
            }),
            form: settings.form,
            clock,
        });
        let weak = Arc::downgrade(&shared);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_out(&weak))?;
        Ok(Self(shared))
    }

    /// Adds whole lines.
    pub fn append(&self, lines: &[u8]) {
        let mut gathered = lock(&self.0.lines);
        let first = gathered.text.is_empty();
        gathered.text.extend_from_slice(lines);
        let full = gathered.text.len() >= GATHERED;
        drop(gathered);
        if full {
            self.0.flush();
        } else if first {
            self.0.added.notify_one();
        }
    }

    /// Writes out what has gathered.
    pub fn flush(&self) {
        self.0.flush();
    }
}

impl io::Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    /// Waits a while for lines; whether there are any.
    fn wait_for_lines(&self) -> bool {
        let lines = lock(&self.lines);
        if !lines.text.is_empty() {
            return true;
        }
        // A time-out, so that the end of the last handle is seen.
        let waited = self.added.wait_timeout(lines, Duration::from_secs(1));
        let (lines, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !lines.text.is_empty()
    }

    fn flush(&self) {
        let mut output = lock(&self.output);
        let output = &mut *output;
        std::mem::swap(&mut output.spare, &mut lock(&self.lines).text);
        if output.spare.is_empty() {
            return;
        }
        let now = (self.clock)();
        // A log that cannot be written must not stop what it logs; how much is missing is
        // said where it goes on.
        let lost_before = output.lost;
        if lost_before > 0 {
            let note = self.missing(lost_before);
            if output.rotation.write(note.as_bytes(), now).is_ok() {
                output.lost = 0;
            }
        }
        if output.lost > 0 {
            output.lost += count(&output.spare);
        } else if let Err(unwritten) = output.rotation.write(&output.spare, now) {
            let written = output.spare.len().saturating_sub(unwritten.bytes);
            output.lost = count(&output.spare[written..]);
            if lost_before == 0 {
                complain(&format!("the log cannot be written: {}", unwritten.error));
            }
        }
        output.spare.clear();
    }
}

impl Shared {
    /// The line that says how many are missing before it.
    fn missing(&self, lines: u64) -> String {
        let now = (self.clock)();
        Line::begin(
            self.form,
            now,
            LevelFilter::WARN,
            "lines are missing before this one, because the log could not be written",
        )
        .number("lines", lines)
        .finish()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.flush();
        let lost = lock(&self.output).lost;
        if lost > 0 {
            complain(&format!("{lost} lines of the log could not be written"));
        }
    }
}

/// Says on standard error what the log itself cannot say.
fn complain(sentence: &str) {
    // Where nobody hears it, there is nobody else to tell.
    let _ = writeln!(io::stderr(), "{sentence}");
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// The thread that writes out, until the last handle is gone.
fn write_out(log: &Weak<Shared>) {
    loop {
        let Some(shared) = log.upgrade() else { return };
        let waiting = shared.wait_for_lines();
        drop(shared);
        if waiting {
            // Meanwhile more lines gather: one write for all of them.
            std::thread::sleep(PAUSE);
            let Some(shared) = log.upgrade() else { return };
            shared.flush();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_lost_or_torn() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = LogSettings {
            file: folder.path().join("x.log"),
            level: LevelFilter::INFO,
            segment: 200_000,
            expire: 1_000,
            form: Form::Text,
            contact_info: crate::ContactInfo::Masked,
        };
        let clock_ticks = Arc::new(std::sync::atomic::AtomicI64::new(0));
        let ticks = Arc::clone(&clock_ticks);
        // A new microsecond at each look, so that every old file has its own name.
        let clock: Clock = Arc::new(move || {
            let tick = ticks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            jiff::Timestamp::from_microsecond(tick).expect("a moment")
        });
        let log = LogFile::open(&settings, clock).expect("it opens");
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let log = log.clone();
                scope.spawn(move || {
                    for number in 0..20_000 {
                        log.append(format!("{thread} {number}\n").as_bytes());
                    }
                });
            }
        });
        log.flush();
        let mut seen = std::collections::HashSet::new();
        for entry in std::fs::read_dir(folder.path()).expect("a folder") {
            let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a file");
            for line in text.lines() {
                assert!(seen.insert(line.to_owned()), "{line} is there twice");
            }
        }
        assert_eq!(seen.len(), 80_000);
        assert!(seen.contains("3 19999"));
    }
}
