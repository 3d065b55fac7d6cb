//! One clock for many machines: the time of day is that of the server they share, kept going between two readings by
//! the machine's own steady clock. What the machine's own time of day says, or becomes, does not matter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use super::World;
use crate::domain::time::Timestamp;

/// Up to this difference the clock is slewed, beyond it is put right at once.
const JUMP_MS: i64 = 1_000;

/// While it is slewed, the clock is fast or slow by one in this many.
const SLEW: i64 = 10;

/// A reading that took longer to come is not believed, if there is a better one from before: the server's clock may
/// have been read at any time while it was on its way.
const ROUND_TRIP_MAX: Duration = Duration::from_millis(500);

/// A look at the server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it showed.
    pub server: Timestamp,
    /// The steady clock before the question left.
    pub asked: Timestamp,
    /// The steady clock when the answer was there.
    pub answered: Timestamp,
}

impl Reading {
    /// How long question and answer were on their way.
    pub fn round_trip(&self) -> Duration {
        self.answered.since(self.asked)
    }

    /// The server's time less the steady clock's, in ms, as if it had been read half-way. Off by half the round trip
    /// at most.
    pub fn offset_ms(&self) -> i64 {
        let half_way = self.asked.plus(self.round_trip() / 2);
        self.server.as_ms().saturating_sub(half_way.as_ms())
    }
}

/// The server's time less the steady clock's, on its way from one value to another.
#[derive(Clone, Copy, Debug)]
struct Slew {
    from_ms: i64,
    to_ms: i64,
    since: Timestamp,
}

impl Slew {
    const fn fixed(offset_ms: i64, since: Timestamp) -> Self {
        Self {
            from_ms: offset_ms,
            to_ms: offset_ms,
            since,
        }
    }

    fn offset_ms(&self, steady: Timestamp) -> i64 {
        let most = steady.as_ms().saturating_sub(self.since.as_ms()).max(0) / SLEW;
        let way = self.to_ms.saturating_sub(self.from_ms);
        self.from_ms.saturating_add(way.clamp(-most, most))
    }

    fn time(&self, steady: Timestamp) -> Timestamp {
        Timestamp::from_ms(steady.as_ms().saturating_add(self.offset_ms(steady)))
    }
}

/// A world whose time of day is a server's. Until it has been told the server's time it is the machine's own.
pub struct SharedWorld {
    own: Arc<dyn World>,
    slew: Mutex<Option<Slew>>,
}

impl std::fmt::Debug for SharedWorld {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SharedWorld").field(&*self.slew()).finish()
    }
}

impl SharedWorld {
    /// On top of `own`.
    pub fn new(own: Arc<dyn World>) -> Self {
        Self {
            own,
            slew: Mutex::default(),
        }
    }

    /// The machine's own.
    pub fn own(&self) -> &dyn World {
        &*self.own
    }

    /// Takes note of the server's time: of several readings, the one that took least. Returns by how many ms the clock
    /// jumped, forward if positive, if it did: when the difference was more than a second.
    pub fn tell(&self, readings: &[Reading]) -> Option<i64> {
        let best = readings.iter().min_by_key(|reading| reading.round_trip())?;
        let offset_ms = best.offset_ms();
        let steady = self.own.steady();
        let mut slew = self.slew();
        if slew.is_some() && best.round_trip() > ROUND_TRIP_MAX {
            return None;
        }
        let from_ms = match &*slew {
            Some(slew) => slew.offset_ms(steady),
            None => self.own.now().as_ms().saturating_sub(steady.as_ms()),
        };
        let way = offset_ms.saturating_sub(from_ms);
        let jumps = way.unsigned_abs() > JUMP_MS.unsigned_abs();
        *slew = Some(if jumps || slew.is_none() {
            Slew::fixed(offset_ms, steady)
        } else {
            Slew {
                from_ms,
                to_ms: offset_ms,
                since: steady,
            }
        });
        jumps.then_some(way)
    }

