//! A folder with a configuration and a store.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{self, Ended, ocs};
use crate::server::Server;

/// The objects that most tests work with.
pub(crate) const OBJECTS: &str = include_str!("objects.toml");

/// Headers that every configuration of these tests adds to every reply.
pub(crate) const CUSTOM_HEADERS: [(&str, &str); 2] = [
    ("X-Frame-Options", "SAMEORIGIN"),
    ("X-Content-Type-Options", "nosniff"),
];

/// Tests run at any hour, also when it is night where their phones are.
pub(crate) const NIGHT_TOO: &str = "legal-hours = false\n";

/// One HTTP port, on any port number that is free.
pub(crate) const HTTP_PORT: &str = "
[[server-info.port]]
id = \"http\"
host = \"127.0.0.1\"
port = 0
";

/// A folder with a configuration; it goes when the test ends.
pub(crate) struct Home {
    path: PathBuf,
    _temporary: TempDir,
}

impl Home {
    /// A folder with one HTTP port on any free port number, and the usual objects.
    pub(crate) fn new() -> Self {
        Self::with(HTTP_PORT, OBJECTS)
    }

    /// A folder with these ports (and whatever follows them) and these objects.
    pub(crate) fn with(ports: &str, objects: &str) -> Self {
        Self::at("", ports, objects)
    }

    /// The same, so deep below a temporary folder.
    pub(crate) fn at(below: &str, ports: &str, objects: &str) -> Self {
        let temporary = TempDir::new().expect("a temporary folder");
        let path = temporary.path().join(below);
        fs::create_dir_all(&path).expect("a folder");
        let home = Self {
            path,
            _temporary: temporary,
        };
        home.configure(ports);
        if !objects.is_empty() {
            home.apply(objects);
        }
        home
    }

    /// An empty folder.
    pub(crate) fn empty() -> Self {
        let temporary = TempDir::new().expect("a temporary folder");
        Self {
            path: temporary.path().to_owned(),
            _temporary: temporary,
        }
    }

    /// Writes the configuration anew.
    pub(crate) fn configure(&self, ports: &str) {
        // What a test adds comes last: it may open a section of its own.
        let headers = CUSTOM_HEADERS.map(|(name, value)| format!("\"{name}: {value}\""));
        self.write(
            "ocs.toml",
            format!(
                "[options.OCServer]\nhttp-custom-headers = [{}]\n{NIGHT_TOO}\
                 [server-info]\nreconnect-timeout = 1\n{ports}",
                headers.join(", ")
            ),
        );
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file in the folder.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path.join(name);
        fs::write(&path, text).expect("a file");
        path
    }

    /// Reads a file in the folder; nothing where there is none.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path.join(name)).unwrap_or_default()
    }

    /// Runs `ocs` with these arguments in the folder, to its end.
    pub(crate) fn ocs(&self, arguments: &[&str]) -> Ended {
        process::run(&mut ocs(&self.path, arguments))
    }

    /// `ocs apply` of these objects, which are right.
    #[track_caller]
    pub(crate) fn apply(&self, objects: &str) -> Ended {
        self.write("objects.toml", objects);
        let applied = self.ocs(&["apply", "objects.toml"]);
        applied.expect(0, &[]);
        applied
    }

    /// The lines that `ocs export` writes of a calling list, by column name.
    #[track_caller]
    pub(crate) fn export(&self, list: &str) -> Vec<Value> {
        let exported = self.ocs(&["export", "--list", list]);
        exported.expect(0, &[]);
        crate::export::rows(&exported.stdout)
    }

    /// Starts OCS and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(self) -> Server {
        Server::of(self).ready()
    }
}

/// A port number that is free, and that the system hands out to nobody: below the
/// range that it takes the ports of outgoing connections from.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..10_000 {
        let next = NEXT.fetch_add(1, Ordering::Relaxed) + std::process::id() * 37;
        let port = u16::try_from(12_000 + next % 20_000).expect("below 32,000");
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}
