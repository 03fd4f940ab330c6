//! `ocs token`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::campaigns::home;
use crate::home::{HTTP_PORT, Home};
use crate::process::until;

/// What a token is made of.
fn is_token(said: &str) -> bool {
    let digits = said.strip_prefix("ocs_").unwrap_or_default();
    digits.len() == 48 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[track_caller]
fn made(home: &Home, arguments: &[&str]) -> String {
    let ended = home.ocs(&[&["token"], arguments].concat());
    ended.expect(0, &[]);
    let token = ended.stdout.trim().to_owned();
    assert!(is_token(&token), "{ended:?}");
    token
}

/// Starts OCS, and says which of the tokens it takes.
#[track_caller]
fn statuses(home: Home, tokens: &[&str]) -> (Home, Vec<u16>) {
    let server = home.start();
    let ask = |token: &&str| {
        let shown = format!("Bearer {token}");
        let headers = [("Authorization", shown.as_str())];
        server.request("GET", "/lists/Calls", &headers, b"").status
    };
    let statuses = tokens.iter().map(ask).collect();
    (server.stop(), statuses)
}

#[test]
fn from_its_making_to_its_end() {
    let home = home();
    home.configure(&format!(
        "# The one port.\n{HTTP_PORT}[access] # who may\nhosts = []\n"
    ));
    let file = home.path().join("ocs.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("its mode");
    let before = home.read("ocs.toml");
    let rights = "--rights=read,add";
    let old = made(
        &home,
        &[
            "create",
            "crm",
            rights,
            "--calling-list",
            "Calls",
            "--rate",
            "9",
        ],
    );
    let after = home.read("ocs.toml");
    assert!(after.starts_with(&before), "{after}");
    assert!(
        !after.contains(&old[4..]),
        "the token itself is in the file"
    );
    let mode = fs::metadata(&file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let listed = home.ocs(&["token", "list"]);
    let line = "\"crm\" may read, add; calling lists: Calls; 9 requests per second\n";
    assert_eq!(listed.stdout, line);
    let (home, found) = statuses(home, &[&old, "ocs_wrong"]);
    assert_eq!(found, [200, 401]);

    // Both are good until the old one is taken out.
    let new = made(&home, &["rotate", "crm"]);
    home.ocs(&["token", "list"])
        .expect(0, &["its previous token is good too"]);
    let (home, found) = statuses(home, &[&old, &new]);
    assert_eq!(found, [200, 200]);
    home.ocs(&["token", "remove", "crm", "--previous"])
        .expect(0, &[]);
    let (home, found) = statuses(home, &[&old, &new]);
    assert_eq!(found, [401, 200]);

    // A token that somebody else has ends at once.
    let newest = made(&home, &["rotate", "crm", "--at-once"]);
    let (home, found) = statuses(home, &[&new, &newest]);
    assert_eq!(found, [401, 200]);

    home.ocs(&["token", "remove", "crm"])
        .expect(0, &["\"crm\" was removed"]);
    assert_eq!(home.read("ocs.toml").trim_end(), before.trim_end());
    assert_eq!(home.ocs(&["token", "list"]).stdout, "");
    assert!(!home.path().join("ocs.toml.new").exists());
}

#[test]
fn while_ocs_runs() {
    let server = home().start();
    let status = |token: &str, list: &str| {
        let shown = format!("Bearer {token}");
        let headers = [("Authorization", shown.as_str())];
        let target = format!("/lists/{list}");
        server.request("GET", &target, &headers, b"").status
    };
    let create = ["create", "crm", "--rights=read", "--calling-list", "Calls"];
    let first = made(&server.home, &create);
    until(
        "the first token is known, and nobody else is let in",
        || status(&first, "Calls") == 200 && status("ocs_wrong", "Calls") == 401,
    );
    let second = made(&server.home, &["rotate", "crm", "--at-once"]);
    until("only the second token is known", || {
        status(&second, "Calls") == 200 && status(&first, "Calls") == 401
    });
    // OCS itself is bound anew too: it decides which lists are shown.
    let lists = || {
        let shown = format!("Bearer {second}");
        let headers = [("Authorization", shown.as_str())];
        let reply = server.request("GET", "/lists", &headers, b"");
        reply.json().to_string().contains("Refusing")
    };
    assert!(!lists());
    let text = server.home.read("ocs.toml");
    let unbound = text
        .lines()
        .filter(|line| !line.starts_with("calling-lists"))
        .map(|line| format!("{line}\n"))
        .collect::<String>();
    assert_ne!(unbound, text);
    server.home.write("ocs.toml", unbound);
    until("every list is shown", lists);
    server.stop();
}

#[test]
fn what_is_wrong() {
    let home = home();
    made(&home, &["create", "crm", "--rights", "read"]);
    let before = home.read("ocs.toml");
    let long = "x".repeat(129);
    for (arguments, status, part) in [
        (
            &["create", "crm", "--rights", "add"][..],
            2,
            "there is a token \"crm\" already",
        ),
        (
            &["create", "ivr", "--rights", "add,write"],
            2,
            "add, update, preview, control, read, admin",
        ),
        (&["create", "ivr"], 2, "--rights"),
        (
            &["create", &long, "--rights", "add"],
            2,
            "1 to 128 characters",
        ),
        (
            &["create", "ivr", "--rights", "add,add"],
            2,
            "this right stands there twice",
        ),
        (
            &["create", "ivr", "--rights", "add", "--rate", "0"],
            2,
            "access.token[1].rate",
        ),
        (&["rotate", "ivr"], 2, "there is no token \"ivr\""),
        (&["remove", "ivr"], 2, "there is no token \"ivr\""),
        (&["remove", "crm", "--previous"], 2, "has no previous one"),
    ] {
        let ended = home.ocs(&[&["token"], arguments].concat());
        ended.expect(status, &[part]);
        assert!(!ended.stderr.contains("toml.new"), "{ended:?}");
        assert!(!is_token(ended.stdout.trim()), "{ended:?}");
    }
    assert_eq!(home.read("ocs.toml"), before);
    let empty = Home::empty();
    let create = ["token", "create", "a", "--rights", "admin"];
    empty
        .ocs(&create)
        .expect(2, &["there is no ocs.toml", "--print"]);
    let printed = empty.ocs(&[&create[..], &["--print"]].concat());
    printed.expect(
        0,
        &[
            "[[access.token]]\nname = \"a\"\nhash = \"sha256:",
            "rights = [\"admin\"]",
        ],
    );
    assert!(is_token(printed.stdout.lines().next().unwrap_or_default()));

    // The last rule of a port that everybody reaches cannot go.
    home.configure(
        "[[server-info.port]]\nid = \"http\"\nhost = \"0.0.0.0\"\nport = 0\n\
        [[access.token]]\nname = \"last\"\nrights = [\"read\"]\n\
        hash = \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"\n",
    );
    let ended = home.ocs(&["token", "remove", "last"]);
    ended.expect(
        2,
        &[
            "nothing was changed",
            "ocs.toml, line 8: server-info.port[0].host",
        ],
    );
}
