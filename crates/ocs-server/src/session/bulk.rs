//! AddRecords: many records at once, on a stream of its own (http-interface.md,
//! section 6). Batches go by the store's bulk lane, so that single requests never wait
//! for more than one of them.

use std::sync::Arc;
use std::time::Duration;

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::bulk_item::Item as Sent;
use ocs_protocol::outbound::{BulkItem, BulkMessage, BulkOutcome, BulkStart, UserEvent};
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;
use ocs_rules::access::Binding;
use ocs_rules::change::{Change, Outcome};
use ocs_rules::objects::Objects;
use ocs_store::{BulkAnswer, Encode, Keep, Noted, Once, OnceKey, Part, Request, store_refusal};
use prost::Message as _;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::dispatch::{Dispatch, scope};
use super::output::Asking;
use super::under_way::Turn;
use crate::access::called;
use crate::core::Core;
use crate::request;

/// Messages with items that may be unanswered: while some are on their way to the
/// disk, the next come in.
const CREDITS: u32 = 16;

/// Changes after which a transaction takes no further message.
const BATCH: usize = 1_000;

/// Transactions that wait for the writer or for their answers: the writer has the next
/// before it is done with one.
const COMMITS: usize = 2;

/// How long items under an Idempotency-Key wait for more before they are committed: a
/// body that is another one is then known before anything is answered.
const GATHER: Duration = Duration::from_millis(20);

/// The most items of an atomic request. They are one transaction, for which single
/// requests wait.
const ATOMIC: usize = 10_000;

/// What goes back.
pub(super) type Outcomes = ReceiverStream<Result<BulkOutcome, Status>>;

/// Carries out one AddRecords.
pub(super) fn add_records(
    core: Core,
    dispatch: Dispatch,
    messages: Streaming<BulkMessage>,
) -> Outcomes {
    let (outcomes, stream) = mpsc::channel(CREDITS as usize + 2);
    tokio::spawn(begin(core, dispatch, messages, outcomes));
    ReceiverStream::new(stream)
}

/// One AddRecords on its way.
struct Bulk {
    core: Core,
    dispatch: Dispatch,
    listener: u32,
    bound: Option<Arc<Binding>>,
    asked: ocs_store::Asked,
    /// The Idempotency-Key, where it has one: then every item goes before the store,
    /// those too that were refused already.
    key: Option<Arc<OnceKey>>,
}

/// The items of one message, in order, and the changes that those of them make which
/// were not refused.
#[derive(Default)]
struct Group {
    items: Vec<Item>,
    changes: Vec<Request>,
    /// Whether nothing comes after it.
    last: bool,
}

enum Item {
    Refused(UserEvent),
    Asking(Box<Asking>),
    /// Under an Idempotency-Key: the store keeps its answer.
    Kept {
        reference: Option<i64>,
        /// Its refusal, where it was refused before the store saw it.
        refused: Option<UserEvent>,
    },
}

impl Item {
    /// Whether the store has a word in it.
    fn is_change(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }

    fn reference(&self) -> Option<i64> {
        match self {
            Self::Asking(asking) => asking.event.reference(),
            Self::Kept { reference, .. } => *reference,
            Self::Refused(_) => None,
        }
    }

    fn into_answer(self, outcome: Result<Outcome, Refusal>, core: &Core) -> UserEvent {
        match (self, outcome) {
            (Self::Asking(asking), outcome) => asking.into_answer(outcome, core),
            (Self::Kept { .. }, Ok(Outcome::Again { answer, .. })) => {
                UserEvent::decode(&answer[..]).unwrap_or_default()
            }
            (
                Self::Refused(event)
                | Self::Kept {
                    refused: Some(event),
                    ..
                },
                _,
            ) => event,
            (Self::Kept { reference, .. }, Err(refusal)) => refusal.into_event(reference),
            // The store keeps what came of every item.
            (Self::Kept { reference, .. }, Ok(_)) => match lost() {
                Ok(_) => UserEvent::default(),
                Err(refusal) => refusal.into_event(reference),
            },
        }
    }
}

