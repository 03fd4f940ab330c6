//! Sends what the outbox holds: to each web server so many messages at a time, of one
//! attempt one after another, and each until it is taken or given up.
//!
//! Of the outbox only a page is in memory. What became of messages is written some at a
//! time; a message that was taken and is still there when OCS ends is sent again, under the
//! same number.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use http::StatusCode;
use ocs_rules::change::Change;
use ocs_rules::notification::{self, DestinationId, Fate, Settled};
use ocs_store::{Destination, OutboxMessage, Request};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::breaker::{May, Pass};
use super::client::{Failure, Outgoing};
use crate::core::Core;

/// Messages of a page, and what is written of them at once.
const PAGE: u32 = 256;

/// Messages to one web server that OCS knows of at once: those that are to be sent, that
/// are on their way, and whose fate is not written yet.
const KNOWN: usize = 1_024;

/// Until the store is asked again that gave no answer.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Sends the outbox until it is stopped.
pub(crate) struct Sender {
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Sender {
    pub(crate) fn start(core: Core) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(send_all(core, stopped));
        Self { stop, task }
    }

    /// Takes no more messages up, waits so long for those on their way, and writes what
    /// became of them, so that they are not sent again.
    pub(crate) async fn stop(self, patience: Duration) {
        let _ = self.stop.send(true);
        let abort = self.task.abort_handle();
        if tokio::time::timeout(patience, self.task).await.is_err() {
            abort.abort();
        }
    }
}

/// Begins with each web server as soon as something is there for it.
async fn send_all(core: Core, mut stopped: watch::Receiver<bool>) {
    let mut posted = core.store.posted();
    let mut begun = HashSet::new();
    let mut tasks = JoinSet::new();
    loop {
        for destination in core.store.destinations() {
            if begun.insert(destination.id) {
                let mail = Mail::new(destination, core.clone());
                tasks.spawn(mail.send(stopped.clone()));
            }
        }
        tokio::select! {
            changed = posted.changed() => if changed.is_err() {
                break;
            },
            _ = stopped.wait_for(|stopped| *stopped) => break,
        }
    }
    tasks.join_all().await;
}

/// What goes to one web server.
struct Mail {
    destination: Destination,
    core: Core,
    /// Messages that are to be sent, the oldest first.
    ready: VecDeque<OutboxMessage>,
    on_their_way: JoinSet<Settled>,
    /// What is to be written.
    settled: Vec<Settled>,
    /// What is being written.
    writing: Option<(Vec<Settled>, oneshot::Receiver<bool>)>,
    /// All of those.
    known: HashSet<i64>,
    /// Whether the store may have more.
    more: bool,
    /// When it is looked for more in any case.
    look_at: Option<Instant>,
}

impl Mail {
    fn new(destination: Destination, core: Core) -> Self {
        Self {
            destination,
            core,
            ready: VecDeque::new(),
            on_their_way: JoinSet::new(),
            settled: Vec::new(),
            writing: None,
            known: HashSet::new(),
            more: true,
            look_at: None,
        }
    }

