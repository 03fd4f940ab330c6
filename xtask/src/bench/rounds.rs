//! How long and how often something is measured, as the benches of HTTP requests are
//! told alike.

use anyhow::{Context as _, Result};

use crate::args::Args;

/// The rounds of a bench.
pub(super) struct Rounds {
    pub(super) rounds: u32,
    pub(super) seconds: u32,
    /// How many connections there are, one number after the other.
    pub(super) connections: Vec<u32>,
}

impl Rounds {
    /// Takes `--rounds`, `--seconds` and `--connections` off the command line.
    pub(super) fn take(args: &mut Args, connections: &[u32]) -> Result<Self> {
        let told = args.value::<String>("--connections")?;
        let told = told.map(|told| {
            let numbers = told.split(',').map(|number| number.trim().parse());
            let numbers = numbers.collect::<Result<_, _>>();
            numbers.with_context(|| format!("--connections takes N,N,…, not `{told}`"))
        });
        Ok(Self {
            rounds: args.value("--rounds")?.unwrap_or(5),
            seconds: args.value("--seconds")?.unwrap_or(8),
            connections: told.transpose()?.unwrap_or_else(|| connections.to_vec()),
        })
    }
}
