//! Configurations that are right, and what they mean.

use std::path::Path;
use std::time::Duration;

use ocs_config::{
    ClientRole, Config, ConnectionProtocol, LevelOptions, LogFormat, LogLevel, Right, StoreUrl,
    TimeSpan, load,
};

fn config(folder: &Path, text: &str) -> Config {
    let file = folder.join("ocs.toml");
    std::fs::write(&file, text).expect("the file is written");
    match load(Some(&file), std::iter::empty()) {
        Ok(config) => config,
        Err(error) => panic!("{text}\nwas refused:\n{error}"),
    }
}

/// The sample of configuration.md, section 1, with its comments taken away.
const SAMPLE: &str = r#"
[application]
name = "OCS"
dbid = 101
tenant = "Environment"
default-region = "US"
[[application.client]]
name = "AgentDesktop"
role = "Desktop"
secret = { file = "desktop.secret" }
[server-info]
reconnect-timeout = 10
[[server-info.port]]
id = "http"
host = "127.0.0.1"
port = 8080
connection-protocol = "http"
public-url = "https://ocs.example.com"
secured = true
certificate = "server.pem"
certificate-key = "/etc/ocs/server.key"
trusted-ca = "clients.pem"
mutual = true
[[server-info.port]]
id = "outbound"
host = "127.0.0.1"
port = 7000
connection-protocol = "outbound"
[store]
url = "sqlite:data/ocs.db"
[log]
file = "logs/ocs.log"
level = "info"
segment = "100MB"
expire = 10
contact-info = false
[options.OCServer]
http-custom-headers = ["X-Frame-Options: SAMEORIGIN", "x-content-type-options:nosniff"]
encoding = ""
[access]
[redundancy]
enabled = true
lease = "2s"
[console]
host = "127.0.0.1"
port = 8081
"#;

#[test]
fn the_sample_of_the_specification_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path();
    let config = config(base, SAMPLE);
    assert_eq!(config.base, base);
    assert_eq!(config.application.default_region.as_deref(), Some("US"));
    assert_eq!(config.application.client[0].role, ClientRole::Desktop);
    assert_eq!(
        config.server_info.reconnect_timeout,
        TimeSpan::from_secs(10)
    );
    let port = &config.server_info.port[0];
    assert_eq!(
        port.certificate.as_deref(),
        Some(base.join("server.pem").as_path())
    );
    assert_eq!(
        port.certificate_key.as_deref(),
        Some(Path::new("/etc/ocs/server.key"))
    );
    assert_eq!(
        port.trusted_ca.as_deref(),
        Some(base.join("clients.pem").as_path())
    );
    let outbound = ConnectionProtocol::Outbound;
    assert_eq!(config.server_info.port[1].connection_protocol, outbound);
    assert_eq!(config.server_info.http_ports().count(), 1);
    assert_eq!(config.store.url, StoreUrl::Sqlite(base.join("data/ocs.db")));
    assert_eq!(config.log.file, base.join("logs/ocs.log"));
    assert_eq!(config.log.segment.as_bytes(), 100_000_000);
    assert_eq!(config.log.format, LogFormat::Text);
    let headers = config.options.oc_server.custom_headers();
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let expected = [
        ("X-Frame-Options", "SAMEORIGIN"),
        ("X-Content-Type-Options", "nosniff"),
    ];
    assert_eq!(headers, expected);
    assert!(config.redundancy.enabled);
    let shared = config.shared_settings();
    assert!(shared.contains_key("options.OCServer.http-custom-headers"));
    let names = [
        "application.name",
        "application.dbid",
        "application.tenant",
        "application.default-region",
    ];
    for (key, value) in &shared {
        assert!(
            key.starts_with("options.OCServer.") || names.contains(&key.as_str()),
            "{key}: {value}"
        );
    }
    assert_eq!(
        shared["application.tenant"],
        format!("{:?}", config.application.tenant)
    );
    assert_eq!(config.not_built_yet(), Vec::<String>::new());
}

