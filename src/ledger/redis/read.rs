//! What reports and people read.

use redis::{Pipeline, Value};
use uuid::Uuid;

use super::block::BlockRow;
use super::bytes::Reader;
use super::keys::{calls, space};
use super::payloads::blocks_between;
use super::reply::{bytes, list, next, number, pairs, text};
use super::tasks::id_bytes;
use super::{CHUNK, RedisLedger};
use crate::domain::attempt::{Attempt, CallKind};
use crate::domain::batch::{Backlog, Counts};
use crate::domain::ids::{BatchId, CorrelationId, RequestId, RowKey, Scope};
use crate::domain::task::{Action, Task};
use crate::domain::time::Timestamp;
use crate::engine::ports::{LedgerError, RowView};
use crate::ledger::counting;
use crate::ledger::pauses::read_pause;
use crate::ledger::why;

/// Blocks of rows read in one round trip.
const BLOCKS: usize = 10;

impl RedisLedger {
    /// What waits, over all batches: three reads, however many batches there are, and one for each that is paused.
    pub(super) async fn read_backlog(&self, now: Timestamp) -> Result<Backlog, LedgerError> {
        let mut ask = redis::cmd("HGETALL");
        ask.arg(self.keys.named("c:all"));
        let mut backlog = Backlog {
            tasks: counts(self.link.ask(&ask).await?)?.tasks,
            oldest_due: self.oldest_due(now).await?,
            ..Backlog::default()
        };
        let mut ask = redis::cmd("SMEMBERS");
        ask.arg(self.keys.named("paused"));
        let mut pipe = Pipeline::new();
        for no in list(self.link.ask(&ask).await?)? {
            if let Some(no) = number(no)? {
                pipe.cmd("HGET").arg(self.keys.batch(no)).arg("pause");
            }
        }
        for pause in self.link.ask_all(&pipe).await? {
            let pause = read_pause(text(pause)?.filter(|pause| !pause.is_empty()))?;
            backlog.add_pause(pause.as_ref(), now);
        }
        Ok(backlog)
    }

    pub(super) async fn read_counts(&self, id: &BatchId) -> Result<Counts, LedgerError> {
        let Some(no) = self.number(id).await? else {
            return Ok(Counts::default());
        };
        let mut ask = redis::cmd("HGETALL");
        ask.arg(self.keys.counts(no));
        counts(self.link.ask(&ask).await?)
    }

    pub(super) async fn read_rows(
        &self,
        id: &BatchId,
        from: u64,
        max: u32,
    ) -> Result<Vec<RowView>, LedgerError> {
        let Some(no) = self.number(id).await? else {
            return Ok(Vec::new());
        };
        let imported = self.known(id).await?.imported;
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let mut views = Vec::new();
        if from >= imported || max == 0 {
            return Ok(views);
        }
        for part in blocks_between(no, from, imported).chunks(BLOCKS) {
            let rows = self.blocks(part).await?.into_iter().flatten();
            let rows: Vec<BlockRow> = rows
                .filter(|row| row.seq >= from)
                .take(max - views.len())
                .collect();
            views.extend(self.views(rows).await?);
            if views.len() >= max {
                break;
            }
        }
        Ok(views)
    }

    async fn views(&self, rows: Vec<BlockRow>) -> Result<Vec<RowView>, LedgerError> {
        let ids: Vec<i64> = rows.iter().filter_map(|row| row.task).collect();
        let tasks = self.find(&ids).await?;
        let view = |row: BlockRow| {
            let found = row.task.map(|id| tasks.get(&id).map(|found| &found.stored));
            let forgotten = matches!(found, Some(None));
            let (task, unreadable) = match found {
                None | Some(None) => (None, None),
                Some(Some(Ok(stored))) => (Some((stored.key.clone(), stored.task.clone())), None),
                Some(Some(Err(error))) => (None, Some(why(error))),
            };
            RowView {
                seq: row.seq,
                line: row.line,
                cells: row.cells,
                faults: row.faults,
                task,
                unreadable,
                forgotten,
            }
        };
        Ok(rows.into_iter().map(view).collect())
    }

    async fn space(&self, scope: &Scope, action: Action) -> Result<Option<i64>, LedgerError> {
        let mut ask = redis::cmd("HGET");
        ask.arg(self.keys.named("spaces")).arg(space(scope, action));
        number(self.link.ask(&ask).await?)
    }

