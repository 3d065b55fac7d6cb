//! Trouble with Redis in the middle of work: the worker waits and goes on by itself, says so once, and loses nothing.

use std::time::Duration;

use crate::redis_server::RedisServer;
use crate::redis_server::proxy::{Proxy, Weather};
use crate::support::{Rig, Running, Simulator, clock, exchange, is_big, wait_for};

const WELL: &str =
    "--no-limit --settle 100ms..300ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

const ROWS: usize = 250;

/// Longer than a lease: what is in hand when the trouble begins may be anybody's when it is over.
const LONG: Duration = Duration::from_secs(4);

/// How long the line is cut.
fn cut() -> Duration {
    if is_big() { Duration::from_secs(60) } else { LONG }
}

/// A worker in the middle of a batch, behind a network that can fail.
struct Scene {
    rig: Rig,
    simulator: Simulator,
    redis: RedisServer,
    network: Proxy,
    worker: Running,
}

impl Scene {
    fn in_the_middle() -> Self {
        let rig = Rig::new();
        let simulator = rig.simulator(WELL);
        let redis = RedisServer::start();
        let network = Proxy::to(redis.port());
        rig.rows("rows.csv", ROWS);
        rig.on(&simulator, "import", "rows.csv")
            .args(["--ledger", &redis.address("trouble")])
            .set("limits.windows=[{calls=150,per=\"1s\"}]")
            .exits(0);
        let worker = rig
            .enlist(["worker", "--ledger", &network.address("trouble")])
            .start();
        wait_for("rows on their way", || (simulator.creates() >= 60).then_some(()));
        Self {
            rig,
            simulator,
            redis,
            network,
            worker,
        }
    }

    /// Waits until the worker says that it waits, and so much longer.
    fn endure(&self, time: Duration) {
        let began = clock();
        let said = || self.worker.said().contains("goes on by itself");
        wait_for("the worker to say so", || said().then_some(()));
        wait_for("the trouble to last", || (began.elapsed() >= time).then_some(()));
        assert!(
            self.simulator.creates() < ROWS as u64,
            "nothing is sent without the ledger"
        );
    }

    /// Everything is settled; said is what had to be said, and once.
    fn ends_well(self) {
        let ledger = self.redis.address("trouble");
        wait_for("all rows to settle", || {
            let status = self.rig.line("status last --json --ledger").args([&ledger]).end();
            let status = (status.code == Some(0)).then(|| status.json())?;
            (status["open"] == 0).then_some(())
        });
        self.worker.signal("TERM");
        let ended = self.worker.end();
        assert_eq!(ended.code, Some(143), "{}", ended.err);
        let warnings: Vec<&str> = ended
            .err
            .lines()
            .filter(|line| line.contains("WARN") || line.contains("ERROR"))
            // A lease that ran out in the trouble is told for each row.
            .filter(|line| !line.contains("a lease had run out"))
            .collect();
        assert_eq!(warnings.len(), 2, "{}", ended.err);
        assert!(warnings[0].contains("goes on by itself"), "{}", ended.err);
        assert!(warnings[1].contains("answers again"), "{}", ended.err);
        self.simulator.has_one_account_each(ROWS);
        let report = self.rig.line("report last --out out --ledger").args([&ledger]);
        report.exits(0);
        self.rig
            .shows_the_accounts_that_exist("out/results.csv", &self.simulator);
    }
}

#[test]
fn a_redis_that_is_away_when_the_worker_starts() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    let mut redis = RedisServer::start();
    rig.rows("rows.csv", ROWS);
    rig.on(&simulator, "import", "rows.csv")
        .args(["--ledger", &redis.address("trouble")])
        .exits(0);
    redis.kill();
    let start = || {
        rig.enlist(["worker", "--listen", "127.0.0.1:0"])
            .args(["--ledger", &redis.address("trouble")])
            .start()
    };
    let waits = |worker: &Running| {
        wait_for("the worker to say that it waits", || {
            worker.said().contains("goes on by itself").then_some(())
        });
    };
    let worker = start();
    waits(&worker);
    let (head, _) = exchange(&worker.address("watch at http://"), "GET", "/readyz", "").unwrap();
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
    // One that is not needed after all ends when it is told to.
    let other = start();
    waits(&other);
    other.signal("TERM");
    assert_eq!(other.end().code, Some(143));
    redis.restart();
    let network = Proxy::to(redis.port());
    let scene = Scene {
        rig,
        simulator,
        redis,
        network,
        worker,
    };
    scene.ends_well();
}

