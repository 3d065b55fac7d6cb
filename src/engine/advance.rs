//! One step of one task: plan it, do it, learn from it. The engine's heart beats here.

mod looks;
mod words;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use tracing::{Instrument as _, Span};

use super::gauge::ErrorGauge;
use super::lease::{LeaseWatch, Moment};
use super::ports::{Budget, Claim, Commit, Ledger, LookUpCall, Provider, Reply, SubmitCall, Which};
use super::sweep::PendingSet;
use crate::domain::answer::{Answer, Refused, Silence};
use crate::domain::attempt::{Attempt, CallKind};
use crate::domain::batch::{Pause, PauseReason};
use crate::domain::ids::{Digest, RowKey, Scope};
use crate::domain::machine::{Effect, Event, Rules, Step, abandoned, apply, plan};
use crate::domain::policy::throttle::Streak;
use crate::domain::task::{State, Task};
use crate::domain::time::Timestamp;
use crate::world::World;

pub use words::read_as;

/// A task is put back after one call; between calls only time decides, and never more often than this.
const STEPS_MAX: u32 = 6;

/// A task that got no leave to send, or for which there is no desk now, comes back after this.
pub const NO_LEAVE_PAUSE: Duration = Duration::from_millis(500);

/// Calls in a row, over all rows, that reached nothing before everybody waits.
const STRIKES: u32 = 16;

/// The longest such wait. Short, since one answer ends it.
const STRIKE_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Works the tasks of one job: its rules, its provider, its budget.
pub struct Desk {
    /// Whose rows these are.
    pub scope: Scope,
    /// What they live by.
    pub rules: Rules,
    /// Whom to ask.
    pub provider: Arc<dyn Provider>,
    /// How many calls may leave.
    pub budget: Arc<dyn Budget>,
    /// Where pauses are written.
    pub ledger: Arc<dyn Ledger>,
    /// Time and chance.
    pub world: Arc<dyn World>,
    /// Pending accounts, listed; absent where the provider or the job does without.
    pub pending: Option<PendingSet>,
    /// Refused rows of late.
    pub gauge: ErrorGauge,
    /// Calls in a row that reached nothing.
    pub strikes: AtomicU32,
    /// Refusals in a row for going too fast.
    pub throttle: Mutex<Streak>,
    /// Whether it wants its batch paused: what it was set up with may then be put right, so it is good for nothing more.
    pub paused: AtomicBool,
}

impl Desk {
    /// Takes a claimed task one call further, while its lease holds. Never fails: what went wrong is in the commit.
    ///
    /// Whatever is logged on the way carries the batch and the row, where somebody listens for that (`telemetry::logs`).
    pub async fn advance(&self, claim: Claim, lease: &LeaseWatch) -> Commit {
        let span = tracing::info_span!(
            "step",
            batch = %claim.batch,
            row = claim.key.mark(),
            state = claim.task.state.as_str()
        );
        self.steps(claim, lease).instrument(span).await
    }

    async fn steps(&self, claim: Claim, lease: &LeaseWatch) -> Commit {
        let seed = seed(&claim.key);
        let mut task = claim.task.clone();
        let mut attempts = Vec::new();
        if let Some(claimed_at) = claim.abandoned {
            task = self
                .learn(&claim, &task, &Event::Abandoned { claimed_at }, seed)
                .await;
        }
        for _ in 0..STEPS_MAX {
            let step = match plan(&task, &self.rules, self.world.now()) {
                Step::Wait(_) | Step::Nothing => break,
                Step::Learn(event) => {
                    task = self.learn(&claim, &task, &event, seed).await;
                    continue;
                }
                step => step,
            };
            let span = tracing::info_span!(
                "call",
                call = kind(&step).as_str(),
                attempt = words::nth(&task, &step),
                correlation_id = tracing::field::Empty
            );
            let stepping = self.take(&claim, lease, task, &step, seed, &mut attempts);
            task = stepping.instrument(span).await;
            // A look-up after an ambiguous answer cannot wait for another turn: every moment it may be too late.
            if !(matches!(step, Step::Submit) && matches!(task.state, State::Reconciling { .. })) {
                break;
            }
        }
        Commit {
            lease: claim.lease,
            task,
            attempts,
        }
    }

