//! The main job from end to end: the documented command, trouble on the way, several at once, the rehearsal.

use crate::support::{HEADER, Rig, is_big, sample, wait_for};

/// The columns that a report adds.
const ADDED: &str = "_line,_outcome,_provider_id,_provider_status,_attempts,_correlation_id,_error_code,\
                     _error_field,_error_message,_hint,_terms_accepted_by,_terms_version,_terms_accepted_at";

#[test]
fn the_documented_command_works_as_written() {
    let rig = Rig::new();
    let simulator = rig.simulator(
        "--limit 200/1s --settle 100ms..1s --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0",
    );
    rig.rows("rows.csv", 40);
    let url = &simulator.url;
    let ended = rig
        .enlist([
            "run",
            "rows.csv",
            "--job",
            "adobe-create",
            "--ledger",
            "sqlite:FILE",
            "--out",
            "DIR",
        ])
        .args(["--set".to_owned(), format!("connection.base_url={url}")])
        .args([
            "--set".to_owned(),
            format!("connection.token_url={url}/ims/token/v3"),
        ])
        .args([
            "--set",
            "limits.windows=[{calls=200,per=\"1s\"}]",
            "--set",
            "limits.in_flight=64",
        ])
        .args([
            "--set",
            "poll.first=1s",
            "--set",
            "poll.max=1s",
            "--set",
            "poll.deadline=10m",
        ])
        .args(["--wait", "15m", "--json"])
        .exits(0);
    let summary = ended.json();
    assert_eq!(summary, rig.json("DIR/summary.json"), "stdout is the summary");
    assert_eq!(summary["exit_code"], 0);
    assert_eq!(summary["rows"]["succeeded"], 40);
    assert_eq!(summary["calls"]["submit"], 40);
    assert!(rig.path("FILE").exists(), "the ledger is the file that was named");

    for (name, rows) in [("results", 40), ("succeeded", 40), ("failed", 0), ("pending", 0)] {
        let table = rig.table(&format!("DIR/{name}.csv"));
        assert_eq!(table.header.join(","), format!("{HEADER},{ADDED}"), "{name}");
        assert_eq!(table.rows.len(), rows, "{name}");
    }
    let results = rig.table("DIR/results.csv");
    let keys: Vec<String> = (1..=40).map(|at| format!("R-{at}")).collect();
    assert_eq!(results.column("external_id"), keys, "input order");
    assert!(results.column("_outcome").iter().all(|word| *word == "Active"));
    assert!(
        results
            .column("_attempts")
            .iter()
            .all(|attempts| *attempts == "1")
    );
    assert_eq!(results.column("_line")[..2], ["2", "3"]);
    simulator.has_one_account_each(40);
    rig.shows_the_accounts_that_exist("DIR/results.csv", &simulator);
}

const TROUBLE: &str = "--fault dropped_before_commit=0.05 --fault dropped_after_commit=0.05 \
                       --fault error_500_stored=0.05 --fault unavailable_503=0.05 --fault throttled_429=0.05 \
                       --fault truncated=0.05";

#[test]
fn trouble_of_every_kind_leaves_one_account_a_row() {
    let rows = if is_big() { 20_000 } else { 2_000 };
    let rig = Rig::new();
    let simulator = rig.simulator(&format!("--limit 1000/1s --settle 200ms..1s --seed 11 {TROUBLE}"));
    rig.rows("rows.csv", rows);
    let ended = rig.run(&simulator, "rows.csv").set("limits.in_flight=128").end();
    let summary = ended.json();
    // One account in thirty-three settles as inactive.
    assert_eq!(ended.code, Some(4), "{summary} {}", ended.err);
    assert_eq!(summary["progress"], "finished");
    assert_eq!(
        summary["outcomes"]["active"].as_u64().unwrap() + summary["outcomes"]["inactive"].as_u64().unwrap(),
        rows as u64,
        "{summary}"
    );
    let ledger = simulator.ledger();
    simulator.has_one_account_each(rows);
    for figure in [
        "reused_ids",
        "reused_read_ids",
        "request_ids_reused",
        "other_body",
        "calls_over_limit",
    ] {
        assert_eq!(ledger[figure], 0, "{figure}: {ledger}");
    }
    for fault in [
        "dropped_before_commit",
        "dropped_after_commit",
        "error_500_stored",
        "unavailable_503",
        "throttled_429",
        "truncated",
    ] {
        assert!(
            ledger["faults"][fault].as_u64().unwrap() > rows as u64 / 40,
            "{fault}: {ledger}"
        );
    }
    rig.shows_the_accounts_that_exist("out/results.csv", &simulator);
}

