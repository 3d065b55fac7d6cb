//! What a batch came to: `summary.json`, and what `--json` prints. Keys are snake_case, always all present, and do not
//! change their meaning; times are RFC 3339 in UTC, spans milliseconds.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::{FORGOTTEN, INVALID};
use crate::domain::batch::Pause;
use crate::domain::ids::BatchId;
use crate::domain::plan::{ForeseenRows, Habit};

/// The number of this shape; it grows when a key changes its meaning or goes, not when one is added.
pub const FORMAT: u32 = 1;

/// What a batch came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// [`FORMAT`].
    pub format: u32,
    /// The batch's id.
    pub batch: String,
    /// The job's name.
    pub job: String,
    /// The provider's name.
    pub provider: String,
    /// The account holder at the provider and the system's address.
    pub account: String,
    /// What was asked for each row.
    pub action: &'static str,
    /// The file's name, without folders.
    pub file: String,
    /// SHA-256 of the file, 64 hex digits.
    pub file_digest: String,
    /// How far it is.
    pub progress: Progress,
    /// The exit code that says the same.
    pub exit_code: u8,
    /// That code in words.
    pub exit_meaning: &'static str,
    /// Rows by what is to do about them.
    pub rows: Rows,
    /// Rows by the word in `_outcome`, in snake_case.
    pub outcomes: Outcomes,
    /// HTTP exchanges of the batch's tasks.
    pub calls: Calls,
    /// Sends of a submit beyond the first for a row.
    pub resends: u64,
    /// 429 answers.
    pub throttled: u64,
    /// Mean time from an account's making to its settling; `null` while none has settled.
    pub settle_ms_mean: Option<u64>,
    /// From the import to the last row that settled; `null` while none has.
    pub took_ms: Option<u64>,
    /// When the batch was imported.
    pub imported_at: String,
    /// When the first account was made.
    pub first_created_at: Option<String>,
    /// When the last row settled.
    pub last_settled_at: Option<String>,
    /// When this was written.
    pub written_at: String,
    /// Why nothing goes on, if so.
    pub pause: Option<PauseShown>,
    /// What to do to go on; `null` when there is nothing.
    pub resume: Option<String>,
    /// What the provider refused though our rules had let it pass, the most frequent first. Each is a rule that could be told
    /// before any call.
    pub rule_gaps: Vec<RuleGap>,
    /// What the provider keeps otherwise than it was sent, by column, the most frequent first.
    pub kept: Vec<KeptOtherwise>,
    /// What was expected before anything was sent, beside what came; `null` of a batch that was begun by an older version.
    pub foreseen: Option<ForeseenShown>,
}

/// A refusal that our rules did not foresee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleGap {
    /// The provider's code.
    pub code: String,
    /// The user's column, the provider's field where no column is known, or empty.
    pub field: String,
    /// Rows it was said of.
    pub rows: u64,
    /// What the provider said of the first of them.
    pub message: String,
}

/// Rows whose account has something else in a column than was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptOtherwise {
    /// The user's column, or the provider's field where no column is known.
    pub field: String,
    /// How many.
    pub rows: u64,
}

/// A forecast beside what came of it. Each pair is first what was expected, then what came, `null` until it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForeseenShown {
    /// Rows by what was to be done with them.
    pub rows: ForeseenRows,
    /// HTTP exchanges.
    pub calls: (u64, u64),
    /// From the import until the last account was made, in milliseconds.
    pub created_in_ms: (u64, Option<u64>),
    /// From the import until the last row settled, in milliseconds.
    pub settled_in_ms: (u64, Option<u64>),
    /// What the forecast rests on.
    pub basis: Habit,
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Rows of the file are missing in the ledger.
    Importing,
    /// Rows have a step still to do.
    Open,
    /// Rows have a step still to do, and nothing is done until a pause ends.
    Paused,
    /// An operator cancelled it.
    Cancelled,
    /// Every row has settled.
    Finished,
}

/// Rows by what is to do about them. `succeeded + failed + pending + forgotten = reported`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// In the file.
    pub in_file: u64,
    /// In the report; fewer than `in_file` while an import is unfinished.
    pub reported: u64,
    /// In the state that was asked for.
    pub succeeded: u64,
    /// Done and not in that state; the invalid ones are among them.
    pub failed: u64,
    /// Going on will do it: the open ones and those still pending at their deadline.
    pub pending: u64,
    /// Done, and forgotten with another batch that had them last.
    pub forgotten: u64,
    /// With a step still to do.
    pub open: u64,
    /// With faults, never sent.
    pub invalid: u64,
    /// Whose account exists with data other than the file's.
    pub changed: u64,
}

/// HTTP exchanges by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Made or changed an account.
    pub submit: u64,
    /// Found out whether one exists.
    pub look_up: u64,
    /// Looked at a status.
    pub poll: u64,
    /// All of them.
    pub total: u64,
}

/// A pause as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PauseShown {
    /// Its name: `auth`, `quota`, `error_rate`, `configuration`, `operator`.
    pub reason: &'static str,
    /// What the provider or the operator said.
    pub detail: String,
    /// Since when.
    pub since: String,
    /// When it ends by itself; `null` waits for a person.
    pub until: Option<String>,
    /// What to do.
    pub hint: String,
}

impl PauseShown {
    /// The pause of this batch.
    pub fn of(pause: &Pause, batch: &BatchId) -> Self {
        Self {
            reason: pause.reason.as_str(),
            detail: pause.detail.clone(),
            since: pause.since.to_string(),
            until: pause.until.map(|until| until.to_string()),
            hint: pause.reason.hint_for(batch),
        }
    }
}

/// Rows by outcome, in a fixed order; words not seen have zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes(Vec<(&'static str, u64)>);

impl Default for Outcomes {
    fn default() -> Self {
        let words = [
            "Active",
            "Updated",
            "Unchanged",
            "AwaitingActivation",
            "CreatedIdUnknown",
            "Inactive",
            "Rejected",
            INVALID,
            "StillPending",
            "Parked",
            "Exhausted",
            "Cancelled",
            FORGOTTEN,
            "Queued",
            "Unknown",
            "Reconciling",
            "Pending",
        ];
        Self(words.map(|word| (word, 0)).to_vec())
    }
}

impl Outcomes {
    pub(super) fn add(&mut self, word: &'static str) {
        match self.0.iter_mut().find(|(known, _)| *known == word) {
            Some((_, rows)) => *rows += 1,
            None => self.0.push((word, 1)),
        }
    }

    /// Each word of `_outcome` in snake_case, with its rows.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.0.iter().copied()
    }

    /// Rows with this word in `_outcome`.
    pub fn of(&self, word: &str) -> u64 {
        self.0
            .iter()
            .find(|(known, _)| *known == word)
            .map_or(0, |(_, rows)| *rows)
    }
}

impl Serialize for Outcomes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (word, rows) in &self.0 {
            map.serialize_entry(&snake_case(word), rows)?;
        }
        map.end()
    }
}

/// `StillPending` as `still_pending`.
fn snake_case(word: &str) -> String {
    let mut snake = String::with_capacity(word.len() + 2);
    for (index, c) in word.char_indices() {
        if c.is_ascii_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
