//! What is SQLite's own: plans of its queries, files that are not ours, locks, full disks, groups of requests.

mod damaged;
mod formats;

use std::path::PathBuf;

use rusqlite::Connection;

use super::write::Store;
use super::*;
use crate::domain::ids::Digest;
use crate::domain::task::Action;

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    (folder, path)
}

fn impatient() -> SqliteOptions {
    SqliteOptions {
        busy_timeout: Duration::ZERO,
        ..SqliteOptions::default()
    }
}

fn batch(name: &str) -> Batch {
    let scope = Scope {
        provider: "adobe".into(),
        account: "1@https://example.test".into(),
    };
    let file_digest = Digest::of(name.as_bytes());
    Batch {
        id: BatchId::derive(&scope, Action::Create, &file_digest),
        job: "job".into(),
        job_text: String::new(),
        scope,
        action: Action::Create,
        file_name: name.into(),
        file_digest,
        rows_total: 1,
        rows_imported: 0,
        columns: Vec::new(),
        derived_keys: false,
        created_at: Timestamp::from_ms(0),
        pause: None,
        cancelled: false,
        weight: Weight::default(),
        terms: None,
        foreseen: None,
    }
}

fn rows(from: u64, n: u64) -> Vec<NewRow> {
    let row = |seq| NewRow {
        seq,
        line: seq,
        cells: vec!["x".repeat(300)],
        seal: crate::engine::ports::Seal::Nothing,
        body: crate::engine::ports::NewRowBody::Sound {
            key: RowKey::new(&format!("k-{seq}")).unwrap(),
            payload: "y".repeat(600).into(),
            digest: Digest::of(b"y"),
        },
    };
    (from..from + n).map(row).collect()
}

fn ask(now: Timestamp) -> ClaimAsk {
    ClaimAsk {
        worker: crate::domain::ids::WorkerId::new("w_1"),
        max: 64,
        lease: Duration::from_secs(5),
        now,
        only: None,
    }
}

fn plan(connection: &Connection, sql: &str, named: usize) -> String {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps = statement
        .query_map(rusqlite::params_from_iter(vec![1_i64; named]), |row| {
            row.get::<_, String>(3)
        })
        .unwrap();
    steps
        .map(|step| format!("    {}", step.unwrap()))
        .collect::<Vec<_>>()
        .join("\n")
}

/// No step of a claim, commit or page scans a table or sorts: that is what keeps their cost flat.
#[test]
fn queries_go_by_index() {
    let connection = Place::Memory.open().unwrap();
    let plans = [
        ("claim: due", claim::DUE, 4),
        ("claim: next open batch", claim::NEXT_OPEN, 1),
        ("claim: next due", claim::NEXT_DUE, 2),
        ("order: tasks of a batch", orders::OF_BATCH, 3),
        ("rows", read::ROWS, 3),
        ("history", read::HISTORY, 4),
    ]
    .map(|(what, sql, named)| format!("{what}\n{}\n", plan(&connection, sql, named)));
    insta::assert_snapshot!(plans.concat());
}

#[test]
fn what_is_not_ours_is_refused_and_left_as_it_is() {
    let (_folder, path) = place();
    std::fs::write(&path, "provider,key\nadobe,1\n".repeat(100)).unwrap();
    let before = std::fs::read(&path).unwrap();
    insta::assert_snapshot!(refusal(&path), @"the ledger at sqlite:FILE has format unknown (it is not an SQLite database), this program reads format 3; hint: name another one, or use the version of enlist that made it");
    assert_eq!(std::fs::read(&path).unwrap(), before);

    let (_folder, path) = place();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
    drop(other);
    let before = std::fs::read(&path).unwrap();
    insta::assert_snapshot!(refusal(&path), @"the ledger at sqlite:FILE has format unknown (it is another program's SQLite database), this program reads format 3; hint: name another one, or use the version of enlist that made it");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

/// The error of opening `path`, which must be about the format.
fn refusal(path: &Path) -> String {
    let error = SqliteLedger::open(path).unwrap_err();
    assert!(matches!(error, LedgerError::Format { .. }), "{error:?}");
    error.to_string().replace(&path.display().to_string(), "FILE")
}

#[test]
fn a_file_that_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().to_owned(), folder.path().join("none/ledger.sqlite")] {
        let error = SqliteLedger::open(&path).unwrap_err();
        assert!(matches!(error, LedgerError::Unavailable(_)), "{error:?}");
        assert!(error.to_string().contains("hint: "), "{error}");
    }
}

