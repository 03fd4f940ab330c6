//! Test runners, whose output is passed on while their counts are taken from it.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::ops::AddAssign;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::cargo::{cargo, shown, succeeds};

/// How many tests ran, by their outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The runners we know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runner {
    Nextest,
    CargoTest,
}

impl Runner {
    /// nextest where it is installed, else what comes with cargo.
    pub(crate) fn installed() -> Self {
        if succeeds(cargo().args(["nextest", "--version"])) {
            Self::Nextest
        } else {
            Self::CargoTest
        }
    }

    /// The beginning of a command line: every test runs, also after a failure.
    pub(crate) fn command(self) -> Command {
        let mut command = cargo();
        match self {
            Self::Nextest => command.args(["nextest", "run", "--no-fail-fast"]),
            Self::CargoTest => command.args(["test", "--no-fail-fast"]),
        };
        command
    }
}

/// Runs tests to their end. The counts are added to `counts` whether or not
/// they passed; it is an error when one did not.
pub(crate) fn run_tests(runner: Runner, command: &mut Command, counts: &mut Counts) -> Result<()> {
    // Runners see a pipe and would drop their colours.
    if std::io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    println!("    {}", shown(command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    let stdout = child.stdout.take().context("stdout is piped")?;
    let stderr = child.stderr.take().context("stderr is piped")?;
    // cargo test sums up on stdout, nextest on stderr.
    let other = thread::spawn(move || pass_on(runner, stderr, std::io::stderr()));
    let mut ran = pass_on(runner, stdout, std::io::stdout());
    ran += other.join().unwrap_or_default();
    let status = child.wait()?;
    *counts += ran;
    if !status.success() {
        bail!("{} failed ({status})", count_of_tests(ran.failed));
    }
    Ok(())
}

fn count_of_tests(n: u64) -> String {
    match n {
        0 => "no test, but the runner".to_owned(),
        1 => "1 test".to_owned(),
        n => format!("{n} tests"),
    }
}

fn pass_on(runner: Runner, from: impl Read, mut to: impl Write) -> Counts {
    let mut from = BufReader::new(from);
    let mut counts = Counts::default();
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // Ours may be closed (`| head`); the runner is heard to its end.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        if let Some(found) = counts_in(runner, &plain(&String::from_utf8_lossy(&line))) {
            counts += found;
        }
        line.clear();
    }
    counts
}

/// A line without its colours.
fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

/// The counts in the summary line of this runner, when the line is one. nextest
/// shows what a failed test printed, with a summary of cargo test's form in it:
/// that one must not be counted again.
fn counts_in(runner: Runner, line: &str) -> Option<Counts> {
    let line = line.trim();
    match runner {
        Runner::CargoTest => {
            // `test result: ok. 3 passed; 0 failed; 0 ignored; …`
            let (_, rest) = line.strip_prefix("test result: ")?.split_once(". ")?;
            Some(Counts {
                passed: number_before(rest, " passed")?,
                failed: number_before(rest, " failed")?,
            })
        }
        Runner::Nextest => {
            // `Summary [ 0.1s] 4 tests run: 3 passed, 1 timed out, 0 skipped`;
            // the first number is `2/4` when the run was interrupted.
            let (_, rest) = line.strip_prefix("Summary [")?.split_once(']')?;
            let (ran, outcomes) = rest.trim().split_once(" run: ")?;
            let ran = ran.split([' ', '/']).next()?.parse::<u64>().ok()?;
            let passed = number_before(outcomes, " passed").unwrap_or(0);
            // There are several ways not to pass.
            let failed = ran.saturating_sub(passed);
            Some(Counts { passed, failed })
        }
    }
}

fn number_before(text: &str, word: &str) -> Option<u64> {
    let before = &text[..text.find(word)?];
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Runner::{CargoTest, Nextest};
    use super::{Counts, counts_in, plain};

    #[test]
    fn summaries_are_counted() {
        let of_cargo = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured";
        let of_nextest = "     Summary [   0.004s] 3 tests run: 3 passed, 0 skipped";
        for (runner, line, expected) in [
            (CargoTest, of_cargo, Some((3, 2))),
            (CargoTest, of_nextest, None),
            (CargoTest, "test rules::windows ... ok", None),
            (Nextest, of_nextest, Some((3, 0))),
            (Nextest, of_cargo, None),
            (
                Nextest,
                "Summary [ 12.1s] 12 tests run: 9 passed (1 slow), 2 failed, 1 timed out, 4 skipped",
                Some((9, 3)),
            ),
            (
                Nextest,
                "Summary [ 1s] 1 test run: 0 passed, 1 failed, 0 skipped",
                Some((0, 1)),
            ),
            (
                Nextest,
                "Summary [ 1s] 5/12 tests run: 4 passed, 1 failed, 0 skipped",
                Some((4, 1)),
            ),
            (
                Nextest,
                "\u{1b}[32;1m  Summary\u{1b}[0m [ 1s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m2\u{1b}[0m passed",
                Some((2, 0)),
            ),
        ] {
            let expected = expected.map(|(passed, failed)| Counts { passed, failed });
            assert_eq!(counts_in(runner, &plain(line)), expected, "{line}");
        }
    }
}
