//! Batches: known, listed, paused, marked.

use redis::{Pipeline, Value};

use super::keys::space;
use super::reply::{bytes, list, next, number, text};
use super::stored::Lane;
use super::{CHUNK, RedisLedger, lua, too_busy};
use crate::domain::batch::{Batch, Pause, Weight};
use crate::domain::ids::{BatchId, Scope};
use crate::engine::ports::{LedgerError, Which};
use crate::ledger::pauses::{gives_way, pause_text, read_pause};
use crate::ledger::unreadable;

/// Batches looked at in one round trip when all are.
const PAGE: usize = 100;

/// What of a batch the other parts need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) no: i64,
    pub(super) space: i64,
    pub(super) action: crate::domain::task::Action,
    pub(super) imported: u64,
    pub(super) cancelled: bool,
}

/// A batch a pause may be about.
struct Candidate {
    no: i64,
    id: BatchId,
    /// As stored; empty without one.
    pause: String,
}

impl RedisLedger {
    /// The number of a batch in this ledger. Another process may forget a batch, and its file be imported again: then it
    /// has another number, so what is remembered of it is no truth.
    pub(super) async fn number(&self, id: &BatchId) -> Result<Option<i64>, LedgerError> {
        let mut ask = redis::cmd("HGET");
        ask.arg(self.keys.named("batches")).arg(id.as_str());
        number(self.link.ask(&ask).await?)
    }

    pub(super) async fn known(&self, id: &BatchId) -> Result<Known, LedgerError> {
        let no_batch = || LedgerError::NoBatch(id.clone());
        let no = self.number(id).await?.ok_or_else(no_batch)?;
        let fields = ["space", "batch", "imported", "cancelled"];
        let mut found = self.fields(no, &fields).await?.into_iter();
        let space = number(next(&mut found)?)?.ok_or_else(no_batch)?;
        let batch = stored(text(next(&mut found)?)?)?;
        Ok(Known {
            no,
            space,
            action: batch.action,
            imported: unsigned(number(next(&mut found)?)?),
            cancelled: flag(next(&mut found)?)?,
        })
    }

    async fn fields(&self, no: i64, fields: &[&str]) -> Result<Vec<Value>, LedgerError> {
        let mut ask = redis::cmd("HMGET");
        ask.arg(self.keys.batch(no)).arg(fields);
        list(self.link.ask(&ask).await?)
    }

    pub(super) async fn make_batch(&self, batch: &Batch) -> Result<Batch, LedgerError> {
        let rest = Batch {
            job_text: String::new(),
            pause: None,
            ..batch.clone()
        };
        let rest = serde_json::to_string(&rest).map_err(|why| unreadable("a batch", why))?;
        let pause = pause_text(batch.pause.as_ref())?.unwrap_or_default();
        let space = space(&batch.scope, batch.action);
        self.run(&lua::OPEN_BATCH, &|cmd| {
            cmd.arg(batch.id.as_str())
                .arg(&space)
                .arg(&rest)
                .arg(&batch.job_text)
                .arg(&pause)
                .arg(if batch.cancelled { "1" } else { "0" })
                .arg(batch.weight.get())
                .arg(batch.rows_total)
                .arg(batch.created_at.as_ms());
        })
        .await?;
        self.find_batch(&batch.id)
            .await?
            .ok_or_else(|| LedgerError::NoBatch(batch.id.clone()))
    }

    pub(super) async fn find_batch(&self, id: &BatchId) -> Result<Option<Batch>, LedgerError> {
        match self.number(id).await? {
            Some(no) => read_batch(self.fields(no, &FIELDS).await?),
            None => Ok(None),
        }
    }

    pub(super) async fn all_batches(&self) -> Result<Vec<Batch>, LedgerError> {
        let mut batches = Vec::new();
        for page in self.numbers_of_all().await?.chunks(PAGE) {
            let mut pipe = Pipeline::with_capacity(page.len());
            for no in page {
                pipe.cmd("HMGET").arg(self.keys.batch(*no)).arg(&FIELDS[..]);
            }
            for found in self.link.ask_all(&pipe).await? {
                batches.extend(read_batch(list(found)?)?);
            }
        }
        Ok(batches)
    }

    /// The numbers of all batches, newest first.
    async fn numbers_of_all(&self) -> Result<Vec<i64>, LedgerError> {
        let mut numbers = Vec::new();
        loop {
            let mut ask = redis::cmd("ZRANGE");
            ask.arg(self.keys.named("newest"))
                .arg(numbers.len())
                .arg(numbers.len() + CHUNK - 1)
                .arg("REV");
            let page = list(self.link.ask(&ask).await?)?;
            let is_last = page.len() < CHUNK;
            for name in page {
                let hex = text(name)?.unwrap_or_default();
                numbers
                    .push(i64::from_str_radix(&hex, 16).map_err(|why| unreadable("a batch's number", why))?);
            }
            if is_last {
                return Ok(numbers);
            }
        }
    }

    /// Sets a field of a batch, or [`LedgerError::NoBatch`].
    pub(super) async fn set_field(&self, id: &BatchId, field: &str, value: &str) -> Result<(), LedgerError> {
        let no = self
            .number(id)
            .await?
            .ok_or_else(|| LedgerError::NoBatch(id.clone()))?;
        let mut set = redis::cmd("HSET");
        set.arg(self.keys.batch(no)).arg(field).arg(value);
        self.link.ask(&set).await.map(|_| ())
    }

