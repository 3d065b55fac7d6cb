//! Sets up desks: a job's text becomes a provider, a budget and rules. Concrete adapters are named here.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::providers::{self, Surroundings};
use super::{Env, Failure};
use crate::config::{Access, CallsOf, Job};
use crate::domain::batch::{Batch, Pause, PauseReason};
use crate::domain::ids::BatchId;
use crate::domain::machine::Rules;
use crate::domain::policy::rate::Window;
use crate::engine::advance::Desk;
use crate::engine::budget::{KindBudget, LocalBudget};
use crate::engine::gauge::ErrorGauge;
use crate::engine::ports::{Budget, Ledger, Provider, Which};
use crate::engine::sweep::PendingSet;
use crate::engine::watched::{WatchedBudget, WatchedProvider};
use crate::telemetry::metrics::Metrics;
use crate::worker::Desks;
use crate::world::World;

/// All desks of a process. Batches with the same credentials share a budget.
pub struct DeskRoom {
    ledger: Arc<dyn Ledger>,
    world: Arc<dyn World>,
    env: Env,
    metrics: Arc<Metrics>,
    desks: Mutex<HashMap<BatchId, Arc<Desk>>>,
    budgets: std::sync::Mutex<HashMap<String, Arc<dyn Budget>>>,
}

impl DeskRoom {
    /// An empty room.
    pub fn new(ledger: Arc<dyn Ledger>, world: Arc<dyn World>, env: Env, metrics: Arc<Metrics>) -> Self {
        Self {
            ledger,
            world,
            env,
            metrics,
            desks: Mutex::default(),
            budgets: std::sync::Mutex::default(),
        }
    }

    /// Nothing more leaves: whoever waits for a permit goes away without one.
    pub fn close(&self) {
        let budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        budgets.values().for_each(|budget| budget.close());
    }

    /// Sets up the desk of a batch, or says what is missing.
    /// `spent` says that calls were made for it before, perhaps until a moment ago.
    pub fn set_up(&self, batch: &Batch, spent: bool) -> Result<Desk, Failure> {
        let job = Job::parse(
            &batch.job_text,
            &format!("job {} of batch {}", batch.job, batch.id),
            &[],
        )?
        .job;
        let access = job.access(&*self.env)?;
        let budget = self.budget(&job, &access, spent);
        let provider = self.provider(&job, access, Arc::clone(&budget))?;
        let rules = Rules {
            contract: providers::idempotency(&job),
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
            throttle: std::sync::Mutex::default(),
        })
    }

    fn budget(&self, job: &Job, access: &Access, spent: bool) -> Arc<dyn Budget> {
        let owner = format!("{} {} {}", job.provider, access.base_url, access.client_id);
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = budgets.entry(owner).or_insert_with_key(|owner| {
            let budget = match [CallsOf::Writes, CallsOf::Reads].map(|of| job.windows(of).is_empty()) {
                [true, true] => self.budget_of(owner, &job.windows(CallsOf::All), spent),
                _ => self.budget_by_kind(job, owner, spent),
            };
            let (metrics, world) = (Arc::clone(&self.metrics), Arc::clone(&self.world));
            Arc::new(WatchedBudget::new(budget, metrics, world))
        });
        Arc::clone(budget)
    }

    /// Where the provider counts reads and writes apart.
    fn budget_by_kind(&self, job: &Job, owner: &str, spent: bool) -> Arc<dyn Budget> {
        let of = |of: CallsOf| {
            let windows = job.windows(of);
            let owner = format!("{owner} {}", of.as_str());
            (!windows.is_empty()).then(|| self.budget_of(&owner, &windows, spent))
        };
        Arc::new(KindBudget {
            all: of(CallsOf::All),
            writes: of(CallsOf::Writes),
            reads: of(CallsOf::Reads),
        })
    }

    fn budget_of(&self, owner: &str, windows: &[Window], spent: bool) -> Arc<dyn Budget> {
        match self.ledger.budgets(&self.world) {
            Some(shared) => shared.budget(owner, windows),
            None => Arc::new(LocalBudget::new(windows, spent, Arc::clone(&self.world))),
        }
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

#[async_trait]
impl Desks for DeskRoom {
    async fn desk(&self, batch: &BatchId) -> Option<Arc<Desk>> {
        let mut desks = self.desks.lock().await;
        if let Some(desk) = desks.get(batch) {
            return Some(Arc::clone(desk));
        }
        let found = match self.ledger.batch(batch).await {
            Ok(Some(found)) => found,
            Ok(None) => return None,
            Err(error) => {
                tracing::warn!(%error, "the batch cannot be read now; its rows are given back");
                return None;
            }
        };
        let spent = self
            .ledger
            .counts(batch)
            .await
            .map_or(true, |counts| counts.calls.iter().any(|calls| *calls > 0));
        match self.set_up(&found, spent) {
            Ok(desk) => {
                let desk = Arc::new(desk);
                desks.insert(batch.clone(), Arc::clone(&desk));
                Some(desk)
            }
            Err(failure) => {
                tracing::error!(%batch, "{failure}");
                let pause = Pause {
                    reason: PauseReason::Configuration,
                    detail: failure.message,
                    since: self.world.now(),
                    until: None,
                };
                if let Err(error) = self
                    .ledger
                    .set_pause(&Which::Batch(batch.clone()), Some(&pause))
                    .await
                {
                    tracing::warn!(%error, "the pause could not be written");
                }
                None
            }
        }
    }
}
