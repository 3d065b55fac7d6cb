//! Looking at a ledger that is slow, or gone, and at a worker that stands still.

use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::*;
use crate::domain::attempt::Attempt;
use crate::domain::batch::{Backlog, Batch, Counts, Pause, Weight};
use crate::domain::diagnosis::Diagnosis;
use crate::domain::ids::{BatchId, RowKey, Scope, WorkerId};
use crate::domain::machine::Order;
use crate::domain::task::{Action, Task};
use crate::domain::time::Timestamp;
use crate::engine::ports::*;
use crate::telemetry::metrics::Metrics;
use crate::world::World;

/// How the ledger does.
#[derive(Clone, Copy)]
enum Mood {
    Answers,
    Refuses,
    Hangs,
}

/// A ledger that is asked for nothing but what waits, and for claims.
struct Moody {
    mood: Mutex<Mood>,
    reads: AtomicU32,
}

impl Moody {
    fn new(mood: Mood) -> Arc<Self> {
        Arc::new(Self {
            mood: Mutex::new(mood),
            reads: AtomicU32::new(0),
        })
    }

    fn turns(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    async fn answer<T: Default>(&self) -> Result<T, LedgerError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Answers => Ok(T::default()),
            Mood::Refuses => Err(LedgerError::Unavailable("no\n  disk".into())),
            Mood::Hangs => pending().await,
        }
    }
}

#[async_trait]
#[rustfmt::skip]
impl Ledger for Moody {
    fn budgets(&self, _: &Arc<dyn World>) -> Arc<dyn Budgets> { panic!("not asked for") }
    async fn set_weight(&self, _: &BatchId, _: Weight) -> Result<(), LedgerError> { panic!("not asked for") }
    async fn forget(&self, _: &BatchId) -> Result<bool, LedgerError> { panic!("not asked for") }
    async fn open_batch(&self, _: &Batch) -> Result<Batch, LedgerError> { panic!("not asked for") }
    async fn batch(&self, _: &BatchId) -> Result<Option<Batch>, LedgerError> { panic!("not asked for") }
    async fn batches(&self) -> Result<Vec<Batch>, LedgerError> { panic!("not asked for") }
    async fn append(&self, _: &BatchId, _: &[NewRow], _: Timestamp) -> Result<Appended, LedgerError> { panic!("not asked for") }
    async fn claim(&self, _: &ClaimAsk) -> Result<Claimed, LedgerError> { self.answer().await }
    async fn commit(&self, _: &[Commit], _: Timestamp) -> Result<Vec<Kept>, LedgerError> { panic!("not asked for") }
    async fn extend(&self, _: &[Lease], _: Timestamp) -> Result<(), LedgerError> { panic!("not asked for") }
    async fn apply_to_batch(&self, _: &BatchId, _: &Order, _: Timestamp) -> Result<u64, LedgerError> { panic!("not asked for") }
    async fn set_pause(&self, _: &Which, _: Option<&Pause>) -> Result<Vec<BatchId>, LedgerError> { panic!("not asked for") }
    async fn cancel(&self, _: &BatchId) -> Result<(), LedgerError> { panic!("not asked for") }
    async fn counts(&self, _: &BatchId) -> Result<Counts, LedgerError> { panic!("not asked for") }
    async fn rows(&self, _: &BatchId, _: u64, _: u32) -> Result<Vec<RowView>, LedgerError> { panic!("not asked for") }
    async fn payload(&self, _: &Claim) -> Result<Option<Arc<str>>, LedgerError> { panic!("not asked for") }
    async fn tasks(&self, _: &Scope, _: Action, _: &[RowKey]) -> Result<Vec<Option<Task>>, LedgerError> { panic!("not asked for") }

    async fn history(&self, _: &Scope, _: Action, _: &RowKey) -> Result<Vec<Attempt>, LedgerError> { panic!("not asked for") }
    async fn time(&self) -> Result<Option<Timestamp>, LedgerError> { panic!("not asked for") }
    async fn examine(&self) -> Vec<Diagnosis> { panic!("not asked for") }
    fn describe(&self) -> String { "moody".into() }
    async fn backlog(&self, _: Timestamp) -> Result<Backlog, LedgerError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.answer().await
    }
}

