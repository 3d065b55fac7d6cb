//! A key that is revoked in the middle pauses the batch by its name; no row fails by it.

use serde_json::json;

use crate::support::{Rig, wait_for};

#[test]
fn a_revoked_key_pauses_and_resume_goes_on() {
    let rig = Rig::new();
    let simulator =
        rig.simulator("--no-limit --settle 100ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0");
    rig.rows("rows.csv", 600);
    let run = || {
        rig.run(&simulator, "rows.csv")
            .set("limits.windows=[{calls=300,per=\"1s\"}]")
    };
    let running = run().start();
    wait_for("rows on their way", || {
        (simulator.accounts_created() >= 50).then_some(())
    });
    simulator.change(&json!({ "api_key_valid": false }));
    let ended = running.end();
    assert_eq!(ended.code, Some(6), "{}", ended.err);
    let summary = ended.json();
    assert_eq!(summary["pause"]["reason"], "auth", "{summary}");
    assert_eq!(summary["rows"]["failed"], 0, "{summary}");
    assert_eq!(summary["progress"], "paused");
    assert!(
        ended.err.contains("paused (auth)") && ended.err.contains("`enlist resume b_"),
        "{}",
        ended.err
    );
    let batch = summary["batch"].as_str().unwrap();

    let creates = simulator.creates();
    let ended = run().exits(6);
    assert_eq!(ended.json()["pause"], summary["pause"], "the first reason stands");
    assert_eq!(simulator.creates(), creates, "a paused batch makes no call");
    let told = rig.line("status last").exits(0);
    assert!(told.out.contains("paused    auth since"), "{}", told.out);

    let resumed = rig.line("resume last --json").exits(0).json();
    assert_eq!(resumed, json!({ "batch": batch, "verb": "resume", "changed": 1 }));
    // Resumed too early: it pauses again, and still no row fails.
    let summary = run().exits(6).json();
    assert_eq!(summary["rows"]["failed"], 0, "{summary}");

    simulator.change(&json!({ "api_key_valid": true }));
    rig.line("resume last").exits(0);
    let summary = run().exits(0).json();
    assert_eq!(summary["rows"]["succeeded"], 600);
    assert_eq!(summary["pause"], json!(null));
    simulator.has_one_account_each(600);
    assert_eq!(simulator.ledger()["reused_ids"], 0);
}

#[test]
fn a_distributor_that_does_not_exist_pauses_as_a_matter_of_configuration() {
    let rig = Rig::new();
    let simulator = rig.simulator("--no-limit --settle at-once --distributor 77777777 --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0");
    rig.rows("rows.csv", 30);
    let ended = rig.run(&simulator, "rows.csv").exits(6);
    let summary = ended.json();
    assert_eq!(summary["pause"]["reason"], "configuration", "{summary}");
    assert_eq!(summary["rows"]["failed"], 0);
    // The right distributor is another account holder: these are rows of its own.
    let summary = rig
        .run(&simulator, "rows.csv")
        .set("connection.distributor_id=77777777")
        .exits(0)
        .json();
    assert_eq!(summary["rows"]["succeeded"], 30);
    simulator.has_one_account_each(30);
}

#[test]
fn a_secret_put_right_counts_after_resume_in_a_worker_that_runs() {
    let rig = Rig::new();
    let simulator = rig.simulator("--no-limit --settle at-once --client-id canary-client --client-secret right --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0");
    rig.rows("rows.csv", 20);
    rig.write("secret", "wrong");
    rig.on(&simulator, "import", "rows.csv").exits(0);
    // One row in hand: when the pause is written nothing is on its way with the old secret.
    let _worker = rig
        .line("worker --in-flight 1")
        .without_env("ENLIST_ADOBE_CLIENT_SECRET")
        .env(
            "ENLIST_ADOBE_CLIENT_SECRET_FILE",
            &rig.path("secret").display().to_string(),
        )
        .start();
    let status = || rig.line("status last --json").exits(0).json();
    let pause = wait_for("a pause", || {
        let pause = status()["pause"].clone();
        (!pause.is_null()).then_some(pause)
    });
    assert_eq!(pause["reason"], "auth", "{pause}");
    rig.write("secret", "right");
    rig.line("resume last").exits(0);
    wait_for("all rows to settle", || {
        let status = status();
        assert_eq!(status["pause"], json!(null), "paused again");
        (simulator.accounts_created() == 20 && status["tasks"]["active"] == 20).then_some(())
    });
    simulator.has_one_account_each(20);
}
