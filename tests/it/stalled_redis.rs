//! The same on a Redis that workers share: one that stood still for longer than its lease sends nothing late and
//! overwrites nothing, and one whose ledger a newer version has taken over ends.

use std::collections::BTreeMap;

use crate::redis_server::RedisServer;
use crate::stalled::AT_THE_SOCKET;
use crate::support::{Call, Rig, Running, Simulator, wait_for};

const ROWS: usize = 120;

const WELL: &str = "--no-limit --settle 100ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

struct Scene {
    rig: Rig,
    simulator: Simulator,
    redis: RedisServer,
}

impl Scene {
    /// Rows in the ledger, to be made at 40 a second by all workers together.
    fn imported(rows: usize) -> Self {
        let rig = Rig::new();
        let simulator = rig.simulator(WELL);
        let redis = RedisServer::start();
        let scene = Self {
            rig,
            simulator,
            redis,
        };
        scene.rig.rows("rows.csv", rows);
        scene
            .on_redis(scene.rig.on(&scene.simulator, "import", "rows.csv"))
            .set("limits.windows=[{calls=40,per=\"1s\"}]")
            .exits(0);
        scene
    }

    fn on_redis(&self, call: Call) -> Call {
        call.args(["--ledger", &self.redis.address("stalled")])
    }

    fn worker(&self) -> Running {
        let call = self.rig.line("worker --in-flight 16");
        self.on_redis(call.env("TOKIO_WORKER_THREADS", "1")).start()
    }

    fn cli(&self, words: &[&str]) -> String {
        self.redis.cli(words).trim().to_owned()
    }

    /// Tasks in hand to be sent.
    fn in_hand(&self) -> usize {
        self.cli(&["zcard", "{enlist:stalled}:d:1:2"]).parse().unwrap()
    }

    fn open_rows(&self) -> u64 {
        let all = self.on_redis(self.rig.line("status --json")).exits(0).json();
        all.as_array()
            .unwrap()
            .iter()
            .map(|batch| batch["open"].as_u64().unwrap())
            .sum()
    }
}

fn terminated(worker: Running) {
    worker.signal("TERM");
    let ended = worker.end();
    assert_eq!(ended.code, Some(143), "{}", ended.err);
}

#[test]
fn a_worker_that_stood_still_sends_nothing_late_and_overwrites_nothing() {
    let scene = Scene::imported(ROWS);
    let first = scene.worker();
    wait_for("a moment with rows in hand", || {
        first.signal("STOP");
        if scene.in_hand() >= 8 {
            return Some(());
        }
        first.signal("CONT");
        None
    });
    let second = scene.worker();
    wait_for("the other to do all the rest", || {
        (scene.open_rows() == 0).then_some(())
    });
    let creates = scene.simulator.creates();
    first.signal("CONT");
    terminated(first);
    let late = scene.simulator.creates() - creates;
    assert!(late <= AT_THE_SOCKET, "{late} requests were sent late");
    terminated(second);
    scene.simulator.has_one_account_each(ROWS);
    let report = ["report", "last", "--out", "out", "--json"];
    let summary = scene.on_redis(scene.rig.enlist(report)).exits(0).json();
    assert_eq!(summary["exit_code"], 0, "{summary}");
    let reported: BTreeMap<String, String> = scene
        .rig
        .table("out/results.csv")
        .rows
        .into_iter()
        .map(|row| (row["external_id"].clone(), row["_provider_id"].clone()))
        .collect();
    for account in scene.simulator.accounts() {
        let reference = account["reference"].as_str().unwrap();
        assert_eq!(reported[reference], account["id"].as_str().unwrap(), "{account}");
    }
}

#[test]
fn a_ledger_that_a_newer_version_took_over_ends_the_worker_and_is_refused() {
    let scene = Scene::imported(400);
    let worker = scene.worker();
    wait_for("rows on their way", || (scene.in_hand() > 0).then_some(()));
    scene.cli(&["hset", "{enlist:stalled}:meta", "format", "99"]);
    let ended = worker.end();
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let last: Vec<&str> = ended.err.lines().rev().take(2).collect();
    assert!(
        last[1].starts_with("error: ") && last[1].contains("format 99"),
        "{}",
        ended.err
    );
    assert!(last[0].starts_with("hint: "), "{}", ended.err);
    let refused = scene.on_redis(scene.rig.line("status")).exits(1);
    assert!(refused.err.contains("format 99"), "{}", refused.err);
}