#[test]
fn a_line_that_is_cut() {
    let scene = Scene::in_the_middle();
    scene.network.set(Weather::Gone);
    scene.endure(cut());
    scene.network.set(Weather::Fair);
    scene.ends_well();
}

#[test]
fn a_line_that_falls_silent() {
    let scene = Scene::in_the_middle();
    scene.network.set(Weather::Stalled);
    scene.endure(cut());
    scene.network.set(Weather::Fair);
    scene.ends_well();
}

#[test]
fn a_redis_that_is_killed_and_stays_away() {
    let mut scene = Scene::in_the_middle();
    scene.redis.kill();
    scene.endure(LONG);
    scene.redis.restart();
    scene.ends_well();
}

#[test]
fn a_redis_that_is_out_of_memory() {
    let scene = Scene::in_the_middle();
    scene.redis.cli(&["config", "set", "maxmemory", "1mb"]);
    scene.endure(LONG);
    scene.redis.cli(&["config", "set", "maxmemory", "0"]);
    scene.ends_well();
}

/// What the hint of a full Redis says must be possible: room is made with `forget`.
#[test]
fn a_redis_that_is_full_can_be_read_and_makes_room_by_forgetting() {
    let (rig, redis) = (Rig::new(), RedisServer::start());
    let simulator = rig.simulator(WELL);
    let ledger = redis.address("full");
    rig.rows("rows.csv", 60);
    rig.run(&simulator, "rows.csv")
        .args(["--ledger", &ledger])
        .exits(0);
    redis.cli(&["config", "set", "maxmemory", "1"]);
    redis.cli(&["script", "flush"]);
    let verb = |line: &str| rig.line(line).args(["--ledger", &ledger]);
    let status = verb("status last --json").exits(0).json();
    assert_eq!(status["open"], 0, "{status}");
    verb("report last --out out").exits(0);
    assert_eq!(rig.table("out/results.csv").rows.len(), 60);
    rig.rows("more.csv", 61);
    let ended = rig
        .on(&simulator, "import", "more.csv")
        .args(["--ledger", &ledger])
        .exits(1);
    assert!(
        ended.err.contains("hint: give Redis more memory"),
        "{}",
        ended.err
    );
    verb("forget last --yes").exits(0);
    assert_eq!(verb("status --json").exits(0).json(), serde_json::json!([]));
    let rows = redis.cli(&["--scan", "--pattern", "*:[rtkad]:*"]);
    assert_eq!(rows.trim(), "", "all that the batch held is gone");
}

#[test]
fn a_redis_that_cannot_save_can_be_read() {
    let (rig, redis) = (Rig::new(), RedisServer::start());
    let simulator = rig.simulator(WELL);
    let ledger = redis.address("misconf");
    rig.rows("rows.csv", 3);
    rig.run(&simulator, "rows.csv")
        .args(["--ledger", &ledger])
        .exits(0);
    // A folder stands where the snapshot should go.
    std::fs::create_dir(redis.dir().join("dump.rdb")).unwrap();
    redis.cli(&["config", "set", "save", "3600 1"]);
    redis.cli(&["bgsave"]);
    wait_for("the snapshot to fail", || {
        redis
            .cli(&["info", "persistence"])
            .contains("rdb_last_bgsave_status:err")
            .then_some(())
    });
    let ended = rig.line("forget last --yes").args(["--ledger", &ledger]).exits(1);
    assert!(
        ended.err.contains("hint: Redis cannot save to its disk"),
        "{}",
        ended.err
    );
    rig.line("status last").args(["--ledger", &ledger]).exits(0);
    rig.line("report last --out out")
        .args(["--ledger", &ledger])
        .exits(0);
}

#[test]
fn a_redis_that_is_made_a_replica() {
    let scene = Scene::in_the_middle();
    // Of a master that nobody reaches: what it has stays.
    scene.redis.cli(&["replicaof", "127.0.0.1", "1"]);
    scene.endure(LONG);
    scene.redis.cli(&["replicaof", "no", "one"]);
    scene.ends_well();
}
