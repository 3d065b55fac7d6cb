//! Where a simulation's tasks lie: every ledger there is. All of them take the time from whoever calls, so that in each of
//! them eleven days can pass in a moment.
//!
//! Redis is a real server, and its answers take real time. The simulation stands still meanwhile: its clock moves on when
//! everybody waits, and somebody who waits for Redis must not look like that.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};

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
    Which,
};
use enlist::ledger::redis::RedisLedger;
use enlist::ledger::sqlite::SqliteLedger;
use enlist::world::World;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::unconstrained;

use crate::redis_server::RedisServer;

/// Makes ledgers of one kind, each of them empty.
pub(crate) enum Store {
    Sqlite,
    Redis(Server),
}

/// A Redis, and the threads that talk to it in real time.
pub(crate) struct Server {
    threads: Runtime,
    redis: RedisServer,
    made: AtomicU32,
}

/// Runs a test on each kind of ledger.
pub(crate) fn on_each(test: impl Fn(&Store)) {
    test(&Store::Sqlite);
    test(&Store::Redis(Server {
        threads: Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap(),
        redis: RedisServer::start(),
        made: AtomicU32::default(),
    }));
}

impl Store {
    pub(crate) fn ledger(&self) -> Arc<dyn Ledger> {
        let Self::Redis(server) = self else {
            return Arc::new(SqliteLedger::in_memory().unwrap());
        };
        let number = server.made.fetch_add(1, Ordering::Relaxed);
        let address = server.redis.address(&format!("l{number}")).parse().unwrap();
        let threads = server.threads.handle().clone();
        Arc::new(Aside {
            ledger: aside(&threads, RedisLedger::open(&address)).unwrap(),
            threads,
        })
    }
}

/// A ledger in real time: whoever asks it stands still until it answers, and simulated time with them.
struct Aside<L> {
    ledger: L,
    threads: Handle,
}

/// Carries a call out in the time of `threads`, on this thread, which sleeps while there is nothing to do.
fn aside<T>(threads: &Handle, call: impl Future<Output = T>) -> T {
    let _in_their_time = threads.enter();
    let waker = Arc::new(Sleeper(thread::current())).into();
    // A task may do only so much in one turn, and this whole call is one turn of the simulation.
    let mut call = pin!(unconstrained(call));
    loop {
        match call.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}

struct Sleeper(Thread);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl<L> Aside<L> {
    fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        aside(&self.threads, call)
    }
}

#[async_trait]
impl<L: Ledger> Ledger for Aside<L> {
    fn budgets(&self, world: &Arc<dyn World>) -> Arc<dyn Budgets> {
        self.ledger.budgets(world)
    }

    async fn open_batch(&self, batch: &Batch) -> Result<Batch, LedgerError> {
        self.wait(self.ledger.open_batch(batch))
    }

    async fn batch(&self, id: &BatchId) -> Result<Option<Batch>, LedgerError> {
        self.wait(self.ledger.batch(id))
    }

    async fn batches(&self) -> Result<Vec<Batch>, LedgerError> {
        self.wait(self.ledger.batches())
    }

    async fn append(
        &self,
        batch: &BatchId,
        rows: &[NewRow],
        now: Timestamp,
    ) -> Result<Appended, LedgerError> {
        self.wait(self.ledger.append(batch, rows, now))
    }

    async fn claim(&self, ask: &ClaimAsk) -> Result<Claimed, LedgerError> {
        self.wait(self.ledger.claim(ask))
    }

    async fn commit(&self, commits: &[Commit], now: Timestamp) -> Result<Vec<Kept>, LedgerError> {
        self.wait(self.ledger.commit(commits, now))
    }

    async fn extend(&self, leases: &[Lease], until: Timestamp) -> Result<(), LedgerError> {
        self.wait(self.ledger.extend(leases, until))
    }

    async fn apply_to_batch(&self, id: &BatchId, order: &Order, now: Timestamp) -> Result<u64, LedgerError> {
        self.wait(self.ledger.apply_to_batch(id, order, now))
    }

    async fn set_pause(&self, which: &Which, pause: Option<&Pause>) -> Result<Vec<BatchId>, LedgerError> {
        self.wait(self.ledger.set_pause(which, pause))
    }

    async fn cancel(&self, id: &BatchId) -> Result<(), LedgerError> {
        self.wait(self.ledger.cancel(id))
    }

    async fn set_weight(&self, id: &BatchId, weight: Weight) -> Result<(), LedgerError> {
        self.wait(self.ledger.set_weight(id, weight))
    }

    async fn forget(&self, id: &BatchId) -> Result<bool, LedgerError> {
        self.wait(self.ledger.forget(id))
    }

    async fn counts(&self, id: &BatchId) -> Result<Counts, LedgerError> {
        self.wait(self.ledger.counts(id))
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, LedgerError> {
        self.wait(self.ledger.backlog(now))
    }

    async fn rows(&self, id: &BatchId, from: u64, max: u32) -> Result<Vec<RowView>, LedgerError> {
        self.wait(self.ledger.rows(id, from, max))
    }

    async fn payload(&self, claim: &Claim) -> Result<Option<Arc<str>>, LedgerError> {
        self.wait(self.ledger.payload(claim))
    }

    async fn tasks(
        &self,
        scope: &Scope,
        action: Action,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Task>>, LedgerError> {
        self.wait(self.ledger.tasks(scope, action, keys))
    }

    async fn history(
        &self,
        scope: &Scope,
        action: Action,
        key: &RowKey,
    ) -> Result<Vec<Attempt>, LedgerError> {
        self.wait(self.ledger.history(scope, action, key))
    }

    async fn time(&self) -> Result<Option<Timestamp>, LedgerError> {
        self.wait(self.ledger.time())
    }

    async fn examine(&self) -> Vec<Diagnosis> {
        self.wait(self.ledger.examine())
    }

    fn describe(&self) -> String {
        self.ledger.describe()
    }
}
