//! Idempotency-Key: a request is carried out once, however often it comes
//! (http-interface.md, section 3). Of AddRecords each item is: its outcome is written
//! with it, so that a run that was cut short is gone on with, not begun anew.

use std::sync::Arc;

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_rules::change::{Named, Outcome};

use super::Batch;
use crate::error::StoreError;
use crate::request::{Encode, Once, OnceKey, Part};
use crate::sqlite::Transaction;

/// Seconds that an answer is kept.
pub(crate) const KEPT: i64 = 24 * 60 * 60;

/// An answer under its key, or of an item.
#[derive(Clone)]
pub(crate) struct Answered {
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) answer: Vec<u8>,
    /// The record that the request log names; none of an item.
    pub(crate) record: Option<Named>,
}

impl Answered {
    fn again(self) -> Outcome {
        Outcome::Again {
            answer: self.answer,
            record: self.record,
        }
    }
}

/// An AddRecords under its key, as it was found.
pub(crate) struct Run {
    pub(crate) id: i64,
    pub(crate) fingerprint: Vec<u8>,
    /// How many items there are in all; `None` until the end came.
    pub(crate) items: Option<u32>,
}

/// The AddRecords that a batch carries out a part of: there is one at most.
#[derive(Default)]
pub(super) struct Items {
    known: Option<(Arc<OnceKey>, Option<Run>)>,
    /// What is to be kept, with the index of its change.
    made: Vec<(usize, Made)>,
}

enum Made {
    Item(u32, Vec<u8>, Encode),
    End(u32),
}

/// What is known of a part already; `None` where it is new.
type Known = Option<Result<Outcome, Refusal>>;

impl Batch<'_> {
    /// What a key was answered before; `None` where it is new.
    pub(super) fn known_answer(
        &mut self,
        once: Option<&Once>,
        store: &mut Transaction<'_>,
    ) -> Result<Known, StoreError> {
        let Some(once) = once else {
            return Ok(None);
        };
        match &once.part {
            Part::Whole(_) => self.known_request(&once.key, store),
            part => {
                let known = self.known_part(&once.key, part, store)?;
                if let Some(Err(_)) = known {
                    once.key.refuse();
                }
                Ok(known)
            }
        }
    }

    fn known_request(
        &self,
        key: &OnceKey,
        store: &mut Transaction<'_>,
    ) -> Result<Known, StoreError> {
        let slot = (key.scope.clone(), key.key.clone());
        let after = self.now - KEPT;
        let known = match self.answered.get(&slot) {
            Some(known) => Some(known.clone()),
            None => store.answered(&key.scope, &key.key, after)?,
        };
        Ok(match known {
            Some(known) if known.fingerprint == key.fingerprint => Some(Ok(known.again())),
            Some(_) => Some(Err(used_otherwise(key))),
            None => {
                let run = store.answered_run(&key.scope, &key.key, after)?;
                run.map(|_| Err(used_otherwise(key)))
            }
        })
    }

    fn known_part(
        &mut self,
        key: &Arc<OnceKey>,
        part: &Part,
        store: &mut Transaction<'_>,
    ) -> Result<Known, StoreError> {
        let other = || Ok(Some(Err(used_otherwise(key))));
        if key.is_refused() {
            return other();
        }
        if self.items.known.is_none() {
            let after = self.now - KEPT;
            let run = store.answered_run(&key.scope, &key.key, after)?;
            let same = match &run {
                Some(run) => run.fingerprint == key.fingerprint,
                None => store.answered(&key.scope, &key.key, after)?.is_none(),
            };
            if !same {
                return other();
            }
            self.items.known = Some((Arc::clone(key), run));
        }
        let Some((_, Some(run))) = &self.items.known else {
            return Ok(None);
        };
        match part {
            Part::Item {
                place, fingerprint, ..
            } => match store.answered_item(run.id, *place)? {
                Some(known) if known.fingerprint == *fingerprint => Ok(Some(Ok(known.again()))),
                Some(_) => other(),
                None if run.items.is_some_and(|items| *place >= items) => other(),
                None => Ok(None),
            },
            Part::End(items) => match run.items {
                Some(known) if known == *items => Ok(Some(Ok(Outcome::Known))),
                Some(_) => other(),
                None if store.has_answered_items(run.id, *items)? => other(),
                None => Ok(None),
            },
            Part::Whole(_) => Ok(None),
        }
    }

    pub(super) fn keep_answer(
        &mut self,
        once: Once,
        outcome: &Result<Outcome, Refusal>,
        record: Option<Named>,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let index = self.outcomes.len();
        match once.part {
            // Refusals are judged again.
            Part::Whole(_) if outcome.is_err() => {}
            Part::Whole(encode) => {
                let key = &once.key;
                let answered = Answered {
                    fingerprint: key.fingerprint.clone(),
                    answer: encode(outcome),
                    record,
                };
                store.write_answered(&key.scope, &key.key, self.now, &answered)?;
                let slot = (key.scope.clone(), key.key.clone());
                self.answered.insert(slot, answered);
            }
            Part::Item {
                place,
                fingerprint,
                encode,
            } => {
                let made = Made::Item(place, fingerprint, encode);
                self.items.made.push((index, made));
            }
            Part::End(items) => self.items.made.push((index, Made::End(items))),
        }
        Ok(())
    }

    /// Writes what came of items, once it is known of all of them.
    pub(super) fn write_items(&mut self, store: &mut Transaction<'_>) -> Result<(), StoreError> {
        let Items { known, made } = std::mem::take(&mut self.items);
        let (Some((key, known)), false) = (known, made.is_empty()) else {
            return Ok(());
        };
        let run = match known {
            Some(run) => run.id,
            None => store.begin_answered_run(&key.scope, &key.key, &key.fingerprint, self.now)?,
        };
        for (index, made) in made {
            let Some(outcome) = self.outcomes.get_mut(index) else {
                continue;
            };
            match made {
                // What passes is judged again.
                Made::Item(..) if is_passing(outcome) => {}
                Made::Item(place, fingerprint, encode) => {
                    let answer = encode(outcome);
                    let answered = Answered {
                        fingerprint,
                        answer,
                        record: None,
                    };
                    store.write_answered_item(run, place, &answered)?;
                    if outcome.is_ok() {
                        *outcome = Ok(answered.again());
                    }
                }
                Made::End(items) => store.end_answered_run(run, items)?,
            }
        }
        Ok(())
    }
}

fn used_otherwise(key: &OnceKey) -> Refusal {
    Refusal::new(
        ErrorNumber::KeyUsedOtherwise,
        format!(
            "the Idempotency-Key {} was used for a request with another URI or body; use a new \
             key for each request",
            quoted(&key.key)
        ),
    )
}

/// Whether an item was refused for what OCS could not do, and not for what it says.
fn is_passing(outcome: &Result<Outcome, Refusal>) -> bool {
    outcome.as_ref().is_err_and(|refusal| {
        matches!(
            refusal.number,
            ErrorNumber::InternalFault
                | ErrorNumber::StoreUnavailable
                | ErrorNumber::StoreFull
                | ErrorNumber::Overloaded
                | ErrorNumber::NotServing
                | ErrorNumber::HandlesExhausted
        )
    })
}
