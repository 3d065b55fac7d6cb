//! Works one batch until it is settled, paused, out of time, or told to stop; then reports.

mod standstill;

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use self::standstill::{Standstill, unreadable_alone};
use super::desks::DeskRoom;
use super::feed::{column_of, terms_of};
use super::{App, Env, Exit, Failure, passwords};
use crate::config::{CallsOf, Job};
use crate::domain::batch::{Batch, Counts, Pause};
use crate::domain::eta::{Forecast, Pace};
use crate::domain::ids::{BatchId, WorkerId};
use crate::domain::report::Summary;
use crate::engine::ports::{Ledger, LedgerError};
use crate::report::{LedgerRows, Options};
use crate::worker::{Settings, Signal, work};

/// How often the counts are looked at.
const TICK: Duration = Duration::from_millis(150);

/// A claim holds this long without being prolonged. Rows of a killed worker move again after that, and when somebody has
/// room: within five seconds, even if the ledger begins anew meanwhile and no call may leave for a second. A worker that
/// cannot prolong for two thirds of it (no line, no processor) loses its rows to others, which costs a replay each, and
/// never a second account.
pub const LEASE: Duration = Duration::from_secs(3);

/// Longer than any call may take, so that a clean stop leaves nothing unknown.
const DRAIN: Duration = Duration::from_secs(80);

/// Why the work ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// No row has a step to do.
    Settled,
    /// The time given is over.
    TimeOver,
    /// The batch is paused until somebody resumes it.
    Paused(Pause),
    /// The rows on these lines cannot be read in the ledger, and all others are settled.
    Unreadable(Vec<u64>),
    /// A signal asked for the end; its exit code.
    Asked(Exit),
}

/// How things stand while working.
#[derive(Clone, Debug)]
pub struct Tick {
    /// Tasks by state, and calls.
    pub counts: Counts,
    /// What is left, in time.
    pub forecast: Forecast,
    /// The pause, if one is on.
    pub pause: Option<Pause>,
}

/// A worker of this process.
pub struct Crew {
    signal: watch::Sender<Signal>,
    room: Arc<DeskRoom>,
    working: tokio::task::JoinHandle<Result<(), LedgerError>>,
}

impl Crew {
    /// Starts working, all batches or `only` one.
    pub fn start(
        app: &App,
        env: &Env,
        ledger: &Arc<dyn Ledger>,
        in_flight: usize,
        only: Option<BatchId>,
    ) -> Self {
        let room = Arc::new(DeskRoom::new(
            Arc::clone(ledger),
            Arc::clone(&app.world),
            Arc::clone(env),
            app.telemetry.metrics(),
        ));
        let settings = Settings {
            worker: WorkerId::new(format!("w_{}", app.world.dice().simple())),
            in_flight,
            lease: LEASE,
            drain: DRAIN,
            only,
        };
        let (signal, listen) = watch::channel(Signal::Work);
        let desks = Arc::clone(&room) as Arc<dyn crate::worker::Desks>;
        let working = tokio::spawn(work(
            settings,
            Arc::clone(ledger),
            desks,
            Arc::clone(&app.world),
            app.telemetry.metrics(),
            listen,
        ));
        Self {
            signal,
            room,
            working,
        }
    }

    /// Waits until the worker has ended, which it does by itself only if something is broken: [`Crew::stop`] says what.
    pub async fn ended(&self) {
        self.signal.closed().await;
    }

    /// Finishes what is in flight and gives back the rest.
    ///
    /// # Errors
    /// Why the worker could not work any more, if so.
    pub async fn stop(self) -> Result<(), LedgerError> {
        self.room.close();
        self.signal.send_replace(Signal::Stop);
        self.working.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the worker did not end well; its rows go on when their leases run out");
            Ok(())
        })
    }
}

