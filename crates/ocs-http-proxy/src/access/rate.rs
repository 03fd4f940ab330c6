//! How many requests a client may send: so many a second, and as many at once as a
//! second has. Kept as the moment at which everything that was taken is paid for (the
//! generic cell rate algorithm): one number a client, and no timer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Addresses of a network that are counted each for itself; more of them at once share
/// one count.
const ADDRESSES: usize = 10_000;

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// A rate, and who has used how much of it.
pub(super) struct Rate {
    per_second: u32,
    /// What moments are counted from, in nanoseconds.
    epoch: Instant,
    used: Used,
}

enum Used {
    /// By whoever has the credential.
    Together(AtomicU64),
    /// By each address of a network.
    Each(Mutex<Addresses>, AtomicU64),
}

#[derive(Default)]
struct Addresses {
    paid: HashMap<IpAddr, u64>,
    /// When those who owe nothing were last taken out.
    swept: u64,
}

impl Rate {
    pub(super) fn new(per_second: u32, each: bool) -> Self {
        Self {
            per_second,
            epoch: Instant::now(),
            used: if each {
                Used::Each(Mutex::default(), AtomicU64::new(0))
            } else {
                Used::Together(AtomicU64::new(0))
            },
        }
    }

    pub(super) fn per_second(&self) -> u32 {
        self.per_second
    }

    /// Takes a request of this address.
    ///
    /// # Errors
    /// It is one too many: how long until the next one is taken.
    pub(super) fn take(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let since = now.saturating_duration_since(self.epoch).as_nanos();
        let now = u64::try_from(since).unwrap_or(u64::MAX);
        let taken = match &self.used {
            Used::Together(paid) => self.take_of(paid, now),
            Used::Each(addresses, others) => {
                let mut addresses = addresses.lock().unwrap_or_else(PoisonError::into_inner);
                match addresses.paid_of(address.to_canonical(), now) {
                    Some(paid) => self.after(*paid, now).map(|after| *paid = after),
                    None => self.take_of(others, now),
                }
            }
        };
        taken.map_err(Duration::from_nanos)
    }

    fn take_of(&self, paid: &AtomicU64, now: u64) -> Result<(), u64> {
        let mut wait = 0;
        let take = |paid| self.after(paid, now).map_err(|late| wait = late).ok();
        paid.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .map(drop)
            .map_err(|_| wait)
    }

    /// When everything is paid for with one request more; else how long to wait for it.
    fn after(&self, paid: u64, now: u64) -> Result<u64, u64> {
        let price = SECOND / u64::from(self.per_second);
        let after = paid.max(now) + price;
        match (after - now).saturating_sub(price * u64::from(self.per_second)) {
            0 => Ok(after),
            late => Err(late),
        }
    }
}

impl Addresses {
    /// An address's own moment; `None` where there are too many.
    fn paid_of(&mut self, address: IpAddr, now: u64) -> Option<&mut u64> {
        let full = self.paid.len() >= ADDRESSES && !self.paid.contains_key(&address);
        if full {
            // Once a second: strangers who come in crowds are not to cost more.
            if now.saturating_sub(self.swept) < SECOND {
                return None;
            }
            self.swept = now;
            self.paid.retain(|_, paid| *paid > now);
            if self.paid.len() >= ADDRESSES {
                return None;
            }
        }
        Some(self.paid.entry(address).or_insert(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn so_many_a_second_and_at_once() {
        // Rate; then at which millisecond a request comes, and how long it must wait.
        for (rate, requests) in [
            (
                1,
                &[
                    (0, 0),
                    (0, 1000),
                    (400, 600),
                    (999, 1),
                    (1000, 0),
                    (1500, 500),
                ][..],
            ),
            (
                4,
                &[
                    (0, 0),
                    (0, 0),
                    (0, 0),
                    (0, 0),
                    (0, 250),
                    (100, 150),
                    (250, 0),
                    (250, 250),
                    (1000, 0),
                    (1000, 0),
                    (1000, 0),
                    (1000, 250),
                    // Nothing is saved up for longer than a second.
                    (9000, 0),
                    (9000, 0),
                    (9000, 0),
                    (9000, 0),
                    (9000, 250),
                ],
            ),
        ] {
            for each in [false, true] {
                let limit = Rate::new(rate, each);
                for (at, wait) in requests {
                    let now = limit.epoch + Duration::from_millis(*at);
                    let found = limit.take(address(1), now).err().unwrap_or_default();
                    assert_eq!(found, Duration::from_millis(*wait), "{rate} at {at}");
                }
            }
        }
    }

    #[test]
    fn each_address_for_itself_in_bounded_memory() {
        let limit = Rate::new(1, true);
        let at = |millis| limit.epoch + Duration::from_millis(millis);
        for number in 0..20_000 {
            let taken = limit.take(address(number), at(1)).is_ok();
            // The first too many is counted for all of them.
            assert_eq!(taken, number <= 10_000, "{number}");
        }
        assert!(limit.take(address(5), at(500)).is_err());
        // They owe nothing any more, and make room.
        assert!(limit.take(address(20_001), at(2_000)).is_ok());
        assert!(limit.take(address(20_001), at(2_000)).is_err());
        let Used::Each(addresses, _) = &limit.used else {
            panic!("each has its own")
        };
        assert_eq!(addresses.lock().expect("nobody panicked").paid.len(), 1);
    }
}