#[test]
fn an_empty_file_has_no_http_port() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "");
    assert!(config.server_info.port.is_empty());
    assert_eq!(
        config.warnings(),
        [
            "server-info.port: no port has connection-protocol \"http\", so HTTP Proxy is not started"
        ]
    );
    assert!(config.not_built_yet().is_empty());
}

#[test]
fn what_is_not_built_yet_is_said() {
    let rows = [(
        "[store]\nurl = \"postgres://ocs@db/ocs\"",
        "store.url: this version does not store in PostgreSQL yet",
    )];
    let folder = tempfile::tempdir().expect("a folder");
    for (text, sentence) in rows {
        assert_eq!(
            config(folder.path(), text).not_built_yet(),
            [sentence],
            "{text}"
        );
    }
}

#[test]
fn a_port_for_everybody_is_warned_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "[access]\nallow-anonymous = true\n[[server-info.port]]\nid = \"http\"\nport = 0\nhost = \"::\"\n";
    assert_eq!(
        config(folder.path(), text).warnings(),
        [
            "server-info.port[0].public-url: not set, and the host stands for every address: \
             GSW_RECORD_URI will carry the machine's name",
            "server-info.port[0].host: anybody who reaches :: may change every record \
             (access.allow-anonymous)",
        ]
    );
}

#[test]
fn rules_and_everybody_do_not_go_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "[access]\nallow-anonymous = true\n[[access.network]]\ncidr = \"10.0.0.0/8\"\n\
                rights = [\"read\"]\n[[server-info.port]]\nid = \"http\"\nport = 0\n";
    assert_eq!(
        config(folder.path(), text).warnings(),
        [
            "access.allow-anonymous: there are rules, and whoever none of them knows is refused \
             all the same",
        ]
    );
}

#[test]
fn access_rules_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let hash = "0123456789abcdefABCDEF".repeat(3);
    let text = format!(
        "[[access.token]]\nname = \"crm\"\nhash = \"sha256:{}\"\nrights = [\"add\", \"read\"]\n\
         calling-lists = [\"Spring\"]\nrate = 5\n\
         [[access.network]]\ncidr = \"10.1.0.0/16\"\nrights = [\"admin\"]\n",
        &hash[..64]
    );
    let config = config(folder.path(), &text);
    let token = &config.access.token[0];
    assert_eq!(token.rights, [Right::Add, Right::Read]);
    assert_eq!(token.hash.sha256()[..4], [0x01, 0x23, 0x45, 0x67]);
    assert_eq!(format!("{:?}", token.hash), "TokenHash(…)");
    let network = &config.access.network[0].cidr;
    for (address, inside) in [
        ("10.1.2.3", true),
        ("::ffff:10.1.2.3", true),
        ("10.2.0.0", false),
        ("::1", false),
    ] {
        let address = address.parse().expect("an address");
        assert_eq!(network.contains(address), inside, "{address}");
    }
}

#[test]
fn durations_and_sizes_have_units() {
    let folder = tempfile::tempdir().expect("a folder");
    for (written, milliseconds) in [
        ("3", 3_000),
        ("\"500ms\"", 500),
        ("\"2s\"", 2_000),
        ("\"30min\"", 1_800_000),
        ("\"24h\"", 86_400_000),
        ("\"1d\"", 86_400_000),
        ("0", 0),
    ] {
        let text = format!("[server-info]\nreconnect-timeout = {written}\n");
        let span = config(folder.path(), &text).server_info.reconnect_timeout;
        assert_eq!(
            Duration::from(span),
            Duration::from_millis(milliseconds),
            "{written}"
        );
    }
    for (written, bytes) in [
        ("70000", 70_000_u64),
        ("\"64KiB\"", 65_536),
        ("\"100MB\"", 100_000_000),
        ("\"1GiB\"", 1 << 30),
        ("\"70000B\"", 70_000),
    ] {
        let text = format!("[log]\nsegment = {written}\n");
        let size = config(folder.path(), &text).log.segment;
        assert_eq!(u64::from(size), bytes, "{written}");
    }
}

