//! The writer: one thread that takes everything that waits, and commits it once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use ocs_rules::notification::Notifications;
use ocs_rules::objects::{ObjectChange, Objects};
use ocs_rules::policy::Policy;
use ocs_rules::retrieval::view::Views;
use tokio::sync::{oneshot, watch};

use crate::batch::{
    AfterErasing, Batch, Calls, Posted, Written, capped_by_campaign, consent_callers,
};
use crate::error::{StoreError, store_refusal};
use crate::live::Live;
use crate::queue::{Queue, Taken};
use crate::request::{Noted, Outcomes, Request};
use crate::sqlite::{Asleep, Database, views};
use crate::store::{
    Bulk, BulkAnswer, Clock, GroupStates, HearsCalls, Job, Keep, ObjectsError, ObjectsPlan,
    ObjectsView, Reply,
};
use crate::wanted::Wanted;

/// What the writer owns.
pub(crate) struct Writer {
    pub(crate) database: Database,
    pub(crate) live: Live,
    pub(crate) policy: Policy,
    pub(crate) objects: Arc<ArcSwap<Objects>>,
    pub(crate) groups: Arc<ArcSwap<GroupStates>>,
    pub(crate) views: Arc<ArcSwap<Views>>,
    pub(crate) notifications: Arc<ArcSwap<Notifications>>,
    pub(crate) wanted: Wanted,
    /// Counts up whenever there is something to send.
    pub(crate) posted: watch::Sender<u64>,
    /// Who hears what becomes of calls that are out.
    pub(crate) hears_calls: Arc<OnceLock<HearsCalls>>,
    pub(crate) clock: Clock,
}

/// How the writer ends.
#[derive(Clone, Default)]
pub(crate) struct Ends {
    /// Another OCS had the lease.
    pub(crate) lost: Arc<AtomicBool>,
    /// A backup is to have it.
    pub(crate) hand_over: Arc<AtomicBool>,
}

/// Starts the writer's thread. `ended` is told when it ends, by a panic too.
pub(crate) fn start(
    mut writer: Writer,
    queue: Arc<Queue<Job, Bulk>>,
    ends: &Ends,
    ended: oneshot::Sender<()>,
) -> Result<JoinHandle<()>, StoreError> {
    let Ends { lost, hand_over } = ends.clone();
    std::thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || {
            let work = AssertUnwindSafe(|| {
                while let Some(taken) = queue.take() {
                    writer.work(taken);
                    if writer.database.has_lost_the_lease() {
                        tracing::error!(
                            "the lease of the store names another OCS: this one writes no more"
                        );
                        lost.store(true, Ordering::Relaxed);
                        break;
                    }
                }
            });
            if catch_unwind(work).is_err() {
                tracing::error!("the store's writer ended by a fault; OCS stops");
            }
            queue.close();
            writer.database.close(hand_over.load(Ordering::Relaxed));
            let _ = ended.send(());
        })
        .map_err(|error| StoreError::Unavailable(format!("no thread for the writer: {error}")))
}

impl Writer {
    fn work(&mut self, taken: Taken<Job, Bulk>) {
        let mut requests: Vec<Request> = Vec::new();
        let mut noted: Vec<Noted> = Vec::new();
        let mut replies: Vec<(usize, Reply)> = Vec::with_capacity(taken.singles.len());
        for mut job in taken.singles {
            replies.push((job.requests.len(), job.reply));
            requests.append(&mut job.requests);
            noted.append(&mut job.noted);
        }
        let singles = requests.len();
        let mut bulk_answer = None;
        match taken.bulk {
            // With the single changes: one commit for all of them.
            Some(Bulk::Changes {
                requests: bulk,
                keep: Keep::Each,
                noted: line,
                answer,
            }) => {
                requests.extend(bulk);
                noted.extend(line);
                bulk_answer = Some(answer);
            }
            // In a transaction of its own, which may be rolled back.
            Some(Bulk::Changes {
                requests: bulk,
                keep,
                noted: line,
                answer,
            }) => {
                let ran = self.run(bulk, line.as_slice(), keep);
                noted.extend(line.and_then(|line| of_rolled_back(line, keep, &ran)));
                let _ = answer.send(ran);
            }
            Some(Bulk::Objects { plan, answer }) => {
                let _ = answer.send(self.change_objects(plan));
            }
            None => {}
        }
        match self.run(requests, &noted, Keep::Each) {
            Ok(mut outcomes) => {
                let bulk_outcomes = outcomes.split_off(singles);
                let mut outcomes = outcomes.into_iter();
                for (changes, reply) in replies {
                    reply(outcomes.by_ref().take(changes).collect());
                }
                if let Some(answer) = bulk_answer {
                    let _ = answer.send(Ok(bulk_outcomes));
                }
            }
            Err(error) => {
                tracing::error!(%error, changes = singles, "a batch was not committed");
                let refusal = store_refusal(&error);
                for (changes, reply) in replies {
                    reply(vec![Err(refusal.clone()); changes]);
                }
                if let Some(answer) = bulk_answer {
                    let _ = answer.send(Err(error));
                }
            }
        }
        self.database.index_contacts();
        self.live.erasures.sweeping = self.database.is_sweeping();
    }

