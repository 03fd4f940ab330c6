//! The check of a document against the schema: keys, types, bounds, names.
//!
//! Serde stops at the first mistake. This goes on, so that one run of
//! `ocs check-config` shows them all.

use toml::Value;

use crate::problem::show_text;
use crate::read::findings::Findings;
use crate::read::path::KeyPath;
use crate::read::schema::{AT_LEAST, AT_MOST, MANY_LINES, NOT_BUILT, Schema, View};
use crate::read::suggestion;
use crate::value::leaf;

/// Notes everything in the document that the schema does not allow.
pub(crate) fn check(schema: &Schema, findings: &mut Findings) {
    let root = Value::Table(findings.tree.clone());
    check_value(&schema.root(), &root, &KeyPath::default(), findings);
}

fn check_value(view: &View<'_>, value: &Value, path: &KeyPath, findings: &mut Findings) {
    if let Some(sentence) = view.text(NOT_BUILT) {
        match value {
            Value::Array(items) => {
                for index in 0..items.len() {
                    findings.note(&path.index(index), sentence);
                }
            }
            _ => findings.note(path, sentence),
        }
        return;
    }
    if let Some(leaf) = view.definition.and_then(leaf::by_name) {
        if let Err(message) = leaf.check(value, view.text(AT_LEAST), view.text(AT_MOST)) {
            if leaf.masked {
                findings.note(path, message);
            } else {
                findings.wrong(path, message);
            }
        }
        return;
    }
    if let Some(alternatives) = view.alternatives() {
        let kind = kind_of(value);
        return match alternatives.iter().find(|view| view.admits(kind)) {
            Some(view) => check_value(view, value, path, findings),
            None => findings.wrong(path, expected(view)),
        };
    }
    if !view.admits(kind_of(value)) {
        return findings.wrong(path, expected(view));
    }
    match value {
        Value::Table(table) => check_table(view, table, path, findings),
        Value::Array(items) => {
            if let Some(view) = view.items() {
                for (index, item) in items.iter().enumerate() {
                    check_value(&view, item, &path.index(index), findings);
                }
            }
            if view
                .number("minItems")
                .is_some_and(|least| (items.len() as i64) < least)
            {
                findings.note(path, "at least one item is needed");
            }
        }
        Value::Integer(number) => {
            let least = view.number("minimum");
            let most = view.number("maximum");
            if least.is_some_and(|least| *number < least) || most.is_some_and(|most| *number > most)
            {
                findings.wrong(path, allowed_range(least, most));
            }
        }
        Value::String(text) => check_text(view, text, path, findings),
        _ => {}
    }
}

fn check_table(view: &View<'_>, table: &toml::Table, path: &KeyPath, findings: &mut Findings) {
    let properties = view.properties();
    for (key, value) in table {
        match properties.iter().find(|(name, _)| name == key) {
            Some((_, view)) => check_value(view, value, &path.key(key), findings),
            None => {
                let allowed: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
                let what = match value {
                    Value::Table(_) => "unknown section",
                    _ => "unknown key",
                };
                findings.note(&path.key(key), suggestion::unknown(what, key, &allowed));
            }
        }
    }
    for key in view.required() {
        if !table.contains_key(key) {
            findings.note(
                &path.key(key),
                format!("this key is needed; {}", {
                    let needed = properties.iter().find(|(name, _)| *name == key);
                    needed.map_or_else(String::new, |(_, view)| expected(view))
                }),
            );
        }
    }
}

fn check_text(view: &View<'_>, text: &str, path: &KeyPath, findings: &mut Findings) {
    if let Some(names) = view.names() {
        if !names.contains(&text) {
            let nearest = suggestion::nearest(text, names.iter().copied());
            findings.wrong(path, suggestion::quoted(nearest, &expected(view)));
        }
        return;
    }
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let least = view.number("minLength");
    let most = view.number("maxLength");
    if least.is_some_and(|least| length < least) || most.is_some_and(|most| length > most) {
        let range = match (least, most) {
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            (_, most) => format!("at most {}", most.unwrap_or(i64::MAX)),
        };
        findings.wrong(
            path,
            format!("allowed: {range} characters; these are {length}"),
        );
    } else if !view.flag(MANY_LINES) && text.chars().any(char::is_control) {
        findings.wrong(path, "control characters and line breaks are not allowed");
    }
}

fn allowed_range(least: Option<i64>, most: Option<i64>) -> String {
    match (least, most) {
        (Some(least), Some(most)) => format!("allowed: {least} to {most}"),
        (Some(least), None) => format!("allowed: {least} or more"),
        (None, Some(most)) => format!("allowed: up to {most}"),
        (None, None) => "allowed: any whole number".to_owned(),
    }
}

/// What may stand at a place, for a person.
fn expected(view: &View<'_>) -> String {
    if let Some(names) = view.names() {
        let names: Vec<String> = names.into_iter().map(show_text).collect();
        return format!("allowed: {}", names.join(", "));
    }
    if let Some(leaf) = view.definition.and_then(leaf::by_name) {
        return format!("write {}", leaf.form);
    }
    let kinds: Vec<String> = view
        .types()
        .into_iter()
        .map(|kind| match kind {
            "string" => "a string in quotes".to_owned(),
            "boolean" => "true or false, without quotes".to_owned(),
            "integer" => match (view.number("minimum"), view.number("maximum")) {
                (Some(least), Some(most)) => format!("a whole number from {least} to {most}"),
                _ => "a whole number".to_owned(),
            },
            "number" => "a number".to_owned(),
            "array" => "an array, [ … ]".to_owned(),
            "object" => "a table, { … }".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    format!("write {}", kinds.join(" or "))
}

/// The JSON type of a TOML value. A date has none: nothing here takes one.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "string",
        Value::Integer(_) => "integer",
        Value::Float(_) => "number",
        Value::Boolean(_) => "boolean",
        Value::Datetime(_) => "date",
        Value::Array(_) => "array",
        Value::Table(_) => "object",
    }
}
