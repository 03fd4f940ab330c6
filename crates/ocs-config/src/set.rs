//! `ocs config set`: one key of an `ocs.toml`, with everything around it as it was
//! (configuration.md, section 1).

use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, TableLike};

use crate::config::{Config, read};
use crate::problem::{ConfigError, Source};
use crate::read::environment;
use crate::read::path::{KeyPath, Step};
use crate::read::schema::{Schema, View};
use crate::read::suggestion;
use crate::reload::{Effect, effect};
use crate::value::leaf;

/// A file with a key set in it.
#[derive(Debug)]
pub struct Set {
    /// The file's text from now on.
    pub text: String,
    /// What it says, with the environment over it.
    pub config: Config,
    /// When a running OCS works by it.
    pub effect: Effect,
}

/// Why a key is not set.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// It is no key, or none that takes a value.
    #[error("{0}")]
    Key(String),
    /// The file would be wrong, or is it already.
    #[error("{0}")]
    Config(#[from] ConfigError),
}

/// Sets `key` to `value` in `text`, which is that of `file`: comments, order and spaces
/// stay. A port is named by its place or its id, `server-info.port[0].port` or
/// `server-info.port[http].port`. The whole result is checked, with `environment` over it.
///
/// # Errors
/// [`SetError`].
pub fn set(
    file: &Path,
    text: &str,
    key: &str,
    value: &str,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Set, SetError> {
    let source = Source::File(file.display().to_string());
    let Ok(mut document) = text.parse::<DocumentMut>() else {
        // Read as it is, it says what is wrong, and where.
        read(source, file, text, environment)?;
        return Err(SetError::Key("the file cannot be edited".to_owned()));
    };
    let schema = Schema::of::<Config>();
    let (path, view) = resolve(&schema, key, &document).map_err(SetError::Key)?;
    let value = environment::parse(value, &view).to_string();
    let value = value
        .parse::<toml_edit::Value>()
        .map_err(|error| SetError::Key(error.to_string()))?;
    put(document.as_item_mut(), path.steps(), value).map_err(SetError::Key)?;
    let text = document.to_string();
    let config = read(source, file, &text, environment)?;
    Ok(Set {
        text,
        config,
        effect: effect(&without_places(&path)).unwrap_or(Effect::AfterRestart),
    })
}

/// The path that a key names, and what the schema says of it.
fn resolve<'a>(
    schema: &'a Schema,
    key: &str,
    document: &DocumentMut,
) -> Result<(KeyPath, View<'a>), String> {
    let mut path = KeyPath::default();
    let mut view = schema.root();
    let mut place: Option<&Item> = Some(document.as_item());
    for part in key.split('.') {
        let (name, index) = match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
            Some((name, index)) => (name, Some(index)),
            None => (part, None),
        };
        let properties = view.properties();
        let Some((name, next)) = properties.iter().find(|(known, _)| *known == name) else {
            let allowed: Vec<_> = properties.iter().map(|(known, _)| *known).collect();
            if allowed.is_empty() {
                return Err(format!("{key}: nothing stands below {path}"));
            }
            let unknown = suggestion::unknown("unknown key", name, &allowed);
            return Err(format!("{}: {unknown}", path.key(name)));
        };
        path = path.key(name);
        view = next.clone();
        place = place.and_then(|place| place.get(name));
        if let Some(index) = index {
            let Some(items) = view.items() else {
                return Err(format!("{path} is no array; leave [{index}] out"));
            };
            let index = item_index(&path, index, place)?;
            path = path.index(index);
            view = items;
            place = place.and_then(|place| place.get(index));
        }
    }
    check_takes_value(&path, &view)?;
    Ok((path, view))
}

/// The place of an item in its array, which is named by that or by its id.
fn item_index(path: &KeyPath, index: &str, array: Option<&Item>) -> Result<usize, String> {
    if let Ok(index) = index.parse() {
        return Ok(index);
    }
    let id = |place: usize| array?.get(place)?.get("id")?.as_str();
    let mut ids = (0..).map_while(|place| array?.get(place).map(|_| id(place)));
    ids.position(|id| id == Some(index))
        .ok_or_else(|| format!("{path}: none has the id {index:?}"))
}

fn check_takes_value(path: &KeyPath, view: &View<'_>) -> Result<(), String> {
    if view.definition.and_then(leaf::by_name).is_some() {
        return Ok(());
    }
    let below = view.properties();
    if !below.is_empty() {
        let keys: Vec<_> = below.iter().map(|(key, _)| *key).collect();
        return Err(format!(
            "{path} is a section; name one of its keys: {}",
            keys.join(", ")
        ));
    }
    match view.items() {
        Some(items) if !items.properties().is_empty() => Err(format!(
            "{path} is an array of sections; name one of them and a key: {path}[0].{}",
            items.properties()[0].0
        )),
        _ => Ok(()),
    }
}

fn put(item: &mut Item, steps: &[Step], value: toml_edit::Value) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        let mut value = value;
        if let Item::Value(old) = item {
            // The comment behind it stays.
            *value.decor_mut() = old.decor().clone();
        }
        *item = Item::Value(value);
        return Ok(());
    };
    match step {
        Step::Key(key) => {
            let table = item
                .as_table_like_mut()
                .ok_or_else(|| format!("what {key} should stand in is no table in the file"))?;
            put(entry(table, key, rest), rest, value)
        }
        Step::Index(index) => {
            if let Item::ArrayOfTables(tables) = item
                && tables.len() == *index
            {
                tables.push(Table::new());
            }
            let place = item.get_mut(*index).ok_or_else(|| {
                format!("there is no item {index}, nor one before it that it could follow")
            })?;
            put(place, rest, value)
        }
    }
}

/// What stands under a key; made where there is nothing.
fn entry<'a>(table: &'a mut dyn TableLike, key: &str, rest: &[Step]) -> &'a mut Item {
    table.entry(key).or_insert_with(|| match rest {
        [] => Item::None,
        [Step::Index(_), Step::Key(_), ..] => Item::ArrayOfTables(toml_edit::ArrayOfTables::new()),
        [Step::Index(_), ..] => Item::Value(toml_edit::Value::Array(toml_edit::Array::new())),
        [Step::Key(_), deeper @ ..] => {
            let mut made = Table::new();
            // One that holds tables only needs no header of its own.
            made.set_implicit(!deeper.is_empty());
            Item::Table(made)
        }
    })
}

/// The key's name, without places in arrays.
fn without_places(path: &KeyPath) -> String {
    let keys = path.steps().iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    });
    keys.collect::<Vec<_>>().join(".")
}
