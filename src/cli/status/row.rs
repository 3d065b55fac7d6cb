//! One row of a batch: where it stands, what to do about it, and what happened to it, attempt by attempt.

use serde::Serialize;

use super::StatusArgs;
use crate::app::{Exit, Failure};
use crate::cli::{Scene, talk};
use crate::domain::answer::RowError;
use crate::domain::attempt::Attempt;
use crate::domain::batch::Batch;
use crate::domain::ids::RowKey;
use crate::domain::report::{Fault, INVALID, ResultRow};
use crate::domain::task::Task;
use crate::domain::time::Timestamp;
use crate::engine::ports::{Ledger, RowView};

/// Rows looked through at a time.
const PAGE_ROWS: u32 = 1_000;

/// A row, as `status --row --json` shows it. Keys are always there; times are RFC 3339 in UTC.
#[derive(Serialize)]
struct RowStatus {
    batch: String,
    /// `null` for a row with faults, which has made no task, and for one whose task is forgotten.
    key: Option<String>,
    line: u64,
    /// The word in `_outcome`.
    outcome: &'static str,
    hint: String,
    account: Option<String>,
    status: Option<String>,
    correlation_id: Option<String>,
    generation: u32,
    /// Whether a send went unanswered and it is not known yet what came of it.
    unknown: bool,
    /// Whether the account exists with data other than the file's.
    changed: bool,
    sends: u32,
    errors: Vec<RowError>,
    first_sent_at: Option<String>,
    created_at: Option<String>,
    settled_at: Option<String>,
    next_at: Option<String>,
    attempts: Vec<AttemptShown>,
}

/// An attempt, as `status --row --json` shows it.
#[derive(Serialize)]
struct AttemptShown {
    at: String,
    kind: &'static str,
    http: Option<u16>,
    code: Option<String>,
    read_as: String,
    took_ms: u64,
    exchanges: u32,
    correlation_id: String,
    request_id: String,
}

impl From<Attempt> for AttemptShown {
    fn from(attempt: Attempt) -> Self {
        Self {
            at: attempt.at.to_string(),
            kind: attempt.kind.as_str(),
            http: attempt.http,
            code: attempt.code,
            read_as: attempt.read_as,
            took_ms: attempt.took_ms,
            exchanges: attempt.exchanges,
            correlation_id: attempt.correlation_id.to_string(),
            request_id: attempt.request_id.to_string(),
        }
    }
}

/// Shows the row that the flags name.
pub(super) async fn show(
    args: &StatusArgs,
    ledger: &dyn Ledger,
    batch: &Batch,
    scene: &Scene,
) -> Result<Exit, Failure> {
    let row = find(args, ledger, batch).await?;
    let status = match &row.task {
        Some((key, task)) => {
            let attempts = ledger.history(&batch.scope, batch.action, key).await?;
            of_task(batch, key, row.line, task, attempts)
        }
        None => match &row.unreadable {
            Some(why) => of_result(batch, &row, ResultRow::of_unreadable(row.line, why)),
            None if row.forgotten => of_result(batch, &row, ResultRow::of_forgotten(row.line)),
            None => of_faults(batch, &row),
        },
    };
    if scene.json {
        talk::json(&status)?;
    } else {
        tell(&status, batch)?;
    }
    Ok(Exit::Done)
}

async fn find(args: &StatusArgs, ledger: &dyn Ledger, batch: &Batch) -> Result<RowView, Failure> {
    let wanted = |row: &RowView| match (&args.row, args.line) {
        (Some(name), _) => row.task.as_ref().is_some_and(|(key, _)| is_named(key, name)),
        (None, line) => Some(row.line) == line,
    };
    let mut from = 0;
    loop {
        let page = ledger.rows(&batch.id, from, PAGE_ROWS).await?;
        let Some(last) = page.last() else {
            return Err(Failure::usage(
                format!("batch {} has no such row", batch.id),
                "results.csv of the report has all its keys and lines",
            ));
        };
        from = last.seq + 1;
        if let Some(row) = page.into_iter().find(wanted) {
            return Ok(row);
        }
    }
}

