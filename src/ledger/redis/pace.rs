//! How often a lost line is opened again: at once, then ever less often, until one lasts.

use std::time::Duration;

use crate::domain::time::Timestamp;

/// A line that lasted this long was a good one.
const LASTED: Duration = Duration::from_secs(10);

/// The first is opened again at once; the pauses that follow grow from this one up to the other.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// When the line may be opened. It is told the time, of a clock that never goes back.
#[derive(Debug, Default)]
pub(super) struct Pace {
    opened: Option<Timestamp>,
    pause: Duration,
    not_before: Timestamp,
}

impl Pace {
    /// Whether it may be opened now.
    pub(super) fn allows(&self, now: Timestamp) -> bool {
        now >= self.not_before
    }

    /// It was.
    pub(super) const fn opened(&mut self, now: Timestamp) {
        self.opened = Some(now);
    }

    /// It was thrown away, or could not be opened.
    pub(super) fn lost(&mut self, now: Timestamp) {
        if self.opened.take().is_some_and(|at| now.since(at) >= LASTED) {
            self.pause = Duration::ZERO;
        }
        self.not_before = now.plus(self.pause);
        self.pause = (self.pause * 2).clamp(PAUSE_MIN, PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back_at_once_and_then_ever_later_until_one_lasts() {
        let at = Timestamp::from_ms;
        let mut pace = Pace::default();
        assert!(pace.allows(at(0)));
        pace.opened(at(0));
        pace.lost(at(50));
        assert!(pace.allows(at(50)));

        // Nobody answers.
        let mut now = 50;
        for pause in [100, 200, 400, 800, 1_000, 1_000] {
            pace.lost(at(now));
            assert!(!pace.allows(at(now + pause - 1)), "{pause}");
            now += pause;
            assert!(pace.allows(at(now)), "{pause}");
        }
        // It opens, and is thrown away soon: no better than not opening.
        pace.opened(at(now));
        pace.lost(at(now + 50));
        assert!(!pace.allows(at(now + 1_049)) && pace.allows(at(now + 1_050)));
        // It opens, and lasts.
        pace.opened(at(now + 2_000));
        pace.lost(at(now + 12_000));
        assert!(pace.allows(at(now + 12_000)));
        pace.lost(at(now + 12_000));
        assert!(!pace.allows(at(now + 12_099)) && pace.allows(at(now + 12_100)));
    }
}
