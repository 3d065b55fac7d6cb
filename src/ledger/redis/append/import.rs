//! What the rows of a part come to: blocks, tasks, counts. Asks nobody.

use std::collections::HashMap;

use redis::Cmd;

use crate::domain::ids::{Digest, RowKey};
use crate::domain::machine::{Order, order};
use crate::domain::task::Task;
use crate::domain::time::Timestamp;
use crate::engine::ports::{Appended, LedgerError, NewRow, NewRowBody};
use crate::ledger::counting::Differences;
use crate::ledger::moves::{Hold, fed};
use crate::ledger::places::{Sources, row_id};
use crate::ledger::redis::batches::Known;
use crate::ledger::redis::block::BlockRow;
use crate::ledger::redis::doubt::Doubt;
use crate::ledger::redis::keys::bucket;
use crate::ledger::redis::save::{Save, add_counts, place, score};
use crate::ledger::redis::stored::{Stored, fence_at};
use crate::ledger::redis::tasks::id_bytes;

/// A task on its way through the rows of a part.
pub(super) struct Draft {
    /// As it lay, if it is not new.
    pub(super) old: Option<(Stored, Vec<u8>)>,
    pub(super) new: Stored,
}

/// What the rows of a part come to.
pub(super) struct Import {
    pub(super) batch: Known,
    now: Timestamp,
    pub(super) appended: Appended,
    pub(super) imported: u64,
    /// Rows that were not there.
    pub(super) rows: usize,
    tasks: HashMap<RowKey, Draft>,
    doubt: Doubt,
    /// Keys in the order they were met, so that numbers mean the same here and in the script.
    made: Vec<RowKey>,
    counts: Differences<i64>,
}

impl Import {
    pub(super) fn new(batch: Known, tasks: HashMap<RowKey, Draft>, doubt: Doubt, now: Timestamp) -> Self {
        Self {
            batch,
            now,
            appended: Appended::default(),
            imported: batch.imported,
            rows: 0,
            tasks,
            doubt,
            made: Vec::new(),
            counts: Differences::default(),
        }
    }

    pub(super) fn new_keys(&self) -> Vec<RowKey> {
        self.made.clone()
    }

    pub(super) fn take(&mut self, row: &NewRow) -> Result<BlockRow, LedgerError> {
        let id = row_id(self.batch.no, row.seq)?;
        self.rows += 1;
        self.imported = self.imported.max(row.seq.saturating_add(1));
        let mut kept = BlockRow {
            seq: row.seq,
            line: row.line,
            cells: row.cells.clone(),
            task: None,
            payload: None,
            faults: Vec::new(),
        };
        match &row.body {
            NewRowBody::Faulty(faults) => {
                self.appended.faulty += 1;
                kept.faults.clone_from(faults);
            }
            NewRowBody::Sound { key, payload, digest } => {
                let (task, is_needed) = match self.tasks.contains_key(key) {
                    true => self.feed(id, key, *digest)?,
                    false => (self.make(id, key, *digest), true),
                };
                kept.task = Some(task);
                kept.payload = is_needed.then(|| payload.clone());
            }
        }
        Ok(kept)
    }

    /// A task for a key that is new.
    fn make(&mut self, id: i64, key: &RowKey, digest: Digest) -> i64 {
        let mut task = Task::new(self.batch.action, digest, self.now);
        if self.batch.cancelled {
            task = order(&task, &Order::Cancel, self.now);
        }
        self.appended.new += 1;
        self.counts.came(self.batch.no, &task);
        let new = Stored {
            id,
            fence: fence_at(self.now),
            since: None,
            owner: self.batch.no,
            key: key.clone(),
            sources: Sources {
                in_force: id,
                staged: None,
            },
            task,
        };
        self.made.push(key.clone());
        self.tasks.insert(key.clone(), Draft { old: None, new });
        id
    }

    /// Feeds the task of a known key; says which it is, and whether this row's payload is needed.
    fn feed(&mut self, row: i64, key: &RowKey, digest: Digest) -> Result<(i64, bool), LedgerError> {
        let Some(draft) = self.tasks.get_mut(key) else {
            return Err(LedgerError::Corrupt("a task came and went".into()));
        };
        let old = draft.new.clone();
        // The end of the hold does not matter here.
        let since = old.since.or_else(|| self.doubt.lent_since(&old, digest));
        let hold = since.map(|since| Hold { since, until: since });
        let moved = fed(&old.task, hold, digest, self.batch.cancelled, self.now);
        let slot = if digest != old.task.payload {
            &mut self.appended.changed
        } else if moved.task.state.is_settled() {
            &mut self.appended.unchanged
        } else {
            &mut self.appended.resumed
        };
        *slot += 1;
        self.counts
            .moved(old.owner, &old.task, self.batch.no, &moved.task);
        if hold.is_some() && !moved.hold_ends {
            // The batch changes, the lease stays.
            draft.new.owner = self.batch.no;
            return Ok((old.id, false));
        }
        draft.new = old.becoming(self.batch.no, moved.task, Some((digest, row)))?;
        Ok((old.id, draft.new.sources.has(row)))
    }

    /// As `append.lua` reads it, from the new keys on.
    pub(super) fn add_to(&self, cmd: &mut Cmd) {
        cmd.arg(self.made.len());
        for key in &self.made {
            if let Some(Draft { new, .. }) = self.tasks.get(key) {
                cmd.arg(bucket(self.batch.space, key))
                    .arg(key.as_str())
                    .arg(&id_bytes(new.id))
                    .arg(new.encode())
                    .arg(place(new))
                    .arg(score(new).map_or_else(String::new, |at| at.to_string()));
            }
        }
        let saves: Vec<Save> = self
            .tasks
            .values()
            .filter_map(|draft| {
                let (old, bytes) = draft.old.as_ref()?;
                (draft.new != *old).then(|| Save::new(old, bytes.clone(), &draft.new, Differences::default()))
            })
            .collect();
        cmd.arg(self.doubt.life()).arg(saves.len());
        saves.iter().for_each(|save| save.add_to(cmd));
        let counts: Vec<_> = self.counts.clone().into_changes().collect();
        add_counts(cmd, &counts);
    }
}
