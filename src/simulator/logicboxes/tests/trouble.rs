//! providers.md 3.6 and 7.5: faults on the way, and what a caller finds afterwards.

use super::*;

fn struck(fault: Fault, seed: u64) -> (Delivery, u64, Stage) {
    let mut stage = Stage::seeded(only(fault), seed);
    let delivery = stage.sign_up(&row("a@example.com"));
    let accounts = stage.brain.ledger().accounts_created;
    stage.set(json!({ "faults": { fault.as_str(): 0.0 } }));
    stage.wait(Duration::from_secs(10));
    (delivery, accounts, stage)
}

#[test]
fn every_fault_shows_as_it_says_and_search_finds_what_was_made() {
    for fault in FAULTS {
        let (delivery, accounts, mut stage) = struck(fault, 7);
        let is_error = |reply: &Reply| {
            serde_json::from_slice::<Value>(&reply.body).is_ok_and(|body| body["status"] == "ERROR")
        };
        let committed = match (fault, &delivery) {
            (Fault::DroppedBeforeCommit, Delivery::Drop) => Some(0),
            (Fault::DroppedAfterCommit, Delivery::Drop) => Some(1),
            (Fault::Truncated, Delivery::Truncate { reply, bytes }) => {
                assert!(*bytes < reply.body.len() && reply.status == 200);
                Some(1)
            }
            (Fault::Hang, Delivery::Hang(_)) => None,
            (_, Delivery::Respond(reply)) => {
                let html = reply.body.starts_with(b"<html>");
                match (fault, reply.status) {
                    (Fault::Error500, 500)
                    | (Fault::Error502, 502)
                    | (Fault::Error504, 504)
                    | (Fault::Throttled429, 429)
                        if is_error(reply) =>
                    {
                        Some(0)
                    }
                    (Fault::Error500AfterCommit, 500)
                    | (Fault::Error502AfterCommit, 502)
                    | (Fault::Error503AfterCommit, 503)
                    | (Fault::Error504AfterCommit, 504)
                        if is_error(reply) =>
                    {
                        Some(1)
                    }
                    (Fault::Empty500, 500) | (Fault::Empty502, 502) | (Fault::Empty504, 504)
                        if reply.body.is_empty() =>
                    {
                        None
                    }
                    (Fault::Html502, 502) if html => None,
                    (Fault::Unavailable503, 503) if html => Some(0),
                    (Fault::Gateway504AfterCommit, 504) if html => Some(1),
                    (Fault::Slow, 200) if reply.delay >= Duration::from_secs(1) => Some(1),
                    (Fault::ClosedIdle, 200) if reply.close_after => Some(1),
                    (_, status) => panic!("{fault}: {status}"),
                }
            }
            (_, delivery) => panic!("{fault}: {delivery:?}"),
        };
        assert!(
            committed.is_none_or(|committed| committed == accounts),
            "{fault}: {accounts}"
        );
        assert_eq!(stage.brain.ledger().tally.faults, [(fault, 1)].into());
        assert_eq!(
            stage.found("username=a@example.com").len() as u64,
            accounts,
            "{fault}"
        );

        let again = whole(&stage.sign_up(&row("a@example.com")));
        assert_eq!(
            again.status == 200,
            accounts == 0,
            "{fault}: a second sign-up only if there was none"
        );
        assert_eq!(stage.brain.ledger().accounts_per_reference.max, 1, "{fault}");
    }
}

#[test]
fn what_a_coin_decides_falls_both_ways() {
    for fault in [
        Fault::Empty500,
        Fault::Empty502,
        Fault::Empty504,
        Fault::Html502,
        Fault::Hang,
    ] {
        let accounts: u64 = (0..100).map(|seed| struck(fault, seed).1).sum();
        assert!((30..=70).contains(&accounts), "{fault}: {accounts} of 100");
    }
}

/// Whoever reads an error cannot tell by it whether the account is there.
#[test]
fn an_error_says_the_same_before_and_after_the_account_was_made() {
    for (before, after) in [
        (Fault::Error500, Fault::Error500AfterCommit),
        (Fault::Error502, Fault::Error502AfterCommit),
        (Fault::Error504, Fault::Error504AfterCommit),
    ] {
        let [(without, none, _), (with, one, stage)] = [before, after].map(|fault| struck(fault, 7));
        assert_eq!((whole(&without), none, one), (whole(&with), 0, 1), "{after}");
        let counted = format!("{} ERROR", whole(&with).status);
        assert_eq!(stage.brain.ledger().tally.answers[counted.as_str()], 1);
    }
}

/// T10, with a search that does not show who waits: only the second sign-up tells.
#[test]
fn after_silence_search_finds_it_or_the_second_sign_up_does() {
    let (_, _, mut stage) = struck(Fault::DroppedAfterCommit, 7);
    stage.set(json!({ "pending_visible": false }));
    assert!(stage.found("username=a@example.com").is_empty());
    assert_eq!(
        json(&whole(&stage.sign_up(&row("a@example.com")))),
        json!({ "status": "AlreadyReseller" })
    );
    stage.admin("POST", "activate", "");
    assert_eq!(stage.found("username=a@example.com").len(), 1);
}

#[test]
fn while_the_first_sign_up_runs_the_second_is_told_to_wait() {
    let mut stage = Stage::new(only(Fault::Slow));
    let first = whole(&stage.sign_up(&row("a@example.com")));
    stage.set(json!({ "faults": { "slow": 0.0 } }));
    let pending = json(&whole(&stage.sign_up(&row("a@example.com"))));
    assert_eq!(
        pending["message"],
        "There is already an action pending on this Order."
    );
    assert!(stage.found("").is_empty());
    assert_eq!(stage.get("resellers/details", "reseller-id=700001").status, 500);
    stage.wait(first.delay);
    assert_eq!(stage.found("").len(), 1);
    assert_eq!(
        json(&whole(&stage.sign_up(&row("a@example.com"))))["status"],
        "AlreadyReseller"
    );
}

#[test]
fn faults_strike_the_calls_they_are_told_to_and_a_seed_replays_exactly() {
    let mut stage = Stage::new(only(Fault::DroppedBeforeCommit));
    stage.get("resellers/search", "");
    stage.set(json!({ "fault_on": ["search"] }));
    stage.signed_up("a@example.com");
    let target = "/api/resellers/search.json?auth-userid=5&api-key=k&no-of-records=10&page-no=1";
    assert_eq!(stage.send(&Request::new("GET", target)), Delivery::Drop);

    let run = |seed| {
        let settings = LogicBoxesSettings {
            faults: FAULTS.map(|fault| (fault, 0.04)).into(),
            ..LogicBoxesSettings::default()
        };
        let mut stage = Stage::seeded(settings, seed);
        (0..200)
            .map(|n| stage.sign_up(&row(&format!("u{}@example.com", n % 50))))
            .collect::<Vec<_>>()
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}
