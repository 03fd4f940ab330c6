//! The way of many items to OCS and of their answers back, both at the same time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ocs_encoding::Encoding;
use ocs_log::Log;
use ocs_protocol::outbound::{BulkMessage, UserEvent};
use ocs_protocol::refusal::Refusal;
use ocs_protocol::wire::{WireBulkOutcome, WireEvent};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tonic::Streaming;
use tracing::level_filters::LevelFilter;

use super::batch::Batch;
use super::lines::{self, Sender};
use super::source::Source;
use super::{Asked, Begun, Cut};
use crate::entry;
use crate::link::{Bulk, unknown};
use crate::settings::Limits;

/// How long items wait for more before they go in a message that is not full.
const GATHER: Duration = Duration::from_millis(10);

/// How long no credit comes before the body is read ahead: the client may be one that
/// reads its reply only when it has written everything.
const STALLED: Duration = Duration::from_millis(250);

/// An AddRecords on its way.
pub(super) struct Passage {
    pub(super) source: Source,
    pub(super) batch: Batch,
    pub(super) atomic: bool,
    pub(super) limits: Limits,
    /// What the reply is in.
    pub(super) encoding: Encoding,
    pub(super) report: Report,
    pub(super) _place: OwnedSemaphorePermit,
}

/// What both directions know.
struct Shared {
    credits: Semaphore,
    /// Items that were sent and not answered; the end of an atomic request counts as
    /// one more, as its answers come after it.
    unanswered: AtomicU64,
    /// What the end counts as.
    end: u64,
}

/// How the reply begins: line by line, or as a refusal of everything.
type Head = oneshot::Sender<Result<(), Refused>>;

enum Refused {
    ByOcs(WireEvent),
    Here(Refusal),
}

/// How the way back ended.
enum Answers {
    Whole,
    /// OCS refused all of it.
    Refused(WireEvent),
    /// OCS answered no more.
    Lost(Refusal),
    /// The client reads no more.
    Unread,
}

impl Passage {
    /// Sets off; ends with the beginning of the reply.
    pub(super) async fn begin(self, bulk: Bulk) -> Result<Begun, Refusal> {
        let (sender, lines) = lines::lines();
        let (head, begins) = oneshot::channel();
        tokio::spawn(self.go(bulk, sender, head));
        match begins.await {
            Ok(Ok(())) => Ok(Begun::Lines(lines)),
            Ok(Err(Refused::ByOcs(event))) => Ok(Begun::Refused(event)),
            Ok(Err(Refused::Here(refusal))) => Err(refusal),
            Err(_) => Err(unknown("HTTP Proxy gave the request up")),
        }
    }

    async fn go(mut self, bulk: Bulk, reply: Sender, head: Head) {
        let mut head = Some(head);
        tokio::select! {
            biased;
            // What was sent is done all the same; of an atomic request, nothing.
            () = reply.closed() => self.report.status = None,
            () = self.there_and_back(bulk, &reply, &mut head) => {}
        }
        self.report.received = self.source.received;
        self.report.write();
    }

    async fn there_and_back(&mut self, bulk: Bulk, reply: &Sender, head: &mut Option<Head>) {
        let shared = Shared {
            credits: Semaphore::new(bulk.credits as usize),
            unanswered: AtomicU64::new(0),
            end: u64::from(self.atomic),
        };
        let Self {
            source,
            batch,
            atomic,
            limits,
            encoding,
            report,
            ..
        } = self;
        let there = send(source, batch, *atomic, bulk.outgoing, &shared);
        let incoming = bulk.incoming;
        let back = receive(incoming, limits, *encoding, &shared, reply, head, report);
        let (sent, answers) = tokio::join!(there, back);
        let last = match (sent, answers) {
            (_, Answers::Unread) => {
                let _ = reply.try_send(Err(Cut));
                return;
            }
            (_, Answers::Refused(event)) => Some(Refused::ByOcs(event)),
            (Err(refusal), _) | (Ok(()), Answers::Lost(refusal)) => Some(Refused::Here(refusal)),
            (Ok(()), Answers::Whole) => None,
        };
        match (head.take(), last) {
            (Some(head), None) => {
                report.status = Some(200);
                let _ = head.send(Ok(()));
            }
            (Some(head), Some(refused)) => {
                report.status = None;
                report.refused = true;
                let _ = head.send(Err(refused));
            }
            (None, None) => {}
            (None, Some(refused)) => {
                let event = match refused {
                    Refused::ByOcs(event) => event,
                    Refused::Here(refusal) => WireEvent::from(&refusal.into_event(None)),
                };
                let mut line = Vec::new();
                lines::push(&mut line, &event, *encoding);
                report.sent += line.len() as u64;
                let _ = reply
                    .send_timeout(Ok(line.into()), limits.idle_timeout)
                    .await;
            }
        }
    }
}

