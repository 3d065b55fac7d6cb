//! The report as a fold: what each row came to, in words a person can act on, and what the batch came to.
//!
//! Pure: the rows come from whoever has them, the files are written by [`crate::report`]. The names of columns and
//! keys here are an interface to other programs; they do not change.

pub mod cell;
mod fold;
mod hint;
pub mod story;
pub mod summary;
mod wrong;

pub use fold::Fold;
pub use summary::{RuleGap, Summary};
pub use wrong::Wrong;

use wrong::{Errors, errors_of, noted};

use super::answer::RowError;
use super::ids::{RowKey, Scope};
use super::task::{Outcome, ParkReason, State, Task};
use super::time::Timestamp;

/// The columns that follow the user's own in every file of the report, in this order. A file that is fed back may
/// have them; they are no data.
pub const COLUMNS: [&str; 13] = [
    "_line",
    "_outcome",
    ACCOUNT_COLUMN,
    "_provider_status",
    "_attempts",
    "_correlation_id",
    "_error_code",
    "_error_field",
    "_error_message",
    "_hint",
    "_terms_accepted_by",
    "_terms_version",
    "_terms_accepted_at",
];

/// The provider's id of the account. Fed to an update, it says which account is meant.
pub const ACCOUNT_COLUMN: &str = "_provider_id";

/// One more column, the last, when keys were derived because the file has no key column: feeding it back keeps the
/// row's identity even when its content is corrected.
pub const KEY_COLUMN: &str = "_key";

/// The word in `_outcome` for a row that made no task because of its faults.
pub const INVALID: &str = "Invalid";

/// The word in `_outcome` for a row whose task was forgotten with another batch, which had it last.
pub const FORGOTTEN: &str = "Forgotten";

/// Between several errors of one row; the lists of codes, fields and messages have the same order.
pub const SEPARATOR: &str = " | ";

/// Errors shown of one row; of more than these it is only said how many.
const ERRORS_MAX: usize = 20;

/// A longer message is cut.
const MESSAGE_CHARS_MAX: usize = 500;

/// Finds the user's column for a provider's field path.
pub type ColumnOf<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Which of the three lists a row is in, if in any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// In the state that was asked for.
    Succeeded,
    /// Done, and not in that state: a person must do something.
    Failed,
    /// Not done: going on will do it.
    Pending,
    /// Done, and it is no longer known how. In none of the lists: nobody should feed it again.
    Forgotten,
}

/// A fault of a row, as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault<'a> {
    /// The rule's id.
    pub code: &'a str,
    /// The user's column.
    pub column: &'a str,
    /// What is wrong.
    pub message: &'a str,
    /// What to do.
    pub hint: &'a str,
}

/// What one row came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultRow {
    /// The line it starts on.
    pub line: u64,
    /// Its key; empty if it made no task.
    pub key: String,
    /// Which list it is in.
    pub bucket: Bucket,
    /// The outcome's word, the state's while there is none, or [`INVALID`].
    pub outcome: &'static str,
    /// Whether a step is still to do.
    pub open: bool,
    /// The provider's id of the account; empty while there is none.
    pub provider_id: String,
    /// The provider's status code as last seen.
    pub provider_status: String,
    /// Submits that left, or may have left.
    pub attempts: u32,
    /// The id the provider's support can search for; empty when nothing was sent.
    pub correlation_id: String,
    /// Codes, joined by [`SEPARATOR`]: the provider's, a rule's id, or a word of ours such as `inactive_address`.
    pub error_code: String,
    /// The user's columns, or the provider's fields where no column is known.
    pub error_field: String,
    /// What is wrong.
    pub error_message: String,
    /// What to do.
    pub hint: String,
    /// The same, one by one.
    pub wrong: Vec<Wrong>,
    /// What the provider keeps otherwise than it was sent, of a row that is in its wanted state.
    pub kept: Vec<Wrong>,
    /// What the provider refused though our rules had let it pass.
    pub gaps: Vec<RuleGap>,
    /// The account exists and the file now says something else.
    pub changed: bool,
    /// When the provider said that the account exists.
    pub created_at: Option<Timestamp>,
    /// When the row settled.
    pub settled_at: Option<Timestamp>,
}

