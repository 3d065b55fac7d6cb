//! `enlist status`: all batches, one batch, or one row with its history.

use clap::Args;
use serde::Serialize;

use super::Scene;
use super::talk::{self, many, thousands};
use crate::app::{Exit, Failure};
use crate::domain::attempt::Attempt;
use crate::domain::batch::{Batch, Counts, Pause, Tally};
use crate::domain::ids::RowKey;
use crate::domain::task::Task;
use crate::engine::ports::{Ledger, RowView};

/// Rows looked through at a time for a line.
const PAGE_ROWS: u32 = 1_000;

/// Flags of `status`.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// One batch: its id, the beginning of it, or last. Default: all, newest first.
    #[arg(value_name = "BATCH")]
    batch: Option<String>,
    /// One row of the batch, by its key: what happened to it, attempt by attempt.
    #[arg(long, value_name = "KEY", requires = "batch")]
    row: Option<String>,
    /// One row of the batch, by its line in the file.
    #[arg(long, value_name = "LINE", requires = "batch", conflicts_with = "row")]
    line: Option<u64>,
}

/// A batch, as `status --json` shows it.
#[derive(Serialize)]
struct BatchStatus {
    batch: String,
    job: String,
    provider: String,
    account: String,
    file: String,
    imported_at: String,
    rows: u64,
    rows_imported: u64,
    open: u64,
    tasks: serde_json::Map<String, serde_json::Value>,
    calls: u64,
    pause: Option<Pause>,
    cancelled: bool,
}

/// A row, as `status --row --json` shows it.
#[derive(Serialize)]
struct RowStatus {
    batch: String,
    key: String,
    line: u64,
    state: &'static str,
    correlation_id: String,
    task: Task,
    attempts: Vec<Attempt>,
}

pub(super) async fn run(args: StatusArgs, scene: Scene) -> Result<Exit, Failure> {
    let ledger = scene.app.open_ledger()?;
    let Some(word) = &args.batch else {
        return list(&*ledger, &scene).await;
    };
    let batch = scene.app.find_batch(&*ledger, word).await?;
    if args.row.is_some() || args.line.is_some() {
        return row(&args, &*ledger, &batch, &scene).await;
    }
    let counts = ledger.counts(&batch.id).await?;
    if scene.json {
        talk::json(&shown(&batch, &counts))?;
        return Ok(Exit::Done);
    }
    talk::data(format!("batch     {}", batch.id))?;
    talk::data(format!(
        "job       {} ({} at {})",
        batch.job,
        batch.action.as_str(),
        batch.scope.account
    ))?;
    talk::data(format!(
        "file      {}, imported {}",
        batch.file_name, batch.created_at
    ))?;
    talk::data(format!(
        "rows      {}, {} imported",
        thousands(batch.rows_total),
        thousands(batch.rows_imported)
    ))?;
    talk::data(format!("tasks     {}", tasks(&counts)))?;
    talk::data(format!(
        "calls     {}, {} throttled",
        thousands(counts.calls.iter().sum()),
        thousands(counts.throttled)
    ))?;
    if let Some(pause) = &batch.pause {
        talk::data(format!(
            "paused    {} since {}: {}",
            pause.reason.as_str(),
            pause.since,
            pause.detail
        ))?;
        let hint = pause
            .reason
            .hint()
            .replace("`enlist resume`", &format!("`enlist resume {}`", batch.id));
        talk::data(format!("hint      {}", scene.app.with_ledger(&hint)))?;
    }
    if batch.cancelled {
        talk::data("cancelled")?;
    }
    Ok(Exit::Done)
}

async fn list(ledger: &dyn Ledger, scene: &Scene) -> Result<Exit, Failure> {
    let mut all = Vec::new();
    for batch in ledger.batches().await? {
        let counts = ledger.counts(&batch.id).await?;
        if scene.json {
            all.push(shown(&batch, &counts));
            continue;
        }
        let standing = match (&batch.pause, counts.open()) {
            (Some(pause), _) => format!("paused: {}", pause.reason.as_str()),
            (None, 0) => "settled".to_owned(),
            (None, open) => format!("{} open", thousands(open)),
        };
        talk::data(format!(
            "{}  {}  {}  {}  {}",
            batch.id,
            batch.created_at,
            batch.file_name,
            many(batch.rows_total, "row"),
            standing
        ))?;
    }
    if scene.json {
        talk::json(&all)?;
    } else if ledger.batches().await?.is_empty() {
        scene.talk.say(format!(
            "no batch in {}; `enlist run FILE` makes one",
            ledger.describe()
        ));
    }
    Ok(Exit::Done)
}

