//! What to do about a row: one table by outcome, one by the provider's code.

use crate::domain::answer::{InactiveReason, KEPT};
use crate::domain::ids::Scope;
use crate::domain::task::{Outcome, ParkReason, State, Task};

/// What to do about a refusal: the provider, its code, and the advice. `{}` stands for the columns named.
/// Adobe's codes: providers.md 2.9.
const BY_CODE: [(&str, &str, &str); 12] = [
    ("adobe", "1117", "correct {} in failed.csv and feed it back"),
    (
        "adobe",
        "1118",
        "make postal code, city, region and country agree in failed.csv and feed it back",
    ),
    (
        "adobe",
        "1119",
        "write {} as the account has it, or name the right account in a column reseller_id, in failed.csv and feed it back",
    ),
    ("adobe", "1122", "fill in {} in failed.csv and feed it back"),
    (
        "adobe",
        "1127",
        "an account exists already: find it in the provider's portal before feeding the row again",
    ),
    (
        "adobe",
        "2126",
        "shorten the row's key to at most 35 characters in failed.csv and feed it back",
    ),
    (
        "adobe",
        "2135",
        "use COM, EDU or GOV as market segments in failed.csv and feed it back",
    ),
    (
        "adobe",
        "5122",
        "add the market segments that the account has, or leave the cell empty, in failed.csv and feed it back",
    ),
    (
        "adobe",
        "1125",
        "the account is blocked: ask your contact at the provider",
    ),
    (
        "adobe",
        "several_accounts",
        "name the account that is meant in a column reseller_id of failed.csv and feed it back",
    ),
    (
        "adobe",
        "no_account",
        "see that key and company are what the provider has, or name the account in a column reseller_id, in failed.csv and feed it back",
    ),
    (
        "adobe",
        "4121",
        "the provider does not allow this for your account: ask your contact there",
    ),
];

/// Said of a refusal with a code that is not in the table.
const BY_DEFAULT: &str = "read the message, correct {} in failed.csv and feed it back";

/// What to do about a task's row; empty when nothing is.
pub(super) fn of_task(scope: &Scope, task: &Task, fields: &[&str]) -> String {
    let hint = by_state(scope, task, fields);
    if !task.changed {
        return hint;
    }
    let changed = "the account exists with its earlier data; the file now says something else: change it at the \
                   provider, or put the row back as it was";
    if hint.is_empty() {
        changed.to_owned()
    } else {
        format!("{hint}{}{changed}", super::SEPARATOR)
    }
}

fn by_state(scope: &Scope, task: &Task, fields: &[&str]) -> String {
    let account = task.account.as_ref().map_or("?", |id| id.as_str());
    let text = match task.state {
        State::Queued => "not sent yet: run the same command again to go on",
        State::Submitting | State::Unknown | State::Reconciling { .. } => {
            "sent, and the answer is missing: run the same command again to find out"
        }
        State::Pending | State::Settled(Outcome::StillPending) => {
            "the account exists and has not settled: run the same command again to go on watching"
        }
        State::Settled(outcome) => match outcome {
            Outcome::Active if task.existed => "the account was there before; nothing was sent",
            Outcome::Active if task.errors.iter().any(|error| error.code == KEPT) => {
                "the account is as wanted, but for what is named here, which the provider keeps otherwise"
            }
            Outcome::Active | Outcome::Unchanged => "",
            Outcome::Updated if task.errors.is_empty() => "",
            Outcome::Updated => "updated, but the provider kept what is named here as it was",
            Outcome::AwaitingActivation => {
                return format!(
                    "account {account} waits to be activated at the provider; feeding the row again looks at it again"
                );
            }
            Outcome::CreatedIdUnknown => {
                "find the account in the provider's console; feeding the row again makes no other"
            }
            Outcome::StillPending => "",
            Outcome::Rejected => return of_refusal(scope, task, fields),
            Outcome::Inactive(InactiveReason::InvalidAddress) => {
                return format!(
                    "account {account} exists: have its address corrected at the provider; feeding the row again makes no other"
                );
            }
            Outcome::Inactive(InactiveReason::Blocked) => {
                return format!(
                    "account {account} exists: ask the provider why it is blocked; feeding the row again makes no other"
                );
            }
            Outcome::Inactive(InactiveReason::Unspecified) => {
                return format!(
                    "account {account} exists: ask the provider why it is inactive; feeding the row again makes no other"
                );
            }
            Outcome::Parked(ParkReason::UnknownStatus) => {
                return format!(
                    "look at account {account} in the provider's portal; `enlist retry` looks again"
                );
            }
            Outcome::Parked(ParkReason::AccountMissing) => {
                return format!(
                    "ask the provider what became of account {account}, quoting the correlation id; `enlist retry` looks again"
                );
            }
            Outcome::Parked(ParkReason::UnknownOutcome) => return of_unknown(task),
            Outcome::Exhausted => "`enlist retry` tries again",
            Outcome::Cancelled => "feed the file again to go on",
        },
    };
    text.to_owned()
}

fn of_unknown(task: &Task) -> String {
    let since = task
        .first_sent_at
        .map(|at| format!(" made since {at}"))
        .unwrap_or_default();
    format!("look in the provider's portal for an account of this name{since}; `enlist retry` looks again")
}

fn of_refusal(scope: &Scope, task: &Task, fields: &[&str]) -> String {
    let known = task.errors.iter().find_map(|error| {
        BY_CODE
            .iter()
            .find(|(provider, code, _)| *provider == scope.provider && *code == error.code)
    });
    let mut columns: Vec<&str> = Vec::new();
    for field in fields.iter().filter(|field| !field.is_empty()) {
        if !columns.contains(field) {
            columns.push(field);
        }
    }
    let columns = if columns.is_empty() {
        "the row".to_owned()
    } else {
        columns.join(", ")
    };
    known
        .map_or(BY_DEFAULT, |(_, _, hint)| *hint)
        .replace("{}", &columns)
}
