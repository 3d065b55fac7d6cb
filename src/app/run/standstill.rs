//! A batch in which nothing moves any more: either it waits, or what is left of it cannot be read.

use std::time::Duration;

use crate::domain::batch::Counts;
use crate::domain::ids::BatchId;
use crate::domain::time::Timestamp;
use crate::engine::ports::{Ledger, LedgerError};

/// When nothing has changed for so long, the rows are looked at; and again after twice as long, and so on: whoever waits
/// for a provider's review stands still as well.
const LOOK_AFTER: Duration = Duration::from_secs(5);

/// Rows looked at in one go.
const PAGE: u32 = 500;

/// Notes since when the counts have been the same.
#[derive(Default)]
pub(super) struct Standstill {
    counts: Counts,
    since: Timestamp,
    look_after: Duration,
}

impl Standstill {
    /// Whether it is time to look at the rows. `now` is the steady clock's.
    pub(super) fn is_to_be_looked_at(&mut self, counts: &Counts, now: Timestamp) -> bool {
        if &self.counts != counts || self.look_after.is_zero() {
            *self = Self {
                counts: counts.clone(),
                since: now,
                look_after: LOOK_AFTER,
            };
        }
        let is_time = now.since(self.since) >= self.look_after;
        if is_time {
            self.look_after = self.look_after.saturating_mul(2);
        }
        is_time
    }
}

/// The lines of the rows whose tasks cannot be read, if no row of the batch that can be has a step to do. Workers pass over
/// them, and the ledger counts them as open for ever.
pub(super) async fn unreadable_alone(ledger: &dyn Ledger, id: &BatchId) -> Result<Vec<u64>, LedgerError> {
    let (mut lines, mut from) = (Vec::new(), 0);
    loop {
        let rows = ledger.rows(id, from, PAGE).await?;
        let Some(last) = rows.last() else {
            return Ok(lines);
        };
        from = last.seq + 1;
        for row in rows {
            let is_open = row.task.is_some_and(|(_, task)| !task.state.is_settled());
            if is_open {
                return Ok(Vec::new());
            }
            if row.unreadable.is_some() {
                lines.push(row.line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_looked_at_ever_less_often_until_something_moves() {
        let mut standstill = Standstill::default();
        let (mut counts, mut looks) = (Counts::default(), Vec::new());
        for at_s in 0..100 {
            if at_s == 50 {
                counts.calls = [1, 0, 0];
            }
            if standstill.is_to_be_looked_at(&counts, Timestamp::from_ms(1_000 * at_s)) {
                looks.push(at_s);
            }
        }
        assert_eq!(looks, [5, 10, 20, 40, 55, 60, 70, 90]);
    }
}
