//! What workers bring back, and leases prolonged.

use rusqlite::Connection;

use super::tasks::{Stored, count};
use crate::domain::attempt::Attempt;
use crate::domain::time::Timestamp;
use crate::engine::ports::{Commit, Kept, Lease, LedgerError};
use crate::ledger::counting::Differences;
use crate::ledger::moves::{Moved, committed};

/// Saves what was learned, in order; for each, whether it counted.
pub(super) fn commit(
    connection: &Connection,
    commits: &[Commit],
    now: Timestamp,
) -> Result<Vec<Kept>, LedgerError> {
    let mut differences = Differences::default();
    let kept = commits
        .iter()
        .map(|commit| keep(connection, commit, now, &mut differences))
        .collect::<Result<_, _>>()?;
    count(connection, differences)?;
    Ok(kept)
}

fn keep(
    connection: &Connection,
    commit: &Commit,
    now: Timestamp,
    differences: &mut Differences<i64>,
) -> Result<Kept, LedgerError> {
    let Some(stored) = Stored::find(connection, commit.lease.task)? else {
        return Ok(Kept::Fenced);
    };
    // Calls were made, whoever has the task now.
    for (n, attempt) in commit.attempts.iter().enumerate() {
        if note(connection, commit.lease, n, attempt)? {
            differences.called(stored.batch, attempt);
        }
    }
    if stored.fence != commit.lease.fence || stored.hold.is_none() {
        return Ok(Kept::Fenced);
    }
    let moved = Moved {
        task: committed(&commit.task, is_cancelled(connection, stored.batch)?, now),
        hold_ends: false,
    };
    stored.save(connection, stored.batch, &moved, None, differences)?;
    Ok(Kept::Yes)
}

fn is_cancelled(connection: &Connection, batch: i64) -> Result<bool, LedgerError> {
    Ok(connection
        .prepare_cached("SELECT cancelled FROM batches WHERE no = ?1")?
        .query_row((batch,), |row| row.get(0))?)
}

/// Keeps an attempt; `false` if it was kept before.
fn note(connection: &Connection, lease: Lease, n: usize, attempt: &Attempt) -> Result<bool, LedgerError> {
    let sql = "INSERT INTO attempts (task, fence, n, at, kind, took_ms, exchanges, http, read_as, code, \
               correlation_id, request_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
               ON CONFLICT DO NOTHING";
    let kept = connection.prepare_cached(sql)?.execute((
        lease.task,
        lease.fence,
        i64::try_from(n).unwrap_or(i64::MAX),
        attempt.at.as_ms(),
        attempt.kind as i64,
        i64::try_from(attempt.took_ms).unwrap_or(i64::MAX),
        attempt.exchanges,
        attempt.http,
        &attempt.read_as,
        &attempt.code,
        attempt.correlation_id.as_uuid().as_bytes(),
        attempt.request_id.as_uuid().as_bytes(),
    ))?;
    Ok(kept > 0)
}

/// Prolongs the leases that are still held.
pub(super) fn extend(connection: &Connection, leases: &[Lease], until: Timestamp) -> Result<(), LedgerError> {
    let mut statement = connection.prepare_cached(
        "UPDATE tasks SET due_at = ?3 WHERE id = ?1 AND fence = ?2 AND claimed_at IS NOT NULL AND due_at < ?3",
    )?;
    for lease in leases {
        statement.execute((lease.task, lease.fence, until.as_ms()))?;
    }
    Ok(())
}
