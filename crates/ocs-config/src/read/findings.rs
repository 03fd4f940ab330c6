//! A document while it is read: its values, where each came from, and what was
//! found wrong so far.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use crate::problem::{ConfigError, Problem, Source, show};
use crate::read::document::Document;
use crate::read::path::{KeyPath, Step};

/// Values, origins and problems of one reading.
#[derive(Debug)]
pub(crate) struct Findings {
    document: Document,
    /// The values, with the overrides already in them.
    pub(crate) tree: toml::Table,
    /// Which variable set what.
    overrides: Vec<(KeyPath, String)>,
    problems: Vec<Problem>,
    broken: BTreeSet<String>,
}

impl Findings {
    pub(crate) fn new(document: Document, tree: toml::Table) -> Self {
        Self {
            document,
            tree,
            overrides: Vec::new(),
            problems: Vec::new(),
            broken: BTreeSet::new(),
        }
    }

    /// Notes that `variable` has set what stands at `path`.
    pub(crate) fn overridden(&mut self, path: KeyPath, variable: String) {
        self.overrides.push((path, variable));
    }

    /// A problem with the value at `path`, which the message repeats.
    pub(crate) fn wrong(&mut self, path: &KeyPath, message: impl Into<String>) {
        let found = self.value_at(path).map(show);
        self.push(path, found, message.into());
    }

    /// A problem at `path` whose value is a secret, is absent, or says nothing.
    pub(crate) fn note(&mut self, path: &KeyPath, message: impl Into<String>) {
        self.push(path, None, message.into());
    }

    /// A problem with an environment variable that names no key.
    pub(crate) fn wrong_variable(&mut self, variable: &str, message: String) {
        self.problems.push(Problem {
            source: Source::Variable(variable.to_owned()),
            line: None,
            key: String::new(),
            found: None,
            message,
        });
    }

    fn push(&mut self, path: &KeyPath, found: Option<String>, message: String) {
        if let Some(section) = path.section() {
            self.broken.insert(section.to_owned());
        }
        let (source, line) = self.origin(path);
        self.problems.push(Problem {
            source,
            line,
            key: path.to_string(),
            found,
            message,
        });
    }

    /// Who set what stands at `path`: a variable wins over the file, and what
    /// is missing is blamed on who set the things around it.
    fn origin(&self, path: &KeyPath) -> (Source, Option<usize>) {
        let covering = self
            .overrides
            .iter()
            .filter(|(set, _)| set.covers(path))
            .max_by_key(|(set, _)| set.steps().len());
        if let Some((_, variable)) = covering {
            return (Source::Variable(variable.clone()), None);
        }
        let (line, depth) = self.document.line_of(path);
        let steps = path.steps().len();
        if depth + 1 < steps {
            // The file has not even the table around the key: look for a
            // variable that made it.
            let around = |set: &KeyPath| {
                set.steps().len() >= steps && set.steps()[..steps - 1] == path.steps()[..steps - 1]
            };
            if let Some((_, variable)) = self.overrides.iter().find(|(set, _)| around(set)) {
                return (Source::Variable(variable.clone()), None);
            }
        }
        match self.document.source {
            Source::BuiltIn => (Source::BuiltIn, None),
            _ => (self.document.source.clone(), line),
        }
    }

    /// The line of what stands at `path` in the file.
    pub(crate) fn line(&self, path: &KeyPath) -> usize {
        self.document.line_of(path).0.unwrap_or(1)
    }

    /// What stands at `path`.
    fn value_at(&self, path: &KeyPath) -> Option<&toml::Value> {
        let (first, rest) = path.steps().split_first()?;
        let Step::Key(key) = first else { return None };
        rest.iter()
            .try_fold(self.tree.get(key)?, |value, step| match step {
                Step::Key(key) => value.get(key),
                Step::Index(index) => value.get(*index),
            })
    }

    /// The sections in which something was found wrong so far.
    pub(crate) fn broken_sections(&self) -> BTreeSet<String> {
        self.broken.clone()
    }

    /// Reads the sections that are sound; the others take their defaults, so
    /// that a mistake in one does not hide those of another.
    pub(crate) fn read<T: DeserializeOwned>(&mut self) -> Option<T> {
        let mut tree = self.tree.clone();
        tree.retain(|section, _| !self.broken.contains(section));
        match serde_path_to_error::deserialize::<_, T>(toml::Value::Table(tree)) {
            Ok(read) => Some(read),
            Err(error) => {
                // The check against the schema comes first and says it better.
                // Only the path is said here: the message may repeat a value.
                let keys = error.path().iter().map(|segment| match segment {
                    serde_path_to_error::Segment::Seq { index } => Step::Index(*index),
                    other => Step::Key(other.to_string()),
                });
                let path = keys.fold(KeyPath::default(), |path, step| match step {
                    Step::Key(key) => path.key(&key),
                    Step::Index(index) => path.index(index),
                });
                self.note(&path, "this value cannot be read; see `ocs config-schema`");
                None
            }
        }
    }

    /// The error, when anything was wrong.
    pub(crate) fn into_error(mut self) -> Option<ConfigError> {
        if self.problems.is_empty() {
            return None;
        }
        // Stable: what has no line (variables) comes last, in the order found.
        self.problems
            .sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
        self.problems.dedup();
        Some(ConfigError {
            problems: self.problems,
        })
    }
}
