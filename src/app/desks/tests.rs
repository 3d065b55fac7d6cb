//! Desks that are kept, looked at again, and set up anew; and batches for which there is none.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;
use crate::config::{ProviderName, Span, WindowLimit};
use crate::domain::attempt::CallKind;
use crate::domain::batch::Weight;
use crate::domain::ids::Scope;
use crate::domain::task::Action;
use crate::ledger::testing::{Asked, MoodyLedger};
use crate::provider::testing::{Log, TestWorld};

const SECOND: Duration = Duration::from_secs(1);

struct Rig {
    world: Arc<TestWorld>,
    ledger: Arc<MoodyLedger>,
    secret: Arc<Mutex<Option<&'static str>>>,
    room: DeskRoom,
}

impl Rig {
    fn new() -> Self {
        let world = TestWorld::new();
        let ledger = MoodyLedger::new(Arc::clone(&world) as Arc<dyn World>);
        let secret = Arc::new(Mutex::new(Some("one")));
        let seen = Arc::clone(&secret);
        let env: Env = Arc::new(move |name| match name {
            "ENLIST_ADOBE_CLIENT_ID" => Some("client".to_owned()),
            "ENLIST_ADOBE_CLIENT_SECRET" => seen.lock().unwrap().map(str::to_owned),
            "ENLIST_ADOBE_DISTRIBUTOR_ID" => Some("77777777".to_owned()),
            _ => None,
        });
        let room = DeskRoom::new(
            Arc::clone(&ledger) as Arc<dyn Ledger>,
            Arc::clone(&world) as Arc<dyn World>,
            env,
            Arc::new(Metrics::off()),
        );
        Self {
            world,
            ledger,
            secret,
            room,
        }
    }

    async fn batch(&self, name: &str) -> Batch {
        let job = Job::new("adobe-create", ProviderName::Adobe, Action::Create);
        let batch = batch(name, &job);
        self.ledger.open_batch(&batch).await.unwrap()
    }

    fn secret_is(&self, secret: Option<&'static str>) {
        *self.secret.lock().unwrap() = secret;
    }

    async fn desk(&self, batch: &Batch) -> Arc<Desk> {
        self.room.desk(&batch.id).await.expect("a desk")
    }
}

fn batch(name: &str, job: &Job) -> Batch {
    let scope = Scope {
        provider: "adobe".into(),
        account: "77777777@https://partners.example".into(),
    };
    let file_digest = Digest::of(name.as_bytes());
    Batch {
        id: BatchId::derive(&scope, Action::Create, &file_digest),
        job: job.name.clone(),
        job_text: job.to_toml(),
        scope,
        action: Action::Create,
        file_name: name.into(),
        file_digest,
        rows_total: 0,
        rows_imported: 0,
        columns: Vec::new(),
        derived_keys: false,
        created_at: crate::domain::time::Timestamp::from_ms(1_000),
        pause: None,
        cancelled: false,
        weight: Weight::default(),
        terms: None,
        foreseen: None,
    }
}

#[tokio::test]
async fn a_desk_that_has_paused_its_batch_is_not_used_again() {
    let rig = Rig::new();
    let (one, two) = (rig.batch("one").await, rig.batch("two").await);
    let (first, other) = (rig.desk(&one).await, rig.desk(&two).await);
    assert!(Arc::ptr_eq(&first, &rig.desk(&one).await));
    rig.secret_is(Some("two"));
    assert!(Arc::ptr_eq(&first, &rig.desk(&one).await), "while all goes well");
    first.paused.store(true, Ordering::Relaxed);
    // The pause may have been for all that use these credentials.
    assert!(!Arc::ptr_eq(&other, &rig.desk(&two).await));
    assert!(!Arc::ptr_eq(&first, &rig.desk(&one).await));
}

#[tokio::test]
async fn a_desk_that_was_not_used_for_long_is_used_if_nothing_has_changed() {
    let rig = Rig::new();
    let one = rig.batch("one").await;
    let first = rig.desk(&one).await;
    for _ in 0..4 {
        rig.world.pass(2 * SECOND);
        rig.desk(&one).await;
    }
    assert_eq!(rig.ledger.times("batch"), 1, "used all the time");
    rig.world.pass(6 * SECOND);
    assert!(Arc::ptr_eq(&first, &rig.desk(&one).await));
    assert_eq!(rig.ledger.times("batch"), 2, "looked at");
    // Somebody is writing the file just now.
    rig.secret_is(None);
    rig.world.pass(6 * SECOND);
    assert!(Arc::ptr_eq(&first, &rig.desk(&one).await));
    rig.secret_is(Some("two"));
    rig.world.pass(6 * SECOND);
    let second = rig.desk(&one).await;
    assert!(!Arc::ptr_eq(&first, &second), "its secret is another");
    let mut job = Job::new("adobe-create", ProviderName::Adobe, Action::Create);
    job.limits.in_flight = 3;
    rig.ledger.open_batch(&batch("one", &job)).await.unwrap();
    rig.world.pass(6 * SECOND);
    assert!(
        !Arc::ptr_eq(&second, &rig.desk(&one).await),
        "its job is put right"
    );
}

