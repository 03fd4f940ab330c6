//! Web pages: one in somebody's browser does not reach OCS, neither from its own origin
//! nor by a name that it made point here; and whoever is let in without a token.

use std::process::Command;

use serde_json::{Value, json};

use super::{came, guarded, token};
use crate::home::{HTTP_PORT, Home, OBJECTS};
use crate::process::run_with;
use crate::server::Server;

/// Sends what it is told to by fetch, as a page would, and says the statuses.
const FETCH: &str = r#"
let text = "";
for await (const piece of process.stdin) text += piece;
const heard = [];
for (const asked of JSON.parse(text)) {
    const reply = await fetch(asked.url, {
        method: asked.method, headers: asked.headers, body: asked.body ?? undefined,
    });
    heard.push([reply.status, (await reply.json()).GSW_ERROR_NUMBER ?? null]);
}
console.log(JSON.stringify(heard));
"#;

#[test]
fn pages_by_fetch() {
    let access = "[access]\nallowed-origins = [\"https://crm.example\"]\n";
    let server = Home::with(&[HTTP_PORT, access].concat(), OBJECTS).start();
    let add = server.url("/lists/Spring?req=AddRecord");
    let lists = server.url("/lists");
    let table = [
        (json!({}), 200, Value::Null),
        (json!({ "Origin": "https://crm.example" }), 200, Value::Null),
        (
            json!({ "Origin": "https://crm.example", "Sec-Fetch-Site": "cross-site" }),
            200,
            Value::Null,
        ),
        (json!({ "Sec-Fetch-Site": "same-origin" }), 200, Value::Null),
        (json!({ "Sec-Fetch-Site": "none" }), 200, Value::Null),
        (
            json!({ "Origin": "https://evil.example" }),
            403,
            json!(1020),
        ),
        (json!({ "Origin": "null" }), 403, json!(1020)),
        (json!({ "Origin": "http://crm.example" }), 403, json!(1020)),
        (
            json!({ "Origin": "https://crm.example:8443" }),
            403,
            json!(1020),
        ),
        (
            json!({ "Origin": "https://crm.example.evil.example" }),
            403,
            json!(1020),
        ),
        (json!({ "Sec-Fetch-Site": "cross-site" }), 403, json!(1020)),
    ];
    let mut asked = Vec::new();
    let mut right = Vec::new();
    for (headers, status, number) in &table {
        let body = "{\"GSW_PHONE\":\"1\"}";
        asked.push(json!({ "url": add, "method": "POST", "headers": headers, "body": body }));
        asked.push(json!({ "url": lists, "method": "GET", "headers": headers }));
        right.extend([json!([status, number]), json!([status, number])]);
    }
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", FETCH]);
    let ended = run_with(&mut node, &json!(asked).to_string());
    ended.expect(0, &[]);
    let heard: Vec<Value> = serde_json::from_str(&ended.stdout).expect("what it heard");
    assert_eq!(heard, right);
    let counts = server.get("/lists/Spring");
    assert_eq!(counts["records"], 5, "{counts}");
    server.stop();
}

/// Whose Host is none of OCS's is refused, on which port it may be.
#[track_caller]
fn check_hosts(server: &Server, table: &[(&str, u16)]) {
    for (host, status) in table {
        let reply = server.request("GET", "/lists", &[("Host", host)], b"");
        let (found, number, attribute) = came(&reply);
        assert_eq!(
            found,
            *status,
            "{host}: {}",
            String::from_utf8_lossy(&reply.body)
        );
        if *status == 403 {
            assert_eq!(
                (number, attribute.as_deref()),
                (Some(1113), Some("Host")),
                "{host}"
            );
        }
    }
}

#[test]
fn names_that_were_made_to_point_here() {
    let access = "public-url = \"https://ocs.example.com\"\n[access]\nhosts = [\"crm.internal\"]\n";
    let server = Home::with(&[HTTP_PORT, access].concat(), OBJECTS).start();
    check_hosts(
        &server,
        &[
            ("127.0.0.1", 200),
            ("127.0.0.1:1", 200),
            ("localhost:8080", 200),
            ("[::1]", 200),
            ("OCS.example.com", 200),
            ("crm.internal:443", 200),
            ("evil.example", 403),
            ("evil.example:8080", 403),
            ("127.0.0.1.evil.example", 403),
            ("localhost.evil.example", 403),
            ("10.0.0.5", 403),
        ],
    );
    // An absolute-form target counts instead of Host.
    for (target, status) in [
        ("http://evil.example/lists", 403),
        ("http://localhost/lists", 200),
    ] {
        let reply = server.request("GET", target, &[], b"");
        assert_eq!(reply.status, status, "{target}");
    }
    let log = server.stop().read("logs/ocs_HTTPPRX.log");
    let refused = log
        .lines()
        .find(|line| line.contains("WARN") && line.contains("evil.example:8080"));
    let refused = refused.expect("a refusal is logged");
    assert!(refused.contains("client=127.0.0.1:"), "{refused}");
    assert!(refused.contains("error=1113"), "{refused}");
}

/// A port on every address, where everybody may: a rebound name is refused all the same.
#[test]
fn a_port_for_everybody() {
    let port = "[[server-info.port]]\nid = \"http\"\nhost = \"0.0.0.0\"\nport = 0\n";
    let refused = Home::empty();
    refused.configure(port);
    let ended = refused.ocs(&["run"]);
    ended.expect(2, &["access.allow-anonymous = true"]);
    let access = "[access]\nallow-anonymous = true\n";
    let server = Home::with(&[port, access].concat(), OBJECTS).start();
    check_hosts(
        &server,
        &[
            ("127.0.0.1", 200),
            ("10.0.0.5:8080", 200),
            ("[2001:db8::1]", 200),
            ("localhost", 200),
            ("evil.example", 403),
        ],
    );
    let machine = rustix::system::uname();
    let machine = machine.nodename().to_str().expect("a name");
    check_hosts(&server, &[(machine, 200)]);
    server.add(&json!({ "GSW_PHONE": "1" }));
    server.stop();
}

/// A client that is known by its network needs no token; one that it shows must be good.
#[test]
fn known_by_its_network() {
    let rules = [
        "[[access.network]]\ncidr = \"127.0.0.0/8\"\nrights = [\"read\"]\n",
        "[[access.network]]\ncidr = \"10.0.0.0/8\"\nrights = [\"admin\"]\n",
        &token("adds", &["add"], ""),
    ];
    let server = guarded(&rules.concat()).start();
    let add = "/lists/Calls?req=AddRecord";
    let body = b"{\"GSW_PHONE\":\"1\"}";
    let shown = super::bearer("adds");
    for (method, target, headers, right) in [
        ("GET", "/lists", &[][..], (200, None)),
        ("POST", add, &[], (403, Some(1111))),
        (
            "POST",
            add,
            &[("Authorization", shown.as_str())],
            (200, None),
        ),
        (
            "GET",
            "/lists",
            &[("Authorization", shown.as_str())],
            (403, Some(1111)),
        ),
        (
            "GET",
            "/lists",
            &[("Authorization", "Bearer wrong")],
            (401, Some(1110)),
        ),
    ] {
        let reply = server.request(method, target, headers, body);
        let found = came(&reply);
        assert_eq!((found.0, found.1), right, "{method} {target} {headers:?}");
    }
    let log = server.stop().read("logs/ocs_HTTPPRX.log");
    assert!(log.contains("by=network:127.0.0.0/8"), "{log}");
}
