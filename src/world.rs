//! The one place that reads the clock and throws the dice (held by `clippy.toml`); everything else is told.

mod shared;

use std::time::{Duration, Instant, SystemTime};

use uuid::Uuid;

use crate::domain::time::Timestamp;

pub use shared::{Reading, SharedWorld};

/// What the program knows of the world besides its inputs: the time and chance.
///
/// Simulations put their own behind this; the program uses [`RealWorld`].
pub trait World: Send + Sync {
    /// The time now, UTC.
    fn now(&self) -> Timestamp;

    /// A clock that never goes back and that nobody sets, for spans within this process; its zero means nothing. It
    /// goes on while a machine sleeps, where the system can tell (Linux).
    fn steady(&self) -> Timestamp;

    /// [`World::steady`] as finely as the clock can be read, to measure how long something takes.
    fn stopwatch(&self) -> Duration {
        self.steady().since(Timestamp::from_ms(0))
    }

    /// 122 random bits as a version 4 UUID: request ids, ids of reads, worker ids.
    fn dice(&self) -> Uuid;
}

/// The machine's clock and random numbers.
#[derive(Clone, Copy, Debug)]
pub struct RealWorld {
    started: Instant,
}

#[allow(clippy::disallowed_methods, reason = "this is the place")]
impl Default for RealWorld {
    fn default() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the place")]
impl World for RealWorld {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_ms(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    #[cfg(target_os = "linux")]
    fn steady(&self) -> Timestamp {
        // `Instant` stands still while the machine sleeps.
        let since_boot = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Timestamp::from_ms(since_boot.tv_sec.saturating_mul(1_000) + since_boot.tv_nsec / 1_000_000)
    }

    #[cfg(not(target_os = "linux"))]
    fn steady(&self) -> Timestamp {
        Timestamp::from_ms(0).plus(self.started.elapsed())
    }

    fn stopwatch(&self) -> Duration {
        self.started.elapsed()
    }

    fn dice(&self) -> Uuid {
        Uuid::new_v4()
    }
}
