//! What HTTP Proxy works by, as OCS sent it. It reads no file of its own.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use ocs_encoding::Encoding;
use ocs_log::{ContactInfo, Form, LogSettings};
use ocs_protocol::outbound::{Listener, ProxySettings};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tracing::level_filters::LevelFilter;

use crate::access::Access;
use crate::gateway::TARGET;
use crate::watch::HeadLimits;

/// What HTTP Proxy works by.
pub(crate) struct Settings {
    /// Without the private keys of those that speak TLS.
    pub(crate) listeners: Vec<Listener>,
    /// TLS of secured ports, by their ids.
    secured: Vec<(String, OfPort)>,
    /// Added to every reply.
    pub(crate) headers: HeaderMap,
    /// The encoding of every reply, and of a request that does not name its own.
    pub(crate) encoding: Encoding,
    pub(crate) media_types: MediaTypes,
    pub(crate) limits: Limits,
    pub(crate) log: LogSettings,
    pub(crate) tenant: String,
    /// Who may do what.
    pub(crate) access: Access,
}

/// TLS of a port.
struct OfPort {
    acceptor: TlsAcceptor,
    /// Who judges the certificates of clients, where they have to show one.
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

/// The Content-Types of replies, which name the encoding.
pub(crate) struct MediaTypes {
    pub(crate) json: HeaderValue,
    /// One JSON document a line.
    pub(crate) lines: HeaderValue,
}

impl MediaTypes {
    fn of(encoding: Encoding) -> Result<Self, String> {
        let named = |media_type: &str| {
            let charset = match encoding.is_utf_8() {
                true => "utf-8".to_owned(),
                false => encoding.to_string(),
            };
            HeaderValue::try_from(format!("{media_type}; charset={charset}"))
                .map_err(|_| format!("the encoding {encoding} cannot be named in a header"))
        };
        Ok(Self {
            json: named("application/json")?,
            lines: named("application/x-ndjson")?,
        })
    }
}

/// The limits of http-interface.md, section 5.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of the request line and the headers.
    pub(crate) head: usize,
    /// Header lines.
    pub(crate) head_lines: usize,
    /// Bytes of a body.
    pub(crate) body: usize,
    /// Bytes of the body of AddRecords.
    pub(crate) bulk_body: u64,
    pub(crate) connections: usize,
    /// Requests that may wait for OCS's answer.
    pub(crate) in_flight: usize,
    /// For the headers, and again for the body.
    pub(crate) head_timeout: Duration,
    /// Between two requests.
    pub(crate) idle_timeout: Duration,
    pub(crate) reply_timeout: Duration,
    pub(crate) shutdown_timeout: Duration,
    /// Not having heard OCS for so long, requests are refused.
    pub(crate) lease: Duration,
}

impl Limits {
    /// Those of a head.
    pub(crate) fn of_head(&self) -> HeadLimits {
        HeadLimits {
            target: TARGET,
            bytes: self.head,
            lines: self.head_lines,
        }
    }
}

impl Settings {
    /// Reads what OCS sent.
    pub(crate) fn read(mut settings: ProxySettings) -> Result<Self, String> {
        let secured = take_tls(&mut settings.listeners)?;
        let mut headers = HeaderMap::new();
        for header in &settings.headers {
            let name = HeaderName::from_bytes(header.name.as_bytes());
            let value = HeaderValue::from_str(&header.value);
            match (name, value) {
                (Ok(name), Ok(value)) => headers.insert(name, value),
                _ => return Err(format!("the header {:?} cannot be sent", header.name)),
            };
        }
        let encoding = match settings.encoding.as_str() {
            "" => Encoding::UTF_8,
            name => Encoding::named(name)
                .ok_or_else(|| format!("the encoding {name:?} is not known here"))?,
        };
        let limits = settings.limits.ok_or("OCS sent no limits")?;
        let log = settings.log.ok_or("OCS sent no log file")?;
        Ok(Self {
            listeners: settings.listeners,
            secured,
            headers,
            encoding,
            media_types: MediaTypes::of(encoding)?,
            limits: Limits {
                head: limits.head as usize,
                head_lines: limits.head_lines as usize,
                body: limits.body as usize,
                bulk_body: limits.bulk_body,
                connections: limits.connections as usize,
                in_flight: limits.in_flight as usize,
                head_timeout: Duration::from_millis(limits.head_timeout),
                idle_timeout: Duration::from_millis(limits.idle_timeout),
                reply_timeout: Duration::from_millis(limits.reply_timeout),
                shutdown_timeout: Duration::from_millis(limits.shutdown_timeout),
                lease: Duration::from_millis(limits.lease),
            },
            log: LogSettings {
                file: log.file.into(),
                level: log
                    .level
                    .parse::<LevelFilter>()
                    .map_err(|_| "OCS sent no log level")?,
                segment: log.segment,
                expire: log.expire,
                form: if log.json { Form::Json } else { Form::Text },
                contact_info: match log.contact_info {
                    true => ContactInfo::Full,
                    false => ContactInfo::Masked,
                },
            },
            tenant: settings.tenant,
            access: Access::read(settings.access.unwrap_or_default(), settings.origins)?,
        })
    }

    /// TLS of the port of this id; `None` where it speaks none.
    pub(crate) fn acceptor(&self, id: &str) -> Option<&TlsAcceptor> {
        self.of_port(id).map(|port| &port.acceptor)
    }

    /// Whether certificates that a client has shown on the port of this id are trusted
    /// by now. A port that these settings do not know trusts whom it has let in.
    pub(crate) fn trust(&self, id: &str, shown: &[CertificateDer<'_>]) -> bool {
        let Some(port) = self.of_port(id) else {
            return true;
        };
        let Some(clients) = &port.clients else {
            return true;
        };
        let now = port.acceptor.config().time_provider.current_time();
        let (Some((own, between)), Some(now)) = (shown.split_first(), now) else {
            return false;
        };
        clients.verify_client_cert(own, between, now).is_ok()
    }

    fn of_port(&self, id: &str) -> Option<&OfPort> {
        let mut secured = self.secured.iter();
        secured.find(|(port, _)| port == id).map(|(_, port)| port)
    }
}

/// Takes certificates and keys out of the listeners, which are told to OCS and to the log
/// again. That TLS is spoken, they still say.
fn take_tls(listeners: &mut [Listener]) -> Result<Vec<(String, OfPort)>, String> {
    let mut secured = Vec::new();
    for listener in listeners {
        let Some(tls) = listener.tls.as_mut().map(std::mem::take) else {
            continue;
        };
        let wrong = |error| format!("the port \"{}\" cannot speak TLS: {error}", listener.id);
        let config = tls.server_config("http/1.1").map_err(wrong)?;
        let of_port = OfPort {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            clients: tls.client_verifier().map_err(wrong)?,
        };
        secured.push((listener.id.clone(), of_port));
    }
    Ok(secured)
}
