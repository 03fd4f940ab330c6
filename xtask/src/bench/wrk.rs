//! Load by wrk, and what it measured.

use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::cargo::{output, program, root};

/// Area codes: one for each round, so that no phone comes twice in a run.
const AREAS: [&str; 60] = [
    "201", "202", "203", "205", "206", "207", "208", "209", "210", "212", "213", "214", "215",
    "216", "217", "218", "219", "224", "225", "228", "229", "231", "234", "239", "240", "248",
    "251", "252", "253", "254", "256", "260", "262", "267", "269", "270", "276", "281", "301",
    "302", "303", "304", "305", "307", "308", "309", "310", "312", "313", "314", "315", "316",
    "317", "318", "319", "320", "321", "323", "325", "330",
];

/// The most seconds a round may take: `add-record.lua` can number eight million
/// requests, which no server has answered in this time yet.
pub(crate) const LONGEST_ROUND: u32 = 60;

/// The area code of the round with this number, counted over the whole run.
pub(crate) fn area(number: usize) -> Result<&'static str> {
    AREAS.get(number).copied().with_context(|| {
        format!(
            "rounds times connection counts may be {} at most",
            AREAS.len()
        )
    })
}

/// What one round of load measured; latencies in microseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    pub(crate) requests: u64,
    pub(crate) duration_us: u64,
    pub(crate) p50_us: u64,
    pub(crate) p90_us: u64,
    pub(crate) p99_us: u64,
    pub(crate) max_us: u64,
    pub(crate) non_2xx: u64,
    pub(crate) socket_errors: u64,
}

impl Figures {
    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 * 1e6 / (self.duration_us.max(1)) as f64
    }
}

/// One round of AddRecord on `127.0.0.1:port`. Any error in it is one of ours.
pub(crate) fn load(
    port: u16,
    target: &str,
    connections: u32,
    seconds: u32,
    area: &str,
) -> Result<Figures> {
    let load = Load {
        script: "add-record.lua",
        port,
        secured: false,
        connections,
        seconds,
    };
    load.run(&[target, area])
}

/// A round of load on `127.0.0.1:port`, by a script of `bench`.
pub(crate) struct Load {
    pub(crate) script: &'static str,
    pub(crate) port: u16,
    /// Over TLS; wrk believes every certificate.
    pub(crate) secured: bool,
    pub(crate) connections: u32,
    pub(crate) seconds: u32,
}

impl Load {
    /// Any error in it is one of ours.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Figures> {
        let Self {
            script,
            port,
            secured,
            connections,
            seconds,
        } = self;
        let scheme = if *secured { "https" } else { "http" };
        let mut command = program("wrk");
        command
            .arg("-t1")
            .arg(format!("-c{connections}"))
            .arg(format!("-d{seconds}s"))
            .args(["--latency", "-s"])
            .arg(root().join("bench").join(script))
            .arg(format!("{scheme}://127.0.0.1:{port}"))
            .arg("--")
            .args(arguments)
            .stdin(Stdio::null());
        let text = output(&mut command)?;
        let figures = text
            .lines()
            .find_map(figures_in)
            .with_context(|| format!("wrk printed no result:\n{text}"))?;
        if figures.non_2xx + figures.socket_errors > 0 {
            bail!(
                "{} of {} requests at {connections} connections were not answered with 2xx, \
                 {} socket errors; there may be none",
                figures.non_2xx,
                figures.requests,
                figures.socket_errors,
            );
        }
        if figures.requests == 0 {
            bail!("no request was answered in {seconds} s at {connections} connections");
        }
        Ok(figures)
    }
}

/// The figures in the line that every script prints.
fn figures_in(line: &str) -> Option<Figures> {
    let rest = line.strip_prefix("RESULT ")?;
    let value = |key: &str| {
        let pair = rest
            .split_whitespace()
            .find_map(|pair| pair.split_once('=').filter(|(name, _)| *name == key));
        pair?.1.parse::<u64>().ok()
    };
    Some(Figures {
        requests: value("requests")?,
        duration_us: value("duration_us")?,
        p50_us: value("p50_us")?,
        p90_us: value("p90_us")?,
        p99_us: value("p99_us")?,
        max_us: value("max_us")?,
        non_2xx: value("non_2xx")?,
        socket_errors: value("socket_errors")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{AREAS, Figures, figures_in};

    #[test]
    fn the_script_s_line_is_read() {
        let line = "RESULT requests=10 duration_us=2000000 p50_us=3 p90_us=4 p99_us=5 max_us=6 \
                    non_2xx=7 socket_errors=8";
        let expected = Figures {
            requests: 10,
            duration_us: 2_000_000,
            p50_us: 3,
            p90_us: 4,
            p99_us: 5,
            max_us: 6,
            non_2xx: 7,
            socket_errors: 8,
        };
        assert!((expected.per_second() - 5.0).abs() < 1e-9);
        assert_eq!(figures_in(line), Some(expected));
        assert_eq!(figures_in("RESULT requests=10"), None);
        assert_eq!(figures_in("Requests/sec: 10"), None);
    }

    #[test]
    fn no_area_comes_twice() {
        assert!(AREAS.is_sorted_by(|one, next| one < next));
    }
}