/// Sends what the body brings.
///
/// # Errors
/// The body cannot be read to its end. What was read is sent, unless it is all or
/// none.
async fn send(
    source: &mut Source,
    batch: &mut Batch,
    atomic: bool,
    outgoing: mpsc::Sender<BulkMessage>,
    shared: &Shared,
) -> Result<(), Refusal> {
    if source.is_too_large() {
        return Err(crate::body::too_large(source.limit()));
    }
    let fault = loop {
        let next = if batch.has_some() {
            tokio::time::timeout(GATHER, source.next()).await
        } else {
            Ok(source.next().await)
        };
        let (fed, all) = match next {
            // Nothing more comes just now.
            Err(_) => (Ok(()), true),
            Ok(Ok(Some(piece))) => (batch.feed(&piece), false),
            Ok(Ok(None)) => {
                let finished = batch.finish();
                if finished.is_ok() || !atomic {
                    send_all(source, batch.messages(true), &outgoing, shared).await;
                }
                break finished.err();
            }
            Ok(Err(refusal)) => (Err(refusal), false),
        };
        if let Err(refusal) = fed {
            if !atomic {
                send_all(source, batch.messages(true), &outgoing, shared).await;
            }
            break Some(refusal);
        }
        if !send_all(source, batch.messages(all), &outgoing, shared).await {
            return Ok(());
        }
    };
    if fault.is_none() || !atomic {
        shared.unanswered.fetch_add(shared.end, Ordering::Relaxed);
        let end = BulkMessage {
            end: true,
            cut_short: fault.is_some(),
            ..BulkMessage::default()
        };
        // Where OCS is gone, the way back says so.
        let _ = outgoing.send(end).await;
    }
    fault.map_or(Ok(()), Err)
}

/// Sends messages as credits come; whether OCS still takes them.
async fn send_all(
    source: &mut Source,
    messages: Vec<BulkMessage>,
    outgoing: &mpsc::Sender<BulkMessage>,
    shared: &Shared,
) -> bool {
    for message in messages {
        if !credit(source, &shared.credits).await {
            return false;
        }
        let items = message.items.len() as u64;
        shared.unanswered.fetch_add(items, Ordering::Relaxed);
        if outgoing.send(message).await.is_err() {
            return false;
        }
        // Reading many items takes its time: others have theirs too.
        tokio::task::yield_now().await;
    }
    true
}

/// Waits for a credit and uses it up; `false` when none comes any more.
async fn credit(source: &mut Source, credits: &Semaphore) -> bool {
    let used = |permit: Result<tokio::sync::SemaphorePermit<'_>, _>| match permit {
        Ok(permit) => {
            permit.forget();
            true
        }
        Err(_) => false,
    };
    if let Ok(permit) = tokio::time::timeout(STALLED, credits.acquire()).await {
        return used(permit);
    }
    loop {
        tokio::select! {
            biased;
            permit = credits.acquire() => return used(permit),
            () = source.read_ahead() => {}
        }
    }
}

