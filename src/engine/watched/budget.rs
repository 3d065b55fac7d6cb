//! How long calls wait for leave.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::domain::attempt::CallKind;
use crate::engine::ports::{Budget, Permit};
use crate::telemetry::metrics::Metrics;
use crate::world::World;

/// A budget, watched.
pub struct WatchedBudget {
    budget: Arc<dyn Budget>,
    metrics: Arc<Metrics>,
    world: Arc<dyn World>,
}

impl WatchedBudget {
    /// `budget`, watched.
    pub fn new(budget: Arc<dyn Budget>, metrics: Arc<Metrics>, world: Arc<dyn World>) -> Self {
        Self {
            budget,
            metrics,
            world,
        }
    }
}

#[async_trait]
impl Budget for WatchedBudget {
    async fn permit(&self, kind: CallKind) -> Option<Box<dyn Permit>> {
        let began = self.world.stopwatch();
        let permit = self.budget.permit(kind).await;
        let wait = self.world.stopwatch().saturating_sub(began);
        self.metrics.waited(kind.as_str(), permit.is_some(), wait);
        permit
    }

    fn pause_for(&self, wait: Duration) {
        self.metrics.held_back();
        self.budget.pause_for(wait);
    }

    fn close(&self) {
        self.budget.close();
    }

    fn is_closed(&self) -> bool {
        self.budget.is_closed()
    }
}
