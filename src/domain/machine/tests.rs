//! The table of every state against every event, and the laws.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::domain::answer::{AccountSeen, Answered, InactiveReason, Meaning, Refused, RowError};
use crate::domain::ids::{AccountId, RowKey, Scope, StatusCode};
use crate::domain::task::Action;

const NOW: Timestamp = Timestamp::from_ms(1_000_000_000);

fn rules() -> Rules {
    let mut rules = Rules {
        contract: IdempotencyContract::Replay {
            trusted_for: Duration::from_secs(9 * 86_400),
        },
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
    let status = match meaning {
        Meaning::Pending => "1002",
        Meaning::Active => "1000",
        Meaning::Inactive(_) => "1010",
        Meaning::Unrecognised => "7777",
    };
    Answer::Answered(Answered::Account(AccountSeen {
        account: AccountId::new("5556667778"),
        status: StatusCode::new(status),
        meaning,
    }))
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
        ("account in an unknown status", seen(Meaning::Unrecognised)),
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
fn states() -> Vec<(&'static str, Task)> {
    let fresh = Task::new(Action::Create, digest("one"), NOW);
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

/// Reviewed by eye: this is the design. A change here is a change of behaviour.
#[test]
fn every_state_against_every_event() {
    let mut table = String::new();
    for (state, task) in states() {
        writeln!(table, "{state}").unwrap();
        for (name, event) in events() {
            let after = apply(&task, &event, &rules(), NOW, 7);
            writeln!(table, "    {name:<36} {}", describe(&task, &after)).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn the_same_intent_has_the_same_id_and_another_has_another() {
    let scope = Scope {
        provider: "adobe".into(),
        account: "1@https://example.test".into(),
    };
    let key = RowKey::new("888").unwrap();
    let task = Task::new(Action::Create, digest("one"), NOW);
    let id = task.correlation_id(&scope, &key);
    // Written down: a change would make every open intent a new one at the provider.
    assert_eq!(id.to_string(), "9ccc8854-d5a1-5c75-9040-862061b4e9fc");
    assert_eq!(id, task.clone().correlation_id(&scope, &key));
    let mut others = vec![id];
    let other_scope = Scope {
        account: "2@https://example.test".into(),
        ..scope.clone()
    };
    others.push(task.correlation_id(&other_scope, &key));
    others.push(task.correlation_id(&scope, &RowKey::new("889").unwrap()));
    others.push(
        Task {
            payload: digest("two"),
            ..task.clone()
        }
        .correlation_id(&scope, &key),
    );
    others.push(
        Task {
            generation: 1,
            ..task
        }
        .correlation_id(&scope, &key),
    );
    let distinct: std::collections::HashSet<_> = others.iter().collect();
    assert_eq!(distinct.len(), others.len());
}

#[test]
fn a_new_id_after_refusals_rests_until_a_ledger_has_kept_it() {
    let refusals = answers().into_iter().filter(|(_, answer)| {
        matches!(
            answer,
            Answer::Refused(Refused::Throttled { .. } | Refused::TokenStale | Refused::IdsRefused(_))
        )
    });
    for (name, refusal) in refusals {
        let (mut task, mut now) = (Task::new(Action::Create, digest("one"), NOW), NOW);
        while task.generation == 0 {
            now = now.max(task.due_at);
            task = apply(&task, &Event::Sent, &rules(), now, 7).task;
            task = apply(&task, &Event::Answer(refusal.clone()), &rules(), now, 7).task;
        }
        assert!(task.due_at.since(now) >= Duration::from_secs(3), "{name}");
    }
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop::sample::select(answers()).prop_map(|(_, answer)| answer)
}

/// Answers that do not stop the batch until a person has acted.
fn any_answer_without_a_person() -> impl Strategy<Value = Answer> {
    any_answer().prop_filter("needs a person", |answer| {
        !matches!(
            answer,
            Answer::Refused(Refused::Denied(_) | Refused::WrongAddress(_))
                | Answer::Answered(Answered::Misfit(_))
        )
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    prop::sample::select(events()).prop_map(|(_, event)| event)
}

/// What the engine does with a claimed task until it can be put back: at most one call.
fn engine_step(task: &Task, answer: &Answer, rules: &Rules, now: Timestamp) -> Vec<(Event, Transition)> {
    let mut done = Vec::new();
    let mut task = task.clone();
    for _ in 0..4 {
        let event = match plan(&task, rules, now) {
            Step::Learn(event) => event,
            Step::Submit => {
                let sent = apply(&task, &Event::Sent, rules, now, 3);
                task = sent.task.clone();
                done.push((Event::Sent, sent));
                Event::Answer(answer.clone())
            }
            Step::LookUp { .. } | Step::Poll => Event::Answer(answer.clone()),
            Step::Wait(_) | Step::Nothing => break,
        };
        let called = matches!(event, Event::Answer(_));
        let transition = apply(&task, &event, rules, now, 3);
        task = transition.task.clone();
        done.push((event, transition));
        if called {
            break;
        }
    }
    done
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever happens, in any order: settled stays settled unless a person or a file asks; silence and refusal
    /// after silence never change the id; a generation grows only when nothing under the old id is unknown; an
    /// account once known is never forgotten nor asked for again; an id that is new without look-ups rests, so that a
    /// ledger has kept it before it is sent.
    #[test]
    fn laws_of_any_history(events in prop::collection::vec((any_event(), 0_u64..100_000), 1..60)) {
        let rules = rules();
        let mut task = Task::new(Action::Create, digest("one"), NOW);
        let mut now = NOW;
        for (event, ms) in events {
            now = now.plus(Duration::from_millis(ms));
            let after = apply(&task, &event, &rules, now, 3);
            let next = after.task;
            if task.state.is_settled() && !matches!(event, Event::Order(_)) {
                prop_assert_eq!(&next, &task);
            }
            if next.generation != task.generation {
                prop_assert_eq!(next.generation, task.generation + 1);
                let closed_by_answer = matches!(event, Event::Answer(Answer::Answered(_)));
                prop_assert!(!task.unknown || closed_by_answer, "{:?} on {:?}", event, task);
                prop_assert!(!next.unknown);
            }
            if matches!(event, Event::Answer(Answer::Silent(_) | Answer::NotSent(_)) | Event::Abandoned { .. }) {
                prop_assert_eq!(next.generation, task.generation);
                prop_assert_eq!(next.payload, task.payload);
            }
            if task.unknown && !matches!(event, Event::Answer(Answer::Answered(_))) {
                prop_assert!(next.unknown, "only an answer ends not knowing: {:?} on {:?}", event, task);
                prop_assert_eq!(next.payload, task.payload);
            }
            let is_other = (next.generation, next.payload) != (task.generation, task.payload);
            if is_other && next.state == State::Queued && !matches!(task.state, State::Reconciling { .. }) {
                prop_assert!(next.due_at.since(now) >= Duration::from_secs(3), "{:?} on {:?}", event, task);
            }
            if task.account.is_some() {
                prop_assert_eq!(&next.account, &task.account);
                prop_assert!(!next.next_is_submit(), "a known account is never asked for again");
            }
            task = next;
        }
    }

    /// With any answers whatever, a task settles within bounded steps and time: waiting is bounded.
    #[test]
    fn waiting_is_bounded(answers in prop::collection::vec(any_answer_without_a_person(), 1..8)) {
        let rules = rules();
        let mut task = Task::new(Action::Create, digest("one"), NOW);
        let mut now = NOW;
        let mut steps = 0_u32;
        while !task.state.is_settled() {
            let answer = answers.get(steps as usize % answers.len()).unwrap();
            for (event, transition) in engine_step(&task, answer, &rules, now) {
                prop_assert!(!transition.illegal, "{:?} on {:?}", event, task);
                task = transition.task;
            }
            prop_assert!(task.due_at.since(now) <= Duration::from_secs(3600));
            now = now.max(task.due_at).plus(Duration::from_secs(1));
            steps += 1;
            prop_assert!(steps < 30_000, "still {:?} after {} days", task, now.since(NOW).as_secs() / 86_400);
        }
    }
}
