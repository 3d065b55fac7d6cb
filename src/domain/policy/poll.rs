//! When to look at a pending account again, when to stop, and when looking at many at once is cheaper.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Growing;
use super::retry::FAILURES_MIN;
use crate::domain::task::Task;
use crate::domain::time::Timestamp;

/// How settling is watched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PollPolicy {
    /// Pauses between looks; the first one is also the wait after the create.
    pub pause: Growing,
    /// From the first look until the row is reported as still pending.
    pub deadline: Duration,
    /// Looks in a row told "no such account" before a person must look. New accounts may be invisible for a moment.
    pub missing_max: u32,
}

impl Default for PollPolicy {
    fn default() -> Self {
        Self {
            pause: Growing {
                first: Duration::from_secs(15),
                growth: 1.6,
                max: Duration::from_secs(300),
                jitter: 0.1,
            },
            deadline: Duration::from_secs(2 * 3600),
            missing_max: 5,
        }
    }
}

impl PollPolicy {
    /// Whether the time for watching `task` is over. It starts at the first look, so that a long queue of
    /// creates does not eat it.
    pub fn is_over(&self, task: &Task, now: Timestamp) -> bool {
        task.polling_since
            .is_some_and(|since| now.since(since) >= self.deadline)
    }

    /// Whether the time is over and looking brings nothing. Otherwise the last word is a look's, not the clock's.
    pub fn is_lost(&self, task: &Task, now: Timestamp) -> bool {
        let failures = task.tries.read_failures + task.tries.refusals;
        failures >= FAILURES_MIN && self.is_over(task, now)
    }
}

/// Whether to list the provider's pending accounts rather than look at each of ours.
///
/// A listing costs one call a page over *all* pending accounts of the distributor, ours or not; looking singly
/// costs one call for each of ours that is due (providers.md 2.7). Listing must save at least half, because a row
/// that has left the list still needs its own look.
pub fn list_is_cheaper(due: u64, pending_at_provider: u64, page_rows: u64) -> bool {
    let pages = pending_at_provider.div_ceil(page_rows.max(1)).max(1);
    due >= 2 && pages.saturating_mul(2) <= due
}
