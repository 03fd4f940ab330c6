//! What a process says, while it says it.

use std::io::{self, BufRead as _, BufReader};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::process::PATIENCE;

/// What a process says, line by line, as it comes.
#[derive(Clone, Default)]
pub(crate) struct Said {
    lines: Arc<(Mutex<Lines>, Condvar)>,
}

#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    ended: bool,
}

impl Said {
    pub(crate) fn read(stream: impl io::Read + Send + 'static) -> Self {
        let said = Self::default();
        let lines = Arc::clone(&said.lines);
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let mut said = lines.0.lock().unwrap_or_else(PoisonError::into_inner);
                said.lines.push(line);
                lines.1.notify_all();
            }
            let mut said = lines.0.lock().unwrap_or_else(PoisonError::into_inner);
            said.ended = true;
            lines.1.notify_all();
        });
        said
    }

    /// The lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        let said = self.lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.lines.clone()
    }

    /// Waits for the `nth` line (from 1) that contains `part`, and returns it; `None`
    /// when everything was said without it.
    pub(crate) fn wait(&self, part: &str, nth: usize) -> Option<String> {
        let said = self.lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = |said: &Lines| {
            let mut with = said.lines.iter().filter(|line| line.contains(part));
            with.nth(nth - 1).cloned()
        };
        let (said, timeout) = self
            .lines
            .1
            .wait_timeout_while(said, PATIENCE, |said| found(said).is_none() && !said.ended)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(
            !timeout.timed_out(),
            "{part:?} was not said {nth} times in {PATIENCE:?}: {:#?}",
            said.lines
        );
        found(&said)
    }

    /// Waits until everything was said: whoever could say more is gone.
    pub(crate) fn wait_for_end(&self) -> Vec<String> {
        let nothing = self.wait("\u{0}", 1);
        assert_eq!(nothing, None);
        self.lines()
    }
}

/// The address that a line says a port is on.
pub(crate) fn address(line: &str, port: &str) -> Option<String> {
    let rest = line.strip_prefix("HTTP Proxy listens on ")?;
    let address = rest.strip_suffix(&format!(" (port \"{port}\")"))?;
    Some(address.to_owned())
}
