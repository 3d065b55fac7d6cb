//! `enlist check`: every fault of the whole file, in words or as JSON, before any call.

use serde_json::json;

use crate::support::{HEADER, Rig, csv_of, csv_row, sample};

#[test]
fn as_json_every_fault_is_a_line_and_the_last_is_the_summary() {
    let rig = Rig::new();
    let ended = rig
        .enlist(["check", &sample("resellers-with-errors.csv"), "--json"])
        .exits(3);
    let lines = ended.json_lines();
    let (summary, faults) = lines.split_last().unwrap();
    let keys: Vec<&String> = summary.as_object().unwrap().keys().collect();
    let shown = [
        "file",
        "job",
        "rows",
        "sound",
        "faulty",
        "errors",
        "warnings",
        "digest",
        "derived_keys",
        "groups",
    ];
    assert_eq!(keys, shown);
    let errors = faults.iter().filter(|fault| fault["severity"] == "error").count();
    assert_eq!(summary["errors"], errors, "{summary}");
    assert_eq!(
        summary["errors"].as_u64().unwrap() + summary["warnings"].as_u64().unwrap(),
        faults.len() as u64
    );
    let groups = summary["groups"].as_array().unwrap();
    let grouped: u64 = groups.iter().map(|group| group["faults"].as_u64().unwrap()).sum();
    assert_eq!(grouped, faults.len() as u64, "every fault is in one group");
    for fault in faults {
        for key in ["file", "rule", "severity", "message"] {
            assert!(
                fault[key].as_str().is_some_and(|text| !text.is_empty()),
                "{key}: {fault}"
            );
        }
        assert!(fault["line"].is_u64() && fault["record"].is_u64(), "{fault}");
    }
}

#[test]
fn in_words_the_first_faults_and_how_many_there_are() {
    let rig = Rig::new();
    let ended = rig
        .enlist(["check", &sample("resellers-with-errors.csv")])
        .exits(3);
    assert_eq!(ended.out, "", "talk is no data");
    assert!(ended.err.contains("more fault"), "{}", ended.err);
    assert!(
        ended.err.lines().last().unwrap().contains("67 rows"),
        "{}",
        ended.err
    );
    let quiet = rig
        .enlist(["check", &sample("resellers.csv"), "--quiet"])
        .exits(0);
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
}

#[test]
fn a_check_needs_no_credentials_and_no_ledger() {
    let rig = Rig::new();
    rig.rows("rows.csv", 3);
    for line in ["check rows.csv", "check rows.csv --job adobe-create"] {
        let call = rig
            .line(line)
            .without_env("ENLIST_ADOBE_CLIENT_ID")
            .without_env("ENLIST_ADOBE_CLIENT_SECRET");
        let ended = call.exits(0);
        assert!(ended.err.contains("3 rows, 3 sound"), "{}", ended.err);
    }
    assert!(!rig.path("data").exists(), "nothing was written");
}

#[test]
fn every_form_of_a_file_is_read() {
    let rig = Rig::new();
    for (name, rows) in [
        ("resellers.csv", 50),
        ("resellers.json", 1),
        ("resellers.jsonl", 5),
    ] {
        let ended = rig.enlist(["check", &sample(name), "--json"]).exits(0);
        assert_eq!(ended.json_lines().last().unwrap()["rows"], rows, "{name}");
    }
    let ended = rig.line("check - --json").stdin(csv_of(7)).exits(0);
    assert_eq!(ended.json_lines().last().unwrap()["sound"], 7);
    let ended = rig.line("check - --json").stdin("").exits(3);
    let lines = ended.json_lines();
    assert_eq!((lines.len(), &lines[1]["errors"]), (2, &json!(1)), "{lines:?}");
}

#[test]
fn keys_that_come_twice_are_found() {
    let rig = Rig::new();
    let row = csv_row(1);
    let other = csv_row(2).replace("R-2,", "R-1,");
    rig.write("rows.csv", format!("{HEADER}\n{row}\n{other}\n"));
    let ended = rig.line("check rows.csv --json").exits(3);
    let fault = &ended.json_lines()[0];
    assert_eq!(fault["line"], json!(3), "{fault}");
}

#[test]
fn so_many_rows_may_be_faulty_and_no_more() {
    let rig = Rig::new();
    let simulator = rig.simulator("--no-limit");
    let mut lines: Vec<String> = csv_of(10).lines().map(str::to_owned).collect();
    for line in &mut lines[1..3] {
        *line = line.replace("02108", "2108");
    }
    rig.write("rows.csv", lines.join("\n"));
    let plan = |share: &str| {
        rig.on(&simulator, "plan", "rows.csv")
            .args(["--max-error-rate", share])
    };
    let refused = plan("19%").exits(3);
    assert!(
        refused
            .err
            .contains("2 faults in 2 rows of 10 rows, more than the 19% allowed; no call was made"),
        "{}",
        refused.err
    );
    plan("0.2").exits(0);
    let wrong = plan("5").exits(2);
    assert!(wrong.err.contains("write 5% or 0.05"), "{}", wrong.err);
    let both = plan("1%").args(["--strict"]).exits(2);
    assert!(both.err.contains("cannot be used with"), "{}", both.err);
}
