//! `enlist import FILE`: check, and put the rows into the ledger for workers.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::Scene;
use super::asking::ask;
use super::checking::{Tolerance, check_to_send};
use super::feeding;
use super::files::{self, FileArgs};
use super::talk;
use super::watched::WatchArgs;
use crate::app::{Exit, Failure};
use crate::engine::watched::Role;

/// Flags of `import`.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    tolerance: Tolerance,
    /// Do what this plan says (`enlist plan --out`), or nothing if it no longer holds.
    #[arg(long, value_name = "PLAN")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    pub(super) watch: WatchArgs,
}

/// What `import --json` says.
#[derive(Serialize)]
struct Imported {
    batch: String,
    rows: u64,
    new: u64,
    resumed: u64,
    changed: u64,
    unchanged: u64,
    invalid: u64,
    /// In the ledger before: by an import that was broken off, or one beside this.
    there_already: u64,
}

pub(super) async fn run(args: ImportArgs, scene: Scene) -> Result<Exit, Failure> {
    if args.file.job.job.is_none() {
        return Err(Failure::usage(
            "which job?",
            "name one with --job; `enlist jobs` lists them, and `enlist run FILE` rehearses without one",
        ));
    }
    let watching = args.watch.start(&scene, Role::Imports).await?;
    let setting = files::load(&scene.app, &args.file.job, scene.talk)?;
    // Reading blocks; whoever watches is answered meanwhile, on a machine with one processor too.
    let mut feed = tokio::task::block_in_place(|| files::open(&args.file, &setting))?;
    tokio::task::block_in_place(|| ask(&mut feed, &scene))?;
    let checked = tokio::task::block_in_place(|| check_to_send(&feed, &scene, &args.tolerance))?;
    let checked = Arc::new(checked);
    let feed = Arc::new(feed);
    let ledger = watching.over(scene.app.open_ledger().await?);
    let (batch, appended) = feeding::feed(&feed, &checked, &*ledger, &scene, args.plan.as_deref()).await?;
    watching.end().await;
    let imported = Imported {
        batch: batch.id.to_string(),
        rows: batch.rows_total,
        new: appended.new,
        resumed: appended.resumed,
        changed: appended.changed,
        unchanged: appended.unchanged,
        invalid: appended.faulty,
        there_already: appended.there_of(batch.rows_total),
    };
    if scene.json {
        talk::json(&imported)?
    } else {
        talk::data(&imported.batch)?
    }
    scene.talk.say(feeding::imported(&feed, &batch, &appended));
    Ok(Exit::Done)
}
