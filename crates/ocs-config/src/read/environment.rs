//! Environment variables that override keys of `ocs.toml`
//! (configuration.md, section 1).
//!
//! `OCS_` and then the key's path: parts joined by `__`, in capitals, `-`
//! written as `_`, array items by their place from 0. `OCS_LOG__LEVEL`,
//! `OCS_SERVER_INFO__PORT__0__PORT`.

use std::cmp::Ordering;

use toml::Value;

use crate::read::findings::Findings;
use crate::read::path::{KeyPath, Step};
use crate::read::schema::{Schema, View};
use crate::read::shape::kind_of;
use crate::read::suggestion;

/// What every overriding variable begins with.
const PREFIX: &str = "OCS_";

/// Between the parts of a path. A variable without it, such as `OCS_TEST`,
/// cannot name a key (every key is in a section) and is left alone.
const JOINT: &str = "__";

/// Variables that have the form of an override and another meaning.
const IGNORED: [&str; 0] = [];

/// Puts the overrides of `environment` into the document.
pub(crate) fn apply(
    schema: &Schema,
    environment: impl Iterator<Item = (String, String)>,
    findings: &mut Findings,
) {
    let mut overrides: Vec<(Vec<String>, String, String)> = environment
        .filter_map(|(variable, text)| {
            let rest = variable.strip_prefix(PREFIX)?;
            if !rest.contains(JOINT) || IGNORED.contains(&variable.as_str()) {
                return None;
            }
            let parts = rest.split(JOINT).map(str::to_owned).collect();
            Some((parts, variable, text))
        })
        .collect();
    // An environment has no order: a whole array comes before its items, and
    // item 2 before item 10.
    overrides.sort_by(|(one, _, _), (other, _, _)| compare(one, other));
    for (parts, variable, text) in overrides {
        match resolve(schema, &parts) {
            Ok((path, view)) => {
                let value = parse(&text, &view);
                match put(&mut findings.tree, path.steps(), value) {
                    Ok(()) => findings.overridden(path, variable),
                    Err(message) => findings.wrong_variable(&variable, message),
                }
            }
            Err(message) => findings.wrong_variable(&variable, message),
        }
    }
}

fn compare(one: &[String], other: &[String]) -> Ordering {
    for (one, other) in one.iter().zip(other) {
        let order = match (one.parse::<usize>(), other.parse::<usize>()) {
            (Ok(one), Ok(other)) => one.cmp(&other),
            _ => one.cmp(other),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    one.len().cmp(&other.len())
}

/// A key as variables spell it.
fn spelled(key: &str) -> String {
    key.to_ascii_uppercase().replace('-', "_")
}

/// The path that a variable's parts name, and what the schema says of it.
fn resolve<'a>(schema: &'a Schema, parts: &[String]) -> Result<(KeyPath, View<'a>), String> {
    let mut path = KeyPath::default();
    let mut view = schema.root();
    for (place, part) in parts.iter().enumerate() {
        let properties = view.properties();
        if let Some((key, next)) = properties.iter().find(|(key, _)| spelled(key) == *part) {
            path = path.key(key);
            view = next.clone();
            continue;
        }
        if let (true, Some(items)) = (properties.is_empty(), view.items()) {
            let Ok(index) = part.parse::<usize>() else {
                return Err(format!(
                    "names no key: after {path} stands the place in the array, 0, 1 …"
                ));
            };
            path = path.index(index);
            view = items;
            continue;
        }
        let keys: Vec<String> = properties.iter().map(|(key, _)| spelled(key)).collect();
        return Err(unknown(&parts[..place], part, &parts[place + 1..], &keys));
    }
    Ok((path, view))
}

fn unknown(before: &[String], found: &str, after: &[String], keys: &[String]) -> String {
    let variable = |key: &str| {
        let mut parts: Vec<&str> = before.iter().map(String::as_str).collect();
        parts.push(key);
        parts.extend(after.iter().map(String::as_str));
        format!("{PREFIX}{}", parts.join(JOINT))
    };
    if keys.is_empty() {
        return format!(
            "names no key: nothing stands below {PREFIX}{}",
            before.join(JOINT)
        );
    }
    match suggestion::nearest(found, keys.iter().map(String::as_str)) {
        Some(key) => format!("names no key; did you mean {}?", variable(key)),
        None => {
            let keys = keys.join(", ");
            format!("names no key; in place of `{found}` are allowed: {keys}")
        }
    }
}

/// A number, `true`, `[…]` or `{…}` is what TOML says it is, where the key can
/// take it; all else is a string, so that a secret or a code page made of
/// digits needs no quotes.
pub(crate) fn parse(text: &str, view: &View<'_>) -> Value {
    let string = || Value::String(text.to_owned());
    let Ok(mut table) = toml::from_str::<toml::Table>(&format!("value = {text}\n")) else {
        return string();
    };
    let parsed = table.remove("value").filter(|_| table.is_empty());
    match parsed {
        Some(value @ (Value::Array(_) | Value::Table(_))) => value,
        Some(value @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_)))
            if view.admits(kind_of(&value)) || !view.admits("string") =>
        {
            value
        }
        _ => string(),
    }
}

fn put(table: &mut toml::Table, steps: &[Step], value: Value) -> Result<(), String> {
    let Some((Step::Key(key), rest)) = steps.split_first() else {
        return Err("names no key".to_owned());
    };
    if rest.is_empty() {
        table.insert(key.clone(), value);
        return Ok(());
    }
    let empty = match rest.first() {
        Some(Step::Index(_)) => Value::Array(Vec::new()),
        _ => Value::Table(toml::Table::new()),
    };
    put_below(table.entry(key.clone()).or_insert(empty), key, rest, value)
}

fn put_below(place: &mut Value, key: &str, steps: &[Step], value: Value) -> Result<(), String> {
    match (place, steps.first()) {
        (Value::Table(table), Some(Step::Key(_))) => put(table, steps, value),
        (Value::Array(items), Some(Step::Index(index))) => {
            if *index > items.len() {
                return Err(format!(
                    "item {index} of `{key}` cannot be set: it has {} items, and the next one is {}",
                    items.len(),
                    items.len()
                ));
            }
            let rest = &steps[1..];
            if *index == items.len() {
                items.push(match rest.first() {
                    Some(Step::Index(_)) => Value::Array(Vec::new()),
                    _ => Value::Table(toml::Table::new()),
                });
            }
            if rest.is_empty() {
                items[*index] = value;
                return Ok(());
            }
            put_below(&mut items[*index], key, rest, value)
        }
        (place, Some(Step::Key(_))) if matches!(place, Value::String(_)) => {
            // A secret that the file gives as a string and the variable as
            // { file = "…" }: the variable wins whole.
            *place = Value::Table(toml::Table::new());
            put_below(place, key, steps, value)
        }
        _ => Err(format!("`{key}` has another shape in the file")),
    }
}
