//! Finished batches forgotten, some rows at a time. A row whose payload another batch's task may still send stays, and
//! the batch with it, for the next call.

use rusqlite::Connection;

use super::batches::Known;
use crate::domain::ids::BatchId;
use crate::engine::ports::LedgerError;
use crate::ledger::places::{row_id, row_ids, seq_of};

/// Rows dropped in one transaction, so that workers get their turn in between.
pub(super) const CHUNK: usize = 500;

/// What one chunk came to.
pub(super) enum Chunk {
    /// The batch is not finished.
    Refused,
    /// The row to go on with; `None` at the end.
    Next(Option<u64>),
}

/// Open tasks of a batch.
const OPEN: &str = "SELECT 1 FROM tasks INDEXED BY tasks_due WHERE batch = ?1 AND due_at IS NOT NULL";

/// Whether the row may be dropped: no other batch's task sends its payload.
const IS_FREE: &str = "SELECT NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = ?2 AND t.batch <> ?3 \
                       AND (t.source = ?1 OR t.staged = ?1))";

/// Before tasks are dropped, the highest id is kept: none is given again.
const KEEP_LAST_TASK: &str = "INSERT INTO meta SELECT 'last_task', max(id) FROM tasks HAVING max(id) IS NOT NULL \
                              ON CONFLICT (name) DO UPDATE SET value = excluded.value \
                              WHERE CAST(excluded.value AS INTEGER) > CAST(value AS INTEGER)";

/// Drops the chunk of rows that begins with `from`, and the batch with the last one.
pub(super) fn forget(connection: &Connection, id: &BatchId, from: u64) -> Result<Chunk, LedgerError> {
    let batch = match Known::get(connection, id) {
        Err(LedgerError::NoBatch(_)) => return Ok(Chunk::Next(None)),
        known => known?,
    };
    let rows_total: i64 = connection
        .prepare_cached("SELECT rows_total FROM batches WHERE no = ?1")?
        .query_row((batch.no,), |row| row.get(0))?;
    let is_imported = i64::try_from(batch.rows_imported).unwrap_or(i64::MAX) >= rows_total;
    if connection.prepare_cached(OPEN)?.exists((batch.no,))? || !(is_imported || batch.cancelled) {
        return Ok(Chunk::Refused);
    }
    let (mut seen, mut last) = (0, 0);
    let mut rows = Vec::new();
    {
        let mut statement = connection
            .prepare_cached("SELECT id, task FROM rows WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3")?;
        let max = i64::try_from(CHUNK).unwrap_or(i64::MAX);
        let mut found = statement.query((row_id(batch.no, from)?, row_ids(batch.no).end, max))?;
        while let Some(row) = found.next()? {
            last = row.get(0)?;
            seen += 1;
            rows.push((last, row.get::<_, Option<i64>>(1)?));
        }
    }
    connection.prepare_cached(KEEP_LAST_TASK)?.execute([])?;
    for (row, task) in rows {
        let is_free: bool = connection
            .prepare_cached(IS_FREE)?
            .query_row((row, task, batch.no), |row| row.get(0))?;
        if is_free {
            connection
                .prepare_cached("DELETE FROM rows WHERE id = ?1")?
                .execute((row,))?;
        }
        if let Some(task) = task {
            let mine = connection
                .prepare_cached("DELETE FROM tasks WHERE id = ?1 AND batch = ?2")?
                .execute((task, batch.no))?;
            if mine > 0 {
                connection
                    .prepare_cached("DELETE FROM attempts WHERE task = ?1")?
                    .execute((task,))?;
            }
        }
    }
    if seen == CHUNK {
        return Ok(Chunk::Next(Some(seq_of(last) + 1)));
    }
    let rest = "SELECT 1 FROM rows WHERE id >= ?1 AND id < ?2";
    let range = row_ids(batch.no);
    if !connection
        .prepare_cached(rest)?
        .exists((range.start, range.end))?
    {
        for sql in [
            "DELETE FROM counts WHERE batch = ?1",
            "DELETE FROM batches WHERE no = ?1",
        ] {
            connection.prepare_cached(sql)?.execute((batch.no,))?;
        }
    }
    Ok(Chunk::Next(None))
}
