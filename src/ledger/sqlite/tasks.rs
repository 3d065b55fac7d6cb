//! Tasks as stored: reading one, saving one, and which row's payload is whose.

use rusqlite::{Connection, OptionalExtension, Row};

use super::trouble::unreadable;
use crate::domain::ids::Digest;
use crate::domain::task::Task;
use crate::domain::time::Timestamp;
use crate::engine::ports::LedgerError;
use crate::ledger::counting::Differences;
use crate::ledger::moves::Hold;
use crate::ledger::places::{Sources, class_of};

/// The columns [`Stored::read`] reads, in its order.
macro_rules! stored {
    () => {
        "t.id, t.batch, t.fence, t.due_at, t.claimed_at, t.source, t.staged, t.task"
    };
}
pub(super) use stored;

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
        let held = Sources {
            in_force: self.source,
            staged: self.staged,
        };
        let sources = held.after(&self.task, new, fed)?;
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
        if sources.in_force != held.in_force && !sources.has(held.in_force) {
            // The newest row of a task holds its payload, and no other.
            connection
                .prepare_cached("UPDATE rows SET payload = NULL WHERE id = ?1")?
                .execute((held.in_force,))?;
        }
        differences.moved(self.batch, &self.task, batch, new);
        Ok(sources)
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
