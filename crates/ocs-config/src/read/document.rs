//! A TOML text, with the line of every key.

use toml_edit::{Item, Value};

use crate::problem::{ConfigError, Source};
use crate::read::path::{KeyPath, Step};

/// A parsed file that still knows where everything stood.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) source: Source,
    text: String,
    spans: toml_edit::Document<String>,
}

/// What a path leads to while it is followed.
#[derive(Clone, Copy)]
enum Place<'a> {
    Item(&'a Item),
    Table(&'a toml_edit::Table),
    Value(&'a Value),
}

impl Document {
    /// Parses `text`; also returns its values. The error names the line.
    pub(crate) fn parse(source: Source, text: &str) -> Result<(Self, toml::Table), ConfigError> {
        let spans = match toml_edit::Document::parse(text.to_owned()) {
            Ok(spans) => spans,
            Err(error) => {
                let line = error.span().map(|span| line_at(text, span.start));
                return Err(not_toml(source, line, error.message()));
            }
        };
        let tree = match toml::from_str::<toml::Table>(text) {
            Ok(tree) => tree,
            Err(error) => {
                let line = error.span().map(|span| line_at(text, span.start));
                return Err(not_toml(source, line, error.message()));
            }
        };
        let document = Self {
            source,
            text: text.to_owned(),
            spans,
        };
        Ok((document, tree))
    }

    /// The line of what stands at `path`, or of the nearest thing around it;
    /// with how many steps of the path the document has.
    pub(crate) fn line_of(&self, path: &KeyPath) -> (Option<usize>, usize) {
        let mut line = None;
        let mut place = Place::Item(self.spans.as_item());
        for (depth, step) in path.steps().iter().enumerate() {
            let Some((next, start)) = step_into(place, step) else {
                return (line, depth);
            };
            // A table that is only implied by a deeper header has no place of
            // its own; the line of what is around it stays.
            line = start.map(|at| line_at(&self.text, at)).or(line);
            place = next;
        }
        (line, path.steps().len())
    }
}

fn step_into<'a>(place: Place<'a>, step: &Step) -> Option<(Place<'a>, Option<usize>)> {
    match step {
        Step::Key(key) => {
            let (key, item) = match place {
                Place::Item(item) => item.as_table_like()?.get_key_value(key)?,
                Place::Table(table) => table.get_key_value(key)?,
                Place::Value(value) => value.as_inline_table()?.get_key_value(key)?,
            };
            let span = key.span().or_else(|| item.span());
            Some((Place::Item(item), span.map(|span| span.start)))
        }
        Step::Index(index) => {
            let array = match place {
                Place::Item(Item::ArrayOfTables(tables)) => {
                    let table = tables.get(*index)?;
                    let start = table.span().map(|span| span.start);
                    return Some((Place::Table(table), start));
                }
                Place::Item(item) => item.as_array()?,
                Place::Value(value) => value.as_array()?,
                Place::Table(_) => return None,
            };
            let value = array.get(*index)?;
            Some((Place::Value(value), value.span().map(|span| span.start)))
        }
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}

fn not_toml(source: Source, line: Option<usize>, message: &str) -> ConfigError {
    let message = message.replace('\n', "; ");
    ConfigError::of_file(source, line, format!("not valid TOML: {message}"))
}
