//! The pump: the one that talks to the ledger. Rounds of commit, extend and claim, at our own pace.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use super::{Done, Hand, Settings, Signal};
use crate::domain::task::Task;
use crate::domain::time::Timestamp;
use crate::engine::lease::{LeaseWatch, Moment};
use crate::engine::ports::{ClaimAsk, Claimed, Kept, Lease, Ledger, LedgerError};
use crate::world::World;

/// Commits and claims in one round: bounds the time a ledger is busy with us.
const BLOCK: usize = 512;

/// Rounds are at least this far apart, so that commits travel together.
const ROUND_MIN: Duration = Duration::from_millis(4);

/// Without news the ledger is asked this often: other processes import, resume and die.
const IDLE: Duration = Duration::from_millis(200);

/// The longest pause between tries while the ledger does not answer.
const LEDGER_PAUSE_MAX: Duration = Duration::from_secs(2);

pub(super) struct Pump {
    settings: Settings,
    ledger: Arc<dyn Ledger>,
    world: Arc<dyn World>,
    hands: Option<mpsc::Sender<Hand>>,
    done: mpsc::UnboundedReceiver<Done>,
    signal: watch::Receiver<Signal>,
    slots: Arc<Semaphore>,
    /// Leases in hand.
    held: HashMap<Lease, LeaseWatch>,
    extended_at: Timestamp,
    claim_at: Timestamp,
}

impl Pump {
    pub(super) fn new(
        settings: Settings,
        ledger: Arc<dyn Ledger>,
        world: Arc<dyn World>,
        hands: mpsc::Sender<Hand>,
        done: mpsc::UnboundedReceiver<Done>,
        signal: watch::Receiver<Signal>,
    ) -> Self {
        let slots = Arc::new(Semaphore::new(settings.in_flight.max(1)));
        let now = world.now();
        Self {
            settings,
            ledger,
            extended_at: world.steady(),
            world,
            hands: Some(hands),
            done,
            signal,
            slots,
            held: HashMap::new(),
            claim_at: now,
        }
    }

    pub(super) async fn run(mut self) {
        let mut finished = Vec::new();
        let mut drain_until = None;
        loop {
            self.wait(&mut finished).await;
            if !finished.is_empty() {
                self.commit(&mut finished).await;
            }
            self.extend().await;
            if *self.signal.borrow() == Signal::Stop {
                // Hands not started yet come back as they are; those on their way are waited for.
                self.hands = None;
                let now = self.world.steady();
                let until = *drain_until.get_or_insert_with(|| now.plus(self.settings.drain));
                if self.held.is_empty() || now >= until {
                    break;
                }
            } else {
                self.claim().await;
            }
        }
        if !self.held.is_empty() {
            tracing::warn!(
                calls = self.held.len(),
                "calls still on their way are left; their rows go on when the leases run out"
            );
        }
    }

    /// Until something is finished, something is due, or the signal changes; and never a busy loop.
    async fn wait(&mut self, finished: &mut Vec<Done>) {
        let stopping = self.hands.is_none();
        let free = self.slots.available_permits() > 0 && !stopping;
        let until_claim = self.claim_at.since(self.world.now());
        let pause = if free {
            until_claim.clamp(ROUND_MIN, IDLE)
        } else {
            IDLE
        };
        let held_any = !self.held.is_empty();
        tokio::select! {
            biased;
            _ = self.done.recv_many(finished, BLOCK), if held_any => {
                // Let others that finish at about the same time come along.
                tokio::time::sleep(ROUND_MIN).await;
                while finished.len() < BLOCK && let Ok(done) = self.done.try_recv() {
                    finished.push(done);
                }
            }
            _ = self.signal.changed(), if !stopping => {}
            () = tokio::time::sleep(pause) => {}
        }
    }

    /// Saves what is finished; on trouble waits and repeats for as long as it takes. Slots stay filled meanwhile.
    async fn commit(&mut self, finished: &mut Vec<Done>) {
        let (commits, slots): (Vec<_>, Vec<OwnedSemaphorePermit>) =
            finished.drain(..).map(|done| (done.commit, done.slot)).unzip();
        let mut patience = Patience::default();
        let kept = loop {
            match self.ledger.commit(&commits, self.world.now()).await {
                Ok(kept) => break kept,
                Err(error) => {
                    patience.wait(&error).await;
                    self.extend().await;
                }
            }
        };
        patience.over();
        for (commit, kept) in commits.iter().zip(kept) {
            self.held.remove(&commit.lease);
            match (kept, commit.task.due()) {
                (Kept::Yes, Some(due)) => self.claim_at = self.claim_at.min(due),
                (Kept::Yes, None) => {}
                (Kept::Fenced, _) => tracing::warn!(
                    state = %state(&commit.task),
                    "a lease had run out while its call was on its way; whoever has the row now finds out again"
                ),
            }
        }
        drop(slots);
    }

    /// Prolongs all leases in hand, three times in each lease's length.
    async fn extend(&mut self) {
        let now = self.world.steady();
        if self.held.is_empty() || now.since(self.extended_at) < self.settings.lease / 3 {
            return;
        }
        let leases: Vec<Lease> = self.held.keys().copied().collect();
        for block in leases.chunks(BLOCK) {
            let asked = Moment::now(&*self.world);
            let until = self.world.now().plus(self.settings.lease);
            if let Err(error) = self.ledger.extend(block, until).await {
                tracing::debug!(%error, "leases could not be prolonged; tried again next round");
                return;
            }
            let told = Moment::now(&*self.world);
            for watch in block.iter().filter_map(|lease| self.held.get(lease)) {
                watch.prolonged(asked, self.settings.lease, told);
            }
        }
        self.extended_at = now;
    }

    async fn claim(&mut self) {
        let now = self.world.now();
        let free = self.slots.available_permits().min(BLOCK);
        if free == 0 || now < self.claim_at {
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
            Err(error) => {
                tracing::warn!(%error, "the ledger does not answer; waiting");
                self.claim_at = now.plus(IDLE);
                return;
            }
        };
        if claims.len() < free {
            let idle = now.plus(IDLE);
            self.claim_at = next_due.map_or(idle, |due| due.min(idle));
        }
        for claim in claims {
            let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
                break;
            };
            let lease = LeaseWatch::new(asked, self.settings.lease);
            self.held.insert(claim.lease, lease.clone());
            if let Some(hands) = &self.hands {
                // The channel holds as many hands as there are slots.
                let _ = hands.try_send(Hand { claim, lease, slot });
            }
        }
    }
}

fn state(task: &Task) -> &'static str {
    task.state.as_str()
}

/// Waiting for a ledger that does not answer: growing pauses, said once.
#[derive(Default)]
struct Patience {
    pauses: Option<backon::ExponentialBackoff>,
}

impl Patience {
    async fn wait(&mut self, error: &LedgerError) {
        if self.pauses.is_none() {
            tracing::warn!(%error, "what was learned cannot be saved yet; nothing is lost, waiting for the ledger");
        }
        let pauses = self.pauses.get_or_insert_with(|| {
            ExponentialBuilder::default()
                .with_min_delay(Duration::from_millis(20))
                .with_max_delay(LEDGER_PAUSE_MAX)
                .without_max_times()
                .build()
        });
        tokio::time::sleep(pauses.next().unwrap_or(LEDGER_PAUSE_MAX)).await;
    }

    fn over(&self) {
        if self.pauses.is_some() {
            tracing::info!("the ledger answers again");
        }
    }
}