/// Messages whose changes are one transaction, on its way.
struct Committing {
    messages: Vec<Vec<Item>>,
    changes: usize,
    answer: Option<oneshot::Receiver<BulkAnswer>>,
}

async fn begin(
    core: Core,
    dispatch: Dispatch,
    mut messages: Streaming<BulkMessage>,
    outcomes: mpsc::Sender<Result<BulkOutcome, Status>>,
) {
    let Ok(Some(BulkMessage {
        start: Some(start), ..
    })) = messages.message().await
    else {
        return;
    };
    let BulkStart {
        calling_list,
        atomic,
        listener,
        client,
        idempotency_key,
        fingerprint,
        credential,
    } = start;
    let bound = core.bindings.load().of_credential(&credential);
    let scope = scope(credential.clone());
    let turn = match idempotency_key.as_str() {
        "" => None,
        key => tokio::select! {
            turn = dispatch.under_way.turn(&scope, key) => Some(turn),
            // Nobody waits for it any more.
            () = outcomes.closed() => return,
        },
    };
    let once = |key| OnceKey::new(scope, key, fingerprint);
    let list = core
        .store
        .objects()
        .list_named(&calling_list)
        .map(|list| list.dbid);
    let bulk = Bulk {
        core,
        dispatch,
        listener,
        bound: bound.clone(),
        asked: ocs_store::Asked {
            client: called(&credential, client).into(),
            request: RequestName::AddRecord,
            list,
            handle: None,
        },
        key: turn.is_some().then(|| Arc::new(once(idempotency_key))),
    };
    if let Some(Err(refusal)) = bound.map(|bound| bound.check_list_named(&calling_list)) {
        bulk.refuse(refusal, &outcomes).await;
        return;
    }
    if list.is_none() {
        bulk.refuse(request::no_such_list(&calling_list), &outcomes)
            .await;
        return;
    }
    if !say(&outcomes, granting(CREDITS)).await {
        return;
    }
    if atomic {
        bulk.all_or_none(messages, &outcomes).await;
    } else {
        bulk.each(messages, outcomes, turn).await;
    }
}

/// Whether somebody still hears it.
async fn say(outcomes: &mpsc::Sender<Result<BulkOutcome, Status>>, outcome: BulkOutcome) -> bool {
    outcomes.send(Ok(outcome)).await.is_ok()
}

fn granting(credits: u32) -> BulkOutcome {
    BulkOutcome {
        credits,
        ..BulkOutcome::default()
    }
}

impl Bulk {
    /// The line that the request leaves in the request log.
    fn line(&self, outcome: i64) -> Noted {
        Noted {
            asked: self.asked.clone(),
            outcome,
            key: self.key.clone(),
        }
    }

    /// Leaves the line of a request that comes to no transaction.
    fn note(&self, outcome: i64) {
        // Where the queue is full it is left out: HTTP Proxy's log has it.
        let lines = vec![self.line(outcome)];
        let _ = self.core.store.submit(Vec::new(), lines, Box::new(|_| {}));
    }

    async fn refuse(&self, refusal: Refusal, outcomes: &mpsc::Sender<Result<BulkOutcome, Status>>) {
        self.note(refusal.number.number());
        let refused = BulkOutcome {
            refused: Some(refusal.into_event(None)),
            ..BulkOutcome::default()
        };
        say(outcomes, refused).await;
    }

    /// Every item on its own merits. Reading, committing and answering go on at the
    /// same time.
    async fn each(
        self,
        messages: Streaming<BulkMessage>,
        outcomes: mpsc::Sender<Result<BulkOutcome, Status>>,
        turn: Option<Turn>,
    ) {
        let (read, to_commit) = mpsc::channel(CREDITS as usize);
        let (begun, committing) = mpsc::channel(COMMITS - 1);
        tokio::spawn(answer(self.core.clone(), committing, outcomes));
        let committer = Committer {
            core: self.core.clone(),
            line: Some(self.line(0)),
            gather: self.key.is_some(),
            _turn: turn,
        };
        tokio::spawn(committer.commit(to_commit, begun));
        self.read(messages, read).await;
    }

