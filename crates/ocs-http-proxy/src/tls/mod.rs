//! TLS of a secured port: the handshake before the first request, and what came of it
//! (http-interface.md, section 1).

mod failures;
mod subject;
mod transport;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{Error, InvalidMessage};
use tokio_rustls::server::TlsStream;

use crate::settings::Settings;
use failures::Failures;

pub(crate) use transport::Transport;

/// What is read of a client that TLS was not agreed on with, and for how long, so that
/// it takes in why: what a closed connection still had to read would take the alert back.
const LAST_BYTES: u64 = 64 * 1024;
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A port that was opened as a secured one, which it stays until it is closed.
pub(crate) struct Secured {
    /// The port's id.
    id: Arc<str>,
    acceptor: TlsAcceptor,
    failures: Arc<Failures>,
}

/// TLS of one connection that has just come in.
pub(crate) struct Handshake {
    port: Arc<str>,
    acceptor: TlsAcceptor,
    failures: Arc<Failures>,
}

/// A client after its handshake.
pub(crate) struct Agreed {
    pub(crate) transport: Transport,
    /// The subject of its certificate, where it had to show one.
    pub(crate) subject: Option<Arc<str>>,
    /// The certificates themselves.
    pub(crate) shown: Option<Shown>,
}

/// What a client has shown on a port that asks for certificates.
pub(crate) struct Shown {
    port: Arc<str>,
    certificates: Vec<CertificateDer<'static>>,
}

impl Shown {
    /// Whether it is trusted by these settings: an authority may be withdrawn while a
    /// connection goes on.
    pub(crate) fn is_trusted(&self, settings: &Settings) -> bool {
        settings.trust(&self.port, &self.certificates)
    }
}

impl Secured {
    /// The port of this id, if it is a secured one.
    pub(crate) fn of(id: &str, settings: &Settings) -> Option<Self> {
        settings.acceptor(id).map(|acceptor| Self {
            id: id.into(),
            acceptor: acceptor.clone(),
            failures: Arc::default(),
        })
    }

    /// The handshake of the next connection, by the certificate of this moment. A port
    /// that other settings do not know keeps what it has.
    pub(crate) fn handshake(&mut self, settings: &Settings) -> Handshake {
        if let Some(acceptor) = settings.acceptor(&self.id) {
            self.acceptor.clone_from(acceptor);
        }
        Handshake {
            port: Arc::clone(&self.id),
            acceptor: self.acceptor.clone(),
            failures: Arc::clone(&self.failures),
        }
    }
}

impl Handshake {
    /// Agrees on TLS within a time; where that fails the log says why, and the
    /// connection is closed.
    pub(crate) async fn agree(
        self,
        stream: TcpStream,
        client: SocketAddr,
        within: Duration,
    ) -> Option<Agreed> {
        let accepting = self.acceptor.accept(stream).into_fallible();
        match tokio::time::timeout(within, accepting).await {
            Ok(Ok(stream)) => Some(Agreed {
                subject: subject_of(&stream),
                shown: shown(self.port, &stream),
                transport: Transport::Tls(Box::new(stream)),
            }),
            Ok(Err((error, stream))) => {
                self.failures.say(client, &reason(&error));
                // Whoever does not listen any more is not waited for.
                let _ = tokio::time::timeout(LAST_WORDS, let_go(stream)).await;
                None
            }
            Err(_) => {
                self.failures.say(client, "it did not say enough in time");
                None
            }
        }
    }
}

/// The subject of the certificate that a client has shown, and that was verified.
fn subject_of(stream: &TlsStream<TcpStream>) -> Option<Arc<str>> {
    let (_, session) = stream.get_ref();
    let certificate = session.peer_certificates()?.first()?;
    subject::subject(certificate).map(Arc::from)
}

fn shown(port: Arc<str>, stream: &TlsStream<TcpStream>) -> Option<Shown> {
    let (_, session) = stream.get_ref();
    let certificates = session.peer_certificates()?.to_vec();
    Some(Shown { port, certificates })
}

async fn let_go(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut rest = stream.take(LAST_BYTES);
    tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    Ok(())
}

/// Why TLS was not agreed on, for the log.
fn reason(error: &io::Error) -> String {
    let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    match of_tls {
        Some(Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
            "what came is not TLS; plain HTTP is not spoken on this port".to_owned()
        }
        Some(Error::NoCertificatesPresented) => "it showed no certificate".to_owned(),
        Some(Error::InvalidCertificate(why)) => format!("its certificate is refused: {why}"),
        Some(Error::AlertReceived(alert)) => format!("it broke off: {alert:?}"),
        Some(other) => other.to_string(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it closed the connection during the handshake".to_owned()
        }
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
