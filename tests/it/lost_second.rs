//! The last second of a Redis that writes to its disk every second, wiped as a loss of power would: from any byte on.
//! What was done in it is done again under the same ids, so that every account is made once.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::redis_server::RedisServer;
use crate::support::{Dice, Rig, Running, Simulator, clock, csv_of, is_big, wait_for};

const WELL: &str = "--settle 100ms..500ms --settle-as 1004=0.03 --settle-as 1010=0 --settle-as 1012=0";

const TROUBLE: &str = "--fault dropped_before_commit=0.05 --fault dropped_after_commit=0.05 \
                       --fault error_500_stored=0.05 --fault truncated=0.05 --fault html_502=0.05";

/// What is lost: at most a second is, while the disk keeps up.
const LOST: Duration = Duration::from_secs(1);

const WORKERS: usize = 2;

/// A Redis, a simulator, and a folder to work in.
struct Scene {
    rig: Rig,
    simulator: Simulator,
    redis: RedisServer,
    /// How long the file was when.
    sizes: Vec<(Instant, u64)>,
}

impl Scene {
    fn new(flags: &str) -> Self {
        let rig = Rig::new();
        Self {
            simulator: rig.simulator(&format!("{WELL} {flags}")),
            rig,
            redis: RedisServer::start(),
            sizes: Vec::new(),
        }
    }

    fn import(&self, file: &str) -> String {
        let ended = self
            .rig
            .on(&self.simulator, "import", file)
            .args(["--ledger", &self.redis.address("lost")])
            .set("limits.windows=[{calls=150,per=\"1s\"}]")
            .exits(0);
        ended.err
    }

    fn workers(&self) -> Vec<Running> {
        let ledger = self.redis.address("lost");
        let worker = || self.rig.enlist(["worker", "--ledger", &ledger]).start();
        (0..WORKERS).map(|_| worker()).collect()
    }

    fn file(&self) -> PathBuf {
        let dir = self.redis.dir().join("appendonlydir");
        let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        let mut pieces = names.filter(|path| path.to_string_lossy().ends_with(".incr.aof"));
        pieces.next().unwrap()
    }

    fn size(&self) -> u64 {
        fs::metadata(self.file()).unwrap().len()
    }

    /// Works until so many creates have arrived; notes how the file grows.
    fn wait_for_creates(&mut self, creates: u64) {
        let mut sizes = Vec::new();
        wait_for("creates", || {
            sizes.push((clock(), self.size()));
            (self.simulator.creates() >= creates).then_some(())
        });
        self.sizes.append(&mut sizes);
    }

    /// Ends Redis and wipes what it wrote since `moment`, and some more: the first byte lost is any.
    fn wipe_since(&mut self, moment: Instant, dice: &mut Dice) -> u64 {
        let at = |moment| self.sizes.iter().find(|(when, _)| *when >= moment).unwrap().1;
        let (from, to) = (at(moment), at(moment + LOST / 5));
        self.wipe_from(dice.between(from, to))
    }

    fn wipe_from(&mut self, byte: u64) -> u64 {
        self.redis.kill();
        let file = OpenOptions::new().write(true).open(self.file()).unwrap();
        let lost = file.metadata().unwrap().len() - byte;
        file.set_len(byte).unwrap();
        self.redis.restart();
        lost
    }

    /// Waits until every row is settled, and ends the workers.
    fn settle(&self, workers: Vec<Running>, rows: usize) {
        let ledger = self.redis.address("lost");
        wait_for("all rows to settle", || {
            let status = self.rig.line("status last --json --ledger").args([&ledger]).end();
            // Redis may have begun a moment ago.
            let status = (status.code == Some(0)).then(|| status.json())?;
            (status["open"] == 0 && status["rows_imported"] == rows).then_some(())
        });
        for worker in workers {
            worker.signal("TERM");
            let ended = worker.end();
            assert_eq!(ended.code, Some(143), "{}", ended.err);
        }
        self.simulator.has_one_account_each(rows);
        let report = self.rig.line("report last --out out --ledger").args([&ledger]);
        report.exits(0);
        self.rig
            .shows_the_accounts_that_exist("out/results.csv", &self.simulator);
    }
}

