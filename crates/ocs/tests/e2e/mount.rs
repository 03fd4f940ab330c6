//! A file system of a test's own.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::process::run;

/// A file system of its own, which goes with the test.
pub(crate) struct Mount {
    folder: TempDir,
}

impl Mount {
    /// Mounts so much memory; `None` where that is not permitted.
    pub(crate) fn new(size: &str) -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder");
        let size = format!("size={size}");
        let mounted = run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path()));
        if mounted.status == Some(0) {
            return Some(Self { folder });
        }
        eprintln!("skipped, nothing can be mounted here: {}", mounted.stderr);
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Mounts it again, with other options.
    #[track_caller]
    pub(crate) fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        run(Command::new("mount")
            .args(["-o", &options])
            .arg(self.path()))
        .expect(0, &[]);
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: what a failed test left open must not keep it.
        run(Command::new("umount").arg("--lazy").arg(self.path()));
    }
}
