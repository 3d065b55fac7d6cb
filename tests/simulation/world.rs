//! Time and chance of a simulation: tokio's paused clock, which moves on only when everybody waits, and seeded dice.

use std::sync::Mutex;

use enlist::domain::time::Timestamp;
use enlist::world::World;
use tokio::time::Instant;
use uuid::Uuid;

use crate::dice::Dice;

/// 2026-05-02T22:49:52Z.
const START: Timestamp = Timestamp::from_ms(1_777_762_192_000);

/// The world as a simulation has it.
pub(crate) struct SimWorld {
    began: Instant,
    dice: Mutex<Dice>,
}

impl SimWorld {
    #[allow(
        clippy::disallowed_methods,
        reason = "the runtime's clock is paused: this is simulated time"
    )]
    pub(crate) fn new(dice: Dice) -> Self {
        Self {
            began: Instant::now(),
            dice: Mutex::new(dice),
        }
    }
}

impl World for SimWorld {
    fn now(&self) -> Timestamp {
        START.plus(self.began.elapsed())
    }

    fn steady(&self) -> Timestamp {
        Timestamp::from_ms(0).plus(self.began.elapsed())
    }

    fn dice(&self) -> Uuid {
        self.dice.lock().unwrap().uuid()
    }
}
