//! What is wrong with a row: our own reason for what it came to, and what the provider said.

use super::{Bucket, ColumnOf, ERRORS_MAX, MESSAGE_CHARS_MAX, SEPARATOR, bucket};
use crate::domain::answer::{InactiveReason, KEPT, RowError};
use crate::domain::task::{Outcome, ParkReason, State, Task};

/// One thing that is wrong with a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// The provider's code, a rule's id, or a word of ours.
    pub code: String,
    /// The user's column, the provider's field where no column is known, or empty.
    pub column: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// What is wrong with a task's row: our own reason for the outcome if it has one, then what the provider said. A
/// row that is as wanted has no errors, whatever it took to get there.
pub(super) fn errors_of(task: &Task, column_of: ColumnOf<'_>) -> Errors {
    let mut errors = Errors::default();
    if bucket(&task.state) == Bucket::Succeeded {
        // What the provider keeps otherwise than it was sent is told all the same.
        errors.add(noted(task, column_of));
        return errors;
    }
    if let State::Settled(outcome) = task.state
        && let Some((code, message)) = reason(outcome, task.errors.is_empty())
    {
        errors.push(code, "", message, "");
    }
    errors.add(noted(task, column_of));
    errors
}

/// What the provider said last; of a row that is as wanted, what it keeps otherwise than it was sent.
pub(super) fn noted(task: &Task, column_of: ColumnOf<'_>) -> Errors {
    let mut errors = Errors::default();
    let as_wanted = bucket(&task.state) == Bucket::Succeeded;
    let noted = task.errors.iter();
    for RowError { code, field, message } in noted.filter(|error| !as_wanted || error.code == KEPT) {
        let column = if field.is_empty() { None } else { column_of(field) };
        errors.push(code, column.as_deref().unwrap_or(field), message, "");
    }
    errors
}

/// A code and a message of ours for an outcome that the provider's errors do not explain.
const fn reason(outcome: Outcome, no_errors: bool) -> Option<(&'static str, &'static str)> {
    Some(match outcome {
        Outcome::Active | Outcome::Updated | Outcome::Unchanged | Outcome::StillPending => return None,
        Outcome::AwaitingActivation => (
            "awaiting_activation",
            "the account is made and waits to be activated at the provider",
        ),
        Outcome::CreatedIdUnknown => (
            "created_id_unknown",
            "the provider has this account and does not tell its id",
        ),
        Outcome::Rejected if no_errors => ("rejected", "the provider refused the row"),
        Outcome::Rejected => return None,
        Outcome::Inactive(InactiveReason::Unspecified) => {
            ("inactive", "the provider made the account inactive")
        }
        Outcome::Inactive(InactiveReason::InvalidAddress) => (
            "inactive_address",
            "the provider made the account inactive: it finds the address invalid",
        ),
        Outcome::Inactive(InactiveReason::Blocked) => {
            ("inactive_blocked", "the provider blocked the account")
        }
        Outcome::Parked(ParkReason::UnknownStatus) => (
            "unknown_status",
            "the account has a status code that is not in the provider's contract",
        ),
        Outcome::Parked(ParkReason::UnknownOutcome) => (
            "unknown_outcome",
            "it could not be found out whether the account exists",
        ),
        Outcome::Parked(ParkReason::AccountMissing) => (
            "account_missing",
            "the provider no longer knows the account it made",
        ),
        Outcome::Exhausted => (
            "exhausted",
            "tries or their time are used up; as far as can be known there is no account",
        ),
        Outcome::Cancelled => ("cancelled", "the batch was cancelled before this row settled"),
    })
}

/// What is wrong with a row; of too many things only how many.
#[derive(Debug, Default)]
pub(super) struct Errors {
    pub(super) all: Vec<Wrong>,
    more: usize,
}

impl Errors {
    pub(super) fn push(&mut self, code: &str, column: &str, message: &str, hint: &str) {
        if self.all.len() >= ERRORS_MAX {
            self.more += 1;
            return;
        }
        let cut = message
            .char_indices()
            .nth(MESSAGE_CHARS_MAX)
            .map(|(byte, _)| byte);
        let message = match cut.and_then(|byte| message.get(..byte)) {
            Some(beginning) => format!("{beginning}…"),
            None => message.to_owned(),
        };
        self.all.push(Wrong {
            code: code.to_owned(),
            column: column.to_owned(),
            message,
            hint: hint.to_owned(),
        });
    }

    fn add(&mut self, others: Self) {
        self.more += others.more;
        for other in others.all {
            match self.all.len() {
                ERRORS_MAX.. => self.more += 1,
                _ => self.all.push(other),
            }
        }
    }

    /// Codes, columns and messages, each in one text.
    pub(super) fn joined(&self) -> (String, String, String) {
        let mut messages: Vec<String> = self.all.iter().map(|wrong| wrong.message.clone()).collect();
        if let (Some(last), more @ 1..) = (messages.last_mut(), self.more) {
            last.push_str(&format!(" (and {more} more errors)"));
        }
        let of = |part: fn(&Wrong) -> &String| self.all.iter().map(|wrong| part(wrong).clone()).collect();
        (
            joined(of(|wrong| &wrong.code)),
            joined(of(|wrong| &wrong.column)),
            joined(messages),
        )
    }
}

/// The parts in one text; empty if all of them are. Where there are several, none holds the separator.
fn joined(mut parts: Vec<String>) -> String {
    if parts.iter().all(String::is_empty) {
        return String::new();
    }
    if parts.len() == 1 {
        return parts.pop().unwrap_or_default();
    }
    let parts: Vec<String> = parts.iter().map(|part| part.replace(SEPARATOR, " / ")).collect();
    parts.join(SEPARATOR)
}
