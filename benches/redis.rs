//! What the ledger in Redis costs: memory a row, rows imported a second, steps claimed and committed, at ten thousand to
//! a million waiting tasks. Compare the figures of one run with each other; they are the machine's.
//!
//! `cargo bench --bench redis [-- MILLIONS]`, 1 million unless told. Starts a redis-server of its own with an append-only
//! file in the target folder. Rows are as a partner's file has them: 13 columns, a request body of Adobe's form.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a measurement: it reads the clock, prints, and may fail"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use enlist::domain::ids::{BatchId, WorkerId};
use enlist::domain::time::Timestamp;
use enlist::engine::ports::{ClaimAsk, Commit, Ledger, NewRow};
use enlist::ledger::redis::RedisLedger;

use support::rows::{advanced, batch, bytes_of, company};
use support::server::Server;
use support::watch::Watch;

const BLOCK: u64 = 1_000;
const MEASURED: Duration = Duration::from_secs(3);

fn main() {
    let millions: u64 = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(1);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure(millions * 1_000_000));
}

async fn measure(most: u64) {
    let server = Server::start();
    println!("{}", server.about());
    println!(
        "{:<44}{:>10}{:>12}{:>12}{:>12}",
        "", "/s", "us here", "us Redis", "ms a call"
    );
    for size in [10_000, 100_000, most] {
        // A ledger of its own for each size: what the steps leave behind is no part of a backlog.
        let empty = server.empty();
        let mut subject = Subject::new(&server).await;
        let fill = subject.fill(size).await;
        println!("{size} waiting");
        line("    import, blocks of 1,000", &fill);
        let memory = server.memory() - empty;
        let pressed = server.bytes_in_blocks(1) as f64 / size as f64;
        let all = memory as f64 / size as f64;
        println!(
            "    memory: {all:.0} bytes a row: {pressed:.0} for cells and payload ({} before they were pressed), {:.0} for the rest",
            subject.bytes / subject.rows,
            all - pressed
        );
        line("    claim 64 alone", &subject.claims(64).await);
        for (callers, max) in [(1, 1), (1, 64), (4, 64), (4, 512)] {
            let steps = subject.steps(callers, max).await;
            line(
                &format!("    claim {max}, commit {max}, {callers} at once"),
                &steps,
            );
        }
    }
}

fn line(what: &str, pace: &Pace) {
    println!(
        "{what:<44}{:>10.0}{:>12.1}{:>12.1}{:>12.2}",
        pace.per_s, pace.here_us, pace.redis_us, pace.call_ms
    );
}

/// How fast something went, and what one of it cost.
struct Pace {
    per_s: f64,
    here_us: f64,
    redis_us: f64,
    call_ms: f64,
}

struct Subject<'a> {
    server: &'a Server,
    ledger: Arc<RedisLedger>,
    batch: BatchId,
    rows: u64,
    bytes: u64,
    now_ms: Arc<AtomicI64>,
}

impl<'a> Subject<'a> {
    async fn new(server: &'a Server) -> Self {
        let ledger = RedisLedger::open(&server.address().parse().unwrap())
            .await
            .unwrap();
        let batch = ledger.open_batch(&batch()).await.unwrap().id;
        Self {
            server,
            ledger: Arc::new(ledger),
            batch,
            rows: 0,
            bytes: 0,
            now_ms: Arc::new(AtomicI64::new(1_700_000_000_000)),
        }
    }

    fn pace(&self, watch: &Watch, redis_before: f64, n: u64, calls: u64) -> Pace {
        let wall = watch.elapsed();
        Pace {
            per_s: n as f64 / wall.as_secs_f64(),
            here_us: watch.cpu_ms() * 1_000.0 / n as f64,
            redis_us: (self.server.cpu_ms() - redis_before) * 1_000.0 / n as f64,
            call_ms: wall.as_secs_f64() * 1_000.0 / calls.max(1) as f64,
        }
    }

