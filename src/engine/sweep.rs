//! Watching many pending accounts with few calls: the provider's list of pending accounts answers for all that
//! are on it; one that is not on it has probably settled and is looked at singly (providers.md 2.7).
//!
//! A list that changes while it is paged can skip an account. That costs one call, never a wrong answer.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use super::ports::Provider;
use crate::domain::ids::AccountId;
use crate::domain::policy::poll::list_is_cheaper;
use crate::domain::time::Timestamp;
use crate::world::World;

/// Rows on one page of the provider's list.
const PAGE_ROWS: u64 = 50;

/// No sweep reads more pages: 100,000 pending accounts.
const PAGES_MAX: u64 = 2_000;

/// Looks wanted before the size of the provider's list is worth a call.
const DEMAND_MIN: u64 = 20;

/// What the last sweep saw.
#[derive(Default)]
struct Snapshot {
    began_at: Option<Timestamp>,
    ended_at: Timestamp,
    pending: HashSet<AccountId>,
    total: Option<u64>,
    unusable_until: Timestamp,
}

/// The pending accounts as last listed, refreshed when that is cheaper than looking singly.
pub struct PendingSet {
    provider: Arc<dyn Provider>,
    world: Arc<dyn World>,
    fresh_for: Duration,
    snapshot: Mutex<Snapshot>,
    wanted: AtomicU64,
}

/// What the set says of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// It is still pending. So many calls were made to learn it; the next to ask pay nothing.
    Pending {
        /// List calls made for this answer.
        calls: u32,
    },
    /// Look at it.
    LookSingly {
        /// List calls made all the same.
        calls: u32,
    },
}

impl PendingSet {
    /// `poll_pause` is the shortest pause between two looks at a row; a listing may be half as old.
    pub fn new(provider: Arc<dyn Provider>, world: Arc<dyn World>, poll_pause: Duration) -> Self {
        let fresh_for = (poll_pause / 2).clamp(Duration::from_millis(100), Duration::from_secs(10));
        Self {
            provider,
            world,
            fresh_for,
            snapshot: Mutex::default(),
            wanted: AtomicU64::new(0),
        }
    }

    /// Whether `account`, known to exist since `created_at`, is on the list.
    pub async fn ask(&self, account: &AccountId, created_at: Timestamp) -> Listed {
        self.wanted.fetch_add(1, Ordering::Relaxed);
        let mut snapshot = self.snapshot.lock().await;
        let now = self.world.now();
        let mut calls = 0;
        if !snapshot.is_fresh(now, self.fresh_for) {
            let demand = self.wanted.swap(0, Ordering::Relaxed);
            if !snapshot.is_worth_it(demand, now) {
                return Listed::LookSingly { calls };
            }
            calls = self.refresh(&mut snapshot).await;
        }
        let covers = snapshot.began_at.is_some_and(|began| began > created_at);
        if covers && snapshot.pending.contains(account) {
            Listed::Pending { calls }
        } else {
            Listed::LookSingly { calls }
        }
    }

    async fn refresh(&self, snapshot: &mut Snapshot) -> u32 {
        let began_at = self.world.now();
        let mut pending = HashSet::new();
        let mut calls = 0;
        for page_no in 0..PAGES_MAX {
            let Some(page) = self.provider.list_pending(page_no * PAGE_ROWS).await else {
                snapshot.unusable_until = Timestamp::from_ms(i64::MAX);
                return calls;
            };
            calls += 1;
            if !page.answered {
                // Single looks meet whatever is wrong and say so; the list is tried again later.
                snapshot.unusable_until = self.world.now().plus(Duration::from_secs(5));
                snapshot.began_at = None;
                return calls;
            }
            let last = page.accounts.is_empty() || (page_no + 1) * PAGE_ROWS >= page.total;
            snapshot.total = Some(page.total);
            pending.extend(page.accounts);
            if last {
                break;
            }
        }
        snapshot.began_at = Some(began_at);
        snapshot.ended_at = self.world.now();
        snapshot.pending = pending;
        calls
    }
}

impl Snapshot {
    fn is_fresh(&self, now: Timestamp, fresh_for: Duration) -> bool {
        self.began_at.is_some() && now.since(self.ended_at) <= fresh_for
    }

    fn is_worth_it(&self, demand: u64, now: Timestamp) -> bool {
        now >= self.unusable_until
            && match self.total {
                None => demand >= DEMAND_MIN,
                Some(total) => list_is_cheaper(demand, total, PAGE_ROWS),
            }
    }
}
