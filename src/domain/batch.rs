//! A batch: one run of a job over one file, and what may hold it up.

use serde::{Deserialize, Serialize};

use super::attempt::CallKind;
use super::consent::Terms;
use super::ids::{BatchId, Digest, Scope};
use super::plan::Foreseen;
use super::task::{Action, Outcome, State};
use super::time::Timestamp;

/// What the ledger keeps of a batch besides its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its id, derived from scope, action and file.
    pub id: BatchId,
    /// The job's name.
    pub job: String,
    /// The job file as it was used, overrides applied, `${NAME}` unresolved, no secrets: any worker can go on with it.
    pub job_text: String,
    /// Whose rows these are.
    pub scope: Scope,
    /// What is asked for each row.
    pub action: Action,
    /// The file's name as given, without folders.
    pub file_name: String,
    /// SHA-256 of the file; where the provider takes secrets, a keyed digest of that.
    pub file_digest: Digest,
    /// Rows in the file.
    pub rows_total: u64,
    /// Rows in the ledger; less than `rows_total` while an import is unfinished.
    pub rows_imported: u64,
    /// The user's columns, in their order.
    pub columns: Vec<String>,
    /// Whether keys were derived from content because the file has no key column.
    pub derived_keys: bool,
    /// When it was first imported.
    pub created_at: Timestamp,
    /// Why nothing is claimed, if so.
    pub pause: Option<Pause>,
    /// Whether the operator cancelled it.
    pub cancelled: bool,
    /// Its share of the turns.
    #[serde(default)]
    pub weight: Weight,
    /// Who attested for all rows that the provider's terms are accepted; `None` where each row says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
    /// What was expected of it when it was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreseen: Option<Foreseen>,
}

impl Batch {
    /// Whether every row of the file is in the ledger.
    pub const fn is_imported(&self) -> bool {
        self.rows_imported >= self.rows_total
    }
}

/// A batch's share of the turns, [`Weight::MIN`] to [`Weight::MAX`]: while both have work, a batch of weight 3 gets
/// three rows lent for each one of a batch of weight 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Weight(u32);

/// A number that is no [`Weight`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a weight is a whole number from {min} to {max}, not {0}", min = Weight::MIN, max = Weight::MAX)]
pub struct NotAWeight(pub u32);

impl Weight {
    /// The smallest share, and what a batch has when nobody says otherwise.
    pub const MIN: u32 = 1;

    /// The largest share.
    pub const MAX: u32 = 100;

    /// Takes a number as a weight.
    pub const fn new(number: u32) -> Result<Self, NotAWeight> {
        match number {
            Self::MIN..=Self::MAX => Ok(Self(number)),
            _ => Err(NotAWeight(number)),
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self(Self::MIN)
    }
}

impl TryFrom<u32> for Weight {
    type Error = NotAWeight;
    fn try_from(number: u32) -> Result<Self, NotAWeight> {
        Self::new(number)
    }
}

impl From<Weight> for u32 {
    fn from(weight: Weight) -> Self {
        weight.0
    }
}

/// Why a batch stands still. A pause fails no rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// The name of the pause.
    pub reason: PauseReason,
    /// What the provider or the operator said.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself; `None` waits for `enlist resume`.
    pub until: Option<Timestamp>,
}

impl Pause {
    /// Whether it still holds its batch: one with an end ends by itself.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// The names of pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// The provider does not accept the credentials.
    Auth,
    /// The provider asked for a wait longer than is sensible to sit through.
    Quota,
    /// Too many rows in a row were refused: the file or the mapping is probably wrong.
    ErrorRate,
    /// The provider finds the job itself wrong: a distributor id, an unknown field.
    Configuration,
    /// A person asked for it.
    Operator,
}

impl PauseReason {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::Auth,
        Self::Quota,
        Self::ErrorRate,
        Self::Configuration,
        Self::Operator,
    ];

    /// The word in messages and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Quota => "quota",
            Self::ErrorRate => "error_rate",
            Self::Configuration => "configuration",
            Self::Operator => "operator",
        }
    }

    /// What to do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Auth => "put valid credentials in place, then `enlist resume`",
            Self::Quota => "it goes on by itself; raise the quota with the provider to go faster",
            Self::ErrorRate => "look at the refused rows and the column mapping, then `enlist resume`",
            Self::Configuration => {
                "put right what it names, in the job file or the environment, then `enlist resume` and run the file again"
            }
            Self::Operator => "`enlist resume` goes on",
        }
    }

    /// The same, as a command that works as it stands.
    pub fn hint_for(self, batch: &BatchId) -> String {
        self.hint()
            .replace("`enlist resume`", &format!("`enlist resume {batch}`"))
    }
}

/// How many tasks of a batch stand where, and what they have cost. Kept by the ledger with every commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// By [`Tally`] slot.
    pub tasks: [u64; Tally::ALL.len()],
    /// HTTP exchanges by kind: submit, look-up, poll.
    pub calls: [u64; 3],
    /// Sends of a submit beyond the first for a task.
    pub resends: u64,
    /// 429 answers.
    pub throttled: u64,
    /// Sum of the times from create to settled, in milliseconds, over tasks that settled Active or Inactive.
    pub settle_ms_sum: u64,
    /// How many are in that sum.
    pub settle_n: u64,
}

impl Counts {
    /// Tasks in this slot.
    pub fn of(&self, tally: Tally) -> u64 {
        self.tasks.get(tally as usize).copied().unwrap_or(0)
    }

