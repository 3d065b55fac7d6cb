//! The pump: the one that talks to the ledger. Rounds of commit and claim, at our own pace; leases are kept beside them.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::keeper::{Held, Keeper};
use super::trouble::{Call, PAUSE_MAX, Patience, Trouble};
use super::{Done, Hand, Settings, Signal};
use crate::domain::time::Timestamp;
use crate::engine::lease::{LeaseWatch, Moment};
use crate::engine::ports::{ClaimAsk, Claimed, Commit, Kept, Ledger, LedgerError};
use crate::telemetry::metrics::Metrics;
use crate::world::World;

/// Commits and claims in one round: bounds the time a ledger is busy with us.
const BLOCK: usize = 512;

/// Rounds are at least this far apart, so that commits travel together.
const ROUND_MIN: Duration = Duration::from_millis(4);

/// Without news the ledger is asked this often: other processes import, resume and die.
const IDLE: Duration = Duration::from_millis(200);

pub(super) struct Pump {
    settings: Settings,
    ledger: Arc<dyn Ledger>,
    world: Arc<dyn World>,
    hands: Option<mpsc::Sender<Hand>>,
    done: mpsc::UnboundedReceiver<Done>,
    signal: watch::Receiver<Signal>,
    /// Set once no more hands are given out: the worker loop's end is meant then.
    closing: Arc<AtomicBool>,
    slots: Arc<Semaphore>,
    held: Held,
    /// What is finished and not saved yet, with the slots it fills until then.
    unsaved: Vec<Commit>,
    filled: Vec<OwnedSemaphorePermit>,
    /// When it is time to claim again, by the steady clock: the time of day can be set back.
    claim_at: Timestamp,
    committing: Patience,
    claiming: Patience,
    trouble: Arc<Trouble>,
    /// Why the ledger cannot be used any more.
    broken: Option<LedgerError>,
    /// Whether nobody is left who could bring anything.
    is_alone: bool,
}

impl Pump {
    pub(super) fn new(
        settings: Settings,
        ledger: Arc<dyn Ledger>,
        world: Arc<dyn World>,
        metrics: Arc<Metrics>,
        hands: mpsc::Sender<Hand>,
        done: mpsc::UnboundedReceiver<Done>,
        signal: watch::Receiver<Signal>,
    ) -> Self {
        let slots = Arc::new(Semaphore::new(settings.in_flight.max(1)));
        let trouble = Arc::default();
        Self {
            settings,
            ledger,
            claim_at: world.steady(),
            world,
            hands: Some(hands),
            done,
            signal,
            closing: Arc::default(),
            slots,
            held: Held::new(metrics),
            unsaved: Vec::new(),
            filled: Vec::new(),
            committing: Patience::new(Call::Commit, PAUSE_MAX, &trouble),
            claiming: Patience::new(Call::Claim, PAUSE_MAX, &trouble),
            trouble,
            broken: None,
            is_alone: false,
        }
    }

