//! Adobe's accounts made to say what a file says: the real binary, real HTTP, both ledgers.

use serde_json::Value;

use crate::redis_server::RedisServer;
use crate::support::{Call, Rig, Simulator};

const WELL: &str = "--no-limit --settle 100ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

fn on_each(test: impl Fn(&Rig, &Simulator, &str)) {
    let redis = RedisServer::start();
    for ledger in ["sqlite:ledger.sqlite".to_owned(), redis.address("update")] {
        let rig = Rig::new();
        let simulator = rig.simulator(WELL);
        test(&rig, &simulator, &ledger);
    }
}

fn run(rig: &Rig, simulator: &Simulator, job: &str, file: &str, ledger: &str) -> Call {
    let [base, token] = simulator.sets();
    rig.enlist([
        "run", file, "--job", job, "--ledger", ledger, "--out", "out", "--json",
    ])
    .set(&base)
    .set(&token)
    .set("poll.first=100ms")
    .set("poll.max=200ms")
    .set("retry.first=100ms")
}

fn outcomes(rig: &Rig) -> Vec<String> {
    rig.table("out/results.csv")
        .rows
        .iter()
        .map(|row| row["_outcome"].clone())
        .collect()
}

fn patches(simulator: &Simulator) -> u64 {
    simulator.ledger()["calls"]["update"].as_u64().unwrap_or(0)
}

#[test]
fn what_differs_is_sent_and_what_does_not_is_not() {
    on_each(|rig, simulator, ledger| {
        rig.rows("rows.csv", 6);
        run(rig, simulator, "adobe-create", "rows.csv", ledger).exits(0);
        run(rig, simulator, "adobe-update", "rows.csv", ledger).exits(0);
        assert_eq!(outcomes(rig), ["Unchanged"; 6]);
        assert_eq!(patches(simulator), 0);
        let moved = rig.read("rows.csv").replace(" Beacon Street", " Charles Street");
        rig.write("moved.csv", &moved);
        run(rig, simulator, "adobe-update", "moved.csv", ledger).exits(0);
        assert_eq!(outcomes(rig), ["Updated"; 6]);
        assert_eq!(patches(simulator), 6);
        run(rig, simulator, "adobe-update", "moved.csv", ledger).exits(0);
        assert_eq!(patches(simulator), 6, "once is enough");
        simulator.has_one_account_each(6);
        let updates: Vec<Value> = simulator
            .accounts()
            .iter()
            .map(|account| account["updates"].clone())
            .collect();
        assert_eq!(updates, [1; 6]);
    });
}

#[test]
fn what_the_provider_would_refuse_is_refused_without_a_call() {
    on_each(|rig, simulator, ledger| {
        rig.rows("rows.csv", 2);
        run(rig, simulator, "adobe-create", "rows.csv", ledger).exits(0);
        let ids: Vec<String> = rig
            .table("out/results.csv")
            .rows
            .iter()
            .map(|row| row["_provider_id"].clone())
            .collect();
        rig.write(
            "renamed.csv",
            format!("reseller_id,external_id,company_name,country,region\n{},R-1,Another Name Inc,US,MA\nnobody,R-9,Nobody Inc,US,MA\n", ids[0]),
        );
        run(rig, simulator, "adobe-update", "renamed.csv", ledger).exits(4);
        let table = rig.table("out/failed.csv");
        assert_eq!(table.column("_outcome"), ["Rejected"; 2]);
        assert_eq!(table.column("_error_code")[0], "1119");
        assert_eq!(table.column("_error_field")[0], "company_name");
        assert_eq!(patches(simulator), 0);
    });
}

/// A Pending account cannot be updated yet; it is waited for.
#[test]
fn an_account_that_is_still_pending_is_waited_for() {
    let rig = Rig::new();
    let simulator =
        rig.simulator("--no-limit --settle 60s --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0");
    rig.rows("rows.csv", 2);
    let ledger = "sqlite:ledger.sqlite";
    run(&rig, &simulator, "adobe-create", "rows.csv", ledger)
        .args(["--wait", "1s"])
        .exits(5);
    let moved = rig.read("rows.csv").replace(" Beacon Street", " Charles Street");
    rig.write("moved.csv", &moved);
    run(&rig, &simulator, "adobe-update", "moved.csv", ledger)
        .args(["--wait", "1s"])
        .exits(5);
    assert_eq!(patches(&simulator), 0);
    for account in simulator.accounts() {
        simulator.settle(account["id"].as_str().unwrap(), "1000");
    }
    run(&rig, &simulator, "adobe-update", "moved.csv", ledger).exits(0);
    assert_eq!(outcomes(&rig), ["Updated"; 2]);
    assert_eq!(patches(&simulator), 2);
}
