//! How many rows the provider refuses of late.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Watches the share of refused rows among the last ones: a wrong mapping refuses everything, and should stop
/// after a hundred rows, not after ten thousand.
pub struct ErrorGauge {
    over: usize,
    max: f64,
    last: Mutex<VecDeque<bool>>,
}

impl ErrorGauge {
    /// Speaks when more than `max` (a share) of the last `over` rows were refused; a `max` of 1 never does.
    pub fn new(over: u32, max: f64) -> Self {
        Self {
            over: usize::try_from(over).unwrap_or(usize::MAX).max(1),
            max,
            last: Mutex::default(),
        }
    }

    /// Notes a row; says what is wrong if too many were refused, and starts over.
    pub fn note(&self, refused: bool) -> Option<String> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.push_back(refused);
        if last.len() > self.over {
            last.pop_front();
        }
        let bad = last.iter().filter(|refused| **refused).count();
        let too_many = last.len() == self.over && bad as f64 > self.max * self.over as f64;
        if !too_many {
            return None;
        }
        last.clear();
        Some(format!("{bad} of the last {} rows were refused", self.over))
    }
}
