//! The connection to OCS: TCP, or TLS where an authority is named.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use hyper_util::rt::TokioIo;
use ocs_protocol::MAX_MESSAGE;
use ocs_protocol::outbound::outbound_client::OutboundClient;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::cli;

/// How long the connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long a silent connection is left alone before it is asked for a sign of life.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Either kind of connection.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Connects to OCS.
pub(super) async fn connect(desktop: &cli::Desktop) -> anyhow::Result<OutboundClient<Channel>> {
    let address = &desktop.connect;
    let (host, _) = address
        .rsplit_once(':')
        .with_context(|| format!("--connect is \"{address}\"; HOST:PORT would be right"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let opened = tokio::time::timeout(CONNECT_WITHIN, open(desktop, host));
    let stream = opened
        .await
        .map_err(|_| anyhow!("{address} did not answer within {CONNECT_WITHIN:?}"))??;
    let mut stream = Some(TokioIo::new(stream));
    // There is this one connection: a session that is lost is over.
    let connector = service_fn(move |_| {
        let stream = stream.take();
        async move { stream.ok_or_else(|| std::io::Error::other("the connection was lost")) }
    });
    let channel = Endpoint::from_shared(format!("http://{address}"))
        .with_context(|| format!("--connect is \"{address}\"; HOST:PORT would be right"))?
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .connect_with_connector(connector)
        .await
        .with_context(|| format!("{address} does not speak the outbound protocols"))?;
    Ok(OutboundClient::new(channel)
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE))
}

async fn open(desktop: &cli::Desktop, host: &str) -> anyhow::Result<Box<dyn Stream>> {
    let address = &desktop.connect;
    // The files first: what is wrong with them is no fault of the other side.
    let tls = desktop.tls_ca.as_deref().map(|ca| tls(desktop, ca));
    let tls = tls.transpose()?;
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("{address} cannot be connected with"))?;
    // Where it cannot be set, requests are only slower.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return Ok(Box::new(stream));
    };
    let name = ServerName::try_from(host.to_owned())
        .with_context(|| format!("\"{host}\" is no name that a certificate could have"))?;
    let stream = tls
        .connect(name, stream)
        .await
        .with_context(|| format!("TLS with {address} could not be agreed on"))?;
    Ok(Box::new(stream))
}

fn tls(desktop: &cli::Desktop, authorities: &Path) -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(authorities)? {
        let file = authorities.display();
        roots
            .add(authority)
            .with_context(|| format!("{file}: a certificate of no authority"))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let mut config = match (&desktop.tls_certificate, &desktop.tls_key) {
        (Some(certificate), Some(key)) => {
            let private_key = PrivateKeyDer::from_pem_file(key)
                .with_context(|| format!("{} holds no private key in PEM", key.display()))?;
            builder
                .with_client_auth_cert(certificates(certificate)?, private_key)
                .with_context(|| {
                    let (key, certificate) = (key.display(), certificate.display());
                    format!("the private key {key} does not go with {certificate}")
                })?
        }
        _ => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let certificates: Vec<_> =
        certificates.with_context(|| format!("{} holds no certificate in PEM", file.display()))?;
    anyhow::ensure!(
        !certificates.is_empty(),
        "{} holds no certificate in PEM",
        file.display()
    );
    Ok(certificates)
}
