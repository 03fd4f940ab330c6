//! Who may do what over HTTP: tokens, networks, rights, bound clients, rates, and web
//! pages that must stay out.

mod bound;
mod commands;
mod pages;
mod rates;
mod rights;

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};
use serde_json::Value;

use crate::campaigns::home;
use crate::home::{HTTP_PORT, Home};
use crate::http::Reply;
use crate::server::Server;

/// The token of a client of these tests.
fn secret(name: &str) -> String {
    format!("secret-of-{name}")
}

/// The header that shows it.
fn bearer(name: &str) -> String {
    format!("Bearer {}", secret(name))
}

/// The section that makes a client known by its token; `more` are further keys of it.
fn token(name: &str, rights: &[&str], more: &str) -> String {
    let mut hash = String::new();
    for byte in digest(&SHA256, secret(name).as_bytes()).as_ref() {
        write!(hash, "{byte:02x}").expect("a string");
    }
    format!(
        "[[access.token]]\nname = \"{name}\"\nhash = \"sha256:{hash}\"\nrights = {rights:?}\n{more}\n"
    )
}

/// A folder with campaigns, and a configuration with these access rules.
fn guarded(access: &str) -> Home {
    let home = home();
    home.configure(&[HTTP_PORT, access].concat());
    home
}

impl Server {
    /// Sends a request with a client's token.
    #[track_caller]
    fn ask_as(&self, name: &str, method: &str, target: &str, body: &str) -> Reply {
        let shown = bearer(name);
        let headers = [("Authorization", shown.as_str())];
        self.request(method, target, &headers, body.as_bytes())
    }
}

/// What a reply comes to: its status, and the number and the attribute of a refusal.
fn came(reply: &Reply) -> (u16, Option<i64>, Option<String>) {
    let event: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let attribute = event["GSW_ERROR_ATTRIBUTE"].as_str().map(str::to_owned);
    (reply.status, event["GSW_ERROR_NUMBER"].as_i64(), attribute)
}
