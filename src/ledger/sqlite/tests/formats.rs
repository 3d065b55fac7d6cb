//! Ledgers of other formats: older ones are brought up to date, newer ones refused, on opening and while in use.

use super::*;

/// Format 1, as it was made.
const FORMAT_1: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE spaces (
    no INTEGER PRIMARY KEY, provider TEXT NOT NULL, account TEXT NOT NULL, action TEXT NOT NULL,
    UNIQUE (provider, account, action)
);
CREATE TABLE batches (
    no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, space INTEGER NOT NULL, created_at INTEGER NOT NULL,
    rows_total INTEGER NOT NULL, rows_imported INTEGER NOT NULL, cancelled INTEGER NOT NULL, pause TEXT,
    batch TEXT NOT NULL, job_text TEXT NOT NULL
);
CREATE TABLE counts (
    batch INTEGER NOT NULL, slot INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (batch, slot)
) WITHOUT ROWID;
CREATE TABLE rows (
    id INTEGER PRIMARY KEY, line INTEGER NOT NULL, task INTEGER, faults TEXT, cells TEXT NOT NULL, payload TEXT
);
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY, space INTEGER NOT NULL, key TEXT NOT NULL, batch INTEGER NOT NULL,
    class INTEGER NOT NULL, due_at INTEGER, fence INTEGER NOT NULL, leased_by TEXT, claimed_at INTEGER,
    source INTEGER NOT NULL, staged INTEGER, task TEXT NOT NULL
);
CREATE UNIQUE INDEX tasks_by_key ON tasks (space, key);
CREATE INDEX tasks_due ON tasks (batch, class, due_at) WHERE due_at IS NOT NULL;
CREATE TABLE attempts (
    task INTEGER NOT NULL, fence INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL, kind INTEGER NOT NULL,
    took_ms INTEGER NOT NULL, exchanges INTEGER NOT NULL, http INTEGER, read_as TEXT NOT NULL, code TEXT,
    correlation_id BLOB NOT NULL, request_id BLOB NOT NULL, PRIMARY KEY (task, fence, n)
) WITHOUT ROWID;
INSERT INTO meta VALUES ('format', '1');
";

/// A batch of one row, which is queued, as format 1 kept it.
const CONTENT_1: &str = r#"
INSERT INTO spaces VALUES (1, 'adobe', '1@https://example.test', 'create');
INSERT INTO batches VALUES (1, 'b_731aa41982d6', 1, 0, 1, 1, 0, NULL, '{"id":"b_731aa41982d6","job":"job","job_text":"",
    "scope":{"provider":"adobe","account":"1@https://example.test"},"action":"create","file_name":"one",
    "file_digest":"7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed","rows_total":1,"rows_imported":0,
    "columns":[],"derived_keys":false,"created_at":0,"pause":null,"cancelled":false}', '');
INSERT INTO counts VALUES (1, 0, 1);
INSERT INTO rows VALUES (1099511627776, 2, 1, NULL, '["x"]', 'the payload');
INSERT INTO tasks VALUES (1, 1, 'k-0', 1, 0, 0, 0, NULL, NULL, 1099511627776, NULL, '{"state":"Queued","action":"create",
    "payload":"4932b97e2b3b087c582194b496948629b83ad2fb33dfcdf53a600748748a56b7","due_at":0}');
"#;

fn made_of(sql: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let (folder, path) = place();
    let old = Connection::open(&path).unwrap();
    for sql in sql {
        old.execute_batch(sql).unwrap();
    }
    (folder, path)
}

/// What a ledger is made of, but for the spaces in it.
fn schema(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection
        .prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
        .unwrap();
    let all = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    all.map(|sql| sql.unwrap().split_whitespace().collect()).collect()
}

fn set_format(path: &Path, format: &str) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(&format!(
            "UPDATE meta SET value = '{format}' WHERE name = 'format'; \
             UPDATE meta SET value = '7.0.1' WHERE name = 'enlist'"
        ))
        .unwrap();
}

