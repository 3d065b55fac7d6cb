use insta::assert_snapshot;

use super::*;
use crate::domain::answer::InactiveReason;
use crate::domain::batch::{Batch, Counts, Pause, PauseReason, Weight};
use crate::domain::ids::{AccountId, BatchId, Digest};
use crate::domain::task::Action;

const NOW: Timestamp = Timestamp::from_ms(1_760_000_000_000);

fn scope() -> Scope {
    Scope {
        provider: "adobe".into(),
        account: "D@https://partners.adobe.io".into(),
    }
}

fn task(state: State) -> Task {
    let mut task = Task::new(Action::Create, Digest::of(b"payload"), NOW);
    task.state = state;
    task
}

fn shown(task: &Task) -> ResultRow {
    ResultRow::of_task(2, &scope(), &RowKey::new("k").unwrap(), task, &|_| None)
}

fn states() -> Vec<State> {
    let outcomes = [
        Outcome::Active,
        Outcome::Inactive(InactiveReason::Unspecified),
        Outcome::Inactive(InactiveReason::InvalidAddress),
        Outcome::Inactive(InactiveReason::Blocked),
        Outcome::Rejected,
        Outcome::StillPending,
        Outcome::Parked(ParkReason::UnknownStatus),
        Outcome::Parked(ParkReason::UnknownOutcome),
        Outcome::Parked(ParkReason::AccountMissing),
        Outcome::Exhausted,
        Outcome::Cancelled,
    ];
    let open = [
        State::Queued,
        State::Submitting,
        State::Unknown,
        State::Reconciling {
            misses: 1,
            then: crate::domain::task::Then::SendAgain,
        },
        State::Pending,
    ];
    open.into_iter().chain(outcomes.map(State::Settled)).collect()
}

/// The table of what a person is told, for every state.
#[test]
fn every_state_says_what_it_is_and_what_to_do() {
    let table: Vec<String> = states()
        .into_iter()
        .map(|state| {
            let row = shown(&Task {
                account: Some(AccountId::new("1005")),
                ..task(state.clone())
            });
            format!(
                "{state:?}\n  {:?} {:?} {:?}\n  {}",
                row.bucket, row.error_code, row.error_message, row.hint
            )
        })
        .collect();
    assert_snapshot!(table.join("\n"));
}

/// Whoever must do something is told what, and a program finds a code to go by.
#[test]
fn no_failed_row_is_without_code_and_hint() {
    for state in states() {
        let row = shown(&task(state));
        let failed = row.bucket == Bucket::Failed;
        assert_eq!(row.error_code.is_empty(), !failed, "{row:?}");
        assert_eq!(row.hint.is_empty(), row.bucket == Bucket::Succeeded, "{row:?}");
        assert!(!row.open || row.bucket == Bucket::Pending, "{row:?}");
    }
}

#[test]
fn the_correlation_id_is_shown_once_something_was_sent() {
    let mut queued = task(State::Queued);
    assert_eq!(shown(&queued).correlation_id, "");
    queued.unknown = true;
    assert_eq!(
        shown(&queued).correlation_id,
        queued
            .correlation_id(&scope(), &RowKey::new("k").unwrap())
            .to_string()
    );
}

#[test]
fn long_lists_and_messages_are_cut() {
    let mut refused = task(State::Settled(Outcome::Rejected));
    refused.errors = (0..30)
        .map(|n| RowError::new(n.to_string(), "é".repeat(600)))
        .collect();
    let row = shown(&refused);
    assert_eq!(row.error_code.split(SEPARATOR).count(), ERRORS_MAX);
    let messages: Vec<&str> = row.error_message.split(SEPARATOR).collect();
    assert_eq!(messages.len(), ERRORS_MAX);
    assert_eq!(messages[0].chars().count(), MESSAGE_CHARS_MAX + 1);
    assert!(messages[ERRORS_MAX - 1].ends_with("… (and 10 more errors)"));
}

