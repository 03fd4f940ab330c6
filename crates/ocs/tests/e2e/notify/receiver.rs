//! A web server that OCS speaks to: a real one, on a port of its own, that answers as a
//! test says, rightly or wrongly.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::process::PATIENCE;

/// A message as it came.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) at: Instant,
    /// The method and the target.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// By which connection it came, from 0.
    pub(crate) connection: usize,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// A status, a content type where there is one, and a body.
    Answer(u16, Option<&'static str>, String),
    /// A status, and when to ask again.
    RetryAfter(u16, &'static str),
    /// Nothing at all; the connection stays.
    Hang,
    /// The connection is reset.
    Reset,
    /// The connection ends.
    Close,
    /// 302, to an address of the same web server.
    Redirect,
    /// 200, and so many bytes that nobody should read.
    Flood(u64),
    /// 200, and fewer bytes than its length says; then the connection ends.
    Short,
    /// 200, and more bytes than its length says.
    Long,
    /// 200 and a body, byte by byte, so long between two.
    Slow(Duration, &'static str),
    /// What is no HTTP.
    Noise,
    /// 200, after so long.
    Late(Duration),
}

impl Act {
    /// 200, as most web servers say it.
    pub(crate) fn ok() -> Self {
        Self::Answer(200, Some("text/plain"), "OK".to_owned())
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, None, String::new())
    }
}

type Script = dyn Fn(&Heard, usize) -> Act + Send + Sync;

/// A web server with what it heard.
pub(crate) struct Receiver {
    port: u16,
    scheme: &'static str,
    all: Arc<All>,
}

struct All {
    heard: Mutex<Vec<Heard>>,
    came: Condvar,
    script: Mutex<Arc<Script>>,
}

impl Receiver {
    /// One that answers each message by its number, from 0.
    pub(crate) fn start(script: impl Fn(&Heard, usize) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        Self::on(listener, None, script)
    }

    /// The same, on a port that is known already.
    pub(crate) fn on_port(
        port: u16,
        script: impl Fn(&Heard, usize) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port");
        Self::on(listener, None, script)
    }

    /// The same, over TLS.
    pub(crate) fn secured(
        tls: ServerConfig,
        script: impl Fn(&Heard, usize) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        Self::on(listener, Some(Arc::new(tls)), script)
    }

    fn on(
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        script: impl Fn(&Heard, usize) -> Act + Send + Sync + 'static,
    ) -> Self {
        let all = Arc::new(All {
            heard: Mutex::default(),
            came: Condvar::new(),
            script: Mutex::new(Arc::new(script)),
        });
        let port = listener.local_addr().expect("an address").port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let of_threads = Arc::clone(&all);
        // It ends with the tests' process, like its connections.
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else {
                    continue;
                };
                let (all, tls) = (Arc::clone(&of_threads), tls.clone());
                std::thread::spawn(move || serve(stream, tls, connection, &all));
            }
        });
        Self { port, scheme, all }
    }

    /// Answers so from now on.
    pub(crate) fn script(&self, script: impl Fn(&Heard, usize) -> Act + Send + Sync + 'static) {
        *self.all.script.lock().expect("whole") = Arc::new(script);
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address of a path.
    pub(crate) fn uri(&self, path: &str) -> String {
        // The certificates of the tests are made out to this name.
        format!("{}://localhost:{}{path}", self.scheme, self.port)
    }

    /// What was heard so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.all.heard.lock().expect("whole").clone()
    }

    /// Waits until so many messages came; all of them.
    #[track_caller]
    pub(crate) fn wait(&self, count: usize) -> Vec<Heard> {
        self.wait_until(&format!("{count} messages"), |heard| heard.len() >= count)
    }

    /// Waits until what came is so.
    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, so: impl Fn(&[Heard]) -> bool) -> Vec<Heard> {
        let heard = self.all.heard.lock().expect("whole");
        let waited = self
            .all
            .came
            .wait_timeout_while(heard, PATIENCE, |heard| !so(heard));
        let (heard, timed_out) = waited.expect("whole");
        assert!(!timed_out.timed_out(), "not {what}: {} came", heard.len());
        heard.clone()
    }
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn serve(tcp: TcpStream, tls: Option<Arc<ServerConfig>>, connection: usize, all: &All) {
    let Ok(raw) = tcp.try_clone() else {
        return;
    };
    let _ = tcp.set_nodelay(true);
    let stream: Box<dyn Stream> = match tls {
        None => Box::new(tcp),
        Some(tls) => match ServerConnection::new(tls) {
            Ok(connection) => Box::new(StreamOwned::new(connection, tcp)),
            Err(_) => return,
        },
    };
    let mut stream = BufReader::new(stream);
    while let Some(heard) = read(&mut stream, connection) {
        if let Some(target) = heard.line.strip_prefix("CONNECT ") {
            remember(all, heard.clone());
            tunnel(stream.get_mut(), &raw, target);
            return;
        }
        let number = remember(all, heard.clone());
        let script = Arc::clone(&all.script.lock().expect("whole"));
        if !answer(stream.get_mut(), &raw, script(&heard, number)) {
            return;
        }
    }
}

