//! The arithmetic of waiting: pure, told the time, jittered without dice.

pub mod poll;
pub mod rate;
pub mod retry;
pub mod throttle;

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A pause that grows by a factor up to a maximum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Growing {
    /// The first pause.
    pub first: Duration,
    /// Each pause is the one before times this; 1 keeps it fixed.
    pub growth: f64,
    /// No pause is longer.
    pub max: Duration,
    /// Pauses vary by up to this share either way, so that rows that failed together do not return together.
    pub jitter: f64,
}

impl Growing {
    /// The pause after `before` earlier ones, varied by `spread` (see [`spread`]). Never longer than `max`.
    pub fn pause(&self, before: u32, spread: f64) -> Duration {
        let exponent = i32::try_from(before.min(1_000)).unwrap_or(i32::MAX);
        let grown = self.first.as_secs_f64() * self.growth.max(1.0).powi(exponent);
        let varied = grown * (1.0 + self.jitter.clamp(0.0, 1.0) * spread);
        let max = self.max.as_secs_f64();
        Duration::from_secs_f64(if varied.is_finite() {
            varied.clamp(0.0, max)
        } else {
            max
        })
    }
}

/// A number in -1..=1 that a row's `seed` and an attempt's number fix: jitter that replays.
pub fn spread(seed: u64, number: u32) -> f64 {
    let mut mixed = seed ^ u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let unit =
        f64::from(u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or_default()) / f64::from(u32::MAX);
    unit.mul_add(2.0, -1.0)
}
