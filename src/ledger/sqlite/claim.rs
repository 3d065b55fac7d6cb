//! Claims: what is due, fairly shared. The cost is that of the tasks taken and of the batches with open ones,
//! however many tasks wait or are done.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row};

use super::batches::{number, read_weight};
use super::tasks::{Damaged, Stored, count, stored};
use super::trouble::unreadable;
use super::write::Store;
use crate::domain::batch::Weight;
use crate::domain::ids::{BatchId, RowKey};
use crate::domain::machine::Order;
use crate::domain::time::Timestamp;
use crate::engine::ports::{Claim, ClaimAsk, Claimed, Lease, LedgerError};
use crate::ledger::counting::Differences;
use crate::ledger::moves::ordered;
use crate::ledger::pauses::read_pause;
use crate::ledger::places::class_of;
use crate::ledger::turns::{Class, Lane};

/// Added to the class of a task while somebody has it. So those whose lease ran out are found apart from the others,
/// and go before them: their rows have waited longest.
const HELD: i64 = 2;

/// All classes, as they are stored.
const CLASSES: [i64; 4] = [
    Class::Submit as i64,
    Class::Read as i64,
    Class::Submit as i64 + HELD,
    Class::Read as i64 + HELD,
];

/// The due tasks of a batch and class (with [`HELD`] or without), those due longest first.
pub(super) const DUE: &str = concat!(
    "SELECT ",
    stored!(),
    ", t.key FROM tasks t INDEXED BY tasks_due \
     WHERE t.batch = ?1 AND t.class = ?2 AND t.due_at <= ?3 ORDER BY t.due_at, t.id LIMIT ?4"
);

/// The next batch with open tasks behind a given one: a walk in steps over the index, not along it.
pub(super) const NEXT_OPEN: &str = "SELECT no, id, cancelled, pause, weight FROM batches WHERE no = \
     (SELECT batch FROM tasks INDEXED BY tasks_due WHERE batch > ?1 AND due_at IS NOT NULL ORDER BY batch LIMIT 1)";

/// When the next task of a batch and class falls due.
pub(super) const NEXT_DUE: &str = "SELECT due_at FROM tasks INDEXED BY tasks_due \
     WHERE batch = ?1 AND class = ?2 AND due_at IS NOT NULL ORDER BY due_at LIMIT 1";

/// No lease is shorter, so that no claim finds what it has just taken.
const LEASE_MIN: Duration = Duration::from_millis(1);

const ALWAYS: Timestamp = Timestamp::from_ms(i64::MIN);

/// Tasks of cancelled batches settled in passing by one claim, over all of them.
const CANCELLED_MAX: usize = 500;

/// A batch with open tasks.
struct OpenBatch {
    no: i64,
    id: BatchId,
    /// Since when or from when on it lends, [`ALWAYS`] without a pause; `None` while a person must act first.
    from: Option<Timestamp>,
    cancelled: bool,
    weight: Weight,
}

/// Leases due tasks.
pub(super) fn claim(store: &mut Store, ask: &ClaimAsk) -> Result<Claimed, LedgerError> {
    let Store { connection, turns } = store;
    let open = open_batches(connection, ask.only.as_ref(), ask.now)?;
    let mut room = CANCELLED_MAX;
    for batch in open.iter().filter(|batch| batch.cancelled) {
        room -= settle_cancelled(connection, batch, room, ask)?;
    }
    let is_ready = |batch: &&OpenBatch| !batch.cancelled && batch.from.is_some_and(|from| from <= ask.now);
    let lane = |batch: &OpenBatch| Lane {
        no: batch.no,
        weight: batch.weight.get(),
    };
    let lanes: Vec<Lane> = open.iter().filter(is_ready).map(lane).collect();
    let mut claims = Vec::new();
    let mut take = |lane, class, want| {
        let due = due(connection, lane, class, ask.now, want)?;
        // One that cannot be read has its turn like any other, so that no claim meets more of them than it may take.
        let found = due.len();
        let batch = open.iter().find(|batch| batch.no == lane);
        for due in due {
            let batch = batch.map_or_else(|| BatchId::new(""), |batch| batch.id.clone());
            let lent = match due {
                Ok((stored, key)) => lease(connection, stored, key, batch, ask)?,
                Err(damaged) => Err(damaged),
            };
            match lent {
                Ok(claim) => claims.push(claim),
                Err(damaged) => put_off(connection, &damaged, ask)?,
            }
        }
        Ok::<_, LedgerError>(found)
    };
    // What was left lying is nobody's share: it goes before all else, since it may have been sent.
    let mut slots = ask.max;
    for lane in &lanes {
        for class in Class::ALL {
            slots -= take(lane.no, class as i64 + HELD, slots)?.min(slots);
        }
    }
    turns.fill(&lanes, slots, |lane, class, want| take(lane, class as i64, want))?;
    Ok(Claimed {
        claims,
        next_due: next_due(connection, &open)?,
    })
}

/// When the next task falls due that a claim could ever bring.
pub(super) fn oldest_due(connection: &Connection, now: Timestamp) -> Result<Option<Timestamp>, LedgerError> {
    next_due(connection, &open_batches(connection, None, now)?)
}

fn open_batches(
    connection: &Connection,
    only: Option<&BatchId>,
    now: Timestamp,
) -> Result<Vec<OpenBatch>, LedgerError> {
    let only = match only {
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
            weight: read_weight(row.get(4)?)?,
            from: match pause {
                Some(pause) if pause.is_in_force(now) => pause.until,
                _ => Some(ALWAYS),
            },
        });
    }
    Ok(open)
}