#[tokio::test]
async fn a_ledger_of_format_1_is_brought_up_to_date_with_all_that_is_in_it() {
    let (_folder, path) = made_of(&[FORMAT_1, CONTENT_1]);
    let ledger = SqliteLedger::open(&path).unwrap();
    let known = ledger.batches().await.unwrap().remove(0);
    assert_eq!(
        known,
        Batch {
            rows_imported: 1,
            ..batch("one")
        }
    );
    assert_eq!(ledger.counts(&known.id).await.unwrap().total(), 1);
    ledger
        .set_weight(&known.id, Weight::new(3).unwrap())
        .await
        .unwrap();
    let again = ledger.open_batch(&batch("one")).await.unwrap();
    assert_eq!(again.weight.get(), 3);
    let claimed = ledger.claim(&ask(Timestamp::from_ms(5))).await.unwrap();
    assert_eq!(claimed.claims[0].payload.as_deref(), Some("the payload"));
    drop(ledger);

    let (_other_folder, new) = place();
    drop(SqliteLedger::open(&new).unwrap());
    assert_eq!(schema(&path), schema(&new), "it is like one made today");
    let ledger = SqliteLedger::open(&path).unwrap();
    assert_eq!(ledger.batches().await.unwrap(), [again], "and opens again");
}

#[test]
fn many_may_bring_it_up_to_date_at_once() {
    let (_folder, path) = made_of(&[FORMAT_1, CONTENT_1]);
    std::thread::scope(|scope| {
        let opened: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| SqliteLedger::open(&path).map(drop)))
            .collect();
        for thread in opened {
            thread.join().unwrap().unwrap();
        }
    });
}

#[test]
fn an_upgrade_that_fails_leaves_it_as_it_was() {
    // A column of the next format is there already: the upgrade stumbles.
    let (_folder, path) = made_of(&[FORMAT_1, "ALTER TABLE batches ADD COLUMN weight INTEGER"]);
    let before = schema(&path);
    let error = SqliteLedger::open(&path).unwrap_err();
    assert!(matches!(error, LedgerError::Corrupt(_)), "{error:?}");
    assert_eq!(schema(&path), before);
    let connection = Connection::open(&path).unwrap();
    let format: String = connection
        .query_row("SELECT value FROM meta WHERE name = 'format'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(format, "1");
}

#[test]
fn a_newer_one_is_refused_and_says_what_made_it() {
    let (_folder, path) = place();
    drop(SqliteLedger::open(&path).unwrap());
    set_format(&path, "99");
    insta::assert_snapshot!(refusal(&path), @"the ledger at sqlite:FILE has format 99 (of enlist 7.0.1), this program reads format 3; hint: name another one, or use the version of enlist that made it");
}

#[tokio::test]
async fn one_that_a_newer_version_changes_while_it_is_in_use_is_left_alone_from_then_on() {
    let (_folder, path) = place();
    let ledger = SqliteLedger::open(&path).unwrap();
    let known = batch("one");
    ledger.open_batch(&known).await.unwrap();
    ledger.batches().await.unwrap();
    set_format(&path, "99");
    let now = Timestamp::from_ms(0);
    let is_refused = |error: LedgerError| {
        assert!(
            matches!(&error, LedgerError::Format { found, .. } if found == "99 (of enlist 7.0.1)"),
            "{error:?}"
        );
        assert!(
            error.to_string().contains(&format!("sqlite:{}", path.display())),
            "{error}"
        );
    };
    is_refused(ledger.append(&known.id, &rows(0, 1), now).await.unwrap_err());
    is_refused(ledger.claim(&ask(now)).await.unwrap_err());
    is_refused(ledger.batches().await.unwrap_err());
    set_format(&path, "3");
    assert_eq!(ledger.append(&known.id, &rows(0, 1), now).await.unwrap().new, 1);
}
