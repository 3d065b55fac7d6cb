//! The two times everybody asks for: when the last account is asked for, and when the last one has settled.

use std::collections::VecDeque;
use std::time::Duration;

use super::batch::{Counts, Tally};
use super::policy::rate::{Window, time_for};
use super::time::Timestamp;

/// How far back the pace is measured.
const LOOK_BACK: Duration = Duration::from_secs(15);

/// A pace from less than this says little.
const LOOK_BACK_MIN: Duration = Duration::from_millis(500);

/// What is left, in time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Forecast {
    /// Rows settled a second of late.
    pub settled_per_s: f64,
    /// Until the last account is asked for; `None` while nothing moves.
    pub created_in: Option<Duration>,
    /// Until the last one has settled.
    pub settled_in: Option<Duration>,
}

/// Measures the pace of a batch from its counts.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    seen: VecDeque<Seen>,
    /// The first of all, and the windows too long for a pace to show them.
    begun: Option<Seen>,
    windows: Vec<Window>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Timestamp,
    created: u64,
    settled: u64,
}

impl Pace {
    /// A batch whose creates are counted by these windows.
    pub fn under(windows: impl IntoIterator<Item = Window>) -> Self {
        Self {
            windows: windows
                .into_iter()
                .filter(|window| window.per > LOOK_BACK)
                .collect(),
            ..Self::default()
        }
    }

    /// Notes the counts as they stood at `at` (a clock that never goes back).
    pub fn note(&mut self, at: Timestamp, counts: &Counts) {
        let waiting = counts.of(Tally::Queued) + counts.of(Tally::Unknown);
        let settled = counts.total() - counts.open();
        let seen = Seen {
            at,
            created: counts.total() - waiting,
            settled,
        };
        self.begun.get_or_insert(seen);
        self.seen.push_back(seen);
        while self.seen.len() > 2
            && self
                .seen
                .get(1)
                .is_some_and(|second| at.since(second.at) >= LOOK_BACK)
        {
            self.seen.pop_front();
        }
    }

    /// What is left. The first time is arithmetic: rows left over the pace so far. The second adds the time that
    /// rows have taken to settle; `settle_default` stands in until one has.
    pub fn forecast(&self, counts: &Counts, settle_default: Duration) -> Forecast {
        let (Some(first), Some(last)) = (self.seen.front(), self.seen.back()) else {
            return Forecast::default();
        };
        let span = last.at.since(first.at);
        if span < LOOK_BACK_MIN {
            return Forecast::default();
        }
        let per_s = |from: u64, to: u64| to.saturating_sub(from) as f64 / span.as_secs_f64();
        let settled_per_s = per_s(first.settled, last.settled);
        let waiting = counts.of(Tally::Queued) + counts.of(Tally::Unknown);
        let at_pace = in_time(waiting, per_s(first.created, last.created));
        let created_in = match self.at_budget(waiting, *last) {
            Duration::ZERO => at_pace,
            at_budget => Some(at_pace.unwrap_or_default().max(at_budget)),
        };
        let settle = match counts.settle_n {
            0 => settle_default,
            n => Duration::from_millis(counts.settle_ms_sum / n),
        };
        let by_pace = in_time(counts.open(), settled_per_s);
        let settled_in = match counts.open() {
            0 => Some(Duration::ZERO),
            _ => created_in.map(|created| (created + settle).max(by_pace.unwrap_or_default())),
        };
        Forecast {
            settled_per_s,
            created_in,
            settled_in,
        }
    }
}

impl Pace {
    /// The time that long windows leave no way around: a hundred rows in an hour are four hours for five hundred, whatever
    /// the pace of the first minute says. What was used of a window before this is not known here.
    fn at_budget(&self, waiting: u64, now: Seen) -> Duration {
        let Some(begun) = self.begun.filter(|_| waiting > 0) else {
            return Duration::ZERO;
        };
        let made = now.created.saturating_sub(begun.created);
        time_for(&self.windows, made + waiting).saturating_sub(now.at.since(begun.at))
    }
}

fn in_time(left: u64, per_s: f64) -> Option<Duration> {
    if left == 0 {
        return Some(Duration::ZERO);
    }
    (per_s > 0.0).then(|| Duration::try_from_secs_f64(left as f64 / per_s).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(queued: u64, pending: u64, active: u64) -> Counts {
        let mut counts = Counts::default();
        counts.tasks[Tally::Queued as usize] = queued;
        counts.tasks[Tally::Pending as usize] = pending;
        counts.tasks[Tally::Active as usize] = active;
        counts
    }

    #[test]
    fn times_from_the_pace() {
        let mut pace = Pace::default();
        pace.note(Timestamp::from_ms(0), &counts(1_000, 0, 0));
        assert_eq!(
            pace.forecast(&counts(1_000, 0, 0), Duration::from_secs(30)),
            Forecast::default()
        );
        // 100 creates a second, 50 of them settled.
        let now = counts(800, 100, 100);
        pace.note(Timestamp::from_ms(2_000), &now);
        let forecast = pace.forecast(&now, Duration::from_secs(30));
        assert_eq!(forecast.created_in, Some(Duration::from_secs(8)));
        assert_eq!(forecast.settled_in, Some(Duration::from_secs(38)));
        assert!((forecast.settled_per_s - 50.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_left_is_no_time_and_no_pace_is_no_answer() {
        let mut pace = Pace::default();
        for ms in [0, 1_000] {
            pace.note(Timestamp::from_ms(ms), &counts(10, 0, 0));
        }
        assert_eq!(pace.forecast(&counts(10, 0, 0), Duration::ZERO).created_in, None);
        assert_eq!(
            pace.forecast(&counts(0, 0, 10), Duration::ZERO).settled_in,
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn a_quota_by_the_hour_is_known_from_the_first_minute_and_while_it_is_used_up() {
        const HOUR: Duration = Duration::from_secs(3_600);
        let window = |calls, per| Window { calls, per };
        let mut pace = Pace::under([window(100, HOUR), window(5, Duration::from_secs(1))]);
        pace.note(Timestamp::from_ms(0), &counts(500, 0, 0));
        let now = counts(400, 0, 100);
        pace.note(Timestamp::from_ms(10_000), &now);
        let told = |pace: &Pace, counts: &Counts| pace.forecast(counts, Duration::ZERO).created_in.unwrap();
        assert_eq!(told(&pace, &now), 4 * HOUR - Duration::from_secs(10));
        for second in 11..1_800 {
            pace.note(Timestamp::from_ms(second * 1_000), &now);
        }
        assert_eq!(told(&pace, &now), 4 * HOUR - Duration::from_secs(1_799));
        let last = counts(0, 0, 500);
        pace.note(Timestamp::from_ms(1_800_000), &last);
        assert_eq!(told(&pace, &last), Duration::ZERO);
    }

    #[test]
    fn only_the_last_while_counts() {
        let mut pace = Pace::default();
        for second in 0..60 {
            pace.note(Timestamp::from_ms(second * 1_000), &counts(1_000, 0, 0));
        }
        assert!(pace.seen.len() <= 17, "{}", pace.seen.len());
    }
}
