//! `cargo xtask openapi`: docs/openapi.json, as HTTP Proxy describes itself.

use anyhow::Result;

use crate::args::Args;
use crate::cargo::{cargo, run};

/// The test that compares the file with what HTTP Proxy would answer. Told to, it
/// writes the file first: what is written and what is compared cannot differ.
const TEST: &str = "openapi::tests::the_committed_description_is_this_one";

/// Writes the file.
pub(crate) fn write(args: Args) -> Result<()> {
    args.finish()?;
    let mut command = cargo();
    command.args(["test", "--quiet", "--package", "ocs-http-proxy", "--lib"]);
    command.args(["--", "--exact", TEST]);
    run(command.env("OCS_WRITE_OPENAPI", "1"))?;
    println!("docs/openapi.json is written");
    Ok(())
}
