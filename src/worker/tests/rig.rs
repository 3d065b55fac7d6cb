//! A worker between a ledger whose moods are scripted and a provider that remembers what it was sent, in paused time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::domain::answer::{AccountSeen, Answer, Answered, Meaning, RowError};
use crate::domain::batch::{Batch, Weight};
use crate::domain::ids::{
    AccountId, BatchId, CorrelationId, Digest, RequestId, RowKey, Scope, StatusCode, WorkerId,
};
use crate::domain::machine::{IdempotencyContract, Rules};
use crate::domain::policy::poll::PollPolicy;
use crate::domain::policy::retry::RetryPolicy;
use crate::domain::task::Action;
use crate::domain::time::Timestamp;
use crate::engine::advance::Desk;
use crate::engine::gauge::ErrorGauge;
use crate::engine::lease::Moment;
use crate::engine::ports::{
    AccountShown, Claim, ClaimAsk, Ledger, LedgerError, LookUpCall, NewRow, NewRowBody, PendingPage,
    Provider, Reply, SubmitCall, payload_digest,
};
use crate::ledger::testing::{Asked, MoodyLedger};
use crate::provider::testing::CountingBudget;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::{Shown, shown};
use crate::worker::{Desks, Settings, Signal, work};
use crate::world::World;

/// How long the worker's leases are.
pub(super) const LEASE: Duration = Duration::from_secs(5);

/// After a stop, how long it waits for what is on its way.
pub(super) const DRAIN: Duration = Duration::from_secs(60);

/// No test takes longer, by the paused clock.
const LIMIT: Duration = Duration::from_secs(600);

/// tokio's clock, which moves on when everybody waits; and jumps, as it does for a process that was stopped.
pub(super) struct JumpyWorld {
    began: tokio::time::Instant,
    jumped_ms: AtomicI64,
    set_back_ms: AtomicI64,
    dice: AtomicU64,
}

#[allow(clippy::disallowed_methods, reason = "a simulated clock")]
impl JumpyWorld {
    fn new() -> Self {
        Self {
            began: tokio::time::Instant::now(),
            jumped_ms: AtomicI64::new(0),
            set_back_ms: AtomicI64::new(0),
            dice: AtomicU64::new(1),
        }
    }

    pub(super) fn jump(&self, span: Duration) {
        let ms = i64::try_from(span.as_millis()).unwrap();
        self.jumped_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Somebody sets the clock; the steady one does not know.
    pub(super) fn set_back(&self, span: Duration) {
        let ms = i64::try_from(span.as_millis()).unwrap();
        self.set_back_ms.fetch_add(ms, Ordering::SeqCst);
    }

    pub(super) fn passed(&self) -> Duration {
        self.steady().since(Timestamp::from_ms(0))
    }
}

impl World for JumpyWorld {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(1_700_000_000_000 - self.set_back_ms.load(Ordering::SeqCst)).plus(self.passed())
    }

    fn steady(&self) -> Timestamp {
        Timestamp::from_ms(self.jumped_ms.load(Ordering::SeqCst)).plus(self.began.elapsed())
    }

    fn dice(&self) -> Uuid {
        Uuid::from_u128(self.dice.fetch_add(1, Ordering::SeqCst).into())
    }
}

/// A provider that makes every account at once usable.
pub(super) struct Account {
    world: Arc<JumpyWorld>,
    /// How long a call waits for leave, and then takes.
    pub(super) leave: Duration,
    pub(super) takes: Duration,
    /// So many of the first calls panic.
    pub(super) panics: AtomicI64,
    /// Which intents were sent, and how often.
    pub(super) sent: Mutex<BTreeMap<String, u32>>,
}

impl Account {
    pub(super) fn sent_once(&self, rows: usize) {
        let sent = self.sent.lock().unwrap();
        assert!(
            sent.len() == rows && sent.values().all(|times| *times == 1),
            "{sent:?}"
        );
    }

    pub(super) fn calls(&self) -> u32 {
        self.sent.lock().unwrap().values().sum()
    }

