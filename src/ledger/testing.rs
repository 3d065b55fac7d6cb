//! A ledger for tests of those who use one: in memory, and it fails when its mood says so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::sqlite::SqliteLedger;
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

/// What it is asked, where that may fail.
pub(crate) enum Asked<'a> {
    Batch,
    Claim,
    Commit(&'a [Commit]),
    Extend,
    SetPause,
}

/// Told what is asked, and the time by the steady clock, says why it fails, if it does.
type Mood = Box<dyn FnMut(Asked<'_>, Duration) -> Option<LedgerError> + Send>;

/// See the module.
pub(crate) struct MoodyLedger {
    pub(crate) inner: SqliteLedger,
    world: Arc<dyn World>,
    mood: Mutex<Mood>,
    /// How often it was asked.
    pub(crate) asked: Mutex<BTreeMap<&'static str, u32>>,
    /// How long it takes to find a batch.
    pub(crate) batch_takes: Mutex<Duration>,
}

impl MoodyLedger {
    /// Empty, and in the best of moods.
    pub(crate) fn new(world: Arc<dyn World>) -> Arc<Self> {
        Arc::new(Self {
            inner: SqliteLedger::in_memory().unwrap(),
            world,
            mood: Mutex::new(Box::new(|_, _| None)),
            asked: Mutex::default(),
            batch_takes: Mutex::default(),
        })
    }

    /// From now on it fails when this says so.
    pub(crate) fn turns(
        &self,
        mood: impl FnMut(Asked<'_>, Duration) -> Option<LedgerError> + Send + 'static,
    ) {
        *self.mood.lock().unwrap() = Box::new(mood);
    }

    /// How often it was asked for this.
    pub(crate) fn times(&self, what: &str) -> u32 {
        self.asked.lock().unwrap().get(what).copied().unwrap_or_default()
    }

    fn ask(&self, what: Asked<'_>) -> Result<(), LedgerError> {
        let word = match what {
            Asked::Batch => "batch",
            Asked::Claim => "claim",
            Asked::Commit(_) => "commit",
            Asked::Extend => "extend",
            Asked::SetPause => "set_pause",
        };
        *self.asked.lock().unwrap().entry(word).or_default() += 1;
        let passed = self.world.steady().since(Timestamp::from_ms(0));
        (self.mood.lock().unwrap())(what, passed).map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Ledger for MoodyLedger {
    fn budgets(&self, world: &Arc<dyn World>) -> Arc<dyn Budgets> {
        self.inner.budgets(world)
    }

    async fn open_batch(&self, batch: &Batch) -> Result<Batch, LedgerError> {
        self.inner.open_batch(batch).await
    }

    async fn batch(&self, id: &BatchId) -> Result<Option<Batch>, LedgerError> {
        self.ask(Asked::Batch)?;
        let takes = *self.batch_takes.lock().unwrap();
        tokio::time::sleep(takes).await;
        self.inner.batch(id).await
    }

    async fn batches(&self) -> Result<Vec<Batch>, LedgerError> {
        self.inner.batches().await
    }

    async fn append(
        &self,
        batch: &BatchId,
        rows: &[NewRow],
        now: Timestamp,
    ) -> Result<Appended, LedgerError> {
        self.inner.append(batch, rows, now).await
    }

    async fn claim(&self, ask: &ClaimAsk) -> Result<Claimed, LedgerError> {
        self.ask(Asked::Claim)?;
        self.inner.claim(ask).await
    }

    async fn commit(&self, commits: &[Commit], now: Timestamp) -> Result<Vec<Kept>, LedgerError> {
        self.ask(Asked::Commit(commits))?;
        self.inner.commit(commits, now).await
    }

    async fn extend(&self, leases: &[Lease], until: Timestamp) -> Result<(), LedgerError> {
        self.ask(Asked::Extend)?;
        self.inner.extend(leases, until).await
    }

    async fn apply_to_batch(&self, id: &BatchId, order: &Order, now: Timestamp) -> Result<u64, LedgerError> {
        self.inner.apply_to_batch(id, order, now).await
    }

    async fn set_pause(&self, which: &Which, pause: Option<&Pause>) -> Result<Vec<BatchId>, LedgerError> {
        self.ask(Asked::SetPause)?;
        self.inner.set_pause(which, pause).await
    }

    async fn cancel(&self, id: &BatchId) -> Result<(), LedgerError> {
        self.inner.cancel(id).await
    }

    async fn set_weight(&self, id: &BatchId, weight: Weight) -> Result<(), LedgerError> {
        self.inner.set_weight(id, weight).await
    }

    async fn forget(&self, id: &BatchId) -> Result<bool, LedgerError> {
        self.inner.forget(id).await
    }

    async fn counts(&self, id: &BatchId) -> Result<Counts, LedgerError> {
        self.inner.counts(id).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, LedgerError> {
        self.inner.backlog(now).await
    }

    async fn rows(&self, id: &BatchId, from: u64, max: u32) -> Result<Vec<RowView>, LedgerError> {
        self.inner.rows(id, from, max).await
    }

    async fn payload(&self, claim: &Claim) -> Result<Option<Arc<str>>, LedgerError> {
        self.inner.payload(claim).await
    }

    async fn tasks(
        &self,
        scope: &Scope,
        action: Action,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Task>>, LedgerError> {
        self.inner.tasks(scope, action, keys).await
    }

    async fn history(
        &self,
        scope: &Scope,
        action: Action,
        key: &RowKey,
    ) -> Result<Vec<Attempt>, LedgerError> {
        self.inner.history(scope, action, key).await
    }

    async fn time(&self) -> Result<Option<Timestamp>, LedgerError> {
        self.inner.time().await
    }

    async fn examine(&self) -> Vec<Diagnosis> {
        self.inner.examine().await
    }

    fn describe(&self) -> String {
        "moody".to_owned()
    }
}