/// A row is named by its key, or by what stands for it in logs.
fn is_named(key: &RowKey, name: &str) -> bool {
    key.as_str() == name || (name.starts_with("r_") && key.mark() == name)
}

fn of_task(batch: &Batch, key: &RowKey, line: u64, task: &Task, attempts: Vec<Attempt>) -> RowStatus {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let result = ResultRow::of_task(line, &batch.scope, key, task, &|_| None);
    RowStatus {
        batch: batch.id.to_string(),
        key: Some(key.to_string()),
        line,
        outcome: result.outcome,
        hint: result.hint,
        account: task.account.as_ref().map(ToString::to_string),
        status: task.status.as_ref().map(|code| code.as_str().to_owned()),
        correlation_id: Some(task.correlation_id(&batch.scope, key).to_string()),
        generation: task.generation,
        unknown: task.unknown,
        changed: task.changed,
        sends: task.tries.sends,
        errors: task.errors.clone(),
        first_sent_at: time(task.first_sent_at),
        created_at: time(task.created_at),
        settled_at: time(task.settled_at),
        next_at: time(task.due()),
        attempts: attempts.into_iter().map(AttemptShown::from).collect(),
    }
}

fn of_faults(batch: &Batch, row: &RowView) -> RowStatus {
    let faults = row.faults.iter().map(|fault| Fault {
        code: &fault.code,
        column: &fault.column,
        message: &fault.message,
        hint: &fault.hint,
    });
    let errors = row.faults.iter().map(|fault| RowError {
        code: fault.code.clone(),
        field: fault.column.clone(),
        message: fault.message.clone(),
    });
    RowStatus {
        batch: batch.id.to_string(),
        key: None,
        line: row.line,
        outcome: INVALID,
        hint: ResultRow::of_faults(row.line, faults).hint,
        account: None,
        status: None,
        correlation_id: None,
        generation: 0,
        unknown: false,
        changed: false,
        sends: 0,
        errors: errors.collect(),
        first_sent_at: None,
        created_at: None,
        settled_at: None,
        next_at: None,
        attempts: Vec::new(),
    }
}

/// A row whose task is not to be had.
fn of_result(batch: &Batch, row: &RowView, result: ResultRow) -> RowStatus {
    RowStatus {
        outcome: result.outcome,
        hint: result.hint,
        errors: vec![RowError {
            code: result.error_code,
            field: result.error_field,
            message: result.error_message,
        }],
        ..of_faults(batch, row)
    }
}

fn tell(row: &RowStatus, batch: &Batch) -> Result<(), Failure> {
    let key = row.key.as_deref().unwrap_or("without a key");
    talk::data(format!(
        "row       {key}, line {} of {}",
        row.line, batch.file_name
    ))?;
    talk::data(format!("outcome   {}", row.outcome))?;
    if let Some(id) = &row.correlation_id {
        talk::data(format!("intent    {id}, generation {}", row.generation))?;
    }
    if let Some(account) = &row.account {
        let status = row.status.as_deref().unwrap_or_default();
        talk::data(format!("account   {account}, status {status}"))?;
    }
    for RowError { code, field, message } in &row.errors {
        let of = if field.is_empty() {
            String::new()
        } else {
            format!(" {field}:")
        };
        talk::data(format!("error     {code}{of} {message}"))?;
    }
    if !row.hint.is_empty() {
        talk::data(format!("hint      {}", row.hint))?;
    }
    if let Some(next) = &row.next_at {
        talk::data(format!("next      {next}"))?;
    }
    for attempt in &row.attempts {
        let http = attempt
            .http
            .map_or_else(|| "-".to_owned(), |http| http.to_string());
        talk::data(format!(
            "{}  {:<7}  {:>3}  {:<18}  {:>6} ms  id {}  request {}",
            attempt.at,
            attempt.kind,
            http,
            attempt.read_as,
            attempt.took_ms,
            attempt.correlation_id,
            attempt.request_id
        ))?;
    }
    Ok(())
}