#[test]
fn two_runs_of_one_file_at_once_make_each_account_once() {
    let rig = Rig::new();
    let simulator = rig.simulator("--no-limit --settle 100ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0 --fault dropped_after_commit=0.1");
    rig.rows("rows.csv", 300);
    let one = rig
        .on(&simulator, "run", "rows.csv")
        .args(["--out", "one"])
        .start();
    let two = rig
        .on(&simulator, "run", "rows.csv")
        .args(["--out", "two"])
        .start();
    for ended in [one.end(), two.end()] {
        assert_eq!(ended.code, Some(0), "{}", ended.err);
    }
    simulator.has_one_account_each(300);
    assert_eq!(
        rig.table("one/results.csv").rows,
        rig.table("two/results.csv").rows
    );
}

#[test]
fn the_rehearsal_needs_nothing_and_remembers() {
    let rig = Rig::new();
    let bare = |args: &[&str]| {
        rig.enlist(args)
            .without_env("ENLIST_ADOBE_CLIENT_ID")
            .without_env("ENLIST_ADOBE_CLIENT_SECRET")
    };
    let file = sample("resellers.csv");
    let run = |out: &str| {
        let ended = bare(&["run", &file, "--json", "--out", out]).end();
        assert!(matches!(ended.code, Some(0 | 4)), "{}", ended.err);
        assert!(ended.err.contains("nothing reaches a provider"), "{}", ended.err);
        ended.json()
    };
    let first = run("one");
    assert_eq!(first["rows"]["reported"], 50);
    assert_eq!(first["progress"], "finished");
    let again = run("two");
    assert_eq!(again["calls"], first["calls"], "nothing was sent the second time");
    assert_eq!(
        rig.table("one/results.csv").rows,
        rig.table("two/results.csv").rows
    );
    let checked = bare(&["check", &file]).exits(0);
    assert_eq!(checked.out, "");
}

#[test]
fn a_rehearsal_that_was_killed_goes_on() {
    let rig = Rig::new();
    let file = sample("resellers.csv");
    let mut running = rig.enlist(["run", &file]).start();
    let state = rig.path("data/simulator.jsonl");
    crate::support::wait_for("the first accounts", || {
        std::fs::metadata(&state).ok().filter(|file| file.len() > 2_000)
    });
    assert!(!running.is_over());
    running.kill();
    let ended = rig.enlist(["run", &file, "--json"]).end();
    assert!(matches!(ended.code, Some(0 | 4)), "{} {}", ended.out, ended.err);
    assert_eq!(ended.json()["progress"], "finished");
    let accounts = rig.read("data/simulator.jsonl").matches("NW-").count();
    assert!(accounts >= 50, "{accounts}");
}

#[test]
fn a_row_that_nobody_can_read_any_more_ends_the_run_with_its_name() {
    let rig = Rig::new();
    let simulator = rig
        .simulator("--no-limit --settle 100ms..1s --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0");
    rig.rows("rows.csv", 5);
    rig.on(&simulator, "import", "rows.csv").exits(0);
    let ledger = rusqlite::Connection::open(rig.path("data/ledger.sqlite")).unwrap();
    let spoilt = ledger.execute("UPDATE tasks SET task = 'x' WHERE key = 'R-3'", ());
    assert_eq!(spoilt.unwrap(), 1);
    let ended = rig.run(&simulator, "rows.csv").exits(4);
    let summary = ended.json();
    assert_eq!(summary["rows"]["succeeded"], 4, "{summary}");
    assert_eq!(summary["rows"]["failed"], 1, "{summary}");
    let said = "1 row cannot be read in the ledger; it stays as it is: line 4";
    assert!(ended.err.contains(said), "{}", ended.err);
    assert!(ended.err.contains("hint: "), "{}", ended.err);
}

#[test]
fn a_batch_that_somebody_forgets_ends_its_run() {
    let rig = Rig::new();
    let simulator = rig.simulator("--no-limit --settle never");
    rig.rows("rows.csv", 3);
    let running = rig.run(&simulator, "rows.csv").start();
    wait_for("accounts", || (simulator.accounts_created() == 3).then_some(()));
    let ledger = rusqlite::Connection::open(rig.path("data/ledger.sqlite")).unwrap();
    ledger.execute_batch("DELETE FROM batches").unwrap();
    let ended = running.end();
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(
        ended.err.contains("was forgotten") && ended.err.contains("hint: "),
        "{}",
        ended.err
    );
}
