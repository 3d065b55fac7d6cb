//! What the embedded ledger costs: rows appended, steps claimed and committed, at 1 thousand to 1 million waiting
//! tasks, with `synchronous` FULL and NORMAL side by side. Compare the ratios; the figures are the machine's.
//!
//! The columns in microseconds are the processor time of the whole process, which a busy disk does not change.
//!
//! `cargo bench --bench ledger [-- MILLIONS]`, 1 million unless told, 900 bytes a row. The files lie in the target
//! folder, or in the one that `ENLIST_BENCH_DIR` names (memory, another disk).
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement: it reads the clock, prints, and may fail"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use enlist::domain::attempt::{Attempt, CallKind};
use enlist::domain::batch::{Batch, Weight};
use enlist::domain::ids::{
    AccountId, BatchId, CorrelationId, Digest, RequestId, RowKey, Scope, StatusCode, WorkerId,
};
use enlist::domain::task::{Action, State, Task};
use enlist::domain::time::Timestamp;
use enlist::engine::ports::{Claim, ClaimAsk, Commit, Ledger, NewRow, NewRowBody, Seal, payload_digest};
use enlist::ledger::sqlite::{SqliteLedger, SqliteOptions, Synchronous};
use uuid::Uuid;

const BLOCK: u64 = 1_000;
const MEASURED: Duration = Duration::from_secs(2);

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
    let place = std::env::var("ENLIST_BENCH_DIR").unwrap_or_else(|_| env!("CARGO_TARGET_TMPDIR").to_owned());
    let folder = tempfile::tempdir_in(place).unwrap();
    println!("one fsync of 4 KiB: {:.2} ms", fsync_ms(folder.path()));
    let mut full = Subject::new(folder.path().join("full.sqlite"), Synchronous::Full).await;
    let mut normal = Subject::new(folder.path().join("normal.sqlite"), Synchronous::Normal).await;
    println!(
        "{:<40}{:>10}{:>11}{:>9}{:>11}{:>13}{:>12}",
        "", "FULL /s", "NORMAL /s", "FULL us", "NORMAL us", "FULL/NORMAL", "us to first"
    );
    let mut first: Vec<f64> = Vec::new();
    for size in [1_000, 100_000, most] {
        let mut lines = vec![
            (
                "append 1,000, keys in any order".to_owned(),
                full.fill(size, any_order).await,
                normal.fill(size, any_order).await,
            ),
            (
                "append 1,000, keys in order".to_owned(),
                full.fill(size + size / 10, in_order).await,
                normal.fill(size + size / 10, in_order).await,
            ),
        ];
        for (callers, max) in [(1, 64), (4, 64), (1, 1), (64, 1)] {
            let what = format!("claim {max}, commit {max}, {callers} at once");
            lines.push((
                what,
                full.steps(callers, max).await,
                normal.steps(callers, max).await,
            ));
        }
        println!("{size} waiting");
        for (no, (what, full, normal)) in lines.into_iter().enumerate() {
            let cpu_us = full.cpu_us.midpoint(normal.cpu_us);
            if first.len() <= no {
                first.push(cpu_us);
            }
            println!(
                "    {what:<36}{:>10.0}{:>11.0}{:>9.1}{:>11.1}{:>13.2}{:>12.2}",
                full.per_s,
                normal.per_s,
                full.cpu_us,
                normal.cpu_us,
                full.per_s / normal.per_s,
                cpu_us / first.get(no).unwrap()
            );
        }
    }
    for subject in [&full, &normal] {
        let bytes = std::fs::metadata(&subject.path).unwrap().len();
        println!("{}: {} bytes a row", subject.path.display(), bytes / subject.rows);
    }
    println!("peak memory of this process: {}", peak_memory());
}

/// How fast something went, and what one of it cost.
struct Pace {
    per_s: f64,
    cpu_us: f64,
}

/// Time and processor time from here on.
struct Watch {
    began: Instant,
    cpu_ms: f64,
}

impl Watch {
    fn start() -> Self {
        Self {
            began: Instant::now(),
            cpu_ms: cpu_ms(),
        }
    }

    fn pace(&self, n: u64) -> Pace {
        Pace {
            per_s: n as f64 / self.began.elapsed().as_secs_f64(),
            cpu_us: (cpu_ms() - self.cpu_ms) * 1_000.0 / n as f64,
        }
    }
}

struct Subject {
    ledger: Arc<SqliteLedger>,
    path: PathBuf,
    batch: BatchId,
    rows: u64,
    now_ms: Arc<AtomicI64>,
}

impl Subject {
    async fn new(path: PathBuf, synchronous: Synchronous) -> Self {
        let options = SqliteOptions {
            synchronous,
            ..SqliteOptions::default()
        };
        let ledger = SqliteLedger::open_with(&path, options).unwrap();
        let batch = ledger.open_batch(&batch()).await.unwrap().id;
        Self {
            ledger: Arc::new(ledger),
            path,
            batch,
            rows: 0,
            now_ms: Arc::new(AtomicI64::new(1_700_000_000_000)),
        }
    }

