//! The arguments of a command, taken one by one until none may be left.

use std::fmt::Display;
use std::str::FromStr;

use anyhow::{Result, anyhow, bail};

/// What is left of the command line.
pub(crate) struct Args(Vec<String>);

impl Args {
    pub(crate) fn from_command_line() -> Self {
        Self(std::env::args().skip(1).collect())
    }

    /// Takes the first argument, unless it is an option.
    pub(crate) fn positional(&mut self) -> Option<String> {
        let first = self.0.first()?;
        let is_help = matches!(first.as_str(), "--help" | "-h");
        (is_help || !first.starts_with('-')).then(|| self.0.remove(0))
    }

    /// Takes the option `name`, which has no value.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let found = self.0.iter().position(|arg| arg == name);
        found.map(|at| self.0.remove(at)).is_some()
    }

    /// Takes the option `name` with its value: `--name VALUE` or `--name=VALUE`.
    pub(crate) fn value<T>(&mut self, name: &str) -> Result<Option<T>>
    where
        T: FromStr,
        T::Err: Display,
    {
        let inline = format!("{name}=");
        let found = self
            .0
            .iter()
            .position(|arg| arg == name || arg.starts_with(&inline));
        let Some(at) = found else {
            return Ok(None);
        };
        let option = self.0.remove(at);
        let value = match option.strip_prefix(&inline) {
            Some(value) => value.to_owned(),
            None if at < self.0.len() => self.0.remove(at),
            None => bail!("{name} takes a value"),
        };
        let parsed = value
            .parse()
            .map_err(|error| anyhow!("{name} cannot be `{value}`: {error}"))?;
        Ok(Some(parsed))
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<()> {
        match self.0.first() {
            None => Ok(()),
            Some(arg) => {
                bail!("`{arg}` is not an argument of this command; see `cargo xtask help`")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Args;

    fn args(line: &str) -> Args {
        Args(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn options_stand_anywhere() {
        for line in [
            "filter --times 3 --fast",
            "--fast --times=3 filter",
            "--times 3 filter --fast",
        ] {
            let mut args = args(line);
            assert!(args.flag("--fast"), "{line}");
            assert_eq!(args.value("--times").unwrap(), Some(3), "{line}");
            assert_eq!(args.positional().as_deref(), Some("filter"), "{line}");
            args.finish().unwrap();
        }
    }

    #[test]
    fn faults_name_the_argument() {
        for (line, fault) in [
            ("--times", "--times takes a value"),
            ("--times many", "--times cannot be `many`"),
            ("--tmes 3", "`--tmes` is not an argument"),
        ] {
            let mut args = args(line);
            let error = args
                .value::<u32>("--times")
                .and_then(|_| args.finish())
                .unwrap_err();
            assert!(error.to_string().starts_with(fault), "{line}: {error}");
        }
    }
}
