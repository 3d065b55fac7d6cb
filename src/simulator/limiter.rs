//! Rolling windows: how many calls were let in during the last so-and-so long, at every moment.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

use super::span;

/// The most calls that one window may hold; the limiter remembers each.
const WINDOW_CALLS_MAX: usize = 1_000_000;

/// One limit. Written `200/1s`, or `1000-1500/5s` where answers are delayed from the first figure on and
/// refused above the second (providers.md 2.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    /// Calls in the window that are answered without a delay.
    pub soft: usize,
    /// Calls in the window that are let in at all.
    pub hard: usize,
    /// How far back calls count.
    pub per: Duration,
}

impl FromStr for Window {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("{text:?} is not a limit\n  hint: write 200/1s, or 1000-1500/5s with a soft limit first")
        };
        let (calls, per) = text.split_once('/').ok_or_else(wrong)?;
        let (soft, hard) = calls.split_once('-').unwrap_or((calls, calls));
        let number = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
        let window = Self {
            soft: number(soft)?,
            hard: number(hard)?,
            per: span::parse(per)?,
        };
        if window.soft > window.hard || window.per.is_zero() || window.hard > WINDOW_CALLS_MAX {
            return Err(wrong());
        }
        Ok(window)
    }
}

impl TryFrom<String> for Window {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { soft, hard, per } = *self;
        let per = span::show(per).replace(' ', "");
        if soft == hard {
            write!(f, "{hard}/{per}")
        } else {
            write!(f, "{soft}-{hard}/{per}")
        }
    }
}

/// Whether no window has a soft limit: only one provider is known to have such.
///
/// # Errors
///
/// The window that has one.
pub(super) fn check_hard<'a>(mut windows: impl Iterator<Item = &'a Window>) -> Result<(), String> {
    match windows.find(|window| window.soft < window.hard) {
        None => Ok(()),
        Some(window) => Err(format!(
            "{window} has a soft limit, and this simulator has none\n  hint: write {}/{}",
            window.hard,
            span::show(window.per).replace(' ', "")
        )),
    }
}

/// What the limiter says to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Let in.
    Pass,
    /// Let in, and the answer is to be delayed.
    Delay,
    /// Refused; a call would be let in again after so long.
    Refuse(Duration),
}

/// Several windows at once. A refused call does not count.
#[derive(Clone, Debug, Default)]
pub struct Limiter {
    windows: Vec<(Window, VecDeque<Timestamp>)>,
}

impl Limiter {
    /// A limiter that has seen no call. Without windows it lets everything in.
    pub fn new(windows: &[Window]) -> Self {
        Self {
            windows: windows.iter().map(|window| (*window, VecDeque::new())).collect(),
        }
    }

    /// A call arrives at `now`.
    pub fn admit(&mut self, now: Timestamp) -> Verdict {
        let mut verdict = Verdict::Pass;
        let mut wait: Option<Duration> = None;
        for (window, let_in) in &mut self.windows {
            while let_in.front().is_some_and(|at| at.plus(window.per) <= now) {
                let_in.pop_front();
            }
            if let_in.len() >= window.hard {
                let free_at = let_in
                    .front()
                    .map_or_else(|| now.plus(window.per), |oldest| oldest.plus(window.per));
                wait = wait.max(Some(free_at.since(now)));
            } else if let_in.len() >= window.soft {
                verdict = Verdict::Delay;
            }
        }
        if let Some(wait) = wait {
            return Verdict::Refuse(wait);
        }
        for (_, let_in) in &mut self.windows {
            let_in.push_back(now);
        }
        verdict
    }

    /// The call that was let in at `at` does not count after all.
    pub fn take_back(&mut self, at: Timestamp) {
        for (_, let_in) in &mut self.windows {
            if let Some(place) = let_in.iter().rposition(|call| *call == at) {
                let_in.remove(place);
            }
        }
    }

    /// Changes the windows; what was let in before still counts in the new ones as far as it is remembered.
    pub fn set_windows(&mut self, windows: &[Window]) {
        let remembered = self
            .windows
            .iter()
            .max_by_key(|(window, _)| window.per)
            .map(|(_, seen)| seen.clone());
        let remembered = remembered.unwrap_or_default();
        self.windows = windows
            .iter()
            .map(|window| (*window, remembered.clone()))
            .collect();
    }
}

