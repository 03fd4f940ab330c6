//! AddRecords that are under way under an Idempotency-Key: a second one under the same
//! key waits for the first (http-interface.md, section 3). What keeps its items from
//! being stored twice is the store; here is only who comes first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

/// Keys that are in use now. HTTP Proxy has a few AddRecords at once, so they are few.
#[derive(Clone, Default)]
pub(super) struct UnderWay(Arc<Mutex<Keys>>);

/// By whose they are and what they are.
type Keys = HashMap<(String, String), Weak<tokio::sync::Mutex<()>>>;

/// The key is this request's until it is dropped.
pub(super) type Turn = OwnedMutexGuard<()>;

impl UnderWay {
    /// Waits until nobody else is under way under a key of the same client's.
    pub(super) async fn turn(&self, scope: &str, key: &str) -> Turn {
        let key = (scope.to_owned(), key.to_owned());
        let lock = {
            let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            keys.retain(|_, lock| lock.strong_count() > 0);
            match keys.get(&key).and_then(Weak::upgrade) {
                Some(lock) => lock,
                None => {
                    let lock = Arc::default();
                    keys.insert(key, Arc::downgrade(&lock));
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
        let first = keys.turn("anonymous", "a").await;
        keys.turn("anonymous", "b").await;
        keys.turn("token:crm", "a").await;
        let other = keys.clone();
        let second = tokio::spawn(async move { drop(other.turn("anonymous", "a").await) });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        second.await.expect("its turn comes");
        drop(keys.turn("anonymous", "c").await);
        let known = keys.0.lock().expect("whole").len();
        assert_eq!(known, 1, "keys that are not in use are forgotten");
    }
}
