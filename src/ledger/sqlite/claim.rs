//! Claims: what is due, fairly shared. The cost is that of the tasks taken and of the batches with open ones,
//! however many tasks wait or are done.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::batches::number;
use super::tasks::{Stored, count, stored};
use super::trouble::unreadable;
use super::write::Store;
use crate::domain::ids::{BatchId, RowKey};
use crate::domain::machine::Order;
use crate::domain::time::Timestamp;
use crate::engine::ports::{Claim, ClaimAsk, Claimed, Lease, LedgerError};
use crate::ledger::counting::Differences;
use crate::ledger::moves::ordered;
use crate::ledger::pauses::{is_in_force, read_pause};
use crate::ledger::turns::Class;

/// The due tasks of a batch and class, those due longest first.
pub(super) const DUE: &str = concat!(
    "SELECT ",
    stored!(),
    ", t.key FROM tasks t INDEXED BY tasks_due \
     WHERE t.batch = ?1 AND t.class = ?2 AND t.due_at <= ?3 ORDER BY t.due_at, t.id LIMIT ?4"
);

/// The next batch with open tasks behind a given one: a walk in steps over the index, not along it.
pub(super) const NEXT_OPEN: &str = "SELECT no, id, cancelled, pause FROM batches WHERE no = \
     (SELECT batch FROM tasks INDEXED BY tasks_due WHERE batch > ?1 AND due_at IS NOT NULL ORDER BY batch LIMIT 1)";

/// When the next task of a batch and class falls due.
pub(super) const NEXT_DUE: &str = "SELECT due_at FROM tasks INDEXED BY tasks_due \
     WHERE batch = ?1 AND class = ?2 AND due_at IS NOT NULL ORDER BY due_at LIMIT 1";

/// No lease is shorter, so that no claim finds what it has just taken.
const LEASE_MIN: Duration = Duration::from_millis(1);

const ALWAYS: Timestamp = Timestamp::from_ms(i64::MIN);

/// Tasks of a cancelled batch settled in passing by one claim.
const CANCELLED_MAX: usize = 500;

/// A batch with open tasks.
struct OpenBatch {
    no: i64,
    id: BatchId,
    /// Since when or from when on it lends, [`ALWAYS`] without a pause; `None` while a person must act first.
    from: Option<Timestamp>,
    cancelled: bool,
}

/// Leases due tasks.
pub(super) fn claim(store: &mut Store, ask: &ClaimAsk) -> Result<Claimed, LedgerError> {
    let Store { connection, turns } = store;
    let open = open_batches(connection, ask)?;
    for batch in open.iter().filter(|batch| batch.cancelled) {
        settle_cancelled(connection, batch, ask.now)?;
    }
    let is_ready = |batch: &&OpenBatch| !batch.cancelled && batch.from.is_some_and(|from| from <= ask.now);
    let lanes: Vec<i64> = open.iter().filter(is_ready).map(|batch| batch.no).collect();
    let mut claims = Vec::new();
    turns.fill(&lanes, ask.max, |lane, class, want| {
        let due = due(connection, lane, class, ask.now, want)?;
        let found = due.len();
        let batch = open.iter().find(|batch| batch.no == lane);
        for (stored, key) in due {
            let batch = batch.map_or_else(|| BatchId::new(""), |batch| batch.id.clone());
            claims.push(lease(connection, stored, key, batch, ask)?);
        }
        Ok::<_, LedgerError>(found)
    })?;
    Ok(Claimed {
        claims,
        next_due: next_due(connection, &open)?,
    })
}