#[test]
fn durations_and_sizes_are_shown_as_they_are_written() {
    for (span, shown) in [
        (TimeSpan::from_millis(1_500), "1500ms"),
        (TimeSpan::from_secs(90), "90s"),
        (TimeSpan::from_secs(1_800), "30min"),
        (TimeSpan::from_secs(0), "0s"),
    ] {
        assert_eq!(span.to_string(), shown);
    }
    assert_eq!(
        ocs_config::ByteSize::from_bytes(16_384).to_string(),
        "16KiB"
    );
}

#[test]
fn secrets_are_found_and_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path();
    std::fs::write(base.join("a.secret"), "from a file\r\n").expect("the file is written");
    std::fs::write(base.join("empty.secret"), "\n").expect("the file is written");
    let missing = base.join("none.secret");
    let empty = base.join("empty.secret");
    let rows = [
        ("\"here\"", Ok("here"), "Secret(…)"),
        ("{ file = \"a.secret\" }", Ok("from a file"), "Secret(file a.secret)"),
        ("{ env = \"CARGO_PKG_NAME\" }", Ok("ocs-config"), "Secret(env CARGO_PKG_NAME)"),
        (
            "{ file = \"empty.secret\" }",
            Err(format!("the secret in {} is empty", empty.display())),
            "Secret(file empty.secret)",
        ),
        (
            "{ file = \"none.secret\" }",
            Err(format!("secret file {}: No such file or directory (os error 2)", missing.display())),
            "Secret(file none.secret)",
        ),
        (
            "{ env = \"OCS_NO_SUCH_SECRET\" }",
            Err("environment variable OCS_NO_SUCH_SECRET, which should hold a secret, is not set or is not UTF-8".to_owned()),
            "Secret(env OCS_NO_SUCH_SECRET)",
        ),
    ];
    for (written, found, shown) in rows {
        let text = format!("[options.OCServer]\nnotification-signing-key = {written}\n");
        let config = config(base, &text);
        let secret = config
            .options
            .oc_server
            .notification_signing_key
            .expect("a secret");
        assert_eq!(format!("{secret:?}"), shown);
        let resolved = secret
            .resolve(&config.base)
            .map_err(|error| error.to_string());
        assert_eq!(resolved, found.map(str::to_owned), "{written}");
    }
}

#[test]
fn the_nearest_level_wins() {
    let with = |channels| LevelOptions {
        channels,
        ..LevelOptions::default()
    };
    let application = LevelOptions {
        dialing_rate: Some(7),
        ..with(Some(4))
    };
    let rows = [
        ([Some(1), Some(2), Some(3)], 1),
        ([None, Some(2), Some(3)], 2),
        ([None, None, Some(3)], 3),
        ([None, None, None], 4),
    ];
    for (levels, expected) in rows {
        let [list, group, campaign] = levels.map(with);
        let options = LevelOptions::effective(&[&list, &group, &campaign, &application]);
        assert_eq!((options.channels, options.dialing_rate), (expected, 7));
    }
    let options = LevelOptions::effective(&[]);
    assert_eq!((options.channels, options.dialer_uri), (10, None));
}

#[test]
fn a_level_has_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["error", "warn", "info", "debug", "trace"] {
        let level: LogLevel = config(folder.path(), &format!("[log]\nlevel = \"{name}\"\n"))
            .log
            .level;
        assert_eq!(level.to_string(), name);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let file = Path::new("no-such-folder/ocs.toml");
    let error = load(Some(file), std::iter::empty()).expect_err("there is no file");
    assert_eq!(
        error.to_string(),
        "no-such-folder/ocs.toml: cannot be read: No such file or directory (os error 2)"
    );
}
