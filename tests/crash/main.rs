//! The crash test: workers on one Redis, one of them killed with -9 every second and started again, Redis itself killed
//! and started again, a provider with every fault there is. No row is lost, none is made twice, and what a dead worker
//! had in hand moves on within seconds.
//!
//! ```text
//! plan      how long and how hard          motion   from a kill until its rows move again
//! fleet     workers, killed and started    table    what is counted and printed
//! ```
//! `make crash-test` runs the long one; a short one runs with all tests.

#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "tests, which read scores that are whole milliseconds"
)]

mod fleet;
mod motion;
mod plan;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../it/redis_server.rs"]
mod redis_server;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../it/support.rs"]
mod support;
mod table;

use std::time::{Duration, Instant};

use serde_json::Value;

use fleet::Fleet;
use motion::Motion;
use plan::{MOVING_WITHIN, Plan};
use redis_server::RedisServer;
use support::{Dice, Rig, clock, wait_for};
use table::{Found, Table};

/// The ledger's name.
const LEDGER: &str = "crash";

/// A worker is killed this often.
const KILL_EVERY: Duration = Duration::from_secs(1);

#[test]
fn nothing_is_lost_or_made_twice_whoever_is_killed() {
    let plan = Plan::from_env();
    let rig = Rig::new();
    let redis = RedisServer::start_with(&["--appendfsync", &plan.appendfsync]);
    let ledger = redis.address(LEDGER);
    let simulator = rig.simulator(&plan.simulator_flags());
    rig.rows("rows.csv", plan.rows);
    rig.on(&simulator, "import", "rows.csv")
        .args(["--ledger", &ledger])
        .set(&plan.windows())
        .exits(0);

    let mut storm = Storm {
        fleet: Fleet::start(&rig, &ledger, plan.workers, plan.in_flight),
        motion: Motion::watch(redis.port(), LEDGER),
        dice: Dice::new(plan.seed),
        rig: &rig,
        plan: &plan,
        redis,
        redis_kills: 0,
        redis_cpu: Duration::ZERO,
    };
    let began = clock();
    storm.rage();
    let took = began.elapsed();
    let Storm {
        fleet,
        motion,
        redis,
        redis_kills,
        redis_cpu,
        ..
    } = storm;
    let retired = fleet.stop();
    let moved = motion.end();
    rig.line("report last --out out")
        .args(["--ledger", &ledger])
        .end();
    let found = Found::gather(&rig, &simulator, plan.rows);
    let table = Table {
        plan: &plan,
        took,
        retired: &retired,
        redis_kills,
        found: &found,
        moved: &moved,
        redis_cpu: redis_cpu + fleet::cpu(redis.pid()),
    };
    println!("{table}");

    assert_eq!((found.lost, found.twice), (0, 0), "lost, made twice");
    rig.shows_the_accounts_that_exist("out/results.csv", &simulator);
    assert_eq!(found.over_limit(), 0, "calls over the limit");
    assert_eq!(redis_kills, plan.redis_kills);
    assert!(retired.kills >= plan.worker_kills_min, "{} kills", retired.kills);
    assert_eq!(
        retired.fallen,
        Vec::<String>::new(),
        "workers that ended by themselves"
    );
    assert_eq!(moved.stuck, 0, "rows of killed workers that never moved again");
    assert!(moved.longest() <= MOVING_WITHIN, "{:?}", moved.longest());
}

/// A run in which nobody is safe.
struct Storm<'a> {
    rig: &'a Rig,
    plan: &'a Plan,
    fleet: Fleet<'a>,
    redis: RedisServer,
    motion: Motion,
    dice: Dice,
    redis_kills: usize,
    redis_cpu: Duration,
}

impl Storm<'_> {
    /// Kills until every row is settled.
    fn rage(&mut self) {
        let mut next = clock();
        loop {
            next += KILL_EVERY;
            self.wait_until(next);
            let settled = self.settled();
            if settled == self.plan.rows {
                return;
            }
            let victim = usize::try_from(self.dice.between(0, self.plan.workers as u64 - 1)).unwrap();
            let at = clock();
            self.fleet.kill(victim);
            self.motion.killed(at);
            self.fleet.replace(victim);
            let kills_due = settled * (self.plan.redis_kills + 1) / self.plan.rows;
            if self.redis_kills < kills_due {
                let later = Duration::from_millis(self.dice.between(50, 800));
                self.wait_until(at + later);
                self.kill_redis();
            }
        }
    }

    fn wait_until(&mut self, moment: Instant) {
        wait_for("the next kill", || {
            self.fleet.tend();
            (clock() >= moment).then_some(())
        });
    }

    fn kill_redis(&mut self) {
        self.redis_cpu += fleet::cpu(self.redis.pid());
        self.redis.kill();
        self.redis.restart();
        self.redis_kills += 1;
    }

    fn settled(&self) -> usize {
        let ledger = self.redis.address(LEDGER);
        let status = self
            .rig
            .line("status last --json --ledger")
            .args([&ledger])
            .exits(0)
            .json();
        let number = |value: &Value| value.as_u64().unwrap() as usize;
        number(&status["rows_imported"]) - number(&status["open"])
    }
}
