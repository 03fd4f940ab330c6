//! A new connection to a web server: TCP, an HTTP proxy where there is one, TLS.

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;

use super::client::Failure;
use super::pool::Connection;
use super::settings::Settings;
use super::target::Origin;

/// What is read of a reply's head, and at a time of its body.
const READ_BUFFER: usize = 64 << 10;

/// The longest head of an HTTP proxy's answer.
const PROXY_HEAD: usize = 8 << 10;

/// Connects.
pub(super) async fn connect(origin: &Origin, settings: &Settings) -> Result<Connection, Failure> {
    let next = settings.proxy.as_ref().unwrap_or(origin);
    let at = || format!("{}:{}", next.host, next.port);
    let mut stream = TcpStream::connect((next.host.as_str(), next.port))
        .await
        .map_err(|error| Failure::NotConnected(at(), error.to_string()))?;
    // A message goes out at once.
    let _ = stream.set_nodelay(true);
    if !origin.secured {
        return converse(stream).await;
    }
    if settings.proxy.is_some() {
        tunnel(&mut stream, origin)
            .await
            .map_err(|what| Failure::Proxy(at(), what))?;
    }
    let connector = settings.tls.connector().map_err(Failure::Tls)?;
    let name = ServerName::try_from(origin.host.clone())
        .map_err(|_| Failure::Tls(format!("{} is no name of a server", origin.host)))?;
    let stream = connector
        .connect(name, stream)
        .await
        .map_err(|error| Failure::Tls(error.to_string()))?;
    converse(stream).await
}

async fn converse<T>(stream: T) -> Result<Connection, Failure>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(READ_BUFFER)
        .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(|error| Failure::Broken(error.to_string()))?;
    // It ends with its sender, or with the web server; who waits for a reply hears of that.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

/// Asks an HTTP proxy for a way to the web server.
async fn tunnel(stream: &mut TcpStream, origin: &Origin) -> Result<(), String> {
    let host = match origin.host.contains(':') {
        true => format!("[{}]:{}", origin.host, origin.port),
        false => format!("{}:{}", origin.host, origin.port),
    };
    let head = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let sent = stream.write_all(head.as_bytes()).await;
    sent.map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    // A TLS server says nothing first: nothing comes behind the head.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() > PROXY_HEAD {
            return Err("its answer has no end".to_owned());
        }
        match stream.read_buf(&mut answer).await {
            Ok(0) => return Err("it ended the connection".to_owned()),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    let line = String::from_utf8_lossy(&answer);
    let line = line.lines().next().unwrap_or_default();
    let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5));
    match status {
        Some(status) if status.starts_with('2') => Ok(()),
        _ => Err(format!(
            "it answered {:?}",
            line.chars().take(80).collect::<String>()
        )),
    }
}
