//! One request's way through HTTP Proxy.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::header::{DATE, EXPECT, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use ocs_log::Log;
use ocs_protocol::attribute::{
    GSW_AGENT_REQ_TYPE, GSW_CALLING_LIST, GSW_CAMPAIGN_GROUP_DBID, GSW_CUSTOMER_ID, GSW_ERROR,
    GSW_ERROR_ATTRIBUTE, GSW_ERROR_NUMBER, GSW_PHONE, GSW_RECORD_HANDLE, GSW_REFERENCE_ID,
};
use ocs_protocol::error::ErrorNumber;
use ocs_protocol::event::Value;
use ocs_protocol::outbound::client_message::Body as Asked;
use ocs_protocol::outbound::{ClientMessage, Listener, Pair, UserEvent};
use ocs_protocol::refusal::{ERROR_MESSAGE, Refusal, quoted};
use ocs_protocol::wire::WireEvent;
use tracing::level_filters::LevelFilter;

use crate::access::{Admitted, Failures, Port, Refused, Sender};
use crate::entry::Entry;
use crate::link::Link;
use crate::reply::{self, Body, Extra};
use crate::route::{Ask, Route, Routes, Target};
use crate::settings::Settings;
use crate::{authority, body, bulk, idempotency, openapi};

/// Bytes of a request's target.
pub(crate) const TARGET: usize = 8_192;

/// How long a connection keeps what hyper needs after a reply: most next requests come
/// sooner, or much later. In a crowd, no longer than between two requests in a row.
const REST: Duration = Duration::from_secs(1);
const REST_IN_A_CROWD: Duration = Duration::from_millis(50);
const CROWD: usize = 1_000;

/// What all connections share.
pub(crate) struct Gateway {
    link: Link,
    /// Places for requests of many records.
    bulk: bulk::Places,
    /// Room for bodies.
    room: body::Room,
    /// What is worked by now; a reload brings others. A request keeps to those that it
    /// began with.
    settings: ArcSwap<Settings>,
    /// How often others were taken up: who keeps something of them sees by it that he has
    /// to look again.
    taken_up: AtomicU64,
    /// Connections that have what hyper needs, each a handle to this.
    talking: Arc<()>,
    /// The ports that are open, whatever the settings say by now.
    ports: Vec<Port>,
    /// Who has shown wrong tokens.
    failures: Failures,
    refused: Refused,
    log: Log,
    /// Made when it is first asked for. The tenant that it names waits for a restart.
    description: OnceLock<Bytes>,
}

/// Who is at the other end of a connection.
pub(crate) struct Client {
    /// With its port.
    pub(crate) address: String,
    /// Without it.
    pub(crate) host: String,
    /// The same, to compare with.
    pub(crate) ip: IpAddr,
    /// The port it came in by, as an index into the settings.
    pub(crate) listener: u32,
    /// The subject of the certificate that it has shown, in the form of RFC 4514, where
    /// the port asks for one (`mutual`).
    pub(crate) certificate_subject: Option<Arc<str>>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, listener: u32) -> Self {
        Self {
            address: address.to_string(),
            // One client has one address, whichever kind of port it came in by.
            host: address.ip().to_canonical().to_string(),
            ip: address.ip(),
            listener,
            certificate_subject: None,
        }
    }
}

/// What answers a request.
enum Answer {
    Event(WireEvent),
    /// The description of the interface.
    Description,
    /// What came of items, line by line; it leaves its line in the log by itself.
    Lines(bulk::Lines),
}

impl Gateway {
    pub(crate) fn new(link: Link, settings: Settings, opened: &[Listener], log: Log) -> Self {
        Self {
            link,
            bulk: bulk::Places::default(),
            room: body::Room::default(),
            settings: ArcSwap::from_pointee(settings),
            taken_up: AtomicU64::new(0),
            talking: Arc::default(),
            ports: opened.iter().map(Port::new).collect(),
            failures: Failures::default(),
            refused: Refused::default(),
            log,
            description: OnceLock::new(),
        }
    }

