//! How many calls may leave: several windows at once, none ever exceeded.
//!
//! The provider counts a call when it *arrives*, we when it *leaves*; a call held up on the way can fall into a
//! window that was already full. So a call counts from when it leaves until a whole window after it has certainly
//! arrived: when its answer is there, or [`ARRIVAL_MAX`] after leaving, whichever is first. With that, no rolling
//! window at the provider sees more than the limit.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// A call is taken to have reached the provider's counter this long after leaving, at the latest. A new connection's
/// TLS handshake across the world comes between, or a machine with more to do than processors.
pub const ARRIVAL_MAX: Duration = Duration::from_secs(1);

/// At most `calls` calls in any `per`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Calls allowed.
    pub calls: u32,
    /// In any span of this length.
    pub per: Duration,
}

/// The time until the last of so many calls may leave, if none were made before: a window's calls can all leave at its
/// beginning. Zero without windows.
pub fn time_for(windows: &[Window], calls: u64) -> Duration {
    let times = windows.iter().map(|window| {
        let full = calls.saturating_sub(1) / u64::from(window.calls.max(1));
        window.per.saturating_mul(u32::try_from(full).unwrap_or(u32::MAX))
    });
    times.max().unwrap_or_default()
}

/// Which call left, for [`WindowLog::arrived`]. The later one has the higher number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallNo(u64);

impl CallNo {
    /// The number of the call after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The calls of one window that still count.
#[derive(Clone, Debug)]
pub struct WindowLog {
    window: Window,
    /// Calls without an answer, and when each has certainly arrived. Both ascend.
    on_their_way: BTreeMap<CallNo, Timestamp>,
    /// When the others had arrived, oldest first.
    arrivals: VecDeque<Timestamp>,
}

impl WindowLog {
    /// An empty log.
    pub const fn new(window: Window) -> Self {
        Self {
            window,
            on_their_way: BTreeMap::new(),
            arrivals: VecDeque::new(),
        }
    }

    /// A log whose window is used up now.
    pub fn full(window: Window, now: Timestamp) -> Self {
        let mut log = Self::new(window);
        log.arrivals.extend((0..window.calls).map(|_| now));
        log
    }

    /// The same calls under another window.
    #[must_use]
    pub fn under(&self, window: Window) -> Self {
        Self {
            window,
            ..self.clone()
        }
    }

    /// Takes those that must have arrived as arrived, and forgets those that no longer count.
    fn forget(&mut self, now: Timestamp) {
        while let Some(call) = self.on_their_way.first_entry().filter(|call| *call.get() <= now) {
            self.arrivals.push_back(call.remove());
        }
        while self
            .arrivals
            .front()
            .is_some_and(|arrived| now.since(*arrived) > self.window.per)
        {
            self.arrivals.pop_front();
        }
    }

    /// When the next call may leave; not after `now` means at once.
    pub fn free_at(&mut self, now: Timestamp) -> Timestamp {
        let calls = usize::try_from(self.window.calls).unwrap_or(usize::MAX).max(1);
        let Some(over) = self.used(now).checked_sub(calls) else {
            return now;
        };
        // Whoever has arrived stops counting before whoever is still on the way.
        let blocking = match over.checked_sub(self.arrivals.len()) {
            None => self.arrivals.get(over),
            Some(later) => self.on_their_way.values().nth(later),
        };
        blocking.map_or(now, |arrived| {
            arrived.plus(self.window.per).plus(Duration::from_millis(1))
        })
    }

    /// A call leaves now. Its number is higher than those before.
    pub fn leave(&mut self, call: CallNo, now: Timestamp) {
        self.on_their_way.insert(call, now.plus(ARRIVAL_MAX));
    }

    /// The call's answer is there: it had arrived by `now` at the latest.
    pub fn arrived(&mut self, call: CallNo, now: Timestamp) {
        self.forget(now);
        if self.on_their_way.remove(&call).is_some() {
            self.arrivals.push_back(now);
        }
    }

    /// Calls that count at `now`.
    pub fn used(&mut self, now: Timestamp) -> usize {
        self.forget(now);
        self.arrivals.len() + self.on_their_way.len()
    }

    /// The limit.
    pub const fn window(&self) -> Window {
        self.window
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever the calls' times on the way (up to the arrival limit) and the callers' haste, no rolling
        /// window at the provider sees more than the limit.
        #[test]
        fn no_window_is_ever_exceeded(
            calls in 1_u32..20,
            per_ms in 1_u64..2_000,
            steps in prop::collection::vec((0_u64..200, 0_u64..1_000, 0_u64..60), 1..300),
        ) {
            let window = Window { calls, per: Duration::from_millis(per_ms) };
            let mut log = WindowLog::new(window);
            let mut now = Timestamp::from_ms(0);
            let mut call = CallNo::default();
            let mut arrivals: Vec<Timestamp> = Vec::new();
            let mut answers: Vec<(Timestamp, CallNo)> = Vec::new();
            for (idle_ms, way_ms, back_ms) in steps {
                now = now.plus(Duration::from_millis(idle_ms));
                answers.sort_by_key(|(at, _)| *at);
                for (at, call) in answers.extract_if(.., |(at, _)| *at <= now) {
                    log.arrived(call, at);
                }
                let free = log.free_at(now);
                now = now.max(free);
                call = call.next();
                log.leave(call, now);
                let arrives = now.plus(Duration::from_millis(way_ms));
                arrivals.push(arrives);
                answers.push((arrives.plus(Duration::from_millis(back_ms)), call));
            }
            arrivals.sort();
            for (index, end) in arrivals.iter().enumerate() {
                let seen = arrivals[..=index].iter().filter(|a| end.since(**a) < window.per).count();
                prop_assert!(seen <= calls as usize, "{seen} calls in a window of {calls}");
            }
        }

        /// The log does not idle: with prompt answers a long run takes no more than its share of windows, in
        /// whatever order the answers come, and whether or not a call is never answered.
        #[test]
        fn the_limit_is_used(calls in 2_u32..50, per_ms in 50_u64..2_000, silent in (0_u64..50).prop_map(|n| n * 2)) {
            let mut log = WindowLog::new(Window { calls, per: Duration::from_millis(per_ms) });
            let mut now = Timestamp::from_ms(0);
            let mut call = CallNo::default();
            let total = u64::from(calls) * 10;
            let mut before = None;
            for at in 0..total {
                now = now.max(log.free_at(now));
                call = call.next();
                log.leave(call, now);
                if at == silent {
                    continue;
                }
                // Each second answer overtakes the one before it.
                if at.is_multiple_of(2) && at + 1 < total && now == now.max(log.free_at(now)) {
                    before = Some(call);
                    continue;
                }
                log.arrived(call, now);
                if let Some(before) = before.take() {
                    log.arrived(before, now);
                }
            }
            // The silent call takes one place in each window until it must have arrived.
            let lost = 1_000 / per_ms + 2;
            let ideal_ms = (9 + lost.div_ceil(u64::from(calls))) * (per_ms + 1);
            prop_assert!(u64::try_from(now.as_ms()).unwrap() <= ideal_ms + 10);
        }
    }
}
