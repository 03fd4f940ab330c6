//! One message to a web server, and its answer.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::time::{Instant, timeout_at};

use super::connect::connect;
use super::pool::{Connection, Pool};
use super::settings::Settings;
use super::signature::{MESSAGE_ID, SIGNATURE, TIMESTAMP, sign};
use super::target::{Origin, Target};

/// So much of a reply is read.
const MOST: usize = 64 << 10;

/// Why a web server gave no answer that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Its address is none.
    Address,
    NotConnected(String, String),
    /// The HTTP proxy does not lead there.
    Proxy(String, String),
    Tls(String),
    /// The connection ended, or what came was no HTTP.
    Broken(String),
    TimedOut(Duration),
    /// No connection was free, or was there, in time: nothing was sent.
    NotReached(Duration),
    /// The connection ended before anything of it was sent.
    NotSent(String),
    TooLong,
    /// It answered with another status than it should.
    Status(StatusCode),
}

/// A sentence for people; nothing of the message is in it.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("its address is not http(s)://host[:port]/path"),
            Self::NotConnected(at, why) => write!(f, "no connection to {at}: {why}"),
            Self::Proxy(at, why) => write!(f, "the HTTP proxy {at} does not lead there: {why}"),
            Self::Tls(why) => write!(f, "no TLS with it: {why}"),
            Self::Broken(why) => write!(f, "no whole reply came: {why}"),
            Self::TimedOut(within) => write!(f, "no reply came within {within:?}"),
            Self::NotReached(within) => write!(f, "no connection to it within {within:?}"),
            Self::NotSent(why) => write!(f, "the connection ended before anything was sent: {why}"),
            Self::TooLong => write!(f, "its reply is longer than {} KiB", MOST >> 10),
            Self::Status(status) if status.is_redirection() => {
                write!(f, "it answered {status}, and redirects are not followed")
            }
            Self::Status(status) => write!(f, "it answered {status}"),
        }
    }
}

impl Failure {
    /// Whether it is certain that the web server has nothing of the message.
    pub(crate) const fn is_unsent(&self) -> bool {
        matches!(
            self,
            Self::Address
                | Self::NotConnected(..)
                | Self::Proxy(..)
                | Self::Tls(_)
                | Self::NotReached(_)
                | Self::NotSent(_)
        )
    }
}

/// A message that goes out.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing<'a> {
    /// What it is called, over all times that it is sent.
    pub(crate) id: &'a str,
    /// UTC seconds.
    pub(crate) now: i64,
    /// JSON in UTF-8.
    pub(crate) json: &'a str,
    /// Whether it may be sent a second time where nobody knows if the first was heard.
    pub(crate) again: bool,
}

/// What a web server answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) retry_after: Option<HeaderValue>,
    /// Its body, or why it was not read.
    pub(crate) body: Result<Bytes, Failure>,
}

/// Speaks to web servers.
pub(crate) struct Client {
    settings: ArcSwap<Settings>,
    pools: Mutex<HashMap<Origin, Arc<Pool>>>,
}

