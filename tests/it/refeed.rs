//! Feeding files again: what failed goes again when it was corrected, what is done stays done.

use serde_json::json;

use crate::support::{HEADER, Rig, Simulator, csv_of, csv_row};

const WELL: &str = "--no-limit --settle at-once --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

fn status(rig: &Rig, key: &str) -> serde_json::Value {
    rig.enlist(["status", "last", "--row", key, "--json"])
        .exits(0)
        .json()
}

/// Twelve rows of which the provider refuses the last four.
fn with_four_refused(rig: &Rig, simulator: &Simulator) {
    rig.rows("rows.csv", 8);
    rig.run(simulator, "rows.csv").exits(0);
    simulator.change(&json!({ "reject_all": "1117" }));
    rig.rows("all.csv", 12);
    let ended = rig.run(simulator, "all.csv").exits(4);
    assert_eq!(ended.json()["outcomes"]["rejected"], 4);
    assert!(
        ended.err.contains("8 as before") && ended.err.contains("4 new"),
        "{}",
        ended.err
    );
    simulator.change(&json!({ "reject_all": null }));
}

#[test]
fn corrected_rows_attach_to_themselves_under_a_new_id() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    with_four_refused(&rig, &simulator);
    let before = rig.table("out/failed.csv");
    assert_eq!(before.column("external_id"), ["R-9", "R-10", "R-11", "R-12"]);
    assert_eq!(before.column("_error_code"), ["1117"; 4]);
    let old = status(&rig, "R-9");
    assert_eq!(old["generation"], 0);

    rig.write(
        "corrected.csv",
        before.rewritten(|_, cell| cell.replace("Beacon Street", "Charles Street")),
    );
    let creates = simulator.creates();
    let ended = rig.run(&simulator, "corrected.csv").exits(0);
    assert!(ended.err.contains("4 changed"), "{}", ended.err);
    assert_eq!(simulator.creates(), creates + 4);
    simulator.has_one_account_each(12);
    let new = status(&rig, "R-9");
    assert_eq!(new["generation"], 1);
    assert_ne!(new["correlation_id"], old["correlation_id"]);
    assert_eq!(
        new["attempts"].as_array().unwrap().len(),
        2,
        "the history goes on"
    );
    let after = rig.table("out/results.csv");
    assert_eq!(
        after.header, before.header,
        "the added columns are not added twice"
    );
    assert_eq!(simulator.ledger()["reused_ids"], 0);
}

#[test]
fn a_whole_file_again_does_only_what_is_missing() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    with_four_refused(&rig, &simulator);
    let creates = simulator.creates();
    // The same refused data are refused again, so they are not sent again.
    let summary = rig.run(&simulator, "all.csv").exits(4).json();
    assert_eq!(simulator.creates(), creates);
    assert_eq!(summary["outcomes"]["rejected"], 4);
    // Unless a person says so.
    let retried = rig.line("retry last --json").exits(0).json();
    assert_eq!(retried["changed"], 4);
    rig.run(&simulator, "all.csv").exits(0);
    assert_eq!(simulator.creates(), creates + 4);
    // More rows, in another order: only the new ones are sent.
    let mut lines: Vec<String> = (1..=15).map(csv_row).collect();
    lines.reverse();
    rig.write("more.csv", format!("{HEADER}\n{}\n", lines.join("\n")));
    let ended = rig.run(&simulator, "more.csv").exits(0);
    assert!(ended.err.contains("3 new"), "{}", ended.err);
    assert_eq!(simulator.creates(), creates + 7);
    simulator.has_one_account_each(15);
    let ended = rig.run(&simulator, "more.csv").exits(0);
    assert!(ended.err.contains("15 as before"), "{}", ended.err);
    assert_eq!(simulator.creates(), creates + 7);
}

#[test]
fn changed_data_of_an_account_that_exists_are_told_and_not_created() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.rows("rows.csv", 3);
    rig.run(&simulator, "rows.csv").exits(0);
    rig.write(
        "changed.csv",
        csv_of(3).replace("2 Beacon Street", "2 Charles Street"),
    );
    let ended = rig.run(&simulator, "changed.csv").exits(0);
    assert_eq!(ended.json()["rows"]["changed"], 1);
    let results = rig.table("out/results.csv");
    assert!(results.column("_hint")[1].contains("the account exists with its earlier data"));
    simulator.has_one_account_each(3);
    assert_eq!(simulator.creates(), 3);
}