    /// Runs requests through the rules and commits as much of what comes of them as
    /// is to be kept.
    fn run(
        &mut self,
        requests: Vec<Request>,
        noted: &[Noted],
        keep: Keep,
    ) -> Result<Outcomes, StoreError> {
        if requests.is_empty() && noted.is_empty() {
            return Ok(Vec::new());
        }
        let ran = self.run_batch(requests, noted, keep);
        if !matches!(ran, Ok((_, true))) {
            // What the batch did in memory is not in the store.
            self.live.retrieval.rolled_back();
            self.live.schedules.look_again();
            self.live.put_back = true;
            let out = self.database.out(&self.objects.load(), &self.policy);
            match out {
                Ok(out) => *self.live.out.change() = out,
                Err(error) => tracing::warn!(%error, "records that are out were not read again"),
            }
        }
        ran.map(|(outcomes, _)| outcomes)
    }

    /// The outcomes, and whether they were committed.
    fn run_batch(
        &mut self,
        requests: Vec<Request>,
        noted: &[Noted],
        keep: Keep,
    ) -> Result<(Outcomes, bool), StoreError> {
        self.database.tidy();
        let now = (self.clock)().as_second();
        let objects = self.objects.load_full();
        let mut transaction = self.database.begin()?;
        self.wanted.follow(&self.notifications, &objects);
        let mut batch = Batch::new(
            &objects,
            &self.policy,
            &mut self.live,
            &self.wanted,
            now,
            requests.len(),
        );
        for request in requests {
            batch.run(request, &mut transaction)?;
        }
        for noted in noted {
            batch.note(noted);
        }
        let written = batch.write(&mut transaction)?;
        let kept = match keep {
            Keep::Each => true,
            Keep::AllOrNone => written.outcomes.iter().all(Result::is_ok),
            Keep::Nothing => false,
        };
        if !kept {
            // Dropped, the transaction is rolled back.
            return Ok((written.outcomes, false));
        }
        transaction.commit()?;
        Ok((self.committed(written, now), true))
    }

    /// Takes up in memory what is in the store now.
    fn committed(&mut self, written: Written, now: i64) -> Outcomes {
        // A number that was rolled back is given out again.
        self.live.counters = written.counters;
        self.live.retrieval.committed();
        self.live.audit = written.audit;
        let objects = self.objects.load();
        self.live.told.look(&self.live.retrieval.classes, &objects);
        self.took_to_outbox(written.posted);
        self.took_calls(&written.calls);
        if !written.groups.is_empty() {
            self.live.groups.extend(written.groups);
            self.groups.store(Arc::new(self.live.groups.clone()));
        }
        if !written.made_whole.is_empty() {
            let mut in_use = Views::clone(&self.live.views);
            for id in written.made_whole {
                in_use.whole(id);
                let objects = self.objects.load();
                if let Some(view) = in_use.iter().find(|view| view.id == id) {
                    let (calling_list, filter) = views::names(&objects, view);
                    tracing::info!(
                        calling_list,
                        filter,
                        "every record was looked at for a filter; it is in use"
                    );
                }
            }
            self.show_views(in_use);
        }
        for (group, wanted) in written.scheduled {
            match wanted {
                Some(wanted) => drop(self.live.schedules.groups.insert(group, wanted)),
                None => drop(self.live.schedules.groups.remove(&group)),
            }
        }
        for change in written.restricted {
            self.live.do_not_call.change().change(change);
        }
        self.live.behind = self.live.behind && !written.caught_up;
        self.database.added(&written.contacts);
        self.after_erasing(written.after_erasing, now);
        if let Some(objects) = written.objects {
            self.objects.store(Arc::new(objects));
        }
        written.outcomes
    }

