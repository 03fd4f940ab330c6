//! HTTP/1.1 byte by byte: what is sent is what a test says, and nothing else.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::process::PATIENCE;

/// A reply as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The header of this name, in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let of_name = |(header, _): &&(String, String)| header.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .find(of_name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!(
                "{error}: {} {}",
                self.status,
                String::from_utf8_lossy(&self.body)
            )
        })
    }

    /// The body's JSON, after the status was asserted.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self.json()
    }
}

/// A connection to an HTTP port.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects to `http://host:port`.
    pub(crate) fn open(base: &str) -> io::Result<Self> {
        let address = base.strip_prefix("http://").unwrap_or(base);
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Says that nothing more will be sent.
    pub(crate) fn end_sending(&self) -> io::Result<()> {
        self.stream.get_ref().shutdown(Shutdown::Write)
    }

    /// Whether nothing is heard for so long, not even the connection's end.
    pub(crate) fn is_silent_for(&mut self, long: Duration) -> io::Result<bool> {
        self.stream.get_ref().set_read_timeout(Some(long))?;
        let heard = self.stream.fill_buf().map(drop);
        self.stream.get_ref().set_read_timeout(Some(PATIENCE))?;
        Ok(heard.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock))
    }

    /// How many bytes are here that nobody has read.
    pub(crate) fn unread(&self) -> io::Result<usize> {
        self.stream.get_ref().peek(&mut vec![0; 1 << 20])
    }

    /// Reads one reply; that to a HEAD has no body.
    pub(crate) fn reply(&mut self, method: &str) -> io::Result<Reply> {
        let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let status_line = self.line()?;
        let status = status_line
            .strip_prefix("HTTP/1.1 ")
            .or_else(|| status_line.strip_prefix("HTTP/1.0 "))
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .ok_or_else(|| broken(&status_line))?;
        let mut reply = Reply {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        };
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| broken(&line))?;
            reply
                .headers
                .push((name.to_owned(), value.trim().to_owned()));
        }
        if status == 100 {
            return self.reply(method);
        }
        let is_chunked = reply.header("transfer-encoding") == Some("chunked");
        if method != "HEAD" && is_chunked {
            while let Some(mut chunk) = self.chunk()? {
                reply.body.append(&mut chunk);
            }
        } else if method != "HEAD" {
            let length = reply
                .header("content-length")
                .and_then(|length| length.parse().ok())
                .ok_or_else(|| broken("no Content-Length"))?;
            reply.body = vec![0; length];
            self.stream.read_exact(&mut reply.body)?;
        }
        Ok(reply)
    }

    /// Reads the head of a reply whose body is read chunk by chunk; its status.
    pub(crate) fn head(&mut self) -> io::Result<u16> {
        let status = self.line()?;
        while !self.line()?.is_empty() {}
        let number = status.get(9..12).and_then(|status| status.parse().ok());
        number.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, status))
    }

    /// Reads one chunk of a reply; `None` after the last.
    pub(crate) fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let size = self.line()?;
        let size = usize::from_str_radix(&size, 16)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, size))?;
        let mut chunk = vec![0; size];
        self.stream.read_exact(&mut chunk)?;
        self.line()?;
        Ok((size > 0).then_some(chunk))
    }

    /// Reads the interim reply that asks for a body.
    pub(crate) fn interim(&mut self) -> io::Result<()> {
        let lines = [self.line()?, self.line()?];
        if lines == ["HTTP/1.1 100 Continue", ""] {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, lines.concat()))
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&line);
        text.strip_suffix("\r\n")
            .map(str::to_owned)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a line without CR LF"))
    }

    /// Sends a request and reads its reply.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Reply> {
        self.send(&request(method, target, headers, body))?;
        self.reply(method)
    }
}

/// The bytes of a request. Host is there unless the headers name one; Content-Length
/// where there is a body and nothing else frames it.
pub(crate) fn request(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let given = |name: &str| {
        headers
            .iter()
            .any(|(given, _)| given.eq_ignore_ascii_case(name))
    };
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    if !given("host") {
        head.push_str("Host: localhost\r\n");
    }
    let framed = given("content-length") || given("transfer-encoding");
    if !framed && (method == "POST" || !body.is_empty()) {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
