//! The budget of one process: several windows at once, a pause for everybody.
//!
//! `governor` paces: it spreads calls over a short window instead of sending them in a burst at its start. The
//! [`WindowLog`]s promise: no rolling window at the provider ever sees more than its limit, whatever the time
//! that calls spend on the way. Both are needed (docs/decisions/0004-budgets.md).

mod gate;
mod kinds;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Mutex as Turnstile;

pub use self::gate::{Gate, LEAVE_WAIT_MAX};
pub use self::kinds::KindBudget;
use super::ports::{Budget, Permit, WindowedBudget};
use crate::domain::attempt::CallKind;
use crate::domain::policy::rate::{CallNo, Window, WindowLog};
use crate::domain::time::Timestamp;
use crate::world::World;

/// Longer windows are not paced: a small file at a provider with an hourly quota should go at once.
pub const PACED_WINDOW_MAX: Duration = Duration::from_secs(10);

/// The share of a window that may leave in one burst: half, so that time lost in a pause is made up for quickly
/// (with a tenth, a provider that answers one call in twenty with "wait a second" left us 20 calls a second of 200).
const BURST_DIVISOR: u32 = 2;

/// A budget held in this process alone.
pub struct LocalBudget {
    world: Arc<dyn World>,
    books: Arc<Mutex<Books>>,
    /// Those who wait stand in line: one looks at the clock, the others do not wake for nothing.
    turnstile: Turnstile<()>,
    gate: Gate,
}

struct Books {
    logs: Vec<WindowLog>,
    pacers: Arc<[DefaultDirectRateLimiter]>,
    last: CallNo,
    paused_until: Timestamp,
}

impl LocalBudget {
    /// A budget with these windows; none means no limit.
    ///
    /// `spent` says that another process may have used the budget until a moment ago (one that was killed): short
    /// windows then begin full, so that the provider sees no more than the limit across the restart.
    pub fn new(windows: &[Window], spent: bool, world: Arc<dyn World>) -> Self {
        let now = world.steady();
        let begin = |window: &Window| match spent && window.per <= PACED_WINDOW_MAX {
            true => WindowLog::full(*window, now),
            false => WindowLog::new(*window),
        };
        Self {
            world,
            books: Arc::new(Mutex::new(Books {
                logs: windows.iter().map(begin).collect(),
                pacers: windows.iter().filter_map(pacer).collect(),
                last: CallNo::default(),
                paused_until: Timestamp::from_ms(0),
            })),
            turnstile: Turnstile::new(()),
            gate: Gate::default(),
        }
    }

    /// Takes calls that others made at these times, by the steady clock and oldest first, as made. They count in the windows
    /// that no pace bounds; call it before the first permit.
    pub fn remember(&self, calls: impl Iterator<Item = Timestamp>) {
        let mut books = lock(&self.books);
        for at in calls {
            books.leave(at, |window| window.per > PACED_WINDOW_MAX);
        }
    }

