//! What the engine asks of the edges: a ledger, a provider, a budget.

mod ledger_error;
mod rows;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::lease::LeaseWatch;
use crate::domain::answer::{Answer, RowError};
use crate::domain::attempt::{Attempt, CallKind};
use crate::domain::batch::{Backlog, Batch, Counts, Pause, Weight};
use crate::domain::diagnosis::Diagnosis;
use crate::domain::ids::{AccountId, BatchId, CorrelationId, Digest, RequestId, RowKey, Scope, WorkerId};
use crate::domain::machine::Order;
use crate::domain::policy::rate::Window;
use crate::domain::task::{Action, Task};
use crate::domain::time::Timestamp;
use crate::world::World;

pub use ledger_error::LedgerError;
pub use rows::{Appended, NewRow, NewRowBody, RowFault, RowView, Seal};

/// The store of all tasks, and the queue.
///
/// Every method is atomic ([`Ledger::append`] and [`Ledger::apply_to_batch`] in parts) and may be repeated after an error. `now` is the
/// caller's clock; a shared ledger may use its own instead. Every ledger keeps the laws in
/// `tests/it/ledger_conformance.rs`.
///
/// A task is known by scope, action and row key, across batches. It belongs to the batch that fed it last: that one
/// is claimed from, paused, cancelled and counted.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// The budgets that the ledger keeps.
    fn budgets(&self, world: &Arc<dyn World>) -> Arc<dyn Budgets>;

    /// Makes the batch known, or finds it: returns it as the ledger now has it. `job_text` of an existing batch
    /// is replaced by the one given, the rest is kept. `rows_imported` is the ledger's own.
    async fn open_batch(&self, batch: &Batch) -> Result<Batch, LedgerError>;

    /// The batch, if known.
    async fn batch(&self, id: &BatchId) -> Result<Option<Batch>, LedgerError>;

    /// All batches, newest first.
    async fn batches(&self) -> Result<Vec<Batch>, LedgerError>;

    /// Adds rows to a batch, in order of `seq`; rows it already has (same `seq`) are left as they are.
    ///
    /// A sound row whose key is new under the batch's scope and action makes a task; one whose key is known is
    /// *fed* to its task ([`Order::Fed`]), which then belongs to this batch. If somebody has that task and the
    /// data change it, the lease ends as if it had run out: the holder may have sent the old data, and its commit
    /// is fenced. If they change nothing, the lease stands. In a cancelled batch the task is settled as cancelled.
    /// Sets `rows_imported` to the highest `seq` + 1. Fails with [`LedgerError::NoBatch`], and with
    /// [`LedgerError::Behind`] when the first row lies beyond that: the rows between would never come.
    async fn append(&self, batch: &BatchId, rows: &[NewRow], now: Timestamp)
    -> Result<Appended, LedgerError>;

    /// Leases up to `max` due tasks to `worker` until `now + lease`, submits before other steps but never only
    /// submits while others are due (at least one in eight), in shares by weight over batches, those due longest
    /// first. Skips paused batches (a pause whose `until` has come is over), and looks at `only` one batch if given.
    /// Due tasks of a cancelled batch are settled instead of lent. A stored task that cannot be read is put off for
    /// the length of a lease, said to be unreadable, and lent to nobody; it holds no other up.
    async fn claim(&self, ask: &ClaimAsk) -> Result<Claimed, LedgerError>;

    /// The request body in force of a task that is lent, whether the claim brought it or not.
    async fn payload(&self, claim: &Claim) -> Result<Option<Arc<str>>, LedgerError>;

    /// Keeps what was learned and gives the leases back. A commit whose fence is no longer the task's, or whose
    /// lease was given back already, is dropped and says so; its attempts are kept all the same, once, since the
    /// calls were made. A task of a cancelled batch that is not settled is settled as cancelled.
    async fn commit(&self, commits: &[Commit], now: Timestamp) -> Result<Vec<Kept>, LedgerError>;

    /// Prolongs leases still held to `until`, and passes over the others. Never shortens one.
    async fn extend(&self, leases: &[Lease], until: Timestamp) -> Result<(), LedgerError>;

    /// Applies an operator's or importer's order to every task of a batch that nobody has, in chunks; a lease that
    /// has run out counts as nobody's, and as silence. Returns how many tasks changed their state.
    /// [`Order::Fed`] means with the data each task has; its digest is not looked at. Any order but
    /// [`Order::Cancel`] takes [`Ledger::cancel`]'s mark back. Fails with [`LedgerError::NoBatch`].
    async fn apply_to_batch(&self, id: &BatchId, order: &Order, now: Timestamp) -> Result<u64, LedgerError>;

    /// Pauses (`Some`) or resumes (`None`) batches; returns the ids of those changed. A pause already in place
    /// is kept, so that the first reason stands, unless it was over when the new one began (`since`).
    /// [`Which::Scope`] pauses batches with rows to import or tasks to do, and resumes all.
    async fn set_pause(&self, which: &Which, pause: Option<&Pause>) -> Result<Vec<BatchId>, LedgerError>;

    /// Marks a batch as cancelled: its open tasks are settled as `Cancelled` by [`Ledger::apply_to_batch`], and
    /// those in flight by their commit. Fails with [`LedgerError::NoBatch`].
    async fn cancel(&self, id: &BatchId) -> Result<(), LedgerError>;

    /// Gives the batch another share of the turns, from the next claim on. Fails with [`LedgerError::NoBatch`].
    async fn set_weight(&self, id: &BatchId, weight: Weight) -> Result<(), LedgerError>;

    /// Forgets a finished batch: its rows, and the tasks that still belong to it with their keys and calls, in parts.
    /// `false`, and nothing is done, while it has open tasks or is half imported. What one call leaves (another's task
    /// may still send a row's payload), the next one takes. A row fed again afterwards is a new row.
    async fn forget(&self, id: &BatchId) -> Result<bool, LedgerError>;

    /// How many tasks owned by the batch stand where, and what calls and waits were spent while it owned them.
    async fn counts(&self, id: &BatchId) -> Result<Counts, LedgerError>;

    /// What waits, over all batches. Asked for by whoever watches, every second or so, at any size: it must be cheap.
    /// [`Backlog::oldest_due`] is what [`Claimed::next_due`] would be if a claim took nothing.
    async fn backlog(&self, now: Timestamp) -> Result<Backlog, LedgerError>;

    /// Rows of a batch with `seq >= from`, at most `max`, in order; each with its key's task, whatever batch that
    /// belongs to now. A row whose task cannot be read says so itself.
    async fn rows(&self, id: &BatchId, from: u64, max: u32) -> Result<Vec<RowView>, LedgerError>;

    /// The tasks of these keys as they stand, in their order; `None` where a key is new.
    async fn tasks(
        &self,
        scope: &Scope,
        action: Action,
        keys: &[RowKey],
    ) -> Result<Vec<Option<Task>>, LedgerError>;

    /// Every attempt of an action for a key, oldest first.
    async fn history(&self, scope: &Scope, action: Action, key: &RowKey)
    -> Result<Vec<Attempt>, LedgerError>;

    /// The time by the clock of the machine that holds the ledger, if that may be another one than ours.
    async fn time(&self) -> Result<Option<Timestamp>, LedgerError>;

    /// Looks at all that the ledger depends on, changing nothing.
    async fn examine(&self) -> Vec<Diagnosis>;

    /// What the ledger is, for messages: `sqlite:FILE`.
    fn describe(&self) -> String;
}

