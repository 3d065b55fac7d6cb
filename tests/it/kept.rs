//! What a provider keeps otherwise than it was sent, without a word, is told of each row, field by field.

use crate::redis_server::RedisServer;
use crate::support::{HEADER, Rig, csv_row};

const WELL: &str = "--no-limit --settle 100ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

/// The second row's contact has the first one's address and another name, which the provider does not take.
fn names_that_are_not_kept(ledger: &str, sets: &[&str], keys: bool) {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    let second = csv_row(2)
        .replace("r2@company2.example", "r1@company1.example")
        .replace("Grace", "Nora");
    let run = |rows: &[String], file: &str| {
        rig.write(file, rows.join("\n"));
        let mut run = rig.run(&simulator, file).args(["--ledger", ledger]);
        if keys {
            run = run.env(
                "ENLIST_SEAL_KEYS",
                "one:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
            );
        }
        sets.iter().fold(run, |run, set| run.set(set)).exits(0)
    };
    run(&[HEADER.to_owned(), csv_row(1)], "first.csv");
    assert_eq!(rig.table("out/results.csv").column("_error_code"), [""]);
    run(&[HEADER.to_owned(), second, csv_row(3)], "second.csv");
    let table = rig.table("out/results.csv");
    assert_eq!(table.column("_outcome"), ["Active", "Active"]);
    assert_eq!(table.column("_error_code"), ["kept", ""]);
    assert_eq!(table.column("_error_field"), ["first_name", ""]);
    assert_eq!(
        table.column("_error_message"),
        ["the provider keeps the name it has for this email address", ""]
    );
    assert!(table.column("_hint")[0].contains("the provider keeps otherwise"));
    let summary = rig.json("out/summary.json");
    assert_eq!(summary["rows"]["succeeded"], 2);
    assert_eq!(
        summary["kept"],
        serde_json::json!([{"field": "first_name", "rows": 1}])
    );
}

#[test]
fn a_name_that_is_not_kept_is_told() {
    names_that_are_not_kept("sqlite:ledger.sqlite", &[], false);
}

#[test]
fn a_name_that_is_not_kept_is_told_though_all_is_sealed() {
    names_that_are_not_kept("sqlite:ledger.sqlite", &["secrets.seal=all"], true);
}

#[test]
fn a_name_that_is_not_kept_is_told_on_redis() {
    let server = RedisServer::start();
    names_that_are_not_kept(&server.address("kept"), &[], false);
}
