//! The tokens of an `ocs.toml`, changed in the file: its comments and its order stay, a
//! change is there whole or not at all, and none that makes the file wrong.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use crate::access::Right;

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
    #[error("{path}: {what}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What could not be done.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
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
    let failed = |what| {
        let path = file.to_owned();
        move |source| TokenError::File { path, what, source }
    };
    // Where it is a link, the file that it leads to is replaced, not the link.
    let path = fs::canonicalize(file).map_err(failed("cannot be found"))?;
    let mut locked = lock(&path).map_err(failed("cannot be opened"))?;
    let mut text = String::new();
    let read = locked.read_to_string(&mut text);
    read.map_err(failed("cannot be read"))?;
    let wrong = |error: String| TokenError::Wrong(error);
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| wrong(format!("{}: {error}", file.display())))?;
    change(&mut document)?;

    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    // What a command that was killed left behind.
    let _ = fs::remove_file(&beside);
    let written = write(&beside, &document.to_string(), &locked);
    let judged = written
        .map_err(failed("cannot be replaced"))
        .and_then(|()| {
            // Paths in it start from the same folder.
            crate::load(Some(&beside), environment.into_iter()).map_err(|error| {
                let (new, old) = (beside.display().to_string(), file.display().to_string());
                wrong(error.to_string().replace(&new, &old))
            })
        });
    let replaced = judged.and_then(|_| {
        fs::rename(&beside, &path).map_err(failed("cannot be replaced"))?;
        // The name is on the disk with its folder.
        let folder = path.parent().map(File::open);
        let kept = folder.map(|folder| folder.and_then(|folder| folder.sync_all()));
        kept.unwrap_or(Ok(())).map_err(failed("cannot be kept"))
    });
    if replaced.is_err() {
        let _ = fs::remove_file(&beside);
    }
    replaced
}

/// Locks the file that is there: two commands at once go one after the other.
fn lock(path: &Path) -> std::io::Result<File> {
    loop {
        let file = File::open(path)?;
        file.lock()?;
        // Whoever had the lock before may have put another in its place.
        if file.metadata()?.ino() == fs::metadata(path)?.ino() {
            return Ok(file);
        }
    }
}

/// Writes a file that whoever may read the old one may read, and nobody else.
fn write(path: &Path, text: &str, old: &File) -> std::io::Result<()> {
    let old = old.metadata()?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid()))?;
    }
    file.set_permissions(Permissions::clone(&old.permissions()))?;
    file.sync_all()
}
