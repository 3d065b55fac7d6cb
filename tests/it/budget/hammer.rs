//! Hands that call as fast as they may, and a judge of what arrived.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use enlist::config::RedisAccess;
use enlist::domain::attempt::CallKind;
use enlist::domain::policy::rate::Window;
use enlist::engine::ports::{Budget, Budgets as _, WindowedBudget};
use enlist::ledger::redis::budget::RedisBudgets;
use enlist::world::RealWorld;

use crate::redis_server::RedisServer;
use crate::support::Dice;

pub(crate) fn window(calls: u32, per_ms: u64) -> Window {
    Window {
        calls,
        per: Duration::from_millis(per_ms),
    }
}

/// The budget as another process would have it.
pub(crate) async fn budget(server: &RedisServer, windows: &[Window]) -> Arc<dyn WindowedBudget> {
    budget_at(&server.address("budgets"), windows).await
}

pub(crate) async fn budget_at(address: &str, windows: &[Window]) -> Arc<dyn WindowedBudget> {
    let access: RedisAccess = address.parse().unwrap();
    let budgets = RedisBudgets::open(&access, Arc::new(RealWorld::default()))
        .await
        .unwrap();
    budgets.budget("somebody", windows, false)
}

#[allow(
    clippy::disallowed_methods,
    reason = "calls are judged by the time at which they arrive"
)]
pub(crate) fn clock() -> Instant {
    Instant::now()
}

/// Calls made so far, and how many are to be made in all.
#[derive(Clone)]
pub(crate) struct Calls {
    left: Arc<Mutex<usize>>,
    arrivals: Arc<Mutex<Vec<Duration>>>,
    began: Instant,
}

impl Calls {
    pub(crate) fn up_to(calls: usize) -> Self {
        Self {
            left: Arc::new(Mutex::new(calls)),
            arrivals: Arc::default(),
            began: clock(),
        }
    }

    /// Whether one more is to be made.
    fn one_more(&self) -> bool {
        let mut left = self.left.lock().unwrap();
        let more = *left > 0;
        *left = left.saturating_sub(1);
        more
    }

    /// A call reaches the provider now.
    pub(crate) fn arrive(&self) {
        // The time is read under the lock: in the order of arrival.
        let mut arrivals = self.arrivals.lock().unwrap();
        arrivals.push(self.began.elapsed());
    }

    pub(crate) fn arrivals(&self) -> Vec<Duration> {
        self.arrivals.lock().unwrap().clone()
    }

    pub(crate) fn made(&self) -> usize {
        self.arrivals.lock().unwrap().len()
    }
}

/// Calls with so many hands until all are made; ends when the budget is closed.
pub(crate) async fn hammer(budget: Arc<dyn Budget>, hands: usize, seed: u64, calls: &Calls) {
    let (more, arrive) = (calls.clone(), calls.clone());
    hammer_with(
        budget,
        hands,
        seed,
        move || more.one_more(),
        move || arrive.arrive(),
    )
    .await;
}

/// Calls with so many hands while there is `more` to do; `arrive` is the provider.
pub(crate) async fn hammer_with(
    budget: Arc<dyn Budget>,
    hands: usize,
    seed: u64,
    more: impl Fn() -> bool + Clone + Send + Sync + 'static,
    arrive: impl Fn() + Clone + Send + Sync + 'static,
) {
    let working = (0..hands).map(|hand| {
        let (budget, more, arrive) = (Arc::clone(&budget), more.clone(), arrive.clone());
        tokio::spawn(async move {
            let mut dice = Dice::new(seed * 1_000 + hand as u64);
            while more() {
                let permit = loop {
                    match budget.permit(CallKind::Submit).await {
                        Some(permit) => break permit,
                        None if budget.is_closed() => return,
                        None => {}
                    }
                };
                tokio::time::sleep(Duration::from_millis(dice.between(0, 30))).await;
                arrive();
                tokio::time::sleep(Duration::from_millis(dice.between(0, 10))).await;
                drop(permit);
            }
        })
    });
    for hand in working.collect::<Vec<_>>() {
        hand.await.unwrap();
    }
}

/// No rolling window saw more than its limit.
pub(crate) fn judge(arrivals: &[Duration], windows: &[Window]) {
    let mut arrivals = arrivals.to_vec();
    arrivals.sort_unstable();
    for window in windows {
        let mut seen: VecDeque<Duration> = VecDeque::new();
        for at in &arrivals {
            seen.push_back(*at);
            while *at - seen[0] >= window.per {
                seen.pop_front();
            }
            assert!(
                seen.len() <= window.calls as usize,
                "{} calls in {window:?} at {at:?}",
                seen.len()
            );
        }
    }
}
