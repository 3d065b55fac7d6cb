//! Every state, and every event that can meet it.

use super::*;

/// Every answer there is.
pub(super) fn answers() -> Vec<(&'static str, Answer)> {
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

pub(super) fn events() -> Vec<(String, Event)> {
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
pub(super) fn states(action: Action) -> Vec<(&'static str, Task)> {
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
