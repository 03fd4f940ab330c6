//! One command for every habit of this repository: `cargo xtask`.

mod args;
mod bench;
mod cargo;
mod certificates;
mod hostile;
mod life_cycle;
mod openapi;
mod packages;
mod python;
mod runner;
mod schemathesis;
mod simulate;
mod steps;
mod test;
mod tls;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::args::Args;

const USAGE: &str = "\
cargo xtask COMMAND

  test [--fast] [FILTER]           the gate: format, lints, tests, licenses;
                                   --fast leaves the lints out, FILTER chooses tests
  lint                             format, lints, licenses
  repeat FILTER [--times N]        the end-to-end tests that match FILTER, N times
                                   (20), until the first failure
  torture [OPTIONS]                random faults against a primary and its backups while
                                   clients work; then what was acknowledged is looked for
      --minutes N                  how long (30)
      --seed N                     what the faults are made by (any)
  openapi                          write docs/openapi.json
  life-cycle                       write docs/life-cycle.md
  schemathesis [OPTIONS]           requests made of that description, right and wrong
                                   ones, against the real server
      --seconds N                  how long (300)
      --seed N                     what the requests are made by (1)
  simulate [OPTIONS]               how pacing does in a simulated call center
      --seeds N                    seeds of each case (100)
      --hours N                    simulated hours of each (8)
      --keep                       into bench/results instead of target/simulate
  tls                              what testssl.sh and sslyze find in HTTPS
  hostile [OPTIONS]                scanners, floods, slow clients and noise against the
                                   real server while a client works; then fuzzing
      --fuzz-minutes N             how long (10)
      --short                      what the gate has of it
  bench add-record [OPTIONS]       AddRecord over HTTP beside the floor
      --rounds N                   rounds, of which the median counts (5)
      --seconds N                  seconds a round (8)
      --connections N,N            numbers of connections (1,64,256)
  bench access [OPTIONS]           AddRecord with and without access rules
      --rounds N                   rounds, of which the median counts (10)
      --seconds N                  seconds a round (5)
      --connections N              connections (64)
  bench log [OPTIONS]              AddRecord with the log at info and at error
      --rounds N, --seconds N, --connections N
                                   as above
  bench mixed [OPTIONS]            what a day brings, all at once, beside the floor
      --rounds N, --seconds N      as above
      --connections N              connections (64)
      --records N                  records that are there before (1000000)
  bench preview [OPTIONS]          the next record of a long calling list
      --rounds N                   rounds, of which the median counts (5)
      --seconds N                  seconds a round (8)
      --connections N,N            numbers of connections (1,4)
      --records N                  records of the calling list (1000000)
  bench add-records [OPTIONS]      many records a request, over HTTP
      --records N                  records in all (1000000)
  bench import [OPTIONS]           `ocs import`, without and with a running OCS
      --records N                  records in the file (1000000)
  bench dialer [OPTIONS]           calls out at once at the demonstration platform
      --calls N                    how many (default 1000)
  bench compliance [OPTIONS]       checks at the hand-out; the longest step beside requests
  bench do-not-call [OPTIONS]      the Do Not Call list: loading, a check, memory
      --numbers N                  numbers on it (10000000)
  bench https [OPTIONS]            processor time of a request, HTTPS beside HTTP
      --rounds N                   alternations, of which the median counts (10)
      --seconds N                  seconds a round (4)
      --connections N              connections (64)
  bench idle                       time to the first request, memory at rest
      --starts N                   starts, of which the median counts (10)

  Every bench takes --strict: a figure that is not reached fails the command.
  What is measured and where figures go: bench/README.md.";

fn main() -> ExitCode {
    match dispatch(Args::from_command_line()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(mut args: Args) -> Result<ExitCode> {
    match args.positional().as_deref() {
        Some("test") => return test::test(args),
        Some("lint") => test::lint(args)?,
        Some("repeat") => test::repeat(args)?,
        Some("torture") => test::torture(args)?,
        Some("openapi") => openapi::write(args)?,
        Some("life-cycle") => life_cycle::write(args)?,
        Some("hostile") => hostile::hostile(args)?,
        Some("simulate") => simulate::simulate(args)?,
        Some("schemathesis") => schemathesis::schemathesis(args)?,
        Some("tls") => tls::tls(args)?,
        Some("bench") => bench::bench(args)?,
        None | Some("help" | "--help" | "-h") => println!("{USAGE}"),
        Some(other) => bail!("there is no command `{other}`\n\n{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}
