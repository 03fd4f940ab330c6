//! Handshakes that failed, in the log: a line each, and no flood of them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So many lines in so long; a scan of the port makes thousands.
const LINES: u32 = 10;
const WINDOW: Duration = Duration::from_secs(5);

/// The failed handshakes of one port.
#[derive(Default)]
pub(super) struct Failures(Mutex<Window>);

#[derive(Default)]
struct Window {
    began: Option<Instant>,
    said: u32,
    unsaid: u32,
}

/// What is done with a failure.
#[derive(Debug, PartialEq, Eq)]
enum Kept {
    Said,
    /// It is counted only; the first one until this moment, when the count is said.
    FirstUnsaid(Instant),
    Unsaid,
}

impl Window {
    fn enter(&mut self, now: Instant) -> Kept {
        let began = *self.began.get_or_insert(now);
        if now.duration_since(began) >= WINDOW {
            // What was not said is still to be said by whoever waits for it.
            self.began = Some(now);
            self.said = 0;
        }
        if self.said < LINES {
            self.said += 1;
            return Kept::Said;
        }
        self.unsaid += 1;
        match self.unsaid {
            1 => Kept::FirstUnsaid(self.began.unwrap_or(now) + WINDOW),
            _ => Kept::Unsaid,
        }
    }
}

impl Failures {
    /// Says why a client could not be agreed with.
    pub(super) fn say(self: &Arc<Self>, client: SocketAddr, reason: &str) {
        let kept = self.window().enter(Instant::now());
        match kept {
            Kept::Said => tracing::warn!(%client, "TLS was not agreed on: {reason}"),
            Kept::FirstUnsaid(until) => {
                let failures = Arc::clone(self);
                tokio::spawn(async move {
                    tokio::time::sleep_until(until).await;
                    let unsaid = std::mem::take(&mut failures.window().unsaid);
                    tracing::warn!("TLS was not agreed on with {unsaid} more clients");
                });
            }
            Kept::Unsaid => {}
        }
    }

    fn window(&self) -> std::sync::MutexGuard<'_, Window> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted() {
        let mut window = Window::default();
        let begun = Instant::now();
        for _ in 0..LINES {
            assert_eq!(window.enter(begun), Kept::Said);
        }
        let end = begun + WINDOW;
        let last = end - Duration::from_millis(1);
        assert_eq!(window.enter(last), Kept::FirstUnsaid(end));
        assert_eq!(window.enter(last), Kept::Unsaid);
        assert_eq!(window.unsaid, 2);
        // The next five seconds have lines of their own.
        assert_eq!(window.enter(end), Kept::Said);
    }
}
