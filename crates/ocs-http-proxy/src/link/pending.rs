//! The requests that wait for their answer, by the stream's own number.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ocs_protocol::wire::WireEvent;
use tokio::sync::oneshot;

/// The requests that wait for their answer.
#[derive(Default)]
pub(crate) struct Pending(Mutex<Places>);

#[derive(Default)]
struct Places {
    places: Vec<Place>,
    free: Vec<u32>,
    waiting: usize,
    closed: bool,
}

/// A place is used again and again; its round tells a late answer from the one
/// that is waited for.
struct Place {
    round: u32,
    waiter: Option<Waiter>,
}

struct Waiter {
    since: Instant,
    answer: oneshot::Sender<Answer>,
}

/// What comes of waiting.
pub(crate) type Answer = Result<WireEvent, Unanswered>;

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// Not within the time for it.
    InTime,
    /// OCS is gone.
    AtAll,
}

/// Why there is no place for one more answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// As many as allowed wait.
    Full,
    /// No answer can come any more.
    Closed,
}

/// One request's place; given up when dropped, so that a client that went away
/// leaves nothing behind.
pub(crate) struct Ticket {
    pending: Arc<Pending>,
    number: u64,
}

impl Ticket {
    /// The request's number on the stream; never 0.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.pending.take(self.number);
    }
}

impl Pending {
    /// Makes a place for one more answer.
    pub(crate) fn expect(
        self: &Arc<Self>,
        most: usize,
    ) -> Result<(Ticket, oneshot::Receiver<Answer>), NoPlace> {
        let (sender, answer) = oneshot::channel();
        let mut places = self.lock();
        if places.closed {
            return Err(NoPlace::Closed);
        }
        if places.waiting >= most {
            return Err(NoPlace::Full);
        }
        places.waiting += 1;
        let index = match places.free.pop() {
            Some(index) => index,
            None => {
                places.places.push(Place {
                    round: 0,
                    waiter: None,
                });
                u32::try_from(places.places.len() - 1).unwrap_or(u32::MAX)
            }
        };
        let place = &mut places.places[index as usize];
        place.round = place.round.wrapping_add(1).max(1);
        place.waiter = Some(Waiter {
            since: Instant::now(),
            answer: sender,
        });
        let number = (u64::from(place.round) << 32) | u64::from(index);
        Ok((
            Ticket {
                pending: Arc::clone(self),
                number,
            },
            answer,
        ))
    }

    /// Hands an answer to whoever waits for it; an answer that nobody waits for
    /// any more is dropped.
    pub(crate) fn answer(&self, number: u64, answer: WireEvent) {
        if let Some(waiter) = self.take(number) {
            let _ = waiter.answer.send(Ok(answer));
        }
    }

    /// No answer will come any more: everyone who waits hears so.
    pub(crate) fn close(&self) {
        let mut places = self.lock();
        places.closed = true;
        places.give_up(Unanswered::AtAll, |_| true);
    }

    /// Whoever has waited for longer hears that no answer came in time. Looked at a
    /// few times a second: a timer for each request would cost more than it tells.
    pub(crate) fn expire(&self, patience: Duration) {
        let now = Instant::now();
        self.lock().give_up(Unanswered::InTime, |since| {
            now.duration_since(since) > patience
        });
    }

    fn take(&self, number: u64) -> Option<Waiter> {
        let mut places = self.lock();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the two halves of the number"
        )]
        let (round, index) = ((number >> 32) as u32, number as u32);
        let place = places.places.get_mut(index as usize)?;
        if place.round != round {
            return None;
        }
        let waiter = place.waiter.take();
        // Its round is over: the number means nothing from now on.
        place.round = place.round.wrapping_add(1);
        places.waiting -= 1;
        places.free.push(index);
        waiter
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    fn give_up(&mut self, why: Unanswered, which: impl Fn(Instant) -> bool) {
        for place in &mut self.places {
            if place
                .waiter
                .as_ref()
                .is_some_and(|waiter| which(waiter.since))
                && let Some(waiter) = place.waiter.take()
            {
                // The place itself is given up by its ticket.
                let _ = waiter.answer.send(Err(why));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocs_protocol::outbound::UserEvent;

    fn event(name: &str) -> WireEvent {
        WireEvent::from(&UserEvent::event(name))
    }

    #[test]
    fn answers_find_their_request_and_late_ones_nobody() {
        let pending = Arc::new(Pending::default());
        let (first, mut first_answer) = pending.expect(2).expect("there is a place");
        let (second, mut second_answer) = pending.expect(2).expect("there is a place");
        assert_eq!(pending.expect(2).err(), Some(NoPlace::Full));
        pending.answer(second.number(), event("second"));
        assert_eq!(second_answer.try_recv(), Ok(Ok(event("second"))));
        assert!(first_answer.try_recv().is_err());
        // The first one's client goes away; its place is used again.
        let late = first.number();
        drop(first);
        let (third, mut third_answer) = pending.expect(1).expect("there is a place");
        assert_ne!(third.number(), late);
        pending.answer(late, event("late"));
        assert!(
            third_answer.try_recv().is_err(),
            "a late answer is not somebody else's"
        );
        pending.expire(Duration::from_secs(60));
        assert!(
            third_answer.try_recv().is_err(),
            "it has not waited for long"
        );
        pending.expire(Duration::ZERO);
        assert_eq!(third_answer.try_recv(), Ok(Err(Unanswered::InTime)));
        // Its place is taken until it is dropped.
        assert_eq!(pending.expect(1).err(), Some(NoPlace::Full));
        drop(third);
        let (_fourth, mut fourth_answer) = pending.expect(1).expect("there is a place");
        pending.close();
        assert_eq!(fourth_answer.try_recv(), Ok(Err(Unanswered::AtAll)));
        assert_eq!(pending.expect(9).err(), Some(NoPlace::Closed));
    }
}
