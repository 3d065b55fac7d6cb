//! Tasks as stored: reading one, saving one, and which row's payload is whose.

use rusqlite::{Connection, OptionalExtension, Row};

use super::trouble::unreadable;
use crate::domain::ids::Digest;
use crate::domain::task::Task;
use crate::domain::time::Timestamp;
use crate::engine::ports::LedgerError;
use crate::ledger::counting::Differences;
use crate::ledger::moves::Hold;
use crate::ledger::turns::Class;

/// Bits of `rows.id` for the row's number: 1.1 trillion rows a batch, 8 million batches.
const SEQ_BITS: u32 = 40;

/// The columns [`Stored::read`] reads, in its order.
macro_rules! stored {
    () => {
        "t.id, t.batch, t.fence, t.due_at, t.claimed_at, t.source, t.staged, t.task"
    };
}
pub(super) use stored;

/// The id of row `seq` of a batch, which is also where it lies.
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

/// The class a task is queued in.
pub(super) const fn class_of(task: &Task) -> Class {
    if task.goes_first() {
        Class::Submit
    } else {
        Class::Read
    }
}

/// A task as its text.
pub(super) fn encode(task: &Task) -> Result<String, LedgerError> {
    serde_json::to_string(task).map_err(|why| unreadable("a task", why))
}

/// A task from its text, or why not.
pub(super) fn decode(text: &str) -> Result<Task, String> {
    serde_json::from_str(text).map_err(|why| why.to_string())
}

/// A stored task whose text cannot be read, whoever or whatever changed it. Nothing is sent for it, and nothing else waits
/// for it.
#[derive(Clone, Debug)]
pub(super) struct Damaged {
    pub(super) id: i64,
    pub(super) why: String,
}

/// What a person can do about a damaged task.
pub(super) const DAMAGED_HINT: &str = "keep a copy of the ledger, and put right its task with this number; nothing is sent for its row until then";

impl Damaged {
    /// Says so, once for each time it is met.
    pub(super) fn tell(&self, connection: &Connection) {
        let row = key_of(connection, self.id).unwrap_or_default();
        tracing::error!(
            task = self.id,
            row,
            "a stored task cannot be read and is passed over: {}; hint: {DAMAGED_HINT}",
            self.why
        );
    }

    /// The same as an error, where it cannot be passed over.
    fn into_error(self, connection: &Connection) -> LedgerError {
        let row = key_of(connection, self.id).unwrap_or_default();
        let Self { id, why } = self;
        LedgerError::Corrupt(format!("task {id}, of row {row:?}: {why}; hint: {DAMAGED_HINT}"))
    }
}

fn key_of(connection: &Connection, id: i64) -> Option<String> {
    let mut statement = connection
        .prepare_cached("SELECT CAST(key AS TEXT) FROM tasks WHERE id = ?1")
        .ok()?;
    statement.query_row((id,), |row| row.get(0)).ok()
}

/// A task with all that is stored beside it.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) id: i64,
    pub(super) batch: i64,
    pub(super) fence: i64,
    pub(super) hold: Option<Hold>,
    /// The row whose payload is in force.
    pub(super) source: i64,
    /// The row whose payload is staged.
    pub(super) staged: Option<i64>,
    pub(super) task: Task,
}

impl Stored {
    /// From a row that begins with the columns [`stored`].
    pub(super) fn read(row: &Row<'_>) -> Result<Result<Self, Damaged>, LedgerError> {
        let due_at: Option<i64> = row.get(3)?;
        let claimed_at: Option<i64> = row.get(4)?;
        let hold = claimed_at.zip(due_at).map(|(since, until)| Hold {
            since: Timestamp::from_ms(since),
            until: Timestamp::from_ms(until),
        });
        let id = row.get(0)?;
        let task = match row
            .get_ref(7)?
            .as_str()
            .map_err(|why| why.to_string())
            .and_then(decode)
        {
            Ok(task) => task,
            Err(why) => return Ok(Err(Damaged { id, why })),
        };
        Ok(Ok(Self {
            id,
            batch: row.get(1)?,
            fence: row.get(2)?,
            hold,
            source: row.get(5)?,
            staged: row.get(6)?,
            task,
        }))
    }

