//! Whole folders, written and read back.

mod books;
mod folder;
mod laws;

use std::fs;
use std::sync::Mutex;

use insta::assert_snapshot;

use super::*;
use crate::domain::answer::{InactiveReason, RowError};
use crate::domain::batch::{Pause, PauseReason, Weight};
use crate::domain::ids::{AccountId, Digest, RowKey, Scope, StatusCode};
use crate::domain::report::COLUMNS;
use crate::domain::task::{Action, Outcome, ParkReason, State, Task};
use crate::engine::ports::RowFault;

const NOW: Timestamp = Timestamp::from_ms(1_760_000_600_000);
const IMPORTED: Timestamp = Timestamp::from_ms(1_760_000_000_000);

/// The workbooks of a batch with rows to correct.
const BOOKS: [&str; 2] = ["results.xlsx", "to-correct.xlsx"];

/// Pages of rows held in memory; breaks off with an error before the row `fail_at`.
struct Fake {
    rows: Vec<RowView>,
    fail_at: u64,
    asked: Mutex<Vec<u32>>,
}

impl Fake {
    fn new(rows: Vec<RowView>) -> Self {
        Self {
            rows,
            fail_at: u64::MAX,
            asked: Mutex::default(),
        }
    }
}

#[async_trait]
impl RowSource for Fake {
    async fn page(&self, from: u64, max: u32) -> Result<Vec<RowView>, LedgerError> {
        self.asked.lock().unwrap().push(max);
        let page: Vec<RowView> = self
            .rows
            .iter()
            .filter(|row| row.seq >= from)
            .take(max.min(3) as usize)
            .cloned()
            .collect();
        match page.iter().any(|row| row.seq >= self.fail_at) {
            true => Err(LedgerError::Unavailable("busy".into())),
            false => Ok(page),
        }
    }
}

fn batch(columns: &[&str], rows: usize) -> Batch {
    let scope = Scope {
        provider: "adobe".into(),
        account: "345434543@http://127.0.0.1:1".into(),
    };
    let file_digest = Digest::of(b"file");
    Batch {
        id: BatchId::derive(&scope, Action::Create, &file_digest),
        job: "adobe-create".into(),
        job_text: String::new(),
        scope,
        action: Action::Create,
        file_name: "resellers.csv".into(),
        file_digest,
        rows_total: rows as u64,
        rows_imported: rows as u64,
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        derived_keys: false,
        created_at: IMPORTED,
        pause: None,
        cancelled: false,
        weight: Weight::default(),
        terms: None,
        foreseen: None,
    }
}

fn task(state: State) -> Task {
    let mut task = Task::new(Action::Create, Digest::of(b"payload"), IMPORTED);
    task.tries.sends = u32::from(state != State::Queued);
    let known = matches!(
        state,
        State::Pending | State::Settled(Outcome::Active | Outcome::Inactive(_) | Outcome::StillPending)
    );
    if known {
        task.account = Some(AccountId::new("1005468769"));
        task.status = Some(StatusCode::new("1002"));
        task.created_at = Some(IMPORTED.plus(std::time::Duration::from_secs(1)));
    }
    task.settled_at = state
        .is_settled()
        .then(|| IMPORTED.plus(std::time::Duration::from_secs(90)));
    task.state = state;
    task
}

fn sound(cells: &[&str], task: Task) -> RowView {
    let key = RowKey::new(cells.first().unwrap_or(&"k")).unwrap();
    row(cells, vec![], Some((key, task)))
}

fn row(cells: &[&str], faults: Vec<RowFault>, task: Option<(RowKey, Task)>) -> RowView {
    RowView {
        seq: 0,
        line: 0,
        cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
        faults,
        task,
        unreadable: None,
        forgotten: false,
    }
}

fn fault(code: &str, column: &str, message: &str, hint: &str) -> RowFault {
    let [code, column, message, hint] = [code, column, message, hint].map(str::to_owned);
    RowFault {
        code,
        column,
        message,
        hint,
    }
}

/// Gives rows their places, as an import would.
fn numbered(rows: Vec<RowView>) -> Vec<RowView> {
    (0..)
        .zip(rows)
        .map(|(seq, row)| RowView {
            seq,
            line: seq + 2,
            ..row
        })
        .collect()
}

