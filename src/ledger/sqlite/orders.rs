//! Orders about a whole batch, applied where the tasks lie.

use std::collections::HashSet;

use rusqlite::Connection;

use super::batches::{Known, set_cancelled};
use super::tasks::{Damaged, Stored, count, stored};
use crate::domain::ids::BatchId;
use crate::domain::machine::Order;
use crate::domain::time::Timestamp;
use crate::engine::ports::LedgerError;
use crate::ledger::counting::Differences;
use crate::ledger::moves::ordered;
use crate::ledger::places::{row_id, row_ids, seq_of};

/// Rows looked at in one transaction, so that workers get their turn in between.
pub(super) const CHUNK: usize = 500;

/// The tasks of a batch's rows. A task that belongs to the batch has a row in it.
pub(super) const OF_BATCH: &str = concat!(
    "SELECT ",
    stored!(),
    ", r.id FROM rows r JOIN tasks t ON t.id = r.task WHERE r.id >= ?1 AND r.id < ?2 ORDER BY r.id LIMIT ?3"
);

/// What one chunk came to.
pub(super) struct Chunk {
    pub(super) changed: u64,
    /// The row to go on with; `None` at the end.
    pub(super) next: Option<u64>,
}

/// Applies `order` to the tasks of the chunk of rows that begins with `from`.
pub(super) fn apply(
    connection: &Connection,
    id: &BatchId,
    order: &Order,
    from: u64,
    now: Timestamp,
) -> Result<Chunk, LedgerError> {
    let batch = Known::get(connection, id)?;
    if batch.cancelled && from == 0 && !matches!(order, Order::Cancel) {
        set_cancelled(connection, batch.no, false)?;
    }
    let (rows, last) = chunk(connection, batch.no, from)?;
    // What cannot be read is left as it is: an order to hundreds should not fail by one.
    for damaged in rows.iter().filter_map(|row| row.as_ref().err()) {
        damaged.tell(connection);
    }
    let mut differences = Differences::default();
    let mut changed = 0;
    let mut seen = HashSet::new();
    for stored in rows.iter().flatten() {
        // A key that stands in a file twice has one task.
        if stored.batch != batch.no || !seen.insert(stored.id) {
            continue;
        }
        let Some(moved) = ordered(&stored.task, stored.hold, order, now) else {
            continue;
        };
        if moved.hold_ends || moved.task != stored.task {
            stored.save(connection, batch.no, &moved.task, None, &mut differences)?;
        }
        changed += u64::from(moved.task.state != stored.task.state);
    }
    count(connection, differences)?;
    let next = last.filter(|_| rows.len() == CHUNK).map(|row| seq_of(row) + 1);
    Ok(Chunk { changed, next })
}

type Rows = Vec<Result<Stored, Damaged>>;

fn chunk(connection: &Connection, batch: i64, from: u64) -> Result<(Rows, Option<i64>), LedgerError> {
    let mut statement = connection.prepare_cached(OF_BATCH)?;
    let max = i64::try_from(CHUNK).unwrap_or(i64::MAX);
    let mut rows = statement.query((row_id(batch, from)?, row_ids(batch).end, max))?;
    let (mut found, mut last) = (Vec::new(), None);
    while let Some(row) = rows.next()? {
        found.push(Stored::read(row)?);
        last = Some(row.get(8)?);
    }
    Ok((found, last))
}