    /// What is worked by at this moment.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Works by other settings from now on.
    pub(crate) fn take_up(&self, settings: Settings) {
        self.log.set_level(settings.log.level);
        self.settings.store(Arc::new(settings));
        self.taken_up.fetch_add(1, Ordering::Release);
    }

    /// A connection has what hyper needs, until it drops this.
    pub(crate) fn talks(&self) -> Arc<()> {
        Arc::clone(&self.talking)
    }

    /// How long a connection keeps that after a reply.
    pub(crate) fn rest(&self) -> Duration {
        match Arc::strong_count(&self.talking) {
            0..=CROWD => REST,
            _ => REST_IN_A_CROWD,
        }
    }

    /// How often other settings were taken up.
    pub(crate) fn times_taken_up(&self) -> u64 {
        self.taken_up.load(Ordering::Acquire)
    }

    /// Answers one request, whatever it is.
    pub(crate) async fn handle(
        &self,
        client: &Client,
        request: Request<Incoming>,
    ) -> Response<Body> {
        let settings = self.settings();
        let (head, body) = request.into_parts();
        let mut entry = Entry::begin(&self.log, client, &head);
        let mut extra = Extra::default();
        let answer = self.answer(client, &settings, &head, body, &mut entry, &mut extra);
        let answer = answer.await;
        let event = match answer {
            Ok(Answer::Description) => {
                let description = self.description(&settings.tenant);
                let reply = reply::document(description, &settings, &extra);
                entry.answered(&reply, None);
                return reply.map(Body::whole);
            }
            Ok(Answer::Lines(lines)) => {
                entry.left_to_others();
                return reply::lines(&settings).map(|()| Body::Lines(lines));
            }
            Ok(Answer::Event(event)) => event,
            Err(refusal) => WireEvent::from(&refusal.into_event(entry.reference)),
        };
        self.note_refusal(client, entry.credential, &event);
        let reply = reply::reply(&event, &settings, &extra);
        entry.answered(&reply, Some(&event));
        reply.map(Body::whole)
    }

    /// Says in the log what a rule refused, here or in OCS.
    fn note_refusal(&self, client: &Client, by: &str, event: &WireEvent) {
        if event.name() != Some(ERROR_MESSAGE) {
            return;
        }
        let number = event.integer(GSW_ERROR_NUMBER);
        let number = number.and_then(ErrorNumber::from_number);
        let sentence = event.text(GSW_ERROR).unwrap_or_default();
        let contact_info = self.log.contact_info();
        let sentence = match event.text(GSW_ERROR_ATTRIBUTE) {
            Some(GSW_PHONE | GSW_CUSTOMER_ID) => contact_info.sentence(sentence),
            // Some put a phone where the name of a calling list belongs.
            Some(GSW_CALLING_LIST) => contact_info.sentence_of_names(sentence),
            _ => sentence.into(),
        };
        if let Some(number) = number {
            self.refused.note(number, &client.address, by, &sentence);
        }
    }

    fn description(&self, tenant: &str) -> Bytes {
        let made = || openapi::description(tenant).into();
        self.description.get_or_init(made).clone()
    }

    /// The whole reply, head and body, to what could not be read as a request. The date
    /// is that of the reply which this one takes the place of.
    pub(crate) fn refuse_unread(
        &self,
        client: &Client,
        refusal: Refusal,
        date: Option<&str>,
    ) -> Vec<u8> {
        let number = refusal.number;
        let event = WireEvent::from(&refusal.into_event(None));
        let extra = Extra {
            close: true,
            ..Extra::default()
        };
        let mut reply = reply::reply(&event, &self.settings(), &extra);
        if let Some(date) = date.and_then(|date| HeaderValue::from_str(date).ok()) {
            reply.headers_mut().insert(DATE, date);
        }
        if let Some(line) = self.log.line(LevelFilter::INFO, "request") {
            let line = line
                .text("client", &client.address)
                .number("status", reply.status().as_u16())
                .number("sent", reply.body().len() as u64)
                .number("error", number.number());
            self.log.write(line);
        }
        reply::on_the_wire(&reply)
    }

