//! Watching accounts, tokens and keys (T7, T8, T9, T14, T15).

use serde_json::json;

use super::on_each;
use crate::support::wait_for;

#[test]
fn t7_polling_sees_a_change_though_answers_are_replayed() {
    for in_sets in [true, false] {
        on_each("--settle never", 2, |scene| {
            let settings = scene.simulator.ask("GET", "/_simulator/settings", "");
            assert_eq!(settings["replay_memory"], "240h");
            let run = scene
                .run()
                .set(&format!("poll.in_sets={in_sets}"))
                .set("poll.deadline=10s");
            let running = run.start();
            wait_for("looks in vain", || {
                (scene.simulator.accounts_created() == 2 && scene.calls("list") + scene.calls("get") >= 6)
                    .then_some(())
            });
            for account in scene.simulator.accounts() {
                scene.simulator.settle(account["id"].as_str().unwrap(), "1000");
            }
            let ended = running.end();
            assert_eq!(ended.code, Some(0), "{}", ended.err);
            // Which of the two costs less depends on how many are pending at the moment.
            assert!(
                in_sets || scene.calls("list") == 0,
                "{}",
                scene.simulator.ledger()
            );
            let table = scene.rig.table("out/results.csv");
            assert_eq!(table.column("_outcome"), ["Active"; 2]);
            assert_eq!(table.column("_provider_status"), ["1000"; 2]);
            assert_eq!(scene.simulator.ledger()["reused_read_ids"], 0);
        });
    }
}

/// Sixty-four calls on their way when the token ends: all are refused, one of them renews it.
#[test]
fn t8_one_token_for_sixty_four_calls_at_once() {
    const ROWS: usize = 200;
    on_each("--settle 100ms --slow 300ms --fault slow=1", ROWS, |scene| {
        let running = scene.run().set("limits.in_flight=64").start();
        wait_for("the first to be sent", || {
            (scene.simulator.creates() >= 64).then_some(())
        });
        scene.simulator.ask("POST", "/_simulator/tokens/revoke", "");
        let ended = running.end();
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert_eq!(ended.json()["rows"]["failed"], 0);
        scene.is_well(ROWS);
        // How many were sent with the old one is a matter of the moment; one renews it for all.
        assert!(scene.answers("401 4116") >= 1, "{}", scene.simulator.ledger());
        assert_eq!(scene.calls("token"), 2, "{}", scene.simulator.ledger());
    });
}

/// A token that runs out is renewed before, and nothing is refused.
#[test]
fn t8_a_token_that_runs_out_is_renewed_in_time() {
    const ROWS: usize = 120;
    on_each("--settle 100ms --token-lifetime 2s", ROWS, |scene| {
        let run = scene
            .run()
            .set("limits.in_flight=64")
            .set("limits.windows=[{calls=100,per=\"1s\"}]");
        run.exits(0);
        scene.is_well(ROWS);
        assert!(
            (2..=4).contains(&scene.calls("token")),
            "{}",
            scene.simulator.ledger()
        );
        assert_eq!(scene.answers("401 4116"), 0, "{}", scene.simulator.ledger());
    });
}

#[test]
fn t9_a_revoked_key_pauses_fails_no_row_and_resume_goes_on() {
    const ROWS: usize = 200;
    on_each("--settle 100ms", ROWS, |scene| {
        let run = || scene.run().set("limits.windows=[{calls=200,per=\"1s\"}]");
        let running = run().start();
        wait_for("rows on their way", || {
            (scene.simulator.accounts_created() >= 30).then_some(())
        });
        scene.simulator.change(&json!({ "api_key_valid": false }));
        let ended = running.end();
        assert_eq!(ended.code, Some(6), "{}", ended.err);
        let summary = ended.json();
        assert_eq!(summary["pause"]["reason"], "auth", "{summary}");
        assert_eq!(summary["rows"]["failed"], 0, "{summary}");
        let refused = scene.answers("403 4115");
        assert!((1..=64).contains(&refused), "{refused} calls with a bad key");
        assert!(scene.simulator.accounts_created() < ROWS as u64);

        scene.simulator.change(&json!({ "api_key_valid": true }));
        scene.line("resume last").exits(0);
        let summary = run().exits(0).json();
        assert_eq!(summary["pause"], json!(null), "{summary}");
        scene.is_well(ROWS);
        assert_eq!(scene.simulator.ledger()["reused_ids"], 0);
    });
}

#[test]
fn t14_what_never_settles_is_still_pending_at_the_deadline_and_can_be_resumed() {
    on_each("--settle never", 3, |scene| {
        scene.run().set("poll.deadline=1s").exits(5);
        let table = scene.rig.table("out/results.csv");
        assert_eq!(table.column("_outcome"), ["StillPending"; 3]);
        assert!(
            table.column("_hint").iter().all(|hint| !hint.is_empty()),
            "{table:?}"
        );
        for account in scene.simulator.accounts() {
            scene.simulator.settle(account["id"].as_str().unwrap(), "1000");
        }
        scene.run().set("poll.deadline=1s").exits(0);
        assert_eq!(
            scene.rig.table("out/results.csv").column("_outcome"),
            ["Active"; 3]
        );
        assert_eq!(scene.simulator.creates(), 3, "watched again, not sent again");
        scene.simulator.has_one_account_each(3);
    });
}

#[test]
fn t15_an_unknown_status_is_parked_and_reported() {
    on_each("--settle 100ms --settle-as 1099=1", 3, |scene| {
        scene.run().exits(4);
        let table = scene.rig.table("out/failed.csv");
        assert_eq!(table.column("_outcome"), ["Parked"; 3]);
        assert_eq!(table.column("_provider_status"), ["1099"; 3]);
        assert_eq!(table.column("_error_code"), ["unknown_status"; 3]);
        for row in &table.rows {
            assert!(row["_hint"].contains(&row["_provider_id"]), "{row:?}");
        }
        // Somebody has looked: the status is one that is known now.
        for account in scene.simulator.accounts() {
            scene.simulator.settle(account["id"].as_str().unwrap(), "1000");
        }
        scene.line("retry last").exits(0);
        scene.run().exits(0);
        assert_eq!(
            scene.rig.table("out/results.csv").column("_outcome"),
            ["Active"; 3]
        );
        scene.simulator.has_one_account_each(3);
        assert_eq!(scene.simulator.creates(), 3);
    });
}