    fn slew(&self) -> MutexGuard<'_, Option<Slew>> {
        self.slew.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World for SharedWorld {
    fn now(&self) -> Timestamp {
        match *self.slew() {
            Some(slew) => slew.time(self.own.steady()),
            None => self.own.now(),
        }
    }

    fn steady(&self) -> Timestamp {
        self.own.steady()
    }

    fn stopwatch(&self) -> std::time::Duration {
        self.own.stopwatch()
    }

    fn dice(&self) -> Uuid {
        self.own.dice()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use proptest::prelude::*;

    use super::*;

    /// A machine whose two clocks are put where the test wants them.
    #[derive(Default)]
    struct Machine {
        steady: AtomicI64,
        wall: AtomicI64,
    }

    impl Machine {
        fn pass(&self, ms: i64) {
            self.steady.fetch_add(ms, Ordering::Relaxed);
            self.wall.fetch_add(ms, Ordering::Relaxed);
        }
    }

    impl World for Machine {
        fn now(&self) -> Timestamp {
            Timestamp::from_ms(self.wall.load(Ordering::Relaxed))
        }

        fn steady(&self) -> Timestamp {
            Timestamp::from_ms(self.steady.load(Ordering::Relaxed))
        }

        fn dice(&self) -> Uuid {
            Uuid::nil()
        }
    }

    fn worlds() -> (Arc<Machine>, SharedWorld) {
        let machine = Arc::new(Machine::default());
        machine.wall.store(5_000_000, Ordering::Relaxed);
        let shared = SharedWorld::new(Arc::clone(&machine) as Arc<dyn World>);
        (machine, shared)
    }

    /// A reading just made: the server showed `server` half-way through a round trip that ends now.
    fn reading(machine: &Machine, server: i64, round_trip: i64) -> Reading {
        let answered = machine.steady();
        Reading {
            server: Timestamp::from_ms(server - round_trip / 2),
            asked: Timestamp::from_ms(answered.as_ms() - round_trip),
            answered,
        }
    }

    #[test]
    fn the_machines_own_time_counts_until_the_server_was_asked_and_never_after() {
        let (machine, shared) = worlds();
        assert_eq!(shared.now().as_ms(), 5_000_000);
        assert_eq!(shared.tell(&[]), None);
        assert_eq!(
            shared.tell(&[reading(&machine, 5_090_000, 4)]),
            Some(90_000),
            "said, since it is much"
        );
        assert_eq!(shared.now().as_ms(), 5_090_000);
        machine.pass(10_000);
        assert_eq!(shared.now().as_ms(), 5_100_000);
        // Somebody sets the machine's clock.
        machine.wall.store(17, Ordering::Relaxed);
        assert_eq!(shared.now().as_ms(), 5_100_000);
        assert_eq!(shared.steady(), machine.steady());
    }

    #[test]
    fn the_shortest_round_trip_is_believed_and_a_long_one_is_not() {
        let (machine, shared) = worlds();
        machine.pass(10_000);
        let late = Reading {
            server: Timestamp::from_ms(5_010_400),
            ..reading(&machine, 0, 400)
        };
        shared.tell(&[late, reading(&machine, 5_010_000, 2), late]);
        assert_eq!(shared.now().as_ms(), 5_010_000);
        assert_eq!(shared.tell(&[reading(&machine, 9_000_000, 501)]), None);
        assert_eq!(shared.now().as_ms(), 5_010_000);
        // The first one is taken as it comes: it is better than nothing.
        let (machine, shared) = worlds();
        machine.pass(10_000);
        shared.tell(&[reading(&machine, 5_020_000, 4_000)]);
        assert_eq!(shared.now().as_ms(), 5_020_000);
    }

    #[test]
    fn small_differences_are_slewed_both_ways_and_large_ones_jump() {
        let (machine, shared) = worlds();
        machine.pass(10_000);
        shared.tell(&[reading(&machine, 5_010_000, 0)]);
        assert_eq!(shared.tell(&[reading(&machine, 5_010_300, 0)]), None);
        assert_eq!(shared.now().as_ms(), 5_010_000);
        machine.pass(1_000);
        assert_eq!(shared.now().as_ms(), 5_011_100);
        machine.pass(2_000);
        assert_eq!(shared.now().as_ms(), 5_013_300);
        machine.pass(1_000);
        assert_eq!(shared.now().as_ms(), 5_014_300, "there");

        assert_eq!(shared.tell(&[reading(&machine, 5_013_300, 0)]), None);
        machine.pass(5_000);
        assert_eq!(shared.now().as_ms(), 5_018_800);
        // Half-way there the next reading comes.
        assert_eq!(shared.tell(&[reading(&machine, 5_018_700, 0)]), None);
        machine.pass(10_000);
        assert_eq!(shared.now().as_ms(), 5_028_700);

        assert_eq!(shared.tell(&[reading(&machine, 5_027_699, 0)]), Some(-1_001));
        assert_eq!(shared.now().as_ms(), 5_027_699);
    }

    proptest! {
        #[test]
        fn it_never_goes_back_but_in_a_jump(
            steps in proptest::collection::vec((0_i64..20_000, -900_i64..=900, 0_i64..400), 1..50),
        ) {
            let (machine, shared) = worlds();
            machine.pass(1_000);
            shared.tell(&[reading(&machine, 5_001_000, 0)]);
            let mut last = shared.now();
            for (passed, off, round_trip) in steps {
                machine.pass(passed);
                let now = shared.now();
                prop_assert!(now >= last);
                let jump = shared.tell(&[reading(&machine, now.as_ms() + off, round_trip)]);
                prop_assert_eq!(jump, None);
                prop_assert!(shared.now() >= now);
                last = shared.now();
            }
        }
    }
}