/// Works `batch` in this process. `told` hears how things stand, several times a second.
pub async fn work_batch(
    app: &App,
    env: &Env,
    ledger: &Arc<dyn Ledger>,
    batch: &Batch,
    wait: Option<Duration>,
    stop: impl Future<Output = Exit>,
    told: &mut (dyn FnMut(&Tick) + Send),
) -> Result<Ended, Failure> {
    let job = Job::parse(&batch.job_text, &batch.job, &[])?.job;
    // Wrong credentials in the environment should end the command, not pause the batch.
    let (world, metrics) = (Arc::clone(&app.world), app.telemetry.metrics());
    DeskRoom::new(Arc::clone(ledger), world, Arc::clone(env), metrics).set_up(batch, false)?;
    let in_flight = usize::try_from(job.limits.in_flight).unwrap_or(usize::MAX);
    let crew = Crew::start(app, env, ledger, in_flight, Some(batch.id.clone()));
    let until = async {
        match wait {
            Some(wait) => tokio::time::sleep(wait).await,
            None => std::future::pending().await,
        }
    };
    let watched = {
        let watching = pin!(watch_batch(app, ledger, &batch.id, &job, told));
        tokio::select! {
            ended = watching => ended,
            () = until => Ok(Ended::TimeOver),
            exit = stop => Ok(Ended::Asked(exit)),
            () = crew.ended() => Err(Failure::new(
                Exit::Failed,
                "the worker ended before its work was done",
                "run the same command again: it goes on where it stopped",
            )),
        }
    };
    crew.stop().await?;
    watched
}

async fn watch_batch(
    app: &App,
    ledger: &Arc<dyn Ledger>,
    id: &BatchId,
    job: &Job,
    told: &mut (dyn FnMut(&Tick) + Send),
) -> Result<Ended, Failure> {
    let settle_default = job.poll.policy().pause.first;
    let windows = [CallsOf::All, CallsOf::Writes].map(|of| job.windows(of));
    let mut pace = Pace::under(windows.into_iter().flatten());
    let mut standstill = Standstill::default();
    loop {
        let counts = ledger.counts(id).await;
        let batch = ledger.batch(id).await;
        if matches!(batch, Ok(None)) {
            return Err(forgotten(id));
        }
        if let (Ok(counts), Ok(Some(batch))) = (counts, batch) {
            let now = app.world.steady();
            pace.note(now, &counts);
            let forecast = pace.forecast(&counts, settle_default);
            let open = counts.open();
            let is_to_be_looked_at = standstill.is_to_be_looked_at(&counts, now);
            told(&Tick {
                counts,
                forecast,
                pause: batch.pause.clone(),
            });
            if open == 0 {
                return Ok(Ended::Settled);
            }
            if let Some(pause) = batch.pause.filter(|pause| pause.until.is_none()) {
                return Ok(Ended::Paused(pause));
            }
            if is_to_be_looked_at
                && let Ok(lines) = unreadable_alone(&**ledger, id).await
                && !lines.is_empty()
            {
                return Ok(Ended::Unreadable(lines));
            }
        }
        tokio::time::sleep(TICK).await;
    }
}

/// Only a finished batch is forgotten, so its rows were done; what they came to is not known any more.
fn forgotten(id: &BatchId) -> Failure {
    Failure::new(
        Exit::Failed,
        format!("batch {id} was forgotten when its last row had settled, so there is no report"),
        "keep batches for longer with the job's retention.finished, and see who ran `enlist forget`; do not feed the file again before you have seen at the provider which accounts there are",
    )
}

/// Writes the report folder of a batch as things stand.
pub async fn report(
    app: &App,
    ledger: &Arc<dyn Ledger>,
    id: &BatchId,
    dir: &Path,
) -> Result<Summary, Failure> {
    let batch = ledger
        .batch(id)
        .await?
        .ok_or_else(|| Failure::usage(format!("there is no batch {id}"), ""))?;
    let job = Job::parse(&batch.job_text, &batch.job, &[])?.job;
    let counts = ledger.counts(id).await?;
    let options = Options {
        column_of: column_of(&batch, &job),
        terms_of: terms_of(&batch, &job),
        byte_order_mark: job.report.byte_order_mark,
        workbook: job.report.workbook,
    };
    let rows = LedgerRows {
        ledger: &**ledger,
        batch: id,
    };
    let summary = crate::report::write(dir, &batch, &counts, &rows, &options, app.world.now()).await?;
    passwords::write(&app.env, &**ledger, &batch, &job, dir).await?;
    Ok(summary)
}
