//! The ledger's claims as an apalis backend. It never fails: what can go wrong with the ledger stays in the pump.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::RandomId;
use apalis_core::worker::context::WorkerContext;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, mpsc};
use tower_layer::Identity;

use super::Hand;

type Hands = Arc<Mutex<mpsc::Receiver<Hand>>>;

/// Yields hands until the pump closes the channel. Shared, so that a restarted worker loop goes on with it.
pub(super) struct HandBackend {
    hands: Hands,
    next: Option<BoxFuture<'static, Option<Hand>>>,
}

impl HandBackend {
    pub(super) fn new(hands: Hands) -> Self {
        Self { hands, next: None }
    }
}

impl Backend for HandBackend {
    type Task = Task<Hand>;
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Infallible>>> {
        let hands = &self.hands;
        let next = self.next.get_or_insert_with(|| {
            let hands = Arc::clone(hands);
            async move { hands.lock().await.recv().await }.boxed()
        });
        let Poll::Ready(hand) = next.poll_unpin(cx) else {
            return Poll::Pending;
        };
        self.next = None;
        Poll::Ready(hand.map(|hand| Ok(TaskBuilder::new(hand).build())))
    }

    fn poll_close(&mut self, _: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        // A worker whose backend has run dry waits for a stop (apalis-core 1.0 worker/handle.rs); nothing more comes.
        if let Err(error) = worker.stop() {
            tracing::debug!(%error, "the worker had stopped already");
        }
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for HandBackend {
    type Args = Hand;
    type Id = RandomId;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}