    async fn wait_for_turn(&self) -> CallNo {
        let _turn = self.turnstile.lock().await;
        let pacers = Arc::clone(&lock(&self.books).pacers);
        for pacer in &*pacers {
            pacer.until_ready().await;
        }
        loop {
            let now = self.world.steady();
            let free_at = {
                let mut books = lock(&self.books);
                let free_at = books.free_at(now);
                if free_at <= now {
                    return books.leave(now, |_| true);
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

    /// A call leaves, and counts in these windows.
    fn leave(&mut self, at: Timestamp, counts: impl Fn(Window) -> bool) -> CallNo {
        self.last = self.last.next();
        for log in self.logs.iter_mut().filter(|log| counts(log.window())) {
            log.leave(self.last, at);
        }
        self.last
    }

    fn hold_to(&mut self, windows: &[Window]) {
        let longest = self.logs.iter().max_by_key(|log| log.window().per);
        let begin = |window: &Window| match longest {
            Some(log) => log.under(*window),
            None => WindowLog::new(*window),
        };
        self.logs = windows.iter().map(begin).collect();
        self.pacers = windows.iter().filter_map(pacer).collect();
    }
}

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Budget for LocalBudget {
    async fn permit(&self, _kind: CallKind) -> Option<Box<dyn Permit>> {
        let call = self.gate.pass(self.wait_for_turn()).await?;
        Some(Box::new(LocalPermit {
            call,
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
        self.gate.close();
    }

    fn is_closed(&self) -> bool {
        self.gate.is_closed()
    }
}

impl WindowedBudget for LocalBudget {
    fn hold_to(&self, windows: &[Window]) {
        lock(&self.books).hold_to(windows);
    }
}

struct LocalPermit {
    call: CallNo,
    books: Arc<Mutex<Books>>,
    world: Arc<dyn World>,
}

impl Permit for LocalPermit {}

impl Drop for LocalPermit {
    fn drop(&mut self) {
        let now = self.world.steady();
        let mut books = lock(&self.books);
        for log in &mut books.logs {
            log.arrived(self.call, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// tokio's clock, which a paused runtime moves on by itself.
    struct PausedWorld(tokio::time::Instant);

    #[allow(clippy::disallowed_methods, reason = "a simulated clock")]
    impl PausedWorld {
        fn new() -> Arc<Self> {
            Arc::new(Self(tokio::time::Instant::now()))
        }
    }

    impl World for PausedWorld {
        fn now(&self) -> Timestamp {
            self.steady()
        }

        fn steady(&self) -> Timestamp {
            Timestamp::from_ms(0).plus(self.0.elapsed())
        }

        fn dice(&self) -> Uuid {
            Uuid::nil()
        }
    }

    /// Longer than what `governor` paces: its clock cannot be paused.
    const LONG: Duration = Duration::from_secs(20);

    async fn leave_times(budget: &LocalBudget, world: &PausedWorld, calls: usize) -> Vec<Timestamp> {
        let mut times = Vec::new();
        for _ in 0..calls {
            let permit = loop {
                if let Some(permit) = budget.permit(CallKind::Submit).await {
                    break permit;
                }
            };
            times.push(world.steady());
            drop(permit);
        }
        times
    }

    #[tokio::test(start_paused = true)]
    async fn no_window_sees_more_than_its_limit_and_none_is_left_unused() {
        let world = PausedWorld::new();
        let windows = [
            Window { calls: 30, per: LONG },
            Window {
                calls: 70,
                per: LONG * 4,
            },
        ];
        let budget = LocalBudget::new(&windows, false, world.clone());
        let times = leave_times(&budget, &world, 200).await;
        for window in windows {
            for (index, end) in times.iter().enumerate() {
                let seen = times[..=index]
                    .iter()
                    .filter(|at| end.since(**at) < window.per)
                    .count();
                assert!(seen <= window.calls as usize, "{seen} calls in {window:?}");
            }
        }
        // 70 in each 80 s: the last of 200 leaves in the third span.
        let last = times.last().unwrap().since(Timestamp::from_ms(0));
        assert!(last < LONG * 9 + Duration::from_secs(1), "{last:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everybody() {
        let world = PausedWorld::new();
        let budget = LocalBudget::new(&[], false, world.clone());
        budget.pause_for(Duration::from_secs(7));
        budget.pause_for(Duration::from_secs(2));
        let times = leave_times(&budget, &world, 3).await;
        assert!(times.iter().all(|at| at.as_ms() >= 7_000), "{times:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_long_with_a_row_in_hand() {
        let world = PausedWorld::new();
        let budget = LocalBudget::new(&[], false, world.clone());
        budget.pause_for(LEAVE_WAIT_MAX * 2);
        assert!(budget.permit(CallKind::Submit).await.is_none());
        assert_eq!(world.steady().since(Timestamp::from_ms(0)), LEAVE_WAIT_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_when_it_closes_goes_without_a_permit() {
        let world = PausedWorld::new();
        let budget = Arc::new(LocalBudget::new(
            &[Window { calls: 1, per: LONG }],
            false,
            world.clone(),
        ));
        let first = budget.permit(CallKind::Submit).await;
        assert!(first.is_some());
        let waiting = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.permit(CallKind::Poll).await.is_none() }
        });
        tokio::task::yield_now().await;
        budget.close();
        assert!(waiting.await.unwrap());
        assert!(budget.permit(CallKind::Poll).await.is_none());
    }

    /// What was called before counts, whether the new limit is higher or lower.
    #[tokio::test(start_paused = true)]
    async fn windows_given_anew_hold_and_forget_no_call() {
        for (calls, waits) in [(5, true), (10, false)] {
            let world = PausedWorld::new();
            let windows = [Window { calls: 8, per: LONG }];
            let budget = LocalBudget::new(&windows, false, world.clone());
            leave_times(&budget, &world, 5).await;
            let on_its_way = budget.permit(CallKind::Submit).await;
            budget.hold_to(&[Window { calls, per: LONG }]);
            drop(on_its_way);
            let times = leave_times(&budget, &world, 4).await;
            let waited = |at: &Timestamp| at.since(Timestamp::from_ms(0)) >= LONG;
            assert_eq!(times.iter().all(waited), waits, "{calls}: {times:?}");
            assert_eq!(times.iter().any(waited), waits, "{calls}: {times:?}");
        }
        let world = PausedWorld::new();
        let budget = LocalBudget::new(&[Window { calls: 1, per: LONG }], false, world.clone());
        budget.hold_to(&[]);
        let times = leave_times(&budget, &world, 4).await;
        assert_eq!(times.last(), Some(&Timestamp::from_ms(0)), "none is no limit");
    }

    /// A process that was killed may have used the window; the next one does not know.
    #[tokio::test]
    async fn a_spent_budget_begins_with_short_windows_full() {
        let world = PausedWorld::new();
        let window = Window {
            calls: 5,
            per: Duration::from_millis(60),
        };
        let budget = LocalBudget::new(&[window], true, world.clone());
        let times = leave_times(&budget, &world, 1).await;
        assert!(times[0].as_ms() >= 60, "{times:?}");
    }
}