    /// Appends until `size` tasks wait. Making the rows is part of it.
    async fn fill(&mut self, size: u64, key: fn(u64) -> String) -> Pace {
        let now = Timestamp::from_ms(self.now_ms.load(Ordering::Relaxed));
        let (from, watch) = (self.rows, Watch::start());
        while self.rows < size {
            let rows: Vec<NewRow> = (self.rows..self.rows + BLOCK)
                .map(|seq| row(seq, &key(seq)))
                .collect();
            self.ledger.append(&self.batch, &rows, now).await.unwrap();
            self.rows += BLOCK;
        }
        watch.pace(self.rows - from)
    }

    /// Claims and commits, each step with one attempt and due again at once.
    async fn steps(&self, callers: usize, max: usize) -> Pace {
        let watch = Watch::start();
        let began = watch.began;
        let work = |no: usize| {
            let (ledger, now_ms) = (Arc::clone(&self.ledger), Arc::clone(&self.now_ms));
            tokio::spawn(async move {
                let mut steps = 0;
                while began.elapsed() < MEASURED {
                    let now = Timestamp::from_ms(now_ms.fetch_add(1, Ordering::Relaxed));
                    let ask = ClaimAsk {
                        worker: WorkerId::new(format!("w_{no}")),
                        max,
                        lease: Duration::from_secs(3_600),
                        now,
                        only: None,
                    };
                    let claims = ledger.claim(&ask).await.unwrap().claims;
                    let commits: Vec<Commit> = claims.into_iter().map(|claim| advanced(claim, now)).collect();
                    steps += commits.len() as u64;
                    ledger.commit(&commits, now).await.unwrap();
                }
                steps
            })
        };
        let mut steps = 0_u64;
        for worker in (0..callers).map(work).collect::<Vec<_>>() {
            steps += worker.await.unwrap();
        }
        watch.pace(steps)
    }
}

/// A step as a worker would bring it back: submitted, then looked at.
fn advanced(claim: Claim, now: Timestamp) -> Commit {
    let kind = match claim.task.account {
        None => CallKind::Submit,
        Some(_) => CallKind::Poll,
    };
    let task = Task {
        state: State::Pending,
        account: Some(AccountId::new("P1000084165")),
        status: Some(StatusCode::new("1002")),
        created_at: Some(now),
        first_sent_at: Some(now),
        trying_since: Some(now),
        due_at: now.plus(Duration::from_millis(1)),
        ..claim.task
    };
    let no = u128::from(claim.lease.task.unsigned_abs());
    let attempt = Attempt {
        kind,
        at: now,
        took_ms: 130,
        correlation_id: CorrelationId::fresh(Uuid::from_u128(no)),
        request_id: RequestId::fresh(Uuid::from_u128(no << 64)),
        http: Some(201),
        read_as: "pending".into(),
        code: None,
        exchanges: 1,
    };
    Commit {
        lease: claim.lease,
        task,
        attempts: vec![attempt],
    }
}

fn batch() -> Batch {
    let scope = Scope {
        provider: "adobe".into(),
        account: "345434543@https://partners.example".into(),
    };
    let file_digest = Digest::of(b"bench");
    Batch {
        id: BatchId::derive(&scope, Action::Create, &file_digest),
        job: "adobe-create".into(),
        job_text: String::new(),
        scope,
        action: Action::Create,
        file_name: "bench.csv".into(),
        file_digest,
        rows_total: u64::MAX >> 1,
        rows_imported: 0,
        columns: Vec::new(),
        derived_keys: false,
        created_at: Timestamp::from_ms(0),
        pause: None,
        cancelled: false,
        weight: Weight::default(),
        terms: None,
        foreseen: None,
    }
}

/// A key that sorts anywhere among the others.
fn any_order(seq: u64) -> String {
    format!("R-{:016x}", seq.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// A key that sorts behind the others.
fn in_order(seq: u64) -> String {
    format!("S-{seq:016}")
}

/// 300 bytes of cells and 600 of payload.
fn row(seq: u64, key: &str) -> NewRow {
    let payload = format!("{{\"key\":\"{key}\",\"rest\":\"{}\"}}", "x".repeat(560));
    NewRow {
        seq,
        line: seq + 2,
        cells: (0..15).map(|_| format!("{:<17}", "a cell's text")).collect(),
        seal: Seal::Nothing,
        body: NewRowBody::Sound {
            digest: payload_digest(&payload),
            payload: payload.into(),
            key: RowKey::new(key).unwrap(),
        },
    }
}

fn fsync_ms(folder: &Path) -> f64 {
    const TIMES: u32 = 50;
    let mut file = std::fs::File::create(folder.join("fsync")).unwrap();
    let began = Instant::now();
    for _ in 0..TIMES {
        file.write_all(&[7; 4_096]).unwrap();
        file.sync_data().unwrap();
    }
    began.elapsed().as_secs_f64() * 1_000.0 / f64::from(TIMES)
}

/// Processor time of this process, from the kernel's ticks of 10 ms; nothing where there is no `/proc`.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|n| n.parse::<u64>().ok())
        .sum();
    ticks as f64 * 10.0
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "not known here".into(), |line| line.trim().to_owned())
}
