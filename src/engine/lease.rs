//! Until when a lease is certainly held. A process that was stopped, or a machine that slept, does not know that time
//! has passed; it must not send for a row that somebody else may have taken over meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::world::World;

/// A moment by both clocks: the steady one may stand still while a machine sleeps (not on Linux: [`World::steady`]), the other
/// one can be put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    steady: Timestamp,
    wall: Timestamp,
}

impl Moment {
    /// Now.
    pub fn now(world: &dyn World) -> Self {
        Self {
            steady: world.steady(),
            wall: world.now(),
        }
    }
}

/// Watches one lease, for all who have a copy. Whoever keeps the lease says when it was asked for and prolonged;
/// whoever is about to send asks whether it still holds.
#[derive(Clone, Debug)]
pub struct LeaseWatch(Arc<Until>);

#[derive(Debug)]
struct Until {
    steady_ms: AtomicI64,
    wall_ms: AtomicI64,
}

impl LeaseWatch {
    /// A lease of this length, asked for at `asked`: it may have begun then, and ends no earlier than its length after.
    pub fn new(asked: Moment, length: Duration) -> Self {
        Self(Arc::new(Until {
            steady_ms: AtomicI64::new(asked.steady.plus(length).as_ms()),
            wall_ms: AtomicI64::new(asked.wall.plus(length).as_ms()),
        }))
    }

    /// Whether the lease is certainly held.
    pub fn is_held(&self, now: Moment) -> bool {
        now.steady.as_ms() < self.0.steady_ms.load(Ordering::Relaxed)
            && now.wall.as_ms() < self.0.wall_ms.load(Ordering::Relaxed)
    }

    /// It was prolonged by `length`, asked for at `asked` and told at `told`. A lease that may have run out before the
    /// ledger's word was there stays so: whether it was prolonged or somebody else has it is not known.
    pub fn prolonged(&self, asked: Moment, length: Duration, told: Moment) {
        if self.is_held(told) {
            let (steady, wall) = (asked.steady.plus(length), asked.wall.plus(length));
            self.0.steady_ms.fetch_max(steady.as_ms(), Ordering::Relaxed);
            self.0.wall_ms.fetch_max(wall.as_ms(), Ordering::Relaxed);
        }
    }

    /// Nothing more is to be sent under it, however long it lasts.
    pub fn revoke(&self) {
        self.0.steady_ms.store(i64::MIN, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(5);

    fn at(steady_ms: i64, wall_ms: i64) -> Moment {
        Moment {
            steady: Timestamp::from_ms(steady_ms),
            wall: Timestamp::from_ms(1_700_000_000_000 + wall_ms),
        }
    }

    fn both(ms: i64) -> Moment {
        at(ms, ms)
    }

    #[test]
    fn it_holds_for_its_length_from_the_asking_by_both_clocks() {
        let lease = LeaseWatch::new(both(100), LENGTH);
        assert!(lease.is_held(both(5_099)));
        assert!(!lease.is_held(both(5_100)));
        assert!(!lease.is_held(at(200, 5_100)), "the machine slept");
        assert!(!lease.is_held(at(5_100, -60_000)), "its clock was put back");
    }

    #[test]
    fn all_copies_see_it_prolonged() {
        let lease = LeaseWatch::new(both(0), LENGTH);
        let copy = lease.clone();
        lease.prolonged(both(4_000), LENGTH, both(4_500));
        assert!(copy.is_held(both(8_999)) && !copy.is_held(both(9_000)));
        lease.prolonged(both(3_000), LENGTH, both(4_600));
        assert!(copy.is_held(both(8_999)), "never shortened");
    }

    #[test]
    fn revoked_it_is_never_held_again() {
        let lease = LeaseWatch::new(both(0), LENGTH);
        lease.revoke();
        assert!(!lease.is_held(both(0)));
        lease.prolonged(both(0), LENGTH, both(1));
        assert!(!lease.is_held(both(2)));
    }

    #[test]
    fn what_may_have_run_out_is_never_held_again() {
        let lease = LeaseWatch::new(both(0), LENGTH);
        // Asked in time, and stopped before the answer was there: who knows when the ledger heard of it.
        lease.prolonged(both(4_000), LENGTH, both(5_000));
        assert!(!lease.is_held(both(5_000)));
        lease.prolonged(both(60_000), LENGTH, both(60_001));
        assert!(!lease.is_held(both(60_002)));
    }
}
