//! `enlist run FILE`: the main job, from a file to a report.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::asking::ask;
use super::checking::{Tolerance, check_to_send};
use super::feeding;
use super::files::{self, FileArgs};
use super::progress::ProgressLine;
use super::talk;
use super::watched::WatchArgs;
use super::worker::STOPPING;
use super::{Folder, Scene};
use crate::app::keys::check_batch;
use crate::app::run::{Ended, Tick, report, work_batch};
use crate::app::{Exit, Failure};
use crate::config::Span;
use crate::domain::report::Summary;
use crate::engine::ports::Ledger;
use crate::engine::watched::Role;

/// Reports go here when no folder is named.
pub(super) const REPORTS: &str = "enlist-reports";

/// Flags of `run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    file: FileArgs,
    /// The report's folder. Default: enlist-reports/BATCH.
    #[arg(long, short, value_name = "DIR")]
    out: Option<Folder>,
    /// Stop watching after this long (15m, 2h); rows still pending can be resumed. Default: until all have settled.
    #[arg(long, value_name = "SPAN")]
    wait: Option<Span>,
    #[command(flatten)]
    tolerance: Tolerance,
    /// Do what this plan says (`enlist plan --out`), or nothing if it no longer holds.
    #[arg(long, value_name = "PLAN")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    pub(super) watch: WatchArgs,
}

pub(super) async fn run(args: RunArgs, scene: Scene) -> Result<Exit, Failure> {
    let watching = args.watch.start(&scene, Role::Works).await?;
    let setting = files::load_to_run(&scene.app, &args.file.job, scene.talk).await?;
    // What is missing to connect is said before a long file is read.
    setting.job.access(&*setting.env)?;
    // Reading blocks; whoever watches is answered meanwhile, on a machine with one processor too.
    let mut feed = tokio::task::block_in_place(|| files::open(&args.file, &setting))?;
    tokio::task::block_in_place(|| ask(&mut feed, &scene))?;
    let checked = tokio::task::block_in_place(|| check_to_send(&feed, &scene, &args.tolerance))?;
    let checked = Arc::new(checked);
    let feed = Arc::new(feed);
    let sealed = scene.app.open_sealed().await?;
    let ledger = watching.over(Arc::clone(&sealed) as Arc<dyn Ledger>);
    let (batch, appended) = feeding::feed(&feed, &checked, &*ledger, &scene, args.plan.as_deref()).await?;
    scene.talk.say(feeding::imported(&feed, &batch, &appended));
    check_batch(&sealed, &batch).await?;
    let out = args
        .out
        .unwrap_or_else(|| PathBuf::from(REPORTS).join(batch.id.as_str()));

    let mut line = ProgressLine::new(scene.talk, batch.rows_total);
    let world = Arc::clone(&scene.app.world);
    let mut stop = scene.stop.clone();
    let wait = args.wait.map(Span::get);
    let heed = stop.heed();
    let mut told = |tick: &Tick| line.show(tick, &*world);
    let worked = work_batch(
        &scene.app,
        &setting.env,
        &ledger,
        &batch,
        wait,
        async {
            let exit = stop.asked().await;
            scene.talk.say(STOPPING);
            watching.drains();
            exit
        },
        &mut told,
    )
    .await;
    line.end();
    drop(heed);
    watching.end().await;
    let ended = worked?;
    let summary = report(&scene.app, &ledger, &batch.id, &out).await?;
    if scene.json {
        talk::json(&summary)?;
    }
    let mut closing = closing(&summary, &out.display().to_string());
    if let Ended::Unreadable(lines) = &ended {
        closing.push_str(&unreadable(lines));
    }
    scene.talk.say(scene.app.with_ledger(&closing));
    Ok(exit(&ended, &summary))
}

/// The last words: how it ended, where the report is, what to do.
pub(super) fn closing(summary: &Summary, out: &str) -> String {
    let outcomes: Vec<String> = summary
        .outcomes
        .iter()
        .filter(|(_, rows)| *rows > 0)
        .map(|(word, rows)| format!("{} {}", talk::thousands(rows), word.replace('_', " ")))
        .collect();
    let mut text = format!("{}: {}\nreport: {out}", summary.exit_meaning, outcomes.join(", "));
    if let Some(pause) = &summary.pause {
        text.push_str(&format!("\npaused ({}): {}", pause.reason, pause.detail));
    }
    if let Some(resume) = &summary.resume {
        text.push_str(&format!("\nhint: {resume}"));
    }
    text
}

/// Lines that are named; the report has all.
const LINES_NAMED: usize = 10;

/// Said of rows that cannot be read.
fn unreadable(lines: &[u64]) -> String {
    let rows = talk::many(u64::try_from(lines.len()).unwrap_or(u64::MAX), "row");
    let named: Vec<String> = lines.iter().take(LINES_NAMED).map(u64::to_string).collect();
    let (line, it) = if lines.len() == 1 {
        ("line", "it stays as it is")
    } else {
        ("lines", "they stay as they are")
    };
    let more = if lines.len() > LINES_NAMED { ", …" } else { "" };
    format!(
        "\n{rows} cannot be read in the ledger; {it}: {line} {}{more}\nhint: docs/operations.md, \"A task that cannot be read\", \
         says how to see to it by hand",
        named.join(", ")
    )
}

/// A signal's code stands for itself; otherwise the rows say.
fn exit(ended: &Ended, summary: &Summary) -> Exit {
    match (ended, summary.exit_code) {
        (Ended::Asked(exit), _) => *exit,
        (_, 0) => Exit::Done,
        (_, 3) => Exit::InvalidInput,
        (_, 4) => Exit::SomeRowsNot,
        (_, 5) => Exit::StillPending,
        (_, 6) => Exit::Paused,
        _ => Exit::Failed,
    }
}