impl ResultRow {
    /// What a row with faults came to.
    pub fn of_faults<'a>(line: u64, faults: impl IntoIterator<Item = Fault<'a>>) -> Self {
        let mut errors = Errors::default();
        let mut hints: Vec<&str> = Vec::new();
        for fault in faults {
            errors.push(fault.code, fault.column, fault.message, fault.hint);
            if !fault.hint.is_empty() && !hints.contains(&fault.hint) && hints.len() < ERRORS_MAX {
                hints.push(fault.hint);
            }
        }
        let (error_code, error_field, error_message) = errors.joined();
        Self {
            line,
            key: String::new(),
            bucket: Bucket::Failed,
            outcome: INVALID,
            open: false,
            provider_id: String::new(),
            provider_status: String::new(),
            attempts: 0,
            correlation_id: String::new(),
            error_code,
            error_field,
            error_message,
            hint: hints.join(SEPARATOR),
            wrong: errors.all,
            kept: Vec::new(),
            gaps: Vec::new(),
            changed: false,
            created_at: None,
            settled_at: None,
        }
    }

    /// What a row whose task the ledger cannot read came to: a person must look, at the ledger this time.
    pub fn of_unreadable(line: u64, why: &str) -> Self {
        let fault = Fault {
            code: "unreadable",
            column: "",
            message: &format!("the ledger's record of this row cannot be read: {why}"),
            hint: "keep a copy of the ledger and have its record of this row put right; nothing is sent for it until then",
        };
        Self {
            outcome: Outcome::Parked(ParkReason::UnknownOutcome).as_str(),
            ..Self::of_faults(line, [fault])
        }
    }

    /// What a row came to whose task is gone: another batch fed it last, finished it and was forgotten. It may have an
    /// account, so it is in no list that is fed back.
    pub fn of_forgotten(line: u64) -> Self {
        let fault = Fault {
            code: "forgotten",
            column: "",
            message: "a later file fed this row; its batch had finished and was forgotten, and with it what the row came to",
            hint: "do not feed it again: it may have an account. That batch's report, or the provider, says what it came to",
        };
        Self {
            bucket: Bucket::Forgotten,
            outcome: FORGOTTEN,
            ..Self::of_faults(line, [fault])
        }
    }

    /// What a sound row came to.
    pub fn of_task(line: u64, scope: &Scope, key: &RowKey, task: &Task, column_of: ColumnOf<'_>) -> Self {
        let mut errors = errors_of(task, column_of);
        let fields: Vec<&str> = errors.all.iter().map(|wrong| wrong.column.as_str()).collect();
        let hint = hint::of_task(scope, task, &fields);
        for wrong in &mut errors.all {
            wrong.hint.clone_from(&hint);
        }
        let (error_code, error_field, error_message) = errors.joined();
        let (wrong, kept) = match bucket(&task.state) {
            Bucket::Succeeded => (Vec::new(), noted(task, column_of).all),
            _ => (errors.all, Vec::new()),
        };
        let sent = task.tries.sends > 0 || task.unknown;
        Self {
            line,
            key: key.as_str().to_owned(),
            bucket: bucket(&task.state),
            outcome: task.state.as_str(),
            open: !task.state.is_settled(),
            provider_id: task
                .account
                .as_ref()
                .map(|id| id.as_str().to_owned())
                .unwrap_or_default(),
            provider_status: task
                .status
                .as_ref()
                .map(|code| code.as_str().to_owned())
                .unwrap_or_default(),
            attempts: task.tries.sends,
            correlation_id: if sent {
                task.correlation_id(scope, key).to_string()
            } else {
                String::new()
            },
            error_code,
            error_field,
            error_message,
            hint,
            wrong,
            kept,
            gaps: gaps_of(task, column_of),
            changed: task.changed,
            created_at: task.created_at,
            settled_at: task.settled_at,
        }
    }
}

/// Every row is checked before it is sent, so what the provider then finds wrong with it is something our rules do not know.
fn gaps_of(task: &Task, column_of: ColumnOf<'_>) -> Vec<RuleGap> {
    if task.state != State::Settled(Outcome::Rejected) {
        return Vec::new();
    }
    let mut gaps: Vec<RuleGap> = Vec::new();
    for RowError { code, field, message } in task.errors.iter().take(ERRORS_MAX) {
        let field = column_of(field).unwrap_or_else(|| field.clone());
        if !gaps.iter().any(|gap| (&gap.code, &gap.field) == (code, &field)) {
            gaps.push(RuleGap {
                code: code.clone(),
                field,
                rows: 1,
                message: message.chars().take(MESSAGE_CHARS_MAX).collect(),
            });
        }
    }
    gaps
}

const fn bucket(state: &State) -> Bucket {
    match state {
        State::Settled(outcome) if outcome.is_wanted() => Bucket::Succeeded,
        State::Settled(Outcome::StillPending) => Bucket::Pending,
        State::Settled(_) => Bucket::Failed,
        _ => Bucket::Pending,
    }
}

#[cfg(test)]
mod tests;
