//! Redis' time by this process' steady clock: between which bounds it lies.
//!
//! An answer of Redis names its time at some moment between the question and the answer. So the difference of the two
//! clocks lies between bounds as far apart as the answer took; the quickest of the last answers says most. Whoever
//! may not be early reckons with the lower bound, whoever may not be late with the upper one.

use std::time::Duration;

use crate::domain::time::Timestamp;

/// The clocks run apart by less than this: 1 us in each ms. Network time pulls a clock by half of that.
const DRIFT_US_PER_MS: i64 = 1;

/// Clocks that disagree by more than this were set, or belong to another machine than before.
const JUMP_MIN: Duration = Duration::from_millis(250);

/// Where Redis' clock stands against the steady one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock(Option<Bounds>);

#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Redis' time less the steady one's, in microseconds: no less than this,
    least_us: i64,
    /// and no more than this.
    most_us: i64,
    /// When that was known, by the steady clock.
    at: Timestamp,
}

impl Clock {
    /// Redis said that its time was `redis_us` (microseconds), asked at `asked` and heard at `heard`. Says whether one
    /// of the clocks was set meanwhile.
    pub(super) fn note(&mut self, asked: Timestamp, redis_us: i64, heard: Timestamp) -> bool {
        // The steady clock's reading is short of the true time by up to a millisecond.
        let us_of = |steady: Timestamp| steady.as_ms().saturating_mul(1_000);
        let mut new = Bounds {
            least_us: redis_us.saturating_sub(us_of(heard) + 1_000),
            most_us: redis_us.saturating_sub(us_of(asked)),
            at: heard,
        };
        let mut was_set = false;
        if let Some(old) = self.0 {
            let old = old.grown_to(heard);
            let least_us = new.least_us.max(old.least_us);
            let most_us = new.most_us.min(old.most_us);
            if least_us <= most_us {
                new = Bounds {
                    least_us,
                    most_us,
                    at: heard,
                };
            } else {
                was_set = least_us - most_us > us(JUMP_MIN);
            }
        }
        self.0 = Some(new);
        was_set
    }

    /// The first moment of the steady clock at which Redis' time certainly is `redis_ms`.
    pub(super) fn certainly(&self, redis_ms: i64) -> Timestamp {
        let Some(bounds) = self.0 else {
            return Timestamp::from_ms(redis_ms);
        };
        let moment = |bounds: Bounds| {
            let us = redis_ms.saturating_mul(1_000).saturating_sub(bounds.least_us);
            Timestamp::from_ms(ms_after(us))
        };
        moment(bounds.grown_to(moment(bounds)))
    }

    /// Redis' time, at the latest, when the steady clock shows `steady`; `None` while nothing is known.
    pub(super) fn at_most(&self, steady: Timestamp) -> Option<i64> {
        let most_us = self.0?.grown_to(steady).most_us;
        // The reading is short of the true time by up to a millisecond.
        let us = steady
            .as_ms()
            .saturating_add(1)
            .saturating_mul(1_000)
            .saturating_add(most_us);
        Some(ms_after(us))
    }
}

impl Bounds {
    /// What is left of them at `now`.
    fn grown_to(self, now: Timestamp) -> Self {
        let aged_ms = i64::try_from(now.since(self.at).as_millis()).unwrap_or(i64::MAX);
        let drift_us = aged_ms.saturating_mul(DRIFT_US_PER_MS);
        Self {
            least_us: self.least_us.saturating_sub(drift_us),
            most_us: self.most_us.saturating_add(drift_us),
            at: now,
        }
    }
}

/// The first whole millisecond that is not before.
const fn ms_after(us: i64) -> i64 {
    us.saturating_add(999).div_euclid(1_000)
}

fn us(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However long answers take and however the clocks drift, leave is never early and an arrival never
        /// understated.
        #[test]
        fn bounds_hold(
            ahead_us in -10_000_000_i64..10_000_000,
            drift_us_per_s in -900_i64..900,
            answers in prop::collection::vec((0_i64..3_000_000, 0_i64..20_000, 0_i64..20_000), 1..50),
        ) {
            let redis_us = |true_us: i64| true_us + ahead_us + true_us / 1_000 * drift_us_per_s / 1_000;
            let steady = |true_us: i64| Timestamp::from_ms(true_us.div_euclid(1_000));
            let mut clock = Clock::default();
            let mut now_us = 20_000_000;
            for (idle_us, there_us, back_us) in answers {
                let asked = steady(now_us + idle_us);
                let said = redis_us(now_us + idle_us + there_us);
                now_us += idle_us + there_us + back_us;
                prop_assert!(!clock.note(asked, said, steady(now_us)));
                // Leave for a time a little ahead, taken when the steady clock first shows it.
                let leave_ms = said.div_euclid(1_000) + 37;
                let first_us = clock.certainly(leave_ms).as_ms() * 1_000;
                prop_assert!(redis_us(first_us.max(now_us)) >= leave_ms * 1_000);
                prop_assert!(clock.at_most(steady(now_us)).unwrap() * 1_000 >= redis_us(now_us));
            }
        }
    }

    #[test]
    fn the_quickest_answer_says_most() {
        let ms = Timestamp::from_ms;
        let mut clock = Clock::default();
        clock.note(ms(0), 1_050_000, ms(100));
        assert_eq!(clock.certainly(1_149), ms(201));
        clock.note(ms(200), 1_201_500, ms(202));
        assert_eq!(clock.certainly(1_203), ms(205));
        clock.note(ms(300), 1_350_000, ms(400));
        assert_eq!(clock.certainly(1_403), ms(405));
        assert_eq!(clock.at_most(ms(1_000)), Some(2_004), "1 ms in each second");
    }

    #[test]
    fn a_clock_that_was_set_is_noticed_and_believed() {
        let ms = Timestamp::from_ms;
        let mut clock = Clock::default();
        assert!(!clock.note(ms(0), 1_000_000, ms(1)));
        assert!(
            !clock.note(ms(10), 1_020_000, ms(11)),
            "10 ms is not worth a word"
        );
        assert!(clock.note(ms(20), 6_000_000, ms(21)));
        assert!(!clock.note(ms(30), 6_010_000, ms(31)));
        assert!(clock.note(ms(40), 1_000_000, ms(41)));
    }
}
