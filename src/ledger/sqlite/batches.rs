//! Batches: known, paused, cancelled.

use rusqlite::{Connection, OptionalExtension, Row};

use super::trouble::unreadable;
use crate::domain::batch::{Batch, Pause, Weight};
use crate::domain::ids::{BatchId, Scope};
use crate::domain::task::Action;
use crate::engine::ports::{LedgerError, Which};
use crate::ledger::pauses::{gives_way, pause_text, read_pause};

/// What of a batch the other parts need.
pub(super) struct Known {
    pub(super) no: i64,
    pub(super) space: i64,
    pub(super) action: Action,
    pub(super) rows_imported: u64,
    pub(super) cancelled: bool,
}

impl Known {
    /// The batch, or [`LedgerError::NoBatch`].
    pub(super) fn get(connection: &Connection, id: &BatchId) -> Result<Self, LedgerError> {
        let mut statement = connection.prepare_cached(
            "SELECT b.no, b.space, b.rows_imported, b.cancelled, s.action \
             FROM batches b JOIN spaces s ON s.no = b.space WHERE b.id = ?1",
        )?;
        let found = statement
            .query_row((id.as_str(),), |row| {
                let known = |action| -> Result<Self, rusqlite::Error> {
                    Ok(Self {
                        no: row.get(0)?,
                        space: row.get(1)?,
                        action,
                        rows_imported: unsigned(row.get(2)?),
                        cancelled: row.get(3)?,
                    })
                };
                let word: String = row.get(4)?;
                Ok(action(&word).and_then(|action| known(action).map_err(LedgerError::from)))
            })
            .optional()?;
        found.unwrap_or_else(|| Err(LedgerError::NoBatch(id.clone())))
    }
}

/// The number of a batch in this file.
pub(super) fn number(connection: &Connection, id: &BatchId) -> Result<Option<i64>, LedgerError> {
    let mut statement = connection.prepare_cached("SELECT no FROM batches WHERE id = ?1")?;
    Ok(statement.query_row((id.as_str(),), |row| row.get(0)).optional()?)
}

const BATCH: &str = "SELECT batch, job_text, rows_imported, cancelled, pause, weight FROM batches";

/// The batch, if known.
pub(super) fn find(connection: &Connection, id: &BatchId) -> Result<Option<Batch>, LedgerError> {
    let mut statement = connection.prepare_cached(&format!("{BATCH} WHERE id = ?1"))?;
    let found = statement
        .query_row((id.as_str(),), |row| Ok(read(row)))
        .optional()?;
    found.transpose()
}

/// All batches, newest first.
pub(super) fn all(connection: &Connection) -> Result<Vec<Batch>, LedgerError> {
    let mut statement = connection.prepare_cached(&format!("{BATCH} ORDER BY created_at DESC, no DESC"))?;
    let mut rows = statement.query([])?;
    let mut batches = Vec::new();
    while let Some(row) = rows.next()? {
        batches.push(read(row)?);
    }
    Ok(batches)
}

