//! Processes that die and logs that are cut short leave a ledger that is whole.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use enlist::domain::batch::Tally;
use enlist::domain::task::Outcome;
use enlist::engine::ports::{Kept, Ledger};
use enlist::ledger::sqlite::SqliteLedger;

use super::fixture::{at, batch, claim, commit, faulty, pending, row, settled};
use super::{Home, SqliteFile};

const FILE: &str = "ENLIST_TEST_LEDGER";
const BEGIN_MS: &str = "ENLIST_TEST_BEGIN_MS";

/// The process that [`a_killed_process_loses_nothing_it_was_told`] kills. Says what it was told.
fn child(path: &OsStr) {
    let ms: i64 = std::env::var(BEGIN_MS).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let ledger = Arc::new(SqliteLedger::open(Path::new(path)).unwrap());
        let id = ledger.open_batch(&batch("one")).await.unwrap().id;
        for _ in 0..2 {
            let ledger = Arc::clone(&ledger);
            tokio::spawn(async move { work(&*ledger, ms).await });
        }
        for _ in 0..10_000 {
            let from = ledger.batch(&id).await.unwrap().unwrap().rows_imported;
            let rows: Vec<_> = (from..from + 50)
                .map(|seq| {
                    if seq % 10 == 0 {
                        faulty(seq)
                    } else {
                        row(seq, &format!("k-{seq}"))
                    }
                })
                .collect();
            ledger.append(&id, &rows, at(ms)).await.unwrap();
            say(&format!("rows {}", from + 50));
        }
    });
}

async fn work(ledger: &dyn Ledger, ms: i64) {
    loop {
        for claim in claim(ledger, 10, at(ms)).await {
            let done = match claim.task.account {
                None => pending(&claim.task, at(ms)),
                Some(_) => settled(&claim.task, Outcome::Active, at(ms)),
            };
            let is_done = done.state.is_settled();
            if commit(ledger, &claim, done, at(ms)).await == Kept::Yes && is_done {
                say(&format!("done {}", claim.key));
            }
        }
        tokio::task::yield_now().await;
    }
}

/// On standard output itself, which the test harness does not catch.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Starts itself again, as the process to be killed.
#[test]
fn a_killed_process_loses_nothing_it_was_told() {
    if let Some(path) = std::env::var_os(FILE) {
        return child(&path);
    }
    tokio::runtime::Runtime::new().unwrap().block_on(kill_and_look());
}

async fn kill_and_look() {
    let home = SqliteFile::new();
    let (mut rows, mut done) = (0_u64, BTreeSet::new());
    for (round, lines) in [1_usize, 3, 17, 40, 90, 200].into_iter().enumerate() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "ledger_conformance::crash::a_killed_process_loses_nothing_it_was_told",
                "--nocapture",
            ])
            .env(FILE, home.path())
            .env(BEGIN_MS, (round * 1_000_000).to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = 0;
        while told < lines {
            let line = out.next().expect("it works until it is killed").unwrap();
            told += usize::from(note(&line, &mut rows, &mut done));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for line in out {
            note(&line.unwrap(), &mut rows, &mut done);
        }
        let ledger = home.open().await;
        let imported = check_whole(&*ledger, &home.path()).await;
        assert!(imported >= rows, "{imported} rows of {rows}");
        let all = ledger.rows(&batch("one").id, 0, u32::MAX).await.unwrap();
        let settled: BTreeSet<String> = all
            .into_iter()
            .filter_map(|row| row.task)
            .filter(|(_, task)| task.state.is_settled())
            .map(|(key, _)| key.to_string())
            .collect();
        assert!(done.is_subset(&settled), "{:?}", done.difference(&settled));
    }
    assert!(rows > 0 && !done.is_empty());
}

fn note(line: &str, rows: &mut u64, done: &mut BTreeSet<String>) -> bool {
    match line.split_once(' ') {
        Some(("rows", n)) if n.parse::<u64>().is_ok_and(|n| n % 50 == 0) => {
            *rows = (*rows).max(n.parse().unwrap());
            true
        }
        Some(("done", key)) => done.insert(key.to_owned()),
        _ => false,
    }
}

#[tokio::test]
async fn a_log_cut_anywhere_leaves_a_whole_ledger() {
    let home = SqliteFile::new();
    let ledger = home.open().await;
    let id = ledger.open_batch(&batch("one")).await.unwrap().id;
    for block in 0..12_u64 {
        let from = block * 10;
        let rows: Vec<_> = (from..from + 10)
            .map(|seq| row(seq, &format!("k-{seq}")))
            .collect();
        ledger.append(&id, &rows, at(0)).await.unwrap();
        for claim in claim(&*ledger, 7, at(0)).await {
            commit(
                &*ledger,
                &claim,
                settled(&claim.task, Outcome::Rejected, at(1)),
                at(1),
            )
            .await;
        }
    }
    let log = std::fs::read(with_suffix(&home.path(), "-wal")).unwrap();
    assert!(
        log.len() > 100_000,
        "what is cut below is all still in the log: {}",
        log.len()
    );
    let mut seen = BTreeSet::new();
    for part in 0..60 {
        // Odd lengths, so that cuts fall within frames as well as between them.
        let cut = log.len() * part / 59;
        let copy = SqliteFile::new();
        std::fs::copy(home.path(), copy.path()).unwrap();
        std::fs::write(with_suffix(&copy.path(), "-wal"), &log[..cut]).unwrap();
        let ledger = copy.open().await;
        seen.insert(check_whole(&*ledger, &copy.path()).await);
    }
    assert!(seen.contains(&0) && seen.contains(&120), "{seen:?}");
    assert!(
        seen.iter().all(|rows| rows % 10 == 0),
        "whole appends or none: {seen:?}"
    );
    assert!(seen.len() > 8, "{seen:?}");
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Counts equal a recount, rows have no gaps, and SQLite finds no fault. Returns how many rows there are.
async fn check_whole(ledger: &dyn Ledger, path: &Path) -> u64 {
    let found: String = rusqlite::Connection::open(path)
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(found, "ok");
    let id = batch("one").id;
    let Some(batch) = ledger.batch(&id).await.unwrap() else {
        return 0;
    };
    let rows = ledger.rows(&id, 0, u32::MAX).await.unwrap();
    assert_eq!(batch.rows_imported, rows.len() as u64);
    let mut recount = [0; Tally::ALL.len()];
    for (seq, row) in (0..).zip(&rows) {
        assert_eq!(row.seq, seq);
        if let Some((_, task)) = &row.task {
            recount[Tally::of(&task.state) as usize] += 1;
        } else {
            assert_eq!(row.faults.len(), 2);
        }
    }
    assert_eq!(ledger.counts(&id).await.unwrap().tasks, recount);
    batch.rows_imported
}
