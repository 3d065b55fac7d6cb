//! Sets up desks: a job's text becomes a provider (`app::providers`), a budget and rules.

mod shelf;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use secrecy::ExposeSecret as _;

use self::shelf::{Found, Shelf, Standing};

use super::providers::{self, Surroundings};
use super::{Env, Failure};
use crate::config::{Access, CallsOf, Job};
use crate::domain::batch::{Batch, Pause, PauseReason};
use crate::domain::ids::{BatchId, Digest};
use crate::domain::machine::Rules;
use crate::domain::policy::rate::Window;
use crate::engine::advance::Desk;
use crate::engine::budget::KindBudget;
use crate::engine::gauge::ErrorGauge;
use crate::engine::ports::{Budget, Ledger, LedgerError, Provider, Which, WindowedBudget};
use crate::engine::sweep::PendingSet;
use crate::engine::watched::{WatchedBudget, WatchedProvider};
use crate::telemetry::metrics::Metrics;
use crate::worker::Desks;
use crate::world::World;

/// The budget of a credential, and the windows it is held to.
struct Limit {
    windows: Vec<Window>,
    budget: Arc<dyn WindowedBudget>,
}

/// All desks of a process. Batches with the same credentials share a budget.
pub struct DeskRoom {
    ledger: Arc<dyn Ledger>,
    world: Arc<dyn World>,
    env: Env,
    metrics: Arc<Metrics>,
    shelf: Mutex<Shelf>,
    /// Held by the one who sets up a desk, or looks whether one is still good.
    setting_up: tokio::sync::Mutex<()>,
    budgets: Mutex<HashMap<String, Limit>>,
}

impl DeskRoom {
    /// An empty room.
    pub fn new(ledger: Arc<dyn Ledger>, world: Arc<dyn World>, env: Env, metrics: Arc<Metrics>) -> Self {
        Self {
            ledger,
            world,
            env,
            metrics,
            shelf: Mutex::default(),
            setting_up: tokio::sync::Mutex::default(),
            budgets: Mutex::default(),
        }
    }

    /// Nothing more leaves: whoever waits for a permit goes away without one.
    pub fn close(&self) {
        let budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        budgets.values().for_each(|limit| limit.budget.close());
    }

    /// Sets up the desk of a batch, or says what is missing.
    /// `spent` says that calls were made for it before, perhaps until a moment ago.
    pub fn set_up(&self, batch: &Batch, spent: bool) -> Result<Desk, Failure> {
        let (job, access) = self.prepare(batch)?;
        self.furnish(batch, &job, access, spent)
    }

    fn prepare(&self, batch: &Batch) -> Result<(Job, Access), Failure> {
        let called = format!("job {} of batch {}", batch.job, batch.id);
        let job = Job::parse(&batch.job_text, &called, &[])?.job;
        let access = job.access(&*self.env)?;
        Ok((job, access))
    }

    fn furnish(&self, batch: &Batch, job: &Job, access: Access, spent: bool) -> Result<Desk, Failure> {
        let budget = self.budget(job, &access, spent);
        let provider = self.provider(job, access, Arc::clone(&budget))?;
        let rules = Rules {
            contract: providers::idempotency(job),
            retry: job.retry.policy(),
            poll: job.poll.policy(),
        };
        let pending = job.poll.in_sets.then(|| {
            PendingSet::new(
                Arc::clone(&provider),
                Arc::clone(&self.world),
                rules.poll.pause.first,
            )
        });
        Ok(Desk {
            scope: batch.scope.clone(),
            rules,
            provider,
            budget,
            ledger: Arc::clone(&self.ledger),
            world: Arc::clone(&self.world),
            pending,
            gauge: ErrorGauge::new(job.limits.error_rate_over, job.limits.error_rate_max),
            strikes: 0.into(),
            throttle: Mutex::default(),
            paused: false.into(),
        })
    }

    fn budget(&self, job: &Job, access: &Access, spent: bool) -> Arc<dyn Budget> {
        let owner = format!("{} {} {}", job.provider, access.base_url, access.client_id);
        let budget = match [CallsOf::Writes, CallsOf::Reads].map(|of| job.windows(of).is_empty()) {
            [true, true] => self.budget_of(&owner, job.windows(CallsOf::All), spent),
            _ => self.budget_by_kind(job, &owner, spent),
        };
        let (metrics, world) = (Arc::clone(&self.metrics), Arc::clone(&self.world));
        Arc::new(WatchedBudget::new(budget, metrics, world))
    }

    /// Where the provider counts reads and writes apart.
    fn budget_by_kind(&self, job: &Job, owner: &str, spent: bool) -> Arc<dyn Budget> {
        let of = |of: CallsOf| {
            let windows = job.windows(of);
            let owner = format!("{owner} {}", of.as_str());
            (!windows.is_empty()).then(|| self.budget_of(&owner, windows, spent))
        };
        Arc::new(KindBudget {
            all: of(CallsOf::All),
            writes: of(CallsOf::Writes),
            reads: of(CallsOf::Reads),
        })
    }

