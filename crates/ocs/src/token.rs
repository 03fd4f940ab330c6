//! `ocs token`: whose HTTP client is known by which token. The configuration holds their
//! hashes; a running OCS takes a changed file up by itself.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use ocs_config::{NewToken, Right, TokenRule};
use ring::digest::{SHA256, digest};

use crate::cli;
use crate::config::{environment, load};
use crate::terminal::{DONE, FAILED, WRONG, complain, end, say};

/// `ocs token`.
pub(crate) fn token(file: Option<&Path>, command: &cli::Token) -> ExitCode {
    match command {
        cli::Token::Create(create) => self::create(file, create),
        cli::Token::List => list(file),
        cli::Token::Rotate { name, at_once } => in_file(file, |file| {
            let token = new_token()?;
            let environment = environment().collect();
            ocs_config::rotate_token(file, environment, name, hash(&token), *at_once)?;
            say(token);
            complain(if *at_once {
                format!("the token that \"{name}\" had ends when OCS takes the change up")
            } else {
                format!(
                    "the token that \"{name}\" had stays good until `ocs token remove {name} \
                     --previous`"
                )
            });
            Ok(())
        }),
        cli::Token::Remove {
            name,
            previous: true,
        } => in_file(file, |file| {
            ocs_config::end_previous_token(file, environment().collect(), name)?;
            say(format!("the previous token of \"{name}\" was removed"));
            Ok(())
        }),
        cli::Token::Remove { name, .. } => in_file(file, |file| {
            ocs_config::remove_token(file, environment().collect(), name)?;
            say(format!("the token \"{name}\" was removed"));
            Ok(())
        }),
    }
}

fn create(file: Option<&Path>, create: &cli::TokenCreate) -> ExitCode {
    let token = match new_token() {
        Ok(token) => token,
        Err(error) => return end(FAILED, format!("{error:#}")),
    };
    let new = NewToken {
        name: &create.name,
        hash: hash(&token),
        rights: &create.rights,
        calling_lists: &create.calling_list,
        campaign_groups: &create.campaign_group,
        rate: create.rate,
    };
    if create.print {
        say(format!(
            "{token}\n\n{}",
            ocs_config::token_section(&new).trim()
        ));
        return DONE;
    }
    in_file(file, |file| {
        ocs_config::add_token(file, environment().collect(), &new)?;
        say(&token);
        complain(format!(
            "this is the token of \"{}\", shown this once; {} has its hash",
            create.name,
            file.display()
        ));
        Ok(())
    })
}

fn list(file: Option<&Path>) -> ExitCode {
    let config = match load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    for rule in &config.access.token {
        say(line(rule));
    }
    DONE
}

fn line(rule: &TokenRule) -> String {
    let rights: Vec<_> = rule
        .rights
        .iter()
        .map(|right: &Right| right.name())
        .collect();
    let mut line = format!("\"{}\" may {}", rule.name, rights.join(", "));
    let bound = [
        ("calling lists", &rule.calling_lists),
        ("campaign groups", &rule.campaign_groups),
    ];
    for (what, names) in bound {
        if let Some(names) = names {
            // Writing to a string cannot fail.
            let _ = write!(line, "; {what}: {}", names.join(", "));
        }
    }
    if let Some(rate) = rule.rate {
        let _ = write!(line, "; {rate} requests per second");
    }
    if rule.previous_hash.is_some() {
        line.push_str("; its previous token is good too");
    }
    line
}

/// Changes the configuration file, which must be there.
fn in_file(file: Option<&Path>, change: impl FnOnce(&Path) -> anyhow::Result<()>) -> ExitCode {
    let usual = PathBuf::from("ocs.toml");
    let file = file.map_or(usual, ToOwned::to_owned);
    if !file.exists() {
        let sentence = format!(
            "there is no {}; name the configuration by --config, or print the section by `ocs \
             token create … --print`",
            file.display()
        );
        return end(WRONG, sentence);
    }
    match change(&file) {
        Ok(()) => DONE,
        Err(error) => end(WRONG, format!("{error:#}")),
    }
}

/// 192 random bits, behind what a person and a secret scanner know it by.
fn new_token() -> anyhow::Result<String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).context("the system gave no random number")?;
    let mut token = "ocs_".to_owned();
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(token, "{byte:02x}");
    }
    Ok(token)
}

fn hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}
