//! Configurations that are wrong, and everything that is said of them.

use ocs_config::load;

type Row = (&'static str, &'static [&'static str]);

/// What `ocs.toml` says, and the problems, a line each.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("[server-info\n", &[
        "ocs.toml, line 1: not valid TOML: unclosed table, expected `]`",
    ]),
    ("[log]\nlevel = \"info\"\nlevel = \"warn\"\n", &[
        "ocs.toml, line 3: not valid TOML: duplicate key",
    ]),
    ("[logg]\n", &[
        "ocs.toml, line 1: logg: unknown section; did you mean `log`? Allowed here: access, application, console, log, options, redundancy, server-info, store",
    ]),
    ("[log]\nlevl = \"info\"\n", &[
        "ocs.toml, line 2: log.levl: unknown key; did you mean `level`? Allowed here: contact-info, expire, file, format, level, segment",
    ]),
    ("nonsense = 1\n", &[
        "ocs.toml, line 1: nonsense: unknown key; allowed here: access, application, console, log, options, redundancy, server-info, store",
    ]),
    ("log = 3\n", &[
        "ocs.toml, line 1: log: found 3; write a table, { … }",
    ]),
    ("[log.file]\nx = 1\n", &[
        "ocs.toml, line 1: log.file: found a table; write a string in quotes",
    ]),
    ("[application]\nname = \"\"\n", &[
        "ocs.toml, line 2: application.name: found \"\"; allowed: 1 to 128 characters; these are 0",
    ]),
    ("[application]\ndbid = 0\n", &[
        "ocs.toml, line 2: application.dbid: found 0; allowed: 1 to 2147483647",
    ]),
    ("[application]\ndbid = 2147483648\n", &[
        "ocs.toml, line 2: application.dbid: found 2147483648; allowed: 1 to 2147483647",
    ]),
    ("[application]\ndbid = \"101\"\n", &[
        "ocs.toml, line 2: application.dbid: found \"101\"; write a whole number from 1 to 2147483647",
    ]),
    ("[application]\ndefault-region = \"us\"\n", &[
        "ocs.toml, line 2: application.default-region: found \"us\"; allowed: a country's two capital letters, such as \"US\"",
    ]),
    ("[application]\ndefault_region = \"US\"\n", &[
        "ocs.toml, line 2: application.default_region: unknown key; did you mean `default-region`? Allowed here: client, dbid, default-region, name, tenant",
    ]),
    ("[application]\nname = \"a\\nb\"\n", &[
        "ocs.toml, line 2: application.name: found \"a\\nb\"; control characters and line breaks are not allowed",
    ]),
    ("[[application.client]]\nname = \"A\"\nrole = \"desktop\"\nsecret = \"x\"\n", &[
        "ocs.toml, line 3: application.client[0].role: found \"desktop\"; did you mean \"Desktop\"? Allowed: \"Desktop\", \"ThirdParty\"",
    ]),
    ("[[application.client]]\nname = \"A\"\nrole = \"Desktop\"\n", &[
        "ocs.toml, line 1: application.client[0].secret: this key is needed; write a string, { file = \"path\" } or { env = \"VARIABLE\" }, and nothing empty",
    ]),
    ("[[application.client]]\nname = \"A\"\nrole = \"Desktop\"\nsecret = \"hidden1\"\n[[application.client]]\nname = \"A\"\nrole = \"ThirdParty\"\nsecret = \"hidden2\"\n", &[
        "ocs.toml, line 6: application.client[1].name: found \"A\"; client[0] has this name already; names must differ",
    ]),
    ("[[application.client]]\nname = \"A\"\nrole = \"Desktop\"\nsecret = { fil = \"hidden\" }\n", &[
        "ocs.toml, line 4: application.client[0].secret: a secret is a string, { file = \"path\" } or { env = \"VARIABLE\" }, and nothing empty",
    ]),
    ("[[application.client]]\nname = \"A\"\nrole = \"Desktop\"\nsecret = \"\"\n", &[
        "ocs.toml, line 4: application.client[0].secret: a secret is a string, { file = \"path\" } or { env = \"VARIABLE\" }, and nothing empty",
    ]),
    ("[[application.client]]\nname = \"A\"\nrole = \"Desktop\"\nsecret = 12345\n", &[
        "ocs.toml, line 4: application.client[0].secret: a secret is a string, { file = \"path\" } or { env = \"VARIABLE\" }, and nothing empty",
    ]),
    ("[[application.client]]\nname = \"A\"\nrole = \"Desktop\"\nsecret = { file = \"a\", env = \"B\" }\n", &[
        "ocs.toml, line 4: application.client[0].secret: a secret is a string, { file = \"path\" } or { env = \"VARIABLE\" }, and nothing empty",
    ]),
    ("[application.client]\nname = \"A\"\nsecret = \"hidden\"\n", &[
        "ocs.toml, line 1: application.client: found a table; write an array, [ … ]",
    ]),
    ("[server-info]\nreconect-timeout = 1\n", &[
        "ocs.toml, line 2: server-info.reconect-timeout: unknown key; did you mean `reconnect-timeout`? Allowed here: port, reconnect-timeout",
    ]),
    ("[server-info]\nreconnect-timeout = \"10\"\n", &[
        "ocs.toml, line 2: server-info.reconnect-timeout: found \"10\"; a string needs a unit: write 10 without quotes for seconds, or \"10s\"",
    ]),
    ("[server-info]\nreconnect-timeout = 86401\n", &[
        "ocs.toml, line 2: server-info.reconnect-timeout: found 86401; allowed: 0s to 1d",
    ]),
    ("[server-info]\nreconnect-timeout = -1\n", &[
        "ocs.toml, line 2: server-info.reconnect-timeout: found -1; a duration cannot be negative",
    ]),
    ("[server-info]\nreconnect-timeout = \"5m\"\n", &[
        "ocs.toml, line 2: server-info.reconnect-timeout: found \"5m\"; `m` could be minutes or months: write `min`. Allowed: ms, s, min, h, d after a whole number",
    ]),
    ("[server-info]\nreconnect-timeout = \"5 s\"\n", &[
        "ocs.toml, line 2: server-info.reconnect-timeout: found \"5 s\"; unknown unit. Allowed: ms, s, min, h, d after a whole number",
    ]),
    ("[server-info]\nreconnect-timeout = 1.5\n", &[
        "ocs.toml, line 2: server-info.reconnect-timeout: found 1.5; write whole seconds, 10, or a string with its unit: \"500ms\", \"2s\", \"30min\", \"1h\", \"30d\"",
    ]),
    ("[server-info]\nreconnect-timeout = \"soon\"\n", &[
        "ocs.toml, line 2: server-info.reconnect-timeout: found \"soon\"; not a duration: write whole seconds, 10, or a string with its unit: \"500ms\", \"2s\", \"30min\", \"1h\", \"30d\"",
    ]),
    ("[server-info]\nreconnect-timeout = \"99999999999999999999s\"\n", &[
        "ocs.toml, line 2: server-info.reconnect-timeout: found \"99999999999999999999s\"; too long a duration",
    ]),
    ("[[server-info.port]]\nport = 8080\n", &[
        "ocs.toml, line 1: server-info.port[0].id: this key is needed; write a string in quotes",
    ]),
    ("[[server-info.port]]\nid = \"\"\nport = 65536\n", &[
        "ocs.toml, line 2: server-info.port[0].id: found \"\"; allowed: 1 to 64 characters; these are 0",
        "ocs.toml, line 3: server-info.port[0].port: found 65536; allowed: 0 to 65535",
    ]),
    ("[[server-info.port]]\nid = \"a\"\nport = \"8080\"\n", &[
        "ocs.toml, line 3: server-info.port[0].port: found \"8080\"; write a whole number from 0 to 65535",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\nconnection-protocol = \"https\"\n", &[
        "ocs.toml, line 4: server-info.port[0].connection-protocol: found \"https\"; did you mean \"http\"? Allowed: \"http\", \"outbound\"",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\nhost = \"\"\n", &[
        "ocs.toml, line 4: server-info.port[0].host: found \"\"; not a host: write an IP address or a name: \"127.0.0.1\", \"::1\", \"ocs.example.com\"",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\nhost = \"[::1]\"\n", &[
        "ocs.toml, line 4: server-info.port[0].host: found \"[::1]\"; write an IPv6 address without brackets",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\nhost = \"127.0.0.1:80\"\n", &[
        "ocs.toml, line 4: server-info.port[0].host: found \"127.0.0.1:80\"; write the host alone, without a port",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\nhost = \"http://localhost\"\n", &[
        "ocs.toml, line 4: server-info.port[0].host: found \"http://localhost\"; write the host alone, without http://",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\nhost = \"256.1.1.1\"\n", &[
        "ocs.toml, line 4: server-info.port[0].host: found \"256.1.1.1\"; not a host: write an IP address or a name: \"127.0.0.1\", \"::1\", \"ocs.example.com\"",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\n[[server-info.port]]\nid = \"http\"\nport = 8082\n", &[
        "ocs.toml, line 5: server-info.port[1].id: found \"http\"; port[0] has this id already; ids must differ",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\n[[server-info.port]]\nid = \"b\"\nhost = \"127.0.0.1\"\nport = 8080\n", &[
        "ocs.toml, line 7: server-info.port[1].port: found 8080; port[0] listens on this host and port already",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\n[[server-info.port]]\nid = \"b\"\nhost = \"::ffff:127.0.0.1\"\nport = 8080\n", &[
        "ocs.toml, line 7: server-info.port[1].port: found 8080; port[0] listens on this host and port already",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\npublic-url = \"https://ocs.example.com/\"\n", &[
        "ocs.toml, line 4: server-info.port[0].public-url: found \"https://ocs.example.com/\"; leave out the slash at the end",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\npublic-url = \"https://ocs.example.com/ocs\"\n", &[
        "ocs.toml, line 4: server-info.port[0].public-url: found \"https://ocs.example.com/ocs\"; no path is allowed: write http(s)://host[:port]",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\npublic-url = \"ocs.example.com\"\n", &[
        "ocs.toml, line 4: server-info.port[0].public-url: found \"ocs.example.com\"; it must begin with http:// or https://",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\npublic-url = \"https://ocs.example.com?x\"\n", &[
        "ocs.toml, line 4: server-info.port[0].public-url: found \"https://ocs.example.com?x\"; no query is allowed: write http(s)://host[:port]",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\npublic-url = \"https://a:hidden@ocs.example.com\"\n", &[
        "ocs.toml, line 4: server-info.port[0].public-url: found \"https://…@ocs.example.com\"; no user or password is allowed in an address",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\npublic-url = \"https://ocs.example.com:0\"\n", &[
        "ocs.toml, line 4: server-info.port[0].public-url: found \"https://ocs.example.com:0\"; the port must be 1 to 65535",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\npublic-url = \"https://[::1\"\n", &[
        "ocs.toml, line 4: server-info.port[0].public-url: found \"https://[::1\"; an IPv6 address needs its closing bracket",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\nsecured = true\n", &[
        "ocs.toml, line 1: server-info.port[0].certificate: a secured port needs certificate and certificate-key",
        "ocs.toml, line 1: server-info.port[0].certificate-key: a secured port needs certificate and certificate-key",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\nsecured = true\ncertificate = \"a.pem\"\n", &[
        "ocs.toml, line 1: server-info.port[0].certificate-key: a secured port needs certificate and certificate-key",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\ncertificate = \"a.pem\"\ncertificate-key = \"a.key\"\n", &[
        "ocs.toml, line 1: server-info.port[0].secured: a certificate is given, but the port is not secured: set secured = true, or remove the certificate",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\nmutual = true\n", &[
        "ocs.toml, line 1: server-info.port[0].trusted-ca: mutual needs trusted-ca, the authorities whose client certificates count",
        "ocs.toml, line 4: server-info.port[0].mutual: found true; mutual needs secured = true",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\nsecured = true\ncertificate = \"a.pem\"\ncertificate-key = \"a.key\"\nmutual = true\n", &[
        "ocs.toml, line 1: server-info.port[0].trusted-ca: mutual needs trusted-ca, the authorities whose client certificates count",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\nsecured = \"yes\"\n", &[
        "ocs.toml, line 4: server-info.port[0].secured: found \"yes\"; write true or false, without quotes",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\ncertificate-key-password = \"hidden\"\n", &[
        "ocs.toml, line 4: server-info.port[0].certificate-key-password: a password without certificate-key has no use",
    ]),
    ("[[server-info.port]]\nid = \"o\"\nport = 7000\nconnection-protocol = \"outbound\"\npublic-url = \"https://a\"\n", &[
        "ocs.toml, line 5: server-info.port[0].public-url: found \"https://a\"; only an http port has a public-url; remove it",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\nhost = \"0.0.0.0\"\n", &[
        "ocs.toml, line 4: server-info.port[0].host: found \"0.0.0.0\"; anybody who reaches this address could change every record: add an [[access.token]], [[access.network]] or [[access.certificate]], or set access.allow-anonymous = true, or listen on 127.0.0.1",
    ]),
    ("[[server-info.port]]\nid = \"http\"\nport = 8080\nhost = \"ocs.example.com\"\n", &[
        "ocs.toml, line 4: server-info.port[0].host: found \"ocs.example.com\"; anybody who reaches this address could change every record: add an [[access.token]], [[access.network]] or [[access.certificate]], or set access.allow-anonymous = true, or listen on 127.0.0.1",
    ]),
    ("[store]\nurl = \"mysql://u:hidden@h/d\"\n", &[
        "ocs.toml, line 2: store.url: there is no store of kind \"mysql\"; allowed: \"sqlite:PATH\" (from the configuration's folder) or \"postgres://user@host/db\"",
    ]),
    ("[store]\nurl = \"sqlite:\"\n", &[
        "ocs.toml, line 2: store.url: the path is missing after sqlite:",
    ]),
    ("[store]\nurl = \"sqlite://data/ocs.db\"\n", &[
        "ocs.toml, line 2: store.url: write sqlite:PATH, without // before the path",
    ]),
    ("[store]\nurl = \"sqlite::memory:\"\n", &[
        "ocs.toml, line 2: store.url: a store in memory would lose every record at the end: write sqlite:PATH",
    ]),
    ("[store]\nurl = \"data/ocs.db\"\n", &[
        "ocs.toml, line 2: store.url: not a store's URL: write \"sqlite:PATH\" (from the configuration's folder) or \"postgres://user@host/db\"",
    ]),
    ("[store]\nurl = \"postgres:hidden\"\n", &[
        "ocs.toml, line 2: store.url: write postgres://user@host/db",
    ]),
    ("[store]\nurl = \"postgres://u:hid den@h/d\"\n", &[
        "ocs.toml, line 2: store.url: not a PostgreSQL URL: write postgres://user@host/db",
    ]),
    ("[log]\nlevel = \"warm\"\n", &[
        "ocs.toml, line 2: log.level: found \"warm\"; did you mean \"warn\"? Allowed: \"error\", \"warn\", \"info\", \"debug\", \"trace\"",
    ]),
    ("[log]\nlevel = 3\n", &[
        "ocs.toml, line 2: log.level: found 3; allowed: \"error\", \"warn\", \"info\", \"debug\", \"trace\"",
    ]),
    ("[log]\nsegment = \"100\"\n", &[
        "ocs.toml, line 2: log.segment: found \"100\"; a string needs a unit: write 100 without quotes for bytes, or \"100B\"",
    ]),
    ("[log]\nsegment = \"100mb\"\n", &[
        "ocs.toml, line 2: log.segment: found \"100mb\"; unknown unit. Allowed: B, KB, MB, GB, KiB, MiB, GiB after a whole number",
    ]),
    ("[log]\nsegment = 1\n", &[
        "ocs.toml, line 2: log.segment: found 1; allowed: 64KiB to 16GiB",
    ]),
    ("[log]\nexpire = 0\n", &[
        "ocs.toml, line 2: log.expire: found 0; allowed: 1 to 100000",
    ]),
    ("[log]\ncontact-info = \"false\"\n", &[
        "ocs.toml, line 2: log.contact-info: found \"false\"; write true or false, without quotes",
    ]),
    ("[log]\nformat = \"xml\"\n", &[
        "ocs.toml, line 2: log.format: found \"xml\"; allowed: \"text\", \"json\"",
    ]),
    ("[log]\nfile = \"\"\n", &[
        "ocs.toml, line 2: log.file: found \"\"; a file's path is needed",
    ]),
    ("[log]\nfile = \"logs/\"\n", &[
        "ocs.toml, line 2: log.file: found \"logs/\"; a file's path is needed",
    ]),
    ("[options.ocserver]\n", &[
        "ocs.toml, line 1: options.ocserver: unknown section; did you mean `OCServer`? Allowed here: OCServer",
    ]),
    ("[options.OCServer]\nhttp-custom-headers = [\"X-Powered-By: OCS\"]\n", &[
        "ocs.toml, line 2: options.OCServer.http-custom-headers[0]: found \"X-Powered-By: OCS\"; only these headers can be added: X-Frame-Options, X-XSS-Protection, X-Content-Type-Options, Content-Security-Policy, Strict-Transport-Security",
    ]),
    ("[options.OCServer]\nhttp-custom-headers = [\"X-Frame-Options\"]\n", &[
        "ocs.toml, line 2: options.OCServer.http-custom-headers[0]: found \"X-Frame-Options\"; write a string \"Name: value\", such as \"X-Frame-Options: SAMEORIGIN\"",
    ]),
    ("[options.OCServer]\nhttp-custom-headers = [\"X-Frame-Options:\"]\n", &[
        "ocs.toml, line 2: options.OCServer.http-custom-headers[0]: found \"X-Frame-Options:\"; the header has no value: write \"X-Frame-Options: value\"",
    ]),
    ("[options.OCServer]\nhttp-custom-headers = [\"X-Frame-Options: DENY\\r\\nSet-Cookie: a=b\"]\n", &[
        "ocs.toml, line 2: options.OCServer.http-custom-headers[0]: found \"X-Frame-Options: DENY\\r\\nSet-Cookie: a=b\"; a header's value holds visible ASCII characters, spaces and tabs only: no line breaks, NUL or other control characters",
    ]),
    ("[options.OCServer]\nhttp-custom-headers = [\"x-frame-options: DENY\", \"X-Frame-Options: SAMEORIGIN\"]\n", &[
        "ocs.toml, line 2: options.OCServer.http-custom-headers[1]: found \"X-Frame-Options: SAMEORIGIN\"; X-Frame-Options stands there twice; each header once",
    ]),
    ("[options.OCServer]\nhttp-custom-headers = \"X-Frame-Options: DENY\"\n", &[
        "ocs.toml, line 2: options.OCServer.http-custom-headers: found \"X-Frame-Options: DENY\"; write an array, [ … ]",
    ]),
    ("[options.OCServer]\nhttp-custom-headers = [\"X-Frame-Options: é\"]\n", &[
        "ocs.toml, line 2: options.OCServer.http-custom-headers[0]: found \"X-Frame-Options: é\"; a header's value holds visible ASCII characters, spaces and tabs only: no line breaks, NUL or other control characters",
    ]),
    ("[options.OCServer]\nencoding = \"utf-16\"\n", &[
        "ocs.toml, line 2: options.OCServer.encoding: found \"utf-16\"; unknown encoding; allowed: \"\" for UTF-8 as it comes, a label of the WHATWG Encoding Standard that can be written (\"windows-1252\", \"shift_jis\"), or an OEM code page (\"850\", \"cp850\")",
    ]),
    ("[options.OCServer]\nencoding = \"cp999\"\n", &[
        "ocs.toml, line 2: options.OCServer.encoding: found \"cp999\"; unknown encoding; allowed: \"\" for UTF-8 as it comes, a label of the WHATWG Encoding Standard that can be written (\"windows-1252\", \"shift_jis\"), or an OEM code page (\"850\", \"cp850\")",
    ]),
    ("[options.OCServer]\nencoding = 850\n", &[
        "ocs.toml, line 2: options.OCServer.encoding: found 850; write \"\" for UTF-8 as it comes, a label of the WHATWG Encoding Standard that can be written (\"windows-1252\", \"shift_jis\"), or an OEM code page (\"850\", \"cp850\")",
    ]),
    ("[options.OCServer]\nhttp-body-bytes = \"4MiB\"\n", &[
        "ocs.toml, line 2: options.OCServer.http-body-bytes: found \"4MiB\"; allowed: 1KiB to 3MiB",
    ]),
    ("[options.OCServer]\nhttp-header-lines = 1\n", &[
        "ocs.toml, line 2: options.OCServer.http-header-lines: found 1; allowed: 10 to 10000",
    ]),
    ("[options.OCServer]\nhttp-idle-timeout = 0\n", &[
        "ocs.toml, line 2: options.OCServer.http-idle-timeout: found 0; allowed: 1s to 1d",
    ]),
    ("[options.OCServer]\nstale-clean-timeout = 1\n", &[
        "ocs.toml, line 2: options.OCServer.stale-clean-timeout: unknown key; did you mean `stale_clean_timeout`? Allowed here: abandoned-limit, agent-silence-timeout, archive-folder, call-timeout, callback-timeout, campaigngroup-states-interval, campaigngroup-states-uri, channels, consent-required, contact-processed-notification, contact-processed-notification-uri, dialer-uri, dialing-rate, dnc-reread-interval, duplicates, encoding, history-uri, history-wait-condition-threshold, history-wait-recovery-timeout, http-body-bytes, http-bulk-body-bytes, http-connection-pool-size, http-connections, http-custom-headers, http-header-bytes, http-header-lines, http-header-timeout, http-idle-timeout, http-reply-timeout, http-response-timeout, http-retry-max-attempts, legal-hours, legal-hours-unknown, notification-certificate, notification-certificate-key, notification-certificate-key-password, notification-proxy, notification-signing-key, notification-trusted-ca, one-contact-at-a-time, pre-dial-validation, priority-campaign-callback, priority-campaign-rescheduled, priority-general, priority-personal-callback, priority-personal-rescheduled, request-log-days, retention-days, send-campaigngroup-states, send-history, shutdown-timeout, stale_clean_timeout, unknown-attributes, validation-fail-mode, validation-timeout-call-result, validation-uri",
    ]),
    ("[options.OCServer]\nduplicates = \"refused\"\n", &[
        "ocs.toml, line 2: options.OCServer.duplicates: found \"refused\"; did you mean \"refuse\"? Allowed: \"allow\", \"refuse\", \"update\"",
    ]),
    ("[options.OCServer]\nvalidation-timeout-call-result = 54\n", &[
        "ocs.toml, line 2: options.OCServer.validation-timeout-call-result: found 54; allowed: 0 to 53",
    ]),
    ("[options.OCServer]\nvalidation-uri = \"crm.example.com\"\n", &[
        "ocs.toml, line 2: options.OCServer.validation-uri: found \"crm.example.com\"; it must begin with http:// or https://",
    ]),
    ("[options.OCServer]\nhistory-uri = \"https://crm.example.com/a b\"\n", &[
        "ocs.toml, line 2: options.OCServer.history-uri: found \"https://crm.example.com/a b\"; ' ' is not allowed in an address: percent-encode it",
    ]),
    ("[options.OCServer]\nchannels = 0\n", &[
        "ocs.toml, line 2: options.OCServer.channels: found 0; allowed: 1 to 100000",
    ]),
    ("[options.OCServer]\ndialer-uri = \"ftp://a/\"\n", &[
        "ocs.toml, line 2: options.OCServer.dialer-uri: found \"ftp://a/\"; it must begin with http:// or https://",
    ]),
    ("[options.OCServer]\nrequest-log-days = 2020-01-01\n", &[
        "ocs.toml, line 2: options.OCServer.request-log-days: found the date 2020-01-01; write a whole number from 1 to 36500",
    ]),
    ("[access]\nallow-anonymous = 1\n", &[
        "ocs.toml, line 2: access.allow-anonymous: found 1; write true or false, without quotes",
    ]),
    ("[access]\nallowed-origins = [\"https://a/\"]\n", &[
        "ocs.toml, line 2: access.allowed-origins[0]: found \"https://a/\"; leave out the slash at the end",
    ]),
    ("[access]\nhosts = [\"a:80\"]\n", &[
        "ocs.toml, line 2: access.hosts[0]: found \"a:80\"; write the host alone, without a port",
    ]),
    ("[[access.token]]\nname = \"crm\"\nhash = \"hidden\"\nrights = [\"add\"]\n", &[
        "ocs.toml, line 3: access.token[0].hash: write the token's hash: \"sha256:\" and 64 hexadecimal digits",
    ]),
    ("[[access.network]]\ncidr = \"10.1.0.1/16\"\nrights = [\"read\"]\n", &[
        "ocs.toml, line 2: access.network[0].cidr: found \"10.1.0.1/16\"; bits are set beyond the first 16: write the network's first address",
    ]),
    ("[[access.network]]\ncidr = \"10.1.0.0/33\"\nrights = [\"read\"]\n", &[
        "ocs.toml, line 2: access.network[0].cidr: found \"10.1.0.0/33\"; after the slash stands a number from 0 to 32",
    ]),
    ("[[access.network]]\ncidr = \"ten\"\nrights = []\n", &[
        "ocs.toml, line 2: access.network[0].cidr: found \"ten\"; not a network: write a network as \"10.1.0.0/16\" or \"2001:db8::/32\"",
        "ocs.toml, line 3: access.network[0].rights: at least one item is needed",
    ]),
    ("[[access.network]]\ncidr = \"::/0\"\nrights = [\"write\", \"read\", \"read\"]\n", &[
        "ocs.toml, line 3: access.network[0].rights[0]: found \"write\"; allowed: \"add\", \"update\", \"preview\", \"control\", \"read\", \"admin\"",
    ]),
    ("[[access.network]]\ncidr = \"::/0\"\nrights = [\"read\", \"read\"]\n", &[
        "ocs.toml, line 3: access.network[0].rights[1]: found \"read\"; this right stands there twice",
    ]),
    ("[[access.certificate]]\nsubject = \"\"\nrights = [\"read\"]\nrate = 0\n", &[
        "ocs.toml, line 2: access.certificate[0].subject: found \"\"; allowed: 1 to 1024 characters; these are 0",
        "ocs.toml, line 4: access.certificate[0].rate: found 0; allowed: 1 to 1000000",
    ]),
    ("[[access.certificate]]\nsubject = \"crm\"\nrights = [\"read\"]\n", &[
        "ocs.toml, line 2: access.certificate[0].subject: found \"crm\"; write the subject as RFC 4514 does, the most special part first: \"CN=crm,O=Example\"",
    ]),
    ("[[access.certificate]]\nsubject = \"CN=a, O=b\"\nrights = [\"read\"]\n[[access.certificate]]\nsubject = \"cn=a,2.5.4.10=b\"\nrights = [\"add\"]\n", &[
        "ocs.toml, line 5: access.certificate[1].subject: found \"cn=a,2.5.4.10=b\"; certificate[0] has this already; it must be unique",
    ]),
    ("[[access.certificate]]\nsubject = \"CN=a\"\nrights = [\"read\"]\n[[access.certificate]]\nsubject = \"CN=a\"\nrights = [\"add\"]\n", &[
        "ocs.toml, line 5: access.certificate[1].subject: found \"CN=a\"; certificate[0] has this already; it must be unique",
    ]),
    ("[redundancy]\nlease = \"2min\"\n", &[
        "ocs.toml, line 2: redundancy.lease: found \"2min\"; allowed: 500ms to 1min",
    ]),
    ("[redundancy]\nenable = true\n", &[
        "ocs.toml, line 2: redundancy.enable: unknown key; did you mean `enabled`? Allowed here: enabled, lease",
    ]),
    ("[console]\nhost = \"0.0.0.0\"\n", &[
        "ocs.toml, line 2: console.host: found \"0.0.0.0\"; the console administers OCS: add an [[access.token]], [[access.network]] or [[access.certificate]] for it, or listen on 127.0.0.1",
    ]),
    ("[console]\nport = 8080\n[[server-info.port]]\nid = \"http\"\nport = 8080\n", &[
        "ocs.toml, line 2: console.port: found 8080; server-info.port[0] listens on this host and port already",
    ]),
    ("store = \"postgres://u:hidden@h/d\"\n", &[
        "ocs.toml, line 1: store: found \"postgres://…@h/d\"; write a table, { … }",
    ]),
    ("[log]\nlevel = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n", &[
        "ocs.toml, line 2: log.level: found \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"…; allowed: \"error\", \"warn\", \"info\", \"debug\", \"trace\"",
    ]),
    ("[log]\nexpire = 0\n[console]\nport = -1\n[server-info]\n[[server-info.port]]\nid = \"a\"\nport = 1\n[[server-info.port]]\nid = \"a\"\nport = 1\n", &[
        "ocs.toml, line 2: log.expire: found 0; allowed: 1 to 100000",
        "ocs.toml, line 4: console.port: found -1; allowed: 0 to 65535",
        "ocs.toml, line 10: server-info.port[1].id: found \"a\"; port[0] has this id already; ids must differ",
        "ocs.toml, line 11: server-info.port[1].port: found 1; port[0] listens on this host and port already",
    ]),
];

#[test]
fn every_mistake_is_named_with_line_key_value_and_what_is_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ocs.toml");
    for (index, (text, expected)) in ROWS.iter().enumerate() {
        std::fs::write(&file, text).expect("the file is written");
        let said = match load(Some(&file), std::iter::empty()) {
            Ok(config) => panic!("{text}\nwas taken: {config:?}"),
            Err(error) => error.to_string(),
        };
        let said = said.replace(&file.display().to_string(), "ocs.toml");
        let said: Vec<&str> = said.lines().collect();
        assert_eq!(said, *expected, "row {index}:\n{text}");
    }
}

#[test]
fn no_message_shows_a_secret() {
    for (text, said) in ROWS {
        let shown = said.iter().any(|line| line.contains("hidden"));
        assert!(!shown, "{text}\n{said:?}");
    }
}