/// Makes the batch known, or finds it and gives it the new job text.
pub(super) fn open(connection: &Connection, batch: &Batch) -> Result<Batch, LedgerError> {
    let Scope { provider, account } = &batch.scope;
    let named = (provider, account, batch.action.as_str());
    connection
        .prepare_cached(
            "INSERT INTO spaces (provider, account, action) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(named)?;
    let space: i64 = connection
        .prepare_cached("SELECT no FROM spaces WHERE provider = ?1 AND account = ?2 AND action = ?3")?
        .query_row(named, |row| row.get(0))?;
    let (job_text, pause) = (&batch.job_text, pause_text(batch.pause.as_ref())?);
    let rest = Batch {
        job_text: String::new(),
        pause: None,
        ..batch.clone()
    };
    connection
        .prepare_cached(
            "INSERT INTO batches (id, space, created_at, rows_total, rows_imported, cancelled, pause, batch, \
             job_text, weight) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO UPDATE SET job_text = excluded.job_text",
        )?
        .execute((
            batch.id.as_str(),
            space,
            batch.created_at.as_ms(),
            i64::try_from(batch.rows_total).unwrap_or(i64::MAX),
            batch.cancelled,
            pause,
            serde_json::to_string(&rest).map_err(|why| unreadable("a batch", why))?,
            job_text,
            batch.weight.get(),
        ))?;
    find(connection, &batch.id)?.ok_or_else(|| LedgerError::NoBatch(batch.id.clone()))
}

/// Marks the batch as cancelled.
pub(super) fn cancel(connection: &Connection, id: &BatchId) -> Result<(), LedgerError> {
    let batch = Known::get(connection, id)?;
    set_cancelled(connection, batch.no, true)
}

/// Marks the batch, or takes the mark back.
pub(super) fn set_cancelled(connection: &Connection, no: i64, cancelled: bool) -> Result<(), LedgerError> {
    connection
        .prepare_cached("UPDATE batches SET cancelled = ?2 WHERE no = ?1")?
        .execute((no, cancelled))?;
    Ok(())
}

/// Gives the batch another share of the turns.
pub(super) fn set_weight(connection: &Connection, id: &BatchId, weight: Weight) -> Result<(), LedgerError> {
    let batch = Known::get(connection, id)?;
    connection
        .prepare_cached("UPDATE batches SET weight = ?2 WHERE no = ?1")?
        .execute((batch.no, weight.get()))?;
    Ok(())
}

/// Pauses or resumes; the ids of those changed.
pub(super) fn set_pause(
    connection: &Connection,
    which: &Which,
    pause: Option<&Pause>,
) -> Result<Vec<BatchId>, LedgerError> {
    let text = pause_text(pause)?;
    let mut statement = connection.prepare_cached("UPDATE batches SET pause = ?2 WHERE no = ?1")?;
    let mut changed = Vec::new();
    for candidate in candidates(connection, which, pause.is_some())? {
        if gives_way(candidate.pause.as_ref(), pause) {
            statement.execute((candidate.no, &text))?;
            changed.push(candidate.id);
        }
    }
    Ok(changed)
}

struct Candidate {
    no: i64,
    id: BatchId,
    pause: Option<Pause>,
}

/// The batches a pause is about. Trouble with credentials stops what is unfinished: a finished batch that stayed
/// paused for ever would be a trap for whoever feeds its file again.
fn candidates(connection: &Connection, which: &Which, pausing: bool) -> Result<Vec<Candidate>, LedgerError> {
    let (sql, named) = match which {
        Which::Batch(id) => (
            "SELECT no, id, pause FROM batches WHERE id = ?1",
            vec![id.as_str()],
        ),
        Which::Scope(Scope { provider, account }) if pausing => (
            "SELECT b.no, b.id, b.pause FROM batches b JOIN spaces s ON s.no = b.space \
             WHERE s.provider = ?1 AND s.account = ?2 AND NOT b.cancelled AND (b.rows_imported < b.rows_total \
             OR EXISTS (SELECT 1 FROM tasks t WHERE t.batch = b.no AND t.due_at IS NOT NULL)) ORDER BY b.no",
            vec![provider.as_str(), account.as_str()],
        ),
        Which::Scope(Scope { provider, account }) => (
            "SELECT b.no, b.id, b.pause FROM batches b JOIN spaces s ON s.no = b.space \
             WHERE s.provider = ?1 AND s.account = ?2 AND b.pause IS NOT NULL ORDER BY b.no",
            vec![provider.as_str(), account.as_str()],
        ),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(named))?;
    let mut candidates = Vec::new();
    while let Some(row) = rows.next()? {
        candidates.push(Candidate {
            no: row.get(0)?,
            id: BatchId::new(row.get::<_, String>(1)?),
            pause: read_pause(row.get(2)?)?,
        });
    }
    Ok(candidates)
}

fn read(row: &Row<'_>) -> Result<Batch, LedgerError> {
    let text: String = row.get(0)?;
    let batch: Batch = serde_json::from_str(&text).map_err(|why| unreadable("a stored batch", why))?;
    Ok(Batch {
        job_text: row.get(1)?,
        rows_imported: unsigned(row.get(2)?),
        cancelled: row.get(3)?,
        pause: read_pause(row.get(4)?)?,
        weight: read_weight(row.get(5)?)?,
        ..batch
    })
}

/// A stored weight.
pub(super) fn read_weight(number: u32) -> Result<Weight, LedgerError> {
    Weight::new(number).map_err(|why| unreadable("a stored weight", why))
}

fn action(word: &str) -> Result<Action, LedgerError> {
    match word {
        "create" => Ok(Action::Create),
        "update" => Ok(Action::Update),
        other => Err(unreadable("a stored action", other)),
    }
}

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
