//! The store as the rest of OCS sees it: a handle that is cheap to clone.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use ocs_protocol::enumeration::RecordStatus;
use ocs_rules::calling_list::ListId;
use ocs_rules::campaign::CampaignGroupId;
use ocs_rules::change::Change;
use ocs_rules::counters::Counters;
use ocs_rules::dialing::CallStep;
use ocs_rules::group_state::{GroupState, dials};
use ocs_rules::lease::Epoch;
use ocs_rules::notification::Notifications;
use ocs_rules::objects::{ObjectChange, Objects};
use ocs_rules::policy::{Levels, Policy};
use ocs_rules::retrieval::view::Views;
use ocs_rules::retrieval::waits::Waits;
use tokio::sync::{oneshot, watch};

use crate::backup::TakeOver;
use crate::error::StoreError;
use crate::live::Shown;
use crate::outbox::{Destination, Unsent};
use crate::queue::{Full, Limits, Measured, Queue};
use crate::reader::Reader;
use crate::request::{Noted, Outcomes, Request};
use crate::sqlite::lease::Terms;
use crate::sqlite::{self, Lease, OutAlready};
use crate::wanted::{self, Failing, Wanted};
use crate::writer::{self, Ends, Writer};

/// Where the wall-clock time comes from; `main` hands it in.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Who hears what came of changes that were submitted together: called once, after
/// the commit, on the writer's thread; it must not wait for anything.
pub type Reply = Box<dyn FnOnce(Outcomes) + Send>;

/// Hears what has become of calls that are out, once it is committed: on the writer's thread,
/// so it must not wait for anything.
pub type HearsCalls = Box<dyn Fn(&[CallStep]) + Send + Sync>;

/// The states of campaign groups that were ever loaded.
pub type GroupStates = BTreeMap<CampaignGroupId, GroupState>;

/// Records of one calling list, counted by status.
pub type Counts = BTreeMap<RecordStatus, u64>;

/// What came of each change of a bulk, in order, after the commit; or why none of
/// it could be done.
pub type BulkAnswer = Result<Outcomes, StoreError>;

/// Decides what to change about the campaign objects, from what they are at the
/// moment of the change; or says, a sentence each, why nothing can be changed.
pub type ObjectsPlan =
    Box<dyn FnOnce(&ObjectsView<'_>) -> Result<(Vec<ObjectChange>, Counters), Vec<String>> + Send>;

/// The campaign objects at the moment of a change, and what it must respect.
pub struct ObjectsView<'a> {
    /// The objects.
    pub objects: &'a Objects,
    /// The next DBIDs.
    pub counters: Counters,
    /// How many records a calling list holds.
    pub records_in: &'a dyn Fn(ListId) -> u64,
}

/// Single changes that came together and wait for their commit.
pub(crate) struct Job {
    pub(crate) requests: Vec<Request>,
    /// Requests that change nothing here; they leave their lines.
    pub(crate) noted: Vec<Noted>,
    pub(crate) reply: Reply,
}

impl Measured for Job {
    fn changes(&self) -> usize {
        self.requests.len() + self.noted.len()
    }
}

/// How much of a bulk is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Each change on its own merits.
    Each,
    /// All of them, or none where one was refused.
    AllOrNone,
    /// None: it is only said what would come of them.
    Nothing,
}

/// Work that is not one single change.
pub(crate) enum Bulk {
    Changes {
        requests: Vec<Request>,
        keep: Keep,
        /// The line of the request that it belongs to.
        noted: Option<Noted>,
        answer: oneshot::Sender<BulkAnswer>,
    },
    Objects {
        plan: ObjectsPlan,
        answer: oneshot::Sender<Result<(), ObjectsError>>,
    },
}

/// Why campaign objects were not changed.
pub(crate) enum ObjectsError {
    Store(StoreError),
    Plan(Vec<String>),
}

/// How a store is opened.
pub struct Open {
    /// The database file (`store.url`); it is made when it is not there.
    pub path: PathBuf,
    /// Who takes the lease, for the sentence that a second OCS is refused with.
    pub holder: String,
    /// Where the time comes from.
    pub clock: Clock,
    /// The application's own word for options that have levels.
    pub policy: Policy,
}

/// The limits of the queue before the writer.
pub(crate) const fn limits() -> Limits {
    // A transaction of 1,024 changes takes some ten milliseconds: what comes in
    // meanwhile is the next one.
    Limits {
        singles: 8_192,
        bulk: 4,
        taken: 1_024,
    }
}

/// How many single changes may wait for their commit.
#[must_use]
pub const fn default_limits() -> usize {
    limits().singles
}