/// The most clients that are limited each for itself; those that come after share one limit.
const CLIENTS_MAX: usize = 1_000;

/// The limits of every client.
#[derive(Clone, Debug, Default)]
pub(super) struct PerClient(HashMap<String, Limiter>);

impl PerClient {
    pub(super) fn admit(&mut self, client: &str, windows: &[Window], now: Timestamp) -> Verdict {
        let own = self.0.contains_key(client) || self.0.len() < CLIENTS_MAX;
        let name = if own { client } else { "" };
        match self.0.get_mut(name) {
            Some(limiter) => limiter.admit(now),
            None => self
                .0
                .entry(name.to_owned())
                .or_insert_with(|| Limiter::new(windows))
                .admit(now),
        }
    }

    pub(super) fn set_windows(&mut self, windows: &[Window]) {
        self.0
            .values_mut()
            .for_each(|limiter| limiter.set_windows(windows));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    #[test]
    fn limits_are_read_and_shown() {
        for text in ["200/1s", "1000-1500/5s", "100/1h", "3/250ms"] {
            assert_eq!(text.parse::<Window>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "200",
            "200/",
            "/1s",
            "200/0",
            "20-10/1s",
            "a/1s",
            "9999999999/1s",
        ] {
            assert!(bad.parse::<Window>().unwrap_err().contains("hint:"), "{bad}");
        }
    }

    #[test]
    fn the_window_rolls_and_the_soft_limit_delays() {
        let mut limiter = Limiter::new(&["2-3/1s".parse().unwrap()]);
        assert_eq!(limiter.admit(at(0)), Verdict::Pass);
        assert_eq!(limiter.admit(at(400)), Verdict::Pass);
        assert_eq!(limiter.admit(at(500)), Verdict::Delay);
        assert_eq!(
            limiter.admit(at(600)),
            Verdict::Refuse(Duration::from_millis(400))
        );
        assert_eq!(limiter.admit(at(999)), Verdict::Refuse(Duration::from_millis(1)));
        assert_eq!(limiter.admit(at(1_000)), Verdict::Delay);
        assert_eq!(
            limiter.admit(at(1_399)),
            Verdict::Refuse(Duration::from_millis(1))
        );
    }

    #[test]
    fn every_window_holds_at_once() {
        let mut limiter = Limiter::new(&["1/1s".parse().unwrap(), "2/10s".parse().unwrap()]);
        assert_eq!(limiter.admit(at(0)), Verdict::Pass);
        assert_eq!(limiter.admit(at(1_000)), Verdict::Pass);
        assert_eq!(limiter.admit(at(2_000)), Verdict::Refuse(Duration::from_secs(8)));
        limiter.set_windows(&["3/10s".parse().unwrap()]);
        assert_eq!(limiter.admit(at(2_000)), Verdict::Pass);
        assert_eq!(
            limiter.admit(at(2_001)),
            Verdict::Refuse(Duration::from_millis(7_999))
        );
        limiter.set_windows(&[]);
        assert_eq!(limiter.admit(at(2_002)), Verdict::Pass);
    }

    #[test]
    fn a_call_can_be_taken_back() {
        let mut limiter = Limiter::new(&["2/1s".parse().unwrap()]);
        assert_eq!(limiter.admit(at(0)), Verdict::Pass);
        assert_eq!(limiter.admit(at(5)), Verdict::Pass);
        limiter.take_back(at(0));
        limiter.take_back(at(7));
        assert_eq!(limiter.admit(at(10)), Verdict::Pass);
        assert_eq!(limiter.admit(at(20)), Verdict::Refuse(Duration::from_millis(985)));
    }

    #[test]
    fn a_limit_of_nothing_refuses_everything() {
        let mut limiter = Limiter::new(&["0/1s".parse().unwrap()]);
        assert_eq!(limiter.admit(at(0)), Verdict::Refuse(Duration::from_secs(1)));
    }
}
