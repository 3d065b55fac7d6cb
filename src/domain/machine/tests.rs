//! The table of every state against every event, for each way of keeping a second send from doing harm.

mod laws;

use std::fmt::Write as _;

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

/// Every answer there is.
fn answers() -> Vec<(&'static str, Answer)> {
    vec![
        ("account pending", seen(Meaning::Pending)),
        ("account active", seen(Meaning::Active)),
        (
            "account inactive",
            seen(Meaning::Inactive(InactiveReason::InvalidAddress)),
        ),
        ("account awaiting activation", seen(Meaning::Awaiting)),
        ("account in an unknown status", seen(Meaning::Unrecognised)),
        ("taken", Answer::Answered(Answered::Taken(error()))),
        (
            "unchanged",
            Answer::Answered(Answered::Unchanged(account_seen(Meaning::Active))),
        ),
        (
            "updated",
            Answer::Answered(Answered::Updated {
                seen: account_seen(Meaning::Active),
                drift: vec![error()],
            }),
        ),
        (
            "not yet",
            Answer::Answered(Answered::NotYet(account_seen(Meaning::Pending))),
        ),
        ("not found", Answer::Answered(Answered::NotFound)),
        ("missing", Answer::Answered(Answered::Missing)),
        ("rejected", Answer::Answered(Answered::Rejected(vec![error()]))),
        ("ambiguous", Answer::Answered(Answered::Ambiguous(error()))),
        ("misfit", Answer::Answered(Answered::Misfit(error()))),
        (
            "throttled",
            Answer::Refused(Refused::Throttled {
                retry_after: Some(Duration::from_secs(7)),
            }),
        ),
        (
            "throttled for an hour",
            Answer::Refused(Refused::Throttled {
                retry_after: Some(Duration::from_secs(3600)),
            }),
        ),
        ("token stale", Answer::Refused(Refused::TokenStale)),
        ("denied", Answer::Refused(Refused::Denied(error()))),
        ("wrong address", Answer::Refused(Refused::WrongAddress(error()))),
        ("ids refused", Answer::Refused(Refused::IdsRefused(error()))),
        ("timed out", Answer::Silent(Silence::TimedOut)),
        ("broken", Answer::Silent(Silence::Broken("reset".into()))),
        (
            "gateway, wait 9 s",
            Answer::Silent(Silence::Gateway {
                http: 503,
                retry_after: Some(Duration::from_secs(9)),
            }),
        ),
        ("unreadable", Answer::Silent(Silence::Unreadable { http: 201 })),
        ("busy", Answer::Silent(Silence::Busy)),
        ("not sent", Answer::NotSent("connection refused".into())),
        ("no leave", Answer::NoLeave),
    ]
}

fn events() -> Vec<(String, Event)> {
    let mut events: Vec<(String, Event)> = vec![
        ("Sent".into(), Event::Sent),
        (
            "Abandoned".into(),
            Event::Abandoned {
                claimed_at: NOW.minus(Duration::from_secs(60)),
            },
        ),
        ("MemoryOver".into(), Event::MemoryOver),
        ("LookFirst".into(), Event::LookFirst),
        ("CannotLook".into(), Event::CannotLook),
        ("DeadlineOver".into(), Event::DeadlineOver),
        ("Fed, same data".into(), Event::Order(Order::Fed(digest("one")))),
        ("Fed, other data".into(), Event::Order(Order::Fed(digest("two")))),
        ("Retry".into(), Event::Order(Order::Retry)),
        ("Cancel".into(), Event::Order(Order::Cancel)),
    ];
    events.extend(
        answers()
            .into_iter()
            .map(|(name, answer)| (format!("Answer: {name}"), Event::Answer(answer))),
    );
    events
}

