//! Connections without a session. Strangers may open as many as they like: the oldest
//! goes for the newest, and so nobody who says hello at once is kept out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::WAITING;

/// The connections without a session, the oldest first.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<Mutex<Connections>>);

#[derive(Default)]
struct Connections {
    next: u64,
    waiting: BTreeMap<u64, Arc<Notify>>,
}

/// A connection's place among them; given back when it is dropped.
pub(super) struct Place {
    waiting: Waiting,
    number: u64,
}

impl Waiting {
    /// Waits from now on; `end` is notified when the place is needed for another.
    pub(super) fn enter(&self, end: Arc<Notify>) -> Place {
        let mut connections = self.lock();
        if connections.waiting.len() >= WAITING
            && let Some((_, oldest)) = connections.waiting.pop_first()
        {
            oldest.notify_one();
        }
        let number = connections.next;
        connections.next += 1;
        connections.waiting.insert(number, end);
        drop(connections);
        Place {
            waiting: self.clone(),
            number,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.lock().waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::iter::repeat_with;

    use super::*;

    #[tokio::test]
    async fn the_oldest_goes_for_the_newest() {
        let waiting = Waiting::default();
        let ends: Vec<_> = repeat_with(|| Arc::new(Notify::new()))
            .take(WAITING + 1)
            .collect();
        let mut places: Vec<_> = ends
            .iter()
            .take(WAITING)
            .map(|end| waiting.enter(Arc::clone(end)))
            .collect();
        // Who has a session no longer waits.
        drop(places.remove(0));
        places.push(waiting.enter(Arc::clone(&ends[0])));
        places.push(waiting.enter(Arc::clone(&ends[WAITING])));
        ends[1].notified().await;
        assert_eq!(waiting.lock().waiting.len(), WAITING);
        drop(places);
        assert!(waiting.lock().waiting.is_empty());
    }
}
