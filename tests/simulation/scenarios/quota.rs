//! Quotas by the hour (T12): the Metallic adapter with the real machine, engine, ledger and budgets against the
//! stand-in's brain, on each ledger. One process, no deaths: what counts is the time that passes.
//!
//! The budget is a process' own. The one that a Redis keeps for all counts by the server's clock, which no test moves on:
//! short windows of it are in `a_quota_is_kept_across_a_kill` of `tests/it/metallic.rs`, simulated ones beside its code.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use enlist::config::{CallsOf, Job};
use enlist::domain::batch::{Batch, Counts, Tally, Weight};
use enlist::domain::eta::Pace;
use enlist::domain::ids::{BatchId, Digest, RowKey, Scope, WorkerId};
use enlist::domain::machine::Rules;
use enlist::domain::record::Record;
use enlist::domain::task::Action;
use enlist::engine::advance::Desk;
use enlist::engine::budget::{KindBudget, LocalBudget};
use enlist::engine::gauge::ErrorGauge;
use enlist::engine::lease::{LeaseWatch, Moment};
use enlist::engine::ports::{
    Budget, ClaimAsk, Commit, Kept, Ledger, NewRow, NewRowBody, Seal, payload_digest,
};
use enlist::provider::metallic::contract::IDEMPOTENCY;
use enlist::provider::metallic::{Metallic, MetallicSettings, RENEW_TOKEN_AFTER, RESELLERS_PATH, render};
use enlist::provider::transport::rate_limit::SpanUnit;
use enlist::provider::transport::{Exchange, HttpRequest, Transport};
use enlist::simulator::metallic as simulated;
use enlist::simulator::wire::Delivery;
use enlist::world::World;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::dice::Dice;
use crate::seeds::simulate;
use crate::store;
use crate::wire::{as_heard, head};
use crate::world::SimWorld;

const HOUR: Duration = Duration::from_secs(3_600);

const MINUTE: Duration = Duration::from_secs(60);

/// From sending to the answer.
const WAY: Duration = Duration::from_millis(40);

/// Longer than anybody waits for leave with a row in hand, and for an answer: no lease has to be prolonged.
const LEASE: Duration = Duration::from_secs(300);

/// A line that loses nothing.
struct Line {
    brain: Mutex<simulated::Metallic>,
    world: Arc<SimWorld>,
}

#[async_trait]
impl Transport for Line {
    async fn send(&self, request: HttpRequest) -> Exchange {
        sleep(WAY / 2).await;
        let heard = as_heard(&request);
        let delivery = self.brain.lock().unwrap().handle(&heard, self.world.now());
        sleep(WAY / 2).await;
        match delivery {
            Delivery::Respond(reply) => Exchange::Response {
                head: head(&reply),
                body: reply.body.into(),
            },
            _ => Exchange::Broken("closed".to_owned()),
        }
    }
}

/// The job as it is shipped, and a provider with the limits that are known of the real one.
struct Stage {
    world: Arc<SimWorld>,
    line: Arc<Line>,
    ledger: Arc<dyn Ledger>,
    job: Job,
    batch: Batch,
    rows: Vec<NewRow>,
}

impl Stage {
    fn new(rows: u64, ledger: Arc<dyn Ledger>) -> Self {
        let world = Arc::new(SimWorld::new(Dice::of(7, 1)));
        let brain = simulated::Metallic::new(simulated::MetallicSettings::default(), 7);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs/metallic-create.toml");
        let job = Job::parse(&std::fs::read_to_string(path).unwrap(), "the job", &[]);
        let rows: Vec<NewRow> = (0..rows).map(row).collect();
        Self {
            line: Arc::new(Line {
                brain: Mutex::new(brain),
                world: Arc::clone(&world),
            }),
            ledger,
            job: job.unwrap().job,
            batch: batch(&rows, &world),
            rows,
            world,
        }
    }

    fn budget(&self) -> Arc<dyn Budget> {
        let of = |of| {
            let budget: Arc<dyn Budget> =
                Arc::new(LocalBudget::new(&self.job.windows(of), false, self.world.clone()));
            Some(budget)
        };
        Arc::new(KindBudget {
            all: None,
            writes: of(CallsOf::Writes),
            reads: of(CallsOf::Reads),
        })
    }

    fn desk(&self) -> Desk {
        let settings = MetallicSettings {
            base_url: "http://127.0.0.1:9".to_owned(),
            resellers_path: RESELLERS_PATH.to_owned(),
            username: "principal".to_owned(),
            password: "simulator".to_owned().into(),
            renew_token_after: RENEW_TOKEN_AFTER,
            rate_limit_period_unit: SpanUnit::Seconds,
            plain_http: false,
        };
        let (budget, world) = (self.budget(), Arc::clone(&self.world) as Arc<dyn World>);
        let metallic = Metallic::new(
            settings,
            self.line.clone(),
            Arc::clone(&budget),
            Arc::clone(&world),
        );
        Desk {
            scope: self.batch.scope.clone(),
            rules: Rules {
                contract: IDEMPOTENCY,
                retry: self.job.retry.policy(),
                poll: self.job.poll.policy(),
            },
            provider: Arc::new(metallic.unwrap()),
            budget,
            ledger: self.ledger.clone(),
            world,
            pending: None,
            gauge: ErrorGauge::new(self.job.limits.error_rate_over, self.job.limits.error_rate_max),
            strikes: 0.into(),
            throttle: Mutex::default(),
            paused: false.into(),
        }
    }

    async fn counts(&self) -> Counts {
        self.ledger.counts(&self.batch.id).await.unwrap()
    }

