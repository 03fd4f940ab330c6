//! HTTP clients that nobody here wrote: curl, Python's requests and urllib, Node's
//! fetch. Each gets the same requests and says what it heard.

use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::process::{run, run_with};

/// A request, in the words of such a program.
#[derive(Clone, Default)]
pub(crate) struct Asked {
    pub(crate) url: String,
    /// The Content-Type: `None` leaves it to the program, an empty one sends none.
    pub(crate) content_type: Option<&'static str>,
    pub(crate) accept: Option<&'static str>,
    pub(crate) body: Body,
}

/// What a request carries.
#[derive(Clone)]
pub(crate) enum Body {
    Text(String),
    /// Sent by the program's own way of sending forms.
    Form(Vec<(String, String)>),
}

impl Default for Body {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// What a program heard.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: u64,
    pub(crate) body: String,
}

/// Sends requests, one after the other.
pub(crate) type Client = fn(&[Asked]) -> Vec<Heard>;

pub(crate) fn curl(all: &[Asked]) -> Vec<Heard> {
    all.iter().map(curl_one).collect()
}

fn curl_one(asked: &Asked) -> Heard {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "30"])
        .args(["--write-out", "\n%{http_code}"]);
    match asked.content_type {
        None => {}
        Some("") => {
            curl.args(["--header", "Content-Type:"]);
        }
        Some(content_type) => {
            curl.args(["--header", &format!("Content-Type: {content_type}")]);
        }
    }
    if let Some(accept) = asked.accept {
        curl.args(["--header", &format!("Accept: {accept}")]);
    }
    match &asked.body {
        Body::Text(text) => {
            curl.args(["--data", text]);
        }
        Body::Form(pairs) => {
            for (key, value) in pairs {
                curl.args(["--data-urlencode", &format!("{key}={value}")]);
            }
        }
    }
    let ended = run(curl.arg(&asked.url));
    ended.expect(0, &[]);
    let (body, status) = ended.stdout.rsplit_once('\n').expect("a status");
    Heard {
        status: status.parse().expect("a status"),
        body: body.to_owned(),
    }
}

/// All requests in one run of an interpreter: it takes longer to start than to ask.
fn script(mut interpreter: Command, all: &[Asked]) -> Vec<Heard> {
    let asked = all.iter().map(|asked| {
        let (text, form) = match &asked.body {
            Body::Text(text) => (json!(text), Value::Null),
            Body::Form(pairs) => (Value::Null, json!(pairs)),
        };
        json!({
            "url": asked.url, "type": asked.content_type, "accept": asked.accept,
            "text": text, "form": form,
        })
    });
    let asked = Value::Array(asked.collect()).to_string();
    let ended = run_with(&mut interpreter, &asked);
    ended.expect(0, &[]);
    let heard: Vec<(u64, String)> = serde_json::from_str(&ended.stdout).expect("what it heard");
    heard
        .into_iter()
        .map(|(status, body)| Heard { status, body })
        .collect()
}

const REQUESTS: &str = r#"
import json, sys, requests
heard = []
for asked in json.load(sys.stdin):
    headers = {}
    if asked["type"]: headers["Content-Type"] = asked["type"]
    if asked["accept"]: headers["Accept"] = asked["accept"]
    if asked["form"] is not None:
        data = [tuple(pair) for pair in asked["form"]]
    else:
        data = asked["text"].encode()
    if asked["type"] == "application/json":
        reply = requests.post(asked["url"], json=json.loads(data), headers=headers, timeout=30)
    else:
        reply = requests.post(asked["url"], data=data, headers=headers, timeout=30)
    heard.append((reply.status_code, reply.text))
print(json.dumps(heard))
"#;

const URLLIB: &str = r#"
import json, sys, urllib.error, urllib.parse, urllib.request
heard = []
for asked in json.load(sys.stdin):
    headers = {}
    if asked["type"] is not None: headers["Content-Type"] = asked["type"]
    if asked["accept"]: headers["Accept"] = asked["accept"]
    if asked["form"] is not None:
        data = urllib.parse.urlencode([tuple(pair) for pair in asked["form"]])
    else:
        data = asked["text"]
    request = urllib.request.Request(asked["url"], data.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            heard.append((reply.status, reply.read().decode()))
    except urllib.error.HTTPError as error:
        heard.append((error.code, error.read().decode()))
print(json.dumps(heard))
"#;

const FETCH: &str = r#"
let text = "";
for await (const piece of process.stdin) text += piece;
const heard = [];
for (const asked of JSON.parse(text)) {
    const headers = {};
    if (asked.type) headers["Content-Type"] = asked.type;
    if (asked.accept) headers["Accept"] = asked.accept;
    // A string is labelled text/plain, bytes are not labelled at all.
    const body = asked.form !== null ? new URLSearchParams(asked.form)
        : asked.type === "" ? new TextEncoder().encode(asked.text) : asked.text;
    const reply = await fetch(asked.url, { method: "POST", headers, body });
    heard.push([reply.status, await reply.text()]);
}
console.log(JSON.stringify(heard));
"#;

pub(crate) fn requests(all: &[Asked]) -> Vec<Heard> {
    script(python(REQUESTS), all)
}

pub(crate) fn urllib(all: &[Asked]) -> Vec<Heard> {
    script(python(URLLIB), all)
}

pub(crate) fn fetch(all: &[Asked]) -> Vec<Heard> {
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", FETCH]);
    script(node, all)
}

/// A Python that has `requests`: the one that OCS_TEST_PYTHON names, else python3.
pub(crate) fn python(script: &str) -> Command {
    static PYTHON: OnceLock<String> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let python = std::env::var("OCS_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let has = run(Command::new(&python).args(["-c", "import requests"]));
        assert_eq!(
            has.status,
            Some(0),
            "{python} has no requests; let OCS_TEST_PYTHON name one that has"
        );
        python
    });
    let mut command = Command::new(python);
    // Nothing that the machine configures stands between.
    command.env("NO_PROXY", "*").args(["-c", script]);
    command
}