    async fn answer<'a>(
        &self,
        client: &Client,
        settings: &'a Settings,
        head: &Parts,
        mut body: Incoming,
        entry: &mut Entry<'a>,
        extra: &mut Extra,
    ) -> Result<Answer, Refusal> {
        let limits = &settings.limits;
        authority::check(head).inspect_err(|_| extra.close = true)?;
        let found = self.find(client, settings, head, entry, extra).await;
        let unread = found.as_ref().map_or(true, |(route, _)| route.is_read());
        if unread && !body.is_end_stream() {
            // Who waits for the word to send is not given it.
            extra.close |=
                head.headers.contains_key(EXPECT) || !body::pass_over(&mut body, limits.body).await;
        }
        // What follows a CONNECT is for somebody else.
        extra.close |= head.method == Method::CONNECT;
        let (route, target) = found?;
        let request = match route.ask {
            Ask::Ocs(request) => request,
            Ask::Description => return Ok(Answer::Description),
            Ask::AddRecords => {
                entry.request = route.req.first().copied();
                let asked = bulk::Asked {
                    route,
                    target,
                    head,
                    client,
                    credential: entry.credential,
                    settings,
                    log: &self.log,
                };
                // Boxed: its place would be kept in every connection.
                let begun = Box::pin(bulk::add_records(asked, body, &self.link, &self.bulk));
                let begun = begun.await;
                // What is left of a body that was not taken is no next request.
                extra.close = !matches!(begun, Ok(bulk::Begun::Lines(_)));
                return Ok(match begun? {
                    bulk::Begun::Refused(event) => Answer::Event(event),
                    bulk::Begun::Lines(lines) => Answer::Lines(lines),
                });
            }
        };
        entry.request = Some(request.name());
        let mut message = ClientMessage {
            listener: client.listener,
            client: client.host.clone(),
            credential: entry.credential.to_owned(),
            ..ClientMessage::default()
        };
        let pairs = if route.is_read() {
            Target::pairs(&head.uri, route.query)?
        } else {
            let collected = body::collect(body, &self.room, limits.body, limits.head_timeout).await;
            // What is left of a body that was not taken is no next request.
            extra.close = collected.is_err();
            let bytes = collected?;
            entry.received = bytes.len();
            if let Some(key) = idempotency::key(&head.headers)? {
                key.clone_into(&mut message.idempotency_key);
                message.fingerprint = idempotency::fingerprint(head, &bytes);
            }
            body::read(&head.headers, &bytes, settings.encoding)?
        };
        let event;
        (event, entry.reference) = to_event(route, request.name(), &target, pairs);
        let event = event?;
        entry.asked(&event);
        message.body = Some(Asked::Request(event));
        let answer = self.link.ask(message, limits).await?;
        Ok(Answer::Event(answer))
    }

    /// Finds what a request asks for, and whether its client may ask for it.
    async fn find<'a>(
        &self,
        client: &Client,
        settings: &'a Settings,
        head: &Parts,
        entry: &mut Entry<'a>,
        extra: &mut Extra,
    ) -> Result<(&'static Route, Target), Refusal> {
        let target = Target::read(&head.uri, &settings.tenant)?;
        let routes = Routes::find(&head.method, &target).map_err(|no_route| {
            extra.allow = no_route.allow;
            no_route.refusal
        })?;
        let admitted = self.admit(client, settings, head, entry, extra).await?;
        admitted.check(routes.rights())?;
        admitted.check_list(target.calling_list())?;
        admitted
            .count(entry.started)
            .map_err(|(seconds, refusal)| {
                extra.retry_after = Some(seconds);
                refusal
            })?;
        let route = routes.named(target.req()?)?;
        admitted.check(route.rights)?;
        Ok((route, target))
    }

    /// Lets a client in, from wherever it comes.
    async fn admit<'a>(
        &self,
        client: &Client,
        settings: &'a Settings,
        head: &Parts,
        entry: &mut Entry<'a>,
        extra: &mut Extra,
    ) -> Result<Admitted<'a>, Refusal> {
        let access = &settings.access;
        let index = client.listener as usize;
        let Some(port) = self.ports.get(index) else {
            return Err(Refusal::new(
                ErrorNumber::InternalFault,
                "a fault of OCS; its log has more",
            ));
        };
        access.check_page(head, port)?;
        let sender = Sender {
            address: client.ip,
            subject: client.certificate_subject.as_deref(),
        };
        match access.admit(&sender, port, &head.headers) {
            Ok(admitted) => {
                entry.credential = admitted.credential();
                Ok(admitted)
            }
            Err(unknown) => {
                if unknown.by_token && !self.failures.hold(client.ip).await {
                    // Whoever comes in crowds has to connect anew.
                    extra.close = true;
                }
                Err(unknown.refusal)
            }
        }
    }
}