    /// All tasks.
    pub fn total(&self) -> u64 {
        self.tasks.iter().sum()
    }

    /// Tasks with a step still to do.
    pub fn open(&self) -> u64 {
        Tally::ALL
            .iter()
            .filter(|tally| tally.is_open())
            .map(|tally| self.of(*tally))
            .sum()
    }

    /// HTTP exchanges of this kind.
    pub fn calls_of(&self, kind: CallKind) -> u64 {
        self.calls.get(kind as usize).copied().unwrap_or(0)
    }
}

/// What waits in a ledger, over all its batches, for whoever watches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Tasks by [`Tally`] slot.
    pub tasks: [u64; Tally::ALL.len()],
    /// When the open task fell due, or will, that does so first: a lent one when its lease ends, one of a paused batch when
    /// its pause does. Those that a person must resume do not count.
    pub oldest_due: Option<Timestamp>,
    /// Batches with a pause in force, by [`PauseReason`].
    pub paused: [u64; PauseReason::ALL.len()],
}

impl Backlog {
    /// Tasks in this slot.
    pub fn of(&self, tally: Tally) -> u64 {
        self.tasks.get(tally as usize).copied().unwrap_or(0)
    }

    /// Batches paused for this reason.
    pub fn paused_for(&self, reason: PauseReason) -> u64 {
        self.paused.get(reason as usize).copied().unwrap_or(0)
    }

    /// Adds a batch's pause, if it is in force.
    pub fn add_pause(&mut self, pause: Option<&Pause>, now: Timestamp) {
        let in_force = pause.filter(|pause| pause.is_in_force(now));
        if let Some(of) = in_force.and_then(|pause| self.paused.get_mut(pause.reason as usize)) {
            *of += 1;
        }
    }
}

/// A state reduced to what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tally {
    /// Not yet sent, or known not to have been taken.
    Queued = 0,
    /// Outcome of a send unknown, or being found out.
    Unknown = 1,
    /// Account exists, not settled.
    Pending = 2,
    /// Settled so.
    Active = 3,
    /// Settled so.
    Inactive = 4,
    /// Settled so.
    Rejected = 5,
    /// Settled so.
    StillPending = 6,
    /// Settled so.
    Parked = 7,
    /// Settled so.
    Exhausted = 8,
    /// Settled so.
    Cancelled = 9,
    /// Settled so.
    Updated = 10,
    /// Settled so.
    Unchanged = 11,
    /// Settled so.
    AwaitingActivation = 12,
    /// Settled so.
    CreatedIdUnknown = 13,
}

impl Tally {
    /// All of them, in order. The numbers are stored: new ones come last.
    pub const ALL: [Self; 14] = [
        Self::Queued,
        Self::Unknown,
        Self::Pending,
        Self::Active,
        Self::Inactive,
        Self::Rejected,
        Self::StillPending,
        Self::Parked,
        Self::Exhausted,
        Self::Cancelled,
        Self::Updated,
        Self::Unchanged,
        Self::AwaitingActivation,
        Self::CreatedIdUnknown,
    ];

    /// The slot of a state.
    pub const fn of(state: &State) -> Self {
        match state {
            State::Queued => Self::Queued,
            State::Submitting | State::Unknown | State::Reconciling { .. } => Self::Unknown,
            State::Pending => Self::Pending,
            State::Settled(Outcome::Active) => Self::Active,
            State::Settled(Outcome::Inactive(_)) => Self::Inactive,
            State::Settled(Outcome::Rejected) => Self::Rejected,
            State::Settled(Outcome::StillPending) => Self::StillPending,
            State::Settled(Outcome::Parked(_)) => Self::Parked,
            State::Settled(Outcome::Exhausted) => Self::Exhausted,
            State::Settled(Outcome::Cancelled) => Self::Cancelled,
            State::Settled(Outcome::Updated) => Self::Updated,
            State::Settled(Outcome::Unchanged) => Self::Unchanged,
            State::Settled(Outcome::AwaitingActivation) => Self::AwaitingActivation,
            State::Settled(Outcome::CreatedIdUnknown) => Self::CreatedIdUnknown,
        }
    }

    /// Whether tasks here have a step still to do.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Unknown | Self::Pending)
    }

    /// The key in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Unknown => "unknown",
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Rejected => "rejected",
            Self::StillPending => "still_pending",
            Self::Parked => "parked",
            Self::Exhausted => "exhausted",
            Self::Cancelled => "cancelled",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::AwaitingActivation => "awaiting_activation",
            Self::CreatedIdUnknown => "created_id_unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_a_number_in_its_range_and_nothing_else() {
        for number in [Weight::MIN, 3, Weight::MAX] {
            let weight = Weight::new(number).unwrap();
            let text = serde_json::to_string(&weight).unwrap();
            assert_eq!((text.clone(), weight.get()), (number.to_string(), number));
            assert_eq!(serde_json::from_str::<Weight>(&text).unwrap(), weight);
        }
        for number in [0, Weight::MAX + 1, u32::MAX] {
            assert_eq!(Weight::new(number), Err(NotAWeight(number)));
            assert!(serde_json::from_str::<Weight>(&number.to_string()).is_err());
        }
        assert_eq!(
            NotAWeight(0).to_string(),
            "a weight is a whole number from 1 to 100, not 0"
        );
    }
}
