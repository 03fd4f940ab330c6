//! AddRecords that are under way under an Idempotency-Key: a second one under the same
//! key waits for the first (http-interface.md, section 3). What keeps its items from
//! being stored twice is the store; here is only who comes first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

/// Keys that are in use now. HTTP Proxy has a few AddRecords at once, so they are few.
#[derive(Clone, Default)]
pub(super) struct UnderWay(Arc<Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>>);

/// The key is this request's until it is dropped.
pub(super) type Turn = OwnedMutexGuard<()>;

impl UnderWay {
    /// Waits until nobody else is under way under a key.
    pub(super) async fn turn(&self, key: &str) -> Turn {
        let lock = {
            let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            keys.retain(|_, lock| lock.strong_count() > 0);
            match keys.get(key).and_then(Weak::upgrade) {
                Some(lock) => lock,
                None => {
                    let lock = Arc::default();
                    keys.insert(key.to_owned(), Arc::downgrade(&lock));
                    lock
                }
            }
        };
        lock.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_after_the_other() {
        let keys = UnderWay::default();
        let first = keys.turn("a").await;
        keys.turn("b").await;
        let other = keys.clone();
        let second = tokio::spawn(async move { drop(other.turn("a").await) });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        second.await.expect("its turn comes");
        drop(keys.turn("c").await);
        let known = keys.0.lock().expect("whole").len();
        assert_eq!(known, 1, "keys that are not in use are forgotten");
    }
}
