//! providers.md 4.5 and 7.5: faults on the way, and what a repeat says.

use super::*;

fn struck(fault: Fault, seed: u64) -> (Delivery, u64, Stage) {
    let mut stage = Stage::seeded(only(fault), seed);
    let delivery = stage.create(&row(1));
    let accounts = stage.brain.ledger().ledger.accounts_created;
    stage.set(json!({ "faults": { fault.as_str(): 0.0 } }));
    (delivery, accounts, stage)
}

/// T13 is the row of `DroppedAfterCommit`: the repeat says that it exists, and not its id.
#[test]
fn every_fault_shows_as_it_says_and_a_repeat_tells_what_was_made() {
    for fault in FAULTS {
        let (delivery, accounts, mut stage) = struck(fault, 7);
        let committed = match (fault, &delivery) {
            (Fault::DroppedBeforeCommit, Delivery::Drop) => Some(0),
            (Fault::DroppedAfterCommit, Delivery::Drop) => Some(1),
            (Fault::Truncated, Delivery::Truncate { reply, bytes }) => {
                assert!(*bytes < reply.body.len() && reply.status == 201);
                Some(1)
            }
            (Fault::Hang, Delivery::Hang(_)) => None,
            (_, Delivery::Respond(reply)) => {
                let html = reply.body.starts_with(b"<html>");
                match (fault, reply.status) {
                    (Fault::Html502, 502) if html => None,
                    (Fault::Unavailable503, 503) if html => Some(0),
                    (Fault::Gateway504AfterCommit, 504) if html => Some(1),
                    (Fault::Throttled429, 429) if said(reply) == "429 429" => Some(0),
                    (Fault::Error500, 500) if said(reply) == "500 500" => Some(0),
                    (Fault::Error500AfterCommit, 500) if said(reply) == "500 500" => Some(1),
                    (Fault::Slow, 201) if reply.delay >= Duration::from_secs(1) => Some(1),
                    (Fault::ClosedIdle, 201) if reply.close_after => Some(1),
                    (_, status) => panic!("{fault}: {status}"),
                }
            }
            (_, delivery) => panic!("{fault}: {delivery:?}"),
        };
        assert!(
            committed.is_none_or(|committed| committed == accounts),
            "{fault}: {accounts}"
        );
        assert_eq!(stage.brain.ledger().ledger.tally.faults, [(fault, 1)].into());

        let again = whole(&stage.create(&row(1)));
        if accounts == 0 {
            assert_eq!(said(&again), "201 active", "{fault}");
        } else {
            assert_eq!(fields(&again), ["name", "email", "externalId"], "{fault}");
            let id = stage.brain.accounts(None, START).next().unwrap().id;
            assert!(
                !String::from_utf8(again.body)
                    .unwrap()
                    .to_lowercase()
                    .contains(&id),
                "{fault}"
            );
        }
        assert_eq!(
            stage.brain.ledger().ledger.accounts_per_reference.max,
            1,
            "{fault}"
        );
    }
}

#[test]
fn a_429_tells_the_limit_of_the_call_that_it_refuses() {
    let mut stage = Stage::new(MetallicSettings {
        faults: Faults::from([(Fault::Throttled429, 1.0)]),
        fault_on: Call::FAULTY.into(),
        ..MetallicSettings::default()
    });
    for (reply, limit) in [
        (whole(&stage.create(&row(1))), "100"),
        (stage.get("resellers/1"), "1000"),
    ] {
        let told = ("X-RateLimit-Limit".to_owned(), limit.to_owned());
        assert!(
            reply.status == 429 && reply.headers.contains(&told),
            "{limit}: {reply:?}"
        );
    }
}

#[test]
fn what_a_coin_decides_falls_both_ways() {
    for fault in [Fault::Html502, Fault::Hang] {
        let accounts: u64 = (0..100).map(|seed| struck(fault, seed).1).sum();
        assert!((30..=70).contains(&accounts), "{fault}: {accounts} of 100");
    }
}

#[test]
fn a_slow_create_can_be_read_when_it_has_run() {
    let (delivery, _, mut stage) = struck(Fault::Slow, 7);
    let reply = whole(&delivery);
    let id = json(&reply)["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(said(&stage.get(&format!("resellers/{id}"))), "404 1006");
    stage.wait(reply.delay);
    assert_eq!(said(&stage.get(&format!("resellers/{id}"))), "200 active");
}

#[test]
fn faults_strike_the_calls_they_are_told_to_and_a_seed_replays_exactly() {
    let mut stage = Stage::new(only(Fault::DroppedBeforeCommit));
    assert_eq!(said(&stage.get("resellers/1")), "404 1006");
    stage.set(json!({ "fault_on": ["get", "authenticate"] }));
    assert_eq!(said(&whole(&stage.create(&row(1)))), "201 active");
    for (method, path) in [
        ("GET", "/api/v1/partner/resellers/1"),
        ("POST", "/api/v1/authenticate"),
    ] {
        let request = stage.request(method, path);
        assert_eq!(stage.send(&request), Delivery::Drop, "{path}");
    }
    let run = |seed| {
        let settings = MetallicSettings {
            faults: FAULTS.map(|fault| (fault, 0.06)).into(),
            ..MetallicSettings::default()
        };
        let mut stage = Stage::seeded(settings, seed);
        (0..200).map(|n| stage.create(&row(n % 50))).collect::<Vec<_>>()
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}
