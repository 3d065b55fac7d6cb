//! Exit codes are an interface: each of them, and what is said with it.

use crate::support::{Rig, sample};

/// Lines of talk that tell what is wrong and what to do.
fn says(err: &str, words: &[&str]) {
    for word in words {
        assert!(err.contains(word), "{word:?} is not in: {err}");
    }
    for line in err
        .lines()
        .filter(|line| line.contains("hint:") && !line.contains(" WARN "))
    {
        assert!(
            line.trim_start().starts_with("hint:"),
            "a hint has a line of its own: {err}"
        );
    }
}

#[test]
fn the_tool_failed_1() {
    let rig = Rig::new();
    rig.rows("rows.csv", 2);
    std::fs::create_dir(rig.path("folder")).unwrap();
    rig.write(
        "text",
        "this is no database, and long enough to be seen for what it is: not one",
    );
    for ledger in ["sqlite:folder", "text"] {
        let ended = rig.line(&format!("run rows.csv --ledger {ledger}")).exits(1);
        says(&ended.err, &["error: ", "hint: "]);
        assert_eq!(ended.err.matches("hint:").count(), 1, "one hint: {}", ended.err);
        assert_eq!(ended.out, "");
    }
    assert_eq!(
        rig.read("text").len(),
        71,
        "a file that is no ledger is left alone"
    );
    let ended = rig.line("run rows.csv --out /dev/null/x").exits(1);
    says(
        &ended.err,
        &["error: cannot write the report to /dev/null/x", "hint: "],
    );
}

#[test]
fn usage_and_configuration_2() {
    let rig = Rig::new();
    rig.rows("rows.csv", 2);
    let on = "run rows.csv --job adobe-create --set connection.base_url=http://127.0.0.1:9 --set connection.token_url=http://127.0.0.1:9/t";
    let table: [(&str, &[&str]); 21] = [
        ("", &["Usage: enlist"]),
        ("simulate", &["Usage: enlist simulate"]),
        ("completions bsh", &["'bsh'", "'bash'"]),
        ("check rows.csv --map Firm", &["Firm", "HEADER=FIELD"]),
        ("run", &["<FILE>"]),
        ("runn rows.csv", &["'run'"]),
        ("run rows.csv --wate 5m", &["'--wait'"]),
        ("run rows.csv --wait 5", &["--wait", "30s"]),
        ("run rows.csv --job nope", &["no job \"nope\"", "hint: "]),
        (
            "run rows.csv --set limits.in_flite=3",
            &["limits.in_flite", "in_flight"],
        ),
        ("run rows.csv --set limits.in_flight=0", &["must be 1 to 1024"]),
        ("run rows.csv --set limits", &["--set"]),
        (
            "run rows.csv --set retry.first=5s --set retry.max=1s",
            &["retry.max"],
        ),
        (
            "run rows.csv --ledger postgres://u:p@h/x",
            &["no ledger behind postgres", "hint: "],
        ),
        ("run rows.csv --ledger postgres://h", &["postgres", "hint: "]),
        ("import rows.csv", &["which job?", "hint: "]),
        ("run rows.csv --job adobe-create", &["distributor", "hint: "]),
        ("status nope", &["no batch nope", "hint: "]),
        ("retry last", &["no batch", "hint: "]),
        ("worker --in-flight 0", &["--in-flight"]),
        ("simulate adobe --fault lightning=0.5", &["dropped_after_commit"]),
    ];
    for (line, words) in table {
        let ended = rig.line(line).exits(2);
        let text = if line.is_empty() {
            ended.err.clone() + &ended.out
        } else {
            ended.err.clone()
        };
        says(&text, words);
        says(&text, &["hint: "]);
        assert!(!ended.err.contains("u:p"), "{}", ended.err);
    }
    for missing in ["ENLIST_ADOBE_CLIENT_ID", "ENLIST_ADOBE_CLIENT_SECRET"] {
        let ended = rig.line(on).without_env(missing).exits(2);
        says(&ended.err, &[missing, "hint: "]);
    }
    assert!(
        !rig.path("enlist-reports").exists(),
        "no report of a run that did not begin"
    );
}

