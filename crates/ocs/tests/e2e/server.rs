//! A running OCS in a folder of its own.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::home::Home;
use crate::http::{Connection, Reply};
use crate::process::{PATIENCE, children, lives, ocs, signal, until};
use crate::said::{Said, address};

/// The target of an AddRecord to the calling list "Spring".
pub(crate) const ADD: &str = "/lists/Spring?req=AddRecord";

/// A running `ocs run` with its folder. Dropped, it is ended.
pub(crate) struct Server {
    pub(crate) home: Home,
    pub(crate) stdout: Said,
    pub(crate) stderr: Said,
    child: Child,
}

impl Server {
    /// Starts OCS with the usual folder.
    #[track_caller]
    pub(crate) fn start() -> Self {
        Home::new().start()
    }

    /// Starts OCS, and does not wait for anything.
    pub(crate) fn of(home: Home) -> Self {
        Self::by(home, &["run"])
    }

    /// The same, by another command.
    pub(crate) fn by(home: Home, arguments: &[&str]) -> Self {
        let command = ocs(home.path(), arguments);
        Self::run(home, command)
    }

    /// Starts OCS with these variables in its environment.
    pub(crate) fn with_environment(home: Home, variables: &[(&str, &str)]) -> Self {
        let mut command = ocs(home.path(), &["run"]);
        command.envs(variables.iter().copied());
        Self::run(home, command)
    }

    fn run(home: Home, mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("ocs starts");
        Self {
            stdout: Said::read(child.stdout.take().expect("its output")),
            stderr: Said::read(child.stderr.take().expect("its complaints")),
            home,
            child,
        }
    }

    /// Waits until OCS says that it serves.
    #[track_caller]
    pub(crate) fn ready(self) -> Self {
        self.wait_for(&self.stdout, "OCS is ready", 1);
        self
    }

    /// OCS's process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// HTTP Proxy's process id; `None` while none runs.
    pub(crate) fn find_proxy(&self) -> Option<u32> {
        children(self.id()).into_iter().find(|child| lives(*child))
    }

    /// HTTP Proxy's process id.
    #[track_caller]
    pub(crate) fn proxy_id(&self) -> u32 {
        self.find_proxy().expect("HTTP Proxy runs")
    }

    /// Waits until HTTP Proxy listens for the `nth` time (from 1).
    #[track_caller]
    pub(crate) fn wait_for_proxy(&self, nth: usize) {
        self.wait_for(&self.stdout, "HTTP Proxy listens on", nth);
    }

    /// Waits until HTTP Proxy could not open a port for the `nth` time (from 1), and
    /// returns what OCS says of it.
    #[track_caller]
    pub(crate) fn wait_for_complaint(&self, nth: usize) -> String {
        self.wait_for(&self.stderr, "cannot be opened", nth)
    }

    #[track_caller]
    fn wait_for(&self, said: &Said, part: &str, nth: usize) -> String {
        said.wait(part, nth).unwrap_or_else(|| {
            let complaints = self.stderr.lines();
            panic!("OCS ended before it said {part:?} {nth} times: {complaints:#?}")
        })
    }

    /// Where the latest HTTP Proxy listens: `http://127.0.0.1:PORT`.
    pub(crate) fn base(&self) -> String {
        let lines = self.stdout.lines();
        let said = lines.iter().rev().find_map(|line| address(line, "http"));
        said.expect("HTTP Proxy listens")
    }

    /// The URL of a target.
    pub(crate) fn url(&self, target: &str) -> String {
        self.base() + target
    }

    /// A connection to HTTP Proxy.
    #[track_caller]
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(&self.base()).expect("HTTP Proxy takes connections")
    }

    /// Sends a request on a connection of its own.
    #[track_caller]
    pub(crate) fn request(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        self.connect()
            .ask(method, target, headers, body)
            .unwrap_or_else(|error| panic!("{method} {target}: {error}"))
    }

    #[track_caller]
    pub(crate) fn get(&self, target: &str) -> Value {
        self.request("GET", target, &[], b"").expect(200)
    }

    #[track_caller]
    pub(crate) fn post(&self, target: &str, body: &Value) -> Reply {
        self.request("POST", target, &[], body.to_string().as_bytes())
    }

    /// Adds a record to the calling list "Spring", which is taken.
    #[track_caller]
    pub(crate) fn add(&self, attributes: &Value) -> Value {
        self.post(ADD, attributes).expect(200)
    }

    /// The record of a handle.
    #[track_caller]
    pub(crate) fn record(&self, handle: &Value) -> Value {
        self.get(&format!("/records/{handle}"))
    }

    /// OCS's log.
    pub(crate) fn log(&self) -> String {
        self.home.read("logs/ocs.log")
    }

    /// HTTP Proxy's log.
    pub(crate) fn proxy_log(&self) -> String {
        self.home.read("logs/ocs_HTTPPRX.log")
    }

    /// Ends OCS without warning, and waits until nothing of it is left.
    pub(crate) fn kill_9(mut self) -> Home {
        let proxy = self.find_proxy();
        signal(self.id(), Signal::KILL);
        self.wait();
        until("HTTP Proxy ends with OCS", || {
            proxy.is_none_or(|id| !lives(id))
        });
        self.into_home()
    }

    /// Ends OCS in order, which it does with status 0 and with nothing left behind.
    #[track_caller]
    pub(crate) fn stop(self) -> Home {
        self.stop_by(Signal::TERM)
    }

    /// Ends OCS in order by a signal.
    #[track_caller]
    pub(crate) fn stop_by(mut self, by: Signal) -> Home {
        let children = children(self.id());
        signal(self.id(), by);
        let status = self.wait();
        assert_eq!(status.code(), Some(0), "{:#?}", self.stderr.lines());
        for child in children {
            assert!(!lives(child), "process {child} outlived OCS");
        }
        // Whoever was started by OCS has its standard error, and is gone with it.
        self.stderr.wait_for_end();
        self.into_home()
    }

    /// Waits for OCS's end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status;
            }
            assert!(Instant::now() < deadline, "OCS did not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn into_home(mut self) -> Home {
        std::mem::replace(&mut self.home, Home::empty())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // In order first, so that its child is asked to end as well; HTTP Proxy then
        // has a second at most.
        signal(self.id(), Signal::TERM);
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        signal(self.id(), Signal::KILL);
        let _ = self.child.wait();
    }
}
