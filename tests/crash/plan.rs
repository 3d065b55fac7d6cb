//! How long the crash test is and how hard. `ENLIST_BIG` asks for the long one; each figure has a variable of its own.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use crate::support::is_big;

/// From the kill of a worker until each row it had in hand has been claimed by another.
pub(crate) const MOVING_WITHIN: Duration = Duration::from_secs(5);

/// Five in a hundred creates meet each of these.
const FAULTS: [&str; 10] = [
    "dropped_before_commit",
    "dropped_after_commit",
    "error_500_stored",
    "unavailable_503",
    "throttled_429",
    "truncated",
    "gateway_504_after_commit",
    "html_502",
    "slow",
    "closed_idle",
];

/// The figures of a run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rows: usize,
    pub(crate) workers: usize,
    pub(crate) in_flight: usize,
    /// Fewer kills of workers than this mean that the run was too short to say anything.
    pub(crate) worker_kills_min: usize,
    pub(crate) redis_kills: usize,
    /// Calls a second, at the provider and in the job.
    pub(crate) limit: u32,
    /// When Redis waits for its disk: `always`, `everysec`.
    pub(crate) appendfsync: String,
    pub(crate) seed: u64,
}

impl Plan {
    pub(crate) fn from_env() -> Self {
        let (rows, redis_kills, limit) = if is_big() {
            (20_000, 3, 500)
        } else {
            (2_000, 1, 250)
        };
        Self {
            rows: set("ROWS", rows),
            workers: set("WORKERS", 4),
            in_flight: set("IN_FLIGHT", 32),
            worker_kills_min: 4,
            redis_kills: set("REDIS_KILLS", redis_kills),
            limit: set("LIMIT", limit),
            appendfsync: set("FSYNC", "everysec".to_owned()),
            seed: set("SEED", 7),
        }
    }

    /// What the simulator is told. Accounts that turn inactive in a way that no list shows are left out: a create that was
    /// answered with a 500 and is looked for too late, because its worker was killed, would not be found
    /// (README, what it cannot do).
    pub(crate) fn simulator_flags(&self) -> String {
        let faults: String = FAULTS
            .iter()
            .map(|fault| format!(" --fault {fault}=0.05"))
            .collect();
        format!(
            "--limit {}/1s --seed {} --settle 200ms..2s --settle-as 1004=0.03 --settle-as 1010=0 --settle-as 1012=0 \
             --slow 500ms..5s{faults}",
            self.limit, self.seed
        )
    }

    /// The job's limit, which all workers share, is the provider's.
    pub(crate) fn windows(&self) -> String {
        format!("limits.windows=[{{calls={},per=\"1s\"}}]", self.limit)
    }
}

fn set<T: FromStr>(name: &str, default: T) -> T
where
    T::Err: Display,
{
    let name = format!("ENLIST_CRASH_{name}");
    match std::env::var(&name) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{name}: {error}")),
        Err(_) => default,
    }
}