    /// The windows given last hold, for the desks set up before too.
    fn budget_of(&self, owner: &str, windows: Vec<Window>, spent: bool) -> Arc<dyn Budget> {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = match budgets.entry(owner.to_owned()) {
            Entry::Occupied(known) => {
                let limit = known.into_mut();
                if limit.windows != windows {
                    limit.budget.hold_to(&windows);
                    limit.windows = windows;
                }
                limit
            }
            Entry::Vacant(place) => {
                let budget = self.ledger.budgets(&self.world).budget(owner, &windows, spent);
                place.insert(Limit { windows, budget })
            }
        };
        Arc::clone(&limit.budget) as Arc<dyn Budget>
    }

    fn provider(
        &self,
        job: &Job,
        access: Access,
        budget: Arc<dyn Budget>,
    ) -> Result<Arc<dyn Provider>, Failure> {
        let (world, metrics) = (Arc::clone(&self.world), Arc::clone(&self.metrics));
        let around = Surroundings {
            budget,
            world,
            metrics,
        };
        let provider = providers::provider(job, access, around)?;
        Ok(Arc::new(WatchedProvider::new(
            provider,
            Arc::clone(&self.metrics),
        )))
    }
}

/// The digest of all that a desk is set up from.
fn basis(batch: &Batch, access: &Access) -> Digest {
    Digest::of_parts(&[
        batch.job_text.as_bytes(),
        access.base_url.as_str().as_bytes(),
        access
            .token_url
            .as_ref()
            .map_or("", |url| url.as_str())
            .as_bytes(),
        access.client_id.as_bytes(),
        access.client_secret.expose_secret().as_bytes(),
        access.scopes.join(",").as_bytes(),
        access.account.as_bytes(),
    ])
}

#[async_trait]
impl Desks for DeskRoom {
    async fn desk(&self, id: &BatchId) -> Option<Arc<Desk>> {
        match self.shelf().find(id, self.world.steady()) {
            Found::Desk(desk) => return Some(desk),
            Found::NotNow => return None,
            Found::Stale(_) | Found::Nothing => {}
        }
        // One at a time: a worker's hands meet a new batch all at once. Whoever has a desk does not wait.
        let _turn = self.setting_up.lock().await;
        let stale = match self.shelf().find(id, self.world.steady()) {
            Found::Desk(desk) => return Some(desk),
            Found::NotNow => return None,
            Found::Stale(standing) => Some(standing),
            Found::Nothing => None,
        };
        let batch = match self.ledger.batch(id).await {
            Ok(Some(batch)) => batch,
            Ok(None) => return self.none(id, &LedgerError::NoBatch(id.clone())),
            Err(error) => return self.none(id, &error),
        };
        let standing = match (self.prepare(&batch), stale) {
            (Ok((_, access)), Some(stale)) if basis(&batch, &access) == stale.basis => stale,
            // Somebody may be writing the file just now. What is in hand is as good as before.
            (Err(_), Some(stale)) => stale,
            (Ok((job, access)), _) => match self.stand(&batch, &job, access).await {
                Ok(standing) => standing,
                Err(failure) => return self.pause(id, failure).await,
            },
            (Err(failure), None) => return self.pause(id, failure).await,
        };
        let desk = Arc::clone(&standing.desk);
        self.shelf().put(id, standing, self.world.steady());
        Some(desk)
    }
}

impl DeskRoom {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn stand(&self, batch: &Batch, job: &Job, access: Access) -> Result<Standing, Failure> {
        let counts = self.ledger.counts(&batch.id).await;
        let spent = counts.map_or(true, |counts| counts.calls.iter().any(|calls| *calls > 0));
        Ok(Standing {
            basis: basis(batch, &access),
            desk: Arc::new(self.furnish(batch, job, access, spent)?),
        })
    }

    /// There is no desk, since the batch cannot be read now.
    fn none(&self, id: &BatchId, error: &LedgerError) -> Option<Arc<Desk>> {
        if self.shelf().miss(id, self.world.steady()) {
            tracing::warn!(
                batch = %id,
                "the batch cannot be read, and its rows wait until it can; hint: `enlist doctor` looks at the ledger: {error}"
            );
        }
        None
    }

    /// There is no desk, and will be none before somebody has put right what is wrong.
    async fn pause(&self, id: &BatchId, failure: Failure) -> Option<Arc<Desk>> {
        let is_news = self.shelf().miss(id, self.world.steady());
        let said = failure.to_string();
        let pause = Pause {
            reason: PauseReason::Configuration,
            detail: failure.message,
            since: self.world.now(),
            until: None,
        };
        let which = Which::Batch(id.clone());
        match self.ledger.set_pause(&which, Some(&pause)).await {
            Ok(paused) if paused.is_empty() => {}
            Ok(_) => tracing::error!(batch = %id, "paused: {said}"),
            Err(error) if is_news => {
                tracing::warn!(batch = %id, "{said}; the pause could not be written: {error}")
            }
            Err(error) => tracing::debug!(batch = %id, %error, "the pause could not be written"),
        }
        None
    }
}

#[cfg(test)]
mod tests;
