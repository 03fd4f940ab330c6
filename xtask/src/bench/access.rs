//! `cargo xtask bench access`: what access rules cost AddRecord, in processor time of both
//! processes, beside an OCS that has none.

use anyhow::Result;

use crate::args::Args;
use crate::bench::beside::{Compared, compare};

/// The token that requests show, and the rules that judge them: everything that a rule can
/// ask of a client is asked.
const TOKEN: &str = "ocs_000102030405060708090a0b0c0d0e0f1011121314151617";
const RULES: &str = r#"
[[access.token]]
name = "bench"
hash = "sha256:372eed88f3d13f23c4170a579f550a300c070ad0052b60612b50d2bc136c5dc7"
rights = ["add", "update"]
calling-lists = ["Bench"]
rate = 1000000

[[access.network]]
cidr = "127.0.0.0/8"
rights = ["read"]
"#;

/// The bench.
pub(crate) fn access(args: Args) -> Result<()> {
    compare(
        args,
        &Compared {
            name: "access",
            about: "AddRecord with a token that a rule with rights, calling lists and a rate \
                    knows, beside an OCS without rules (until 2026-11-25T16-58 in turn with it); \
                    processor time of both processes; medians of the rounds, newest run first; \
                    how it is measured: ../README.md.",
            sides: [("open", ""), ("rules", RULES)],
            token: Some(TOKEN),
            judged: "processor time with rules, by that without",
            at_most: 1.03,
        },
    )
}