    fn reply(&self, answer: Answer, correlation_id: CorrelationId) -> Reply {
        Reply {
            exchanges: u32::from(answer != Answer::NoLeave),
            shown: None,
            answer,
            correlation_id,
            request_id: RequestId::fresh(self.world.dice()),
            http: Some(201),
            code: None,
        }
    }
}

#[async_trait]
impl Provider for Account {
    async fn submit(&self, call: &SubmitCall) -> Reply {
        tokio::time::sleep(self.leave).await;
        if !call.lease.is_held(Moment::now(&*self.world)) {
            return self.reply(Answer::NoLeave, call.correlation_id);
        }
        *self
            .sent
            .lock()
            .unwrap()
            .entry(call.correlation_id.to_string())
            .or_default() += 1;
        tokio::time::sleep(self.takes).await;
        assert!(
            self.panics.fetch_sub(1, Ordering::SeqCst) <= 0,
            "as the test wants it"
        );
        let seen = AccountSeen {
            account: AccountId::new("P1"),
            status: StatusCode::new("1000"),
            meaning: Meaning::Active,
            kept: Vec::new(),
        };
        self.reply(Answer::Answered(Answered::Account(seen)), call.correlation_id)
    }

    async fn look_up(&self, _: &LookUpCall) -> Reply {
        unreachable!("nothing is ambiguous here")
    }

    async fn poll(&self, _: &AccountId) -> Reply {
        unreachable!("everything settles at once")
    }

    fn kept(&self, _: &str, _: &AccountShown) -> Vec<RowError> {
        Vec::new()
    }

    async fn list_pending(&self, _: u64) -> Option<PendingPage> {
        None
    }
}

/// One desk for all, which cannot be set up before this time.
struct OneDesk {
    desk: Arc<Desk>,
    from: Duration,
    world: Arc<JumpyWorld>,
}

#[async_trait]
impl Desks for OneDesk {
    async fn desk(&self, _: &BatchId) -> Option<Arc<Desk>> {
        (self.world.passed() >= self.from).then(|| Arc::clone(&self.desk))
    }
}

/// All parts of a test.
pub(super) struct Rig {
    pub(super) world: Arc<JumpyWorld>,
    pub(super) ledger: Arc<MoodyLedger>,
    pub(super) provider: Arc<Account>,
    metrics: Arc<Metrics>,
    /// What whoever watches sees.
    pub(super) shown: Shown,
    pub(super) batch: BatchId,
    in_flight: usize,
}

/// A worker under way.
pub(super) struct Working {
    signal: watch::Sender<Signal>,
    ending: JoinHandle<Result<(), LedgerError>>,
}

impl Working {
    pub(super) fn stop(&self) {
        self.signal.send_replace(Signal::Stop);
    }

    pub(super) async fn ended(self) -> Result<(), LedgerError> {
        tokio::time::timeout(LIMIT, self.ending)
            .await
            .expect("it hangs")
            .unwrap()
    }
}

impl Rig {
    /// `rows` rows, of which `in_flight` are in hand at once. The provider's calls take `takes` after `leave`.
    pub(super) async fn new(rows: u64, in_flight: usize, leave: Duration, takes: Duration) -> Self {
        let world = Arc::new(JumpyWorld::new());
        let ledger = MoodyLedger::new(Arc::clone(&world) as Arc<dyn World>);
        let batch = batch(&*world);
        ledger.open_batch(&batch).await.unwrap();
        let (metrics, shown) = shown();
        let rig = Self {
            provider: Arc::new(Account {
                world: Arc::clone(&world),
                leave,
                takes,
                panics: AtomicI64::new(0),
                sent: Mutex::default(),
            }),
            world,
            ledger,
            metrics,
            shown,
            batch: batch.id,
            in_flight,
        };
        rig.feed(0..rows).await;
        rig
    }

