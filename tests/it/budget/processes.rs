//! Processes of their own: some are killed in the middle of their calls, and a provider whose limit equals ours.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use super::hammer::{budget_at, hammer_with, judge, window};
use crate::redis_server::RedisServer;
use crate::support::{Rig, is_big, wait_for};

const ADDRESS: &str = "ENLIST_TEST_BUDGET";
const CALLS: u32 = 80;
const PER_MS: u64 = 500;

/// One of the processes: says when each call arrives, by the clock that all on this machine share.
fn child(address: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let budget = budget_at(address, &[window(CALLS, PER_MS)]).await;
        hammer_with(budget, 12, u64::from(std::process::id()), || true, say_now).await;
    });
}

#[allow(
    clippy::disallowed_methods,
    reason = "calls are judged by the time at which they arrive"
)]
fn say_now() {
    // On standard output itself, which the test harness does not catch; the time is read while it is locked.
    let mut out = std::io::stdout().lock();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    writeln!(out, "arrived {}", now.as_micros()).unwrap();
    out.flush().unwrap();
}

fn start(server: &RedisServer, arrivals: &mpsc::Sender<Duration>) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "budget::processes::killed_processes_take_nothing_along",
            "--nocapture",
        ])
        .env(ADDRESS, server.address("budgets"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (out, arrivals) = (child.stdout.take().unwrap(), arrivals.clone());
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if let Some(us) = line.strip_prefix("arrived ").and_then(|us| us.parse().ok()) {
                let _ = arrivals.send(Duration::from_micros(us));
            }
        }
    });
    child
}

/// Starts itself again, as the processes to be killed.
#[test]
fn killed_processes_take_nothing_along() {
    if let Ok(address) = std::env::var(ADDRESS) {
        return child(&address);
    }
    let server = RedisServer::start();
    let (send, receive) = mpsc::channel();
    let mut children: Vec<Child> = (0..4).map(|_| start(&server, &send)).collect();
    let mut arrivals: Vec<Duration> = Vec::new();
    for round in 1..=6 {
        // One is killed every 150 calls, and another takes its place.
        while arrivals.len() < 150 * round {
            arrivals.push(receive.recv_timeout(Duration::from_secs(60)).unwrap());
        }
        let mut killed = children.remove(0);
        killed.kill().unwrap();
        killed.wait().unwrap();
        children.push(start(&server, &send));
    }
    for mut child in children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    drop(send);
    arrivals.extend(receive.iter());
    judge(&arrivals, &[window(CALLS, PER_MS)]);
}

/// Four workers of the program itself against a provider that refuses whatever is above the limit.
#[test]
fn a_provider_with_the_same_limit_refuses_nothing() {
    let rows = if is_big() { 2_000 } else { 250 };
    let (server, rig) = (RedisServer::start(), Rig::new());
    let simulator = rig.simulator(
        "--limit 100/1s --settle 100ms..500ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0",
    );
    let ledger = server.address("budgets");
    rig.rows("rows.csv", rows);
    rig.on(&simulator, "import", "rows.csv")
        .set("limits.windows=[{calls=100,per=\"1s\"}]")
        .args(["--ledger", &ledger])
        .exits(0);
    let mut workers: Vec<_> = (0..4)
        .map(|_| rig.enlist(["worker", "--ledger", &ledger]).start())
        .collect();
    wait_for("half of the rows", || {
        (simulator.creates() >= rows as u64 / 2).then_some(())
    });
    // Its rows go on with the others when their leases run out.
    workers.remove(0).kill();
    workers.push(rig.enlist(["worker", "--ledger", &ledger]).start());
    wait_for("all rows to settle", || {
        let status = rig
            .enlist(["status", "last", "--json", "--ledger", &ledger])
            .exits(0)
            .json();
        (status["open"] == 0).then_some(())
    });
    for worker in workers {
        worker.signal("TERM");
        worker.end();
    }
    simulator.has_one_account_each(rows);
    let seen = simulator.ledger();
    assert_eq!(seen["calls_over_limit"], 0, "{seen}");
}
