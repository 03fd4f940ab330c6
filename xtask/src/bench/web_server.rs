//! A web server that OCS speaks to in benches: it answers every message with 200, after so
//! long, and counts them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// A thread a connection, of which there are few.
pub(super) struct WebServer {
    pub(super) port: u16,
    answered: Arc<AtomicU64>,
}

impl WebServer {
    /// Listens on a port (0 for any), until the bench ends.
    pub(super) fn start(port: u16, pause: Duration) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let port = listener.local_addr()?.port();
        let answered = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&answered);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let counted = Arc::clone(&counted);
                // A connection that OCS ends is no fault.
                thread::spawn(move || serve(stream, pause, &counted));
            }
        });
        Ok(Self { port, answered })
    }

    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

fn serve(stream: TcpStream, pause: Duration, answered: &AtomicU64) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut body = Vec::new();
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let Some((name, value)) = line.trim_end().split_once(':') else {
                if line == "\r\n" {
                    break;
                }
                continue;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        body.resize(length, 0);
        stream.read_exact(&mut body)?;
        if !pause.is_zero() {
            thread::sleep(pause);
        }
        // Counted before whoever asked can ask again.
        answered.fetch_add(1, Ordering::Relaxed);
        stream
            .get_mut()
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")?;
    }
}