    /// Makes the step's call and learns from it; without leave the task comes back as it was.
    async fn take(
        &self,
        claim: &Claim,
        lease: &LeaseWatch,
        task: Task,
        step: &Step,
        seed: u64,
        attempts: &mut Vec<Attempt>,
    ) -> Task {
        let mut called = task.clone();
        let (answer, attempt) = if lease.is_held(Moment::now(&*self.world)) {
            self.call(claim, lease, &mut called, step, seed).await
        } else {
            (Answer::NoLeave, None)
        };
        attempts.extend(attempt);
        if answer == Answer::NoLeave {
            return Task {
                due_at: self.world.now().plus(NO_LEAVE_PAUSE),
                ..task
            };
        }
        self.learn(claim, &called, &Event::Answer(answer), seed).await
    }

    async fn learn(&self, claim: &Claim, task: &Task, event: &Event, seed: u64) -> Task {
        let transition = apply(task, event, &self.rules, self.world.now(), seed);
        if transition.illegal {
            let event = words::of_event(event);
            tracing::error!(event, "an event has no place here; the row was left as it was");
        }
        if let Some(effect) = transition.effect {
            self.effect(claim, effect).await;
        }
        transition.task
    }

    async fn call(
        &self,
        claim: &Claim,
        lease: &LeaseWatch,
        task: &mut Task,
        step: &Step,
        seed: u64,
    ) -> (Answer, Option<Attempt>) {
        let at = self.world.now();
        let began = self.world.steady();
        let reply = match step {
            Step::Submit => {
                *task = self.learn(claim, task, &Event::Sent, seed).await;
                let correlation_id = task.correlation_id(&self.scope, &claim.key);
                Span::current().record("correlation_id", tracing::field::display(correlation_id));
                let call = SubmitCall {
                    correlation_id,
                    key: claim.key.clone(),
                    account: task.account.clone(),
                    payload: payload(claim),
                    lease: lease.clone(),
                };
                self.provider.submit(&call).await
            }
            Step::LookUp { sent_after } => {
                let call = LookUpCall {
                    key: claim.key.clone(),
                    payload: payload(claim),
                    sent_after: *sent_after,
                    any_age: task.seeks_any_age(),
                };
                self.provider.look_up(&call).await
            }
            _ => match self.poll(task).await {
                Ok(reply) => reply,
                Err(answer) => return (answer, None),
            },
        };
        let kind = kind(step);
        self.watch_reach(&reply.answer);
        self.watch_limit(&reply.answer, began);
        if kind == CallKind::Submit {
            self.watch_errors(claim, &reply.answer).await;
        }
        let took = self.world.steady().since(began);
        let attempt = (reply.exchanges > 0).then(|| attempt(kind, at, took, &reply));
        (self.compared(claim, reply).await, attempt)
    }

    async fn effect(&self, claim: &Claim, effect: Effect) {
        let now = self.world.now();
        match effect {
            Effect::Throttle { asked: Some(wait) } => self.budget.pause_for(wait),
            // How long is found out: see `watch_limit`.
            Effect::Throttle { asked: None } => {}
            Effect::Pause {
                reason,
                detail,
                until,
            } => {
                let which = match reason {
                    PauseReason::Auth | PauseReason::Quota => Which::Scope(self.scope.clone()),
                    _ => Which::Batch(claim.batch.clone()),
                };
                self.pause(
                    which,
                    Pause {
                        reason,
                        detail,
                        since: now,
                        until,
                    },
                )
                .await;
            }
        }
    }

