//! The embedded ledger: one SQLite file, shared by all processes of one machine.
//!
//! One thread per open ledger writes. It takes whatever requests wait and carries them out in one transaction, so
//! that many small claims and commits share the price of one (`docs/decisions/0002-sqlite-synchronous.md`).
//! Reports read on connections of their own and hold nobody up. Other processes come in between transactions.
//!
//! ```text
//! batches ──< rows (cells, faults, payload) >── tasks (state, due time, lease) ──< attempts
//! ```

mod append;
mod batches;
mod budget;
mod claim;
mod commit;
mod examine;
mod forget;
mod open;
mod orders;
mod read;
mod tasks;
mod trouble;
mod write;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;

use self::open::Place;
use self::write::{Store, Writer};
use crate::domain::attempt::Attempt;
use crate::domain::batch::{Backlog, Batch, Counts, Pause, Weight};
use crate::domain::diagnosis::Diagnosis;
use crate::domain::ids::{BatchId, RowKey, Scope};
use crate::domain::machine::Order;
use crate::domain::task::{Action, Task};
use crate::domain::time::Timestamp;
use crate::engine::ports::{
    Appended, Budgets, Claim, ClaimAsk, Claimed, Commit, Kept, Lease, Ledger, LedgerError, NewRow, RowView,
    Which,
};
use crate::world::World;

/// Idle read connections kept; more are opened when more reports run at once.
const READERS_KEPT: usize = 4;

/// How a ledger file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// What a commit waits for.
    pub synchronous: Synchronous,
    /// How long another process's transaction is waited for before the ledger says that it is busy.
    pub busy_timeout: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            synchronous: Synchronous::Full,
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// What a commit waits for (`docs/decisions/0002-sqlite-synchronous.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronous {
    /// The operating system has it: survives the end of the process, not always that of the machine.
    Normal,
    /// The disk has it: survives a loss of power.
    Full,
}

/// A [`Ledger`] in one SQLite file.
#[derive(Clone, Debug)]
pub struct SqliteLedger {
    name: String,
    access: Arc<Access>,
}

#[derive(Debug)]
enum Access {
    /// In memory: one connection, used where the caller stands, so that simulated time sees no other thread.
    Here(Mutex<Store>),
    File {
        place: Place,
        readers: Arc<Mutex<Vec<Connection>>>,
        writer: Writer,
    },
}

impl SqliteLedger {
    /// Opens the ledger in the file `path`, or makes it (readable by its owner alone). Its folder must exist.
    ///
    /// # Errors
    /// [`LedgerError::Format`] when the file is something else; [`LedgerError::Unavailable`] when it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        Self::open_with(path, SqliteOptions::default())
    }

    /// [`SqliteLedger::open`] with other options.
    ///
    /// # Errors
    /// As for [`SqliteLedger::open`].
    pub fn open_with(path: &Path, options: SqliteOptions) -> Result<Self, LedgerError> {
        let place = Place::file(path, options);
        let writer = Writer::start(Store::new(place.open()?))?;
        Ok(Self {
            name: place.to_string(),
            access: Arc::new(Access::File {
                place,
                readers: Arc::default(),
                writer,
            }),
        })
    }

    /// An empty ledger that ends with the value.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory() -> Result<Self, LedgerError> {
        let place = Place::Memory;
        Ok(Self {
            name: place.to_string(),
            access: Arc::new(Access::Here(Mutex::new(Store::new(place.open()?)))),
        })
    }

    /// Carries `work` out in a transaction; `weight` is how many rows or tasks it touches, about.
    async fn write<T, W>(&self, weight: usize, work: W) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Store) -> Result<T, LedgerError> + Send + 'static,
    {
        match &*self.access {
            Access::Here(store) => {
                write::alone(&mut store.lock().unwrap_or_else(PoisonError::into_inner), work)
            }
            Access::File { writer, .. } => writer.write(weight, work).await,
        }
    }

    async fn read<T, R>(&self, read: R) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        R: FnOnce(&Connection) -> Result<T, LedgerError> + Send + 'static,
    {
        let (place, readers) = match &*self.access {
            Access::Here(store) => {
                return read(&store.lock().unwrap_or_else(PoisonError::into_inner).connection);
            }
            Access::File { place, readers, .. } => (place.clone(), Arc::clone(readers)),
        };
        let reading = tokio::task::spawn_blocking(move || {
            let idle = readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = idle.map_or_else(|| place.open_to_read(), Ok)?;
            open::still_ours(&connection)?;
            let found = read(&connection)?;
            let mut idle = readers.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < READERS_KEPT {
                idle.push(connection);
            }
            Ok(found)
        });
        reading
            .await
            .unwrap_or_else(|error| Err(LedgerError::Unavailable(format!("the read did not end: {error}"))))
    }
}

#[async_trait]
impl Ledger for SqliteLedger {
    fn budgets(&self, world: &Arc<dyn World>) -> Arc<dyn Budgets> {
        Arc::new(budget::FileBudgets {
            ledger: self.clone(),
            world: Arc::clone(world),
        })
    }

