//! The least important level that is written; it may become another one while the
//! process runs (configuration.md, section 3).

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// The levels by their number here.
const LEVELS: [LevelFilter; 6] = [
    LevelFilter::OFF,
    LevelFilter::ERROR,
    LevelFilter::WARN,
    LevelFilter::INFO,
    LevelFilter::DEBUG,
    LevelFilter::TRACE,
];

/// The present level; clones are the same one.
#[derive(Clone)]
pub(crate) struct Level(Arc<AtomicU8>);

impl Level {
    pub(crate) fn new(level: LevelFilter) -> Self {
        Self(Arc::new(AtomicU8::new(number(level))))
    }

    pub(crate) fn get(&self) -> LevelFilter {
        LEVELS[usize::from(self.0.load(Ordering::Relaxed))]
    }

    pub(crate) fn set(&self, level: LevelFilter) {
        self.0.store(number(level), Ordering::Relaxed);
        // Every place that writes remembers whether it does.
        tracing::callsite::rebuild_interest_cache();
    }

    /// Our own events, and no library's: those would show what passes through them.
    fn writes(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("ocs") && *metadata.level() <= self.get()
    }
}

fn number(level: LevelFilter) -> u8 {
    // The positions are 0 to 5.
    let position = LEVELS.iter().position(|known| *known == level);
    position.map_or(0, |position| position as u8)
}

impl<S: Subscriber> Layer<S> for Level {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.writes(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.writes(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.get())
    }
}
