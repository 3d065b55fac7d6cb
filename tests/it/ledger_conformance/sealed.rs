//! A ledger in which every row is sealed whole, whatever its import says: it keeps every law that the ledger behind it keeps.

use std::sync::Arc;

use async_trait::async_trait;
use enlist::domain::attempt::Attempt;
use enlist::domain::batch::{Backlog, Batch, Counts, Pause, Weight};
use enlist::domain::diagnosis::Diagnosis;
use enlist::domain::ids::{BatchId, RowKey, Scope};
use enlist::domain::machine::Order;
use enlist::domain::task::{Action, Task};
use enlist::domain::time::Timestamp;
use enlist::engine::ports::{
    Appended, Budgets, Claim, ClaimAsk, Claimed, Commit, Kept, Lease, Ledger, LedgerError, NewRow, RowView,
    Seal, Which,
};
use enlist::ledger::sealed::{Keyring, SealedLedger};
use enlist::world::World;

use super::Home;

const RING: &str =
    "new:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\nold:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

/// `inner`, with every row sealed.
pub(crate) fn sealed(inner: Arc<dyn Ledger>) -> Arc<dyn Ledger> {
    let ring = Arc::new(Keyring::parse(RING).unwrap());
    Arc::new(Everything(SealedLedger::new(inner, ring)))
}

/// A home whose ledgers are sealed.
pub(crate) struct Sealed<H>(pub(crate) H);

#[async_trait]
impl<H: Home> Home for Sealed<H> {
    async fn open(&self) -> Arc<dyn Ledger> {
        sealed(self.0.open().await)
    }
}

struct Everything(SealedLedger);

#[async_trait]
impl Ledger for Everything {
    async fn append(
        &self,
        batch: &BatchId,
        rows: &[NewRow],
        now: Timestamp,
    ) -> Result<Appended, LedgerError> {
        let whole = |row: &NewRow| NewRow {
            seal: Seal::Row,
            ..row.clone()
        };
        let rows: Vec<NewRow> = rows.iter().map(whole).collect();
        self.0.append(batch, &rows, now).await
    }

    async fn open_batch(&self, batch: &Batch) -> Result<Batch, LedgerError> {
        self.0.open_batch(batch).await
    }

    async fn batch(&self, id: &BatchId) -> Result<Option<Batch>, LedgerError> {
        self.0.batch(id).await
    }

    async fn batches(&self) -> Result<Vec<Batch>, LedgerError> {
        self.0.batches().await
    }

    async fn claim(&self, ask: &ClaimAsk) -> Result<Claimed, LedgerError> {
        self.0.claim(ask).await
    }

    async fn commit(&self, commits: &[Commit], now: Timestamp) -> Result<Vec<Kept>, LedgerError> {
        self.0.commit(commits, now).await
    }

    async fn extend(&self, leases: &[Lease], until: Timestamp) -> Result<(), LedgerError> {
        self.0.extend(leases, until).await
    }

    async fn apply_to_batch(&self, id: &BatchId, order: &Order, now: Timestamp) -> Result<u64, LedgerError> {
        self.0.apply_to_batch(id, order, now).await
    }

    async fn set_pause(&self, which: &Which, pause: Option<&Pause>) -> Result<Vec<BatchId>, LedgerError> {
        self.0.set_pause(which, pause).await
    }

    async fn cancel(&self, id: &BatchId) -> Result<(), LedgerError> {
        self.0.cancel(id).await
    }

    async fn set_weight(&self, id: &BatchId, weight: Weight) -> Result<(), LedgerError> {
        self.0.set_weight(id, weight).await
    }

    async fn forget(&self, id: &BatchId) -> Result<bool, LedgerError> {
        self.0.forget(id).await
    }

    async fn counts(&self, id: &BatchId) -> Result<Counts, LedgerError> {
        self.0.counts(id).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, LedgerError> {
        self.0.backlog(now).await
    }

    async fn rows(&self, id: &BatchId, from: u64, max: u32) -> Result<Vec<RowView>, LedgerError> {
        self.0.rows(id, from, max).await
    }

    async fn payload(&self, claim: &Claim) -> Result<Option<Arc<str>>, LedgerError> {
        self.0.payload(claim).await
    }

    async fn tasks(
        &self,
        scope: &Scope,
        action: Action,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Task>>, LedgerError> {
        self.0.tasks(scope, action, keys).await
    }

    async fn history(
        &self,
        scope: &Scope,
        action: Action,
        key: &RowKey,
    ) -> Result<Vec<Attempt>, LedgerError> {
        self.0.history(scope, action, key).await
    }

    fn budgets(&self, world: &Arc<dyn World>) -> Arc<dyn Budgets> {
        self.0.budgets(world)
    }

    async fn time(&self) -> Result<Option<Timestamp>, LedgerError> {
        self.0.time().await
    }

    async fn examine(&self) -> Vec<Diagnosis> {
        self.0.examine().await
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}
