//! What is left in the log files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Checks that no log file has an error, a panic, or anything but whole lines.
pub(super) fn check(folder: &Path) -> Result<()> {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_log = name.starts_with("ocs") && name.contains(".log");
        if !is_log && name != "stderr.txt" {
            continue;
        }
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let text =
            String::from_utf8(text).with_context(|| format!("{} is not UTF-8", path.display()))?;
        for line in text.lines() {
            let level = line.split_whitespace().nth(1).unwrap_or_default();
            let is_wrong = level.eq_ignore_ascii_case("error") || line.contains("panicked");
            if is_wrong || line.contains(|character: char| character.is_control()) {
                bail!("{name} has a line that may not be there: {line}");
            }
            *kinds.entry(format!("{name} {level}")).or_default() += 1;
        }
    }
    println!("    log lines: {kinds:?}");
    Ok(())
}
