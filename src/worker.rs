//! The role that runs tasks: apalis' worker runtime over the ledger's claims. apalis is known here alone.
//!
//! ```text
//!             claims                    hands                     one call
//!   ledger ───────────▶ pump ───────────────────▶ apalis worker ───────────▶ Desk::advance
//!     ▲                  │ ▲                                                      │
//!     └──────────────────┘ └──────────────────────────────────────────────────────┘
//!       commits, leases                        commits, slots
//! ```
//!
//! The pump owns the ledger's traffic: one round commits what is done and claims as many tasks as there are free
//! slots, while the keeper prolongs the leases of what is in hand. A slot is held from the claim until its commit is
//! saved, so nothing is claimed that cannot start, and a slow ledger slows the work instead of piling it up.

mod backend;
mod keeper;
mod pump;
mod trouble;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use apalis::layers::WorkerBuilderExt;
use apalis_core::monitor::Monitor;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::ext::parallelize::ParallelizeExt;
use async_trait::async_trait;
use futures_util::future::{Either, select};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

use crate::domain::ids::{BatchId, WorkerId};
use crate::domain::time::Timestamp;
use crate::engine::advance::{Desk, NO_LEAVE_PAUSE, give_back};
use crate::engine::lease::LeaseWatch;
use crate::engine::ports::{Claim, Commit, Lease, Ledger, LedgerError};
use crate::telemetry::metrics::Metrics;
use crate::world::World;

use backend::HandBackend;
use pump::Pump;
pub use trouble::patiently;

/// Times a panicking worker loop is started again before the process gives up.
const RESTARTS_MAX: usize = 100;

/// Finds the desk for a batch's tasks. Several jobs can be worked side by side.
#[async_trait]
pub trait Desks: Send + Sync {
    /// The desk, or `None` when there is none now: it cannot be set up (then the batch has been paused with the reason),
    /// or the batch cannot be read. Asked for again soon.
    async fn desk(&self, batch: &BatchId) -> Option<Arc<Desk>>;
}

/// How a worker works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name in leases.
    pub worker: WorkerId,
    /// Tasks in hand at once.
    pub in_flight: usize,
    /// How long a claim holds without being prolonged: the time after a crash until another worker goes on.
    pub lease: Duration,
    /// After a stop, how long calls on their way are waited for.
    pub drain: Duration,
    /// Only this batch, if given.
    pub only: Option<BatchId>,
}

/// Why the work stands or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Go on.
    Work,
    /// Finish what is in flight, give back the rest, end.
    Stop,
}

/// A task in the worker's hands, with its lease and the slot it fills.
#[derive(Debug)]
struct Hand {
    claim: Claim,
    lease: LeaseWatch,
    slot: OwnedSemaphorePermit,
}

/// What came of a hand: nothing, if its holder broke off in the middle.
struct Done {
    lease: Lease,
    commit: Option<Commit>,
    slot: OwnedSemaphorePermit,
}

/// Works until told to stop and drained. A ledger that does not answer is waited for.
///
/// # Errors
/// [`LedgerError::Format`] when another version has made the ledger its own while it was worked on. What was on its
/// way then has been waited for, and its rows are found again by that version.
pub async fn work(
    settings: Settings,
    ledger: Arc<dyn Ledger>,
    desks: Arc<dyn Desks>,
    world: Arc<dyn World>,
    metrics: Arc<Metrics>,
    signal: watch::Receiver<Signal>,
) -> Result<(), LedgerError> {
    let (hands_in, hands_out) = mpsc::channel(settings.in_flight.max(1));
    let (done_in, done_out) = mpsc::unbounded_channel();
    let shared_hands = Arc::new(tokio::sync::Mutex::new(hands_out));
    let name = settings.worker.to_string();
    let crew = Crew {
        desks,
        world: Arc::clone(&world),
        signal: signal.clone(),
        done: done_in,
    };
    let monitor = Monitor::new()
        .register(move |_| {
            let crew = crew.clone();
            WorkerBuilder::new(name.as_str())
                .backend(HandBackend::new(Arc::clone(&shared_hands)))
                .catch_panic()
                .parallelize(tokio::spawn)
                .build(move |hand: Hand| {
                    let crew = crew.clone();
                    async move { crew.take(hand).await }
                })
        })
        .should_restart(|worker, error| {
            tracing::error!(%error, "the worker loop ended; it is started again");
            worker.restarts() < RESTARTS_MAX
        });
    let pump = Pump::new(settings, ledger, world, metrics, hands_in, done_out, signal);
    let closing = pump.closing();
    let (monitored, pumped) = (pin!(monitor.run()), pin!(pump.run()));
    match select(monitored, pumped).await {
        // The pump closes the hands' channel, which ends the worker loop; what the last hands learned is still to be
        // saved.
        Either::Left((_, pumped)) if closing.load(Ordering::Relaxed) => pumped.await,
        Either::Left((ended, _)) => {
            tracing::error!(?ended, "the worker loop ended before it was told to");
            Ok(())
        }
        Either::Right((pumped, monitored)) => {
            if let Err(error) = monitored.await {
                tracing::error!(%error, "the worker loop did not end well");
            }
            pumped
        }
    }
}

/// What each hand needs.
#[derive(Clone)]
struct Crew {
    desks: Arc<dyn Desks>,
    world: Arc<dyn World>,
    signal: watch::Receiver<Signal>,
    done: mpsc::UnboundedSender<Done>,
}

impl Crew {
    async fn take(&self, hand: Hand) {
        let Hand { claim, lease, slot } = hand;
        let mut done = Unsent {
            to: &self.done,
            done: Some(Done {
                lease: claim.lease,
                commit: None,
                slot,
            }),
        };
        let stopping = *self.signal.borrow() == Signal::Stop;
        let desk = if stopping {
            None
        } else {
            self.desks.desk(&claim.batch).await
        };
        let commit = match desk {
            Some(desk) => desk.advance(claim, &lease).await,
            None if stopping => give_back(&claim, self.world.now()),
            None => put_off(&claim, self.world.now()),
        };
        if let Some(done) = &mut done.done {
            done.commit = Some(commit);
        }
    }
}

/// Given back as it is it would be claimed again at once, and nothing has changed by then.
fn put_off(claim: &Claim, now: Timestamp) -> Commit {
    let mut commit = give_back(claim, now);
    commit.task.due_at = commit.task.due_at.max(now.plus(NO_LEAVE_PAUSE));
    commit
}

/// Tells the pump what came of a hand, also when the hand panics.
struct Unsent<'a> {
    to: &'a mpsc::UnboundedSender<Done>,
    done: Option<Done>,
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        if let Some(done) = self.done.take() {
            // The pump outlives all hands; if it does not, the lease runs out and the task is found again.
            let _ = self.to.send(done);
        }
    }
}

#[cfg(test)]
mod tests;
