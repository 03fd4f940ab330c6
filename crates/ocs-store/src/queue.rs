//! The queue before the writer. It is bounded: who finds it full is refused, and
//! nothing ever waits in it unanswered (ARCHITECTURE.md, invariant 3).

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The queue is full, or closed for good; here is the work back.
#[derive(Debug)]
pub struct Full<T> {
    /// What was not taken.
    pub work: T,
    /// Whether the queue takes no more work ever.
    pub closed: bool,
}

/// How much may wait, and how much is taken at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Single changes that may wait, over all pieces of work.
    pub(crate) singles: usize,
    /// Bulk work that may wait, in batches.
    pub(crate) bulk: usize,
    /// Single changes taken into one transaction; one piece of work is never cut.
    pub(crate) taken: usize,
}

/// Work of a known size.
pub(crate) trait Measured {
    /// How many single changes it is.
    fn changes(&self) -> usize;
}

/// Single changes in one lane, bulk work and objects in another, so that bulk
/// never starves single requests: at most one batch of it goes into a transaction.
pub(crate) struct Queue<S, B> {
    lanes: Mutex<Lanes<S, B>>,
    filled: Condvar,
    limits: Limits,
}

struct Lanes<S, B> {
    singles: VecDeque<S>,
    /// The changes in `singles`.
    waiting: usize,
    bulk: VecDeque<B>,
    closed: bool,
    /// Whether the writer sleeps, so that a push by day costs no system call.
    asleep: bool,
}

/// What the writer takes at once.
pub(crate) struct Taken<S, B> {
    pub(crate) singles: Vec<S>,
    pub(crate) bulk: Option<B>,
}

impl<S: Measured, B> Queue<S, B> {
    pub(crate) fn new(limits: Limits) -> Self {
        let lanes = Lanes {
            singles: VecDeque::new(),
            waiting: 0,
            bulk: VecDeque::new(),
            closed: false,
            asleep: false,
        };
        Self {
            lanes: Mutex::new(lanes),
            filled: Condvar::new(),
            limits,
        }
    }

    pub(crate) fn push(&self, work: S) -> Result<(), Full<S>> {
        let mut lanes = self.lock();
        if lanes.closed || lanes.waiting + work.changes() > self.limits.singles {
            return Err(Full {
                work,
                closed: lanes.closed,
            });
        }
        lanes.waiting += work.changes();
        lanes.singles.push_back(work);
        self.wake(lanes);
        Ok(())
    }

    pub(crate) fn push_bulk(&self, work: B) -> Result<(), Full<B>> {
        let mut lanes = self.lock();
        if lanes.closed || lanes.bulk.len() >= self.limits.bulk {
            return Err(Full {
                work,
                closed: lanes.closed,
            });
        }
        lanes.bulk.push_back(work);
        self.wake(lanes);
        Ok(())
    }

    /// Waits for work, then takes what waits. `None` when the queue is closed and
    /// everything in it has been taken.
    pub(crate) fn take(&self) -> Option<Taken<S, B>> {
        let mut lanes = self.lock();
        loop {
            if !lanes.singles.is_empty() || !lanes.bulk.is_empty() {
                return Some(Taken {
                    singles: lanes.take_singles(self.limits.taken),
                    bulk: lanes.bulk.pop_front(),
                });
            }
            if lanes.closed {
                return None;
            }
            lanes.asleep = true;
            lanes = self
                .filled
                .wait(lanes)
                .unwrap_or_else(PoisonError::into_inner);
            lanes.asleep = false;
        }
    }

    /// Takes no more work; what is in the queue is still done.
    pub(crate) fn close(&self) {
        let mut lanes = self.lock();
        lanes.closed = true;
        self.wake(lanes);
    }

    fn wake(&self, mut lanes: MutexGuard<'_, Lanes<S, B>>) {
        if std::mem::take(&mut lanes.asleep) {
            drop(lanes);
            self.filled.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lanes<S, B>> {
        // Nothing panics while it holds this lock, and a queue is whole at any line.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Measured, B> Lanes<S, B> {
    fn take_singles(&mut self, most: usize) -> Vec<S> {
        let mut changes = 0;
        let fitting = self.singles.iter().take_while(|work| {
            let first = changes == 0;
            changes += work.changes();
            first || changes <= most
        });
        let taken: Vec<S> = {
            let count = fitting.count();
            self.singles.drain(..count).collect()
        };
        self.waiting -= taken.iter().map(Measured::changes).sum::<usize>();
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Measured for u32 {
        fn changes(&self) -> usize {
            1
        }
    }

    /// Work of so many changes.
    #[derive(Debug, PartialEq)]
    struct Burst(usize);

    impl Measured for Burst {
        fn changes(&self) -> usize {
            self.0
        }
    }

    #[test]
    fn bounded_by_changes_and_never_cut() {
        let limits = Limits {
            singles: 10,
            bulk: 1,
            taken: 4,
        };
        let queue: Queue<Burst, ()> = Queue::new(limits);
        for changes in [1, 2, 6] {
            queue.push(Burst(changes)).expect("there is room");
        }
        queue
            .push(Burst(2))
            .expect_err("there is room for one only");
        queue.push(Burst(1)).expect("there is room");
        for taken in [vec![Burst(1), Burst(2)], vec![Burst(6)], vec![Burst(1)]] {
            assert_eq!(queue.take().expect("work waits").singles, taken);
        }
        queue.push(Burst(10)).expect("it is empty again");
    }

    const LIMITS: Limits = Limits {
        singles: 3,
        bulk: 1,
        taken: 2,
    };

    #[test]
    fn bounded_in_order_and_emptied_before_it_ends() {
        let queue: Queue<u32, &str> = Queue::new(LIMITS);
        for number in 1..=3 {
            queue.push(number).expect("there is room");
        }
        assert_eq!(queue.push(4).expect_err("it is full").work, 4);
        queue.push_bulk("a").expect("there is room");
        assert_eq!(queue.push_bulk("b").expect_err("it is full").work, "b");
        queue.close();
        assert!(queue.push(5).expect_err("it is closed").closed);
        let taken = queue.take().expect("work waits");
        assert_eq!((taken.singles, taken.bulk), (vec![1, 2], Some("a")));
        let taken = queue.take().expect("work waits");
        assert_eq!((taken.singles, taken.bulk), (vec![3], None));
        assert!(queue.take().is_none());
    }

    #[test]
    fn a_sleeping_writer_is_woken() {
        let queue: Queue<u32, ()> = Queue::new(LIMITS);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut sum = 0;
                while let Some(taken) = queue.take() {
                    sum += taken.singles.iter().sum::<u32>();
                }
                sum
            });
            for number in 1..=1000 {
                while queue.push(number).is_err() {
                    std::thread::yield_now();
                }
            }
            queue.close();
            assert_eq!(writer.join().expect("the writer ends"), 500_500);
        });
    }
}