    /// Reads items until no more come. What came until then is done, also where the
    /// client is gone.
    async fn read(&self, mut messages: Streaming<BulkMessage>, read: mpsc::Sender<Group>) {
        let mut place = 0;
        while let Ok(Some(message)) = messages.message().await {
            let mut group = self.group(message.items, &mut place);
            group.last = message.end;
            if message.end && !message.cut_short {
                group.changes.extend(self.end(place));
            }
            let has_some = !group.items.is_empty() || !group.changes.is_empty();
            if has_some && read.send(group).await.is_err() {
                return;
            }
            if message.end {
                return;
            }
        }
    }

    /// What says that the items of an Idempotency-Key are complete.
    fn end(&self, items: u32) -> Option<Request> {
        self.key.as_ref().map(|key| Request {
            change: Change::End,
            asked: None,
            once: Some(Once {
                key: Arc::clone(key),
                part: Part::End(items),
            }),
            bound: None,
        })
    }

    /// All of the items or none.
    async fn all_or_none(
        &self,
        mut messages: Streaming<BulkMessage>,
        outcomes: &mpsc::Sender<Result<BulkOutcome, Status>>,
    ) {
        let mut sent = Vec::new();
        let mut changes = Vec::new();
        let (mut items, mut place) = (0, 0);
        loop {
            // Without the end nothing is done: the client may have had more to say.
            let Ok(Some(message)) = messages.message().await else {
                return;
            };
            items += message.items.len();
            if items > ATOMIC {
                self.refuse(too_many(), outcomes).await;
                return;
            }
            if !message.items.is_empty() {
                let mut group = self.group(message.items, &mut place);
                changes.append(&mut group.changes);
                sent.push(group.items);
                if !say(outcomes, granting(1)).await {
                    return;
                }
            }
            if message.end {
                break;
            }
        }
        let refused = items - changes.len();
        changes.extend(self.end(place));
        // What is refused already keeps the others out of the store; what would come of
        // them is said all the same.
        let (keep, outcome) = if refused == 0 {
            (Keep::AllOrNone, 0)
        } else {
            (Keep::Nothing, ErrorNumber::InvalidParameter.number())
        };
        let count = changes.len();
        let line = Some(self.line(outcome));
        let answer = self.core.store.begin_bulk(changes, keep, line).await.ok();
        let done = outcomes_of(answer, count).await;
        if let Some(refusal) = used_otherwise(&done) {
            // The writer left its line.
            let refused = BulkOutcome {
                refused: Some(refusal.into_event(None)),
                ..BulkOutcome::default()
            };
            say(outcomes, refused).await;
            return;
        }
        let kept = refused == 0 && done.iter().all(Result::is_ok);
        let mut done = done.into_iter();
        let mut answers = Vec::with_capacity(sent.len());
        for items in sent {
            let mut events = Vec::with_capacity(items.len());
            for item in items {
                events.push(if item.is_change() {
                    match done.next().unwrap_or_else(lost) {
                        Ok(outcome) => Answered::Good(item, outcome),
                        refused @ Err(_) => {
                            Answered::Refused(item.into_answer(refused, &self.core))
                        }
                    }
                } else {
                    Answered::Refused(item.into_answer(lost(), &self.core))
                });
            }
            answers.push(events);
        }
        let cause = if kept { None } else { Cause::of(&answers) };
        for answers in answers {
            let events = answers.into_iter().map(|answer| match (answer, &cause) {
                (Answered::Refused(event), _) => event,
                (Answered::Good(item, outcome), None) => item.into_answer(Ok(outcome), &self.core),
                (Answered::Good(item, _), Some(cause)) => {
                    cause.refusal().into_event(item.reference())
                }
            });
            let outcome = BulkOutcome {
                events: events.collect(),
                ..BulkOutcome::default()
            };
            if !say(outcomes, outcome).await {
                return;
            }
        }
    }

