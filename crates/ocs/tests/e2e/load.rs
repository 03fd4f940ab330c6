//! Clients that add records without pause, each with a phone of its own, and know
//! what was acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::export::count_by;
use crate::http::Connection;
use crate::process::until;
use crate::said::{Said, address};
use crate::server::{ADD, Server};

/// Clients at work.
pub(crate) struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<Acknowledged>>,
}

struct Shared {
    stop: AtomicBool,
    acknowledged: AtomicUsize,
    /// Where OCS says which port HTTP Proxy listens on now.
    stdout: Said,
    name: &'static str,
}

/// What was acknowledged: the record handle of each phone.
#[derive(Default)]
pub(crate) struct Acknowledged {
    pub(crate) handles: BTreeMap<String, u64>,
    pub(crate) took: Vec<Duration>,
    /// Requests that were sent and not acknowledged.
    pub(crate) unanswered: usize,
}

impl Load {
    /// Starts so many clients; `name` tells their phones from others'.
    pub(crate) fn start(server: &Server, name: &'static str, clients: usize) -> Self {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            acknowledged: AtomicUsize::new(0),
            stdout: server.stdout.clone(),
            name,
        });
        let clients = (0..clients).map(|number| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.add(number))
        });
        Self {
            clients: clients.collect(),
            shared: Arc::clone(&shared),
        }
    }

    /// Waits until so many more records were acknowledged.
    #[track_caller]
    pub(crate) fn wait_for(&self, more: usize) {
        let goal = self.shared.acknowledged.load(Ordering::Relaxed) + more;
        until("the clients are served", || {
            self.shared.acknowledged.load(Ordering::Relaxed) >= goal
                || self.clients.iter().any(JoinHandle::is_finished)
        });
    }

    /// Ends the clients, each after its present request.
    #[track_caller]
    pub(crate) fn stop(mut self) -> Acknowledged {
        self.shared.stop.store(true, Ordering::Relaxed);
        let mut all = Acknowledged::default();
        for client in self.clients.drain(..) {
            let mut one = client.join().expect("the client heard nothing strange");
            all.handles.append(&mut one.handles);
            all.took.append(&mut one.took);
            all.unanswered += one.unanswered;
        }
        all
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // A test that failed leaves no clients behind.
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn add(&self, client: usize) -> Acknowledged {
        let mut acknowledged = Acknowledged::default();
        let mut connection = None;
        let mut number = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let Some(open) = &mut connection else {
                connection = self.connect();
                if connection.is_none() {
                    std::thread::sleep(Duration::from_millis(5));
                }
                continue;
            };
            // A phone is sent once only, whatever came of it.
            number += 1;
            let phone = format!("{}-{client}-{number}", self.name);
            let body = json!({ "GSW_PHONE": phone }).to_string();
            let started = Instant::now();
            match open.ask("POST", ADD, &[], body.as_bytes()) {
                Ok(reply) if reply.status == 200 => {
                    acknowledged.took.push(started.elapsed());
                    let handle = reply.json()["GSW_RECORD_HANDLE"].as_u64();
                    let handle = handle.expect("a record handle");
                    acknowledged.handles.insert(phone, handle);
                    self.acknowledged.fetch_add(1, Ordering::Relaxed);
                    if reply.header("connection") == Some("close") {
                        connection = None;
                    }
                }
                // While OCS ends or HTTP Proxy is lost.
                Ok(reply) if matches!(reply.status, 503 | 504) => {
                    acknowledged.unanswered += 1;
                    connection = None;
                }
                Ok(reply) => panic!("{}: {}", reply.status, reply.json()),
                Err(_) => {
                    acknowledged.unanswered += 1;
                    connection = None;
                }
            }
        }
        acknowledged
    }

    fn connect(&self) -> Option<Connection> {
        let lines = self.stdout.lines();
        let base = lines.iter().rev().find_map(|line| address(line, "http"))?;
        Connection::open(&base).ok()
    }
}

impl Acknowledged {
    /// Asserts that each record that was acknowledged is there exactly once, under
    /// its handle, and that none is there twice.
    #[track_caller]
    pub(crate) fn check(&self, exported: &[Value]) {
        for (phone, count) in count_by(exported, "GSW_PHONE") {
            assert_eq!(count, 1, "{phone} is there {count} times");
        }
        let stored: BTreeMap<&str, &str> = exported
            .iter()
            .filter_map(|row| {
                Some((
                    row["GSW_PHONE"].as_str()?,
                    row["GSW_RECORD_HANDLE"].as_str()?,
                ))
            })
            .collect();
        for (phone, handle) in &self.handles {
            let stored = stored.get(phone.as_str()).copied();
            assert_eq!(
                stored,
                Some(handle.to_string().as_str()),
                "{phone} was acknowledged"
            );
        }
        let distinct = count_by(exported, "GSW_RECORD_HANDLE").len();
        assert_eq!(
            distinct,
            exported.len(),
            "a record handle was given out twice"
        );
    }

    /// The greatest record handle that was acknowledged.
    pub(crate) fn last_handle(&self) -> u64 {
        self.handles.values().copied().max().unwrap_or(0)
    }

    pub(crate) fn merge(&mut self, mut other: Self) {
        self.handles.append(&mut other.handles);
    }

    /// How long the slowest of 100 took.
    pub(crate) fn percentile_99(&self) -> Duration {
        let mut took = self.took.clone();
        took.sort_unstable();
        took[took.len() * 99 / 100]
    }
}
