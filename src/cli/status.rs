//! `enlist status`: all batches, one batch, or one row with its history.

mod row;

use clap::Args;
use serde::Serialize;

use super::Scene;
use super::talk::{self, many, thousands};
use crate::app::{Exit, Failure};
use crate::domain::batch::{Batch, Counts, Tally, Weight};
use crate::domain::report::summary::PauseShown;
use crate::engine::ports::Ledger;

/// Flags of `status`.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// One batch: its id, the beginning of it, or last. Default: all, newest first.
    #[arg(value_name = "BATCH")]
    batch: Option<String>,
    /// One row of the batch, by its key, or by its mark in logs (r_…): what happened to it, attempt by attempt.
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
    pause: Option<PauseShown>,
    cancelled: bool,
    weight: u32,
}

pub(super) async fn run(args: StatusArgs, scene: Scene) -> Result<Exit, Failure> {
    let ledger = scene.app.open_ledger().await?;
    let Some(word) = &args.batch else {
        return list(&*ledger, &scene).await;
    };
    let batch = scene.app.find_batch(&*ledger, word).await?;
    if args.row.is_some() || args.line.is_some() {
        return row::show(&args, &*ledger, &batch, &scene).await;
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
    if let Some(weight) = weighed(&batch) {
        talk::data(format!("weight    {weight}"))?;
    }
    if let Some(pause) = &batch.pause {
        talk::data(format!(
            "paused    {} since {}: {}",
            pause.reason.as_str(),
            pause.since,
            pause.detail
        ))?;
        let hint = scene.app.with_ledger(&pause.reason.hint_for(&batch.id));
        talk::data(format!("hint      {hint}"))?;
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
            _ if batch.cancelled => "cancelled".to_owned(),
            _ if !batch.is_imported() => format!("{} imported", many(batch.rows_imported, "row")),
            (_, 0) => "settled".to_owned(),
            (Some(pause), _) => format!("paused: {}", pause.reason.as_str()),
            (None, open) => format!("{} open", thousands(open)),
        };
        talk::data(format!(
            "{}  {}  {}  {}  {}{}",
            batch.id,
            batch.created_at,
            batch.file_name,
            many(batch.rows_total, "row"),
            standing,
            weighed(&batch).map_or_else(String::new, |weight| format!(", weight {weight}"))
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
        pause: batch.pause.as_ref().map(|pause| PauseShown::of(pause, &batch.id)),
        cancelled: batch.cancelled,
        weight: batch.weight.get(),
    }
}

/// The weight, where somebody gave it one.
fn weighed(batch: &Batch) -> Option<u32> {
    (batch.weight != Weight::default()).then_some(batch.weight.get())
}

fn tasks(counts: &Counts) -> String {
    let all = talk::tallies(counts, |_| true);
    if all.is_empty() { "none".to_owned() } else { all }
}
