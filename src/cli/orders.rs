//! `retry`, `pause`, `resume`, `cancel`, `weight`: what an operator asks of a batch.

use clap::Args;
use clap::builder::TypedValueParser as _;
use serde::Serialize;

use super::Scene;
use super::talk::{self, many};
use crate::app::{Exit, Failure};
use crate::domain::batch::{Batch, Pause, PauseReason, Tally, Weight};
use crate::domain::machine::Order;
use crate::engine::ports::Which;

/// Which batch.
#[derive(Debug, Args)]
struct BatchArg {
    /// The batch: its id, the beginning of it, or last.
    #[arg(value_name = "BATCH")]
    batch: String,
}

/// Flags of `retry`.
#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    #[command(flatten)]
    which: BatchArg,
}

/// Flags of `pause`.
#[derive(Debug, Args)]
pub(super) struct PauseArgs {
    #[command(flatten)]
    which: BatchArg,
    /// Why, for those who look later.
    #[arg(long, value_name = "TEXT", default_value = "asked for")]
    reason: String,
}

/// Flags of `resume`.
#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    #[command(flatten)]
    which: BatchArg,
}

/// Flags of `cancel`.
#[derive(Debug, Args)]
pub(super) struct CancelArgs {
    #[command(flatten)]
    which: BatchArg,
}

/// Flags of `weight`.
#[derive(Debug, Args)]
pub(super) struct WeightArgs {
    #[command(flatten)]
    which: BatchArg,
    /// Its share, 1 to 100: a batch of weight 3 gets three turns for each one of a batch of weight 1.
    #[arg(value_name = "N", value_parser = clap::value_parser!(u32).try_map(Weight::new))]
    weight: Weight,
}

/// Flags of `forget`.
#[derive(Debug, Args)]
pub(super) struct ForgetArgs {
    #[command(flatten)]
    which: BatchArg,
    /// Say that it is meant: at most providers a row fed again would make a second account.
    #[arg(long)]
    yes: bool,
}

/// What each of these verbs says with `--json`.
#[derive(Serialize)]
struct Ordered {
    batch: String,
    verb: &'static str,
    /// Rows that were changed, or batches that were paused, resumed or given another weight.
    changed: u64,
}

fn answer(
    scene: &Scene,
    batch: &Batch,
    verb: &'static str,
    changed: u64,
    line: &str,
) -> Result<Exit, Failure> {
    if scene.json {
        talk::json(&Ordered {
            batch: batch.id.to_string(),
            verb,
            changed,
        })?;
    }
    scene.talk.say(format!("batch {}: {line}", batch.id));
    Ok(Exit::Done)
}

pub(super) async fn retry(args: RetryArgs, scene: Scene) -> Result<Exit, Failure> {
    let ledger = scene.app.open_ledger().await?;
    let batch = scene.app.find_batch(&*ledger, &args.which.batch).await?;
    let changed = ledger
        .apply_to_batch(&batch.id, &Order::Retry, scene.app.world.now())
        .await?;
    let line = if changed == 0 {
        "no row can be tried again: each has its account or is still being worked".to_owned()
    } else {
        format!(
            "{} to try again; run the file again, or a worker, to work them",
            many(changed, "row")
        )
    };
    answer(&scene, &batch, "retry", changed, &line)
}

pub(super) async fn pause(args: PauseArgs, scene: Scene) -> Result<Exit, Failure> {
    let ledger = scene.app.open_ledger().await?;
    let batch = scene.app.find_batch(&*ledger, &args.which.batch).await?;
    let pause = Pause {
        reason: PauseReason::Operator,
        detail: args.reason,
        since: scene.app.world.now(),
        until: None,
    };
    let changed = ledger
        .set_pause(&Which::Batch(batch.id.clone()), Some(&pause))
        .await?;
    let line = match (&batch.pause, changed.is_empty()) {
        (Some(before), true) => format!(
            "was paused already ({}): {}",
            before.reason.as_str(),
            before.detail
        ),
        _ => "paused; calls on their way end, nothing new is sent".to_owned(),
    };
    answer(&scene, &batch, "pause", changed.len() as u64, &line)
}

pub(super) async fn resume(args: ResumeArgs, scene: Scene) -> Result<Exit, Failure> {
    let ledger = scene.app.open_ledger().await?;
    let batch = scene.app.find_batch(&*ledger, &args.which.batch).await?;
    // What stopped all batches of an account is over for all of them.
    let which = match batch.pause.as_ref().map(|pause| pause.reason) {
        Some(PauseReason::Auth | PauseReason::Quota) => Which::Scope(batch.scope.clone()),
        _ => Which::Batch(batch.id.clone()),
    };
    let changed = ledger.set_pause(&which, None).await?;
    let line = if changed.is_empty() {
        "was not paused".to_owned()
    } else {
        format!(
            "{} resumed; run the file again, or a worker, to go on",
            many(changed.len() as u64, "batch")
        )
    };
    answer(&scene, &batch, "resume", changed.len() as u64, &line)
}

pub(super) async fn cancel(args: CancelArgs, scene: Scene) -> Result<Exit, Failure> {
    let ledger = scene.app.open_ledger().await?;
    let batch = scene.app.find_batch(&*ledger, &args.which.batch).await?;
    let before = ledger.counts(&batch.id).await?.of(Tally::Cancelled);
    ledger.cancel(&batch.id).await?;
    ledger
        .apply_to_batch(&batch.id, &Order::Cancel, scene.app.world.now())
        .await?;
    // Workers settle what they meet of a cancelled batch; those rows count too.
    let changed = ledger
        .counts(&batch.id)
        .await?
        .of(Tally::Cancelled)
        .saturating_sub(before);
    let line = format!(
        "cancelled; {} settled as Cancelled, rows in flight follow",
        many(changed, "row")
    );
    answer(&scene, &batch, "cancel", changed, &line)
}

pub(super) async fn weight(args: WeightArgs, scene: Scene) -> Result<Exit, Failure> {
    let ledger = scene.app.open_ledger().await?;
    let batch = scene.app.find_batch(&*ledger, &args.which.batch).await?;
    let (before, now) = (batch.weight.get(), args.weight.get());
    ledger.set_weight(&batch.id, args.weight).await?;
    let line = if before == now {
        format!("has a weight of {now} already")
    } else {
        format!("has a weight of {now} from now on, {before} until now")
    };
    answer(&scene, &batch, "weight", u64::from(before != now), &line)
}

pub(super) async fn forget(args: ForgetArgs, scene: Scene) -> Result<Exit, Failure> {
    let ledger = scene.app.open_ledger().await?;
    let batch = scene.app.find_batch(&*ledger, &args.which.batch).await?;
    if !args.yes {
        return Err(Failure::usage(
            format!(
                "batch {} has {}; once forgotten, a row that is fed again makes a second account",
                batch.id,
                many(batch.rows_imported, "row")
            ),
            format!(
                "`enlist report {0}` keeps what is known of it; then `enlist forget {0} --yes`",
                batch.id
            ),
        ));
    }
    if !ledger.forget(&batch.id).await? {
        return Err(Failure::usage(
            format!("batch {} is not finished", batch.id),
            format!("`enlist cancel {}` ends it", batch.id),
        ));
    }
    answer(
        &scene,
        &batch,
        "forget",
        batch.rows_imported,
        "forgotten, with its rows and their history",
    )
}
