//! What must be true of every simulation that has come to its end.

use std::collections::{BTreeMap, BTreeSet};

use enlist::domain::answer::InactiveReason;
use enlist::domain::attempt::CallKind;
use enlist::domain::batch::{Counts, Tally};
use enlist::domain::ids::RowKey;
use enlist::domain::task::{Outcome, ParkReason, State, Task};
use enlist::simulator::adobe::AccountSeen;

use crate::rig::Rig;
use crate::rows::SimRow;

/// The first wrong rows tell enough.
const WRONG_SHOWN_MAX: usize = 6;

/// Whether the provider has answered looks at accounts in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looks {
    /// It has.
    Answered,
    /// Perhaps not for some row, which then is still pending as far as anybody knows.
    PerhapsInVain,
}

/// Panics with what is wrong.
pub(crate) async fn judge(rig: &Rig, looks: Looks) {
    let mut wrong = Vec::new();
    let rows = rig.file().rows;
    let tasks = rig.tasks().await;
    let keys: Vec<&RowKey> = tasks.iter().map(|(key, _)| key).collect();
    let file: Vec<&RowKey> = rows.iter().map(|row| &row.key).collect();
    if keys != file {
        wrong.push(format!("the file has {file:?}, the ledger {keys:?}"));
    }
    for (row, (_, task)) in rows.iter().zip(&tasks) {
        wrong.extend(judge_row(row, task, &rig.far.accounts(row.key.as_str()), looks));
    }
    judge_counts(rig, &tasks, &rig.counts().await, &mut wrong);
    judge_provider(rig, &rows, &mut wrong);
    wrong.extend(judge_ids(rig));
    wrong.truncate(WRONG_SHOWN_MAX);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Exactly one account for a row that can be taken, none for another, and the ledger says what is so.
fn judge_row(row: &SimRow, task: &Task, accounts: &[AccountSeen], looks: Looks) -> Option<String> {
    let in_vain = looks == Looks::PerhapsInVain && task.tries.read_failures + task.tries.refusals >= 3;
    let given_up = in_vain && task.state == State::Settled(Outcome::StillPending);
    let expected = match (row.is_sound, accounts) {
        (false, []) => Some(Outcome::Rejected),
        (true, [_]) if given_up => Some(Outcome::StillPending),
        (true, [account]) => Some(outcome(account)),
        _ => None,
    };
    let same_account = task.account.as_ref().map(|id| id.as_str()) == accounts.first().map(|a| a.id.as_str());
    // Data that came too late are told as changed; all others are what was sent.
    let same_data = accounts.iter().all(|account| account.company == row.company);
    let is_right = match (expected, &task.state) {
        (Some(expected), State::Settled(outcome)) => {
            expected == *outcome
                && same_account
                && same_data != task.changed
                && !task.unknown
                && task.settled_at.is_some()
        }
        _ => false,
    };
    (!is_right).then(|| {
        let sound = if row.is_sound { "sound" } else { "unsound" };
        let Task { state, generation, unknown, changed, tries, .. } = task;
        let (id, first_sent_at) = (&task.account, task.first_sent_at.map(|at| at.to_string()));
        format!(
            "{} ({sound}, {}) is {state:?} with {id:?}, changed {changed}, unknown {unknown}, generation {generation}, \
             first sent {first_sent_at:?}, {tries:?}\n    at the provider: {accounts:?}",
            row.key, row.company
        )
    })
}

/// What an account's status means to the row.
fn outcome(account: &AccountSeen) -> Outcome {
    match account.status.to_string().as_str() {
        "1000" => Outcome::Active,
        "1002" => Outcome::StillPending,
        "1004" => Outcome::Inactive(InactiveReason::Unspecified),
        "1010" => Outcome::Inactive(InactiveReason::InvalidAddress),
        "1012" => Outcome::Inactive(InactiveReason::Blocked),
        _ => Outcome::Parked(ParkReason::UnknownStatus),
    }
}

fn judge_counts(rig: &Rig, tasks: &[(RowKey, Task)], counts: &Counts, wrong: &mut Vec<String>) {
    let mut recount = [0; Tally::ALL.len()];
    for (_, task) in tasks {
        recount[Tally::of(&task.state) as usize] += 1;
    }
    if recount != counts.tasks {
        wrong.push(format!("counts are {:?}, rows are {recount:?}", counts.tasks));
    }
    // Calls of a process that died are on nobody's record.
    if rig.fate.struck().is_empty() && !rig.told().contains_key("deaths") {
        let reads = counts.calls_of(CallKind::LookUp) + counts.calls_of(CallKind::Poll);
        let counted = (counts.calls_of(CallKind::Submit), reads);
        let made = (rig.far.left("create"), rig.far.left("read"));
        if counted != made {
            wrong.push(format!("creates and reads counted: {counted:?}, made: {made:?}"));
        }
    }
}

fn judge_provider(rig: &Rig, rows: &[SimRow], wrong: &mut Vec<String>) {
    let ledger = rig.far.ledger();
    let sound = rows.iter().filter(|row| row.is_sound).count() as u64;
    let figures = [
        (
            "accounts beyond one a row",
            ledger.accounts_created.abs_diff(sound),
        ),
        (
            "accounts too many for some row",
            ledger.accounts_per_reference.max.saturating_sub(1),
        ),
        ("accounts without a reference", ledger.accounts_without_reference),
        ("creates under a spent id", ledger.tally.own.reused_ids),
        ("reads under a spent id", ledger.tally.own.reused_read_ids),
        ("request ids used twice", ledger.tally.own.request_ids_reused),
        ("ids with two bodies", ledger.tally.own.other_body),
        ("calls over the limit", ledger.tally.calls_over_limit),
    ];
    let bad = figures.iter().filter(|(_, figure)| *figure != 0);
    wrong.extend(bad.map(|(what, figure)| format!("{figure} {what}")));
}

/// No correlation id comes back once a row has gone on to another one, and no two rows share one.
fn judge_ids(rig: &Rig) -> Option<String> {
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for sent in rig.far.sent() {
        let of_row = ids.entry(sent.reference).or_default();
        if of_row.last() != Some(&sent.correlation_id) {
            of_row.push(sent.correlation_id);
        }
    }
    let all: Vec<&String> = ids.values().flatten().collect();
    let distinct: BTreeSet<&String> = all.iter().copied().collect();
    (all.len() != distinct.len()).then(|| format!("an id came back: {ids:?}"))
}
