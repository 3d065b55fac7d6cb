//! Where rows, tasks and payloads lie: numbers that every store shares.

use crate::domain::ids::Digest;
use crate::domain::task::Task;
use crate::engine::ports::LedgerError;
use crate::ledger::turns::Class;

/// Bits of a row's id for the row's number: 1.1 trillion rows a batch, 4 million batches.
const SEQ_BITS: u32 = 40;

/// The id of row `seq` of a batch. In order of file, and a place of its own.
pub(super) fn row_id(batch: i64, seq: u64) -> Result<i64, LedgerError> {
    i64::try_from(seq)
        .ok()
        .filter(|seq| *seq < 1 << SEQ_BITS && (0..1 << (62 - SEQ_BITS)).contains(&batch))
        .map(|seq| (batch << SEQ_BITS) | seq)
        .ok_or_else(|| {
            LedgerError::Corrupt(format!(
                "row {seq} of batch {batch} is beyond what a ledger holds"
            ))
        })
}

/// The ids that a batch's rows can have.
pub(super) fn row_ids(batch: i64) -> std::ops::Range<i64> {
    batch << SEQ_BITS..(batch + 1) << SEQ_BITS
}

/// A row's number, from its id.
pub(super) fn seq_of(row: i64) -> u64 {
    u64::try_from(row & ((1 << SEQ_BITS) - 1)).unwrap_or_default()
}

/// A row's batch, from its id.
pub(super) const fn batch_of(row: i64) -> i64 {
    row >> SEQ_BITS
}

/// The class a task is queued in.
pub(super) const fn class_of(task: &Task) -> Class {
    if task.goes_first() {
        Class::Submit
    } else {
        Class::Read
    }
}

/// The rows that hold a task's payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sources {
    /// The row whose payload is in force.
    pub(super) in_force: i64,
    /// The row whose payload is staged.
    pub(super) staged: Option<i64>,
}

impl Sources {
    /// Whether the payload of `row` is one of them.
    pub(super) fn has(self, row: i64) -> bool {
        self.in_force == row || self.staged == Some(row)
    }

    /// Where the payloads of `new` lie, which `old` with its payloads here became. `fed` is the payload that a row
    /// just brought, and that row; of equal payloads the newest is kept, so that the older batch can be forgotten.
    pub(super) fn after(
        self,
        old: &Task,
        new: &Task,
        fed: Option<(Digest, i64)>,
    ) -> Result<Self, LedgerError> {
        let row_of = |digest: Digest| {
            let found = if let Some((_, row)) = fed.filter(|(brought, _)| *brought == digest) {
                Some(row)
            } else if digest == old.payload {
                Some(self.in_force)
            } else if Some(digest) == old.staged {
                self.staged
            } else {
                None
            };
            found
                .ok_or_else(|| LedgerError::Corrupt(format!("a task: no row of it has the payload {digest}")))
        };
        Ok(Self {
            in_force: row_of(new.payload)?,
            staged: new.staged.map(row_of).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rows_place_is_its_batch_and_number() {
        for (batch, seq) in [(1, 0), (1, 1), (2, 0), (4_194_303, (1 << 40) - 1)] {
            let id = row_id(batch, seq).unwrap();
            assert_eq!((batch_of(id), seq_of(id)), (batch, seq));
            assert!(row_ids(batch).contains(&id));
            assert!(!row_ids(batch + 1).contains(&id) && !row_ids(batch - 1).contains(&id));
        }
        for (batch, seq) in [(1, 1 << 40), (1, u64::MAX), (4_194_304, 0), (-1, 0)] {
            assert!(row_id(batch, seq).is_err(), "{batch} {seq}");
        }
    }
}
