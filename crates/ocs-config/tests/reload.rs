//! When each key takes effect, and what setting one leaves as it was
//! (configuration.md, sections 1 and 3).

use std::collections::BTreeSet;
use std::path::Path;

use ocs_config::Effect::{AfterRestart, AtOnce, NextHttpProxy};
use ocs_config::{
    Change, ChangeKind, Config, Effect, InForce, Set, defaults_toml, effect, json_schema, set,
};
use serde_json::Value;

/// A key of every section with another value than its default, and when that takes effect.
const KEYS: &[(&str, &str, Effect)] = &[
    ("application.name", "Other", AfterRestart),
    ("application.dbid", "7", AfterRestart),
    ("application.tenant", "Other", AfterRestart),
    ("application.default-region", "US", AfterRestart),
    ("server-info.reconnect-timeout", "500ms", AtOnce),
    ("server-info.port[0].id", "other", NextHttpProxy),
    ("server-info.port[http].host", "127.0.0.2", NextHttpProxy),
    ("server-info.port[0].port", "9090", NextHttpProxy),
    ("server-info.port[0].public-url", "http://ocs", AfterRestart),
    ("store.url", "sqlite:other.db", AfterRestart),
    ("log.file", "other.log", AfterRestart),
    ("log.level", "debug", AtOnce),
    ("log.segment", "1MiB", AfterRestart),
    ("log.expire", "3", AfterRestart),
    ("log.contact-info", "true", AfterRestart),
    ("log.format", "json", AfterRestart),
    (
        "options.OCServer.http-custom-headers",
        "[\"X-Frame-Options: DENY\"]",
        AtOnce,
    ),
    ("options.OCServer.encoding", "850", AtOnce),
    ("options.OCServer.http-response-timeout", "7", AtOnce),
    ("options.OCServer.http-connection-pool-size", "7", AtOnce),
    ("options.OCServer.http-reply-timeout", "7", AtOnce),
    ("options.OCServer.http-header-bytes", "2KiB", AtOnce),
    ("options.OCServer.http-header-lines", "50", AtOnce),
    ("options.OCServer.http-body-bytes", "2KiB", AtOnce),
    ("options.OCServer.http-bulk-body-bytes", "2KiB", AtOnce),
    ("options.OCServer.http-header-timeout", "7", AtOnce),
    ("options.OCServer.http-idle-timeout", "7", AtOnce),
    ("options.OCServer.http-connections", "7", AtOnce),
    ("options.OCServer.shutdown-timeout", "7", AtOnce),
    ("options.OCServer.request-log-days", "7", AfterRestart),
    (
        "options.OCServer.archive-folder",
        "\"elsewhere\"",
        AfterRestart,
    ),
    ("options.OCServer.retention-days", "7", AfterRestart),
    ("options.OCServer.dnc-reread-interval", "7", AfterRestart),
    (
        "options.OCServer.one-contact-at-a-time",
        "false",
        AfterRestart,
    ),
    ("options.OCServer.agent-silence-timeout", "7", AfterRestart),
    ("options.OCServer.legal-hours", "false", AfterRestart),
    (
        "options.OCServer.legal-hours-unknown",
        "refuse",
        AfterRestart,
    ),
    ("options.OCServer.notification-signing-key", "123", AtOnce),
    ("options.OCServer.notification-trusted-ca", "ca.pem", AtOnce),
    ("options.OCServer.notification-proxy", "http://a:1", AtOnce),
    ("options.OCServer.duplicates", "refuse", AfterRestart),
    (
        "options.OCServer.unknown-attributes",
        "refuse",
        AfterRestart,
    ),
    ("options.OCServer.stale_clean_timeout", "7", AfterRestart),
    ("options.OCServer.callback-timeout", "7", AfterRestart),
    (
        "options.OCServer.priority-personal-callback",
        "7",
        AfterRestart,
    ),
    (
        "options.OCServer.priority-campaign-callback",
        "7",
        AfterRestart,
    ),
    (
        "options.OCServer.priority-personal-rescheduled",
        "7",
        AfterRestart,
    ),
    (
        "options.OCServer.priority-campaign-rescheduled",
        "7",
        AfterRestart,
    ),
    ("options.OCServer.priority-general", "7", AfterRestart),
    ("options.OCServer.consent-required", "true", AfterRestart),
    ("options.OCServer.pre-dial-validation", "true", AtOnce),
    ("options.OCServer.validation-uri", "http://a", AtOnce),
    (
        "options.OCServer.validation-timeout-call-result",
        "7",
        AtOnce,
    ),
    ("options.OCServer.validation-fail-mode", "open", AtOnce),
    ("options.OCServer.send-history", "true", AtOnce),
    ("options.OCServer.history-uri", "http://a", AtOnce),
    (
        "options.OCServer.history-wait-condition-threshold",
        "7",
        AtOnce,
    ),
    (
        "options.OCServer.history-wait-recovery-timeout",
        "7",
        AtOnce,
    ),
    (
        "options.OCServer.contact-processed-notification",
        "true",
        AtOnce,
    ),
    (
        "options.OCServer.contact-processed-notification-uri",
        "http://a",
        AtOnce,
    ),
    ("options.OCServer.http-retry-max-attempts", "7", AtOnce),
    ("options.OCServer.send-campaigngroup-states", "true", AtOnce),
    (
        "options.OCServer.campaigngroup-states-uri",
        "http://a",
        AtOnce,
    ),
    (
        "options.OCServer.campaigngroup-states-interval",
        "7",
        AtOnce,
    ),
    ("options.OCServer.dialer-uri", "http://a", AtOnce),
    ("options.OCServer.channels", "7", AtOnce),
    ("options.OCServer.dialing-rate", "7", AtOnce),
    ("options.OCServer.call-timeout", "7", AtOnce),
    ("options.OCServer.abandoned-limit", "7", AtOnce),
    ("access.allow-anonymous", "true", AtOnce),
    ("access.allowed-origins", "[\"http://a\"]", AtOnce),
    ("access.hosts", "[\"a\"]", AtOnce),
    ("redundancy.enabled", "true", AfterRestart),
    ("redundancy.lease", "7", AfterRestart),
    ("console.enabled", "false", AfterRestart),
    ("console.host", "127.0.0.2", AfterRestart),
    ("console.port", "9091", AfterRestart),
];

