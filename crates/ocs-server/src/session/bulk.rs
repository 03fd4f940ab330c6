//! AddRecords: many records at once, on a stream of its own (http-interface.md,
//! section 6). Batches go by the store's bulk lane, so that single requests never wait
//! for more than one of them.

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::outbound::bulk_item::Item as Sent;
use ocs_protocol::outbound::{BulkItem, BulkMessage, BulkOutcome, BulkStart, UserEvent};
use ocs_protocol::refusal::Refusal;
use ocs_protocol::request::RequestName;
use ocs_rules::change::{Change, Outcome};
use ocs_store::{BulkAnswer, Keep, Noted, store_refusal};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::dispatch::Dispatch;
use super::output::Asking;
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
    asked: ocs_store::Asked,
}

/// The items of one message, in order, and the changes that those of them make which
/// were not refused.
#[derive(Default)]
struct Group {
    items: Vec<Item>,
    changes: Vec<Change>,
}

enum Item {
    Refused(UserEvent),
    Asking(Box<Asking>),
}

/// Messages whose changes are one transaction, on its way.
struct Committing {
    messages: Vec<Vec<Item>>,
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
    } = start;
    let list = core
        .store
        .objects()
        .list_named(&calling_list)
        .map(|list| list.dbid);
    let bulk = Bulk {
        core,
        dispatch,
        listener,
        asked: ocs_store::Asked {
            client: client.into(),
            request: RequestName::AddRecord,
            list,
            handle: None,
        },
    };
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
        bulk.each(messages, outcomes).await;
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
    ) {
        let (read, to_commit) = mpsc::channel(CREDITS as usize);
        let (begun, committing) = mpsc::channel(COMMITS - 1);
        tokio::spawn(answer(self.core.clone(), committing, outcomes));
        tokio::spawn(commit(self.core.clone(), self.line(0), to_commit, begun));
        self.read(messages, read).await;
    }

    /// Reads items until no more come. What came until then is done, also where the
    /// client is gone.
    async fn read(&self, mut messages: Streaming<BulkMessage>, read: mpsc::Sender<Group>) {
        while let Ok(Some(message)) = messages.message().await {
            let end = message.end;
            if !message.items.is_empty() && read.send(self.group(message.items)).await.is_err() {
                return;
            }
            if end {
                return;
            }
        }
    }

    /// All of the items or none.
    async fn all_or_none(
        &self,
        mut messages: Streaming<BulkMessage>,
        outcomes: &mpsc::Sender<Result<BulkOutcome, Status>>,
    ) {
        let mut sent = Vec::new();
        let mut changes = Vec::new();
        let mut items = 0;
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
                let mut group = self.group(message.items);
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
        let kept = refused == 0 && done.iter().all(Result::is_ok);
        let mut done = done.into_iter();
        let mut answers = Vec::with_capacity(sent.len());
        for items in sent {
            let mut events = Vec::with_capacity(items.len());
            for item in items {
                events.push(match item {
                    Item::Refused(event) => Answered::Refused(event),
                    Item::Asking(asking) => match done.next().unwrap_or_else(lost) {
                        Ok(outcome) => Answered::Good(asking, outcome),
                        Err(refusal) => {
                            Answered::Refused(refusal.into_event(asking.event.reference()))
                        }
                    },
                });
            }
            answers.push(events);
        }
        let cause = if kept { None } else { Cause::of(&answers) };
        for answers in answers {
            let events = answers.into_iter().map(|answer| match (answer, &cause) {
                (Answered::Refused(event), _) => event,
                (Answered::Good(asking, outcome), None) => {
                    asking.into_answer(Ok(outcome), &self.core)
                }
                (Answered::Good(asking, _), Some(cause)) => {
                    cause.refusal().into_event(asking.event.reference())
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

    fn group(&self, sent: Vec<BulkItem>) -> Group {
        let mut group = Group {
            items: Vec::with_capacity(sent.len()),
            changes: Vec::with_capacity(sent.len()),
        };
        let objects = self.core.store.objects();
        for item in sent {
            let event = match item.item {
                Some(Sent::Request(event)) => event,
                Some(Sent::Refused(event)) => {
                    group.items.push(Item::Refused(event));
                    continue;
                }
                // Of a later version: it reads as an AddRecord without anything.
                None => UserEvent::default(),
            };
            match request::add_record(&event, &objects, self.core.refuse_unknown) {
                Ok(added) => {
                    self.dispatch.log_ignored(&added.list_name, &added.ignored);
                    group.changes.push(Change::AddRecord(added.change));
                    group.items.push(Item::Asking(Box::new(Asking {
                        number: 0,
                        listener: self.listener,
                        request: RequestName::AddRecord,
                        event,
                        ignored: added.ignored,
                    })));
                }
                Err(refusal) => {
                    let event = refusal.into_event(event.reference());
                    group.items.push(Item::Refused(event));
                }
            }
        }
        group
    }
}

/// Puts what was read before the writer, batch by batch. The request's line goes with
/// the first of them.
async fn commit(
    core: Core,
    line: Noted,
    mut read: mpsc::Receiver<Group>,
    begun: mpsc::Sender<Committing>,
) {
    let mut line = Some(line);
    while let Some(mut group) = read.recv().await {
        let mut changes = std::mem::take(&mut group.changes);
        let mut messages = vec![group.items];
        while changes.len() < BATCH
            && let Ok(mut next) = read.try_recv()
        {
            changes.append(&mut next.changes);
            messages.push(next.items);
        }
        let answer = if changes.is_empty() {
            None
        } else {
            core.store
                .begin_bulk(changes, Keep::Each, line.take())
                .await
                .ok()
        };
        // Where nobody hears the answers, what was read is done all the same.
        let _ = begun.send(Committing { messages, answer }).await;
    }
    if let Some(line) = line {
        let _ = core.store.submit(Vec::new(), vec![line], Box::new(|_| {}));
    }
}

/// Answers after the commits, message by message, each with a credit for the next.
async fn answer(
    core: Core,
    mut committing: mpsc::Receiver<Committing>,
    outcomes: mpsc::Sender<Result<BulkOutcome, Status>>,
) {
    while let Some(Committing { messages, answer }) = committing.recv().await {
        let of_changes = |items: &Vec<Item>| {
            let asking = items.iter().filter(|item| matches!(item, Item::Asking(_)));
            asking.count()
        };
        let count = messages.iter().map(of_changes).sum();
        let mut done = outcomes_of(answer, count).await.into_iter();
        for items in messages {
            let events = items.into_iter().map(|item| match item {
                Item::Refused(event) => event,
                Item::Asking(asking) => asking.into_answer(done.next().unwrap_or_else(lost), &core),
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
    Good(Box<Asking>, Outcome),
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
