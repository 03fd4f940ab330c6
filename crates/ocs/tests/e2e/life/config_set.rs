//! `ocs config set`: the file is changed, and a running OCS takes it up.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::home::Home;
use crate::process::until;
use crate::server::Server;

const TEXT: &str = "# Who may write here.
[server-info]
reconnect-timeout = 1 # seconds

[[server-info.port]]
id = \"http\" # the only one
port = 0
";

fn home() -> Home {
    let home = Home::empty();
    home.write("ocs.toml", TEXT);
    home
}

#[test]
fn a_key_is_set_while_ocs_runs() {
    let server = Server::of(home()).ready();
    let set = |key: &str, value: &str| server.home.ocs(&["config", "set", key, value]);
    set(
        "options.OCServer.http-custom-headers",
        "[\"X-Frame-Options: DENY\"]",
    )
    .expect(0, &["is set in ocs.toml", "it takes effect at once"]);
    until("it is taken up", || {
        let reply = server.request("GET", "/nothing", &[], b"");
        reply.header("x-frame-options") == Some("DENY")
    });
    set("server-info.port[http].port", "1").expect(0, &["until its next start"]);
    set("log.expire", "3").expect(0, &["when OCS is started again"]);
    set("log.expire", "3").expect(0, &["has this value already"]);
    let text = server.home.read("ocs.toml");
    for part in [
        "# Who may write here.\n",
        "= 1 # seconds\n",
        "\"http\" # the only one\n",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    server.home.ocs(&["check-config"]).expect(0, &[]);
    server.stop();
}

#[test]
fn what_is_wrong_is_not_written() {
    let home = home();
    for (key, value, parts) in [
        (
            "server-info.reconnect-timeot",
            "1",
            &["did you mean `reconnect-timeout`?"][..],
        ),
        (
            "server-info.reconnect-timeout",
            "soon",
            &["ocs.toml, line 3", "\"soon\"", "500ms"],
        ),
        (
            "options.OCServer.http-custom-headers",
            "[\"X-Powered-By: me\"]",
            &["X-Frame-Options"],
        ),
        (
            "options.OCServer.http-custom-headers",
            "[\"X-Frame-Options: a\\r\\nb\"]",
            &["X-Frame-Options"],
        ),
        (
            "store.url",
            "postgres://ocs@db/ocs",
            &["does not store in PostgreSQL yet"],
        ),
        (
            "server-info.port[http].host",
            "0.0.0.0",
            &["allow-anonymous"],
        ),
    ] {
        home.ocs(&["config", "set", key, value])
            .expect(2, parts)
            .expect(2, &["nothing was written"]);
        assert_eq!(home.read("ocs.toml"), TEXT, "{key}");
    }
    let other = [
        "--config",
        "other.toml",
        "config",
        "set",
        "log.level",
        "debug",
    ];
    home.ocs(&other).expect(2, &["other.toml: cannot be found"]);
    let empty = Home::empty();
    empty
        .ocs(&["config", "set", "log.level", "debug"])
        .expect(2, &["there is no ocs.toml here"]);
    assert!(!empty.path().join("ocs.toml").exists());
}

#[test]
fn the_file_stays_what_it_was() {
    let home = home();
    let path = |name: &str| home.path().join(name);
    fs::create_dir(path("etc")).expect("a folder");
    fs::rename(path("ocs.toml"), path("etc/real.toml")).expect("it is moved");
    fs::set_permissions(path("etc/real.toml"), Permissions::from_mode(0o640)).expect("a mode");
    symlink("etc/real.toml", path("ocs.toml")).expect("a link");
    home.ocs(&["config", "set", "log.level", "debug"])
        .expect(0, &[]);
    assert!(path("ocs.toml").is_symlink());
    let mode = fs::metadata(path("etc/real.toml"))
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o640);
    assert!(
        home.read("etc/real.toml")
            .ends_with("\n[log]\nlevel = \"debug\"\n")
    );
    let left: Vec<_> = fs::read_dir(path("etc")).expect("the folder").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