#[test]
fn an_empty_file_becomes_a_ledger_and_a_path_is_only_a_path() {
    let (folder, path) = place();
    std::fs::write(&path, "").unwrap();
    SqliteLedger::open(&path).unwrap();
    let odd = folder.path().join("file:x?mode=memory&é.sqlite");
    let ledger = SqliteLedger::open(&odd).unwrap();
    assert_eq!(ledger.describe(), format!("sqlite:{}", odd.display()));
    assert!(odd.exists());
}

#[cfg(unix)]
#[test]
fn the_file_and_its_log_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = place();
    let _ledger = SqliteLedger::open(&path).unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(files.len() > 1, "the log is there");
    for file in files {
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{file:?}"
        );
    }
}

#[test]
fn many_may_make_the_same_ledger_at_once() {
    let (_folder, path) = place();
    std::thread::scope(|scope| {
        let opened: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| SqliteLedger::open(&path).map(drop)))
            .collect();
        for thread in opened {
            thread.join().unwrap().unwrap();
        }
    });
}

#[tokio::test]
async fn a_lock_held_too_long_is_trouble_that_passes() {
    let (_folder, path) = place();
    let ledger = SqliteLedger::open_with(&path, impatient()).unwrap();
    let known = batch("one");
    ledger.open_batch(&known).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = ledger
        .append(&known.id, &rows(0, 3), Timestamp::from_ms(0))
        .await
        .unwrap_err();
    assert!(matches!(error, LedgerError::Unavailable(_)), "{error:?}");
    assert_eq!(
        ledger.rows(&known.id, 0, 9).await.unwrap(),
        [],
        "reading goes on, and nothing was kept"
    );
    other.execute_batch("ROLLBACK").unwrap();
    let appended = ledger
        .append(&known.id, &rows(0, 3), Timestamp::from_ms(0))
        .await
        .unwrap();
    assert_eq!(appended.new, 3);
}

#[test]
fn a_full_disk_is_trouble_that_passes_and_keeps_nothing_of_it() {
    let (_folder, path) = place();
    let mut store = Store::new(Place::file(&path, impatient()).open().unwrap());
    let known = batch("one");
    let now = Timestamp::from_ms(0);
    write::alone(&mut store, |store| batches::open(&store.connection, &known)).unwrap();
    let pages: i64 = store
        .connection
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    store
        .connection
        .pragma_update(None, "max_page_count", pages + 5)
        .unwrap();
    let rows = append::prepare(&rows(0, 200)).unwrap();
    let fill = |store: &mut Store| append::append(&store.connection, &known.id, &rows, now);
    let error = write::alone(&mut store, fill).unwrap_err();
    assert!(matches!(error, LedgerError::Unavailable(_)), "{error:?}");
    assert!(error.to_string().contains("hint: make room"), "{error}");
    assert!(store.connection.is_autocommit());
    assert_eq!(read::rows(&store.connection, &known.id, 0, 9).unwrap(), []);
    store
        .connection
        .pragma_update(None, "max_page_count", 1_000_000)
        .unwrap();
    assert_eq!(write::alone(&mut store, fill).unwrap().new, 200);
}