/// Which batches a pause is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// This one.
    Batch(BatchId),
    /// All that use this account holder, because the trouble is with its credentials.
    Scope(Scope),
}

/// What a worker asks for.
#[derive(Clone, Debug)]
pub struct ClaimAsk {
    /// Who asks.
    pub worker: WorkerId,
    /// How many tasks at most.
    pub max: usize,
    /// For how long.
    pub lease: Duration,
    /// The time.
    pub now: Timestamp,
    /// Only tasks of this batch, if given.
    pub only: Option<BatchId>,
}

/// A task lent to a worker. The fence grows with each lease of a task; only the newest may commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The ledger's number of the task.
    pub task: i64,
    /// Which lease of it.
    pub fence: i64,
}

/// A task in a worker's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The lease.
    pub lease: Lease,
    /// Whose batch it is.
    pub batch: BatchId,
    /// The row's key.
    pub key: RowKey,
    /// The task as the ledger has it.
    pub task: Task,
    /// The request body; absent for tasks that do not need it ([`Task::needs_payload`]).
    pub payload: Option<Arc<str>>,
    /// When the lease began that ran out without a commit, if one did: whoever had it may have sent. Of several
    /// in a row, the first.
    pub abandoned: Option<Timestamp>,
}

/// What a claim brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The tasks.
    pub claims: Vec<Claim>,
    /// When the next open task falls due, or its lease (one of these claims included) or its batch's pause ends; not
    /// after `now` if some are due that `max` left. `None` when nothing falls due by itself: no task is open, or all
    /// are paused until a person resumes them.
    pub next_due: Option<Timestamp>,
}

/// What a worker learned of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The lease it was claimed with.
    pub lease: Lease,
    /// The task as it now stands. If its payload digest is the staged one, the staged payload is now in force.
    pub task: Task,
    /// What was done.
    pub attempts: Vec<Attempt>,
}

/// Whether a commit counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It did.
    Yes,
    /// The lease had been given to somebody else (or the task fed with changed data): nothing was changed.
    Fenced,
}

/// A provider's system: how to ask it for each step. Answers are classified values; there is no error.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Asks for the account.
    async fn submit(&self, call: &SubmitCall) -> Reply;

    /// Finds out whether the account asked for since `sent_after` exists. Answers `Account`, `NotFound` or neither.
    async fn look_up(&self, call: &LookUpCall) -> Reply;

    /// Looks at one account.
    async fn poll(&self, account: &AccountId) -> Reply;

    /// One page of the accounts that are still pending, oldest first; `None` if the provider cannot list.
    async fn list_pending(&self, offset: u64) -> Option<PendingPage>;

    /// What the account, as it was `shown`, has otherwise than it was sent, one error a field with the code
    /// [`KEPT`](crate::domain::answer::KEPT). Pure.
    fn kept(&self, payload: &str, shown: &AccountShown) -> Vec<RowError>;
}

