//! The table of every state against every event, for each way of keeping a second send from doing harm.

mod cases;
mod laws;

use std::fmt::Write as _;

use self::cases::{events, states};
use super::*;
use crate::domain::answer::{AccountSeen, Answered, InactiveReason, Meaning, Refused, RowError};
use crate::domain::ids::{AccountId, RowKey, Scope, StatusCode};
use crate::domain::task::Action;

const NOW: Timestamp = Timestamp::from_ms(1_000_000_000);

const REPLAY: IdempotencyContract = IdempotencyContract::Replay {
    trusted_for: Duration::from_secs(9 * 86_400),
};

const NATURAL_KEY: IdempotencyContract = IdempotencyContract::NaturalKey {
    looks: [
        Duration::from_secs(30),
        Duration::from_secs(120),
        Duration::from_secs(600),
    ],
};

const CONTRACTS: [IdempotencyContract; 4] = [
    REPLAY,
    NATURAL_KEY,
    IdempotencyContract::UniqueFields,
    IdempotencyContract::Repeatable,
];

/// What is asked where this contract holds.
fn action(contract: IdempotencyContract) -> Action {
    match contract {
        IdempotencyContract::Repeatable => Action::Update,
        _ => Action::Create,
    }
}

fn rules() -> Rules {
    rules_of(REPLAY)
}

fn rules_of(contract: IdempotencyContract) -> Rules {
    let mut rules = Rules {
        contract,
        retry: RetryPolicy::default(),
        poll: PollPolicy::default(),
    };
    rules.retry.pause.jitter = 0.0;
    rules.poll.pause.jitter = 0.0;
    rules
}

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn seen(meaning: Meaning) -> Answer {
    Answer::Answered(Answered::Account(account_seen(meaning)))
}

fn account_seen(meaning: Meaning) -> AccountSeen {
    let status = match meaning {
        Meaning::Pending => "1002",
        Meaning::Active => "1000",
        Meaning::Inactive(_) => "1010",
        Meaning::Awaiting => "InActive",
        Meaning::Unrecognised => "7777",
    };
    AccountSeen {
        account: AccountId::new("5556667778"),
        status: StatusCode::new(status),
        meaning,
        kept: Vec::new(),
    }
}

fn error() -> RowError {
    RowError::new("1117", "Some Fields are Invalid")
}

fn describe(before: &Task, after: &Transition) -> String {
    if after.illegal {
        assert_eq!(&after.task, before, "an illegal move must change nothing");
        return "illegal".into();
    }
    if &after.task == before && after.effect.is_none() {
        return "as it was".into();
    }
    let task = &after.task;
    let mut text = match &task.state {
        State::Reconciling { misses, then } => format!("Reconciling({misses}, then {then:?})"),
        State::Settled(Outcome::Inactive(reason)) => format!("Inactive({reason:?})"),
        State::Settled(Outcome::Parked(reason)) => format!("Parked({reason:?})"),
        state => state.to_string(),
    };
    if let Some(due) = task.due() {
        write!(text, ", due in {} ms", due.as_ms() - NOW.as_ms()).unwrap();
    }
    if task.quiet_at != before.quiet_at
        && let Some(quiet_at) = task.quiet_at
    {
        write!(text, ", quiet in {} ms", quiet_at.as_ms() - NOW.as_ms()).unwrap();
    }
    for (is, was, word) in [
        (task.generation != before.generation, false, "NEW ID"),
        (task.unknown, before.unknown, "unknown"),
        (task.changed, before.changed, "changed"),
        (task.looked, before.looked, "looked"),
        (task.existed, before.existed, "existed"),
        (task.staged.is_some(), before.staged.is_some(), "staged"),
        (task.payload != before.payload, false, "other payload"),
    ] {
        match (is, was) {
            (true, false) => write!(text, ", {word}").unwrap(),
            (false, true) => write!(text, ", not {word}").unwrap(),
            _ => {}
        }
    }
    match &after.effect {
        Some(Effect::Throttle { .. }) => text.push_str(", ALL WAIT"),
        Some(Effect::Pause { reason, .. }) => write!(text, ", PAUSE {}", reason.as_str()).unwrap(),
        None => {}
    }
    text
}

/// State, event, and what follows.
fn cells(contract: IdempotencyContract) -> Vec<(&'static str, String, String)> {
    let mut cells = Vec::new();
    for (state, task) in states(action(contract)) {
        for (name, event) in events() {
            let after = apply(&task, &event, &rules_of(contract), NOW, 7);
            cells.push((state, name, describe(&task, &after)));
        }
    }
    cells
}

fn table<'a>(cells: impl Iterator<Item = &'a (&'static str, String, String)>) -> String {
    let mut table = String::new();
    let mut last = "";
    for (state, event, after) in cells {
        if *state != last {
            writeln!(table, "{state}").unwrap();
            last = state;
        }
        writeln!(table, "    {event:<36} {after}").unwrap();
    }
    table
}

/// Reviewed by eye: this is the design. A change here is a change of behaviour.
#[test]
fn every_state_against_every_event() {
    insta::assert_snapshot!(table(cells(REPLAY).iter()));
}

/// The same for the other contracts, where they differ from the first.
#[test]
fn what_other_contracts_do_otherwise() {
    let mut text = String::new();
    let replay = cells(REPLAY);
    for contract in &CONTRACTS[1..] {
        let cells = cells(*contract);
        let differing = cells.iter().zip(&replay).filter(|(one, other)| one != other);
        writeln!(
            text,
            "== {contract:?}\n{}",
            table(differing.map(|(cell, _)| cell))
        )
        .unwrap();
    }
    insta::assert_snapshot!(text);
}