    /// Appends until `size` tasks wait. The rows are made beforehand, a block ahead.
    async fn fill(&mut self, size: u64) -> Pace {
        let now = Timestamp::from_ms(self.now_ms.load(Ordering::Relaxed));
        let (from, redis, watch) = (self.rows, self.server.cpu_ms(), Watch::start());
        let mut making = Duration::ZERO;
        while self.rows < size {
            let began = Instant::now();
            let rows: Vec<NewRow> = (self.rows..self.rows + BLOCK).map(company).collect();
            making += began.elapsed();
            self.bytes += rows.iter().map(bytes_of).sum::<u64>();
            self.ledger.append(&self.batch, &rows, now).await.unwrap();
            self.rows += BLOCK;
        }
        let n = self.rows - from;
        let mut pace = self.pace(&watch, redis, n, n / BLOCK);
        let wall = watch.elapsed() - making;
        pace.per_s = n as f64 / wall.as_secs_f64();
        pace.here_us -= making.as_secs_f64() * 1e6 / n as f64;
        pace.call_ms = wall.as_secs_f64() * 1_000.0 / (n / BLOCK) as f64;
        pace
    }

    /// Claims and commits, each step with one attempt and due again at once.
    async fn steps(&self, callers: usize, max: usize) -> Pace {
        let (redis, watch) = (self.server.cpu_ms(), Watch::start());
        let work = |no: usize| {
            let (ledger, now_ms) = (Arc::clone(&self.ledger), Arc::clone(&self.now_ms));
            let until = Instant::now() + MEASURED;
            tokio::spawn(async move {
                let (mut steps, mut calls) = (0, 0);
                while Instant::now() < until {
                    let now = Timestamp::from_ms(now_ms.fetch_add(1, Ordering::Relaxed));
                    let claims = ledger.claim(&ask(no, max, now)).await.unwrap().claims;
                    let commits: Vec<Commit> = claims.into_iter().map(|claim| advanced(claim, now)).collect();
                    steps += commits.len() as u64;
                    calls += 1;
                    ledger.commit(&commits, now).await.unwrap();
                }
                (steps, calls)
            })
        };
        let (mut steps, mut calls) = (0, 0_u64);
        for worker in (0..callers).map(work).collect::<Vec<_>>() {
            let (s, c) = worker.await.unwrap();
            steps += s;
            calls += c;
        }
        self.pace(&watch, redis, steps, calls / callers as u64)
    }

    /// Claims, and gives back unmeasured.
    async fn claims(&self, max: usize) -> Pace {
        let (mut claimed, mut calls) = (0, 0);
        let (mut wall, mut redis, mut here) = (Duration::ZERO, 0.0, 0.0);
        let until = Instant::now() + MEASURED;
        while Instant::now() < until {
            let now = Timestamp::from_ms(self.now_ms.fetch_add(1, Ordering::Relaxed));
            let (before, watch) = (self.server.cpu_ms(), Watch::start());
            let mut held = Vec::new();
            for _ in 0..20 {
                held.extend(self.ledger.claim(&ask(0, max, now)).await.unwrap().claims);
                calls += 1;
            }
            wall += watch.elapsed();
            here += watch.cpu_ms();
            redis += self.server.cpu_ms() - before;
            claimed += held.len() as u64;
            let back: Vec<Commit> = held.into_iter().map(|claim| advanced(claim, now)).collect();
            self.ledger.commit(&back, now).await.unwrap();
        }
        Pace {
            per_s: claimed as f64 / wall.as_secs_f64(),
            here_us: here * 1_000.0 / claimed as f64,
            redis_us: redis * 1_000.0 / claimed as f64,
            call_ms: wall.as_secs_f64() * 1_000.0 / f64::from(calls),
        }
    }
}

fn ask(no: usize, max: usize, now: Timestamp) -> ClaimAsk {
    ClaimAsk {
        worker: WorkerId::new(format!("w_{no}")),
        max,
        lease: Duration::from_secs(3_600),
        now,
        only: None,
    }
}