/// Nobody has to restart a worker because a job asked for too much, or too little.
#[tokio::test(start_paused = true)]
async fn a_job_that_is_put_right_sets_the_windows_of_all_desks_of_its_credential() {
    let rig = Rig::new();
    let job_of = |calls: u32| {
        let mut job = Job::new("adobe-create", ProviderName::Adobe, Action::Create);
        job.limits.windows = vec![WindowLimit {
            calls,
            per: Span::new(3_600 * SECOND),
            of: CallsOf::All,
        }];
        job
    };
    let (one, two) = (batch("one", &job_of(2)), batch("two", &job_of(2)));
    rig.ledger.open_batch(&one).await.unwrap();
    rig.ledger.open_batch(&two).await.unwrap();
    let (first, other) = (rig.desk(&one).await, rig.desk(&two).await);
    let leave = async |desk: &Desk| desk.budget.permit(CallKind::Poll).await.is_some();
    assert_eq!([leave(&first).await, leave(&other).await], [true, true]);
    assert!(!leave(&other).await, "two an hour");
    rig.ledger.open_batch(&batch("one", &job_of(4))).await.unwrap();
    rig.world.pass(6 * SECOND);
    let put_right = rig.desk(&one).await;
    assert_eq!([leave(&put_right).await, leave(&other).await], [true, true]);
    assert!(!leave(&put_right).await && !leave(&other).await, "four an hour");
}

#[tokio::test(start_paused = true)]
async fn whoever_has_a_desk_does_not_wait_for_a_slow_ledger() {
    let rig = Rig::new();
    let (one, two) = (rig.batch("one").await, rig.batch("two").await);
    rig.desk(&one).await;
    *rig.ledger.batch_takes.lock().unwrap() = 10 * SECOND;
    let known = async {
        tokio::task::yield_now().await;
        tokio::time::timeout(SECOND, rig.room.desk(&one.id)).await
    };
    let (new, known) = tokio::join!(rig.room.desk(&two.id), known);
    assert!(new.is_some() && known.expect("at once").is_some());
}

#[tokio::test]
async fn a_batch_that_cannot_be_read_is_said_once_and_asked_for_at_a_walk() {
    let (log, _guard) = Log::capture();
    let rig = Rig::new();
    let one = rig.batch("one").await;
    rig.ledger
        .turns(|asked, _| matches!(asked, Asked::Batch).then(|| LedgerError::Corrupt("batch 1".into())));
    for _ in 0..100 {
        assert!(rig.room.desk(&one.id).await.is_none());
        rig.world.pass(Duration::from_millis(20));
    }
    assert_eq!(rig.ledger.times("batch"), 4, "in two seconds");
    let text = log.text();
    assert_eq!(text.matches("cannot be read").count(), 1, "{text}");
    assert!(text.contains("hint: ") && text.contains("batch 1"), "{text}");
    rig.ledger.turns(|_, _| None);
    rig.world.pass(SECOND);
    assert!(rig.room.desk(&one.id).await.is_some());
}

#[tokio::test]
async fn what_is_missing_pauses_the_batch_once_and_is_there_after_a_resume() {
    let (log, _guard) = Log::capture();
    let rig = Rig::new();
    let one = rig.batch("one").await;
    rig.secret_is(None);
    for _ in 0..32 {
        assert!(rig.room.desk(&one.id).await.is_none());
    }
    let pause = rig.ledger.inner.batch(&one.id).await.unwrap().unwrap().pause;
    assert_eq!(pause.unwrap().reason, PauseReason::Configuration);
    assert_eq!(rig.ledger.times("set_pause"), 1);
    assert_eq!(log.text().matches("ERROR").count(), 1, "{}", log.text());
    rig.secret_is(Some("one"));
    rig.world.pass(SECOND);
    rig.desk(&one).await;
}

#[tokio::test]
async fn the_desk_that_was_not_used_for_longest_makes_room() {
    let rig = Rig::new();
    *rig.room.shelf() = Shelf::with_room(3);
    let mut batches = Vec::new();
    for name in ["one", "two", "three", "four"] {
        batches.push(rig.batch(name).await);
    }
    let [one, two, three, four] = batches.as_slice() else {
        panic!("there are four");
    };
    for batch in [one, two, three, one, four] {
        rig.world.pass(SECOND);
        rig.desk(batch).await;
    }
    let known = |batch: &Batch| {
        matches!(
            rig.room.shelf().find(&batch.id, rig.world.steady()),
            Found::Desk(_)
        )
    };
    assert_eq!([one, two, three, four].map(known), [true, false, true, true]);
}
