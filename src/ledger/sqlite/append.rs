//! Rows coming in: new ones make tasks, known ones feed theirs.

use std::sync::Arc;

use rusqlite::Connection;

use super::batches::Known;
use super::tasks::{Stored, count, encode};
use super::trouble::unreadable;
use crate::domain::ids::{BatchId, Digest, RowKey};
use crate::domain::machine::{Order, order};
use crate::domain::task::Task;
use crate::domain::time::Timestamp;
use crate::engine::ports::{Appended, LedgerError, NewRow, NewRowBody};
use crate::ledger::counting::Differences;
use crate::ledger::moves::fed;
use crate::ledger::places::{Sources, class_of, row_id};

/// A row as it is stored: made where the caller stands, so that the writer's time is spent on writing.
pub(super) struct Prepared {
    seq: u64,
    line: i64,
    cells: String,
    body: Body,
}

enum Body {
    Sound {
        key: RowKey,
        payload: Arc<str>,
        digest: Digest,
    },
    Faulty(String),
}

/// Rows in the form they are stored in.
pub(super) fn prepare(rows: &[NewRow]) -> Result<Vec<Prepared>, LedgerError> {
    let text = |why: serde_json::Error| unreadable("a row", why);
    rows.iter()
        .map(|row| {
            let body = match &row.body {
                NewRowBody::Sound { key, payload, digest } => Body::Sound {
                    key: key.clone(),
                    payload: Arc::clone(payload),
                    digest: *digest,
                },
                NewRowBody::Faulty(faults) => Body::Faulty(serde_json::to_string(faults).map_err(text)?),
            };
            Ok(Prepared {
                seq: row.seq,
                line: i64::try_from(row.line).unwrap_or(i64::MAX),
                cells: serde_json::to_string(&row.cells).map_err(text)?,
                body,
            })
        })
        .collect()
}

/// Adds the rows that the batch does not have yet.
pub(super) fn append(
    connection: &Connection,
    batch: &BatchId,
    rows: &[Prepared],
    now: Timestamp,
) -> Result<Appended, LedgerError> {
    let mut import = Import {
        connection,
        batch: Known::get(connection, batch)?,
        now,
        next_task: next_task(connection)?,
        appended: Appended::default(),
        differences: Differences::default(),
    };
    let mut imported = import.batch.rows_imported;
    if rows.first().is_some_and(|row| row.seq > imported) {
        let batch = batch.clone();
        return Err(LedgerError::Behind { batch, imported });
    }
    for row in rows {
        if row.seq >= import.batch.rows_imported || !import.has(row)? {
            import.take(row)?;
        }
        imported = imported.max(row.seq.saturating_add(1));
    }
    if imported > import.batch.rows_imported {
        connection
            .prepare_cached("UPDATE batches SET rows_imported = ?2 WHERE no = ?1")?
            .execute((import.batch.no, i64::try_from(imported).unwrap_or(i64::MAX)))?;
    }
    count(connection, import.differences)?;
    Ok(import.appended)
}

/// The first id that no task has or had: rows of other batches may still name one that was forgotten.
fn next_task(connection: &Connection) -> Result<i64, LedgerError> {
    let sql = "SELECT 1 + max(coalesce((SELECT max(id) FROM tasks), 0), \
               coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'last_task'), 0))";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

struct Import<'a> {
    connection: &'a Connection,
    batch: Known,
    now: Timestamp,
    /// The id of the next new task.
    next_task: i64,
    appended: Appended,
    differences: Differences<i64>,
}

impl Import<'_> {
    fn has(&self, row: &Prepared) -> Result<bool, LedgerError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT 1 FROM rows WHERE id = ?1")?;
        Ok(statement.exists((row_id(self.batch.no, row.seq)?,))?)
    }

    fn take(&mut self, row: &Prepared) -> Result<(), LedgerError> {
        let id = row_id(self.batch.no, row.seq)?;
        let (task, faults, payload) = match &row.body {
            Body::Faulty(faults) => {
                self.appended.faulty += 1;
                (None, Some(faults.as_str()), None)
            }
            Body::Sound { key, payload, digest } => {
                let (task, is_needed) = match self.make(id, key, *digest)? {
                    Some(task) => (task, true),
                    None => self.feed(id, key, *digest)?,
                };
                (Some(task), None, is_needed.then_some(&**payload))
            }
        };
        self.connection
            .prepare_cached("INSERT INTO rows VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute((id, row.line, task, faults, &row.cells, payload))?;
        Ok(())
    }

    /// A task for a key that is new, `None` if it is known.
    fn make(&mut self, row: i64, key: &RowKey, digest: Digest) -> Result<Option<i64>, LedgerError> {
        let mut task = Task::new(self.batch.action, digest, self.now);
        if self.batch.cancelled {
            task = order(&task, &Order::Cancel, self.now);
        }
        let sql = "INSERT INTO tasks (id, space, key, batch, class, due_at, fence, source, task) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8) ON CONFLICT (space, key) DO NOTHING";
        let id = self.next_task;
        let made = self.connection.prepare_cached(sql)?.execute((
            id,
            self.batch.space,
            key.as_str(),
            self.batch.no,
            class_of(&task) as i64,
            task.due().map(Timestamp::as_ms),
            row,
            encode(&task)?,
        ))?;
        if made == 0 {
            return Ok(None);
        }
        self.next_task += 1;
        self.appended.new += 1;
        self.differences.came(self.batch.no, &task);
        Ok(Some(id))
    }

    /// Feeds the task of a known key; says which it is, and whether this row's payload is needed.
    fn feed(&mut self, row: i64, key: &RowKey, digest: Digest) -> Result<(i64, bool), LedgerError> {
        let stored = Stored::of_key(self.connection, self.batch.space, key.as_str())?
            .ok_or_else(|| unreadable("the index of keys", key))?;
        let moved = fed(&stored.task, stored.hold, digest, self.batch.cancelled, self.now);
        let slot = if digest != stored.task.payload {
            &mut self.appended.changed
        } else if moved.task.state.is_settled() {
            &mut self.appended.unchanged
        } else {
            &mut self.appended.resumed
        };
        *slot += 1;
        if stored.hold.is_some() && !moved.hold_ends {
            self.hand_over(&stored)?;
            return Ok((stored.id, false));
        }
        let sources: Sources = stored.save(
            self.connection,
            self.batch.no,
            &moved.task,
            Some((digest, row)),
            &mut self.differences,
        )?;
        Ok((stored.id, sources.has(row)))
    }

    /// The batch changes, the lease stays.
    fn hand_over(&mut self, stored: &Stored) -> Result<(), LedgerError> {
        self.connection
            .prepare_cached("UPDATE tasks SET batch = ?2 WHERE id = ?1")?
            .execute((stored.id, self.batch.no))?;
        self.differences
            .moved(stored.batch, &stored.task, self.batch.no, &stored.task);
        Ok(())
    }
}