    fn took_to_outbox(&mut self, posted: Posted) {
        if posted.waiting.is_empty() {
            return;
        }
        {
            let mut unsent = self.live.unsent.change();
            posted.new.into_iter().for_each(|new| unsent.insert(new));
            unsent.add(&posted.waiting);
        }
        if posted.written {
            self.posted
                .send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    fn took_calls(&mut self, calls: &Calls) {
        if calls.steps.is_empty() {
            return;
        }
        calls.change(&mut self.live.calls.change());
        if let Some(hears) = self.hears_calls.get() {
            hears(&calls.steps);
        }
    }

    fn show_views(&mut self, views: Views) {
        self.live.views = Arc::new(views);
        self.views.store(Arc::clone(&self.live.views));
    }

    fn after_erasing(&mut self, after: AfterErasing, now: i64) {
        let erasures = &mut self.live.erasures;
        erasures.contacts.extend(after.contacts);
        if after.removed > 0 {
            erasures.unswept += after.removed;
            erasures.removed_at = now;
        }
        if after.erased || after.sweep {
            erasures.unswept = 0;
            self.database.sweep();
        }
        if after.erased {
            (erasures.scrubbing, erasures.log_cut) = (true, false);
        }
        if after.cut_log {
            erasures.log_cut = self.database.cut_log();
        }
    }

    fn change_objects(&mut self, plan: ObjectsPlan) -> Result<(), ObjectsError> {
        let objects = self.objects.load_full();
        let mut transaction = self.database.begin().map_err(ObjectsError::Store)?;
        let totals = transaction.totals().map_err(ObjectsError::Store)?;
        let view = ObjectsView {
            objects: &objects,
            counters: self.live.counters,
            records_in: &|list| totals.get(&list).copied().unwrap_or(0),
        };
        let (changes, counters) = plan(&view).map_err(ObjectsError::Plan)?;
        if changes.is_empty() {
            return Ok(());
        }
        let mut changed = Objects::clone(&objects);
        let caps = |change: &ObjectChange| {
            matches!(change, ObjectChange::PutCap(_) | ObjectChange::RemoveCap(_))
        };
        if changes.iter().any(caps) {
            // Whoever slept by the old ones is looked at by the new ones.
            for list in objects.lists() {
                transaction
                    .begin_release(&Asleep::List(list.dbid))
                    .map_err(ObjectsError::Store)?;
            }
        }
        let mut freed = Vec::new();
        if self.live.consent.awaited {
            freed = transaction
                .awaiting_consent()
                .map_err(ObjectsError::Store)?;
        }
        for change in changes {
            if let ObjectChange::PutList(list) = &change
                && let Some(before) = objects.list(list.dbid)
                && before.max_attempts < list.max_attempts
            {
                transaction
                    .allow_attempts(list.dbid, before.max_attempts, list.max_attempts)
                    .map_err(ObjectsError::Store)?;
            }
            transaction
                .write_object(&change)
                .map_err(ObjectsError::Store)?;
            changed.change(change);
        }
        for list in changed.lists() {
            // Who had no room in the campaigns that there were may have it in a new one.
            let callers = |objects| capped_by_campaign(objects, list.dbid);
            if !callers(&changed).is_subset(&callers(&objects)) {
                transaction
                    .begin_release(&Asleep::List(list.dbid))
                    .map_err(ObjectsError::Store)?;
            }
        }
        if changed.legal_hours() != objects.legal_hours() {
            // So is whoever slept by the old rules.
            for list in changed.lists().iter().filter(|list| changed.guards(list)) {
                transaction
                    .begin_release(&Asleep::List(list.dbid))
                    .map_err(ObjectsError::Store)?;
            }
        }
        let placing = transaction
            .begin_placing(&changed)
            .map_err(ObjectsError::Store)?;
        // Whom nobody could call without consent, somebody may now.
        freed.retain(|list| {
            let callers = |objects| consent_callers(objects, &self.policy, *list);
            !callers(&changed).is_subset(&callers(&objects))
        });
        for list in freed {
            transaction
                .begin_release(&Asleep::List(list))
                .map_err(ObjectsError::Store)?;
        }
        transaction
            .write_counters(counters)
            .map_err(ObjectsError::Store)?;
        let now = (self.clock)().as_second();
        let views = views::sync(transaction.connection(), &changed, now);
        let views = views.map_err(ObjectsError::Store)?;
        transaction.commit().map_err(ObjectsError::Store)?;
        self.show_views(views);
        self.live.counters = counters;
        self.live.placing |= placing;
        if changed.legal_hours() != objects.legal_hours() {
            self.live.told.forget();
        }
        // Zones, legal hours and what calling lists allow may be others now.
        self.live.retrieval.rolled_back();
        self.live.schedules.look_again();
        let (changes, behind) = self.database.regions_changed(&changed, &self.policy);
        for change in changes {
            self.live.do_not_call.change().change(change);
        }
        self.live.behind |= behind;
        self.objects.store(Arc::new(changed));
        Ok(())
    }
}

/// The line of a bulk whose transaction was rolled back, so that it has to be written
/// with another; `None` where it was written, or where the store took nothing at all.
fn of_rolled_back(line: Noted, keep: Keep, ran: &BulkAnswer) -> Option<Noted> {
    let outcomes = ran.as_ref().ok()?;
    let refused = outcomes.iter().find_map(|outcome| outcome.as_ref().err());
    match (keep, refused) {
        (Keep::Nothing, _) => Some(line),
        (Keep::AllOrNone, Some(refusal)) => Some(Noted {
            outcome: refusal.number.number(),
            ..line
        }),
        (Keep::AllOrNone, None) | (Keep::Each, _) => None,
    }
}
