//! Finished batches forgotten: taken out of all lists at once, dropped block by block. A batch that is only half dropped
//! stands in `gone` until the rest can go, which other tasks may hold up that still send a row's payload.

use std::collections::{BTreeMap, BTreeSet};

use redis::Pipeline;

use super::block::{self, BlockRow};
use super::keys::{bucket, calls};
use super::reply::{bytes, list, next, number};
use super::stored::Stored;
use super::tasks::id_bytes;
use super::{CHUNK, RedisLedger, lua};
use crate::domain::ids::BatchId;
use crate::engine::ports::LedgerError;
use crate::ledger::places::row_id;

/// Blocks taken from a batch's rows in one round trip.
const BLOCKS: usize = 5;

/// Batches whose rest is dropped by one call.
const GONE_MAX: usize = 16;

impl RedisLedger {
    pub(super) async fn forget_batch(&self, id: &BatchId) -> Result<bool, LedgerError> {
        if let Some(no) = self.number(id).await? {
            let answer = self
                .run(&lua::FORGET, &|cmd| {
                    cmd.arg(no);
                })
                .await?;
            if number(answer)? != Some(1) {
                return Ok(false);
            }
        }
        let mut ask = redis::cmd("SRANDMEMBER");
        ask.arg(self.keys.named("gone")).arg(GONE_MAX);
        for no in list(self.link.ask(&ask).await?)? {
            if let Some(no) = number(no)? {
                self.drop_rest(no).await?;
            }
        }
        Ok(true)
    }

    /// Drops what can be dropped of a batch that is in no list any more.
    async fn drop_rest(&self, no: i64) -> Result<(), LedgerError> {
        let mut ask = redis::cmd("HGET");
        ask.arg(self.keys.batch(no)).arg("space");
        let space = number(self.link.ask(&ask).await?)?.unwrap_or(0);
        let mut is_whole = true;
        let mut cursor = 0;
        loop {
            let mut scan = redis::cmd("HSCAN");
            scan.arg(self.keys.rows(no)).arg(cursor).arg("COUNT").arg(BLOCKS);
            let mut answer = list(self.link.ask(&scan).await?)?.into_iter();
            cursor = number(next(&mut answer)?)?.unwrap_or(0);
            let mut flat = list(next(&mut answer)?)?.into_iter();
            while let (Some(field), Some(pressed)) = (flat.next(), flat.next()) {
                let field = bytes(field)?.unwrap_or_default();
                let rows = block::open(&bytes(pressed)?.unwrap_or_default())?;
                if self.drop_tasks(no, space, &rows).await? {
                    let mut cut = redis::cmd("HDEL");
                    cut.arg(self.keys.rows(no)).arg(field);
                    self.link.ask(&cut).await?;
                } else {
                    is_whole = false;
                }
            }
            if cursor == 0 {
                break;
            }
        }
        if is_whole {
            let mut rest = Pipeline::with_capacity(2);
            rest.cmd("DEL").arg(self.keys.batch(no));
            rest.cmd("SREM").arg(self.keys.named("gone")).arg(no);
            self.link.ask_all(&rest).await?;
        }
        Ok(())
    }

    /// Drops the tasks of these rows that belong to the batch. `false` if another's task still sends one of the rows.
    async fn drop_tasks(&self, no: i64, space: i64, rows: &[BlockRow]) -> Result<bool, LedgerError> {
        let ids: BTreeSet<i64> = rows.iter().filter_map(|row| row.task).collect();
        let ids: Vec<i64> = ids.into_iter().collect();
        let mut mine: Vec<(Stored, Vec<u8>)> = Vec::new();
        let mut is_free = true;
        let own: BTreeSet<i64> = rows.iter().filter_map(|row| row_id(no, row.seq).ok()).collect();
        for found in self.find(&ids).await?.into_values() {
            let Ok(stored) = found.stored else { continue };
            if stored.owner == no {
                mine.push((stored, found.bytes));
            } else if own.iter().any(|row| stored.sources.has(*row)) {
                is_free = false;
            }
        }
        let mut dropped = Vec::new();
        for part in mine.chunks(CHUNK) {
            let answers = self
                .run(&lua::DROP, &|cmd| {
                    cmd.arg(part.len());
                    for (stored, bytes) in part {
                        cmd.arg(&id_bytes(stored.id))
                            .arg(bytes)
                            .arg(bucket(space, &stored.key))
                            .arg(stored.key.as_str());
                    }
                })
                .await?;
            for ((stored, _), answer) in part.iter().zip(list(answers)?) {
                match number(answer)? {
                    Some(1) => dropped.push(stored.id),
                    _ => is_free = false,
                }
            }
        }
        self.drop_calls(&dropped).await?;
        Ok(is_free)
    }

    /// Drops the calls made for these tasks.
    async fn drop_calls(&self, tasks: &[i64]) -> Result<(), LedgerError> {
        let mut by_hash: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for id in tasks {
            by_hash.entry(calls(*id)).or_default().push(*id);
        }
        for (name, ids) in by_hash {
            let key = self.keys.named(name);
            let mut ask = redis::cmd("HKEYS");
            ask.arg(&key);
            let mut fields = Vec::new();
            for field in list(self.link.ask(&ask).await?)? {
                let field = bytes(field)?.unwrap_or_default();
                if ids.iter().any(|id| field.starts_with(&id_bytes(*id))) {
                    fields.push(field);
                }
            }
            for part in fields.chunks(CHUNK) {
                let mut cut = redis::cmd("HDEL");
                cut.arg(&key).arg(part);
                self.link.ask(&cut).await?;
            }
        }
        Ok(())
    }
}