    pub(super) async fn read_tasks(
        &self,
        scope: &Scope,
        action: Action,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Task>>, LedgerError> {
        let Some(space) = self.space(scope, action).await? else {
            return Ok(vec![None; keys.len()]);
        };
        let ids = self.ids_of(space, &keys.iter().collect::<Vec<_>>()).await?;
        let found = self
            .find(&ids.iter().flatten().copied().collect::<Vec<_>>())
            .await?;
        let task = |id: Option<i64>| match id.and_then(|id| found.get(&id)).map(|found| &found.stored) {
            None => Ok(None),
            Some(Ok(stored)) => Ok(Some(stored.task.clone())),
            Some(Err(error)) => Err(LedgerError::Corrupt(why(error))),
        };
        ids.into_iter().map(task).collect()
    }

    pub(super) async fn read_history(
        &self,
        scope: &Scope,
        action: Action,
        key: &RowKey,
    ) -> Result<Vec<Attempt>, LedgerError> {
        let Some(space) = self.space(scope, action).await? else {
            return Ok(Vec::new());
        };
        let mut history = Vec::new();
        for id in self.ids_of(space, &[key]).await?.into_iter().flatten() {
            history.extend(self.calls_of(id).await?);
        }
        history.sort_by_key(|(at, fence, n, _)| (*at, *fence, *n));
        Ok(history.into_iter().map(|(.., attempt)| attempt).collect())
    }

    /// The calls made for a task, each with its time, lease and number.
    async fn calls_of(&self, id: i64) -> Result<Vec<(Timestamp, i64, u64, Attempt)>, LedgerError> {
        let mut found = Vec::new();
        let mut cursor = 0;
        loop {
            let mut ask = redis::cmd("HSCAN");
            ask.arg(self.keys.named(calls(id)))
                .arg(cursor)
                .arg("COUNT")
                .arg(CHUNK);
            let mut answer = list(self.link.ask(&ask).await?)?.into_iter();
            cursor = number(next(&mut answer)?)?.unwrap_or(0);
            for (field, value) in pairs(next(&mut answer)?)? {
                let field = bytes(field)?.unwrap_or_default();
                let Some(rest) = field.strip_prefix(&id_bytes(id)) else {
                    continue;
                };
                let mut reader = Reader::new(rest, "a call's number");
                let (fence, n) = (reader.signed()?, reader.number()?);
                let attempt = read_call(&bytes(value)?.unwrap_or_default())?;
                found.push((attempt.at, fence, n, attempt));
            }
            if cursor == 0 {
                // A scan may show an element twice.
                found.sort_by_key(|(at, fence, n, _)| (*at, *fence, *n));
                found.dedup_by_key(|(_, fence, n, _)| (*fence, *n));
                return Ok(found);
            }
        }
    }
}

/// Stored counts, added up.
fn counts(stored: Value) -> Result<Counts, LedgerError> {
    let mut slots = Vec::new();
    for (slot, n) in pairs(stored)? {
        slots.push((number(slot)?.unwrap_or(-1), number(n)?.unwrap_or(0)));
    }
    Ok(counting::counts(slots))
}

/// A call as [`super::commit`] wrote it.
fn read_call(bytes: &[u8]) -> Result<Attempt, LedgerError> {
    let mut reader = Reader::new(bytes, "a stored call");
    let kind = match reader.byte()? {
        0 => CallKind::Submit,
        1 => CallKind::LookUp,
        2 => CallKind::Poll,
        other => return Err(reader.corrupt(format_args!("no kind has the number {other}"))),
    };
    let at = Timestamp::from_ms(reader.signed()?);
    let took_ms = reader.number()?;
    let exchanges = reader.small()?;
    let http: u16 = reader.small()?;
    let read_as = reader.text()?.to_owned();
    let code = match reader.byte()? {
        0 => None,
        _ => Some(reader.text()?.to_owned()),
    };
    Ok(Attempt {
        kind,
        at,
        took_ms,
        exchanges,
        http: http.checked_sub(1),
        read_as,
        code,
        correlation_id: CorrelationId::fresh(Uuid::from_bytes(reader.array()?)),
        request_id: RequestId::fresh(Uuid::from_bytes(reader.array()?)),
    })
}