    /// Imports the rows and works until all are settled.
    async fn run(&self) {
        self.ledger.open_batch(&self.batch).await.unwrap();
        let now = self.world.now();
        self.ledger.append(&self.batch.id, &self.rows, now).await.unwrap();
        let desk = self.desk();
        let in_flight = self.job.limits.in_flight as usize;
        let mut flights = FuturesUnordered::new();
        while self.counts().await.open() > 0 {
            let mut pause = MINUTE;
            if flights.len() < in_flight {
                let (asked, now) = (Moment::now(&*self.world), self.world.now());
                let ask = ClaimAsk {
                    worker: WorkerId::new("w_quota"),
                    max: in_flight - flights.len(),
                    lease: LEASE,
                    now,
                    only: None,
                };
                let claimed = self.ledger.claim(&ask).await.unwrap();
                for claim in claimed.claims {
                    let (desk, lease) = (&desk, LeaseWatch::new(asked, LEASE));
                    flights.push(async move { desk.advance(claim, &lease).await });
                }
                pause = claimed.next_due.map_or(MINUTE, |due| due.since(now));
            }
            let is_full = flights.len() == in_flight;
            tokio::select! {
                Some(commit) = flights.next(), if !flights.is_empty() => self.save(commit).await,
                () = sleep(pause.max(Duration::from_millis(1))), if !is_full => {}
            }
        }
    }

    async fn save(&self, commit: Commit) {
        let kept = self.ledger.commit(&[commit], self.world.now()).await.unwrap();
        assert_eq!(kept, [Kept::Yes]);
    }

    /// What a run tells four times a second while it works: when it said so, and when the last create was to be, both
    /// since the beginning.
    async fn forecasts(&self, told: &Mutex<Vec<(Duration, Duration)>>) {
        let windows = [CallsOf::All, CallsOf::Writes].map(|of| self.job.windows(of));
        let mut pace = Pace::under(windows.into_iter().flatten());
        let began = self.world.steady();
        loop {
            sleep(Duration::from_millis(250)).await;
            let (counts, now) = (self.counts().await, self.world.steady());
            pace.note(now, &counts);
            if let Some(left) = pace.forecast(&counts, Duration::ZERO).created_in {
                let at = now.since(began);
                told.lock().unwrap().push((at, at + left));
            }
        }
    }
}

fn row(seq: u64) -> NewRow {
    let record = json!({
        "key": format!("R-{seq}"), "company": format!("Reseller {seq}"), "country": "US", "region": "NY",
        "city": "Tinton Fall", "address_line_1": "1 Commvault", "postal_code": "07724", "first_name": "Brooks",
        "last_name": "Price", "email": format!("r{seq}@example.com")
    });
    let record: Record = serde_json::from_value(record).unwrap();
    let payload = render::create(&record, &render::Defaults::default()).unwrap();
    NewRow {
        seq,
        line: seq + 2,
        cells: vec![record.key().to_string()],
        seal: Seal::Nothing,
        body: NewRowBody::Sound {
            key: RowKey::new(record.key().as_str()).unwrap(),
            digest: payload_digest(&payload),
            payload,
        },
    }
}

fn batch(rows: &[NewRow], world: &SimWorld) -> Batch {
    let scope = Scope {
        provider: "metallic".to_owned(),
        account: "principal@simulation".to_owned(),
    };
    let file_digest = Digest::of(b"rows");
    Batch {
        id: BatchId::derive(&scope, Action::Create, &file_digest),
        job: "metallic-create".to_owned(),
        job_text: String::new(),
        scope,
        action: Action::Create,
        file_name: "rows.csv".to_owned(),
        file_digest,
        rows_total: rows.len() as u64,
        rows_imported: 0,
        columns: vec!["key".to_owned()],
        derived_keys: false,
        created_at: world.now(),
        pause: None,
        cancelled: false,
        weight: Weight::default(),
        terms: None,
        foreseen: None,
    }
}

#[test]
fn t12_a_quota_by_the_hour_is_kept_and_foretold() {
    store::on_each(|store| {
        simulate(async { keeps_a_quota_by_the_hour(&Stage::new(250, store.ledger())).await })
    });
}

async fn keeps_a_quota_by_the_hour(stage: &Stage) {
    let told = Mutex::default();
    let began = stage.world.steady();
    let run = async {
        tokio::select! {
            () = stage.run() => {}
            () = stage.forecasts(&told) => {}
        }
    };
    timeout(6 * HOUR, run).await.expect("it ends");
    let took = stage.world.steady().since(began);

    assert_eq!(stage.counts().await.of(Tally::Active), 250);
    let ledger = stage.line.brain.lock().unwrap().ledger().ledger;
    assert_eq!(
        (ledger.accounts_created, ledger.accounts_per_reference.max),
        (250, 1)
    );
    assert_eq!(ledger.tally.calls["create"], 250, "one call each");
    assert_eq!(ledger.tally.calls_over_limit, 0);
    assert!(
        !ledger
            .tally
            .answers
            .keys()
            .any(|answer| answer.starts_with("429"))
    );

    // A hundred at once, a hundred after an hour, the rest after two.
    assert!((2 * HOUR..2 * HOUR + MINUTE).contains(&took), "{took:?}");
    let told = told.into_inner().unwrap();
    let (first_at, _) = told[0];
    assert!(
        first_at <= Duration::from_secs(1),
        "nothing was told until {first_at:?}"
    );
    for (at, end) in told {
        assert!((2 * HOUR..3 * HOUR).contains(&end), "at {at:?}: {end:?}");
        assert!(
            end.abs_diff(took) < MINUTE,
            "at {at:?}: {end:?}, and it was {took:?}"
        );
    }
}
