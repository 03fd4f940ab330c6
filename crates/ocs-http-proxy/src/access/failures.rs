//! Whoever tries tokens waits for his refusals, longer each time. Nobody else does: a
//! good token is never looked up here, wherever it comes from.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// Addresses that are remembered; whoever comes beyond them waits as long as can be.
const ADDRESSES: usize = 4_096;
/// Refusals that are held back at the same time; more go out at once, and their
/// connections end.
const HELD: usize = 1_000;
/// What the first wrong token of an address costs; each further one twice as much.
const FIRST: Duration = Duration::from_millis(50);
/// What one costs at most.
const LONGEST: Duration = Duration::from_secs(1);
/// After so long without a wrong token an address is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// Who has shown wrong tokens.
pub(crate) struct Failures {
    addresses: Mutex<HashMap<IpAddr, Failed>>,
    held: Semaphore,
}

struct Failed {
    times: u32,
    last: Instant,
}

impl Default for Failures {
    fn default() -> Self {
        Self {
            addresses: Mutex::default(),
            held: Semaphore::new(HELD),
        }
    }
}

impl Failures {
    /// Holds back the refusal of a wrong token of this address. False where too many are
    /// held back: this one is not.
    pub(crate) async fn hold(&self, address: IpAddr) -> bool {
        let wait = self.noted(address, Instant::now());
        let Ok(_place) = self.held.try_acquire() else {
            return false;
        };
        tokio::time::sleep(wait).await;
        true
    }

    /// Notes a wrong token, and says how long its refusal is held back.
    fn noted(&self, address: IpAddr, now: Instant) -> Duration {
        let address = neighbourhood(address);
        let mut addresses = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_known = |failed: &Failed| now.duration_since(failed.last) < FORGOTTEN;
        if addresses.len() >= ADDRESSES && !addresses.contains_key(&address) {
            addresses.retain(|_, failed| is_known(failed));
            if addresses.len() >= ADDRESSES {
                return LONGEST;
            }
        }
        let failed = addresses.entry(address).or_insert(Failed {
            times: 0,
            last: now,
        });
        if !is_known(failed) {
            failed.times = 0;
        }
        failed.last = now;
        let wait = FIRST.saturating_mul(1 << failed.times.min(10));
        failed.times += 1;
        wait.min(LONGEST)
    }
}

/// Whoever has one IPv6 address has the 2^64 around it.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_each_time_and_forgotten() {
        let failures = Failures::default();
        let start = Instant::now();
        let wait = |address: &str, after| {
            let address = address.parse().expect("an address");
            let waits = failures.noted(address, start + Duration::from_secs(after));
            u64::try_from(waits.as_millis()).expect("a second at most")
        };
        for (address, after, waits) in [
            ("10.0.0.1", 0, 50),
            ("10.0.0.1", 0, 100),
            ("::ffff:10.0.0.1", 1, 200),
            ("10.0.0.2", 1, 50),
            ("10.0.0.1", 2, 400),
            ("10.0.0.1", 3, 800),
            ("10.0.0.1", 4, 1000),
            ("10.0.0.1", 63, 1000),
            ("10.0.0.1", 123, 50),
            ("2001:db8::1", 123, 50),
            ("2001:db8::2", 123, 100),
            ("2001:db8:0:1::2", 123, 50),
        ] {
            assert_eq!(wait(address, after), waits, "{address} after {after} s");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let failures = Failures::default();
        let now = Instant::now();
        for number in 0..5_000 {
            let address = std::net::Ipv4Addr::from_bits(number);
            let wait = failures.noted(address.into(), now);
            let right = if number < 4_096 { FIRST } else { LONGEST };
            assert_eq!(wait, right, "{number}");
        }
        let later = now + FORGOTTEN;
        assert_eq!(failures.noted([10, 0, 0, 1].into(), later), FIRST);
        let known = failures.addresses.lock().expect("nobody panicked").len();
        assert_eq!(known, 1);
    }
}
