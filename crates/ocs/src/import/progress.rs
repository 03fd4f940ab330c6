//! The progress bar, where a person watches.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

use crate::terminal::counted;

/// A progress bar on a terminal, nothing elsewhere.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    /// What is counted.
    of: &'static str,
}

impl Progress {
    /// For a file of so many bytes, of records or whatever its lines become.
    pub(crate) fn new(size: u64, of: &'static str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { bar: None, of };
        }
        let bar = ProgressBar::new(size);
        let style = "{bar:40} {percent:>3} %  {msg}  {elapsed} of about {duration}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self { bar: Some(bar), of }
    }

    /// So many bytes are read, so many are added.
    pub(crate) fn at(&self, read: u64, added: u64) {
        if let Some(bar) = &self.bar {
            bar.set_message(counted(added, self.of));
            bar.set_position(read);
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
