//! Requirements judged, and figures kept under `bench/results`.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::bench::{Scratch, cpu};
use crate::cargo::{output, program, root};

/// One requirement and the figure that was measured for it.
struct Requirement {
    what: String,
    limit: String,
    figure: String,
    reached: bool,
}

/// The requirements that one run judges.
#[derive(Default)]
pub(crate) struct Requirements(Vec<Requirement>);

impl Requirements {
    /// The figure has to be `limit` or more.
    pub(crate) fn at_least(&mut self, what: &str, figure: f64, limit: f64, decimals: usize) {
        self.0.push(Requirement {
            what: what.to_owned(),
            limit: format!("≥ {limit:.decimals$}"),
            figure: format!("{figure:.decimals$}"),
            reached: figure >= limit,
        });
    }

    /// The figure has to be less than `limit`.
    pub(crate) fn below(&mut self, what: &str, figure: f64, limit: f64, decimals: usize) {
        self.0.push(Requirement {
            what: what.to_owned(),
            limit: format!("< {limit:.decimals$}"),
            figure: format!("{figure:.decimals$}"),
            reached: figure < limit,
        });
    }

    /// The figure has to be `limit` or less.
    pub(crate) fn at_most(&mut self, what: &str, figure: f64, limit: f64, decimals: usize) {
        self.0.push(Requirement {
            what: what.to_owned(),
            limit: format!("≤ {limit:.decimals$}"),
            figure: format!("{figure:.decimals$}"),
            reached: figure <= limit,
        });
    }

    /// Prints the verdicts.
    pub(crate) fn print(&self) {
        println!();
        for one in &self.0 {
            let verdict = if one.reached {
                "reached"
            } else {
                "NOT reached"
            };
            println!(
                "{:<52} {:>10}  {:<12} {verdict}",
                one.what, one.figure, one.limit
            );
        }
    }

    /// With `strict`, what was not reached is an error.
    pub(crate) fn enforce(&self, strict: bool) -> Result<()> {
        let missed = self.0.iter().filter(|one| !one.reached).count();
        if strict && missed > 0 {
            bail!("{missed} of {} requirements not reached", self.0.len());
        }
        Ok(())
    }

    fn json(&self) -> Value {
        self.0
            .iter()
            .map(|one| {
                json!({
                    "what": one.what,
                    "limit": one.limit,
                    "figure": one.figure,
                    "reached": one.reached,
                })
            })
            .collect()
    }
}

/// The code and the machine that figures belong to.
struct Origin {
    commit: String,
    processor: String,
    kernel: String,
}

impl Origin {
    fn ask() -> Self {
        Self {
            commit: commit().unwrap_or_else(|_| "unknown".to_owned()),
            processor: cpu::processor(),
            kernel: cpu::kernel(),
        }
    }
}

/// The commit's short hash, marked when the code is not quite that commit's.
/// Figures of the run before do not make the code another.
fn commit() -> Result<String> {
    let hash = output(program("git").args(["rev-parse", "--short", "HEAD"]))?;
    let changed = output(program("git").args([
        "status",
        "--porcelain",
        "--",
        ".",
        ":(exclude)bench/results",
    ]))?;
    let mark = if changed.is_empty() { "" } else { "-dirty" };
    Ok(format!("{}{mark}", hash.trim()))
}

/// A table for people, with columns of a bench's own.
pub(crate) struct Table<'a> {
    /// What was measured, one word; it names the files.
    pub(crate) name: &'a str,
    /// What the columns mean, one paragraph.
    pub(crate) about: &'a str,
    /// The headings, without those of date, commit and machine.
    pub(crate) columns: &'a [&'a str],
    /// The cells of this run, line by line.
    pub(crate) rows: Vec<Vec<String>>,
}

/// Writes everything measured into one JSON file, and this run's lines on top
/// of the table.
pub(crate) fn keep(
    scratch: &Scratch,
    table: &Table<'_>,
    requirements: &Requirements,
    figures: &Value,
) -> Result<()> {
    let origin = Origin::ask();
    let folder = root().join("bench/results");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;

    let everything = json!({
        "bench": table.name,
        "date": scratch.moment,
        "commit": origin.commit,
        "processor": origin.processor,
        "kernel": origin.kernel,
        "requirements": requirements.json(),
        "figures": figures,
    });
    let json = folder.join(format!("{}-{}.json", scratch.moment, table.name));
    fs::write(&json, format!("{everything:#}\n"))
        .with_context(|| format!("cannot write {}", json.display()))?;

    let path = folder.join(format!("{}.md", table.name));
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::write(&path, with_rows(&before, table, &scratch.moment, &origin))
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("\nkept in {} and {}", json.display(), path.display());
    Ok(())
}

/// The table's file with this run's lines first. Lines of former runs are kept
/// while the columns are the same; else they stay in a table of their own below.
fn with_rows(before: &str, table: &Table<'_>, moment: &str, origin: &Origin) -> String {
    let mut columns = vec!["date", "commit"];
    columns.extend(table.columns);
    columns.extend(["processor", "kernel"]);
    let heading = line(&columns);
    let rule = format!("|{}\n", "---|".repeat(columns.len()));
    let top = format!("# {}\n\n{}\n\n", table.name, table.about);

    let mut text = format!("{top}{heading}{rule}");
    for row in &table.rows {
        let mut cells = vec![moment, &origin.commit];
        cells.extend(row.iter().map(String::as_str));
        cells.extend([origin.processor.as_str(), &origin.kernel]);
        text.push_str(&line(&cells));
    }
    let start = before.find("\n|").map_or(before.len(), |at| at + 1);
    let tables = &before[start..];
    match tables.strip_prefix(&format!("{heading}{rule}")) {
        Some(former) => text.push_str(former),
        None if tables.is_empty() => {}
        None => {
            text.push('\n');
            text.push_str(tables);
        }
    }
    text
}

fn line(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::{Origin, Requirements, Table, with_rows};

    fn table<'a>(columns: &'a [&'a str], cell: &str) -> Table<'a> {
        Table {
            name: "idle",
            about: "About it.",
            columns,
            rows: vec![vec![cell.to_owned()]],
        }
    }

    #[test]
    fn newest_lines_stand_on_top() {
        let origin = Origin {
            commit: "abc".to_owned(),
            processor: "P".to_owned(),
            kernel: "6".to_owned(),
        };
        let first = with_rows("", &table(&["ms"], "10"), "day 1", &origin);
        assert_eq!(
            first,
            "# idle\n\nAbout it.\n\n\
             | date | commit | ms | processor | kernel |\n|---|---|---|---|---|\n\
             | day 1 | abc | 10 | P | 6 |\n"
        );
        let second = with_rows(&first, &table(&["ms"], "11"), "day 2", &origin);
        assert!(
            second.ends_with("|\n| day 2 | abc | 11 | P | 6 |\n| day 1 | abc | 10 | P | 6 |\n"),
            "{second}"
        );
        let other = with_rows(&second, &table(&["s"], "1"), "day 3", &origin);
        assert!(
            other.contains("| day 3 | abc | 1 | P | 6 |\n\n| date | commit | ms |"),
            "{other}"
        );
    }

    #[test]
    fn limits_are_met_as_their_sign_says() {
        let mut requirements = Requirements::default();
        requirements.at_least("ratio", 0.4, 0.4, 2);
        requirements.at_most("p50", 1.0, 1.0, 1);
        requirements.enforce(true).unwrap();
        requirements.below("p99", 20.0, 20.0, 0);
        requirements.enforce(false).unwrap();
        requirements.enforce(true).unwrap_err();
    }
}
