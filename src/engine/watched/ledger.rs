//! How the ledger does, and what goes through it: tasks taken in hand and given back, rows imported.

use std::sync::Arc;

use async_trait::async_trait;

use super::Pulse;
use crate::domain::attempt::Attempt;
use crate::domain::batch::{Backlog, Batch, Counts, Pause, Weight};
use crate::domain::diagnosis::Diagnosis;
use crate::domain::ids::{BatchId, RowKey, Scope};
use crate::domain::machine::Order;
use crate::domain::task::{Action, Outcome, State, Task};
use crate::domain::time::Timestamp;
use crate::engine::ports::{
    Appended, Budgets, Claim, ClaimAsk, Claimed, Commit, Kept, Lease, Ledger, LedgerError, NewRow, RowView,
    Which,
};
use crate::telemetry::metrics::Metrics;
use crate::world::World;

/// A ledger, watched.
pub struct WatchedLedger {
    ledger: Arc<dyn Ledger>,
    metrics: Arc<Metrics>,
    pulse: Arc<Pulse>,
    world: Arc<dyn World>,
}

impl WatchedLedger {
    /// `ledger`, watched; `pulse` hears how claims go.
    pub fn new(
        ledger: Arc<dyn Ledger>,
        metrics: Arc<Metrics>,
        pulse: Arc<Pulse>,
        world: Arc<dyn World>,
    ) -> Self {
        Self {
            ledger,
            metrics,
            pulse,
            world,
        }
    }

    async fn timed<T>(
        &self,
        operation: &'static str,
        answer: impl Future<Output = Result<T, LedgerError>> + Send,
    ) -> Result<T, LedgerError> {
        let began = self.world.stopwatch();
        let answer = answer.await;
        let took = self.world.stopwatch().saturating_sub(began);
        let error = answer.as_ref().err().map(LedgerError::kind);
        self.metrics.ledger(operation, error, took);
        answer
    }

    fn count(&self, commits: &[Commit], kept: &[Kept]) {
        let saved = kept.iter().filter(|kept| **kept == Kept::Yes).count();
        self.metrics.committed(saved, kept.len() - saved);
        for (commit, kept) in commits.iter().zip(kept) {
            if let (Kept::Yes, State::Settled(outcome)) = (kept, &commit.task.state) {
                let settle = settle(&commit.task, *outcome);
                self.metrics.settled(outcome.as_str(), settle);
            }
        }
    }
}

/// How long an account took to settle, if one did.
fn settle(task: &Task, outcome: Outcome) -> Option<std::time::Duration> {
    let settled = matches!(outcome, Outcome::Active | Outcome::Inactive(_));
    let (created, at) = task.created_at.zip(task.settled_at)?;
    settled.then(|| at.since(created))
}

#[async_trait]
impl Ledger for WatchedLedger {
    fn budgets(&self, world: &Arc<dyn World>) -> Arc<dyn Budgets> {
        self.ledger.budgets(world)
    }

    async fn open_batch(&self, batch: &Batch) -> Result<Batch, LedgerError> {
        self.timed("open_batch", self.ledger.open_batch(batch)).await
    }

    async fn batch(&self, id: &BatchId) -> Result<Option<Batch>, LedgerError> {
        self.timed("batch", self.ledger.batch(id)).await
    }

    async fn batches(&self) -> Result<Vec<Batch>, LedgerError> {
        self.timed("batches", self.ledger.batches()).await
    }

    async fn append(
        &self,
        batch: &BatchId,
        rows: &[NewRow],
        now: Timestamp,
    ) -> Result<Appended, LedgerError> {
        let appended = self.timed("append", self.ledger.append(batch, rows, now)).await?;
        for (result, rows) in [
            ("new", appended.new),
            ("resumed", appended.resumed),
            ("unchanged", appended.unchanged),
            ("changed", appended.changed),
            ("faulty", appended.faulty),
        ] {
            self.metrics.imported(result, rows);
        }
        Ok(appended)
    }

    async fn claim(&self, ask: &ClaimAsk) -> Result<Claimed, LedgerError> {
        self.pulse.claims();
        let claimed = self.timed("claim", self.ledger.claim(ask)).await;
        let failed = claimed.as_ref().err().map(ToString::to_string);
        self.pulse.claimed(failed);
        if let Ok(claimed) = &claimed {
            self.metrics.claimed(claimed.claims.len());
        }
        claimed
    }

    async fn commit(&self, commits: &[Commit], now: Timestamp) -> Result<Vec<Kept>, LedgerError> {
        let kept = self.timed("commit", self.ledger.commit(commits, now)).await?;
        self.count(commits, &kept);
        Ok(kept)
    }

    async fn extend(&self, leases: &[Lease], until: Timestamp) -> Result<(), LedgerError> {
        self.timed("extend", self.ledger.extend(leases, until)).await
    }

    async fn apply_to_batch(&self, id: &BatchId, order: &Order, now: Timestamp) -> Result<u64, LedgerError> {
        let applied = self.ledger.apply_to_batch(id, order, now);
        self.timed("apply_to_batch", applied).await
    }

    async fn set_pause(&self, which: &Which, pause: Option<&Pause>) -> Result<Vec<BatchId>, LedgerError> {
        self.timed("set_pause", self.ledger.set_pause(which, pause)).await
    }

    async fn cancel(&self, id: &BatchId) -> Result<(), LedgerError> {
        self.timed("cancel", self.ledger.cancel(id)).await
    }

    async fn set_weight(&self, id: &BatchId, weight: Weight) -> Result<(), LedgerError> {
        self.timed("set_weight", self.ledger.set_weight(id, weight)).await
    }

    async fn forget(&self, id: &BatchId) -> Result<bool, LedgerError> {
        self.timed("forget", self.ledger.forget(id)).await
    }

    async fn counts(&self, id: &BatchId) -> Result<Counts, LedgerError> {
        self.timed("counts", self.ledger.counts(id)).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, LedgerError> {
        self.timed("backlog", self.ledger.backlog(now)).await
    }

    async fn rows(&self, id: &BatchId, from: u64, max: u32) -> Result<Vec<RowView>, LedgerError> {
        self.timed("rows", self.ledger.rows(id, from, max)).await
    }

    async fn payload(&self, claim: &Claim) -> Result<Option<Arc<str>>, LedgerError> {
        self.timed("payload", self.ledger.payload(claim)).await
    }

    async fn tasks(
        &self,
        scope: &Scope,
        action: Action,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Task>>, LedgerError> {
        self.timed("tasks", self.ledger.tasks(scope, action, keys)).await
    }

    async fn history(
        &self,
        scope: &Scope,
        action: Action,
        key: &RowKey,
    ) -> Result<Vec<Attempt>, LedgerError> {
        self.timed("history", self.ledger.history(scope, action, key))
            .await
    }

    async fn time(&self) -> Result<Option<Timestamp>, LedgerError> {
        self.timed("time", self.ledger.time()).await
    }

    async fn examine(&self) -> Vec<Diagnosis> {
        self.ledger.examine().await
    }

    fn describe(&self) -> String {
        self.ledger.describe()
    }
}
