//! Finished batches forgotten: taken out of all lists at once, dropped block by block. A batch that is only half dropped
//! stands in `gone` until the rest can go, which other tasks may hold up that still send a row's payload.
//!
//! Tasks that cannot be read do not say their keys, which are looked for once, when all else is gone.

use std::collections::{BTreeMap, BTreeSet};

use redis::Pipeline;

use super::block::{self, BlockRow};
use super::keys::{bucket, buckets, calls};
use super::reply::{bytes, list, next, number, pairs};
use super::stored::Stored;
use super::tasks::{Found, id_bytes, id_of};
use super::{CHUNK, RedisLedger, lua};
use crate::domain::ids::BatchId;
use crate::engine::ports::LedgerError;
use crate::ledger::places::{batch_of, row_id};

/// Blocks taken from a batch's rows in one round trip.
const BLOCKS: usize = 5;

/// Batches whose rest is dropped by one call.
const GONE_MAX: usize = 16;

/// Hashes of row keys read in one round trip.
const BUCKETS: usize = 64;

/// A task to be dropped: as it was seen, and its key with the hash that has it; without one, none has.
struct Dropped {
    id: i64,
    seen: Vec<u8>,
    key: Option<(String, Vec<u8>)>,
}

/// What kept a block of rows from being dropped.
#[derive(Default)]
struct Kept {
    /// Another's task still sends one of the rows.
    is_needed: bool,
    /// Tasks of the batch that cannot be read, as they lie.
    unreadable: BTreeMap<i64, Vec<u8>>,
}

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
        let (mut blocks, mut unreadable) = (Vec::new(), BTreeMap::new());
        let mut cursor = 0;
        loop {
            let mut scan = redis::cmd("HSCAN");
            scan.arg(self.keys.rows(no)).arg(cursor).arg("COUNT").arg(BLOCKS);
            let mut answer = list(self.link.ask(&scan).await?)?.into_iter();
            cursor = number(next(&mut answer)?)?.unwrap_or(0);
            let mut flat = list(next(&mut answer)?)?.into_iter();
            while let (Some(field), Some(pressed)) = (flat.next(), flat.next()) {
                let field = bytes(field)?.unwrap_or_default();
                let rows = match block::open(&bytes(pressed)?.unwrap_or_default()) {
                    Ok(rows) => rows,
                    Err(error) => {
                        tracing::error!(
                            %error,
                            key = %self.keys.rows(no),
                            field = %String::from_utf8_lossy(&field),
                            "rows of a forgotten batch cannot be read and stay; hint: docs/operations.md, recovering by hand"
                        );
                        is_whole = false;
                        continue;
                    }
                };
                let kept = self.drop_tasks(no, space, &rows).await?;
                is_whole &= !kept.is_needed;
                match (kept.is_needed, kept.unreadable.is_empty()) {
                    (true, _) => {}
                    (false, true) => self.drop_block(no, &field).await?,
                    (false, false) => blocks.push(field),
                }
                unreadable.extend(kept.unreadable);
            }
            if cursor == 0 {
                break;
            }
        }
        if !unreadable.is_empty() && self.drop_unreadable(space, unreadable).await? {
            for field in blocks {
                self.drop_block(no, &field).await?;
            }
        } else {
            is_whole &= blocks.is_empty();
        }
        if is_whole {
            let mut rest = Pipeline::with_capacity(2);
            rest.cmd("DEL").arg(self.keys.batch(no));
            rest.cmd("SREM").arg(self.keys.named("gone")).arg(no);
            self.link.ask_all(&rest).await?;
        }
        Ok(())
    }

    async fn drop_block(&self, no: i64, field: &[u8]) -> Result<(), LedgerError> {
        let mut cut = redis::cmd("HDEL");
        cut.arg(self.keys.rows(no)).arg(field);
        self.link.ask(&cut).await.map(|_| ())
    }

    /// Drops the tasks of these rows that belong to the batch and can be read.
    async fn drop_tasks(&self, no: i64, space: i64, rows: &[BlockRow]) -> Result<Kept, LedgerError> {
        let ids: BTreeSet<i64> = rows.iter().filter_map(|row| row.task).collect();
        let ids: Vec<i64> = ids.into_iter().collect();
        let (mut mine, mut unreadable) = (Vec::new(), Vec::new());
        let mut kept = Kept::default();
        let own: BTreeSet<i64> = rows.iter().filter_map(|row| row_id(no, row.seq).ok()).collect();
        let found = self.find(&ids).await?;
        // Whoever dropped these may have been killed before the calls were gone.
        let missing: Vec<i64> = ids.into_iter().filter(|id| !found.contains_key(id)).collect();
        self.drop_calls(&missing).await?;
        for (id, Found { bytes, stored }) in found {
            match stored {
                Ok(stored) if stored.owner == no => mine.push(Dropped {
                    id,
                    seen: bytes,
                    key: Some((bucket(space, &stored.key), stored.key.as_str().into())),
                }),
                Ok(stored) => kept.is_needed |= own.iter().any(|row| stored.sources.has(*row)),
                Err(_) => unreadable.push((id, bytes)),
            }
        }
        kept.is_needed |= !self.drop_all(&mine).await?;
        kept.unreadable = self.of_batch(no, unreadable).await?;
        Ok(kept)
    }

    /// Those of the unreadable tasks that are the batch's: by their heads, or if these name no batch, by the rows that made
    /// them. What no batch has any more is anybody's.
    async fn of_batch(
        &self,
        no: i64,
        tasks: Vec<(i64, Vec<u8>)>,
    ) -> Result<BTreeMap<i64, Vec<u8>>, LedgerError> {
        let mut mine = BTreeMap::new();
        for (id, bytes) in tasks {
            let mut owner = None;
            for batch in Stored::owner_of(&bytes).into_iter().chain([batch_of(id)]) {
                let mut ask = redis::cmd("EXISTS");
                ask.arg(self.keys.batch(batch));
                if owner.is_none() && number(self.link.ask(&ask).await?)? == Some(1) {
                    owner = Some(batch);
                }
            }
            if owner.is_none_or(|owner| owner == no) {
                mine.insert(id, bytes);
            }
        }
        Ok(mine)
    }

    /// Drops tasks that cannot be read, with their keys, which all hashes of the space are searched for: a second or two
    /// where there are a million rows. `false` if somebody has changed one meanwhile.
    async fn drop_unreadable(&self, space: i64, tasks: BTreeMap<i64, Vec<u8>>) -> Result<bool, LedgerError> {
        let mut keys = BTreeMap::new();
        let names: Vec<String> = buckets(space).collect();
        for part in names.chunks(BUCKETS) {
            let mut pipe = Pipeline::with_capacity(part.len());
            for name in part {
                pipe.cmd("HGETALL").arg(self.keys.named(name));
            }
            for (name, found) in part.iter().zip(self.link.ask_all(&pipe).await?) {
                for (key, id) in pairs(found)? {
                    let Ok(id) = id_of(&bytes(id)?.unwrap_or_default()) else {
                        continue;
                    };
                    if tasks.contains_key(&id) {
                        keys.insert(id, (name.clone(), bytes(key)?.unwrap_or_default()));
                    }
                }
            }
        }
        let all: Vec<Dropped> = tasks
            .into_iter()
            .map(|(id, seen)| Dropped {
                id,
                seen,
                key: keys.remove(&id),
            })
            .collect();
        self.drop_all(&all).await
    }

    /// Drops tasks with their keys and calls, each if it still is as it was seen; whether all were.
    async fn drop_all(&self, tasks: &[Dropped]) -> Result<bool, LedgerError> {
        let mut dropped = Vec::new();
        for part in tasks.chunks(CHUNK) {
            let answers = self
                .run(&lua::DROP, &|cmd| {
                    cmd.arg(part.len());
                    for Dropped { id, seen, key } in part {
                        cmd.arg(&id_bytes(*id)).arg(seen);
                        match key {
                            Some((bucket, key)) => cmd.arg(bucket).arg(key),
                            None => cmd.arg("").arg(""),
                        };
                    }
                })
                .await?;
            for (task, answer) in part.iter().zip(list(answers)?) {
                if number(answer)? == Some(1) {
                    dropped.push(task.id);
                }
            }
        }
        self.drop_calls(&dropped).await?;
        Ok(dropped.len() == tasks.len())
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
