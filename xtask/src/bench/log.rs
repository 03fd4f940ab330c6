//! `cargo xtask bench log`: what the log costs AddRecord at its level info, in processor
//! time of both processes, beside an OCS whose log has errors only.

use anyhow::Result;

use crate::args::Args;
use crate::bench::beside::{Compared, compare};

/// The bench.
pub(crate) fn log(args: Args) -> Result<()> {
    compare(
        args,
        &Compared {
            name: "log",
            about: "AddRecord with the log at info, beside an OCS whose log has errors only; \
                    processor time of both processes; medians of the rounds, newest run first; \
                    how it is measured: ../README.md.",
            sides: [
                // The configuration ends in the section of the log.
                ("errors", "level = \"error\"\n"),
                ("info", "level = \"info\"\n"),
            ],
            token: None,
            judged: "processor time with the log at info, by that without",
            at_most: 1.08,
        },
    )
}
