//! What is planned is what is done: a plan counts rows and calls before anything is sent, and runs as it was agreed to, or
//! not at all.

use serde_json::Value;

use crate::redis_server::RedisServer;
use crate::support::{Call, HEADER, Rig, csv_row};

const WELL: &str = "--no-limit --settle 100ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

fn plan_of(call: Call) -> Value {
    serde_json::from_str(&call.args(["--json"]).exits(0).out).unwrap()
}

/// `new, resumed, changed, unchanged, invalid`.
fn rows_of(plan: &Value) -> [u64; 5] {
    ["new", "resumed", "changed", "unchanged", "invalid"].map(|key| plan["rows"][key].as_u64().unwrap())
}

fn planned_and_done(rig: &Rig, on: impl Fn(Call) -> Call) {
    let simulator = rig.simulator(WELL);
    rig.rows("rows.csv", 3);
    let plan = |file: &str| on(rig.on(&simulator, "plan", file));
    let made = plan_of(plan("rows.csv").args(["--out", "plan.json"]));
    assert_eq!(rows_of(&made), [3, 0, 0, 0, 0]);
    assert_eq!(
        made["calls"],
        serde_json::json!({"submit": 3, "look_up": 0, "poll": 3, "total": 6})
    );
    assert_eq!(rig.json("plan.json"), made);
    assert_eq!(simulator.creates(), 0, "a plan makes no call");

    let run = |file: &str| on(rig.run(&simulator, file)).args(["--plan", "plan.json"]);
    let ran = run("rows.csv").exits(0);
    assert!(
        ran.err.contains("plan: 3 new; 6 calls; last sent in"),
        "{}",
        ran.err
    );
    let summary = rig.json("out/summary.json");
    let foreseen = &summary["foreseen"];
    assert_eq!(foreseen["rows"], made["rows"]);
    assert_eq!(foreseen["calls"][0], 6);
    assert_eq!(foreseen["calls"][1], summary["calls"]["total"]);
    assert_eq!(foreseen["settled_in_ms"][1], summary["took_ms"]);
    assert!(foreseen["created_in_ms"][1].as_u64() <= foreseen["settled_in_ms"][1].as_u64());
    run("rows.csv").exits(0);
    assert_eq!(
        simulator.creates(),
        3,
        "a plan that was begun can be gone on with"
    );

    // Half of the next file is known, and one row of it says something else now.
    let moved = csv_row(1).replace("Boston", "Salem");
    let next = [HEADER.to_owned(), csv_row(2), moved, csv_row(7), csv_row(8)].join("\n");
    rig.write("next.csv", next);
    let again = plan_of(plan("next.csv"));
    assert_eq!(rows_of(&again), [2, 0, 1, 1, 0]);
    assert_eq!(again["calls"]["submit"], 2);
    assert_eq!(
        again["basis"]["seen"], 3,
        "three accounts have shown how long it takes"
    );
    let refused = run("next.csv").exits(3);
    assert!(
        refused.err.contains("no longer holds: the file's digest was"),
        "{}",
        refused.err
    );
    assert_eq!(simulator.creates(), 3);
    let told = plan("next.csv").exits(0).out;
    assert!(told.contains("rows   2 new, 1 changed, 1 as before\n"), "{told}");
}

#[test]
fn what_is_planned_is_done_and_compared() {
    let rig = Rig::new();
    planned_and_done(&rig, |call| call);
}

#[test]
fn what_is_planned_on_redis_is_done_and_compared() {
    let server = RedisServer::start();
    let address = server.address("plans");
    let rig = Rig::new();
    planned_and_done(&rig, |call| call.args(["--ledger", &address]));
}

#[test]
fn a_plan_that_others_overtook_is_not_run() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.rows("rows.csv", 4);
    rig.rows("first.csv", 2);
    plan_of(
        rig.on(&simulator, "plan", "rows.csv")
            .args(["--out", "plan.json"]),
    );
    rig.run(&simulator, "first.csv").exits(0);
    let refused = rig
        .run(&simulator, "rows.csv")
        .args(["--plan", "plan.json"])
        .exits(3);
    assert!(
        refused
            .err
            .contains("the work was 4 new and is 2 new, 2 as before"),
        "{}",
        refused.err
    );
    let edited = rig.read("plan.json").replacen("\"new\": 4", "\"new\": 2", 1);
    rig.write("plan.json", edited);
    let refused = rig
        .run(&simulator, "rows.csv")
        .args(["--plan", "plan.json"])
        .exits(2);
    assert!(
        refused.err.contains("was changed after it was made"),
        "{}",
        refused.err
    );
    assert_eq!(simulator.creates(), 2);
}

#[test]
fn a_rehearsal_can_be_planned_and_faults_are_planned_for() {
    let rig = Rig::new();
    let broken = csv_row(1).replace("02108", "x");
    rig.write("rows.csv", [HEADER.to_owned(), csv_row(0), broken].join("\n"));
    let refused = rig.line("plan rows.csv").exits(3);
    assert!(refused.err.contains("--skip-invalid"), "{}", refused.err);
    let plan = plan_of(rig.line("plan rows.csv --skip-invalid"));
    assert_eq!(rows_of(&plan), [1, 0, 0, 0, 1]);
}