    /// Types the items of a message, of which the first has this place.
    fn group(&self, sent: Vec<BulkItem>, place: &mut u32) -> Group {
        let mut group = Group {
            items: Vec::with_capacity(sent.len()),
            changes: Vec::with_capacity(sent.len()),
            last: false,
        };
        let objects = self.core.store.objects();
        for item in sent {
            let made = match item.item {
                Some(Sent::Request(event)) => self.typed(event, &objects),
                Some(Sent::Refused(event)) => Err(event),
                // Of a later version: it reads as an AddRecord without anything.
                None => self.typed(UserEvent::default(), &objects),
            };
            match &self.key {
                None => match made {
                    Ok((change, asking)) => {
                        group.changes.push(Request {
                            bound: self.bound.clone(),
                            ..change.into()
                        });
                        group.items.push(Item::Asking(asking));
                    }
                    Err(event) => group.items.push(Item::Refused(event)),
                },
                Some(key) => {
                    let (item, request) = self.kept(key, *place, item.fingerprint, made);
                    group.items.push(item);
                    group.changes.push(request);
                }
            }
            *place = place.saturating_add(1);
        }
        group
    }

    /// What an item asks for; the inner error is the event that refuses it.
    fn typed(
        &self,
        event: UserEvent,
        objects: &Objects,
    ) -> Result<(Change, Box<Asking>), UserEvent> {
        match request::add_record(&event, objects, self.core.refuse_unknown) {
            Ok(added) => {
                self.dispatch.log_ignored(&added.list_name, &added.ignored);
                let asking = Asking {
                    number: 0,
                    listener: self.listener,
                    session: None,
                    request: RequestName::AddRecord,
                    event,
                    ignored: added.ignored,
                };
                Ok((Change::AddRecord(added.change), Box::new(asking)))
            }
            Err(refusal) => Err(refusal.into_event(event.reference())),
        }
    }

    /// An item whose outcome is kept, and what the store does with it.
    fn kept(
        &self,
        key: &Arc<OnceKey>,
        place: u32,
        fingerprint: Vec<u8>,
        made: Result<(Change, Box<Asking>), UserEvent>,
    ) -> (Item, Request) {
        let (reference, refused, change, encode): (_, _, _, Encode) = match made {
            Ok((change, asking)) => {
                let (reference, core) = (asking.event.reference(), self.core.clone());
                let encode = move |outcome: &Result<Outcome, Refusal>| {
                    let answer = asking.into_answer(outcome.clone(), &core);
                    answer.encode_to_vec()
                };
                (reference, None, change, Box::new(encode))
            }
            Err(event) => {
                let number = event.integer(ocs_protocol::attribute::GSW_ERROR_NUMBER);
                let number = number.and_then(ErrorNumber::from_number);
                let number = number.unwrap_or(ErrorNumber::InvalidParameter);
                let change = Change::Refused(Box::new(Refusal::new(number, String::new())));
                let answer = event.encode_to_vec();
                (None, Some(event), change, Box::new(move |_| answer))
            }
        };
        let request = Request {
            change,
            asked: None,
            once: Some(Once {
                key: Arc::clone(key),
                part: Part::Item {
                    place,
                    fingerprint,
                    encode,
                },
            }),
            bound: self.bound.clone(),
        };
        (Item::Kept { reference, refused }, request)
    }
}

/// Puts what was read before the writer.
struct Committer {
    core: Core,
    /// The request's line, which goes with the first transaction.
    line: Option<Noted>,
    /// Whether it waits a moment for more.
    gather: bool,
    /// Whose turn it is under the Idempotency-Key: what comes next under it comes after
    /// all of this before the writer.
    _turn: Option<Turn>,
}

impl Committer {
    /// Batch by batch, until nothing more is read.
    async fn commit(mut self, mut read: mpsc::Receiver<Group>, begun: mpsc::Sender<Committing>) {
        while let Some(mut group) = read.recv().await {
            let mut changes = std::mem::take(&mut group.changes);
            let mut last = group.last;
            let mut messages = vec![group.items];
            while changes.len() < BATCH
                && !last
                && let Some(mut next) = self.next(&mut read).await
            {
                changes.append(&mut next.changes);
                last = next.last;
                messages.push(next.items);
            }
            let count = changes.len();
            let answer = if changes.is_empty() {
                None
            } else {
                let store = &self.core.store;
                let begun = store.begin_bulk(changes, Keep::Each, self.line.take());
                begun.await.ok()
            };
            let committing = Committing {
                messages,
                changes: count,
                answer,
            };
            // Where nobody hears the answers, what was read is done all the same.
            let _ = begun.send(committing).await;
        }
        if let Some(line) = self.line {
            let store = &self.core.store;
            let _ = store.submit(Vec::new(), vec![line], Box::new(|_| {}));
        }
    }

