//! A sequence of named steps that ends with the first one that fails.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

/// The steps taken so far.
pub(crate) struct Steps {
    begun: Instant,
    taken: Vec<(&'static str, Duration)>,
}

impl Steps {
    pub(crate) fn begin() -> Self {
        Self {
            begun: Instant::now(),
            taken: Vec::new(),
        }
    }

    /// Takes one step and says how long it took.
    pub(crate) fn step<T>(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        println!("==> {name}");
        let begun = Instant::now();
        let outcome = work();
        let took = begun.elapsed();
        match outcome {
            Ok(value) => {
                println!("    {name}: ok, {}", seconds(took));
                self.taken.push((name, took));
                Ok(value)
            }
            Err(error) => {
                println!("    {name}: FAILED, {}", seconds(took));
                let passed = self.taken.iter().map(|(name, _)| *name);
                let passed = passed.collect::<Vec<_>>().join(", ");
                Err(anyhow!(
                    "step `{name}` failed: {error:#}\n  steps passed before it: {}",
                    if passed.is_empty() { "none" } else { &passed },
                ))
            }
        }
    }

    /// Says what was left out, and why.
    pub(crate) fn skipped(&self, name: &str, why: &str) {
        println!("==> {name}\n    {name}: skipped, {why}");
    }

    /// Says how long each step took.
    pub(crate) fn summary(&self) {
        println!();
        for (name, took) in &self.taken {
            println!("{name:<24} {:>8}", seconds(*took));
        }
        println!("{:<24} {:>8}", "all", seconds(self.begun.elapsed()));
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