fn open_batches(connection: &Connection, ask: &ClaimAsk) -> Result<Vec<OpenBatch>, LedgerError> {
    let only = match &ask.only {
        None => None,
        Some(id) => match number(connection, id)? {
            Some(no) => Some(no),
            None => return Ok(Vec::new()),
        },
    };
    let mut statement = connection.prepare_cached(NEXT_OPEN)?;
    let mut open = Vec::new();
    let mut behind = only.map_or(-1, |no| no - 1);
    loop {
        let mut rows = statement.query((behind,))?;
        let Some(row) = rows.next()? else { break };
        behind = row.get(0)?;
        if only.is_some_and(|no| no != behind) {
            break;
        }
        let pause = read_pause(row.get(3)?)?;
        open.push(OpenBatch {
            no: behind,
            id: BatchId::new(
                row.get_ref(1)?
                    .as_str()
                    .map_err(|why| unreadable("a batch's id", why))?,
            ),
            cancelled: row.get(2)?,
            from: match pause {
                Some(pause) if is_in_force(&pause, ask.now) => pause.until,
                _ => Some(ALWAYS),
            },
        });
    }
    Ok(open)
}

fn due(
    connection: &Connection,
    batch: i64,
    class: Class,
    now: Timestamp,
    max: usize,
) -> Result<Vec<(Stored, RowKey)>, LedgerError> {
    let mut statement = connection.prepare_cached(DUE)?;
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let mut rows = statement.query((batch, class as i64, now.as_ms(), max))?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        let key: String = row.get(8)?;
        let key = RowKey::new(&key).map_err(|why| unreadable("a stored key", why))?;
        due.push((Stored::read(row)?, key));
    }
    Ok(due)
}

fn lease(
    connection: &Connection,
    stored: Stored,
    key: RowKey,
    batch: BatchId,
    ask: &ClaimAsk,
) -> Result<Claim, LedgerError> {
    let fence = stored.fence + 1;
    let until = ask.now.plus(ask.lease.max(LEASE_MIN));
    let abandoned = stored.hold.map(|hold| hold.since);
    // Where a lease has run out before, the first of them stays on record: a send may be as old as that.
    let claimed_at = abandoned.unwrap_or(ask.now);
    connection
        .prepare_cached(
            "UPDATE tasks SET due_at = ?2, leased_by = ?3, claimed_at = ?4, fence = ?5 WHERE id = ?1",
        )?
        .execute((
            stored.id,
            until.as_ms(),
            ask.worker.as_str(),
            claimed_at.as_ms(),
            fence,
        ))?;
    let payload = match stored.task.account {
        Some(_) => None,
        None => Some(payload(connection, stored.source)?),
    };
    Ok(Claim {
        lease: Lease {
            task: stored.id,
            fence,
        },
        batch,
        key,
        task: stored.task,
        payload,
        abandoned,
    })
}

fn payload(connection: &Connection, row: i64) -> Result<Arc<str>, LedgerError> {
    let mut statement = connection.prepare_cached("SELECT payload FROM rows WHERE id = ?1")?;
    let found = statement
        .query_row((row,), |row| row.get::<_, Option<Arc<str>>>(0))
        .optional()?;
    found
        .flatten()
        .ok_or_else(|| unreadable("a task", format!("row {row}, whose payload it sends, has none")))
}

/// Nothing of a cancelled batch is sent again: what falls due there, or was left lying by a dead worker, is settled.
fn settle_cancelled(connection: &Connection, batch: &OpenBatch, now: Timestamp) -> Result<(), LedgerError> {
    let mut differences = Differences::default();
    for class in Class::ALL {
        for (stored, _) in due(connection, batch.no, class, now, CANCELLED_MAX)? {
            if let Some(moved) = ordered(&stored.task, stored.hold, &Order::Cancel, now) {
                stored.save(connection, batch.no, &moved.task, None, &mut differences)?;
            }
        }
    }
    count(connection, differences)
}

fn next_due(connection: &Connection, open: &[OpenBatch]) -> Result<Option<Timestamp>, LedgerError> {
    let mut statement = connection.prepare_cached(NEXT_DUE)?;
    let mut next: Option<Timestamp> = None;
    for batch in open {
        let Some(from) = batch.from else { continue };
        for class in Class::ALL {
            let due: Option<i64> = statement
                .query_row((batch.no, class as i64), |row| row.get(0))
                .optional()?;
            if let Some(due) = due {
                let due = Timestamp::from_ms(due).max(from);
                next = Some(next.map_or(due, |next| next.min(due)));
            }
        }
    }
    Ok(next)
}
