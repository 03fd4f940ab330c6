//! OCS that cannot be backups of a primary.

use super::{beside, home, until_status, waits};
use crate::do_not_call::by_another;
use crate::home::{HTTP_PORT, Home};
use crate::server::Server;

/// Two OCS share name, DBID, tenant and options.
#[test]
fn they_differ() {
    let primary = home().start();
    for (rest, parts) in [
        (
            "[application]\ntenant = \"Other\"\n",
            &["application.tenant is \"Environment\" there and \"Other\" here"][..],
        ),
        (
            "[application]\nname = \"OCS2\"\ndbid = 102\n",
            &[
                "application.dbid is 101 there and 102 here",
                "application.name is",
            ],
        ),
        (
            "[application]\ndefault-region = \"DE\"\n",
            &["application.default-region is"],
        ),
    ] {
        let other = beside(&primary.home, rest);
        let ended = other.ocs(&["run"]);
        ended.expect(1, parts);
        ended.expect(
            1,
            &["this OCS cannot be a backup of ocs run \"OCS\" (process"],
        );
    }
    let other = beside(&primary.home, "");
    let text = other.read("ocs.toml");
    let text = text.replace(
        "[options.OCServer]\n",
        "[options.OCServer]\nencoding = \"latin1\"\n",
    );
    other.write("ocs.toml", text);
    let ended = other.ocs(&["run"]);
    ended.expect(1, &["options.OCServer.encoding is another"]);
    // Listeners, logs and paths may differ, and did.
    primary.get("/lists/Spring");
    primary.stop();
}

/// With redundancy off, a second OCS names the holder and ends; with it off at the first
/// only, it waits.
#[test]
fn redundancy_is_off() {
    let primary = Home::with(HTTP_PORT, "").start();
    let store = primary.home.path().join("data/ocs.db");
    let store = format!("[store]\nurl = \"sqlite:{}\"\n", store.display());
    let off = Home::with(&format!("{HTTP_PORT}{store}"), "");
    let holder = format!("is in use by ocs run \"OCS\" (process {}", primary.id());
    off.ocs(&["run"]).expect(1, &[&holder]);
    let backup = Server::of(beside(&primary.home, ""));
    waits(&backup, 1);
    let _first = primary.stop();
    backup.ready().stop();
}

/// Only the holder brings the schema up to date; one of a later version can never be had.
#[test]
fn another_schema() {
    let primary = home().start();
    let backup = Server::of(beside(&primary.home, ""));
    waits(&backup, 1);
    let now = "PRAGMA user_version";
    by_another(
        &primary.home,
        &format!("{now} = 3; UPDATE lease SET holder = holder"),
    );
    until_status(&primary.home, backup.id(), "it says so", |status| {
        let problem = status["problem"].as_str().unwrap_or_default();
        problem.contains("schema version 3, and this OCS works with")
    });
    by_another(
        &primary.home,
        &format!("{now} = 4000; UPDATE lease SET holder = holder"),
    );
    let mut backup = backup;
    assert_eq!(backup.wait().code(), Some(1));
    let said = backup.stderr.wait_for_end().concat();
    assert!(
        said.contains("this OCS cannot be a backup: the store has schema version 4000"),
        "{said}"
    );
    primary.get("/lists/Spring");
    primary.stop();
}
