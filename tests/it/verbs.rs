//! The other verbs, as an operator meets them: import and worker, status, pause and resume, retry, cancel.

use serde_json::{Value, json};

use crate::support::{Rig, wait_for};

const WELL: &str = "--no-limit --settle 100ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

fn open_rows(rig: &Rig) -> u64 {
    rig.line("status last --json").exits(0).json()["open"]
        .as_u64()
        .unwrap()
}

#[test]
fn import_then_worker_then_report() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.rows("rows.csv", 30);
    let ended = rig.on(&simulator, "import", "rows.csv").args(["--json"]).exits(0);
    let imported = ended.json();
    let batch = imported["batch"].as_str().unwrap().to_owned();
    assert_eq!(
        imported,
        json!({ "batch": batch, "rows": 30, "new": 30, "resumed": 0, "changed": 0, "unchanged": 0, "invalid": 0, "there_already": 0 })
    );
    assert_eq!(simulator.creates(), 0, "an import makes no call");
    let again = rig.on(&simulator, "import", "rows.csv").exits(0);
    assert_eq!(again.out.trim(), batch, "data on stdout, talk on stderr");
    assert_eq!(open_rows(&rig), 30);

    let worker = rig.line("worker --in-flight 8").start();
    wait_for("the worker to finish the batch", || {
        (open_rows(&rig) == 0).then_some(())
    });
    worker.signal("TERM");
    let ended = worker.end();
    assert_eq!((ended.code, ended.out.as_str()), (Some(143), ""), "{}", ended.err);
    simulator.has_one_account_each(30);

    let summary = rig.line("report last --out there --json").exits(0).json();
    assert_eq!(summary["exit_code"], 0);
    assert_eq!(summary, rig.json("there/summary.json"));
    let table = rig.table("there/results.csv");
    assert_eq!(table.rows.len(), 30);

    let all = rig.line("status --json").exits(0).json();
    assert_eq!(all.as_array().unwrap().len(), 1);
    let words = rig.line("status").exits(0);
    assert!(
        words.out.contains(&batch) && words.out.contains("settled"),
        "{}",
        words.out
    );
    let row = rig.line("status last --line 7 --json").exits(0).json();
    assert_eq!((&row["key"], &row["outcome"]), (&json!("R-6"), &json!("Active")));
    assert_eq!(row["attempts"][0]["kind"], "submit");
    assert_eq!(row["correlation_id"], table.column("_correlation_id")[5]);
    let words = rig.enlist(["status", &batch[..6], "--row", "R-6"]).exits(0);
    assert!(words.out.contains("submit"), "{}", words.out);
    rig.line("status last --row R-99").exits(2);
    // A reader that goes away ends it quietly, as it would any filter.
    let piped = rig
        .shell("enlist status last --line 7 | true; enlist check rows.csv --json | head -c 0")
        .exits(0);
    assert_eq!(piped.err, "");
}

#[test]
fn a_worker_stops_when_told_and_gives_back_what_it_has_not_begun() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.rows("rows.csv", 500);
    rig.on(&simulator, "import", "rows.csv")
        .set("limits.windows=[{calls=50,per=\"1s\"}]")
        .exits(0);
    let worker = rig.line("worker").start();
    wait_for("rows on their way", || (simulator.creates() >= 20).then_some(()));
    worker.signal("INT");
    assert_eq!(worker.end().code, Some(130));
    let status = rig.line("status last --json").exits(0).json();
    assert_eq!(status["tasks"]["unknown"], 0, "{status}");
    let known = 500 - status["tasks"]["queued"].as_u64().unwrap();
    assert_eq!(simulator.accounts_created(), known);
}

#[test]
fn pause_resume_and_cancel() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.rows("rows.csv", 400);
    let slow = || {
        rig.run(&simulator, "rows.csv")
            .set("limits.windows=[{calls=100,per=\"1s\"}]")
    };
    let running = slow().start();
    wait_for("rows on their way", || (simulator.creates() >= 20).then_some(()));
    let paused = rig
        .enlist(["pause", "last", "--reason", "lunch", "--json"])
        .exits(0)
        .json();
    assert_eq!(
        (&paused["verb"], &paused["changed"]),
        (&json!("pause"), &json!(1))
    );
    let ended = running.end();
    assert_eq!(ended.code, Some(6), "{}", ended.err);
    let summary = ended.json();
    assert_eq!(
        (&summary["pause"]["reason"], &summary["pause"]["detail"]),
        (&json!("operator"), &json!("lunch"))
    );
    assert_eq!(summary["rows"]["failed"], 0);
    let again = rig.line("pause last --json").exits(0);
    assert_eq!(again.json()["changed"], 0);
    assert!(
        again.err.contains("paused already") && again.err.contains("lunch"),
        "{}",
        again.err
    );

    assert_eq!(rig.line("resume last --json").exits(0).json()["changed"], 1);
    assert_eq!(rig.line("resume last --json").exits(0).json()["changed"], 0);
    let running = slow().start();
    let before = simulator.creates();
    wait_for("rows on their way again", || {
        (simulator.creates() > before + 10).then_some(())
    });
    let cancelled = rig.line("cancel last --json").exits(0).json();
    assert!(cancelled["changed"].as_u64().unwrap() > 0, "{cancelled}");
    let ended = running.end();
    assert_eq!(ended.code, Some(4), "{}", ended.err);
    let summary = ended.json();
    assert_eq!(summary["progress"], "cancelled", "{summary}");
    let active = summary["outcomes"]["active"].as_u64().unwrap();
    assert_eq!(
        active + summary["outcomes"]["cancelled"].as_u64().unwrap(),
        400,
        "{summary}"
    );

    let ended = slow().exits(2);
    assert!(
        ended.err.contains("was cancelled") && ended.err.contains("hint: `enlist retry"),
        "{}",
        ended.err
    );
    rig.line("retry last").exits(0);
    let summary = rig.run(&simulator, "rows.csv").exits(0).json();
    assert_eq!(summary["rows"]["succeeded"], 400, "{summary}");
    simulator.has_one_account_each(400);
}