#[test]
fn input_that_is_not_sound_3() {
    let rig = Rig::new();
    let simulator = rig.simulator("");
    rig.write("empty.csv", "");
    rig.write("headers.csv", crate::support::HEADER);
    rig.write("binary.csv", [0_u8, 159, 146, 150, 0, 0, 1, 2]);
    rig.write("columns.csv", "a,b\n1,2\n");
    let errors = sample("resellers-with-errors.csv");
    for file in [
        "none.csv",
        "empty.csv",
        "headers.csv",
        "binary.csv",
        "columns.csv",
        errors.as_str(),
        ".",
    ] {
        let ended = rig.run(&simulator, file).exits(3);
        says(&ended.err, &["error: "]);
        assert_eq!(ended.out, "", "{file}");
    }
    assert_eq!(
        simulator.ledger()["calls"].as_object().unwrap().len(),
        0,
        "no call was made"
    );
    let ended = rig.run(&simulator, &errors).exits(3);
    says(&ended.err, &["no call was made", "--skip-invalid"]);
}

#[test]
fn some_rows_not_4() {
    let rig = Rig::new();
    let simulator = rig.simulator("--no-limit --settle 100ms");
    let ended = rig
        .run(&simulator, &sample("resellers-with-errors.csv"))
        .args(["--skip-invalid"])
        .exits(4);
    let summary = ended.json();
    let (invalid, all) = (
        summary["rows"]["invalid"].as_u64().unwrap(),
        summary["rows"]["in_file"].as_u64().unwrap(),
    );
    assert!(invalid > 20 && invalid < all, "{summary}");
    assert_eq!(
        rig.table("out/results.csv").rows.len() as u64,
        all,
        "every row is in the report"
    );
    let failed = rig.table("out/failed.csv");
    assert!(
        failed.column("_hint").iter().all(|hint| !hint.is_empty()),
        "every failed row has a hint"
    );
    assert!(failed.column("_error_code").iter().all(|code| !code.is_empty()));
    assert_eq!(simulator.accounts_created(), all - invalid);
    let row = rig.line("status last --line 3 --json").exits(0).json();
    assert_eq!(
        (&row["outcome"], &row["key"]),
        (&"Invalid".into(), &serde_json::Value::Null),
        "{row}"
    );
    assert_eq!(
        row["hint"],
        rig.table("out/results.csv").column("_hint")[1],
        "{row}"
    );
}

#[test]
fn time_over_5() {
    let rig = Rig::new();
    let simulator = rig.simulator("--no-limit --settle never");
    rig.rows("rows.csv", 20);
    let ended = rig.run(&simulator, "rows.csv").args(["--wait", "1s"]).exits(5);
    says(&ended.err, &["20 Pending", "hint: run the same command again"]);
    let summary = ended.json();
    assert_eq!(summary["rows"]["pending"], 20);
    assert!(summary["resume"].is_string());
    assert_eq!(rig.table("out/pending.csv").rows.len(), 20);

    // The deadline of the job: settled as still pending, and taken up again by the same command.
    let short = |settle: &str| {
        simulator.change(&serde_json::json!({ "settle": settle }));
        rig.run(&simulator, "rows.csv").set("poll.deadline=300ms")
    };
    let summary = short("never").exits(5).json();
    assert_eq!(summary["outcomes"]["still_pending"], 20, "{summary}");
    for account in simulator.accounts() {
        simulator.settle(account["id"].as_str().unwrap(), "1000");
    }
    let summary = short("at-once").exits(0).json();
    assert_eq!(summary["outcomes"]["active"], 20, "{summary}");
    simulator.has_one_account_each(20);
}

#[test]
fn paused_6() {
    let rig = Rig::new();
    let simulator = rig.simulator("--no-limit --reject-all 1117");
    rig.rows("rows.csv", 300);
    let ended = rig.run(&simulator, "rows.csv").exits(6);
    says(
        &ended.err,
        &[
            "paused (error_rate): ",
            "\nhint: look at the refused rows",
            "`enlist resume b_",
        ],
    );
    let summary = ended.json();
    let failed = summary["rows"]["failed"].as_u64().unwrap();
    assert!(
        (100..200).contains(&failed),
        "a wrong mapping stops after a hundred rows: {summary}"
    );
    assert_eq!(
        rig.run(&simulator, "rows.csv").exits(6).json()["rows"]["failed"],
        failed,
        "and stays stopped"
    );
}