/// Receives answers, and makes lines of them, until the last.
async fn receive(
    mut incoming: Streaming<WireBulkOutcome>,
    limits: &Limits,
    encoding: Encoding,
    shared: &Shared,
    reply: &Sender,
    head: &mut Option<Head>,
    report: &mut Report,
) -> Answers {
    let answers = loop {
        let unanswered = || shared.unanswered.load(Ordering::Relaxed);
        let message = match tokio::time::timeout(limits.reply_timeout, incoming.message()).await {
            Ok(Ok(message)) => message,
            Ok(Err(_)) => break lost(),
            // Nothing was asked for so long.
            Err(_) if unanswered() == 0 => continue,
            Err(_) => break Answers::Lost(unknown("OCS did not answer in time")),
        };
        let Some(outcome) = message else {
            break if unanswered() > shared.end {
                lost()
            } else {
                Answers::Whole
            };
        };
        if let Some(refused) = outcome.refused {
            break Answers::Refused(WireEvent::new(refused));
        }
        let answered = outcome.events.len() as u64;
        if answered > 0 {
            let mut lines = Vec::with_capacity(outcome.events.len() * 320);
            for event in outcome.events {
                let event = WireEvent::new(event);
                lines::push(&mut lines, &event, encoding);
                report.items_of.line("answered", &event);
            }
            shared.unanswered.fetch_sub(answered, Ordering::Relaxed);
            report.items += answered;
            report.sent += lines.len() as u64;
            if let Some(head) = head.take() {
                report.status = Some(200);
                let _ = head.send(Ok(()));
            }
            let sent = reply.send_timeout(Ok(lines.into()), limits.idle_timeout);
            if sent.await.is_err() {
                break Answers::Unread;
            }
        }
        shared.credits.add_permits(outcome.credits as usize);
    };
    // Nobody waits for one any more.
    shared.credits.close();
    answers
}

fn lost() -> Answers {
    Answers::Lost(unknown("the connection to OCS was lost"))
}

/// What the log says of the request when it is done. One that is refused as a whole
/// leaves the usual line instead.
pub(super) struct Report {
    log: Log,
    client: String,
    credential: String,
    target: String,
    started: Instant,
    status: Option<u16>,
    refused: bool,
    received: u64,
    sent: u64,
    items: u64,
    items_of: ItemLog,
}

/// What the log says of items, at debug level.
#[derive(Clone)]
pub(super) struct ItemLog {
    log: Log,
    client: String,
}

impl ItemLog {
    /// The attributes of an item, or of its answer.
    pub(super) fn line(&self, key: &str, event: &WireEvent) {
        if let Some(line) = self.log.line(LevelFilter::DEBUG, "item") {
            let attributes = entry::attributes(event, self.log.contact_info());
            let line = line.text("client", &self.client);
            self.log.write(line.text(key, &attributes));
        }
    }

    pub(super) fn asked(&self, event: &UserEvent) {
        if self.log.writes(LevelFilter::DEBUG) {
            self.line("asked", &WireEvent::from(event));
        }
    }
}

impl Report {
    pub(super) fn new(asked: &Asked<'_>, started: Instant) -> Self {
        let log = asked.log;
        let client = asked.client;
        Self {
            log: log.clone(),
            client: client.address.clone(),
            credential: asked.credential.to_owned(),
            target: entry::target(&asked.head.uri, log.contact_info()).into_owned(),
            started,
            status: None,
            refused: false,
            received: 0,
            sent: 0,
            items: 0,
            items_of: ItemLog {
                log: log.clone(),
                client: client.address.clone(),
            },
        }
    }

    /// What the log says of each item.
    pub(super) fn of_items(&self) -> ItemLog {
        self.items_of.clone()
    }

    fn write(self) {
        if self.refused {
            return;
        }
        let Some(line) = self.log.line(LevelFilter::INFO, "request") else {
            return;
        };
        let took = self.started.elapsed().as_micros();
        let mut line = line.text("client", &self.client);
        if !self.credential.is_empty() {
            line = line.text("by", &self.credential);
        }
        let mut line = line.text("method", "POST").text("target", &self.target);
        if let Some(status) = self.status {
            line = line.number("status", status);
        }
        let line = line
            .number("received", self.received)
            .number("sent", self.sent)
            .number("items", self.items)
            .number("us", u64::try_from(took).unwrap_or(u64::MAX))
            .text("request", "AddRecords");
        self.log.write(line);
    }
}
