//! `cargo xtask life-cycle`: docs/life-cycle.md, as the rules work.

use anyhow::Result;

use crate::args::Args;
use crate::cargo::{cargo, run};

/// The test that compares the file with what the rules do. Told to, it writes the file
/// first: what is written and what is compared cannot differ.
const TEST: &str = "life_cycle::table::the_committed_document_is_this_one";

/// Writes the file.
pub(crate) fn write(args: Args) -> Result<()> {
    args.finish()?;
    let mut command = cargo();
    command.args(["test", "--quiet", "--package", "ocs-rules", "--lib"]);
    command.args(["--", "--exact", TEST]);
    run(command.env("OCS_WRITE_LIFE_CYCLE", "1"))?;
    println!("docs/life-cycle.md is written");
    Ok(())
}
