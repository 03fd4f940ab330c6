//! Idempotency-Key: a request is carried out once, however often it comes
//! (http-interface.md, section 3).

use ocs_protocol::error::ErrorNumber;
use ocs_protocol::refusal::{Refusal, quoted};
use ocs_rules::change::Outcome;

use super::Batch;
use crate::error::StoreError;
use crate::request::Once;
use crate::sqlite::Transaction;

/// Seconds that an answer is kept.
pub(crate) const KEPT: i64 = 24 * 60 * 60;

/// An answer under its key.
#[derive(Clone)]
pub(crate) struct Answered {
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) answer: Vec<u8>,
}

impl Batch<'_> {
    /// What a key was answered before; `None` where it is new.
    pub(super) fn known_answer(
        &mut self,
        once: Option<&Once>,
        store: &mut Transaction<'_>,
    ) -> Result<Option<Result<Outcome, Refusal>>, StoreError> {
        let Some(once) = once else {
            return Ok(None);
        };
        let slot = (once.scope.clone(), once.key.clone());
        let known = match self.answered.get(&slot) {
            Some(known) => Some(known.clone()),
            None => store.answered(&once.scope, &once.key, self.now - KEPT)?,
        };
        Ok(known.map(|known| {
            if known.fingerprint == once.fingerprint {
                Ok(Outcome::Again(known.answer))
            } else {
                Err(Refusal::new(
                    ErrorNumber::KeyUsedOtherwise,
                    format!(
                        "the Idempotency-Key {} was used for a request with another URI or body; \
                         use a new key for each request",
                        quoted(&once.key)
                    ),
                ))
            }
        }))
    }

    pub(super) fn keep_answer(
        &mut self,
        once: Once,
        outcome: &Outcome,
        store: &mut Transaction<'_>,
    ) -> Result<(), StoreError> {
        let answered = Answered {
            fingerprint: once.fingerprint,
            answer: (once.encode)(outcome),
        };
        store.write_answered(&once.scope, &once.key, self.now, &answered)?;
        self.answered.insert((once.scope, once.key), answered);
        Ok(())
    }
}
