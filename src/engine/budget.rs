//! The budget of one process: several windows at once, a pause for everybody.
//!
//! `governor` paces: it spreads calls over a short window instead of sending them in a burst at its start. The
//! [`WindowLog`]s promise: no rolling window at the provider ever sees more than its limit, whatever the time
//! that calls spend on the way. Both are needed (docs/decisions/0004-budgets.md).

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{Mutex as Turnstile, watch};

use super::ports::{Budget, Permit};
use crate::domain::attempt::CallKind;
use crate::domain::policy::rate::{CallNo, Window, WindowLog};
use crate::domain::time::Timestamp;
use crate::world::World;

/// Longer windows are not paced: a small file at a provider with an hourly quota should go at once.
const PACED_WINDOW_MAX: Duration = Duration::from_secs(10);

/// The share of a window that may leave in one burst.
const BURST_DIVISOR: u32 = 10;

/// A budget held in this process alone.
pub struct LocalBudget {
    world: Arc<dyn World>,
    books: Arc<Mutex<Books>>,
    pacers: Vec<DefaultDirectRateLimiter>,
    /// Those who wait stand in line: one looks at the clock, the others do not wake for nothing.
    turnstile: Turnstile<()>,
    closed: watch::Sender<bool>,
}

struct Books {
    logs: Vec<WindowLog>,
    paused_until: Timestamp,
}

impl LocalBudget {
    /// A budget with these windows; none means no limit.
    pub fn new(windows: &[Window], world: Arc<dyn World>) -> Self {
        let logs = windows.iter().copied().map(WindowLog::new).collect();
        Self {
            world,
            books: Arc::new(Mutex::new(Books {
                logs,
                paused_until: Timestamp::from_ms(0),
            })),
            pacers: windows.iter().filter_map(pacer).collect(),
            turnstile: Turnstile::new(()),
            closed: watch::Sender::new(false),
        }
    }

    async fn wait_for_turn(&self) -> Vec<CallNo> {
        let _turn = self.turnstile.lock().await;
        for pacer in &self.pacers {
            pacer.until_ready().await;
        }
        loop {
            let now = self.world.steady();
            let free_at = {
                let mut books = lock(&self.books);
                let free_at = books.free_at(now);
                if free_at <= now {
                    return books.logs.iter_mut().map(|log| log.leave(now)).collect();
                }
                free_at
            };
            tokio::time::sleep(free_at.since(now)).await;
        }
    }
}

/// Spreads the calls of a short window.
fn pacer(window: &Window) -> Option<DefaultDirectRateLimiter> {
    let calls = NonZeroU32::new(window.calls)?;
    if window.per > PACED_WINDOW_MAX {
        return None;
    }
    let burst = NonZeroU32::new(calls.get() / BURST_DIVISOR).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(window.per / calls.get()).map(|quota| RateLimiter::direct(quota.allow_burst(burst)))
}

impl Books {
    fn free_at(&mut self, now: Timestamp) -> Timestamp {
        self.logs
            .iter_mut()
            .map(|log| log.free_at(now))
            .fold(self.paused_until, Timestamp::max)
    }
}

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Budget for LocalBudget {
    async fn permit(&self, _kind: CallKind) -> Option<Box<dyn Permit>> {
        let mut closed = self.closed.subscribe();
        let calls = tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => return None,
            calls = self.wait_for_turn() => calls,
        };
        Some(Box::new(LocalPermit {
            calls,
            books: Arc::clone(&self.books),
            world: Arc::clone(&self.world),
        }))
    }

    fn pause_for(&self, wait: Duration) {
        let until = self.world.steady().plus(wait);
        let mut books = lock(&self.books);
        books.paused_until = books.paused_until.max(until);
    }

    fn close(&self) {
        self.closed.send_replace(true);
    }

    fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }
}

struct LocalPermit {
    calls: Vec<CallNo>,
    books: Arc<Mutex<Books>>,
    world: Arc<dyn World>,
}

impl Permit for LocalPermit {}

impl Drop for LocalPermit {
    fn drop(&mut self) {
        let now = self.world.steady();
        let mut books = lock(&self.books);
        for (log, call) in books.logs.iter_mut().zip(&self.calls) {
            log.arrived(*call, now);
        }
    }
}
