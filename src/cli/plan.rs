//! `enlist plan FILE`: what a run would do, how many calls it needs and how long they take. Makes no call.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::Scene;
use super::asking::ask;
use super::checking::{Tolerance, check_to_send};
use super::files::{self, FileArgs};
use super::talk::{self, many, span};
use crate::app::plan::Plan;
use crate::app::{Exit, Failure};
use crate::domain::plan::Foreseen;

/// Flags of `plan`.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    tolerance: Tolerance,
    /// Keep the plan in this file, for `enlist run FILE --plan`.
    #[arg(long, short, value_name = "PLAN")]
    out: Option<PathBuf>,
}

pub(super) async fn run(args: PlanArgs, scene: Scene) -> Result<Exit, Failure> {
    let setting = files::load(&scene.app, &args.file.job, scene.talk)?;
    let is_rehearsal = args.file.job.job.is_none();
    // Rows are known again by what a run would name them, so whoever plans needs the keys that a run needs.
    let mut feed = match is_rehearsal {
        true => files::open_to_check(&args.file, setting, scene.talk)?,
        false => files::open(&args.file, &setting)?,
    };
    if is_rehearsal {
        files::rehearse(&mut feed);
    }
    ask(&mut feed, &scene)?;
    let checked = Arc::new(check_to_send(&feed, &scene, &args.tolerance)?);
    let feed = Arc::new(feed);
    let ledger = scene.app.open_ledger().await?;
    let now = scene.app.world.now();
    let foreseen = feed.foresee(&checked, &*ledger, now).await?;
    let plan = Plan::of(&feed, &checked, foreseen, now);
    if let Some(out) = &args.out {
        let text = serde_json::to_string_pretty(&plan).unwrap_or_default();
        std::fs::write(out, text + "\n").map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("cannot write {}: {error}", out.display()),
                "name another file",
            )
        })?;
    }
    if scene.json {
        talk::json(&plan)?;
    } else {
        for line in lines(&plan) {
            talk::data(line)?;
        }
    }
    Ok(Exit::Done)
}

/// A plan as people read it.
fn lines(plan: &Plan) -> [String; 4] {
    let Foreseen { rows, calls, .. } = &plan.foreseen;
    [
        format!(
            "{} of {} at {}, job {}",
            plan.action, plan.file, plan.account, plan.job
        ),
        format!("rows   {rows}"),
        format!(
            "calls  {}: {} to send, {} to find out, {} to watch",
            talk::thousands(calls.total),
            talk::thousands(calls.submit),
            talk::thousands(calls.look_up),
            talk::thousands(calls.poll),
        ),
        format!("time   {}", times(&plan.foreseen)),
    ]
}

/// A forecast in a line.
pub(super) fn line(foreseen: &Foreseen) -> String {
    format!(
        "plan: {}; {}; {}",
        foreseen.rows,
        many(foreseen.calls.total, "call"),
        times(foreseen),
    )
}

/// The two times, and what they rest on.
fn times(foreseen: &Foreseen) -> String {
    let in_time = |ms| span(Duration::from_millis(ms));
    let basis = match foreseen.basis.seen {
        0 => "settling is assumed to take no longer than the first look".to_owned(),
        seen => format!(
            "settling took {} for {} before",
            in_time(foreseen.basis.settle_ms),
            many(seen, "account")
        ),
    };
    format!(
        "last sent in {}, last settled in {}, at the job's budget; {basis}",
        in_time(foreseen.created_in_ms),
        in_time(foreseen.settled_in_ms),
    )
}
