//! The ordinary clients: one keeps its connection, one opens one a request, and one
//! speaks HTTPS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

/// Connections that the clients have at the same time.
pub(super) const CONNECTIONS: usize = 3;

/// How long a reply may take, on a machine that is busy with an attack.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between two requests of a client.
const PAUSE: Duration = Duration::from_millis(5);

/// Requests that the client of HTTPS sends on a connection.
const IN_A_ROW: u64 = 5;

/// The clients at work.
pub(super) struct Clients {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    answered: AtomicU64,
    /// What went wrong first.
    wrong: Mutex<Option<String>>,
}

impl Clients {
    /// Starts them; who speaks HTTPS trusts the authority in a file.
    pub(super) fn start(port: u16, secured: u16, authority: &Path) -> Self {
        let shared = Arc::new(Shared::default());
        let client = |keeps: bool| {
            let shared = Arc::clone(&shared);
            let mut kept = None;
            let who = match keeps {
                true => "on a kept connection",
                false => "on a new connection",
            };
            let mut ask = move |number| ask(port, number, keeps, &mut kept).map(|()| 1);
            thread::spawn(move || shared.work(who, &mut ask))
        };
        let of_https = Arc::clone(&shared);
        let authority = authority.to_owned();
        let mut ask = move |number| ask_secured(secured, number, &authority);
        let secured = thread::spawn(move || of_https.work("over HTTPS", &mut ask));
        let threads = vec![client(true), client(false), secured];
        Self { shared, threads }
    }

    pub(super) fn answered(&self) -> u64 {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// Whether every request was answered so far.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = self.shared.wrong.lock();
        match &*wrong.unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some(wrong) => Err(anyhow!("a request was not answered: {wrong}")),
        }
    }

    /// Waits until so many more are.
    pub(super) fn wait_for(&self, more: u64) -> Result<()> {
        let (target, begun) = (self.answered() + more, Instant::now());
        while self.answered() < target {
            self.check()?;
            if begun.elapsed() > PATIENCE {
                bail!("no request was answered for {PATIENCE:?}");
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Ends them; how many requests were answered.
    pub(super) fn stop(mut self) -> Result<u64> {
        self.end();
        self.check()?;
        Ok(self.answered())
    }

    fn end(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // What it has to say stands in `wrong`.
            let _ = thread.join();
        }
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    /// Asks again and again; `ask` says how many requests were answered.
    fn work(&self, who: &str, ask: &mut impl FnMut(u64) -> Result<u64>) {
        for number in 0_u64.. {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            match ask(number) {
                Ok(answered) => self.answered.fetch_add(answered, Ordering::Relaxed),
                Err(error) => {
                    let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
                    wrong.get_or_insert_with(|| format!("number {number}, {who}: {error:#}"));
                    return;
                }
            };
            thread::sleep(PAUSE);
        }
    }
}

/// Some requests of curl on one connection with TLS.
fn ask_secured(port: u16, number: u64, authority: &Path) -> Result<u64> {
    let body = format!("{{\"GSW_PHONE\":\"+1651{number:07}\"}}");
    let most = PATIENCE.as_secs().to_string();
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", "--max-time", &most]);
    curl.arg("--cacert").arg(authority).args(["--data", &body]);
    curl.arg(format!(
        "https://localhost:{port}/lists/Bench?req=AddRecord&n=[1-{IN_A_ROW}]"
    ));
    let ended = curl.output().context("cannot start curl")?;
    let said = String::from_utf8_lossy(&ended.stdout);
    let answered = said.matches("AddRecordAcknowledge").count() as u64;
    if !ended.status.success() || answered != IN_A_ROW {
        let errors = String::from_utf8_lossy(&ended.stderr);
        bail!(
            "{answered} of {IN_A_ROW} were answered: {}",
            errors.trim_end()
        );
    }
    Ok(answered)
}

type Connection = BufReader<TcpStream>;

fn ask(port: u16, number: u64, keeps: bool, kept: &mut Option<Connection>) -> Result<()> {
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => connect(port)?,
    };
    ask_on(&mut connection, number, keeps)?;
    *kept = keeps.then_some(connection);
    Ok(())
}

fn connect(port: u16) -> Result<Connection> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("it cannot connect")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}

/// Adds a record, or reads the calling list, by turns.
fn ask_on(connection: &mut Connection, number: u64, keeps: bool) -> Result<()> {
    let (line, body) = if number.is_multiple_of(2) {
        let body = format!("{{\"GSW_PHONE\":\"+1650{number:07}\"}}");
        ("POST /lists/Bench?req=AddRecord", body)
    } else {
        ("GET /lists/Bench", String::new())
    };
    let last = if keeps { "" } else { "Connection: close\r\n" };
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n{last}Content-Length: {length}\r\n\r\n{body}"
    );
    connection.get_mut().write_all(request.as_bytes())?;
    let mut status = String::new();
    connection.read_line(&mut status)?;
    if !status.starts_with("HTTP/1.1 200 ") {
        bail!("{line}: {status:?}");
    }
    let mut length = 0;
    loop {
        let mut header = String::new();
        connection.read_line(&mut header)?;
        if header.trim_end().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().context("Content-Length")?;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    if body.first() != Some(&b'{') {
        bail!("{line}: no event in the reply");
    }
    Ok(())
}
