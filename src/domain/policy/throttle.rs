//! How long everybody waits after a 429 that does not say how long.
//!
//! The calls on their way when the limit was hit all come back with 429: one event, not many. Only a refusal of a
//! call that left after the wait says that the wait was too short, and doubles it; any other answer starts over.

use std::time::Duration;

use crate::domain::time::Timestamp;

/// The first wait: about what a rolling window needs to have room for a few calls.
const FIRST: Duration = Duration::from_millis(20);

/// No wait is longer.
const MAX: Duration = Duration::from_secs(15);

/// Refusals in a row, each after its predecessor's wait.
#[derive(Clone, Copy, Debug, Default)]
pub struct Streak {
    refusals: u32,
    over_at: Timestamp,
}

impl Streak {
    /// A call that left at `left_at` was refused, as is known `now`. How long everybody waits; `None` when the wait
    /// for this event is on already.
    pub fn refused(&mut self, left_at: Timestamp, now: Timestamp) -> Option<Duration> {
        if left_at < self.over_at {
            return None;
        }
        self.refusals = self.refusals.saturating_add(1);
        let wait = FIRST.saturating_mul(1 << (self.refusals - 1).min(16)).min(MAX);
        self.over_at = now.plus(wait);
        Some(wait)
    }

    /// A call was let through.
    pub fn let_through(&mut self) {
        self.refusals = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_one_wait_and_only_in_vain_doubles_it() {
        let at = Timestamp::from_ms;
        let mut streak = Streak::default();
        assert_eq!(streak.refused(at(100), at(110)), Some(Duration::from_millis(20)));
        assert_eq!(
            streak.refused(at(105), at(112)),
            None,
            "it left before the wait was over"
        );
        assert_eq!(streak.refused(at(131), at(140)), Some(Duration::from_millis(40)));
        assert_eq!(streak.refused(at(181), at(190)), Some(Duration::from_millis(80)));
        streak.let_through();
        assert_eq!(streak.refused(at(300), at(310)), Some(Duration::from_millis(20)));
        let mut now = 1_000;
        for _ in 0..40 {
            let wait = streak.refused(at(now), at(now)).unwrap();
            assert!(wait <= MAX);
            now += i64::try_from(wait.as_millis()).unwrap();
        }
    }
}