fn mixed() -> Vec<RowView> {
    let refused = |errors: &[(&str, &str, &str)]| {
        let mut task = task(State::Settled(Outcome::Rejected));
        task.errors = errors
            .iter()
            .map(|(code, field, message)| RowError {
                code: (*code).into(),
                field: (*field).into(),
                message: (*message).into(),
            })
            .collect();
        task
    };
    let mut active = task(State::Settled(Outcome::Active));
    active.status = Some(StatusCode::new("1000"));
    active.errors = vec![RowError::new("1124", "left over from an earlier try")];
    let changed = Task {
        changed: true,
        ..active.clone()
    };
    let mut inactive = task(State::Settled(Outcome::Inactive(InactiveReason::InvalidAddress)));
    inactive.status = Some(StatusCode::new("1010"));
    let mut parked = task(State::Settled(Outcome::Parked(ParkReason::UnknownOutcome)));
    parked.first_sent_at = Some(IMPORTED);
    parked.errors = vec![RowError::new("1124", "Internal server error")];
    let name = "companyProfile.companyName";
    let zip = "companyProfile.address.postalCode";
    numbered(vec![
        sound(&["R-1", "Müller, Söhne \"GmbH\"", "01067"], active),
        sound(
            &["R-2", "=cmd|' /C calc'!A0", "-5"],
            refused(&[("1117", zip, "Some Fields are Invalid")]),
        ),
        sound(
            &["R-3", "two\nlines", "'+x"],
            refused(&[
                ("1117", name, "a | b"),
                ("1117", zip, ""),
                ("1117", "new.path", "c"),
            ]),
        ),
        sound(&["R-4", "", ""], refused(&[("1118", "", "=Invalid Address")])),
        sound(&["R-5", "a", "b"], refused(&[("9999", "", "what")])),
        row(
            &["", "no key", "1"],
            vec![
                fault("required", "Ref", "is empty", "fill it in"),
                fault("postal_code", "Zip", "\"1\" is too short", "five digits"),
            ],
            None,
        ),
        sound(&["R-7", "a", "b"], changed),
        sound(&["R-8", "a", "b"], inactive),
        sound(&["R-9", "a", "b"], parked),
        sound(&["R-10", "a", "b"], task(State::Settled(Outcome::StillPending))),
        sound(&["R-11", "a", "b"], task(State::Settled(Outcome::Exhausted))),
        sound(&["R-12", "a", "b"], task(State::Pending)),
        sound(&["R-13", "a"], task(State::Queued)),
        sound(
            &["R-14", "a", "b"],
            Task {
                unknown: true,
                ..task(State::Unknown)
            },
        ),
        sound(&["R-15", "a", "b"], task(State::Settled(Outcome::Cancelled))),
        RowView {
            forgotten: true,
            ..row(&["R-16", "a", "b"], vec![], None)
        },
    ])
}

fn options() -> Options {
    let column_of = |path: &str| match path {
        "companyProfile.companyName" => Some("Name".to_owned()),
        "companyProfile.address.postalCode" => Some("Zip".to_owned()),
        _ => None,
    };
    Options {
        column_of: Arc::new(column_of),
        ..Options::default()
    }
}

fn write_to(dir: &Path, batch: &Batch, rows: &Fake) -> Result<Summary, ReportError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let counts = Counts {
        calls: [17, 2, 40],
        resends: 3,
        throttled: 1,
        settle_ms_sum: 30_000,
        settle_n: 4,
        ..Counts::default()
    };
    runtime.block_on(write(dir, batch, &counts, rows, &options(), NOW))
}

fn read(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
}

fn records(dir: &Path, name: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(dir.join(name)).unwrap();
    reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_mixed_batch() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("made/for it");
    let summary = write_to(&to, &batch(&["Ref", "Name", "Zip"], 16), &Fake::new(mixed())).unwrap();
    assert_snapshot!("results.csv", read(&to, "results.csv"));
    assert_snapshot!("summary.json", read(&to, "summary.json"));
    assert_eq!(
        serde_json::to_value(&summary).unwrap(),
        serde_json::from_str::<serde_json::Value>(&read(&to, "summary.json")).unwrap()
    );
    let mut expected = FILES.map(str::to_owned).to_vec();
    expected.extend(BOOKS.map(str::to_owned));
    expected.sort();
    assert_eq!(names(&to), expected);
    assert_eq!(records(&to, "succeeded.csv").len(), 2);
    assert_eq!(records(&to, "failed.csv").len(), 9);
    assert_eq!(records(&to, "pending.csv").len(), 4);
}

#[test]
fn derived_keys_come_back_in_a_last_column() {
    let dir = tempfile::tempdir().unwrap();
    let mut batch = batch(&["Name"], 2);
    batch.derived_keys = true;
    let rows = numbered(vec![
        sound(&["R-1"], task(State::Queued)),
        row(&["x"], vec![], None),
    ]);
    write_to(dir.path(), &batch, &Fake::new(rows)).unwrap();
    let header = read(dir.path(), "failed.csv");
    assert_eq!(
        header.lines().next().unwrap(),
        format!("Name,{},_key", COLUMNS.join(","))
    );
    assert_eq!(
        records(dir.path(), "results.csv")
            .iter()
            .map(|record| record[14].as_str())
            .collect::<Vec<_>>(),
        ["R-1", ""]
    );
}

#[test]
fn a_byte_order_mark_if_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let options = Options {
        byte_order_mark: true,
        ..Options::default()
    };
    let (batch, fake) = (batch(&["a"], 0), Fake::new(vec![]));
    runtime
        .block_on(write(
            dir.path(),
            &batch,
            &Counts::default(),
            &fake,
            &options,
            NOW,
        ))
        .unwrap();
    assert!(read(dir.path(), "results.csv").starts_with("\u{feff}a,_line,"));
    assert!(read(dir.path(), "summary.json").starts_with("{\n"));
}

#[test]
fn a_paused_batch_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut batch = batch(&["Ref", "Name", "Zip"], 16);
    let pause = Pause {
        reason: PauseReason::Auth,
        detail: "4115 Api Key is invalid".into(),
        since: IMPORTED,
        until: None,
    };
    batch.pause = Some(pause.clone());
    let summary = write_to(dir.path(), &batch, &Fake::new(mixed())).unwrap();
    assert_eq!((summary.exit_code, summary.exit_meaning), (6, "paused"));
    assert!(
        summary
            .resume
            .unwrap()
            .starts_with("put valid credentials in place, then `enlist resume b_")
    );
    batch.pause = Some(Pause {
        until: Some(NOW),
        ..pause
    });
    assert_eq!(
        write_to(dir.path(), &batch, &Fake::new(mixed()))
            .unwrap()
            .exit_code,
        5
    );
}
