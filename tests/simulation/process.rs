//! One life of a worker process: claims, several calls in flight, commits in blocks, leases prolonged; until all is
//! done or it is struck. The shape of `worker::pump`, without apalis and without threads.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use enlist::domain::ids::WorkerId;
use enlist::domain::time::Timestamp;
use enlist::engine::advance::Desk;
use enlist::engine::lease::{LeaseWatch, Moment};
use enlist::engine::ports::{ClaimAsk, Commit, Kept, Lease};
use enlist::world::World;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::sleep;

use crate::fate::Point;
use crate::rig::Rig;
use crate::wire::Wire;

/// With nothing to do, looks again this often.
const IDLE: Duration = Duration::from_secs(60);

/// How a life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// No row has a step to do.
    Settled,
    /// Struck: everything but the ledger is gone.
    Died,
}

type Flight = Pin<Box<dyn Future<Output = Commit>>>;

/// A process and all it has in memory.
pub(crate) struct Process<'r> {
    rig: &'r Rig,
    worker: WorkerId,
    desk: Arc<Desk>,
    wire: Arc<Wire>,
    flights: FuturesUnordered<Flight>,
    held: Vec<(Lease, LeaseWatch)>,
    finished: Vec<Commit>,
    /// When the next task can be claimed, as far as is known.
    claim_at: Timestamp,
    extended_at: Timestamp,
    /// Nothing was due at the last claim, nor will be by itself.
    is_idle: bool,
}

impl<'r> Process<'r> {
    pub(crate) fn new(rig: &'r Rig) -> Self {
        let wire = Arc::new(Wire::new(Arc::clone(&rig.far), Arc::clone(&rig.fate)));
        Self {
            rig,
            worker: WorkerId::new(format!("w_{}", rig.world.dice().simple())),
            desk: Arc::new(rig.desk(&wire)),
            wire,
            flights: FuturesUnordered::new(),
            held: Vec::new(),
            finished: Vec::new(),
            claim_at: rig.world.now(),
            extended_at: rig.world.now(),
            is_idle: false,
        }
    }

    /// Works until all rows are settled, or dies.
    pub(crate) async fn live(mut self) -> End {
        loop {
            let Some(pause) = self.claim().await else {
                return End::Died;
            };
            let wire = Arc::clone(&self.wire);
            tokio::select! {
                biased;
                () = wire.struck() => return End::Died,
                Some(commit) = self.flights.next(), if !self.flights.is_empty() => self.finished.push(commit),
                () = sleep(pause) => {}
            }
            if !self.commit().await {
                return End::Died;
            }
            self.extend().await;
            self.rig.wake_the_paused().await;
            if self.is_idle && self.held.is_empty() && self.rig.open().await == 0 {
                return End::Settled;
            }
        }
    }

    /// Takes as many tasks as there is room for; how long to wait then. `None` when it died of it.
    async fn claim(&mut self) -> Option<Duration> {
        let rig = self.rig;
        let now = rig.world.now();
        let free = rig.plan.in_flight - self.held.len();
        if free > 0 && now >= self.claim_at {
            let ask = ClaimAsk {
                worker: self.worker.clone(),
                max: rig.dice(|dice| dice.index(1, free)),
                lease: rig.plan.lease,
                now,
                only: None,
            };
            let asked = Moment::now(&*rig.world);
            let claimed = rig.ledger.claim(&ask).await.unwrap();
            let idle = now.plus(IDLE);
            self.is_idle = claimed.claims.is_empty() && claimed.next_due.is_none();
            self.claim_at = claimed.next_due.map_or(idle, |due| due.min(idle));
            for claim in claimed.claims {
                rig.note_lease(claim.lease);
                let lease = LeaseWatch::new(asked, rig.plan.lease);
                self.held.push((claim.lease, lease.clone()));
                let desk = Arc::clone(&self.desk);
                self.flights
                    .push(Box::pin(async move { desk.advance(claim, &lease).await }));
            }
            if rig.fate.strikes(Point::Claimed) {
                return None;
            }
        }
        let mut pause = IDLE;
        if free > 0 {
            pause = pause.min(self.claim_at.since(now));
        }
        if !self.held.is_empty() {
            pause = pause.min(rig.plan.lease / 3);
        }
        Some(pause.max(Duration::from_millis(1)))
    }

    /// Saves what is finished, in an order of its own, in one block or two; or not yet. `false` when it died of it.
    async fn commit(&mut self) -> bool {
        let rig = self.rig;
        let wait = !self.flights.is_empty() && rig.dice(|dice| dice.chance(rig.plan.linger));
        if self.finished.is_empty() || wait {
            return true;
        }
        if rig.fate.strikes(Point::BeforeCommit) {
            return false;
        }
        let mut finished = std::mem::take(&mut self.finished);
        rig.dice(|dice| dice.shuffle(&mut finished));
        if rig.dice(|dice| dice.chance(rig.plan.pause_share)) {
            // It stands still for longer than its leases: others go on, and one day it wakes.
            rig.stand_still(finished);
            return false;
        }
        let second = finished.split_off(rig.dice(|dice| dice.index(1, finished.len())));
        self.save(finished).await;
        if rig.fate.strikes(Point::BetweenCommits) {
            return false;
        }
        if !second.is_empty() {
            self.save(second).await;
        }
        if rig.fate.strikes(Point::Committed) {
            return false;
        }
        true
    }

    async fn save(&mut self, commits: Vec<Commit>) {
        let rig = self.rig;
        let kept = rig.ledger.commit(&commits, rig.world.now()).await.unwrap();
        for (commit, kept) in commits.iter().zip(kept) {
            match kept {
                Kept::Yes => self.wire.saved(commit),
                Kept::Fenced if rig.plan.changes_data() => rig.tell("fenced by changed data"),
                Kept::Fenced => panic!("a lease that is held was not honoured: {commit:?}"),
            }
            let due = commit.task.due();
            self.claim_at = due.map_or(self.claim_at, |due| due.min(self.claim_at));
        }
        self.held
            .retain(|(lease, _)| !commits.iter().any(|commit| commit.lease == *lease));
    }

    async fn extend(&mut self) {
        let now = self.rig.world.now();
        if now.since(self.extended_at) >= self.rig.plan.lease / 3 {
            let until = now.plus(self.rig.plan.lease);
            let leases: Vec<Lease> = self.held.iter().map(|(lease, _)| *lease).collect();
            let asked = Moment::now(&*self.rig.world);
            self.rig.ledger.extend(&leases, until).await.unwrap();
            let told = Moment::now(&*self.rig.world);
            for (_, watch) in &self.held {
                watch.prolonged(asked, self.rig.plan.lease, told);
            }
            self.extended_at = now;
        }
    }
}
