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

/// A count with its word: "1 record", "2 records".
pub(crate) fn counted(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// What follows a count: 1 record "was", 2 records "were".
pub(crate) fn were(count: u64) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

/// Complains and ends with a status.
pub(crate) fn end(status: u8, line: impl Display) -> ExitCode {
    complain(line);
    ExitCode::from(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        for (count, said) in [
            (0, "0 records were"),
            (1, "1 record was"),
            (2, "2 records were"),
            (11, "11 records were"),
        ] {
            assert_eq!(
                format!("{} {}", counted(count, "record"), were(count)),
                said
            );
        }
    }
}