    async fn open_batch(&self, batch: &Batch) -> Result<Batch, LedgerError> {
        let batch = batch.clone();
        self.write(1, move |store| batches::open(&store.connection, &batch))
            .await
    }

    async fn batch(&self, id: &BatchId) -> Result<Option<Batch>, LedgerError> {
        let id = id.clone();
        self.read(move |connection| batches::find(connection, &id)).await
    }

    async fn batches(&self) -> Result<Vec<Batch>, LedgerError> {
        self.read(batches::all).await
    }

    async fn append(
        &self,
        batch: &BatchId,
        rows: &[NewRow],
        now: Timestamp,
    ) -> Result<Appended, LedgerError> {
        let batch = batch.clone();
        let rows = append::prepare(rows)?;
        self.write(rows.len(), move |store| {
            append::append(&store.connection, &batch, &rows, now)
        })
        .await
    }

    async fn claim(&self, ask: &ClaimAsk) -> Result<Claimed, LedgerError> {
        let ask = ask.clone();
        self.write(ask.max, move |store| claim::claim(store, &ask)).await
    }

    async fn commit(&self, commits: &[Commit], now: Timestamp) -> Result<Vec<Kept>, LedgerError> {
        let commits = commits.to_vec();
        self.write(commits.len(), move |store| {
            commit::commit(&store.connection, &commits, now)
        })
        .await
    }

    async fn extend(&self, leases: &[Lease], until: Timestamp) -> Result<(), LedgerError> {
        let leases = leases.to_vec();
        self.write(leases.len(), move |store| {
            commit::extend(&store.connection, &leases, until)
        })
        .await
    }

    async fn apply_to_batch(&self, id: &BatchId, order: &Order, now: Timestamp) -> Result<u64, LedgerError> {
        let mut changed = 0;
        let mut from = Some(0);
        while let Some(seq) = from {
            let (id, order) = (id.clone(), *order);
            let chunk = move |store: &mut Store| orders::apply(&store.connection, &id, &order, seq, now);
            let done = self.write(orders::CHUNK, chunk).await?;
            changed += done.changed;
            from = done.next;
        }
        Ok(changed)
    }

    async fn set_pause(&self, which: &Which, pause: Option<&Pause>) -> Result<Vec<BatchId>, LedgerError> {
        let (which, pause) = (which.clone(), pause.cloned());
        self.write(1, move |store| {
            batches::set_pause(&store.connection, &which, pause.as_ref())
        })
        .await
    }

    async fn cancel(&self, id: &BatchId) -> Result<(), LedgerError> {
        let id = id.clone();
        self.write(1, move |store| batches::cancel(&store.connection, &id))
            .await
    }

    async fn set_weight(&self, id: &BatchId, weight: Weight) -> Result<(), LedgerError> {
        let id = id.clone();
        self.write(1, move |store| {
            batches::set_weight(&store.connection, &id, weight)
        })
        .await
    }

    async fn forget(&self, id: &BatchId) -> Result<bool, LedgerError> {
        let mut from = Some(0);
        while let Some(seq) = from {
            let id = id.clone();
            let chunk = move |store: &mut Store| forget::forget(&store.connection, &id, seq);
            match self.write(forget::CHUNK, chunk).await? {
                forget::Chunk::Refused => return Ok(false),
                forget::Chunk::Next(next) => from = next,
            }
        }
        Ok(true)
    }

    async fn counts(&self, id: &BatchId) -> Result<Counts, LedgerError> {
        let id = id.clone();
        self.read(move |connection| read::counts(connection, &id)).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, LedgerError> {
        self.read(move |connection| read::backlog(connection, now)).await
    }

    async fn rows(&self, id: &BatchId, from: u64, max: u32) -> Result<Vec<RowView>, LedgerError> {
        let id = id.clone();
        self.read(move |connection| read::rows(connection, &id, from, max))
            .await
    }

    async fn payload(&self, claim: &Claim) -> Result<Option<Arc<str>>, LedgerError> {
        let task = claim.lease.task;
        self.read(move |connection| claim::payload_of(connection, task))
            .await
    }

    async fn tasks(
        &self,
        scope: &Scope,
        action: Action,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Task>>, LedgerError> {
        let (scope, keys) = (scope.clone(), keys.to_vec());
        self.read(move |connection| read::tasks(connection, &scope, action, &keys))
            .await
    }

    async fn history(
        &self,
        scope: &Scope,
        action: Action,
        key: &RowKey,
    ) -> Result<Vec<Attempt>, LedgerError> {
        let (scope, key) = (scope.clone(), key.clone());
        self.read(move |connection| read::history(connection, &scope, action, &key))
            .await
    }

    async fn time(&self) -> Result<Option<Timestamp>, LedgerError> {
        Ok(None)
    }

    async fn examine(&self) -> Vec<Diagnosis> {
        let path = match &*self.access {
            Access::Here(_) => None,
            Access::File { place, .. } => place.path(),
        };
        examine::examine(self, path).await
    }

    fn describe(&self) -> String {
        self.name.clone()
    }
}

#[cfg(test)]
mod tests;
