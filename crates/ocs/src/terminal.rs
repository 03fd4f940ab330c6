//! What is said to the person at the terminal, and how a command ends.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

/// Everything was done.
pub(crate) const DONE: ExitCode = ExitCode::SUCCESS;
/// Something failed.
pub(crate) const FAILED: u8 = 1;
/// The configuration or the command was wrong; nothing was opened.
pub(crate) const WRONG: u8 = 2;
/// Some of it was done: the rest was rejected.
pub(crate) const PARTLY: u8 = 3;

/// Says a line on standard output. Where nobody reads it any more, nobody misses it.
pub(crate) fn say(line: impl Display) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}");
    let _ = stdout.flush();
}

/// Says a line on standard error.
pub(crate) fn complain(line: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Complains and ends with a status.
pub(crate) fn end(status: u8, line: impl Display) -> ExitCode {
    complain(line);
    ExitCode::from(status)
}