#[test]
fn a_batch_is_given_a_weight() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.rows("rows.csv", 3);
    rig.on(&simulator, "import", "rows.csv").exits(0);
    let shown = || {
        let json = rig.line("status last --json").exits(0).json();
        let (one, all) = (
            rig.line("status last").exits(0).out,
            rig.line("status").exits(0).out,
        );
        (
            json["weight"].as_u64().unwrap(),
            one.contains("weight    3"),
            all.contains(", weight 3"),
        )
    };
    assert_eq!(shown(), (1, false, false));
    let given = rig.line("weight last 3 --json").exits(0);
    let json = given.json();
    assert_eq!((&json["verb"], &json["changed"]), (&json!("weight"), &json!(1)));
    assert!(given.err.contains("weight of 3"), "{}", given.err);
    assert_eq!(shown(), (3, true, true));
    let again = rig.line("weight last 3 --json").exits(0);
    assert_eq!(again.json()["changed"], 0);
    rig.on(&simulator, "import", "rows.csv").exits(0);
    assert_eq!(shown(), (3, true, true), "feeding the file again keeps it");
    for wrong in ["0", "101", "-1", "1.5", "much"] {
        let ended = rig.enlist(["weight", "last", wrong]).exits(2);
        assert!(ended.err.contains(wrong), "{}", ended.err);
    }
    rig.line("weight b_none 3").exits(2);
}

#[test]
fn a_row_whose_task_cannot_be_read_says_so_and_holds_no_other_up() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.rows("rows.csv", 3);
    rig.on(&simulator, "import", "rows.csv").exits(0);
    let ledger = rusqlite::Connection::open(rig.path("data/ledger.sqlite")).unwrap();
    let spoilt = ledger.execute("UPDATE tasks SET task = '{}' WHERE key = 'R-2'", []);
    assert_eq!(spoilt.unwrap(), 1);
    let worker = rig.line("worker").start();
    wait_for("the others to settle", || (open_rows(&rig) == 1).then_some(()));
    worker.signal("TERM");
    let ended = worker.end();
    assert_eq!(ended.code, Some(143), "{}", ended.err);
    assert!(
        ended.err.contains("cannot be read") && ended.err.contains("R-2") && ended.err.contains("hint: "),
        "{}",
        ended.err
    );
    let summary = rig.line("report last --out there --json").exits(0).json();
    assert_eq!(
        (&summary["rows"]["succeeded"], &summary["rows"]["failed"]),
        (&json!(2), &json!(1))
    );
    let failed = &rig.table("there/failed.csv").rows[0];
    assert_eq!(
        (
            failed["external_id"].as_str(),
            failed["_outcome"].as_str(),
            failed["_error_code"].as_str()
        ),
        ("R-2", "Parked", "unreadable")
    );
    let row = rig.line("status last --line 3 --json").exits(0).json();
    assert_eq!(row["errors"][0]["code"], "unreadable");
    assert_ne!(row["hint"], "");
}

#[test]
fn jobs_are_listed_and_printed_as_they_would_be_used() {
    let rig = Rig::new();
    let all = rig.line("jobs --json").exits(0).json();
    assert_eq!(all[0]["name"], "adobe-create");
    let words = rig.line("jobs").exits(0);
    assert!(words.out.starts_with("adobe-create"), "{}", words.out);
    let printed = rig.line("jobs adobe-create --set limits.in_flight=7").exits(0);
    assert!(printed.out.contains("in_flight = 7"), "{}", printed.out);
    assert!(
        printed.out.contains("${ENLIST_ADOBE_CLIENT_ID}"),
        "kept as written: {}",
        printed.out
    );
    let origins = rig
        .line("jobs adobe-create --origin --set limits.in_flight=7 --map Notes=-")
        .exits(0)
        .out;
    for words in [
        "limits.in_flight = 7 ",
        "# --set",
        "# --map",
        "# adobe-create (built in):",
        "; ENLIST_ADOBE_CLIENT_ID is set",
        "; ENLIST_ADOBE_CLIENT_SECRET is set",
        "; ENLIST_ADOBE_DISTRIBUTOR_ID is not set",
    ] {
        assert!(origins.contains(words), "{words}: {origins}");
    }
    assert!(!origins.contains("canary"), "{origins}");
    rig.write("origins.toml", &origins);
    assert_eq!(
        rig.line("jobs ./origins.toml --json").exits(0).json()["limits"]["in_flight"],
        7
    );
    // What is printed is a job file.
    std::fs::create_dir(rig.path("jobs")).unwrap();
    rig.write(
        "jobs/mine.toml",
        printed.out.replace("\"adobe-create\"", "\"mine\""),
    );
    let again = rig.line("jobs mine --json").exits(0).json();
    assert_eq!(again["limits"]["in_flight"], 7);
    let names: Vec<Value> = rig
        .line("jobs --json")
        .exits(0)
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["name"].clone())
        .collect();
    assert_eq!(names.len(), 5, "{names:?}");
    let listening = rig.line("simulate adobe --json").start();
    listening.signal("TERM");
    let ended = listening.end();
    assert!(ended.code == Some(143) || ended.signal == Some(15), "{ended:?}");
}