/// Keys that stand with others only: the sections that they are in.
const NOT_ALONE: [&str; 10] = [
    "application.client",
    "access.token",
    "access.network",
    "access.certificate",
    "server-info.port.certificate",
    "server-info.port.secured",
    "server-info.port.trusted-ca",
    "server-info.port.mutual",
    "server-info.port.connection-protocol",
    "options.OCServer.notification-certificate",
];

#[track_caller]
fn with(text: &str, key: &str, value: &str) -> Set {
    set(
        Path::new("/ocs/ocs.toml"),
        text,
        key,
        value,
        std::iter::empty(),
    )
    .unwrap_or_else(|error| panic!("{key} = {value}: {error}"))
}

/// The configuration of this text.
#[track_caller]
fn config(text: &str) -> Config {
    // The name is what it is already.
    with(text, "application.name", "OCS").config
}

#[test]
fn every_key_has_its_effect() {
    let schema = json_schema();
    let mut keys = BTreeSet::new();
    schema_keys(&schema, &schema, "", &mut keys);
    assert!(keys.len() > 90, "only {} keys were found", keys.len());
    for key in &keys {
        assert!(effect(key).is_some(), "{key} has no effect in the table");
        let tried = KEYS.iter().any(|(tried, _, _)| {
            let plain = tried.replace("[0]", "").replace("[http]", "");
            plain == *key
        });
        let not_alone = NOT_ALONE.iter().any(|section| key.starts_with(section));
        assert!(tried || not_alone, "{key} is not tried");
    }
    assert_eq!(effect("log.levle"), None);
}

/// A key that was changed in the file is told under its name, and no other is; the
/// file's comments are still there.
#[test]
fn every_key_is_set_and_noticed_alone() {
    let comments = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
    let before = config(defaults_toml());
    for (key, value, effect) in KEYS {
        let set = with(defaults_toml(), key, value);
        assert_eq!(comments(&set.text), comments(defaults_toml()), "{key}");
        let again = with(&set.text, key, value);
        assert_eq!(again.text, set.text, "{key}");
        let changes = InForce::new(before.clone()).reload(&set.config);
        if key.ends_with(".id") {
            // Another port.
            assert_eq!(changes.len(), 2, "{changes:?}");
            continue;
        }
        let told = Change {
            key: key.replace("[0]", "[http]"),
            kind: ChangeKind::Changed,
            effect: *effect,
        };
        assert_eq!(changes, [told]);
        if !key.contains('[') {
            assert_eq!(set.effect, *effect, "{key}");
        }
    }
}

