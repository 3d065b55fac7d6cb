//! The laws, for any history under any contract.

use proptest::prelude::*;

use super::cases::answers;
use super::*;

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
    fn laws_of_any_history(
        contract in prop::sample::select(CONTRACTS.to_vec()),
        events in prop::collection::vec((any_event(), 0_u64..100_000), 1..60),
    ) {
        let rules = rules_of(contract);
        let is_update = contract == IdempotencyContract::Repeatable;
        let mut task = Task::new(action(contract), digest("one"), NOW);
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
                prop_assert!(!task.unknown || closed_by_answer || is_update, "{:?} on {:?}", event, task);
                prop_assert!(!next.unknown);
            }
            if matches!(event, Event::Answer(Answer::Silent(_) | Answer::NotSent(_)) | Event::Abandoned { .. }) {
                prop_assert_eq!(next.generation, task.generation);
                prop_assert_eq!(next.payload, task.payload);
            }
            if task.unknown && !is_update && !matches!(event, Event::Answer(Answer::Answered(_))) {
                prop_assert!(next.unknown, "only an answer ends not knowing: {:?} on {:?}", event, task);
                prop_assert_eq!(next.payload, task.payload);
            }
            let is_other = (next.generation, next.payload) != (task.generation, task.payload);
            if is_other && !is_update && next.state == State::Queued && !matches!(task.state, State::Reconciling { .. }) {
                prop_assert!(next.due_at.since(now) >= Duration::from_secs(3), "{:?} on {:?}", event, task);
            }
            if task.account.is_some() && !is_update {
                prop_assert_eq!(&next.account, &task.account);
                prop_assert!(!next.next_is_submit(), "a known account is never asked for again");
            }
            task = next;
        }
    }

    /// With any answers whatever, a task settles within bounded steps and time: waiting is bounded.
    #[test]
    fn waiting_is_bounded(
        contract in prop::sample::select(CONTRACTS.to_vec()),
        answers in prop::collection::vec(any_answer_without_a_person(), 1..8),
    ) {
        let rules = rules_of(contract);
        let mut task = Task::new(action(contract), digest("one"), NOW);
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

    /// Where nothing is remembered under an id, nothing is sent that was not looked for, and not a third time after two
    /// silences.
    #[test]
    fn what_may_have_been_sent_is_looked_for_before_it_is_sent_again(
        answers in prop::collection::vec(any_answer_without_a_person(), 1..40),
    ) {
        let rules = rules_of(NATURAL_KEY);
        let (mut task, mut now) = (Task::new(Action::Create, digest("one"), NOW), NOW);
        let (mut was_looked_for, mut silences) = (false, 0);
        for answer in answers {
            for (event, transition) in engine_step(&task, &answer, &rules, now) {
                let before = std::mem::replace(&mut task, transition.task);
                match (&before.state, &event) {
                    (_, Event::Sent) => prop_assert!(was_looked_for, "{:?}", before),
                    (State::Submitting, _) if task.unknown => {
                        silences += 1;
                        was_looked_for = false;
                    }
                    (State::Reconciling { .. }, Event::Answer(Answer::Answered(Answered::NotFound))) => {
                        was_looked_for = true;
                    }
                    _ => {}
                }
            }
            now = now.max(task.due_at).plus(Duration::from_secs(1));
        }
        prop_assert!(silences <= 2, "{} silences", silences);
    }
}