    async fn pause(&self, which: Which, pause: Pause) {
        let write = || self.ledger.set_pause(&which, Some(&pause));
        self.paused.store(true, Ordering::Relaxed);
        match write.retry(ExponentialBuilder::default().with_max_times(8)).await {
            Ok(paused) if paused.is_empty() => {}
            // What the provider said is in the ledger, for `enlist status`: it may quote a row.
            Ok(paused) => tracing::warn!(
                reason = pause.reason.as_str(),
                batches = words::names(&paused),
                "paused; no row fails by it; hint: {}",
                pause.reason.hint()
            ),
            Err(error) => {
                tracing::error!(%error, reason = pause.reason.as_str(), "the pause could not be written")
            }
        }
    }

    /// A provider that cannot be reached at all is given time, so that rows do not spend their tries on it.
    fn watch_reach(&self, answer: &Answer) {
        if self.budget.is_closed() {
            // Rows that a stopping program does not send say nothing of the provider.
            return;
        }
        let reached_nothing = matches!(
            answer,
            Answer::NotSent(_)
                | Answer::Silent(Silence::TimedOut | Silence::Broken(_) | Silence::Gateway { .. })
        );
        if !reached_nothing {
            self.strikes.store(0, Ordering::Relaxed);
            return;
        }
        let strikes = self.strikes.fetch_add(1, Ordering::Relaxed) + 1;
        if strikes.is_multiple_of(STRIKES) {
            let wait = self
                .rules
                .retry
                .pause
                .pause(strikes / STRIKES, 0.0)
                .min(STRIKE_PAUSE_MAX);
            tracing::warn!(
                calls = strikes,
                wait_s = wait.as_secs(),
                "the provider cannot be reached; everybody waits, then one tries again"
            );
            self.budget.pause_for(wait);
        }
    }

    /// A 429 that names no wait makes everybody wait, longer each time that was in vain.
    fn watch_limit(&self, answer: &Answer, left_at: Timestamp) {
        let mut streak = self.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Answer::Refused(Refused::Throttled { retry_after: None }) => {
                if let Some(wait) = streak.refused(left_at, self.world.steady()) {
                    self.budget.pause_for(wait);
                }
            }
            Answer::Answered(_) => streak.let_through(),
            _ => {}
        }
    }

    async fn watch_errors(&self, claim: &Claim, answer: &Answer) {
        let Some(refused) = answer.refused_row() else {
            return;
        };
        if let Some(detail) = self.gauge.note(refused) {
            let pause = Pause {
                reason: PauseReason::ErrorRate,
                detail,
                since: self.world.now(),
                until: None,
            };
            self.pause(Which::Batch(claim.batch.clone()), pause).await;
        }
    }
}

/// The commit that gives a claimed task back unworked. What its last holder left unsaid is not lost.
pub fn give_back(claim: &Claim, now: Timestamp) -> Commit {
    let task = match claim.abandoned {
        Some(claimed_at) => abandoned(&claim.task, claimed_at, now),
        None => claim.task.clone(),
    };
    Commit {
        lease: claim.lease,
        task,
        attempts: Vec::new(),
    }
}

/// A row's own number, for jitter that replays.
pub fn seed(key: &RowKey) -> u64 {
    let digest = Digest::of(key.as_str().as_bytes());
    digest
        .as_bytes()
        .iter()
        .take(8)
        .fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}

/// What a step that makes a call makes it for.
const fn kind(step: &Step) -> CallKind {
    match step {
        Step::Submit => CallKind::Submit,
        Step::LookUp { .. } => CallKind::LookUp,
        _ => CallKind::Poll,
    }
}

fn payload(claim: &Claim) -> Arc<str> {
    claim.payload.clone().unwrap_or_default()
}

fn attempt(kind: CallKind, at: Timestamp, took: Duration, reply: &Reply) -> Attempt {
    Attempt {
        kind,
        at,
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        correlation_id: reply.correlation_id,
        request_id: reply.request_id,
        http: reply.http,
        read_as: read_as(&reply.answer).to_owned(),
        code: reply.code.clone(),
        exchanges: reply.exchanges,
    }
}