impl Client {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings: ArcSwap::from_pointee(settings),
            pools: Mutex::default(),
        }
    }

    /// Speaks to them so from now on, on new connections.
    pub(super) fn take_up(&self, settings: Settings) {
        self.settings.store(Arc::new(settings));
        self.pools().clear();
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Sends a message and reads the answer.
    ///
    /// # Errors
    /// There was none in time.
    pub(crate) async fn post(&self, uri: &str, outgoing: Outgoing<'_>) -> Result<Reply, Failure> {
        let settings = self.settings();
        let target = Target::parse(uri).ok_or(Failure::Address)?;
        let pool = self.pool(&target.origin, &settings);
        let timed_out = || Failure::TimedOut(settings.timeout);
        let deadline = Instant::now() + settings.timeout;
        let Ok(Some(_place)) = timeout_at(deadline, pool.place()).await else {
            return Err(Failure::NotReached(settings.timeout));
        };
        let exchange = exchange(&target, &outgoing, &pool, &settings, deadline);
        let (response, connection) = exchange.await?;
        let (head, body) = response.into_parts();
        // Its status counts, whatever becomes of its body.
        let body = match timeout_at(deadline, read(body)).await {
            Ok(read) => read,
            Err(_) => Err(timed_out()),
        };
        if body.is_ok() {
            pool.give_back(connection);
        }
        Ok(Reply {
            status: head.status,
            content_type: head.headers.get(CONTENT_TYPE).cloned(),
            retry_after: head.headers.get(RETRY_AFTER).cloned(),
            body,
        })
    }

    fn pool(&self, origin: &Origin, settings: &Settings) -> Arc<Pool> {
        let mut pools = self.pools();
        if let Some(pool) = pools.get(origin) {
            return Arc::clone(pool);
        }
        let pool = Arc::new(Pool::new(settings.connections));
        pools.insert(origin.clone(), Arc::clone(&pool));
        pool
    }

    fn pools(&self) -> MutexGuard<'_, HashMap<Origin, Arc<Pool>>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a message, and reads the head of the answer. Until it begins to be sent, what ends
/// it says so: some messages must not be sent twice.
async fn exchange(
    target: &Target,
    outgoing: &Outgoing<'_>,
    pool: &Pool,
    settings: &Settings,
    deadline: Instant,
) -> Result<(Response<Incoming>, Connection), Failure> {
    let not_reached = || Failure::NotReached(settings.timeout);
    let body = encoded(outgoing.json, settings);
    // A web server may end a connection in the moment in which it is used again.
    loop {
        let Ok(idle) = timeout_at(deadline, pool.take()).await else {
            return Err(not_reached());
        };
        let Some(mut connection) = idle else {
            break;
        };
        let request = request(target, outgoing, body.clone(), settings)?;
        match timeout_at(deadline, connection.try_send_request(request)).await {
            Ok(Ok(response)) => return Ok((response, connection)),
            Ok(Err(error)) if outgoing.again || error.message().is_some() => {}
            Ok(Err(error)) => return Err(Failure::Broken(error.error().to_string())),
            Err(_) => return Err(Failure::TimedOut(settings.timeout)),
        }
    }
    let mut connection = match timeout_at(deadline, connect(&target.origin, settings)).await {
        Ok(connected) => connected?,
        Err(_) => return Err(not_reached()),
    };
    let request = request(target, outgoing, body, settings)?;
    match timeout_at(deadline, connection.try_send_request(request)).await {
        Ok(Ok(response)) => Ok((response, connection)),
        Ok(Err(error)) => {
            let why = error.error().to_string();
            Err(match error.message() {
                Some(_) => Failure::NotSent(why),
                None => Failure::Broken(why),
            })
        }
        Err(_) => Err(Failure::TimedOut(settings.timeout)),
    }
}

/// JSON in the encoding of the HTTP side (configuration.md, section 4).
fn encoded(json: &str, settings: &Settings) -> Bytes {
    if settings.encoding.is_utf_8() {
        return Bytes::copy_from_slice(json.as_bytes());
    }
    let mut body = Vec::with_capacity(json.len());
    settings.encoding.encode_json(json, &mut body);
    body.into()
}

fn request(
    target: &Target,
    outgoing: &Outgoing<'_>,
    body: Bytes,
    settings: &Settings,
) -> Result<Request<Full<Bytes>>, Failure> {
    let through_proxy = settings.proxy.is_some() && !target.origin.secured;
    let uri = match through_proxy {
        true => format!("http://{}{}", target.authority, target.path),
        false => target.path.clone(),
    };
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(uri)
        .header(HOST, target.authority.as_str())
        .header(USER_AGENT, concat!("OCS/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, settings.content_type.clone())
        .header(MESSAGE_ID, outgoing.id)
        .header(TIMESTAMP, outgoing.now);
    if let Some(key) = &settings.key {
        let signature = sign(key, outgoing.id, outgoing.now, &body);
        request = request.header(SIGNATURE, signature);
    }
    request.body(Full::new(body)).map_err(|_| Failure::Address)
}

/// Reads a body, up to a limit.
async fn read(mut body: Incoming) -> Result<Bytes, Failure> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::Broken(error.to_string()))?;
        if let Some(data) = frame.data_ref() {
            if read.len() + data.len() > MOST {
                return Err(Failure::TooLong);
            }
            read.extend_from_slice(data);
        }
    }
    Ok(read.freeze())
}
