//! When to send again, when to look first, when to stop.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Growing;
use crate::domain::task::Task;
use crate::domain::time::Timestamp;

/// The limits of trying. Waiting for a throttled provider spends none of them but the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Pauses between unanswered sends.
    pub pause: Growing,
    /// Unanswered sends of one intent before a look-up takes over.
    pub attempts_max: u32,
    /// From the first send until a row that never got an answer is given up.
    pub deadline: Duration,
    /// Equal refusals in a row after which a new correlation id is taken, if nothing under the old one is unknown:
    /// a provider that replays a refusal for ever would otherwise hold the row for ever.
    pub refusals_max: u32,
    /// Intents opened for one row before it is given up.
    pub generations_max: u32,
    /// Wait before the first and the second look-up after an ambiguous answer. The first comes at once, because an
    /// account that has gone Inactive can no longer be listed (providers.md 2.7); the second leaves time for a slow index.
    pub look_after: [Duration; 2],
    /// Wait after a 429 that names none.
    pub throttle_default: Duration,
    /// No asked-for wait is honoured beyond this without a named pause.
    pub throttle_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            pause: Growing {
                first: Duration::from_secs(1),
                growth: 2.0,
                max: Duration::from_secs(60),
                jitter: 0.2,
            },
            attempts_max: 20,
            deadline: Duration::from_secs(6 * 3600),
            refusals_max: 5,
            generations_max: 6,
            look_after: [Duration::ZERO, Duration::from_secs(5)],
            throttle_default: Duration::from_secs(1),
            throttle_max: Duration::from_secs(15 * 60),
        }
    }
}

/// Time alone gives nothing up: at least this many tries must have failed. A row that lay still while its batch was
/// paused is tried again first.
pub(super) const FAILURES_MIN: u32 = 3;

impl RetryPolicy {
    /// Whether the time for trying `task` is over.
    pub fn is_over(&self, task: &Task, now: Timestamp) -> bool {
        let tries = task.tries;
        let failures = tries.silences + tries.unsent + tries.refusals + tries.read_failures;
        failures >= FAILURES_MIN
            && task
                .trying_since
                .is_some_and(|since| now.since(since) >= self.deadline)
    }
}