/// The store. Clones are handles to the same one.
#[derive(Clone)]
pub struct Store {
    queue: Arc<Queue<Job, Bulk>>,
    objects: Arc<ArcSwap<Objects>>,
    groups: Arc<ArcSwap<GroupStates>>,
    views: Arc<ArcSwap<Views>>,
    notifications: Arc<ArcSwap<Notifications>>,
    failing: Arc<OnceLock<Failing>>,
    unsent: Shown<Unsent>,
    calls: Shown<BTreeMap<CampaignGroupId, u32>>,
    out_already: Arc<Vec<OutAlready>>,
    hears_calls: Arc<OnceLock<HearsCalls>>,
    posted: watch::Receiver<u64>,
    reader: Reader,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
    epoch: Epoch,
    ends: Ends,
}

impl Store {
    /// Opens a store: makes it when it is not there, takes its lease, brings its
    /// schema up to date, and starts its writer. The second value resolves when
    /// the writer has ended, which before [`Store::close`] is a fault.
    ///
    /// # Errors
    /// Another process holds the lease; the file cannot be opened or written; its
    /// schema is of a later version.
    pub fn open(open: Open) -> Result<(Self, oneshot::Receiver<()>), StoreError> {
        Self::open_under(open, Lease::New(Terms::default()))
    }

