//! Clients that ask again until they are answered, and a checker of what they were answered.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::campaigns::CALLING;
use crate::http::{Connection, Reply};
use crate::load::Acknowledged;
use crate::process::until;
use crate::said::{Said, address};
use crate::server::Server;

/// Clients of a pair: some add records, under a key each, and some take records out.
pub(super) struct Clients {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Heard>>,
}

struct Shared {
    stop: AtomicBool,
    answered: AtomicUsize,
    /// Where each OCS says which port its HTTP Proxy listens on.
    stdouts: Vec<Said>,
    window: (u64, u64),
    name: String,
}

/// What clients heard.
#[derive(Default)]
pub(super) struct Heard {
    /// The key, body and answer of each record that was added.
    pub(super) added: Vec<(String, String, Value)>,
    /// Attempts by which records were handed out: handle and GUID.
    pub(super) handed_out: Vec<(u64, String)>,
    /// What came instead of answers, and how often.
    pub(super) instead: BTreeMap<String, usize>,
    /// The longest time until one request was answered.
    pub(super) longest: Duration,
}

impl Clients {
    pub(super) fn start(servers: &[&Server], adding: usize, taking: usize) -> Self {
        Self::start_named(servers, "", adding, taking)
    }

    /// The same; `name` tells their phones and keys from others'.
    pub(super) fn start_named(
        servers: &[&Server],
        name: &str,
        adding: usize,
        taking: usize,
    ) -> Self {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            answered: AtomicUsize::new(0),
            stdouts: servers.iter().map(|server| server.stdout.clone()).collect(),
            window: servers[0].any_hour(),
            name: name.to_owned(),
        });
        let threads = (0..adding + taking).map(|number| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || match number < adding {
                true => shared.add(number),
                false => shared.take(number),
            })
        });
        Self {
            threads: threads.collect(),
            shared: Arc::clone(&shared),
        }
    }

    /// Waits until so many more requests were answered.
    #[track_caller]
    pub(super) fn wait_for(&self, more: usize) {
        let goal = self.shared.answered.load(Ordering::Relaxed) + more;
        until("the clients are served", || {
            self.shared.answered.load(Ordering::Relaxed) >= goal
                || self.threads.iter().any(JoinHandle::is_finished)
        });
    }

    /// Ends the clients, each after its present request.
    #[track_caller]
    pub(super) fn stop(mut self) -> Heard {
        self.shared.stop.store(true, Ordering::Relaxed);
        let mut all = Heard::default();
        for thread in self.threads.drain(..) {
            let one = thread.join().expect("the client heard nothing strange");
            all.merge(one);
        }
        all
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        // A test that failed leaves no clients behind.
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn add(&self, client: usize) -> Heard {
        let mut heard = Heard::default();
        let mut connection = None;
        let (from, until) = self.window;
        for number in 0.. {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let key = format!("{}{client}-{number}", self.name);
            let body = json!({
                "GSW_PHONE": format!("phone {key}"), "GSW_FROM": from, "GSW_UNTIL": until,
            });
            let body = body.to_string();
            let target = "/lists/Calls?req=AddRecord";
            let headers = [("Idempotency-Key", key.as_str())];
            let answer = self.ask(&mut connection, target, &headers, &body, &mut heard);
            let Some(answer) = answer else { break };
            heard.added.push((key, body, answer));
        }
        heard
    }

    fn take(&self, client: usize) -> Heard {
        let mut heard = Heard::default();
        let mut connection = None;
        let body = json!({ "GSW_AGENT_ID": format!("agent {client}") }).to_string();
        let target = format!("/campaigngroups/{CALLING}?req=PreviewRecordRequest");
        for number in 0.. {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let key = format!("{}take{client}-{number}", self.name);
            let headers = [("Idempotency-Key", key.as_str())];
            let answer = self.ask(&mut connection, &target, &headers, &body, &mut heard);
            let Some(answer) = answer else { break };
            if answer["GSW_USER_EVENT"] == "PreviewRecordEmpty" {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            }
            let handle = answer["GSW_RECORD_HANDLE"].as_u64().expect("a handle");
            let guid = answer["GSW_CALL_ATTEMPT_GUID"].as_str().expect("a GUID");
            heard.handed_out.push((handle, guid.to_owned()));
        }
        heard
    }

    /// Asks until there is an answer; `None` where it was told to stop meanwhile.
    fn ask(
        &self,
        connection: &mut Option<Connection>,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
        heard: &mut Heard,
    ) -> Option<Value> {
        let begun = Instant::now();
        loop {
            match self.try_to_ask(connection, target, headers, body) {
                Ok(reply) if reply.status == 200 => {
                    if reply.header("connection") == Some("close") {
                        *connection = None;
                    }
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    heard.longest = heard.longest.max(begun.elapsed());
                    return Some(reply.json());
                }
                Ok(reply) => {
                    let what = format!("status {}", reply.status);
                    *heard.instead.entry(what).or_default() += 1;
                    *connection = None;
                }
                Err(error) => {
                    let what = format!("{:?}", error.kind());
                    *heard.instead.entry(what).or_default() += 1;
                    *connection = None;
                }
            }
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn try_to_ask(
        &self,
        connection: &mut Option<Connection>,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<Reply> {
        let open = match connection {
            Some(open) => open,
            None => connection.insert(self.connect()?),
        };
        open.ask("POST", target, headers, body.as_bytes())
    }

    /// Whoever listens: each OCS is tried, as clients have both addresses.
    fn connect(&self) -> io::Result<Connection> {
        let latest = |said: &Said| {
            let lines = said.lines();
            lines.iter().rev().find_map(|line| address(line, "http"))
        };
        let mut refused = io::ErrorKind::ConnectionRefused.into();
        for base in self.stdouts.iter().filter_map(latest) {
            match Connection::open(&base) {
                Ok(open) => return Ok(open),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }
}

impl Heard {
    pub(super) fn merge(&mut self, mut other: Self) {
        self.added.append(&mut other.added);
        self.handed_out.append(&mut other.handed_out);
        for (what, often) in other.instead {
            *self.instead.entry(what).or_default() += often;
        }
        self.longest = self.longest.max(other.longest);
    }

    /// Compares everything that was acknowledged with the store behind `server`: nothing is
    /// lost or there twice, no record was handed to two, and each key has its answer still.
    #[track_caller]
    pub(super) fn check(&self, server: &Server) {
        let handle = |answer: &Value| answer["GSW_RECORD_HANDLE"].as_u64().expect("a handle");
        let acknowledged = Acknowledged {
            handles: self
                .added
                .iter()
                .map(|(key, _, answer)| (format!("phone {key}"), handle(answer)))
                .collect(),
            ..Acknowledged::default()
        };
        acknowledged.check(&server.home.export("Calls"));
        let handles: BTreeSet<_> = self.handed_out.iter().map(|(handle, _)| handle).collect();
        assert_eq!(
            handles.len(),
            self.handed_out.len(),
            "a record was handed to two"
        );
        for (handle, guid) in self.handed_out.iter().rev().take(20) {
            let record = server.record(&json!(handle));
            assert_eq!(record["GSW_CALL_ATTEMPT_GUID"], **guid, "{record}");
        }
        for (key, body, answer) in self.added.iter().rev().take(20) {
            let headers = [("Idempotency-Key", key.as_str())];
            let target = "/lists/Calls?req=AddRecord";
            let again = server.request("POST", target, &headers, body.as_bytes());
            let again = again.expect(200);
            assert_eq!(handle(&again), handle(answer), "{key}");
        }
    }

    /// Asserts that nothing came instead of answers but these.
    #[track_caller]
    pub(super) fn nothing_but(&self, allowed: &[&str]) {
        let others = self.instead.keys();
        let others: Vec<_> = others
            .filter(|what| !allowed.contains(&what.as_str()))
            .collect();
        assert!(others.is_empty(), "{:?}", self.instead);
    }
}
