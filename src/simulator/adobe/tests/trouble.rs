//! providers.md 7.2 and 7.5: faults on the way, and what a caller that keeps the rules finds afterwards.

use super::*;

/// What the fault leaves behind: what the caller saw, accounts, and what the same id gets afterwards.
fn struck(fault: Fault, seed: u64) -> (Delivery, u64, Stage) {
    let mut stage = Stage::seeded(only(fault), seed);
    let delivery = stage.create("c1", &seed_body());
    let accounts = stage.adobe.ledger().accounts_created;
    stage.set(json!({ "faults": { fault.as_str(): 0.0 } }));
    stage.wait(10_000);
    (delivery, accounts, stage)
}

#[test]
fn every_fault_shows_as_it_says_and_the_same_id_finds_one_account() {
    for fault in FAULTS {
        let (delivery, accounts, mut stage) = struck(fault, 7);
        let committed = match (fault, &delivery) {
            (Fault::DroppedBeforeCommit, Delivery::Drop) => Some(0),
            (Fault::DroppedAfterCommit, Delivery::Drop) => Some(1),
            (Fault::Truncated, Delivery::Truncate { reply, bytes }) => {
                assert!(*bytes < reply.body.len() && reply.status == 201);
                assert!(serde_json::from_slice::<Value>(&reply.body[..*bytes]).is_err());
                Some(1)
            }
            (Fault::Hang, Delivery::Hang(span)) if *span == Duration::from_secs(600) => None,
            (Fault::Html502, Delivery::Respond(reply)) if reply.body.starts_with(b"<html>") => None,
            (_, Delivery::Respond(reply)) => match (fault, said(reply).as_str()) {
                (Fault::Unavailable503, "503 503000") | (Fault::Throttled429, "429 4118") => Some(0),
                (Fault::Gateway504AfterCommit, "504 504001") => Some(1),
                (Fault::Error500Stored, "500 1124") => None,
                (Fault::Slow, "201 1002") if reply.delay >= Duration::from_secs(1) => Some(1),
                (Fault::ClosedIdle, "201 1002") if reply.close_after => Some(1),
                (_, said) => panic!("{fault}: {said}"),
            },
            (_, delivery) => panic!("{fault}: {delivery:?}"),
        };
        assert!(
            committed.is_none_or(|committed| committed == accounts),
            "{fault}: {accounts} accounts"
        );
        assert_eq!(stage.adobe.ledger().tally.faults, [(fault, 1)].into());

        let again = said(&whole(&stage.create("c1", &seed_body())));
        let ledger = stage.adobe.ledger();
        if fault == Fault::Error500Stored {
            assert_eq!(
                (again.as_str(), ledger.accounts_created),
                ("500 1124", accounts),
                "the failure is kept"
            );
        } else {
            assert_eq!(
                (again.as_str(), ledger.accounts_created),
                ("201 1002", 1),
                "{fault}"
            );
        }
        let delivered = matches!(fault, Fault::Error500Stored | Fault::Slow | Fault::ClosedIdle);
        assert_eq!(ledger.tally.own.reused_ids, u64::from(delivered), "{fault}");
    }
}

#[test]
fn what_a_coin_decides_falls_both_ways() {
    for fault in [Fault::Error500Stored, Fault::Html502, Fault::Hang] {
        let accounts: u64 = (0..100).map(|seed| struck(fault, seed).1).sum();
        assert!((30..=70).contains(&accounts), "{fault}: {accounts} of 100");
    }
}

/// T1: dropped after commit.
#[test]
fn after_a_drop_the_same_id_gets_the_stored_answer() {
    let (_, _, mut stage) = struck(Fault::DroppedAfterCommit, 7);
    let reply = whole(&stage.create("c1", &seed_body()));
    assert_eq!(
        (said(&reply).as_str(), &json(&reply)["resellerId"]),
        ("201 1002", &json!("5556667778"))
    );
    assert_eq!(stage.adobe.ledger().tally.own.replayed, 1);
}

/// T2: dropped after commit, then refused, then the same id; and what a new id would have done.
#[test]
fn a_refusal_after_a_drop_says_nothing() {
    for (id, accounts) in [("c1", 1), ("c2", 2)] {
        let (_, _, mut stage) = struck(Fault::DroppedAfterCommit, 7);
        stage.set(json!({ "windows": ["0/1s"] }));
        assert_eq!(said(&whole(&stage.create("c1", &seed_body()))), "429 4118");
        stage.set(json!({ "windows": [] }));
        stage.create(id, &seed_body());
        assert_eq!(stage.adobe.ledger().accounts_per_reference.max, accounts);
    }
}

/// T3 and T4: a 500 that had committed and one that had not; both kept, or both forgotten.
#[test]
fn after_a_500_only_a_look_tells() {
    for seed in 0..20 {
        let (_, accounts, mut stage) = struck(Fault::Error500Stored, seed);
        let found = json(&stage.read("/v3/resellers?company-name=Fairmont&status=1000"));
        assert_eq!(found["totalCount"], accounts, "the look tells");
        assert_eq!(
            said(&whole(&stage.create("c1", &seed_body()))),
            "500 1124",
            "the id is stuck"
        );
        if accounts == 0 {
            assert_eq!(said(&whole(&stage.create("c2", &seed_body()))), "201 1002");
        }
        assert_eq!(stage.adobe.ledger().accounts_created, 1);

        let mut stage = Stage::seeded(
            AdobeSettings {
                store_5xx: false,
                ..only(Fault::Error500Stored)
            },
            seed,
        );
        stage.create("c1", &seed_body());
        stage.set(json!({ "faults": { "error_500_stored": 0.0 } }));
        assert_eq!(said(&whole(&stage.create("c1", &seed_body()))), "201 1002");
        assert_eq!(
            stage.adobe.ledger().accounts_created,
            accounts + 1,
            "forgotten: sent blindly, made twice"
        );
    }
}