#[test]
fn what_takes_effect_when() {
    let before = "[[server-info.port]]\nid = \"a\"\nport = 1\n\
                  [[server-info.port]]\nid = \"desk\"\nport = 2\nconnection-protocol = \"outbound\"\n";
    let mut in_force = InForce::new(config(before));
    let after = "[server-info]\nreconnect-timeout = 5\n[application]\ntenant = \"Other\"\n\
                 [[server-info.port]]\nid = \"a\"\nport = 11\n\
                 [[server-info.port]]\nid = \"b\"\nport = 12\n\
                 [[server-info.port]]\nid = \"desk\"\nport = 13\nconnection-protocol = \"outbound\"\n";
    let told = |changes: &[Change]| -> Vec<String> {
        let told =
            |change: &Change| format!("{} {:?} {:?}", change.key, change.kind, change.effect);
        changes.iter().map(told).collect()
    };
    let numbers = |config: &Config| -> Vec<(String, u16)> {
        let ports = config.server_info.port.iter();
        ports.map(|port| (port.id.clone(), port.port)).collect()
    };
    let named = |ports: &[(&str, u16)]| -> Vec<(String, u16)> {
        ports
            .iter()
            .map(|(id, port)| ((*id).to_owned(), *port))
            .collect()
    };
    let all = [
        "server-info.reconnect-timeout Changed AtOnce",
        "application.tenant Changed AfterRestart",
        "server-info.port[a].port Changed NextHttpProxy",
        "server-info.port[b] Added NextHttpProxy",
        "server-info.port[desk].port Changed AfterRestart",
    ];
    assert_eq!(told(&in_force.reload(&config(after))), all);
    assert_eq!(
        in_force.now.server_info.reconnect_timeout.as_millis(),
        5_000
    );
    assert_eq!(in_force.now.application.tenant, "Environment");
    assert_eq!(numbers(&in_force.now), named(&[("a", 1), ("desk", 2)]));
    assert_eq!(
        numbers(&in_force.next),
        named(&[("a", 11), ("b", 12), ("desk", 2)])
    );
    // What waits is told again, and what has been taken up is not.
    assert_eq!(told(&in_force.reload(&config(after))), all[1..]);
    in_force.http_proxy_starts();
    assert_eq!(numbers(&in_force.now), numbers(&in_force.next));
    assert_eq!(
        told(&in_force.reload(&config(after))),
        [all[1], all[4]],
        "HTTP Proxy has started"
    );
    // Taken back: the file is what is in force again.
    let back = in_force.reload(&config(before));
    assert_eq!(
        told(&back),
        [
            "server-info.reconnect-timeout Changed AtOnce",
            "server-info.port[a].port Changed NextHttpProxy",
            "server-info.port[b] Removed NextHttpProxy",
        ]
    );
    // The last http port goes, and the first one comes, at once.
    let none =
        "[[server-info.port]]\nid = \"desk\"\nport = 2\nconnection-protocol = \"outbound\"\n";
    let gone = in_force.reload(&config(none));
    assert_eq!(
        told(&gone),
        [
            "server-info.port[a] Removed AtOnce",
            "server-info.port[b] Removed AtOnce",
        ]
    );
    assert_eq!(numbers(&in_force.next), named(&[("desk", 2)]));
    let come = in_force.reload(&config(before));
    assert_eq!(told(&come), ["server-info.port[a] Added AtOnce"]);
    assert_eq!(numbers(&in_force.next), named(&[("a", 1), ("desk", 2)]));
}

