//! How a batch went, for those who look at it: when accounts were made and settled, how long that took, which rows were the
//! slowest, what failed and why. One pass over the rows; whatever their number, it stays as small as it is.

pub mod kinds;
pub mod spans;
pub mod timeline;

pub use kinds::{Kind, Kinds};
pub use spans::{Bins, Spans};
pub use timeline::{Point, Timeline};

use super::{Bucket, ResultRow};
use crate::domain::time::Timestamp;

/// The slowest rows that are named.
const SLOWEST_MAX: usize = 10;

/// Rows by how often their request left are told apart up to here; the last slot has those above, too.
pub const SENDS_MAX: usize = 5;

/// Gathers rows into a story.
#[derive(Clone, Debug)]
pub struct Story {
    began: Timestamp,
    told: Told,
}

/// How a batch went.
#[derive(Clone, Debug)]
pub struct Told {
    /// Accounts made and rows settled, over time.
    pub timeline: Timeline,
    /// From an account's making to its settling.
    pub settle: Spans,
    /// The rows that took longest for that, the slowest first.
    pub slowest: Vec<Slow>,
    /// Rows by how often their request left: never, once, and so on; the last has those above.
    pub sends: [u64; SENDS_MAX + 1],
    /// What is wrong with the rows that failed.
    pub failures: Kinds,
    /// What the provider keeps otherwise than it was sent, of rows that are in their wanted state.
    pub overrides: Kinds,
}

/// A row that took long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slow {
    /// The line it starts on.
    pub line: u64,
    /// Its key.
    pub key: String,
    /// The outcome's word.
    pub outcome: &'static str,
    /// The provider's id of the account.
    pub provider_id: String,
    /// Submits that left.
    pub sends: u32,
    /// From the account's making to its settling, in milliseconds.
    pub settle_ms: u64,
}

impl Story {
    /// Of a batch that was imported at `began`.
    pub fn since(began: Timestamp) -> Self {
        Self {
            began,
            told: Told {
                timeline: Timeline::default(),
                settle: Spans::default(),
                slowest: Vec::new(),
                sends: [0; SENDS_MAX + 1],
                failures: Kinds::default(),
                overrides: Kinds::default(),
            },
        }
    }

    /// Counts a row in.
    pub fn add(&mut self, row: &ResultRow) {
        let told = &mut self.told;
        told.timeline
            .created(row.created_at.map(|at| since(self.began, at)));
        told.timeline
            .settled(row.settled_at.map(|at| since(self.began, at)));
        let sends = usize::try_from(row.attempts).unwrap_or(SENDS_MAX).min(SENDS_MAX);
        if let Some(rows) = told.sends.get_mut(sends) {
            *rows += 1;
        }
        if row.bucket == Bucket::Failed {
            told.failures.add(row.line, &row.wrong);
        }
        told.overrides.add(row.line, &row.kept);
        // What was made before this batch says nothing about it.
        if let (Some(created), Some(settled)) = (row.created_at, row.settled_at)
            && created >= self.began
            && settled >= created
        {
            let settle_ms = u64::try_from(settled.since(created).as_millis()).unwrap_or(u64::MAX);
            told.settle.add(settle_ms);
            self.slow(row, settle_ms);
        }
    }

    fn slow(&mut self, row: &ResultRow, settle_ms: u64) {
        let slowest = &mut self.told.slowest;
        let is_full = slowest.len() >= SLOWEST_MAX;
        if is_full && slowest.last().is_some_and(|last| last.settle_ms >= settle_ms) {
            return;
        }
        let place = slowest.partition_point(|slow| slow.settle_ms >= settle_ms);
        slowest.truncate(SLOWEST_MAX - 1);
        let slow = Slow {
            line: row.line,
            key: row.key.clone(),
            outcome: row.outcome,
            provider_id: row.provider_id.clone(),
            sends: row.attempts,
            settle_ms,
        };
        slowest.insert(place.min(slowest.len()), slow);
    }

    /// What was gathered.
    pub fn finish(self) -> Told {
        self.told
    }
}

/// Milliseconds from `began` to `at`; `Err` if that was before.
fn since(began: Timestamp, at: Timestamp) -> Result<u64, ()> {
    if at < began {
        return Err(());
    }
    Ok(u64::try_from(at.since(began).as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
