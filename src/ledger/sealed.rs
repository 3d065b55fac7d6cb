//! Keeps what is secret from lying in a ledger in the open: seals rows on their way into any ledger, and opens them on their
//! way out. What is stored says by itself whether it is sealed and with which key, so a ledger can hold both.
//!
//! ```text
//!  append ─▶ seal payload, cells, faults ─▶ ┌────────┐ ─▶ open payload, or pause the batch ─▶ claim
//!  commit ─▶ seal what the provider said ─▶ │ ledger │ ─▶ open cells, faults, errors ───────▶ rows
//!                                           └────────┘    everything else passes through
//! ```
//!
//! It stands in front of every ledger, keys or none: a sealed payload must never be sent as it lies.

mod chance;
mod cipher;
mod keyring;
mod keys;
mod rows;
mod tasks;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use self::tasks::{Owner, Space};
use crate::domain::attempt::Attempt;
use crate::domain::batch::{Backlog, Batch, Counts, Pause, PauseReason, Weight};
use crate::domain::diagnosis::Diagnosis;
use crate::domain::ids::{BatchId, RowKey, Scope};
use crate::domain::machine::Order;
use crate::domain::task::{Action, Task};
use crate::domain::time::Timestamp;
use crate::engine::advance::give_back;
use crate::engine::ports::{
    Appended, Budgets, Claim, ClaimAsk, Claimed, Commit, Kept, Lease, Ledger, LedgerError, NewRow, RowView,
    Which,
};
use crate::world::World;

pub use keyring::{Keyring, KeyringError, NAMES, Names, fresh, fresh_id};

/// Why a row cannot be sealed or opened. Never says what is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Something must be sealed, and the keyring has no key for it.
    #[error(
        "rows must be sealed before they are stored, and there is no key; hint: `enlist keys new` prints what to put into \
         ENLIST_SEAL_KEYS, or into the file that ENLIST_SEAL_KEYS_FILE names"
    )]
    NoKeys,
    /// The keyring has no key that names.
    #[error(
        "the keyring has no key `{NAMES}`, which names what holds secrets; hint: `enlist keys new` prints one; all machines must \
         have the same"
    )]
    NoNames,
    /// Sealed with a key that is not in the ring.
    #[error(
        "sealed with the key {id}, which is not in the keyring; hint: put it back into ENLIST_SEAL_KEYS, or into the file that \
         ENLIST_SEAL_KEYS_FILE names, below the key that seals"
    )]
    NoKey {
        /// Its id.
        id: String,
    },
    /// It does not open.
    #[error(
        "sealed with a key {id}, and does not open: it was changed, or belongs to another row, or that was another key; hint: \
         see whether the keyring's {id} is the one it was sealed with"
    )]
    Broken {
        /// The key's id.
        id: String,
    },
    /// It looks sealed, and not by this version.
    #[error(
        "sealed in a form that this version does not know; hint: use the version of enlist that wrote it"
    )]
    Form,
    /// The operating system gave no random numbers.
    #[error("the operating system gives no random numbers; hint: see whether /dev/urandom can be read")]
    NoChance,
}

impl SealError {
    /// The error of the thing called `what`.
    fn of(self, what: impl std::fmt::Display) -> LedgerError {
        match self {
            Self::NoChance => LedgerError::Unavailable(self.to_string()),
            error => LedgerError::Sealed(format!("{what}: {error}")),
        }
    }
}

/// Batches whose scope is remembered; beyond them it is asked for again.
const SPACES_MAX: usize = 10_000;

/// A ledger in which secrets are sealed.
pub struct SealedLedger {
    inner: Arc<dyn Ledger>,
    ring: Arc<Keyring>,
    spaces: Mutex<HashMap<BatchId, Arc<Space>>>,
    /// The tasks in this process's hands whose payload is sealed: what the provider says of them is sealed as well.
    held: Mutex<HashMap<Lease, Owner>>,
}

impl SealedLedger {
    /// `inner`, behind this keyring.
    pub fn new(inner: Arc<dyn Ledger>, ring: Arc<Keyring>) -> Self {
        Self {
            inner,
            ring,
            spaces: Mutex::default(),
            held: Mutex::default(),
        }
    }

