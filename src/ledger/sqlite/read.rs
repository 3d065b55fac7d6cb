//! What reports and people read.

use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::batches::number;
use super::claim;
use super::tasks::decode;
use super::trouble::unreadable;
use crate::domain::attempt::{Attempt, CallKind};
use crate::domain::batch::{Backlog, Counts};
use crate::domain::ids::{BatchId, CorrelationId, RequestId, RowKey, Scope};
use crate::domain::task::{Action, Task};
use crate::domain::time::Timestamp;
use crate::engine::ports::{LedgerError, RowView};
use crate::ledger::counting;
use crate::ledger::pauses::read_pause;
use crate::ledger::places::{row_id, row_ids, seq_of};

pub(super) const ROWS: &str = "SELECT r.id, r.line, r.cells, r.faults, t.key, t.task, \
     r.task IS NOT NULL AND t.id IS NULL \
     FROM rows r LEFT JOIN tasks t ON t.id = r.task WHERE r.id >= ?1 AND r.id < ?2 ORDER BY r.id LIMIT ?3";

pub(super) const HISTORY: &str = "SELECT a.at, a.kind, a.took_ms, a.exchanges, a.http, a.read_as, a.code, \
     a.correlation_id, a.request_id \
     FROM spaces s JOIN tasks t ON t.space = s.no JOIN attempts a ON a.task = t.id \
     WHERE s.provider = ?1 AND s.account = ?2 AND s.action = ?3 AND t.key = ?4 ORDER BY a.at, a.fence, a.n";

pub(super) const TASK: &str = "SELECT t.task FROM spaces s JOIN tasks t ON t.space = s.no \
     WHERE s.provider = ?1 AND s.account = ?2 AND s.action = ?3 AND t.key = ?4";

/// The counts of a batch; all zero if it is not known.
pub(super) fn counts(connection: &Connection, id: &BatchId) -> Result<Counts, LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT c.slot, c.n FROM counts c JOIN batches b ON b.no = c.batch WHERE b.id = ?1",
    )?;
    let slots = statement
        .query_map((id.as_str(),), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(i64, i64)>, _>>()?;
    Ok(counting::counts(slots))
}

/// What waits, over all batches.
pub(super) fn backlog(connection: &Connection, now: Timestamp) -> Result<Backlog, LedgerError> {
    let mut statement = connection.prepare_cached("SELECT slot, sum(n) FROM counts GROUP BY slot")?;
    let slots = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(i64, i64)>, _>>()?;
    let mut backlog = Backlog {
        tasks: counting::counts(slots).tasks,
        oldest_due: claim::oldest_due(connection, now)?,
        ..Backlog::default()
    };
    let mut statement = connection.prepare_cached("SELECT pause FROM batches WHERE pause IS NOT NULL")?;
    let mut pauses = statement.query([])?;
    while let Some(row) = pauses.next()? {
        backlog.add_pause(read_pause(row.get(0)?)?.as_ref(), now);
    }
    Ok(backlog)
}

/// A page of a batch's rows; none if it is not known.
pub(super) fn rows(
    connection: &Connection,
    id: &BatchId,
    from: u64,
    max: u32,
) -> Result<Vec<RowView>, LedgerError> {
    let Some(batch) = number(connection, id)? else {
        return Ok(Vec::new());
    };
    let Ok(first) = row_id(batch, from) else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(ROWS)?;
    let mut rows = statement.query((first, row_ids(batch).end, max))?;
    let mut views = Vec::new();
    while let Some(row) = rows.next()? {
        views.push(view(row)?);
    }
    Ok(views)
}

fn view(row: &Row<'_>) -> Result<RowView, LedgerError> {
    let json = |why: serde_json::Error| unreadable("a stored row", why);
    let text = |why: rusqlite::types::FromSqlError| unreadable("a stored row", why);
    let faults = row.get_ref(3)?.as_str_or_null().map_err(text)?;
    let (task, unreadable) = match task(row) {
        Ok(task) => (task, None),
        Err(why) => (None, Some(why)),
    };
    Ok(RowView {
        seq: seq_of(row.get(0)?),
        line: u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default(),
        cells: serde_json::from_str(row.get_ref(2)?.as_str().map_err(text)?).map_err(json)?,
        faults: faults
            .map_or(Ok(Vec::new()), serde_json::from_str)
            .map_err(json)?,
        task,
        unreadable,
        forgotten: row.get(6)?,
    })
}

/// The key and the task of a row, if it made one; or why they cannot be read.
fn task(row: &Row<'_>) -> Result<Option<(RowKey, Task)>, String> {
    let text = |column| {
        let value = row.get_ref(column).map_err(|why| why.to_string())?;
        value.as_str_or_null().map_err(|why| why.to_string())
    };
    let Some((key, task)) = text(4)?.zip(text(5)?) else {
        return Ok(None);
    };
    let key = RowKey::new(key).map_err(|why| why.to_string())?;
    Ok(Some((key, decode(task)?)))
}

/// The tasks of these keys, where there are any.
pub(super) fn tasks(
    connection: &Connection,
    scope: &Scope,
    action: Action,
    keys: &[RowKey],
) -> Result<Vec<Option<Task>>, LedgerError> {
    let mut statement = connection.prepare_cached(TASK)?;
    let mut tasks = Vec::with_capacity(keys.len());
    for key in keys {
        let mut rows = statement.query((&scope.provider, &scope.account, action.as_str(), key.as_str()))?;
        let task = match rows.next()? {
            None => None,
            Some(row) => {
                let text: String = row.get(0)?;
                Some(decode(&text).map_err(|why| unreadable("a stored task", why))?)
            }
        };
        tasks.push(task);
    }
    Ok(tasks)
}

/// Every attempt of an action for a key, oldest first.
pub(super) fn history(
    connection: &Connection,
    scope: &Scope,
    action: Action,
    key: &RowKey,
) -> Result<Vec<Attempt>, LedgerError> {
    let mut statement = connection.prepare_cached(HISTORY)?;
    let mut rows = statement.query((&scope.provider, &scope.account, action.as_str(), key.as_str()))?;
    let mut history = Vec::new();
    while let Some(row) = rows.next()? {
        history.push(attempt(row)?);
    }
    Ok(history)
}

fn attempt(row: &Row<'_>) -> Result<Attempt, LedgerError> {
    let kind = match row.get(1)? {
        0 => CallKind::Submit,
        1 => CallKind::LookUp,
        2 => CallKind::Poll,
        other => return Err(unreadable("a stored attempt's kind", other)),
    };
    Ok(Attempt {
        kind,
        at: Timestamp::from_ms(row.get(0)?),
        took_ms: u64::try_from(row.get::<_, i64>(2)?).unwrap_or_default(),
        correlation_id: CorrelationId::fresh(Uuid::from_bytes(row.get(7)?)),
        request_id: RequestId::fresh(Uuid::from_bytes(row.get(8)?)),
        http: row.get(4)?,
        read_as: row.get(5)?,
        code: row.get(6)?,
        exchanges: row.get(3)?,
    })
}