    pub(super) async fn pause_batches(
        &self,
        which: &Which,
        pause: Option<&Pause>,
    ) -> Result<Vec<BatchId>, LedgerError> {
        let new = pause_text(pause)?.unwrap_or_default();
        for _ in 0..ROUNDS {
            let mut meant = Vec::new();
            for candidate in self.candidates(which, pause.is_some()).await? {
                let old = Some(candidate.pause.clone()).filter(|text| !text.is_empty());
                if gives_way(read_pause(old)?.as_ref(), pause) {
                    meant.push(candidate);
                }
            }
            let mut changed = Vec::new();
            for part in meant.chunks(CHUNK) {
                let answers = self
                    .run(&lua::PAUSE, &|cmd| {
                        cmd.arg(part.len());
                        for candidate in part {
                            cmd.arg(candidate.no).arg(&candidate.pause).arg(&new);
                        }
                    })
                    .await?;
                for (candidate, answer) in part.iter().zip(list(answers)?) {
                    if number(answer)? == Some(1) {
                        changed.push(candidate.id.clone());
                    }
                }
            }
            // What stayed as it was somebody else has paused or resumed meanwhile, after us as it were. Was that all of it,
            // nothing of ours was done, and it is looked at again.
            if meant.is_empty() || !changed.is_empty() {
                return Ok(changed);
            }
        }
        Err(too_busy("the pauses"))
    }

    /// The batches a pause is about. Trouble with credentials stops what is unfinished: a finished batch that stayed
    /// paused for ever would be a trap for whoever feeds its file again.
    async fn candidates(&self, which: &Which, pausing: bool) -> Result<Vec<Candidate>, LedgerError> {
        let (numbers, scope) = match which {
            Which::Batch(id) => (self.number(id).await?.into_iter().collect(), None),
            Which::Scope(scope) => (self.numbers_of_all().await?, Some(scope)),
        };
        let mut candidates = Vec::new();
        for page in numbers.chunks(PAGE) {
            let mut pipe = Pipeline::with_capacity(page.len() * 5);
            for no in page {
                pipe.cmd("HMGET").arg(self.keys.batch(*no)).arg(&FIELDS[..]);
                for lane in Lane::all(*no) {
                    pipe.cmd("ZCARD").arg(self.keys.named(format_args!("d:{lane}")));
                }
            }
            let mut found = self.link.ask_all(&pipe).await?.into_iter();
            for no in page {
                let batch = read_batch(list(next(&mut found)?)?)?;
                let mut open = 0;
                for _ in Lane::all(*no) {
                    open += number(next(&mut found)?)?.unwrap_or(0);
                }
                if let Some(batch) =
                    batch.filter(|batch| scope.is_none_or(|scope| is_meant(batch, scope, pausing, open)))
                {
                    candidates.push(Candidate {
                        no: *no,
                        pause: pause_text(batch.pause.as_ref())?.unwrap_or_default(),
                        id: batch.id,
                    });
                }
            }
        }
        Ok(candidates)
    }
}

/// Rounds of reading and pausing before giving up against others who do the same.
const ROUNDS: usize = 5;

fn is_meant(batch: &Batch, scope: &Scope, pausing: bool, open: i64) -> bool {
    let is_unfinished = !batch.cancelled && (!batch.is_imported() || open > 0);
    batch.scope == *scope && (is_unfinished || !pausing)
}

/// What [`read_batch`] reads, in its order.
const FIELDS: [&str; 6] = ["batch", "job", "pause", "cancelled", "weight", "imported"];

fn read_batch(fields: Vec<Value>) -> Result<Option<Batch>, LedgerError> {
    let mut fields = fields.into_iter();
    let Some(batch) = text(next(&mut fields)?)? else {
        return Ok(None);
    };
    let batch = stored(Some(batch))?;
    let job_text = text(next(&mut fields)?)?.unwrap_or_default();
    let pause = text(next(&mut fields)?)?.filter(|pause| !pause.is_empty());
    let cancelled = flag(next(&mut fields)?)?;
    let weight = number(next(&mut fields)?)?.unwrap_or(1);
    Ok(Some(Batch {
        job_text,
        pause: read_pause(pause)?,
        cancelled,
        weight: weight_of(weight)?,
        rows_imported: unsigned(number(next(&mut fields)?)?),
        ..batch
    }))
}

pub(super) fn weight_of(weight: i64) -> Result<Weight, LedgerError> {
    let weight = u32::try_from(weight).unwrap_or(0);
    Weight::new(weight).map_err(|why| unreadable("a stored weight", why))
}

fn stored(text: Option<String>) -> Result<Batch, LedgerError> {
    let text = text.ok_or_else(|| unreadable("a stored batch", "it is not there"))?;
    serde_json::from_str(&text).map_err(|why| unreadable("a stored batch", why))
}

fn flag(value: Value) -> Result<bool, LedgerError> {
    Ok(bytes(value)?.is_some_and(|text| text == b"1"))
}

pub(super) fn unsigned(n: Option<i64>) -> u64 {
    n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}
