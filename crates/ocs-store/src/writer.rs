//! The writer: one thread that takes everything that waits, and commits it once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use ocs_protocol::refusal::Refusal;
use ocs_rules::change::{Change, Outcome};
use ocs_rules::counters::Counters;
use ocs_rules::objects::Objects;
use tokio::sync::oneshot;

use crate::batch::Batch;
use crate::error::{StoreError, store_refusal};
use crate::queue::{Queue, Taken};
use crate::sqlite::Database;
use crate::store::{Bulk, Clock, Job, ObjectsError, ObjectsPlan, ObjectsView, Reply};

/// What the writer owns.
pub(crate) struct Writer {
    pub(crate) database: Database,
    pub(crate) counters: Counters,
    pub(crate) objects: Arc<ArcSwap<Objects>>,
    pub(crate) clock: Clock,
}

/// Starts the writer's thread. `ended` is told when it ends, by a panic too.
pub(crate) fn start(
    mut writer: Writer,
    queue: Arc<Queue<Job, Bulk>>,
    ended: oneshot::Sender<()>,
) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || {
            let work = AssertUnwindSafe(|| {
                while let Some(taken) = queue.take() {
                    writer.work(taken);
                }
            });
            if catch_unwind(work).is_err() {
                tracing::error!("the store's writer ended by a fault; OCS stops");
            }
            queue.close();
            writer.database.close();
            let _ = ended.send(());
        })
        .map_err(|error| StoreError::Unavailable(format!("no thread for the writer: {error}")))
}

impl Writer {
    fn work(&mut self, taken: Taken<Job, Bulk>) {
        let mut changes: Vec<Change> = Vec::new();
        let mut replies: Vec<(usize, Reply)> = Vec::with_capacity(taken.singles.len());
        for mut job in taken.singles {
            replies.push((job.changes.len(), job.reply));
            changes.append(&mut job.changes);
        }
        let singles = changes.len();
        let mut bulk_answer = None;
        match taken.bulk {
            // With the single changes: one commit for all of them.
            Some(Bulk::Changes {
                changes: bulk,
                keep: true,
                answer,
            }) => {
                changes.extend(bulk);
                bulk_answer = Some(answer);
            }
            Some(Bulk::Changes {
                changes: bulk,
                keep: false,
                answer,
            }) => {
                let _ = answer.send(self.run(bulk, false));
            }
            Some(Bulk::Objects { plan, answer }) => {
                let _ = answer.send(self.change_objects(plan));
            }
            None => {}
        }
        match self.run(changes, true) {
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
    }

    /// Runs changes through the rules and, to `keep` them, commits what comes of
    /// them.
    fn run(
        &mut self,
        changes: Vec<Change>,
        keep: bool,
    ) -> Result<Vec<Result<Outcome, Refusal>>, StoreError> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        self.database.tidy();
        let now = (self.clock)().as_second();
        let objects = self.objects.load_full();
        let mut transaction = self.database.begin()?;
        let mut batch = Batch::new(&objects, self.counters, now, changes.len());
        let outcomes = changes
            .into_iter()
            .enumerate()
            .map(|(index, change)| batch.run(index, change, &mut transaction))
            .collect::<Result<Vec<_>, StoreError>>()?;
        let written = batch.write(outcomes, &mut transaction)?;
        if !keep {
            // Dropped, the transaction is rolled back.
            return Ok(written.outcomes);
        }
        transaction.commit()?;
        // Only now: a number that was rolled back is given out again.
        self.counters = written.counters;
        if let Some(objects) = written.objects {
            self.objects.store(Arc::new(objects));
        }
        Ok(written.outcomes)
    }

    fn change_objects(&mut self, plan: ObjectsPlan) -> Result<(), ObjectsError> {
        let objects = self.objects.load_full();
        let mut transaction = self.database.begin().map_err(ObjectsError::Store)?;
        let totals = transaction.totals().map_err(ObjectsError::Store)?;
        let view = ObjectsView {
            objects: &objects,
            counters: self.counters,
            records_in: &|list| totals.get(&list).copied().unwrap_or(0),
        };
        let (changes, counters) = plan(&view).map_err(ObjectsError::Plan)?;
        if changes.is_empty() {
            return Ok(());
        }
        let mut changed = Objects::clone(&objects);
        for change in changes {
            transaction
                .write_object(&change)
                .map_err(ObjectsError::Store)?;
            changed.change(change);
        }
        transaction
            .write_counters(counters)
            .map_err(ObjectsError::Store)?;
        transaction.commit().map_err(ObjectsError::Store)?;
        self.counters = counters;
        self.objects.store(Arc::new(changed));
        Ok(())
    }
}
