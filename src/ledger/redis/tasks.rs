//! Tasks looked up: by number, by key, with the end of the lease where somebody has them.

use std::collections::BTreeMap;

use redis::Pipeline;

use super::keys::bucket;
use super::reply::{bytes, list, next, number};
use super::stored::{Lane, Stored};
use super::{CHUNK, RedisLedger};
use crate::domain::ids::RowKey;
use crate::domain::time::Timestamp;
use crate::engine::ports::LedgerError;
use crate::ledger::moves::Hold;
use crate::ledger::places::{batch_of, class_of};
use crate::ledger::unreadable;

/// A task as found: as it lies there, and what that means, or why it means nothing.
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) stored: Result<Stored, LedgerError>,
}

/// A task's number as Redis has it: eight bytes, so that those due alike stand in order of file.
pub(super) const fn id_bytes(id: i64) -> [u8; 8] {
    id.to_be_bytes()
}

pub(super) fn id_of(bytes: &[u8]) -> Result<i64, LedgerError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| unreadable("a task's number", "it is not of eight bytes"))?;
    Ok(i64::from_be_bytes(bytes))
}

impl RedisLedger {
    /// The tasks with these numbers, of those that there are.
    pub(super) async fn find(&self, ids: &[i64]) -> Result<BTreeMap<i64, Found>, LedgerError> {
        let mut found = BTreeMap::new();
        for part in ids.chunks(CHUNK) {
            let mut homes: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
            // The sign is not stored: there is no task with a negative number.
            for id in part.iter().filter(|id| **id >= 0) {
                homes.entry(batch_of(*id)).or_default().push(*id);
            }
            let mut pipe = Pipeline::with_capacity(homes.len());
            for (home, ids) in &homes {
                let cmd = pipe.cmd("HMGET").arg(self.keys.tasks(*home));
                for id in ids {
                    cmd.arg(&id_bytes(*id));
                }
            }
            for (ids, answer) in homes.values().zip(self.link.ask_all(&pipe).await?) {
                for (id, value) in ids.iter().zip(list(answer)?) {
                    if let Some(bytes) = bytes(value)? {
                        let stored = Stored::decode(*id, &bytes);
                        found.insert(*id, Found { bytes, stored });
                    }
                }
            }
        }
        Ok(found)
    }

    /// The numbers of the tasks with these keys, where there are any.
    pub(super) async fn ids_of(&self, space: i64, keys: &[&RowKey]) -> Result<Vec<Option<i64>>, LedgerError> {
        let mut ids = Vec::with_capacity(keys.len());
        for part in keys.chunks(CHUNK) {
            let mut pipe = Pipeline::with_capacity(part.len());
            for key in part {
                pipe.cmd("HGET")
                    .arg(self.keys.named(bucket(space, key)))
                    .arg(key.as_str());
            }
            for value in self.link.ask_all(&pipe).await? {
                ids.push(bytes(value)?.map(|bytes| id_of(&bytes)).transpose()?);
            }
        }
        Ok(ids)
    }

    /// Who holds these tasks until when, in their order.
    pub(super) async fn holds(&self, tasks: &[&Stored]) -> Result<Vec<Option<Hold>>, LedgerError> {
        let held: Vec<(&Stored, Timestamp)> = tasks
            .iter()
            .filter_map(|task| Some((*task, task.since?)))
            .collect();
        let mut ends = Vec::with_capacity(held.len());
        for part in held.chunks(CHUNK) {
            let mut pipe = Pipeline::with_capacity(part.len());
            for (task, _) in part {
                let lane = Lane {
                    owner: task.owner,
                    class: class_of(&task.task),
                    is_held: true,
                };
                pipe.cmd("ZSCORE")
                    .arg(self.keys.named(format_args!("d:{lane}")))
                    .arg(&id_bytes(task.id));
            }
            ends.extend(self.link.ask_all(&pipe).await?);
        }
        let mut ends = ends.into_iter();
        tasks
            .iter()
            .map(|task| {
                let Some(since) = task.since else { return Ok(None) };
                let until = number(next(&mut ends)?)?.unwrap_or(i64::MIN);
                Ok(Some(Hold {
                    since,
                    until: Timestamp::from_ms(until),
                }))
            })
            .collect()
    }
}