    /// The task, if there is one with this number.
    pub(super) fn find(connection: &Connection, id: i64) -> Result<Option<Self>, LedgerError> {
        let sql = concat!("SELECT ", stored!(), " FROM tasks t WHERE t.id = ?1");
        Self::one(connection, sql, (id,))
    }

    /// The task with this key.
    pub(super) fn of_key(
        connection: &Connection,
        space: i64,
        key: &str,
    ) -> Result<Option<Self>, LedgerError> {
        let sql = concat!(
            "SELECT ",
            stored!(),
            " FROM tasks t WHERE t.space = ?1 AND t.key = ?2"
        );
        Self::one(connection, sql, (space, key))
    }

    fn one(
        connection: &Connection,
        sql: &'static str,
        named: impl rusqlite::Params,
    ) -> Result<Option<Self>, LedgerError> {
        let mut statement = connection.prepare_cached(sql)?;
        let found = statement.query_row(named, |row| Ok(Self::read(row))).optional()?;
        let whole = found.transpose()?.transpose();
        whole.map_err(|damaged| damaged.into_error(connection))
    }

    /// Saves what the task became, for `batch`, and ends the lease: a commit under it counts no more. `fed` is the payload that a row just
    /// brought, and that row.
    pub(super) fn save(
        &self,
        connection: &Connection,
        batch: i64,
        new: &Task,
        fed: Option<(Digest, i64)>,
        differences: &mut Differences<i64>,
    ) -> Result<Sources, LedgerError> {
        let sources = self.sources(new, fed)?;
        let sql = "UPDATE tasks SET batch = ?2, class = ?3, due_at = ?4, leased_by = NULL, claimed_at = NULL, \
                   source = ?5, staged = ?6, task = ?7 WHERE id = ?1";
        connection.prepare_cached(sql)?.execute((
            self.id,
            batch,
            class_of(new) as i64,
            new.due().map(Timestamp::as_ms),
            sources.in_force,
            sources.staged,
            encode(new)?,
        ))?;
        differences.moved(self.batch, &self.task, batch, new);
        Ok(sources)
    }

    /// Where the payloads of `new`, which this task became, lie.
    fn sources(&self, new: &Task, fed: Option<(Digest, i64)>) -> Result<Sources, LedgerError> {
        let row_of = |digest: Digest| {
            if digest == self.task.payload {
                Some(self.source)
            } else if Some(digest) == self.task.staged {
                self.staged
            } else {
                fed.filter(|(brought, _)| *brought == digest).map(|(_, row)| row)
            }
        };
        let unknown = |digest| unreadable("a task", format!("no row of it has the payload {digest}"));
        Ok(Sources {
            in_force: row_of(new.payload).ok_or_else(|| unknown(new.payload))?,
            staged: match new.staged {
                Some(digest) => Some(row_of(digest).ok_or_else(|| unknown(digest))?),
                None => None,
            },
        })
    }
}

/// The rows that hold a task's payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sources {
    pub(super) in_force: i64,
    pub(super) staged: Option<i64>,
}

impl Sources {
    /// Whether the payload of `row` is one of them.
    pub(super) fn has(&self, row: i64) -> bool {
        self.in_force == row || self.staged == Some(row)
    }
}

/// Adds what was counted to the stored counts.
pub(super) fn count(connection: &Connection, differences: Differences<i64>) -> Result<(), LedgerError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO counts VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET n = n + excluded.n",
    )?;
    for change in differences.into_changes() {
        statement.execute(change)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rows_place_is_its_batch_and_number() {
        for (batch, seq) in [(1, 0), (1, 1), (2, 0), (4_194_303, (1 << 40) - 1)] {
            let id = row_id(batch, seq).unwrap();
            assert_eq!(seq_of(id), seq);
            assert!(row_ids(batch).contains(&id));
            assert!(!row_ids(batch + 1).contains(&id) && !row_ids(batch - 1).contains(&id));
        }
        for (batch, seq) in [(1, 1 << 40), (1, u64::MAX), (4_194_304, 0), (-1, 0)] {
            assert!(row_id(batch, seq).is_err(), "{batch} {seq}");
        }
    }
}
