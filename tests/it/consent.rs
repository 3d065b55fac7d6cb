//! Nothing is made without somebody who says that the provider's terms were accepted; who that was stays with each row.

use crate::support::{Call, Rig, csv_of};

const WELL: &str = "--no-limit --settle 100ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

#[test]
fn a_batch_is_attested_for_or_refused() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.rows("rows.csv", 3);
    let run = || rig.run(&simulator, "rows.csv");
    let refused = run()
        .without_env("ENLIST_TERMS_ACCEPTED_BY")
        .without_env("ENLIST_TERMS_VERSION")
        .exits(2);
    assert!(refused.err.contains("nobody says so"), "{}", refused.err);
    assert!(
        refused.err.contains("hint: give --terms-accepted-by"),
        "{}",
        refused.err
    );
    let half = run().without_env("ENLIST_TERMS_VERSION").exits(2);
    assert!(half.err.contains("not which version"), "{}", half.err);
    assert_eq!(simulator.creates(), 0);
    run().args(["--terms-version", "2026-07"]).exits(0);
    let table = rig.table("out/results.csv");
    assert_eq!(table.column("_terms_accepted_by"), ["Ann Attester"; 3]);
    assert_eq!(table.column("_terms_version"), ["2026-07"; 3]);
    assert!(
        table
            .column("_terms_accepted_at")
            .iter()
            .all(|at| at.starts_with("20"))
    );
    // What the accounts were made under stands.
    let again = run().args(["--terms-version", "2026-08"]).exits(0);
    assert!(
        again.err.contains("keeps the acceptance of terms"),
        "{}",
        again.err
    );
    let table = rig.table("out/results.csv");
    assert_eq!(table.column("_terms_version"), ["2026-07"; 3]);
    let same = run().args(["--terms-version", "2026-07"]).exits(0);
    assert!(!same.err.contains("keeps the acceptance"), "{}", same.err);
}

#[test]
fn each_row_can_say_it_and_its_report_can_be_fed_back() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    let terms = [
        "terms_accepted_by,terms_version,terms_accepted_at",
        "Ben,3,2026-02-01",
        "Cem,4,",
        "Dea,4,",
    ];
    let lines: Vec<String> = csv_of(3)
        .lines()
        .zip(terms)
        .map(|(line, terms)| format!("{line},{terms}"))
        .collect();
    let alone = |file: &str| {
        rig.run(&simulator, file)
            .without_env("ENLIST_TERMS_ACCEPTED_BY")
            .without_env("ENLIST_TERMS_VERSION")
    };
    rig.write("rows.csv", lines.join("\n").replace("Cem,4", ",4"));
    let faulty = alone("rows.csv").exits(3);
    assert!(
        faulty.err.contains("terms accepted by is missing"),
        "{}",
        faulty.err
    );
    rig.write("rows.csv", lines.join("\n"));
    alone("rows.csv").exits(0);
    let table = rig.table("out/results.csv");
    assert_eq!(table.column("_terms_accepted_by"), ["Ben", "Cem", "Dea"]);
    assert_eq!(table.column("_terms_accepted_at"), ["2026-02-01", "", ""]);
    // Without columns of its own a file can have those of a report.
    let report = rig.read("out/results.csv").replacen(
        "terms_accepted_by,terms_version,terms_accepted_at,",
        "a,b,c,",
        1,
    );
    rig.write("again.csv", report);
    let again = alone("again.csv").exits(0);
    assert!(again.err.contains("3 as before"), "{}", again.err);
    assert_eq!(simulator.creates(), 3);
}

/// What was rehearsed was accepted by nobody, whatever is done with its report.
#[test]
fn a_rehearsal_is_no_evidence() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.rows("rows.csv", 2);
    let alone = |call: Call| {
        call.without_env("ENLIST_TERMS_ACCEPTED_BY")
            .without_env("ENLIST_TERMS_VERSION")
    };
    let rehearsed = alone(rig.line("run rows.csv --out rehearsed")).end();
    assert!(matches!(rehearsed.code, Some(0 | 4)), "{}", rehearsed.err);
    let table = rig.table("rehearsed/results.csv");
    assert_eq!(table.column("_terms_accepted_by"), ["", ""]);
    let refused = alone(rig.run(&simulator, "rehearsed/results.csv")).end();
    assert!(matches!(refused.code, Some(2 | 3)), "{}", refused.err);
    assert_eq!(simulator.creates(), 0);
}

/// The report of a rehearsal that is corrected and checked again is not held to what a rehearsal does not ask for.
#[test]
fn a_rehearsed_report_can_be_checked_again_without_evidence() {
    let rig = Rig::new();
    let mut lines: Vec<String> = csv_of(2).lines().map(str::to_owned).collect();
    lines[1] = lines[1].replace("02108", "x");
    rig.write("rows.csv", lines.join("\n"));
    let alone = |line: &str| {
        rig.line(line)
            .without_env("ENLIST_TERMS_ACCEPTED_BY")
            .without_env("ENLIST_TERMS_VERSION")
    };
    alone("run rows.csv --skip-invalid --out out").end();
    let checked = alone("check out/failed.csv").exits(3);
    assert!(checked.err.contains("postal_code.pattern"), "{}", checked.err);
    assert!(!checked.err.contains("terms"), "{}", checked.err);
}
