//! `enlist report BATCH`: the report folder as things stand, at any moment.

use std::path::PathBuf;

use clap::Args;

use super::talk;
use super::{Folder, Scene};
use crate::app::run::report;
use crate::app::{Exit, Failure};

/// Flags of `report`.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The batch: its id, the beginning of it, or last.
    #[arg(value_name = "BATCH", default_value = "last")]
    batch: String,
    /// The report's folder. Default: enlist-reports/BATCH.
    #[arg(long, short, value_name = "DIR")]
    out: Option<Folder>,
}

pub(super) async fn run(args: ReportArgs, scene: Scene) -> Result<Exit, Failure> {
    let ledger = scene.app.open_ledger().await?;
    let batch = scene.app.find_batch(&*ledger, &args.batch).await?;
    let out = args
        .out
        .unwrap_or_else(|| PathBuf::from(super::run::REPORTS).join(batch.id.as_str()));
    let summary = report(&scene.app, &ledger, &batch.id, &out).await?;
    if scene.json {
        talk::json(&summary)?
    } else {
        talk::data(out.display().to_string())?
    }
    let closing = super::run::closing(&summary, &out.display().to_string());
    scene.talk.say(scene.app.with_ledger(&closing));
    Ok(Exit::Done)
}
