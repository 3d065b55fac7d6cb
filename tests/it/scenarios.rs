//! The scenarios of providers.md 7.5 that concern Adobe, by name: the real binary, real HTTP, both ledgers.
//!
//! T6 (eleven days) and T12 (quotas by the hour) need simulated time and are in `tests/simulation`, on both ledgers too; T10
//! and T11 are in `logicboxes`, T13 in `metallic`.

mod ids;
mod watching;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::redis_server::RedisServer;
use crate::support::{Call, Rig, Simulator, wait_for};

/// No limits, and every account settles to `1000`.
const WELL: &str = "--no-limit --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

/// A provider, a folder and a ledger.
struct Scene {
    rig: Rig,
    simulator: Simulator,
    ledger: String,
    _redis: Option<RedisServer>,
}

/// On a ledger in a file, and on one in Redis: a provider with these flags more, and a file of so many rows.
fn on_each(flags: &str, rows: usize, test: impl Fn(&Scene)) {
    for redis in [None, Some(RedisServer::start())] {
        let rig = Rig::new();
        rig.rows("rows.csv", rows);
        test(&Scene {
            simulator: rig.simulator(&format!("{WELL} {flags}")),
            rig,
            ledger: redis
                .as_ref()
                .map_or("sqlite:ledger.sqlite".to_owned(), |redis| redis.address("scenes")),
            _redis: redis,
        });
    }
}

impl Scene {
    fn run(&self) -> Call {
        self.rig
            .run(&self.simulator, "rows.csv")
            .args(["--ledger", &self.ledger])
            .set("retry.throttle_default=100ms")
    }

    /// A verb with the words of a line.
    fn line(&self, line: &str) -> Call {
        self.rig.line(line).args(["--ledger", &self.ledger])
    }

    /// From now on this fault strikes every create, and no other does.
    fn strike(&self, fault: &str) {
        self.set_faults(Some(fault));
    }

    /// From now on nothing goes wrong.
    fn calm(&self) {
        self.set_faults(None);
    }

    /// Sets all shares at once: no call meets some that are new and some that are old.
    fn set_faults(&self, only: Option<&str>) {
        let mut faults = self.simulator.ask("GET", "/_simulator/settings", "")["faults"].take();
        let shares = faults.as_object_mut().unwrap();
        shares.values_mut().for_each(|share| *share = json!(0.0));
        shares.extend(only.map(|fault| (fault.to_owned(), json!(1.0))));
        self.simulator.change(&json!({ "faults": faults }));
    }

    /// Waits until this fault has struck so often.
    fn wait_for_strikes(&self, fault: &str, times: u64) {
        wait_for(fault, || {
            let struck = self.simulator.ledger()["faults"][fault].as_u64();
            (struck.unwrap_or_default() >= times).then_some(())
        });
    }

    /// Calls of this kind that arrived.
    fn calls(&self, kind: &str) -> u64 {
        self.simulator.ledger()["calls"][kind]
            .as_u64()
            .unwrap_or_default()
    }

    /// Answers with this code.
    fn answers(&self, code: &str) -> u64 {
        self.simulator.ledger()["answers"][code]
            .as_u64()
            .unwrap_or_default()
    }

    /// A row as the ledger has it, with its attempts.
    fn row(&self, key: &str) -> Value {
        self.line(&format!("status last --json --row {key}"))
            .exits(0)
            .json()
    }

    /// Every row has its one account, and the report says so.
    fn is_well(&self, rows: usize) {
        self.simulator.has_one_account_each(rows);
        self.rig
            .shows_the_accounts_that_exist("out/results.csv", &self.simulator);
        let outcomes = self.rig.table("out/results.csv");
        assert!(
            outcomes
                .column("_outcome")
                .iter()
                .all(|outcome| *outcome == "Active"),
            "{outcomes:?}"
        );
    }
}

/// What was tried for a row: the kind of each call and what its answer was taken for.
fn tried(row: &Value) -> Vec<(&str, &str)> {
    let attempts = row["attempts"].as_array().unwrap();
    attempts
        .iter()
        .map(|one| (one["kind"].as_str().unwrap(), one["read_as"].as_str().unwrap()))
        .collect()
}

/// The correlation ids of a row's calls of this kind.
fn ids_of(row: &Value, kind: &str) -> BTreeSet<String> {
    let attempts = row["attempts"].as_array().unwrap();
    attempts
        .iter()
        .filter(|one| one["kind"] == kind)
        .map(|one| one["correlation_id"].as_str().unwrap().to_owned())
        .collect()
}