fn remember(all: &All, heard: Heard) -> usize {
    let mut known = all.heard.lock().expect("whole");
    known.push(heard);
    all.came.notify_all();
    known.len() - 1
}

fn read(stream: &mut BufReader<Box<dyn Stream>>, connection: usize) -> Option<Heard> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let mut heard = Heard {
        at: Instant::now(),
        line,
        headers,
        body: Vec::new(),
        connection,
    };
    let length = heard.header("content-length").unwrap_or("0").parse().ok()?;
    heard.body = vec![0; length];
    stream.read_exact(&mut heard.body).ok()?;
    Some(heard)
}

/// Whether the connection goes on.
fn answer(stream: &mut Box<dyn Stream>, raw: &TcpStream, act: Act) -> bool {
    let mut say = |bytes: &[u8]| {
        stream
            .write_all(bytes)
            .and_then(|()| stream.flush())
            .is_ok()
    };
    match act {
        Act::Answer(status, content_type, body) => {
            let content_type =
                content_type.map_or_else(String::new, |kind| format!("Content-Type: {kind}\r\n"));
            let length = body.len();
            let reply = format!(
                "HTTP/1.1 {status} Status\r\n{content_type}Content-Length: {length}\r\n\r\n{body}"
            );
            say(reply.as_bytes())
        }
        Act::RetryAfter(status, when) => {
            let reply = format!(
                "HTTP/1.1 {status} Status\r\nRetry-After: {when}\r\nContent-Length: 0\r\n\r\n"
            );
            say(reply.as_bytes())
        }
        Act::Hang => {
            std::thread::sleep(PATIENCE);
            false
        }
        Act::Reset => {
            // With bytes that nobody reads, or without a linger, the system resets it.
            let linger = Some(Duration::ZERO);
            let _ = rustix::net::sockopt::set_socket_linger(raw, linger);
            false
        }
        Act::Close => {
            let _ = raw.shutdown(Shutdown::Both);
            false
        }
        Act::Redirect => {
            say(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
        }
        Act::Flood(bytes) => {
            if !say(format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n").as_bytes()) {
                return false;
            }
            let piece = vec![b'x'; 64 << 10];
            let mut left = bytes;
            while left > 0 && say(&piece) {
                left = left.saturating_sub(piece.len() as u64);
            }
            false
        }
        Act::Short => {
            say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nOK");
            let _ = raw.shutdown(Shutdown::Both);
            false
        }
        Act::Long => say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK, and more than that"),
        Act::Slow(pause, body) => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            say(head.as_bytes())
                && body.bytes().all(|byte| {
                    std::thread::sleep(pause);
                    say(&[byte])
                })
        }
        Act::Noise => {
            say(b"\x16\x03\x01 this is no HTTP\r\n\r\n");
            false
        }
        Act::Late(pause) => {
            std::thread::sleep(pause);
            say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
        }
    }
}

/// As an HTTP proxy does.
fn tunnel(near: &mut Box<dyn Stream>, raw: &TcpStream, target: &str) {
    let Ok(far) = TcpStream::connect(target) else {
        let _ = near.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
        return;
    };
    let _ = near.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
    let copy = |from: &TcpStream, into: &TcpStream| {
        let (mut from, mut into) = (from.try_clone()?, into.try_clone()?);
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut into);
            let _ = into.shutdown(Shutdown::Both);
        });
        std::io::Result::Ok(())
    };
    let _ = copy(raw, &far).and_then(|()| copy(&far, raw));
}