fn shown(batch: &Batch, counts: &Counts) -> BatchStatus {
    BatchStatus {
        batch: batch.id.to_string(),
        job: batch.job.clone(),
        provider: batch.scope.provider.clone(),
        account: batch.scope.account.clone(),
        file: batch.file_name.clone(),
        imported_at: batch.created_at.to_string(),
        rows: batch.rows_total,
        rows_imported: batch.rows_imported,
        open: counts.open(),
        tasks: Tally::ALL
            .iter()
            .map(|tally| (tally.as_str().to_owned(), counts.of(*tally).into()))
            .collect(),
        calls: counts.calls.iter().sum(),
        pause: batch.pause.clone(),
        cancelled: batch.cancelled,
    }
}

fn tasks(counts: &Counts) -> String {
    let parts: Vec<String> = Tally::ALL
        .iter()
        .filter(|tally| counts.of(**tally) > 0)
        .map(|tally| {
            format!(
                "{} {}",
                thousands(counts.of(*tally)),
                tally.as_str().replace('_', " ")
            )
        })
        .collect();
    if parts.is_empty() {
        "none".to_owned()
    } else {
        parts.join(", ")
    }
}

async fn row(args: &StatusArgs, ledger: &dyn Ledger, batch: &Batch, scene: &Scene) -> Result<Exit, Failure> {
    let wanted = |row: &RowView| match (&args.row, args.line) {
        (Some(key), _) => row.task.as_ref().is_some_and(|(own, _)| own.as_str() == key),
        (None, line) => Some(row.line) == line,
    };
    let mut from = 0;
    let found = loop {
        let page = ledger.rows(&batch.id, from, PAGE_ROWS).await?;
        let Some(last) = page.last() else {
            return Err(Failure::usage(
                format!("batch {} has no such row", batch.id),
                "results.csv of the report has them all",
            ));
        };
        from = last.seq + 1;
        if let Some(row) = page.into_iter().find(wanted) {
            break row;
        }
    };
    let Some((key, task)) = found.task else {
        for fault in &found.faults {
            talk::data(format!(
                "line {}: {}: {}",
                found.line, fault.column, fault.message
            ))?;
        }
        return Ok(Exit::Done);
    };
    let attempts = ledger.history(&batch.scope, &key).await?;
    if scene.json {
        let correlation_id = task.correlation_id(&batch.scope, &key).to_string();
        let state = task.state.as_str();
        talk::json(&RowStatus {
            batch: batch.id.to_string(),
            key: key.to_string(),
            line: found.line,
            state,
            correlation_id,
            task,
            attempts,
        })?;
        return Ok(Exit::Done);
    }
    tell(batch, &key, found.line, &task, &attempts)
}

fn tell(batch: &Batch, key: &RowKey, line: u64, task: &Task, attempts: &[Attempt]) -> Result<Exit, Failure> {
    talk::data(format!("row       {key}, line {line} of {}", batch.file_name))?;
    talk::data(format!("state     {}", task.state))?;
    talk::data(format!(
        "intent    {}, generation {}",
        task.correlation_id(&batch.scope, key),
        task.generation
    ))?;
    if let Some(account) = &task.account {
        let status = task
            .status
            .as_ref()
            .map(|status| status.as_str())
            .unwrap_or_default();
        talk::data(format!("account   {account}, status {status}"))?;
    }
    for error in &task.errors {
        talk::data(format!(
            "error     {} {} {}",
            error.code, error.field, error.message
        ))?;
    }
    if let Some(due) = task.due() {
        talk::data(format!("next      {due}"))?;
    }
    for attempt in attempts {
        let http = attempt
            .http
            .map_or_else(|| "-".to_owned(), |http| http.to_string());
        talk::data(format!(
            "{}  {:<7}  {:>3}  {:<18}  {:>6} ms  id {}  request {}",
            attempt.at,
            attempt.kind.as_str(),
            http,
            attempt.read_as,
            attempt.took_ms,
            attempt.correlation_id,
            attempt.request_id
        ))?;
    }
    Ok(Exit::Done)
}
