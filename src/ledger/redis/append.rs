//! Rows coming in: new ones make tasks, known ones feed theirs. A few blocks of rows at a time, each part whole or not at
//! all. Keys are first taken to be new; the script says which are not.

mod import;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use redis::Pipeline;

use self::import::{Draft, Import};
use super::batches::{Known, unsigned};
use super::block::{self, BLOCK_ROWS, BlockRow, block_of};
use super::reply::{bytes, list, next, number, text};
use super::{CHUNK, ROUNDS_MAX, RedisLedger, lua, too_busy};
use crate::domain::ids::{BatchId, RowKey};
use crate::domain::time::Timestamp;
use crate::engine::ports::{Appended, LedgerError, NewRow};
use crate::ledger::why;

/// What the script said to a part.
enum Said {
    Done,
    /// Something is not as it was seen.
    Again,
    /// The batch has fewer rows than go before these.
    Behind(u64),
    /// These of the keys thought new are known.
    Known(Vec<usize>),
}

/// A block as it lies, and its rows.
struct Block {
    pressed: Vec<u8>,
    rows: BTreeMap<u64, BlockRow>,
}

impl RedisLedger {
    pub(super) async fn append_rows(
        &self,
        batch: &BatchId,
        rows: &[NewRow],
        now: Timestamp,
    ) -> Result<Appended, LedgerError> {
        let mut appended = Appended::default();
        let mut known = Some(self.known(batch).await?);
        for part in parts(rows) {
            let known = match known.take() {
                Some(known) => known,
                None => self.known(batch).await?,
            };
            appended.add(self.append_part(batch, known, part, now).await?);
        }
        Ok(appended)
    }

    async fn append_part(
        &self,
        id: &BatchId,
        mut batch: Known,
        rows: &[NewRow],
        now: Timestamp,
    ) -> Result<Appended, LedgerError> {
        let mut keys: BTreeSet<RowKey> = BTreeSet::new();
        for _ in 0..ROUNDS_MAX {
            let mut blocks = self.blocks_of(batch, rows).await?;
            let tasks = self.tasks_of(batch.space, &keys).await?;
            let doubt = self.doubt(tasks.values().map(|draft| draft.new.id)).await?;
            let mut import = Import::new(batch, tasks, doubt, now);
            for row in rows {
                let block = blocks.entry(block_of(row.seq)).or_insert_with(|| Block {
                    pressed: Vec::new(),
                    rows: BTreeMap::new(),
                });
                if let Entry::Vacant(place) = block.rows.entry(row.seq) {
                    place.insert(import.take(row)?);
                }
            }
            if import.rows == 0 {
                return Ok(Appended::default());
            }
            let new_keys = import.new_keys();
            let first = rows.first().map_or(0, |row| row.seq);
            match self.send(&import, first, &blocks).await? {
                Said::Behind(imported) => {
                    let batch = id.clone();
                    return Err(LedgerError::Behind { batch, imported });
                }
                Said::Done => return Ok(import.appended),
                Said::Again => batch = self.known(id).await?,
                Said::Known(which) => {
                    keys.extend(which.into_iter().filter_map(|n| new_keys.get(n).cloned()));
                }
            }
        }
        Err(too_busy("the rows' tasks"))
    }

    /// The blocks in which these rows lie, of those that may be there already.
    async fn blocks_of(&self, batch: Known, rows: &[NewRow]) -> Result<BTreeMap<u64, Block>, LedgerError> {
        let wanted: BTreeSet<u64> = rows
            .iter()
            .map(|row| block_of(row.seq))
            .filter(|block| block * BLOCK_ROWS < batch.imported)
            .collect();
        let mut pipe = Pipeline::with_capacity(wanted.len());
        for block in &wanted {
            pipe.cmd("HGET").arg(self.keys.rows(batch.no)).arg(*block);
        }
        let mut blocks = BTreeMap::new();
        for (no, value) in wanted.into_iter().zip(self.link.ask_all(&pipe).await?) {
            let pressed = bytes(value)?.unwrap_or_default();
            let rows = match pressed.is_empty() {
                true => BTreeMap::new(),
                false => block::open(&pressed)?
                    .into_iter()
                    .map(|row| (row.seq, row))
                    .collect(),
            };
            blocks.insert(no, Block { pressed, rows });
        }
        Ok(blocks)
    }

