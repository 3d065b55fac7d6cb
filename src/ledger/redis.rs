//! The ledger that many machines share: one Redis (or Valkey), 6.2 or newer.
//!
//! What becomes of a task is decided here, in Rust, by the same functions as in every ledger; scripts in Redis compare
//! and set, many tasks at a time: a task is written only if it still is what was seen. So each script is short and
//! bounded, and a repeated one does nothing twice. [`keys`] has the map of what lies where,
//! `docs/decisions/0013-redis-ledger.md` the reasons and the measurements.

mod append;
mod batches;
mod block;
pub mod budget;
mod bytes;
mod claim;
mod commit;
mod dial;
mod doubt;
mod examine;
mod forget;
mod keys;
mod link;
mod lua;
mod open;
mod orders;
mod pace;
mod payloads;
mod read;
mod reply;
mod save;
mod stored;
mod tasks;
mod trouble;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use redis::{Cmd, Value};

pub use self::examine::examine;

use self::budget::RedisBudgets;
use self::keys::Keys;
use self::link::{Link, Lua};
use self::payloads::Payloads;
use self::save::Lent;
use crate::config::RedisAccess;
use crate::config::redis_address::RedisPlace;
use crate::domain::attempt::Attempt;
use crate::domain::batch::{Backlog, Batch, Counts, Pause, Weight};
use crate::domain::diagnosis::Diagnosis;
use crate::domain::ids::{BatchId, RowKey, Scope};
use crate::domain::machine::Order;
use crate::domain::task::{Action, Task};
use crate::domain::time::Timestamp;
use crate::engine::ports::{
    Appended, Budgets, Claim, ClaimAsk, Claimed, Commit, Kept, Lease, Ledger, LedgerError, NewRow, RowView,
    Which,
};
use crate::ledger::turns::Turns;
use crate::world::World;

/// The format this program reads and writes. Any change to what lies in Redis needs a new one.
const FORMAT: &str = "2";

/// Tasks or rows in one script or pipeline: what bounds everybody's wait for it, about half a millisecond.
const CHUNK: usize = 250;

/// Times that something read is read again because somebody else changed it meanwhile.
const ROUNDS_MAX: u32 = 32;

/// A [`Ledger`] in Redis.
#[derive(Debug)]
pub struct RedisLedger {
    place: RedisPlace,
    link: Link,
    keys: Keys,
    turns: Mutex<Turns>,
    lent: Mutex<Lent>,
    payloads: Mutex<Payloads>,
}

impl RedisLedger {
    /// Connects, and makes the ledger if there is none of its name.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] when nobody answers; [`LedgerError::Unfit`] when the server lets us not in, is too
    /// old, or may throw away what it holds; [`LedgerError::Format`] when another version made it.
    pub async fn open(access: &RedisAccess) -> Result<Self, LedgerError> {
        let link = Link::open(access).await?;
        let keys = Keys::new(access.address.ledger());
        examine::refuse_unfit(&link).await?;
        open::open(&link, &keys).await?;
        Ok(Self {
            place: access.address.place().clone(),
            link,
            keys,
            turns: Mutex::default(),
            lent: Mutex::default(),
            payloads: Mutex::default(),
        })
    }

    /// Runs a script on this ledger's keys.
    async fn run(&self, lua: &Lua, fill: &(dyn Fn(&mut Cmd) + Sync)) -> Result<Value, LedgerError> {
        let with_format = |cmd: &mut Cmd| {
            cmd.arg(FORMAT);
            fill(cmd);
        };
        self.link.run(lua, &self.keys.meta(), &with_format).await
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Somebody else changes the same things faster than we can look.
fn too_busy(what: &str) -> LedgerError {
    LedgerError::Unavailable(format!(
        "{what}: others change it all the time; hint: run the same command again; workers try again by themselves"
    ))
}

#[async_trait]
impl Ledger for RedisLedger {
    fn budgets(&self, world: &Arc<dyn World>) -> Arc<dyn Budgets> {
        Arc::new(RedisBudgets::new(
            self.link.clone(),
            self.keys.clone(),
            Arc::clone(world),
        ))
    }

    async fn open_batch(&self, batch: &Batch) -> Result<Batch, LedgerError> {
        self.make_batch(batch).await
    }

    async fn batch(&self, id: &BatchId) -> Result<Option<Batch>, LedgerError> {
        self.find_batch(id).await
    }

    async fn batches(&self) -> Result<Vec<Batch>, LedgerError> {
        self.all_batches().await
    }

    async fn append(
        &self,
        batch: &BatchId,
        rows: &[NewRow],
        now: Timestamp,
    ) -> Result<Appended, LedgerError> {
        self.append_rows(batch, rows, now).await
    }

    async fn claim(&self, ask: &ClaimAsk) -> Result<Claimed, LedgerError> {
        self.claim_due(ask).await
    }

    async fn commit(&self, commits: &[Commit], now: Timestamp) -> Result<Vec<Kept>, LedgerError> {
        self.keep(commits, now).await
    }

    async fn extend(&self, leases: &[Lease], until: Timestamp) -> Result<(), LedgerError> {
        self.prolong(leases, until).await
    }

    async fn apply_to_batch(&self, id: &BatchId, order: &Order, now: Timestamp) -> Result<u64, LedgerError> {
        self.order_batch(id, order, now).await
    }

    async fn set_pause(&self, which: &Which, pause: Option<&Pause>) -> Result<Vec<BatchId>, LedgerError> {
        self.pause_batches(which, pause).await
    }

    async fn cancel(&self, id: &BatchId) -> Result<(), LedgerError> {
        self.set_field(id, "cancelled", "1").await
    }

    async fn set_weight(&self, id: &BatchId, weight: Weight) -> Result<(), LedgerError> {
        self.set_field(id, "weight", &weight.get().to_string()).await
    }

    async fn forget(&self, id: &BatchId) -> Result<bool, LedgerError> {
        self.forget_batch(id).await
    }

    async fn counts(&self, id: &BatchId) -> Result<Counts, LedgerError> {
        self.read_counts(id).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, LedgerError> {
        self.read_backlog(now).await
    }

    async fn rows(&self, id: &BatchId, from: u64, max: u32) -> Result<Vec<RowView>, LedgerError> {
        self.read_rows(id, from, max).await
    }

    async fn payload(&self, claim: &Claim) -> Result<Option<Arc<str>>, LedgerError> {
        self.read_payload(claim.lease.task).await
    }

    async fn tasks(
        &self,
        scope: &Scope,
        action: Action,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Task>>, LedgerError> {
        self.read_tasks(scope, action, keys).await
    }

    async fn history(
        &self,
        scope: &Scope,
        action: Action,
        key: &RowKey,
    ) -> Result<Vec<Attempt>, LedgerError> {
        self.read_history(scope, action, key).await
    }

    async fn time(&self) -> Result<Option<Timestamp>, LedgerError> {
        self.link.time().await.map(Some)
    }

    async fn examine(&self) -> Vec<Diagnosis> {
        match examine::look(&self.link, &self.place).await {
            Ok(found) => found,
            Err(error) => vec![Diagnosis::failing("redis", error.to_string(), "")],
        }
    }

    fn describe(&self) -> String {
        self.link.name().to_owned()
    }
}

#[cfg(test)]
#[path = "../../tests/it/redis_server.rs"]
#[allow(dead_code, reason = "the integration tests use the rest")]
pub(crate) mod redis_server;