/// A task that is due and its key, if they can be read.
type Due = Result<(Stored, RowKey), Damaged>;

fn due(
    connection: &Connection,
    batch: i64,
    class: i64,
    now: Timestamp,
    max: usize,
) -> Result<Vec<Due>, LedgerError> {
    let mut statement = connection.prepare_cached(DUE)?;
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let mut rows = statement.query((batch, class, now.as_ms(), max))?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        let key = row.get_ref(8)?.as_str().map_err(|why| why.to_string());
        let key = key.and_then(|key| RowKey::new(key).map_err(|why| why.to_string()));
        due.push(Stored::read(row)?.and_then(|stored| match key {
            Ok(key) => Ok((stored, key)),
            Err(why) => Err(Damaged { id: stored.id, why }),
        }));
    }
    Ok(due)
}

fn lease(
    connection: &Connection,
    stored: Stored,
    key: RowKey,
    batch: BatchId,
    ask: &ClaimAsk,
) -> Result<Result<Claim, Damaged>, LedgerError> {
    let payload = match stored.task.needs_payload() {
        false => None,
        true => match payload(connection, stored.source)? {
            Some(payload) => Some(payload),
            None => {
                let (id, row) = (stored.id, stored.source);
                let why = format!("row {row}, whose payload it sends, has none");
                return Ok(Err(Damaged { id, why }));
            }
        },
    };
    let fence = stored.fence + 1;
    let until = until(ask);
    let abandoned = stored.hold.map(|hold| hold.since);
    // Where a lease has run out before, the first of them stays on record: a send may be as old as that.
    let claimed_at = abandoned.unwrap_or(ask.now);
    connection
        .prepare_cached(
            "UPDATE tasks SET due_at = ?2, leased_by = ?3, claimed_at = ?4, fence = ?5, class = ?6 WHERE id = ?1",
        )?
        .execute((
            stored.id,
            until.as_ms(),
            ask.worker.as_str(),
            claimed_at.as_ms(),
            fence,
            class_of(&stored.task) as i64 + HELD,
        ))?;
    Ok(Ok(Claim {
        lease: Lease {
            task: stored.id,
            fence,
        },
        batch,
        key,
        task: stored.task,
        payload,
        abandoned,
    }))
}

/// When what is taken now is let go of.
fn until(ask: &ClaimAsk) -> Timestamp {
    ask.now.plus(ask.lease.max(LEASE_MIN))
}

/// Looks at a task that cannot be read again after the length of a lease. Who had it last, if anybody, stays on record.
fn put_off(connection: &Connection, damaged: &Damaged, ask: &ClaimAsk) -> Result<(), LedgerError> {
    damaged.tell(connection);
    connection
        .prepare_cached("UPDATE tasks SET due_at = ?2 WHERE id = ?1")?
        .execute((damaged.id, until(ask).as_ms()))?;
    Ok(())
}

/// The payload in force of a task.
pub(super) fn payload_of(connection: &Connection, task: i64) -> Result<Option<Arc<str>>, LedgerError> {
    let mut statement = connection.prepare_cached("SELECT source FROM tasks WHERE id = ?1")?;
    let source: Option<i64> = statement.query_row((task,), |row| row.get(0)).optional()?;
    source.map_or(Ok(None), |source| payload(connection, source))
}

/// The payload that a row holds, if it does.
fn payload(connection: &Connection, row: i64) -> Result<Option<Arc<str>>, LedgerError> {
    let mut statement = connection.prepare_cached("SELECT payload FROM rows WHERE id = ?1")?;
    let text = |row: &Row<'_>| Ok(row.get_ref(0)?.as_str().ok().map(Arc::from));
    Ok(statement.query_row((row,), text).optional()?.flatten())
}

/// Nothing of a cancelled batch is sent again: what falls due there, or was left lying by a dead worker, is settled:
/// `max` tasks at most. Returns how many were met.
fn settle_cancelled(
    connection: &Connection,
    batch: &OpenBatch,
    max: usize,
    ask: &ClaimAsk,
) -> Result<usize, LedgerError> {
    let now = ask.now;
    let mut met = 0;
    let mut differences = Differences::default();
    for class in CLASSES {
        let due = due(connection, batch.no, class, now, max - met)?;
        met += due.len();
        for due in due {
            let stored = match due {
                Ok((stored, _)) => stored,
                Err(damaged) => {
                    put_off(connection, &damaged, ask)?;
                    continue;
                }
            };
            if let Some(moved) = ordered(&stored.task, stored.hold, &Order::Cancel, now) {
                stored.save(connection, batch.no, &moved.task, None, &mut differences)?;
            }
        }
    }
    count(connection, differences)?;
    Ok(met)
}

fn next_due(connection: &Connection, open: &[OpenBatch]) -> Result<Option<Timestamp>, LedgerError> {
    let mut statement = connection.prepare_cached(NEXT_DUE)?;
    let mut next: Option<Timestamp> = None;
    for batch in open {
        let Some(from) = batch.from else { continue };
        for class in CLASSES {
            let due: Option<i64> = statement
                .query_row((batch.no, class), |row| row.get(0))
                .optional()?;
            if let Some(due) = due {
                let due = Timestamp::from_ms(due).max(from);
                next = Some(next.map_or(due, |next| next.min(due)));
            }
        }
    }
    Ok(next)
}
