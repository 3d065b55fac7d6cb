//! Budgets that all processes share, with their numbers in Redis.
//!
//! ```text
//!   hands ── wait ──▶ asker ── one question for many hands ──▶ ask.lua: when calls may leave
//!     ▲                │ ▲                                      log of calls, pace, pause
//!     └── leave, when ─┘ └──── leave times, at most 100 ms ahead ────┘
//!         its time has come
//! ```
//!
//! The script promises: a call counts in each window until a whole window after it has certainly arrived, as in
//! [`crate::domain::policy::rate`]. The reasons and the figures are in docs/decisions/0007-shared-budget.md.

mod ask;
mod asker;
mod books;
mod clock;

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use super::keys::Keys;
use super::link::Link;
use crate::config::RedisAccess;
use crate::domain::attempt::CallKind;
use crate::domain::ids::Digest;
use crate::domain::policy::rate::Window;
use crate::engine::budget::Gate;
use crate::engine::ports::{Budget, Budgets, LedgerError, Permit, WindowedBudget};
use crate::world::World;
use asker::{Asker, Note, Place};

/// The budgets of a ledger in Redis.
pub struct RedisBudgets {
    link: Link,
    keys: Keys,
    world: Arc<dyn World>,
}

impl RedisBudgets {
    /// The budgets beside a ledger, over its connection.
    pub(super) fn new(link: Link, keys: Keys, world: Arc<dyn World>) -> Self {
        Self { link, keys, world }
    }

    /// The budgets of the ledger that `access` leads to, over a connection of their own.
    ///
    /// # Errors
    /// [`LedgerError::Unavailable`] when nobody answers.
    pub async fn open(access: &RedisAccess, world: Arc<dyn World>) -> Result<Self, LedgerError> {
        let link = Link::open(access).await?;
        Ok(Self::new(link, Keys::new(access.address.ledger()), world))
    }
}

impl Budgets for RedisBudgets {
    fn budget(&self, owner: &str, windows: &[Window], _spent: bool) -> Arc<dyn WindowedBudget> {
        let digest = Digest::of(owner.as_bytes()).to_string();
        let owner = digest.get(..32).unwrap_or(&digest);
        let worker = self.world.dice().simple().to_string();
        let worker = worker.get(..10).unwrap_or(&worker);
        Arc::new(RedisBudget::new(
            Place {
                link: self.link.clone(),
                key: self.keys.named(format_args!("limit:{owner}")),
                windows: windows_text(windows),
                worker: worker.to_owned(),
            },
            Arc::clone(&self.world),
        ))
    }
}

/// `900/5000 10000/3600000`: calls in milliseconds.
fn windows_text(windows: &[Window]) -> String {
    let mut text = String::new();
    for window in windows {
        let _ = write!(text, "{}/{} ", window.calls, window.per.as_millis().max(1));
    }
    text.truncate(text.trim_end().len());
    text
}

/// A budget shared with other processes.
struct RedisBudget {
    world: Arc<dyn World>,
    gate: Gate,
    notes: mpsc::UnboundedSender<Note>,
    /// Begins to ask when the first hand waits.
    asker: Mutex<Option<Asker>>,
}

impl RedisBudget {
    fn new(place: Place, world: Arc<dyn World>) -> Self {
        let gate = Gate::default();
        let (notes, read) = mpsc::unbounded_channel();
        let asker = Asker::new(place, Arc::clone(&world), read, notes.downgrade(), gate.closing());
        Self {
            world,
            gate,
            notes,
            asker: Mutex::new(Some(asker)),
        }
    }

    async fn turn(&self) -> Option<Box<dyn Permit>> {
        if let Some(asker) = self.asker.lock().unwrap_or_else(PoisonError::into_inner).take() {
            tokio::spawn(asker.run());
        }
        let (hand, leave) = oneshot::channel();
        self.notes.send(Note::Waits(hand)).ok()?;
        let (call, notes) = leave.await.ok()?.take()?;
        Some(Box::new(RedisPermit {
            call,
            notes,
            world: Arc::clone(&self.world),
        }))
    }
}

#[async_trait]
impl Budget for RedisBudget {
    async fn permit(&self, _kind: CallKind) -> Option<Box<dyn Permit>> {
        self.gate.pass(self.turn()).await.flatten()
    }

    fn pause_for(&self, wait: Duration) {
        let until = self.world.steady().plus(wait);
        let _ = self.notes.send(Note::Paused(until));
    }

    fn close(&self) {
        self.gate.close();
    }

    fn is_closed(&self) -> bool {
        self.gate.is_closed()
    }
}

impl WindowedBudget for RedisBudget {
    fn hold_to(&self, windows: &[Window]) {
        let _ = self.notes.send(Note::HoldTo(windows_text(windows)));
    }
}

struct RedisPermit {
    call: ask::CallNo,
    notes: mpsc::UnboundedSender<Note>,
    world: Arc<dyn World>,
}

impl Permit for RedisPermit {}

impl Drop for RedisPermit {
    fn drop(&mut self) {
        let _ = self.notes.send(Note::Arrived(self.call, self.world.steady()));
    }
}

/// Whole milliseconds.
fn ms(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
