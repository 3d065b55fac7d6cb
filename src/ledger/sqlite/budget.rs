//! Budgets whose long windows outlive the process: a quota by the hour holds across a restart.
//!
//! Each call that a long window counts is written down before it leaves. There are few: such a quota is tens or hundreds an
//! hour. Short windows are forgotten, and begin full where a process may have ended a moment ago.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::OnceCell;

use super::SqliteLedger;
use crate::domain::attempt::CallKind;
use crate::domain::policy::rate::Window;
use crate::domain::time::Timestamp;
use crate::engine::budget::{LocalBudget, PACED_WINDOW_MAX};
use crate::engine::ports::{Budget, Budgets, LedgerError, Permit, WindowedBudget};
use crate::world::World;

/// The budgets of a process that works a ledger in a file.
pub(super) struct FileBudgets {
    pub(super) ledger: SqliteLedger,
    pub(super) world: Arc<dyn World>,
}

impl Budgets for FileBudgets {
    fn budget(&self, owner: &str, windows: &[Window], spent: bool) -> Arc<dyn WindowedBudget> {
        Arc::new(FileBudget {
            local: LocalBudget::new(windows, spent, Arc::clone(&self.world)),
            owner: owner.into(),
            longest_ms: AtomicU64::new(longest_ms(windows)),
            ledger: self.ledger.clone(),
            world: Arc::clone(&self.world),
            remembered: OnceCell::new(),
        })
    }
}

/// The longest window whose calls are written down; 0 if none is.
fn longest_ms(windows: &[Window]) -> u64 {
    let long = windows
        .iter()
        .map(|window| window.per)
        .filter(|per| *per > PACED_WINDOW_MAX);
    long.max()
        .map_or(0, |per| u64::try_from(per.as_millis()).unwrap_or(u64::MAX))
}

struct FileBudget {
    local: LocalBudget,
    owner: Arc<str>,
    longest_ms: AtomicU64,
    ledger: SqliteLedger,
    world: Arc<dyn World>,
    remembered: OnceCell<()>,
}

impl FileBudget {
    fn longest(&self) -> Duration {
        Duration::from_millis(self.longest_ms.load(Ordering::Relaxed))
    }

    /// Takes the calls that other processes made as made.
    async fn remember(&self) -> Result<(), LedgerError> {
        let (owner, since) = (Arc::clone(&self.owner), self.world.now().minus(self.longest()));
        let calls = self
            .ledger
            .write(1, move |store| calls_since(&store.connection, &owner, since))
            .await?;
        let (now, steady) = (self.world.now(), self.world.steady());
        let ages = calls.into_iter().map(|at| now.since(at));
        self.local.remember(ages.map(|age| steady.minus(age)));
        Ok(())
    }

    async fn write_down(&self) -> Result<(), LedgerError> {
        let (owner, at) = (Arc::clone(&self.owner), self.world.now());
        let since = at.minus(self.longest());
        self.ledger
            .write(1, move |store| {
                forget_before(&store.connection, &owner, since)?;
                let mut insert = store
                    .connection
                    .prepare_cached("INSERT INTO calls VALUES (?1, ?2)")?;
                insert.execute((&*owner, at.as_ms()))?;
                Ok(())
            })
            .await
    }
}

/// The calls that count still, oldest first; drops the others.
fn calls_since(
    connection: &Connection,
    owner: &str,
    since: Timestamp,
) -> Result<Vec<Timestamp>, LedgerError> {
    forget_before(connection, owner, since)?;
    let mut select = connection.prepare_cached("SELECT at FROM calls WHERE owner = ?1 ORDER BY at")?;
    let times = select.query_map([owner], |row| Ok(Timestamp::from_ms(row.get(0)?)))?;
    Ok(times.collect::<Result<_, _>>()?)
}

fn forget_before(connection: &Connection, owner: &str, since: Timestamp) -> Result<(), LedgerError> {
    let mut drop = connection.prepare_cached("DELETE FROM calls WHERE owner = ?1 AND at < ?2")?;
    drop.execute((owner, since.as_ms()))?;
    Ok(())
}

#[async_trait]
impl Budget for FileBudget {
    async fn permit(&self, kind: CallKind) -> Option<Box<dyn Permit>> {
        if self.longest().is_zero() {
            return self.local.permit(kind).await;
        }
        let ready = self.remembered.get_or_try_init(|| self.remember()).await;
        let permit = match ready {
            Ok(()) => self.local.permit(kind).await?,
            Err(error) => return no_leave(&error),
        };
        match self.write_down().await {
            Ok(()) => Some(permit),
            Err(error) => no_leave(&error),
        }
    }

    fn pause_for(&self, wait: Duration) {
        self.local.pause_for(wait);
    }

    fn close(&self) {
        self.local.close();
    }

    fn is_closed(&self) -> bool {
        self.local.is_closed()
    }
}

impl WindowedBudget for FileBudget {
    fn hold_to(&self, windows: &[Window]) {
        self.longest_ms.store(longest_ms(windows), Ordering::Relaxed);
        self.local.hold_to(windows);
    }
}

/// A call that cannot be written down does not leave: the ledger is in trouble, and whoever works it says so.
fn no_leave(error: &LedgerError) -> Option<Box<dyn Permit>> {
    tracing::debug!(%error, "no leave: the call could not be written down");
    None
}