/// What is safe in the file is never unsafe in between.
#[test]
fn nothing_is_open_in_between() {
    let port =
        |host: &str| format!("[[server-info.port]]\nid = \"a\"\nport = 1\nhost = \"{host}\"\n");
    let rule = "[[access.network]]\ncidr = \"10.0.0.0/8\"\nrights = [\"read\"]\n";
    let guarded = config(&(port("0.0.0.0") + rule));
    let mut in_force = InForce::new(guarded.clone());
    let changes = in_force.reload(&config(&port("127.0.0.1")));
    let effects: Vec<_> = changes
        .iter()
        .map(|change| (change.key.as_str(), change.effect))
        .collect();
    assert_eq!(
        effects,
        [
            ("access.network", NextHttpProxy),
            ("server-info.port[a].host", NextHttpProxy)
        ]
    );
    assert_eq!(
        in_force.now.access, guarded.access,
        "while it is on 0.0.0.0"
    );
    in_force.http_proxy_starts();
    assert!(in_force.now.access.network.is_empty());

    // A secured port keeps its certificate for as long as it is secured.
    let tls = "secured = true\ncertificate = \"a.pem\"\ncertificate-key = \"a.key\"\n";
    let mut in_force = InForce::new(config(&(port("127.0.0.1") + tls)));
    let renewed = tls.replace("a.pem", "b.pem");
    in_force.reload(&config(&(port("127.0.0.1") + &renewed)));
    let certificate = |config: &Config| config.server_info.port[0].certificate.clone();
    assert_eq!(certificate(&in_force.now), Some("/ocs/b.pem".into()));
    let changes = in_force.reload(&config(&port("127.0.0.1")));
    assert!(
        changes.iter().all(|change| change.effect == NextHttpProxy),
        "{changes:?}"
    );
    assert_eq!(certificate(&in_force.now), Some("/ocs/b.pem".into()));
    assert_eq!(certificate(&in_force.next), None);
}

#[test]
fn what_is_not_set() {
    let text =
        "# first\n[log]\nlevel = \"info\" # why\n\n[[server-info.port]]\nid = \"a\"\nport = 1\n";
    for (key, value, parts) in [
        (
            "log.levle",
            "debug",
            &["log.levle", "did you mean `level`?"][..],
        ),
        ("lgo.level", "debug", &["did you mean `log`?"]),
        ("log", "debug", &["log is a section", "level"]),
        ("log.level.x", "1", &["nothing stands below log.level"]),
        ("log.level[0]", "1", &["log.level is no array"]),
        (
            "server-info.port",
            "1",
            &["array of sections", "server-info.port[0]."],
        ),
        ("server-info.port[b].port", "1", &["none has the id \"b\""]),
        ("server-info.port[7].port", "1", &["no item 7"]),
        (
            "log.level",
            "loud",
            &["log.level", "\"loud\"", "\"debug\"", "line 3"],
        ),
        ("server-info.port[a].port", "70000", &["70000", "65535"]),
        (
            "server-info.port[1].port",
            "2",
            &["server-info.port[1].id", "needed"],
        ),
        (
            "server-info.port[a].secured",
            "true",
            &["needs certificate"],
        ),
    ] {
        let error = set(Path::new("ocs.toml"), text, key, value, std::iter::empty())
            .expect_err("it is refused")
            .to_string();
        for part in parts {
            assert!(error.contains(part), "{key} = {value}: {part:?} in {error}");
        }
    }
    for (key, value, expected) in [
        ("log.level", "debug", text.replace("\"info\"", "\"debug\"")),
        (
            "log.expire",
            "3",
            text.replace("# why\n", "# why\nexpire = 3\n"),
        ),
        (
            "server-info.port[a].port",
            "2",
            text.replace("port = 1", "port = 2"),
        ),
        (
            "options.OCServer.encoding",
            "850",
            format!("{text}\n[options.OCServer]\nencoding = \"850\"\n"),
        ),
    ] {
        assert_eq!(with(text, key, value).text, expected, "{key} = {value}");
    }
}

fn schema_keys(root: &Value, schema: &Value, path: &str, keys: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.trim_start_matches("#/$defs/");
        // A secret is one value, however it is written.
        if name != "Secret" {
            return schema_keys(root, &root["$defs"][name], path, keys);
        }
    }
    if let Some(properties) = schema["properties"].as_object() {
        for (key, property) in properties {
            let dot = if path.is_empty() { "" } else { "." };
            schema_keys(root, property, &format!("{path}{dot}{key}"), keys);
        }
    } else if schema["items"]["$ref"].is_string() {
        let mut below = BTreeSet::new();
        schema_keys(root, &schema["items"], path, &mut below);
        keys.extend(below);
    } else {
        keys.insert(path.to_owned());
    }
}