/// One task for each state, as it comes to be there.
fn states(action: Action) -> Vec<(&'static str, Task)> {
    let fresh = Task::new(action, digest("one"), NOW);
    let with = |change: &dyn Fn(&mut Task)| {
        let mut task = fresh.clone();
        task.tries.sends = 1;
        change(&mut task);
        task
    };
    let sent = |task: &mut Task| {
        task.first_sent_at = Some(NOW.minus(Duration::from_secs(30)));
        task.trying_since = task.first_sent_at;
    };
    let account = |task: &mut Task| {
        task.account = Some(AccountId::new("5556667778"));
        task.status = Some(StatusCode::new("1002"));
        task.created_at = Some(NOW.minus(Duration::from_secs(20)));
    };
    let settled = |outcome: Outcome| {
        move |task: &mut Task| {
            task.state = State::Settled(outcome);
            task.settled_at = Some(NOW.minus(Duration::from_secs(5)));
        }
    };
    vec![
        ("Queued", fresh.clone()),
        ("Queued after a refusal", with(&|task| task.tries.refusals = 1)),
        (
            "Submitting",
            with(&|task| {
                sent(task);
                task.state = State::Submitting;
            }),
        ),
        (
            "Submitting, an earlier send unknown",
            with(&|task| {
                sent(task);
                task.state = State::Submitting;
                task.unknown = true;
            }),
        ),
        (
            "Unknown",
            with(&|task| {
                sent(task);
                task.state = State::Unknown;
                task.unknown = true;
            }),
        ),
        (
            "Unknown, other data came",
            with(&|task| {
                sent(task);
                task.state = State::Unknown;
                task.unknown = true;
                task.staged = Some(digest("two"));
            }),
        ),
        (
            "Submitting, other data came",
            with(&|task| {
                sent(task);
                task.state = State::Submitting;
                task.unknown = true;
                task.staged = Some(digest("two"));
            }),
        ),
        ("Reconciling before the first send", {
            let mut task = fresh.clone();
            task.state = State::Reconciling {
                misses: 0,
                then: Then::SendFirst,
            };
            task
        }),
        (
            "Reconciling, first look",
            with(&|task| {
                sent(task);
                task.unknown = true;
                task.state = State::Reconciling {
                    misses: 0,
                    then: Then::SendAgain,
                };
            }),
        ),
        (
            "Reconciling, second look",
            with(&|task| {
                sent(task);
                task.unknown = true;
                task.state = State::Reconciling {
                    misses: 1,
                    then: Then::SendAgain,
                };
            }),
        ),
        (
            "Reconciling, third look, sent twice",
            with(&|task| {
                sent(task);
                task.unknown = true;
                task.tries.generations = 1;
                task.state = State::Reconciling {
                    misses: 2,
                    then: Then::SendAgain,
                };
            }),
        ),
        (
            "Reconciling, second look, then give up",
            with(&|task| {
                sent(task);
                task.unknown = true;
                task.state = State::Reconciling {
                    misses: 1,
                    then: Then::GiveUp,
                };
            }),
        ),
        (
            "Reconciling, second look, then park",
            with(&|task| {
                sent(task);
                task.unknown = true;
                task.state = State::Reconciling {
                    misses: 1,
                    then: Then::Park,
                };
            }),
        ),
        (
            "Pending",
            with(&|task| {
                account(task);
                task.state = State::Pending;
            }),
        ),
        (
            "Active",
            with(&|task| {
                account(task);
                settled(Outcome::Active)(task);
            }),
        ),
        (
            "Inactive",
            with(&|task| {
                account(task);
                settled(Outcome::Inactive(InactiveReason::Blocked))(task);
            }),
        ),
        (
            "Rejected",
            with(&|task| {
                task.errors = vec![error()];
                settled(Outcome::Rejected)(task);
            }),
        ),
        (
            "StillPending",
            with(&|task| {
                account(task);
                settled(Outcome::StillPending)(task);
            }),
        ),
        (
            "Parked, outcome unknown",
            with(&|task| {
                sent(task);
                task.unknown = true;
                settled(Outcome::Parked(ParkReason::UnknownOutcome))(task);
            }),
        ),
        (
            "Parked, status unknown",
            with(&|task| {
                account(task);
                settled(Outcome::Parked(ParkReason::UnknownStatus))(task);
            }),
        ),
        (
            "AwaitingActivation",
            with(&|task| {
                account(task);
                settled(Outcome::AwaitingActivation)(task);
            }),
        ),
        ("CreatedIdUnknown", with(&settled(Outcome::CreatedIdUnknown))),
        (
            "Updated",
            with(&|task| {
                account(task);
                settled(Outcome::Updated)(task);
            }),
        ),
        (
            "Unchanged",
            with(&|task| {
                account(task);
                settled(Outcome::Unchanged)(task);
            }),
        ),
        ("Exhausted", with(&settled(Outcome::Exhausted))),
        ("Cancelled before a send", {
            let mut task = fresh.clone();
            settled(Outcome::Cancelled)(&mut task);
            task
        }),
        (
            "Cancelled, outcome unknown",
            with(&|task| {
                sent(task);
                task.unknown = true;
                settled(Outcome::Cancelled)(task);
            }),
        ),
    ]
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