    /// The same, on these terms.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_on(open: Open, terms: Terms) -> Result<(Self, oneshot::Receiver<()>), StoreError> {
        Self::open_under(open, Lease::New(terms))
    }

    /// The same, with the lease that a backup took.
    ///
    /// # Errors
    /// As [`Store::open`], but for the lease.
    pub fn take_over(
        open: Open,
        taken: Box<TakeOver>,
    ) -> Result<(Self, oneshot::Receiver<()>), StoreError> {
        Self::open_under(open, Lease::Taken(taken))
    }

    fn open_under(open: Open, lease: Lease) -> Result<(Self, oneshot::Receiver<()>), StoreError> {
        let mut opened = sqlite::open(&open, lease)?;
        let out_already = Arc::new(std::mem::take(&mut opened.live.out_already));
        let epoch = opened.database.epoch();
        let writer_ends = Ends::default();
        let objects = Arc::new(ArcSwap::from_pointee(opened.objects));
        let queue = Arc::new(Queue::new(limits()));
        let groups = Arc::new(ArcSwap::from_pointee(opened.live.groups.clone()));
        let views = Arc::new(ArcSwap::from(Arc::clone(&opened.live.views)));
        let reader = Reader::start(&open.path, opened.database.contacts(), &opened.live)?;
        let (ended, ends) = oneshot::channel();
        let notifications = Arc::new(ArcSwap::default());
        let failing = Arc::default();
        let unsent = opened.live.unsent.clone();
        let calls = opened.live.calls.clone();
        let hears_calls = Arc::default();
        let (post, posted) = watch::channel(0);
        let writer = Writer {
            database: opened.database,
            live: opened.live,
            policy: open.policy,
            objects: Arc::clone(&objects),
            groups: Arc::clone(&groups),
            views: Arc::clone(&views),
            notifications: Arc::clone(&notifications),
            wanted: Wanted::asking(&failing),
            posted: post,
            hears_calls: Arc::clone(&hears_calls),
            clock: open.clock,
        };
        let thread = writer::start(writer, Arc::clone(&queue), &writer_ends, ended)?;
        let store = Self {
            queue,
            objects,
            groups,
            views,
            notifications,
            failing,
            unsent,
            calls,
            out_already,
            hears_calls,
            posted,
            reader,
            writer: Arc::new(Mutex::new(Some(thread))),
            epoch,
            ends: writer_ends,
        };
        Ok((store, ends))
    }

    /// The campaign objects as they are now.
    #[must_use]
    pub fn objects(&self) -> Arc<Objects> {
        self.objects.load_full()
    }

    /// The states of campaign groups that were ever loaded.
    #[must_use]
    pub fn group_states(&self) -> Arc<GroupStates> {
        self.groups.load_full()
    }

    /// The views of calling lists by filters, and whether they are in use yet.
    #[must_use]
    pub fn views(&self) -> Arc<Views> {
        self.views.load_full()
    }

    /// What web servers are to be told from now on.
    pub fn set_notifications(&self, notifications: Notifications) {
        self.notifications.store(Arc::new(notifications));
    }

    /// What web servers are told.
    #[must_use]
    pub fn notifications(&self) -> Arc<Notifications> {
        self.notifications.load_full()
    }

    /// Who says, from now on, which web servers keep failing. Said once.
    pub fn set_failing(&self, failing: Failing) {
        let _ = self.failing.set(failing);
    }

    /// How many calls of a campaign group are out.
    #[must_use]
    pub fn calls_out(&self, group: CampaignGroupId) -> u32 {
        self.calls.look().get(&group).copied().unwrap_or(0)
    }

    /// The calls that were out when the store was opened.
    #[must_use]
    pub fn out_already(&self) -> &[OutAlready] {
        &self.out_already
    }

    /// Who hears, from now on, what becomes of calls that are out. Said once.
    pub fn set_hears_calls(&self, hears: HearsCalls) {
        let _ = self.hears_calls.set(hears);
    }

    /// Where messages that wait in the outbox go to, and where they went to before.
    #[must_use]
    pub fn destinations(&self) -> Vec<Destination> {
        self.unsent.look().all()
    }

    /// Changes whenever messages were put into the outbox.
    #[must_use]
    pub fn posted(&self) -> watch::Receiver<u64> {
        self.posted.clone()
    }

    /// Why a campaign group takes no records from a calling list at a moment, UTC seconds,
    /// whatever is due there.
    #[must_use]
    pub fn waits(&self, list: ListId, group: CampaignGroupId, now: i64) -> Option<Waits> {
        let (objects, notifications) = (self.objects(), self.notifications());
        let state = self.groups.load().get(&group).copied();
        if state.is_some_and(|state| dials(state.mode))
            && notifications.dialing.of(group, &objects).uri.is_none()
        {
            return Some(Waits::NoDialer);
        }
        let levels = Levels::of(&objects, list, Some(group));
        let for_reports = notifications
            .wait_condition(levels)
            .and_then(|condition| self.unsent.look().waits(&condition, now));
        for_reports.or_else(|| wanted::for_validation(&notifications, levels, &self.failing))
    }

    /// Puts requests that came together before the writer: one piece of work, one
    /// commit, each change on its own merits. `reply` is called once they are
    /// committed, or refused. `noted` are requests that change
    /// nothing here: they leave their lines in the request log with the same commit.
    ///
    /// # Errors
    /// The queue is full, or the store is closed: the reply comes back uncalled.
    pub fn submit(
        &self,
        requests: Vec<Request>,
        noted: Vec<Noted>,
        reply: Reply,
    ) -> Result<(), Full<Reply>> {
        let job = Job {
            requests,
            noted,
            reply,
        };
        self.queue.push(job).map_err(|full| Full {
            work: full.work.reply,
            closed: full.closed,
        })
    }

    /// Makes many changes in one transaction, each on its own merits; without
    /// `keep`, only says what would come of them. Waits while other bulk work is
    /// before it.
    ///
    /// # Errors
    /// The store cannot be written; then nothing was changed.
    pub async fn submit_bulk(&self, changes: Vec<Change>, keep: bool) -> BulkAnswer {
        let keep = if keep { Keep::Each } else { Keep::Nothing };
        let requests = changes.into_iter().map(Request::from).collect();
        let answered = self.begin_bulk(requests, keep, None).await?;
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Puts many changes before the writer, for one transaction, and does not wait for
    /// what comes of them, so that the next can be made ready meanwhile. `noted` is the
    /// line of the request that they belong to: it is written with them, or, where none
    /// of them is kept, with what comes next.
    ///
    /// # Errors
    /// The store is closed.
    pub async fn begin_bulk(
        &self,
        requests: Vec<Request>,
        keep: Keep,
        noted: Option<Noted>,
    ) -> Result<oneshot::Receiver<BulkAnswer>, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.push_bulk(Bulk::Changes {
            requests,
            keep,
            noted,
            answer,
        })
        .await?;
        Ok(answered)
    }

    /// Changes campaign objects as `plan` decides, all of it or nothing.
    ///
    /// # Errors
    /// The outer error is the store's, the inner one the plan's own sentences.
    pub async fn change_objects(
        &self,
        plan: ObjectsPlan,
    ) -> Result<Result<(), Vec<String>>, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.push_bulk(Bulk::Objects { plan, answer }).await?;
        match answered.await {
            Ok(Ok(())) => Ok(Ok(())),
            Ok(Err(ObjectsError::Plan(sentences))) => Ok(Err(sentences)),
            Ok(Err(ObjectsError::Store(error))) => Err(error),
            Err(_) => Err(StoreError::Closed),
        }
    }

    /// What reads the store, beside the writer.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Which holder of the lease this one is.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Whether the writer ended because another OCS has the lease.
    #[must_use]
    pub fn has_lost_the_lease(&self) -> bool {
        self.ends.lost.load(Ordering::Relaxed)
    }

    /// As [`Store::close`], and a backup finds the lease free at once: what is in the log
    /// stays there for it.
    pub fn hand_over(&self) {
        self.ends.hand_over.store(true, Ordering::Relaxed);
        self.close();
    }

    /// Does what waits, commits it, and closes the store; the lease is given up.
    /// Blocks until that is done.
    pub fn close(&self) {
        self.queue.close();
        let thread = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // The writer reports its own end; a panic there was reported by it too.
            let _ = thread.join();
        }
    }

    async fn push_bulk(&self, mut work: Bulk) -> Result<(), StoreError> {
        loop {
            match self.queue.push_bulk(work) {
                Ok(()) => return Ok(()),
                Err(full) if full.closed => return Err(StoreError::Closed),
                Err(full) => work = full.work,
            }
            // Bulk work has time: it comes from files, a few batches at a time.
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}