/// The user event of a request, and the client's reference number in it. What the
/// URI says goes first; the body may repeat it, never contradict it.
pub(crate) fn to_event(
    route: &Route,
    request: &str,
    target: &Target,
    pairs: Vec<Pair>,
) -> (Result<UserEvent, Refusal>, Option<i64>) {
    let mut event = UserEvent::request(request);
    let mut agreed = Ok(());
    event.pairs.reserve(pairs.len() + 1);
    let identified = route.resource.identifier.as_ref().zip(target.identifier());
    if let Some((identifier, value)) = identified {
        event.pairs.push(Pair::text(identifier.attribute, value));
    }
    let from_uri = event.pairs.len();
    for pair in pairs {
        match event.pairs[..from_uri]
            .iter()
            .find(|known| known.key == pair.key)
        {
            None => event.pairs.push(pair),
            Some(known) => {
                if !agree(route, known, &pair) && agreed.is_ok() {
                    agreed = Err(contradiction(known, &pair));
                }
            }
        }
    }
    let reference = event.reference();
    let reference_is_wrong = reference.is_none() && event.get(GSW_REFERENCE_ID).is_some();
    if agreed.is_ok() && reference_is_wrong {
        let shown = event
            .get(GSW_REFERENCE_ID)
            .map(|value| value.shown().into_owned());
        agreed = Err(Refusal::invalid(
            GSW_REFERENCE_ID,
            &shown.unwrap_or_default(),
            "it must be a 64-bit integer",
        ));
    }
    (agreed.map(|()| event), reference)
}

/// Whether the body says the same as the URI: the same text, the same number, or
/// an alias of the same request.
fn agree(route: &Route, uri: &Pair, body: &Pair) -> bool {
    let (Some(uri_value), Some(body_value)) = (&uri.value, &body.value) else {
        return true;
    };
    let (uri_text, body_text) = (uri_value.shown(), body_value.shown());
    if uri_text == body_text {
        return true;
    }
    if uri.key == GSW_AGENT_REQ_TYPE {
        return route.req.contains(&&*body_text);
    }
    let number = |value: &Value| value.shown().trim().parse::<i64>().ok();
    matches!(&*uri.key, GSW_RECORD_HANDLE | GSW_CAMPAIGN_GROUP_DBID)
        && number(uri_value).is_some()
        && number(uri_value) == number(body_value)
}

fn contradiction(uri: &Pair, body: &Pair) -> Refusal {
    let shown = |pair: &Pair| {
        quoted(
            &pair
                .value
                .as_ref()
                .map_or_else(Default::default, Value::shown),
        )
    };
    Refusal::new(
        ErrorNumber::Contradiction,
        format!(
            "{} is {} in the body and {} in the URI; send the same, or leave it out of the body",
            body.key,
            shown(body),
            shown(uri)
        ),
    )
    .at(body.key.clone())
}