#[test]
fn faults_strike_the_calls_they_are_told_to() {
    let mut stage = Stage::new(only(Fault::Unavailable503));
    assert_eq!(said(&stage.read("/v3/resellers")), "200 ");
    stage.set(json!({ "fault_on": ["list", "token"] }));
    assert_eq!(said(&stage.read("/v3/resellers")), "503 503000");
    assert_eq!(said(&whole(&stage.create("c1", &seed_body()))), "201 1002");
    assert_eq!(
        said(&whole(&stage.send(&Request::new("POST", "/ims/token/v3")))),
        "503 503000"
    );
    for fault in FAULTS {
        stage.adobe.set_settings(AdobeSettings {
            fault_on: Call::FAULTY.into(),
            ..only(fault)
        });
        let get = stage.request("GET", "/v3/resellers/5556667778", fault.as_str());
        stage.send(&get);
        stage.send(&Request::new("POST", "/ims/token/v3"));
        assert!(stage.adobe.ledger().tally.faults[&fault] >= 2, "{fault}");
    }
    assert_eq!(stage.adobe.ledger().accounts_created, 1);
}

#[test]
fn faults_do_not_eat_a_stored_answer_for_ever() {
    let shares = FAULTS.map(|fault| (fault, 0.08));
    let settings = AdobeSettings {
        faults: shares.into(),
        ..quiet()
    };
    for seed in 0..50 {
        let mut stage = Stage::seeded(settings.clone(), seed);
        let answered = (0..100).find_map(|_| {
            let delivery = stage.create("c1", &seed_body());
            stage.wait(10_000);
            delivery
                .reply()
                .filter(|reply| matches!(reply.status, 200 | 201 | 500))
                .cloned()
        });
        assert!(answered.is_some(), "seed {seed}");
        assert!(stage.adobe.ledger().accounts_created <= 1, "seed {seed}");
    }
}

#[test]
fn a_seed_replays_exactly() {
    let run = |seed| {
        let shares = FAULTS.map(|fault| (fault, 0.05));
        let settings = AdobeSettings {
            faults: shares.into(),
            fault_on: Call::FAULTY.into(),
            ..AdobeSettings::default()
        };
        let mut stage = Stage::seeded(settings, seed);
        (0..300)
            .map(|n| {
                stage.wait(3);
                let created = stage.create(&format!("c{n}"), &row(&n.to_string()));
                let get = stage.request("GET", "/v3/resellers/5556667778", &format!("g{n}"));
                (created, stage.send(&get))
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(run(11), run(11));
    assert_ne!(run(11), run(12));
}

#[test]
fn a_journal_brings_accounts_and_answers_back() {
    let mut stage = Stage::new(AdobeSettings {
        faults: [(Fault::DroppedAfterCommit, 0.3)].into(),
        ..quiet()
    });
    stage.adobe.keep_journal();
    let mut second = row("2");
    second["companyProfile"]["contacts"][0]["firstName"] = "Minnie".into();
    let mut wrong = row("3");
    wrong["companyProfile"]["companyName"] = "x".into();
    let bodies = [row("1"), second, wrong];
    for n in 0..9 {
        stage.create(&format!("c{n}"), &bodies[n % 3]);
        stage.wait(10);
    }
    let lost = (0..9)
        .find_map(|n| stage.create(&format!("c{n}"), &bodies[n % 3]).reply()?.receipt)
        .unwrap();
    stage.adobe.lost(&lost);
    stage.admin("POST", "accounts/5556667778/status", r#"{"status":"1012"}"#);

    let lines: Vec<_> = stage
        .adobe
        .take_journal()
        .iter()
        .map(|entry| serde_json::to_string(entry).unwrap())
        .collect();
    assert!(stage.adobe.take_journal().is_empty());
    let mut again = Stage::new(quiet());
    for line in &lines {
        again.adobe.restore(serde_json::from_str(line).unwrap()).unwrap();
    }
    stage.set(json!({ "faults": { "dropped_after_commit": 0.0 } }));
    (again.now, again.calls) = (stage.now, 1_000);
    for n in 0..9 {
        let id = format!("c{n}");
        let (before, after) = (
            whole(&stage.create(&id, &bodies[n % 3])),
            whole(&again.create(&id, &bodies[n % 3])),
        );
        assert_eq!((before.status, before.body), (after.status, after.body), "{id}");
    }
    assert!(
        stage
            .adobe
            .accounts(None, stage.now)
            .eq(again.adobe.accounts(None, stage.now))
    );
    assert_eq!(again.status_of("5556667778"), "200 1012");
    let minnie = json(&again.read("/v3/resellers/5556667779"));
    assert_eq!(
        minnie["companyProfile"]["contacts"][0]["firstName"], "Mickey",
        "contacts are known again"
    );
    let orphan = r#"{"deliveries":{"key":"0","count":1,"first":0}}"#;
    assert!(
        again
            .adobe
            .restore(serde_json::from_str(orphan).unwrap())
            .is_err()
    );
}