/// A request for an account. Its `Debug` does not show the body, which can hold a password.
#[derive(Clone)]
pub struct SubmitCall {
    /// Names the intent.
    pub correlation_id: CorrelationId,
    /// The row's key.
    pub key: RowKey,
    /// The account, once it is known (an update that is sent again).
    pub account: Option<AccountId>,
    /// The request body.
    pub payload: Arc<str>,
    /// The lease of the task it is for. Nothing is sent once it may have run out: the answer is [`Answer::NoLeave`].
    pub lease: LeaseWatch,
}

/// A question whether an account exists.
#[derive(Clone, PartialEq, Eq)]
pub struct LookUpCall {
    /// The row's key, which the provider keeps as its external reference.
    pub key: RowKey,
    /// The request body that was sent.
    pub payload: Arc<str>,
    /// No account made before this is ours, unless `any_age`.
    pub sent_after: Timestamp,
    /// An account of any age counts: nothing was sent yet, so it was there before; or more than one intent was, so that it may
    /// come of one before the last. For providers that keep nothing of ours to know an account by, but its name.
    pub any_age: bool,
}

impl fmt::Debug for SubmitCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitCall")
            .field("correlation_id", &self.correlation_id)
            .field("key", &self.key)
            .field("account", &self.account)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LookUpCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookUpCall")
            .field("key", &self.key)
            .field("payload_bytes", &self.payload.len())
            .field("sent_after", &self.sent_after)
            .field("any_age", &self.any_age)
            .finish()
    }
}

/// What came back, and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The classified answer.
    pub answer: Answer,
    /// The `X-Correlation-Id` sent: the intent's for a submit, a fresh one for reads.
    pub correlation_id: CorrelationId,
    /// The `X-Request-Id` of the last exchange.
    pub request_id: RequestId,
    /// The HTTP status code of the last exchange, if one came.
    pub http: Option<u16>,
    /// The provider's own code, if it gave one.
    pub code: Option<String>,
    /// HTTP exchanges made.
    pub exchanges: u32,
    /// The account as the provider showed it, where that can be compared with what was sent: [`Provider::kept`].
    pub shown: Option<AccountShown>,
}

/// A body in which a provider shows an account. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountShown(pub Arc<[u8]>);

impl fmt::Debug for AccountShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountShown({} bytes)", self.0.len())
    }
}

impl Reply {
    /// The reply to a poll that the list of pending accounts answered.
    pub fn of_list(answer: Answer, exchanges: u32, world: &dyn World) -> Self {
        Self {
            answer,
            correlation_id: CorrelationId::fresh(world.dice()),
            request_id: RequestId::fresh(world.dice()),
            http: Some(200),
            code: None,
            exchanges,
            shown: None,
        }
    }
}

/// One page of pending accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingPage {
    /// The accounts on it; empty with `answered == false` when the call failed.
    pub accounts: Vec<AccountId>,
    /// All pending accounts at the provider, ours and others'.
    pub total: u64,
    /// Whether the provider answered. If not, single looks take over.
    pub answered: bool,
}

/// Leave to send one call. Dropping it says that the answer is there (or will never come).
pub trait Permit: Send {}

/// How many calls may leave: one budget for a provider and credential.
#[async_trait]
pub trait Budget: Send + Sync {
    /// Waits until one call of this kind may leave; `None` when that takes too long, or the program is stopping.
    async fn permit(&self, kind: CallKind) -> Option<Box<dyn Permit>>;

    /// Nobody sends before `wait` has passed: the provider asked for it.
    fn pause_for(&self, wait: Duration);

    /// Nothing more leaves: whoever waits goes away without a permit.
    fn close(&self);

    /// Whether it was closed.
    fn is_closed(&self) -> bool;
}

/// A budget whose windows can be set anew while it is used.
pub trait WindowedBudget: Budget {
    /// These windows hold from now on; none means no limit. Calls made before count in them as far back as they are
    /// remembered: the longest window before.
    fn hold_to(&self, windows: &[Window]);
}

/// Budgets that a ledger keeps: for all processes that work it together, or beyond the end of this one.
pub trait Budgets: Send + Sync {
    /// The budget of `owner`: a provider's system and a credential. The windows given last hold for all processes;
    /// none means no limit. Nobody is asked before the first permit, which needs a tokio runtime. `spent` says that a
    /// process which is gone may have used it until a moment ago.
    fn budget(&self, owner: &str, windows: &[Window], spent: bool) -> Arc<dyn WindowedBudget>;
}

/// The digest of a payload, which names it in an intent.
pub fn payload_digest(payload: &str) -> Digest {
    Digest::of(payload.as_bytes())
}
