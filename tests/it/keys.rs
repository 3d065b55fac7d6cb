//! Rows without keys of their own, cells that a spreadsheet would run, and files that are not CSV.

use crate::support::{HEADER, Rig, csv_of, sample};

const WELL: &str = "--no-limit --settle at-once --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

/// `csv_of` without its first column.
fn keyless(n: usize) -> String {
    csv_of(n)
        .lines()
        .map(|line| line.split_once(',').unwrap().1.to_owned() + "\n")
        .collect()
}

#[test]
fn keys_are_derived_told_once_and_kept_in_the_report() {
    let rig = Rig::new();
    let simulator = rig.simulator(&format!("{WELL} --reject-all 1117"));
    rig.write("rows.csv", keyless(5));
    let ended = rig.run(&simulator, "rows.csv").exits(4);
    assert_eq!(
        ended.err.matches("keys are derived").count(),
        1,
        "told once: {}",
        ended.err
    );
    let failed = rig.table("out/failed.csv");
    assert_eq!(failed.header.last().unwrap(), "_key");
    let keys: Vec<String> = failed
        .column("_key")
        .iter()
        .map(|key| (*key).to_owned())
        .collect();

    // Corrected and fed back: other content, the same rows.
    simulator.change(&serde_json::json!({ "reject_all": null }));
    let corrected = failed.rewritten(|column, cell| match column {
        "company_name" => cell.replace("Company", "Corrected"),
        _ => cell.to_owned(),
    });
    rig.write("corrected.csv", corrected);
    let summary = rig.run(&simulator, "corrected.csv").exits(0).json();
    assert_eq!(summary["rows"]["succeeded"], 5);
    simulator.has_one_account_each(5);
    let references: Vec<String> = simulator
        .accounts()
        .iter()
        .map(|account| account["reference"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        references.iter().all(|reference| keys.contains(reference)),
        "{references:?} {keys:?}"
    );
    let results = rig.table("out/results.csv");
    assert_eq!(
        results.column("_key"),
        keys,
        "the key is still there to be fed back"
    );

    let summary = rig.run(&simulator, "rows.csv").exits(0).json();
    assert_eq!(
        summary["rows"]["succeeded"], 5,
        "the first file's rows are the same rows: {summary}"
    );
    simulator.has_one_account_each(5);
}

#[test]
fn cells_that_a_spreadsheet_would_run_come_back_neutralised_and_round_trip() {
    let rig = Rig::new();
    let simulator = rig.simulator(&format!("{WELL} --reject-all 1117"));
    let line =
        "-1,-Minus Ltd,en-US,COM,US,MA,Boston,\"=SUM(A1:A9)\",02108,+1 617 555 0102,Grace,@Pratt,a@b.example";
    let line = line.replace("@Pratt", "-Pratt");
    rig.write("rows.csv", format!("{HEADER},notes\n{line},\"@cmd\n|x\"\n"));
    rig.run(&simulator, "rows.csv").exits(4);
    let text = rig.read("out/failed.csv");
    let table = rig.table("out/failed.csv");
    for (column, cell) in [
        ("external_id", "'-1"),
        ("company_name", "'-Minus Ltd"),
        ("address_line_1", "'=SUM(A1:A9)"),
        ("phone", "'+1 617 555 0102"),
        ("last_name", "'-Pratt"),
        ("notes", "'@cmd\n|x"),
    ] {
        assert_eq!(table.column(column), [cell]);
    }
    simulator.change(&serde_json::json!({ "reject_all": null }));
    // The row was refused, so it goes again only when its data differ: a correction that keeps the cells.
    rig.write("back.csv", text.replace("Boston", "Salem"));
    rig.run(&simulator, "back.csv").exits(0);
    let account = &simulator.accounts()[0];
    assert_eq!(
        (&account["reference"], &account["company"]),
        (&"-1".into(), &"-Minus Ltd".into())
    );
    assert_eq!(simulator.creates(), 2);
    assert_eq!(
        rig.table("out/results.csv").column("notes"),
        ["'@cmd\n|x"],
        "neutralised once"
    );
}

#[test]
fn json_json_lines_and_standard_input_make_the_same_accounts() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    let mut accounts = 0;
    for (name, rows) in [("resellers.json", 1), ("resellers.jsonl", 5)] {
        rig.run(&simulator, &sample(name)).exits(0);
        accounts += rows;
        simulator.has_one_account_each(accounts);
        let results = rig.table("out/results.csv");
        assert_eq!(results.rows.len(), rows);
        // The report of a nested file is a flat file that can be fed back.
        let creates = simulator.creates();
        std::fs::copy(rig.path("out/results.csv"), rig.path("back.csv")).unwrap();
        rig.run(&simulator, "back.csv").exits(0);
        assert_eq!(simulator.creates(), creates, "{name}");
    }
    let ended = rig.run(&simulator, "-").stdin(csv_of(4)).exits(0);
    assert_eq!(ended.json()["rows"]["succeeded"], 4);
    simulator.has_one_account_each(accounts + 4);
    rig.write("rows.csv", csv_of(4));
    rig.run(&simulator, "rows.csv").exits(0);
    simulator.has_one_account_each(accounts + 4);
}
