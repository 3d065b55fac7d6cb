//! Orders about a whole batch, applied where the tasks lie, some blocks of rows at a time.

use std::collections::BTreeSet;

use super::claim::pass_over;
use super::commit::{Item, Written};
use super::payloads::blocks_between;
use super::save::Save;
use super::{ROUNDS_MAX, RedisLedger, too_busy};
use crate::domain::ids::BatchId;
use crate::domain::machine::Order;
use crate::domain::time::Timestamp;
use crate::engine::ports::LedgerError;
use crate::ledger::moves::ordered;

/// Blocks looked at in one round trip: 250 rows.
const BLOCKS: usize = 5;

impl RedisLedger {
    pub(super) async fn order_batch(
        &self,
        id: &BatchId,
        order: &Order,
        now: Timestamp,
    ) -> Result<u64, LedgerError> {
        let batch = self.known(id).await?;
        if batch.cancelled && !matches!(order, Order::Cancel) {
            self.set_field(id, "cancelled", "0").await?;
        }
        let mut changed = 0;
        // A key that stands in a file twice has one task, which hears the order once.
        let mut seen = BTreeSet::new();
        for part in blocks_between(batch.no, 0, batch.imported).chunks(BLOCKS) {
            let rows = self.blocks(part).await?;
            let tasks: BTreeSet<i64> = rows.iter().flatten().filter_map(|row| row.task).collect();
            let ids: Vec<i64> = tasks.difference(&seen).copied().collect();
            changed += self.order_tasks(batch.no, &ids, order, now).await?;
            // Tasks that rows of this batch made lie in its own blocks; only others can be met again further on.
            seen.extend(
                ids.into_iter()
                    .filter(|id| crate::ledger::places::batch_of(*id) != batch.no),
            );
            seen.extend(repeated(&rows, batch.no));
        }
        Ok(changed)
    }

    async fn order_tasks(
        &self,
        owner: i64,
        ids: &[i64],
        order: &Order,
        now: Timestamp,
    ) -> Result<u64, LedgerError> {
        let mut changed = 0;
        let mut left = ids.to_vec();
        for _ in 0..ROUNDS_MAX {
            if left.is_empty() {
                return Ok(changed);
            }
            let mut mine = Vec::new();
            for (id, found) in self.find(&left).await? {
                match found.stored {
                    Ok(stored) if stored.owner == owner => mine.push((stored, found.bytes)),
                    Ok(_) => {}
                    // An order to hundreds should not fail by one.
                    Err(error) => pass_over(id, &error),
                }
            }
            let holds = self
                .holds(&mine.iter().map(|(stored, _)| stored).collect::<Vec<_>>())
                .await?;
            let mut items = Vec::new();
            let mut moves = Vec::new();
            for ((old, bytes), hold) in mine.into_iter().zip(holds) {
                let Some(moved) = ordered(&old.task, hold, order, now) else {
                    continue;
                };
                if moved.hold_ends || moved.task != old.task {
                    let is_change = moved.task.state != old.task.state;
                    let new = old.becoming(owner, moved.task, None)?;
                    items.push(Item::save(Save::moved(&old, bytes, &new)));
                    moves.push((old.id, is_change));
                }
            }
            let written = self.write(&items).await?;
            left.clear();
            for ((id, is_change), written) in moves.into_iter().zip(written) {
                match written {
                    Written::Done => changed += u64::from(is_change),
                    _ => left.push(id),
                }
            }
        }
        Err(too_busy("the batch's tasks"))
    }
}

/// Tasks that rows of these blocks share with rows of other blocks, perhaps: those not made by the row they stand in.
fn repeated(rows: &[Vec<super::block::BlockRow>], batch: i64) -> BTreeSet<i64> {
    rows.iter()
        .flatten()
        .filter_map(|row| {
            let own = crate::ledger::places::row_id(batch, row.seq).ok();
            row.task.filter(|task| Some(*task) != own)
        })
        .collect()
}
