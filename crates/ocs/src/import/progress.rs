//! The progress bar, where a person watches.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal::counted;

/// A progress bar on a terminal, nothing elsewhere.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// For a file of so many bytes.
    pub(super) fn new(size: u64) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new(size);
        let style = "{bar:40} {percent:>3} %  {msg}  {elapsed} of about {duration}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    /// So many bytes are read, so many records added.
    pub(super) fn at(&self, read: u64, added: u64) {
        if let Some(bar) = &self.0 {
            bar.set_message(counted(added, "record"));
            bar.set_position(read);
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
