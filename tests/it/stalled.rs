//! A worker that stands still for longer than its lease, and one whose ledger is changed under it: neither may send
//! what is no longer its own.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{HEADER, Rig, Running, Simulator, csv_row, wait_for};

/// What a worker with one thread may send late: the request with which that stood between its last look at the lease and
/// the write.
pub(crate) const AT_THE_SOCKET: u64 = 1;

const WELL: &str = "--no-limit --settle 100ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

/// A batch in the ledger, and a simulator to work it with.
fn imported(rows: usize) -> (Rig, Simulator) {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    import(&rig, &simulator, 1..=rows);
    (rig, simulator)
}

/// A batch of these rows. Each worker makes 40 calls a second.
fn import(rig: &Rig, simulator: &Simulator, rows: RangeInclusive<usize>) {
    let rows: Vec<String> = rows.map(csv_row).collect();
    rig.write("rows.csv", format!("{HEADER}\n{}\n", rows.join("\n")));
    rig.on(simulator, "import", "rows.csv")
        .set("limits.windows=[{calls=40,per=\"1s\"}]")
        .exits(0);
}

fn ledger(rig: &Rig) -> Connection {
    Connection::open(rig.path("data/ledger.sqlite")).unwrap()
}

/// Tasks that workers have in hand to be sent, and whose they are.
fn in_hand(ledger: &Connection) -> Vec<(i64, String)> {
    let sql = "SELECT id, leased_by FROM tasks WHERE class % 2 = 0 AND claimed_at IS NOT NULL AND leased_by IS NOT NULL";
    let mut statement = ledger.prepare(sql).unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

/// Starts a worker; its name in leases.
fn worker(rig: &Rig, ledger: &Connection, others: &[&str]) -> (Running, String) {
    let call = rig.line("worker --in-flight 16");
    let running = call.env("TOKIO_WORKER_THREADS", "1").start();
    let name = wait_for("the worker to claim", || {
        let mut names = in_hand(ledger).into_iter().map(|(_, name)| name);
        names.find(|name| !others.contains(&name.as_str()))
    });
    (running, name)
}

/// Stops the worker while it has rows in hand that wait for leave to be sent, and holds no lock; which rows those are.
fn stop_in_the_middle(worker: &Running, name: &str, ledger: &Connection) -> BTreeSet<i64> {
    ledger.busy_timeout(Duration::ZERO).unwrap();
    let held = wait_for("a moment with rows in hand", || {
        worker.signal("STOP");
        let mut mine = in_hand(ledger);
        mine.retain(|(_, whose)| whose == name);
        // A process that stands still in the middle of a transaction holds up everybody: SQLite has no way around it.
        let is_free = ledger.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok();
        if mine.len() >= 8 && is_free {
            return Some(mine.into_iter().map(|(task, _)| task).collect());
        }
        worker.signal("CONT");
        None
    });
    ledger.busy_timeout(Duration::from_secs(5)).unwrap();
    held
}

fn batches(rig: &Rig) -> Vec<Value> {
    let all = rig.line("status --json").exits(0).json();
    all.as_array().unwrap().clone()
}

fn open_rows(rig: &Rig) -> u64 {
    let open = |batch: &Value| batch["open"].as_u64().unwrap();
    batches(rig).iter().map(open).sum()
}

fn terminated(worker: Running) -> String {
    worker.signal("TERM");
    let ended = worker.end();
    assert_eq!(ended.code, Some(143), "{}", ended.err);
    ended.err
}

/// Every row of every batch has its own account, which the ledger knows.
fn all_active(rig: &Rig, simulator: &Simulator, rows: usize) {
    simulator.has_one_account_each(rows);
    let mut reported = BTreeMap::new();
    for batch in batches(rig) {
        let id = batch["batch"].as_str().unwrap();
        let summary = rig.enlist(["report", id, "--out", id, "--json"]).exits(0).json();
        assert_eq!(summary["exit_code"], 0, "{summary}");
        let table = rig.table(&format!("{id}/results.csv"));
        for row in table.rows {
            assert_eq!(row["_outcome"], "Active", "{row:?}");
            reported.insert(row["external_id"].clone(), row["_provider_id"].clone());
        }
    }
    assert_eq!(reported.len(), rows);
    for account in simulator.accounts() {
        let reference = account["reference"].as_str().unwrap();
        assert_eq!(reported[reference], account["id"].as_str().unwrap(), "{account}");
    }
}

#[test]
fn a_worker_that_stood_still_goes_on_beside_the_one_that_took_over_its_rows() {
    let (rig, simulator) = imported(30);
    let ledger = ledger(&rig);
    let (first, first_name) = worker(&rig, &ledger, &[]);
    let held = stop_in_the_middle(&first, &first_name, &ledger);
    // A batch of its own: shares are equal, so the rows left lying do not wait for these.
    import(&rig, &simulator, 31..=430);
    let (second, _) = worker(&rig, &ledger, &[&first_name]);
    wait_for("the other to take over", || {
        let still = in_hand(&ledger);
        let is_over = |task| !still.contains(&(task, first_name.clone()));
        held.iter().copied().all(is_over).then_some(())
    });
    first.signal("CONT");
    wait_for("it to work again", || {
        let mut hands = in_hand(&ledger).into_iter();
        hands
            .any(|(task, name)| name == first_name && !held.contains(&task))
            .then_some(())
    });
    wait_for("all rows to settle", || (open_rows(&rig) == 0).then_some(()));
    terminated(first);
    terminated(second);
    all_active(&rig, &simulator, 430);
}

#[test]
fn a_worker_that_stood_still_sends_nothing_late() {
    const ROWS: usize = 120;
    let (rig, simulator) = imported(ROWS);
    let ledger = ledger(&rig);
    let (first, first_name) = worker(&rig, &ledger, &[]);
    let held = stop_in_the_middle(&first, &first_name, &ledger);
    let second = rig.line("worker --in-flight 16").start();
    wait_for("the other to do all the rest", || {
        (open_rows(&rig) == 0).then_some(())
    });
    let creates = simulator.creates();
    first.signal("CONT");
    let err = terminated(first);
    let late = simulator.creates() - creates;
    assert!(
        late <= AT_THE_SOCKET,
        "{late} of {} rows in its hands",
        held.len()
    );
    // What it had is not saved either.
    assert!(err.contains("a lease had run out"), "{err}");
    terminated(second);
    all_active(&rig, &simulator, ROWS);
}

#[test]
fn a_ledger_changed_by_a_newer_version_ends_worker_and_run() {
    let (rig, simulator) = imported(400);
    let ledger = ledger(&rig);
    let (worker, _) = worker(&rig, &ledger, &[]);
    rig.rows("more.csv", 500);
    let run = rig
        .run(&simulator, "more.csv")
        .set("limits.windows=[{calls=40,per=\"1s\"}]")
        .start();
    wait_for("rows of both on their way", || {
        let sql = "SELECT count(DISTINCT leased_by) FROM tasks WHERE leased_by IS NOT NULL";
        let working: i64 = ledger.query_row(sql, [], |row| row.get(0)).unwrap();
        (working == 2).then_some(())
    });
    ledger
        .execute_batch(
            "BEGIN IMMEDIATE; UPDATE meta SET value = '99' WHERE name = 'format'; \
             UPDATE meta SET value = '7.0.1' WHERE name = 'enlist'; COMMIT",
        )
        .unwrap();
    for ended in [worker.end(), run.end()] {
        assert_eq!(ended.code, Some(1), "{}", ended.err);
        let last: Vec<&str> = ended.err.lines().rev().take(2).collect();
        assert!(
            last[1].starts_with("error: ") && last[1].contains("format 99 (of enlist 7.0.1)"),
            "{}",
            ended.err
        );
        assert!(last[0].starts_with("hint: "), "{}", ended.err);
    }
    let refused = rig.line("status").exits(1);
    assert!(refused.err.contains("format 99"), "{}", refused.err);
}