    /// The tasks of these keys.
    async fn tasks_of(
        &self,
        space: i64,
        keys: &BTreeSet<RowKey>,
    ) -> Result<HashMap<RowKey, Draft>, LedgerError> {
        let list: Vec<&RowKey> = keys.iter().collect();
        let ids: Vec<i64> = self.ids_of(space, &list).await?.into_iter().flatten().collect();
        let mut tasks = HashMap::with_capacity(ids.len());
        for (id, found) in self.find(&ids).await? {
            let old = found.stored.map_err(|error| named(id, &error))?;
            let draft = Draft {
                new: old.clone(),
                old: Some((old.clone(), found.bytes)),
            };
            tasks.insert(old.key, draft);
        }
        Ok(tasks)
    }

    async fn send(
        &self,
        import: &Import,
        first: u64,
        blocks: &BTreeMap<u64, Block>,
    ) -> Result<Said, LedgerError> {
        let mut pressed = Vec::with_capacity(blocks.len());
        for (no, block) in blocks {
            let rows: Vec<BlockRow> = block.rows.values().cloned().collect();
            pressed.push((*no, &block.pressed, block::press(&rows)?));
        }
        let answer = self
            .run(&lua::APPEND, &|cmd| {
                let batch = import.batch;
                cmd.arg(batch.no)
                    .arg(if batch.cancelled { "1" } else { "0" })
                    .arg(first)
                    .arg(import.imported)
                    .arg(pressed.len());
                for (no, old, new) in &pressed {
                    cmd.arg(*no).arg(*old).arg(new);
                }
                import.add_to(cmd);
            })
            .await?;
        let mut answer = list(answer)?.into_iter();
        match answer.next() {
            None => Ok(Said::Done),
            Some(word) => match text(word)?.as_deref() {
                Some("known") => {
                    // Lua counts from one.
                    let which = answer
                        .map(|n| Ok(usize::try_from(number(n)?.unwrap_or(0) - 1).unwrap_or(usize::MAX)))
                        .collect::<Result<_, LedgerError>>()?;
                    Ok(Said::Known(which))
                }
                Some("behind") => Ok(Said::Behind(unsigned(number(next(&mut answer)?)?))),
                _ => Ok(Said::Again),
            },
        }
    }
}

/// The error with the task that it is about.
fn named(task: i64, error: &LedgerError) -> LedgerError {
    LedgerError::Corrupt(format!(
        "task {task}: {}; hint: docs/operations.md, recovering by hand",
        why(error)
    ))
}

/// A part is closed at the next block once it has so many rows, so that it ends with [`CHUNK`] where rows come in order.
const PART_MIN: usize = CHUNK - 50;

/// The rows in parts that lie in blocks of their own, of [`CHUNK`] rows or a little more.
fn parts(rows: &[NewRow]) -> impl Iterator<Item = &[NewRow]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut len = 0;
        let mut last = None;
        for row in rest {
            let block = block_of(row.seq);
            if len >= PART_MIN && last != Some(block) {
                break;
            }
            last = Some(block);
            len += 1;
            if len >= 2 * CHUNK {
                break;
            }
        }
        let (part, after) = rest.split_at(len);
        rest = after;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ports::NewRowBody;

    fn row(seq: u64) -> NewRow {
        NewRow {
            seal: crate::engine::ports::Seal::Nothing,
            seq,
            line: seq,
            cells: Vec::new(),
            body: NewRowBody::Faulty(Vec::new()),
        }
    }

    #[test]
    fn parts_end_where_blocks_end() {
        let rows: Vec<NewRow> = (20..1_020).map(row).collect();
        let parts: Vec<&[NewRow]> = parts(&rows).collect();
        assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), 1_000);
        for pair in parts.windows(2) {
            assert_eq!(pair[1][0].seq % BLOCK_ROWS, 0);
            assert!(pair[0].len() <= CHUNK);
        }
        // Rows that come in no order still make bounded parts.
        let odd: Vec<NewRow> = (0..3_000).map(|n| row(n % 2)).collect();
        assert!(super::parts(&odd).all(|part| part.len() <= 2 * CHUNK));
    }
}
