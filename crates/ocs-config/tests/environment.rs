//! Environment variables over the file.

use ocs_config::{Config, ConfigError, LogLevel, StoreUrl, load};

const FILE: &str = r#"
[[server-info.port]]
id = "http"
port = 8080
[[application.client]]
name = "Desk"
role = "Desktop"
secret = "one"
"#;

fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ocs.toml");
    std::fs::write(&file, FILE).expect("the file is written");
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    load(Some(&file), variables)
}

#[test]
fn any_key_can_be_overridden() {
    let config = with(&[
        ("OCS_SERVER_INFO__RECONNECT_TIMEOUT", "5"),
        ("OCS_LOG__LEVEL", "debug"),
        ("OCS_LOG__CONTACT_INFO", "true"),
        ("OCS_LOG__SEGMENT", "1MiB"),
        ("OCS_SERVER_INFO__PORT__0__PORT", "9090"),
        ("OCS_SERVER_INFO__PORT__1__ID", "second"),
        ("OCS_SERVER_INFO__PORT__1__PORT", "0"),
        ("OCS_OPTIONS__OCSERVER__ENCODING", "437"),
        ("OCS_OPTIONS__OCSERVER__STALE_CLEAN_TIMEOUT", "1h"),
        ("OCS_OPTIONS__OCSERVER__CHANNELS", "3"),
        (
            "OCS_OPTIONS__OCSERVER__HTTP_CUSTOM_HEADERS",
            "[\"X-Frame-Options: DENY\"]",
        ),
        ("OCS_APPLICATION__NAME", "12"),
        ("OCS_APPLICATION__CLIENT__0__SECRET", "34"),
        ("OCS_STORE__URL", "sqlite:/var/ocs.db"),
        // These have no part that could be a section.
        ("OCS_TEST", "1"),
        ("PATH", "/bin"),
    ])
    .expect("a configuration");
    assert_eq!(config.server_info.reconnect_timeout.as_millis(), 5_000);
    assert_eq!(
        (config.log.level, config.log.contact_info),
        (LogLevel::Debug, true)
    );
    assert_eq!(config.log.segment.as_bytes(), 1 << 20);
    let ports: Vec<(&str, u16)> = config
        .server_info
        .port
        .iter()
        .map(|port| (port.id.as_str(), port.port))
        .collect();
    assert_eq!(ports, [("http", 9090), ("second", 0)]);
    let options = &config.options.oc_server;
    assert_eq!(options.encoding.name(), Some("437"));
    assert_eq!(
        options
            .levels
            .stale_clean_timeout
            .map(|span| span.as_millis()),
        Some(3_600_000)
    );
    assert_eq!(options.levels.channels, Some(3));
    assert_eq!(options.http_custom_headers.len(), 1);
    assert_eq!(config.application.name, "12");
    let secret = config.application.client[0].secret.resolve(&config.base);
    assert_eq!(secret.expect("a secret"), "34");
    assert_eq!(config.store.url, StoreUrl::Sqlite("/var/ocs.db".into()));
}

#[test]
fn a_whole_array_comes_before_its_items_whatever_the_order() {
    let config = with(&[
        ("OCS_SERVER_INFO__PORT__0__PORT", "2"),
        ("OCS_SERVER_INFO__PORT", "[{ id = \"a\", port = 1 }]"),
        ("OCS_APPLICATION__CLIENT__0__SECRET__ENV", "DESK"),
    ])
    .expect("a configuration");
    assert_eq!(config.server_info.port.len(), 1);
    assert_eq!(config.server_info.port[0].port, 2);
    assert_eq!(
        format!("{:?}", config.application.client[0].secret),
        "Secret(env DESK)"
    );
}

#[test]
fn a_wrong_override_names_the_variable() {
    let rows: &[(&str, &str, &str)] = &[
        (
            "OCS_LOG__LEVL",
            "debug",
            "names no key; did you mean OCS_LOG__LEVEL?",
        ),
        (
            "OCS_LOGS__LEVEL",
            "debug",
            "names no key; did you mean OCS_LOG__LEVEL?",
        ),
        (
            "OCS_LOG__COLOUR",
            "x",
            "names no key; in place of `COLOUR` are allowed: CONTACT_INFO, EXPIRE, FILE, FORMAT, LEVEL, SEGMENT",
        ),
        (
            "OCS_LOG__LEVEL__X",
            "x",
            "names no key: nothing stands below OCS_LOG__LEVEL",
        ),
        (
            "OCS_LOG__",
            "x",
            "names no key; in place of `` are allowed: CONTACT_INFO, EXPIRE, FILE, FORMAT, LEVEL, SEGMENT",
        ),
        (
            "OCS_SERVER_INFO__PORT__HTTP__PORT",
            "1",
            "names no key: after server-info.port stands the place in the array, 0, 1 …",
        ),
        (
            "OCS_SERVER_INFO__PORT__7__PORT",
            "1",
            "item 7 of `port` cannot be set: it has 1 items, and the next one is 1",
        ),
        (
            "OCS_LOG__LEVEL",
            "loud",
            "log.level: found \"loud\"; allowed: \"error\", \"warn\", \"info\", \"debug\", \"trace\"",
        ),
        (
            "OCS_LOG__EXPIRE",
            "ten",
            "log.expire: found \"ten\"; write a whole number from 1 to 100000",
        ),
        (
            "OCS_LOG__CONTACT_INFO",
            "yes",
            "log.contact-info: found \"yes\"; write true or false, without quotes",
        ),
        (
            "OCS_SERVER_INFO__PORT__0__PORT",
            "65536",
            "server-info.port[0].port: found 65536; allowed: 0 to 65535",
        ),
        (
            "OCS_STORE__URL",
            "mysql://u:hidden@h/d",
            "store.url: there is no store of kind \"mysql\"; allowed: \"sqlite:PATH\" (from the configuration's folder) or \"postgres://user@host/db\"",
        ),
        (
            "OCS_SERVER_INFO__PORT__0__PUBLIC_URL",
            "https://a/",
            "server-info.port[0].public-url: found \"https://a/\"; leave out the slash at the end",
        ),
        (
            "OCS_APPLICATION__CLIENT__1__NAME",
            "New",
            "application.client[1].role: this key is needed; allowed: \"Desktop\", \"ThirdParty\"",
        ),
    ];
    for (variable, value, message) in rows {
        let error = with(&[(variable, value)]).expect_err(variable);
        let said = error.problems[0].to_string();
        assert_eq!(said, format!("environment variable {variable}: {message}"));
    }
}

#[test]
fn a_mistake_in_the_file_beside_an_override_names_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ocs.toml");
    std::fs::write(&file, "[log]\nexpire = 0\n").expect("the file is written");
    let variables = [("OCS_LOG__LEVEL".to_owned(), "debug".to_owned())];
    let error = load(Some(&file), variables.into_iter()).expect_err("expire is wrong");
    assert_eq!(error.problems.len(), 1);
    assert_eq!(error.problems[0].line, Some(2));
}