    /// More rows, with these numbers.
    pub(super) async fn feed(&self, rows: std::ops::Range<u64>) {
        let row = |seq: u64| {
            let payload = format!("payload {seq}");
            NewRow {
                seq,
                line: seq + 2,
                cells: Vec::new(),
                seal: crate::engine::ports::Seal::Nothing,
                body: NewRowBody::Sound {
                    key: RowKey::new(&format!("k-{seq}")).unwrap(),
                    digest: payload_digest(&payload),
                    payload: payload.into(),
                },
            }
        };
        let rows: Vec<NewRow> = rows.map(row).collect();
        let appended = self.ledger.append(&self.batch, &rows, self.world.now());
        appended.await.unwrap();
    }

    /// From now on the ledger fails when this says so; it is told what is asked, and the time since the beginning.
    pub(super) fn mood(&self, mood: impl FnMut(Asked<'_>, Duration) -> Option<LedgerError> + Send + 'static) {
        self.ledger.turns(mood);
    }

    /// The desk of all rows.
    pub(super) fn desk(&self) -> Desk {
        Desk {
            scope: scope(),
            rules: Rules {
                contract: IdempotencyContract::Replay {
                    trusted_for: Duration::from_secs(9 * 86_400),
                },
                retry: RetryPolicy::default(),
                poll: PollPolicy::default(),
            },
            provider: Arc::clone(&self.provider) as Arc<dyn Provider>,
            budget: Arc::new(CountingBudget::default()),
            ledger: Arc::clone(&self.ledger) as Arc<dyn Ledger>,
            world: Arc::clone(&self.world) as Arc<dyn World>,
            pending: None,
            gauge: ErrorGauge::new(100, 1.0),
            strikes: 0.into(),
            throttle: Mutex::default(),
            paused: false.into(),
        }
    }

    /// Starts a worker.
    pub(super) fn work(&self) -> Working {
        self.work_from(Duration::ZERO)
    }

    /// Starts a worker whose desk cannot be set up before `from`.
    pub(super) fn work_from(&self, from: Duration) -> Working {
        let settings = Settings {
            worker: WorkerId::new("w_1"),
            in_flight: self.in_flight,
            lease: LEASE,
            drain: DRAIN,
            only: None,
        };
        let (signal, listen) = watch::channel(Signal::Work);
        let desks = Arc::new(OneDesk {
            desk: Arc::new(self.desk()),
            from,
            world: Arc::clone(&self.world),
        });
        let (ledger, world) = (Arc::clone(&self.ledger), Arc::clone(&self.world));
        let ending = tokio::spawn(work(
            settings,
            ledger,
            desks,
            world,
            Arc::clone(&self.metrics),
            listen,
        ));
        Working { signal, ending }
    }

    /// Rows with a step to do.
    pub(super) async fn open(&self) -> u64 {
        self.ledger.inner.counts(&self.batch).await.unwrap().open()
    }

    /// What another worker gets.
    pub(super) async fn others_claim(&self) -> Vec<Claim> {
        let ask = ClaimAsk {
            worker: WorkerId::new("w_2"),
            max: 100,
            lease: LEASE,
            now: self.world.now(),
            only: None,
        };
        self.ledger.inner.claim(&ask).await.unwrap().claims
    }

    /// Waits for `look`, by the paused clock.
    pub(super) async fn until(&self, what: &str, mut look: impl AsyncFnMut() -> bool) {
        let began = self.world.passed();
        while !look().await {
            assert!(self.world.passed() - began < LIMIT, "waited for {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until every row has settled.
    pub(super) async fn settled(&self) {
        self.until("all rows to settle", async || self.open().await == 0)
            .await;
    }
}

fn scope() -> Scope {
    Scope {
        provider: "adobe".into(),
        account: "1@https://example.test".into(),
    }
}

fn batch(world: &dyn World) -> Batch {
    let file_digest = Digest::of(b"file");
    Batch {
        id: BatchId::derive(&scope(), Action::Create, &file_digest),
        job: "job".into(),
        job_text: String::new(),
        scope: scope(),
        action: Action::Create,
        file_name: "file".into(),
        file_digest,
        rows_total: 0,
        rows_imported: 0,
        columns: Vec::new(),
        derived_keys: false,
        created_at: world.now(),
        pause: None,
        cancelled: false,
        weight: Weight::default(),
        terms: None,
        foreseen: None,
    }
}
