//! The tokens of an `ocs.toml`, changed in the file: its comments and its order stay, a
//! change is there whole or not at all, and none that makes the file wrong.

use std::fmt::Write as _;
use std::path::Path;

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use crate::access::Right;
use crate::config::read;
use crate::problem::Source;
use crate::rewriting::{FileError, Rewriting};

/// A token that is to be known.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// What the client is called in logs.
    pub name: &'a str,
    /// The SHA-256 of the token.
    pub hash: [u8; 32],
    /// What the client may do.
    pub rights: &'a [Right],
    /// The calling lists that it may use; all where there are none.
    pub calling_lists: &'a [String],
    /// The campaign groups that it may use; all where there are none.
    pub campaign_groups: &'a [String],
    /// Its requests per second.
    pub rate: Option<u32>,
}

/// Why the tokens of a file were not changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is no such file, or the system refuses something.
    #[error(transparent)]
    File(#[from] FileError),
    /// A token of this name is there already.
    #[error(
        "there is a token \"{0}\" already; choose another name, or give it a new token by `ocs \
         token rotate`"
    )]
    Known(String),
    /// No token has this name.
    #[error("there is no token \"{0}\"; `ocs token list` shows them")]
    NotKnown(String),
    /// The token has no previous one.
    #[error("the token \"{0}\" has no previous one")]
    NoPrevious(String),
    /// The file does not say it in sections.
    #[error("access.token stands in one line; write a section [[access.token]] for each")]
    NoSections,
    /// The file would be wrong, or is.
    #[error("nothing was changed:\n{0}")]
    Wrong(String),
}

/// The environment that a configuration is read with.
type Environment = Vec<(String, String)>;

/// The section that makes a token known.
pub fn token_section(token: &NewToken<'_>) -> String {
    let mut sections = ArrayOfTables::new();
    sections.push(section(token));
    let mut access = Table::new();
    access.set_implicit(true);
    access.insert("token", Item::ArrayOfTables(sections));
    let mut document = DocumentMut::new();
    document.insert("access", Item::Table(access));
    document.to_string()
}

/// Makes a token known.
///
/// # Errors
/// [`TokenError`]; the file is then as it was.
pub fn add_token(
    file: &Path,
    environment: Environment,
    token: &NewToken<'_>,
) -> Result<(), TokenError> {
    edit(file, environment, |document| {
        let sections = sections(document)?;
        if sections.iter().any(|known| is_called(known, token.name)) {
            return Err(TokenError::Known(token.name.to_owned()));
        }
        let mut section = section(token);
        section.decor_mut().set_prefix("\n");
        sections.push(section);
        Ok(())
    })
}

/// Gives a client another token. The one that it had stays good beside it as its
/// previous one, or ends at once.
///
/// # Errors
/// [`TokenError`]; the file is then as it was.
pub fn rotate_token(
    file: &Path,
    environment: Environment,
    name: &str,
    hash: [u8; 32],
    at_once: bool,
) -> Result<(), TokenError> {
    edit(file, environment, |document| {
        let section = named(document, name)?;
        let old = section.insert("hash", value(hash_text(&hash)));
        match old.filter(|_| !at_once) {
            Some(old) => section.insert("previous-hash", old),
            None => section.remove("previous-hash"),
        };
        Ok(())
    })
}

/// Ends the previous token of a client.
///
/// # Errors
/// [`TokenError`]; the file is then as it was.
pub fn end_previous_token(
    file: &Path,
    environment: Environment,
    name: &str,
) -> Result<(), TokenError> {
    edit(file, environment, |document| {
        let ended = named(document, name)?.remove("previous-hash");
        ended
            .map(drop)
            .ok_or_else(|| TokenError::NoPrevious(name.to_owned()))
    })
}

/// Takes a client's token out, and its rights with it.
///
/// # Errors
/// [`TokenError`]; the file is then as it was.
pub fn remove_token(file: &Path, environment: Environment, name: &str) -> Result<(), TokenError> {
    edit(file, environment, |document| {
        let sections = sections(document)?;
        let index = sections.iter().position(|known| is_called(known, name));
        let index = index.ok_or_else(|| TokenError::NotKnown(name.to_owned()))?;
        sections.remove(index);
        Ok(())
    })
}

fn section(token: &NewToken<'_>) -> Table {
    let list = |names: &[String]| value(names.iter().collect::<Array>());
    let rights = token.rights.iter().map(|right| right.name());
    let mut section = Table::new();
    section.insert("name", value(token.name));
    section.insert("hash", value(hash_text(&token.hash)));
    section.insert("rights", value(rights.collect::<Array>()));
    if !token.calling_lists.is_empty() {
        section.insert("calling-lists", list(token.calling_lists));
    }
    if !token.campaign_groups.is_empty() {
        section.insert("campaign-groups", list(token.campaign_groups));
    }
    if let Some(rate) = token.rate {
        section.insert("rate", value(i64::from(rate)));
    }
    section
}

fn hash_text(hash: &[u8; 32]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in hash {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn is_called(section: &Table, name: &str) -> bool {
    section.get("name").and_then(Item::as_str) == Some(name)
}

/// The sections of the tokens; where there are none, a place for them.
fn sections(document: &mut DocumentMut) -> Result<&mut ArrayOfTables, TokenError> {
    let access = document.entry("access").or_insert_with(|| {
        let mut access = Table::new();
        access.set_implicit(true);
        Item::Table(access)
    });
    let access = access.as_table_mut().ok_or(TokenError::NoSections)?;
    access
        .entry("token")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or(TokenError::NoSections)
}

fn named<'a>(document: &'a mut DocumentMut, name: &str) -> Result<&'a mut Table, TokenError> {
    sections(document)?
        .iter_mut()
        .find(|known| is_called(known, name))
        .ok_or_else(|| TokenError::NotKnown(name.to_owned()))
}

fn edit(
    file: &Path,
    environment: Environment,
    change: impl FnOnce(&mut DocumentMut) -> Result<(), TokenError>,
) -> Result<(), TokenError> {
    let rewriting = Rewriting::begin(file)?;
    let document = rewriting.text().parse();
    let mut document: DocumentMut = document.map_err(|error: toml_edit::TomlError| {
        TokenError::Wrong(format!("{}: {error}", file.display()))
    })?;
    change(&mut document)?;
    let text = document.to_string();
    let source = Source::File(file.display().to_string());
    read(source, file, &text, environment.into_iter())
        .map_err(|error| TokenError::Wrong(error.to_string()))?;
    Ok(rewriting.end(&text)?)
}
