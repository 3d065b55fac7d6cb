//! Ids: silence and refusal keep them, answers spend them (T1 to T5, T16).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Scene, ids_of, on_each, tried};
use crate::support::wait_for;

const ROWS: usize = 8;

fn keys() -> impl Iterator<Item = String> {
    (1..=ROWS).map(|at| format!("R-{at}"))
}

#[test]
fn t1_dropped_after_commit_is_found_by_replay() {
    on_each("--settle 100ms", ROWS, |scene| {
        scene.strike("dropped_after_commit");
        let running = scene.run().start();
        scene.wait_for_strikes("dropped_after_commit", ROWS as u64);
        scene.calm();
        let ended = running.end();
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        scene.is_well(ROWS);
        for key in keys() {
            let row = scene.row(&key);
            assert_eq!(tried(&row)[0].0, "submit", "{row}");
            assert!(!tried(&row).iter().any(|(kind, _)| *kind == "look_up"), "{row}");
            assert_eq!(ids_of(&row, "submit").len(), 1, "{row}");
            assert!(row["sends"].as_u64().unwrap() >= 2, "{row}");
        }
        assert!(scene.simulator.ledger()["replayed"].as_u64().unwrap() >= ROWS as u64);
    });
}

#[test]
fn t2_a_429_after_a_drop_does_not_change_the_id() {
    on_each("--settle 100ms", ROWS, |scene| {
        scene.strike("dropped_after_commit");
        let running = scene.run().start();
        scene.wait_for_strikes("dropped_after_commit", ROWS as u64);
        scene.strike("throttled_429");
        scene.wait_for_strikes("throttled_429", ROWS as u64);
        scene.calm();
        let ended = running.end();
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        scene.is_well(ROWS);
        let refused = keys().filter(|key| {
            let row = scene.row(key);
            assert_eq!(ids_of(&row, "submit").len(), 1, "{row}");
            assert_eq!(row["generation"], 0, "{row}");
            row["attempts"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["http"] == 429)
        });
        assert!(refused.count() > 0);
        assert_eq!(scene.simulator.ledger()["reused_ids"], 0);
    });
}

/// Every first create gets a 500 that is kept; whether its account is there is a matter of chance. The keys of those
/// with one, as they stood then.
fn after_500s(scene: &Scene) -> BTreeSet<String> {
    scene.strike("error_500_stored");
    let running = scene.run().set("retry.look_after=[\"0s\",\"1s\"]").start();
    scene.wait_for_strikes("error_500_stored", ROWS as u64);
    scene.calm();
    let accounts = scene.simulator.accounts();
    assert_eq!(
        scene.simulator.creates(),
        ROWS as u64,
        "nothing is sent again before a second look"
    );
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    scene.is_well(ROWS);
    let key = |account: &Value| account["reference"].as_str().unwrap().to_owned();
    let made: BTreeSet<String> = accounts.iter().map(key).collect();
    assert!((1..ROWS).contains(&made.len()), "both cases are met: {made:?}");
    made
}

#[test]
fn t3_a_500_that_had_committed_is_reconciled() {
    on_each("--settle 100ms --list-lag 50ms", ROWS, |scene| {
        for key in after_500s(scene) {
            let row = scene.row(&key);
            assert_eq!(tried(&row)[0], ("submit", "ambiguous"), "{row}");
            assert_eq!(ids_of(&row, "submit").len(), 1, "found, so not sent again: {row}");
            assert_eq!(
                (&row["sends"], &row["generation"]),
                (&json!(1), &json!(0)),
                "{row}"
            );
            assert!(!ids_of(&row, "look_up").is_empty(), "{row}");
        }
    });
}

#[test]
fn t4_a_500_that_had_not_committed_takes_a_new_id_after_two_looks() {
    on_each("--settle 100ms", ROWS, |scene| {
        let made = after_500s(scene);
        for key in keys().filter(|key| !made.contains(key)) {
            let row = scene.row(&key);
            assert_eq!(
                tried(&row)[..4],
                [
                    ("submit", "ambiguous"),
                    ("look_up", "not found"),
                    ("look_up", "not found"),
                    ("submit", "pending")
                ],
                "{row}"
            );
            assert_eq!(ids_of(&row, "submit").len(), 2, "{row}");
            assert_eq!(row["generation"], 1, "{row}");
        }
    });
}

#[test]
fn t5_a_process_killed_between_send_and_answer_sends_the_same_id_again() {
    on_each("--settle 100ms --slow 1500ms", ROWS, |scene| {
        scene.strike("slow");
        let running = scene.run().start();
        wait_for("all rows to be sent", || {
            (scene.simulator.creates() >= ROWS as u64).then_some(())
        });
        let ended = running.kill();
        assert_eq!(ended.signal, Some(9), "{}", ended.err);
        scene.calm();
        let ids: Vec<String> = keys()
            .map(|key| {
                let row = scene.row(&key);
                assert!(tried(&row).is_empty(), "no answer is known: {row}");
                row["correlation_id"].as_str().unwrap().to_owned()
            })
            .collect();
        scene.run().exits(0);
        scene.is_well(ROWS);
        for (key, id) in keys().zip(ids) {
            let row = scene.row(&key);
            assert_eq!(ids_of(&row, "submit"), [id].into(), "{row}");
        }
        assert!(scene.simulator.creates() >= 2 * ROWS as u64);
    });
}

#[test]
fn t16_a_row_corrected_after_1117_is_sent_under_a_new_id() {
    on_each("--settle 100ms --reject-all 1117", ROWS, |scene| {
        scene.run().exits(4);
        let table = scene.rig.table("out/failed.csv");
        assert_eq!(table.column("_outcome"), ["Rejected"; ROWS]);
        assert_eq!(table.column("_error_code"), ["1117"; ROWS]);
        let before: Vec<Value> = keys().map(|key| scene.row(&key)).collect();
        scene.simulator.change(&json!({ "reject_all": null }));
        let corrected = table.rewritten(|name, cell| match name {
            "company_name" => format!("{cell} of Boston"),
            _ => cell.to_owned(),
        });
        scene.rig.write("rows.csv", corrected);
        scene.run().exits(0);
        scene.is_well(ROWS);
        for (key, before) in keys().zip(before) {
            let row = scene.row(&key);
            assert_eq!(row["generation"], 1, "{row}");
            assert_ne!(row["correlation_id"], before["correlation_id"]);
        }
        let ledger = scene.simulator.ledger();
        assert_eq!(
            (&ledger["replayed"], &ledger["reused_ids"]),
            (&json!(0), &json!(0)),
            "{ledger}"
        );
        assert_eq!(scene.simulator.creates(), 2 * ROWS as u64);
    });
}
