//! A connection that a bench's own client asks by.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A connection to a server on this machine.
pub(super) struct Client {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Client {
    pub(super) fn connect(port: u16) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self {
            stream: BufReader::new(stream),
            address,
        })
    }

    /// Reads what is answered with 200 and an object.
    pub(super) fn get(&mut self, target: &str) -> Result<Value> {
        self.ask("GET", target, "")
    }

    /// Posts a body, which is answered with 200 and an object.
    pub(super) fn post(&mut self, target: &str, body: &str) -> Result<Value> {
        self.ask("POST", target, body)
    }

    fn ask(&mut self, method: &str, target: &str, body: &str) -> Result<Value> {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.get_mut().write_all(head.as_bytes())?;
        let (mut status, mut length) = (String::new(), None);
        self.stream.read_line(&mut status)?;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                bail!("{method} {target} was not answered");
            }
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse::<usize>().ok();
            }
        }
        let length = length.with_context(|| format!("{method} {target}: no Content-Length"))?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        if !status.starts_with("HTTP/1.1 200 ") {
            let said = String::from_utf8_lossy(&body);
            bail!(
                "{method} {target} was answered with {}: {said}",
                status.trim_end()
            );
        }
        serde_json::from_slice(&body).with_context(|| format!("{method} {target}: no JSON"))
    }
}