/// tokio's clock, which a paused runtime moves on by itself.
struct PausedWorld(tokio::time::Instant);

impl PausedWorld {
    #[allow(clippy::disallowed_methods, reason = "a simulated clock")]
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

fn depths(ledger: &Arc<Moody>) -> Depths {
    let depths = Depths::new(Arc::new(Metrics::off()), PausedWorld::new());
    depths.read_from(Arc::clone(ledger) as Arc<dyn Ledger>);
    depths
}

#[tokio::test(start_paused = true)]
async fn however_many_ask_the_ledger_is_read_once_a_second() {
    let ledger = Moody::new(Mood::Answers);
    let depths = depths(&ledger);
    for _ in 0..1_000 {
        depths.refresh().await.unwrap();
    }
    assert_eq!(ledger.reads.load(Ordering::SeqCst), 1);
    tokio::time::sleep(Duration::from_millis(999)).await;
    depths.refresh().await.unwrap();
    assert_eq!(ledger.reads.load(Ordering::SeqCst), 1);
    tokio::time::sleep(Duration::from_millis(1)).await;
    depths.refresh().await.unwrap();
    assert_eq!(ledger.reads.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_does_not_answer_holds_nobody_up_for_long() {
    let ledger = Moody::new(Mood::Hangs);
    let depths = depths(&ledger);
    let world = PausedWorld::new();
    let asked = (0..50).map(|_| depths.refresh());
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer.unwrap_err(), "the ledger does not answer within 2 s");
    }
    assert_eq!(world.steady().as_ms(), 2_000, "one wait for all");
    ledger.turns(Mood::Refuses);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let why = depths.refresh().await.unwrap_err();
    assert_eq!(why, "the ledger does not answer: no disk", "in one line");
    ledger.turns(Mood::Answers);
    tokio::time::sleep(Duration::from_secs(1)).await;
    depths.refresh().await.unwrap();
}

#[tokio::test]
async fn without_a_ledger_there_is_nothing_to_read() {
    let depths = Depths::new(Arc::new(Metrics::off()), PausedWorld::new());
    assert_eq!(depths.refresh().await.unwrap_err(), "the ledger is not open yet");
}

#[tokio::test(start_paused = true)]
async fn a_worker_is_ready_while_its_claims_are_answered() {
    let ledger = Moody::new(Mood::Answers);
    let world = PausedWorld::new();
    let pulse = Arc::new(Pulse::new(Role::Works, world.clone()));
    let unready = || pulse.unready().unwrap_or_default();
    let watched = Arc::new(WatchedLedger::new(
        ledger.clone(),
        Arc::new(Metrics::off()),
        Arc::clone(&pulse),
        world,
    ));
    let claim = || {
        let watched = Arc::clone(&watched);
        let ask = ClaimAsk {
            worker: WorkerId::new("w_1"),
            max: 1,
            lease: Duration::from_secs(5),
            now: Timestamp::from_ms(0),
            only: None,
        };
        tokio::spawn(async move { watched.claim(&ask).await })
    };
    assert_eq!(unready(), "the worker has not claimed yet");
    claim().await.unwrap().unwrap();
    assert_eq!(unready(), "");

    ledger.turns(Mood::Hangs);
    let hanging = claim();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(unready(), "", "it may just be slow");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(unready(), "a claim has gone unanswered for 7 s");
    hanging.abort();

    ledger.turns(Mood::Refuses);
    claim().await.unwrap().unwrap_err();
    assert!(
        unready().starts_with("the worker cannot claim: "),
        "{}",
        unready()
    );
    ledger.turns(Mood::Answers);
    claim().await.unwrap().unwrap();
    assert_eq!(unready(), "");
    pulse.drains();
    assert!(unready().starts_with("stopping"), "{}", unready());
}

#[tokio::test]
async fn an_importer_claims_nothing_and_is_ready_all_the_same() {
    let pulse = Pulse::new(Role::Imports, PausedWorld::new());
    assert_eq!(pulse.unready(), None);
    pulse.drains();
    assert!(pulse.unready().is_some());
}
