//! Request bodies, fetched from their blocks. Claims follow the order of the file, so the last blocks opened are mostly
//! those wanted next.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use redis::Pipeline;

use super::block::{self, BLOCK_ROWS, BlockRow, block_of};
use super::reply::bytes;
use super::{RedisLedger, lock};
use crate::engine::ports::LedgerError;
use crate::ledger::places::{batch_of, seq_of};
use crate::ledger::why;

/// Open blocks kept: a few megabytes.
const BLOCKS_KEPT: usize = 64;

/// Blocks fetched in one round trip.
const FETCH_MAX: usize = 50;

type BlockNo = (i64, u64);

/// The blocks opened last, over one line to Redis. A server that was set back gives another batch the number of one it
/// has forgotten, and other payloads the same places.
#[derive(Debug, Default)]
pub(super) struct Payloads {
    line: u64,
    blocks: HashMap<BlockNo, HashMap<i64, Arc<str>>>,
    oldest: VecDeque<BlockNo>,
}

impl Payloads {
    /// What was read over this line.
    fn over(&mut self, line: u64) -> &mut Self {
        if self.line != line {
            *self = Self {
                line,
                ..Self::default()
            };
        }
        self
    }

    fn get(&self, row: i64) -> Option<Arc<str>> {
        let block = (batch_of(row), block_of(seq_of(row)));
        self.blocks.get(&block)?.get(&row).cloned()
    }

    fn keep(&mut self, no: BlockNo, rows: Vec<BlockRow>) {
        let first = no.0 << 40;
        let payloads = rows
            .into_iter()
            .filter_map(|row| Some((first | i64::try_from(row.seq).ok()?, row.payload?)))
            .collect();
        if self.blocks.insert(no, payloads).is_none() {
            self.oldest.push_back(no);
        }
        while self.oldest.len() > BLOCKS_KEPT {
            if let Some(oldest) = self.oldest.pop_front() {
                self.blocks.remove(&oldest);
            }
        }
    }
}

impl RedisLedger {
    /// The payload in force of a task.
    pub(super) async fn read_payload(&self, task: i64) -> Result<Option<Arc<str>>, LedgerError> {
        let Some(found) = self.find(&[task]).await?.remove(&task) else {
            return Ok(None);
        };
        let row = found
            .stored
            .map_err(|error| LedgerError::Corrupt(why(&error)))?
            .sources
            .in_force;
        Ok(self.payloads(&[row]).await?.remove(&row))
    }

    /// The payloads of these rows, of those that have one.
    pub(super) async fn payloads(&self, rows: &[i64]) -> Result<HashMap<i64, Arc<str>>, LedgerError> {
        let mut found = HashMap::with_capacity(rows.len());
        let mut missing = BTreeSet::new();
        let line = self.link.line_number();
        {
            let mut kept = lock(&self.payloads);
            let kept = kept.over(line);
            for row in rows {
                match kept.get(*row) {
                    Some(payload) => {
                        found.insert(*row, payload);
                    }
                    None => {
                        missing.insert((batch_of(*row), block_of(seq_of(*row))));
                    }
                }
            }
        }
        let missing: Vec<BlockNo> = missing.into_iter().collect();
        for part in missing.chunks(FETCH_MAX) {
            let blocks = self.blocks(part).await?;
            let mut kept = lock(&self.payloads);
            let kept = kept.over(line);
            for (no, rows) in part.iter().zip(blocks) {
                kept.keep(*no, rows);
            }
            found.extend(rows.iter().filter_map(|row| Some((*row, kept.get(*row)?))));
        }
        Ok(found)
    }

    /// The rows of these blocks; none for a block that is not there.
    pub(super) async fn blocks(&self, blocks: &[BlockNo]) -> Result<Vec<Vec<BlockRow>>, LedgerError> {
        let mut pipe = Pipeline::with_capacity(blocks.len());
        for (batch, block) in blocks {
            pipe.cmd("HGET").arg(self.keys.rows(*batch)).arg(*block);
        }
        let mut opened = Vec::with_capacity(blocks.len());
        for value in self.link.ask_all(&pipe).await? {
            opened.push(match bytes(value)? {
                Some(pressed) => block::open(&pressed)?,
                None => Vec::new(),
            });
        }
        Ok(opened)
    }
}

/// The blocks in which rows `from..to` lie.
pub(super) fn blocks_between(batch: i64, from: u64, to: u64) -> Vec<BlockNo> {
    (block_of(from)..to.div_ceil(BLOCK_ROWS))
        .map(|block| (batch, block))
        .collect()
}
