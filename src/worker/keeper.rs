//! Keeps the leases of what is in hand, whatever else the worker waits for: a ledger that does not take a commit, a
//! provider that does not answer, the end of a drain.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::trouble::{Call, Patience, Trouble};
use crate::engine::lease::{LeaseWatch, Moment};
use crate::engine::ports::{Lease, Ledger, LedgerError};
use crate::telemetry::metrics::Metrics;
use crate::world::World;

/// Leases prolonged in one call: bounds the time a ledger is busy with us.
const BLOCK: usize = 512;

/// Leases are prolonged so many times in their length, so that two tries can fail.
const TIMES: u32 = 3;

/// A try that failed is made again within such a part of a lease's length.
const AGAIN_WITHIN: u32 = 12;

/// The leases in hand, each with the watch that its holder looks at before it sends. Whoever watches sees how many.
#[derive(Clone, Debug)]
pub(super) struct Held {
    leases: Arc<Mutex<HashMap<Lease, LeaseWatch>>>,
    metrics: Arc<Metrics>,
}

impl Held {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            leases: Arc::default(),
            metrics,
        }
    }

    pub(super) fn take(&self, lease: Lease, watch: LeaseWatch) {
        let mut leases = self.lock();
        leases.insert(lease, watch);
        self.metrics.holds(leases.len());
    }

    pub(super) fn let_go(&self, lease: &Lease) {
        let mut leases = self.lock();
        leases.remove(lease);
        self.metrics.holds(leases.len());
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nothing more is sent for what is in hand.
    pub(super) fn revoke(&self) {
        self.lock().values().for_each(LeaseWatch::revoke);
    }

    fn all(&self) -> Vec<Lease> {
        self.lock().keys().copied().collect()
    }

    fn prolonged(&self, leases: &[Lease], asked: Moment, length: Duration, told: Moment) {
        let held = self.lock();
        for watch in leases.iter().filter_map(|lease| held.get(lease)) {
            watch.prolonged(asked, length, told);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Lease, LeaseWatch>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Prolongs what is held, at its own pace.
pub(super) struct Keeper {
    ledger: Arc<dyn Ledger>,
    world: Arc<dyn World>,
    held: Held,
    length: Duration,
    patience: Patience,
}

impl Keeper {
    pub(super) fn new(
        ledger: Arc<dyn Ledger>,
        world: Arc<dyn World>,
        held: Held,
        length: Duration,
        trouble: &Arc<Trouble>,
    ) -> Self {
        Self {
            ledger,
            world,
            held,
            length,
            patience: Patience::new(Call::Extend, length / AGAIN_WITHIN, trouble),
        }
    }

    /// Goes on until it is dropped.
    pub(super) async fn run(mut self) -> Infallible {
        let mut pause = self.length / TIMES;
        loop {
            tokio::time::sleep(pause).await;
            pause = match self.extend().await {
                Ok(()) => {
                    self.patience.went_well();
                    self.length / TIMES
                }
                // Whoever claims and commits hears of it too, and ends the work; until then nothing more is sent.
                Err(LedgerError::Format { .. }) => {
                    self.held.revoke();
                    self.length / TIMES
                }
                Err(error) => {
                    let now = self.world.steady();
                    self.patience.failed(&error, now);
                    self.patience.wait(now).unwrap_or_default()
                }
            };
        }
    }

    async fn extend(&self) -> Result<(), LedgerError> {
        for block in self.held.all().chunks(BLOCK) {
            let asked = Moment::now(&*self.world);
            let until = self.world.now().plus(self.length);
            self.ledger.extend(block, until).await?;
            let told = Moment::now(&*self.world);
            self.held.prolonged(block, asked, self.length, told);
        }
        Ok(())
    }
}