    async fn send(mut self, mut stopped: watch::Receiver<bool>) {
        let mut posted = self.core.store.posted();
        while !*stopped.borrow() {
            posted.borrow_and_update();
            self.take_some().await;
            let again = self.begin_some();
            self.write_some();
            let look_at = [again, self.look_at].into_iter().flatten().min();
            let look_at = look_at.map(tokio::time::Instant::from_std);
            tokio::select! {
                Some(sent) = self.on_their_way.join_next() => self.came_back(sent),
                written = done(&mut self.writing) => self.written(written),
                changed = posted.changed() => match changed {
                    Ok(()) => self.more = true,
                    Err(_) => break,
                },
                () = sleep_until(look_at) => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        }
        while let Some(sent) = self.on_their_way.join_next().await {
            self.came_back(sent);
        }
        while self.writing.is_some() || !self.settled.is_empty() {
            self.write_some();
            let written = done(&mut self.writing).await;
            self.written(written);
            if !written {
                return;
            }
        }
    }

    /// Takes up messages that are due, where there is room for them.
    async fn take_some(&mut self) {
        let is_time = self.look_at.is_some_and(|at| at <= Instant::now());
        let few = self.ready.len() < PAGE as usize / 2;
        if !(self.more || is_time) || !few || self.known.len() >= KNOWN {
            return;
        }
        let limit = PAGE + u32::try_from(self.known.len()).unwrap_or(u32::MAX / 2);
        let now = (self.core.clock)().as_second();
        let reader = self.core.store.reader();
        match reader.unsent(self.destination.id, now, limit).await {
            Ok(page) => {
                let before = self.known.len();
                for message in page.messages {
                    if self.known.insert(message.id) {
                        self.ready.push_back(message);
                    }
                }
                // Messages that are known stand in front until they are written.
                self.more = page.more && self.known.len() > before;
                let seconds = page.next_due.map(|due| (due - now).max(1).unsigned_abs());
                self.look_at = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
            }
            Err(error) => {
                tracing::warn!(%error, "the outbox could not be read; it is tried again");
                self.more = false;
                self.look_at = Some(Instant::now() + STORE_PAUSE);
            }
        }
    }

    /// Sends what may be sent; when to ask again where the web server is left alone.
    fn begin_some(&mut self) -> Option<Instant> {
        let most = self.core.web.client.settings().connections;
        let now = Instant::now();
        while self.on_their_way.len() < most && !self.ready.is_empty() {
            let pass = match self.core.web.breakers.may(&self.destination.uri, now) {
                May::Pass(pass) => pass,
                May::Not(pause) => return Some(now + pause),
            };
            if let Some(message) = self.ready.pop_front() {
                let (core, destination) = (self.core.clone(), self.destination.clone());
                self.on_their_way
                    .spawn(send_one(message, destination, pass, core));
            }
        }
        None
    }

    fn came_back(&mut self, sent: Result<Settled, tokio::task::JoinError>) {
        match sent {
            Ok(settled) => self.settled.push(settled),
            // It stays known, and is sent again by the next OCS.
            Err(error) => {
                tracing::error!(%error, "a message to a web server was given up by a fault");
            }
        }
    }

    /// Writes what became of messages, where nothing of it is being written.
    fn write_some(&mut self) {
        if self.writing.is_some() || self.settled.is_empty() {
            return;
        }
        let some = self.settled.len().min(PAGE as usize);
        let written: Vec<_> = self.settled.drain(..some).collect();
        let (told, answer) = oneshot::channel();
        let change = Request::from(Change::Settle(written.clone()));
        let reply = Box::new(move |outcomes: ocs_store::Outcomes| {
            let _ = told.send(outcomes.iter().all(Result::is_ok));
        });
        // Where the queue is full, the answer never comes: it is dropped here.
        let _ = self.core.store.submit(vec![change], Vec::new(), reply);
        self.writing = Some((written, answer));
    }

    fn written(&mut self, well: bool) {
        let Some((written, _)) = self.writing.take() else {
            return;
        };
        if well {
            for settled in &written {
                self.known.remove(&settled.message);
            }
            // What came behind them in their attempts may go now.
            self.more = true;
        } else {
            self.settled.extend(written);
        }
    }
}

/// Whether what was being written is; waits for ever where nothing is.
async fn done(writing: &mut Option<(Vec<Settled>, oneshot::Receiver<bool>)>) -> bool {
    match writing {
        Some((_, answer)) => {
            let well = answer.await.unwrap_or(false);
            if !well {
                tracing::warn!("what became of messages was not written; it is tried again");
                tokio::time::sleep(STORE_PAUSE).await;
            }
            well
        }
        None => std::future::pending().await,
    }
}

async fn sleep_until(moment: Option<tokio::time::Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Sends one message once.
async fn send_one(
    message: OutboxMessage,
    destination: Destination,
    pass: Pass,
    core: Core,
) -> Settled {
    let id = message.id.to_string();
    let outgoing = Outgoing {
        id: &id,
        now: (core.clock)().as_second(),
        json: &message.body,
        again: true,
    };
    let answered = match core.web.client.post(&destination.uri, outgoing).await {
        Ok(reply) if reply.status == StatusCode::OK => Ok(()),
        Ok(reply) => Err(Failure::Status(reply.status)),
        Err(failure) => Err(failure),
    };
    let fate = match answered {
        Ok(()) => {
            pass.answered();
            Fate::Taken
        }
        Err(failure) => {
            pass.failed(&failure.to_string(), Instant::now());
            after_failure(&message, &destination, &failure, &core)
        }
    };
    settled(message.id, destination.id, fate)
}

const fn settled(message: i64, destination: DestinationId, fate: Fate) -> Settled {
    Settled {
        message,
        destination,
        fate,
    }
}

fn after_failure(
    message: &OutboxMessage,
    destination: &Destination,
    failure: &Failure,
    core: &Core,
) -> Fate {
    let tries = message.tries.saturating_add(1);
    if message.retries.is_some_and(|retries| tries > retries) {
        tracing::error!(
            message = message.id,
            uri = destination.uri,
            "a message ({}) is given up after {tries} times: {failure}",
            destination.kind.name()
        );
        return Fate::GivenUp;
    }
    tracing::debug!(
        message = message.id,
        uri = destination.uri,
        "a message was not taken: {failure}"
    );
    let now = (core.clock)();
    // Not a moment sooner: what is due is known by the second.
    let begun = i64::from(now.subsec_nanosecond() > 0);
    Fate::Again(now.as_second() + begun + notification::pause(tries))
}
