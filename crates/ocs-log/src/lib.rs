//! Log files of OCS and of HTTP Proxy: their lines, their rotation, and the clock
//! they are stamped with (configuration.md, section 5).

mod contact_info;
mod file;
mod level;
mod line;
mod rotation;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt as _;

use level::Level;

pub use contact_info::ContactInfo;
pub use file::LogFile;
pub use line::{Form, Line};

/// Where the wall-clock time comes from; `main` hands it in.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How a process writes its log (configuration.md, section 5).
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// The file; its folder is made.
    pub file: PathBuf,
    /// The least important level that is written.
    pub level: LevelFilter,
    /// Bytes after which a new file is begun; one is also begun every day (UTC).
    pub segment: u64,
    /// Old files kept.
    pub expire: u32,
    /// How lines are written.
    pub form: Form,
    /// How phones, customer ids and the values of user fields are written.
    pub contact_info: ContactInfo,
}

/// The log of this process. When the last clone is dropped, the file is whole.
#[derive(Clone)]
pub struct Log {
    file: LogFile,
    form: Form,
    level: Level,
    contact_info: ContactInfo,
    clock: Clock,
}

impl Log {
    /// Opens the log file and makes it the place where this process's `tracing`
    /// events go.
    ///
    /// # Errors
    /// The folder cannot be made, or the file not opened; the error names it.
    pub fn start(settings: &LogSettings, clock: Clock) -> std::io::Result<Self> {
        let file = LogFile::open(settings, Arc::clone(&clock))?;
        let log = Self {
            file,
            form: settings.form,
            level: Level::new(settings.level),
            contact_info: settings.contact_info,
            clock,
        };
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(ToFile(log.file.clone()))
            .with_timer(Stamp(Arc::clone(&log.clock)))
            .with_target(false)
            .with_ansi(false);
        let registry = tracing_subscriber::registry().with(log.level.clone());
        // A second log in one process adds to the first one's events; only tests do that.
        let _ = match settings.form {
            Form::Text => tracing::subscriber::set_global_default(registry.with(lines)),
            Form::Json => tracing::subscriber::set_global_default(
                registry.with(lines.json().flatten_event(true)),
            ),
        };
        Ok(log)
    }

    /// How phones, customer ids and the values of user fields are written.
    #[must_use]
    pub fn contact_info(&self) -> ContactInfo {
        self.contact_info
    }

    /// Whether lines at a level are written.
    #[must_use]
    pub fn writes(&self, level: LevelFilter) -> bool {
        level <= self.level.get()
    }

    /// Begins a line at a level; `None` when the level is not written.
    #[must_use]
    pub fn line(&self, level: LevelFilter, name: &str) -> Option<Line> {
        self.writes(level)
            .then(|| Line::begin(self.form, (self.clock)(), level, name))
    }

    /// Writes what is at least as important from now on.
    pub fn set_level(&self, level: LevelFilter) {
        self.level.set(level);
    }

    /// Adds a line.
    pub fn write(&self, line: Line) {
        self.file.append(line.finish().as_bytes());
    }

    /// Writes out what is still in memory.
    pub fn flush(&self) {
        self.file.flush();
    }
}

struct ToFile(LogFile);

impl<'a> MakeWriter<'a> for ToFile {
    type Writer = LogFile;

    fn make_writer(&'a self) -> Self::Writer {
        self.0.clone()
    }
}

struct Stamp(Clock);

impl FormatTime for Stamp {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        write!(writer, "{:.6}", (self.0)())
    }
}
