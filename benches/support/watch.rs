//! Time, and processor time of this process.

use std::time::{Duration, Instant};

/// Runs from when it is started.
pub(crate) struct Watch {
    began: Instant,
    cpu_ms: f64,
}

impl Watch {
    pub(crate) fn start() -> Self {
        Self {
            began: Instant::now(),
            cpu_ms: cpu_ms(),
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn cpu_ms(&self) -> f64 {
        cpu_ms() - self.cpu_ms
    }
}

/// Processor time of this process, from the kernel's ticks of 10 ms; nothing where there is no `/proc`.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|n| n.parse::<u64>().ok())
        .sum();
    ticks as f64 * 10.0
}
