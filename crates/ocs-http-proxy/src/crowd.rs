//! The connections that are open, and which of them makes room for a new one
//! (http-interface.md, section 5): the one that is longest without a complete request.
//!
//! When a connection was last answered is known to itself alone, so that a request
//! costs nothing here. The order is by what was known when it was last looked at: who
//! comes first and has been answered since goes back to where he belongs.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use crate::conduct::Conduct;

/// The connections that are open.
#[derive(Default)]
pub(crate) struct Crowd(Mutex<Open>);

#[derive(Default)]
struct Open {
    next: u64,
    members: HashMap<u64, Member>,
    order: BTreeSet<(Instant, u64)>,
    /// Until when it is taken for granted that every one of them is being answered.
    busy_until: Option<Instant>,
    closed: Closed,
}

struct Member {
    conduct: Arc<Conduct>,
    /// Where it stands in the order.
    since: Instant,
    task: Option<AbortHandle>,
}

/// Connections that made room and were not told of yet.
#[derive(Default)]
struct Closed {
    untold: u64,
    told: Option<Instant>,
}

/// How long that is taken for granted once all of them were looked at: looking at ten
/// thousand takes a millisecond, which a flood is not to buy with each of its connections.
const BUSY_FOR: Duration = Duration::from_millis(10);

/// How often it is told that connections make room.
const TELL_EACH: Duration = Duration::from_secs(10);

/// A connection's place; it is left when this is dropped.
pub(crate) struct Place {
    crowd: Arc<Crowd>,
    number: u64,
}

impl Crowd {
    /// A place for one more connection, of at most so many. `None` where every one of
    /// them is being answered.
    pub(crate) fn enter(self: &Arc<Self>, conduct: Arc<Conduct>, most: usize) -> Option<Place> {
        let mut open = self.open();
        // More than one where a reload has brought a lower limit.
        while open.members.len() >= most {
            let left = open.longest_unasked(Instant::now())?;
            if let Some(task) = left.task {
                task.abort();
            }
            open.closed.one(most);
        }
        let number = open.next;
        open.next += 1;
        let since = conduct.answered();
        open.order.insert((since, number));
        let member = Member {
            conduct,
            since,
            task: None,
        };
        open.members.insert(number, member);
        Some(Place {
            crowd: Arc::clone(self),
            number,
        })
    }

    /// The task that a connection lives in, so that it can make room.
    pub(crate) fn runs_as(&self, number: u64, task: AbortHandle) {
        match self.open().members.get_mut(&number) {
            Some(member) => member.task = Some(task),
            // It has ended already; or it had to make room before anybody could tell it.
            None => task.abort(),
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Takes the connection off that is longest without a complete request. One that
    /// has sent all of a request, and waits for its answer, is not asked to go.
    fn longest_unasked(&mut self, now: Instant) -> Option<Member> {
        if self.busy_until.is_some_and(|until| now < until) {
            return None;
        }
        loop {
            let (since, number) = self.order.pop_first()?;
            let member = self.members.get_mut(&number)?;
            let is_answering = member.conduct.is_answering();
            let all_are = is_answering && since >= now;
            let belongs = match is_answering {
                // Behind all that were not looked at yet.
                true => now.max(since),
                false => member.conduct.answered(),
            };
            if !is_answering && belongs <= since {
                return self.members.remove(&number);
            }
            member.since = belongs;
            self.order.insert((belongs, number));
            if all_are {
                self.busy_until = Some(now + BUSY_FOR);
                return None;
            }
        }
    }
}

impl Closed {
    /// One more. A flood writes a line now and then, not one a connection.
    fn one(&mut self, most: usize) {
        self.untold += 1;
        if self.told.is_none_or(|told| told.elapsed() >= TELL_EACH) {
            tracing::warn!(
                closed = self.untold,
                "all {most} connections are taken (http-connections): those that are longest \
                 without a complete request are closed for new ones"
            );
            self.untold = 0;
            self.told = Some(Instant::now());
        }
    }
}

impl Place {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.crowd.open();
        if let Some(member) = open.members.remove(&self.number) {
            open.order.remove(&(member.since, self.number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conduct::Phase;

    /// Who is still in, by the order of coming.
    fn inside(crowd: &Crowd) -> Vec<u64> {
        let mut numbers: Vec<u64> = crowd.open().members.keys().copied().collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn who_makes_room() {
        let crowd = Arc::new(Crowd::default());
        let conducts: Vec<_> = (0..6).map(|_| Arc::new(Conduct::new())).collect();
        let enter = |which: usize| crowd.enter(Arc::clone(&conducts[which]), 3);
        let places: Vec<_> = (0..3).map(enter).collect();
        assert!(places.iter().all(Option::is_some));
        // The first one was answered, and the second is being answered.
        std::thread::sleep(Duration::from_millis(2));
        conducts[0].came(1);
        conducts[0].enter(Phase::Busy);
        conducts[0].enter(Phase::Idle);
        conducts[1].came(1);
        conducts[1].enter(Phase::Busy);
        let fourth = enter(3);
        assert_eq!(inside(&crowd), [0, 1, 3]);
        // Its half of a request makes nobody newer.
        conducts[3].enter(Phase::Head);
        std::thread::sleep(Duration::from_millis(2));
        conducts[0].came(1);
        conducts[0].enter(Phase::Busy);
        conducts[0].enter(Phase::Idle);
        let fifth = enter(4);
        assert_eq!(inside(&crowd), [0, 1, 4]);
        // All of them are being answered.
        conducts[0].came(1);
        conducts[4].came(1);
        assert!(enter(5).is_none());
        drop(fifth);
        let sixth = enter(5);
        assert_eq!(inside(&crowd), [0, 1, 5]);
        drop((places, fourth, sixth));
        assert!(inside(&crowd).is_empty() && crowd.open().order.is_empty());
    }

    /// Who is being answered never makes room, whatever its moment; who is answered does
    /// again, once all are looked at again.
    #[test]
    fn who_is_being_answered_stays() {
        let crowd = Arc::new(Crowd::default());
        let conducts: Vec<_> = (0..3).map(|_| Arc::new(Conduct::new())).collect();
        let enter = |which: &usize| crowd.enter(Arc::clone(&conducts[*which]), 3);
        let places: Vec<_> = [0, 1, 2].iter().map(enter).collect();
        conducts.iter().for_each(|conduct| conduct.came(1));
        // At one and the same moment, and before and after it.
        let moment = conducts[2].answered();
        for now in [moment, moment, moment + BUSY_FOR, moment + BUSY_FOR * 2] {
            assert!(crowd.open().longest_unasked(now).is_none());
        }
        assert_eq!(inside(&crowd), [0, 1, 2]);
        conducts[1].enter(Phase::Idle);
        let soon = moment + BUSY_FOR * 2;
        assert!(crowd.open().longest_unasked(soon).is_none(), "not yet");
        let later = crowd.open().longest_unasked(soon + BUSY_FOR);
        assert!(later.is_some());
        assert_eq!(inside(&crowd), [0, 2]);
        drop(places);
    }

    /// A connection can have to make room before its task is known.
    #[tokio::test]
    async fn who_is_gone_is_ended() {
        let crowd = Arc::new(Crowd::default());
        let first = crowd.enter(Arc::new(Conduct::new()), 1).expect("a place");
        let task = tokio::spawn(std::future::pending::<()>());
        let second = crowd.enter(Arc::new(Conduct::new()), 1).expect("a place");
        crowd.runs_as(first.number(), task.abort_handle());
        assert!(task.await.expect_err("it was ended").is_cancelled());
        drop((first, second));
    }
}