    /// Whose rows a batch's are; they never change.
    async fn space(&self, id: &BatchId) -> Result<Arc<Space>, LedgerError> {
        let known = || self.spaces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(space) = known().get(id) {
            return Ok(Arc::clone(space));
        }
        let batch = self.inner.batch(id).await?;
        let batch = batch.ok_or_else(|| LedgerError::NoBatch(id.clone()))?;
        let space = Arc::new(Space::of(&batch));
        let mut spaces = known();
        if spaces.len() >= SPACES_MAX {
            spaces.clear();
        }
        spaces.insert(id.clone(), Arc::clone(&space));
        Ok(space)
    }

    /// The claim with its payload open. [`Err`] when a key is missing, or the batch cannot be read now.
    async fn opened(&self, claim: &Claim) -> Result<Claim, LedgerError> {
        let owner = Owner {
            space: self.space(&claim.batch).await?,
            key: claim.key.clone(),
        };
        let (opened, was_sealed) = tasks::open(&self.ring, &owner, claim)
            .map_err(|error| error.of(format!("the request of row {}", claim.key.mark())))?;
        if was_sealed {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.insert(claim.lease, owner);
        }
        Ok(opened)
    }

    /// The commits with what the provider said of sealed payloads sealed; `None` when there are none such.
    fn sealed(&self, commits: &[Commit]) -> Result<Option<Vec<Commit>>, LedgerError> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if !commits.iter().any(|commit| held.contains_key(&commit.lease)) {
            return Ok(None);
        }
        let seal = |commit: &Commit| match held.get(&commit.lease) {
            Some(owner) => {
                let sealed = tasks::seal_errors(&self.ring, owner, commit);
                sealed.map_err(|error| error.of(format!("what is known of row {}", owner.key.mark())))
            }
            None => Ok(commit.clone()),
        };
        commits.iter().map(seal).collect::<Result<_, _>>().map(Some)
    }

    /// Rows that cannot be opened do not fail: their batches are paused, by name, and they are given back.
    async fn put_aside(&self, shut: Vec<Shut>, now: Timestamp) {
        let (mut paused, mut left) = (Vec::new(), Vec::new());
        let mut given_back = Vec::new();
        for Shut { claim, why } in &shut {
            if left.contains(&claim.batch) {
                continue;
            }
            if !paused.contains(&claim.batch) {
                if let Err(error) = self.pause(&claim.batch, why, now).await {
                    // Given back, they would be claimed again at once. Their leases run out.
                    say_left(&claim.batch, &error);
                    left.push(claim.batch.clone());
                    continue;
                }
                paused.push(claim.batch.clone());
            }
            given_back.push(give_back(claim, now));
        }
        if !given_back.is_empty()
            && let Err(error) = self.inner.commit(&given_back, now).await
        {
            tracing::warn!(%error, "rows that cannot be opened are left until their leases run out");
        }
    }

    async fn pause(&self, batch: &BatchId, why: &str, now: Timestamp) -> Result<(), LedgerError> {
        let pause = Pause {
            reason: PauseReason::Configuration,
            detail: why.split("; hint: ").next().unwrap_or_default().to_owned(),
            since: now,
            until: None,
        };
        tracing::error!(%batch, "paused: {why}");
        self.inner
            .set_pause(&Which::Batch(batch.clone()), Some(&pause))
            .await?;
        Ok(())
    }
}

/// A claim that does not open, and why.
struct Shut {
    claim: Claim,
    why: String,
}

fn say_left(batch: &BatchId, error: &LedgerError) {
    tracing::warn!(%error, %batch, "rows that cannot be opened are left until their leases run out");
}