    async fn next(&self, read: &mut mpsc::Receiver<Group>) -> Option<Group> {
        if self.gather {
            let next = tokio::time::timeout(GATHER, read.recv()).await;
            next.ok().flatten()
        } else {
            read.try_recv().ok()
        }
    }
}

/// Answers after the commits, message by message, each with a credit for the next.
async fn answer(
    core: Core,
    mut committing: mpsc::Receiver<Committing>,
    outcomes: mpsc::Sender<Result<BulkOutcome, Status>>,
) {
    while let Some(committing) = committing.recv().await {
        let Committing {
            messages,
            changes,
            answer,
        } = committing;
        let done = outcomes_of(answer, changes).await;
        if let Some(refusal) = used_otherwise(&done) {
            let refused = BulkOutcome {
                refused: Some(refusal.into_event(None)),
                ..BulkOutcome::default()
            };
            say(&outcomes, refused).await;
            return;
        }
        let mut done = done.into_iter();
        for items in messages.into_iter().filter(|items| !items.is_empty()) {
            let events = items.into_iter().map(|item| {
                let outcome = match item.is_change() {
                    true => done.next().unwrap_or_else(lost),
                    false => lost(),
                };
                item.into_answer(outcome, &core)
            });
            let outcome = BulkOutcome {
                credits: 1,
                refused: None,
                events: events.collect(),
            };
            if !say(&outcomes, outcome).await {
                return;
            }
        }
    }
}

/// What came of so many changes.
async fn outcomes_of(
    answer: Option<oneshot::Receiver<BulkAnswer>>,
    count: usize,
) -> ocs_store::Outcomes {
    if count == 0 {
        return Vec::new();
    }
    let closed = Err(ocs_store::StoreError::Closed);
    let done = match answer {
        Some(answer) => answer.await.unwrap_or(closed),
        None => closed,
    };
    done.unwrap_or_else(|error| vec![Err(store_refusal(&error)); count])
}

/// There is an outcome for every change, so that this is never asked for.
fn lost() -> Result<Outcome, Refusal> {
    Err(store_refusal(&ocs_store::StoreError::Fault(String::new())))
}

/// Why the whole request is refused: its Idempotency-Key stands for another one.
fn used_otherwise(done: &ocs_store::Outcomes) -> Option<Refusal> {
    let refused = done.iter().filter_map(|outcome| outcome.as_ref().err());
    let mut refused = refused.filter(|one| one.number == ErrorNumber::KeyUsedOtherwise);
    refused.next().cloned()
}

fn too_many() -> Refusal {
    Refusal::new(
        ErrorNumber::BodyTooLarge,
        format!(
            "an AddRecords with atomic=true takes {ATOMIC} items at most, as they are one \
             transaction, so nothing was stored; send fewer, or leave atomic out"
        ),
    )
}

/// What came of an item of an atomic request.
enum Answered {
    Refused(UserEvent),
    /// It would be stored, or is.
    Good(Item, Outcome),
}

/// The item that kept all of an atomic request out of the store.
struct Cause {
    /// Its place, from 1.
    place: usize,
    number: ErrorNumber,
}

impl Cause {
    fn of(answers: &[Vec<Answered>]) -> Option<Self> {
        let mut all = answers.iter().flatten().enumerate();
        all.find_map(|(index, answer)| {
            let Answered::Refused(event) = answer else {
                return None;
            };
            let number = event.integer(ocs_protocol::attribute::GSW_ERROR_NUMBER);
            Some(Self {
                place: index + 1,
                number: number
                    .and_then(ErrorNumber::from_number)
                    .unwrap_or(ErrorNumber::InternalFault),
            })
        })
    }

    fn refusal(&self) -> Refusal {
        Refusal::new(
            self.number,
            format!(
                "nothing was stored, as item {} was refused and atomic=true asks for all or \
                 none; correct that item and send all of them again",
                self.place
            ),
        )
    }
}