/// A second of creates is wiped; `and_workers` says that they die with Redis.
fn a_second_of_creates(seed: u64, and_workers: bool, flags: &str) -> Scene {
    const ROWS: usize = 400;
    let mut dice = Dice::new(seed);
    let mut scene = Scene::new(&format!("--no-limit --seed {seed} {flags}"));
    scene.rig.rows("rows.csv", ROWS);
    scene.import("rows.csv");
    let mut workers = scene.workers();
    let creates = dice.between(200, 400);
    scene.wait_for_creates(creates);
    if and_workers {
        for worker in workers.drain(..) {
            worker.kill();
        }
    }
    let lost = scene.wipe_since(clock() - LOST, &mut dice);
    assert!(lost > 1_000, "{lost} bytes were lost");
    if and_workers {
        workers = scene.workers();
    }
    scene.settle(workers, ROWS);
    scene
}

#[test]
fn what_was_made_in_the_lost_second_is_met_again() {
    for seed in 0..if is_big() { 20 } else { 2 } {
        let scene = a_second_of_creates(seed, true, "");
        let told = scene.simulator.ledger();
        // The provider has no faults: what it replays was lost here.
        let replayed = told["replayed"].as_u64().unwrap();
        assert!(replayed >= 20, "seed {seed}: {told}");
    }
}

#[test]
fn workers_that_remember_the_lost_second_do_no_harm() {
    for seed in 0..if is_big() { 20 } else { 2 } {
        let scene = a_second_of_creates(100 + seed, false, "");
        assert!(
            scene.simulator.ledger()["replayed"].as_u64().unwrap() > 0,
            "seed {seed}"
        );
    }
}

#[test]
fn a_lost_second_among_faults_of_the_provider() {
    for seed in 0..if is_big() { 20 } else { 2 } {
        a_second_of_creates(200 + seed, seed % 2 == 0, TROUBLE);
    }
}

/// Rows whose import is lost while they were sent: the same file again meets their accounts.
#[test]
fn a_block_of_rows_that_was_lost_comes_again_with_its_file() {
    const ROWS: usize = 600;
    let mut dice = Dice::new(0xb10c);
    for _ in 0..if is_big() { 10 } else { 1 } {
        let mut scene = Scene::new("--no-limit");
        scene.rig.rows("rows.csv", ROWS);
        let before = scene.size();
        scene.import("rows.csv");
        let after = scene.size();
        let workers = scene.workers();
        scene.wait_for_creates(150);
        for worker in workers {
            worker.kill();
        }
        scene.wipe_from(dice.between(before, after - 1));
        let said = scene.import("rows.csv");
        assert!(said.contains(" new"), "{said}");
        scene.settle(scene.workers(), ROWS);
    }
}

/// All notes of leases are lost, and the rows are fed with other data before anybody works: their accounts are found, and
/// none is made for the new data.
fn changed_after_a_loss(meanwhile: impl Fn(&Scene)) {
    const ROWS: usize = 40;
    let mut scene = Scene::new("--no-limit");
    scene.rig.rows("rows.csv", ROWS);
    scene.import("rows.csv");
    let imported = scene.size();
    let workers = scene.workers();
    wait_for("all accounts", || {
        (scene.simulator.accounts_created() == ROWS as u64).then_some(())
    });
    for worker in workers {
        worker.kill();
    }
    scene.wipe_from(imported);
    meanwhile(&scene);
    let changed = csv_of(ROWS).replace(" Beacon Street", " Charles Street");
    scene.rig.write("changed.csv", changed);
    let said = scene.import("changed.csv");
    assert!(said.contains("40 changed"), "{said}");
    let creates = scene.simulator.creates();
    scene.settle(scene.workers(), ROWS);
    assert_eq!(scene.simulator.creates(), creates, "they were looked for");
    let hints = scene.rig.table("out/results.csv");
    assert!(hints.column("_hint")[0].contains("the account exists with its earlier data"));
}

#[test]
fn changed_data_after_a_loss_make_no_second_account() {
    changed_after_a_loss(|_| ());
}

#[test]
fn nor_do_they_when_the_rows_were_cancelled_in_between() {
    changed_after_a_loss(|scene| {
        let ledger = scene.redis.address("lost");
        let cancelled = scene.rig.line("cancel last --ledger").args([&ledger]).exits(0);
        assert!(cancelled.err.contains("40"), "{}", cancelled.err);
    });
}