#[async_trait]
impl Ledger for SealedLedger {
    async fn append(
        &self,
        batch: &BatchId,
        rows: &[NewRow],
        now: Timestamp,
    ) -> Result<Appended, LedgerError> {
        if rows.iter().all(rows::stands_as_it_is) {
            return self.inner.append(batch, rows, now).await;
        }
        let space = self.space(batch).await?;
        let sealed: Result<Vec<NewRow>, LedgerError> = rows
            .iter()
            .map(|row| {
                let sealed = rows::seal(&self.ring, &space, batch, row);
                sealed.map_err(|error| error.of(format!("line {}", row.line)))
            })
            .collect();
        self.inner.append(batch, &sealed?, now).await
    }

    async fn claim(&self, ask: &ClaimAsk) -> Result<Claimed, LedgerError> {
        let mut claimed = self.inner.claim(ask).await?;
        let (mut open, mut shut) = (Vec::with_capacity(claimed.claims.len()), Vec::new());
        // A call to the ledger may take seconds: what failed for a batch is not tried for each of its rows.
        let mut unread = Vec::new();
        for claim in claimed.claims {
            if !tasks::is_marked(&claim) {
                open.push(claim);
            } else if !unread.contains(&claim.batch) {
                match self.opened(&claim).await {
                    Ok(claim) => open.push(claim),
                    Err(LedgerError::Sealed(why)) => shut.push(Shut { claim, why }),
                    Err(error) => {
                        say_left(&claim.batch, &error);
                        unread.push(claim.batch);
                    }
                }
            }
        }
        if !shut.is_empty() {
            self.put_aside(shut, ask.now).await;
        }
        claimed.claims = open;
        Ok(claimed)
    }

    async fn commit(&self, commits: &[Commit], now: Timestamp) -> Result<Vec<Kept>, LedgerError> {
        let Some(sealed) = self.sealed(commits)? else {
            return self.inner.commit(commits, now).await;
        };
        let kept = self.inner.commit(&sealed, now).await?;
        // Not before: a commit that could not be saved is made again.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for commit in commits {
            held.remove(&commit.lease);
        }
        Ok(kept)
    }

    async fn rows(&self, id: &BatchId, from: u64, max: u32) -> Result<Vec<RowView>, LedgerError> {
        let mut views = self.inner.rows(id, from, max).await?;
        if views.iter().all(rows::reads_as_it_is) {
            return Ok(views);
        }
        let space = self.space(id).await?;
        for view in &mut views {
            rows::open(&self.ring, &space, id, view)
                .map_err(|error| error.of(format!("line {} of batch {id}", view.line)))?;
        }
        Ok(views)
    }

    async fn open_batch(&self, batch: &Batch) -> Result<Batch, LedgerError> {
        self.inner.open_batch(batch).await
    }

    async fn batch(&self, id: &BatchId) -> Result<Option<Batch>, LedgerError> {
        self.inner.batch(id).await
    }

    async fn batches(&self) -> Result<Vec<Batch>, LedgerError> {
        self.inner.batches().await
    }

    async fn extend(&self, leases: &[Lease], until: Timestamp) -> Result<(), LedgerError> {
        self.inner.extend(leases, until).await
    }

    async fn apply_to_batch(&self, id: &BatchId, order: &Order, now: Timestamp) -> Result<u64, LedgerError> {
        self.inner.apply_to_batch(id, order, now).await
    }

    async fn set_pause(&self, which: &Which, pause: Option<&Pause>) -> Result<Vec<BatchId>, LedgerError> {
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

    async fn payload(&self, claim: &Claim) -> Result<Option<Arc<str>>, LedgerError> {
        let payload = self.inner.payload(claim).await?;
        let claim = Claim {
            payload,
            ..claim.clone()
        };
        match tasks::is_marked(&claim) {
            true => Ok(self.opened(&claim).await?.payload),
            false => Ok(claim.payload),
        }
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

    fn budgets(&self, world: &Arc<dyn World>) -> Arc<dyn Budgets> {
        self.inner.budgets(world)
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, LedgerError> {
        self.inner.backlog(now).await
    }

    async fn time(&self) -> Result<Option<Timestamp>, LedgerError> {
        self.inner.time().await
    }

    async fn examine(&self) -> Vec<Diagnosis> {
        self.inner.examine().await
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

#[cfg(test)]
mod tests;