#[tokio::test]
async fn a_request_that_fails_spoils_no_other_of_its_group() {
    let (_folder, path) = place();
    let ledger = SqliteLedger::open(&path).unwrap();
    let (known, unknown) = (batch("one"), batch("none"));
    ledger.open_batch(&known).await.unwrap();
    let now = Timestamp::from_ms(0);
    // Held up by a lock, all of these wait, and then go in one group.
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (first, second, third) = (rows(0, 5), rows(0, 5), rows(5, 5));
    let half_way = ledger.write(1, {
        let (id, rows) = (known.id.clone(), append::prepare(&rows(5, 7)).unwrap());
        move |store: &mut Store| {
            append::append(&store.connection, &id, &rows, now)?;
            Err::<(), _>(LedgerError::Corrupt("found in the middle".into()))
        }
    });
    let unlock = async {
        tokio::task::yield_now().await;
        other.execute_batch("ROLLBACK").unwrap();
    };
    let (a, b, c, d, e, ()) = tokio::join!(
        ledger.append(&known.id, &first, now),
        ledger.append(&unknown.id, &second, now),
        half_way,
        ledger.append(&known.id, &third, now),
        ledger.cancel(&unknown.id),
        unlock,
    );
    assert_eq!((a.unwrap().new, d.unwrap().new), (5, 5));
    assert!(matches!(b, Err(LedgerError::NoBatch(_))));
    assert!(matches!(e, Err(LedgerError::NoBatch(_))));
    assert!(matches!(c, Err(LedgerError::Corrupt(_))));
    let kept: Vec<u64> = ledger
        .rows(&known.id, 0, 99)
        .await
        .unwrap()
        .iter()
        .map(|row| row.seq)
        .collect();
    assert_eq!(kept, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(ledger.counts(&known.id).await.unwrap().total(), 10);
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_done() {
    let (_folder, path) = place();
    let ledger = SqliteLedger::open(&path).unwrap();
    let known = batch("one");
    ledger.open_batch(&known).await.unwrap();
    let now = Timestamp::from_ms(0);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (first, second) = (rows(0, 1), rows(1, 1));
    {
        let waits = std::pin::pin!(ledger.append(&known.id, &first, now));
        let gives_up = std::pin::pin!(ledger.append(&known.id, &second, now));
        // Both are asked for, and forgotten.
        let both = futures_util::future::join(waits, gives_up);
        assert!(futures_util::FutureExt::now_or_never(both).is_none());
    }
    other.execute_batch("ROLLBACK").unwrap();
    drop(ledger);
    let ledger = SqliteLedger::open(&path).unwrap();
    let kept = ledger.rows(&known.id, 0, 9).await.unwrap();
    assert_eq!(kept, []);
}

#[tokio::test]
async fn a_dropped_ledger_has_done_what_it_was_asked() {
    let (_folder, path) = place();
    let ledger = SqliteLedger::open(&path).unwrap();
    let known = batch("one");
    ledger.open_batch(&known).await.unwrap();
    ledger
        .append(&known.id, &rows(0, 9), Timestamp::from_ms(0))
        .await
        .unwrap();
    drop(ledger);
    let log = path.with_extension("sqlite-wal");
    assert!(!log.exists(), "the last to leave puts the log into the file");
    let ledger = SqliteLedger::open(&path).unwrap();
    assert_eq!(ledger.rows(&known.id, 0, 99).await.unwrap().len(), 9);
}

#[tokio::test]
async fn payloads_are_stored_once() {
    let ledger = SqliteLedger::in_memory().unwrap();
    let now = Timestamp::from_ms(0);
    for name in ["one", "two", "three"] {
        let known = batch(name);
        ledger.open_batch(&known).await.unwrap();
        ledger.append(&known.id, &rows(0, 4), now).await.unwrap();
    }
    let stored = ledger
        .read(|connection| {
            let sql = "SELECT count(payload), count(*) FROM rows";
            Ok(connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })
        .await
        .unwrap();
    assert_eq!(stored, (4_i64, 12_i64));
}

#[test]
fn the_log_is_kept_as_the_options_say() {
    for (synchronous, wanted) in [(Synchronous::Normal, 1_i64), (Synchronous::Full, 2)] {
        let (_folder, path) = place();
        let options = SqliteOptions {
            synchronous,
            ..SqliteOptions::default()
        };
        let connection = Place::file(&path, options).open().unwrap();
        let found: i64 = connection
            .query_row("PRAGMA synchronous", [], |row| row.get(0))
            .unwrap();
        assert_eq!(found, wanted);
    }
}