    /// Says when no more hands are given out.
    pub(super) fn closing(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.closing)
    }

    /// Until told to stop and drained. Trouble with the ledger is waited out; the one error is a ledger that another
    /// version has made its own.
    pub(super) async fn run(mut self) -> Result<(), LedgerError> {
        let keeper = Keeper::new(
            Arc::clone(&self.ledger),
            Arc::clone(&self.world),
            self.held.clone(),
            self.settings.lease,
            &self.trouble,
        );
        match select(pin!(self.rounds()), pin!(keeper.run())).await {
            Either::Left((ended, _)) => ended,
            Either::Right((never, _)) => match never {},
        }
    }

    async fn rounds(&mut self) -> Result<(), LedgerError> {
        let mut drain_until = None;
        loop {
            self.wait().await;
            self.commit().await;
            if self.is_stopping() {
                // Hands not started yet come back as they are; those on their way are waited for.
                self.closing.store(true, Ordering::Relaxed);
                self.hands = None;
                let now = self.world.steady();
                let until = *drain_until.get_or_insert_with(|| now.plus(self.settings.drain));
                let is_drained = self.held.is_empty() || (self.is_alone && self.unsaved.is_empty());
                if is_drained || now >= until {
                    break;
                }
            } else {
                self.claim().await;
            }
        }
        if !self.held.is_empty() {
            tracing::warn!(
                calls = self.held.len(),
                "calls on their way or not saved are left; their rows go on when the leases run out"
            );
        }
        self.broken.take().map_or(Ok(()), Err)
    }

    fn is_stopping(&self) -> bool {
        self.broken.is_some() || *self.signal.borrow() == Signal::Stop
    }

    /// Until something is finished, something is due, or the signal changes; and never a busy loop.
    async fn wait(&mut self) {
        let stopping = self.hands.is_none();
        let can_bring = !self.held.is_empty() && !self.is_alone;
        let pause = self.pause();
        let mut finished = Vec::new();
        tokio::select! {
            biased;
            brought = self.done.recv_many(&mut finished, BLOCK), if can_bring => {
                self.is_alone = brought == 0;
                // Let others that finish at about the same time come along.
                tokio::time::sleep(ROUND_MIN).await;
                while finished.len() < BLOCK && let Ok(done) = self.done.try_recv() {
                    finished.push(done);
                }
            }
            _ = self.signal.changed(), if !stopping => {}
            () = tokio::time::sleep(pause) => {}
        }
        for Done { lease, commit, slot } in finished {
            match commit {
                Some(commit) => {
                    self.unsaved.push(commit);
                    self.filled.push(slot);
                }
                // Its holder broke off. Nobody keeps the lease, so that the row is found again.
                None => self.held.let_go(&lease),
            }
        }
    }

    fn pause(&self) -> Duration {
        let now = self.world.steady();
        if !self.unsaved.is_empty() {
            return self.committing.wait(now).unwrap_or(ROUND_MIN);
        }
        if self.hands.is_none() || self.slots.available_permits() == 0 {
            return IDLE;
        }
        let until_claim = self.claim_at.since(now).clamp(ROUND_MIN, IDLE);
        self.claiming
            .wait(now)
            .map_or(until_claim, |wait| wait.max(until_claim))
    }

    /// Saves what is finished, a block a round. Slots stay filled until then, so a slow ledger slows the work.
    async fn commit(&mut self) {
        if self.broken.is_some() {
            self.drop_unsaved();
        }
        let Some(block) = self.unsaved.chunks(BLOCK).next() else {
            return;
        };
        if self.committing.wait(self.world.steady()).is_some() {
            return;
        }
        match self.ledger.commit(block, self.world.now()).await {
            Ok(kept) => self.kept(&kept),
            // One task that cannot be read should not hold up the others.
            Err(LedgerError::Corrupt(_)) if block.len() > 1 => self.commit_singly(block.len()).await,
            Err(error) => self.not_kept(error),
        }
    }

    async fn commit_singly(&mut self, commits: usize) {
        for _ in 0..commits {
            let Some(one) = self.unsaved.chunks(1).next() else {
                return;
            };
            match self.ledger.commit(one, self.world.now()).await {
                Ok(kept) => self.kept(&kept),
                Err(error @ (LedgerError::Corrupt(_) | LedgerError::NoBatch(_) | LedgerError::Sealed(_))) => {
                    self.not_kept(error)
                }
                Err(error) => return self.not_kept(error),
            }
        }
    }

    /// The ledger has taken the first of the unsaved.
    fn kept(&mut self, kept: &[Kept]) {
        self.committing.went_well();
        let (now, steady) = (self.world.now(), self.world.steady());
        let block = kept.len().min(self.unsaved.len());
        for (commit, kept) in self.unsaved.drain(..block).zip(kept) {
            self.held.let_go(&commit.lease);
            match (kept, commit.task.due()) {
                (Kept::Yes, Some(due)) => self.claim_at = self.claim_at.min(steady.plus(due.since(now))),
                (Kept::Yes, None) => {}
                (Kept::Fenced, _) => tracing::warn!(
                    state = commit.task.state.as_str(),
                    "a lease had run out while its call was on its way; whoever has the row now finds out again"
                ),
            }
        }
        self.filled.drain(..block);
    }

    /// The ledger has not taken the first of the unsaved.
    fn not_kept(&mut self, error: LedgerError) {
        match error {
            LedgerError::Unavailable(_) | LedgerError::Unfit(_) => {
                self.committing.failed(&error, self.world.steady());
            }
            LedgerError::Format { .. } => self.give_up(error),
            LedgerError::Corrupt(_)
            | LedgerError::NoBatch(_)
            | LedgerError::Behind { .. }
            | LedgerError::Sealed(_) => {
                self.committing.went_well();
                for commit in self.unsaved.drain(..1) {
                    self.held.let_go(&commit.lease);
                    tracing::error!(
                        task = commit.lease.task,
                        state = commit.task.state.as_str(),
                        "what was learned of a row cannot be saved and is dropped; the row is found again when its \
                         lease runs out: {error}"
                    );
                }
                self.filled.drain(..1);
            }
        }
    }

    /// Nothing more can be saved, so nothing more is sent; what is on its way is waited for.
    fn give_up(&mut self, error: LedgerError) {
        tracing::error!("the worker ends, since its ledger has been changed under it: {error}");
        self.held.revoke();
        self.broken = Some(error);
        self.drop_unsaved();
    }

    /// Their rows are found again by a version that can read the ledger, and asked for under the same ids.
    fn drop_unsaved(&mut self) {
        for commit in self.unsaved.drain(..) {
            self.held.let_go(&commit.lease);
        }
        self.filled.clear();
    }

    async fn claim(&mut self) {
        let now = self.world.now();
        let free = self.slots.available_permits().min(BLOCK);
        let steady = self.world.steady();
        let in_trouble = self.committing.wait(steady).or(self.claiming.wait(steady));
        if free == 0 || steady < self.claim_at || in_trouble.is_some() {
            return;
        }
        let asked = Moment::now(&*self.world);
        let ask = ClaimAsk {
            worker: self.settings.worker.clone(),
            max: free,
            lease: self.settings.lease,
            now,
            only: self.settings.only.clone(),
        };
        let Claimed { claims, next_due } = match self.ledger.claim(&ask).await {
            Ok(claimed) => claimed,
            Err(error @ LedgerError::Format { .. }) => return self.give_up(error),
            Err(error) => return self.claiming.failed(&error, self.world.steady()),
        };
        self.claiming.went_well();
        if claims.len() < free {
            let idle = next_due.map_or(IDLE, |due| due.since(now).min(IDLE));
            self.claim_at = steady.plus(idle);
        }
        for claim in claims {
            let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
                break;
            };
            let lease = LeaseWatch::new(asked, self.settings.lease);
            self.held.take(claim.lease, lease.clone());
            if let Some(hands) = &self.hands {
                // The channel holds as many hands as there are slots.
                let _ = hands.try_send(Hand { claim, lease, slot });
            }
        }
    }
}