#[test]
fn what_our_rules_let_pass_and_the_provider_refused_is_a_gap() {
    let refused = |errors: &[(&str, &str, &str)]| {
        let mut task = task(State::Settled(Outcome::Rejected));
        task.errors = errors
            .iter()
            .map(|(code, field, message)| RowError {
                code: (*code).into(),
                field: (*field).into(),
                message: (*message).into(),
            })
            .collect();
        shown(&task)
    };
    let mut fold = Fold::default();
    fold.add(&refused(&[
        ("1117", "a.zip", "no such zip"),
        ("1117", "a.zip", "again"),
    ]));
    fold.add(&refused(&[("1117", "a.zip", "nor this"), ("2126", "", "long")]));
    fold.add(&shown(&task(State::Settled(Outcome::Active))));
    let mut parked = task(State::Settled(Outcome::Parked(ParkReason::UnknownOutcome)));
    parked.errors = vec![RowError::new("500", "oops")];
    fold.add(&shown(&parked));
    let gaps = fold
        .finish(&batch(4, false, false), &Counts::default(), NOW)
        .rule_gaps;
    let told: Vec<_> = gaps
        .iter()
        .map(|gap| (&*gap.code, &*gap.field, gap.rows, &*gap.message))
        .collect();
    assert_eq!(
        told,
        [("1117", "a.zip", 2, "no such zip"), ("2126", "", 1, "long")]
    );
}

#[test]
fn a_changed_row_says_so_whatever_its_state() {
    let pending = Task {
        changed: true,
        ..task(State::Pending)
    };
    let hint = shown(&pending).hint;
    assert!(
        hint.contains("go on watching | the account exists with its earlier data"),
        "{hint}"
    );
}

fn batch(in_file: u64, paused: bool, cancelled: bool) -> Batch {
    let pause = Pause {
        reason: PauseReason::Operator,
        detail: String::new(),
        since: NOW,
        until: None,
    };
    Batch {
        id: BatchId::new("b_1"),
        job: "j".into(),
        job_text: String::new(),
        scope: scope(),
        action: Action::Create,
        file_name: "f".into(),
        file_digest: Digest::of(b""),
        rows_total: in_file,
        rows_imported: in_file,
        columns: vec![],
        derived_keys: false,
        created_at: NOW,
        pause: paused.then_some(pause),
        cancelled,
        weight: Weight::default(),
        terms: None,
        foreseen: None,
    }
}

#[test]
fn exit_codes() {
    let active = || shown(&task(State::Settled(Outcome::Active)));
    let rejected = || shown(&task(State::Settled(Outcome::Rejected)));
    let still = || shown(&task(State::Settled(Outcome::StillPending)));
    let open = || shown(&task(State::Queued));
    let (invalid, forgotten) = (|| ResultRow::of_faults(2, []), || ResultRow::of_forgotten(2));
    let exit = |rows: &[ResultRow], in_file: u64, paused: bool, cancelled: bool| {
        let mut fold = Fold::default();
        rows.iter().for_each(|row| fold.add(row));
        fold.finish(&batch(in_file, paused, cancelled), &Counts::default(), NOW)
            .exit_code
    };
    assert_eq!(exit(&[], 0, false, false), 0);
    assert_eq!(exit(&[active(), active()], 2, false, false), 0);
    assert_eq!(exit(&[active()], 2, false, false), 5, "a row is not imported yet");
    assert_eq!(exit(&[invalid(), invalid()], 2, false, false), 3);
    assert_eq!(exit(&[active(), invalid()], 2, false, false), 4);
    assert_eq!(exit(&[active(), rejected()], 2, false, false), 4);
    assert_eq!(
        exit(&[active(), forgotten()], 2, false, false),
        4,
        "nobody knows of the second"
    );
    assert_eq!(exit(&[still(), rejected()], 2, false, false), 5);
    assert_eq!(exit(&[open(), active()], 2, false, false), 5);
    assert_eq!(exit(&[open(), active()], 2, true, false), 6);
    assert_eq!(
        exit(&[active()], 1, true, false),
        0,
        "a pause holds nothing up any more"
    );
    assert_eq!(exit(&[active(), still()], 2, false, true), 4);
}

#[test]
fn what_the_provider_kept_stands_apart_from_what_failed() {
    for (outcome, wrong, kept) in [
        (Outcome::Active, 0, 1),
        (Outcome::Updated, 0, 1),
        (Outcome::Rejected, 1, 0),
        (Outcome::Inactive(InactiveReason::Blocked), 2, 0),
    ] {
        let mut task = task(State::Settled(outcome));
        task.errors = vec![RowError {
            field: "city".into(),
            ..RowError::new("kept", "the provider keeps \"Boston\"")
        }];
        let row = ResultRow::of_task(2, &scope(), &RowKey::new("k").unwrap(), &task, &|_| {
            Some("City".into())
        });
        assert_eq!((row.wrong.len(), row.kept.len()), (wrong, kept), "{outcome:?}");
        let said = row.wrong.iter().chain(&row.kept).last().unwrap();
        assert_eq!((said.code.as_str(), said.column.as_str()), ("kept", "City"));
    }
}
